"""Jobs: queued in a transaction, run once, in order, and again when their worker died."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tieline.core.clock import now
from tieline.core.errors import BadInput, Unavailable
from tieline.core.ids import new_id
from tieline.storage import cluster
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.errors import AlreadyQueued
from tieline.storage.queue import Queue
from tieline.storage.worker import Rhythm, this_machine

pytestmark = pytest.mark.anyio

FAST = Rhythm(heartbeat=0.1, timeout=1.0, sweep=0.1, poll=0.1)


@pytest.fixture(autouse=True)
async def empty(database: Database) -> None:
    await database.autocommit("DELETE FROM procrastinate.procrastinate_jobs")
    await database.autocommit("DELETE FROM procrastinate.procrastinate_workers")


@asynccontextmanager
async def working(queue: Queue, concurrency: int = 5, deadline: float = 5.0) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(queue.run_worker(concurrency, stop, deadline=deadline))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def until(condition: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            met = condition()
            if met if isinstance(met, bool) else await met:
                return
            await asyncio.sleep(0.01)


async def nothing_left(queue: Queue) -> bool:
    depth = await queue.depth()
    return depth == (0, 0, 0, 0)


async def defer(database: Database, task: str, **options: Any) -> int:
    async with database.system() as unit:
        return await unit.defer(task, **options)


async def test_a_job_runs_with_its_arguments_and_is_gone_afterwards(database: Database) -> None:
    queue, seen = Queue(database, rhythm=FAST), list[dict[str, Any]]()

    async def note(**args: Any) -> None:
        seen.append(args)

    queue.register("note", note)
    tenant = new_id()
    async with database.tenant(tenant) as unit:
        await unit.defer("note", run=str(tenant), text="ünïcode 'quotes' %s {}", deep={"a": [1, None, 2.5]})
    async with working(queue):
        await until(lambda: nothing_left(queue))
    assert seen == [{"run": str(tenant), "text": "ünïcode 'quotes' %s {}", "deep": {"a": [1, None, 2.5]}}]


async def test_a_job_of_a_transaction_that_failed_does_not_exist(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.system() as unit:
            await unit.defer("note")
            raise ZeroDivisionError
    assert (await Queue(database).depth()).waiting == 0


async def test_a_waiting_worker_hears_of_a_job_without_polling(database: Database) -> None:
    queue, ran = Queue(database, rhythm=FAST._replace(poll=3600)), asyncio.Event()

    async def note() -> None:
        ran.set()

    queue.register("note", note)
    async with working(queue):
        await until(lambda: has_workers(database))
        await asyncio.sleep(0.2)
        await defer(database, "note")
        await asyncio.wait_for(ran.wait(), 10)


async def has_workers(database: Database) -> bool:
    return bool((await database.autocommit("SELECT count(*) FROM procrastinate.tieline_workers"))[0][0])


async def test_concurrency_is_a_limit_and_is_used(database: Database) -> None:
    queue, running, most = Queue(database, rhythm=FAST), 0, 0

    async def busy() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1

    queue.register("busy", busy)
    for _ in range(12):
        await defer(database, "busy")
    async with working(queue, concurrency=4):
        await until(lambda: nothing_left(queue))
    assert most == 4


async def test_jobs_with_one_lock_run_one_after_the_other_in_order(database: Database) -> None:
    queue, seen, running = Queue(database, rhythm=FAST), list[int](), 0

    async def locked(*, number: int) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0.01)
        seen.append(number)
        running -= 1

    queue.register("locked", locked)
    for number in range(6):
        await defer(database, "locked", lock="one", number=number)
    async with working(queue), working(queue):
        await until(lambda: nothing_left(queue))
    assert seen == list(range(6))


async def test_a_higher_priority_goes_first(database: Database) -> None:
    queue, seen = Queue(database, rhythm=FAST), list[int]()

    async def note(*, number: int) -> None:
        seen.append(number)

    queue.register("note", note)
    for number in (1, 5, 3):
        await defer(database, "note", priority=number, number=number)
    async with working(queue, concurrency=1):
        await until(lambda: nothing_left(queue))
    assert seen == [5, 3, 1]


async def test_a_scheduled_job_waits_for_its_time(database: Database) -> None:
    queue, moments = Queue(database, rhythm=FAST), list[Any]()

    async def note() -> None:
        moments.append(now())

    queue.register("note", note)
    due = now() + timedelta(seconds=0.5)
    await defer(database, "note", at=due)
    assert (await queue.depth()).scheduled == 1
    async with working(queue):
        await until(lambda: nothing_left(queue))
    assert moments[0] >= due


async def test_a_second_job_with_the_same_queueing_lock_is_refused_and_the_transaction_lives(
    database: Database,
) -> None:
    async with database.system() as unit:
        await unit.defer("note", queueing_lock="once")
        with pytest.raises(AlreadyQueued, match="once"):
            await unit.defer("note", queueing_lock="once")
        await unit.defer("note", queueing_lock="twice")
    assert (await Queue(database).depth()).waiting == 2


async def test_a_transient_error_brings_the_job_back_and_any_other_marks_it_failed(database: Database) -> None:
    queue, tries = Queue(database, rhythm=FAST), list[str]()

    async def flaky() -> None:
        tries.append("flaky")
        if len(tries) == 1:
            raise Unavailable("not now")

    async def broken() -> None:
        raise ZeroDivisionError

    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    queue.register("flaky", flaky)
    queue.register("broken", broken)
    queue.register("cancels", cancels_itself)
    await defer(database, "flaky")
    await defer(database, "broken")
    await defer(database, "cancels")
    async with working(queue):
        await until(lambda: is_depth(queue, (0, 0, 0, 2)))
    assert tries == ["flaky", "flaky"]


async def is_depth(queue: Queue, depth: tuple[int, int, int, int]) -> bool:
    return await queue.depth() == depth


async def test_a_job_of_an_unknown_task_is_kept_for_a_worker_that_knows_it(database: Database) -> None:
    queue = Queue(database, rhythm=FAST)
    await defer(database, "from.the.future")
    async with working(queue):
        await until(lambda: is_depth(queue, (0, 1, 0, 0)))


async def test_stop_waits_for_running_jobs(database: Database) -> None:
    queue, ended, started = Queue(database, rhythm=FAST), asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        started.set()
        await asyncio.sleep(0.3)
        ended.set()

    queue.register("slow", slow)
    await defer(database, "slow")
    async with working(queue, deadline=10):
        await started.wait()
    assert ended.is_set()
    assert await nothing_left(queue)
    assert not await has_workers(database)


async def test_stop_gives_back_what_does_not_end_in_time(database: Database) -> None:
    queue, started = Queue(database, rhythm=FAST), asyncio.Event()

    async def endless() -> None:
        started.set()
        await asyncio.sleep(3600)

    queue.register("endless", endless)
    await defer(database, "endless")
    async with working(queue, deadline=0.05):
        await started.wait()
    assert await queue.depth() == (1, 0, 0, 0)
    assert not await has_workers(database)


async def test_the_job_of_a_silent_worker_goes_on_elsewhere(database: Database) -> None:
    queue, ran = Queue(database, rhythm=FAST), asyncio.Event()

    async def note() -> None:
        ran.set()

    queue.register("note", note)
    await defer(database, "note")
    # A worker that took the job and was killed: it has a heartbeat that will not come again.
    (number,) = (await database.autocommit("SELECT procrastinate.tieline_register_worker('elsewhere', 1)"))[0]
    await database.autocommit("UPDATE procrastinate.procrastinate_jobs SET status = 'doing', worker_id = %s", number)
    async with working(queue):
        await asyncio.wait_for(ran.wait(), 10)
        await until(lambda: nothing_left(queue))


@pytest.mark.parametrize("how", ["sweep", "release", "give back", "later"])
async def test_a_job_comes_back_although_its_successor_waits_under_the_same_lock(database: Database, how: str) -> None:
    """A job that queues its own successor, and whose worker dies before the job is filed as done."""
    queue, ran = Queue(database, rhythm=FAST), list[int]()

    async def note(*, number: int) -> None:
        ran.append(number)
        if how == "later" and len(ran) == 1:
            await defer(database, "note", queueing_lock="wake", number=2)
            raise Unavailable("not now")

    queue.register("note", note)
    await defer(database, "note", queueing_lock="wake", number=1)
    (number,) = (await database.autocommit("SELECT procrastinate.tieline_register_worker('elsewhere', 1)"))[0]
    if how != "later":
        await database.autocommit(
            "UPDATE procrastinate.procrastinate_jobs SET status = 'doing', worker_id = %s", number
        )
        await defer(database, "note", queueing_lock="wake", number=2, at=now() + timedelta(seconds=2))
    if how == "release":
        assert await queue.release_worker(1, "elsewhere") == 1
    if how == "give back":
        await database.autocommit("SELECT procrastinate.tieline_give_back(%s, %s::bigint[])", number, [])
    async with working(queue):
        await until(lambda: nothing_left(queue))
    assert sorted(set(ran)) == [1, 2]


async def test_a_supervisor_frees_the_jobs_of_a_dead_worker_at_once(database: Database) -> None:
    queue, ran = Queue(database, rhythm=FAST._replace(timeout=3600)), asyncio.Event()

    async def note() -> None:
        ran.set()

    queue.register("note", note)
    await defer(database, "note")
    (number,) = (await database.autocommit("SELECT procrastinate.tieline_register_worker(%s, 1)", this_machine()))[0]
    await database.autocommit("UPDATE procrastinate.procrastinate_jobs SET status = 'doing', worker_id = %s", number)
    async with working(queue):
        await until(lambda: has_workers(database))
        assert not ran.is_set()
        assert await queue.release_worker(4243) == 0
        assert await queue.release_worker(os.getpid(), "another-host") == 0
        assert await queue.release_worker(1) == 1
        await asyncio.wait_for(ran.wait(), 10)


async def test_a_worker_given_up_for_dead_stops_its_jobs_and_begins_anew(database: Database) -> None:
    queue, starts, cancelled = Queue(database, rhythm=FAST), list[int](), asyncio.Event()

    async def first_time_endless() -> None:
        starts.append(1)
        if len(starts) == 1:
            try:
                await asyncio.sleep(3600)
            finally:
                cancelled.set()

    queue.register("endless", first_time_endless)
    await defer(database, "endless")
    async with working(queue):
        await until(lambda: len(starts) == 1)
        await database.autocommit("DELETE FROM procrastinate.procrastinate_workers")
        await asyncio.wait_for(cancelled.wait(), 10)
        await until(lambda: nothing_left(queue))
    assert len(starts) == 2


async def test_a_worker_does_not_finish_a_job_that_was_given_to_another(database: Database) -> None:
    queue, go, started = (
        Queue(database, rhythm=FAST._replace(heartbeat=3600, sweep=3600)),
        asyncio.Event(),
        asyncio.Event(),
    )

    async def note() -> None:
        started.set()
        await go.wait()

    queue.register("note", note)
    await defer(database, "note")
    async with working(queue) as stop:
        await started.wait()
        (other,) = (await database.autocommit("SELECT procrastinate.tieline_register_worker('elsewhere', 1)"))[0]
        await database.autocommit("UPDATE procrastinate.procrastinate_jobs SET worker_id = %s", other)
        go.set()
        stop.set()
    assert await queue.depth() == (0, 0, 1, 0)


async def test_a_worker_survives_broken_connections(database: Database) -> None:
    queue, seen = Queue(database, rhythm=FAST), set[int]()

    async def note(*, number: int) -> None:
        await asyncio.sleep(0.005)
        seen.add(number)

    queue.register("note", note)
    async with working(queue):
        for number in range(60):
            await defer(database, "note", number=number)
            if number % 12 == 6:
                await database.autocommit(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
        await until(lambda: nothing_left(queue))
    assert seen == set(range(60))


async def test_a_job_whose_worker_never_heard_that_it_took_it_goes_back(database: Database) -> None:
    queue, ran = Queue(database, rhythm=FAST._replace(timeout=3600, poll=3600)), asyncio.Event()

    async def note() -> None:
        ran.set()

    queue.register("note", note)
    async with working(queue):
        await until(lambda: has_workers(database))
        await asyncio.sleep(0.1)
        # The connection broke between the server's commit and its answer: the job is taken, and nobody runs it.
        await database.autocommit(
            "WITH made AS (SELECT procrastinate.tieline_defer('elsewhere', 'note', '{}', NULL, NULL, 0, NULL) AS id) "
            "SELECT id FROM made"
        )
        await database.autocommit(
            "UPDATE procrastinate.procrastinate_jobs SET queue_name = 'tieline', status = 'doing', "
            "worker_id = (SELECT worker_id FROM procrastinate.tieline_workers)"
        )
        await database.autocommit(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        await asyncio.wait_for(ran.wait(), 10)


async def test_a_worker_survives_a_restart_of_the_server(database: Database, postgres: Embedded) -> None:
    queue, seen, held = Queue(database, rhythm=FAST._replace(timeout=30)), list[int](), asyncio.Event()

    async def note(*, number: int) -> None:
        if number % 5 == 0:
            await held.wait()
        seen.append(number)

    queue.register("note", note)
    async with database.system() as unit:
        for number in range(40):
            await unit.defer("note", number=number)
    async with working(queue, concurrency=20):
        await until(lambda: bool(seen))
        assert cluster.ask_to_stop(postgres.cluster, immediate=True)
        held.set()
        await asyncio.to_thread(postgres.ensure)
        await until(lambda: nothing_left(queue))
    assert set(seen) == set(range(40))
    # What ran while the server went down ran once: its end was filed later.
    assert len(seen) == 40


async def test_a_thousand_jobs_through_two_workers_each_run_once(database: Database) -> None:
    queue, seen = Queue(database, rhythm=FAST._replace(timeout=30)), list[int]()

    async def note(*, number: int) -> None:
        seen.append(number)

    queue.register("note", note)
    async with database.system() as unit:
        for number in range(1000):
            await unit.defer("note", number=number)
    async with working(queue, concurrency=20), working(queue, concurrency=20):
        await until(lambda: nothing_left(queue))
    assert sorted(seen) == list(range(1000))


async def test_a_task_name_is_checked(database: Database) -> None:
    async with database.system() as unit:
        for name in ("", "x" * 129):
            with pytest.raises(BadInput):
                await unit.defer(name)
        with pytest.raises(BadInput, match="time zone"):
            await unit.defer("note", at=now().replace(tzinfo=None))


async def test_a_starting_worker_frees_the_jobs_of_dead_ones_on_its_machine(database: Database) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    rows = await database.autocommit("SELECT procrastinate.tieline_register_worker(%s, %s)", this_machine(), ended.pid)
    number = rows[0][0]
    done = asyncio.Event()

    async def finish(**_args: Any) -> None:
        done.set()

    queue, stop = Queue(database), asyncio.Event()
    queue.register("left-behind", finish)
    async with database.system() as unit:
        await unit.defer("left-behind")
    await database.autocommit(
        "UPDATE procrastinate.procrastinate_jobs SET status = 'doing', worker_id = %s WHERE task_name = 'left-behind'",
        number,
    )
    worker = asyncio.create_task(queue.run_worker(1, stop))
    await asyncio.wait_for(done.wait(), 5)  # well before the 8 seconds after which a silent worker is given up
    stop.set()
    await worker
