"""Many tenants, worker processes and their cost: what `tenants`, `sleeping`, `day` and `short_runs` have in common.

Real parts: an embedded PostgreSQL (fsync on) in a folder of its own, and ``tieline worker`` processes. Runs are started
by the product's own service, from the process that measures.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from sqlalchemy import text

from tieline.automations.runs import Runs
from tieline.automations.runs.errors import QueueFull
from tieline.core.ids import new_id
from tieline.storage import embedded
from tieline.storage.database import Database
from tieline.storage.location import cluster_of
from tieline.storage.tables import automation_versions, automations, partners, tenants

Block = dict[str, Any]


def show(value: str = "x", identity: str = "O") -> Block:
    """A block that shows a text."""
    return {"id": identity, "type": "ShowBlock", "name": identity, "inputs": [{"id": "input", "value": value}]}


def pause(seconds: float, identity: str = "Z") -> Block:
    """A block that waits; over 2 seconds it gives the worker back."""
    return {"id": identity, "type": "SleepBlock", "name": identity, "inputs": [{"id": "time", "value": seconds}]}


def count(items: int) -> list[Block]:
    """A loop that keeps the processor busy: about 30 us an item."""
    loop = {
        "id": "L",
        "type": "ForEachBlock",
        "name": "loop",
        "loopBlockId": "V",
        "inputs": [{"id": "input", "value": json.dumps(list(range(items)))}],
    }
    add = {
        "id": "V",
        "type": "VariableBlock",
        "name": "add",
        "variableGuid": "n",
        "operations": [{"id": "add", "value": "{$.loop.item}"}],
    }
    return [loop, add]


def document(*row: Block, mode: str = "manual", apart: Sequence[Block] = ()) -> dict[str, Any]:
    """A workspace: start, then ``row``; ``apart``: blocks inside of loops."""
    start = {"id": "S", "type": "StartBlock", "name": "start", "inputs": [{"id": "run_mode", "value": mode}]}
    blocks = [start, *row]
    for block, following in pairwise(blocks):
        block["childId"] = following["id"]
    return {"blocks": [*blocks, *apart], "variables": [{"guid": "n", "name": "n", "type": "number"}]}


def busy(items: int) -> dict[str, Any]:
    """start -> loop over ``items`` numbers -> add to a variable."""
    loop, add = count(items)
    return document(loop, apart=[add])


@dataclass(frozen=True, slots=True)
class Automation:
    """One automation and the tenant whose it is."""

    tenant: UUID
    row: dict[str, Any]


class World:
    """A database with tenants in it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self._runs = Runs(database)
        self._partner: UUID | None = None

    async def tenants(self, number: int) -> list[UUID]:
        """So many new ones."""
        made = [new_id() for _ in range(number)]
        async with self.database.system() as unit:
            if self._partner is None:
                self._partner = new_id()
                await unit.insert(partners, id=self._partner, name="bench", app_id=str(self._partner))
            rows = [{"id": one, "partner_id": self._partner, "external_id": str(one), "name": "t"} for one in made]
            await unit.connection.execute(tenants.insert(), rows)
        return made

    async def automations(
        self, owners: Sequence[UUID], workspace: Mapping[str, Any], **values: Any
    ) -> list[Automation]:
        """One for each of the tenants."""
        rows = [
            {"tenant_id": one, "id": new_id(), "name": "bench", "owner_id": one, "version": 1, **values}
            for one in owners
        ]
        body = json.dumps(workspace).encode()
        versions = [
            {"tenant_id": row["tenant_id"], "automation_id": row["id"], "version": 1, "workspace": body} for row in rows
        ]
        async with self.database.system() as unit:
            await unit.connection.execute(automations.insert(), rows)
            await unit.connection.execute(automation_versions.insert(), versions)
            found = await unit.all(automations.select().where(automations.c.id.in_([row["id"] for row in rows])))
        return [Automation(row["tenant_id"], row) for row in found]

    async def start(self, automation: Automation, *, context: str = "api_async", **more: Any) -> bool:
        """Starts a run; False where the tenant has too many waiting."""
        try:
            async with self.database.tenant(automation.tenant) as unit:
                await self._runs.start(unit, automation=automation.row, context=context, **more)
        except QueueFull:
            return False
        return True

    async def left(self, *where: str) -> int:
        """Runs that have not ended."""
        condition = " AND ".join(["stopped_at IS NULL", *where])
        async with self.database.system() as unit:
            found: int = await unit.scalar(text(f"SELECT count(*) FROM runs WHERE {condition}"))
        return found

    async def drained(self, *where: str, within: float = 600.0) -> None:
        """Returns when no run is left; raises `TimeoutError`."""
        async with asyncio.timeout(within):
            while await self.left(*where):
                await asyncio.sleep(0.1)

    def postgres(self) -> list[psutil.Process]:
        """The processes of the database server."""
        cluster = cluster_of(self.folder / "data" / "postgres")
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        master = psutil.Process(pid)
        return [master, *master.children(recursive=True)]


