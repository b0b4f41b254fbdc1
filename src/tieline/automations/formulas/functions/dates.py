"""Dates: reading, writing, moving, measuring."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaValueError
from tieline.automations.formulas.moments import add_months, days_in_month, moment_of, parse_moment
from tieline.automations.formulas.php_dates import format_date, parse_date, unix
from tieline.automations.formulas.registry import Moment, example, function
from tieline.automations.formulas.values import Number, text_of, tidy
from tieline.automations.formulas.zones import zone

DEFAULT_FORMAT = "Y-m-d H:i:s"
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_ALIASES = {
    "s": "second",
    "sec": "second",
    "i": "minute",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "m": "month",
    "y": "year",
}


def read(context: Context, value: Any, pattern: str | None) -> datetime:
    """A date with or without a format for reading it."""
    if pattern is None or pattern == "":
        return moment_of(value, context)
    context.spend(2000)
    return parse_date(text_of(value), pattern, context.now, context.env.timezone)


def unit_of(unit: str) -> str:
    """The name of a unit: year, quarter, month, week, day, hour, minute or second, also in the plural or short."""
    name = unit.strip().lower()
    name = _ALIASES.get(name, name.removesuffix("s"))
    if name not in _UNITS:
        raise FormulaValueError(f"'unit' must be one of {', '.join(_UNITS)}")
    return name


@function(
    "date",
    example("{date: 'June 1, 2021', 'd-m-y'}", "01-06-21"),
    example("{date: '01/06/2021', 'Y-m-d', 'd/m/Y'}", "2021-06-01"),
    example("{date: 'now - 14 days', 'Y-m-d'}", "2024-05-01"),
    example("{date: 'first day of next month', 'l j F Y'}", "Saturday 1 June 2024"),
    example("{date: 'last monday of may 2024', 'Y-m-d'}", "2024-05-27"),
    example("{date: 'tomorrow noon', 'c'}", "2024-05-16T12:00:00+00:00"),
    example("{date: 1622505600}", "2021-06-01 00:00:00"),
    example("{date: {$.missing}, 'Y-m-d'}", None),
    example("{date: 'not a date', 'Y-m-d'}", error="formula-value"),
    aliases=("formatdate", "dateformat"),
)
def date(context: Context, value: Any, format_: str = DEFAULT_FORMAT, input_format: str | None = None) -> str | None:
    """A date as text in a format of PHP's letters (`Y-m-d H:i:s` by default), read freely or by an input format.
    Null gives null."""
    if value is None or value == "":
        return None
    return format_date(read(context, value, input_format), format_)


@function(
    "date",
    example("{converttimezone: '2024-05-15 10:30', , 'Etc/UTC', 'Y-m-d H:i', 'Europe/Brussels'}", "2024-05-15 12:30"),
    example("{converttimezone: 'now', , 'Etc/UTC', 'U', 'Etc/UTC'}", "1715769000"),
)
def converttimezone(
    context: Context,
    value: Any,
    input_format: str | None = None,
    from_: str = "UTC",
    format_: str = DEFAULT_FORMAT,
    to: str = "UTC",
) -> str | None:
    """A date from one time zone in another: the value, its format (may be empty), its zone, the wanted format, the
    wanted zone."""
    if value is None or value == "":
        return None
    source = zone(from_)
    context.spend(2000)
    if isinstance(value, str) and (input_format is None or input_format == ""):
        moment = parse_moment(value, context.now, source)
    elif isinstance(value, str):
        moment = parse_date(value, input_format or "", context.now, source)
    else:
        moment = moment_of(value, context)
    return format_date(moment.astimezone(zone(to)), format_)


@function(
    "date",
    example("{datediff: '2024-05-01', '2024-05-15'}", 14),
    example("{datediff: '2024-01-31', '2024-05-15', 'months'}", 3),
    example("{datediff: '2024-05-15 10:00', '2024-05-15 11:30', 'minutes'}", 90),
)
def datediff(from_: Moment, to: Moment, unit: str = "days") -> int:
    """How many whole units (days by default) lie between two dates; negative when the second is earlier."""
    name = unit_of(unit)
    if name in _SECONDS:
        span = (to - from_) / timedelta(seconds=1)
        return int(span / _SECONDS[name])
    early, late, sign = (from_, to, 1) if to >= from_ else (to, from_, -1)
    late = late.astimezone(early.tzinfo)
    months = (late.year - early.year) * 12 + late.month - early.month
    reached = add_months(early.year, early.month + months, min(early.day, days_in_month(late.year, late.month)))
    if (reached.date(), early.timetz().replace(tzinfo=None)) > (late.date(), late.timetz().replace(tzinfo=None)):
        months -= 1
    return sign * (months // {"month": 1, "quarter": 3, "year": 12}[name])


@function(
    "date",
    example("{timestamp:}", 1715769000),
    example("{timestamp: '2021-06-01'}", 1622505600),
    aliases=("unixtime", "strtotime"),
)
def timestamp(context: Context, value: Any = "now", input_format: str | None = None) -> int:
    """A date as Unix seconds; now when none is given."""
    return unix(read(context, value, input_format))


@function("date", example("{timestampms: '2021-06-01'}", 1622505600000))
def timestampms(value: Moment) -> int:
    """A date as Unix milliseconds."""
    return unix(value) * 1000 + value.microsecond // 1000


@function("date", example("{now:}", "2024-05-15T10:30:00+00:00"), example("{now: 'H:i'}", "10:30"))
def now(context: Context, format_: str = "c") -> str:
    """The present moment, in ISO 8601 or a format."""
    return format_date(context.now, format_)


@function("date", example("{today:}", "2024-05-15"))
def today(context: Context, format_: str = "Y-m-d") -> str:
    """Today's date."""
    return format_date(context.now.replace(hour=0, minute=0, second=0, microsecond=0), format_)


