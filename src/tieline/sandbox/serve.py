"""Both servers in one process: two sockets, one event loop, one uvicorn."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tieline.core.errors import Misconfigured
from tieline.sandbox import pages
from tieline.sandbox.control import Desk
from tieline.sandbox.dialbook.oauth import CLIENT_ID, CLIENT_SECRET
from tieline.sandbox.service import Settings
from tieline.sandbox.web import Handler, Reply, Request
from tieline.sandbox.world import API_KEY, API_KEY_HEADER, World


class Protocol(HttpToolsProtocol):
    """Hands the transport to the application: faults tear connections, which ASGI has no words for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["transport"] = self.transport


class Sandbox:
    """Sends a request to the server whose port it came in at."""

    def __init__(self, events_port: int, registrations: int, seed: int, settings: Settings) -> None:
        self.events_port = events_port
        self._settings = settings
        self.world: World | None = None
        self.build(registrations, seed)

    def build(self, registrations: int, seed: int) -> None:
        """Makes a new world. Requests that are under way end in the old one."""
        if self.world is not None:
            self.world.events.hooks.clear()
            self.world.telephony.hooks.clear()
        settings = msgspec.structs.replace(self._settings)
        gc.unfreeze()
        gc.disable()  # nothing dies while the seed is made
        self.world = world = World(registrations, seed, settings)
        for service, page in ((world.events, pages.gather), (world.telephony, pages.dialbook)):
            service.control = Desk(world, service, self.build)
            service.hooks.backoff = settings.webhook_backoff
            service.router.add("GET", "/", _page(page, world), open=True)
        gc.collect()
        gc.freeze()
        gc.enable()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.world is not None
        service = self.world.events if scope["server"][1] == self.events_port else self.world.telephony
        await service(scope, receive, send)


class Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def listen(host: str, port: int, name: str) -> socket.socket:
    """Raises `Misconfigured` where the port is taken or not allowed."""
    try:
        return socket.create_server(
            (host, port), backlog=2048, family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Misconfigured(
            f"The {name} server cannot listen on {host}:{port} ({reason}); choose another port."
        ) from None


def serve(
    *,
    host: str,
    events_port: int,
    telephony_port: int,
    registrations: int,
    seed: int,
    settings: Settings,
    ready: Callable[[dict[str, Any]], None],
    until_eof: bool = False,
) -> None:
    """Serves until SIGTERM, SIGINT or, with ``until_eof``, the end of standard input; ``ready`` is called once."""
    events = listen(host, events_port, "events")
    telephony = listen(host, telephony_port, "telephony")
    sandbox = Sandbox(events.getsockname()[1], registrations, seed, settings)
    config = uvicorn.Config(
        sandbox,
        http=Protocol,
        ws="none",
        lifespan="off",
        loop="auto",
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
    server = Server(config, lambda: ready(about(_origin(events), _origin(telephony))))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(
            number, lambda *_: None
        )  # uvicorn raises the signal again once it has shut down; that is a clean end
    if until_eof:
        threading.Thread(target=_watch_input, args=(server,), daemon=True).start()

    server.run(sockets=[events, telephony])


def _page(page: Callable[[World], Reply], world: World) -> Handler:
    def show(request: Request) -> Reply:
        return page(world)

    return show


def about(events: str, telephony: str) -> dict[str, Any]:
    """What a client needs to know: addresses and demo credentials."""
    return {
        "ready": True,
        "pid": os.getpid(),
        "events": {
            "name": "Gather",
            "url": events,
            "openapi": f"{events}/openapi.json",
            "api_key": API_KEY,
            "api_key_header": API_KEY_HEADER,
        },
        "telephony": {
            "name": "Dialbook",
            "url": telephony,
            "openapi": f"{telephony}/openapi.json",
            "openapi_yaml": f"{telephony}/openapi.yaml",
            "token_url": f"{telephony}/oauth/token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        },
    }


def _origin(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _watch_input(server: uvicorn.Server) -> None:
    while os.read(0, 4096):
        continue
    server.should_exit = True