@asynccontextmanager
async def world(*, pool: int = 8) -> AsyncIterator[World]:
    """An empty one; nothing of it is left behind."""
    with tempfile.TemporaryDirectory(prefix="tieline-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        try:
            async with await Database.open(None, folder / "data", pool_size=pool) as database:
                yield World(database, folder)
        finally:
            embedded.destroy(folder / "data")


class Workers:
    """``tieline worker`` processes on a world's database."""

    def __init__(self, folder: Path, number: int, *, source: str | None = None, concurrency: int = 16) -> None:
        environment = {
            **os.environ,
            "TIELINE_DATA_DIR": str(folder / "data"),
            "TIELINE_LOG_LEVEL": "warning",
            **({"PYTHONPATH": source} if source else {}),
        }
        self._log = (folder / "workers.log").open("ab")
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tieline", "worker", "--concurrency", str(concurrency)],
                env=environment,
                stdout=self._log,
                stderr=self._log,
                cwd=folder,
            )
            for _ in range(number)
        ]

    @property
    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(process.pid) for process in self._processes]

    def memory(self) -> int:
        """Resident bytes of all of them."""
        return sum(process.memory_info().rss for process in self.processes)

    def stop(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()


@contextmanager
def working(world: World, number: int, *, source: str | None = None, concurrency: int = 16) -> Iterator[Workers]:
    """So many workers; ``source``: a folder of other sources, to compare with."""
    workers = Workers(world.folder, number, source=source, concurrency=concurrency)
    try:
        yield workers
    finally:
        workers.stop()


async def ready(world: World, number: int, within: float = 60.0) -> None:
    """Returns when so many workers have signed on."""
    async with asyncio.timeout(within):
        while (await world.database.autocommit("SELECT count(*) FROM procrastinate.tieline_workers"))[0][0] < number:
            await asyncio.sleep(0.1)


class Cost:
    """Processor seconds of workers and of the database since it was made."""

    def __init__(self, world: World, workers: Workers) -> None:
        self._world, self._workers = world, workers
        self._began, self._before = time.monotonic(), self._now()

    def _now(self) -> tuple[dict[int, float], dict[int, float]]:
        return seconds(self._workers.processes), seconds(self._world.postgres())

    def spent(self) -> dict[str, float]:
        """``worker`` and ``postgres`` in processor seconds, ``seconds`` on the clock."""
        after = self._now()
        names = ("worker", "postgres")
        spent = {
            name: sum(value - before.get(pid, 0.0) for pid, value in now.items())
            for name, before, now in zip(names, self._before, after, strict=True)
        }
        return {**spent, "seconds": time.monotonic() - self._began}


def seconds(processes: Sequence[psutil.Process]) -> dict[int, float]:
    """Processor seconds of each."""
    found = {}
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found[process.pid] = times.user + times.system
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie; 0 without values."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


async def latencies(world: World, since: Any, *, leaving: UUID | None = None) -> list[float]:
    """Milliseconds from creation to start of each run that was created since; without those of tenant ``leaving``."""
    statement = text(
        "SELECT extract(epoch FROM started_at - created_at)::float8 * 1000 AS ms FROM runs "
        "WHERE created_at >= :since AND started_at IS NOT NULL AND tenant_id <> :leaving"
    )
    async with world.database.system() as unit:
        rows = await unit.all(statement.bindparams(since=since, leaving=leaving or UUID(int=0)))
    return [row["ms"] for row in rows]
