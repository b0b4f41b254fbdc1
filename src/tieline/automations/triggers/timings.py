"""The schedules of an automation as rows of table ``schedules``, in step with what the automation says.

What a person wrote stays in ``automations.schedules``; the rows say when each is due next. They are brought in step in
the transaction that saves, enables or disables the automation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert

from tieline.automations.triggers.recurrence import Timing, instant
from tieline.automations.triggers.rules import read, split
from tieline.core.clock import Clock, iso, now
from tieline.storage.tables import schedules
from tieline.storage.unit import Unit

MISFIRES: Final = ("once", "skip", "all")
_MEANING: Final = ("kind", "rule", "timezone", "starts_at", "ends_at")


async def keep_in_step(unit: Unit, automation: Mapping[str, Any], *, clock: Clock = now) -> None:
    """Rows for the automation's schedules, due while it is enabled and its start block says scheduled.

    A schedule that means the same as before keeps its place: neither saving nor sending it again moves its slots. One
    that was switched off begins anew with the first slot from now on.
    """
    table, moment = schedules, clock()
    mine = table.c.automation_id == automation["id"]
    known = {str(row["id"]): row for row in await unit.all(unit.select(table).where(mine).with_for_update())}
    active = automation["state"] == "available" and automation["run_mode"] == "scheduled"
    kept = []
    for entry in automation["schedules"]:
        values = _values(entry)
        if values is None:
            continue
        kept.append(UUID(entry["id"]))
        before = known.get(entry["id"])
        same = before is not None and all(before[name] == values[name] for name in _MEANING)
        if before is not None and same and before["enabled"] == active:
            await unit.update(table, table.c.id == before["id"], misfire=values["misfire"])
            continue
        zone = ZoneInfo(values["timezone"])
        anchor = values["starts_at"] or (before["anchor"] if before and same else _anchor(values, moment, zone))
        values |= {"anchor": anchor, "enabled": active, "error": None, "updated_at": moment}
        due = timing({**values, "anchor": anchor}).after(moment - timedelta(microseconds=1)) if active else None
        values |= {"next_at": due, "due_at": due}
        statement = insert(table).values(
            tenant_id=unit.tenant_id, id=entry["id"], automation_id=automation["id"], **values
        )
        await unit.connection.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id", "id"], set_=values, where=mine)
        )
    await unit.delete(table, mine, table.c.id.not_in(kept))


def timing(row: Mapping[str, Any]) -> Timing:
    """When a row is due."""
    interval = row["kind"] == "interval"
    return Timing(
        anchor=row["anchor"],
        zone=row["timezone"],
        rules=() if interval else tuple(read(text, row["timezone"]) for text in row["rule"].split("\n")),
        seconds=int(row["rule"]) if interval else 0,
        from_anchor=row["starts_at"] is not None,
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
    )


async def shown(unit: Unit, automation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The automation's schedules with when each started last and when it starts next, and what is wrong with it."""
    if not automation["schedules"]:
        return []
    rows = await unit.all(unit.select(schedules).where(schedules.c.automation_id == automation["id"]))
    known = {str(row["id"]): row for row in rows}
    found = []
    for entry in automation["schedules"]:
        told, row = dict(entry), known.get(entry["id"])
        if row is None and (entry.get("recurrence") or entry.get("interval")):
            told["error"] = "This schedule cannot be laid out; change it."
        if row is not None:
            if row["started_at"] is not None:
                told["lastStartedAt"] = iso(row["started_at"])
            if row["enabled"] and row["next_at"] is not None:
                told["nextStartAt"] = iso(row["next_at"])
            if row["error"]:
                told["error"] = row["error"]
        found.append(told)
    return found


def _values(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of a schedule; None where it says neither a rule nor an interval, or a rule of an earlier release that
    is refused now.
    """
    zone = ZoneInfo(entry.get("timezone") or "UTC")
    if entry.get("recurrence"):
        try:
            kind, rule = "rrule", "\n".join(split(entry["recurrence"]))
        except ValueError:
            return None
    elif entry.get("interval"):
        kind, rule = "interval", str(entry["interval"])
    else:
        return None
    return {
        "kind": kind,
        "rule": rule,
        "timezone": zone.key,
        "starts_at": _moment(entry.get("startAt"), zone),
        "ends_at": _moment(entry.get("stopAt"), zone),
        "misfire": entry.get("misfire") or MISFIRES[0],
    }


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    return instant(datetime.fromisoformat(text), zone) if text else None


def _anchor(values: Mapping[str, Any], moment: datetime, zone: ZoneInfo) -> datetime:
    """Where no start is given: an interval counts from now, a rule from the midnight before."""
    if values["kind"] == "interval":
        return moment.replace(microsecond=0)
    midnight = moment.astimezone(zone).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    return min(instant(midnight, zone), moment.astimezone(UTC))
