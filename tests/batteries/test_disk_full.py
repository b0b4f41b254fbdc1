"""The disk of the data folder is full: one clear error, nothing spoilt, and everything goes on when there is room."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest

from bench.kill_battery import Process
from bench.monkey import Monkey
from bench.monkey_chaos import Chaos
from bench.monkey_ledger import serving
from bench.monkey_verdict import report
from tieline.server.platform import Platform
from tieline.storage import embedded
from tieline.storage.cluster import SUPERUSER
from tieline.storage.embedded import Embedded

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.timeout(300)]

RUNS = 120


class Disk:
    """A tmpfs of a size that can be changed, and a file that takes what is left of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def mount(self, megabytes: int) -> None:
        options = f"size={megabytes}m,mode=0711"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(self.folder)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.decode().strip()}")

    def resize(self, megabytes: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(self.folder)], check=True)

    def fill(self) -> None:
        """Takes what is free now."""
        with self._ballast.open("ab") as file:
            while True:
                try:
                    file.write(b"\0" * 65536)
                    file.flush()
                except OSError:
                    return

    def clear(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk() -> Iterator[Disk]:
    with tempfile.TemporaryDirectory(prefix="tl-") as name:
        folder = Path(name)
        found = Disk(folder)
        yield found
        if os.path.ismount(folder):
            embedded.destroy(folder / "data")
            subprocess.run(["umount", str(folder)], check=True)


def test_a_folder_of_8_mb_is_refused_in_one_line_and_used_once_there_is_room(disk: Disk) -> None:
    disk.mount(8)
    environment = {**os.environ, "TIELINE_DATA_DIR": str(disk.folder / "data")}
    done = subprocess.run(
        [sys.executable, "-m", "tieline", "worker"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.strip()]
    assert "needs 100 MB" in line
    assert "free some space" in line
    disk.resize(400)
    with Embedded.join(disk.folder / "data") as server, psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


async def test_runs_wait_while_the_disk_is_full_and_end_when_there_is_room(disk: Disk) -> None:
    disk.mount(500)
    system = Monkey(disk.folder, seed=3, total=RUNS)
    with tempfile.TemporaryDirectory(prefix="tl-") as logs:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving(system.ledger))
            platform = await stack.enter_async_context(Platform.open(system.settings, pool_size=3))
            await system.prepare(platform)
            environment = system.environment()
            server = Process(
                ["serve", "--port", str(system.port), "--workers", "1"], environment, Path(logs) / "server.log"
            )
            try:
                async with asyncio.TaskGroup() as group:
                    driving = group.create_task(system.drive(platform))
                    while len(system.asked.sure) < RUNS // 4:
                        await asyncio.sleep(0.05)
                    said = await told_of_a_full_disk(system, disk)
                    assert not driving.done(), "the disk was full while runs were to be started"
                    disk.clear()
                assert said == {(507, "disk-full")}
                await system.settle(platform)
                verdict = await report(system, platform, Chaos(system.data_dir, server, [], random.Random(1)))
            finally:
                await asyncio.to_thread(server.stop)
            await asyncio.to_thread(readable, system.data_dir)
    assert verdict["good"], verdict


async def told_of_a_full_disk(system: Monkey, disk: Disk) -> set[tuple[int, str]]:
    """Fills the disk until a start is refused for it; what the server says."""
    started = next(each for each in system.automations if each.kind.name == "short")
    async with aiohttp.ClientSession() as client, asyncio.timeout(90):
        for number in itertools.count():
            await asyncio.to_thread(disk.fill)
            url = f"http://127.0.0.1:{system.port}{started.path}"
            token = f"disk-full-{number}"
            async with client.post(url, json={"token": token}, headers=started.headers) as answer:
                body: Any = await answer.json()
            system.asked.unsure[token] = started.kind.name
            if answer.status == 507:
                return {(answer.status, body["errors"][0]["code"])}
            await asyncio.sleep(0.2)
    raise AssertionError


def readable(data_dir: Path) -> None:
    """Every row of every table can be read, and every index agrees with its table about how many there are."""
    with (
        Embedded.join(data_dir) as server,
        psycopg.connect(server.address(user=SUPERUSER), autocommit=True) as connection,
    ):
        connection.execute("SET enable_indexscan = off")
        connection.execute("SET enable_indexonlyscan = off")
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname IN ('public', 'procrastinate')"
        ).fetchall()
        for (name,) in tables:
            assert connection.execute(f"SELECT count(t::text) FROM {name} AS t").fetchone() is not None
        connection.execute("REINDEX DATABASE")
