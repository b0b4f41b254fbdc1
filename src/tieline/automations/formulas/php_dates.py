"""Dates written and read by format, with the letters of PHP's ``date()`` and ``DateTime::createFromFormat()``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from tieline.automations.formulas.errors import FormulaValueError
from tieline.automations.formulas.moments import DAYS, MONTHS, days_in_month
from tieline.automations.formulas.zones import zone

_MAX_FORMAT: Final = 200
NAMED: Final = {
    "atom": "Y-m-d\\TH:i:sP",
    "iso8601": "Y-m-d\\TH:i:sP",
    "rfc3339": "Y-m-d\\TH:i:sP",
    "rfc2822": "D, d M Y H:i:s O",
    "rfc822": "D, d M y H:i:s O",
    "cookie": "l, d-M-Y H:i:s T",
}
"""Formats that may be called by name."""


def _offset(moment: datetime, separator: str) -> str:
    span = moment.utcoffset() or timedelta(0)
    minutes = int(abs(span).total_seconds()) // 60
    sign = "-" if span < timedelta(0) else "+"
    return f"{sign}{minutes // 60:02d}{separator}{minutes % 60:02d}"


def _ending(day: int) -> str:
    return "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _zone_name(moment: datetime) -> str:
    key = getattr(moment.tzinfo, "key", None)
    return key if isinstance(key, str) else "UTC" if moment.utcoffset() == timedelta(0) else _offset(moment, ":")


def _swatch(moment: datetime) -> str:
    seconds = (moment.astimezone(UTC) + timedelta(hours=1)).timestamp() % 86400
    return f"{int(seconds / 86.4):03d}"


def unix(moment: datetime) -> int:
    """Whole Unix seconds, rounded down."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + _offset(moment, ":")


_LETTERS: Final[dict[str, Callable[[datetime], str]]] = {
    "d": lambda m: f"{m.day:02d}",
    "D": lambda m: DAYS[m.weekday()][:3].capitalize(),
    "j": lambda m: str(m.day),
    "l": lambda m: DAYS[m.weekday()].capitalize(),
    "N": lambda m: str(m.isoweekday()),
    "S": lambda m: _ending(m.day),
    "w": lambda m: str(m.isoweekday() % 7),
    "z": lambda m: str(m.timetuple().tm_yday - 1),
    "W": lambda m: f"{m.isocalendar().week:02d}",
    "F": lambda m: MONTHS[m.month - 1].capitalize(),
    "m": lambda m: f"{m.month:02d}",
    "M": lambda m: MONTHS[m.month - 1][:3].capitalize(),
    "n": lambda m: str(m.month),
    "t": lambda m: str(days_in_month(m.year, m.month)),
    "L": lambda m: "1" if days_in_month(m.year, 2) == 29 else "0",
    "o": lambda m: str(m.isocalendar().year),
    "Y": lambda m: f"{m.year:04d}",
    "x": lambda m: f"{m.year:04d}",
    "X": lambda m: f"+{m.year:04d}",
    "y": lambda m: f"{m.year % 100:02d}",
    "a": lambda m: "am" if m.hour < 12 else "pm",
    "A": lambda m: "AM" if m.hour < 12 else "PM",
    "B": _swatch,
    "g": lambda m: str((m.hour + 11) % 12 + 1),
    "G": lambda m: str(m.hour),
    "h": lambda m: f"{(m.hour + 11) % 12 + 1:02d}",
    "H": lambda m: f"{m.hour:02d}",
    "i": lambda m: f"{m.minute:02d}",
    "s": lambda m: f"{m.second:02d}",
    "u": lambda m: f"{m.microsecond:06d}",
    "v": lambda m: f"{m.microsecond // 1000:03d}",
    "e": _zone_name,
    "I": lambda m: "1" if m.dst() else "0",
    "O": lambda m: _offset(m, ""),
    "P": lambda m: _offset(m, ":"),
    "p": lambda m: "Z" if not m.utcoffset() else _offset(m, ":"),
    "T": lambda m: m.tzname() or "UTC",
    "Z": lambda m: str(int((m.utcoffset() or timedelta(0)).total_seconds())),
    "c": _iso,
    "r": lambda m: format_date(m, NAMED["rfc2822"]),
    "U": lambda m: str(unix(m)),
}


def format_date(moment: datetime, pattern: str) -> str:
    """A date by PHP's letters; a backslash before a letter keeps it."""
    if len(pattern) > _MAX_FORMAT:
        raise FormulaValueError(f"the date format must have at most {_MAX_FORMAT} characters")
    pattern = NAMED.get(pattern.lower(), pattern)
    out = []
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            out.append(next(letters, ""))
        else:
            write = _LETTERS.get(letter)
            out.append(write(moment) if write else letter)
    return "".join(out)


