"""The run journal on disk: appended in groups, read in order, fenced.

One writer a process takes everything that is pending, of all runs, and commits it at once; what is appended meanwhile
forms the next group. A group is one statement, so one round trip and one flush to disk. The statement holds the rows of
its runs (FOR KEY SHARE) until it has committed and compares their fences: a claim, which takes the same rows FOR
UPDATE, either waits for the entries or makes them fail, so that nobody writes to a run that another worker has begun to
read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, LiteralString, NamedTuple, Self
from uuid import UUID

import psycopg
from psycopg.rows import AsyncRowFactory, dict_row, tuple_row

from tieline.core.errors import BadInput, Conflict, NotFound, TielineError
from tieline.storage.claims import CLAIM, CLAIMABLE, Claims
from tieline.storage.database import Database, operational_error
from tieline.storage.endings import Ending
from tieline.storage.errors import DatabaseUnavailable, DiskFull, FenceLost
from tieline.storage.link import Connection, Link
from tieline.storage.roles import SYSTEM

# A group ends here, so that a burst neither makes a huge transaction nor keeps others waiting.
_GROUP_ENTRIES = 4000
_GROUP_BYTES = 8 * 2**20
_PENDING_BYTES = 32 * 2**20
_READ_AT_ONCE = 2000

# One entry; several of one run; several of several runs. All hold the rows of their runs and compare the fences. That
# all went well shows in the number of rows; if not, `_APPEND_AND_TELL`, which costs the server more, says which did.
_APPEND_ENTRY: LiteralString = """
    INSERT INTO journal (tenant_id, run_id, seq, kind, path, data)
    SELECT held.tenant_id, held.id, entry.* FROM (
        SELECT tenant_id, id FROM runs WHERE tenant_id = %s AND id = %s AND fence = %s FOR KEY SHARE
    ) AS held, (VALUES (%s::bigint, %s::smallint, %s::text, %s::bytea)) AS entry
    ON CONFLICT DO NOTHING
"""
_APPEND_ENTRIES: LiteralString = """
    INSERT INTO journal (tenant_id, run_id, seq, kind, path, data)
    SELECT held.tenant_id, held.id, entry.* FROM (
        SELECT tenant_id, id FROM runs WHERE tenant_id = %s AND id = %s AND fence = %s FOR KEY SHARE
    ) AS held, unnest(%s::bigint[], %s::smallint[], %s::text[], %s::bytea[]) AS entry
    ON CONFLICT DO NOTHING
"""
_APPEND_GROUP: LiteralString = """
    INSERT INTO journal (tenant_id, run_id, seq, kind, path, data)
    SELECT held.tenant_id, held.id, entry.seq, entry.kind, entry.path, entry.data
    FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) WITH ORDINALITY AS claim (tenant_id, run_id, fence, number)
    CROSS JOIN LATERAL (
        SELECT tenant_id, id FROM runs
        WHERE runs.tenant_id = claim.tenant_id AND runs.id = claim.run_id AND runs.fence = claim.fence FOR KEY SHARE
    ) AS held
    JOIN unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::text[], %s::bytea[])
         AS entry (number, seq, kind, path, data) ON entry.number = claim.number
    ON CONFLICT DO NOTHING
"""
_APPEND_AND_TELL: LiteralString = """
    WITH claim AS (
        SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[])
            WITH ORDINALITY AS each (tenant_id, run_id, fence, number)
    ), held AS MATERIALIZED (
        SELECT runs.tenant_id, runs.id, runs.fence FROM runs
        JOIN claim ON runs.tenant_id = claim.tenant_id AND runs.id = claim.run_id
        FOR KEY SHARE OF runs
    ), valid AS (
        SELECT claim.* FROM claim
        JOIN held ON held.tenant_id = claim.tenant_id AND held.id = claim.run_id AND held.fence = claim.fence
    ), written AS (
        INSERT INTO journal (tenant_id, run_id, seq, kind, path, data)
        SELECT valid.tenant_id, valid.run_id, entry.seq, entry.kind, entry.path, entry.data
        FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::text[], %s::bytea[])
             AS entry (number, seq, kind, path, data)
        JOIN valid ON valid.number = entry.number
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT ARRAY(SELECT number FROM valid), (SELECT count(*) FROM written)
"""
_SAME: LiteralString = """
    SELECT count(*) FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::bytea[]) AS entry (seq, kind, path, data)
    JOIN journal ON journal.tenant_id = %s AND journal.run_id = %s AND journal.seq = entry.seq
    WHERE journal.kind = entry.kind AND journal.path = entry.path AND journal.data IS NOT DISTINCT FROM entry.data
