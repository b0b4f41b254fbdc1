"""Retention: what is old goes with everything, what is not over stays, and nobody sees half of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict

from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import Api, Bench
from tests.automations.runs.traces import in_tables
from tieline.automations.runs import Executor
from tieline.automations.runs import retention as module
from tieline.automations.runs.belongings import KEPT_BY_RUNS, NAMES_OF_RUNS
from tieline.automations.runs.errors import NotRetryable
from tieline.automations.runs.retention import PURGE, SWEEP, Retention, Rule
from tieline.automations.runs.service import COMPLETED, ENDED
from tieline.core import clock
from tieline.core.ids import new_id
from tieline.storage.cluster import SUPERUSER
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.queue import Queue
from tieline.storage.tables import (
    automation_versions,
    automations,
    journal,
    pointers,
    purge_totals,
    runs,
    usage_days,
    webhook_deliveries,
    webhook_subscriptions,
)
from tieline.tenancy import tenants

pytestmark = pytest.mark.anyio

CANARY = "Kanarienvogel7731"


@pytest.fixture
async def retention(database: Database) -> Retention:
    async with database.system() as unit:
        await unit.connection.execute(sa.delete(runs))  # those of earlier tests, whatever tenant's
    return Retention(database, 30)


async def add(bench: Bench, automation: dict[str, Any], *, days: float = 40, entries: int = 3, **values: Any) -> UUID:
    """A run that ended so many days ago, with so many entries in its journal."""
    run_id, moment = new_id(), clock.now() - timedelta(days=days)
    given: dict[str, Any] = {
        "status": "finished",
        "context": "api_async",
        "owner_id": bench.user,
        "created_at": moment,
        "started_at": moment - timedelta(seconds=4),
        "stopped_at": moment,
        "metrics": {"network": {"apiCalls": 2, "rxBytes": 30, "txBytes": 7}},
        "inputs": b'"given"',
        "output": b'["shown"]',
        **values,
    }
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.insert(runs, id=run_id, automation_id=automation["id"], version=1, **given)
        for seq in range(entries):
            await unit.insert(journal, run_id=run_id, seq=seq + 1, kind=1, path="b", data=b"entry")
    return run_id


async def left(bench: Bench) -> set[UUID]:
    async with bench.database.tenant(bench.tenant) as unit:
        return {row["id"] for row in await unit.all(unit.select(runs, runs.c.id))}


@pytest.fixture
def superuser(postgres: Embedded, database_dsn: str) -> str:
    """Address of this module's database for somebody who sees everything."""
    return postgres.address(str(conninfo_to_dict(database_dsn)["dbname"]), SUPERUSER)


async def delivered(bench: Bench, run_id: UUID, *, days: float = 41) -> UUID:
    """The delivery that started a run."""
    delivery, subscription = new_id(), new_id()
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.insert(
            webhook_subscriptions,
            id=subscription,
            token_hash=delivery.bytes,
            sealed=b"",
            consumer="automation:x",
            status="active",
        )
        await unit.insert(
            webhook_deliveries,
            subscription_id=subscription,
            dedup_key="message-1",
            id=delivery,
            status="handled",
            headers={"x": CANARY},
            body=CANARY.encode(),
            received_at=clock.now() - timedelta(days=days),
        )
        await unit.update(runs, runs.c.id == run_id, start_key=f"delivery:{delivery}")
    return delivery


async def test_a_purged_run_leaves_nothing_of_what_it_worked_on(
    bench: Bench, api: Api, worker: Executor, retention: Retention, superuser: str
) -> None:
    call = block(
        "CallUrlBlock", inputs={"url": api.url, "method": "POST", "body": [{"key": "effect", "value": CANARY}]}
    )
    made = document(
        block("ForEachBlock", "many", inputs={"input": "{$.start.items}"}, settings={"collect": True}),
        call,
        block("DataStoreBlock", inputs={"action": "set", "store": "s", "key": "k", "value": "other"}),
        block("ShowBlock", inputs={"input": "{$.start.who}"}),
        block("UpdateJobBlock", inputs={"title": "of {$.start.who}"}),
        block("CallUrlBlock", inputs={"url": f"nowhere://{CANARY}"}),
    )
    automation = await bench.automation(made)
    # What the automation itself says is not the run's: the document is emptied of it.
    run_id = await bench.start(automation, {"who": CANARY, "items": [CANARY * 20_000]})
    row = await bench.ended(run_id)
    await delivered(bench, run_id)
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.update(runs, runs.c.id == run_id, stopped_at=clock.now() - timedelta(days=31))
        await unit.update(automation_versions, automation_versions.c.automation_id == automation["id"], workspace=b"{}")
        await unit.insert(
            pointers, automation_id=automation["id"], block_id="b", inputs_hash="h", value={}, run_id=run_id
        )
    assert row["status"] in ENDED
    there = {"public.runs.inputs", "public.runs.output", "public.runs.title"}
    there |= {"public.journal.data", "public.webhook_deliveries.body", "public.webhook_deliveries.headers"}
    assert there <= set(in_tables(superuser, CANARY))
    before = await retention.preview()
    report = await retention.purge()
    assert report.counts["runs"] == 1
    assert {name: report.counts[name] for name in before.counts} == dict(before.counts)
    assert in_tables(superuser, CANARY) == []
    assert in_tables(superuser, str(run_id)) == []


