"""The only outbound HTTP of Tieline.

    async with Egress() as egress:
        answer = await egress.request("GET", "https://api.example.com/v1/contacts")

Any status is an answer; what raises is an address that may not be called, a server that cannot be reached, and an
answer that cannot be trusted to be whole.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import aiohttp
from aiohttp import ClientResponse

from tieline.core import tracing
from tieline.core.errors import TielineError
from tieline.security.egress import redirects
from tieline.security.egress.decoding import ACCEPT_ENCODING
from tieline.security.egress.errors import (
    BadHeader,
    BadResponse,
    BadUrl,
    ConnectFailed,
    EgressDenied,
    TimedOut,
    TooManyRedirects,
)
from tieline.security.egress.policy import Policy
from tieline.security.egress.pool import Exchange, Pool, StaleConnection
from tieline.security.egress.resolver import check_literal
from tieline.security.egress.response import BodyReader, Response, StreamResponse, clean_headers
from tieline.security.egress.spans import call_span, told
from tieline.security.egress.upload import Upload
from tieline.security.egress.urls import Target, join, parse

HeadersLike = Mapping[str, str] | Sequence[tuple[str, str]]

_IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))
_UNTRACED = nullcontext()
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Framing and connection are ours; a caller that could set them could smuggle a second request or another virtual host.
_OURS = frozenset(
    (
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "accept-encoding",
        "http2-settings",
    )
)


class _Hop(NamedTuple):
    response: ClientResponse
    target: Target
    sent: int


class Egress:
    """A pool of connections under one policy. Make one per process and event loop, and close it at the end."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy if policy is not None else Policy()
        self._pool: Pool | None = None
        self._closed = False

    async def __aenter__(self) -> Egress:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes all connections; calls still running fail with ``ConnectFailed``."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: HeadersLike = (),
        body: bytes | Upload | None = None,
        timeout: float | None = None,
        max_bytes: int | None = None,
        follow_redirects: bool = True,
        secret_headers: Collection[str] = (),
    ) -> Response:
        """One call, with all its redirects, under one deadline (``timeout`` in seconds, else the policy's).

        ``secret_headers`` names headers that never go to another origin, besides those that look like it. ``Host``,
        framing and ``Accept-Encoding`` are set here; given ones are ignored. Raises the errors of ``egress.errors``.
        """
        started = time.perf_counter()
        exchange = Exchange()
        limit = self.policy.total_timeout if timeout is None else timeout
        cap = self.policy.max_bytes if max_bytes is None else max_bytes
        target = parse(url)
        with call_span(method, target) if tracing.tracer is not None else _UNTRACED as span:
            try:
                async with asyncio.timeout(limit):
                    hop = await self._follow(method, target, headers, body, exchange, follow_redirects, secret_headers)
                    response, target, sent = hop
                    try:
                        reader = BodyReader(response, target.host, cap)
                        content = await reader.whole()
                    except BaseException:
                        response.close()
                        raise
            except TimeoutError:
                late = f"{target.host} did not answer completely within {limit:g} s."
                raise TimedOut(late, sent=exchange.sent) from None
            if span is not None:
                told(span, response.status, sent, reader.received)
        return Response(
            response.status,
            clean_headers(response),
            content,
            target.text,
            elapsed=time.perf_counter() - started,
            sent_bytes=sent,
            received_bytes=reader.received,
        )

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: HeadersLike = (),
        body: bytes | Upload | None = None,
        timeout: float | None = None,
        max_bytes: int | None = None,
        follow_redirects: bool = True,
        secret_headers: Collection[str] = (),
    ) -> AsyncGenerator[StreamResponse]:
        """As ``request``, with the body in blocks: ``async for block in response``. The deadline and the caps span
        the whole."""
        exchange = Exchange()
        limit = self.policy.total_timeout if timeout is None else timeout
        cap = self.policy.max_bytes if max_bytes is None else max_bytes
        target = parse(url)
        deadline = asyncio.timeout(limit)
        with call_span(method, target) if tracing.tracer is not None else _UNTRACED as span:
            try:
                async with deadline:
                    hop = await self._follow(method, target, headers, body, exchange, follow_redirects, secret_headers)
                    response, target, sent = hop
                    try:
                        reader = BodyReader(response, target.host, cap)
                        blocks = reader.blocks()
                        async with aclosing(blocks):
                            yield StreamResponse(response.status, clean_headers(response), target.text, blocks)
                        if span is not None:
                            told(span, response.status, sent, reader.received)
                    finally:
                        if not response.closed:
                            response.close()
            except TimeoutError:
                if not deadline.expired():
                    raise
                late = f"{target.host} did not answer completely within {limit:g} s."
                raise TimedOut(late, sent=exchange.sent) from None

    async def _follow(
        self,
        method: str,
        target: Target,
        headers: HeadersLike,
        body: bytes | Upload | None,
        exchange: Exchange,
        follow_redirects: bool,
        secret_headers: Collection[str],
    ) -> _Hop:
        method = _checked_method(method)
        carried = _checked_headers(headers)
        if body is not None and not isinstance(body, bytes | Upload):
            raise BadHeader(f"The body of a request must be bytes or an upload, not {type(body).__name__}.")
        sent = _size(body)
        followed = 0
        response = await self._hop(method, target, carried, body, exchange)
        while follow_redirects and response.status in redirects.FOLLOWED and "Location" in response.headers:
            response.release()
            if followed == self.policy.max_redirects:
                raise TooManyRedirects(f"{target.host} redirected more than {followed} times.")
            followed += 1
            source, target = target, join(target, response.headers["Location"])
            following = redirects.next_method(method, response.status)
            keep_body = following == method and response.status != 303
            carried = redirects.next_headers(
                carried, source, target, keep_body=keep_body, has_body=bool(body), secret_headers=secret_headers
            )
            method, body = following, body if keep_body else None
            sent += _size(body)
            try:
                response = await self._hop(method, target, carried, body, exchange)
            except EgressDenied as error:
                raise EgressDenied(f"{source.host} redirects to an address that is refused: {error.detail}") from None
        return _Hop(response, target, sent)

    async def _hop(
        self, method: str, target: Target, headers: redirects.Headers, body: bytes | Upload | None, exchange: Exchange
    ) -> ClientResponse:
        if target.address is not None:
            check_literal(target.host, target.address, self.policy)
        pool = self._open()
        sent_before = exchange.sent
        retried = False
        for _ in range(self.policy.max_per_origin + 2):
            exchange.fresh = False
            exchange.sent = sent_before
            try:
                return await pool.send(method, target, headers, body, exchange)
            except StaleConnection:
                continue
            except TimeoutError:
                raise TimedOut(
                    f"No connection to {target.host} within {self.policy.connect_timeout:g} s.", sent=exchange.sent
                ) from None
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if isinstance(error.__cause__, TielineError):
                    raise error.__cause__ from None  # the source of an upload gave up
                # RFC 9112 section 9.3.1: a reused connection may have been closed while we wrote; what is idempotent
                # goes again.
                if method in _IDEMPOTENT and not exchange.fresh and exchange.sent and not retried:
                    retried = sent_before = True
                    continue
                raise _no_answer(error, target, exchange) from None
            except TielineError:
                raise
            except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
                if isinstance(error.__cause__, TielineError):
                    raise error.__cause__ from None
                raise _no_answer(error, target, exchange) from None
        raise ConnectFailed(f"All open connections to {target.host} turned out to be broken.", sent=sent_before)

    def _open(self) -> Pool:
        if self._pool is None:
            if self._closed:
                raise ConnectFailed("Outbound HTTP has been shut down.", sent=False, reason="closed")
            self._pool = Pool(self.policy)
        return self._pool


