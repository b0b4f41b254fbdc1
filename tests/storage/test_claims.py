"""Runs are taken and ended in one transaction each, and never more of them at a time than an automation may have."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from tests.storage.making import make_run
from tieline.core import clock
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.storage.endings import Ending
from tieline.storage.journal import JournalStore, RunClaim
from tieline.storage.tables import automations, notices, runs

pytestmark = pytest.mark.anyio
TASK = "claims-test"


@pytest.fixture
async def stores(database: Database) -> AsyncIterator[tuple[JournalStore, JournalStore]]:
    """Those of two workers."""
    async with JournalStore(database) as one, JournalStore(database) as other:
        yield one, other


async def crowd(database: Database, *, size: int, limit: int) -> tuple[UUID, UUID, list[UUID]]:
    """(tenant, automation, so many of its runs that have not started), of which ``limit`` may run at a time."""
    tenant, first = await make_run(database)
    async with database.system() as unit:
        row = await unit.one(select(runs).where(runs.c.id == first))
        assert row is not None
        others = [row | {"id": new_id()} for _ in range(size - 1)]
        if others:
            await unit.connection.execute(runs.insert(), others)
        await unit.connection.execute(update(runs).where(runs.c.tenant_id == tenant).values(status="not started"))
        await unit.connection.execute(
            update(automations).where(automations.c.tenant_id == tenant).values(max_concurrent_runs=limit)
        )
    return tenant, row["automation_id"], [first, *(other["id"] for other in others)]


def ending(claim: RunClaim, **values: Any) -> Ending:
    return Ending(
        **{
            "tenant_id": claim.tenant_id,
            "automation_id": claim.row["automation_id"],
            "run_id": claim.run_id,
            "fence": claim.fence,
            "metrics": b'{"items":1}',
            "output": b"[1]",
            "title": "",
            "started_at": claim.row["started_at"],
            "stopped_at": clock.now(),
            "followed": b'[{"automationId":"nobody"}]',
            "notice": "none",
            "task": TASK,
            **values,
        }
    )


async def statuses(database: Database, tenant: UUID) -> Counter[str]:
    async with database.system() as unit:
        return Counter(row["status"] for row in await unit.all(select(runs.c.status).where(runs.c.tenant_id == tenant)))


async def jobs(database: Database, tenant: UUID) -> int:
    rows = await database.autocommit(
        "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE task_name = %s AND args ->> 'tenant_id' = %s",
        TASK,
        str(tenant),
    )
    return int(rows[0][0])


async def test_no_more_runs_begin_than_may_and_each_end_lets_one_more(
    database: Database, stores: tuple[JournalStore, JournalStore]
) -> None:
    tenant, _, waiting = await crowd(database, size=24, limit=3)
    taken = await asyncio.gather(*(stores[n % 2].take(tenant, run, f"w{n % 2}") for n, run in enumerate(waiting)))
    going = [claim for claim in taken if claim is not None]
    assert len(going) == 3
    assert await statuses(database, tenant) == {"running": 3, "queued": 21}
    ended = await asyncio.gather(*(stores[n % 2].finish(ending(c)) for n, c in enumerate(going)))
    assert ended == [True, True, True]
    assert await statuses(database, tenant) == {"finished": 3, "starting": 3, "queued": 18}
    assert await jobs(database, tenant) == 3


async def test_the_end_of_a_run_is_written_once_and_by_who_has_it(
    database: Database, stores: tuple[JournalStore, JournalStore]
) -> None:
    tenant, automation, (run,) = await crowd(database, size=1, limit=1)
    old = await stores[0].take(tenant, run, "old")
    new = await stores[1].take(tenant, run, "new")
    assert old is not None
    assert new is not None
    assert new.fence == old.fence + 1
    assert not await stores[0].finish(ending(old))
    async with database.system() as unit:
        await unit.connection.execute(update(automations).where(automations.c.id == automation).values(last_run_id=run))
    assert await stores[1].finish(ending(new, title="done"))
    async with database.system() as unit:
        row = await unit.one(select(runs).where(runs.c.id == run))
        told = await unit.one(select(automations).where(automations.c.id == automation))
    assert row is not None
    assert told is not None
    assert (row["status"], row["output"], row["metrics"], row["title"]) == ("finished", b"[1]", {"items": 1}, "done")
    assert (told["last_run_status"], told["last_run_at"]) == ("finished", row["stopped_at"])
    assert await stores[0].take(tenant, run, "third") is None, "it is over"


@pytest.mark.parametrize("reason", ["followed", "troubled"])
async def test_an_end_that_others_have_to_hear_of_goes_the_long_way(
    database: Database, stores: tuple[JournalStore, JournalStore], reason: str
) -> None:
    tenant, automation, (run,) = await crowd(database, size=1, limit=1)
    claim = await stores[0].take(tenant, run, "w")
    assert claim is not None
    follows = [{"automationId": str(automation)}]
    async with database.tenant(tenant) as unit:
        if reason == "followed":
            await unit.update(automations, automations.c.id == automation, follows=[*follows, {"more": 1}])
        else:
            await unit.insert(notices, id=new_id(), kind="k", subject="s", key="bad", title="t", data={"state": "bad"})
    said = f'[{{"automationId":"{automation}"}}]'.encode()
    assert not await stores[0].finish(ending(claim, followed=said, notice="bad"))
    assert await statuses(database, tenant) == {"running": 1}
