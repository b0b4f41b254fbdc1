"""Pausing runs, and letting them go on: a paused run holds no worker and no place of its automation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from tieline.automations.runs.errors import NotPausable, NotPaused
from tieline.automations.runs.service import TASK, WAITING, take_place, wake_waiting
from tieline.core import clock
from tieline.storage.errors import FenceLost
from tieline.storage.journal import RunClaim
from tieline.storage.tables import automations, runs
from tieline.storage.unit import Unit


async def pause(unit: Unit, run: Mapping[str, Any]) -> None:
    """Asks for a pause: a run that waits or sleeps pauses at once, a running one before its next block or loop item.

    Raises `NotPausable` for a run that is over, is being stopped, or is paused already.
    """
    await _lock(unit, run)
    moment = clock.now()
    idle = runs.c.status.in_(WAITING) | ((runs.c.status == "running") & runs.c.worker.is_(None))
    paused = await unit.update(
        runs, runs.c.id == run["id"], idle, status="paused", updated_at=moment, fence=runs.c.fence + 1
    )
    if paused:
        await unit.update(automations, automations.c.last_run_id == run["id"], last_run_status="paused")
        await wake_waiting(unit, run["tenant_id"], run["automation_id"])
        return
    asked = await unit.update(
        runs,
        runs.c.id == run["id"],
        runs.c.status.in_(("starting", "running")),
        pause_requested_at=moment,
        updated_at=moment,
    )
    if not asked:
        raise NotPausable(f"run {run['id']} is {run['status']}; only a run that waits or goes on can be paused")


async def resume(unit: Unit, run: Mapping[str, Any]) -> None:
    """Lets a paused run go on where it was, or takes back the wish to pause. Raises `NotPaused` for any other run.

    Raises `QueueFull` when 200 runs of the tenant are waiting: one that is paused does not count among them.
    """
    if run["status"] == "paused":
        await take_place(unit)
    await _lock(unit, run)
    moment = clock.now()
    going = await unit.update(
        runs, runs.c.id == run["id"], runs.c.status == "paused", status="not started", updated_at=moment
    )
    if going:
        await unit.defer(TASK, tenant_id=str(unit.tenant_id), run_id=str(run["id"]))
        return
    kept = await unit.update(
        runs,
        runs.c.id == run["id"],
        runs.c.pause_requested_at.is_not(None),
        runs.c.status.in_(("starting", "running")),
        pause_requested_at=None,
        updated_at=moment,
    )
    if not kept:
        raise NotPaused(f"run {run['id']} is {run['status']}; only a paused run can be resumed")


async def laid_down(unit: Unit, claim: RunClaim, automation_id: UUID, metrics: Mapping[str, Any] | None) -> None:
    """The worker has stopped before the next block; the run waits to be resumed. Raises `FenceLost`.

    Somebody may have changed his mind meanwhile: then the run goes on in another job.
    """
    moment = clock.now()
    mine = (runs.c.tenant_id == claim.tenant_id, runs.c.id == claim.run_id, runs.c.fence == claim.fence)
    lock = select(automations.c.id).where(automations.c.tenant_id == claim.tenant_id, automations.c.id == automation_id)
    await unit.scalar(lock.with_for_update())
    wish = await unit.one(select(runs.c.pause_requested_at, runs.c.stop_requested_at).where(*mine))
    if wish is None:
        raise FenceLost("another worker has taken this run over")
    wanted = wish["pause_requested_at"] is not None and wish["stop_requested_at"] is None
    await unit.connection.execute(
        update(runs)
        .where(*mine)
        .values(
            status="paused" if wanted else "not started",
            pause_requested_at=None,
            worker=None,
            metrics=metrics,
            updated_at=moment,
        )
    )
    if not wanted:
        await unit.defer(TASK, tenant_id=str(claim.tenant_id), run_id=str(claim.run_id))
        return
    await unit.connection.execute(
        update(automations)
        .where(automations.c.tenant_id == claim.tenant_id, automations.c.last_run_id == claim.run_id)
        .values(last_run_status="paused")
    )
    await wake_waiting(unit, claim.tenant_id, automation_id)


async def _lock(unit: Unit, run: Mapping[str, Any]) -> None:
    """The lock under which a worker takes runs up and lays them down."""
    wanted = unit.select(automations, automations.c.id).where(automations.c.id == run["automation_id"])
    await unit.scalar(wanted.with_for_update())
