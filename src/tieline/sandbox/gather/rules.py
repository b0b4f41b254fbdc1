"""What Gather checks before it makes, changes or removes a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from tieline.sandbox.clock import moment
from tieline.sandbox.gather import model
from tieline.sandbox.gather.store import Store, differs
from tieline.sandbox.table import Table
from tieline.sandbox.web import Refusal, check_free_form


class Rules:
    """``make_...`` takes a decoded body and returns the record; ``change_...`` says whether anything differs."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def make_event(self, new: model.NewEvent) -> model.Event:
        at = self.store.stamps.next()
        times = _times({"starts_at": new.starts_at, "ends_at": new.ends_at})
        fields = {**msgspec.structs.asdict(new), **times}
        return self.store.events.add(model.Event(id=self.store.new_id("evt"), created_at=at, updated_at=at, **fields))

    def change_event(self, event: model.Event, changes: dict[str, Any]) -> bool:
        if not self.change_timed(self.store.events)(event, changes):
            return False
        if "name" in changes:
            self.store.rename_event(event)
        return True

    def drop_event(self, event: model.Event) -> None:
        store = self.store
        if any(row.event_id == event.id for row in store.registrations):
            raise Refusal(409, "event_in_use", "The event has registrations; delete those first.", field="event_id")
        for session in store.sessions.by("event_id", event.id):
            store.sessions.remove(session)
        for category in store.categories.by("event_id", event.id):
            store.categories.remove(category)
        store.events.remove(event)

    def make_session(self, new: model.NewSession) -> model.Session:
        self.store.event(new.event_id)
        at = self.store.stamps.next()
        times = _times({"starts_at": new.starts_at, "ends_at": new.ends_at})
        fields = {**msgspec.structs.asdict(new), **times}
        return self.store.sessions.add(
            model.Session(id=self.store.new_id("ses"), created_at=at, updated_at=at, **fields)
        )

    def change_timed(self, table: Table[Any]) -> Callable[[Any, dict[str, Any]], bool]:
        """Changes a record that has a beginning and an end."""

        def change(row: Any, changes: dict[str, Any]) -> bool:
            both = {field: changes.get(field, getattr(row, field)) for field in ("starts_at", "ends_at")}
            return self._change(table, row, {**changes, **_times(both)})

        return change

    def make_category(self, new: model.NewCategory) -> model.Category:
        self.store.event(new.event_id)
        at = self.store.stamps.next()
        fields = msgspec.structs.asdict(new)
        return self.store.categories.add(
            model.Category(id=self.store.new_id("cat"), created_at=at, updated_at=at, **fields)
        )

    def change_category(self, category: model.Category, changes: dict[str, Any]) -> bool:
        if not self._change(self.store.categories, category, changes):
            return False
        for row in self.store.registrations:
            if row.category_id == category.id:
                self.store.change_registration(row, {"category_name": category.name})
        return True

    def drop_category(self, category: model.Category) -> None:
        if any(row.category_id == category.id for row in self.store.registrations):
            raise Refusal(409, "category_in_use", "Registrations have this category; change those first.")
        self.store.categories.remove(category)

    def drop_attendee(self, attendee: model.Attendee) -> None:
        if self.store.registrations.by("attendee_id", attendee.id):
            raise Refusal(409, "attendee_in_use", "The attendee has registrations; delete those first.")
        self.store.attendees.remove(attendee)

    def make_registration(self, new: model.NewRegistration) -> model.Registration:
        store = self.store
        event = store.event(new.event_id)
        category = self._category(new.category_id, event.id)
        self._check_sessions(new.session_ids, event.id)
        check_free_form(new.custom_fields, "/custom_fields")
        if (new.attendee_id is UNSET) == (new.attendee is UNSET):
            raise Refusal(422, "invalid_body", "Give either 'attendee_id' or 'attendee'.", field="/attendee")
        if new.attendee is not UNSET:
            known = store.attendees.by("email", new.attendee.email.lower())
            attendee = known[0] if known else store.add_attendee(new.attendee)
        else:
            found = store.attendees.get(new.attendee_id)
            if found is None:
                raise Refusal(422, "unknown_reference", "There is no attendee with this id.", field="/attendee_id")
            attendee = found
        return store.add_registration(
            event,
            attendee,
            category=category,
            status=new.status,
            session_ids=new.session_ids,
            notes=new.notes,
            custom_fields=new.custom_fields,
        )

    def change_registration(self, registration: model.Registration, changes: dict[str, Any]) -> bool:
        if "category_id" in changes:
            category = self._category(changes["category_id"], registration.event_id)
            changes["category_name"] = category.name if category else None
        self._check_sessions(changes.get("session_ids", []), registration.event_id)
        check_free_form(changes.get("custom_fields"), "/custom_fields")
        return self.store.change_registration(registration, changes)

    def make_check_in(self, new: model.NewCheckIn) -> model.CheckIn:
        store = self.store
        registration = store.registrations.get(new.registration_id)
        if registration is None:
            raise Refusal(422, "unknown_reference", "There is no registration with this id.", field="/registration_id")
        if new.session_id is not None:
            self._check_sessions([new.session_id], registration.event_id, "/session_id")
        if any(row.session_id == new.session_id for row in store.check_ins.by("registration_id", registration.id)):
            raise Refusal(
                409, "already_checked_in", "This registration is checked in already.", field="/registration_id"
            )
        at = store.stamps.next()
        when = at if new.checked_in_at is UNSET else moment(new.checked_in_at, "/checked_in_at")
        return store.check_ins.add(
            model.CheckIn(
                id=store.new_id("chk"),
                registration_id=registration.id,
                event_id=registration.event_id,
                session_id=new.session_id,
                method=new.method,
                checked_in_at=when,
                created_at=at,
                updated_at=at,
            )
        )

    def _change(self, table: Table[Any], row: Any, changes: dict[str, Any]) -> bool:
        if not differs(row, changes):
            return False
        table.change(row, {**changes, "updated_at": self.store.stamps.next()})
        return True

    def _category(self, category_id: str | None, event_id: str) -> model.Category | None:
        if category_id is None:
            return None
        category = self.store.categories.get(category_id)
        if category is None or category.event_id != event_id:
            raise Refusal(422, "unknown_reference", "The event has no such category.", field="/category_id")
        return category

    def _check_sessions(self, ids: list[str], event_id: str, field: str = "/session_ids") -> None:
        for index, key in enumerate(ids):
            session = self.store.sessions.get(key)
            if session is None or session.event_id != event_id:
                place = f"{field}/{index}" if field == "/session_ids" else field
                raise Refusal(422, "unknown_reference", "The event has no such session.", field=place)


def _times(both: dict[str, str]) -> dict[str, str]:
    times = {field: moment(text, f"/{field}") for field, text in both.items()}
    if times["ends_at"] <= times["starts_at"]:
        raise Refusal(422, "invalid_body", "'ends_at' must be later than 'starts_at'.", field="/ends_at")
    return times
