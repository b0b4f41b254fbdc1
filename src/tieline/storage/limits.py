"""Fixed-window counters for rate limits, exact over any number of processes because the database counts."""

from __future__ import annotations

from typing import LiteralString, NamedTuple

from tieline.storage.database import Database

# The table is unlogged: no flush to disk, and a crash of the server begins a new window for everybody.
_TAKE: LiteralString = """
    INSERT INTO rate_windows AS known (key, window_start, count)
    VALUES (%s, floor(extract(epoch FROM now()) / %s)::bigint * %s, %s)
    ON CONFLICT (key, window_start) DO UPDATE SET count = least(known.count + excluded.count, %s)
    RETURNING count, window_start, extract(epoch FROM now())::float8
"""
_FORGET: LiteralString = "DELETE FROM rate_windows WHERE window_start < extract(epoch FROM now()) - %s"
_KEEP_SECONDS = 3600
_TAKES_BETWEEN_CLEANINGS = 5000


class Usage(NamedTuple):
    """The state of a window after a request. ``remaining`` requests are left; ``retry_after`` is in seconds."""

    allowed: bool
    limit: int
    remaining: int
    retry_after: float


class Limiter:
    """Counts requests by key, for example ``"tier2:<tenant>:<user>"``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._takes = 0

    async def take(self, key: str, limit: int, *, window: int = 60, cost: int = 1) -> Usage:
        """Count one request of ``cost`` against ``limit`` in the present window of ``window`` seconds. One round trip.

        Of all requests in a window, in whatever process, exactly ``limit`` are allowed.
        """
        if limit < 1 or window < 1 or cost < 1:
            raise ValueError("limit, window and cost must be at least 1")
        rows = await self._database.autocommit(_TAKE, key, window, window, cost, limit + cost)
        count, start, now = rows[0]
        self._takes += 1
        if self._takes % _TAKES_BETWEEN_CLEANINGS == 0:
            await self._database.autocommit(_FORGET, _KEEP_SECONDS)
        return Usage(
            allowed=count <= limit,
            limit=limit,
            remaining=max(0, limit - count),
            retry_after=max(0.0, start + window - now),
        )
