"""Taking runs, each in one round trip and one transaction; ending them goes in groups (`endings`).

What a run costs besides its blocks is mostly this, so it is plain SQL, sent as one message. PostgreSQL runs that as one
transaction in which each statement sees what was committed before it began: the first one locks the automation's row,
and those behind it see every run that was admitted or ended before. That makes ``max_concurrent_runs`` exact over any
number of workers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from tieline.storage.database import Database, operational_error
from tieline.storage.endings import MOST, Ending, finish
from tieline.storage.groups import Groups, as_system
from tieline.storage.link import Connection, Link, Statement

CLAIMABLE: Final = ("not started", "queued", "starting", "running", "must stop")
_LINES: Final = 8  # connections at most; a statement may wait for a row that somebody else has locked

# Starting a run looks the automation up by its key, which a stronger lock would make wait.
_LOCK_FOR_TURN: LiteralString = """
    SELECT FROM automations JOIN runs ON automations.tenant_id = runs.tenant_id AND automations.id = runs.automation_id
    WHERE runs.tenant_id = %s AND runs.id = %s AND runs.status IN ('not started', 'queued')
    FOR NO KEY UPDATE OF automations
"""
CLAIM: LiteralString = """
    WITH held AS (
        SELECT tenant_id, id, automation_id, status FROM runs
        WHERE tenant_id = %s AND id = %s AND status = ANY (%s) FOR UPDATE
    )
    UPDATE runs SET
        fence = runs.fence + 1, worker = %s, attempts = runs.attempts + 1,
        status = CASE held.status WHEN 'must stop' THEN held.status ELSE 'running' END,
        started_at = coalesce(runs.started_at, now()), updated_at = now()
    FROM held WHERE runs.tenant_id = held.tenant_id AND runs.id = held.id
"""
_IF_THERE_IS_ROOM: LiteralString = """
    AND (held.status NOT IN ('not started', 'queued') OR (
        SELECT max_concurrent_runs FROM automations
        WHERE automations.tenant_id = held.tenant_id AND automations.id = held.automation_id
    ) > (
        SELECT count(*) FROM runs AS going
        WHERE going.tenant_id = held.tenant_id AND going.automation_id = held.automation_id AND going.id <> held.id
          AND going.status IN ('starting', 'running', 'must stop')
    ))
"""
_TAKE: LiteralString = CLAIM + _IF_THERE_IS_ROOM + " RETURNING runs.*"
_STAND_IN_LINE: LiteralString = """
    UPDATE runs SET status = 'queued', updated_at = now() WHERE tenant_id = %s AND id = %s AND status = 'not started'
"""

_WORKSPACE: LiteralString = (
    "SELECT workspace FROM automation_versions WHERE tenant_id = %s AND automation_id = %s AND version = %s"
    # An integration has no versions of its own: those of its template are its.
    " UNION ALL SELECT known.workspace FROM automations"
    " JOIN template_versions AS known ON known.template_id = automations.template_id"
    " WHERE automations.tenant_id = %s AND automations.id = %s AND known.version = %s LIMIT 1"
)


class Claims:
    """Connections for short statements about single runs. One for each process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._idle: deque[Link] = deque()
        self._free = asyncio.Semaphore(_LINES)
        self._ends = Groups(database, finish, most=MOST, again=True)

    async def close(self) -> None:
        await self._ends.close()
        while self._idle:
            await self._idle.pop().close()

    async def take(self, tenant_id: UUID, run_id: UUID, worker: str) -> dict[str, Any] | None:
        """The run's row, claimed under a new fence; None where it is over, paused or gone, or has to wait for another
        run of its automation, which wakes it.
        """
        mine = (tenant_id, run_id)
        rows = await self._run(
            (_LOCK_FOR_TURN, mine), (_TAKE, (*mine, list(CLAIMABLE), worker)), (_STAND_IN_LINE, mine), wanted=1
        )
        return rows[0] if rows else None

    async def finish(self, end: Ending) -> bool:
        """See `endings.finish`."""
        return await self._ends.ask(end)

    async def workspace(self, tenant_id: UUID, automation_id: UUID, version: int) -> bytes | None:
        """The document of a version, JSON; None where there is none."""
        rows = await self._run((_WORKSPACE, (tenant_id, automation_id, version) * 2), wanted=0)
        return bytes(rows[0]["workspace"]) if rows else None

    async def _run(self, *statements: Statement, wanted: int) -> Sequence[dict[str, Any]]:
        """The rows of one of the statements. Tries once more where the connection had died unnoticed: each of them may
        run twice.
        """
        for last_attempt in (False, True):
            async with self._line() as link:
                connection = await link.connection()
                try:
                    return await _sent(connection, statements, wanted)
                except psycopg.OperationalError as error:
                    if last_attempt or not connection.closed:
                        raise operational_error(error) from error
        raise AssertionError

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[Link]:
        """A connection that nobody else uses meanwhile."""
        async with self._free:
            link = self._idle.pop() if self._idle else Link(self._database, as_system)
            whole = False
            try:
                yield link
                whole = True
            finally:
                if whole:
                    self._idle.append(link)
                else:
                    await link.close()


async def _sent(connection: Connection, statements: Sequence[Statement], wanted: int) -> Sequence[dict[str, Any]]:
    if len(statements) == 1:
        cursor = connection.cursor(binary=True, row_factory=dict_row)
        await cursor.execute(*statements[0], prepare=True)
        return await cursor.fetchall()
    # One message and one answer: a pipeline of prepared statements would go through the event loop for each of them,
    # and wait each time for whatever else computes there.
    together = psycopg.AsyncClientCursor(connection, row_factory=dict_row)
    texts = ";".join(statement for statement, _ in statements)
    await together.execute(texts, [value for _, values in statements for value in values])  # type: ignore[arg-type, unused-ignore]
    for _ in range(wanted):
        together.nextset()
    return await together.fetchall()
