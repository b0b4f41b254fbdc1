"""Dialbook's records and the rules that hold between them."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

from msgspec import UNSET, structs

from tieline.sandbox.clock import Stamps
from tieline.sandbox.dialbook.model import LIVE, Call, Contact, Direction, Directory, Number
from tieline.sandbox.hooks import Hooks
from tieline.sandbox.table import Table
from tieline.sandbox.web import Refusal


def digits(phone: str | None) -> str | None:
    """What two spellings of one number share: ``+32 470 12-34-56`` and ``0032470123456`` give ``32470123456``."""
    if phone is None:
        return None
    only = "".join(c for c in phone if c.isascii() and c.isdigit())
    return only.removeprefix("00") or None


class Store:
    """All of Dialbook's data; ids are counted up."""

    def __init__(self, dice: random.Random, stamps: Stamps, hooks: Hooks) -> None:
        self.dice = dice
        self.stamps = stamps
        self.hooks = hooks
        self.directories: Table[Directory] = Table({"external_id": lambda row: row.external_id})
        self.contacts: Table[Contact] = Table(
            {
                "external_id": lambda row: row.external_id,
                "phone_number": lambda row: digits(row.phone_number),
                "email": lambda row: row.email and row.email.lower(),
            }
        )
        self.counts: dict[int | None, int] = {}
        self.numbers: Table[Number] = Table()
        self.calls: Table[Call] = Table()
        self._last = {"directory": 300, "contact": 100_000, "call": 7_000_000, "number": 10}

    def next_id(self, kind: str) -> int:
        self._last[kind] += 1
        return self._last[kind]

    def shown(self, directory: Directory) -> Directory:
        directory.contact_count = self.counts.get(directory.id, 0)
        return directory

    def add_directory(self, **fields: Any) -> Directory:
        """Refuses an external id that another directory has."""
        self._free(fields.get("external_id"), None)
        at = self.stamps.next()
        return self.directories.add(Directory(id=self.next_id("directory"), created_at=at, updated_at=at, **fields))

    def change_directory(self, directory: Directory, changes: dict[str, Any]) -> bool:
        self._free(changes.get("external_id"), directory)
        return self._change(self.directories, directory, changes)

    def _free(self, external_id: str | None, own: Directory | None) -> None:
        if external_id is None:
            return
        for other in self.directories.by("external_id", external_id):
            if other is not own:
                detail = f"Directory {other.id} has this external_id."
                raise Refusal(409, "external_id_taken", detail, field="/external_id")

    def remove_directory(self, directory: Directory) -> None:
        if self.counts.get(directory.id):
            raise Refusal(409, "directory_not_empty", "Move or delete the directory's contacts first.")
        self.directories.remove(directory)

    def add_contact(self, **fields: Any) -> Contact:
        """Two contacts may share an external id, as in many products: whoever writes must look first or upsert."""
        self._directory(fields.get("directory_id"))
        at = self.stamps.next()
        contact = Contact(id=self.next_id("contact"), created_at=at, updated_at=at, **fields)
        self.counts[contact.directory_id] = self.counts.get(contact.directory_id, 0) + 1
        return self.contacts.add(contact)

    def change_contact(self, contact: Contact, changes: dict[str, Any]) -> bool:
        self._directory(changes.get("directory_id"))
        before = contact.directory_id
        if not self._change(self.contacts, contact, changes):
            return False
        if contact.directory_id != before:
            self.counts[before] -= 1
            self.counts[contact.directory_id] = self.counts.get(contact.directory_id, 0) + 1
        return True

    def remove_contact(self, contact: Contact) -> None:
        self.counts[contact.directory_id] -= 1
        self.contacts.remove(contact)

    def _directory(self, directory_id: int | None) -> None:
        if directory_id is not None and self.directories.get(directory_id) is None:
            raise Refusal(422, "unknown_reference", "There is no directory with this id.", field="/directory_id")

    def begin_call(self, direction: Direction, number: Number, other: str, display_name: str | None = None) -> Call:
        """A call that rings now; an incoming one is told to the webhooks together with the contact that calls."""
        inbound = direction == "inbound"
        known = self.contacts.by("phone_number", digits(other))
        at = self.stamps.next()
        call = self.calls.add(
            Call(
                id=self.next_id("call"),
                direction=direction,
                status="ringing",
                from_number=other if inbound else number.phone_number,
                to_number=number.phone_number if inbound else other,
                number_id=number.id,
                contact_id=known[0].id if known else None,
                display_name=display_name or (known[0].name if known else None),
                started_at=at,
                created_at=at,
                updated_at=at,
            )
        )
        if inbound:
            self.tell("call.incoming", call)
        return call

    def change_call(self, call: Call, changes: dict[str, Any]) -> bool:
        """Refuses a call that is over."""
        if call.status not in LIVE:
            raise Refusal(409, "call_over", "The call is over; only a live call can be changed.", field="call_id")
        at = self.stamps.next()
        status = changes.get("status")
        if status == "in_progress" and call.answered_at is None:
            changes = {**changes, "answered_at": at}
        if status == "ended":
            since = call.answered_at
            seconds = (
                int((datetime.fromisoformat(at) - datetime.fromisoformat(since)).total_seconds()) if since else None
            )
            changes = {**changes, "ended_at": at, "duration_seconds": seconds}
            if since is None and call.direction == "inbound":
                changes["status"] = "missed"
        if all(getattr(call, field) == value for field, value in changes.items()):
            return False
        self.calls.change(call, {**changes, "updated_at": at})
        self.tell("call.ended" if call.status not in LIVE else "call.updated", call)
        return True

    def tell(self, event: str, call: Call) -> None:
        contact = self.contacts.get(call.contact_id) if call.contact_id is not None else None
        self.hooks.emit(event, lambda id: {"id": id, "event": event, "call": call, "contact": contact})

    def change_number(self, number: Number, changes: dict[str, Any]) -> bool:
        return self._change(self.numbers, number, changes)

    def _change(self, table: Table[Any], row: Any, changes: dict[str, Any]) -> bool:
        if all(getattr(row, field) == value for field, value in changes.items()):
            return False
        table.change(row, {**changes, "updated_at": self.stamps.next()})
        return True


def given(record: Any) -> dict[str, Any]:
    """The fields of an input that were sent or have a default."""
    return {name: value for name, value in structs.asdict(record).items() if value is not UNSET}
