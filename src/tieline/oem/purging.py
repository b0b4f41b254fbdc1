"""Accounts whose time is over: once an hour, over all workers, those that were deactivated long enough are removed.

An account that somebody began to delete is one of them, so that a crash in the middle leaves nothing for ever.
"""

from __future__ import annotations

from typing import Final

import structlog
from sqlalchemy import select

from tieline.automations.library import Automations
from tieline.core.clock import Clock, now
from tieline.oem import accounts
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.storage.slots import queue_next_slot
from tieline.storage.tables import tenants
from tieline.tenancy import standing

log = structlog.get_logger(__name__)

SWEEP: Final = "accounts_purge"
SLOT_SECONDS: Final = 3_600
AT_ONCE: Final = 50


class Purger:
    """Removes deactivated accounts once their ``purge_at`` has passed."""

    def __init__(self, database: Database, library: Automations, *, clock: Clock = now) -> None:
        self._database = database
        self._library = library
        self._clock = clock

    def register(self, queue: Queue) -> None:
        """Gives a worker the task."""
        queue.register(SWEEP, self.sweep)

    async def begin(self) -> None:
        """Queue the next slot, unless somebody has."""
        await queue_next_slot(self._database, self._clock, SWEEP, SLOT_SECONDS)

    async def sweep(self, *, slot: int) -> None:
        """One slot."""
        await self.begin()
        gone = await self.purge()
        if gone:
            log.info("accounts.purged", slot=slot, count=gone)

    async def purge(self) -> int:
        """Removes whose time is over; how many."""
        count = 0
        after = None
        moment = self._clock()
        while True:
            over = (tenants.c.status == standing.DISABLED, tenants.c.purge_at <= moment)
            due = select(tenants).where(*over).order_by(tenants.c.id).limit(AT_ONCE)
            async with self._database.system() as unit:
                rows = await unit.all(due if after is None else due.where(tenants.c.id > after))
            for row in rows:
                after = row["id"]
                try:
                    count += await accounts.remove(self._database, self._library, row, due=moment)
                except Exception as error:
                    log.warning("account.purge_failed", tenant=str(row["id"]), exc_info=error)
            if len(rows) < AT_ONCE:
                return count
