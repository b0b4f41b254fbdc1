"""``tieline serve``: the API in this process, workers beside it."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from tieline.api.edge.draining import DRAIN
from tieline.api.edge.streams import STREAMS
from tieline.connectors.kit import Offering
from tieline.core.errors import Misconfigured
from tieline.server import telemetry
from tieline.server.app import create_app
from tieline.server.connections import raise_file_limit
from tieline.server.express import express
from tieline.server.logging import configure
from tieline.server.platform import Platform
from tieline.server.protocol import configured
from tieline.server.settings import Settings, variable
from tieline.server.supervisor import Supervisor
from tieline.tenancy.studio import setup

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 10.0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises `Misconfigured` where the port is taken or may not be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(2048)
    except OSError as error:
        found.close()
        raise Misconfigured(
            f"cannot listen on {host}:{port} ({error.strerror or error}); "
            "stop what uses the port, or choose another with --port"
        ) from None
    return found


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn raises them again when it has shut down, before workers and database are."""

    _drained_by = 0.0

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def leave(self) -> None:
        """Ends after the requests under way, and listens until then to send others away; asked twice, at once."""
        STREAMS.closing = True  # those would go on for as long as the runs they tell of
        if DRAIN.begun:
            self.force_exit = self.should_exit = True
            return
        DRAIN.begun = True
        self._drained_by = time.monotonic() + DRAIN_SECONDS
        log.info("server.draining", under_way=DRAIN.under_way)

    async def on_tick(self, counter: int) -> bool:
        if DRAIN.begun and (DRAIN.under_way <= 0 or time.monotonic() > self._drained_by):
            self.should_exit = True
        return await super().on_tick(counter)


async def serve(host: str, port: int, *, workers: int, concurrency: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    settings = Settings()
    configure(settings.log_level)
    raise_file_limit()
    listening = listen(host, port)
    settings = settings.listening_on(host, listening.getsockname()[1])
    with telemetry.sending("tieline-server"):
        await _serve(settings, listening, workers=workers, concurrency=concurrency)


async def invite_to_set_up(platform: Platform) -> None:
    """Tells who started the server, and nobody who reads its logs elsewhere as fields, how to become administrator."""
    url = await setup_address(platform)
    if url is not None:
        sys.stdout.write(f"Open {url} to choose the studio's first administrator.\n")
        sys.stdout.flush()


async def setup_address(platform: Platform) -> str | None:
    """Where the first administrator chooses a password; None where there is one, or an identity provider."""
    settings = platform.settings
    if settings.oidc_issuer is not None:
        return None
    async with platform.database.system() as unit:
        code = await setup.code(unit, settings.load_secret_keys())
    return None if code is None else f"{settings.base_url}/studio/setup#code={code}"


async def _serve(settings: Settings, listening: socket.socket, *, workers: int, concurrency: int) -> None:
    async with Platform.open(settings) as platform, express(platform):
        app = create_app(platform)
        supervisor = Supervisor(
            workers,
            concurrency=concurrency,
            died=platform.queue.release_worker,
            # Workers make links as well: they subscribe to webhooks.
            environment={variable("base_url"): settings.base_url},
        )
        supervisor.start()
        offering = Offering(settings.data_dir / "connectors", platform.database, platform.connectors)
        watching = asyncio.create_task(offering.watch(), name="connectors folder")
        log.info("server.ready", url=settings.base_url, workers=workers)
        server = _Server(configured(app))
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, server.leave)
        try:
            await invite_to_set_up(platform)
            await server.serve(sockets=[listening])
        finally:
            watching.cancel()
            await supervisor.stop()
            listening.close()