@function(
    "date",
    example("{adddate: '2024-05-15', '+1 month', 'Y-m-d'}", "2024-06-15"),
    example("{adddate: '2024-05-15 08:00', '90 minutes'}", "2024-05-15 09:30:00"),
    aliases=("dateadd", "modifydate"),
)
def adddate(context: Context, value: Moment, change: str, format_: str = DEFAULT_FORMAT) -> str:
    """A date moved by relative words: `+1 month`, `-2 weeks`, `last day of next month`, `next friday`."""
    context.spend(2000)
    return format_date(parse_moment(change, value, value.tzinfo or context.env.timezone), format_)


@function("date", example("{subtractdate: '2024-05-15', '2 weeks', 'Y-m-d'}", "2024-05-01"))
def subtractdate(context: Context, value: Moment, change: str, format_: str = DEFAULT_FORMAT) -> str:
    """A date moved back by an amount such as `2 weeks` or `1 month`."""
    change = change.strip()
    if change.startswith(("+", "-")):
        raise FormulaValueError("'change' must be an amount without a sign, such as '2 weeks'")
    return adddate(context, value, f"{change} ago", format_)


@function("date", example("{startof: '2024-05-15 10:30', 'month', 'Y-m-d'}", "2024-05-01"))
def startof(value: Moment, unit: str, format_: str = DEFAULT_FORMAT) -> str:
    """The beginning of the date's year, quarter, month, week (Monday), day, hour or minute."""
    return format_date(start(value, unit_of(unit)), format_)


