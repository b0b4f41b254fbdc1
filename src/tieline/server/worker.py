"""A worker process: takes runs from the queue and executes them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import structlog

from tieline.automations.blocks.clients import Clients
from tieline.automations.blocks.pointers import PointerStore
from tieline.automations.engine.context import Services
from tieline.automations.runs import Executor
from tieline.automations.runs.service import TASK
from tieline.security.egress import Egress
from tieline.server.platform import Platform
from tieline.server.settings import Settings
from tieline.storage.journal import JournalStore
from tieline.storage.queue import Queue

log = structlog.get_logger(__name__)

CONCURRENCY = 16
DRAIN_SECONDS = 10.0
ORPHAN_SECONDS = 0.5


async def work(settings: Settings, *, concurrency: int = CONCURRENCY, parent: int | None = None) -> None:
    """Executes runs until SIGTERM or SIGINT comes, or process ``parent`` is gone; then gives back what still runs."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    orphaned = loop.create_task(_outlived(parent, stopping)) if parent else None
    async with Platform.open(settings, pool_size=6) as platform:
        store = JournalStore(platform.database)
        await store.open()
        try:
            services = Services(
                (Egress, platform.egress),
                (Clients, Clients(platform.connections, platform.egress)),
                (PointerStore, PointerStore(platform.database)),
            )
            executor = Executor(platform.database, store, services, worker=f"{socket.gethostname()}:{os.getpid()}")
            queue = Queue(platform.database)
            queue.register(TASK, executor.execute)
            log.info("worker.ready", pid=os.getpid(), concurrency=concurrency)
            await queue.run_worker(concurrency, stopping, deadline=DRAIN_SECONDS)
        finally:
            await store.close()
    if orphaned is not None:
        orphaned.cancel()
    log.info("worker.stopped", pid=os.getpid())


async def _outlived(parent: int, stopping: asyncio.Event) -> None:
    """A worker of a server that was killed must not go on unseen beside those of its successor."""
    while True:
        await asyncio.sleep(ORPHAN_SECONDS)
        if os.getppid() != parent:
            break
    log.warning("worker.orphaned", parent=parent)
    stopping.set()
