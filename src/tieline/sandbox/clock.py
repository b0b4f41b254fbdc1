"""Time stamps of the sandbox: RFC 3339 in UTC with microseconds, no two alike, never going back.

All stamps have the same width, so that they sort as text.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from tieline.core.clock import iso
from tieline.sandbox.web import Refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stamps:
    """Starts behind ``floor`` (the newest seeded record), whatever the machine's clock says."""

    def __init__(self, floor: datetime) -> None:
        self._last = (floor - _EPOCH) // timedelta(microseconds=1)

    def next(self) -> str:
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return iso(_EPOCH + timedelta(microseconds=self._last))


def moment(text: str, field: str, status: int = 422) -> str:
    """An RFC 3339 time or a date, as this sandbox writes it; refuses anything else. Without a zone it is UTC."""
    try:
        parsed = datetime.fromisoformat(text)
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return iso(aware) if aware.year >= 1000 else _refuse(field, status)
    except (ValueError, OverflowError):
        return _refuse(field, status)


def _refuse(field: str, status: int) -> str:
    code = "invalid_parameter" if status == 400 else "invalid_body"
    message = f"'{field.strip('/')}' must be an RFC 3339 time such as 2026-09-30T14:05:00Z."
    raise Refusal(status, code, message, field=field)
