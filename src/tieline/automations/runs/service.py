"""Runs as the API, the command line and triggers see them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tieline.automations.alerts import ending
from tieline.automations.engine import codec
from tieline.automations.engine.journal import CHECKPOINT, PAGE
from tieline.automations.engine.trial import Trial
from tieline.automations.runs import places
from tieline.automations.runs.errors import NotRetryable, NotRunning, NotStartable, QueueFull
from tieline.automations.runs.moving import moved
from tieline.automations.runs.withdrawal import started_with
from tieline.core import clock, json, tracing
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.storage.tables import automations, journal, run_blobs, runs
from tieline.storage.unit import Unit
from tieline.tenancy import standing

TASK = "run"
COMPLETED = "run_completed"  # starts what follows a run
QUEUED_LIMIT = 200  # waiting runs a tenant may have (DESIGN 5.3)
CLOSE = 100  # so many before it, starts of the tenant are counted one after the other
WAITING = ("not started", "queued")
ACTIVE = ("not started", "queued", "starting", "running", "must stop", "paused")
HOLDING = ("starting", "running", "must stop")  # these count against an automation's limit
ENDED = ("finished", "finished with warnings", "failed", "stopped", "exceeded limit")
RETRYABLE = ("failed", "stopped", "exceeded limit")
POLL_SECONDS = 0.05
WAITED_FOR = ("api_sync", "editor", "detail", "test_run", "lookup")  # somebody sits before a screen
OF_THE_EDITOR = ("editor", "test_run", "lookup")  # these run what is on the screen: the newest version
HEAD_START = 20  # places by which these overtake what else is waiting


class Runs:
    """Starts, stops and reads runs. Methods that take a `Unit` are part of the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(
        self,
        unit: Unit,
        *,
        automation: Mapping[str, Any],
        context: str,
        inputs: Any = None,
        executed_by: UUID | None = None,
        title: str = "",
        test: bool = False,
        key: str | None = None,
        scheduled_at: datetime | None = None,
        parent: Mapping[str, Any] | None = None,
        awaited: bool = False,
        version: int | None = None,
        rerun_of: UUID | None = None,
        trial: Trial | None = None,
        credential: str | None = None,
    ) -> dict[str, Any]:
        """Writes the run's row and its job; both exist once the transaction commits. Gives the row.

        ``automation`` is its row; the run is pinned for good to the version that is live, and where it is a ``test`` or
        comes from the editor, to the newest. ``key`` names what starts it: a second start
        of the automation with the same key gives the run of the first. ``parent`` is the row of the run that calls it,
        which is woken at its end where it is ``awaited``. ``version``: this
        one and no other. Raises `NotStartable` for a disabled automation and
        `QueueFull` when 200 runs of the tenant are waiting. ``credential``: of the principal that starts it; the run
        stops when that is revoked.

        Fair share: a tenant's job is queued the further behind the more of the tenant's runs wait already, so that the
        first one of each tenant comes before the second one of any; `places` says how priorities fit into that.
        """
        if key is not None and (known := await self.started_by(unit, automation["id"], key)) is not None:
            return known
        if automation["state"] == "disabled" and not test:
            raise NotStartable(f"automation “{automation['name']}” is disabled; enable it first")
        waiting, barred = await self._waiting(unit, automation["owner_id"])
        if barred:
            raise NotStartable(f"automation “{automation['name']}” may not run: {barred}")
        _check_room(waiting)
        run_id = new_id()
        moment = clock.now()
        drafted = test or context in OF_THE_EDITOR
        head_start = HEAD_START if context in WAITED_FOR else 0
        level = automation["priority"]
        priority = await places.queue_priority(unit, level, waiting, WAITING, head_start=head_start)
        current = automation["version"] if drafted else automation["live_version"] or automation["version"]
        row: dict[str, Any] = {
            "id": run_id,
            "automation_id": automation["id"],
            "version": version or current,
            "status": "not started",
            "context": context,
            "title": title,
            "owner_id": automation["owner_id"],
            "space_id": automation["space_id"],
            "executed_by": executed_by,
            "is_test": test,
            "inputs": None if inputs is None else json.dumps(inputs),
            "start_key": started_with(credential, run_id) if key is None and credential is not None else key,
            "parent_id": parent["id"] if parent else None,
            "depth": parent["depth"] + 1 if parent else 0,
            "awaited": awaited,
            "rerun_of": rerun_of,
            "trial": None if trial is None else json.dumps(trial.as_dict()),
            "trace": tracing.carried(),
            "scheduled_at": scheduled_at or moment,
            "created_at": moment,
            "updated_at": moment,
        }
        statement = insert(runs).values(tenant_id=unit.tenant_id, **row)
        made = await unit.scalar(statement.on_conflict_do_nothing().returning(runs.c.id))
        if made is None and key is not None:
            known = await self.started_by(unit, automation["id"], key)  # by somebody who was a moment faster
            assert known is not None
            return known
        await unit.update(
            automations, automations.c.id == automation["id"], last_run_id=run_id, last_run_status="not started"
        )
        await unit.defer(TASK, priority=priority, tenant_id=str(unit.tenant_id), run_id=str(run_id))
        return await self.get(unit, run_id)

    async def started_by(self, unit: Unit, automation_id: UUID, key: str) -> dict[str, Any] | None:
        """The run of an automation that was started under ``key``, or None."""
        mine = (runs.c.automation_id == automation_id, runs.c.start_key == key)
        return await unit.one(unit.select(runs).where(*mine))

    async def _waiting(self, unit: Unit, owner_id: UUID) -> tuple[int, str]:
        """How many runs of the tenant wait, and why none may start in its owner's name ("" = it may)."""
        found = await unit.one(_counted(unit).add_columns(standing.barred(unit.tenant_id, owner_id).label("barred")))
        assert found is not None
        return await _exactly(unit, found["waiting"]), found["barred"]

    async def get(self, unit: Unit, run_id: UUID, automation_id: UUID | None = None) -> dict[str, Any]:
        """The run's row. Raises `NotFound`."""
        statement = unit.select(runs).where(runs.c.id == run_id)
        if automation_id is not None:
            statement = statement.where(runs.c.automation_id == automation_id)
        row = await unit.one(statement)
        if row is None:
            raise NotFound(f"run {run_id} does not exist")
        return row

    async def request_stop(self, unit: Unit, run_id: UUID) -> None:
        """Asks for a stop: a waiting run ends at once, a running one at its next block or loop item (within about a
        second).
        """
        row = await self.get(unit, run_id)
        known = await unit.one(
            unit.select(automations, *ending.columns(row["tenant_id"], row["automation_id"]))
            .where(automations.c.id == row["automation_id"])
            .with_for_update(of=automations)
        )
        if row["status"] not in ACTIVE:
            raise NotRunning(f"run {run_id} is over ({row['status']}); there is nothing to stop")
        moment = clock.now()
        ended = await unit.update(
            runs,
            runs.c.id == run_id,
            # A run that sleeps is in nobody's hands.
            runs.c.status.in_((*WAITING, "paused"))
            | (runs.c.status.in_(("running", "must stop")) & runs.c.worker.is_(None)),
            status="stopped",
            stop_requested_at=moment,
            stopped_at=moment,
            updated_at=moment,
            fence=runs.c.fence + 1,
        )
        if ended:
            await unit.update(
                automations,
                automations.c.id == row["automation_id"],
                automations.c.last_run_id == run_id,
                last_run_status="stopped",
            )
            await wake_waiting(unit, row["tenant_id"], row["automation_id"])
            if row["awaited"] and row["parent_id"] is not None:
                await wake_sleeping(unit, row["tenant_id"], row["parent_id"])
            if known is not None:
                await ending.ended(unit, row, "stopped", row["fence"] + 1, None, known)
            return
        await unit.update(
            runs,
            runs.c.id == run_id,
            runs.c.status.in_(ACTIVE),
            status="must stop",
            stop_requested_at=moment,
            updated_at=moment,
        )

    async def retry(self, unit: Unit, row: Mapping[str, Any], *, version: int | Literal["newest"] | None = None) -> int:
        """Goes on with a run that ended badly, from the block that failed: what is in its journal is not done again.

        ``version``: another one of its automation, in which the block has been mended. Gives the version it goes on
        with. Raises `NotRetryable`, `NotMovable`, and `QueueFull` when 200 runs of the tenant are waiting.
        """
        if row["status"] not in RETRYABLE:
            raise NotRetryable(f"run {row['id']} is {row['status']}; only failed or stopped runs can be retried")
        if row["purged_at"] is not None:
            raise NotRetryable(f"run {row['id']} is as old as runs are kept, and its data is going; start a new one")
        other = {} if version is None else await moved(unit, row, None if version == "newest" else version)
        await take_place(unit)
        moment = clock.now()
        changed = await unit.update(
            runs,
            runs.c.id == row["id"],
            runs.c.status.in_(RETRYABLE),
            runs.c.purged_at.is_(None),
            **other,
            status="not started",
            error=None,
            stopped_at=None,
            stop_requested_at=None,
            pause_requested_at=None,
            updated_at=moment,
        )
        if not changed:
            raise NotRetryable(f"run {row['id']} is being retried already, or has just been purged")
        await unit.defer(TASK, tenant_id=str(unit.tenant_id), run_id=str(row["id"]))
        gone_on: int = other.get("version", row["version"])
        return gone_on

    async def wait(self, tenant_id: UUID, run_id: UUID, timeout: float) -> dict[str, Any]:
        """The row once the run is over, or as it is after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            async with self._database.tenant(tenant_id) as unit:
                row = await self.get(unit, run_id)
            if row["status"] in ENDED or time.monotonic() >= deadline:
                return row
            await asyncio.sleep(POLL_SECONDS)

    async def debug(self, unit: Unit, run_id: UUID, *, limit: int = 1000, after: int = 0) -> list[dict[str, Any]]:
        """What happened, in order: {seq, at, kind, path, ...}; pages and checkpoints only by their size."""
        statement = (
            unit.select(journal)
            .where(journal.c.run_id == run_id, journal.c.seq > after, journal.c.kind != CHECKPOINT)
            .order_by(journal.c.seq)
            .limit(limit)
        )
        found: list[dict[str, Any]] = []
        for row in await unit.all(statement):
            for kind, path, value in codec.decode(row["data"]):
                entry: dict[str, Any] = {"seq": row["seq"], "at": clock.iso(row["at"]), "path": path}
                if kind == PAGE:
                    entry |= {"kind": "page", "cursor": value.get("c"), "bytes": len(value.get("r", b""))}
                else:
                    entry |= {
                        "kind": {"r": "result", "i": "intent", "n": "note"}.get(kind, kind),
                        "milliseconds": value.get("t"),
                        "inputs": value.get("i"),
                        "output": value.get("o"),
                        "error": value.get("e"),
                        "exchanges": value.get("x", []),
                    }
                found.append(entry)
        return found

    async def purge(self, unit: Unit, run_id: UUID) -> None:
        """Removes a run with all that it kept."""
        row = await unit.one(unit.select(runs).where(runs.c.id == run_id))
        await unit.delete(journal, journal.c.run_id == run_id)
        await unit.delete(run_blobs, run_blobs.c.run_id == run_id)
        await unit.delete(runs, runs.c.id == run_id)
        if row is not None and row["status"] in HOLDING:
            await wake_waiting(unit, row["tenant_id"], row["automation_id"])


async def take_place(unit: Unit) -> None:
    """For a run that is about to wait again: raises `QueueFull` when 200 runs of the tenant are waiting.

    Comes before any lock on an automation: a start takes its locks in this order.
    """
    _check_room(await _exactly(unit, await unit.scalar(_counted(unit))))


def _counted(unit: Unit) -> Select[Any]:
    return unit.select(runs, func.count().label("waiting")).where(runs.c.status.in_(WAITING))


async def _exactly(unit: Unit, waiting: int) -> int:
    """Close to the limit starts come one after the other, so that it is exact."""
    if waiting < QUEUED_LIMIT - CLOSE:
        return waiting
    name = {"name": f"runs/{unit.tenant_id}"}
    await unit.connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 5))"), name)
    counted: int = await unit.scalar(_counted(unit))
    return counted


def _check_room(waiting: int) -> None:
    if waiting >= QUEUED_LIMIT:
        raise QueueFull(f"{waiting} runs are waiting; at most {QUEUED_LIMIT} may wait. Try again later", retry_after=5)


async def wake_waiting(unit: Unit, tenant_id: UUID, automation_id: UUID) -> None:
    """Gives the places that are free to runs that wait for their turn.

    Each is marked here, under the automation's lock, so that two runs that end together do not wake the same one.
    """
    limit = await unit.scalar(
        select(automations.c.max_concurrent_runs)
        .where(automations.c.tenant_id == tenant_id, automations.c.id == automation_id)
        .with_for_update()
    )
    of_automation = (runs.c.tenant_id == tenant_id, runs.c.automation_id == automation_id)
    free = None
    if limit is not None:
        going = await unit.scalar(select(func.count()).where(*of_automation, runs.c.status.in_(HOLDING)))
        free = max(limit - going, 0)
    waiting = await unit.all(
        select(runs.c.id).where(*of_automation, runs.c.status == "queued").order_by(runs.c.id).limit(free)
    )
    for row in waiting:
        await unit.connection.execute(
            update(runs).where(runs.c.tenant_id == tenant_id, runs.c.id == row["id"]).values(status="starting")
        )
        await unit.defer(TASK, tenant_id=str(tenant_id), run_id=str(row["id"]))


def is_followed(tenant_id: UUID, automation_id: UUID) -> ColumnElement[bool]:
    """Whether another automation starts when this one ends."""
    other = automations.alias("follower")
    return exists().where(
        other.c.tenant_id == tenant_id,
        text("follower.follows <> '[]'::jsonb"),
        other.c.follows.contains([{"automationId": str(automation_id)}]),
    )


async def wake_sleeping(unit: Unit, tenant_id: UUID, run_id: UUID) -> None:
    """Lets a run that sleeps go on now; one that is about to fall asleep will not."""
    await unit.connection.execute(
        update(runs).where(runs.c.tenant_id == tenant_id, runs.c.id == run_id).values(woken=True)
    )
    await unit.hasten(f"wake {run_id}")