"""
_CLAIM: LiteralString = CLAIM + " RETURNING runs.*"
_LOAD: LiteralString = """
    SELECT seq, kind, path, data FROM journal
    WHERE tenant_id = %s AND run_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""


class Entry(NamedTuple):
    """One line of the journal. ``seq`` is unique in its run and counts up; ``data`` is the engine's to encode."""

    seq: int
    kind: int
    path: str
    data: bytes | None


class RunClaim:
    """The right to write to a run, until somebody else claims it. ``row`` is the run as it was claimed."""

    __slots__ = ("ended", "error", "fence", "row", "run_id", "tenant_id")

    def __init__(self, tenant_id: UUID, run_id: UUID, fence: int, row: dict[str, Any] | None = None) -> None:
        self.tenant_id = tenant_id
        self.run_id = run_id
        self.fence = fence
        self.row = row or {}
        self.error: TielineError | None = None
        self.ended: tuple[str, bytes] | None = None  # status and output, JSON, where it has ended well

    @property
    def lost(self) -> bool:
        """Whether another worker has taken the run over."""
        return isinstance(self.error, FenceLost)

    def __repr__(self) -> str:
        return f"RunClaim(run_id={self.run_id}, fence={self.fence}, lost={self.lost})"


class _Batch(NamedTuple):
    run: RunClaim
    entries: Sequence[Entry]
    future: asyncio.Future[None]


