"""Schedules of an automation: what is accepted, and in which form it is kept.

``interval`` is in seconds and is rounded to whole minutes, but 30 is kept; ``startAt`` and ``stopAt`` are
``Y-m-d H:i:s`` in ``timezone``; ``recurrence`` is an RRULE (RFC 5545 section 3.3.10), or cron's five fields, and wins
over ``interval``; ``misfire`` says what becomes of slots that were missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET, Struct, UnsetType, to_builtins

from tieline.automations.library.errors import InvalidSchedule
from tieline.automations.triggers import cron, rules
from tieline.automations.triggers.timings import MISFIRES
from tieline.core.ids import new_id

MAX_SCHEDULES = 20
MAX_INTERVAL = 366 * 24 * 3600
SHORTEST = 30
LONGEST = 1000
_TIME = "%Y-%m-%d %H:%M:%S"
_TEXTS = ("startAt", "stopAt", "timezone", "recurrence", "misfire")


class Schedule(Struct, kw_only=True, rename="camel", omit_defaults=True):
    """When an automation runs by itself."""

    id: str
    interval: int | UnsetType = UNSET
    recurrence: str | UnsetType = UNSET
    start_at: str | UnsetType = UNSET
    stop_at: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    misfire: str | UnsetType = UNSET
    last_started_at: str | UnsetType = UNSET


def check(
    wanted: Sequence[dict[str, Any]], kept: Sequence[dict[str, Any]] = (), *, pointer: str = "/schedules"
) -> list[dict[str, Any]]:
    """The schedules in the form in which they are stored.

    An entry with the id of a ``kept`` one keeps that id and when it started last; both are ours to set. Raises
    `InvalidSchedule`.
    """
    if len(wanted) > MAX_SCHEDULES:
        raise InvalidSchedule(
            f"There are {len(wanted)} schedules; at most {MAX_SCHEDULES} can be kept.", pointer=pointer
        )
    known = {entry["id"]: entry for entry in kept}
    checked = []
    for index, entry in enumerate(wanted):
        before = known.pop(str(entry.get("id")), None)
        schedule = _check_one(entry, f"{pointer}/{index}")
        if before is not None:
            schedule.id = before["id"]
            schedule.last_started_at = before.get("lastStartedAt", UNSET)
        checked.append(to_builtins(schedule))
    return checked


def _check_one(entry: dict[str, Any], pointer: str) -> Schedule:
    schedule = Schedule(id=str(new_id()))
    for name in _TEXTS:
        value = entry.get(name)
        if value and (not isinstance(value, str) or len(value) > LONGEST or "\0" in value):
            raise InvalidSchedule(
                f"{name} has to be a text of at most {LONGEST} characters.", pointer=f"{pointer}/{name}"
            )
    if entry.get("interval"):
        schedule.interval = _interval(entry["interval"], f"{pointer}/interval")
    start = _moment(entry, "startAt", pointer)
    stop = _moment(entry, "stopAt", pointer)
    if start is not None:
        schedule.start_at = start.strftime(_TIME)
    if stop is not None:
        schedule.stop_at = stop.strftime(_TIME)
    if start is not None and stop is not None and stop <= start:
        raise InvalidSchedule("stopAt has to be later than startAt.", pointer=f"{pointer}/stopAt")
    if entry.get("timezone"):
        schedule.timezone = _timezone(entry["timezone"], f"{pointer}/timezone")
    if entry.get("recurrence"):
        schedule.recurrence = _recurrence(entry["recurrence"], f"{pointer}/recurrence")
    if entry.get("misfire"):
        if entry["misfire"] not in MISFIRES:
            raise InvalidSchedule(f"misfire has to be one of {', '.join(MISFIRES)}.", pointer=f"{pointer}/misfire")
        schedule.misfire = entry["misfire"]
    return schedule


def _interval(seconds: Any, pointer: str) -> int:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise InvalidSchedule("interval has to be a whole number of seconds.", pointer=pointer)
    rounded = seconds if seconds == SHORTEST else (seconds + 30) // 60 * 60
    if not SHORTEST <= rounded <= MAX_INTERVAL:
        raise InvalidSchedule(f"interval has to be between {SHORTEST} and {MAX_INTERVAL} seconds.", pointer=pointer)
    return rounded


def _moment(entry: dict[str, Any], name: str, pointer: str) -> datetime | None:
    text = entry.get(name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0)
        if not 1970 <= found.year <= 9000:
            raise ValueError
    except ValueError:
        raise InvalidSchedule(
            f"{name} is no time; write it as 2026-01-31 12:00:00.", pointer=f"{pointer}/{name}"
        ) from None
    return found


def _timezone(name: str, pointer: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):
        # ZoneInfoNotFoundError is a KeyError, a directory's name an OSError.
        pass
    except KeyError:
        pass
    else:
        return name
    raise InvalidSchedule("timezone is not known; write it as Europe/Stockholm.", pointer=pointer)


def _recurrence(text: str, pointer: str) -> str:
    try:
        rules.split(text)
    except ValueError as error:
        raise InvalidSchedule(
            "recurrence is no rule of RFC 5545, such as RRULE:FREQ=DAILY;BYHOUR=6, and no cron line, such as 0 6 * * *:"
            f" {error}.",
            pointer=pointer,
        ) from None
    return text.strip() if cron.is_cron(text) else f"RRULE:{text.strip().removeprefix('RRULE:')}"
