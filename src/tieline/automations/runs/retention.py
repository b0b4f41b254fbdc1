"""Retention: runs that ended long ago go with all that they kept.

Every ten minutes one job runs, once for each slot over all workers: it queues that of the next slot and, for each
tenant with runs to purge, a job that purges batch after batch. A batch is one short transaction. It takes the rows of
its runs and passes over those that somebody else has, so that any number of workers and commands may purge at once;
what a killed one has left is the next one's. A run that goes on, sleeps, waits or is paused is not over and not
touched, and neither is one that an unfinished run has called: that one may still read how it ended. A retry takes the
row as well: either it was first, and the run is not over any more, or the run is gone.

    retention = Retention(database, days=30)
    report = await retention.purge()                    # what is due, by each tenant's own settings
    report = await retention.purge(older_than=7.0)      # of all tenants, whatever they have set
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, TypeGuard
from uuid import UUID

import structlog
from msgspec import Struct
from sqlalchemy import ColumnElement, Table, Text, cast, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from tieline.automations.runs import usage
from tieline.automations.runs.belongings import (
    KEPT_BY_RUNS,
    STARTED_BY_DELIVERY,
    busy,
    remove_deliveries,
    remove_kept,
    remove_whole,
)
from tieline.automations.runs.service import ENDED
from tieline.core.clock import Clock, now
from tieline.storage.database import Database
from tieline.storage.errors import AlreadyQueued
from tieline.storage.queue import Queue
from tieline.storage.slots import queue_next_slot
from tieline.storage.tables import notices, purge_totals, runs, tenants, webhook_deliveries
from tieline.storage.unit import Unit

log = structlog.get_logger(__name__)

SWEEP: Final = "runs_sweep"
PURGE: Final = "runs_purge"
SLOT_SECONDS: Final = 600
RUNS_AT_ONCE: Final = 200
"""Runs of one batch."""
JOB_SECONDS: Final = 20.0
"""After which a job makes room for others, and another one goes on."""
BEHIND_RUNS: Final = -1_000
"""The priority of these jobs: what waits for a worker comes first."""
LONGEST_DAYS: Final = 36_500
RETENTION_SETTING: Final = "runRetentionDays"
SUCCESS_SETTING: Final = "successDataHours"
EMPTIED: Final = "emptied"
"""Under which runs are counted of which only the row stays."""

_MOST_PASSED_OVER: Final = 1_000
_DELIVERIES_AT_ONCE: Final = 1_000


class Rule(Struct, frozen=True):
    """How long a tenant's runs are kept. ``days`` 0 = for ever; ``success_hours``: what a run that went well was given,
    did and gave is kept so long (None = as long as the run)."""

    days: int
    success_hours: int | None = None

    @classmethod
    def of(cls, settings: Mapping[str, Any], default_days: int) -> Rule:
        """The rule of a tenant with these settings."""
        days, hours = settings.get(RETENTION_SETTING), settings.get(SUCCESS_SETTING)
        return cls(
            days if _whole(days) and 0 <= days <= LONGEST_DAYS else default_days,
            hours if _whole(hours) and hours >= 0 else None,
        )


class Report(Struct):
    """What was purged, or would be: rows by table, runs of which only the row stays under ``emptied``."""

    counts: Counter[str]
    tenants: int = 0
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """Rows in all."""
        return sum(self.counts.values())


class Retention:
    """Purges runs. ``days`` holds for tenants that have not set their own."""

    def __init__(self, database: Database, days: int, *, clock: Clock = now) -> None:
        self._database = database
        self._days = days
        self._clock = clock

    def register(self, queue: Queue) -> None:
        """Gives a worker the tasks."""
        queue.register(SWEEP, self.sweep)
        queue.register(PURGE, self.purge_job)

    async def begin(self) -> None:
        """Queue the next slot, unless somebody has."""
        await queue_next_slot(self._database, self._clock, SWEEP, SLOT_SECONDS)

    async def sweep(self, *, slot: int) -> None:
        """One slot: the next one is queued first, so that no fault of this one ends the line."""
        await self.begin()
        due = [tenant for tenant, rule in await self._rules() if await self._is_due(tenant, rule)]
        for tenant in due:
            await self._queue(tenant)
        log.debug("runs.sweep", slot=slot, tenants=len(due))

    async def purge_job(self, *, tenant_id: str) -> None:
        """Purges one tenant's runs for a while, then queues another job where there is more."""
        tenant = UUID(tenant_id)
        async with self._database.system() as unit:
            settings = await unit.scalar(select(tenants.c.settings).where(tenants.c.id == tenant))
        if settings is None:
            return
        counts, done = await self._tenant(tenant, Rule.of(settings, self._days), seconds=JOB_SECONDS)
        if counts:
            log.info("runs.purged", tenant=tenant_id, **counts)
        if not done:
            await self._queue(tenant)

    async def purge(self, *, older_than: float | None = None, tenant: UUID | None = None) -> Report:
        """Purges until nothing is left to purge. ``older_than`` in days replaces what tenants have set."""
        report, began = Report(Counter()), time.monotonic()
        for tenant_id, rule in await self._rules(tenant):
            counts, _ = await self._tenant(tenant_id, rule, older_than=older_than)
            report.counts += counts
            report.tenants += bool(counts)
        report.seconds = time.monotonic() - began
        return report

    async def preview(self, *, older_than: float | None = None, tenant: UUID | None = None) -> Report:
        """What `purge` would remove now."""
        report, began = Report(Counter()), time.monotonic()
        for tenant_id, rule in await self._rules(tenant):
            async with self._database.system() as system:
                counts = await self._count(Unit(system.connection, tenant_id), rule, older_than)
            report.counts += counts
            report.tenants += bool(counts)
        report.seconds = time.monotonic() - began
        return report

    async def reclaim(self) -> None:
        """Writes the tables anew without what is gone, which gives the space back to the disk and leaves no trace in
        their files. Each table is locked meanwhile: for a quiet hour.
        """
        for table in (*KEPT_BY_RUNS, runs, webhook_deliveries, notices):
            await self._database.autocommit(_VACUUM[table.name])

    async def _queue(self, tenant: UUID) -> None:
        async with self._database.system() as unit:
            with suppress(AlreadyQueued):
                await unit.defer(PURGE, queueing_lock=f"{PURGE} {tenant}", priority=BEHIND_RUNS, tenant_id=str(tenant))

    async def _rules(self, only: UUID | None = None) -> list[tuple[UUID, Rule]]:
        statement = select(tenants.c.id, tenants.c.settings).order_by(tenants.c.id)
        if only is not None:
            statement = statement.where(tenants.c.id == only)
        async with self._database.system() as unit:
            return [(row["id"], Rule.of(row["settings"], self._days)) for row in await unit.all(statement)]

    async def _is_due(self, tenant: UUID, rule: Rule) -> bool:
        async with self._database.system() as system:
            unit = Unit(system.connection, tenant)
            for condition in (self._gone(rule, None), self._emptied(rule)):
                if condition is not None and await unit.one(unit.select(runs, runs.c.id).where(condition).limit(1)):
                    return True
            before = self._deliveries_before(rule, None)
            old = unit.select(webhook_deliveries, webhook_deliveries.c.id)
            return before is not None and await unit.one(old.where(_old_deliveries(before)).limit(1)) is not None

    def _gone(self, rule: Rule, older_than: float | None) -> ColumnElement[bool] | None:
        """Which runs go; None = none."""
        if older_than is None and not rule.days:
            return None
        before = self._clock() - timedelta(days=rule.days if older_than is None else older_than)
        return _over(runs.c.status.in_(ENDED), runs.c.stopped_at < before)

    def _emptied(self, rule: Rule) -> ColumnElement[bool] | None:
        """Of which runs only the row stays; None = of none."""
        if rule.success_hours is None:
            return None
        before = self._clock() - timedelta(hours=rule.success_hours)
        return _over(runs.c.status == "finished", runs.c.purged_at.is_(None), runs.c.stopped_at < before)

    def _deliveries_before(self, rule: Rule, older_than: float | None) -> datetime | None:
        days = rule.days if older_than is None else older_than
        return self._clock() - timedelta(days=days) if days or older_than is not None else None

    async def _tenant(
        self, tenant: UUID, rule: Rule, *, older_than: float | None = None, seconds: float | None = None
    ) -> tuple[Counter[str], bool]:
        """Batch after batch; what went, and whether that was all."""
        counts: Counter[str] = Counter()
        until = None if seconds is None else time.monotonic() + seconds
        kinds = [(self._gone(rule, older_than), True)]
        if older_than is None:
            kinds.append((self._emptied(rule), False))
        for condition, whole in kinds:
            passed_over: set[UUID] = set()
            while condition is not None and len(passed_over) < _MOST_PASSED_OVER:
                if until is not None and time.monotonic() > until:
                    return counts, False
                began = time.monotonic()
                gone, seen = await self._batch(tenant, condition, passed_over, whole=whole)
                counts += gone
                if not seen:
                    break
                # Half of the time belongs to those who have work to do.
                await asyncio.sleep(0 if until is None else time.monotonic() - began)
        before = self._deliveries_before(rule, older_than)
        while before is not None and (emptied := await self._old_deliveries(tenant, before)):
            counts["webhook_deliveries"] += emptied
        async with self._database.tenant(tenant) as unit:
            await usage.forget(unit, self._clock())
        return +counts, True

    async def _batch(
        self, tenant: UUID, condition: ColumnElement[bool], passed_over: set[UUID], *, whole: bool
    ) -> tuple[Counter[str], int]:
        """One transaction; what went, and how many runs it looked at. Runs that have to be told of first are added to
        ``passed_over``.
        """
        async with self._database.system() as system:
            unit = Unit(system.connection, tenant)
            statement = (
                unit.select(runs, runs.c.id, runs.c.automation_id, runs.c.start_key)
                .where(condition, runs.c.id.not_in(passed_over))
                .order_by(runs.c.stopped_at)
                .limit(RUNS_AT_ONCE)
                .with_for_update(skip_locked=True, of=runs)
            )
            rows = await unit.all(statement)
            if not rows:
                return Counter(), 0
            passed_over |= await busy(unit, [row["id"] for row in rows])
            mine = [row for row in rows if row["id"] not in passed_over]
            if not mine:
                return Counter(), len(rows)
            gone, left = await remove_kept(unit, [row["id"] for row in mine])
            ready = [row for row in mine if row["id"] not in left]
            if whole:
                # From now on it cannot be retried: a part of its journal is gone.
                await unit.update(runs, runs.c.id.in_(left), runs.c.purged_at.is_(None), purged_at=self._clock())
                gone += await remove_whole(unit, ready)
            elif ready:
                gone["webhook_deliveries"] += await remove_deliveries(unit, ready)
                gone[EMPTIED] += await unit.update(
                    runs,
                    runs.c.id.in_([row["id"] for row in ready]),
                    inputs=None,
                    output=None,
                    trial=None,
                    purged_at=self._clock(),
                )
            await _add_to_totals(unit, gone)
            return gone, len(rows)

    async def _old_deliveries(self, tenant: UUID, before: datetime) -> int:
        """Empties deliveries that are as old, whatever became of them."""
        async with self._database.system() as system:
            unit = Unit(system.connection, tenant)
            key = (webhook_deliveries.c.subscription_id, webhook_deliveries.c.dedup_key)
            old = unit.select(webhook_deliveries, *key).where(_old_deliveries(before)).limit(_DELIVERIES_AT_ONCE)
            found = old.with_for_update(skip_locked=True).subquery()
            mine = func.row(*key).in_(select(found.c.subscription_id, found.c.dedup_key))
            count = await unit.update(webhook_deliveries, mine, body=None, headers={})
            await _add_to_totals(unit, Counter(webhook_deliveries=count))
            return count

    async def _count(self, unit: Unit, rule: Rule, older_than: float | None) -> Counter[str]:
        counts: Counter[str] = Counter()
        gone = self._gone(rule, older_than)
        conditions = [] if gone is None else [gone]
        if gone is not None:
            counts["runs"] = await unit.scalar(unit.select(runs, func.count()).where(gone))
        if older_than is None and (emptied := self._emptied(rule)) is not None:
            if gone is not None:
                emptied = emptied & ~runs.c.id.in_(unit.select(runs, runs.c.id).where(gone))
            counts[EMPTIED] = await unit.scalar(unit.select(runs, func.count()).where(emptied))
            conditions.append(emptied)
        if conditions:
            which = unit.select(runs, runs.c.id).where(or_(*conditions))
            for table in KEPT_BY_RUNS:
                counts[table.name] = await unit.scalar(
                    unit.select(table, func.count()).where(table.c.run_id.in_(which))
                )
            counts["webhook_deliveries"] = await self._count_deliveries(unit, rule, older_than, or_(*conditions))
        return +counts

    async def _count_deliveries(
        self, unit: Unit, rule: Rule, older_than: float | None, which: ColumnElement[bool]
    ) -> int:
        table = webhook_deliveries
        started = unit.select(runs, runs.c.start_key).where(which, runs.c.start_key.is_not(None))
        theirs = func.concat(STARTED_BY_DELIVERY, cast(table.c.id, Text)).in_(started)
        before = self._deliveries_before(rule, older_than)
        either = theirs if before is None else or_(theirs, _old_deliveries(before))
        found: int = await unit.scalar(unit.select(table, func.count()).where(table.c.body.is_not(None), either))
        return found


