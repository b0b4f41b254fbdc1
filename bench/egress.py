"""What the checks of security.egress cost: paired, interleaved runs against bare aiohttp on loopback.

    python bench/egress.py [--seconds 2] [--rounds 7] [--loop uvloop|asyncio] [--json]

A raw asyncio server in a process of its own answers; both clients send the same requests. Each round runs both
clients in random order; the figure is the median over the rounds of the ratio within one round, so that noise of the
machine falls out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from multiprocessing.connection import Connection
from typing import cast

import aiohttp
import uvloop

from tieline.security.egress import Egress, Policy

POST_BODY = json.dumps(
    {"id": 7431, "email": "ada@example.com", "name": "Ada Lovelace", "event": "evt_1", "note": "x" * 180}
).encode()
POST_ANSWER = b'{"id":"c_7431","created":true}'
PAGE = json.dumps(
    {"items": [{"id": i, "email": f"user{i}@example.com", "name": f"User {i}"} for i in range(100)], "next": "abc"}
).encode()
HEADERS = {"Authorization": "Bearer 0123456789abcdef", "Content-Type": "application/json", "Accept": "application/json"}

Call = Callable[[], Awaitable[object]]


class Server(asyncio.Protocol):
    """Just enough HTTP/1.1 to answer at the speed of the loop."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = (
                int(head[at + 15 : head.find(b"\r\n", at) if head.find(b"\r\n", at) > 0 else None]) if at >= 0 else 0
            )
            if len(self.buffer) < end + 4 + length:
                return
            body = PAGE if self.buffer.startswith(b"GET") else POST_ANSWER
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )


def serve(pipe: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


async def cost(call: Call, clients: int, seconds: float) -> tuple[float, float]:
    """Wall and CPU seconds of this process for one call, with this many concurrent clients."""
    done = 0
    end = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await call()
            done += 1

    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(clients)))
    return (time.perf_counter() - started) / done, (time.process_time() - cpu) / done


async def measure(port: int, rounds: int, seconds: float) -> list[dict[str, object]]:
    base = f"http://127.0.0.1:{port}"
    rows: list[dict[str, object]] = []
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as bare,
        Egress(Policy(allow=(ip_network("127.0.0.0/8"),))) as egress,
    ):
        turn = 0

        async def bare_post() -> object:
            async with bare.post(base + "/contacts", data=POST_BODY, headers=HEADERS) as answer:
                return await answer.read()

        async def egress_post() -> object:
            return await egress.request("POST", base + "/contacts", body=POST_BODY, headers=HEADERS)

        async def bare_page() -> object:
            nonlocal turn
            turn += 1
            async with bare.get(f"{base}/contacts?cursor={turn}", headers=HEADERS) as answer:
                return await answer.read()

        async def egress_page() -> object:
            nonlocal turn
            turn += 1
            return await egress.request("GET", f"{base}/contacts?cursor={turn}", headers=HEADERS)

        for work, first, second in (
            ("POST of 300 bytes", bare_post, egress_post),
            ("GET of 100 records", bare_page, egress_page),
        ):
            for clients in (1, 16):
                pairs: list[tuple[tuple[float, float], tuple[float, float]]] = []
                for _ in range(rounds):
                    figures: dict[Call, tuple[float, float]] = {}
                    for call in random.sample([first, second], 2):
                        figures[call] = await cost(call, clients, seconds)
                    pairs.append((figures[first], figures[second]))
                rows.append(
                    {
                        "work": work,
                        "clients": clients,
                        "bare_per_s": round(statistics.median(1 / theirs[0] for theirs, _ in pairs)),
                        "egress_per_s": round(statistics.median(1 / ours[0] for _, ours in pairs)),
                        "wall_ratio": round(statistics.median(ours[0] / theirs[0] for theirs, ours in pairs), 3),
                        "cpu_ratio": round(statistics.median(ours[1] / theirs[1] for theirs, ours in pairs), 3),
                    }
                )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        run = uvloop.run if args.loop == "uvloop" else asyncio.run
        rows = run(measure(ours.recv(), args.rounds, args.seconds))
    finally:
        process.kill()
    for row in rows:
        if args.json:
            print(json.dumps({**row, "loop": args.loop}))
        else:
            print(
                f"{row['work']:20} {row['clients']:3} clients  bare {row['bare_per_s']:6}/s"
                f"  egress {row['egress_per_s']:6}/s"
                f"  time x{row['wall_ratio']} wall, x{row['cpu_ratio']} CPU"
            )


if __name__ == "__main__":
    main()
