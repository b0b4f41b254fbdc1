"""Priorities of automations: what goes first within a tenant, and what no priority takes from another tenant."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import Bench, working
from tieline.automations.runs.places import HIGH, LOW, NORMAL
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.storage.tables import automations, partners, runs, tenants

pytestmark = pytest.mark.anyio

WORD = document(block("ShowBlock", inputs={"input": "x"}))


class Queue:
    """Starts runs under names, and says in which order a worker has taken them."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.names: dict[UUID, str] = {}
        self.made: dict[tuple[UUID, int], dict[str, Any]] = {}

    async def add(self, names: str, *, level: int = NORMAL, tenant: UUID | None = None) -> None:
        bench = self.bench if tenant is None else replace(self.bench, tenant=tenant)
        key = bench.tenant, level
        if key not in self.made:
            row = await bench.automation(WORD, concurrent=200)
            async with bench.database.tenant(bench.tenant) as unit:
                await unit.update(automations, automations.c.id == row["id"], priority=level)
            self.made[key] = {**row, "priority": level}
        for name in names.split():
            self.names[await bench.start(self.made[key])] = name

    async def order(self) -> str:
        async with working(self.bench.database, places=1), asyncio.timeout(60):
            while True:
                async with self.bench.database.system() as unit:
                    rows = await unit.all(runs.select().where(runs.c.id.in_(self.names)).order_by(runs.c.started_at))
                if all(row["stopped_at"] for row in rows):
                    return " ".join(self.names[row["id"]] for row in rows)
                await asyncio.sleep(0.05)


@pytest.fixture
async def queue(bench: Bench) -> Queue:
    async with bench.database.system() as unit:
        await unit.update(runs, runs.c.stopped_at.is_(None), status="stopped")  # those of earlier tests
    return Queue(bench)


async def neighbour(database: Database) -> UUID:
    partner, tenant = new_id(), new_id()
    async with database.system() as unit:
        await unit.insert(partners, id=partner, name="p", app_id=str(partner))
        await unit.insert(tenants, id=tenant, partner_id=partner, external_id="t", name="t")
    return tenant


async def test_high_overtakes_what_its_own_tenant_has_waiting(queue: Queue) -> None:
    await queue.add("n1 n2 n3")
    await queue.add("h1 h2", level=HIGH)
    assert await queue.order() == "n1 h1 n2 h2 n3"


async def test_low_is_overtaken_by_what_comes_later(queue: Queue) -> None:
    await queue.add("l1 l2", level=LOW)
    await queue.add("n1 n2")
    assert await queue.order() == "n1 n2 l1 l2"


async def test_no_priority_comes_before_the_first_run_of_another_tenant(queue: Queue) -> None:
    other = await neighbour(queue.bench.database)
    await queue.add("n1 n2")
    await queue.add("h1 h2 h3", level=HIGH)
    await queue.add("other1 other2", tenant=other)
    assert await queue.order() == "n1 other1 h1 n2 other2 h2 h3"


async def test_all_high_has_no_more_turns_than_all_normal(queue: Queue) -> None:
    other = await neighbour(queue.bench.database)
    await queue.add("h1 h2 h3 h4", level=HIGH)
    await queue.add("o1 o2 o3 o4", tenant=other)
    assert await queue.order() == "h1 o1 h2 o2 h3 o3 h4 o4"


async def test_what_high_ones_gain_the_tenants_normal_ones_pay(queue: Queue) -> None:
    other = await neighbour(queue.bench.database)
    await queue.add("n1 n2")
    await queue.add("h1 h2", level=HIGH)
    await queue.add("n3")
    await queue.add("o1 o2 o3 o4 o5 o6", tenant=other)
    order = (await queue.order()).split()
    assert order.index("n3") > order.index("o6")
