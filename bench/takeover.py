"""How soon a run goes on: after the SIGKILL of its worker, and after PostgreSQL was down for longer than a heartbeat.

    python -m bench takeover [--rounds 3] [--outage 20] [--json]

Two workers, one long run. *noticed*: from the kill to the claim of the other worker; *resumed*: from there to its first
new effect. The run must end with each effect once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from bench.kill_battery import Process
from bench.monkey import Monkey
from bench.monkey_chaos import restart_postgres
from bench.monkey_ledger import Ledger, serving
from bench.monkey_runs import Writer, document, manifest
from tieline.automations.runs import Runs
from tieline.automations.runs.service import ENDED
from tieline.connectors.manifest import io
from tieline.core.errors import Unavailable
from tieline.server.platform import Platform
from tieline.storage.embedded import Embedded
from tieline.storage.tables import runs

LIMIT = 120.0


async def takeover(*, rounds: int, outage: float, effects: int = 3000) -> dict[str, Any]:
    """The figures, in seconds, and what the ledger says in the end."""
    with tempfile.TemporaryDirectory(prefix="tl-take-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        system = Monkey(folder, seed=1, total=0)
        system.ledger = Ledger(random.Random(1), delay=0.005, faults=0.0)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving(system.ledger))
            platform = await stack.enter_async_context(Platform.open(system.settings, pool_size=3))
            run = await begin(platform, system.ledger.url, effects)
            workers = [Process(["worker"], system.environment(), folder / f"{number}.log") for number in range(2)]
            try:
                figures = await watch(platform, system, run, workers, rounds=rounds, outage=outage)
            finally:
                for worker in workers:
                    await asyncio.to_thread(worker.stop)
    written = system.ledger.written
    return figures | {
        "lost": effects - len(written),
        "duplicated": sum(count > 1 for count in written.values()),
        "conflicts": len(system.ledger.conflicts),
    }


async def watch(
    platform: Platform, system: Monkey, run: UUID, workers: list[Process], *, rounds: int, outage: float
) -> dict[str, Any]:
    ledger = system.ledger
    noticed, resumed = [], []
    for number in range(rounds):
        await until(reached, ledger, 100 * (number + 1))
        row = await state(platform, run)
        victim = next(each for each in workers if str(row["worker"]).endswith(f":{each.pid}"))
        killed = time.monotonic()
        victim.end()
        await until(claimed, platform, run, row["fence"])
        claim, count = time.monotonic(), len(ledger.written)
        await until(reached, ledger, count + 1)
        noticed.append(round(claim - killed, 2))
        resumed.append(round(time.monotonic() - claim, 2))
        victim.start()
    count = len(ledger.written)
    await until(reached, ledger, count + 50)
    await asyncio.to_thread(restart_postgres, Embedded(system.data_dir), outage)
    back, count = time.monotonic(), len(ledger.written)
    await until(reached, ledger, count + 1)
    after = round(time.monotonic() - back, 2)
    await until(over, platform, run, limit=3 * LIMIT)
    row = await state(platform, run)
    return {"status": row["status"], "noticed": noticed, "resumed": resumed, "outage": outage, "after_outage": after}


async def begin(platform: Platform, url: str, effects: int) -> UUID:
    """One run of one loop."""
    tenant, owner = platform.first.tenant_id, platform.first.user_id
    async with platform.database.tenant(tenant) as unit:
        row = await platform.connectors.save(unit, io.load(json.dumps(manifest(url))))
        made = await platform.connections.create(unit, connector_id=row["id"], name="ledger", owner_id=owner, params={})
        to = Writer(str(made["id"]), url)
        loop = to.loop("l", json.dumps(list(range(effects))), to.effect("idem", "e{$.l.item}", "{$.l.index}"))
        workspace = json.dumps(document("manual", loop)).encode()
        automation = await platform.automations.create(unit, owner_id=owner, name="long", workspace=workspace)
        run = await Runs(platform.database).start(unit, automation=automation, context="api_async")
    found: UUID = run["id"]
    return found


async def state(platform: Platform, run: UUID) -> dict[str, Any]:
    async with platform.database.system() as unit:
        row = await unit.one(select(runs).where(runs.c.id == run))
    assert row is not None
    return row


async def reached(ledger: Ledger, count: int) -> bool:
    return len(ledger.written) >= count


async def claimed(platform: Platform, run: UUID, fence: int) -> bool:
    return bool((await state(platform, run))["fence"] > fence)


async def over(platform: Platform, run: UUID) -> bool:
    return (await state(platform, run))["status"] in ENDED


async def until(met: Callable[..., Awaitable[bool]], *arguments: Any, limit: float = LIMIT) -> None:
    async with asyncio.timeout(limit):
        while True:
            with suppress(Unavailable):
                if await met(*arguments):
                    return
            await asyncio.sleep(0.01)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--outage", type=float, default=20.0, help="seconds for which PostgreSQL is down")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = asyncio.run(takeover(rounds=args.rounds, outage=args.outage))
    print(json.dumps(figures) if args.json else "\n".join(f"{name:14} {value}" for name, value in figures.items()))
    return 0 if figures["status"] == "finished" and not (figures["lost"] or figures["duplicated"]) else 1


if __name__ == "__main__":
    sys.exit(main())
