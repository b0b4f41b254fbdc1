"""Rate limiting that can be switched on: fixed windows a caller, with the usual headers and `Retry-After`.

It also notes the calls that came before the time that `Retry-After` had asked for: a polite client makes none.
"""

from __future__ import annotations

import math
import time
from email.utils import formatdate

from msgspec import Struct

from tieline.sandbox.web import Headers, Refusal


class Limit(Struct, kw_only=True, forbid_unknown_fields=True):
    """``calls`` in ``seconds``, a caller; ``calls`` 0 = no limit. ``retry_after`` as ``seconds`` or HTTP ``date``."""

    calls: int = 0
    seconds: float = 60.0
    retry_after: str = "seconds"


class Window(Struct):
    started: float
    used: int = 0
    promised: float = 0.0


class Limits:
    """One limiter a service."""

    def __init__(self) -> None:
        self.limit = Limit()
        self.refused = 0
        self.early = 0
        self._windows: dict[str, Window] = {}

    def set(self, limit: Limit) -> None:
        self.limit = limit
        self._windows.clear()

    def take(self, caller: str) -> Headers:
        """Counts one call and returns the headers that say what is left; over the limit it raises 429."""
        limit = self.limit
        now = time.monotonic()
        window = self._windows.get(caller)
        if window is None or now - window.started >= limit.seconds:
            window = self._windows[caller] = Window(now)
        left = limit.calls - window.used
        wait = limit.seconds - (now - window.started)
        if left > 0:
            window.used += 1
            return self._headers(left - 1, wait)
        self.refused += 1
        if now < window.promised:
            self.early += 1
        seconds = max(1, math.ceil(wait))
        window.promised = now + wait
        value = str(seconds) if limit.retry_after == "seconds" else formatdate(time.time() + seconds, usegmt=True)
        raise Refusal(
            429,
            "rate_limited",
            f"At most {limit.calls} calls in {limit.seconds:g} seconds; come back in {seconds} s.",
            headers=((b"retry-after", value.encode()), *self._headers(0, wait)),
        )

    def _headers(self, left: int, wait: float) -> Headers:
        return (
            (b"x-ratelimit-limit", b"%d" % self.limit.calls),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % max(1, math.ceil(wait))),
        )