class JournalStore:
    """Claims runs, appends to their journals and reads them. One for each process."""

    def __init__(self, database: Database, *, patience: float = 30.0) -> None:
        """``patience``: seconds for which a group is tried again while the database is away."""
        self._patience = patience
        self._writing = Link(database, _as_system)
        self._reading = Link(database, _as_system)
        self._claims = Claims(database)
        self._pending: deque[_Batch] = deque()
        self._pending_bytes = 0
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self._writing.connection()
        self._writer = asyncio.create_task(self._write_for_ever(), name="journal-writer")

    async def close(self) -> None:
        """Write what is pending, then end."""
        if self._writer is not None:
            with suppress(TielineError):
                await self.flush()
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
            self._writer = None
        await self._writing.close()
        await self._reading.close()
        await self._claims.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def claim(self, tenant_id: UUID, run_id: UUID, worker: str) -> RunClaim:
        """Take a run over: its fence grows, whoever had it before can write no more. Waits for entries on their way.

        Raises `NotFound`, or `Conflict` when the run has ended.
        """
        row = await self._read(_CLAIM, [tenant_id, run_id, list(CLAIMABLE), worker])
        if not row:
            found = await self._read("SELECT status FROM runs WHERE tenant_id = %s AND id = %s", [tenant_id, run_id])
            if not found:
                raise NotFound(f"There is no run {run_id}.")
            raise Conflict(f"The run {run_id} cannot be claimed: it is {found[0]['status']}.")
        return RunClaim(tenant_id, run_id, row[0]["fence"], row[0])

    async def take(self, tenant_id: UUID, run_id: UUID, worker: str) -> RunClaim | None:
        """As `claim`, if the run may begin or go on now; else None (see `Claims.take`)."""
        row = await self._claims.take(tenant_id, run_id, worker)
        return None if row is None else RunClaim(tenant_id, run_id, row["fence"], row)

    async def finish(self, end: Ending) -> bool:
        """See `endings.finish`."""
        return await self._claims.finish(end)

    async def workspace(self, tenant_id: UUID, automation_id: UUID, version: int) -> bytes | None:
        """See `Claims.workspace`."""
        return await self._claims.workspace(tenant_id, automation_id, version)

    def append(self, run: RunClaim, entries: Sequence[Entry]) -> asyncio.Future[None]:
        """Add ``entries`` to the run's journal, in order. The future is done once they are on disk.

        Nobody needs to wait for the future. After a failure nothing more of the run is written, and each later `append`
        raises what went wrong: `FenceLost`, or a Transient error after which the run must be claimed again.
        """
        if run.error is not None:
            raise run.error
        if self._writer is None:
            raise DatabaseUnavailable("The journal is not open.")
        size = 0
        for entry in entries:
            if "\0" in entry.path:
                raise BadInput("The path of a journal entry must not contain a NUL character.")
            size += len(entry.data) if entry.data else 0
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not entries:
            future.set_result(None)
            return future
        self._pending.append(_Batch(run, entries, future))
        self._pending_bytes += size
        if self._pending_bytes > _PENDING_BYTES:
            self._room.clear()
        self._work.set()
        return future

    async def room(self) -> None:
        """Wait while too much is pending. For those who append without waiting for the futures."""
        await self._room.wait()

    async def flush(self) -> None:
        """Wait until all that has been appended so far is on disk or has failed."""
        if self._pending or self._work.is_set():
            mark: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._pending.append(_Batch(_NOBODY, (), mark))
            self._work.set()
            await mark

    async def load(self, run: RunClaim, since: int = 0) -> AsyncIterator[Entry]:
        """The entries with ``seq`` above ``since``, in order, a few thousand at a time in memory."""
        while True:
            rows = await self._read(_LOAD, [run.tenant_id, run.run_id, since, _READ_AT_ONCE], rows=tuple_row)
            for row in rows:
                yield Entry(*row)
            if len(rows) < _READ_AT_ONCE:
                return
            since = rows[-1][0]

    async def _read(
        self, statement: LiteralString, values: Sequence[Any], *, rows: AsyncRowFactory[Any] = dict_row
    ) -> list[Any]:
        """The rows of a statement that may run twice: once more when the connection had died unnoticed."""
        for last_attempt in (False, True):
            connection = await self._reading.connection()
            try:
                cursor = connection.cursor(binary=True, row_factory=rows)
                await cursor.execute(statement, values)
                return await cursor.fetchall()
            except psycopg.OperationalError as error:
                if last_attempt or not connection.closed:
                    raise operational_error(error) from error
        raise AssertionError

    async def _write_for_ever(self) -> None:
        while True:
            await self._work.wait()
            while self._pending:
                await self._write(self._take())
            self._work.clear()

    def _take(self) -> list[_Batch]:
        """The next group: whole batches, in the order of their arrival."""
        group: list[_Batch] = []
        count = size = 0
        while self._pending and count < _GROUP_ENTRIES and size < _GROUP_BYTES:
            batch = self._pending.popleft()
            if batch.run.error is not None:
                _fail(batch, batch.run.error)
                continue
            group.append(batch)
            count += len(batch.entries)
            size += sum(len(entry.data) for entry in batch.entries if entry.data)
        self._pending_bytes = self._pending_bytes - size if self._pending else 0
        if self._pending_bytes <= _PENDING_BYTES:
            self._room.set()
        return group

    async def _write(self, group: list[_Batch]) -> None:
        """One group, again and again until it is on disk, or given up."""
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + self._patience, 0.02
        while True:
            try:
                await self._commit(group)
                return
            except (psycopg.OperationalError, DatabaseUnavailable) as error:
                problem = operational_error(error) if isinstance(error, psycopg.OperationalError) else error
                await self._writing.close()
                if loop.time() > deadline or isinstance(problem, DiskFull):
                    for batch in group:
                        _fail(batch, problem)
                    return
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)
            except (psycopg.Error, UnicodeError) as error:
                # Something in the group cannot be stored: find whose it is, so that the others go in.
                runs = sorted({batch.run for batch in group}, key=lambda run: run is _NOBODY)
                if len(runs) == 1:
                    for batch in group:
                        _fail(batch, BadInput(f"The journal entry cannot be stored: {type(error).__name__}."))
                    return
                for run in runs:
                    await self._write([batch for batch in group if batch.run is run])
                return

    async def _commit(self, group: list[_Batch]) -> None:
        """Write the group in one transaction and settle its futures."""
        numbers: dict[RunClaim, int] = {}
        entries: list[Entry] = []
        for batch in group:
            if batch.entries:
                numbers.setdefault(batch.run, len(numbers) + 1)
                entries += batch.entries
        if entries and not await self._append(group, numbers, entries):
            valid = await self._append_and_tell(group, numbers, entries)
            for batch in group:
                if batch.entries and numbers[batch.run] not in valid:
                    _fail(batch, FenceLost(f"Another worker has taken over the run {batch.run.run_id}."))
        for batch in group:
            if not batch.future.done():
                batch.future.set_result(None)

    async def _append(self, group: list[_Batch], numbers: dict[RunClaim, int], entries: list[Entry]) -> bool:
        """Whether all entries went in."""
        if len(numbers) == 1:
            (run,) = numbers
            one = len(entries) == 1
            statement = _APPEND_ENTRY if one else _APPEND_ENTRIES
            values = [run.tenant_id, run.run_id, run.fence, *(entries[0] if one else _columns(entries))]
        else:
            statement, values = _APPEND_GROUP, _values(group, numbers, entries)
        connection = await self._writing.connection()
        cursor = await connection.execute(statement, values, prepare=True)
        return cursor.rowcount == len(entries)

    async def _append_and_tell(
        self, group: list[_Batch], numbers: dict[RunClaim, int], entries: list[Entry]
    ) -> set[int]:
        """The numbers of the runs whose entries are on disk."""
        connection = await self._writing.connection()
        cursor = await connection.execute(_APPEND_AND_TELL, _values(group, numbers, entries))
        row = await cursor.fetchone()
        assert row is not None
        valid = set(row[0])
        if row[1] == sum(len(batch.entries) for batch in group if numbers.get(batch.run) in valid):
            return valid
        return await self._without_strangers(group, numbers, valid)

    async def _without_strangers(self, group: list[_Batch], numbers: dict[RunClaim, int], valid: set[int]) -> set[int]:
        """Some entries were there before. Ours, from before the connection broke: good. Others': the run is lost."""
        connection = await self._writing.connection()
        kept = set()
        for run, number in numbers.items():
            if number not in valid:
                continue
            entries = [entry for batch in group if batch.run is run for entry in batch.entries]
            cursor = await connection.execute(_SAME, [*_columns(entries), run.tenant_id, run.run_id])
            row = await cursor.fetchone()
            if row and row[0] == len(entries):
                kept.add(number)
        return kept


