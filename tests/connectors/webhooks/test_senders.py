"""Nine dialects and what a sender can do wrong, sent by the real upstream. Its `huge` and `slow` are a battery."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.connectors.webhooks.making import DIALECTS, Upstream, World, hooks_manifest

pytestmark = [pytest.mark.anyio, pytest.mark.battery]

SIGNED = frozenset(("standard", "svix", "github", "stripe", "slack", "shopify"))  # the body is
DATED = frozenset(("standard", "svix", "stripe", "slack"))  # and so is the time
NAMED = frozenset(("standard", "svix"))  # cannot do without a message id
SECRET = frozenset(DIALECTS) - {"unsigned"}
# What the upstream does not spoil: it finds no signature in the header Authorization.
SPOILT = SECRET - {"basic"}

REFUSED = {
    "stale": DATED,
    "future": DATED,
    "tampered": SIGNED,
    "bad-signature": SECRET,
    "no-signature": SPOILT,
    "v1-short": SPOILT,
    "no-id": NAMED,
}
ACCEPTED = ("", "duplicate", "concurrent", "reorder", "rotated", "unknown-version", "case-headers", "not-json")
FAULTS = (*ACCEPTED, *REFUSED, "get")
COPIES = {"duplicate": 2, "concurrent": 5, "reorder": 4}

Hooked = dict[str, tuple[UUID, dict[str, Any]]]


@pytest.fixture(scope="module")
async def hooked(world: World, vendor: Upstream) -> Hooked:
    """A subscription for each dialect."""
    tenant, connection = await world.connection(hooks_manifest(vendor.base))
    made: Hooked = {}
    for dialect in DIALECTS:
        made[dialect] = (tenant, await world.webhooks.subscribe(tenant, connection, dialect, "test:x"))
    return made


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault or "none")
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_a_sender_can_do_wrong(
    world: World, vendor: Upstream, hooked: Hooked, dialect: str, fault: str
) -> None:
    tenant, row = hooked[dialect]
    known = len(await world.settled(tenant, row))
    count = COPIES["reorder"] if fault == "reorder" else 1
    attempts = await vendor.emit(f"matrix.{dialect}", {"fault": fault}, fault=fault, count=count)
    statuses = [attempt["status"] for attempt in attempts]
    deliveries = (await world.settled(tenant, row))[known:]
    if fault == "get":
        assert (statuses, deliveries) == ([405], [])
    elif dialect in REFUSED.get(fault, ()):
        assert (statuses, deliveries) == ([401], [])
    else:
        assert statuses == [200] * COPIES.get(fault, 1)
        assert [one["status"] for one in deliveries] == ["handled"] * count
    assert len(world.told_of(row["id"])) == len(await world.rows(tenant, row))


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_text_with_a_json_content_type_is_kept_as_text(
    world: World, vendor: Upstream, hooked: Hooked, dialect: str
) -> None:
    tenant, row = hooked[dialect]
    await vendor.emit(f"matrix.{dialect}", fault="not-json")
    await world.settled(tenant, row)
    assert "this is not json" in [one.body for one in world.told_of(row["id"])]
