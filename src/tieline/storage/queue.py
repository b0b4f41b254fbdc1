"""The job queue: Procrastinate's tables and functions (schema ``procrastinate``), with workers of our own.

`Unit.defer` puts a job into the queue in the caller's transaction. A worker hears of it by NOTIFY, takes it with
Procrastinate's function, and deletes it when it is done. Every worker keeps a heartbeat, and every worker looks for
others whose heartbeat has stopped and puts their jobs back. Why not Procrastinate's own worker: it ends when a
statement meets a broken connection, and it finishes a job by number alone, even one that somebody else now runs.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

from tieline.core.errors import Unavailable
from tieline.storage.database import Database
from tieline.storage.unit import QUEUE
from tieline.storage.worker import Rhythm, Worker, this_machine

Task = Callable[..., Awaitable[Any]]


class Depth(NamedTuple):
    """How many jobs there are of each kind."""

    waiting: int
    scheduled: int
    running: int
    failed: int


class Queue:
    """Registers task functions and runs them.

    ::

        queue = Queue(database)
        queue.register("greet", greet)              # async def greet(*, name: str) -> None
        await queue.run_worker(10, stop)
    """

    def __init__(self, database: Database, *, rhythm: Rhythm | None = None) -> None:
        self._database = database
        self._rhythm = rhythm or Rhythm()
        self._tasks: dict[str, Task] = {}

    def register(self, name: str, function: Task) -> None:
        """``function`` is called with the job's arguments as keywords. It may run more than once for a job.

        `Transient` errors bring the job back after a pause; any other error marks it failed.
        """
        if name in self._tasks:
            raise ValueError(f"The task {name} is registered already.")
        self._tasks[name] = function

    async def run_worker(self, concurrency: int, stop: asyncio.Event, *, deadline: float = 10.0) -> None:
        """Run jobs until ``stop`` is set, at most ``concurrency`` of one tenant at a time, and a quarter more in all.

        Then running jobs get ``deadline`` seconds to finish; what still runs is cancelled and goes back into the queue.
        A restart of the database does not end it.
        """
        if concurrency < 1:
            raise ValueError("concurrency must be at least 1")
        await self._release_the_dead()
        await Worker(self._database, self._tasks, concurrency, self._rhythm).run(stop, deadline)

    async def _release_the_dead(self) -> None:
        """Workers of this machine whose process is gone are not waited for: a restart goes on at once."""
        # Only a short cut: where the database is away, the worker's own loop waits for it and the sweep does the rest.
        with suppress(Unavailable):
            rows = await self._database.autocommit(
                "SELECT DISTINCT pid FROM procrastinate.tieline_workers WHERE host = %s", this_machine()
            )
            for (pid,) in rows:
                if not _alive(pid):
                    await self.release_worker(pid)

    async def release_worker(self, pid: int, host: str | None = None) -> int:
        """Put back the jobs of a worker that is known to be dead, at once; the number of jobs. ``host`` None = here."""
        rows = await self._database.autocommit(
            "SELECT procrastinate.tieline_release_worker(%s, %s)", host or this_machine(), pid
        )
        return int(rows[0][0])

    async def workers(self, within: float = 10.0) -> int:
        """How many workers have shown that they live, in the last ``within`` seconds."""
        rows = await self._database.autocommit(
            """
            SELECT count(*) FROM procrastinate.tieline_workers AS mine
            JOIN procrastinate.procrastinate_workers AS worker ON worker.id = mine.worker_id
            WHERE worker.last_heartbeat > clock_timestamp() - make_interval(secs => %s)
            """,
            within,
        )
        return int(rows[0][0])

    async def depth(self) -> Depth:
        """The present state of the queue."""
        rows = await self._database.autocommit(
            """
            SELECT count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at <= now(), true)),
                   count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()),
                   count(*) FILTER (WHERE status = 'doing'),
                   count(*) FILTER (WHERE status = 'failed')
            FROM procrastinate.procrastinate_jobs WHERE queue_name = %s
            """,
            QUEUE,
        )
        return Depth(*rows[0])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, but there
    return True
