"""Automations that start each other: calls, and completion events. With a worker in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest

from tests.automations.triggers.conftest import Office, document
from tieline.automations.blocks.services import block_services
from tieline.automations.runs import Executor, Runs
from tieline.automations.runs.service import TASK
from tieline.automations.triggers.following import DEEPEST, Following
from tieline.connectors.connections import Connections
from tieline.core import json
from tieline.core.errors import BadInput
from tieline.security.egress import Egress, Policy
from tieline.security.vault import Vault, parse_keys
from tieline.storage.database import Database
from tieline.storage.journal import JournalStore
from tieline.storage.queue import Queue
from tieline.storage.tables import runs
from tieline.storage.worker import Rhythm
from tieline.tenancy import notices

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def working(database: Database, *, concurrency: int = 8) -> AsyncIterator[Executor]:
    stop = asyncio.Event()
    vault = Vault(parse_keys(Vault.generate_key()))
    async with (
        Egress(Policy(allow=(ip_network("127.0.0.0/8"),))) as egress,
        JournalStore(database) as store,
        block_services(database, egress, Connections(database, vault)) as services,
    ):
        executor = Executor(database, store, services, worker="test")
        queue = Queue(database, rhythm=Rhythm(poll=0.1))
        queue.register(TASK, executor.execute)
        Following(database).register(queue)
        task = asyncio.create_task(queue.run_worker(concurrency, stop, deadline=2))
        try:
            yield executor
        finally:
            stop.set()
            await task


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Executor]:
    async with working(database) as executor:
        yield executor


def call(guid: UUID | str, **inputs: Any) -> dict[str, Any]:
    given = [{"id": name, "value": value} for name, value in inputs.items()]
    return {"id": "C", "type": "CallWidgetBlock", "name": "call", "guid": str(guid), "widgetInputs": given}


def show(value: str, identity: str = "O") -> dict[str, Any]:
    return {"id": identity, "type": "ShowBlock", "name": identity, "inputs": [{"id": "input", "value": value}]}


def sleep(seconds: float) -> dict[str, Any]:
    return {"id": "Z", "type": "SleepBlock", "name": "z", "inputs": [{"id": "time", "value": seconds}]}


def fail(message: str) -> dict[str, Any]:
    return {"id": "E", "type": "ErrorBlock", "name": "e", "inputs": [{"id": "message", "value": message}]}


async def start(office: Office, automation: UUID, inputs: Any = None) -> UUID:
    async with office.database.tenant(office.tenant) as unit:
        row = await office.library.row(unit, automation)
        run = await Runs(office.database).start(unit, automation=row, context="api_async", inputs=inputs)
    found: UUID = run["id"]
    return found


async def ended(office: Office, run_id: UUID) -> dict[str, Any]:
    row = await Runs(office.database).wait(office.tenant, run_id, 30)
    return {**row, "output": json.loads(row["output"]) if row["output"] else None}


async def runs_of(office: Office, automation: UUID, count: int) -> list[dict[str, Any]]:
    """Its runs once there are so many and all are over."""
    async with asyncio.timeout(30):
        while True:
            async with office.database.tenant(office.tenant) as unit:
                rows = await unit.all(unit.select(runs).where(runs.c.automation_id == automation).order_by(runs.c.id))
            if len(rows) >= count and all(row["stopped_at"] for row in rows):
                return rows
            await asyncio.sleep(0.05)


async def test_a_call_gives_what_the_called_one_showed(office: Office, worker: Executor) -> None:
    inner = await office.automation(document("manual", show("Hello {$.start.who}")))
    outer = await office.automation(document("manual", call(inner, who="{$.start.name}"), show("{$.call}!")))
    row = await ended(office, await start(office, outer, {"name": "Ada"}))
    assert (row["status"], row["output"]) == ("finished", ["Hello Ada!"])
    [called] = await runs_of(office, inner, 1)
    assert (called["parent_id"], called["depth"]) == (row["id"], 1)


async def test_a_caller_that_waits_holds_no_worker(office: Office) -> None:
    """One place, five callers: each waits for a run that sleeps, and would stand in its way."""
    inner = await office.automation(
        document("manual", sleep(1.5), show("done")), max_concurrent_runs=5, concurrency_limit=9
    )
    outer = await office.automation(document("manual", call(inner), show("{$.call}")), max_concurrent_runs=5)
    started = [await start(office, outer) for _ in range(5)]
    async with working(office.database, concurrency=1):
        rows = [await ended(office, one) for one in started]
    assert [row["output"] for row in rows] == [["done"]] * 5
    assert len(await runs_of(office, inner, 5)) == 5


async def test_a_call_that_does_not_wait(office: Office, worker: Executor) -> None:
    inner = await office.automation(document("manual", show("x")))
    block = {**call(inner), "inputs": [{"id": "async", "value": "yes"}]}
    row = await ended(
        office, await start(office, await office.automation(document("manual", block, show("{$.call.id}"))))
    )
    [called] = await runs_of(office, inner, 1)
    assert row["output"] == [str(called["id"])]


async def test_a_called_run_that_fails_fails_the_block(office: Office, worker: Executor) -> None:
    inner = await office.automation(document("manual", fail("no luck")))
    row = await ended(office, await start(office, await office.automation(document("manual", call(inner)))))
    assert row["status"] == "failed"
    assert "no luck" in row["error"][0]["detail"]


async def test_a_circle_of_calls_ends(office: Office, worker: Executor) -> None:
    one = await office.automation(document("manual"), max_concurrent_runs=10)
    two = await office.automation(document("manual", call(one)), max_concurrent_runs=10)
    async with office.database.tenant(office.tenant) as unit:
        await office.library.update(
            unit, one, saved_by=office.user, workspace=json.dumps(document("manual", call(two)))
        )
    row = await ended(office, await start(office, one))
    assert "deep" in row["error"][0]["detail"]
    assert len(await runs_of(office, one, 1)) + len(await runs_of(office, two, 1)) == DEEPEST + 1


@pytest.mark.parametrize("guid", ["nonsense", "", "01a203ef-0000-7000-8000-000000000000", "self"])
async def test_calls_that_cannot_be(office: Office, worker: Executor, guid: str) -> None:
    outer = await office.automation(document("manual", call(guid)))
    if guid == "self":
        async with office.database.tenant(office.tenant) as unit:
            workspace = json.dumps(document("manual", call(outer)))
            await office.library.update(unit, outer, saved_by=office.user, workspace=workspace)
    row = await ended(office, await start(office, outer))
    assert row["error"][0]["code"] == "block-input-invalid"


@pytest.mark.parametrize(
    "on, ends, starts",
    [("finished", show("{$.start}"), True), ("finished", fail("x"), False), ("failed", fail("x"), True),
     ("failed", show("x"), False), ("any", fail("x"), True)],
)  # fmt: skip
async def test_completion_starts_what_follows(
    office: Office, worker: Executor, on: str, ends: dict[str, Any], starts: bool
) -> None:
    first = await office.automation(document("manual", ends), name="First")
    follower = await office.automation(
        document("manual", show("{$.start.name}: {$.start.status}")), follows=[{"automationId": str(first), "on": on}]
    )
    marker = await office.automation(document("manual"), follows=[{"automationId": str(first), "on": "any"}])
    row = await ended(office, await start(office, first))
    await runs_of(office, marker, 1)
    found = await runs_of(office, follower, int(starts))
    assert [json.loads(one["output"]) for one in found] == ([[f"First: {row['status']}"]] if starts else [])


async def test_completions_in_a_circle_end_with_a_notice(office: Office, worker: Executor) -> None:
    one = await office.automation(document("manual"))
    two = await office.automation(document("manual"), follows=[{"automationId": str(one), "on": "any"}])
    async with office.database.tenant(office.tenant) as unit:
        await office.library.update(
            unit, one, saved_by=office.user, follows=[{"automationId": str(two), "on": "finished"}]
        )
        with pytest.raises(BadInput):
            await office.library.update(unit, one, saved_by=office.user, follows=[{"automationId": str(one)}])
    await start(office, one)
    async with asyncio.timeout(30):
        told: list[dict[str, Any]] = []
        while not told:
            await asyncio.sleep(0.05)
            async with office.database.tenant(office.tenant) as unit:
                told = await notices.still_open(unit)
    assert told[0]["kind"] == "automation-circle"
    assert len(await runs_of(office, one, 1)) + len(await runs_of(office, two, 1)) == DEEPEST + 1