_NOBODY = RunClaim(UUID(int=0), UUID(int=0), 0)


def _fail(batch: _Batch, error: TielineError) -> None:
    if batch.run is not _NOBODY and batch.run.error is None:
        batch.run.error = error
    if not batch.future.done():
        if batch.run is _NOBODY:
            batch.future.set_result(None)
            return
        batch.future.set_exception(error)
        # Marks it as seen: who does not wait for the future learns of it at the next append.
        batch.future.exception()


def _values(group: Sequence[_Batch], numbers: dict[RunClaim, int], entries: Sequence[Entry]) -> list[Any]:
    """The arrays of `_APPEND_GROUP` and `_APPEND_AND_TELL`."""
    return [
        [run.tenant_id for run in numbers],
        [run.run_id for run in numbers],
        _array(run.fence for run in numbers),
        _array(numbers[batch.run] for batch in group for _ in batch.entries),
        *_columns(entries),
    ]


def _columns(entries: Sequence[Entry]) -> tuple[str, str, list[str], list[bytes | None]]:
    return (
        _array(entry.seq for entry in entries),
        _array(entry.kind for entry in entries),
        [entry.path for entry in entries],
        [entry.data for entry in entries],
    )


def _array(numbers: Any) -> str:
    """An array literal. The driver would choose a type by the size of the numbers, and prepare a statement for each."""
    return "{" + ",".join(map(str, numbers)) + "}"


async def _as_system(connection: Connection) -> None:
    await connection.execute(f"SET ROLE {SYSTEM}")  # type: ignore[arg-type, unused-ignore]
    # The plan is always the same; planning would cost more than running.
    await connection.execute("SET plan_cache_mode = force_generic_plan")
