"""What durable blocks cost, against bare inserts of the rows that they leave: pure, write, 16 runs, short runs, a loop.

    python -m bench engine [--blocks 4000] [--rounds 5]

The engine runs real automations on the real journal (embedded PostgreSQL, fsync on); the write block does nothing but
be a write. The bare loops insert rows of the same number and size on one connection: for write blocks one row a
commit, for pure blocks and for 16 runs the same groups. For runs of 50 blocks and for the loop over 10,000 records a
plain Python loop also does the work itself, and for each run the two updates of its row that begin and end it. Rounds
are interleaved; medians, and ratios engine / bare, are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tieline.automations.engine.context import BlockContext, Services
from tieline.automations.engine.registry import BlockType, CompileContext, register
from tieline.automations.runs import Executor, Runs
from tieline.core import json
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.storage.journal import JournalStore
from tieline.storage.roles import SYSTEM
from tieline.storage.tables import automation_versions, automations, journal, partners, tenants, users

PARALLEL = 16
FIFTY = 50
SHORT_RUNS = 20
RECORDS = 10_000
BEGIN_OR_END = "UPDATE runs SET fence = fence + 1, updated_at = now() WHERE tenant_id = %s AND id = %s"
INSERT = """
    INSERT INTO journal (tenant_id, run_id, seq, kind, path, data)
    SELECT %s, %s, seq, 1, 'b', data FROM unnest(%s::bigint[], %s::bytea[]) AS entry (seq, data)
