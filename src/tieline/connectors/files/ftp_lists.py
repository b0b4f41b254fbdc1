"""What FTP servers say about files: facts (RFC 3659 section 7), and LIST as Unix and Windows print it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNIX = re.compile(
    r"([-dl])[-rwxsStT]{9}[@+.]?\s+\d+\s+\S+\s+\S+\s+(\d+)\s+([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{4}|\d{1,2}:\d{2})\s(.+)"
)
_WINDOWS = re.compile(r"(\d{2})-(\d{2})-(\d{2,4})\s+(\d{2}):(\d{2})\s?([AP]M)?\s+(<DIR>|\d+)\s+(.+)", re.IGNORECASE)
_MOMENT = re.compile(r"\s*(\d{14})(?:\.\d+)?\s*")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse_facts(line: str) -> tuple[dict[str, str], str]:
    """``size=3;type=file; name`` as (facts in lower case, name)."""
    facts, _, name = line.lstrip(" ").partition(" ")
    found = {}
    for fact in facts.split(";"):
        key, _, value = fact.partition("=")
        found[key.lower()] = value.lower() if key.lower() == "type" else value
    return found, name


def parse_moment(text: str) -> datetime | None:
    """``YYYYMMDDHHMMSS`` in UTC, or None for anything else."""
    found = _MOMENT.fullmatch(text)
    try:
        return datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def parse_list(line: str, now: datetime) -> tuple[dict[str, str], str]:
    """A line of LIST as (facts, name); ("" for a line that tells of no file)."""
    unix = _UNIX.fullmatch(line)
    if unix:
        kind = {"-": "file", "d": "dir", "l": "link"}[unix[1]]
        return {"type": kind, "size": unix[2], "modify": _unix_moment(unix[3], int(unix[4]), unix[5], now)}, unix[6]
    windows = _WINDOWS.fullmatch(line)
    if windows:
        kind = "dir" if windows[7].upper() == "<DIR>" else "file"
        return {"type": kind, "size": windows[7] if kind == "file" else ""}, windows[8]
    return {}, ""


def _unix_moment(month: str, day: int, year_or_time: str, now: datetime) -> str:
    if month not in _MONTHS:
        return ""
    hour = minute = 0
    year = now.year
    if ":" in year_or_time:
        hour, minute = (int(part) for part in year_or_time.split(":"))
    else:
        year = int(year_or_time)
    try:
        found = datetime(year, _MONTHS.index(month) + 1, day, hour, minute, tzinfo=UTC)
        if ":" in year_or_time and found > now + timedelta(days=1):
            found = found.replace(year=year - 1)  # no year stands for the last twelve months
    except ValueError:
        return ""
    return found.strftime("%Y%m%d%H%M%S")
