"""A worker process: takes runs from the queue and executes them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import structlog

from tieline.automations.alerts.sending import Sender
from tieline.automations.blocks.services import block_services
from tieline.automations.runs import Executor
from tieline.automations.runs.lane import Orphans
from tieline.automations.runs.retention import Retention
from tieline.automations.runs.service import TASK
from tieline.automations.triggers.following import Following
from tieline.automations.triggers.scheduler import Scheduler
from tieline.connectors.drift.nightly import Nightly
from tieline.connectors.drift.watch import Watch
from tieline.oem.purging import Purger
from tieline.oem.rollout import Rollout
from tieline.server import telemetry
from tieline.server.platform import Platform
from tieline.server.settings import Settings
from tieline.storage.journal import JournalStore
from tieline.storage.queue import Queue
from tieline.tenancy.events.sending import Sender as EventSender
from tieline.tenancy.events.sweeping import Sweeper

log = structlog.get_logger(__name__)

CONCURRENCY = 16
DRAIN_SECONDS = 10.0
ORPHAN_SECONDS = 0.5


async def work(settings: Settings, *, concurrency: int = CONCURRENCY, parent: int | None = None) -> None:
    """Executes runs until SIGTERM or SIGINT comes, or process ``parent`` is gone; then gives back what still runs."""
    with telemetry.sending("tieline-worker"):
        await _work(settings, concurrency, parent)


async def _work(settings: Settings, concurrency: int, parent: int | None) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    orphaned = loop.create_task(_outlived(parent, stopping)) if parent else None
    async with (
        Platform.open(settings, pool_size=6) as platform,
        block_services(platform.database, platform.egress, platform.connections) as services,
    ):
        store = JournalStore(platform.database)
        await store.open()
        try:
            executor = Executor(platform.database, store, services, worker=f"{socket.gethostname()}:{os.getpid()}")
            queue = Queue(platform.database)
            queue.register(TASK, executor.execute)
            Following(platform.database).register(queue)
            platform.webhooks.register(queue)
            await platform.webhooks.begin()
            watch = Watch(platform.database, platform.connectors, platform.egress)
            nightly = Nightly(platform.database, watch, also=[platform.connecting.purge])
            nightly.register(queue)
            await nightly.ensure()
            Sender(
                platform.database,
                platform.vault,
                platform.egress,
                base_url=settings.base_url,
                mail_url=settings.mail_url,
            ).register(queue)
            EventSender(platform.database, platform.vault, platform.egress).register(queue)
            sweeper = Sweeper(platform.database)
            sweeper.register(queue)
            await sweeper.begin()
            retention = Retention(platform.database, settings.run_retention_days)
            retention.register(queue)
            await retention.begin()
            purger = Purger(platform.database, platform.automations)
            purger.register(queue)
            Rollout(platform.database, platform.automations).register(queue)
            await purger.begin()
            scheduling = loop.create_task(Scheduler(platform.database).run(stopping), name="scheduler")
            looking = loop.create_task(Orphans(platform.database).run(stopping), name="orphans")
            log.info("worker.ready", pid=os.getpid(), concurrency=concurrency)
            await queue.run_worker(concurrency, stopping, deadline=DRAIN_SECONDS)
            await scheduling
            await looking
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
