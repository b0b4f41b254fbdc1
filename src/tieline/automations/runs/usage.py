"""Figures that outlive runs: what a purged run did is added to its automation's figures of that day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tieline.storage.tables import automations, runs, usage_days
from tieline.storage.unit import Unit

KEPT: Final = timedelta(days=400)
"""How long figures of a day are kept; a month more than a year, so that a year can be compared with the last one."""

DAY: Final = sa.cast(sa.func.timezone("UTC", runs.c.created_at), sa.Date)
SECONDS: Final = sa.func.coalesce(sa.func.sum(sa.extract("epoch", runs.c.stopped_at - runs.c.started_at)), 0)


def network(name: str) -> sa.ColumnElement[int]:
    """The sum of ``apiCalls``, ``rxBytes`` or ``txBytes``."""
    figure = runs.c.metrics["network"][name].as_string()
    return sa.func.coalesce(sa.func.sum(sa.cast(figure, sa.BigInteger)), 0)


def with_mode(mode: str) -> sa.ColumnElement[int]:
    """How many runs are of automations that start in this way."""
    return sa.func.count().filter(automations.c.run_mode == mode)


FIGURES: Final[dict[str, sa.ColumnElement[Any]]] = {
    "runs": sa.func.count(),
    "scheduled_runs": with_mode("scheduled"),
    "triggered_runs": with_mode("triggered"),
    "webhook_runs": with_mode("webhook"),
    "seconds": SECONDS,
    "api_calls": network("apiCalls"),
    "received": network("rxBytes"),
    "sent": network("txBytes"),
}
"""Columns of ``usage_days``, as sums over runs joined with their automations."""


async def keep(unit: Unit, run_ids: Sequence[UUID]) -> None:
    """Adds what these runs did to the figures of their days; in the transaction that removes them, which is once."""
    mine = (runs.c.tenant_id == unit.tenant_id, runs.c.id.in_(run_ids))
    await _add(unit, *mine)


async def keep_all(unit: Unit, automation_id: UUID) -> None:
    """The same for every run of an automation, before it is removed with them."""
    await _add(unit, runs.c.tenant_id == unit.tenant_id, runs.c.automation_id == automation_id)


async def forget(unit: Unit, moment: datetime) -> int:
    """Figures of days that nobody can ask for any more; how many rows."""
    return await unit.delete(usage_days, usage_days.c.day < (moment - KEPT).date())


async def _add(unit: Unit, *which: sa.ColumnElement[bool]) -> None:
    # In the order of the key: two transactions that add to the same days wait for, and not on, each other.
    sums = (
        sa.select(runs.c.tenant_id, runs.c.automation_id, DAY.label("day"), *FIGURES.values())
        .join(automations, (automations.c.tenant_id == runs.c.tenant_id) & (automations.c.id == runs.c.automation_id))
        .where(*which)
        .group_by(runs.c.tenant_id, runs.c.automation_id, DAY)
        .order_by(runs.c.tenant_id, runs.c.automation_id, DAY)
    )
    statement = insert(usage_days).from_select(["tenant_id", "automation_id", "day", *FIGURES], sums)
    added = {name: usage_days.c[name] + statement.excluded[name] for name in FIGURES}
    await unit.connection.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "automation_id", "day"], set_=added)
    )
