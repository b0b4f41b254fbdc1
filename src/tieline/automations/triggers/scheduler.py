"""The scheduler: starts the runs of schedules that are due, each slot once over any number of workers.

Every worker looks each second for rows that are due and locks them (SKIP LOCKED, so that two never wait for each
other). The run is written in the transaction that moves the row on, under a key made of schedule and slot: neither a
crash, nor a second scheduler, nor a clock that was put back starts a slot a second time.

What is due by more than one slot, or by more than `GRACE`, was missed: workers or the database were away. The
schedule's ``misfire`` says what becomes of it: ``once`` starts one run for all of them, ``skip`` none, ``all`` one for
each of the last `MOST_CAUGHT_UP`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import structlog
from sqlalchemy import exists, func, select

from tieline.automations.runs.errors import NotStartable, QueueFull
from tieline.automations.runs.service import WAITING, Runs
from tieline.automations.triggers.timings import keep_in_step, timing
from tieline.core.clock import Clock, now
from tieline.core.errors import TielineError, Unavailable
from tieline.core.tracing import traced
from tieline.storage.database import Database
from tieline.storage.tables import automations, runs, schedules
from tieline.storage.unit import Unit

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0
GRACE: Final = timedelta(seconds=60)
MOST_CAUGHT_UP: Final = 100
PAUSE: Final = timedelta(seconds=5)
"""After which a schedule is looked at again whose tenant had too many runs waiting."""
CLOCK_SLACK: Final = timedelta(seconds=90)
"""By which the clocks of two machines may differ."""
_AT_ONCE: Final = 50
_MOST_PASSED: Final = 20_000
_REPAIR_EVERY: Final = 60


class Scheduler:
    """One for each worker process."""

    def __init__(self, database: Database, *, clock: Clock = now, look: float = LOOK_SECONDS) -> None:
        self._database = database
        self._runs = Runs(database)
        self._clock = clock
        self._look = look

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set. A database that is away, or a fault, does not end it."""
        looked, adopted = 0, False
        while not stop.is_set():
            with traced():
                try:
                    if not adopted:
                        await self.adopt()
                        adopted = True
                    if looked % _REPAIR_EVERY == 0:
                        while await self.repair() == _AT_ONCE:
                            pass
                    looked += 1
                    while await self.fire() == _AT_ONCE:
                        pass
                except Unavailable as error:
                    log.warning("schedule.waits", detail=error.detail)
                except Exception:
                    log.exception("schedule.failed")  # the next look may do better
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._look)

    async def fire(self) -> int:
        """Start what is due; the number of schedules that were looked at, at most 50."""
        moment = self._clock()
        async with self._database.system() as unit:
            due = await unit.all(
                select(schedules.c.tenant_id, schedules.c.id)
                .where(schedules.c.enabled, schedules.c.due_at <= moment)
                .order_by(schedules.c.due_at)
                .limit(_AT_ONCE)
            )
        for row in due:
            with traced():  # of what it starts, too
                try:
                    async with self._database.tenant(row["tenant_id"]) as unit:
                        await self._fire_one(unit, row["id"], moment)
                except Unavailable:
                    raise
                except Exception as error:  # noqa: BLE001 - one schedule's trouble must not keep others from starting
                    log.warning("schedule.not_started", schedule=str(row["id"]), error=type(error).__name__)
                    await self._put_off(row, moment, error)
        return len(due)

    async def adopt(self) -> int:
        """Schedules that a release without scheduler has saved get their rows."""
        table, rows = automations, schedules.alias("known")
        known = exists().where(rows.c.tenant_id == table.c.tenant_id, rows.c.automation_id == table.c.id)
        async with self._database.system() as unit:
            found = await unit.all(
                select(table.c.tenant_id, table.c.id).where(
                    table.c.run_mode == "scheduled", func.jsonb_array_length(table.c.schedules) > 0, ~known
                )
            )
        for one in found:
            async with self._database.tenant(one["tenant_id"]) as unit:
                row = await unit.one(unit.select(table).where(table.c.id == one["id"]).with_for_update())
                if row is not None:
                    await keep_in_step(unit, row, clock=self._clock)
        return len(found)

    async def repair(self) -> int:
        """Schedules that were moved on by a clock that was ahead, and has been put right, get their next slot back."""
        moment = self._clock()
        repaired = 0
        async with self._database.system() as unit:
            ahead = await unit.all(
                select(schedules)
                .where(schedules.c.enabled, schedules.c.updated_at > moment + CLOCK_SLACK)
                .limit(_AT_ONCE)
                .with_for_update(skip_locked=True)
            )
            for row in ahead:
                following = timing(row).after(moment)
                await unit.update(
                    schedules,
                    schedules.c.tenant_id == row["tenant_id"],
                    schedules.c.id == row["id"],
                    next_at=following,
                    due_at=following,
                    updated_at=moment,
                )
                repaired += 1
        if repaired:
            log.warning("schedule.clock_was_ahead", schedules=repaired)
        return repaired

    async def _fire_one(self, unit: Unit, schedule_id: Any, moment: datetime) -> None:
        """Start a schedule's runs and move it on, if nobody else does."""
        row = await unit.one(
            unit.select(schedules)
            .where(schedules.c.id == schedule_id, schedules.c.enabled, schedules.c.due_at <= moment)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return
        automation = await unit.one(unit.select(automations).where(automations.c.id == row["automation_id"]))
        if automation is None or automation["state"] != "available":
            await unit.update(schedules, schedules.c.id == schedule_id, enabled=False, next_at=None, due_at=None)
            return
        due, following = _due(row, moment)
        values: dict[str, Any] = {"error": None, "updated_at": moment, "next_at": following, "due_at": following}
        for slot in await self._chosen(unit, row, due, moment):
            try:
                await self._runs.start(
                    unit,
                    automation=automation,
                    context="schedule",
                    key=f"schedule:{row['id']}:{slot:%Y%m%dT%H%M%S}",
                    scheduled_at=slot,
                )
            except QueueFull as error:
                # The slot is not lost: it is tried again, and is a missed one from then on.
                values |= {"error": error.detail, "next_at": slot, "due_at": moment + PAUSE}
                break
            values |= {"last_at": slot, "started_at": moment}
        await unit.update(schedules, schedules.c.id == schedule_id, **values)

    async def _chosen(self, unit: Unit, row: dict[str, Any], due: list[datetime], moment: datetime) -> list[datetime]:
        """The slots for which a run starts."""
        if row["misfire"] == "all":
            return due[-MOST_CAUGHT_UP:]
        latest = due[-1:]
        if row["misfire"] == "skip" and latest and moment - latest[0] > GRACE:
            return []
        # A run that has not even begun does what another one would do.
        waits = await unit.scalar(
            unit.select(runs, runs.c.id)
            .where(
                runs.c.automation_id == row["automation_id"],
                runs.c.status.in_(WAITING),
                runs.c.start_key.startswith(f"schedule:{row['id']}:"),
            )
            .limit(1)
        )
        return [] if waits is not None else latest

    async def _put_off(self, row: dict[str, Any], moment: datetime, error: Exception) -> None:
        """A schedule that cannot be started says why, and is looked at again later."""
        told = error.detail if isinstance(error, TielineError) else f"a fault in Tieline ({type(error).__name__})"
        pause = PAUSE if not isinstance(error, NotStartable) else PAUSE * 60
        async with self._database.system() as unit:
            await unit.update(
                schedules,
                schedules.c.tenant_id == row["tenant_id"],
                schedules.c.id == row["id"],
                error=told[:1000],
                due_at=moment + pause,
            )


def _due(row: dict[str, Any], moment: datetime) -> tuple[list[datetime], datetime | None]:
    """The slots that are due, and the one after them. After a very long absence only the newest are told."""
    rule = timing(row)
    due: list[datetime] = [row["next_at"]]
    passed = 0
    for slot in islice(rule.slots(row["next_at"]), _MOST_PASSED):
        if slot > moment:
            return due, slot
        passed += 1
        due.append(slot)
        if len(due) > MOST_CAUGHT_UP:
            del due[0]
    if passed < _MOST_PASSED:
        return due, None
    # Too many to go through one by one: those just before now stand for all.
    recent = [slot for slot in islice(rule.slots(moment - timedelta(days=1)), _MOST_PASSED) if slot <= moment]
    return (recent[-MOST_CAUGHT_UP:] or due), rule.after(moment)
