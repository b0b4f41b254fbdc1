"""What the other side's clock says, for signatures that hold the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from tieline.core.clock import now

_NOTICEABLE: Final = 5.0  # seconds; Date has a resolution of one
_LARGEST: Final = 366 * 86_400.0


class Clock:
    """Our clock, corrected by what a server's Date said when it refused a timestamp."""

    __slots__ = ("offset",)

    def __init__(self) -> None:
        self.offset = 0.0

    def seconds(self) -> float:
        """Seconds since 1970, as the server counts them."""
        return now().timestamp() + self.offset

    def learn(self, headers: Mapping[str, str]) -> bool:
        """Take the server's time from its answer (RFC 9110 section 6.6.1); True where ours was wrong."""
        try:
            date = parsedate_to_datetime(headers.get("Date", ""))
        except (ValueError, TypeError, IndexError, OverflowError):
            return False
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        offset = date.timestamp() - now().timestamp()
        if abs(offset - self.offset) < _NOTICEABLE or abs(offset) > _LARGEST:
            return False
        self.offset = offset
        return True
