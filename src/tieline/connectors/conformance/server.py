"""An HTTP/1.1 server on loopback that can also fail like one: the plain transport under the mock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httptools

from tieline.connectors.conformance.messages import Received, Reply, split_target

HOST = "127.0.0.1"
Handler = Callable[[Received], Reply]


class Loopback:
    """One or several ports of this machine that all hand their requests to one handler."""

    def __init__(self, handler: Handler, ports: int = 1) -> None:
        self._handler = handler
        self._wanted = max(1, ports)
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.BaseTransport] = set()
        self.ports: list[int] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for _ in range(self._wanted):
            server = await loop.create_server(lambda: _Connection(self._handler, self._open), HOST, 0)
            self._servers.append(server)
            self.ports.append(server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        for transport in list(self._open):
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        for server in self._servers:
            await server.wait_closed()


class _Connection(asyncio.Protocol):
    """One request, one answer, then the end: a scenario must not meet what another one left behind."""

    def __init__(self, handler: Handler, together: set[asyncio.BaseTransport]) -> None:
        self._handler = handler
        self._together = together
        self._parser: Any = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._together.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._together.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.abort()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("utf-8", "surrogateescape")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        assert self._transport is not None
        path, query = split_target(self._target.decode("latin-1"))
        received = Received(
            method=self._parser.get_method().decode(),
            path=path,
            query=query,
            headers=self._headers,
            body=b"".join(self._body),
            port=self._transport.get_extra_info("sockname")[1],
        )
        reply = self._handler(received)
        if reply.reset:
            self._transport.abort()
            return
        self._transport.write(_written(reply, bodiless=received.method == "HEAD"))
        self._transport.close()


def _written(reply: Reply, *, bodiless: bool) -> bytes:
    try:
        phrase = HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {reply.status} {phrase}", f"content-length: {len(reply.body)}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head if bodiless or reply.status in (204, 304) else head + reply.body
