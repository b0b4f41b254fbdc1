"""One tenant with very much to do, and others with little."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.automations.triggers.conftest import Office, document, opened
from tests.automations.triggers.test_calls import show, working
from tieline.automations.runs import Runs
from tieline.automations.runs.errors import QueueFull
from tieline.automations.runs.service import QUEUED_LIMIT
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.storage.tables import runs
from tieline.storage.worker import Rhythm

pytestmark = [pytest.mark.anyio, pytest.mark.battery]


async def many(office: Office, automation: Any, count: int) -> int:
    """Starts so many runs at once; how many were refused."""
    service = Runs(office.database)

    async def one() -> bool:
        try:
            async with office.database.tenant(office.tenant) as unit:
                row = await office.library.row(unit, automation)
                await service.start(unit, automation=row, context="api_async")
        except QueueFull:
            return True
        return False

    return sum(await asyncio.gather(*(one() for _ in range(count))))


async def test_the_limit_of_waiting_runs_is_exact(database: Database) -> None:
    office = await opened(database)
    automation = await office.automation(document("manual"))
    assert await many(office, automation, QUEUED_LIMIT + 60) == 60
    async with database.tenant(office.tenant) as unit:
        await unit.update(runs, status="stopped")


async def test_a_noisy_tenant_does_not_keep_others_waiting(database: Database) -> None:
    """199 runs wait when one run of each other tenant comes; those start among the first."""
    noisy = await opened(database)
    loud = await noisy.automation(document("manual", show("x")), max_concurrent_runs=200, concurrency_limit=200)
    await many(noisy, loud, QUEUED_LIMIT - 1)
    others = [await opened(database) for _ in range(10)]
    for office in others:
        await many(office, await office.automation(document("manual", show("y"))), 1)
    async with working(database), asyncio.timeout(60):
        while True:
            async with database.system() as unit:
                rows = await unit.all(runs.select().order_by(runs.c.started_at))
            if all(row["stopped_at"] for row in rows if row["status"] != "stopped"):
                break
            await asyncio.sleep(0.1)
    order = [row["tenant_id"] for row in rows if row["started_at"] is not None]
    places = [order.index(office.tenant) for office in others]
    assert max(places) < 40, places


async def test_long_jobs_of_one_tenant_leave_places_for_others(database: Database) -> None:
    """Eight places and twenty long jobs of one tenant: two more places are for the others."""
    queue, gate, stop = Queue(database, rhythm=Rhythm(poll=0.05)), asyncio.Event(), asyncio.Event()
    begun: Counter[str] = Counter()

    async def hold(*, tenant_id: str) -> None:
        begun[tenant_id] += 1
        await gate.wait()

    async def defer(tenant_id: str, times: int) -> None:
        async with database.system() as unit:
            for _ in range(times):
                await unit.defer("hold", tenant_id=tenant_id)

    queue.register("hold", hold)
    await defer("noisy", 20)
    task = asyncio.create_task(queue.run_worker(8, stop, deadline=2))
    async with asyncio.timeout(20):
        while begun["noisy"] < 8:
            await asyncio.sleep(0.02)
        await defer("quiet", 3)
        while begun["quiet"] < 2:
            await asyncio.sleep(0.02)
        await defer("third", 1)
        await asyncio.sleep(0.3)
        assert begun == {"noisy": 8, "quiet": 2}, "there is an end to it"
        gate.set()
        while begun != {"noisy": 20, "quiet": 3, "third": 1}:
            await asyncio.sleep(0.02)
    stop.set()
    await task
