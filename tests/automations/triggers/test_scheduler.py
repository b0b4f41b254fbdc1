"""The scheduler under a clock that the test moves, over the real database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.automations.triggers.conftest import Office, document
from tieline.automations.runs.service import QUEUED_LIMIT
from tieline.automations.triggers import timings
from tieline.automations.triggers.scheduler import MOST_CAUGHT_UP, Scheduler
from tieline.core import json
from tieline.core.ids import new_id
from tieline.storage.tables import automations, runs, schedules

pytestmark = pytest.mark.anyio

MINUTELY = {"interval": 60}


async def test_every_slot_once_however_many_schedulers(office: Office) -> None:
    made = await office.automation(schedules=[{"interval": 30}])
    crowd = [Scheduler(office.database, clock=office.clock) for _ in range(6)]
    for _ in range(10):
        office.clock.move(seconds=15)
        await asyncio.gather(*(one.fire() for one in crowd))
        await office.end_runs()
    assert await office.started(made) == ["12:00:30", "12:01:00", "12:01:30", "12:02:00", "12:02:30"]
    row = await office.schedule(made)
    assert (row["last_at"].strftime("%H:%M:%S"), row["next_at"].strftime("%H:%M:%S")) == ("12:02:30", "12:03:00")


@pytest.mark.parametrize(
    "misfire, expected",
    [
        ("", ["12:05:00", "12:06:00"]),
        ("once", ["12:05:00", "12:06:00"]),
        ("all", ["12:01:00", "12:02:00", "12:03:00", "12:04:00", "12:05:00", "12:06:00"]),
    ],
)
async def test_what_was_missed(office: Office, scheduler: Scheduler, misfire: str, expected: list[str]) -> None:
    """Five minutes without a scheduler."""
    made = await office.automation(schedules=[{**MINUTELY, "misfire": misfire} if misfire else MINUTELY])
    await office.tick(scheduler, minutes=5, seconds=1)
    await office.tick(scheduler, minutes=1)
    assert await office.started(made) == expected


async def test_skip_lets_old_slots_pass(office: Office, scheduler: Scheduler) -> None:
    made = await office.automation(schedules=[{"recurrence": "0 6 * * *", "misfire": "skip"}])
    await office.tick(scheduler, hours=20)  # 08:00 of the next day
    assert await office.started(made) == []
    await office.tick(scheduler, hours=22, seconds=30)
    assert await office.started(made) == ["06:00:00"]


async def test_all_is_bounded(office: Office, scheduler: Scheduler) -> None:
    made = await office.automation(schedules=[{**MINUTELY, "misfire": "all"}])
    await office.tick(scheduler, days=400)
    assert len(await office.started(made)) == MOST_CAUGHT_UP
    await office.tick(scheduler, minutes=1)
    assert len(await office.started(made)) == MOST_CAUGHT_UP + 1


async def test_a_clock_that_was_ahead_loses_nothing_and_repeats_nothing(office: Office, scheduler: Scheduler) -> None:
    made = await office.automation(schedules=[MINUTELY])
    await office.tick(scheduler, times=3, minutes=1)
    await office.tick(scheduler, days=365)
    ahead = await office.started(made)
    office.clock.move(days=-365)
    assert await scheduler.repair() == 1
    assert await scheduler.repair() == 0
    await office.tick(scheduler, times=3, minutes=1)
    assert await office.started(made) == [*ahead, "12:04:00", "12:05:00", "12:06:00"]


async def test_a_clock_that_goes_back_starts_no_slot_twice(office: Office, scheduler: Scheduler) -> None:
    made = await office.automation(schedules=[MINUTELY])
    await office.tick(scheduler, times=10, minutes=1)
    office.clock.move(minutes=-5)
    await scheduler.repair()
    await office.tick(scheduler, times=10, minutes=1)
    found = await office.started(made)
    assert len(found) == len(set(found)) == 15


async def test_a_small_difference_between_two_clocks_is_no_matter(office: Office, scheduler: Scheduler) -> None:
    made = await office.automation(schedules=[MINUTELY])
    await office.tick(scheduler, minutes=1)
    office.clock.move(seconds=-40)
    assert await scheduler.repair() == 0
    await office.tick(scheduler, times=4, seconds=30)
    assert await office.started(made) == ["12:01:00", "12:02:00"]


async def test_what_saving_and_switching_do_to_the_next_slot(office: Office, scheduler: Scheduler) -> None:
    made = await office.automation(schedules=[MINUTELY])
    first = await office.schedule(made)
    async with office.database.tenant(office.tenant) as unit:
        row = await office.library.update(unit, made, saved_by=office.user, name="Other")
        assert (await timings.shown(unit, row))[0]["nextStartAt"].startswith("2026-03-01T12:01:00")
        await office.library.update(unit, made, saved_by=office.user, schedules=row["schedules"])
    assert await office.schedule(made) == {**first, "updated_at": (await office.schedule(made))["updated_at"]}
    async with office.database.tenant(office.tenant) as unit:
        await office.library.set_enabled(unit, made, False)
        row = await office.library.row(unit, made)
        assert "nextStartAt" not in (await timings.shown(unit, row))[0]
    await office.tick(scheduler, minutes=5)
    assert await office.started(made) == []
    async with office.database.tenant(office.tenant) as unit:
        await unit.update(automations, automations.c.id == made, state="available")
        row = await office.library.row(unit, made)
        await timings.keep_in_step(unit, row, clock=office.clock)
    await office.tick(scheduler, minutes=1)
    assert await office.started(made) == ["12:06:00"], "what passed while it was disabled was not missed"
    async with office.database.tenant(office.tenant) as unit:
        workspace = json.dumps(document("manual"))
        await office.library.update(unit, made, saved_by=office.user, workspace=workspace)
    await office.tick(scheduler, minutes=5)
    assert await office.started(made) == ["12:06:00"]
    async with office.database.tenant(office.tenant) as unit:
        await office.library.update(unit, made, saved_by=office.user, schedules=[])
        assert await unit.all(unit.select(schedules).where(schedules.c.automation_id == made)) == []


async def test_a_run_that_still_waits_stands_for_the_next(office: Office, scheduler: Scheduler) -> None:
    made = await office.automation(schedules=[MINUTELY])
    for _ in range(4):
        office.clock.move(minutes=1)
        await scheduler.fire()
    assert await office.started(made) == ["12:01:00"]
    await office.end_runs()
    await office.tick(scheduler, minutes=1)
    assert await office.started(made) == ["12:01:00", "12:05:00"]


async def test_a_tenant_with_too_many_waiting_runs_loses_no_slot(office: Office, scheduler: Scheduler) -> None:
    made = await office.automation(schedules=[MINUTELY])
    other = await office.automation(document("manual"))
    async with office.database.tenant(office.tenant) as unit:
        row = await office.library.row(unit, other)
        values: dict[str, Any] = {
            "automation_id": other,
            "version": 1,
            "context": "api_async",
            "owner_id": row["owner_id"],
        }
        for _ in range(QUEUED_LIMIT):
            await unit.insert(runs, id=new_id(), status="not started", **values)
    office.clock.move(minutes=1)
    await scheduler.fire()
    assert await office.started(made) == []
    assert "may wait" in (await office.schedule(made))["error"]
    await office.tick(scheduler, seconds=2)
    await office.tick(scheduler, seconds=4)
    assert await office.started(made) == ["12:01:00"]
    assert (await office.schedule(made))["error"] is None


async def test_a_broken_schedule_holds_up_nobody(office: Office, scheduler: Scheduler) -> None:
    broken = await office.automation(schedules=[MINUTELY])
    made = await office.automation(schedules=[MINUTELY])
    async with office.database.tenant(office.tenant) as unit:
        await unit.update(schedules, schedules.c.automation_id == broken, kind="rrule", rule="FREQ=NEVER")
    await office.tick(scheduler, minutes=1)
    assert await office.started(made) == ["12:01:00"]
    assert "ValueError" in (await office.schedule(broken))["error"]


async def test_the_end(office: Office, scheduler: Scheduler) -> None:
    entry = {**MINUTELY, "startAt": "2026-03-01 13:01:00", "stopAt": "2026-03-01 13:02:00", "timezone": "Europe/Paris"}
    made = await office.automation(schedules=[entry])
    await office.tick(scheduler, times=5, minutes=1)
    assert await office.started(made) == ["12:01:00", "12:02:00"]
    assert (await office.schedule(made))["next_at"] is None


async def test_it_outlives_what_goes_wrong(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await office.automation(schedules=[MINUTELY])
    office.clock.move(minutes=1)
    one = Scheduler(office.database, clock=office.clock, look=0.01)
    real, failures = office.database.system, iter([OSError("gone"), RuntimeError("odd")])

    def failing() -> Any:
        error = next(failures, None)
        if error is not None:
            raise error
        return real()

    monkeypatch.setattr(office.database, "system", failing)
    stop = asyncio.Event()
    task = asyncio.create_task(one.run(stop))
    async with asyncio.timeout(20):
        while not await office.started(made):
            await asyncio.sleep(0.02)
    stop.set()
    await task
    assert await office.started(made) == ["12:01:00"]


async def test_schedules_of_an_earlier_release_are_taken_up(office: Office, scheduler: Scheduler) -> None:
    made = await office.automation(schedules=[MINUTELY])
    odd = await office.automation(schedules=[{"recurrence": "FREQ=DAILY"}])
    async with office.database.tenant(office.tenant) as unit:
        await unit.delete(schedules, schedules.c.automation_id.in_([made, odd]))
        row = await office.library.row(unit, odd)
        refused = [{**row["schedules"][0], "recurrence": "RRULE:FREQ=SECONDLY"}]
        await unit.update(automations, automations.c.id == odd, schedules=refused)
    await scheduler.adopt()
    await office.tick(scheduler, minutes=1)
    assert await office.started(made) == ["12:01:00"]
    async with office.database.tenant(office.tenant) as unit:
        await office.library.set_enabled(unit, odd, False)
        row = await office.library.row(unit, odd)
        assert "cannot be laid out" in (await timings.shown(unit, row))[0]["error"]
