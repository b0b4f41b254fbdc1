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
from datetime import datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

import pytest

from tests.automations.triggers.conftest import Office, document, opened
from tieline.automations.triggers.recurrence import Timing
from tieline.automations.triggers.scheduler import Scheduler
from tieline.automations.triggers.timings import timing
from tieline.core.clock import now
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.tables import runs, schedules

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.timeout(240)]

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


RULES: dict[str, dict[str, Any]] = {
    "night": {"recurrence": "30 2 * * *", "timezone": "Europe/Stockholm"},
    "quarters": {"recurrence": "*/15 * * * *", "timezone": "Europe/Stockholm"},
    "hours": {"recurrence": "0 * * * *", "timezone": "America/St_Johns"},
    "interval": {"interval": 1800},
}


def until(rule: Timing, since: datetime, end: datetime) -> list[datetime]:
    return list(takewhile(lambda slot: slot <= end, rule.slots(since)))


class Skewed:
    """The clock of one machine: the common one and what it is wrong by."""

    def __init__(self, office: Office, seconds: float) -> None:
        self._office, self._by = office, timedelta(seconds=seconds)

    def __call__(self) -> datetime:
        return self._office.clock() + self._by


@pytest.mark.parametrize("misfire", ["all", "once", "skip"])
@pytest.mark.parametrize(
    "begin",
    [
        pytest.param("2026-03-28T22:00:00Z", id="clocks-put-forward"),
        pytest.param("2026-10-24T22:00:00Z", id="clocks-put-back"),
        pytest.param("2026-10-31T22:00:00Z", id="another-zone-put-back"),
    ],
)
async def test_each_slot_once_while_clocks_jump_and_schedulers_come_and_go(
    database: Database, begin: str, misfire: str
) -> None:
    """One night: three schedulers whose clocks differ, jumps of the clock, half hours without a scheduler."""
    office, chance = await opened(database), random.Random(begin + misfire)
    office.clock.moment = start = datetime.fromisoformat(begin)
    made = {
        name: await office.automation(document("scheduled"), schedules=[{**rule, "misfire": misfire}])
        for name, rule in RULES.items()
    }
    rows = {name: await office.schedule(automation) for name, automation in made.items()}
    crowd = [Scheduler(database, clock=Skewed(office, seconds)) for seconds in (-30, 0, 30)]
    end = start + timedelta(hours=8)
    while office.clock() < end:
        jump = chance.random()
        if jump < 0.04:  # nobody looks for a while
            office.clock.move(minutes=chance.uniform(5, 30))
        elif jump < 0.08:  # the clock of all machines is put back
            office.clock.move(minutes=-chance.uniform(1, 5))
            await crowd[1].repair()
        elif jump < 0.1:  # one is ahead, starts what is not due yet, and is put right
            office.clock.move(hours=2)
            await crowd[0].fire()
            office.clock.move(hours=-2)
            while any([await one.repair() for one in crowd]):
                pass
        else:
            office.clock.move(seconds=chance.uniform(20, 400))
        await asyncio.gather(*(one.fire() for one in chance.sample(crowd, 2)))
        await office.end_runs()
    async with database.tenant(office.tenant) as unit:
        found = await unit.all(unit.select(runs).order_by(runs.c.scheduled_at))
    for name, automation in made.items():
        started = [row["scheduled_at"] for row in found if row["automation_id"] == automation]
        assert len(started) == len(set(started)), f"{name}: no slot twice"
        due = until(timing(rows[name]), start, office.clock())
        assert set(due) - set(started) == set() or misfire != "all", f"{name}: no slot left out"
        # A clock that is put back at the beginning, or was ahead at the end, sees slots from before and after.
        around = timedelta(hours=3)
        assert set(started) <= set(until(timing(rows[name]), start - around, office.clock() + around)), (
            f"{name}: nothing but slots"
        )
        assert started or misfire == "skip", f"{name}: what is missed stops nothing"
