"""Changes some registrations, as people do between two syncs."""

from __future__ import annotations

from typing import Any

from tieline.sandbox.gather.model import Attendee, NewAttendee, Registration
from tieline.sandbox.gather.store import Store
from tieline.sandbox.people import new_phone, person
from tieline.sandbox.web import Refusal


def touch(store: Store, registrations: int, new: int | None = None) -> dict[str, Any]:
    """Changes exactly ``registrations`` documents and returns their ids.

    ``new`` of them (a third without it) are made, the others get another phone number, family name or e-mail address.
    """
    events = list(store.events)
    if not events:
        raise Refusal(409, "no_events", "There is no event to register for.")
    fresh = registrations // 3 if new is None else new
    alone = [row for row in store.registrations if len(store.registrations.by("attendee_id", row.attendee.id)) == 1]
    fresh = max(fresh, registrations - len(alone))
    chosen = store.dice.sample(alone, registrations - fresh)
    created = [_register(store, events[index % len(events)].id) for index in range(fresh)]
    updated = [_alter(store, row, index) for index, row in enumerate(chosen)]
    return {"ids": [*created, *updated], "created": created, "updated": updated}


def _register(store: Store, event_id: str) -> str:
    number = 100_000 + len(store.attendees)
    who = person(store.dice, number)
    while store.attendees.by("email", who.email.lower()):
        number += 1
        who = person(store.dice, number)
    attendee = store.add_attendee(
        NewAttendee(
            first_name=who.first_name,
            last_name=who.last_name,
            email=who.email,
            phone=who.phone,
            company=who.company,
            job_title=who.job_title,
            language=who.language,
            country=who.country,
        )
    )
    return store.add_registration(store.event(event_id), attendee, notes="Came in after the first sync").id


def _alter(store: Store, row: Registration, index: int) -> str:
    attendee: Attendee = row.attendee
    changes: dict[str, Any]
    if index % 3 == 0:
        changes = {"phone": new_phone(store.dice, attendee.country or "")}
        while changes["phone"] == attendee.phone:
            changes = {"phone": new_phone(store.dice, attendee.country or "")}
    elif index % 3 == 1:
        changes = {"last_name": f"{attendee.last_name}-Nováková", "company": "Prague Castle Software 🏰"}
    else:
        changes = {"email": f"new.{attendee.email}"}
    store.change_attendee(attendee, changes)
    return row.id