_VACUUM: Final[dict[str, Any]] = {
    "journal": "VACUUM (FULL, ANALYZE) journal",
    "run_blobs": "VACUUM (FULL, ANALYZE) run_blobs",
    "data_store_writes": "VACUUM (FULL, ANALYZE) data_store_writes",
    "run_file_pieces": "VACUUM (FULL, ANALYZE) run_file_pieces",
    "run_files": "VACUUM (FULL, ANALYZE) run_files",
    "runs": "VACUUM (FULL, ANALYZE) runs",
    "webhook_deliveries": "VACUUM (FULL, ANALYZE) webhook_deliveries",
    "notices": "VACUUM (FULL, ANALYZE) notices",
}


def _over(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Runs for which these hold and that no unfinished run has called."""
    caller: Table = runs.alias("caller")  # type: ignore[assignment]
    awaited = exists().where(
        caller.c.tenant_id == runs.c.tenant_id, caller.c.id == runs.c.parent_id, caller.c.status.not_in(ENDED)
    )
    found = ~awaited
    for condition in conditions:
        found = found & condition
    return found


def _old_deliveries(before: datetime) -> ColumnElement[bool]:
    table = webhook_deliveries
    return (table.c.received_at < before) & (table.c.status != "received") & table.c.body.is_not(None)


async def _add_to_totals(unit: Unit, gone: Counter[str]) -> None:
    """Last in its transaction: all who purge wait for each other here."""
    rows = [{"what": what, "count": count} for what, count in sorted(gone.items()) if count]
    if not rows:
        return
    statement = insert(purge_totals).values(rows)
    await unit.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["what"], set_={"count": purge_totals.c.count + statement.excluded.count}
        )
    )


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
