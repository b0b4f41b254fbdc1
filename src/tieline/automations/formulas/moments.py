"""Dates out of any form that people and programs write: ISO 8601, RFC 2822, Unix seconds, and PHP's relative words.

A text is read from left to right as a row of parts: absolute dates and times, time zones, and relative parts such as
``+1 month``, ``first day of``, ``last monday of``, ``next week``, ``2 days ago``. Rules follow PHP's ``strtotime``:
a date without a time is at midnight, relative parts alone keep the time of now, and a month too short runs over into
the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaValueError
from tieline.automations.formulas.values import number_in
from tieline.automations.formulas.zones import ABBREVIATIONS, OFFSET, fixed, zone

_MAX_TEXT: Final = 200
_MILLISECONDS_FROM: Final = 100_000_000_000
MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH_NUMBERS: Final = {name[:n]: i for i, name in enumerate(MONTHS, 1) for n in (3, len(name))} | {"sept": 9}
_DAY_NUMBERS: Final = {name[:n]: i for i, name in enumerate(DAYS, 1) for n in (3, len(name))} | {
    "tues": 2,
    "wednes": 3,
    "thur": 4,
    "thurs": 4,
}
_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "next": 1, "last": -1, "previous": -1, "this": 0,
}  # fmt: skip
_UNITS: Final = {
    "usec": "microseconds", "microsecond": "microseconds", "msec": "milliseconds", "millisecond": "milliseconds",
    "ms": "milliseconds", "sec": "seconds", "second": "seconds", "min": "minutes", "minute": "minutes", "hour": "hours",
    "day": "days", "week": "weeks", "fortnight": "fortnights", "forthnight": "fortnights", "month": "months",
    "mon": "months", "quarter": "quarters", "year": "years", "weekday": "weekdays",
}  # fmt: skip

_MONTH = "(?:" + "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True)) + r")\b\.?"
_DAY = "(?:" + "|".join(sorted(_DAY_NUMBERS, key=len, reverse=True)) + r")\b\.?"
_UNIT = "(?:" + "|".join(sorted((u for u in _UNITS if u != "mon"), key=len, reverse=True)) + r")s?\b"
_WORD = "(?:" + "|".join(_ORDINALS) + r")\b"
_TIME = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
_GAP = r"[ \t.,-]*"


@dataclass(slots=True)
class _Parts:
    """What was read so far."""

    now: datetime
    zone: tzinfo | None = None
    year: int | None = None
    month: int | None = None
    day: int | None = None
    time: tuple[int, int, int, int] | None = None
    midnight: bool = False
    offsets: dict[str, int] = field(default_factory=dict)
    weekday: tuple[int, int] | None = None
    in_week: bool = False
    edge: str = ""
    nth: tuple[int, int] | None = None
    instant: datetime | None = None

    def add(self, unit: str, amount: int) -> None:
        """Move by an amount of a unit."""
        unit, factor = {"fortnights": ("days", 14), "weeks": ("days", 7), "quarters": ("months", 3)}.get(
            unit, (unit, 1)
        )
        if unit == "milliseconds":
            unit, factor = "microseconds", 1000
        self.offsets[unit] = self.offsets.get(unit, 0) + amount * factor


Rule = tuple[re.Pattern[str], Callable[[_Parts, re.Match[str]], None]]
_RULES: list[Rule] = []


def _rule(pattern: str) -> Callable[[Callable[[_Parts, re.Match[str]], None]], Callable[[_Parts, re.Match[str]], None]]:
    def register(read: Callable[[_Parts, re.Match[str]], None]) -> Callable[[_Parts, re.Match[str]], None]:
        _RULES.append((re.compile(pattern, re.ASCII), read))
        return read

    return register


@_rule(r"[\s,;]+|\b(?:at|on|and|in)\b")
def _skip(_parts: _Parts, _found: re.Match[str]) -> None:
    pass


@_rule(r"@(-?[0-9]{1,12})(?:\.([0-9]{1,6}))?")
def _unix(parts: _Parts, found: re.Match[str]) -> None:
    parts.instant = from_timestamp(int(found[1])) + timedelta(microseconds=int((found[2] or "0").ljust(6, "0")))


@_rule(r"(now|today|midnight|noon|tomorrow|yesterday)\b")
def _word(parts: _Parts, found: re.Match[str]) -> None:
    word = found[1]
    if word == "noon":
        parts.time = (12, 0, 0, 0)
    elif word != "now":
        parts.midnight = True
        if word not in {"today", "midnight"}:
            parts.add("days", 1 if word == "tomorrow" else -1)


@_rule(r"(first|last) day of\b")
def _edge(parts: _Parts, found: re.Match[str]) -> None:
    parts.edge = found[1]


@_rule(rf"({_WORD})\s+({_DAY})\s+of\b")
def _nth(parts: _Parts, found: re.Match[str]) -> None:
    parts.nth = (_ORDINALS[found[1]], _DAY_NUMBERS[found[2].rstrip(".")])
    parts.midnight = True


@_rule(rf"([+-]*)\s*([0-9]{{1,9}})\s*({_UNIT})(\s+ago\b)?")
def _offset(parts: _Parts, found: re.Match[str]) -> None:
    amount = int(found[2]) * (-1) ** found[1].count("-")
    parts.add(_unit(found[3]), amount)
    if found[4]:
        parts.offsets = {unit: -moved for unit, moved in parts.offsets.items()}


@_rule(rf"({_WORD})\s+({_UNIT})")
def _relative(parts: _Parts, found: re.Match[str]) -> None:
    unit = _unit(found[2])
    parts.add(unit, _ORDINALS[found[1]])
    parts.in_week = parts.in_week or unit == "weeks"


@_rule(rf"(?:({_WORD})\s+)?({_DAY})(?![a-z])")
def _weekday(parts: _Parts, found: re.Match[str]) -> None:
    parts.weekday = (_DAY_NUMBERS[found[2].rstrip(".")], _ORDINALS.get(found[1] or "this", 0))
    parts.midnight = True


@_rule(rf"([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}})(?![0-9])(?:(?:t|\s+)(?={_TIME}))?")
def _iso(parts: _Parts, found: re.Match[str]) -> None:
    _date(parts, found[1], found[2], found[3])


@_rule(r"([0-9]{4})-([0-9]{3})(?![0-9])|([0-9]{4})-?w([0-9]{2})(?:-?([1-7]))?(?![0-9])")
def _iso_other(parts: _Parts, found: re.Match[str]) -> None:
    if found[1]:
        moment = datetime(int(found[1]), 1, 1, tzinfo=UTC) + timedelta(days=int(found[2]) - 1)
    else:
        moment = datetime.fromisocalendar(int(found[3]), int(found[4]), int(found[5] or 1))
    parts.year, parts.month, parts.day = moment.year, moment.month, moment.day


@_rule(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})(?![0-9])")
def _slashed(parts: _Parts, found: re.Match[str]) -> None:
    _date(parts, found[1], found[2], found[3])


@_rule(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}|[0-9]{2}))?(?![0-9])")
def _american(parts: _Parts, found: re.Match[str]) -> None:
    _date(parts, found[3], found[1], found[2])


@_rule(r"([0-9]{1,2})[.-]([0-9]{1,2})[.-]([0-9]{4}|[0-9]{2})(?![0-9:])")
def _european(parts: _Parts, found: re.Match[str]) -> None:
    _date(parts, found[3], found[2], found[1])


@_rule(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:t?([0-9]{2})([0-9]{2})([0-9]{2})?)?(?![0-9])")
def _compact(parts: _Parts, found: re.Match[str]) -> None:
    _date(parts, found[1], found[2], found[3])
    if found[4]:
        parts.time = (int(found[4]), int(found[5]), int(found[6] or 0), 0)


@_rule(rf"t?{_TIME}(?:\s*([ap])\.?m\b\.?)?|([0-9]{{1,2}})\s*([ap])\.?m\b\.?")
def _clock(parts: _Parts, found: re.Match[str]) -> None:
    half = found[5] or found[7]
    hour = int(found[1] or found[6])
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half == "p" else 0)
    parts.time = (hour, int(found[2] or 0), int(found[3] or 0), int((found[4] or "0")[:6].ljust(6, "0")))


@_rule(rf"([0-9]{{1,2}})(?:st|nd|rd|th)?(?:\s+of\b)?{_GAP}({_MONTH}){_GAP}([0-9]{{4}}|[0-9]{{2}})?(?![0-9:])")
def _day_month(parts: _Parts, found: re.Match[str]) -> None:
    _date(parts, found[3], found[2], found[1])


@_rule(rf"({_MONTH}){_GAP}([0-9]{{4}})(?![0-9:])")
def _month_year(parts: _Parts, found: re.Match[str]) -> None:
    _date(parts, found[2], found[1], "1")


@_rule(rf"({_MONTH}){_GAP}([0-9]{{1,2}})(?:st|nd|rd|th)?(?![0-9:])(?:[ \t,.-]+([0-9]{{4}})(?![0-9:]))?")
def _month_day(parts: _Parts, found: re.Match[str]) -> None:
    _date(parts, found[3], found[1], found[2])


@_rule(rf"([0-9]{{4}}){_GAP}({_MONTH})(?:{_GAP}([0-9]{{1,2}}))?(?![0-9:])")
def _year_month(parts: _Parts, found: re.Match[str]) -> None:
    _date(parts, found[1], found[2], found[3] or "1")


@_rule(rf"({_MONTH})(?![a-z])")
def _month(parts: _Parts, found: re.Match[str]) -> None:
    parts.month = _MONTH_NUMBERS[found[1].rstrip(".")]
    parts.midnight = True


@_rule(r"([0-9]{4})-([0-9]{2})(?![0-9:])|([0-9]{4})(?![0-9:])")
def _year(parts: _Parts, found: re.Match[str]) -> None:
    parts.year = int(found[1] or found[3])
    if found[2]:
        parts.month, parts.day = int(found[2]), 1
    elif parts.month is None:
        parts.month = parts.day = 1


@_rule(rf"{OFFSET.pattern}(?![0-9a-z])")
def _zone_offset(parts: _Parts, found: re.Match[str]) -> None:
    parts.zone = fixed(found)


@_rule(r"\(?([a-z]{1,20}(?:/[a-z0-9+_-]{1,30}){0,2})\)?")
def _zone_name(parts: _Parts, found: re.Match[str]) -> None:
    if "/" not in found[1] and found[1] not in ABBREVIATIONS:
        raise ValueError
    parts.zone = zone(found[1])


def _unit(word: str) -> str:
    return _UNITS.get(word) or _UNITS[word.removesuffix("s")]


def _date(parts: _Parts, year: str | None, month: str, day: str) -> None:
    if year is not None:
        parts.year = int(year) + (0 if len(year) > 2 else 2000 if int(year) < 70 else 1900)
    month = month.rstrip(".")
    parts.month = int(month) if month.isdecimal() else _MONTH_NUMBERS[month]
    parts.day = int(day)


def from_timestamp(seconds: float) -> datetime:
    """Unix seconds, or milliseconds when there are 12 digits or more."""
    if abs(seconds) >= _MILLISECONDS_FROM:
        seconds = seconds / 1000
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        raise FormulaValueError("the date is outside the years 1 to 9999") from None


def moment_of(value: Any, context: Context) -> datetime:
    """A date from a text, Unix seconds or a datetime; in the environment's zone when it names none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=context.env.timezone)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return from_timestamp(value).astimezone(context.env.timezone)
    if isinstance(value, str):
        context.spend(2000 + len(value))
        return parse_moment(value, context.now, context.env.timezone)
    raise FormulaValueError("a date is needed: a text such as 2024-05-15, 'now - 14 days', or Unix seconds")


