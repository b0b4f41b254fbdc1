"""The journal: ordered, durable, fenced, and undisturbed by what other runs do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.storage.making import make_run
from tieline.core.errors import BadInput, Conflict, NotFound
from tieline.core.ids import new_id
from tieline.storage import cluster, tables
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.errors import DatabaseUnavailable, FenceLost
from tieline.storage.journal import Entry, JournalStore, RunClaim

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(database: Database) -> AsyncIterator[JournalStore]:
    async with JournalStore(database) as opened:
        yield opened


async def claimed(database: Database, store: JournalStore) -> RunClaim:
    tenant, run = await make_run(database)
    return await store.claim(tenant, run, "worker-1")


def entry(seq: int, data: bytes | None = b"{}") -> Entry:
    return Entry(seq, 1, f"block.{seq}", data)


async def entries_of(store: JournalStore, run: RunClaim, since: int = 0) -> list[Entry]:
    return [each async for each in store.load(run, since)]


async def test_what_was_appended_is_read_in_order(database: Database, store: JournalStore) -> None:
    run = await claimed(database, store)
    expected = [
        Entry(1, 0, "start", None),
        Entry(2, 32767, "loop[7431].wrîte", b"\x00\xff" * 10),
        Entry(3, -1, "quote'\"{},\\", b""),
        Entry(2**40, 1, "", b"x" * 300_000),
    ]
    first = store.append(run, expected[:1])
    await store.append(run, expected[1:])
    assert first.done()
    assert await entries_of(store, run) == expected
    assert await entries_of(store, run, since=3) == expected[3:]


async def test_more_than_one_page_is_read(database: Database, store: JournalStore) -> None:
    run = await claimed(database, store)
    expected = [entry(number) for number in range(1, 4502)]
    await store.append(run, expected)
    assert await entries_of(store, run) == expected


async def test_many_runs_at_once_keep_their_entries_apart(database: Database, store: JournalStore) -> None:
    runs = [await claimed(database, store) for _ in range(6)]

    async def work(run: RunClaim) -> None:
        for seq in range(1, 31):
            await store.append(run, [Entry(seq, 1, str(run.run_id), str(seq).encode())])

    await asyncio.gather(*(work(run) for run in runs))
    for run in runs:
        expected = [Entry(seq, 1, str(run.run_id), str(seq).encode()) for seq in range(1, 31)]
        assert await entries_of(store, run) == expected


async def test_nobody_has_to_wait_and_flush_waits_for_all(database: Database, store: JournalStore) -> None:
    run = await claimed(database, store)
    futures = [store.append(run, [entry(seq)]) for seq in range(1, 501)]
    await store.flush()
    assert all(future.done() for future in futures)
    assert len(await entries_of(store, run)) == 500
    await store.flush()
    await store.append(run, [])


async def test_closing_writes_what_is_pending(database: Database, store: JournalStore) -> None:
    run = await claimed(database, store)
    async with JournalStore(database) as other:
        _ = other.append(run, [entry(1)])
    assert len(await entries_of(store, run)) == 1
    with pytest.raises(DatabaseUnavailable, match="not open"):
        _ = other.append(run, [entry(2)])


async def test_a_claim_grows_the_fence_and_tells_the_run(database: Database, store: JournalStore) -> None:
    tenant, run_id = await make_run(database)
    first = await store.claim(tenant, run_id, "worker-1")
    second = await store.claim(tenant, run_id, "worker-2")
    assert (first.fence, second.fence) == (1, 2)
    assert (second.row["status"], second.row["worker"], second.row["attempts"]) == ("running", "worker-2", 2)
    assert second.row["started_at"] == first.row["started_at"]


async def test_who_lost_the_fence_writes_nothing_more(database: Database, store: JournalStore) -> None:
    tenant, run_id = await make_run(database)
    old = await store.claim(tenant, run_id, "worker-1")
    await store.append(old, [entry(1)])
    new = await store.claim(tenant, run_id, "worker-2")
    ignored = store.append(old, [entry(2)])
    await store.flush()
    assert isinstance(ignored.exception(), FenceLost)
    assert old.lost
    with pytest.raises(FenceLost):
        _ = store.append(old, [entry(3)])
    await store.append(new, [Entry(2, 1, "mine", b"")])
    assert [each.path for each in await entries_of(store, new)] == ["block.1", "mine"]


async def test_a_stale_run_does_not_hold_up_the_others_of_its_group(database: Database, store: JournalStore) -> None:
    stale, *good = [await claimed(database, store) for _ in range(4)]
    await store.claim(stale.tenant_id, stale.run_id, "worker-2")
    futures = {run: store.append(run, [entry(1), entry(2)]) for run in (good[0], stale, *good[1:])}
    await store.flush()
    assert isinstance(futures[stale].exception(), FenceLost)
    assert [futures[run].exception() for run in good] == [None, None, None]
    assert [len(await entries_of(store, run)) for run in (stale, *good)] == [0, 2, 2, 2]


async def test_entries_that_others_wrote_under_the_same_numbers_mean_the_fence_is_lost(
    database: Database, store: JournalStore
) -> None:
    run, other = await claimed(database, store), await claimed(database, store)
    twin = RunClaim(run.tenant_id, run.run_id, run.fence)
    await store.append(run, [entry(1)])
    # The same entry again is what a broken connection makes us do.
    await store.append(twin, [entry(1)])
    lost, fine = store.append(twin, [entry(1, b"different"), entry(2)]), store.append(other, [entry(1)])
    await store.flush()
    assert isinstance(lost.exception(), FenceLost)
    assert fine.exception() is None


async def test_a_run_of_nobody_and_a_run_that_ended_cannot_be_claimed(database: Database, store: JournalStore) -> None:
    tenant, run_id = await make_run(database, status="finished")
    with pytest.raises(Conflict, match="finished"):
        await store.claim(tenant, run_id, "worker")
    with pytest.raises(NotFound):
        await store.claim(tenant, new_id(), "worker")
    with pytest.raises(NotFound):
        await store.claim(new_id(), run_id, "worker")


async def test_a_run_that_was_deleted_is_lost(database: Database, store: JournalStore) -> None:
    run = await claimed(database, store)
    async with database.system() as unit:
        await unit.delete(tables.runs, tables.runs.c.id == run.run_id)
    with pytest.raises(FenceLost):
        await store.append(run, [entry(1)])


async def test_one_unstorable_entry_fails_its_own_run_only(database: Database, store: JournalStore) -> None:
    bad, good = await claimed(database, store), await claimed(database, store)
    with pytest.raises(BadInput, match="NUL"):
        _ = store.append(bad, [Entry(1, 1, "a\0b", None)])
    futures = [
        store.append(good, [entry(1)]),
        store.append(bad, [Entry(1, 1, "lone \ud800 surrogate", None)]),
        store.append(good, [entry(2)]),
    ]
    await store.flush()
    assert [type(future.exception()) for future in futures] == [type(None), BadInput, type(None)]
    assert len(await entries_of(store, good)) == 2
    with pytest.raises(BadInput):
        _ = store.append(bad, [entry(2)])


async def test_out_of_range_numbers_fail_their_own_run_only(database: Database, store: JournalStore) -> None:
    bad, good = await claimed(database, store), await claimed(database, store)
    futures = [store.append(bad, [Entry(1, 99999, "x", None)]), store.append(good, [entry(1)])]
    await store.flush()
    assert [type(future.exception()) for future in futures] == [BadInput, type(None)]


@pytest.mark.parametrize("company", [False, True], ids=["alone", "in a group"])
async def test_the_claim_waits_for_entries_on_their_way(company: bool, database: Database, store: JournalStore) -> None:
    """However append and claim interleave: an entry that was acknowledged is seen by whoever claims afterwards."""
    tenant, run_id = await make_run(database)
    companion = await claimed(database, store)
    async with JournalStore(database) as other:
        for round_ in range(15):
            old = await store.claim(tenant, run_id, "worker-1")
            seq = round_ * 100
            if company:
                _ = store.append(companion, [entry(seq + number) for number in range(1, 40)])
            futures = [store.append(old, [entry(seq + number)]) for number in range(1, 40)]
            new, _ = await asyncio.gather(other.claim(tenant, run_id, "worker-2"), asyncio.sleep(0))
            seen = {each.seq for each in await entries_of(other, new)}
            await store.flush()
            acknowledged = {seq + number for number, future in enumerate(futures, 1) if future.exception() is None}
            assert acknowledged <= seen
            assert {each.seq for each in await entries_of(other, new)} == seen
    assert len(await entries_of(store, companion)) == (15 * 39 if company else 0)


async def test_the_journal_outlives_broken_connections(database: Database, store: JournalStore) -> None:
    run = await claimed(database, store)
    futures = []
    for seq in range(1, 201):
        futures.append(store.append(run, [entry(seq)]))
        if seq % 40 == 0:
            await database.autocommit(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        await asyncio.sleep(0)
    await store.flush()
    assert [future.exception() for future in futures] == [None] * 200
    assert await entries_of(store, run) == [entry(seq) for seq in range(1, 201)]


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    database: Database, store: JournalStore, postgres: Embedded
) -> None:
    run = await claimed(database, store)
    futures = [store.append(run, [entry(seq)]) for seq in range(1, 5)]
    await store.flush()
    assert cluster.ask_to_stop(postgres.cluster, immediate=True)
    futures += [store.append(run, [entry(seq)]) for seq in range(5, 50)]
    await asyncio.to_thread(postgres.ensure)
    await store.flush()
    assert [future.exception() for future in futures] == [None] * 49
    assert await entries_of(store, run) == [entry(seq) for seq in range(1, 50)]


async def test_a_database_that_stays_away_is_reported(database: Database, postgres: Embedded) -> None:
    async with JournalStore(database, patience=0.1) as store:
        run = await claimed(database, store)
        assert cluster.ask_to_stop(postgres.cluster, immediate=True)
        while cluster.process(postgres.cluster) is not None:
            await asyncio.sleep(0.01)
        try:
            with pytest.raises(DatabaseUnavailable):
                await store.append(run, [entry(1)])
            with pytest.raises(DatabaseUnavailable):
                _ = store.append(run, [entry(2)])
            assert not run.lost
        finally:
            await asyncio.to_thread(postgres.ensure)
        again = await store.claim(run.tenant_id, run.run_id, "worker-1")
        await store.append(again, [entry(1)])


async def test_there_is_room_until_too_much_is_pending(database: Database, store: JournalStore) -> None:
    run = await claimed(database, store)
    await store.room()
    for seq in range(1, 6):
        _ = store.append(run, [entry(seq, b"x" * 8 * 2**20)])
    await asyncio.wait_for(store.room(), 30)
    await store.flush()
    assert len(await entries_of(store, run)) == 5
