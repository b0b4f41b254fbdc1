"""Durable short runs a second through the worker, and the processor time that one costs in worker and database.

    python -m bench short_runs [--runs 400] [--rounds 5] [--workers 1] [--against FOLDER]

Runs of two blocks, of 20 tenants (200 may wait of each), are started while no worker looks at them: a worker takes the
backlog. With ``--against`` the workers of every other round run the sources in that folder (a ``src`` of another
version), and ratios now / then are printed. JSON lines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
from typing import Any

from bench.scale_world import Automation, Cost, World, document, ready, show, working, world

TENANTS = 20


async def one_round(
    world: World, many: list[Automation], runs: int, workers: int, source: str | None
) -> dict[str, float]:
    """One backlog."""
    for number in range(runs):
        await world.start(many[number % len(many)])
    for one in many:
        assert one.row["max_concurrent_runs"] >= 1
    with working(world, workers, source=source) as hands:
        await ready(world, workers)
        while await world.left() > runs * 0.9:  # start-up is over
            await asyncio.sleep(0.01)
        cost, left = Cost(world, hands), await world.left()
        while await world.left() > runs * 0.05:
            await asyncio.sleep(0.02)
        spent, done = cost.spent(), left - await world.left()
        await world.drained()
    return {
        "runs_per_second": done / spent["seconds"],
        "worker_ms": spent["worker"] / done * 1000,
        "postgres_ms": spent["postgres"] / done * 1000,
    }


async def measure(runs: int, rounds: int, workers: int, against: str | None) -> None:
    async with world() as place:
        many = await place.automations(
            await place.tenants(TENANTS), document(show(), show(identity="P")), max_concurrent_runs=4
        )
        sides: dict[str, str | None] = {"now": None} | ({"then": against} if against else {})
        found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, source in sides.items():
                found[name].append(await one_round(place, many, runs, workers, source))
    for name, rows in found.items():
        middle = {key: round(statistics.median(row[key] for row in rows), 2) for key in rows[0]}
        print(json.dumps({"side": name, "workers": workers, "runs": runs, "rounds": rounds, **middle}))
    if against:
        ratio: dict[str, Any] = {
            key: round(statistics.median(a[key] / b[key] for a, b in zip(found["now"], found["then"], strict=True)), 2)
            for key in found["now"][0]
        }
        print(json.dumps({"side": "now / then", **ratio}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--against", default=None, help="a folder with the sources of another version")
    args = parser.parse_args()
    asyncio.run(measure(args.runs, args.rounds, args.workers, args.against))
    return 0


if __name__ == "__main__":
    sys.exit(main())
