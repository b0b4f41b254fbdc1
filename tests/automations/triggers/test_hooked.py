"""Automations that are started by webhooks, against the upstream's subscriptions and its deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.automations.triggers.conftest import document
from tests.connectors.webhooks.making import HOOKS, Upstream, World, hooks_manifest, running
from tieline.automations.triggers.hooked import consumer
from tieline.connectors.manifest.model import WebhookEvent
from tieline.core import json
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.server.settings import Settings
from tieline.storage.database import Database
from tieline.storage.tables import runs, webhook_deliveries
from tieline.tenancy import notices, users

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def world(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running(database, Settings(data_dir=tmp_path_factory.mktemp("data"))) as made:
        yield made


@pytest.fixture(scope="module")
async def vendor(upstream: str) -> AsyncIterator[Upstream]:
    made = Upstream(upstream)
    await made.reset()
    yield made
    await made.reset()
    await made.http.aclose()


class Hook:
    """An automation of a tenant that is started by an event of the upstream."""

    def __init__(self, world: World, vendor: Upstream, tenant: UUID, connection: UUID, event: WebhookEvent) -> None:
        self.world, self.vendor, self.tenant = world, vendor, tenant
        self.connection, self.event = connection, event
        self.automation = UUID(int=0)

    def workspace(self, **said: Any) -> bytes:
        made = document("webhook", webhook_event_guid=self.event.id, datasource=str(self.connection), **said)
        return json.dumps(made)

    async def save(self, workspace: bytes | None = None) -> None:
        async with self.world.database.tenant(self.tenant) as unit:
            automations = self.world.automations
            if self.automation.int == 0:
                row = await automations.create(
                    unit, owner_id=self.tenant, name="hooked", workspace=workspace or self.workspace()
                )
                self.automation = row["id"]
            else:
                await automations.update(
                    unit, self.automation, saved_by=new_id(), workspace=workspace or self.workspace()
                )

    async def enable(self, enabled: bool) -> None:
        async with self.world.database.tenant(self.tenant) as unit:
            await self.world.automations.set_enabled(unit, self.automation, enabled)

    async def row(self) -> dict[str, Any]:
        async with self.world.database.tenant(self.tenant) as unit:
            rows = await self.world.webhooks.list(unit, consumer=consumer(self.automation))
        return rows[-1] if rows else {"status": "none"}

    async def until(self, status: str) -> dict[str, Any]:
        """Its subscription once it has come so far."""
        async with asyncio.timeout(20):
            while (row := await self.row())["status"] != status:
                await asyncio.sleep(0.02)
        return row

    async def started(self, count: int) -> list[Any]:
        """The payloads of its runs, once there are so many."""
        async with asyncio.timeout(20):
            while True:
                async with self.world.database.tenant(self.tenant) as unit:
                    rows = await unit.all(
                        unit.select(runs).where(runs.c.automation_id == self.automation).order_by(runs.c.id)
                    )
                if len(rows) >= count:
                    assert {row["context"] for row in rows} <= {"webhook"}
                    return [json.loads(row["inputs"]) for row in rows]
                await asyncio.sleep(0.02)


@pytest.fixture
async def hook(world: World, vendor: Upstream) -> Hook:
    event = WebhookEvent(id="made", event=f"made.{new_id().hex}", verification={"dialect": "standard"}, **HOOKS)
    tenant, connection = await world.connection(hooks_manifest(vendor.base, event, name=f"c{new_id().hex}"))
    return Hook(world, vendor, tenant, connection, event)


async def test_enabled_subscribes_and_disabled_unsubscribes(hook: Hook) -> None:
    await hook.save()
    row = await hook.until("active")
    url = await hook.world.url(hook.tenant, row)
    assert len(await hook.vendor.subscriptions(url)) == 1
    assert [one["status"] for one in await hook.vendor.emit(hook.event.event, {"n": 1})] == [200]
    [payload] = await hook.started(1)
    assert payload["data"]["n"] == 1
    await hook.save(hook.workspace(test_payload='{"other": 1}'))
    assert (await hook.row())["id"] == row["id"], "what does not matter to the event changes nothing"
    await hook.enable(False)
    async with httpx.AsyncClient() as sender:
        assert (await sender.post(url, json={})).status_code == 410
    await hook.until("none")
    assert await hook.vendor.subscriptions(url) == []
    await hook.enable(True)
    again = await hook.until("active")
    assert again["id"] != row["id"]
    async with hook.world.database.tenant(hook.tenant) as unit:
        await hook.world.automations.delete(unit, hook.automation)
    await hook.until("none")
    assert await hook.vendor.subscriptions(await hook.world.url(hook.tenant, again)) == []


async def test_another_run_mode_ends_it(hook: Hook) -> None:
    await hook.save()
    await hook.until("active")
    await hook.save(json.dumps(document("manual")))
    await hook.until("none")


async def test_a_delivery_that_is_handed_over_twice_starts_one_run(hook: Hook) -> None:
    await hook.save()
    row = await hook.until("active")
    await hook.vendor.emit(hook.event.event, {"n": 1}, fault="duplicate")
    await hook.started(1)
    [delivery] = await hook.world.settled(hook.tenant, row)
    table = webhook_deliveries
    for _ in range(3):  # as after a crash between the run and the note that the delivery was handled
        async with hook.world.database.tenant(hook.tenant) as unit:
            await unit.update(table, table.c.id == delivery["id"], status="received")
            named: dict[str, Any] = {"subscription_id": str(row["id"]), "delivery_id": str(delivery["id"])}
            await unit.defer("webhook_delivered", tenant_id=str(hook.tenant), **named)
            await unit.defer("webhook_delivered", tenant_id=str(hook.tenant), **named)
        await hook.world.settled(hook.tenant, row)
    assert len(await hook.started(1)) == 1


async def test_deliveries_wait_while_too_many_runs_do(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.automations.runs.service.QUEUED_LIMIT", 2)
    await hook.save()
    row = await hook.until("active")
    await hook.vendor.emit(hook.event.event, {"n": 1}, count=4)
    await hook.started(2)
    async with asyncio.timeout(20):
        while sum(one["attempts"] > 0 for one in await hook.world.rows(hook.tenant, row)) < 4:
            await asyncio.sleep(0.02)
    states = sorted(one["status"] for one in await hook.world.rows(hook.tenant, row))
    assert states == ["handled", "handled", "received", "received"], "put back, not lost"
    monkeypatch.undo()
    assert len(await hook.started(4)) == 4


async def test_without_a_connection_there_is_an_address_to_paste(hook: Hook) -> None:
    await hook.save(json.dumps(document("webhook")))
    row = await hook.until("active")
    url = await hook.world.url(hook.tenant, row)
    async with httpx.AsyncClient() as sender:
        assert (await sender.post(url, json={"a": 1})).status_code == 200
        assert await hook.started(1) == [{"a": 1}]
        await hook.enable(False)
        assert (await sender.post(url, json={"a": 2})).status_code == 200
        await hook.world.settled(hook.tenant, row)
        await hook.enable(True)
        assert await hook.world.url(hook.tenant, await hook.row()) == url
        assert (await sender.post(url, json={"a": 3})).status_code == 200
        assert await hook.started(2) == [{"a": 1}, {"a": 3}]


async def test_the_answer_may_wait_for_the_run(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    await hook.save(json.dumps(document("webhook", **{"async": "no"})))
    url = await hook.world.url(hook.tenant, await hook.until("active"))
    async with httpx.AsyncClient(timeout=30) as sender:
        waiting = asyncio.create_task(sender.post(url, json={"a": 1}))
        await hook.started(1)
        assert not waiting.done()
        async with hook.world.database.tenant(hook.tenant) as unit:
            await unit.update(runs, runs.c.automation_id == hook.automation, status="finished", output=b'["hi"]')
        answer = await waiting
        assert (answer.status_code, answer.json()) == (200, {"status": "finished", "output": ["hi"]})
        monkeypatch.setattr("tieline.api.ingress.hooks.endpoints.ANSWER_SECONDS", 0.3)
        late = await sender.post(url, json={"a": 2})
        assert (late.status_code, late.content) == (202, b"")


@pytest.mark.parametrize("wrong", ["connection", "event"])
async def test_what_cannot_be_subscribed_to_is_told_and_can_be_saved(hook: Hook, wrong: str) -> None:
    said = {"connection": {"datasource": str(new_id())}, "event": {"webhook_event_guid": "gone"}}[wrong]
    inputs = {"webhook_event_guid": hook.event.id, "datasource": str(hook.connection), **said}
    await hook.save(json.dumps(document("webhook", **inputs)))
    assert (await hook.row())["status"] == "none"
    async with hook.world.database.tenant(hook.tenant) as unit:
        [notice] = await notices.still_open(unit, subject=f"automation:{hook.automation}")
    assert notice["kind"] == "automation-webhook"
    await hook.save()
    await hook.until("active")
    async with hook.world.database.tenant(hook.tenant) as unit:
        assert await notices.still_open(unit, subject=f"automation:{hook.automation}") == []


async def test_a_new_owner_hears_nothing_through_the_old_ones_connection(hook: Hook) -> None:
    """The published version names it still, so that there is a notice in place of a subscription."""
    await hook.save()
    url = await hook.world.url(hook.tenant, await hook.until("active"))
    async with hook.world.database.tenant(hook.tenant) as unit:
        await hook.world.automations.versions.publish(unit, hook.automation, 1)
        user = await users.create(unit, external_id="u")
        await hook.world.automations.change_owner(unit, hook.automation, user, changed_by=user)
        row = await hook.world.automations.get(unit, hook.automation)
    assert (row["version"], row["live_version"]) == (2, 1)
    assert str(hook.connection).encode() not in row["workspace"]
    await hook.until("none")
    assert await hook.vendor.subscriptions(url) == []
    async with hook.world.database.tenant(hook.tenant) as unit:
        [notice] = await notices.still_open(unit, subject=f"automation:{hook.automation}")
        assert "another person's own" in notice["detail"]
        await hook.world.automations.versions.unpin(unit, hook.automation)  # an address to paste, without connection
        assert await notices.still_open(unit, subject=f"automation:{hook.automation}") == []


async def test_a_draft_subscribes_to_nothing(hook: Hook) -> None:
    await hook.save()
    live = await hook.until("active")
    async with hook.world.database.tenant(hook.tenant) as unit:
        await hook.world.automations.versions.publish(unit, hook.automation, 1)
    await hook.save(json.dumps(document("manual")))
    assert (await hook.row())["id"] == live["id"]
    assert [one["status"] for one in await hook.vendor.emit(hook.event.event, {"n": 1})] == [200]
    assert [payload["data"] for payload in await hook.started(1)] == [{"n": 1}]
    async with hook.world.database.tenant(hook.tenant) as unit:
        await hook.world.automations.versions.publish(unit, hook.automation, 2)
    await hook.until("none")


async def test_what_is_rolled_back_leaves_no_subscription(hook: Hook) -> None:
    with pytest.raises(NotFound):
        async with hook.world.database.tenant(hook.tenant) as unit:
            row = await hook.world.automations.create(unit, owner_id=hook.tenant, name="x", workspace=hook.workspace())
            raise NotFound("no")
    async with hook.world.database.tenant(hook.tenant) as unit:
        assert await hook.world.webhooks.list(unit, consumer=consumer(row["id"])) == []
