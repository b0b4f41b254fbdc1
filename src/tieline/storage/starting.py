"""Webhook deliveries on their way in, many in one transaction: each stored, with the run that it starts.

A run begins either *here* (it is claimed in the same transaction by the process that asks, which goes on with it at
once), or *queued* with a job for any worker, or, where there is no room or more to consider, later: the delivery is
then stored as received, with the job that hands it on.

What the caller remembers of the subscription is compared with what the database has: where that is something else by
now, nothing is stored and the caller looks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import dict_row

from tieline.storage.endings import LOCK
from tieline.storage.link import Connection
from tieline.storage.unit import QUEUE

MOST = 64
HERE, QUEUED, LATER, KNOWN, STALE = "here", "queued", "later", "known", "stale"

_RETIRE: LiteralString = """
    UPDATE webhook_deliveries AS old SET dedup_key = old.dedup_key || '@' || old.id
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[]) AS each (tenant_id, subscription_id, key, before)
    WHERE old.tenant_id = each.tenant_id AND old.subscription_id = each.subscription_id AND old.dedup_key = each.key
      AND old.received_at < each.before
"""
# Counts are right because the rows of the automations were locked by the statement before.
_BEGIN: LiteralString = """
    WITH entry AS (
        SELECT * FROM unnest(%s::int[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[],
                             %s::text[], %s::bytea[], %s::bytea[], %s::bool[], %s::text[], %s::timestamptz[],
                             %s::bytea[], %s::text[])
            AS each (number, tenant_id, subscription_id, automation_id, delivery_id, run_id, key, headers, body, inputs,
                     here, trace, moment, sealed, settings)
    ), door AS (
        SELECT entry.* FROM entry JOIN webhook_subscriptions AS known
            ON known.tenant_id = entry.tenant_id AND known.id = entry.subscription_id
        WHERE known.sealed = entry.sealed AND known.settings = entry.settings::jsonb
          AND known.connection_id IS NULL AND known.consumer = 'automation:' || entry.automation_id
          AND known.status NOT IN ('removing', 'removed')
    ), place AS (
        SELECT automations.tenant_id, automations.id, automations.owner_id, automations.space_id,
               coalesce(automations.live_version, automations.version) AS version, automations.max_concurrent_runs,
               automations.max_concurrent_runs - (
                   SELECT count(*) FROM runs AS going
                   WHERE going.tenant_id = automations.tenant_id AND going.automation_id = automations.id
                     AND going.status IN ('starting', 'running', 'must stop')) AS room,
               (SELECT count(*) FROM runs AS waiting
                WHERE waiting.tenant_id = automations.tenant_id AND waiting.status IN ('not started', 'queued')
               ) AS waiting
        FROM automations
        JOIN (SELECT DISTINCT tenant_id, automation_id FROM door) AS wanted
            ON automations.tenant_id = wanted.tenant_id AND automations.id = wanted.automation_id
        JOIN tenants ON tenants.id = automations.tenant_id
        WHERE automations.run_mode = 'webhook' AND automations.state <> 'disabled' AND automations.priority = 0
          AND tenants.status = 'active'
          AND NOT EXISTS (
              SELECT FROM users WHERE users.tenant_id = automations.tenant_id AND users.id = automations.owner_id
                AND users.status = ANY (%s::text[]))
    ), turn AS (
        SELECT door.*, place.owner_id, place.space_id, place.version, place.max_concurrent_runs,
               place.room, place.waiting,
               row_number() OVER (PARTITION BY door.tenant_id, door.automation_id, door.here ORDER BY number) AS own,
               row_number() OVER (PARTITION BY door.tenant_id, door.here ORDER BY number) AS of_tenant
        FROM door LEFT JOIN place ON place.tenant_id = door.tenant_id AND place.id = door.automation_id
    ), decided AS (
        SELECT turn.*, CASE
            WHEN room IS NULL THEN 'later'
            WHEN here THEN CASE WHEN own <= room THEN 'here' ELSE 'later' END
            WHEN waiting + of_tenant <= %s THEN 'queued'
            ELSE 'later' END AS way
        FROM turn
    ), kept AS (
        INSERT INTO webhook_deliveries
            (tenant_id, subscription_id, dedup_key, id, status, attempts, headers, body, received_at, handled_at)
        SELECT tenant_id, subscription_id, key, delivery_id, CASE way WHEN 'later' THEN 'received' ELSE 'handled' END,
               CASE way WHEN 'later' THEN 0 ELSE 1 END, headers::jsonb, body, moment,
               CASE way WHEN 'later' THEN NULL ELSE moment END
        FROM decided ORDER BY tenant_id, subscription_id, key
        ON CONFLICT DO NOTHING RETURNING tenant_id, id
    ), made AS (
        INSERT INTO runs
            (tenant_id, id, automation_id, version, status, context, owner_id, space_id, inputs, start_key, trace,
             fence, worker, attempts, scheduled_at, started_at, created_at, updated_at)
        SELECT tenant_id, run_id, automation_id, version, CASE way WHEN 'here' THEN 'running' ELSE 'not started' END,
               'webhook', owner_id, space_id, inputs, 'delivery:' || delivery_id, trace,
               CASE way WHEN 'here' THEN 1 ELSE 0 END, CASE way WHEN 'here' THEN %s::text END,
               CASE way WHEN 'here' THEN 1 ELSE 0 END, moment, CASE way WHEN 'here' THEN moment END, moment, moment
        FROM decided JOIN kept USING (tenant_id)
        WHERE kept.id = decided.delivery_id AND way <> 'later'
        RETURNING tenant_id, automation_id, id
    ), newest AS (
        UPDATE automations SET last_run_id = last.id, last_run_status = 'not started'
        FROM (SELECT DISTINCT ON (tenant_id, automation_id) * FROM made
              ORDER BY tenant_id, automation_id, id DESC) AS last
        WHERE automations.tenant_id = last.tenant_id AND automations.id = last.automation_id
    ), told AS (
        UPDATE webhook_subscriptions AS known SET delivered_at = last.moment
        FROM (SELECT decided.tenant_id, subscription_id, max(moment) AS moment
              FROM decided JOIN kept ON kept.id = decided.delivery_id WHERE way <> 'later' GROUP BY 1, 2) AS last
        WHERE known.tenant_id = last.tenant_id AND known.id = last.subscription_id
    )
    SELECT number, CASE WHEN kept.id IS NULL THEN 'known' ELSE way END AS way, version, owner_id, space_id,
        max_concurrent_runs,
        CASE WHEN kept.id IS NULL OR way = 'here' THEN NULL ELSE procrastinate.tieline_defer(
            %s::text, CASE way WHEN 'queued' THEN %s::text ELSE %s::text END,
            CASE way
                WHEN 'queued' THEN jsonb_build_object('tenant_id', decided.tenant_id, 'run_id', run_id)
                ELSE jsonb_build_object('tenant_id', decided.tenant_id, 'subscription_id', subscription_id,
                                        'delivery_id', delivery_id) END
            || CASE WHEN trace IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('trace', trace) END,
            NULL, NULL, CASE way WHEN 'queued' THEN -2 * (waiting + of_tenant - 1)::int ELSE 0 END, NULL) END AS job
    FROM decided LEFT JOIN kept ON kept.tenant_id = decided.tenant_id AND kept.id = decided.delivery_id
"""


@dataclass(frozen=True, slots=True)
class Tasks:
    """Names in the queue, and bounds: runs of a tenant that may wait before starts are counted one by one; statuses of
    users for whom nothing starts.
    """

    run: str
    delivered: str
    waiting: int
    barred: tuple[str, ...]
    worker: str
    """Claims the runs that begin here; "" = none can."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery. ``sealed`` and ``settings`` (JSON) are what is remembered of its subscription."""

    tenant_id: UUID
    subscription_id: UUID
    automation_id: UUID
    delivery_id: UUID
    run_id: UUID
    key: str
    retire_before: datetime | None
    """One with the same key from before then stands in the way no longer."""
    headers: str
    body: bytes
    inputs: bytes | None
    here: bool
    trace: str | None
    moment: datetime
    sealed: bytes
    settings: str


@dataclass(frozen=True, slots=True)
class Begun:
    """``way``: what became of it. Of a run that begins here, or is queued, what it was started with."""

    way: str
    version: int = 0
    owner_id: UUID | None = None
    space_id: UUID | None = None
    runs_at_once: int = 0


async def begin(connection: Connection, arrivals: Sequence[Arrival], tasks: Tasks) -> list[Begun]:
    """Stores them. Must not be done twice: a second time, all of them are `KNOWN`."""
    held = sorted({(each.tenant_id, each.automation_id) for each in arrivals})
    old = [each for each in arrivals if each.retire_before is not None]
    values: list[Any] = [
        "{" + ",".join(map(str, range(len(arrivals)))) + "}",
        [each.tenant_id for each in arrivals],
        [each.subscription_id for each in arrivals],
        [each.automation_id for each in arrivals],
        [each.delivery_id for each in arrivals],
        [each.run_id for each in arrivals],
        [each.key for each in arrivals],
        [each.headers for each in arrivals],
        [each.body for each in arrivals],
        [each.inputs for each in arrivals],
        [each.here and bool(tasks.worker) for each in arrivals],
        [each.trace for each in arrivals],
        [each.moment for each in arrivals],
        [each.sealed for each in arrivals],
        [each.settings for each in arrivals],
        list(tasks.barred),
        tasks.waiting,
        tasks.worker,
        QUEUE,
        tasks.run,
        tasks.delivered,
    ]
    async with connection.pipeline():
        await connection.execute(LOCK, [[each for each, _ in held], [each for _, each in held]], prepare=True)
        if old:
            await connection.execute(
                _RETIRE,
                [
                    [each.tenant_id for each in old],
                    [each.subscription_id for each in old],
                    [each.key for each in old],
                    [each.retire_before for each in old],
                ],
                prepare=True,
            )
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(_BEGIN, values, prepare=True)
        rows = {row["number"]: row for row in await cursor.fetchall()}
    return [
        Begun(row["way"], row["version"] or 0, row["owner_id"], row["space_id"], row["max_concurrent_runs"] or 0)
        if (row := rows.get(number)) is not None
        else Begun(STALE)
        for number in range(len(arrivals))
    ]
