"""How many requests a user of a tenant may make in a minute: tier 1 for reading, tier 2 for everything else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from tieline.core.errors import RateLimited
from tieline.storage.database import Database
from tieline.storage.limits import Limiter
from tieline.tenancy.principal import Principal

Tier = Literal[1, 2]
WINDOW_SECONDS = 60


class Tiers(Struct, frozen=True):
    """Requests a minute. A tenant's own figures stand in its settings: ``{"rateLimits": {"tier1": 5000}}``."""

    tier1: int = 1000
    tier2: int = 100
    oem: int = 300

    def of(self, tier: Tier, settings: Mapping[str, Any]) -> int:
        """The limit that holds for a tenant with these settings."""
        return _own(settings, f"tier{tier}") or (self.tier1 if tier == 1 else self.tier2)

    def of_account(self, settings: Mapping[str, Any]) -> int:
        """The calls of the partner's API that may be about a tenant with these settings, or be the partner's own."""
        return _own(settings, "oem") or self.oem


def _own(settings: Mapping[str, Any], name: str) -> int | None:
    own = settings.get("rateLimits")
    figure = own.get(name) if isinstance(own, Mapping) else None
    return figure if isinstance(figure, int) and not isinstance(figure, bool) and figure > 0 else None


class Standing(Struct, frozen=True):
    """Where a caller stands after this request."""

    limit: int
    remaining: int


class OverLimit(RateLimited):
    """The caller used up its requests of this minute."""

    code = "too-many-requests"
    title = "Too many requests"

    def __init__(self, *, limit: int, retry_after: float) -> None:
        super().__init__(
            f"More than {limit} requests of this kind in a minute; wait as long as retry-after says.",
            retry_after=retry_after,
            meta={"limit": limit},
        )
        self.limit = limit


def tier_of(method: str) -> Tier:
    """The tier of a request: reading is tier 1."""
    return 1 if method in {"GET", "HEAD"} else 2


class RateLimits:
    """Counts requests per user and tenant, exact over any number of processes."""

    def __init__(self, database: Database, tiers: Tiers | None = None) -> None:
        self._limiter = Limiter(database)
        self._tiers = tiers or Tiers()

    async def count(self, principal: Principal, tier: Tier) -> Standing:
        """Counts one request. Raises `OverLimit`."""
        limit = self._tiers.of(tier, principal.settings)
        key = f"api:{tier}:{principal.tenant_id}:{principal.counted_as}"
        usage = await self._limiter.take(key, limit, window=WINDOW_SECONDS)
        if not usage.allowed:
            raise OverLimit(limit=limit, retry_after=usage.retry_after)
        return Standing(limit, usage.remaining)

    async def count_sign_on(self, partner: UUID, account: str) -> None:
        """Counts one sign-on to an account, by the partner's id for it: it may not be there yet. Raises `OverLimit`."""
        name = hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        usage = await self._limiter.take(f"sign-on:{partner}:{name}", self._tiers.oem, window=WINDOW_SECONDS)
        if not usage.allowed:
            raise OverLimit(limit=self._tiers.oem, retry_after=usage.retry_after)

    async def count_account(self, account: UUID, settings: Mapping[str, Any]) -> Standing:
        """Counts one call of the partner's API about a tenant, or (the partner's id) about none. Raises `OverLimit`."""
        limit = self._tiers.of_account(settings)
        usage = await self._limiter.take(f"oem:{account}", limit, window=WINDOW_SECONDS)
        if not usage.allowed:
            raise OverLimit(limit=limit, retry_after=usage.retry_after)
        return Standing(limit, usage.remaining)
