"""What an answer says about how fast we may go.

``Retry-After`` (RFC 9110 10.2.3, seconds or a date), ``RateLimit`` (the IETF draft in its old and its structured form)
and the ``X-RateLimit-*`` family in its dialects: reset as seconds to go, epoch seconds or milliseconds, or a date.
Values that no honest server sends (negative, in the past, not a number, over a day) count as nothing said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from tieline.connectors.manifest.model import RateBudget
from tieline.connectors.runtime import times
from tieline.core.clock import now

LONGEST: Final = 86_400.0
_RESET: Final = (
    "x-ratelimit-reset",
    "ratelimit-reset",
    "x-rate-limit-reset",
    "x-ratelimit-reset-after",
    "x-ratelimit-requests-reset",
    "x-retry-after",
)
_REMAINING: Final = (
    "x-ratelimit-remaining",
    "ratelimit-remaining",
    "x-rate-limit-remaining",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-requests-remaining",
)
_STRUCTURED: Final = re.compile(r"(?:^|[;,\s])(r|t|remaining|reset)\s*=\s*(\d+)")


class Advice(Struct, frozen=True):
    """``wait`` and ``reset`` are seconds from now; None = not said. ``limited`` = this answer was a refusal."""

    limited: bool = False
    wait: float | None = None
    remaining: int | None = None
    reset: float | None = None

    @property
    def silent(self) -> bool:
        """True where the answer says nothing about limits."""
        return not self.limited and self.remaining is None


NOTHING: Final = Advice()


def read(
    headers: Mapping[str, str],
    *,
    limited: bool = False,
    rate: RateBudget | UnsetType = UNSET,
    moment: datetime | None = None,
) -> Advice:
    """The advice in the headers of one answer."""
    remaining_text = reset_text = None
    if rate is not UNSET:
        remaining_text = headers.get(rate.remaining_header) if rate.remaining_header else None
        reset_text = headers.get(rate.reset_header) if rate.reset_header else None
    if remaining_text is None:
        remaining_text = next((headers[name] for name in _REMAINING if name in headers), None)
    structured = headers.get("ratelimit")
    if remaining_text is None and structured is None and not limited:
        return NOTHING
    moment = moment or now()
    if reset_text is None:
        reset_text = next((headers[name] for name in _RESET if name in headers), None)
    remaining = _count(remaining_text)
    reset = _seconds(reset_text, moment)
    if structured is not None:
        found = dict(_STRUCTURED.findall(structured))
        remaining = _count(found.get("r", found.get("remaining"))) if remaining is None else remaining
        reset = _seconds(found.get("t", found.get("reset")), moment) if reset is None else reset
    if not limited:
        return Advice(remaining=remaining, reset=reset)
    wait = _seconds(headers.get("retry-after"), moment)
    if wait is None:
        wait = reset
    return Advice(limited=True, wait=wait, remaining=0 if remaining is None else remaining, reset=reset)


def retry_after(headers: Mapping[str, str], moment: datetime | None = None) -> float | None:
    """Seconds to wait by ``Retry-After``, or None."""
    given = headers.get("retry-after")
    return _seconds(given, moment or now()) if given else None


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    match = re.match(r"\s*(\d{1,12})", text)
    return int(match.group(1)) if match else None


def _seconds(text: str | None, moment: datetime) -> float | None:
    """A delta or a moment as seconds from now, rounded up to what the notation can say.

    A moment with the resolution of a second was cut, not rounded, by most servers: one second is added, because to come
    one second late costs nothing and to come early costs another refusal.
    """
    if not text:
        return None
    text = text.strip()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        if 0 < number <= LONGEST:
            return float(math.ceil(number))
        if number < 1e9:
            return None
    if re.fullmatch(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+", text):
        unit = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
        total = sum(float(n) * unit[u] for n, u in re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text))
        return float(math.ceil(total)) if 0 < total <= LONGEST else None
    until = times.parse(text)
    if until is None:
        return None
    wait = (until - moment.astimezone(UTC)).total_seconds()
    if not until.microsecond:
        wait += 1.0
    return wait if 0 < wait <= LONGEST else None
