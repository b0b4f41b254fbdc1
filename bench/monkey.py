"""Monkey: thousands of runs while workers, server and PostgreSQL die; 0 lost, 0 duplicated, none stuck.

    python -m bench monkey --runs 5000 --seed 1 --json

A server with one worker, a second worker, the embedded PostgreSQL and a ledger. PostgreSQL is restarted with
``pg_ctl -m immediate`` every 5 to 40 seconds and stays down for up to 2; in between server and workers get SIGKILL, or
SIGSTOP for longer than their claims hold. Exit code 0 where the ledger and the database agree with what was asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp

from bench.kill_battery import Process
from bench.monkey_chaos import Chaos
from bench.monkey_ledger import Ledger, serving
from bench.monkey_runs import Kind, called, kinds, manifest, scheduled
from bench.monkey_verdict import SCHEDULES, SLOT_SECONDS, report
from tieline.automations.runs.service import ENDED
from tieline.connectors.manifest import io
from tieline.core.clock import now
from tieline.core.errors import Unavailable
from tieline.server.demo.story import free_port
from tieline.server.platform import Platform
from tieline.server.settings import Settings
from tieline.storage.tables import runs, schedules

UNDER_WAY = 100  # runs that may wait or run; 200 may wait, and beyond that a call would fail its block
IDLE = 90.0  # seconds without a run that ends, after which what is left is stuck
CONCURRENT = 40


@dataclass
class Asked:
    """What the driver asked for. ``sure``: answered; ``unsure``: the answer was lost, the run may be there or not."""

    sure: dict[str, str] = field(default_factory=dict)
    unsure: dict[str, str] = field(default_factory=dict)
    refused: int = 0


@dataclass
class Started:
    """An automation to be started, with the address that starts it."""

    kind: Kind
    automation: UUID
    path: str
    headers: dict[str, str]


class Monkey:
    """One system under test and the driver of its runs."""

    def __init__(self, folder: Path, *, seed: int, total: int) -> None:
        self.rng = random.Random(seed)
        self.total = total
        self.folder = folder
        self.data_dir = folder / "data"
        self.port = free_port(0)
        self.ledger = Ledger(random.Random(seed + 1))
        self.asked = Asked()
        self.automations: list[Started] = []
        self.child = UUID(int=0)
        self.scheduled: dict[str, UUID] = {}
        self._going = asyncio.Event()

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.data_dir, egress_allow=(ip_network("127.0.0.0/8"),))

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TIELINE_DATA_DIR": str(self.data_dir),
            "TIELINE_EGRESS_ALLOW": "127.0.0.0/8",
            "TIELINE_BASE_URL": f"http://127.0.0.1:{self.port}",
            "TIELINE_LOG_LEVEL": "warning",
        }

    async def prepare(self, platform: Platform) -> None:
        """Connector, connection, one automation for each kind, schedules of a few seconds."""
        tenant, owner, url = platform.first.tenant_id, platform.first.user_id, self.ledger.url
        async with platform.database.tenant(tenant) as unit:
            row = await platform.connectors.save(unit, io.load(json.dumps(manifest(url))))
            made = await platform.connections.create(
                unit, connector_id=row["id"], name="ledger", owner_id=owner, params={}
            )
            connection = str(made["id"])

            async def create(name: str, document: dict[str, Any], **more: Any) -> dict[str, Any]:
                return await platform.automations.create(
                    unit,
                    owner_id=owner,
                    name=name,
                    workspace=json.dumps(document).encode(),
                    max_concurrent_runs=CONCURRENT,
                    concurrency_limit=CONCURRENT,
                    **more,
                )

            self.child = (await create("called", called(connection, url)))["id"]
            for kind in kinds(connection, url, str(self.child)):
                row = await create(kind.name, kind.document)
                if kind.mode == "webhook":
                    shown = await platform.hooked.shown(unit, row["id"], address=True)
                    assert shown is not None
                    path, headers = "/hooks/" + shown["url"].rsplit("/", 1)[1], {}
                else:
                    path = f"/api/v1/automations/{row['id']}/actions/execute"
                    token = platform.automations.execution_token(row, tenant)
                    headers = {"X-Execution-Token": token or ""}
                self.automations.append(Started(kind, row["id"], path, headers))
            for number in range(SCHEDULES):
                row = await create(
                    f"slots{number}", scheduled(connection, url, f"slots{number}"), schedules=[{"interval": 60}]
                )
                self.scheduled[f"slots{number}"] = row["id"]
            # No person can make schedules of seconds; there would be too few slots to count.
            begin = now().replace(microsecond=0)
            first = begin + timedelta(seconds=SLOT_SECONDS)
            values = {"rule": str(SLOT_SECONDS), "anchor": begin, "next_at": first, "due_at": first, "misfire": "all"}
            await unit.update(schedules, updated_at=begin, **values)

    async def drive(self, platform: Platform) -> None:
        """Starts all runs, as many at once as are allowed to be under way."""
        pace = asyncio.create_task(self._pace(platform))
        bag = [started for started in self.automations for _ in range(started.kind.share)]
        numbers = iter(range(self.total))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=8)) as client:

            async def starter() -> None:
                for number in numbers:
                    await self._start(client, self.rng.choice(bag), number)

            try:
                await asyncio.gather(*(starter() for _ in range(8)))
            finally:
                pace.cancel()

    async def _start(self, client: aiohttp.ClientSession, started: Started, number: int) -> None:
        """Asks until it is answered. Where an answer was lost, a hook is asked the same again; a run gets a new name,
        and the old one stays unsure.
        """
        attempt = 0
        while True:
            await self._going.wait()
            token = f"{started.kind.name}-{number}" + (f"x{attempt}" if started.kind.mode != "webhook" else "")
            attempt += 1
            try:
                async with client.post(
                    f"http://127.0.0.1:{self.port}{started.path}", json={"token": token}, headers=started.headers
                ) as answer:
                    status = answer.status
                    await answer.read()
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.1)
                continue  # nobody heard it
            except (aiohttp.ClientError, TimeoutError):
                status = 0
            if status in (200, 201, 202):
                self.asked.sure[token] = started.kind.name
                self.asked.unsure.pop(token, None)
                return
            if status in (0, 500, 502, 503, 504, 507):
                self.asked.unsure[token] = started.kind.name
            elif status != 429:
                raise RuntimeError(f"{started.kind.name}: the server answers {status}")
            self.asked.refused += 1
            await asyncio.sleep(0.2)

    async def _pace(self, platform: Platform) -> None:
        while True:
            with suppress(Unavailable):
                if (await active(platform))[0] < UNDER_WAY:
                    self._going.set()
                else:
                    self._going.clear()
            await asyncio.sleep(0.2)

    async def settle(self, platform: Platform) -> None:
        """Waits until nothing is under way, or nothing has ended for long."""
        last, since = (-1, -1), time.monotonic()
        while time.monotonic() - since < IDLE:
            with suppress(Unavailable):
                found = await active(platform)
                if found[0] == 0:
                    return
                if found != last:
                    last, since = found, time.monotonic()
            await asyncio.sleep(0.3)


async def active(platform: Platform) -> tuple[int, int]:
    """How many runs are under way, and how many are over; deliveries that are not yet handed over count as well."""
    from sqlalchemy import func, select

    from tieline.storage.tables import webhook_deliveries

    async with platform.database.system() as unit:
        over = runs.c.status.in_(ENDED)
        row = await unit.one(select(func.count().filter(~over).label("going"), func.count().filter(over).label("over")))
        waiting = await unit.scalar(
            select(func.count()).select_from(webhook_deliveries).where(webhook_deliveries.c.status == "received")
        )
    assert row is not None
    return row["going"] + waiting, row["over"]


async def monkey(
    *, total: int, seed: int, slow: float = 1.0, keep_log: Path | None = None, workers: int = 1
) -> dict[str, Any]:
    """Everything; gives the report. ``slow`` stretches the pauses between the blows."""
    with tempfile.TemporaryDirectory(prefix="tl-monkey-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        system = Monkey(folder, seed=seed, total=total)
        log = (keep_log or folder) / "monkey"
        started = time.monotonic()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving(system.ledger))
            platform = await stack.enter_async_context(Platform.open(system.settings, pool_size=3))
            await system.prepare(platform)
            environment = system.environment()
            server = Process(["serve", "--port", str(system.port), "--workers", "1"], environment, Path(f"{log}-s.log"))
            extra = [Process(["worker"], environment, Path(f"{log}-w{n}.log")) for n in range(workers)]
            chaos = Chaos(system.data_dir, server, extra, random.Random(seed + 2), slow=slow)
            try:
                async with asyncio.TaskGroup() as group:
                    blows = group.create_task(chaos.rage())
                    await system.drive(platform)
                    driven = time.monotonic() - started
                    blows.cancel()
                await chaos.calm()
                await stop_schedules(platform)
                await system.settle(platform)
                verdict = await report(system, platform, chaos)
            finally:
                chaos.release()
                for process in (*extra, server):
                    await asyncio.to_thread(process.stop)
        verdict["seconds"] = {"driven": round(driven, 1), "in_all": round(time.monotonic() - started, 1)}
        return verdict


async def stop_schedules(platform: Platform) -> None:
    """No slot comes any more; those that were due have been started by now, or are missed."""
    await asyncio.sleep(2 * SLOT_SECONDS)
    while True:
        with suppress(Unavailable):
            async with platform.database.system() as unit:
                await unit.update(schedules, enabled=False)
            return
        await asyncio.sleep(0.5)


def told(verdict: dict[str, Any]) -> str:
    """The report for people."""
    lines = [f"{key:12} {json.dumps(value)}" for key, value in verdict.items()]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="beside the one of the server")
    parser.add_argument("--slow", type=float, default=1.0, help="stretches the pauses between blows")
    parser.add_argument("--logs", type=Path, help="folder that keeps what server and workers say")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    verdict = asyncio.run(
        monkey(total=args.runs, seed=args.seed, slow=args.slow, keep_log=args.logs, workers=args.workers)
    )
    print(json.dumps(verdict) if args.json else told(verdict))
    return 0 if verdict["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
