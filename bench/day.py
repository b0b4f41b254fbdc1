"""A million runs a day, compressed: what one machine does with it, what it costs, and what gives out first.

    python -m bench day [--workers 2] [--hour 4] [--step 8] [--most 400] [--tenants 200]

A million a day is 11.6 runs a second on average. The first part goes through the 24 hours of a working day, each in
``--hour`` seconds, at the rates that the hours really have (0.1 to 4.3 times the average). The second part goes up in
steps of ``--step`` seconds until the backlog grows or half a second passes before one run in a hundred starts.

A third of the runs come through a real server as webhooks, a third are due schedules, a third are started by callers.
Most are short; some wait, some loop over 500 items, some sleep. JSON lines: one for each hour and step with start
latencies, processor cores of worker, server, PostgreSQL and this driver, and what PostgreSQL's processes waited for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import psutil

from bench.kill_battery import Process
from bench.scale_world import (
    Automation,
    Cost,
    Workers,
    World,
    busy,
    document,
    latencies,
    pause,
    percentile,
    ready,
    seconds,
    show,
    working,
    world,
)
from tieline.core import clock
from tieline.core.ids import new_id
from tieline.server.demo.story import free_port
from tieline.server.platform import Platform
from tieline.server.settings import Settings
from tieline.storage.tables import schedules

CHANCE = random.Random(1)
AVERAGE = 1_000_000 / 86_400
# Runs of each hour of a working day, in parts of the average: night, the morning's schedules, noon, evening.
HOURS = (
    0.2,
    0.15,
    0.1,
    0.1,
    0.2,
    0.4,
    0.8,
    1.6,
    4.3,
    3.1,
    1.7,
    1.3,
    1.0,
    1.4,
    1.6,
    1.4,
    1.2,
    1.1,
    0.8,
    0.6,
    0.4,
    0.3,
    0.15,
    0.1,
)
SIZES = """
    SELECT pg_database_size(current_database()) AS database, pg_total_relation_size('runs') AS runs,
           pg_total_relation_size('journal') AS journal, pg_total_relation_size('webhook_deliveries') AS deliveries,
           pg_total_relation_size('procrastinate.procrastinate_jobs')
           + pg_total_relation_size('procrastinate.procrastinate_events') AS queue
"""
WAITS = """
    SELECT coalesce(wait_event_type || ':' || wait_event, 'computing'), count(*) FROM pg_stat_activity
    WHERE state = 'active' AND pid <> pg_backend_pid() AND backend_type = 'client backend' GROUP BY 1
