"""HTTP/1.1 as uvicorn speaks it, except for what the application never gets to see: there the answers are ours too."""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tieline.api.edge import envelope
from tieline.api.edge.intake import Intake
from tieline.api.edge.trace import trace_id
from tieline.core.errors import BadInput

# More than the guard lets pass, so that it is the guard who refuses; less than the 64 KB at which the parser gives up.
LONGEST_TARGET = Intake().target_bytes + 2048
LONGEST_HEADERS = 2 * Intake().header_bytes
MOST_HEADERS = 2 * Intake().headers


class MalformedRequest(BadInput):
    """Bytes that are no request of HTTP/1.1 (RFC 9112)."""

    code = "malformed-request"
    title = "Malformed request"


class Protocol(HttpToolsProtocol):
    """Cuts off what is too long of addresses and headers, and answers what is no HTTP with the envelope."""

    url = b""  # until the first request begins

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # asyncio leaves this out where the listening socket names no protocol. Head and body of an answer are two
        # writes: the second would wait 40 ms for the client's delayed acknowledgement (RFC 1122 section 4.2.3.2).
        connected = transport.get_extra_info("socket")
        if connected is not None and connected.family in (socket.AF_INET, socket.AF_INET6):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url[: LONGEST_TARGET - len(self.url)])

    def on_header(self, name: bytes, value: bytes) -> None:
        # What is dropped comes after more than the guard lets pass.
        if len(self.headers) < MOST_HEADERS and self._header_bytes < LONGEST_HEADERS:
            super().on_header(name, value[:LONGEST_HEADERS])
        self._header_bytes += len(name) + len(value) + 4

    def send_400_response(self, msg: str) -> None:
        problem = MalformedRequest("This is no request of HTTP/1.1; the connection is closed.")
        trace = trace_id(None)
        path = self.url.partition(b"?")[0].decode("latin-1")
        answer = envelope.answer([problem], trace, {"connection": "close", "x-trace-id": trace}, path=path)
        lines = [b"HTTP/1.1 400 " + HTTPStatus(400).phrase.encode()]
        lines += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.close()


def configured(app: Any) -> uvicorn.Config:
    """How uvicorn serves ``app``."""
    return uvicorn.Config(
        app,
        http=Protocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
