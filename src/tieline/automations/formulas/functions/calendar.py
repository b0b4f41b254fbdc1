"""Dates: comparing, counting, listing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaError, FormulaValueError
from tieline.automations.formulas.functions.dates import DEFAULT_FORMAT, read, start, unit_of
from tieline.automations.formulas.moments import add_months, add_weekdays
from tieline.automations.formulas.php_dates import format_date
from tieline.automations.formulas.registry import Moment, example, function
from tieline.automations.formulas.values import Items

_MAX_DATES = 10_000


@function("date", example("{isdate: '2024-02-29'}", True), example("{isdate: '2023-02-29', 'Y-m-d'}", False))
def isdate(context: Context, value: Any, input_format: str | None = None) -> bool:
    """Whether a value is a date, freely read or in a format."""
    if value is None or value == "":
        return False
    try:
        read(context, value, input_format)
    except FormulaValueError:
        return False
    return True


@function("date", example("{isbefore: '2024-05-01', '2024-05-15'}", True))
def isbefore(first: Moment, second: Moment) -> bool:
    """Whether the first date is earlier."""
    return first < second


@function("date", example("{isafter: '2024-05-16', 'now'}", True))
def isafter(first: Moment, second: Moment) -> bool:
    """Whether the first date is later."""
    return first > second


@function("date", example("{isbetween: 'now', '2024-05-01', '2024-05-31'}", True))
def isbetween(value: Moment, from_: Moment, to: Moment) -> bool:
    """Whether a date lies between two others, both included."""
    return from_ <= value <= to


@function("date", example("{issame: '2024-05-15 08:00', 'now', 'day'}", True), aliases=("samedate",))
def issame(first: Moment, second: Moment, unit: str = "day") -> bool:
    """Whether two dates lie in the same year, quarter, month, week, day, hour or minute."""
    name = unit_of(unit)
    return start(first, name) == start(second.astimezone(first.tzinfo), name)


@function("date", example("{isweekend: '2024-05-18'}", True))
def isweekend(value: Moment) -> bool:
    """Whether a date is a Saturday or a Sunday."""
    return value.isoweekday() > 5


@function("date", example("{addworkdays: '2024-05-17', 1, 'Y-m-d'}", "2024-05-20"), aliases=("addweekdays",))
def addworkdays(value: Moment, number: int, format_: str = DEFAULT_FORMAT) -> str:
    """A date moved by days from Monday to Friday."""
    if abs(number) > 1_000_000:
        raise FormulaValueError("'number' must be -1000000 to 1000000")
    return format_date(add_weekdays(value, number), format_)


@function("date", example("{workdays: '2024-05-13', '2024-05-20'}", 6), aliases=("networkdays",))
def workdays(from_: Moment, to: Moment) -> int:
    """How many days from Monday to Friday lie between two dates, both included."""
    early, late, sign = (from_.date(), to.date(), 1) if from_ <= to else (to.date(), from_.date(), -1)
    weeks, rest = divmod((late - early).days + 1, 7)
    extra = sum((early.isoweekday() + i - 1) % 7 < 5 for i in range(rest))
    return sign * (weeks * 5 + extra)


@function(
    "date",
    example("{datelist: '2024-05-30', '2024-06-01'}", ["2024-05-30", "2024-05-31", "2024-06-01"]),
    aliases=("daterange",),
)
def datelist(context: Context, from_: Moment, to: Moment, unit: str = "day", format_: str = "Y-m-d") -> Items:
    """All dates from one to another, by day, week, month, quarter or year; at most 10,000."""
    name = unit_of(unit)
    if name not in {"day", "week", "month", "quarter", "year"}:
        raise FormulaValueError("'unit' must be day, week, month, quarter or year")
    out: Items = []
    count = 0
    while (moment := _stepped(from_, name, count)) <= to:
        context.spend(1500)
        if len(out) >= _MAX_DATES:
            raise FormulaValueError(f"there are more than {_MAX_DATES} dates between the two")
        out.append(format_date(moment, format_))
        count += 1
    return out


def _stepped(begin: datetime, unit: str, count: int) -> datetime:
    if unit in {"day", "week"}:
        return begin + timedelta(days=count * (7 if unit == "week" else 1))
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    day = add_months(begin.year, begin.month + months, begin.day)
    return begin.replace(year=day.year, month=day.month, day=day.day)


@function(
    "date",
    example("{timeago: '2024-05-15 09:00'}", "1 hour ago"),
    example("{timeago: '2024-05-18 10:30'}", "in 3 days"),
)
def timeago(context: Context, value: Moment, from_: Moment | None = None) -> str:
    """How long ago or ahead a date is, in words, from now or from another date."""
    seconds = (value - (from_ or context.now)) / timedelta(seconds=1)
    size = abs(seconds)
    for unit, length in (
        ("year", 31_556_952),
        ("month", 2_629_746),
        ("week", 604_800),
        ("day", 86_400),
        ("hour", 3600),
        ("minute", 60),
    ):
        if size >= length:
            amount = int(size // length)
            words = f"{amount} {unit}{'s' if amount > 1 else ''}"
            return f"{words} ago" if seconds < 0 else f"in {words}"
    return "just now"


@function("date", example("{latestdate: {$.l}}", "2024-05-15", l=["2024-05-01", "2024-05-15"]), aliases=("maxdate",))
def latestdate(context: Context, list_: Items) -> Any:
    """The latest of a list of dates, as it is written; what is no date is left out."""
    return max(_dated(context, list_), key=lambda pair: pair[0], default=(None, None))[1]


@function("date", example("{earliestdate: {$.l}}", "2024-05-01", l=["2024-05-01", "2024-05-15"]), aliases=("mindate",))
def earliestdate(context: Context, list_: Items) -> Any:
    """The earliest of a list of dates, as it is written; what is no date is left out."""
    return min(_dated(context, list_), key=lambda pair: pair[0], default=(None, None))[1]


def _dated(context: Context, list_: Items) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for value in list_:
        try:
            found.append((read(context, value, None).astimezone(UTC), value))
        except FormulaError as error:
            if error.code == "formula-limit":
                raise
    return found
