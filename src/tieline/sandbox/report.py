"""The judge: compares Gather's registrations with Dialbook's contacts, record by record.

A contact belongs to a registration when its ``external_id`` is the registration's id; it matches when name, phone
number and e-mail address are equal and its directory stands for the registration's event (by external id, or by name).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tieline.sandbox.clock import moment
from tieline.sandbox.dialbook.model import Contact
from tieline.sandbox.gather.model import Registration
from tieline.sandbox.web import Refusal
from tieline.sandbox.world import World

SHOWN = 20


def report(world: World, query: Mapping[str, str]) -> dict[str, Any]:
    """``updated_since``, ``event_id``, ``status`` and ``ids`` (comma separated) choose the registrations.

    ``lost``: registrations without a contact; ``duplicated``: contacts beyond a registration's first; ``mismatched``:
    contacts whose fields or group differ; ``created`` and ``updated``: what clients did to these contacts since the
    ledger's reset; ``orphans``: contacts in a compared group whose registration does not exist.
    """
    ledger = world.telephony.ledger
    contacts = world.telephony_store.contacts
    answer: dict[str, Any] = dict.fromkeys(("records", "created", "updated", "lost", "duplicated", "mismatched"), 0)
    groups: dict[str, dict[str, Any]] = {}
    lost: list[str] = []
    mismatches: list[dict[str, Any]] = []
    for registration in _chosen(world, query):
        answer["records"] += 1
        answer["created"] += ledger.created_by[registration.id]
        answer["updated"] += ledger.updated_by[registration.id]
        group = groups.setdefault(registration.event_id, _group(registration))
        group["registrations"] += 1
        found = contacts.by("external_id", registration.id)
        if not found:
            lost.append(registration.id)
        else:
            answer["duplicated"] += len(found) - 1
        for contact in found:
            wrong = _differences(world, registration, contact)
            if "directory" not in wrong:
                group["contacts"] += 1
            if wrong:
                answer["mismatched"] += 1
                if len(mismatches) < SHOWN:
                    mismatches.append({"registration": registration.id, "contact": contact.id, "fields": wrong})
    answer["lost"] = len(lost)
    answer["orphans"] = _count_directories(world, groups)
    named = {entry["event"]: entry for entry in groups.values()}
    return {**answer, "groups": named, "lost_ids": lost[:SHOWN], "mismatches": mismatches}


def _chosen(world: World, query: Mapping[str, str]) -> Iterable[Registration]:
    known = {"updated_since", "event_id", "status", "ids"}
    for name in query:
        if name not in known:
            raise Refusal(400, "unknown_parameter", f"A report takes: {', '.join(sorted(known))}.", field=name)
    rows: Iterable[Registration] = world.events_store.registrations
    if "ids" in query:
        ids = set(query["ids"].split(","))
        rows = [row for row in rows if row.id in ids]
    if "updated_since" in query:
        since = moment(query["updated_since"], "updated_since", 400)
        rows = [row for row in rows if row.updated_at >= since]
    if "event_id" in query:
        rows = [row for row in rows if row.event_id == query["event_id"]]
    if "status" in query:
        rows = [row for row in rows if row.status == query["status"]]
    return rows


def _group(registration: Registration) -> dict[str, Any]:
    return {
        "event_id": registration.event_id,
        "event": registration.event_name,
        "registrations": 0,
        "contacts": 0,
        "directories": 0,
    }


def _differences(world: World, registration: Registration, contact: Contact) -> dict[str, list[Any]]:
    """Field -> [expected, found]."""
    who = registration.attendee
    pairs = {
        "name": (who.name, contact.name),
        "phone_number": (who.phone, contact.phone_number),
        "email": (who.email, contact.email),
    }
    wrong = {field: list(pair) for field, pair in pairs.items() if pair[0] != pair[1]}
    directory = None if contact.directory_id is None else world.telephony_store.directories.get(contact.directory_id)
    if directory is None or not (
        directory.external_id == registration.event_id
        or (directory.external_id is None and directory.name == registration.event_name)
    ):
        wrong["directory"] = [registration.event_name, directory.name if directory else None]
    return wrong


def _count_directories(world: World, groups: dict[str, dict[str, Any]]) -> int:
    """Fills in how many directories stand for each event; returns how many of their contacts have no registration."""
    meant: set[int] = set()
    for directory in world.telephony_store.directories:
        for event_id, group in groups.items():
            if directory.external_id == event_id or (
                directory.external_id is None and directory.name == group["event"]
            ):
                group["directories"] += 1
                meant.add(directory.id)
    registrations = world.events_store.registrations
    return sum(
        contact.directory_id in meant and registrations.get(contact.external_id or "") is None
        for contact in world.telephony_store.contacts
    )
