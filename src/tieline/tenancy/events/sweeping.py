"""Once an hour, over all workers: what is older than the log is kept goes, and what was lost on its way is sent.

Each slot is one job, which queues that of the next one first, so that no fault of it ends the line.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import select, text

from tieline.core.clock import Clock, now
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.storage.slots import queue_next_slot
from tieline.storage.tables import event_deliveries
from tieline.storage.unit import Unit
from tieline.tenancy.events import fanning

log = structlog.get_logger(__name__)

SWEEP: Final = "events_sweep"
SLOT_SECONDS: Final = 3_600
KEPT_DAYS: Final = 30
"""How long deliveries and their events are kept."""
LOST_MINUTES: Final = 10
"""A delivery that should have been sent so long ago has lost its job."""
AT_ONCE: Final = 1_000

# Deliveries first: an event goes when nothing of it is left, which a time range alone says (they share its moment,
# but for those that were sent again, which are younger).
_DELIVERIES = text("""
    DELETE FROM event_deliveries WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM event_deliveries WHERE triggered_at < :before AND status <> 'pending' LIMIT :most))
""")
_EVENTS = text("""
    DELETE FROM events WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM events WHERE created_at < :before AND NOT EXISTS (
            SELECT FROM event_deliveries AS left_over
            WHERE left_over.tenant_id = events.tenant_id AND left_over.event_id = events.id)
        LIMIT :most))
""")


class Sweeper:
    """Keeps the log of deliveries in bounds and its line moving."""

    def __init__(self, database: Database, *, clock: Clock = now) -> None:
        self._database = database
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
        gone, found = await self.purge(), await self.find()
        if gone or found:
            log.info("events.swept", slot=slot, purged=gone, found=found)

    async def purge(self) -> int:
        """Removes what is too old; the number of rows."""
        before = self._clock() - timedelta(days=KEPT_DAYS)
        total = 0
        for statement in (_DELIVERIES, _EVENTS):
            gone = AT_ONCE
            while gone >= AT_ONCE:
                async with self._database.system() as unit:
                    result = await unit.connection.execute(statement, {"before": before, "most": AT_ONCE})
                    gone = result.rowcount
                total += gone
        return total

    async def find(self) -> int:
        """Queues the next attempt of deliveries whose job is gone; the number of those that are late."""
        before = self._clock() - timedelta(minutes=LOST_MINUTES)
        late = (
            select(event_deliveries.c.tenant_id, event_deliveries.c.id, event_deliveries.c.attempts)
            .where(event_deliveries.c.status == "pending", event_deliveries.c.next_at < before)
            .order_by(event_deliveries.c.next_at)
            .limit(AT_ONCE)
        )
        async with self._database.system() as system:
            rows = await system.all(late)
            for row in rows:
                unit = Unit(system.connection, row["tenant_id"])
                await fanning.queue(unit, row["id"], row["attempts"] + 1)
        return len(rows)
