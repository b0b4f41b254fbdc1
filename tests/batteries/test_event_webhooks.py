"""A thousand events to three webhooks, while workers are killed and a receiver says no."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import func
from standardwebhooks import Webhook as StandardWebhook

from tests.automations.engine.documents import document
from tests.automations.runs.conftest import Bench, bench, worker
from tieline.automations.runs import Executor
from tieline.core.ids import new_id
from tieline.security.egress import Policy, parse_allow
from tieline.security.vault import Vault, parse_keys
from tieline.storage.tables import event_deliveries, events
from tieline.tenancy.events import emit
from tieline.tenancy.events.types import RUN_TYPES
from tieline.tenancy.events.webhooks import EventWebhooks, Wanted
from tieline.tenancy.principal import TENANT_ADMIN, Principal

__all__ = ["bench", "worker"]

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(400)]

EVENTS = 1_000
CREATED = "com.qlik.v1.automation.created"
SECRET = "whsec_" + "dGllbGluZS10aWVsaW5lLXRpZWxpbmU="


@dataclass
class Receivers:
    """Three addresses; the third says no to every tenth message that it sees for the first time."""

    url: str = ""
    seen: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in "abc"})
    refused: int = 0

    async def take(self, request: web.Request) -> web.StreamResponse:
        name, identity = request.path.strip("/"), request.headers["webhook-id"]
        StandardWebhook(SECRET).verify(await request.read(), dict(request.headers))
        counts = self.seen[name]
        counts[identity] += 1
        if name == "c" and counts[identity] == 1 and len(counts) % 10 == 0:
            self.refused += 1
            return web.Response(status=503)
        return web.Response()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receivers]:
    found = Receivers()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", found.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


def started(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tieline", "worker"], env=environment, stderr=subprocess.DEVNULL)


async def listen(bench: Bench, key: str, **wanted: Any) -> None:
    webhooks = EventWebhooks(Vault(parse_keys(key)), Policy(allow=parse_allow("127.0.0.0/8")))
    admin = Principal(
        tenant_id=bench.tenant,
        user_id=bench.user,
        roles=frozenset({TENANT_ADMIN}),
        scopes=frozenset({"admin"}),
    )
    async with bench.database.tenant(bench.tenant) as unit:
        await webhooks.create(unit, admin, Wanted(name="w", enabled=True, secret=SECRET, **wanted))


async def test_rows_exactly_once_and_sends_at_least_once(bench: Bench, database_dsn: str, tmp_path: Path) -> None:
    key = Vault.generate_key()
    environment = {
        **os.environ,
        "TIELINE_DATABASE_URL": database_dsn,
        "TIELINE_SECRET_KEYS": key,
        "TIELINE_DATA_DIR": str(tmp_path / "data"),
        "TIELINE_EGRESS_ALLOW": "127.0.0.0/8",
    }
    async with receiving() as receivers:
        for name in "abc":
            await listen(bench, key, url=f"{receivers.url}/{name}", event_types=[CREATED])
        processes = [started(environment) for _ in range(2)]
        try:
            for batch in range(EVENTS // 50):
                async with bench.database.tenant(bench.tenant) as unit:
                    for number in range(50):
                        await emit(unit, CREATED, f"automation:{new_id()}", {"number": batch * 50 + number})
            while sum(receivers.seen["a"].values()) < EVENTS // 4:
                await asyncio.sleep(0.05)
            processes[0].send_signal(signal.SIGKILL)
            processes[0].wait(10)
            processes[0] = started(environment)
            async with asyncio.timeout(300):
                while await _left(bench):
                    await asyncio.sleep(0.2)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(30)
    async with bench.database.tenant(bench.tenant) as unit:
        rows = await unit.all(
            unit.select(event_deliveries, event_deliveries.c.event_webhook_id, event_deliveries.c.event_id)
        )
        identities = {str(row["id"]) for row in await unit.all(unit.select(events, events.c.id))}
    assert len(rows) == len({tuple(row.values()) for row in rows}) == 3 * EVENTS
    assert len(identities) == EVENTS
    for counts in receivers.seen.values():
        assert set(counts) == identities
    assert receivers.refused >= EVENTS // 10


async def _left(bench: Bench) -> int:
    async with bench.database.tenant(bench.tenant) as unit:
        done = event_deliveries.c.status == "success"
        count: int = await unit.scalar(unit.select(event_deliveries, func.count()).where(done))
    return 3 * EVENTS - count


async def test_runs_that_end_are_told_of_where_somebody_listens(bench: Bench, worker: Executor) -> None:
    assert worker is not None
    await bench.run(document())
    await listen(bench, Vault.generate_key(), url="http://127.0.0.1:9/", event_types=list(RUN_TYPES))
    row = await bench.run(document())
    assert row["status"] == "finished"
    async with bench.database.tenant(bench.tenant) as unit:
        told = await unit.all(unit.select(events).order_by(events.c.id))
    assert [one["type"].rpartition(".")[2] for one in told] == ["ended", "finished"]
    assert {one["subject"] for one in told} == {f"run:{row['id']}"}