def parse_moment(text: str, now: datetime, default_zone: tzinfo) -> datetime:
    """The date that a text says; raises ``FormulaValueError``."""
    text = text.strip()
    if text[4:5] == "-" and text[:1].isdigit():
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return moment if moment.tzinfo else moment.replace(tzinfo=default_zone)
    number = number_in(text) if len(text) > 8 and len(text) != 14 else None
    if number is not None:
        return from_timestamp(number).astimezone(default_zone)
    try:
        return _resolve(_read(text, now), default_zone)
    except FormulaValueError:
        raise
    except (ValueError, OverflowError, KeyError):
        raise FormulaValueError(
            "the text is not a date; use a form such as 2024-05-15 10:30, 15 May 2024 or 'now + 1 day', "
            "or name the format"
        ) from None


def _read(text: str, now: datetime) -> _Parts:
    if not text or len(text) > _MAX_TEXT:
        raise ValueError
    parts = _Parts(now)
    text = text.lower().replace("−", "-")
    at = 0
    while at < len(text):
        for pattern, read in _RULES:
            found = pattern.match(text, at)
            if found and found.end() > at:
                read(parts, found)
                at = found.end()
                break
        else:
            raise ValueError
    return parts


def _resolve(parts: _Parts, default_zone: tzinfo) -> datetime:
    tz = parts.zone or default_zone
    base = (parts.instant or parts.now).astimezone(tz)
    dated = parts.year is not None or parts.month is not None or parts.day is not None
    year = parts.year if parts.year is not None else base.year
    month = parts.month if parts.month is not None else base.month
    day = parts.day if parts.day is not None else base.day
    if parts.time is not None:
        hour, minute, second, micro = parts.time
    elif parts.midnight or dated:
        hour = minute = second = micro = 0
    else:
        hour, minute, second, micro = base.hour, base.minute, base.second, base.microsecond
    if (hour, minute, second) == (24, 0, 0):
        hour = 0
        parts.add("days", 1)
    second = min(second, 59)
    if parts.month is not None and parts.day is None:
        day = min(day, days_in_month(year, month))
    if not (1 <= month <= 12 and 1 <= day <= 31 and 0 <= hour < 24 and 0 <= minute < 60):
        raise ValueError
    date = _moved(parts, year, month, day)
    wall = datetime(date.year, date.month, date.day, hour, minute, second, micro, tzinfo=tz)
    return elapsed(wall, parts.offsets)


