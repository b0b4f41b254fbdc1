"""How many runs there were of which outcome, what they called and how long they took, hour by hour or day by day.

A run's id says when it was made (UUIDv7), so that a stretch of time is a stretch of the primary key and needs no other
index. Runs whose rows are purged are in the figures of their day (`usage`), without outcome and duration.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from tieline.automations.runs.usage import network
from tieline.core.errors import BadInput
from tieline.storage.tables import automations, runs, usage_days
from tieline.storage.unit import Unit

Step = Literal["hour", "day"]

LENGTH: Final[dict[str, timedelta]] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
MOST: Final = 800  # points of a series
MOST_ERRORS: Final = 10
# The columns of a point, and the statuses that count for each; what is in none of them is under way.
OUTCOMES: Final = {
    "finished": ("finished",),
    "finishedWithWarnings": ("finished with warnings",),
    "failed": ("failed",),
    "exceededLimit": ("exceeded limit",),
    "stopped": ("stopped",),
}
_SLACK: Final = timedelta(minutes=10)  # between a run's id and the begin of the transaction that wrote it
_SECONDS: Final = sa.extract("epoch", runs.c.stopped_at - runs.c.started_at)
_CODE: Final = runs.c.error[0]["code"].as_string()


class Asked(Struct, frozen=True):
    """Runs that were made from ``since`` on and before ``until``: of one automation, or of all it may be."""

    since: datetime
    until: datetime
    step: Step
    which: sa.ColumnElement[bool]
    automation_id: UUID | None = None


def asked(
    since: datetime, until: datetime, step: Step | None, which: sa.ColumnElement[bool], automation_id: UUID | None
) -> Asked:
    """A question with whole hours or days (UTC). Raises `BadInput` for one that cannot be answered."""
    if until <= since:
        raise BadInput("The end lies before the begin.", parameter="to")
    chosen: Step = step or ("hour" if until - since <= timedelta(days=4) else "day")
    length = LENGTH[chosen]
    begin = _floor(since, chosen)
    count = -((begin - until) // length)
    if count > MOST:
        raise BadInput(f"From the begin to the end are {count} {chosen}s; ask for at most {MOST}.", parameter="from")
    return Asked(begin, begin + count * length, chosen, which, automation_id)


def between(since: datetime | None, until: datetime | None) -> list[sa.ColumnElement[bool]]:
    """The conditions on runs that were made in a stretch of time."""
    found: list[sa.ColumnElement[bool]] = []
    if since is not None:
        found += [runs.c.id >= first_id(since - _SLACK), runs.c.created_at >= since]
    if until is not None:
        found += [runs.c.id < first_id(until + _SLACK), runs.c.created_at < until]
    return found


def first_id(moment: datetime) -> UUID:
    """No run's id that is made from this moment on is smaller."""
    milliseconds = min(max(int(moment.timestamp() * 1000), 0), 2**48 - 1)
    return UUID(int=milliseconds << 80)


async def series(unit: Unit, wanted: Asked) -> dict[str, Any]:
    """``points`` for each step, empty ones too, ``total`` of all of them, and the commonest ``errors``."""
    where = [*between(wanted.since, wanted.until), wanted.which]
    if wanted.automation_id is not None:
        where.append(runs.c.automation_id == wanted.automation_id)
    bucket = sa.func.date_trunc(wanted.step, runs.c.created_at, "UTC").label("bucket")
    joined = (runs.c.tenant_id == automations.c.tenant_id) & (runs.c.automation_id == automations.c.id)
    grouped = await unit.all(
        unit.select(runs, bucket, sa.func.grouping(bucket).label("whole"), *_figures())
        .join(automations, joined)
        .where(*where)
        .group_by(sa.func.rollup(bucket))
    )
    errors = await unit.all(
        unit.select(runs, _CODE.label("code"), sa.func.count().label("count"))
        .join(automations, joined)
        .where(*where, runs.c.status.in_(("failed", "exceeded limit")), _CODE.is_not(None))
        .group_by(_CODE)
        .order_by(sa.desc("count"), _CODE)
        .limit(MOST_ERRORS)
    )
    gone = await _purged(unit, wanted) if wanted.step == "day" else {}
    known = {row["bucket"]: row for row in grouped if not row["whole"]}
    total = next((row for row in grouped if row["whole"]), None)
    points = []
    at = wanted.since
    while at < wanted.until:
        points.append({"start": at, **_shown(known.get(at), gone.get(at))})
        at += LENGTH[wanted.step]
    all_gone = {name: sum(one[name] for one in gone.values()) for name in ("runs", "api_calls")}
    return {"points": points, "total": _shown(total, all_gone), "errors": errors}


def _figures() -> list[sa.ColumnElement[Any]]:
    count = sa.func.count()
    ended = tuple(status for statuses in OUTCOMES.values() for status in statuses)
    percentile = sa.func.percentile_cont(sa.cast([0.5, 0.95], sa.ARRAY(sa.Float))).within_group(_SECONDS)
    return [
        count.label("runs"),
        *(count.filter(runs.c.status.in_(statuses)).label(name) for name, statuses in OUTCOMES.items()),
        count.filter(runs.c.status.not_in(ended)).label("active"),
        count.filter(runs.c.is_test).label("tests"),
        network("apiCalls").label("apiCalls"),
        percentile.label("seconds"),
    ]


async def _purged(unit: Unit, wanted: Asked) -> dict[datetime, dict[str, int]]:
    """Runs and calls by day of what has been purged."""
    day = usage_days.c.day
    statement = (
        unit.select(
            usage_days,
            day,
            sa.func.sum(usage_days.c.runs).label("runs"),
            sa.func.sum(usage_days.c.api_calls).label("api_calls"),
        )
        .join(
            automations,
            (usage_days.c.tenant_id == automations.c.tenant_id) & (usage_days.c.automation_id == automations.c.id),
        )
        .where(day >= wanted.since.date(), day < wanted.until.date(), wanted.which)
        .group_by(day)
    )
    if wanted.automation_id is not None:
        statement = statement.where(usage_days.c.automation_id == wanted.automation_id)
    return {
        datetime(row["day"].year, row["day"].month, row["day"].day, tzinfo=UTC): {
            "runs": int(row["runs"]),
            "api_calls": int(row["api_calls"]),
        }
        for row in await unit.all(statement)
    }


def _shown(row: Mapping[str, Any] | None, gone: Mapping[str, int] | None) -> dict[str, Any]:
    names = ("runs", *OUTCOMES, "active", "tests", "apiCalls")
    found = {name: 0 if row is None else int(row[name]) for name in names}
    half, most = (row["seconds"] or (None, None)) if row is not None else (None, None)
    purged = 0 if gone is None else gone["runs"]
    found["runs"] += purged
    found["apiCalls"] += 0 if gone is None else gone["api_calls"]
    return {**found, "purged": purged, "p50": _milliseconds(half), "p95": _milliseconds(most)}


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(max(float(seconds), 0.0) * 1000, 1)


def _floor(moment: datetime, step: Step) -> datetime:
    at = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return at.replace(hour=0) if step == "day" else at
