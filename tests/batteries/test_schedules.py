"""Schedules over real worker processes, some of which are killed or stopped: each slot once.

Schedules of two seconds, which no person can make, stand in for those of 30.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.automations.triggers.conftest import Office, document, opened
from tieline.core.clock import now
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.tables import runs, schedules

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

SECONDS = 2
SCHEDULES = 12


class Workers:
    """Processes of `tieline worker` on the database of the test."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self._environment = {
            **os.environ,
            "TIELINE_DATABASE_URL": dsn,
            "TIELINE_DATA_DIR": str(folder),
            "TIELINE_SECRET_KEYS": Vault.generate_key(),
            "TIELINE_LOG_LEVEL": "warning",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        command = [sys.executable, "-m", "tieline", "worker", "--concurrency", "8"]
        self.running.append(subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL))

    def kill(self, which: int) -> None:
        process = self.running.pop(which)
        process.kill()
        process.wait(10)

    def end(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.running:
            process.wait(30)


async def every_two_seconds(office: Office, misfire: str) -> list[Any]:
    made = [await office.automation(document("scheduled"), schedules=[{"interval": 60}]) for _ in range(SCHEDULES)]
    begin = now().replace(microsecond=0)
    first = begin + timedelta(seconds=SECONDS)
    async with office.database.tenant(office.tenant) as unit:
        values = {"rule": str(SECONDS), "anchor": begin, "next_at": first, "due_at": first, "misfire": misfire}
        await unit.update(schedules, schedules.c.automation_id.in_(made), updated_at=begin, **values)
    return made


async def found(office: Office) -> tuple[Counter[Any], dict[Any, list[float]], Counter[str]]:
    """How often each slot was started, the steps from slot to slot of each schedule, and how the runs stand."""
    async with office.database.tenant(office.tenant) as unit:
        rows = await unit.all(unit.select(runs).order_by(runs.c.scheduled_at))
    slots: dict[Any, list[Any]] = {}
    for row in rows:
        slots.setdefault(row["automation_id"], []).append(row["scheduled_at"])
    steps = {
        name: [(after - before).total_seconds() for before, after in pairwise(each)] for name, each in slots.items()
    }
    times = Counter((row["automation_id"], row["scheduled_at"]) for row in rows)
    return times, steps, Counter(row["status"] for row in rows)


@pytest.mark.parametrize("misfire", ["all", "once"])
async def test_each_slot_once_although_workers_die(
    database: Database, database_dsn: str, tmp_path: Path, misfire: str
) -> None:
    office = await opened(database)
    workers = Workers(database_dsn, tmp_path)
    try:
        workers.start()
        workers.start()
        made = await every_two_seconds(office, misfire)
        chance = random.Random(11)
        async with asyncio.timeout(60):
            while len((await found(office))[0]) < SCHEDULES:
                await asyncio.sleep(0.1)
        for how in ("kill", "stop", "kill", "both"):
            await asyncio.sleep(chance.uniform(2.0, 4.0))
            if how == "stop":
                workers.running[0].send_signal(signal.SIGSTOP)
                await asyncio.sleep(10)
                workers.running[0].send_signal(signal.SIGCONT)
                continue
            for _ in range(2 if how == "both" else 1):
                workers.kill(0)
            if how == "both":
                await asyncio.sleep(3 * SECONDS)
            while len(workers.running) < 2:
                workers.start()
        await asyncio.sleep(5 * SECONDS)
        async with database.tenant(office.tenant) as unit:
            await unit.update(schedules, schedules.c.automation_id.in_(made), enabled=False)
        async with asyncio.timeout(60):
            while set((await found(office))[2]) != {"finished"}:
                await asyncio.sleep(0.2)
    finally:
        workers.end()
    times, steps, _ = await found(office)
    assert set(times.values()) == {1}, "no slot twice"
    assert len(steps) == SCHEDULES
    assert min(len(each) for each in steps.values()) > 10
    for each in steps.values():
        assert all(step % SECONDS == 0 for step in each)
        if misfire == "all":
            assert set(each) == {SECONDS}, "no slot left out"