def test_every_column_that_names_a_run_is_known_to_the_purge(superuser: str) -> None:
    with psycopg.connect(superuser) as connection:
        named = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND (column_name LIKE '%run\\_id' OR column_name IN ('parent_id', 'rerun_of', 'run'))"
        ).fetchall()
        referring = connection.execute(
            "SELECT conrelid::regclass::text FROM pg_constraint WHERE confrelid = 'runs'::regclass"
        ).fetchall()
    owned = {(table.name, "run_id") for table in KEPT_BY_RUNS}
    unknown = {tuple(row) for row in named} - owned - NAMES_OF_RUNS
    assert not unknown, f"retention leaves these behind: put them into runs/belongings.py: {sorted(unknown)}"
    assert {name for (name,) in referring} <= {table.name for table in KEPT_BY_RUNS}


async def test_what_is_young_or_not_over_stays(bench: Bench, retention: Retention) -> None:
    automation = await bench.automation(document())
    parent = await add(bench, automation, status="running", stopped_at=None, worker=None)
    stays = {
        parent,
        await add(bench, automation, days=29),
        await add(bench, automation, status="not started", stopped_at=None),
        await add(bench, automation, status="must stop", stopped_at=None),
        # A sleeping run was stopped before and then retried, or is paused: its status says so.
        await add(bench, automation, status="paused"),
        await add(bench, automation, parent_id=parent, awaited=True),
    }
    goes = {await add(bench, automation, status=status) for status in ENDED}
    assert await left(bench) == stays | goes
    await retention.purge()
    assert await left(bench) == stays
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.update(runs, runs.c.id == parent, status="finished", stopped_at=clock.now())
    assert (await retention.purge()).counts["runs"] == 1


async def test_a_run_of_whose_end_somebody_is_still_to_be_told_stays(bench: Bench, retention: Retention) -> None:
    run = await add(bench, await bench.automation(document()))
    async with bench.database.tenant(bench.tenant) as unit:
        job = await unit.defer(COMPLETED, status="failed", tenant_id=str(bench.tenant), run_id=str(run))
    assert (await retention.purge()).counts == {}
    await bench.database.autocommit("UPDATE procrastinate.procrastinate_jobs SET status='failed' WHERE id = %s", job)
    counts = (await retention.purge()).counts
    assert (counts["runs"], counts["jobs"]) == (1, 1)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        pytest.param({}, Rule(30), id="nothing"),
        pytest.param({"runRetentionDays": 0, "successDataHours": 0}, Rule(0, 0), id="zero"),
        pytest.param({"runRetentionDays": None, "successDataHours": None}, Rule(30), id="null"),
        pytest.param({"runRetentionDays": "7", "successDataHours": True}, Rule(30), id="wrong-types"),
        pytest.param({"runRetentionDays": -1, "successDataHours": -1}, Rule(30), id="negative"),
        pytest.param({"runRetentionDays": 10**9}, Rule(30), id="huge"),
    ],
)
def test_settings_that_make_no_sense_do_not_count(settings: dict[str, Any], rule: Rule) -> None:
    assert Rule.of(settings, 30) == rule


async def test_a_tenant_keeps_its_runs_as_long_as_it_says(bench: Bench, retention: Retention) -> None:
    automation = await bench.automation(document())
    await add(bench, automation, days=400)
    old = await add(bench, automation, days=8)
    async with bench.database.system() as unit:
        await tenants.put_settings(unit, bench.tenant, runRetentionDays=0)
    assert (await retention.purge()).counts == {}
    async with bench.database.system() as unit:
        await tenants.put_settings(unit, bench.tenant, runRetentionDays=9)
    await retention.purge()
    assert await left(bench) == {old}
    assert (await retention.purge(older_than=7.5, tenant=new_id())).counts == {}
    await retention.purge(older_than=7.5)
    assert await left(bench) == set()


