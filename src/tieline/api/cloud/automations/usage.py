"""Usage: what runs did, by day."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tieline.api.cloud.automations.errors import InvalidUsageQuery
from tieline.core import filters
from tieline.core.filters import Attribute, Both, Comparison, Either, Negation, Node
from tieline.storage.tables import automations, runs
from tieline.storage.unit import Unit
from tieline.tenancy.conditions import condition

KEPT_DAYS = 400
MAX_ROWS = 10_000

# The documents spell two of the metrics one way in the filter and another in the answer.
_SPELLINGS = {"scheduledruns": "scheduledRun", "triggeredruns": "triggeredRun"}
_METRICS = ("runs", "scheduledRun", "triggeredRun", "webhookRuns", "duration", "bandwidthIn", "bandwidthOut")

_day = sa.cast(sa.func.timezone("UTC", runs.c.created_at), sa.Date)


def _bytes(name: str) -> sa.ColumnElement[int]:
    figure = runs.c.metrics["network"][name].as_string()
    return sa.func.coalesce(sa.func.sum(sa.cast(figure, sa.BigInteger)), 0)


def _with_mode(mode: str) -> sa.ColumnElement[int]:
    return sa.func.count().filter(automations.c.run_mode == mode)


_seconds = sa.func.coalesce(sa.func.sum(sa.extract("epoch", runs.c.stopped_at - runs.c.started_at)), 0)
_FIGURES: dict[str, sa.ColumnElement[Any]] = {
    "runs": sa.func.count(),
    "scheduledRun": _with_mode("scheduled"),
    "triggeredRun": _with_mode("triggered"),
    "webhookRuns": _with_mode("webhook"),
    "duration": _seconds,
    "bandwidthIn": _bytes("rxBytes"),
    "bandwidthOut": _bytes("txBytes"),
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
    group: list[sa.ColumnElement[Any]] = [_day]
    columns: list[sa.ColumnElement[Any]] = [_day.label("date")]
    if by_automation:
        group += [automations.c.id, automations.c.name, automations.c.owner_id]
        columns += [
            automations.c.id.label("guid"),
            automations.c.name.label("automation_name"),
            automations.c.owner_id.label("owner_id"),
        ]
    figures = (
        unit.select(runs, *columns, *(figure.label(f"f_{name}") for name, figure in _FIGURES.items()))
        .join(automations, (automations.c.tenant_id == runs.c.tenant_id) & (automations.c.id == runs.c.automation_id))
        .where(runs.c.created_at > sa.func.now() - sa.text(f"interval '{KEPT_DAYS} days'"))
        .group_by(*group)
        .subquery("figures")
    )
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
