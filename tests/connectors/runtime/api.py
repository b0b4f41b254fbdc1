"""A real HTTP server on loopback that answers from a script and remembers what it was asked."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from msgspec import Struct, field

from tieline.core import json


class Asked(Struct):
    """One request as it arrived; ``target`` is the raw path and query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Handler = Callable[[web.Request], web.StreamResponse | Awaitable[web.StreamResponse]]


class Api(Struct):
    """``script`` answers first, one entry a request; then ``handler``; then an empty object."""

    base: str = ""
    asked: list[Asked] = field(default_factory=list)
    script: list[web.Response | Handler] = field(default_factory=list)
    handler: Handler | None = None


def answer(body: Any = None, status: int = 200, **headers: str) -> web.Response:
    """JSON, or bytes as they are."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes):
        return web.Response(body=body, status=status, headers=names)
    names.setdefault("Content-Type", "application/json")
    return web.Response(body=json.dumps(body), status=status, headers=names)


@asynccontextmanager
async def serving() -> AsyncIterator[Api]:
    api = Api()

    async def handle(request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        api.asked.append(Asked(request.method, request.raw_path, headers, await request.read()))
        reply: Any = api.script.pop(0) if api.script else api.handler or answer({})
        if callable(reply):
            reply = reply(request)
            if inspect.isawaitable(reply):
                reply = await reply
        return reply

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    api.base = f"http://127.0.0.1:{port}"
    try:
        yield api
    finally:
        await runner.cleanup()


def lost(request: web.Request) -> web.StreamResponse:
    """The request arrived, the answer does not: the connection is cut."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
