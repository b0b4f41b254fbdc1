"""Usage: what runs did, by day; those that are there, and those that were purged."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tieline.api.cloud.automations.errors import InvalidUsageQuery
from tieline.automations.runs.usage import DAY, FIGURES, KEPT
from tieline.core import filters
from tieline.core.filters import Attribute, Both, Comparison, Either, Negation, Node
from tieline.storage.tables import automations, runs, usage_days
from tieline.storage.unit import Unit
from tieline.tenancy.conditions import condition

MAX_ROWS = 10_000

# The documents spell two of the metrics one way in the filter and another in the answer.
_SPELLINGS = {"scheduledruns": "scheduledRun", "triggeredruns": "triggeredRun"}
_METRICS = ("runs", "scheduledRun", "triggeredRun", "webhookRuns", "duration", "bandwidthIn", "bandwidthOut")

_COLUMNS = {
    "runs": "runs",
    "scheduledRun": "scheduled_runs",
    "triggeredRun": "triggered_runs",
    "webhookRuns": "webhook_runs",
    "duration": "seconds",
    "bandwidthIn": "received",
    "bandwidthOut": "sent",
}


async def usage(unit: Unit, filter_text: str, *, by_automation: bool) -> list[dict[str, Any]]:
    """Rows ``date, name, value`` (and ``guid, automation_name, owner_id``). Raises `BadInput` for the filter."""
    table = _table(unit, by_automation=by_automation)
    columns = {"name": (Attribute(exact=True), table.c.name), "date": (Attribute("day"), table.c.date)}
    tree = _known_metrics(filters.parse(filter_text, {name: attribute for name, (attribute, _) in columns.items()}))
    statement = sa.select(table).where(condition(tree, columns)).order_by(table.c.date, table.c.name)
    if by_automation:
        statement = statement.order_by(table.c.guid)
    return await unit.all(statement.limit(MAX_ROWS))


def _table(unit: Unit, *, by_automation: bool) -> sa.Subquery:
    """One row for each day, metric and, where asked for, automation."""
    each = _purged_and_not(unit)
    group: list[sa.ColumnElement[Any]] = [each.c.day]
    columns: list[sa.ColumnElement[Any]] = [each.c.day.label("date")]
    source: sa.FromClause = each
    if by_automation:
        # Automations that are gone have neither name nor owner; their runs count for the tenant only.
        mine = (automations.c.tenant_id == unit.tenant_id) & (automations.c.id == each.c.automation_id)
        source = each.join(automations, mine)
        group += [automations.c.id, automations.c.name, automations.c.owner_id]
        columns += [
            automations.c.id.label("guid"),
            automations.c.name.label("automation_name"),
            automations.c.owner_id.label("owner_id"),
        ]
    sums = (sa.func.sum(each.c[column]).label(f"f_{name}") for name, column in _COLUMNS.items())
    figures = sa.select(*columns, *sums).select_from(source).group_by(*group).subquery("figures")
    keys = [figures.c.date, *((figures.c.guid, figures.c.automation_name, figures.c.owner_id) if by_automation else ())]
    parts = [
        sa.select(
            *keys,
            sa.literal(name, sa.Text).label("name"),
            sa.cast(figures.c[f"f_{name}"], sa.BigInteger).label("value"),
        )
        for name in _METRICS
    ]
    return sa.union_all(*parts).subquery("usage")


def _purged_and_not(unit: Unit) -> sa.Subquery:
    """One or two rows for each automation and day: of the runs that are there, of those that were purged."""
    there = (
        unit.select(runs, runs.c.automation_id, DAY.label("day"), *(sums.label(n) for n, sums in FIGURES.items()))
        .join(automations, (automations.c.tenant_id == runs.c.tenant_id) & (automations.c.id == runs.c.automation_id))
        .where(runs.c.created_at > sa.func.now() - KEPT)
        .group_by(runs.c.automation_id, DAY)
    )
    kept = (usage_days.c[name] for name in FIGURES)
    purged = unit.select(usage_days, usage_days.c.automation_id, usage_days.c.day, *kept).where(
        usage_days.c.day > sa.cast(sa.func.timezone("UTC", sa.func.now() - KEPT), sa.Date)
    )
    return sa.union_all(there, purged).subquery("each")


def _known_metrics(node: Node) -> Node:
    """The tree with the names of metrics as the answer spells them. Raises `InvalidUsageQuery` for others."""
    match node:
        case Both(parts):
            return Both(tuple(_known_metrics(part) for part in parts))
        case Either(parts):
            return Either(tuple(_known_metrics(part) for part in parts))
        case Negation(part):
            return Negation(_known_metrics(part))
        case Comparison("name", ("eq" | "ne") as operator, str() as value):
            known = {**_SPELLINGS, **{name.lower(): name for name in _METRICS}}.get(value.lower())
            if known is None:
                raise InvalidUsageQuery(
                    f"The metric {value[:40]!r} does not exist; there are runs, scheduledRuns, triggeredRuns, "
                    "webhookRuns, duration, bandwidthIn and bandwidthOut.",
                    parameter="filter",
                )
            return Comparison("name", operator, known)
        case _:
            return node