def _moved(parts: _Parts, year: int, month: int, day: int) -> datetime:
    """The day after all relative parts that move by days and longer."""
    offsets = parts.offsets
    if parts.edge or parts.nth:
        day = 1
    date = add_months(year + offsets.get("years", 0), month + offsets.get("months", 0), day)
    if parts.edge == "last":
        date = date.replace(day=days_in_month(date.year, date.month))
    date += timedelta(days=offsets.get("days", 0))
    if parts.nth:
        return _nth_weekday(date, *parts.nth)
    if parts.weekday:
        target, which = parts.weekday
        if parts.in_week:
            return date + timedelta(days=target - date.isoweekday())
        ahead = (target - date.isoweekday()) % 7
        if which > 0:
            ahead = (ahead or 7) + 7 * (which - 1)
        elif which < 0:
            ahead -= 7
        date += timedelta(days=ahead)
    return add_weekdays(date, offsets.get("weekdays", 0))


def _nth_weekday(date: datetime, which: int, weekday: int) -> datetime:
    if which < 0:
        last = date.replace(day=days_in_month(date.year, date.month))
        return last - timedelta(days=(last.isoweekday() - weekday) % 7)
    first = date.replace(day=1)
    return first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (max(which, 1) - 1))


def elapsed(moment: datetime, offsets: dict[str, int]) -> datetime:
    """Hours and less are elapsed time, whatever the clocks do."""
    span = timedelta(
        **{unit: n for unit, n in offsets.items() if unit in {"hours", "minutes", "seconds", "microseconds"}}
    )
    return (moment.astimezone(UTC) + span).astimezone(moment.tzinfo)


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in {4, 6, 9, 11} else 31


def add_months(year: int, month: int, day: int) -> datetime:
    """That day, where month 13 is next January and day 31 of a short month runs over into the next."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return datetime(year, month, 1, tzinfo=UTC) + timedelta(days=day - 1)


def add_weekdays(date: datetime, count: int) -> datetime:
    """Monday to Friday only."""
    if count == 0:
        return date
    step = 1 if count > 0 else -1
    weeks, rest = divmod(abs(count), 5)
    while date.isoweekday() > 5:
        date -= timedelta(days=step)
    date += timedelta(days=7 * weeks * step)
    for _ in range(rest):
        date += timedelta(days=step)
        while date.isoweekday() > 5:
            date += timedelta(days=step)
    return date
