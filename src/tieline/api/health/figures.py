"""The figures of the whole database that Prometheus sees.

Three groups: what indexes answer at once is read at most every few seconds; what has to look at a quarter of an hour of
rows, or at every row that is kept, is asked for so seldom that it takes at most a fiftieth of one connection's time,
however large the tables have grown.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa
import structlog

from tieline.api.edge.access import Edge
from tieline.core.errors import TielineError
from tieline.storage.tables import (
    event_deliveries,
    purge_totals,
    runs,
    schedules,
    tenants,
    usage_days,
    webhook_deliveries,
)

FRESH_SECONDS = 5.0
SHARE = 50  # a group that took a second is not asked for again for so many seconds

log = structlog.get_logger(__name__)

WAITING = ("not started", "queued")
# The words of the partial index, so that PostgreSQL sees that it may use it.
_ACTIVE = sa.text("runs.status IN ('not started','queued','starting','running','must stop')")
_RECENT = sa.text("now() - interval '15 minutes'")


def _age(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Seconds since the oldest; 0 where there is none, or where it is still to come."""
    seconds = sa.extract("epoch", sa.func.now() - sa.func.min(column))
    return sa.func.greatest(sa.func.coalesce(seconds, 0), 0).label("seconds")


_COUNT = sa.func.count().label("number")
_RUNS_ACTIVE = sa.select(runs.c.status, _COUNT, _age(runs.c.updated_at)).where(_ACTIVE).group_by(runs.c.status)
_LATE = sa.select(_age(schedules.c.due_at)).where(schedules.c.enabled, schedules.c.due_at <= sa.func.now())
_WEBHOOKS = sa.select(_COUNT, _age(webhook_deliveries.c.received_at)).where(
    sa.text("webhook_deliveries.status = 'received'")
)
_EVENTS = sa.select(_COUNT, _age(event_deliveries.c.next_at)).where(sa.text("event_deliveries.status = 'pending'"))


def _recent(table: sa.Table, column: sa.ColumnElement[Any], *also: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """By status, in the last quarter of an hour: tenant by tenant, as the indexes are."""
    one = (
        sa.select(table.c.status, _COUNT)
        .where(table.c.tenant_id == tenants.c.id, column > _RECENT, *also)
        .group_by(table.c.status)
        .lateral("one")
    )
    number = sa.func.sum(one.c.number).label("number")
    return sa.select(one.c.status, number).select_from(tenants.join(one, sa.true())).group_by(one.c.status)


_RUNS_ENDED = _recent(runs, runs.c.stopped_at, sa.not_(runs.c.is_test))
_WEBHOOKS_ENDED = _recent(webhook_deliveries, webhook_deliveries.c.received_at)

_calls = sa.cast(runs.c.metrics["network"]["apiCalls"].as_string(), sa.BigInteger)
_RUNS = sa.select(
    runs.c.status, sa.func.count().label("number"), sa.func.coalesce(sa.func.sum(_calls), 0).label("calls")
).group_by(runs.c.status)
_PURGED_CALLS = sa.select(sa.func.coalesce(sa.func.sum(usage_days.c.api_calls), 0))

# Of pg_stat_activity a user sees other users' sessions only in part; these counts everybody sees whole.
_SERVER = """
    SELECT pg_database_size(current_database()), (SELECT sum(numbackends) FROM pg_stat_database)::int,
           current_setting('max_connections')::int
"""


async def refresh(edge: Edge) -> None:
    """Brings the gauges up to date. A database that does not answer is a figure too: ``tieline_database_up 0``."""
    metrics = edge.metrics
    for state, number in edge.services.database.pool._asdict().items():
        metrics.pool.labels(state).set(number)
    try:
        await _in_turn(edge, "now", _now)
        await _in_turn(edge, "lately", _lately)
        await _in_turn(edge, "ever", _ever)
    except TielineError as error:
        metrics.up.set(0)
        log.warning("figures could not be read", detail=error.detail)


async def _in_turn(edge: Edge, name: str, read: Callable[[Edge], Awaitable[None]]) -> None:
    due, began = edge.metrics.due, time.monotonic()
    if began < due.get(name, 0.0):
        return
    # First, so that what is asked meanwhile does not ask again, nor does the next scrape when this one fails.
    due[name] = began + FRESH_SECONDS
    await read(edge)
    edge.metrics.up.set(1)
    due[name] = began + max(FRESH_SECONDS, SHARE * (time.monotonic() - began))


async def _now(edge: Edge) -> None:
    metrics = edge.metrics
    async with edge.services.database.system() as unit:
        active = {row["status"]: row for row in await unit.all(_RUNS_ACTIVE)}
        late = await unit.scalar(_LATE)
        [webhooks] = await unit.all(_WEBHOOKS)
        [events] = await unit.all(_EVENTS)
        purged = await unit.all(sa.select(purge_totals))
    depth, workers = await edge.services.queue.depth(), await edge.services.queue.workers()
    for status in (*WAITING, "starting", "running", "must stop"):
        metrics.active.labels(status).set(active[status]["number"] if status in active else 0)
    for status in WAITING:
        metrics.waiting.labels(status).set(active[status]["seconds"] if status in active else 0)
    metrics.late.set(late)
    metrics.webhooks.set(webhooks["number"])
    metrics.webhooks_late.set(webhooks["seconds"])
    metrics.events.set(events["number"])
    metrics.events_late.set(events["seconds"])
    for row in purged:
        metrics.purged_in_all(row["what"], row["count"])
    for status, number in depth._asdict().items():
        metrics.queue.labels(status).set(number)
    metrics.workers.set(workers)


async def _lately(edge: Edge) -> None:
    metrics = edge.metrics
    async with edge.services.database.system() as unit:
        ended = {row["status"]: row["number"] for row in await unit.all(_RUNS_ENDED)}
        webhooks = {row["status"]: row["number"] for row in await unit.all(_WEBHOOKS_ENDED)}
    size, used, most = (await edge.services.database.autocommit(_SERVER))[0]
    for gauge, found, known in (
        (metrics.ended, ended, ("finished", "failed", "stopped")),
        (metrics.webhooks_ended, webhooks, ("received", "handled", "failed")),
    ):
        gauge.clear()
        for status in {*known, *found}:
            gauge.labels(status).set(found.get(status, 0))
    metrics.size.set(size)
    metrics.connections.labels("used").set(used)
    metrics.connections.labels("most").set(most)


async def _ever(edge: Edge) -> None:
    metrics = edge.metrics
    async with edge.services.database.system() as unit:
        rows = await unit.all(_RUNS)
        purged_calls = int(await unit.scalar(_PURGED_CALLS))
    metrics.runs.clear()
    for row in rows:
        metrics.runs.labels(row["status"]).set(row["number"])
    metrics.api_calls.set(purged_calls + sum(int(row["calls"]) for row in rows))
