"""What Gather holds when it starts: five events and as many registrations as asked for, the same for the same seed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from tieline.core.clock import iso
from tieline.sandbox.gather.model import (
    Attendee,
    Category,
    CheckIn,
    Event,
    EventStatus,
    Price,
    Registration,
    Session,
    Venue,
)
from tieline.sandbox.gather.store import Store
from tieline.sandbox.people import person

SEEDED_FROM = datetime(2026, 8, 31, 22, 0, tzinfo=UTC)
SEEDED_UNTIL = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)

_EVENTS: tuple[tuple[str, str, str, str, str, str, str, EventStatus, float], ...] = (
    ("Women in Data 💡 Brussels", "Tour & Taxis", "Brussels", "BE", "Europe/Brussels", "en", "2027-03-11",
     "published", 0.34),
    ("Fête de l'Innovation – Genève", "Palexpo", "Genève", "CH", "Europe/Zurich", "fr", "2027-05-20",
     "published", 0.26),
    ("مؤتمر دبي للتقنية 2027", "مركز دبي التجاري", "Dubai", "AE", "Asia/Dubai", "ar", "2027-02-02", "published", 0.18),
    ("東京AIサミット2027", "東京ビッグサイト", "東京", "JP", "Asia/Tokyo", "ja", "2027-04-07", "draft", 0.14),
    ("O'Hara & Søn: Nordic <Cloud> Day", "Øksnehallen", "København", "DK", "Europe/Copenhagen", "en", "2026-10-29",
     "completed", 0.08),
)  # fmt: skip
_SESSIONS = (
    ("Opening keynote 🎤", "Main stage"),
    ("From spreadsheets to streams", "Data"),
    ("L'IA sans jargon", "Atelier"),
    ("Privacy by design: what's left?", "Law"),
    ("ورشة عمل: واجهات برمجة التطبيقات", "Workshop"),
)
_CATEGORIES = (("Delegate", "490.00"), ("Speaker", "0.00"), ("Press & Media", "0.00"), ("VIP ⭐", "1290.00"))
_NOTES = (
    "Vegetarian 🥦",
    "Can't stay for lunch",
    "Needs a ramp; arrives by wheelchair",
    "يحتاج إلى ترجمة فورية",
    "Rechnung bitte an die Zentrale schicken",
    'Badge name: "Dr. No"',
)


def fill(store: Store, registrations: int) -> None:
    """Adds the seed data without telling any webhook. Registrations are spread evenly over two months."""
    dice = store.dice
    step = (SEEDED_UNTIL - SEEDED_FROM - timedelta(hours=12)) / max(1, registrations)
    events = [_event(store, *line[:8]) for line in _EVENTS]
    categories = [[_category(store, event, name, amount) for name, amount in _CATEGORIES] for event in events]
    sessions = [_sessions(store, event) for event in events]
    weights = [line[8] for line in _EVENTS]
    places = list(range(len(events))) + dice.choices(range(len(events)), weights, k=max(0, registrations - len(events)))
    taken: set[tuple[str, int]] = set()
    attendees: list[Attendee] = []
    for number, place in zip(range(registrations), places, strict=False):
        at = iso(SEEDED_FROM + timedelta(hours=12) + number * step)
        attendee = _again(dice, attendees, taken, place) if number % 20 == 19 else None
        if attendee is None:
            attendee = _attendee(store, number, at)
            attendees.append(attendee)
        taken.add((attendee.id, place))
        category = categories[place][0 if dice.random() < 0.8 else dice.randrange(1, 4)]
        _registration(store, number, events[place], category, attendee, sessions[place], at)
    _check_ins(store, events[4])


def _event(
    store: Store,
    name: str,
    venue: str,
    city: str,
    country: str,
    zone: str,
    language: str,
    day: str,
    status: EventStatus,
) -> Event:
    at = iso(SEEDED_FROM)
    return store.events.add(
        Event(
            id=store.new_id("evt"),
            name=name,
            description=f"{name}: talks, workshops and people worth meeting.",
            status=status,
            timezone=zone,
            starts_at=f"{day}T08:00:00.000000Z",
            ends_at=f"{day}T17:00:00.000000Z",
            venue=Venue(name=venue, city=city, country=country),
            capacity=200_000,
            language=language,
            created_at=at,
            updated_at=at,
        )
    )


def _category(store: Store, event: Event, name: str, amount: str) -> Category:
    return store.categories.add(
        Category(
            id=store.new_id("cat"),
            event_id=event.id,
            name=name,
            color=f"#{store.dice.getrandbits(24):06x}",
            price=Price(amount=amount, currency="EUR"),
            created_at=event.created_at,
            updated_at=event.created_at,
        )
    )


def _sessions(store: Store, event: Event) -> list[str]:
    made = []
    for index, (title, track) in enumerate(_SESSIONS):
        session = Session(
            id=store.new_id("ses"),
            event_id=event.id,
            title=title,
            track=track,
            room=f"{'ABCDE'[index]}{store.dice.randrange(1, 30)}",
            speakers=[person(store.dice, 1_000_000 + index).name for _ in range(1 + index % 2)],
            starts_at=f"{event.starts_at[:11]}{9 + index:02d}:00:00.000000Z",
            ends_at=f"{event.starts_at[:11]}{9 + index:02d}:45:00.000000Z",
            capacity=300 if index == 0 else 60,
            created_at=event.created_at,
            updated_at=event.created_at,
        )
        store.sessions.add(session)
        made.append(session.id)
    return made


def _attendee(store: Store, number: int, at: str) -> Attendee:
    who = person(store.dice, number)
    return store.attendees.add(
        Attendee(
            id=store.new_id("att"),
            first_name=who.first_name,
            last_name=who.last_name,
            name=who.name,
            email=who.email,
            phone=who.phone,
            company=who.company,
            job_title=who.job_title,
            language=who.language,
            country=who.country,
            created_at=at,
            updated_at=at,
        )
    )


def _again(dice: random.Random, attendees: list[Attendee], taken: set[tuple[str, int]], place: int) -> Attendee | None:
    """Somebody who came before and is not registered for this event yet: one in twenty goes to more than one event."""
    for _ in range(5):
        known = dice.choice(attendees)
        if (known.id, place) not in taken:
            return known
    return None


def _registration(
    store: Store, number: int, event: Event, category: Category, attendee: Attendee, sessions: list[str], at: str
) -> None:
    dice = store.dice
    fields = {"dietary": dice.choice(("none", "vegan", "halal", "kosher")), "newsletter": dice.random() < 0.5}
    store.registrations.add(
        Registration(
            id=store.new_id("reg"),
            reference=f"GTH-{number + 1:06d}-{dice.randrange(10_000):04d}",
            event_id=event.id,
            event_name=event.name,
            category_id=category.id,
            category_name=category.name,
            status="confirmed" if dice.random() < 0.88 else ("pending" if number % 2 else "waitlisted"),
            attendee=attendee,
            session_ids=[session for session in sessions if dice.random() < 0.4],
            notes=dice.choice(_NOTES) if dice.random() < 0.12 else None,
            custom_fields=fields,
            created_at=at,
            updated_at=at,
        )
    )


def _check_ins(store: Store, event: Event) -> None:
    """Most of those who registered for the past event came."""
    here = [row for row in store.registrations if row.event_id == event.id][:2000]
    for index, registration in enumerate(here):
        if store.dice.random() < 0.7:
            minute = f"{event.starts_at[:11]}{7 + index % 3:02d}:{index % 60:02d}:00.000000Z"
            store.check_ins.add(
                CheckIn(
                    id=store.new_id("chk"),
                    registration_id=registration.id,
                    event_id=event.id,
                    method="badge" if index % 4 == 0 else "qr",
                    checked_in_at=minute,
                    created_at=minute,
                    updated_at=minute,
                )
            )
