"""What is done without being asked: reconciliation and renewal when they are due, and clearing up.

Every five minutes one job runs, once for each slot over all workers: the job of a slot queues that of the next one
under a lock with the slot's name, and so does every worker that starts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import and_, extract, func, or_, select

from tieline.core.clock import Clock, now
from tieline.storage.database import Database
from tieline.storage.slots import queue_next_slot
from tieline.storage.tables import webhook_deliveries, webhook_subscriptions
from tieline.storage.unit import Unit

log = structlog.get_logger(__name__)

SWEEP: Final = "webhooks_sweep"
RECONCILE: Final = "webhooks_reconcile"
SLOT_SECONDS: Final = 300
RECONCILED_EVERY: Final = timedelta(hours=6)
UNFINISHED_AFTER: Final = timedelta(minutes=15)
RENEWAL_TRIED_EVERY: Final = timedelta(minutes=4)
KEPT: Final = timedelta(days=30)
"""How long deliveries are remembered, and with them the names of their messages."""
GIVEN_UP_AFTER: Final = timedelta(days=2)
_MOST_AT_ONCE: Final = 500
_PURGED_AT_ONCE: Final = 5000


class Upkeep:
    """The tasks of a slot."""

    def __init__(self, database: Database, *, clock: Clock = now) -> None:
        self._database = database
        self._clock = clock

    async def begin(self) -> None:
        """Queue the next slot, unless somebody has."""
        await queue_next_slot(self._database, self._clock, SWEEP, SLOT_SECONDS)

    async def sweep(self, *, slot: int) -> None:
        """One slot: the next one is queued first, so that no fault of this one ends the line."""
        await self.begin()
        async with self._database.system() as unit:
            due = await self._due(unit)
        async with self._database.system() as unit:
            purged = await self._purge(unit)
        log.debug("webhook.upkeep", slot=slot, connections=due, purged=purged)

    async def _due(self, unit: Unit) -> int:
        """Connections with something to do are noted as looked after, and their jobs queued, in one transaction."""
        table, moment = webhook_subscriptions, self._clock()
        looked = func.coalesce(table.c.checked_at, table.c.created_at)
        left = func.greatest(extract("epoch", table.c.expires_at - table.c.updated_at) * 0.2, 600)
        running_out = extract("epoch", table.c.expires_at - moment) < left
        waiting = or_(
            looked < moment - RECONCILED_EVERY,
            and_(table.c.status.in_(("pending", "removing")), looked < moment - UNFINISHED_AFTER),
            and_(table.c.status == "active", looked < moment - RENEWAL_TRIED_EVERY, running_out),
        )
        statement = (
            select(table.c.tenant_id, table.c.connection_id)
            .where(table.c.connection_id.is_not(None), table.c.status != "removed", waiting)
            .distinct()
            .limit(_MOST_AT_ONCE)
        )
        found = await unit.all(statement)
        queued = 0
        for row in found:
            mine = (table.c.tenant_id == row["tenant_id"], table.c.connection_id == row["connection_id"])
            if not await unit.update(table, *mine, waiting, checked_at=moment):
                continue  # another worker was faster
            queued += 1
            await unit.defer(
                RECONCILE,
                lock=f"webhooks {row['connection_id']}",
                tenant_id=str(row["tenant_id"]),
                connection_id=str(row["connection_id"]),
            )
        return queued

    async def _purge(self, unit: Unit) -> int:
        """Old deliveries and removed subscriptions; deliveries that nobody works on any more have failed."""
        moment, deliveries, subscriptions = self._clock(), webhook_deliveries, webhook_subscriptions
        old = (
            select(deliveries.c.tenant_id, deliveries.c.subscription_id, deliveries.c.dedup_key)
            .where(deliveries.c.received_at < moment - KEPT)
            .limit(_PURGED_AT_ONCE)
        )
        result = await unit.connection.execute(
            deliveries.delete().where(
                func.row(deliveries.c.tenant_id, deliveries.c.subscription_id, deliveries.c.dedup_key).in_(old)
            )
        )
        await unit.update(
            deliveries,
            deliveries.c.status == "received",
            deliveries.c.received_at < moment - GIVEN_UP_AFTER,
            status="failed",
            error="nobody took it within two days",
            handled_at=moment,
        )
        await unit.delete(
            subscriptions, subscriptions.c.status == "removed", subscriptions.c.updated_at < moment - KEPT
        )
        return result.rowcount
