"""Moments as APIs write them.

Real servers send RFC 3339 with ``T`` or a blank, with or without a zone, seconds in lists and microseconds in
webhooks. Here they all become aware UTC datetimes; what is not a moment gives None rather than an error, because a
field may be anything.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from tieline.core.errors import BadInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(value: Any) -> datetime | None:
    """A datetime, date, epoch number (s, ms, us or ns by its size) or text as an aware UTC datetime, or None."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _epoch(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if not text or len(text) > 64:
        return None
    try:
        return parse(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        # Eight digits that are no ISO date cannot occur here; longer and shorter numbers are epochs.
        return _epoch(float(text))
    except ValueError:
        pass
    try:
        return parse(parsedate_to_datetime(text))  # RFC 5322 3.3, as in HTTP headers
    except (ValueError, TypeError, IndexError):
        return None


def _epoch(number: float) -> datetime | None:
    size = abs(number)
    if not size < 1e20:
        return None
    unit = 1 if size < 1e11 else 1e3 if size < 1e14 else 1e6 if size < 1e17 else 1e9
    try:
        if isinstance(number, int):
            return _EPOCH + timedelta(microseconds=number * 1_000_000 // int(unit))
        return _EPOCH + timedelta(seconds=number / unit)
    except OverflowError:
        return None


def render(moment: datetime, format: str) -> str:
    """``iso`` (RFC 3339, ``Z``, as precise as the moment is), ``unix``, ``unix_ms``, ``date`` or a strftime pattern,
    in UTC.
    """
    utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if format in ("", "iso"):
        timespec = "microseconds" if utc.microsecond % 1000 else "milliseconds" if utc.microsecond else "seconds"
        return utc.replace(tzinfo=None).isoformat(timespec=timespec) + "Z"
    delta = utc - _EPOCH
    if format == "unix":
        return str(delta // timedelta(seconds=1))
    if format == "unix_ms":
        return str(delta // timedelta(milliseconds=1))
    if format == "date":
        return utc.date().isoformat()
    if "%" not in format:
        raise BadInput(
            f"the time format {format!r} is not known; use iso, unix, unix_ms, date or a strftime pattern with %"
        )
    return utc.strftime(format)