"""


@dataclass(slots=True)
class Sources:
    """What starts runs."""

    hooks: list[str]
    scheduled: list[Automation]
    called: list[Automation]


class Day:
    """One machine under load."""

    def __init__(self, world: World, workers: Workers, server: Process, port: int, sources: Sources) -> None:
        self._world, self._workers, self._server, self._port, self._sources = world, workers, server, port, sources
        self.refused = 0

    async def period(self, name: str, rate: float, length: float) -> dict[str, Any]:
        """So many seconds at so many runs a second; the figures of it."""
        since, cost, waits = clock.now(), Cost(self._world, self._workers), Counter[str]()
        served, driven = sum(seconds([psutil.Process(self._server.pid)]).values()), time.process_time()
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(self._look(waits))
            await self._drive(rate, length)
            looking.cancel()
        spent = cost.spent()
        left = await self._world.left(
            "created_at >= now() - interval '1 hour'", "NOT (status = 'running' AND worker IS NULL)"
        )
        served = sum(seconds([psutil.Process(self._server.pid)]).values()) - served
        found = await latencies(self._world, since)
        samples = sum(waits.values()) or 1
        return {
            "period": name,
            "rate": round(rate, 1),
            "started_per_second": round(len(found) / length, 1),
            "left": left,
            "p50_ms": round(percentile(found, 0.5)),
            "p99_ms": round(percentile(found, 0.99)),
            "worker_cores": round(spent["worker"] / spent["seconds"], 2),
            "server_cores": round(served / spent["seconds"], 2),
            "postgres_cores": round(spent["postgres"] / spent["seconds"], 2),
            "driver_cores": round((time.process_time() - driven) / spent["seconds"], 2),
            "waits": {key: round(number / samples, 2) for key, number in waits.most_common(4)},
        }

    async def _look(self, waits: Counter[str]) -> None:
        while True:
            for what, number in await self._world.database.autocommit(WAITS):
                waits[what] += number
            await asyncio.sleep(0.1)

    async def _drive(self, rate: float, length: float) -> None:
        await self._plan(rate / 3, length)
        began, number = time.monotonic(), 0
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as client,
            asyncio.TaskGroup() as group,
        ):
            while (passed := time.monotonic() - began) < length:
                while number < passed * rate * 2 / 3:
                    group.create_task(self._hook(client) if number % 2 else self._call())
                    number += 1
                await asyncio.sleep(0.005)

    async def _plan(self, rate: float, length: float) -> None:
        """Schedules that are due once each, spread over the period."""
        begin, number = clock.now(), int(rate * length)
        rows = []
        for index in range(number):
            one = CHANCE.choice(self._sources.scheduled)
            due = begin + timedelta(seconds=index / rate)
            rows.append(
                {
                    "tenant_id": one.tenant,
                    "id": new_id(),
                    "automation_id": one.row["id"],
                    "kind": "interval",
                    "rule": "86400",
                    "anchor": due,
                    "next_at": due,
                    "due_at": due,
                }
            )
        if rows:
            async with self._world.database.system() as unit:
                await unit.connection.execute(schedules.insert(), rows)

    async def _hook(self, client: aiohttp.ClientSession) -> None:
        path = CHANCE.choice(self._sources.hooks)
        try:
            async with client.post(f"http://127.0.0.1:{self._port}{path}", json={"n": CHANCE.random()}) as answer:
                await answer.read()
                self.refused += answer.status >= 300
        except (aiohttp.ClientError, TimeoutError):
            self.refused += 1

    async def _call(self) -> None:
        self.refused += not await self._world.start(CHANCE.choice(self._sources.called))


def mix() -> list[tuple[int, dict[str, Any]]]:
    """Documents and their shares in a hundred."""
    twenty = [show(identity=f"O{number}") for number in range(20)]
    return [
        (60, document(show(), show(identity="P"))),
        (20, document(*twenty)),
        (12, document(pause(0.2), show())),
        (5, busy(500)),
        (3, document(pause(3), show())),
    ]


async def sources(world: World, platform: Platform, tenants: int) -> Sources:
    """Automations in the shares of the mix, for each of the three ways to start."""
    owners = await world.tenants(tenants)
    made: dict[str, list[Automation]] = {}
    for mode in ("webhook", "scheduled", "triggered"):
        made[mode] = []
        for share, body in mix():
            of = [owners[number % tenants] for number in range(max(1, share * tenants // 100))]
            made[mode] += await world.automations(of, body, run_mode=mode, max_concurrent_runs=20)
    hooks = []
    for one in made["webhook"]:
        async with platform.database.tenant(one.tenant) as unit:
            row = await platform.webhooks.prepare(
                unit, connection_id=None, event="", consumer=f"automation:{one.row['id']}"
            )
            hooks.append("/hooks/" + (await platform.webhooks.address(unit, row["id"])).rsplit("/", 1)[1])
    return Sources(hooks, made["scheduled"], made["triggered"])


async def size(world: World) -> dict[str, int]:
    """Bytes. As the login role: the other two do not see the queue."""
    names = ("database", "runs", "journal", "deliveries", "queue")
    return dict(zip(names, (await world.database.autocommit(SIZES))[0], strict=True))


async def reachable(port: int) -> None:
    async with aiohttp.ClientSession() as client, asyncio.timeout(60):
        while True:
            with suppress(aiohttp.ClientError):
                async with client.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.2)


async def measure(workers: int, hour: float, step: float, most: float, tenants: int) -> None:
    async with world() as place, Platform.open(Settings(data_dir=place.folder / "data"), pool_size=2) as platform:
        many = await sources(place, platform, tenants)
        port = free_port(0)
        environment = {**os.environ, "TIELINE_DATA_DIR": str(place.folder / "data"), "TIELINE_LOG_LEVEL": "warning"}
        server = Process(["serve", "--port", str(port), "--workers", "0"], environment, place.folder / "server.log")
        try:
            with working(place, workers) as hands:
                await ready(place, workers)
                await reachable(port)
                day = Day(place, hands, server, port, many)
                await day.period("warm-up", AVERAGE, 5)
                if hour:
                    await hours(place, day, hour)
                await steps(place, day, step, most)
        finally:
            server.stop()


async def hours(place: World, day: Day, length: float) -> None:
    before, since = await size(place), clock.now()
    rows: Sequence[dict[str, Any]] = [
        await day.period(f"{number:02}:00", AVERAGE * share, length) for number, share in enumerate(HOURS)
    ]
    await place.drained()
    found, after = await latencies(place, since), await size(place)
    for row in rows:
        print(json.dumps(row), flush=True)
    print(
        json.dumps(
            {
                "period": "day",
                "runs": len(found),
                "refused": day.refused,
                "p50_ms": round(percentile(found, 0.5)),
                "p99_ms": round(percentile(found, 0.99)),
                "bytes_per_run": {key: round((after[key] - before[key]) / max(len(found), 1)) for key in after},
            }
        ),
        flush=True,
    )


async def steps(place: World, day: Day, length: float, most: float) -> None:
    """Up until it gives out; tells the highest rate that held."""
    rate, held = AVERAGE * 2, {}
    while rate <= most:
        row = await day.period("ramp", rate, length)
        print(json.dumps(row), flush=True)
        if row["left"] > rate * 2 or row["p99_ms"] > 500:
            break
        held, rate = row, rate * 1.4
        await place.drained()
    print(json.dumps({"period": "highest sustained", **held, "a_day": round(held.get("rate", 0) * 86_400)}), flush=True)
    await place.drained()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--hour", type=float, default=4.0, help="seconds; 0: only the second part")
    parser.add_argument("--step", type=float, default=8.0, help="seconds")
    parser.add_argument("--most", type=float, default=400.0, help="runs a second at which it ends in any case")
    parser.add_argument("--tenants", type=int, default=200)
    args = parser.parse_args()
    asyncio.run(measure(args.workers, args.hour, args.step, args.most, args.tenants))
    return 0


if __name__ == "__main__":
    sys.exit(main())
