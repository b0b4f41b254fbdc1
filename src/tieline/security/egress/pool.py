"""Connections, pooled by origin, and one request and its answer over one of them.

This drives aiohttp's connector, request and response without its ``ClientSession``: what a session adds (cookies,
proxies, redirects, retries, netrc) must not happen here, or happens in ``client`` under our rules. It also shows the
one moment that matters to a caller: before ``sent`` is set, nothing has reached the server.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import AsyncIterator
from contextvars import ContextVar
from functools import lru_cache, partial
from io import BytesIO
from ipaddress import ip_address
from typing import Any

from aiohttp import ClientRequest, ClientResponse, ClientTimeout, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace

from tieline.security.egress.errors import BadResponse
from tieline.security.egress.policy import Policy
from tieline.security.egress.redirects import Headers
from tieline.security.egress.resolver import CheckingResolver, check_literal
from tieline.security.egress.upload import Upload
from tieline.security.egress.urls import Target

MAX_INTERIM_RESPONSES = 20
MAX_HEADERS = 256  # some servers set cookies by the hundred
MAX_HEADER_BYTES = 16 * 1024
_LARGE_BODY = 512 * 1024
_NO_TRACES: list[Trace] = []


class Exchange:
    """What happened so far to one request: whether a new connection was opened and whether its bytes may have left."""

    __slots__ = ("fresh", "sent")

    def __init__(self) -> None:
        self.fresh = False
        self.sent = False


class StaleConnection(Exception):
    """A pooled connection turned out to be unusable before anything was written to it."""


_current: ContextVar[Exchange] = ContextVar("tieline_egress_exchange")


class Pool:
    """All connections under one policy; belongs to the running event loop."""

    def __init__(self, policy: Policy) -> None:
        self._loop = asyncio.get_running_loop()
        self._resolver = CheckingResolver(policy)
        self._connector = TCPConnector(
            resolver=self._resolver,
            use_dns_cache=False,
            ssl=_tls(policy.ca_file),
            keepalive_timeout=policy.keep_alive,
            limit=policy.max_connections,
            limit_per_host=policy.max_per_origin,
            socket_factory=partial(_open_socket, policy),
        )
        self._connector._factory = partial(CountingHandler, loop=self._loop)  # type: ignore[assignment]
        self._timeout = ClientTimeout(sock_connect=policy.connect_timeout)

    async def send(
        self, method: str, target: Target, headers: Headers, body: bytes | Upload | None, exchange: Exchange
    ) -> ClientResponse:
        """The answer as far as its headers. Raises ``StaleConnection`` and the errors of aiohttp."""
        if isinstance(body, Upload) and body.size is not None:
            headers = [*headers, ("Content-Length", str(body.size))]
        request = ClientRequest(
            method, target.url, headers=headers, data=_payload(body), loop=self._loop, traces=_NO_TRACES
        )
        token = _current.set(exchange)
        try:
            connection = await self._connector.connect(request, _NO_TRACES, self._timeout)
        finally:
            _current.reset(token)
        try:
            protocol = connection.protocol
            # The server may have closed a kept connection, or pushed bytes nobody asked for (they would be taken for
            # the answer to this request). A busy event loop has not always noticed yet, so the kernel is asked too.
            if protocol is None or protocol.should_close or not (exchange.fresh or _is_quiet(connection.transport)):
                raise StaleConnection
            protocol.set_response_params(
                skip_payload=method == "HEAD",
                read_until_eof=True,
                auto_decompress=False,
                max_line_size=MAX_HEADER_BYTES,
                max_field_size=MAX_HEADER_BYTES,
                max_headers=MAX_HEADERS,
            )
            exchange.sent = True
            response = await request.send(connection)
            try:
                return await response.start(connection)
            except BaseException:
                response.close()
                raise
        except BaseException:
            connection.close()
            raise

    async def aclose(self) -> None:
        """Closes all connections and the resolver's threads."""
        await self._connector.close()
        await self._resolver.close()


class CountingHandler(ResponseHandler):
    """aiohttp's protocol, with a bound on interim (1xx) responses: there may be some (RFC 9110 section 15.2), not a
    flood."""

    _interim = 0
    _flooded = False

    def feed_data(self, data: Any, size: int = 0) -> None:
        if 100 <= data[0].code < 200:
            self._interim += 1
            if self._interim > MAX_INTERIM_RESPONSES and not self._flooded:
                self._flooded = True
                self._buffer.clear()
                self.set_exception(BadResponse(f"The server sent more than {MAX_INTERIM_RESPONSES} interim responses."))
                if self.transport is not None:
                    self.transport.abort()
        else:
            self._interim = 0
        if not self._flooded:
            super().feed_data(data, size)


def _is_quiet(transport: asyncio.Transport | None) -> bool:
    """Whether nothing has arrived on an idle connection: neither bytes nor the end of it."""
    if transport is None:
        return False
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return not poll.poll(0)


def _open_socket(policy: Policy, info: tuple[Any, ...]) -> socket.socket:
    """The last wall: judge the very address that the socket is about to be connected to."""
    family, kind, protocol, _, where = info
    check_literal(str(where[0]), ip_address(str(where[0]).partition("%")[0]), policy)
    _current.get().fresh = True
    return socket.socket(family=family, type=kind, proto=protocol)


@lru_cache(maxsize=8)
def _tls(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def _payload(body: bytes | Upload | None) -> bytes | BytesIO | AsyncIterator[bytes] | None:
    """aiohttp writes bytes in one go and a file in pieces, which leaves other tasks their turn."""
    if isinstance(body, Upload):
        return body.blocks()
    return body if body is None or len(body) < _LARGE_BODY else BytesIO(body)
