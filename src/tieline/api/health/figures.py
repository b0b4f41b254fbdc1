"""The figures of the whole database that Prometheus sees, read at most every few seconds."""

from __future__ import annotations

import time

import sqlalchemy as sa
import structlog

from tieline.api.edge.access import Edge
from tieline.core.errors import TielineError
from tieline.storage.tables import purge_totals, runs, usage_days

FRESH_SECONDS = 5.0

log = structlog.get_logger(__name__)

_calls = sa.cast(runs.c.metrics["network"]["apiCalls"].as_string(), sa.BigInteger)
_RUNS = sa.select(
    runs.c.status, sa.func.count().label("number"), sa.func.coalesce(sa.func.sum(_calls), 0).label("calls")
).group_by(runs.c.status)

_PURGED_CALLS = sa.select(sa.func.coalesce(sa.func.sum(usage_days.c.api_calls), 0))


async def refresh(edge: Edge) -> None:
    """Brings the gauges up to date. A database that does not answer is a figure too: ``tieline_database_up 0``."""
    metrics = edge.metrics
    moment = time.monotonic()
    if moment < metrics.fresh_until:
        return
    metrics.fresh_until = moment + FRESH_SECONDS
    try:
        async with edge.services.database.system() as unit:
            rows = await unit.all(_RUNS)
            purged_calls = int(await unit.scalar(_PURGED_CALLS))
            purged = await unit.all(sa.select(purge_totals))
        depth = await edge.services.queue.depth()
    except TielineError as error:
        metrics.up.set(0)
        log.warning("figures could not be read", detail=error.detail)
        return
    metrics.up.set(1)
    metrics.runs.clear()
    for row in rows:
        metrics.runs.labels(row["status"]).set(row["number"])
    metrics.api_calls.set(purged_calls + sum(int(row["calls"]) for row in rows))
    for row in purged:
        metrics.purged_in_all(row["what"], row["count"])
    for status, number in depth._asdict().items():
        metrics.queue.labels(status).set(number)
