"""Asks one address over and over on so many connections, each one question at a time; counts and times the answers."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import uvloop

COUNTER = b"0000000000"
"""Ten digits that stand for a number."""

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"transfer-encoding: *chunked", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """What is asked. ``COUNTER`` in the body is another number each time: an equal body might be taken for a repeat."""

    port: int
    path: str
    method: str = "POST"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    expects: bytes = b""
    """Stands in the body of every right answer."""

    def request(self) -> bytes:
        """Head and body, to be sent as they are once `numbered`."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.method != "GET":
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


class Numbered:
    """Requests that differ in their number; each process of ours begins elsewhere, so that none comes twice."""

    _next = itertools.count(time.time_ns() // 1000 % 10**9)

    def __init__(self, target: Target) -> None:
        self._before, found, self._after = target.request().partition(COUNTER)
        self._counted = bool(found)

    def make(self) -> bytes:
        if not self._counted:
            return self._before
        return b"%b%010d%b" % (self._before, next(self._next), self._after)


@dataclass(frozen=True)
class Measured:
    """Right answers a second, milliseconds of the median and the 99th percentile, and what else came."""

    per_second: float
    p50_ms: float
    p99_ms: float
    answers: int
    wrong: dict[str, int]


class Asker(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Numbered, expects: bytes, taken: list[float], wrong: Counter[str]) -> None:
        self._requests, self._expects, self._taken, self._wrong = requests, expects, taken, wrong
        self._buffer = b""
        self.stopped = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        request = self._requests.make()
        self._at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        if found := LENGTH.search(self._buffer, 0, head + 2):
            end = head + 4 + int(found[1])
            if len(self._buffer) < end:
                return
        elif CHUNKED.search(self._buffer, 0, head + 2):
            if not self._buffer.endswith(b"0\r\n\r\n"):
                return
        elif not self._buffer.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")):
            return
        now = time.perf_counter()
        answer, self._buffer = self._buffer, b""
        if answer.startswith(b"HTTP/1.1 2") and self._expects in answer:
            self._taken.append(now - self._at)
        else:
            self._wrong[answer[9:12].decode("latin-1")] += 1
        if self.stopped:
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.stopped:
            self._wrong["connection lost"] += 1
        if not self.ended.done():
            self.ended.set_result(None)


async def _measure(target: Target, clients: int, seconds: float) -> Measured:
    loop, requests = asyncio.get_running_loop(), Numbered(target)
    taken: list[float] = []
    wrong: Counter[str] = Counter()
    askers: list[Asker] = []
    began = time.perf_counter()
    for _ in range(clients):
        _, asker = await loop.create_connection(
            lambda: Asker(requests, target.expects, taken, wrong), "127.0.0.1", target.port
        )
        askers.append(asker)
    await asyncio.wait([asker.ended for asker in askers], timeout=seconds, return_when=asyncio.ALL_COMPLETED)
    count, elapsed = len(taken), time.perf_counter() - began
    times = sorted(taken)
    for asker in askers:
        asker.stopped = True
    await asyncio.wait([asker.ended for asker in askers], timeout=30)
    if not count:
        return Measured(0.0, 0.0, 0.0, 0, dict(wrong) or {"no answer": 1})
    return Measured(
        per_second=count / elapsed,
        p50_ms=times[count // 2] * 1000,
        p99_ms=times[min(count - 1, int(count * 0.99))] * 1000,
        answers=count,
        wrong=dict(wrong),
    )


def measure(target: Target, *, clients: int, seconds: float) -> Measured:
    """The answers of ``seconds`` seconds."""
    return uvloop.run(_measure(target, clients, seconds))


async def _once(target: Target, timeout: float) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        writer.write(Numbered(target).make())
        async with asyncio.timeout(timeout):
            head = await reader.readuntil(b"\r\n\r\n")
            if found := LENGTH.search(head):
                return head + await reader.readexactly(int(found[1]))
            body = b""
            while CHUNKED.search(head) and not body.endswith(b"0\r\n\r\n"):
                body += await reader.read(65536)
            return head + body
    finally:
        writer.close()


def once(target: Target, *, timeout: float = 30.0) -> bytes:
    """One answer, head and body. Raises OSError, TimeoutError or EOFError where none comes."""
    return asyncio.run(_once(target, timeout))


def await_answer(target: Target, *, seconds: float, alive: Callable[[], bool]) -> float:
    """Seconds until the first right answer. Raises TimeoutError with the last thing that came."""
    began, last = time.monotonic(), "nothing"
    while alive() and time.monotonic() - began < seconds:
        try:
            answer = once(target, timeout=max(0.1, began + seconds - time.monotonic()))
        except (OSError, EOFError) as error:
            last = type(error).__name__
        else:
            if answer.startswith(b"HTTP/1.1 2") and target.expects in answer:
                return time.monotonic() - began
            last = answer[:300].decode("latin-1")
        time.sleep(0.01)
    raise TimeoutError(f"no right answer within {time.monotonic() - began:.0f} s; last: {last}")
