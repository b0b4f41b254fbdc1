"""Ends of runs that went well, many in one transaction: the last journal entry, the run's row, its automation's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import tuple_row

from tieline.storage.link import Connection
from tieline.storage.unit import QUEUE

MOST = 64

# In one order, so that two groups do not wait for each other. Starting a run looks the automation up by its key, which
# a stronger lock would make wait.
LOCK: LiteralString = """
    SELECT FROM automations JOIN unnest(%s::uuid[], %s::uuid[]) AS held (tenant_id, id)
        ON automations.tenant_id = held.tenant_id AND automations.id = held.id
    ORDER BY automations.tenant_id, automations.id FOR NO KEY UPDATE OF automations
"""
# Nothing is done for an automation that others follow, or of which there is a notice that its runs end badly, and
# nothing where a webhook listens to it.
_FINISH: LiteralString = """
    WITH ending AS (
        SELECT * FROM unnest(%s::int[], %s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[], %s::text[], %s::bytea[],
                             %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[],
                             %s::bigint[], %s::text[], %s::bytea[])
            AS each (number, tenant_id, automation_id, run_id, fence, metrics, output, title, started_at, stopped_at,
                     followed, notice, seq, path, data)
    ), done AS (
        UPDATE runs SET
            status = 'finished', error = NULL, worker = NULL, metrics = ending.metrics::jsonb, output = ending.output,
            title = coalesce(ending.title, runs.title), started_at = ending.started_at,
            stopped_at = ending.stopped_at, updated_at = ending.stopped_at
        FROM ending
        WHERE runs.tenant_id = ending.tenant_id AND runs.id = ending.run_id AND runs.fence = ending.fence
          AND NOT EXISTS (
              SELECT FROM automations AS follower
              WHERE follower.tenant_id = ending.tenant_id AND follower.follows <> '[]'::jsonb
                AND follower.follows @> ending.followed::jsonb)
          AND NOT EXISTS (
              SELECT FROM notices
              WHERE notices.tenant_id = ending.tenant_id AND key = ending.notice AND data ->> 'state' = 'bad')
          AND NOT EXISTS (
              SELECT FROM event_webhooks AS hook
              WHERE hook.tenant_id = ending.tenant_id AND hook.enabled AND hook.event_types && %s::text[])
        RETURNING ending.*
    ), written AS (
        INSERT INTO journal (tenant_id, run_id, seq, kind, path, data)
        SELECT tenant_id, run_id, seq, 1, path, data FROM done WHERE data IS NOT NULL
        ON CONFLICT DO NOTHING
    ), told AS (
        UPDATE automations SET
            last_run_at = done.stopped_at, last_run_status = 'finished',
            last_run_seconds = extract(epoch FROM done.stopped_at - done.started_at)
        FROM done
        WHERE automations.tenant_id = done.tenant_id AND automations.id = done.automation_id
          AND automations.last_run_id = done.run_id
    )
    SELECT number FROM done
"""
_WAKE: LiteralString = """
    WITH freed AS (
        SELECT automations.tenant_id, automations.id, max_concurrent_runs
        FROM automations JOIN unnest(%s::uuid[], %s::uuid[]) AS held (tenant_id, id)
            ON automations.tenant_id = held.tenant_id AND automations.id = held.id
    ), chosen AS MATERIALIZED (
        SELECT next.tenant_id, next.id FROM freed CROSS JOIN LATERAL (
            SELECT tenant_id, id FROM runs
            WHERE runs.tenant_id = freed.tenant_id AND runs.automation_id = freed.id AND runs.status = 'queued'
            ORDER BY id LIMIT greatest(0, freed.max_concurrent_runs - (
                SELECT count(*) FROM runs AS going
                WHERE going.tenant_id = freed.tenant_id AND going.automation_id = freed.id
                  AND going.status IN ('starting', 'running', 'must stop')))
        ) AS next
    ), woken AS (
        UPDATE runs SET status = 'starting' FROM chosen
        WHERE runs.tenant_id = chosen.tenant_id AND runs.id = chosen.id RETURNING runs.tenant_id, runs.id
    )
    SELECT procrastinate.tieline_defer(
        %s::text, %s::text, jsonb_build_object('tenant_id', tenant_id, 'run_id', id), NULL, NULL, 0, NULL)
    FROM woken
"""


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
    task: str
    """The task of runs that wait for its place."""
    told: tuple[str, ...] = ()
    """Types of events that are told of it where a webhook listens."""
    last: tuple[int, str, bytes] | None = None
    """Number, path and data of the journal's last entry, where it is not yet on its way."""


async def finish(connection: Connection, ends: Sequence[Ending]) -> list[bool]:
    """Writes them, and queues runs that wait for their places. False: nothing was written of this one, because the
    claim is lost or because there is more to be done than this. May be done twice.
    """
    held = sorted({(end.tenant_id, end.automation_id) for end in ends})
    places: list[Any] = [[tenant for tenant, _ in held], [automation for _, automation in held]]
    values: list[Any] = [
        "{" + ",".join(map(str, range(len(ends)))) + "}",
        [end.tenant_id for end in ends],
        [end.automation_id for end in ends],
        [end.run_id for end in ends],
        "{" + ",".join(str(end.fence) for end in ends) + "}",
        [end.metrics.decode() for end in ends],
        [end.output for end in ends],
        [end.title or None for end in ends],
        [end.started_at for end in ends],
        [end.stopped_at for end in ends],
        [end.followed.decode() for end in ends],
        [end.notice for end in ends],
        "{" + ",".join(str(end.last[0]) if end.last else "NULL" for end in ends) + "}",
        [end.last[1] if end.last else None for end in ends],
        [end.last[2] if end.last else None for end in ends],
        list(ends[0].told),
    ]
    async with connection.pipeline():
        await connection.execute(LOCK, places, prepare=True)
        cursor = connection.cursor(row_factory=tuple_row)
        await cursor.execute(_FINISH, values, prepare=True)
        await connection.execute(_WAKE, [*places, QUEUE, ends[0].task], prepare=True)
        done = {number for (number,) in await cursor.fetchall()}
    return [number in done for number in range(len(ends))]
