"""Recurrence rules (RFC 5545 section 3.3.10): read, checked, and laid out in wall-clock time.

What goes by the second up to the week is laid out here, day by day, so that a rule that never comes to pass (the 30th
of February) ends after `HORIZON` and not in the year 9999; months and years are dateutil's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import product
from typing import Final
from zoneinfo import ZoneInfo

from dateutil import rrule as rr
from msgspec import Struct

from tieline.automations.triggers import cron

SHORTEST: Final = 30
"""Seconds between two slots of one rule."""
HORIZON: Final = timedelta(days=366 * 9)
"""A rule that has no slot within this time has none. (From one 29 February to the next there can be 8 years.)"""
MOST_COUNTED: Final = 1000
_MOST_IDLE: Final = 20_000  # periods without a slot, on days that have some; then there is none
LONGEST_RULE: Final = 1000
_LARGEST_INTERVAL: Final = 366 * 24 * 3600

_WITHIN_A_DAY: Final = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600}
_SHORT: Final = (*_WITHIN_A_DAY, "DAILY", "WEEKLY")
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NUMBERS: Final = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 59),
    "BYSETPOS": (-366, 366),
}
_PARTS: Final = frozenset(("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", *_NUMBERS))
_SOME_DAY: Final = datetime.fromisoformat("2000-01-01")
_NOT_WITH: Final = {  # RFC 5545 section 3.3.10, table
    "BYMONTHDAY": ("WEEKLY",),
    "BYYEARDAY": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYWEEKNO": (*_SHORT, "MONTHLY"),
}


class Rule(Struct, frozen=True, kw_only=True):
    """One rule, read. ``until`` is wall-clock time; ``numbers`` are the BY parts without BYDAY."""

    freq: str
    text: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0
    days: frozenset[int] = frozenset()
    numbers: dict[str, tuple[int, ...]] = {}

    def walls(self, start: datetime, since: datetime) -> Iterator[datetime]:
        """Wall-clock times from ``since`` on, in order; the rule is counted from ``start``, which is no time before."""
        if self.freq in _SHORT:
            found = self._laid_out(start, start if self.count else max(start, since))
        else:
            end = max(since, start) + HORIZON
            laid = rr.rrulestr(self.text, dtstart=start)
            assert isinstance(laid, rr.rrule)
            found = iter(laid.replace(until=end))
        left = self.count
        for wall in found:
            if wall < start:
                continue
            if left is not None:
                left -= 1
                if left < 0:
                    return
            if self.until is not None and wall > self.until:
                return
            if wall >= since:
                yield wall

    def _laid_out(self, start: datetime, since: datetime) -> Iterator[datetime]:
        periods = self._within_days if self.freq in _WITHIN_A_DAY else self._of_days
        chosen = self.numbers.get("BYSETPOS")
        idle = 0
        try:
            for times in periods(start, since):
                if chosen is not None:
                    times = sorted({times[_index(one)] for one in chosen if -len(times) <= _index(one) < len(times)})
                    idle = 0 if times else idle + 1
                    if idle > _MOST_IDLE // 10:
                        return
                yield from times
        except OverflowError:
            return  # beyond the year 9999

    def _of_days(self, start: datetime, since: datetime) -> Iterator[list[datetime]]:
        """The times of each day or week."""
        at = self._times(start.hour, start.minute, start.second)
        first, offsets = start.date(), [0]
        length = self.interval
        if self.freq == "WEEKLY":
            first -= timedelta(days=(first.weekday() - self.week_start) % 7)
            length *= 7
            offsets = sorted((day - self.week_start) % 7 for day in self.days or {start.weekday()})
        number = max((since.date() - first).days // length, 0)
        last = since.date() + HORIZON
        while (begin := first + timedelta(days=number * length)) <= last:
            days = (begin + timedelta(days=offset) for offset in offsets)
            yield [datetime.combine(day, one) for day in days if self._takes(day) for one in at]
            number += 1

    def _within_days(self, start: datetime, since: datetime) -> Iterator[list[datetime]]:
        """The times of each second, minute or hour that counts."""
        unit = _WITHIN_A_DAY[self.freq]
        base = start.replace(minute=0 if unit == 3600 else start.minute, second=0 if unit > 1 else start.second)
        step = timedelta(seconds=unit * self.interval)
        day, last = since.date(), since.date() + HORIZON
        idle = 0
        while day <= last and idle < _MOST_IDLE * 10:
            if self._takes(day):
                begin = datetime.combine(day, time.min)
                number = max(-((base - begin) // step), 0) if base < begin else 0
                while (moment := base + number * step) < begin + timedelta(days=1):
                    idle += 1
                    if moment >= begin and self._fits(moment):
                        idle = 0
                        yield [datetime.combine(day, one) for one in self._expanded(moment, start)]
                    number += 1
            day += timedelta(days=1)

    def _fits(self, moment: datetime) -> bool:
        hours, minutes, seconds = (self.numbers.get(name) for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
        return (
            (hours is None or moment.hour in hours)
            and (self.freq == "HOURLY" or minutes is None or moment.minute in minutes)
            and (self.freq != "SECONDLY" or seconds is None or moment.second in seconds)
        )

    def _expanded(self, moment: datetime, start: datetime) -> list[time]:
        minutes: tuple[int, ...] = (moment.minute,)
        seconds: tuple[int, ...] = (moment.second,)
        if self.freq == "HOURLY":
            minutes = self.numbers.get("BYMINUTE", (start.minute,))
        if self.freq != "SECONDLY":
            seconds = self.numbers.get("BYSECOND", (start.second,))
        return [time(moment.hour, minute, second) for minute, second in product(minutes, seconds)]

    def _times(self, hour: int, minute: int, second: int) -> list[time]:
        hours = self.numbers.get("BYHOUR", (hour,))
        minutes = self.numbers.get("BYMINUTE", (minute,))
        seconds = self.numbers.get("BYSECOND", (second,))
        return [time(*one) for one in product(hours, minutes, seconds)]

    def _takes(self, day: date) -> bool:
        """Whether the day passes what the rule says of months and days."""
        numbers = self.numbers
        if "BYMONTH" in numbers and day.month not in numbers["BYMONTH"]:
            return False
        if self.days and self.freq != "WEEKLY" and day.weekday() not in self.days:
            return False
        if "BYMONTHDAY" in numbers:
            length = ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
            if not {day.day, day.day - length - 1} & set(numbers["BYMONTHDAY"]):
                return False
        if "BYYEARDAY" in numbers:
            number, length = day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday
            return bool({number, number - length - 1} & set(numbers["BYYEARDAY"]))
        return True


def split(text: str) -> tuple[str, ...]:
    """The rules that a schedule's ``recurrence`` means: an RRULE, or cron's five fields. All can be read.

    Raises ValueError with a sentence.
    """
    if len(text) > LONGEST_RULE or "\n" in text or "\r" in text:
        raise ValueError(f"it has more than {LONGEST_RULE} characters, or more than one line")
    found = cron.rules(text) if cron.is_cron(text) else [text.strip().upper().removeprefix("RRULE:")]
    for one in found:
        try:
            first = next(read(one).walls(_SOME_DAY, _SOME_DAY), None)
        except (IndexError, TypeError, OverflowError):
            raise ValueError("it cannot be laid out") from None
        if first is None:
            raise ValueError("it never comes to pass")
    return tuple(found)


def read(text: str, zone: str = "UTC") -> Rule:
    """One rule. Raises ValueError with a sentence."""
    parts = _parts(text)
    freq = parts.get("FREQ", "")
    if freq not in (*_SHORT, "MONTHLY", "YEARLY"):
        raise ValueError("FREQ has to be SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY")
    for name, others in _NOT_WITH.items():
        if name in parts and freq in others:
            raise ValueError(f"{name} cannot be used with FREQ={freq}")
    numbers = {name: _list(parts[name], name, *limits) for name, limits in _NUMBERS.items() if name in parts}
    interval = _number(parts.get("INTERVAL", "1"), "INTERVAL", 1, _LARGEST_INTERVAL)
    seconds = numbers.get("BYSECOND", (0,))
    gaps = [after - before for before, after in zip(seconds, (*seconds[1:], seconds[0] + 60), strict=True)]
    if min(gaps) < SHORTEST or (freq == "SECONDLY" and interval < SHORTEST):
        raise ValueError(f"its slots are closer than {SHORTEST} seconds")
    days = parts.get("BYDAY", "").split(",") if "BYDAY" in parts else []
    if any(day[-2:] not in _WEEKDAYS for day in days) or parts.get("WKST", "MO") not in _WEEKDAYS:
        raise ValueError("BYDAY and WKST take MO, TU, WE, TH, FR, SA and SU")
    most = 53 if freq == "YEARLY" and "BYMONTH" not in parts else 5
    for day in days:
        if len(day) > 2 and not _number(day[:-2], "the number before a day of the week", -most, most):
            raise ValueError("the number before a day of the week cannot be 0")
    if freq in _SHORT and any(len(day) > 2 for day in days):
        raise ValueError(f"a number before the day of the week cannot be used with FREQ={freq}")
    rest = {name: value for name, value in parts.items() if name not in ("UNTIL", "COUNT")}
    rule = Rule(
        freq=freq,
        text=";".join(f"{name}={value}" for name, value in rest.items()),
        interval=interval,
        count=_number(parts["COUNT"], "COUNT", 1, MOST_COUNTED) if "COUNT" in parts else None,
        until=_until(parts["UNTIL"], ZoneInfo(zone)) if "UNTIL" in parts else None,
        week_start=_WEEKDAYS.index(parts.get("WKST", "MO")),
        days=frozenset(_WEEKDAYS.index(day[-2:]) for day in days),
        numbers=numbers,
    )
    if freq not in _SHORT:
        try:
            rr.rrulestr(rule.text, dtstart=_SOME_DAY)
        except (TypeError, KeyError, AttributeError, OverflowError, IndexError) as error:
            raise ValueError(f"it cannot be read ({error})"[:200]) from None
    return rule


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name not in _PARTS or name in parts:
            raise ValueError(f"{part[:40]!r} is no part of a rule, or stands there twice")
        parts[name] = value
    return parts


def _list(text: str, name: str, least: int, most: int) -> tuple[int, ...]:
    found = sorted({_number(one, name, least, most) for one in text.split(",")})
    if least < 0 and 0 in found:
        raise ValueError(f"{name} cannot be 0")
    return tuple(found)


def _number(text: str, name: str, least: int, most: int) -> int:
    digits = text.removeprefix("-" if least < 0 else "+").removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10 and least <= int(text) <= most):
        raise ValueError(f"{name} has to be from {least} to {most}")
    return int(text)


def _until(text: str, zone: tzinfo) -> datetime:
    """UNTIL as wall-clock time; a bare day counts as a whole."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("UNTIL has to be written as 20261231T235959Z or 20261231") from None
    if found.tzinfo is not None:
        return found.astimezone(zone).replace(tzinfo=None)
    return found if "T" in text else found + timedelta(hours=23, minutes=59, seconds=59)


def _index(position: int) -> int:
    return position - 1 if position > 0 else position