async def test_runs_that_went_well_can_be_emptied_sooner(bench: Bench, retention: Retention) -> None:
    automation = await bench.automation(document())
    good = await add(bench, automation, days=1.2)
    bad = await add(bench, automation, days=1.2, status="failed")
    fresh = await add(bench, automation, days=0.8)
    delivery = await delivered(bench, good, days=1.3)
    async with bench.database.system() as unit:
        await tenants.put_settings(unit, bench.tenant, successDataHours=24)
    assert (await retention.preview()).counts == {"emptied": 1, "journal": 3, "webhook_deliveries": 1}
    assert (await retention.purge()).counts == {"emptied": 1, "journal": 3, "webhook_deliveries": 1}
    assert (await retention.purge()).counts == {}
    async with bench.database.tenant(bench.tenant) as unit:
        rows = {row["id"]: row for row in await unit.all(unit.select(runs))}
        kept = await unit.all(unit.select(journal, journal.c.run_id))
        one = await unit.one(unit.select(webhook_deliveries).where(webhook_deliveries.c.id == delivery))
    assert (rows[good]["inputs"], rows[good]["output"], rows[good]["metrics"]["network"]["apiCalls"]) == (None, None, 2)
    assert Counter(row["run_id"] for row in kept) == {bad: 3, fresh: 3}
    assert one is not None
    assert (one["body"], one["dedup_key"]) == (None, "message-1")


async def test_a_long_journal_goes_in_parts_and_cannot_be_retried_between(
    bench: Bench, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KEPT_BY_RUNS, journal, 4)
    run = await add(bench, await bench.automation(document()), entries=10, status="failed")
    async with bench.database.tenant(bench.tenant) as unit:
        row = await bench.runs.get(unit, run)
    condition = retention._gone(Rule(30), None)
    assert condition is not None
    assert await retention._batch(bench.tenant, condition, set(), whole=True) == (Counter(journal=4), 1)
    with pytest.raises(NotRetryable, match="just been purged"):
        async with bench.database.tenant(bench.tenant) as unit:
            await bench.runs.retry(unit, row)
    with pytest.raises(NotRetryable, match="start a new one"):
        async with bench.database.tenant(bench.tenant) as unit:
            await bench.runs.retry(unit, await bench.runs.get(unit, run))
    assert (await retention.purge()).counts["journal"] == 6  # as after a kill between the two
    assert await left(bench) == set()


async def test_a_retry_that_was_first_wins(bench: Bench, retention: Retention) -> None:
    run = await add(bench, await bench.automation(document()), status="failed")
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.retry(unit, await bench.runs.get(unit, run))
        purging = asyncio.create_task(retention.purge())
        assert (await purging).counts == {}  # it does not wait for the row either
    assert await left(bench) == {run}
    assert (await retention.purge()).counts == {}


async def test_any_number_may_purge_at_once_and_usage_stays_as_it_was(
    bench: Bench, retention: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RUNS_AT_ONCE", 7)
    automation = await bench.automation(document())
    for number in range(60):
        await add(bench, automation, days=40 + number % 3, entries=1)
    async with bench.database.system() as unit:
        before = {row["what"]: row["count"] for row in await unit.all(sa.select(purge_totals))}
    reports = await asyncio.gather(*(retention.purge() for _ in range(4)))
    await retention.purge()
    assert sum((report.counts for report in reports), Counter())["runs"] == 60
    async with bench.database.tenant(bench.tenant) as unit:
        days = await unit.all(unit.select(usage_days))
    assert sum(day["runs"] for day in days) == 60
    assert sum(day["api_calls"] for day in days) == 120
    assert sum(day["seconds"] for day in days) == 240
    assert sum(day["received"] for day in days) == 1800
    assert len(days) == 3
    async with bench.database.system() as unit:
        after = {row["what"]: row["count"] for row in await unit.all(sa.select(purge_totals))}
    assert after["runs"] - before.get("runs", 0) == 60


async def test_a_slot_purges_the_tenants_that_have_something_to_purge(bench: Bench, retention: Retention) -> None:
    await add(bench, await bench.automation(document()))
    gone = asyncio.Event()
    queue = Queue(bench.database)

    async def purge_job(**args: Any) -> None:
        await retention.purge_job(**args)
        gone.set()

    queue.register(PURGE, purge_job)
    await asyncio.gather(*(retention.sweep(slot=1) for _ in range(3)))
    jobs = "SELECT task_name, args FROM procrastinate.procrastinate_jobs WHERE task_name = ANY (%s)"
    rows = await bench.database.autocommit(jobs, [SWEEP, PURGE])
    assert Counter(name for name, _ in rows) == {SWEEP: 1, PURGE: 1}
    stop = asyncio.Event()
    working = asyncio.create_task(queue.run_worker(1, stop))
    await asyncio.wait_for(gone.wait(), 20)
    stop.set()
    await working
    assert await left(bench) == set()


async def test_the_last_run_of_an_automation_may_be_gone(bench: Bench, retention: Retention) -> None:
    automation = await bench.automation(document())
    run = await add(bench, automation)
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.update(
            automations, automations.c.id == automation["id"], last_run_id=run, last_run_status="finished"
        )
    await retention.purge()
    async with bench.database.tenant(bench.tenant) as unit:
        row = await unit.one(unit.select(automations).where(automations.c.id == automation["id"]))
    assert row is not None
    assert (row["last_run_id"], row["last_run_status"]) == (None, "finished")
