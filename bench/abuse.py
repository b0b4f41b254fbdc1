"""What hostile clients cost the others: idle sockets, slow senders and bodies of 100 MB, against an undisturbed server.

    python -m bench abuse [--idle 2000] [--slow 200] [--large 8] [--seconds 30] [--rounds 3]

Two servers of ours; one is left alone. In each round `/healthz` of both is asked in turn, each time over a connection
of its own, before and while the other is abused by a process of its own. Prints one JSON object: percentiles in
milliseconds, their ratios to the undisturbed server in the same seconds, memory, and what became of the abuse.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench.kill_battery import Process, key_of
from tieline.server.demo.story import free_port

PIECE = b"\0" * 65536
LARGE = 100 * 2**20
PATIENCE = 90.0


@dataclass
class Told:
    """What became of the attempts: statuses (0 = closed without a word) and the longest life, by kind."""

    counts: Counter[str] = field(default_factory=Counter)
    longest: dict[str, float] = field(default_factory=dict)

    def note(self, kind: str, status: int, seconds: float) -> None:
        self.counts[f"{kind} {status}"] += 1
        self.longest[kind] = round(max(seconds, self.longest.get(kind, 0.0)), 1)


Sender = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _idle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(PATIENCE)


async def _slow_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(1)


async def _slow_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"
    )
    await writer.drain()
    await asyncio.sleep(PATIENCE)


async def _blank_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\r\n")
        await writer.drain()
        await asyncio.sleep(1)


def _flood(opening: bytes, piece: bytes = PIECE) -> Sender:
    """Pieces without end behind ``opening``."""

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(opening)
        for _ in range(LARGE // len(PIECE)):
            writer.write(piece)
            await writer.drain()
        await asyncio.sleep(PATIENCE)

    return send


def _declared(line: bytes, *headers: bytes) -> Sender:
    head = [line + b" HTTP/1.1", b"host: x", b"content-type: application/json", b"content-length: %d" % LARGE]
    return _flood(b"\r\n".join([*head, *headers, b"", b""]))


_TOKEN = b"POST /oauth/token HTTP/1.1\r\nhost: x\r\n"
_LETTERS = PIECE.replace(b"\0", b"a")
_chunked = _flood(
    _TOKEN + b"content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
    b"%x\r\n%s\r\n" % (len(PIECE), PIECE),
)
_head_bomb = _flood(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-bomb: ", _LETTERS)
_extension_bomb = _flood(_TOKEN + b"transfer-encoding: chunked\r\n\r\n1;", _LETTERS)


async def _pipeline(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hundreds of thousands of requests at once, whose answers nobody takes."""
    some = b"GET /specs/automations.json HTTP/1.1\r\nhost: x\r\n\r\n" * 1000
    for _ in range(400):
        writer.write(some)
        await writer.drain()


SLOW: dict[str, Sender] = {"slow head": _slow_head, "slow body": _slow_body, "blank lines": _blank_lines}
LARGE_KINDS: dict[str, Sender] = {
    "large": _declared(b"POST /oauth/token"),
    "large chunked": _chunked,
    "large gzip": _declared(b"POST /oauth/token", b"content-encoding: gzip"),
    "large unread": _declared(b"GET /healthz"),
    "large nowhere": _declared(b"POST /nowhere"),
    "head bomb": _head_bomb,
    "extension bomb": _extension_bomb,
    "pipeline": _pipeline,
}


class Abuse:
    """So many hostile clients of each kind; each begins anew when its connection has ended."""

    def __init__(self, address: str) -> None:
        self._where = urlsplit(address)
        self.told = Told()
        self.open = 0
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, idle: int, slow: int, large: int) -> None:
        crowd: list[tuple[str, Sender]] = [("idle", _idle)] * idle
        for kinds, count in ((SLOW, slow), (LARGE_KINDS, large)):
            crowd += [list(kinds.items())[number % len(kinds)] for number in range(count)]
        self._tasks = [asyncio.create_task(self._again(kind, send)) for kind, send in crowd]

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def once(self, kind: str, send: Sender) -> int:
        """The status that this client was told; 0 where the connection ended without a word."""
        begun = time.monotonic()
        reader, writer = await asyncio.open_connection(self._where.hostname, self._where.port)
        self.open += 1
        sending = asyncio.ensure_future(send(reader, writer))
        status = 0
        try:
            async with asyncio.timeout(PATIENCE):
                line = b"" if kind == "pipeline" else await reader.readline()
                status = int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0
                if kind == "pipeline":
                    await sending
                while await reader.read(65536):
                    pass
        except (ConnectionError, TimeoutError):
            pass
        finally:
            self.open -= 1
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            writer.transport.abort()
        self.told.note(kind, status, time.monotonic() - begun)
        return status

    async def _again(self, kind: str, send: Sender) -> None:
        while True:
            try:
                await self.once(kind, send)
            except OSError:
                self.told.note(kind, -1, 0.0)
                await asyncio.sleep(0.5)


async def healthy(address: str, seconds: float = 30.0) -> float:
    """Milliseconds of one `/healthz`, with the connection that it takes; raises where the answer is not 200."""
    where, begun = urlsplit(address), time.perf_counter()
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            line = await reader.readline()
        finally:
            writer.close()
    if b" 200 " not in line:
        raise RuntimeError(f"/healthz said {line!r}")
    return 1000 * (time.perf_counter() - begun)


