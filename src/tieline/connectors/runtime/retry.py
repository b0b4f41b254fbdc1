"""When and how often a call is tried again.

What is tried again: an answer that says "later" (429, 503: nothing happened), one that says nothing about what
happened (other 5xx, 408), and no answer at all. A write whose answer was lost is tried again too, also without an
idempotency key: at least once is the promise, and a lost effect is worse than a doubled one. What was refused is not
tried again.
"""

from __future__ import annotations

from msgspec import Struct

from tieline.connectors.runtime.jitter import between


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """``attempts`` counts the first one. Pauses are "full jitter": even over 0 .. ``base`` * 2^n, at most
    ``longest``.
    """

    attempts: int = 5
    limited_attempts: int = 12  # refusals for speed: each waits for the budget to open
    base: float = 0.5
    longest: float = 30.0
    max_wait: float = 120.0  # the longest Retry-After that is sat through

    def pause(self, attempt: int, told: float | None = None) -> float:
        """Seconds before attempt ``attempt`` + 1, never less than the API told us."""
        drawn = between(0, min(self.longest, self.base * 2 ** min(attempt - 1, 20)))
        return max(drawn, told + between(0, 0.1)) if told is not None else drawn