_NUMBERS: Final = {
    "d": ("day", 2), "j": ("day", 2), "m": ("month", 2), "n": ("month", 2), "Y": ("year", 4), "x": ("year", 4),
    "y": ("short", 2), "H": ("hour", 2), "G": ("hour", 2), "h": ("half", 2), "g": ("half", 2), "i": ("minute", 2),
    "s": ("second", 2), "z": ("yearday", 3), "U": ("unix", 12),
}  # fmt: skip
_ZONE: Final = r"([A-Za-z0-9/_+:-]{1,40})"
_READ: Final = {
    "D": r"[A-Za-z]{3,9}", "l": r"[A-Za-z]{3,9}", "S": r"(?:st|nd|rd|th|ST|ND|RD|TH)", "M": r"([A-Za-z]{3,9})\.?",
    "F": r"([A-Za-z]{3,9})", "a": r"([AaPp])\.?[Mm]\.?", "A": r"([AaPp])\.?[Mm]\.?", "u": r"([0-9]{1,6})",
    "v": r"([0-9]{1,3})", "e": _ZONE, "T": _ZONE, "O": _ZONE, "P": _ZONE, "p": _ZONE, "?": r".",
    "*": r"[^\s,;:/.\\()-]*", "#": r"[;:/.,()-]", " ": r"[ \t]+",
}  # fmt: skip


def parse_date(text: str, pattern: str, now: datetime, default_zone: tzinfo) -> datetime:
    """The date in a text of that format; what the format does not say is the day of now, midnight. Raises
    ``FormulaValueError``."""
    if len(pattern) > _MAX_FORMAT or len(text) > _MAX_FORMAT:
        raise FormulaValueError(f"the date and its format must have at most {_MAX_FORMAT} characters each")
    found = _fields(text.strip(), NAMED.get(pattern.lower(), pattern).replace("c", NAMED["atom"]))
    try:
        return _built(found, now, default_zone)
    except (ValueError, OverflowError, KeyError):
        raise FormulaValueError("the date does not exist or does not fit its format") from None


def _fields(text: str, pattern: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    letters = iter(pattern)
    for letter in letters:
        if letter in "!|":
            continue
        if letter == "+":
            return found
        name, expression = _expression(letter, letters)
        match = re.compile(expression).match(text, at)
        if match is None:
            raise FormulaValueError(f"the date does not fit its format at character {at}, where '{letter}' is expected")
        if name:
            found[name] = match[1] if match.re.groups else match[0]
        at = match.end()
    if at < len(text):
        raise FormulaValueError(f"the date goes on after its format ends, at character {at}")
    return found


def _expression(letter: str, letters: Iterator[str]) -> tuple[str, str]:
    if letter == "\\":
        return "", re.escape(next(letters, ""))
    if letter in _NUMBERS:
        name, digits = _NUMBERS[letter]
        return name, rf"(-?[0-9]{{1,{digits}}})" if name == "unix" else rf"([0-9]{{1,{digits}}})"
    if letter in _READ:
        name = {"M": "month_name", "F": "month_name", "a": "am", "A": "am", "u": "micro", "v": "milli"}.get(letter, "")
        return ("zone" if letter in "eTOPp" else name), _READ[letter]
    return "", re.escape(letter)


def _built(found: dict[str, str], now: datetime, default_zone: tzinfo) -> datetime:
    tz = zone(found["zone"]) if "zone" in found else default_zone
    if "unix" in found:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(found["unix"]))).astimezone(tz)
    today = now.astimezone(tz)
    year = int(found["year"]) if "year" in found else today.year
    if "short" in found:
        year = int(found["short"]) + (2000 if int(found["short"]) < 70 else 1900)
    dated = "year" in found or "short" in found or "month" in found or "month_name" in found
    month = (
        int(found["month"]) if "month" in found else today.month if not ("year" in found and "day" not in found) else 1
    )
    if "month_name" in found:
        month = [name[:3] for name in MONTHS].index(found["month_name"][:3].lower()) + 1
    day = int(found["day"]) if "day" in found else 1 if dated else today.day
    hour = int(found.get("hour", "0"))
    if "half" in found:
        hour = int(found["half"]) % 12 + (12 if found.get("am", "a").lower() == "p" else 0)
    micro = int(found["micro"].ljust(6, "0")) if "micro" in found else int(found.get("milli", "0").ljust(3, "0")) * 1000
    moment = datetime(
        year, month, day, hour, int(found.get("minute", "0")), int(found.get("second", "0")), micro, tzinfo=tz
    )
    if "yearday" in found:
        moment = datetime(year, 1, 1, tzinfo=tz) + timedelta(days=int(found["yearday"]))
    return moment
