"""How long runs of 1,000 tenants wait for their start, while all is quiet and while one tenant is noisy.

    python -m bench tenants [--tenants 1000] [--rate 20] [--seconds 20] [--rounds 4] [--workers 2] [--against FOLDER]

Every tenant starts short runs, together ``--rate`` a second at even distances. In every other round one more tenant
keeps 200 runs waiting, refilled at once: a third waits 50-200 ms, a third counts (50-200 ms of processor time), a third
is short. Latency is from a run's creation to its start, of all tenants but that one. JSON lines; the last one has the
ratios noisy / quiet of neighbouring rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from datetime import datetime
from itertools import count
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from bench.scale_world import (
    Automation,
    Cost,
    World,
    busy,
    document,
    latencies,
    pause,
    percentile,
    ready,
    show,
    working,
    world,
)
from tieline.core import clock
from tieline.storage.database import Database
from tieline.storage.tables import automations

MOST = 200
SETTLE = 2.0  # seconds at the beginning of a round that are not measured


async def steady(world: World, many: list[Automation], rate: float, seconds: float) -> None:
    """Starts runs of all tenants in turn, ``rate`` a second, whether or not earlier starts have come back."""
    began, number = time.monotonic(), 0
    order = random.sample(many, len(many))
    async with asyncio.TaskGroup() as group:
        while (passed := time.monotonic() - began) < seconds:
            while number < passed * rate:
                group.create_task(world.start(order[number % len(order)]))
                number += 1
            await asyncio.sleep(0.005)


async def flood(folder: Path, tenant: UUID) -> None:
    """Keeps as many runs waiting as one tenant may have, until it is killed."""
    async with await Database.open(None, folder / "data", pool_size=2) as database:
        place = World(database, folder)
        async with database.tenant(tenant) as unit:
            loud = [
                Automation(tenant, row) for row in await unit.all(unit.select(automations).order_by(automations.c.id))
            ]
        for number in count():
            while not await place.start(loud[number % len(loud)]):
                await asyncio.sleep(0.05)


async def flooder(world: World, tenant: UUID) -> asyncio.subprocess.Process:
    """A process of its own that floods: it takes nothing from the one that measures. By now the queue is full."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", "tenants", "--flood", str(tenant), "--folder", str(world.folder)),
        cwd=Path(__file__).parent.parent,
    )
    async with asyncio.timeout(120):
        while await world.left(f"tenant_id = '{tenant}'") < MOST:
            await asyncio.sleep(0.1)
    return process


async def one_round(
    world: World,
    many: list[Automation],
    loud: list[Automation],
    rate: float,
    seconds: float,
    workers: int,
    source: str | None,
) -> dict[str, float]:
    """One round; ``loud`` empty: quiet."""
    flooding = await flooder(world, loud[0].tenant) if loud else None
    other = loud[0].tenant if loud else None
    try:
        with working(world, workers, source=source) as hands:
            await ready(world, workers)
            await steady(world, many, rate, SETTLE)
            since, cost = clock.now(), Cost(world, hands)
            await steady(world, many, rate, seconds)
            spent = cost.spent()
            await world.drained(*([f"tenant_id <> '{other}'"] if other else []))
    finally:
        if flooding is not None:
            flooding.terminate()
            await flooding.wait()
    found = await latencies(world, since, leaving=other)
    done = await ended(world, other, since) if other else 0
    return {
        "runs": len(found),
        "p50_ms": percentile(found, 0.5),
        "p95_ms": percentile(found, 0.95),
        "p99_ms": percentile(found, 0.99),
        "noisy_runs": done,
        "worker_cores": spent["worker"] / spent["seconds"],
        "postgres_cores": spent["postgres"] / spent["seconds"],
    }


async def ended(world: World, tenant: UUID, since: datetime) -> int:
    """How many runs of the noisy tenant have ended; what is left of them is taken away."""
    async with world.database.tenant(tenant) as unit:
        found: int = await unit.scalar(
            text("SELECT count(*) FROM runs WHERE stopped_at > :since").bindparams(since=since)
        )
        await unit.connection.execute(
            text("UPDATE runs SET status = 'stopped', stopped_at = now() WHERE stopped_at IS NULL")
        )
    return found


async def measure(
    tenants: int, rate: float, seconds: float, rounds: int, workers: int, sources: dict[str, str | None]
) -> None:
    async with world() as place:
        many = await place.automations(await place.tenants(tenants), document(show()))
        (noisy,) = await place.tenants(1)
        kinds = [
            document(pause(0.05)),
            document(pause(0.2)),
            busy(1500),
            busy(6000),
            document(show()),
            document(show()),
        ]
        loud = [one for kind in kinds for one in await place.automations([noisy], kind, max_concurrent_runs=200)]
        found: dict[tuple[str, str], list[dict[str, float]]] = {}
        for _ in range(rounds):
            for name, source in sources.items():
                for state, noise in (("quiet", []), ("noisy", loud)):
                    row = await one_round(place, many, noise, rate, seconds, workers, source)
                    found.setdefault((name, state), []).append(row)
                    print(
                        json.dumps({"side": name, "round": state, **{k: round(v, 2) for k, v in row.items()}}),
                        flush=True,
                    )
        for name in sources:
            quiet, loudly = found[name, "quiet"], found[name, "noisy"]
            ratios = {
                key: [round(b[f"{key}_ms"] / a[f"{key}_ms"], 2) for a, b in zip(quiet, loudly, strict=True)]
                for key in ("p50", "p95", "p99")
            }
            print(
                json.dumps(
                    {
                        "side": name,
                        "tenants": tenants,
                        "rate": rate,
                        "workers": workers,
                        **{f"ratio_{key}": statistics.median(values) for key, values in ratios.items()},
                        "ratios_p99": ratios["p99"],
                    }
                )
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20.0, help="runs a second of all tenants together")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--against", default=None, help="a folder with the sources of another version")
    parser.add_argument("--flood", type=UUID, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.flood:
        asyncio.run(flood(args.folder, args.flood))
        return 0
    sources = {"now": None} | ({"then": args.against} if args.against else {})
    asyncio.run(measure(args.tenants, args.rate, args.seconds, args.rounds, args.workers, sources))
    return 0


if __name__ == "__main__":
    sys.exit(main())
