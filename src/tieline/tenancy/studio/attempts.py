"""How often somebody may try to get in: counted by the database, so exact over any number of processes."""

from __future__ import annotations

import hashlib
from typing import Final

from tieline.storage.database import Database
from tieline.storage.limits import Limiter
from tieline.tenancy import audit
from tieline.tenancy.studio.errors import TooManySignIns

WINDOW_SECONDS: Final = 300
MOST_OF_ACCOUNT: Final = 10
MOST_OF_ADDRESS: Final = 300


class Attempts:
    """Counts before anything is looked at, so that a refusal says nothing of what would have come."""

    def __init__(self, database: Database) -> None:
        self._limiter = Limiter(database)

    async def count(self, account: str | None = None) -> None:
        """One attempt, from the address of the present request, to get into ``account`` (any name for it).

        Raises `TooManySignIns`.
        """
        await self._take(f"sign-in:from:{audit.caller().address}", MOST_OF_ADDRESS)
        if account is not None:
            name = hashlib.sha256(account.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:32]
            await self._take(f"sign-in:to:{name}", MOST_OF_ACCOUNT)

    async def _take(self, key: str, limit: int) -> None:
        usage = await self._limiter.take(key, limit, window=WINDOW_SECONDS)
        if not usage.allowed:
            raise TooManySignIns(
                "Too many attempts to sign in; wait a few minutes and try again.", retry_after=usage.retry_after
            )
