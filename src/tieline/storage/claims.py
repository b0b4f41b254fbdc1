"""Taking runs and ending them, each in one round trip and one transaction.

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
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from tieline.storage.database import Database, operational_error
from tieline.storage.link import Connection, Link, Statement
from tieline.storage.roles import SYSTEM
from tieline.storage.unit import QUEUE

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

_LOCK: LiteralString = "SELECT FROM automations WHERE tenant_id = %s AND id = %s FOR NO KEY UPDATE"
# Nothing is done for an automation that others follow, or of which there is a notice that its runs end badly, and
# nothing where a webhook listens to it.
_FINISH: LiteralString = """
    WITH done AS (
        UPDATE runs SET
            status = 'finished', error = NULL, worker = NULL, metrics = %s::jsonb, output = %s,
            title = coalesce(%s, title), started_at = %s, stopped_at = %s, updated_at = %s
        WHERE tenant_id = %s AND id = %s AND fence = %s
          AND NOT EXISTS (
              SELECT FROM automations AS follower
              WHERE follower.tenant_id = %s AND follower.follows <> '[]'::jsonb AND follower.follows @> %s::jsonb)
          AND NOT EXISTS (
              SELECT FROM notices WHERE notices.tenant_id = %s AND key = %s AND data ->> 'state' = 'bad')
          AND NOT EXISTS (
              SELECT FROM event_webhooks AS hook
              WHERE hook.tenant_id = %s AND hook.enabled AND hook.event_types && %s::text[])
        RETURNING id
    ), told AS (
        UPDATE automations SET last_run_at = %s, last_run_status = 'finished', last_run_seconds = %s
        FROM done WHERE automations.tenant_id = %s AND automations.id = %s AND automations.last_run_id = done.id
    )
    SELECT count(*) FROM done
"""
_WAKE: LiteralString = """
    WITH chosen AS MATERIALIZED (
        SELECT tenant_id, id FROM runs WHERE tenant_id = %s AND automation_id = %s AND status = 'queued'
        ORDER BY id LIMIT (
            SELECT greatest(0, max_concurrent_runs - (
                SELECT count(*) FROM runs AS going
                WHERE going.tenant_id = automations.tenant_id AND going.automation_id = automations.id
                  AND going.status IN ('starting', 'running', 'must stop')))
            FROM automations WHERE tenant_id = %s AND id = %s)
    ), woken AS (
        UPDATE runs SET status = 'starting' FROM chosen
        WHERE runs.tenant_id = chosen.tenant_id AND runs.id = chosen.id RETURNING runs.tenant_id, runs.id
    )
    SELECT procrastinate.tieline_defer(
        %s::text, %s::text, jsonb_build_object('tenant_id', tenant_id, 'run_id', id), NULL, NULL, 0, NULL)
    FROM woken
"""
_WORKSPACE: LiteralString = (
    "SELECT workspace FROM automation_versions WHERE tenant_id = %s AND automation_id = %s AND version = %s"
    # An integration has no versions of its own: those of its template are its.
    " UNION ALL SELECT known.workspace FROM automations"
    " JOIN template_versions AS known ON known.template_id = automations.template_id"
    " WHERE automations.tenant_id = %s AND automations.id = %s AND known.version = %s LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended that went well. ``metrics`` and ``output`` are JSON; an empty ``title`` leaves the one it has."""

    tenant_id: UUID
    automation_id: UUID
    run_id: UUID
    fence: int
    metrics: bytes
    output: bytes
    title: str
    started_at: datetime
    stopped_at: datetime
    followed: bytes
    """JSON that an automation has in its ``follows`` where it starts after this run."""
    notice: str
    """Key of the notice that runs of this automation end badly."""
    told: Sequence[str] = ()
    """Types of events that are told of it where a webhook listens."""


class Claims:
    """Connections for short statements about single runs. One for each process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._idle: deque[Link] = deque()
        self._free = asyncio.Semaphore(_LINES)

    async def close(self) -> None:
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

    async def finish(self, end: Ending, *, task: str) -> bool:
        """Writes the end of a run, and queues ``task`` for runs that wait for its place. False: nothing was written,
        because the claim is lost or because there is more to be done than this.
        """
        automation = (end.tenant_id, end.automation_id)
        values = (
            end.metrics.decode(),
            end.output,
            end.title or None,
            end.started_at,
            end.stopped_at,
            end.stopped_at,
            end.tenant_id,
            end.run_id,
            end.fence,
            end.tenant_id,
            end.followed.decode(),
            end.tenant_id,
            end.notice,
            end.tenant_id,
            list(end.told),
            end.stopped_at,
            (end.stopped_at - end.started_at).total_seconds(),
            *automation,
        )
        wake = (*automation, *automation, QUEUE, task)
        rows = await self._run((_LOCK, automation), (_FINISH, values), (_WAKE, wake), wanted=1)
        return bool(rows[0]["count"])

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
            link = self._idle.pop() if self._idle else Link(self._database, _as_system)
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


async def _as_system(connection: Connection) -> None:
    await connection.execute(f"SET ROLE {SYSTEM}")  # type: ignore[arg-type, unused-ignore]
    # The plans are always the same; planning would cost more than running.
    await connection.execute("SET plan_cache_mode = force_generic_plan")