@lru_cache(maxsize=1)
def _user_agent() -> str:
    try:
        return f"Tieline/{version('tieline')}"
    except PackageNotFoundError:
        return "Tieline"


@lru_cache(maxsize=64)
def _checked_method(method: str) -> str:
    if type(method) is not str or not _TOKEN.fullmatch(method):
        raise BadHeader(f"The method {method!r:.40} is not an HTTP method.")
    method = method.upper()
    if method in ("CONNECT", "TRACE"):
        raise BadHeader(f"The method {method} is not allowed for outbound calls.")
    return method


def _checked_headers(headers: HeadersLike) -> redirects.Headers:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    checked: redirects.Headers = [("Accept-Encoding", ACCEPT_ENCODING)]
    named = False
    for name, value in pairs:
        if _is_ours(name):
            continue
        if type(value) is not str or not value.isprintable():
            _check_value(name, value)
        checked.append((name, value))
        named = named or (len(name) == 10 and name.lower() == "user-agent")
    if not named:
        checked.append(("User-Agent", _user_agent()))
    return checked


@lru_cache(maxsize=1024)
def _is_ours(name: str) -> bool:
    if type(name) is not str or not _TOKEN.fullmatch(name):
        raise BadHeader(f"The header name {name!r:.60} is not a token of RFC 9110; use letters, digits and hyphens.")
    return name.lower() in _OURS


def _check_value(name: str, value: object) -> None:
    """Callers that are not type-checked pass numbers and None; say so before a library does in worse words."""
    if not isinstance(value, str):
        raise BadHeader(f"The value of the header {name[:60]} is {type(value).__name__}; it must be text.")
    if _BAD_VALUE.search(value):
        raise BadHeader(f"The value of the header {name[:60]} is not on one line; remove line breaks and controls.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadHeader(f"The value of the header {name[:60]} holds half of a surrogate pair.") from None


def _size(body: bytes | Upload | None) -> int:
    if isinstance(body, Upload):
        return body.size or 0
    return len(body) if body else 0


def _no_answer(error: BaseException, target: Target, exchange: Exchange) -> TielineError:
    """The error for a call that ended without a status line."""
    host = target.host
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        cause = str(getattr(error, "certificate_error", None) or error.os_error)
        return ConnectFailed(f"No trusted TLS connection to {host}: {_brief(cause)}.", sent=exchange.sent, reason="tls")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ConnectFailed(f"The name {host} could not be resolved.", sent=exchange.sent, reason="dns")
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        cause = os.strerror(number) if number and number > 0 else str(error.os_error)
        return ConnectFailed(
            f"No connection to {host} port {target.port}: {_brief(cause)}.", sent=exchange.sent, reason="connect"
        )
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | OSError | RuntimeError):
        return ConnectFailed(f"{host} closed the connection before it answered.", sent=exchange.sent, reason="closed")
    if isinstance(error, aiohttp.ClientResponseError):
        return BadResponse(f"{host} answered with something that is not HTTP: {_brief(error.message)}.")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return BadUrl(f"The URL for {host} cannot be called: {_brief(str(error))}.")
    return BadResponse(f"{host} broke off: {_brief(type(error).__name__)}.", sent=exchange.sent)


def _brief(text: str) -> str:
    return " ".join(text.split())[:160].rstrip(".")
