"""Webhooks on their short way: stored and run where they arrive, with workers only for what is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, client
from tieline.automations.blocks.services import block_services
from tieline.automations.runs import Executor, lane
from tieline.automations.runs.service import TASK
from tieline.core import json
from tieline.server.express import express
from tieline.storage.database import Database
from tieline.storage.journal import JournalStore
from tieline.storage.queue import Queue
from tieline.storage.tables import journal, runs, webhook_deliveries

pytestmark = pytest.mark.anyio

SHOW = {"id": "O", "type": "ShowBlock", "name": "shown", "inputs": [{"id": "input", "value": "{$.start.n}"}]}


def pause(seconds: float) -> dict[str, Any]:
    return {"id": "Z", "type": "SleepBlock", "name": "pause", "inputs": [{"id": "time", "value": seconds}]}


@pytest.fixture(autouse=True)
async def short_way(parts: Parts) -> AsyncIterator[None]:
    async with express(parts):  # type: ignore[arg-type]
        yield


@pytest.fixture
async def sender(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client(address) as opened:
        yield opened


async def hooked(
    parts: Parts, tenant: Tenant, *blocks: dict[str, Any], wait: bool = True, **more: Any
) -> tuple[UUID, str]:
    """A new automation, and the path of its address."""
    start = {"id": "S", "type": "StartBlock", "name": "start"}
    said = {"run_mode": "webhook", "async": "no" if wait else "yes"}
    row = [{**start, "inputs": [{"id": name, "value": value} for name, value in said.items()]}, *map(dict, blocks)]
    for block, after in pairwise(row):
        block["childId"] = after["id"]
    document = json.dumps({"blocks": row, "variables": []})
    async with parts.database.tenant(tenant.id) as unit:
        made = await parts.automations.create(unit, name="hooked", workspace=document, owner_id=tenant.admin_id, **more)
        shown = await parts.hooked.shown(unit, made["id"], address=True)
    return made["id"], "/hooks/" + shown["url"].rpartition("/")[2]


async def rows(database: Database, tenant: Tenant, table: Any) -> list[dict[str, Any]]:
    async with database.tenant(tenant.id) as unit:
        return await unit.all(unit.select(table))


async def jobs(database: Database, tenant: Tenant) -> list[str]:
    """Names of the tasks that wait for a worker."""
    statement = "SELECT task_name FROM procrastinate.procrastinate_jobs WHERE args ->> 'tenant_id' = %s ORDER BY id"
    return [name for (name,) in await database.autocommit(statement, str(tenant.id))]


async def until(database: Database, tenant: Tenant, status: str) -> dict[str, Any]:
    """The tenant's only run, once it is so far."""
    async with asyncio.timeout(20):
        while True:
            found = await rows(database, tenant, runs)
            if found and found[0]["status"] == status:
                return found[0]
            await asyncio.sleep(0.02)


async def test_the_answer_is_the_runs_and_everything_is_on_disk_without_a_worker(
    parts: Parts, tenant: Tenant, sender: httpx.AsyncClient
) -> None:
    automation, door = await hooked(parts, tenant, SHOW)
    for number in range(3):
        answer = await sender.post(door, json={"n": number})
        assert (answer.status_code, answer.json()) == (200, {"status": "finished", "output": [number]})
        delivery = answer.headers["x-delivery-id"]
        again = await sender.post(door, json={"n": number})
        assert (again.json(), again.headers["x-delivery-id"]) == (answer.json(), delivery), "the same is not run twice"
    stored, ended = await rows(parts.database, tenant, webhook_deliveries), await rows(parts.database, tenant, runs)
    assert [row["status"] for row in stored] == ["handled"] * 3
    assert {row["start_key"] for row in ended} == {f"delivery:{row['id']}" for row in stored}
    assert {(row["status"], row["fence"], row["worker"], row["automation_id"]) for row in ended} == {
        ("finished", 1, None, automation)
    }
    assert {row["run_id"] for row in await rows(parts.database, tenant, journal)} == {row["id"] for row in ended}
    assert await jobs(parts.database, tenant) == []


