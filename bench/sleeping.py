"""What runs that sleep cost: memory of the worker, bytes of the database; then all of them wake and end.

    python -m bench sleeping [--runs 1000] [--seconds 60]

One worker. Runs of one short sleep have warmed it up before anything is measured. ``--seconds``: how long each run
sleeps; it has to be longer than it takes to send all of them to sleep. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

from sqlalchemy import text

from bench.scale_world import Cost, World, document, pause, ready, show, working, world

TENANTS = 20
SIZES = """
    SELECT coalesce(sum(pg_total_relation_size(name::regclass)), 0) FROM unnest(ARRAY[
        'runs', 'journal', 'run_blobs', 'procrastinate.procrastinate_jobs', 'procrastinate.procrastinate_events'
    ]) AS name
"""
ASLEEP = "SELECT count(*) FROM runs WHERE status = 'running' AND worker IS NULL"


async def asked(world: World, statement: str) -> int:
    async with world.database.system() as unit:
        return int(await unit.scalar(text(statement)))


async def size(world: World) -> int:
    """Bytes of what runs keep. As the login role: the other two do not see the queue."""
    return int((await world.database.autocommit(SIZES))[0][0])


async def measure(runs: int, seconds: float) -> dict[str, Any]:
    """The figures."""
    async with world() as place:
        owners = await place.tenants(TENANTS)
        brief = await place.automations(owners, document(pause(0.01), show()), max_concurrent_runs=1000)
        long = await place.automations(owners, document(pause(seconds), show()), max_concurrent_runs=10_000)
        with working(place, 1) as hands:
            await ready(place, 1)
            for number in range(200):
                await place.start(brief[number % TENANTS])
            await place.drained()
            memory, bytes_before = hands.memory(), await size(place)
            began = time.monotonic()
            for number in range(runs):
                while not await place.start(long[number % TENANTS]):
                    await asyncio.sleep(0.05)
            async with asyncio.timeout(seconds):
                while await asked(place, ASLEEP) < runs:
                    await asyncio.sleep(0.1)
            fell_asleep = time.monotonic() - began
            if fell_asleep > seconds:
                raise SystemExit(f"it took {fell_asleep:.0f} s to send all to sleep: give more --seconds")
            asleep, bytes_asleep, cost = hands.memory(), await size(place), Cost(place, hands)
            await asyncio.sleep(5)
            idle = cost.spent()
            await place.drained()
            after = hands.memory()
        finished = await asked(place, "SELECT count(*) FROM runs WHERE status = 'finished'") - 200
    return {
        "runs": runs,
        "finished": finished,
        "all_asleep_after_s": round(fell_asleep, 1),
        "worker_rss_mb": round(memory / 2**20, 1),
        "worker_rss_asleep_mb": round(asleep / 2**20, 1),
        "worker_rss_woken_mb": round(after / 2**20, 1),
        "worker_kb_per_sleeping_run": round((asleep - memory) / runs / 1024, 2),
        "database_kb_per_sleeping_run": round((bytes_asleep - bytes_before) / runs / 1024, 2),
        "worker_cores_while_all_sleep": round(idle["worker"] / idle["seconds"], 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    result = asyncio.run(measure(args.runs, args.seconds))
    print(json.dumps(result))
    return 0 if result["finished"] == args.runs else 1


if __name__ == "__main__":
    sys.exit(main())
