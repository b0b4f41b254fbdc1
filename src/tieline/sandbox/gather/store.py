"""Gather's records and the rules that hold between them."""

from __future__ import annotations

import random
from typing import Any

from tieline.sandbox.clock import Stamps
from tieline.sandbox.gather.model import (
    Attendee,
    Category,
    CheckIn,
    Event,
    NewAttendee,
    Registration,
    RegistrationStatus,
    Session,
)
from tieline.sandbox.hooks import Hooks
from tieline.sandbox.people import full_name
from tieline.sandbox.table import Table
from tieline.sandbox.web import Refusal


class Store:
    """All of Gather's data. What other records or webhooks must follow goes through a method here."""

    def __init__(self, dice: random.Random, stamps: Stamps, hooks: Hooks) -> None:
        self.dice = dice
        self.stamps = stamps
        self.hooks = hooks
        self.events: Table[Event] = Table()
        self.sessions: Table[Session] = Table({"event_id": lambda row: row.event_id})
        self.categories: Table[Category] = Table({"event_id": lambda row: row.event_id})
        self.attendees: Table[Attendee] = Table({"email": lambda row: row.email.lower()})
        self.registrations: Table[Registration] = Table({"attendee_id": lambda row: row.attendee.id})
        self.check_ins: Table[CheckIn] = Table({"registration_id": lambda row: row.registration_id})

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{self.dice.getrandbits(64):016x}"

    def event(self, event_id: str, field: str = "/event_id") -> Event:
        event = self.events.get(event_id)
        if event is None:
            raise Refusal(422, "unknown_reference", "There is no event with this id.", field=field)
        return event

    def add_attendee(self, new: NewAttendee) -> Attendee:
        """Refuses an e-mail address that another attendee has."""
        if self.attendees.by("email", new.email.lower()):
            raise Refusal(409, "email_taken", "Another attendee has this e-mail address.", field="/email")
        at = self.stamps.next()
        return self.attendees.add(
            Attendee(
                id=self.new_id("att"),
                first_name=new.first_name,
                last_name=new.last_name,
                name=full_name(new.first_name, new.last_name, new.language),
                email=new.email,
                phone=new.phone,
                company=new.company,
                job_title=new.job_title,
                language=new.language,
                country=new.country,
                created_at=at,
                updated_at=at,
            )
        )

    def change_attendee(self, attendee: Attendee, changes: dict[str, Any]) -> bool:
        """Changes the attendee, and with it the registrations that show it; False where nothing differs."""
        email = changes.get("email")
        if email is not None and any(other is not attendee for other in self.attendees.by("email", email.lower())):
            raise Refusal(409, "email_taken", "Another attendee has this e-mail address.", field="/email")
        if not differs(attendee, changes):
            return False
        self.attendees.change(attendee, {**changes, "updated_at": self.stamps.next()})
        attendee.name = full_name(attendee.first_name, attendee.last_name, attendee.language)
        for registration in self.registrations.by("attendee_id", attendee.id):
            self.change_registration(registration, {}, force=True)
        return True

    def rename_event(self, event: Event) -> None:
        """Carries a new name of the event into its registrations."""
        for registration in self.registrations:
            if registration.event_id == event.id:
                self.change_registration(registration, {"event_name": event.name})

    def add_registration(
        self,
        event: Event,
        attendee: Attendee,
        *,
        category: Category | None = None,
        status: RegistrationStatus = "confirmed",
        **rest: Any,
    ) -> Registration:
        """Refuses a second registration of the same attendee for the same event."""
        if any(other.event_id == event.id for other in self.registrations.by("attendee_id", attendee.id)):
            raise Refusal(
                409, "already_registered", "This attendee is registered for this event.", field="/attendee_id"
            )
        at = self.stamps.next()
        made = self.registrations.add(
            Registration(
                id=self.new_id("reg"),
                reference=f"GTH-{len(self.registrations) + 1:06d}-{self.dice.randrange(10_000):04d}",
                event_id=event.id,
                event_name=event.name,
                category_id=category.id if category else None,
                category_name=category.name if category else None,
                status=status,
                attendee=attendee,
                created_at=at,
                updated_at=at,
                **rest,
            )
        )
        self._tell("registration.created", made)
        return made

    def change_registration(self, registration: Registration, changes: dict[str, Any], *, force: bool = False) -> bool:
        """False where nothing differs, unless ``force`` (something that the document embeds has changed)."""
        if not force and not differs(registration, changes):
            return False
        self.registrations.change(registration, {**changes, "updated_at": self.stamps.next()})
        self._tell("registration.updated", registration)
        return True

    def remove_registration(self, registration: Registration) -> None:
        for check_in in self.check_ins.by("registration_id", registration.id):
            self.check_ins.remove(check_in)
        self.registrations.remove(registration)
        self._tell("registration.deleted", registration)

    def _tell(self, event: str, registration: Registration) -> None:
        at = registration.updated_at
        self.hooks.emit(event, lambda id: {"id": id, "type": event, "timestamp": at, "data": registration})


def differs(row: object, changes: dict[str, Any]) -> bool:
    return any(getattr(row, field) != value for field, value in changes.items())
