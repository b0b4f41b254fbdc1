"""What the built-in blocks need from the assembly, in one place for workers and tests."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from tieline.automations.blocks.allowed import Allowed
from tieline.automations.blocks.binding import Bindings
from tieline.automations.blocks.call_automation import Calls
from tieline.automations.blocks.clients import Clients
from tieline.automations.blocks.file_places import Files
from tieline.automations.blocks.pointers import PointerStore
from tieline.automations.blocks.post import Post, PostOffice
from tieline.automations.blocks.sandbox import Sandbox
from tieline.automations.engine.context import Services
from tieline.automations.store import DataStore, FormAnswers, RunFiles
from tieline.connectors.connections import Connections
from tieline.core.errors import TielineError
from tieline.security.egress import Egress
from tieline.storage.database import Database

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 300.0
SWEPT_AT_ONCE = 1000


@asynccontextmanager
async def block_services(
    database: Database, egress: Egress, connections: Connections, *, mail: PostOffice | None = None
) -> AsyncIterator[Services]:
    """The services of one worker process; ends the sandbox's workers at the end. ``mail`` serves mail blocks that name
    no server."""
    data = DataStore(database)
    sweeping = asyncio.create_task(_sweep(data), name="data store sweeper")
    async with Sandbox() as sandbox:
        try:
            yield Services(
                (Egress, egress),
                (Allowed, Allowed(database)),
                (Bindings, Bindings(database)),
                (Clients, Clients(connections, egress)),
                (PointerStore, PointerStore(database)),
                (DataStore, data),
                (RunFiles, RunFiles(database)),
                (Files, Files(egress, connections, connections.sandbox)),
                (FormAnswers, FormAnswers(database)),
                (Calls, Calls(database)),
                (Post, Post(egress, connections, mail)),
                (Sandbox, sandbox),
            )
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping


async def _sweep(data: DataStore) -> None:
    """Removes expired entries while the process lives; several that do share the work."""
    while True:
        pause = SWEEP_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 - spreads processes
        try:
            if await data.purge(SWEPT_AT_ONCE) == SWEPT_AT_ONCE:
                pause = 0.5
        except TielineError as error:
            log.warning("data_store.sweep_failed", detail=error.detail)
        await asyncio.sleep(pause)
