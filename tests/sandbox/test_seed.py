"""The made-up data: the same for the same seed, as many as asked for, and as awkward as real names are."""

from __future__ import annotations

import unicodedata

import pytest

from tests.sandbox.client import Client, gather_of
from tieline.core.json import dumps
from tieline.sandbox import Running
from tieline.sandbox.world import World


def seen(world: World) -> bytes:
    store = world.events_store
    return dumps(
        [list(store.events), list(store.sessions), list(store.registrations), list(world.telephony_store.calls)]
    )


def test_same_seed_same_data() -> None:
    assert seen(World(200, seed=7)) == seen(World(200, seed=7))


def test_other_seed_other_data() -> None:
    assert seen(World(200, seed=7)) != seen(World(200, seed=8))


@pytest.mark.parametrize("registrations", [0, 1, 4, 5, 6, 100, 1000])
def test_as_many_registrations_as_asked_for_over_five_events(registrations: int) -> None:
    store = World(registrations).events_store
    assert len(store.registrations) == registrations
    assert len(store.events) == 5
    assert len({row.event_id for row in store.registrations}) == min(registrations, 5)


def test_ids_references_numbers_and_addresses_are_unique() -> None:
    store = World(3000).events_store
    rows, people = list(store.registrations), list(store.attendees)
    assert len({row.id for row in rows}) == len({row.reference for row in rows}) == len(rows)
    assert len({row.email for row in people}) == len({row.phone for row in people}) == len(people)
    assert len({(row.attendee.id, row.event_id) for row in rows}) == len(rows)


def test_everybody_can_become_a_contact() -> None:
    assert all(
        row.attendee.name and row.attendee.phone and row.attendee.email
        for row in World(1000).events_store.registrations
    )


def test_addresses_can_reach_nobody() -> None:
    assert all(row.email.endswith(".example") and row.email.isascii() for row in World(1000).events_store.attendees)


def test_names_are_as_awkward_as_real_ones() -> None:
    store = World(1000).events_store
    text = "".join(row.name + (row.company or "") for row in store.attendees) + "".join(
        row.name for row in store.events
    )
    assert "'" in text
    assert "&" in text
    assert "<" in text
    assert '"' in text
    assert any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)
    assert any(unicodedata.name(char, "").startswith("CJK") for char in text)
    assert any(ord(char) > 0xFFFF for char in text)


def test_some_people_register_for_more_than_one_event() -> None:
    rows = list(World(1000).events_store.registrations)
    assert 20 < len(rows) - len({row.attendee.id for row in rows}) < 80


def test_time_stamps_grow_with_the_order(gather: Client) -> None:
    stamps = [row["updated_at"] for row in gather.get("/registrations", limit=200)["data"]]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(stamps) == 120


def test_reset_goes_back_to_the_seed(sandbox: Running) -> None:
    before = gather_of(sandbox).get("/registrations", limit=200)["data"]
    sandbox.touch(20)
    assert gather_of(sandbox).get("/registrations", limit=200)["data"] != before
    sandbox.reset()
    assert gather_of(sandbox).get("/registrations", limit=200)["data"] == before
