"""How often somebody may try to get in: counted by the database, so exact over any number of processes."""

from __future__ import annotations

import hashlib
from ipaddress import IPv6Address, ip_address
from typing import Final

from tieline.storage.database import Database
from tieline.storage.limits import Limiter
from tieline.tenancy import audit
from tieline.tenancy.studio.errors import TooManySignIns

WINDOW_SECONDS: Final = 300
MOST_OF_ACCOUNT: Final = 10  # from one network
MOST_OF_ACCOUNT_IN_ALL: Final = 100
MOST_OF_ADDRESS: Final = 300


class Attempts:
    """Counts before anything is looked at, so that a refusal says nothing of what would have come."""

    def __init__(self, database: Database) -> None:
        self._limiter = Limiter(database)

    async def count(self, account: str | None = None) -> None:
        """One attempt, from the network of the present request, to get into ``account`` (any name for it).

        Few from one network, more from all together: who only knows the name of an account cannot keep its owner out,
        who comes from elsewhere. Raises `TooManySignIns`.
        """
        network = network_of(audit.caller().address)
        await self._take(f"sign-in:from:{network}", MOST_OF_ADDRESS)
        if account is not None:
            name = hashlib.sha256(account.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:32]
            await self._take(f"sign-in:to:{name}:from:{network}", MOST_OF_ACCOUNT)
            await self._take(f"sign-in:to:{name}", MOST_OF_ACCOUNT_IN_ALL)

    async def _take(self, key: str, limit: int) -> None:
        usage = await self._limiter.take(key, limit, window=WINDOW_SECONDS)
        if not usage.allowed:
            raise TooManySignIns(
                "Too many attempts to sign in; wait a few minutes and try again.", retry_after=usage.retry_after
            )


def network_of(address: str) -> str:
    """Whose address it is: an IPv4 address, or the /64 of an IPv6 one, of which a single machine has all."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(IPv6Address(int(known) >> 64 << 64))
