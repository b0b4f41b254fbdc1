"""The worker's side of a run: claim it, bring the interpreter back to where it was, run it, write the end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from tieline.automations.alerts import ending
from tieline.automations.engine.context import RunInfo, Services
from tieline.automations.engine.errors import RunPaused, RunStopped
from tieline.automations.engine.interpreter import Interpreter
from tieline.automations.engine.journal import CHECKPOINT, GROUP, Recorder
from tieline.automations.engine.results import Outcome, passes_through
from tieline.automations.engine.trial import Trial
from tieline.automations.engine.turns import Turns
from tieline.automations.runs.figures import bring_back, crashed, metrics_of
from tieline.automations.runs.guard import RunGuard
from tieline.automations.runs.pausing import laid_down
from tieline.automations.runs.plainly import finished_plainly
from tieline.automations.runs.plans import Plans
from tieline.automations.runs.service import COMPLETED, TASK, is_followed, wake_sleeping, wake_waiting
from tieline.automations.runs.storable import storable
from tieline.automations.runs.tracing import note_end, run_span, trace_of
from tieline.automations.runs.withdrawal import Rights, RunWithdrawn, withdrawn
from tieline.automations.workspace.flows import flow_of_key
from tieline.core import clock, json, tracing
from tieline.core.errors import TielineError, Unavailable
from tieline.core.ids import new_id
from tieline.storage.database import Database
from tieline.storage.errors import AlreadyQueued, FenceLost
from tieline.storage.journal import JournalStore, RunClaim
from tieline.storage.tables import automations, journal, run_blobs, runs

log = structlog.get_logger(__name__)

LATER_SECONDS = 5.0  # after which a run that the database could not serve is taken up again
WATCH_SECONDS = 1.0  # how often stop requests are looked for and progress is written

_SHOW = text("""
    UPDATE runs SET metrics = shown.metrics::jsonb
    FROM unnest(CAST(:tenants AS uuid[]), CAST(:runs AS uuid[]), CAST(:fences AS bigint[]), CAST(:metrics AS text[]))
         AS shown (tenant_id, id, fence, metrics)
    WHERE runs.tenant_id = shown.tenant_id AND runs.id = shown.id AND runs.fence = shown.fence