"""


@register
class BenchWrite(BlockType):
    """A write that does nothing."""

    type = "BenchWrite"

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("body"))

    def effect(self, program: Any) -> bool:
        return True

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return program.evaluate(context.state, context.env)

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return {"id": inputs}


def looped(block: dict[str, Any], count: int) -> dict[str, Any]:
    """start -> loop over ``count`` numbers -> the block."""
    numbers = json.dumps(list(range(count))).decode()
    return {
        "blocks": [
            {"id": "S", "type": "StartBlock", "name": "start", "childId": "L", "inputs": []},
            {
                "id": "L",
                "type": "ForEachBlock",
                "name": "loop",
                "loopBlockId": "B",
                "inputs": [{"id": "input", "value": numbers}],
            },
            {"id": "B", "name": "block", **block},
        ],
        "variables": [{"guid": "n", "name": "n", "type": "number"}],
    }


def row_of(count: int) -> dict[str, Any]:
    """start -> so many blocks that show a text."""
    names = ["S", *(f"O{number}" for number in range(count))]
    blocks: list[dict[str, Any]] = [
        {"id": name, "type": "ShowBlock", "name": name, "inputs": [{"id": "input", "value": f"text {name}"}]}
        for name in names
    ]
    blocks[0] |= {"type": "StartBlock", "inputs": []}
    for block, following in pairwise(blocks):
        block["childId"] = following["id"]
    return {"blocks": blocks, "variables": []}


PURE = {"type": "VariableBlock", "variableGuid": "n", "operations": [{"id": "add", "value": "{$.loop.item}"}]}
WRITE = {"type": "BenchWrite", "inputs": [{"id": "body", "value": "{$.loop.item}"}]}


class Bench:
    """One tenant, one executor."""

    def __init__(self, database: Database, executor: Executor, tenant: UUID, user: UUID) -> None:
        self.database, self.executor, self.tenant, self.user = database, executor, tenant, user
        self._runs = Runs(database)

    async def prepare(self, document: dict[str, Any]) -> UUID:
        """A run that waits to be executed."""
        identity = new_id()
        async with self.database.tenant(self.tenant) as unit:
            await unit.insert(
                automations, id=identity, name="bench", owner_id=self.user, version=1, max_concurrent_runs=1000
            )
            await unit.insert(automation_versions, automation_id=identity, version=1, workspace=json.dumps(document))
            row = await unit.one(unit.select(automations).where(automations.c.id == identity))
            assert row is not None
            run: UUID = (await self._runs.start(unit, automation=row, context="api_async"))["id"]
        return run

    async def execute(self, *runs: UUID) -> float:
        """Seconds for all of them at once."""
        started = time.perf_counter()
        await asyncio.gather(*(self.executor.execute(str(self.tenant), str(run)) for run in runs))
        return time.perf_counter() - started

    async def rows(self, *runs: UUID) -> list[int]:
        """Sizes of the journal rows that runs left."""
        async with self.database.system() as unit:
            found = await unit.all(unit.select(journal, journal.c.data).where(journal.c.run_id.in_(runs)))
        return [len(row["data"]) for row in found]

    async def bare(self, sizes: list[int], together: int) -> float:
        """Seconds to insert rows of these sizes, ``together`` in each commit."""
        connection = await self.database.connect()
        run, rows = new_id(), [bytes(size) for size in sizes]
        async with connection:
            await connection.execute(f"SET ROLE {SYSTEM}")  # type: ignore[arg-type, unused-ignore]
            started = time.perf_counter()
            for first in range(0, len(rows), together):
                chunk = rows[first : first + together]
                numbers = "{" + ",".join(map(str, range(first, first + len(chunk)))) + "}"
                await connection.execute(INSERT, [self.tenant, run, numbers, chunk], prepare=True)
            return time.perf_counter() - started

    async def bare_runs(self, runs: list[UUID]) -> float:
        """Seconds for a plain loop that does what runs of 50 blocks do, and writes what they write."""
        sizes = await self.rows(*runs)
        connection = await self.database.connect()
        async with connection:
            await connection.execute(f"SET ROLE {SYSTEM}")  # type: ignore[arg-type, unused-ignore]
            started = time.perf_counter()
            for run, size in zip(runs, sizes, strict=True):
                await connection.execute(BEGIN_OR_END, [self.tenant, run], prepare=True)
                shown: list[str] = []
                for number in range(FIFTY):
                    shown.append(f"text O{number}")
                await connection.execute(INSERT, [self.tenant, new_id(), "{1}", [bytes(size)]], prepare=True)
                await connection.execute(BEGIN_OR_END, [self.tenant, run], prepare=True)
            return time.perf_counter() - started


async def compare(bench: Bench, blocks: int, rounds: int) -> None:
    """Prints a line for each kind of work."""

    async def pure() -> tuple[float, float]:
        run = await bench.prepare(looped(PURE, blocks))
        took = await bench.execute(run)
        return took, await bench.bare(await bench.rows(run), 1)

    async def write() -> tuple[float, float]:
        run = await bench.prepare(looped(WRITE, blocks))
        took = await bench.execute(run)
        return took, await bench.bare(await bench.rows(run), 1)

    async def parallel() -> tuple[float, float]:
        runs = [await bench.prepare(looped(WRITE, blocks // PARALLEL)) for _ in range(PARALLEL)]
        took = await bench.execute(*runs)
        return took, await bench.bare(await bench.rows(*runs), PARALLEL)

    async def short() -> tuple[float, float]:
        runs = [await bench.prepare(row_of(FIFTY)) for _ in range(SHORT_RUNS)]
        took = 0.0
        for run in runs:
            took += await bench.execute(run)
        return took, await bench.bare_runs(runs)

    async def loop() -> tuple[float, float]:
        run = await bench.prepare(looped(PURE, RECORDS))
        took, started, total = await bench.execute(run), time.perf_counter(), 0
        for item in range(RECORDS):
            total += item
        computed = time.perf_counter() - started
        return took, computed + await bench.bare(await bench.rows(run), 1)

    works: list[tuple[str, Callable[[], Awaitable[tuple[float, float]]]]] = [
        ("pure blocks, one run", pure),
        ("write blocks, one run", write),
        (f"write blocks, {PARALLEL} runs at once", parallel),
        (f"runs of {FIFTY} blocks", short),
        (f"a loop over {RECORDS:,} records", loop),
    ]
    counts = {f"runs of {FIFTY} blocks": SHORT_RUNS * FIFTY, f"a loop over {RECORDS:,} records": RECORDS}
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name, _ in works}
    for number in range(rounds + 1):
        for name, work in works:
            found = await work()
            if number:  # the first round warms up
                measured[name].append(found)
    print(f"{'work':32} {'engine us/block':>16} {'bare us/block':>14} {'ratio':>18}")
    for name, pairs in measured.items():
        each = counts.get(name, blocks)
        ours = statistics.median(took for took, _ in pairs) / each * 1e6
        theirs = statistics.median(bare for _, bare in pairs) / each * 1e6
        ratios = sorted(took / bare for took, bare in pairs)
        middle = statistics.median(ratios)
        print(f"{name:32} {ours:16.1f} {theirs:14.1f} {middle:7.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})")


async def measure(blocks: int, rounds: int, folder: Path) -> None:
    async with await Database.open(None, folder) as database, JournalStore(database) as store:
        partner, tenant, user = new_id(), new_id(), new_id()
        async with database.system() as unit:
            await unit.insert(partners, id=partner, name="bench", app_id="bench")
            await unit.insert(tenants, id=tenant, partner_id=partner, external_id="bench", name="bench")
            await unit.insert(users, tenant_id=tenant, id=user, external_id="bench")
        executor = Executor(database, store, Services(), worker="bench")
        await compare(Bench(database, executor, tenant, user), blocks, rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tieline-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        asyncio.run(measure(args.blocks, args.rounds, folder / "data"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
