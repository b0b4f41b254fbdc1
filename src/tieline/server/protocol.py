"""HTTP/1.1 as uvicorn speaks it, except for what the application never gets to see: there the answers are ours too.

A connection reads in turn the head of a request, its body, and waits. What is no request, what is too long and what
comes too slowly is told once, with the envelope; after that nothing is listened to, and the connection ends.
"""

from __future__ import annotations

import asyncio
import socket
from enum import Enum
from http import HTTPStatus
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tieline.api.edge import envelope
from tieline.api.edge.intake import HeadersTooLarge, Intake, TargetTooLong
from tieline.api.edge.trace import trace_id
from tieline.core.errors import BadInput, TielineError, Transient
from tieline.server.connections import Limits, crowd_of

# More than the guard lets pass, so that it is the guard who refuses; less than the 64 KB at which the parser gives up.
LONGEST_TARGET = Intake().target_bytes + 2048
LONGEST_HEADERS = 2 * Intake().header_bytes
MOST_HEADERS = 2 * Intake().headers
LONGEST_HEAD = LONGEST_TARGET + LONGEST_HEADERS
# Between two bytes of a body in chunks: sizes, their extensions, and what is said at its end.
LONGEST_FRAMING = 64 * 1024
MOST_PIPELINED = 16

_VERSIONS = frozenset(("1.0", "1.1"))


class MalformedRequest(BadInput):
    """Bytes that are no request of HTTP/1.1 (RFC 9112)."""

    code = "malformed-request"
    title = "Malformed request"


class HeadersTooSlow(Transient):
    """The head of a request did not arrive in time."""

    code = "headers-too-slow"
    status = 408
    title = "Headers too slow"


class Crowded(Transient):
    """More connections than the server holds, and none of them idle."""

    code = "too-many-connections"
    status = 503
    title = "Too many connections"


class Reading(Enum):
    """What the next bytes belong to."""

    NOTHING = 0
    HEAD = 1
    BODY = 2
    REST = 3  # of what was refused: taken and dropped for a while, so that its sender sees the answer


class _Refused(Exception):
    """Ends the parser's work on what it has."""