""")


class _Active:
    """One run that this worker has in hand."""

    def __init__(self, claim: RunClaim, guard: RunGuard, interpreter: Interpreter) -> None:
        self.claim, self.guard, self.interpreter = claim, guard, interpreter
        self.shown: Any = None


class Executor:
    """Runs the jobs of the queue; one for each worker process."""

    def __init__(self, database: Database, store: JournalStore, services: Services, *, worker: str) -> None:
        self._database = database
        self._store = store
        self._services = services
        self._worker = worker
        self._plans = Plans(store.workspace)
        self._turns = Turns()
        self._rights = Rights(database)
        self._active: dict[UUID, _Active] = {}
        self._watcher: asyncio.Task[None] | None = None

    @property
    def active(self) -> int:
        """Runs in hand."""
        return len(self._active)

    async def execute(self, tenant_id: str, run_id: str) -> None:
        """The queue's task. Ends without an error when the run is over, given back, or somebody else's."""
        tenant, run = UUID(tenant_id), UUID(run_id)
        claim = await self._store.take(tenant, run, self._worker)
        if claim is None:
            return  # it is over, or waits for another run of its automation
        await self.carry(claim)

    async def carry(self, claim: RunClaim) -> None:
        """Works at a run that is claimed; the same holds for its end. Raises `Unavailable` where the database did not
        even take it back.
        """
        self._turns.seen(claim.tenant_id)
        tracing.bind(trace_of(claim.row), run=str(claim.run_id))
        if tracing.tracer is None:
            await self._hold(claim)
        else:
            with run_span(claim.row):
                await self._hold(claim)

    def leave(self, run_id: UUID) -> bool:
        """Lets go of a run at its next block, for another process to go on with it. False: it is not yet so far."""
        active = self._active.get(run_id)
        if active is not None:
            active.guard.leaving = True
        return active is not None

    async def _hold(self, claim: RunClaim) -> None:
        """Works at a run for as long as the claim holds."""
        tenant, run, run_id = claim.tenant_id, claim.run_id, str(claim.run_id)
        try:
            await self._run(claim, claim.row)
        except FenceLost:
            log.warning("run.claim_lost", run=run_id, worker=self._worker)
            await self._lost_to_myself(claim)
        except Unavailable as error:
            await self._later(tenant, run, error)
        except Exception as error:
            log.exception("run.crashed", run=run_id)
            with suppress(FenceLost):
                await self._finish(claim, claim.row, claim.row["started_at"], crashed(error), None)
        finally:
            active = self._active.get(run)
            if active is not None and active.claim is claim:
                del self._active[run]

    async def _lost_to_myself(self, claim: RunClaim) -> None:
        """A claim that was asked for twice, over a connection that had died, may have been written twice: then nobody
        but this worker holds the run, and nobody works at it.
        """
        active = self._active.get(claim.run_id)
        if active is not None and active.claim is not claim:
            return
        async with self._database.system() as unit:
            holder = await unit.scalar(
                select(runs.c.worker).where(
                    runs.c.tenant_id == claim.tenant_id, runs.c.id == claim.run_id, runs.c.fence != claim.fence
                )
            )
            if holder == self._worker:
                await unit.defer(TASK, tenant_id=str(claim.tenant_id), run_id=str(claim.run_id))

    async def _later(self, tenant: UUID, run: UUID, error: Unavailable) -> None:
        """Another job in place of this one: the queue would give this one up after some attempts, and the run with
        it. Where not even that can be written, the queue tries again.
        """
        log.warning("run.given_back", run=str(run), detail=error.detail)
        async with self._database.system() as unit:
            at = clock.now() + timedelta(seconds=LATER_SECONDS)
            await unit.defer(TASK, tenant_id=str(tenant), run_id=str(run), at=at)

    async def _run(self, claim: RunClaim, row: dict[str, Any]) -> None:
        info = RunInfo(
            tenant_id=claim.tenant_id,
            run_id=claim.run_id,
            automation_id=row["automation_id"],
            context=row["context"],
            is_test=row["is_test"],
            inputs=None if row["inputs"] is None else json.loads(row["inputs"]),
            fence=claim.fence,
            renewed=row["renewed"] or {},
        )
        started = row["started_at"]
        guard = RunGuard(self._database, claim)
        outcome: Outcome
        try:
            await self._rights.check(row)
            flow = flow_of_key(row["start_key"])
            plan = await self._plans.get(claim.tenant_id, row["automation_id"], row["version"], flow)
        except RunWithdrawn as error:
            await self._finish(claim, row, started, Outcome("stopped", [error.as_error()]), None)
            return
        except TielineError as error:
            if passes_through(error):
                raise
            failed = Outcome("failed", [{"code": error.code, "title": error.title, "detail": error.detail}])
            await self._finish(claim, row, started, failed, None)
            return
        recorder, checkpoint = await self._recorder(claim)
        interpreter = Interpreter(
            plan,
            info,
            recorder,
            self._services,
            keep=self._keeper(claim),
            fetch=self._fetcher(claim),
            guard=guard,
            trial=Trial.read(json.loads(row["trial"])) if row["trial"] is not None else None,
            turns=self._turns,
            leaves_end=True,
        )
        stack = interpreter.restore(checkpoint) if checkpoint is not None else None
        bring_back(interpreter, row["metrics"])
        self._active[claim.run_id] = _Active(claim, guard, interpreter)
        self._watch()
        try:
            guard.stopping = row["stop_requested_at"] is not None
            guard.pausing = row["pause_requested_at"] is not None
            if guard.stopping:
                outcome = Outcome("stopped", [])
            else:
                outcome = await interpreter.run(stack)
        except RunStopped as error:
            await recorder.sync()
            outcome = Outcome("stopped", [error.as_error()] if isinstance(error, RunWithdrawn) else [])
        except RunPaused:
            await recorder.sync()
            outcome = Outcome("paused" if guard.pausing else "leaves", [])
        except (FenceLost, Unavailable, asyncio.CancelledError):
            recorder.abandon()
            raise
        except TielineError as error:
            with suppress(TielineError):
                await recorder.sync()
            outcome = Outcome("failed", [{"code": error.code, "title": error.title, "detail": error.detail}])
        except Exception as error:
            log.exception("run.crashed", run=str(claim.run_id))
            with suppress(TielineError):
                await recorder.sync()
            outcome = crashed(error)
        await self._finish(claim, row, started, outcome, interpreter)

    async def _recorder(self, claim: RunClaim) -> tuple[Recorder, bytes | None]:
        """The journal as earlier claims left it: the last checkpoint, and the notes behind it ready to be replayed."""
        checkpoint: bytes | None = None
        since = 0
        mine = (journal.c.tenant_id == claim.tenant_id, journal.c.run_id == claim.run_id)
        if claim.fence > 1:
            async with self._database.system() as unit:
                row = await unit.one(
                    select(journal.c.seq, journal.c.data)
                    .where(*mine, journal.c.kind == CHECKPOINT)
                    .order_by(journal.c.seq.desc())
                    .limit(1)
                )
            if row is not None:
                checkpoint, since = row["data"], row["seq"]
        last = since
        rows = []
        if claim.fence > 1:
            async for entry in self._store.load(claim, since):
                last = max(last, entry.seq)
                if entry.kind == GROUP and entry.data is not None:
                    rows.append((entry.seq, entry.data))
        recorder = Recorder(self._store, claim, next_seq=last + 1)
        for number, (seq, data) in enumerate(rows):
            recorder.feed(seq, data)
            if number % 50 == 49:
                await asyncio.sleep(0)
        return recorder, checkpoint

    def _keeper(self, claim: RunClaim) -> Any:
        async def keep(data: bytes) -> str:
            blob = new_id()
            mine = (runs.c.tenant_id == claim.tenant_id, runs.c.id == claim.run_id)
            async with self._database.system() as unit:
                held = select(runs.c.fence).where(*mine).with_for_update(read=True, key_share=True)
                if await unit.scalar(held) != claim.fence:
                    raise FenceLost("another worker has taken this run over")
                await unit.connection.execute(
                    insert(run_blobs).values(tenant_id=claim.tenant_id, run_id=claim.run_id, id=blob, data=data)
                )
            return str(blob)

        return keep

    def _fetcher(self, claim: RunClaim) -> Any:
        async def fetch(name: str) -> bytes:
            async with self._database.system() as unit:
                if name.startswith("row:"):
                    statement = select(journal.c.data).where(
                        journal.c.tenant_id == claim.tenant_id,
                        journal.c.run_id == claim.run_id,
                        journal.c.seq == int(name[4:]),
                    )
                else:
                    statement = select(run_blobs.c.data).where(
                        run_blobs.c.tenant_id == claim.tenant_id,
                        run_blobs.c.run_id == claim.run_id,
                        run_blobs.c.id == UUID(name),
                    )
                data = await unit.scalar(statement)
            if data is None:
                raise LookupError(f"{name} of run {claim.run_id} is gone")
            return bytes(data)

        return fetch

    async def _finish(
        self, claim: RunClaim, row: dict[str, Any], started: datetime, outcome: Outcome, interpreter: Interpreter | None
    ) -> None:
        """Writes how it ended, if the claim still holds, and wakes the next run that waits for its turn."""
        moment = clock.now()
        if tracing.tracer is not None:
            note_end(outcome)
        if interpreter is not None and await finished_plainly(
            self._store, claim, started, moment, outcome, interpreter
        ):
            return
        state = interpreter.state if interpreter else None
        mine = (runs.c.tenant_id == claim.tenant_id, runs.c.id == claim.run_id, runs.c.fence == claim.fence)
        async with self._database.system() as unit:
            if outcome.suspended is not None:
                held = await unit.connection.execute(
                    update(runs)
                    .where(*mine)
                    .values(worker=None, metrics=metrics_of(interpreter), updated_at=moment)
                    .returning(runs.c.woken)
                )
                woken = held.scalar()
                if woken is not None:
                    # A run that was stopped in its sleep and retried finds the job that was to wake it.
                    with suppress(AlreadyQueued):
                        await unit.defer(
                            TASK,
                            tenant_id=str(claim.tenant_id),
                            run_id=str(claim.run_id),
                            at=moment if woken else outcome.suspended.until,
                            queueing_lock=f"wake {claim.run_id}",
                        )
                return
            if outcome.status == "leaves":
                left = await unit.connection.execute(
                    update(runs).where(*mine).values(worker=None, metrics=metrics_of(interpreter), updated_at=moment)
                )
                if left.rowcount:
                    await unit.defer(TASK, tenant_id=str(claim.tenant_id), run_id=str(claim.run_id))
                return
            if outcome.status == "paused":
                await laid_down(unit, claim, row["automation_id"], metrics_of(interpreter))
                return
            errors = outcome.errors + [
                {"code": "warning", "title": "Warning", **warning} for warning in (state.warnings if state else [])
            ]
            values: dict[str, Any] = {
                "status": outcome.status,
                "error": storable(errors) or None,
                "metrics": metrics_of(interpreter),
                "worker": None,
                "started_at": started,
                "stopped_at": moment,
                "updated_at": moment,
            }
            if state is not None:
                values["output"] = json.dumps(storable(state.shown, nul=True))
                if state.title:
                    values["title"] = storable(state.title)
            # The lock of `Claims.take`: a run cannot go to sleep behind the back of the one that should wake it.
            told = ending.columns(claim.tenant_id, row["automation_id"])
            known = await unit.one(
                select(is_followed(claim.tenant_id, row["automation_id"]).label("followed"), *told)
                .where(automations.c.tenant_id == claim.tenant_id, automations.c.id == row["automation_id"])
                .with_for_update(of=automations)
            )
            done = await unit.connection.execute(update(runs).where(*mine).values(**values))
            if not done.rowcount:
                raise FenceLost("another worker has taken this run over")
            await unit.connection.execute(
                update(automations)
                .where(
                    automations.c.tenant_id == claim.tenant_id,
                    automations.c.id == row["automation_id"],
                    automations.c.last_run_id == claim.run_id,
                )
                .values(
                    last_run_at=moment,
                    last_run_status=outcome.status,
                    last_run_seconds=(moment - started).total_seconds(),
                )
            )
            await wake_waiting(unit, claim.tenant_id, row["automation_id"])
            if row.get("awaited") and row["parent_id"] is not None:
                await wake_sleeping(unit, claim.tenant_id, row["parent_id"])
            if known is not None:
                await ending.ended(unit, row, outcome.status, claim.fence, values["error"], known)
            if known is not None and known["followed"] and not row["is_test"]:
                with suppress(AlreadyQueued):
                    lock = f"{COMPLETED} {claim.run_id} {claim.fence}"
                    await unit.defer(
                        COMPLETED,
                        queueing_lock=lock,
                        tenant_id=str(claim.tenant_id),
                        run_id=str(claim.run_id),
                        status=outcome.status,
                    )

    def _watch(self) -> None:
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch_active(), name="run watcher", context=tracing.apart())

    async def _watch_active(self) -> None:
        """Looks for stop requests and lost claims, and writes progress, while there are runs in hand."""
        while self._active:
            try:
                await self._look()
            except Unavailable as error:
                log.warning("run.watch_failed", detail=error.detail)
            except Exception:
                log.exception("run.watch_failed")  # one run's trouble must not keep others from being stopped
            await asyncio.sleep(WATCH_SECONDS)

    async def _look(self) -> None:
        active = list(self._active.values())
        async with self._database.system() as unit:
            rows = await unit.all(
                select(runs.c.id, runs.c.fence, runs.c.stop_requested_at, runs.c.pause_requested_at).where(
                    runs.c.tenant_id.in_({entry.claim.tenant_id for entry in active}),
                    runs.c.id.in_([entry.claim.run_id for entry in active]),
                )
            )
            found = {row["id"]: row for row in rows}
            tenant_ids = {entry.claim.tenant_id for entry in active}
            barred = await withdrawn(unit, tenant_ids, [entry.claim.run_id for entry in active])
            changed: list[tuple[RunClaim, str]] = []
            for entry in active:
                row = found.get(entry.claim.run_id)
                if row is None or row["fence"] != entry.claim.fence:
                    entry.claim.error = FenceLost("another worker has taken this run over")
                    continue
                entry.guard.confirmed()
                entry.guard.stopping = row["stop_requested_at"] is not None
                entry.guard.withdrawn = barred.get(entry.claim.run_id, "")
                entry.guard.pausing = row["pause_requested_at"] is not None
                metrics = metrics_of(entry.interpreter)
                if metrics != entry.shown:
                    entry.shown = metrics
                    changed.append((entry.claim, json.dumps(metrics).decode()))
            if changed:
                await unit.connection.execute(
                    _SHOW,
                    {
                        "tenants": [claim.tenant_id for claim, _ in changed],
                        "runs": [claim.run_id for claim, _ in changed],
                        "fences": [claim.fence for claim, _ in changed],
                        "metrics": [metrics for _, metrics in changed],
                    },
                )
