"""Work that is done once per slot of time, whatever the number of workers: each slot is one job of the queue.

A slot queues the next one before it begins, so that no fault of its own ends the line.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from tieline.core.clock import Clock
from tieline.storage.database import Database
from tieline.storage.errors import AlreadyQueued


async def queue_next_slot(database: Database, clock: Clock, task: str, seconds: int) -> None:
    """Queue ``task(slot=...)`` for the next multiple of ``seconds`` (UTC), unless somebody has."""
    slot = int(clock().timestamp()) // seconds + 1
    async with database.system() as unit:
        with suppress(AlreadyQueued):
            await unit.defer(
                task, at=datetime.fromtimestamp(slot * seconds, UTC), queueing_lock=f"{task} {slot}", slot=slot
            )
