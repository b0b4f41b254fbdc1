"""When documents are looked at: once a night, by one worker, however many there are.

The queue holds at most one waiting job (its queueing lock). A job that begins first queues the next night's, and every
worker that starts queues one where none waits. All of them reckon by the database's clock, so that a worker whose own
clock is wrong cannot make a second job for the same night.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Final

import sqlalchemy as sa

from tieline.connectors.drift.watch import Outcome, Watch
from tieline.storage.database import Database
from tieline.storage.errors import AlreadyQueued
from tieline.storage.queue import Queue
from tieline.storage.unit import Unit

TASK: Final = "connectors.drift"
# UTC; an odd minute, because servers of documentation have a busy full hour too.
AT: Final = time(2, 37)


class Nightly:
    """The nightly job: ``Nightly(database, watch).register(queue)``, then ``await nightly.ensure()`` once.

    ``also`` is what else is cleared up at that hour, each in a system unit of its own.
    """

    def __init__(
        self, database: Database, watch: Watch, also: Sequence[Callable[[Unit], Awaitable[object]]] = ()
    ) -> None:
        self._database, self._watch, self._also = database, watch, also

    def register(self, queue: Queue) -> None:
        """Make the task known to a worker's queue."""
        queue.register(TASK, self.run)

    async def ensure(self, after: datetime | None = None) -> None:
        """Queue the job of the next night (the first behind ``after``) where none waits."""
        async with self._database.system() as unit:
            moment: datetime = await unit.scalar(sa.select(sa.func.now()))
            slot = next_slot(moment if after is None else max(moment, after))
            with suppress(AlreadyQueued):
                await unit.defer(TASK, lock=TASK, queueing_lock=TASK, at=slot, slot=slot.isoformat())

    async def run(self, *, slot: str) -> Outcome:
        """One night's job."""
        await self.ensure(datetime.fromisoformat(slot))
        for clear in self._also:
            async with self._database.system() as unit:
                await clear(unit)
        return await self._watch.run_due()


def next_slot(moment: datetime) -> datetime:
    """The first slot strictly behind ``moment``."""
    slot = datetime.combine(moment.date(), AT, moment.tzinfo)
    return slot if slot > moment else slot + timedelta(days=1)
