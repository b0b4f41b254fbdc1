"""Runs that begin in the process in which somebody waits for their answer, without the queue in between.

They are claimed in the transaction that stores what starts them, under the name of this lane; a worker can take each of
them over at any time, as from another worker, because its claim has a higher fence. It does when this process dies
(`Orphans`), and when a run takes longer than an answer should: then the lane lets go of it at its next block.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select, update

from tieline.automations.runs.executor import Executor
from tieline.automations.runs.lane_places import Places
from tieline.automations.runs.service import HOLDING, TASK
from tieline.core.errors import TielineError, Unavailable
from tieline.storage.database import Database
from tieline.storage.journal import RunClaim
from tieline.storage.presence import Presence
from tieline.storage.tables import runs

log = structlog.get_logger(__name__)

LONGEST_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 2.0
LOOK_AT_ALL_EVERY: Final = 15
_NAME: Final = "lane:"


class Lane:
    """One for each server process."""

    def __init__(self, database: Database, executor: Executor) -> None:
        self._database = database
        self._executor = executor
        self._presence = Presence(database, self._lost)
        self._going: dict[UUID, asyncio.Task[None]] = {}
        self._places = Places()
        self._doubtful: set[tuple[UUID, UUID]] = set()
        self._looking: asyncio.Task[None] | None = None

    @property
    def name(self) -> str | None:
        """Under which it claims runs; None = it cannot, now."""
        number = self._presence.number
        return None if number is None else f"{_NAME}{number}"

    async def enter(self, tenant_id: UUID, automation_id: UUID) -> bool:
        """A place for a run, waited for where there is none for a moment; to be given back with `leave`, or with the
        end of the run where it begins. False: there is none.
        """
        return self.name is not None and await self._places.take(tenant_id, automation_id)

    def leave(self, tenant_id: UUID, automation_id: UUID) -> None:
        """The run has not begun here."""
        self._places.give_back(tenant_id, automation_id)

    def may_have(self, automation_id: UUID, runs_at_once: int) -> None:
        """So many runs the automation may have at a time: more need not try."""
        self._places.allow(automation_id, runs_at_once)

    async def open(self) -> None:
        await self._presence.open()
        self._looking = asyncio.create_task(self._look(), name="lane")

    async def close(self) -> None:
        """What still runs goes to the workers."""
        if self._looking is not None:
            self._looking.cancel()
        name, tasks = self.name, list(self._going.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        with suppress(Unavailable):
            if name is not None:
                await put_back(self._database, [name])
            await self._presence.close()

    def begin(self, claim: RunClaim) -> asyncio.Task[None]:
        """Goes on, in a place that `enter` gave, with a run that is claimed in the lane's name; the task ends without
        an error when the run is over or somebody else's.
        """
        task = asyncio.create_task(self._carry(claim), name=f"run {claim.run_id}")
        self._going[claim.run_id] = task
        return task

    def doubt(self, tenant_id: UUID, run_id: UUID) -> None:
        """Nobody knows whether this run has begun; if it has, nobody works at it."""
        self._doubtful.add((tenant_id, run_id))

    async def _carry(self, claim: RunClaim) -> None:
        letting_go = asyncio.create_task(self._let_go(claim.run_id))
        try:
            await self._executor.carry(claim)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the run must not stay behind
            log.warning("lane.run_given_up", run=str(claim.run_id), error=type(error).__name__)
            self.doubt(claim.tenant_id, claim.run_id)
        finally:
            letting_go.cancel()
            del self._going[claim.run_id]
            self._places.give_back(claim.tenant_id, claim.row["automation_id"])

    async def _let_go(self, run_id: UUID) -> None:
        pause = LONGEST_SECONDS
        while True:
            await asyncio.sleep(pause)
            if self._executor.leave(run_id):
                return
            pause = 0.1  # it is just being prepared

    def _lost(self) -> None:
        for task in self._going.values():
            task.cancel()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            name, doubtful = self.name, list(self._doubtful)
            if not doubtful or name is None:
                continue
            try:
                await put_back(self._database, [name], [run for _, run in doubtful if run not in self._going])
                self._doubtful.difference_update(doubtful)
            except TielineError as error:
                log.warning("lane.not_put_back", detail=error.detail)


class Orphans:
    """Every worker looks for runs whose lane is gone."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._presence = Presence(database, lambda: None)
        self._living: set[int] | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Until ``stopping``."""
        rounds = 0
        while not stopping.is_set():
            try:
                living = await self._presence.living()
                # What is active is many rows where many runs wait: looked at when somebody is gone, and now and then.
                if self._living is None or self._living - living or rounds % LOOK_AT_ALL_EVERY == 0:
                    await self.look()
                self._living = living
            except Unavailable as error:
                log.warning("orphans.not_looked", detail=error.detail)
            except Exception:
                log.exception("orphans.not_looked")
            rounds += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)

    async def look(self) -> int:
        """Puts back what belongs to lanes that are gone; how many runs."""
        async with self._database.system() as unit:
            rows = await unit.all(
                select(runs.c.worker)
                .where(runs.c.status.in_(HOLDING), runs.c.worker.startswith(_NAME, autoescape=True))
                .distinct()
            )
        # Asked for afterwards: a lane is there before its runs are.
        living = {f"{_NAME}{number}" for number in await self._presence.living()}
        gone = [row["worker"] for row in rows if row["worker"] not in living]
        return await put_back(self._database, gone) if gone else 0


async def put_back(database: Database, names: Collection[str], run_ids: Collection[UUID] | None = None) -> int:
    """Gives the runs of these lanes (``run_ids``: only these) to the workers; how many."""
    which = [runs.c.status.in_(HOLDING), runs.c.worker.in_(names)]
    if run_ids is not None:
        which.append(runs.c.id.in_(run_ids))
    async with database.system() as unit:
        statement = update(runs).where(*which).values(worker=None).returning(runs.c.tenant_id, runs.c.id)
        rows = await unit.all(statement)
        for row in rows:
            await unit.defer(TASK, tenant_id=str(row["tenant_id"]), run_id=str(row["id"]))
    if rows:
        log.info("lane.runs_put_back", runs=len(rows))
    return len(rows)
