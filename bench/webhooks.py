"""Webhooks: synchronous answers a second and what one costs, and intake with a SIGKILL in its midst and a ledger.

    python -m bench webhooks [answers] [blocks] [intake] [--clients 1 16 64] [--seconds 5] [--rounds 3]
                             [--rate 500] [--intake-seconds 60] [--against FOLDER] [--json FILE]

`answers`: a webhook, one HTTP call to a stub on this machine, the run's output as the answer. `blocks`: a webhook, 50
built-in blocks, an answer. Both against a real ``tieline serve`` with its worker on an embedded PostgreSQL, fsync on;
processor milliseconds are per run, of server, worker and database. `intake`: so many webhooks a second that nobody
waits for, each with a body of its own; half way the server is killed (SIGKILL) with its worker, and started again.
Whoever gets no answer sends once more, as senders do. Each acknowledged one must be stored, once, and end in one run.

``--against``: a folder with the sources of another version (its ``src``), measured in turn with this one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from sqlalchemy import text

from bench.scale_world import percentile, show
from bench.wire import Sender, free_port, stub
from tieline.core.errors import Misconfigured
from tieline.core.ids import new_id
from tieline.server.event_loop import run
from tieline.server.platform import Platform
from tieline.server.settings import Settings
from tieline.storage import embedded
from tieline.storage.location import cluster_of
from tieline.storage.tables import partners, tenants, users

FIFTY = 50
PARALLEL = 64
INTAKE_TENANTS = 10
READY_SECONDS = 60.0
DRAIN_SECONDS = 300.0


def hooked(*row: dict[str, Any], wait: bool) -> dict[str, Any]:
    """start (webhook) -> ``row``; ``wait``: the sender gets the output as his answer."""
    start = {"id": "S", "type": "StartBlock", "name": "start"}
    inputs = [{"id": "run_mode", "value": "webhook"}, {"id": "async", "value": "no" if wait else "yes"}]
    blocks = [{**start, "inputs": inputs}, *row]
    for block, following in pairwise(blocks):
        block["childId"] = following["id"]
    return {"blocks": blocks, "variables": []}


def call(url: str) -> dict[str, Any]:
    """A block that calls an address with POST."""
    inputs = [
        {"id": "url", "value": url},
        {"id": "method", "value": "POST"},
        {"id": "body", "value": {"n": "{$.start.n}"}},
    ]
    return {"id": "C", "type": "CallUrlBlock", "name": "call", "inputs": inputs}


class Served:
    """``tieline serve`` in a folder of its own, restarted at will on the same port."""

    def __init__(self, folder: Path, source: str | None) -> None:
        self.folder, self.port = folder, free_port()
        self.data = folder / "data"
        self._environment = {
            **os.environ,
            "TIELINE_DATA_DIR": str(self.data),
            "TIELINE_EGRESS_ALLOW": "127.0.0.0/8",
            "TIELINE_LOG_LEVEL": "warning",
            **({"PYTHONPATH": source} if source else {}),
        }
        self._log = (folder / "serve.log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> float:
        """Seconds until it says that it is ready."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tieline", "serve", "--port", str(self.port)],
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
            cwd=self.folder,
        )
        while True:
            with suppress(OSError, EOFError):
                sender = await Sender.connect(self.port)
                status, _ = await sender.get("/readyz")
                sender.close()
                if status == 200:
                    return time.monotonic() - began
            if self.process.poll() is not None or time.monotonic() - began > READY_SECONDS:
                raise TimeoutError((self.folder / "serve.log").read_text()[-2000:])
            await asyncio.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends it; with SIGKILL its workers as well."""
        if self.process is None:
            return
        children = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        self.process.send_signal(how)
        if how == signal.SIGKILL:
            for child in children:
                if "postgres" not in child.name():
                    with suppress(psutil.NoSuchProcess):
                        child.kill()
        self.process.wait(30)
        self.process = None

    def close(self) -> None:
        """Ends it for good."""
        self.stop()
        self._log.close()

    def spent(self) -> dict[str, float]:
        """Processor seconds so far of server, workers and database."""
        assert self.process is not None
        server = psutil.Process(self.process.pid)
        workers = [child for child in server.children(recursive=True) if "postgres" not in child.name()]
        master = psutil.Process(int((cluster_of(self.data / "postgres") / "postmaster.pid").read_text().split()[0]))
        database = [master, *master.children(recursive=True)]
        return {
            "server": _seconds([server]),
            "worker": _seconds(workers),
            "postgres": _seconds(database) + master.cpu_times().children_user + master.cpu_times().children_system,
        }


def _seconds(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


class World:
    """A server, its database seen from here, and tenants with automations in it."""

    def __init__(self, served: Served, platform: Platform, stub_port: int) -> None:
        self.served, self.platform, self.stub_port = served, platform, stub_port
        self._partner: UUID | None = None

    async def door(self, document: dict[str, Any]) -> str:
        """The path of the webhook of a new automation of a new tenant."""
        tenant, person = new_id(), new_id()
        async with self.platform.database.system() as unit:
            if self._partner is None:
                self._partner = new_id()
                await unit.insert(partners, id=self._partner, name="bench", app_id=str(self._partner))
            await unit.insert(tenants, id=tenant, partner_id=self._partner, external_id=str(tenant), name="t")
            await unit.insert(users, tenant_id=tenant, id=person, external_id="bench")
        async with self.platform.database.tenant(tenant) as unit:
            made = await self.platform.automations.create(
                unit,
                name="bench",
                workspace=json.dumps(document).encode(),
                owner_id=person,
                max_concurrent_runs=PARALLEL,
                concurrency_limit=PARALLEL,
            )
            shown = await self.platform.hooked.shown(unit, made["id"], address=True)
        assert shown is not None
        return "/hooks/" + str(shown["url"]).rpartition("/")[2]

    async def figure(self, statement: str) -> int:
        async with self.platform.database.system() as unit:
            return int(await unit.scalar(text(statement)))


async def answers(world: World, path: str, clients: int, seconds: float) -> dict[str, float]:
    """So many senders, each of which waits for its answer, for some seconds."""
    took: list[float] = []
    ends = time.monotonic() + seconds
    number = 0

    async def one() -> None:
        nonlocal number
        sender = await Sender.connect(world.served.port)
        while time.monotonic() < ends:
            number += 1
            began = time.perf_counter()
            status, body = await sender.post(path, b'{"n":"%d-%d"}' % (time.time_ns(), number))
            if status != 200 or b'"finished"' not in body:
                raise AssertionError(f"{status}: {body[:300]!r}")
            took.append(time.perf_counter() - began)
        sender.close()

    commits = "SELECT sum(xact_commit)::bigint FROM pg_stat_database"
    before, committed, began = world.served.spent(), await world.figure(commits), time.monotonic()
    await asyncio.gather(*(one() for _ in range(clients)))
    passed = time.monotonic() - began
    after = world.served.spent()
    await asyncio.sleep(1.2)  # backends tell their figures once a second
    done = len(took)
    spent = {f"{name}_ms": (after[name] - before[name]) * 1000 / done for name in after}
    return {
        "per_second": done / passed,
        "p50_ms": percentile(took, 0.5) * 1000,
        "p99_ms": percentile(took, 0.99) * 1000,
        **spent,
        "cpu_ms": sum(spent.values()),
        "commits": (await world.figure(commits) - committed) / done,
    }


async def intake(world: World, paths: list[str], rate: int, seconds: float) -> dict[str, Any]:
    """``rate`` webhooks a second, a kill half way, and what became of them."""
    acknowledged: dict[int, str] = {}
    took: list[float] = []
    again = 0
    total = int(rate * seconds)
    numbers = iter(range(total))
    began = time.monotonic()
    killed: list[float] = []

    async def one() -> None:
        nonlocal again
        sender: Sender | None = None
        for number in numbers:
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            sent = time.monotonic()
            undisturbed = True
            while number not in acknowledged:
                try:
                    sender = sender or await Sender.connect(world.served.port)
                    status, _ = await sender.post(paths[number % len(paths)], b'{"n":%d}' % number)
                    if status == 200:
                        acknowledged[number] = sender.headers.get("x-delivery-id", "")
                        continue
                except (OSError, EOFError):
                    sender = None
                undisturbed = False
                again += 1
                await asyncio.sleep(0.1)
            if undisturbed:
                took.append(time.monotonic() - sent)
        if sender is not None:
            sender.close()

    async def kill() -> None:
        await asyncio.sleep(seconds / 2)
        world.served.stop(signal.SIGKILL)
        killed.append(await world.served.start())

    await asyncio.gather(kill(), *(one() for _ in range(64)))
    sent_for = time.monotonic() - began
    stored = await _stored(world)
    lost = [number for number in range(total) if stored.get(number, 0) < 1]
    drained = await _drained(world, total)
    runs = await world.figure("SELECT count(*) FROM runs WHERE start_key LIKE 'delivery:%' AND context = 'webhook'")
    return {
        "sent": total,
        "seconds": sent_for,
        "acknowledged": len(acknowledged),
        "sent_again": again,
        "restart_seconds": killed[0],
        "p50_ms": percentile(took, 0.5) * 1000,
        "p99_ms": percentile(took, 0.99) * 1000,
        "lost": len(lost),
        "stored_twice": sum(1 for count in stored.values() if count > 1),
        "runs": runs,
        "drained_seconds": drained,
    }


async def _stored(world: World) -> dict[int, int]:
    async with world.platform.database.system() as unit:
        rows = await unit.all(text("SELECT body FROM webhook_deliveries"))
    found: dict[int, int] = {}
    for row in rows:
        number = json.loads(bytes(row["body"]))["n"]
        if isinstance(number, int):
            found[number] = found.get(number, 0) + 1
    return found


async def _drained(world: World, total: int) -> float:
    """Seconds until each has had its run; -1 where that takes too long."""
    began = time.monotonic()
    while time.monotonic() - began < DRAIN_SECONDS:
        done = "SELECT count(*) FROM runs WHERE start_key LIKE 'delivery:%' AND stopped_at IS NOT NULL"
        if await world.figure(done) >= total:
            return time.monotonic() - began
        await asyncio.sleep(0.5)
    return -1.0


async def with_world(source: str | None, work: Callable[[World], Awaitable[None]]) -> None:
    with tempfile.TemporaryDirectory(prefix="tieline-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        served = Served(folder, source)
        stubbed = await stub()
        try:
            settings = Settings(data_dir=served.data, base_url=f"http://127.0.0.1:{served.port}")
            async with Platform.open(settings) as platform:
                try:
                    await served.start()
                    await asyncio.sleep(2.0)  # its worker comes up, and should not be measured with it
                    await work(World(served, platform, stubbed.port))
                except Exception:
                    print((folder / "serve.log").read_text()[-4000:], file=sys.stderr)
                    raise
                finally:
                    served.stop()
        finally:
            served.close()
            stubbed.stop()
            with suppress(Misconfigured):  # somebody of ours still leaves
                embedded.destroy(served.data)


def _told(line: dict[str, Any], into: list[dict[str, Any]]) -> None:
    line = {name: round(value, 3) if isinstance(value, float) else value for name, value in line.items()}
    into.append(line)
    print(json.dumps(line), flush=True)


async def measure(args: argparse.Namespace) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    sides: dict[str, str | None] = {"now": None} | ({"then": args.against} if args.against else {})
    found: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    for number in range(args.rounds):
        for side, source in sides.items():

            async def work(world: World, side: str = side, number: int = number) -> None:
                if "answers" in args.what:
                    url = f"http://127.0.0.1:{world.stub_port}/orders"
                    path = await world.door(hooked(call(url), show("{$.call}"), wait=True))
                    await answers(world, path, 8, 1.0)
                    for clients in args.clients:
                        row = await answers(world, path, clients, args.seconds)
                        found.setdefault(("answers", side, clients), []).append(row)
                if "blocks" in args.what:
                    row_of = (show(f"text {index}", f"B{index}") for index in range(FIFTY))
                    path = await world.door(hooked(*row_of, wait=True))
                    await answers(world, path, 8, 1.0)
                    row = await answers(world, path, 16, args.seconds)
                    found.setdefault(("blocks", side, 16), []).append(row)
                if "intake" in args.what and number == 0:
                    paths = [await world.door(hooked(show(), wait=False)) for _ in range(INTAKE_TENANTS)]
                    row = await intake(world, paths, args.rate, args.intake_seconds)
                    _told({"work": "intake", "side": side, **row}, lines)

            await with_world(source, work)
    for (kind, side, clients), rows in found.items():
        middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
        spread = {"slowest": min(r["per_second"] for r in rows), "fastest": max(r["per_second"] for r in rows)}
        _told({"work": kind, "side": side, "clients": clients, **middle, **spread}, lines)
        before = found.get((kind, "then", clients))
        if side == "now" and before:
            ratios = {
                name: statistics.median(a[name] / b[name] for a, b in zip(rows, before, strict=True) if b[name])
                for name in ("per_second", "cpu_ms", "p99_ms", "commits")
            }
            _told({"work": kind, "side": "now / then", "clients": clients, **ratios}, lines)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["answers", "blocks", "intake"])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--intake-seconds", type=float, default=60.0)
    parser.add_argument("--against", default=None, help="a folder with the sources of another version")
    parser.add_argument("--json", default=None, help="write the lines there as well")
    args = parser.parse_args()
    lines = run(measure(args))
    if args.json:
        Path(args.json).write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    bad = [line for line in lines if line.get("lost") or line.get("stored_twice")]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
