"""Speed of the run journal against a bare psycopg loop that does the same inserts.

Rounds of both are interleaved in one process, so that a noisy machine is noisy for both; read the ratios.

    python bench/journal.py [--rounds 5] [--blocks 400] [--url postgresql://...]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import uvloop

from tieline.core.ids import new_id
from tieline.storage import embedded, tables
from tieline.storage.database import Database
from tieline.storage.journal import Entry, JournalStore, RunClaim

DATA = b'{"id":12345,"name":"Ada Lovelace","email":"ada@example.org","tags":["a","b"],"updated":"2026-01-01T00:00:00Z"}'
PARALLEL = 16
BARE_ROW = "INSERT INTO journal (tenant_id, run_id, seq, kind, path, data) VALUES (%s, %s, %s, %s, %s, %s)"
BARE_GROUP = (
    "INSERT INTO journal (tenant_id, run_id, seq, kind, path, data) "
    "SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::smallint[], %s::text[], %s::bytea[])"
)


class Bench:
    def __init__(self, database: Database, store: JournalStore, bare: psycopg.AsyncConnection, blocks: int) -> None:
        self.database, self.store, self.bare, self.blocks = database, store, bare, blocks

    async def new_run(self) -> RunClaim:
        tenant, partner, automation, run = new_id(), new_id(), new_id(), new_id()
        async with self.database.system() as unit:
            await unit.insert(tables.partners, id=partner, name="bench", app_id=str(partner))
            await unit.insert(tables.tenants, id=tenant, partner_id=partner, external_id="bench", name="bench")
            await unit.insert(
                tables.automations, tenant_id=tenant, id=automation, name="bench", owner_id=tenant, version=1
            )
            await unit.insert(
                tables.runs,
                tenant_id=tenant,
                id=run,
                automation_id=automation,
                version=1,
                status="queued",
                context="bench",
                owner_id=tenant,
            )
        return await self.store.claim(tenant, run, "bench")

    async def write_blocks(self) -> int:
        """Every block waits until it is on disk."""
        run = await self.new_run()
        for seq in range(self.blocks):
            await self.store.append(run, (Entry(seq + 1, 2, f"block-{seq % 7}.{seq}", DATA),))
        return self.blocks

    async def bare_rows(self) -> int:
        run = await self.new_run()
        for seq in range(self.blocks):
            await self.bare.execute(
                BARE_ROW, [run.tenant_id, run.run_id, seq + 1, 2, f"block-{seq % 7}.{seq}", DATA], prepare=True
            )
        return self.blocks

    async def pure_blocks(self) -> int:
        """Blocks go on at once; the last waits for all. Yields as an interpreter does."""
        run, count = await self.new_run(), self.blocks * 20
        done = None
        for seq in range(count):
            done = self.store.append(run, (Entry(seq + 1, 1, f"block-{seq % 7}.{seq}", DATA),))
            if seq % 50 == 49:
                await asyncio.sleep(0)
        if done:
            await done
        return count

    async def bare_groups(self) -> int:
        """The same grouping as a writer that takes what has gathered: here, a thousand at once."""
        run, count = await self.new_run(), self.blocks * 20
        for first in range(0, count, 1000):
            seqs = range(first, min(first + 1000, count))
            await self.group([run] * len(seqs), list(seqs))
        return count

    async def parallel_writes(self) -> int:
        runs = [await self.new_run() for _ in range(PARALLEL)]

        async def one(run: RunClaim) -> None:
            for seq in range(self.blocks):
                await self.store.append(run, (Entry(seq + 1, 2, f"block-{seq % 7}.{seq}", DATA),))

        await asyncio.gather(*(one(run) for run in runs))
        return self.blocks * PARALLEL

    async def bare_parallel(self) -> int:
        runs = [await self.new_run() for _ in range(PARALLEL)]
        for seq in range(self.blocks):
            await self.group(runs, [seq] * PARALLEL)
        return self.blocks * PARALLEL

    async def group(self, runs: list[RunClaim], seqs: list[int]) -> None:
        await self.bare.execute(
            BARE_GROUP,
            [
                [run.tenant_id for run in runs],
                [run.run_id for run in runs],
                [seq + 1 for seq in seqs],
                [2] * len(seqs),
                [f"block-{seq % 7}.{seq}" for seq in seqs],
                [DATA] * len(seqs),
            ],
            prepare=True,
            binary=True,
        )


async def measure(rounds: int, blocks: int, url: str | None, data_dir: Path) -> dict[str, dict[str, float]]:
    figures: dict[str, list[float]] = defaultdict(list)
    async with (
        await Database.open(url, data_dir) as database,
        JournalStore(database) as store,
        await database.connect() as bare,
    ):
        await bare.execute("SET ROLE tieline_system")
        bench = Bench(database, store, bare, blocks)
        works: dict[str, Callable[[], Awaitable[int]]] = {
            "write blocks, sequential": bench.write_blocks,
            "write blocks, sequential | bare": bench.bare_rows,
            "pure blocks, sequential": bench.pure_blocks,
            "pure blocks, sequential | bare": bench.bare_groups,
            "write blocks, 16 runs": bench.parallel_writes,
            "write blocks, 16 runs | bare": bench.bare_parallel,
        }
        for number in range(rounds + 1):
            for name, work in works.items():
                began = time.perf_counter()
                count = await work()
                if number:
                    figures[name].append((time.perf_counter() - began) / count * 1e6)
    answer = {}
    for name in [name for name in works if "|" not in name]:
        ours, theirs = figures[name], figures[f"{name} | bare"]
        answer[name] = {
            "us_per_block": round(statistics.median(ours), 1),
            "bare_us_per_block": round(statistics.median(theirs), 1),
            "ratio": round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 2),
        }
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--blocks", type=int, default=400)
    parser.add_argument("--url", default=None, help="an external PostgreSQL; default: an embedded one in a new folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        Path(folder).chmod(0o711)
        data_dir = Path(folder) / "data"
        try:
            print(json.dumps(uvloop.run(measure(options.rounds, options.blocks, options.url, data_dir)), indent=1))
        finally:
            embedded.destroy(data_dir)


if __name__ == "__main__":
    main()
