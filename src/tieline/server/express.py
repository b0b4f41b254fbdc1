"""The short way of webhooks, in the server's process: a lane for their runs, with journal and services of blocks."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tieline.automations.blocks.services import block_services
from tieline.automations.runs import Executor
from tieline.automations.runs.lane import Lane
from tieline.automations.triggers.express import Express
from tieline.server.platform import Platform
from tieline.storage.journal import JournalStore


@asynccontextmanager
async def express(platform: Platform) -> AsyncIterator[None]:
    """``platform.express`` for as long as this is open; afterwards the workers have what still ran."""
    database = platform.database
    async with (
        block_services(database, platform.egress, platform.connections) as services,
        JournalStore(database) as store,
    ):
        lane = Lane(database, Executor(database, store, services, worker=f"{socket.gethostname()}:{os.getpid()}"))
        await lane.open()
        platform.express = Express(database, platform.webhooks.receiver, lane)
        try:
            yield
        finally:
            way, platform.express = platform.express, None
            await way.close()
            await lane.close()