def start(value: datetime, unit: str) -> datetime:
    """The first moment of the unit that ``value`` lies in."""
    if unit == "second":
        return value.replace(microsecond=0)
    if unit == "minute":
        return value.replace(second=0, microsecond=0)
    if unit == "hour":
        return value.replace(minute=0, second=0, microsecond=0)
    midnight = value.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return midnight - timedelta(days=midnight.weekday())
    if unit == "day":
        return midnight
    month = {"year": 1, "quarter": (value.month - 1) // 3 * 3 + 1, "month": value.month}[unit]
    return midnight.replace(month=month, day=1)


@function("date", example("{endof: '2024-02-10', 'month'}", "2024-02-29 23:59:59"))
def endof(value: Moment, unit: str, format_: str = DEFAULT_FORMAT) -> str:
    """The last second of the date's year, quarter, month, week, day, hour or minute."""
    name = unit_of(unit)
    begin = start(value, name)
    if name in _SECONDS:
        following = begin + timedelta(seconds=_SECONDS[name])
    else:
        months = {"year": 12, "quarter": 3, "month": 1}[name]
        day = add_months(begin.year, begin.month + months, 1)
        following = begin.replace(year=day.year, month=day.month)
    return format_date(following - timedelta(seconds=1), format_)


@function("date", example("{year: '2024-05-15'}", 2024))
def year(value: Moment) -> int:
    """The year."""
    return value.year


@function("date", example("{month: '2024-05-15'}", 5))
def month(value: Moment) -> int:
    """The month, 1 to 12."""
    return value.month


@function("date", example("{day: '2024-05-15'}", 15))
def day(value: Moment) -> int:
    """The day of the month."""
    return value.day


@function("date", example("{hour: '2024-05-15 10:30'}", 10))
def hour(value: Moment) -> int:
    """The hour, 0 to 23."""
    return value.hour


@function("date", example("{minute: '2024-05-15 10:30'}", 30))
def minute(value: Moment) -> int:
    """The minute."""
    return value.minute


@function("date", example("{second: '2024-05-15 10:30:05'}", 5))
def second(value: Moment) -> int:
    """The second."""
    return value.second


@function("date", example("{weekday: '2024-05-15'}", 3), aliases=("dayofweek",))
def weekday(value: Moment) -> int:
    """The day of the week, Monday is 1, Sunday 7 (ISO 8601)."""
    return value.isoweekday()


@function("date", example("{weekdayname: '2024-05-15'}", "Wednesday"), aliases=("dayname",))
def weekdayname(value: Moment) -> str:
    """The English name of the day of the week."""
    return format_date(value, "l")


@function("date", example("{monthname: '2024-05-15'}", "May"))
def monthname(value: Moment) -> str:
    """The English name of the month."""
    return format_date(value, "F")


@function("date", example("{week: '2024-05-15'}", 20), aliases=("isoweek", "weeknumber"))
def week(value: Moment) -> int:
    """The number of the week (ISO 8601)."""
    return value.isocalendar().week


@function("date", example("{quarter: '2024-05-15'}", 2))
def quarter(value: Moment) -> int:
    """The quarter, 1 to 4."""
    return (value.month + 2) // 3


@function("date", example("{dayofyear: '2024-02-01'}", 32))
def dayofyear(value: Moment) -> int:
    """The day of the year, 1 to 366."""
    return value.timetuple().tm_yday


@function("date", example("{daysinmonth: '2024-02-01'}", 29))
def daysinmonth(value: Moment) -> int:
    """The number of days of the date's month."""
    return days_in_month(value.year, value.month)


@function("date", example("{isleapyear: '2024-01-01'}", True))
def isleapyear(value: Moment) -> bool:
    """Whether the date's year has 366 days."""
    return days_in_month(value.year, 2) == 29


@function("date", example("{age: '2000-05-16'}", 23))
def age(context: Context, birthday: Moment, at: Moment | None = None) -> int:
    """Whole years from a date until today, or until another date."""
    return datediff(birthday, at or context.now, "year")


@function("date", example("{formatduration: 93784}", "1d 2h 3m 4s"))
def formatduration(seconds: Number) -> str:
    """A number of seconds as days, hours, minutes and seconds."""
    rest = abs(int(seconds))
    pieces = []
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        amount, rest = divmod(rest, size)
        if amount:
            pieces.append(f"{amount}{letter}")
    return ("-" if seconds < 0 else "") + (" ".join(pieces) or "0s")


@function("date", example("{fromqlikdate: 44348}", "2021-06-01"), aliases=("fromexceldate",))
def fromqlikdate(number: Number, format_: str = "Y-m-d") -> str:
    """A date out of the day count that spreadsheets and Qlik use (days since 30 December 1899)."""
    return format_date(datetime.fromisoformat("1899-12-30T00:00:00+00:00") + timedelta(days=number), format_)


@function("date", example("{toqlikdate: '2021-06-01'}", 44348), aliases=("toexceldate",))
def toqlikdate(value: Moment) -> Number:
    """A date as the day count that spreadsheets and Qlik use."""
    epoch = datetime.fromisoformat("1899-12-30T00:00:00").replace(tzinfo=value.tzinfo)
    return tidy((value.replace(tzinfo=None) - epoch.replace(tzinfo=None)) / timedelta(days=1))