class Protocol(HttpToolsProtocol):
    """Bounds what a client may send before, between and after requests, and how long it may take."""

    url = b""  # until the first request begins
    _reading = Reading.NOTHING
    _begun = False
    _deaf = False
    _since = 0.0
    _unread_since: float | None = None
    _unread = 0
    _head_bytes = _header_bytes = _hosts = 0
    _framing = _leftover = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # asyncio leaves this out where the listening socket names no protocol. Head and body of an answer are two
        # writes: the second would wait 40 ms for the client's delayed acknowledgement (RFC 1122 section 4.2.3.2).
        connected = transport.get_extra_info("socket")
        if connected is not None and connected.family in (socket.AF_INET, socket.AF_INET6):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self._since = self.loop.time()
        self._crowd = crowd_of(self.server_state)
        if not self._crowd.join(self):
            self._say(Crowded("Every connection of this server is in use; try again in a moment."))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.part(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._leftover += len(data)
            if self._leftover > self._crowd.limits.leftover_bytes:
                self.transport.abort()
            return
        before, self._begun = self._reading, False
        super().data_received(data)
        if self._is_deaf() or self._begun or before is not self._reading:
            return
        if before is Reading.HEAD:
            self._head_bytes += len(data)
            if self._head_bytes > LONGEST_HEAD:
                self._refuse(_too_long(self.url))
        elif before is Reading.BODY:
            self._framing += len(data)
            if self._framing > LONGEST_FRAMING:
                self._refuse(HeadersTooLarge(f"The body has {LONGEST_FRAMING} bytes of nothing but framing."))

    def _is_deaf(self) -> bool:
        return self._deaf

    def _last_cycle(self) -> RequestResponseCycle | None:
        """Of the last request that was taken; None before the first, whatever uvicorn's annotation says."""
        return cast("RequestResponseCycle | None", self.cycle)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading, self._begun = Reading.HEAD, True
        self._since = self.loop.time()
        self._head_bytes = self._header_bytes = self._hosts = self._framing = self._leftover = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url[: LONGEST_TARGET - len(self.url)])

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reading is not Reading.HEAD:
            # What stands at the end of a body in chunks is not part of the head (RFC 9110 section 6.5.1).
            return
        if name.lower() == b"host":
            self._hosts += 1
        # What is dropped comes after more than the guard lets pass.
        if len(self.headers) < MOST_HEADERS and self._header_bytes < LONGEST_HEADERS:
            super().on_header(name, value[:LONGEST_HEADERS])
        self._header_bytes += len(name) + len(value) + 4

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if (
            version not in _VERSIONS
            # One host in HTTP/1.1 (RFC 9112 section 3.2), one way to tell where a body ends (section 6.1).
            or (self._hosts != 1 if version == "1.1" else self._hosts > 1)
            or (codings and (version != "1.1" or len(codings) > 1 or codings[0].lower() != b"chunked"))
        ):
            raise _Refused
        if len(self.pipeline) >= MOST_PIPELINED:
            self._last()
            raise _Refused
        self._reading = Reading.BODY
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._begun, self._framing = True, 0
        if self.cycle.response_complete:
            self._leftover += len(body)
            if self._leftover > self._crowd.limits.leftover_bytes:
                self.transport.abort()
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._reading = Reading.NOTHING
        self._since = self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._reading is not Reading.HEAD:
            self._since = self.loop.time()
        super().on_response_complete()

    def _unsupported_upgrade_warning(self) -> None:
        # The parser has stopped at the end of the head, and takes what follows for another protocol.
        self._last()

    def send_400_response(self, msg: str) -> None:
        if not self._deaf:
            self._refuse(MalformedRequest("This is no request of HTTP/1.1; the connection is closed."))

    def _last(self) -> None:
        """Nothing more is listened to; the connection ends with the answer to the last request that was taken."""
        self._deaf = True
        self.cycle.keep_alive = False

    def _refuse(self, problem: TielineError) -> None:
        cycle = self._last_cycle()
        if cycle is not None and not cycle.response_complete:
            if self._reading is not Reading.BODY or self.pipeline or cycle.response_started:
                # Answers come in the order of their requests, and this one's turn would not be now.
                self._last()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self._unset_keepalive_if_required()
        self._deaf = True
        self._say(problem)
        self._reading, self._since = Reading.REST, self.loop.time()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.flow.resume_reading()
            self.transport.write_eof()
        else:
            self.transport.close()

    def _say(self, problem: TielineError) -> None:
        trace = trace_id(None)
        path = self.url.partition(b"?")[0].decode("latin-1")
        answer = envelope.answer([problem], trace, {"connection": "close", "x-trace-id": trace}, path=path)
        lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}".encode()]
        lines += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))

    def look(self, now: float, limits: Limits) -> None:
        """Once a second: is one of this connection's times over?"""
        if self.transport.is_closing() or self.flow.write_paused:
            # Closing waits for a client that takes the rest; so does an answer under way. However slowly: it moves.
            unread = self.transport.get_write_buffer_size()
            if self._unread_since is None or unread < self._unread:
                self._unread_since, self._unread = now, unread
            elif now - self._unread_since > limits.unread:
                self.transport.abort()
            return
        self._unread_since = None
        age, cycle = now - self._since, self._last_cycle()
        if self._reading is Reading.REST:
            if age > limits.leftover:
                self.transport.abort()
        elif cycle is not None and not cycle.response_complete:
            return
        elif self._reading is Reading.HEAD:
            if age > limits.head:
                self._refuse(HeadersTooSlow(f"The head of the request took over {limits.head:g} s; send it faster."))
        elif self._reading is Reading.BODY:
            if age > limits.leftover:
                self.transport.close()
        elif age > (limits.first_byte if cycle is None else limits.between):
            self.transport.close()

    def idle_since(self) -> float | None:
        """Since when the server waits for the client, be it for a body; None while a whole request is being answered,
        and for what is leaving already."""
        cycle = self._last_cycle()
        answered = cycle is None or cycle.response_complete
        waiting = answered or self._reading is Reading.BODY
        return self._since if waiting and not self.transport.is_closing() else None

    def leave(self) -> None:
        """Makes room for somebody else."""
        self.transport.abort()


def _too_long(url: bytes) -> TielineError:
    if len(url) >= LONGEST_TARGET:
        return TargetTooLong(f"The path and query are longer than {Intake().target_bytes} bytes.")
    return HeadersTooLarge(f"The headers are longer than {Intake().header_bytes} bytes.")


def configured(app: Any) -> uvicorn.Config:
    """How uvicorn serves ``app``."""
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
