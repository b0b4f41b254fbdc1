"""What is done without being asked: slots, renewal, clearing up."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.connectors.webhooks.making import HOOKS, Upstream, World, hooks_manifest
from tieline.connectors.manifest.model import Block, Input, Manifest, WebhookEvent
from tieline.connectors.webhooks.upkeep import KEPT, RECONCILE, SWEEP, Upkeep
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.storage.tables import webhook_deliveries, webhook_subscriptions

pytestmark = pytest.mark.anyio


async def jobs(database: Database, task: str) -> list[dict[str, Any]]:
    rows = await database.autocommit(
        "SELECT args FROM procrastinate.procrastinate_jobs WHERE task_name = %s ORDER BY id", task
    )
    return [row[0] for row in rows]


def lasting(vendor: Upstream, **values: Any) -> Manifest:
    made = WebhookEvent(
        id="short", event=f"e.{new_id().hex}", lifetime=3600, verification={"dialect": "standard"}, **HOOKS, **values
    )
    manifest = hooks_manifest(vendor.base, made)
    inputs = [Input(id="id", location="query", name="id", required=True), Input(id="until", location="query")]
    manifest.blocks += [
        Block(id="renew_hook", kind="action", path="/hooks/subscriptions", inputs=inputs),
        Block(id="renew_nothing", kind="action", path="/hooks/nowhere", inputs=inputs),
    ]
    return manifest


async def change(world: World, tenant: Any, row: dict[str, Any], **values: Any) -> None:
    async with world.database.tenant(tenant) as unit:
        await unit.update(webhook_subscriptions, webhook_subscriptions.c.id == row["id"], **values)


async def read(world: World, tenant: Any, row: dict[str, Any]) -> dict[str, Any]:
    async with world.database.tenant(tenant) as unit:
        return await world.webhooks.get(unit, row["id"])


async def test_a_slot_has_one_job_however_many_workers_begin(database: Database) -> None:
    moment = now() + timedelta(days=365)  # no worker of this test takes it
    workers = [Upkeep(database, clock=lambda: moment) for _ in range(8)]
    await asyncio.gather(*(worker.begin() for worker in workers))
    (job,) = await jobs(database, SWEEP)
    moment = moment + timedelta(minutes=5)
    await asyncio.gather(*(worker.sweep(slot=job["slot"]) for worker in workers))
    await asyncio.gather(*(worker.begin() for worker in workers))
    assert [one["slot"] for one in await jobs(database, SWEEP)] == [job["slot"], job["slot"] + 1]
    await database.autocommit("DELETE FROM procrastinate.procrastinate_jobs WHERE task_name = %s", SWEEP)


async def test_what_is_due_is_queued_once(world: World, vendor: Upstream, database: Database) -> None:
    tenant, row = await world.subscribed(lasting(vendor))
    upkeep = Upkeep(database)
    seen: list[str] = []

    async def due() -> None:
        async with database.system() as unit:
            if await upkeep._due(unit):
                seen.append("due")

    await due()
    await change(world, tenant, row, checked_at=now() - timedelta(hours=7))
    await due()
    await due()
    assert seen == ["due"]
    async with asyncio.timeout(10):
        while await jobs(database, RECONCILE):
            await asyncio.sleep(0.02)
    assert (await read(world, tenant, row))["checked_at"] > now() - timedelta(minutes=1)


async def test_a_subscription_that_runs_out_is_prolonged(world: World, vendor: Upstream) -> None:
    manifest = lasting(vendor, renew="renew_hook", remote_input="id", expires_input="until")
    manifest.blocks[0].inputs.append(Input(id="until", location="body", name="/until"))
    tenant, row = await world.subscribed(manifest)
    ends = row["expires_at"]
    assert timedelta(minutes=59) < ends - now() < timedelta(minutes=61)
    assert (await world.webhooks.reconcile(tenant, row["connection_id"])).renewed == 0
    await change(world, tenant, row, expires_at=now() + timedelta(minutes=5))
    assert (await world.webhooks.reconcile(tenant, row["connection_id"])).renewed == 1
    again = await read(world, tenant, row)
    assert again["expires_at"] >= ends
    assert again["remote_id"] == row["remote_id"]


async def test_one_that_cannot_be_prolonged_is_replaced(world: World, vendor: Upstream) -> None:
    tenant, row = await world.subscribed(lasting(vendor))
    await change(world, tenant, row, expires_at=now() + timedelta(minutes=5))
    assert (await world.webhooks.reconcile(tenant, row["connection_id"])).renewed == 1
    again = await read(world, tenant, row)
    (there,) = await vendor.subscriptions(await world.url(tenant, row))
    assert again["remote_id"] == there["id"] != row["remote_id"]
    assert again["expires_at"] > now() + timedelta(minutes=50)


async def test_where_one_address_may_stand_there_once_the_old_one_goes_first(world: World, vendor: Upstream) -> None:
    tenant, row = await world.subscribed(lasting(vendor))
    await change(world, tenant, row, expires_at=now() + timedelta(minutes=5))
    await vendor.arm(behaviour="status", params={"code": "409"}, path="^/hooks/subscriptions", method="POST", times=1)
    assert (await world.webhooks.reconcile(tenant, row["connection_id"])).renewed == 1
    (there,) = await vendor.subscriptions(await world.url(tenant, row))
    assert (await read(world, tenant, row))["remote_id"] == there["id"] != row["remote_id"]


async def test_one_that_the_vendor_has_forgotten_meanwhile_is_made_anew(world: World, vendor: Upstream) -> None:
    tenant, row = await world.subscribed(lasting(vendor, renew="renew_nothing", remote_input="id"))
    await change(world, tenant, row, expires_at=now() + timedelta(minutes=5))
    assert (await world.webhooks.reconcile(tenant, row["connection_id"])).renewed == 1
    assert (await read(world, tenant, row))["status"] == "active"
    assert len(await world.notices(tenant, "webhook-lost")) == 1


async def test_old_deliveries_and_removed_subscriptions_are_cleared_away(
    world: World, vendor: Upstream, database: Database
) -> None:
    tenant, _ = await world.connection(lasting(vendor))
    rows = [await world.webhooks.subscribe(tenant, None, "", f"test:{n}") for n in range(2)]
    for row in rows:
        url = await world.url(tenant, row)
        for number in range(2):
            await world.http.post(url, json={"n": number})
        first, _ = await world.settled(tenant, row)
        await world.edit_delivery(tenant, first["id"], received_at=now() - KEPT - timedelta(seconds=1))
    gone = await world.url(tenant, rows[1])
    await world.webhooks.unsubscribe(tenant, rows[1]["id"])
    async with database.system() as unit:
        await Upkeep(database)._purge(unit)
    assert [len(await world.rows(tenant, row)) for row in rows] == [1, 1]
    assert (await world.http.post(gone, json={})).status_code == 410
    await change(world, tenant, rows[1], updated_at=now() - KEPT - timedelta(seconds=1))
    async with database.system() as unit:
        await Upkeep(database)._purge(unit)
    assert (await world.http.post(gone, json={})).status_code == 404
    assert len(await world.rows(tenant, rows[0])) == 1


async def test_a_delivery_that_nobody_works_on_has_failed(world: World, vendor: Upstream, database: Database) -> None:
    tenant, _ = await world.connection(lasting(vendor))
    row = await world.webhooks.subscribe(tenant, None, "", "test:x")
    await world.http.post(await world.url(tenant, row), json={})
    (stored,) = await world.settled(tenant, row)
    old = now() - timedelta(days=3)
    await world.edit_delivery(tenant, stored["id"], status="received", received_at=old)
    async with database.system() as unit:
        await Upkeep(database)._purge(unit)
    async with database.tenant(tenant) as unit:
        table = webhook_deliveries
        assert await unit.scalar(unit.select(table, table.c.status).where(table.c.id == stored["id"])) == "failed"
