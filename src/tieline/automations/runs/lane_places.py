"""The places of a lane: so many in all, for a tenant, and for an automation as many as it may have runs at a time."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from typing import Final
from uuid import UUID

PLACES: Final = 96
OF_ONE_TENANT: Final = 72
LONGEST_LINE: Final = 512
PATIENCE_SECONDS: Final = 3.0
_MOST_KNOWN: Final = 10_000

Wish = tuple[UUID, UUID, asyncio.Future[None]]


class Places:
    """Who finds none stands in line; the first for whom there is one gets it."""

    def __init__(self) -> None:
        self._tenants: Counter[UUID] = Counter()
        self._automations: Counter[UUID] = Counter()
        self._limits: OrderedDict[UUID, int] = OrderedDict()
        self._line: list[Wish] = []
        self._taken = 0

    def allow(self, automation_id: UUID, runs_at_once: int) -> None:
        """What is known of it now. One of which nothing is known may have one, who finds out."""
        if self._limits.get(automation_id) == runs_at_once:
            return
        self._limits[automation_id] = runs_at_once
        self._admit()
        if len(self._limits) > _MOST_KNOWN:
            self._limits.popitem(last=False)

    async def take(self, tenant_id: UUID, automation_id: UUID) -> bool:
        """False: the line is too long, or it took too long."""
        if self._fits(tenant_id, automation_id):
            self._occupy(tenant_id, automation_id)
            return True
        if len(self._line) >= LONGEST_LINE:
            return False
        wish = (tenant_id, automation_id, asyncio.get_running_loop().create_future())
        self._line.append(wish)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await wish[2]
        except TimeoutError:
            return wish[2].done() and not wish[2].cancelled()  # it came at the last moment
        except asyncio.CancelledError:
            if wish[2].done() and not wish[2].cancelled():
                self.give_back(tenant_id, automation_id)
            raise
        finally:
            if wish in self._line:
                self._line.remove(wish)
        return True

    def give_back(self, tenant_id: UUID, automation_id: UUID) -> None:
        self._taken -= 1
        for counter, key in ((self._tenants, tenant_id), (self._automations, automation_id)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        self._admit()

    def _admit(self) -> None:
        for wish in list(self._line):
            if self._taken >= PLACES:
                return
            if not wish[2].done() and self._fits(wish[0], wish[1]):
                self._line.remove(wish)
                self._occupy(wish[0], wish[1])
                wish[2].set_result(None)

    def _fits(self, tenant_id: UUID, automation_id: UUID) -> bool:
        return (
            self._taken < PLACES
            and self._tenants[tenant_id] < OF_ONE_TENANT
            and self._automations[automation_id] < self._limits.get(automation_id, 1)
        )

    def _occupy(self, tenant_id: UUID, automation_id: UUID) -> None:
        self._taken += 1
        self._tenants[tenant_id] += 1
        self._automations[automation_id] += 1