async def test_nobody_waits_and_a_worker_has_a_job(parts: Parts, tenant: Tenant, sender: httpx.AsyncClient) -> None:
    _, door = await hooked(parts, tenant, SHOW, wait=False)
    answers = await asyncio.gather(*(sender.post(door, json={"n": number}) for number in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    stored, waiting = await rows(parts.database, tenant, webhook_deliveries), await rows(parts.database, tenant, runs)
    assert {str(row["id"]) for row in stored} == {answer.headers["x-delivery-id"] for answer in answers}
    assert {row["start_key"] for row in waiting} == {f"delivery:{row['id']}" for row in stored}
    assert sorted(json.loads(row["inputs"])["n"] for row in waiting) == list(range(20))
    assert {row["status"] for row in waiting} == {"not started"}
    assert await jobs(parts.database, tenant) == [TASK] * 20


async def test_no_more_at_a_time_than_the_automation_may(
    parts: Parts, tenant: Tenant, sender: httpx.AsyncClient
) -> None:
    _, door = await hooked(parts, tenant, pause(0.02), SHOW, max_concurrent_runs=2)
    answers = await asyncio.gather(*(sender.post(door, json={"n": number}) for number in range(12)))
    assert sorted(answer.json()["output"][0] for answer in answers) == list(range(12))
    ended = await rows(parts.database, tenant, runs)
    for run in ended:
        beside = [other for other in ended if other["started_at"] <= run["started_at"] < other["stopped_at"]]
        assert len(beside) <= 2


async def test_what_is_remembered_does_not_outlive_the_subscription(
    parts: Parts, tenant: Tenant, sender: httpx.AsyncClient
) -> None:
    automation, door = await hooked(parts, tenant, SHOW)
    assert (await sender.post(door, json={"n": 1})).status_code == 200
    async with parts.database.tenant(tenant.id) as unit:
        await parts.automations.delete(unit, automation)
    assert (await sender.post(door, json={"n": 2})).status_code == 410
    other, door = await hooked(parts, tenant, SHOW, wait=False)
    assert (await sender.post(door, json={"n": 1})).status_code == 200
    async with parts.database.tenant(tenant.id) as unit:
        await parts.automations.set_enabled(unit, other, False)
    assert (await sender.post(door, json={"n": 3})).status_code == 200
    inputs = [row["inputs"] for row in await rows(parts.database, tenant, runs) if row["automation_id"] == other]
    assert inputs == [b'{"n":1}'], "a disabled automation does not run"


async def test_a_lane_that_dies_leaves_its_runs_to_the_workers(
    parts: Parts, tenant: Tenant, sender: httpx.AsyncClient
) -> None:
    _, door = await hooked(parts, tenant, pause(1.5), SHOW)
    asking = asyncio.create_task(sender.post(door, json={"n": 7}))
    run = await until(parts.database, tenant, "running")
    assert run["worker"].startswith("lane:")
    orphans = lane.Orphans(parts.database)
    await orphans.look()
    assert await jobs(parts.database, tenant) == [], "it lives"
    number = int(run["worker"].removeprefix("lane:"))
    await parts.database.autocommit("DELETE FROM procrastinate.procrastinate_workers WHERE id = %s", number)
    await orphans.look()
    assert await jobs(parts.database, tenant) == [TASK]
    await worked_off(parts, tenant)
    assert (await rows(parts.database, tenant, runs))[0]["fence"] == 2
    assert (await asking).json() == {"status": "finished", "output": [7]}


async def test_a_run_that_takes_long_goes_on_with_a_worker(
    parts: Parts, tenant: Tenant, sender: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LONGEST_SECONDS", 0.01)
    _, door = await hooked(parts, tenant, pause(0.1), SHOW)
    asking = asyncio.create_task(sender.post(door, json={"n": 7}))
    async with asyncio.timeout(20):
        while await jobs(parts.database, tenant) != [TASK]:
            await asyncio.sleep(0.02)
    await worked_off(parts, tenant)
    assert (await asking).json() == {"status": "finished", "output": [7]}


async def worked_off(parts: Parts, tenant: Tenant) -> None:
    """A worker takes what waits."""
    database, stop = parts.database, asyncio.Event()
    async with (
        block_services(database, parts.egress, parts.connections) as services,
        JournalStore(database) as store,
    ):
        queue = Queue(database)
        queue.register(TASK, Executor(database, store, services, worker="test").execute)
        working = asyncio.create_task(queue.run_worker(4, stop))
        await until(database, tenant, "finished")
        stop.set()
        await working
