"""A process that is no worker of the queue but holds runs: it beats as workers do; who stops beating is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from tieline.core import tracing
from tieline.core.errors import Unavailable
from tieline.storage.database import Database
from tieline.storage.worker import BEAT, UNREGISTER, Rhythm

log = structlog.get_logger(__name__)

_REGISTER = "INSERT INTO procrastinate.procrastinate_workers DEFAULT VALUES RETURNING id"


class Presence:
    """``number`` is that of a worker; None while there is none. ``lost`` is called when it was given up."""

    def __init__(self, database: Database, lost: Callable[[], None], *, rhythm: Rhythm | None = None) -> None:
        self._database = database
        self._lost = lost
        self._rhythm = rhythm or Rhythm()
        self._beating: asyncio.Task[None] | None = None
        self.number: int | None = None

    async def open(self) -> None:
        """Raises `DatabaseUnavailable`."""
        await self._register()
        self._beating = asyncio.create_task(self._beat_for_ever(), name="presence", context=tracing.apart())

    async def close(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])
        number, self.number = self.number, None
        if number is not None:
            await self._database.autocommit(UNREGISTER, number)

    async def living(self) -> set[int]:
        """The numbers of all that are not given up."""
        rows = await self._database.autocommit("SELECT id FROM procrastinate.procrastinate_workers")
        return {number for (number,) in rows}

    async def _register(self) -> None:
        self.number = (await self._database.autocommit(_REGISTER))[0][0]

    async def _beat_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        beaten = loop.time()
        while True:
            await asyncio.sleep(self._rhythm.heartbeat)
            try:
                # Asleep for so long (a stopped machine) that others have what was held here.
                slept = loop.time() - beaten > self._rhythm.timeout + self._rhythm.heartbeat
                if self.number is not None and (slept or not await self._database.autocommit(BEAT, self.number)):
                    self._give_up()
                if self.number is None:
                    await self._register()
                beaten = loop.time()
            except Unavailable as error:
                log.warning("presence.no_beat", detail=error.detail)

    def _give_up(self) -> None:
        log.warning("presence.lost", worker=self.number)
        self.number = None
        self._lost()
