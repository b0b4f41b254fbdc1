"""One worker: takes jobs, runs them, keeps its heartbeat, picks up after workers that died.

Three loops share one set of running jobs. `_work` takes jobs and files their results; `_pulse` beats and sweeps;
`_listen` turns notifications into wake-ups. None of them ends because the database does: they connect again.

Every statement about a job names this worker's number as well. A worker that was given up for dead (a stopped machine,
a blocked loop) finds its number gone, cancels what it runs, and begins anew under another number.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import psycopg
import structlog
from psycopg import sql

from tieline.core import tracing
from tieline.core.errors import Transient
from tieline.core.lately import Lately
from tieline.storage.database import Database
from tieline.storage.errors import DatabaseUnavailable
from tieline.storage.link import Connection, Link, Statement
from tieline.storage.unit import QUEUE

_log = structlog.get_logger(__name__)

_CHANNEL = f"procrastinate_queue_v1#{QUEUE}"
_ATTEMPTS = 10
_LONGEST_RETRY_PAUSE = 60
_SECONDS_FOR_UNKNOWN_TASKS = 10
_SECONDS_TO_GIVE_BACK = 5
_RESERVE = 4  # one place in so many is added for tenants that have not had their share
_RECENT = 5.0  # seconds for which a tenant that had a job here counts as one that has jobs

_REGISTER: LiteralString = "SELECT procrastinate.tieline_register_worker(%s, %s)"
BEAT: LiteralString = (
    "UPDATE procrastinate.procrastinate_workers SET last_heartbeat = clock_timestamp() WHERE id = %s RETURNING id"
)
_SWEEP: LiteralString = "SELECT procrastinate.tieline_sweep(%s)"
UNREGISTER: LiteralString = "DELETE FROM procrastinate.procrastinate_workers WHERE id = %s"
# Procrastinate's rule of what comes next, for several jobs at once, and without those of tenants that have their share
# of this worker: they are stepped over in the index.
_FETCH: LiteralString = """
    WITH chosen AS (
        SELECT id FROM procrastinate.procrastinate_jobs AS job
        WHERE job.status = 'todo' AND job.queue_name = %s AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
          AND coalesce(job.args ->> 'tenant_id', '') <> ALL (%s::text[])
          AND (job.lock IS NULL OR NOT EXISTS (
              SELECT FROM procrastinate.procrastinate_jobs AS other
              WHERE other.lock = job.lock AND (other.status = 'doing' OR (
                  other.status = 'todo' AND (-other.priority, other.id) < (-job.priority, job.id)))))
        ORDER BY job.priority DESC, job.id LIMIT %s FOR UPDATE OF job SKIP LOCKED
    )
    UPDATE procrastinate.procrastinate_jobs AS job SET status = 'doing', worker_id = %s
    FROM chosen WHERE job.id = chosen.id
    RETURNING job.id, job.task_name, job.args, job.attempts
"""
_DONE: LiteralString = """
    DELETE FROM procrastinate.procrastinate_jobs WHERE id = ANY(%s) AND worker_id = %s AND status = 'doing'
"""
_FAILED: LiteralString = """
    UPDATE procrastinate.procrastinate_jobs SET status = 'failed', attempts = attempts + 1
    WHERE id = %s AND worker_id = %s AND status = 'doing'
"""
# Without its queueing lock: under that a successor may wait already, which the job itself has queued.
_LATER: LiteralString = """
    UPDATE procrastinate.procrastinate_jobs
    SET status = 'todo', worker_id = NULL, queueing_lock = NULL, attempts = attempts + 1,
        scheduled_at = now() + make_interval(secs => %s)
    WHERE id = %s AND worker_id = %s AND status = 'doing'
"""
_GIVE_BACK: LiteralString = "SELECT procrastinate.tieline_give_back(%s, %s::bigint[])"


def this_machine() -> str:
    """Where a process number means the same process: the host's name and, on Linux, the space of process numbers."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        space = ""
    return f"{socket.gethostname()}/{space}"


class Rhythm(NamedTuple):
    """Seconds. A dead worker's jobs run elsewhere after at most ``timeout`` + ``sweep`` (+ a moment)."""

    heartbeat: float = 2.0
    timeout: float = 8.0
    sweep: float = 2.0
    poll: float = 1.0


