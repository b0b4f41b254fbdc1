"""Subscriptions against the vendor's list: crashes, losses, orphans, and who else uses the account."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tests.connectors.webhooks.making import HOOKS, Upstream, World, hooks_manifest
from tieline.connectors.manifest.model import Manifest, WebhookEvent
from tieline.connectors.runtime.errors import UpstreamRefused
from tieline.connectors.webhooks import Report
from tieline.connectors.webhooks.keys import TOKEN_PREFIX
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.storage.tables import webhook_subscriptions

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def fresh(vendor: Upstream) -> None:
    await vendor.reset()


def two_events(vendor: Upstream) -> Manifest:
    made = [
        WebhookEvent(id=name, event=f"thing.{name}", verification={"dialect": "standard"}, **HOOKS)
        for name in ("made", "gone")
    ]
    return hooks_manifest(vendor.base, *made)


def counts(report: Report) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(report).items() if value}


async def test_a_subscription_is_made_listed_and_removed(world: World, vendor: Upstream) -> None:
    tenant, row = await world.subscribed(two_events(vendor))
    url = await world.url(tenant, row)
    (there,) = await vendor.subscriptions()
    assert (there["id"], there["url"], there["events"]) == (row["remote_id"], url, ["thing.made"])
    assert row["status"] == "active"
    assert (await vendor.emit("thing.made"))[0]["status"] == 200
    assert await world.webhooks.unsubscribe(tenant, row["id"])
    assert await vendor.subscriptions() == []
    assert (await world.http.post(url, json={})).status_code == 410
    with pytest.raises(NotFound):
        await world.webhooks.unsubscribe(tenant, row["id"])


async def test_the_same_wish_twice_is_one_subscription(world: World, vendor: Upstream) -> None:
    tenant, connection = await world.connection(two_events(vendor))
    made = [await world.webhooks.subscribe(tenant, connection, "made", "test:x") for _ in range(2)]
    assert made[0]["id"] == made[1]["id"]
    assert len(await vendor.subscriptions()) == 1


async def test_what_the_vendor_lost_disabled_or_has_too_much_is_repaired(world: World, vendor: Upstream) -> None:
    tenant, connection = await world.connection(two_events(vendor))
    rows = [await world.webhooks.subscribe(tenant, connection, name, f"test:{n}") for n in (1, 2) for name in
            ("made", "gone")]  # fmt: skip
    lost, disabled, *kept = rows
    await vendor.kill(lost["remote_id"])
    # 410 ends a subscription at this vendor: it stays in the list and is not delivered to any more.
    await disable(world, vendor, tenant, disabled)
    orphan = await vendor.add(f"{world.address}/hooks/{tokens.new_token(TOKEN_PREFIX)}")
    double = await vendor.add(await world.url(tenant, kept[0]))
    strangers = [
        await vendor.add("https://elsewhere.example/hooks/x"),
        await vendor.add(f"https://elsewhere.example/hooks/{tokens.new_token(TOKEN_PREFIX)}"),
        await vendor.add(f"{world.address}/hooks/not-a-token"),
    ]
    report = await world.webhooks.reconcile(tenant, connection)
    assert counts(report) == {"listed": 8, "kept": 2, "created": 1, "repaired": 1, "removed": 2}
    there = {entry["id"]: entry for entry in await vendor.subscriptions()}
    assert orphan not in there
    assert double not in there
    assert set(strangers) < set(there)
    for row in rows:
        (mine,) = await vendor.subscriptions(await world.url(tenant, row))
        assert mine["active"]
    assert len(there) == len(rows) + len(strangers)
    again = await world.webhooks.reconcile(tenant, connection)
    assert counts(again) == {"listed": 7, "kept": 4}
    for event, row in (("thing.made", lost), ("thing.gone", disabled)):
        await vendor.emit(event)
        assert len(await world.settled(tenant, row)) == 1
    assert len(await world.notices(tenant, "webhook-lost")) == 2


async def disable(world: World, vendor: Upstream, tenant: Any, row: dict[str, Any]) -> None:
    """The vendor is told 410 once, as while a database is being restored."""
    for status, event in (("removed", "thing.gone"), ("active", "nothing")):
        async with world.database.tenant(tenant) as unit:
            table = webhook_subscriptions
            await unit.update(table, table.c.id == row["id"], status=status)
        await vendor.emit(event)


async def test_an_answer_that_was_lost_leaves_exactly_one_subscription(world: World, vendor: Upstream) -> None:
    await vendor.arm(behaviour="reset", path="^/hooks/subscriptions", method="POST", phase="after", times=1)
    _, row = await world.subscribed(two_events(vendor))
    assert await vendor.requests("^/hooks/subscriptions", "POST") == 1
    (there,) = await vendor.subscriptions()
    assert (row["status"], row["remote_id"]) == ("active", there["id"])
    assert (await vendor.emit("thing.made"))[0]["status"] == 200


async def test_a_request_that_never_arrived_is_made_again(world: World, vendor: Upstream) -> None:
    await vendor.arm(behaviour="reset", path="^/hooks/subscriptions", method="POST", phase="before", times=1)
    _, row = await world.subscribed(two_events(vendor))
    assert row["status"] == "active"
    assert len(await vendor.subscriptions()) == 1


async def test_a_vendor_who_says_that_it_is_there_already_is_believed_after_a_look(
    world: World, vendor: Upstream
) -> None:
    conflict = {"behaviour": "status", "params": {"code": "409"}, "path": "^/hooks/subscriptions", "method": "POST"}
    await vendor.arm(**conflict, phase="after", times=1)
    _, row = await world.subscribed(two_events(vendor))
    (there,) = await vendor.subscriptions()
    assert (row["status"], row["remote_id"]) == ("active", there["id"])
    await vendor.arm(**conflict, phase="before", times=1)
    with pytest.raises(UpstreamRefused):
        await world.subscribed(two_events(vendor))


async def test_what_a_vendor_repeats_of_our_secret_is_not_kept(world: World, vendor: Upstream) -> None:
    tenant, row = await world.subscribed(two_events(vendor))
    url, secret = await world.webhooks.reveal(tenant, row["id"])
    full = await world.webhooks._settler.row(tenant, row["id"])
    error = UpstreamRefused(f"{secret} is no secret for {url}", excerpt=secret)
    await world.webhooks._settler.trouble(tenant, full, error)
    async with world.database.tenant(tenant) as unit:
        row = await world.webhooks.get(unit, row["id"])
    (notice,) = await world.notices(tenant, "webhook-failed")
    for text in (row["error"], notice["detail"], str(error), str(error.meta)):
        assert secret not in text
        assert url not in text


async def test_what_the_vendor_only_disables_is_left_in_peace(world: World, vendor: Upstream) -> None:
    tenant, row = await world.subscribed(two_events(vendor))
    url = await world.url(tenant, row)
    await world.webhooks.unsubscribe(tenant, row["id"])
    await vendor.add(url, events=["thing.left"])
    assert [one["status"] for one in await vendor.emit("thing.left")] == [410]
    for _ in range(2):
        report = await world.webhooks.reconcile(tenant, row["connection_id"])
        assert counts(report) == {"listed": 1, "disabled": 1}


async def test_a_crash_between_asking_and_noting_leaves_exactly_one_subscription(
    world: World, vendor: Upstream
) -> None:
    tenant, connection = await world.connection(two_events(vendor))
    async with world.database.tenant(tenant) as unit:
        row = await world.webhooks._wish(unit, connection, "made", "test:x", {}, {}, "")
    # What a process does before it dies: it has asked the vendor, and noted nothing.
    url, secret = await world.webhooks.reveal(tenant, row["id"])
    remote = await vendor.add(url, events=["thing.made"], dialect="standard", secret=secret)
    assert counts(await world.webhooks.reconcile(tenant, connection)) == {"listed": 1, "adopted": 1}
    async with world.database.tenant(tenant) as unit:
        row = await world.webhooks.get(unit, row["id"])
    assert (row["status"], row["remote_id"]) == ("active", remote)
    assert len(await vendor.subscriptions()) == 1
    assert (await vendor.emit("thing.made"))[0]["status"] == 200


async def test_of_many_who_want_the_same_at_once_one_makes_it(world: World, vendor: Upstream) -> None:
    tenant, connection = await world.connection(two_events(vendor))
    async with world.database.tenant(tenant) as unit:
        row = await world.webhooks._wish(unit, connection, "made", "test:x", {}, {}, "")
    # Lists that are empty: whoever did not wait for the others would subscribe as well.
    await vendor.arm(behaviour="204-no-body", path="^/hooks/subs", method="GET", times=4)
    await asyncio.gather(*(world.webhooks.settle(tenant, row["id"]) for _ in range(4)))
    await vendor.http.delete("/_ctl/faults")
    assert len(await vendor.subscriptions()) == 1


async def test_another_tenant_at_the_same_account_is_left_alone(world: World, vendor: Upstream) -> None:
    manifest = two_events(vendor)
    mine, connection = await world.connection(manifest)
    row = await world.webhooks.subscribe(mine, connection, "made", "test:x")
    await world.subscribed(manifest)
    assert counts(await world.webhooks.reconcile(mine, connection)) == {"listed": 2, "kept": 1}
    await world.webhooks.unsubscribe(mine, row["id"])
    assert counts(await world.webhooks.reconcile(mine, connection)) == {"listed": 1}
    assert len(await vendor.subscriptions()) == 1


async def test_without_the_list_nothing_is_thought_lost(world: World, vendor: Upstream) -> None:
    tenant, connection = await world.connection(two_events(vendor))
    await world.webhooks.subscribe(tenant, connection, "made", "test:x")
    await vendor.arm(behaviour="status", path="^/hooks/subscriptions", method="GET", times=1, params={"code": "403"})
    report = await world.webhooks.reconcile(tenant, connection)
    assert report.failed == 1
    assert report.created == 0
    assert len(await vendor.subscriptions()) == 1
    (notice,) = await world.notices(tenant, "webhook-reconciliation")
    assert notice["subject"] == f"connection:{connection}"
    await world.webhooks.reconcile(tenant, connection)
    assert await world.notices(tenant, "webhook-reconciliation") == []


async def test_a_vendor_who_refuses_makes_it_failed_and_says_so(world: World, vendor: Upstream) -> None:
    tenant, connection = await world.connection(two_events(vendor))
    with pytest.raises(UpstreamRefused):
        await world.webhooks.subscribe(tenant, connection, "made", "test:x", inputs={"dialect": "no such"})
    async with world.database.tenant(tenant) as unit:
        (row,) = await world.webhooks.list(unit, connection_id=connection)
    assert row["status"] == "failed"
    assert "400" in row["error"]
    assert [one["subject"] for one in await world.notices(tenant, "webhook-failed")] == [f"subscription:{row['id']}"]
    await world.webhooks.unsubscribe(tenant, row["id"])
    assert await world.notices(tenant, "webhook-failed") == []


async def test_removing_waits_for_a_vendor_who_cannot_be_reached(world: World, vendor: Upstream) -> None:
    tenant, row = await world.subscribed(two_events(vendor))
    await vendor.arm(behaviour="status", path="^/hooks/subscriptions/", method="DELETE", times=1,
                     params={"code": "403"})  # fmt: skip
    assert not await world.webhooks.unsubscribe(tenant, row["id"])
    assert len(await vendor.subscriptions()) == 1
    assert (await world.http.post(await world.url(tenant, row), json={})).status_code == 410
    assert counts(await world.webhooks.reconcile(tenant, row["connection_id"])) == {"listed": 1, "ended": 1}
    assert await vendor.subscriptions() == []


async def test_a_subscription_that_the_vendor_has_forgotten_is_removed_all_the_same(
    world: World, vendor: Upstream
) -> None:
    tenant, row = await world.subscribed(two_events(vendor))
    await vendor.kill(row["remote_id"])
    assert await world.webhooks.unsubscribe(tenant, row["id"])


async def test_a_connection_that_is_deleted_unsubscribes_first(world: World, vendor: Upstream) -> None:
    tenant, row = await world.subscribed(two_events(vendor))
    url = await world.url(tenant, row)
    async with world.database.tenant(tenant) as unit:
        await world.webhooks.leave(unit, row["connection_id"])
        await world.connections.delete(unit, row["connection_id"])
    async with asyncio.timeout(10):
        while await vendor.subscriptions():
            await asyncio.sleep(0.02)
    assert (await world.http.post(url, json={})).status_code == 410


async def test_a_handshake_is_answered_while_the_subscription_is_made(world: World, vendor: Upstream) -> None:
    _, row = await world.subscribed(two_events(vendor), inputs={"handshake": True})
    assert row["status"] == "active"


@pytest.mark.parametrize("handshake", [{"kind": "none"}, {"kind": "challenge", "path": "$.elsewhere"}])
async def test_a_handshake_that_fails_is_told(world: World, vendor: Upstream, handshake: dict[str, Any]) -> None:
    with pytest.raises(UpstreamRefused):
        await world.subscribed(two_events(vendor), inputs={"handshake": True}, settings={"handshake": handshake})


async def test_an_event_that_does_not_exist_is_not_found(world: World, vendor: Upstream) -> None:
    tenant, connection = await world.connection(two_events(vendor))
    for wrong in ("", "nothing", "x" * 10_000):
        with pytest.raises(NotFound):
            await world.webhooks.subscribe(tenant, connection, wrong, "test:x")
    with pytest.raises(NotFound):
        await world.webhooks.subscribe(tenant, new_id(), "made", "test:x")
