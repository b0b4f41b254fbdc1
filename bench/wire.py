"""HTTP/1.1 with as little work as it takes: senders for load, and a stub that answers all calls, a process of its own.

python -m bench wire --stub PORT
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import subprocess
import sys
from contextlib import suppress
from typing import cast

from tieline.server.event_loop import run

ANSWER = b'{"ok":true,"id":"4711","status":"accepted"}'


def free_port() -> int:
    """A port that nobody uses now."""
    # Below those that the system gives out: a connection to a port of these can turn out to be one to itself.
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


class Sender(asyncio.Protocol):
    """One kept connection, one request at a time."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._waiting: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._gone = False
        self.headers: dict[str, str] = {}

    @classmethod
    async def connect(cls, port: int) -> Sender:
        """Raises `OSError`."""
        _, made = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one that does not say so

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises `EOFError` where the server leaves."""
        head = (
            f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return await self._ask(head.encode() + body)

    async def get(self, path: str) -> tuple[int, bytes]:
        return await self._ask(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        if self._gone or self._transport is None:
            raise EOFError
        self._transport.write(request)
        while True:
            end = self._data.find(b"\r\n\r\n")
            if end >= 0:
                lines = bytes(self._data[:end]).decode("latin-1").split("\r\n")
                self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
                size = int(self.headers.get("content-length", "0"))
                if len(self._data) >= end + 4 + size:
                    body = bytes(self._data[end + 4 : end + 4 + size])
                    del self._data[: end + 4 + size]
                    return int(lines[0].split(" ")[1]), body
            if self._gone:
                raise EOFError
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting


class _Answering(asyncio.Protocol):
    """Answers each request, whatever it says, with the same."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._data = cast("asyncio.Transport", transport), b""
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)
        self._answer = head + ANSWER

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._data) < end + 4 + size:
                return
            self._data = self._data[end + 4 + size :]
            self._transport.write(self._answer)


class Stub:
    """The process that answers."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


async def stub() -> Stub:
    """Started, and answering."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench", "wire", "--stub", str(port)])
    while True:
        with suppress(OSError):
            (await Sender.connect(port)).close()
            return Stub(process, port)
        await asyncio.sleep(0.05)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", port)
    await server.serve_forever()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stub", type=int, required=True)
    with suppress(KeyboardInterrupt):
        run(_serve(parser.parse_args().stub))
    return 0


if __name__ == "__main__":
    sys.exit(main())