class Worker:
    def __init__(
        self,
        database: Database,
        tasks: Mapping[str, Callable[..., Awaitable[Any]]],
        concurrency: int,
        rhythm: Rhythm,
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._concurrency = concurrency
        self._rhythm = rhythm
        self._link = Link(database, self._greet)
        self._number: int | None = None
        self._registering = asyncio.Lock()
        self._running: dict[int, asyncio.Task[None]] = {}
        # One tenant fills the worker's places, but not the reserve: that is for the others.
        self._places = concurrency + concurrency // _RESERVE
        self._tenants: dict[int, str] = {}
        self._lately = Lately(_RECENT)
        # What has ended and is not yet on file: None = done, else the statement that says otherwise.
        self._ended: dict[int, Statement | None] = {}
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event, deadline: float) -> None:
        """See `Queue.run_worker`."""
        try:
            async with asyncio.TaskGroup() as group:
                helpers = [
                    group.create_task(self._listen(), name="queue-listen"),
                    group.create_task(self._pulse(), name="queue-pulse"),
                    group.create_task(self._wake_on(stop), name="queue-stop"),
                ]
                try:
                    await self._work(stop)
                    await self._finish(deadline)
                finally:
                    for helper in helpers:
                        helper.cancel()
        finally:
            await self._leave()

    async def _work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake.clear()
            wanted, full = self._room()
            if wanted or self._ended:
                rows = await self._file_and_fetch(wanted, full)
                for row in rows:
                    self._start(*row)
                if rows and len(rows) == wanted and self._room()[0]:
                    continue  # there may be more, now that it is known whose these were
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._rhythm.poll)

    def _room(self) -> tuple[int, list[str]]:
        """How many jobs may be taken, and the tenants of which none: they have as many as one tenant may have, which is
        a quarter of the worker's places while others have jobs as well.
        """
        having = Counter(self._tenants[job_id] for job_id in self._running)
        share = {tenant: self._share(tenant) for tenant in having}
        full = [tenant for tenant, jobs in having.items() if jobs >= share[tenant]]
        least = min((share[who] - jobs for who, jobs in having.items() if jobs < share[who]), default=self._share(""))
        return min(self._places - len(self._running), least), full

    def _share(self, tenant: str) -> int:
        return (self._concurrency + 3) // 4 if self._lately.others_than(tenant) else self._concurrency

    async def _file_and_fetch(self, free: int, full: list[str]) -> list[Any]:
        """Report what has ended and take up to ``free`` new jobs, in one round trip."""
        number = await self._registered()
        ended = dict(self._ended)
        statements = _filings(ended, number)
        if free:
            statements.append((_FETCH, [QUEUE, full, free, number]))
        try:
            answers = await self._link.run(*statements)
        except psycopg.errors.ForeignKeyViolation:
            # Our number is gone: nothing of this was done, and none of it is ours any more.
            await self._lost()
            return []
        for job_id in ended:
            self._ended.pop(job_id, None)
        return answers[-1] if free else []

    def _start(self, job_id: int, name: str, args: dict[str, Any], attempts: int) -> None:
        task = asyncio.create_task(self._run_job(job_id, name, args, attempts), name=f"job-{job_id}-{name}")
        self._running[job_id] = task
        tenant = self._tenants[job_id] = str(args.get("tenant_id") or "")
        if tenant:
            self._lately.came(tenant)

    async def _run_job(self, job_id: int, name: str, args: dict[str, Any], attempts: int) -> None:
        number = self._number
        # What queued the job says in which trace it goes on; else it is one of its own.
        begun = tracing.place(args.pop("trace", None))
        tracing.bind(begun.trace_id if begun is not None else tracing.new_trace_id())
        log = _log.bind(job=job_id, task=name)
        filing: Statement | None = None
        cancelled = False
        try:
            function = self._tasks.get(name)
            if function is None:
                # A worker of another version may know it.
                filing = (_LATER, [_SECONDS_FOR_UNKNOWN_TASKS, job_id, number])
                log.warning("queue.unknown_task")
            else:
                await function(**args)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            cancelled = task is not None and task.cancelling() > 0
            filing = (_FAILED, [job_id, number])
            raise
        except Transient as error:
            if attempts + 1 < _ATTEMPTS:
                filing = (_LATER, [min(2**attempts, _LONGEST_RETRY_PAUSE), job_id, number])
                log.warning("queue.job_retried", attempt=attempts + 1, error=error.code)
            else:
                filing = (_FAILED, [job_id, number])
                log.exception("queue.job_failed")
        except Exception:
            filing = (_FAILED, [job_id, number])
            log.exception("queue.job_failed")
        finally:
            # A worker that lost its number meanwhile has forgotten the job: it is somebody else's now.
            if self._running.get(job_id) is asyncio.current_task():
                if not cancelled:
                    self._tenants.pop(job_id, None)
                    del self._running[job_id]
                    self._ended[job_id] = filing
                self._wake.set()

    async def _finish(self, deadline: float) -> None:
        """Let running jobs end, for at most ``deadline`` seconds."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=deadline)

    async def _leave(self) -> None:
        """Cancel what still runs, file what has ended, give the rest back, sign off."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_SECONDS_TO_GIVE_BACK)
        try:
            if self._number is not None:
                statements = _filings(self._ended, self._number)
                statements += [(_GIVE_BACK, [self._number, []]), (UNREGISTER, [self._number])]
                await asyncio.wait_for(self._link.run(*statements), _SECONDS_TO_GIVE_BACK)
        except TimeoutError:
            _log.warning("queue.left_without_goodbye", worker=self._number)
        finally:
            await self._link.close()

    async def _pulse(self) -> None:
        """Beat, and look after those who do not."""
        loop = asyncio.get_running_loop()
        next_sweep = loop.time()
        while True:
            number = await self._registered()
            sweep = loop.time() >= next_sweep
            statements: list[Statement] = [(BEAT, [number])]
            if sweep:
                next_sweep = loop.time() + self._rhythm.sweep
                statements.append((_SWEEP, [self._rhythm.timeout]))
            answers = await self._link.run(*statements)
            if not answers[0] and self._number == number:
                await self._lost()
            if sweep and answers[1][0][0]:
                _log.warning("queue.jobs_of_dead_workers", jobs=answers[1][0][0])
            pause, slept = min(self._rhythm.heartbeat, self._rhythm.sweep), loop.time()
            await asyncio.sleep(pause)
            if loop.time() - slept > pause + self._rhythm.timeout:
                # This process was stopped for so long that others have what it ran: before it asks, it lets go.
                await self._lost()

    async def _lost(self) -> None:
        """Given up for dead: our jobs are with others. Stop running them; the next use registers anew."""
        _log.warning("queue.worker_lost_its_claim", worker=self._number, jobs=len(self._running))
        tasks = list(self._running.values())
        self._number = None
        self._running.clear()
        self._tenants.clear()
        self._ended.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_SECONDS_TO_GIVE_BACK)
        self._wake.set()

    async def _listen(self) -> None:
        """Turn notifications into wake-ups."""
        pause = 0.05
        while True:
            try:
                connection = await self._database.connect()
                async with connection:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(_CHANNEL)))
                    # What came before LISTEN was heard by nobody.
                    self._wake.set()
                    pause = 0.05
                    async for _ in connection.notifies():
                        self._wake.set()
            except (psycopg.OperationalError, DatabaseUnavailable):
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _registered(self) -> int:
        """This worker's number; a new one when there is none."""
        async with self._registering:
            if self._number is None:
                rows = await self._link.run((_REGISTER, [this_machine(), os.getpid()]))
                self._number = rows[0][0][0]
                _log.debug("queue.worker_registered", worker=self._number)
            return self._number

    async def _greet(self, connection: Connection) -> None:
        """On a new connection: a job that the broken one may have taken without telling us goes back."""
        if self._number is not None:
            await connection.execute(_GIVE_BACK, [self._number, [*self._running, *self._ended]])


def _filings(ended: Mapping[int, Statement | None], number: int) -> list[Statement]:
    statements = [statement for statement in ended.values() if statement]
    done = [job_id for job_id, statement in ended.items() if statement is None]
    if done:
        statements.append((_DONE, [done, number]))
    return statements
