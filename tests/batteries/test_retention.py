"""Purges that are killed, that meet each other and retries leave no run in half, and in the end nothing on the disk."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from tests.automations.runs.traces import in_files, in_tables
from tests.fixtures.storage import new_folder
from tieline.automations.runs import Runs
from tieline.automations.runs.errors import NotRetryable
from tieline.core import clock, json
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.storage import embedded
from tieline.storage.cluster import SUPERUSER
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.tables import (
    automations,
    journal,
    partners,
    purge_totals,
    run_blobs,
    runs,
    tenants,
    usage_days,
    users,
)

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.timeout(600)]

CANARY = "Kanarienvogel7731"
RUNS, ENTRIES, FAILED = 1_200, 60, 240


@pytest.fixture
async def place() -> AsyncIterator[tuple[Path, Database, str]]:
    """A data folder of its own, its database, and the address of its superuser."""
    folder = new_folder()
    try:
        async for made in _opened(folder):
            yield made
    finally:
        embedded.destroy(folder / "data")
        shutil.rmtree(folder)


async def _opened(folder: Path) -> AsyncIterator[tuple[Path, Database, str]]:
    async with await Database.open(None, folder / "data") as database:
        server = Embedded.join(folder / "data")
        try:
            name = psycopg.conninfo.conninfo_to_dict(database.dsn)["dbname"]
            yield folder / "data", database, server.address(str(name), SUPERUSER)
        finally:
            server.leave()


async def fill(database: Database) -> tuple[UUID, list[UUID]]:
    """Old runs of one tenant, each with the canary wherever a run has data; the tenant, and those that failed."""
    partner, tenant, user, automation = new_id(), new_id(), new_id(), new_id()
    async with database.system() as unit:
        await unit.insert(partners, id=partner, name="p", app_id="p")
        await unit.insert(tenants, id=tenant, partner_id=partner, external_id="t", name="t")
    failed = []
    async with database.tenant(tenant) as unit:
        await unit.insert(users, id=user, external_id="u")
        await unit.insert(automations, id=automation, name="a", owner_id=user, version=1)
        for number in range(RUNS):
            run, ended = new_id(), clock.now() - timedelta(days=40, seconds=number)
            bad = number % (RUNS // FAILED) == 0
            said = f"{CANARY} {number}".encode()
            await unit.insert(
                runs,
                id=run,
                automation_id=automation,
                version=1,
                status="failed" if bad else "finished",
                context="api_async",
                owner_id=user,
                title=said.decode(),
                inputs=said,
                output=said,
                error=[{"detail": said.decode()}],
                start_key=f"{said.decode()} key",
                metrics={"network": {"apiCalls": 1, "rxBytes": 2, "txBytes": 3}},
                created_at=ended,
                started_at=ended,
                stopped_at=ended,
            )
            await unit.connection.execute(
                text(
                    "INSERT INTO journal (tenant_id, run_id, seq, kind, path, data) "
                    "SELECT :tenant, :run, seq, 1, 'b', :data FROM generate_series(1, :entries) AS seq"
                ),
                {"tenant": tenant, "run": run, "data": said + os.urandom(300), "entries": ENTRIES},
            )
            await unit.insert(run_blobs, run_id=run, id=new_id(), data=said + os.urandom(9_000))
            if bad:
                failed.append(run)
    return tenant, failed


async def purge(folder: Path, *options: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, "TIELINE_DATA_DIR": str(folder)}
    command = (sys.executable, "-m", "tieline", "runs", "purge", "--json", *options)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)


async def report(process: asyncio.subprocess.Process) -> dict[str, Any]:
    said, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    found: dict[str, Any] = json.loads(said)
    return found


async def retry(database: Database, tenant: UUID, run: UUID) -> bool:
    """Whether the retry was accepted."""
    service = Runs(database)
    try:
        async with database.tenant(tenant) as unit:
            await service.retry(unit, await service.get(unit, run))
    except (NotRetryable, NotFound):
        return False
    return True


async def test_killed_and_competing_purges_leave_nothing_in_half_and_nothing_on_disk(
    place: tuple[Path, Database, str],
) -> None:
    folder, database, superuser = place
    tenant, failed = await fill(database)

    def administer(statement: str) -> Any:
        with psycopg.connect(superuser, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone() if cursor.description else None

    tables = ("journal", "run_blobs", "runs")
    size = "SELECT " + " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
    administer("ANALYZE")
    administer("CHECKPOINT")
    full = administer(size)[0]
    assert in_files(folder, CANARY)
    seen = in_tables(superuser, CANARY)
    assert "pg_stats" not in seen
    dry = await report(await purge(folder, "--dry-run"))
    assert dry["rows"] == {"runs": RUNS, "journal": RUNS * ENTRIES, "run_blobs": RUNS}

    chance = random.Random(7731)
    accepted: set[UUID] = set()
    kills = halves = 0
    for _ in range(8):
        before = administer("SELECT count(*) FROM journal")
        processes = [await purge(folder) for _ in range(2)]
        # Until one of them has begun, then somewhere in the work.
        while administer("SELECT count(*) FROM journal") == before and None in [each.returncode for each in processes]:
            await asyncio.sleep(0.02)
        for run in chance.sample(failed, 6):
            if await retry(database, tenant, run):
                accepted.add(run)
        await asyncio.sleep(chance.uniform(0, 0.1))
        for process in processes:
            if process.returncode is None:
                process.kill()
                kills += 1
        await asyncio.gather(*(process.communicate() for process in processes))
        async with database.system() as unit:
            left = await unit.all(journal.select().with_only_columns(journal.c.run_id))
        entries = Counter(row["run_id"] for row in left)
        halves += sum(0 < count < ENTRIES for count in entries.values())
        assert all(entries[run] == ENTRIES for run in accepted), "a retried run lost a part of its journal"
    await report(await purge(folder))

    async with database.system() as unit:
        rows = {row["id"]: row["status"] for row in await unit.all(runs.select())}
        kept = Counter(row["run_id"] for row in await unit.all(journal.select().with_only_columns(journal.c.run_id)))
        purged = {row["what"]: row["count"] for row in await unit.all(purge_totals.select())}
        used = await unit.all(usage_days.select())
    assert set(rows) == accepted
    assert set(rows.values()) <= {"not started"}
    assert kept == dict.fromkeys(accepted, ENTRIES)
    assert purged["runs"] == sum(day["runs"] for day in used) == RUNS - len(accepted)
    assert purged["journal"] == (RUNS - len(accepted)) * ENTRIES

    # Those that were retried are over as well, and go.
    async with database.tenant(tenant) as unit:
        await unit.update(runs, runs.c.status == "not started", status="failed", stopped_at=clock.now())
    await report(await purge(folder, "--older-than", "0"))
    assert in_tables(superuser, CANARY) == []
    for table in tables:
        administer(f"VACUUM {table}")
    administer("CHECKPOINT")
    plain, traces = administer(size)[0], in_files(folder, CANARY)
    assert (await report(await purge(folder, "--older-than", "0", "--reclaim")))["reclaimed"] is True
    administer("CHECKPOINT")
    print(f"{kills} purges killed, {halves} runs met in half, {len(accepted)} retries won")
    print(
        f"{full:,} bytes, after VACUUM {plain:,} with traces in {len(traces)} files, reclaimed {administer(size)[0]:,}"
    )
    assert in_files(folder, CANARY) == []
    assert administer(size)[0] < full / 20