async def warm(address: str) -> None:
    """What a server makes once, when it is first asked for it (its own document above all), is no growth."""
    for _ in range(3):
        await Abuse(address).once("warm", _once)


async def _once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for path in (b"/specs/automations.json", b"/consolidated/tieline.json", b"/nowhere"):
        writer.write(b"GET " + path + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    writer.write(b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")


def listener(address: str) -> psutil.Process:
    """The process that listens there."""
    port = urlsplit(address).port
    return next(
        psutil.Process(one.pid)
        for one in psutil.net_connections("tcp")
        if one.status == "LISTEN" and tuple(one.laddr)[1:2] == (port,) and one.pid
    )


def megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


def connections(address: str) -> int:
    """Held by the server at this address."""
    port = urlsplit(address).port
    return sum(
        1
        for one in psutil.net_connections("tcp")
        if tuple(one.laddr)[1:2] == (port,) and one.status in {"ESTABLISHED", "CLOSE_WAIT"}
    )


class Served:
    """A server of ours, without workers, in a folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.address = f"http://127.0.0.1:{free_port(0)}"
        self._data = folder / name
        environment = {**os.environ, "TIELINE_DATA_DIR": str(self._data), "TIELINE_LOG_LEVEL": "critical"}
        port = self.address.rpartition(":")[2]
        self._process = Process(["serve", "--port", port, "--workers", "0"], environment, folder / f"{name}.log")

    async def ready(self) -> psutil.Process:
        await key_of(self.address, self._data)
        return listener(self.address)

    def stop(self) -> None:
        self._process.stop()


def percentile(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 1)


async def probing(addresses: list[str], seconds: float, process: psutil.Process) -> tuple[list[list[float]], float]:
    """Milliseconds by address, asked in turn; and the most memory of ``process`` meanwhile."""
    found: list[list[float]] = [[] for _ in addresses]
    until, most = time.monotonic() + seconds, 0.0
    while time.monotonic() < until:
        for address, values in zip(addresses, found, strict=True):
            values.append(await healthy(address))
        most = max(most, megabytes(process))
        await asyncio.sleep(0.02)
    return found, most


async def measure(idle: int, slow: int, large: int, seconds: float, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tieline-abuse-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        servers = [Served(folder, which) for which in ("abused", "alone")]
        try:
            process, _ = [await one.ready() for one in servers]
            addresses = [one.address for one in servers]
            for address in addresses:
                await warm(address)
            await probing(addresses, 3, process)
            before, shown = megabytes(process), []
            most = 0.0
            for _ in range(rounds):
                quiet, _ = await probing(addresses, 5, process)
                attacker = await attacking(addresses[0], idle, slow, large, seconds)
                await asyncio.sleep(2)  # until it sends
                loud, peak = await probing(addresses, seconds - 2, process)
                most = max(most, peak)
                out, _ = await attacker.communicate()
                shown.append(_round(quiet, loud, json.loads(out), connections(addresses[0])))
        finally:
            for one in servers:
                one.stop()
    ratio = statistics.median(one["p99_ratio"] for one in shown)
    memory = {"before_mb": round(before, 1), "most_mb": round(most, 1), "growth": round(most / before - 1, 3)}
    return {"idle": idle, "slow": slow, "large": large, "rounds": shown, "p99_ratio": ratio, "memory": memory}


def _round(quiet: list[list[float]], loud: list[list[float]], told: dict[str, Any], left: int) -> dict[str, Any]:
    abused, alone = loud
    return {
        "quiet_p50": percentile(quiet[0], 0.5),
        "quiet_p99": percentile(quiet[0], 0.99),
        "probes": len(abused),
        "p50": percentile(abused, 0.5),
        "p99": percentile(abused, 0.99),
        "worst": percentile(abused, 1.0),
        "alone_p50": percentile(alone, 0.5),
        "alone_p99": percentile(alone, 0.99),
        "p99_ratio": round(percentile(abused, 0.99) / percentile(alone, 0.99), 2),
        "left_open": left,
        **told,
    }


async def attacking(address: str, idle: int, slow: int, large: int, seconds: float) -> asyncio.subprocess.Process:
    """`attack` in a process of its own, which prints what became of it as JSON."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench", "abuse", "--attack", address, "--idle", str(idle),
        "--slow", str(slow), "--large", str(large), "--seconds", str(seconds),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def attack(address: str, idle: int, slow: int, large: int, seconds: float) -> dict[str, Any]:
    abuse = Abuse(address)
    abuse.begin(idle, slow, large)
    most, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        await asyncio.sleep(0.5)
        most = max(most, abuse.open)
    await abuse.end()
    return {"most_open": most, "told": dict(sorted(abuse.told.counts.items())), "longest": abuse.told.longest}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench abuse", description=(__doc__ or "").split("\n")[0])
    for name, default in (("idle", 2000), ("slow", 200), ("large", 8), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--attack", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.attack:
        work = attack(asked.attack, asked.idle, asked.slow, asked.large, asked.seconds)
    else:
        work = measure(asked.idle, asked.slow, asked.large, asked.seconds, asked.rounds)
    print(json.dumps(asyncio.run(work), indent=None if asked.attack else 1))


if __name__ == "__main__":
    main()
