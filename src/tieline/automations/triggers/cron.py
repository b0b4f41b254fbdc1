"""Cron's five fields, as recurrence rules.

``minute hour day-of-month month day-of-week`` (POSIX.1-2017, crontab): ``*``, numbers, ranges ``a-b``, lists ``a,b``,
steps ``*/n``, ``a-b/n`` and ``a/n`` (from a to the end), names of months and days, 7 as well as 0 for Sunday, and
``@hourly @daily @midnight @weekly @monthly @yearly @annually``.

Where both day fields are restricted, a day that fits **either** of them counts; a field that begins with ``*`` is not
restricted, and then a day has to fit both. One rule says "and", so that "either" makes two.
"""

from __future__ import annotations

from typing import Final

_NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS: Final = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_MONTHS: Final = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_DAYS: Final = "SUN MON TUE WED THU FRI SAT".split()
_BYDAY: Final = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")


def is_cron(text: str) -> bool:
    """Whether a text has cron's form, right or wrong."""
    return text.startswith("@") or len(text.split()) == len(_FIELDS)


def rules(text: str) -> list[str]:
    """One or two RRULE values (RFC 5545 section 3.3.10). Raises ValueError with a sentence that names the field."""
    text = text.strip()
    if text.startswith("@"):
        if text.lower() not in _NICKNAMES:
            raise ValueError(f"{text[:20]!r} is none of {', '.join(_NICKNAMES)}")
        text = _NICKNAMES[text.lower()]
    given = text.split()
    if len(given) != len(_FIELDS):
        raise ValueError("cron has five fields: minute, hour, day of month, month, day of week")
    minutes, hours, days, months, weekdays = (
        _values(field, *limits) for field, limits in zip(given, _FIELDS, strict=True)
    )
    weekdays = sorted({day % 7 for day in weekdays})
    parts = ["FREQ=DAILY"]
    if len(months) < 12:
        parts.append(f"BYMONTH={_join(months)}")
    times = [f"BYHOUR={_join(hours)}", f"BYMINUTE={_join(minutes)}", "BYSECOND=0"]
    of_month = [f"BYMONTHDAY={_join(days)}"] if len(days) < 31 else []
    of_week = ["BYDAY=" + ",".join(_BYDAY[day] for day in weekdays)] if len(weekdays) < 7 else []
    if of_month and of_week and not given[2].startswith("*") and not given[4].startswith("*"):
        return [";".join([*parts, *one, *times]) for one in (of_month, of_week)]
    return [";".join([*parts, *of_month, *of_week, *times])]


def _join(values: list[int]) -> str:
    return ",".join(map(str, values))


def _values(field: str, name: str, least: int, most: int) -> list[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = least, 6 if name == "day of week" else most
        else:
            low = _number(first, name, least, most)
            high = _number(last, name, least, most) if dash else most if slash else low
        width = _number(step, f"step of {name}", 1, most) if slash else 1
        if low > high:
            raise ValueError(f"the {name} goes from {low} to {high}; write the smaller one first")
        found.update(range(low, high + 1, width))
    return sorted(found)


def _number(text: str, name: str, least: int, most: int) -> int:
    names = {"month": _MONTHS, "day of week": _DAYS}.get(name, [])
    if text.upper() in names:
        return names.index(text.upper()) + least
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and least <= int(text) <= most):
        raise ValueError(f"the {name} {text[:20]!r} is no number from {least} to {most}")
    return int(text)
