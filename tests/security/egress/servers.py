"""Servers that answer exactly the bytes a test wants, and remember exactly the bytes they got."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tieline.security.egress import Policy, parse_allow

LOOPBACK = Policy(allow=parse_allow("127.0.0.0/8"), total_timeout=10.0)


@dataclass
class Seen:
    """One request as it came in; ``connection`` counts the connections of the server from 1."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    writer: asyncio.StreamWriter

    def reset(self) -> None:
        """A TCP reset instead of an answer."""
        transport = self.writer.transport
        assert transport is not None
        transport.abort()


Answer = Callable[[Seen], Awaitable[bytes | None]]


@dataclass
class Served:
    """A running server: its address, and what it saw."""

    port: int
    scheme: str = "http"
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(
    answer: Answer, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Served]:
    """``answer`` returns the raw bytes of a whole answer, or None to close the connection."""
    served = Served(port=0, scheme="http" if tls is None else "https")
    open_now: set[asyncio.StreamWriter] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        number = served.connections
        open_now.add(writer)
        try:
            while True:
                seen = await _read(reader, number, writer)
                served.requests.append(seen)
                raw = await answer(seen)
                if raw is None:
                    break
                writer.write(raw)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except RuntimeError:
            # What uvloop raises for writing to a connection that the client has closed.
            if not writer.is_closing():
                raise
        finally:
            open_now.discard(writer)
            writer.close()

    server = await asyncio.start_server(connected, host, 0, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for writer in list(open_now):
            writer.transport.abort()
        await asyncio.sleep(0)


async def _read(reader: asyncio.StreamReader, number: int, writer: asyncio.StreamWriter) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, path, headers, body, number, writer)


def http(body: bytes = b"{}", status: int = 200, *lines: str, length: int | None = None) -> bytes:
    """A complete answer with Content-Length, true unless ``length`` says otherwise."""
    head = [f"HTTP/1.1 {status} Whatever", "Content-Type: application/json"]
    head += [f"Content-Length: {len(body) if length is None else length}", *lines]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*chunks: bytes, end: bool = True) -> bytes:
    """An answer in chunks, with or without the last one."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + (b"0\r\n\r\n" if end else b"")


def redirect(location: str, status: int = 302) -> bytes:
    return http(b"", status, f"Location: {location}")


def zipped(body: bytes) -> bytes:
    return http(gzip.compress(body), 200, "Content-Encoding: gzip")


def always(raw: bytes | None) -> Answer:
    """The same answer to everything."""

    async def answer(_: Seen) -> bytes | None:
        return raw

    return answer
