"""What Dialbook holds when it starts: three numbers, two directories, a dozen colleagues, last month's calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tieline.core.clock import iso
from tieline.sandbox.dialbook.model import Call, Contact, Directory, Number
from tieline.sandbox.dialbook.store import Store
from tieline.sandbox.people import person

_FROM = datetime(2026, 10, 1, 6, 0, tzinfo=UTC)
_NUMBERS = (
    ("+3225550100", "Main line", "BE"),
    ("+442079460100", "Support desk ☎️", "GB"),
    ("+12025550123", "Événements", "US"),
)


def fill(store: Store) -> None:
    """Adds the seed data; external ids begin with ``staff-``, so that they meet nobody else's."""
    at = iso(_FROM)
    dice = store.dice
    for phone, label, country in _NUMBERS:
        number = Number(
            id=store.next_id("number"), phone_number=phone, label=label, country=country, created_at=at, updated_at=at
        )
        store.numbers.add(number)
    names = (("Colleagues", "Everyone who works here"), ("Suppliers & Partners", None))
    directories = [
        store.directories.add(
            Directory(id=store.next_id("directory"), name=name, description=text, created_at=at, updated_at=at)
        )
        for name, text in names
    ]
    for index in range(12):
        who = person(dice, 2_000_000 + index)
        contact = Contact(
            id=store.next_id("contact"),
            external_id=f"staff-{index + 1:03d}",
            name=who.name,
            company="Fjord & Friends" if index < 8 else who.company,
            email=who.email,
            phone_number=who.phone,
            directory_id=directories[0 if index < 8 else 1].id,
            extra_data={"desk": index + 1},
            created_at=at,
            updated_at=at,
        )
        store.contacts.add(contact)
        store.counts[contact.directory_id] = store.counts.get(contact.directory_id, 0) + 1
    numbers, people = list(store.numbers), list(store.contacts)
    for index in range(60):
        start = _FROM + timedelta(hours=11 * index, minutes=dice.randrange(60))
        number, other = dice.choice(numbers), dice.choice(people)
        inbound, missed = dice.random() < 0.6, dice.random() < 0.2
        talk = dice.randrange(20, 900)
        end = iso(start + timedelta(seconds=20 if missed else 8 + talk))
        store.calls.add(
            Call(
                id=store.next_id("call"),
                direction="inbound" if inbound else "outbound",
                status="missed" if missed and inbound else "ended",
                from_number=(other.phone_number or "") if inbound else number.phone_number,
                to_number=number.phone_number if inbound else (other.phone_number or ""),
                number_id=number.id,
                contact_id=other.id,
                display_name=other.name,
                started_at=iso(start),
                answered_at=None if missed else iso(start + timedelta(seconds=8)),
                ended_at=end,
                duration_seconds=None if missed else talk,
                created_at=iso(start),
                updated_at=end,
            )
        )
