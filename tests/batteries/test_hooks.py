"""Webhooks against the upstream, the long way: bodies of 12 MB, bodies that take 20 s, and real processes, one of
which is killed between asking the vendor and noting his answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from tests.connectors.webhooks.making import DIALECTS, Upstream, World, hooks_manifest, running
from tests.fixtures.shared import free_port
from tieline.connectors.manifest import io
from tieline.server.settings import Settings
from tieline.storage.database import Database

pytestmark = [pytest.mark.alone, pytest.mark.anyio]

Hooked = dict[str, tuple[UUID, dict[str, Any]]]


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with running(database, Settings(data_dir=tmp_path)) as made:
        yield made


@pytest.fixture
async def vendor(upstream: str) -> AsyncIterator[Upstream]:
    made = Upstream(upstream)
    await made.reset()
    yield made
    await made.http.aclose()


@pytest.fixture
async def hooked(world: World, vendor: Upstream) -> Hooked:
    tenant, connection = await world.connection(hooks_manifest(vendor.base))
    return {
        dialect: (tenant, await world.webhooks.subscribe(tenant, connection, dialect, "test:x")) for dialect in DIALECTS
    }


async def test_bodies_that_are_too_large_are_refused_and_not_kept_in_memory(
    world: World, vendor: Upstream, hooked: Hooked
) -> None:
    process = psutil.Process()
    await vendor.emit("matrix.unsigned", {"n": 0})
    before = process.memory_info().rss
    for dialect, (tenant, row) in hooked.items():
        known = len(await world.rows(tenant, row))
        attempts = await vendor.emit(f"matrix.{dialect}", fault="huge")
        assert [one["status"] for one in attempts] == [413], dialect
        assert len(await world.rows(tenant, row)) == known
    assert process.memory_info().rss - before < 40 * 2**20


async def test_slow_senders_are_borne_and_hold_nobody_up(world: World, vendor: Upstream, hooked: Hooked) -> None:
    slow = [asyncio.create_task(vendor.emit(f"matrix.{dialect}", {"slow": 1}, fault="slow")) for dialect in DIALECTS]
    await asyncio.sleep(2)
    async with httpx.AsyncClient(timeout=5) as other:
        for dialect, (tenant, row) in hooked.items():
            url = (await world.webhooks.reveal(tenant, row["id"]))[0]
            status = (await other.post(url, json={"fast": dialect})).status_code
            assert status == (200 if dialect == "unsigned" else 401)
    assert not any(task.done() for task in slow)
    for attempts in await asyncio.gather(*slow):
        assert [one["status"] for one in attempts if one["misbehave"] == "slow"] == [200]
    for dialect, (tenant, row) in hooked.items():
        assert len(await world.settled(tenant, row)) == (2 if dialect == "unsigned" else 1)


class Served:
    """`tieline serve` with its worker, in a folder of its own, and the command line that talks to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = {
            **os.environ,
            "TIELINE_DATA_DIR": str(folder),
            "TIELINE_EGRESS_ALLOW": "127.0.0.0/8",
            "TIELINE_URL": f"http://127.0.0.1:{self.port}",
        }
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        command = [sys.executable, "-m", "tieline", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        async with httpx.AsyncClient() as client, asyncio.timeout(60):
            while True:
                try:
                    if (await client.get(self.environment["TIELINE_URL"] + "/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(30)

    async def __call__(self, *words: str) -> Any:
        """What a command prints as JSON; None where it prints nothing."""
        made = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tieline", *words, env=self.environment, stdout=subprocess.PIPE
        )
        out, _ = await made.communicate()
        assert made.returncode == 0, words
        return json.loads(out) if out.strip().startswith((b"{", b"[")) else None


@pytest.mark.timeout(240)
async def test_real_processes_and_one_that_is_killed_at_the_worst_moment(data_dir: Path, vendor: Upstream) -> None:
    tieline = Served(data_dir)
    await tieline.start()
    try:
        manifest = data_dir.parent / "manifest.json"
        manifest.write_text(io.dump(hooks_manifest(vendor.base), "json"))
        await tieline("connectors", "import", str(manifest), "--format", "manifest")
        await tieline("connections", "create", "upstream", "--name", "mine")
        sub = await tieline("webhook-subscriptions", "create", "github", "--connection", "mine", "--json")
        assert [one["status"] for one in await vendor.emit("matrix.github")] == [200]
        until = time.monotonic() + 30
        while (await tieline("webhook-subscriptions", "deliveries", sub["id"], "--json"))[0]["status"] != "handled":
            assert time.monotonic() < until
        # The vendor makes it and takes half a minute to say so; the server does not live to hear it.
        await vendor.arm(
            behaviour="slow-headers", params={"s": 30}, path="^/hooks/subscriptions", method="POST", phase="after"
        )
        asking = asyncio.create_task(
            tieline("webhook-subscriptions", "create", "stripe", "--connection", "mine", "--json")
        )
        async with asyncio.timeout(30):
            while len(await vendor.subscriptions()) < 2:
                await asyncio.sleep(0.05)
        tieline.stop(signal.SIGKILL)
        with pytest.raises(AssertionError):
            await asking
        await tieline.start()
        states = {one["event"]: one["status"] for one in await tieline("webhook-subscriptions", "ls", "--json")}
        assert states == {"github": "active", "stripe": "pending"}
        report = await tieline("webhook-subscriptions", "reconcile", "mine", "--json")
        assert {name: count for name, count in report.items() if count} == {"listed": 2, "kept": 1, "adopted": 1}
        assert len(await vendor.subscriptions()) == 2
        assert [one["status"] for one in await vendor.emit("matrix.stripe")] == [200]
        for one in await tieline("webhook-subscriptions", "ls", "--json"):
            await tieline("webhook-subscriptions", "rm", one["id"])
        assert await vendor.subscriptions() == []
    finally:
        tieline.stop()
