"""A list of 100 automations: processor time and latency of a request, against a bare FastAPI route of the same payload.

    python -m bench lists [--requests 400] [--rounds 5] [--clients 8]

Two servers in turn: ``tieline serve`` (authentication, rate limit exact over all processes, one transaction with
row-level security) and uvicorn with two bare routes that keep the payload in memory: ``dict`` gives it to FastAPI as
it is, ``bytes`` has msgspec write it. Requests a second and core are 1 / (processor time of the server's process per
request). JSON lines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil

AUTOMATIONS = 100
LIST = f"/api/v1/automations?limit={AUTOMATIONS}"

_BARE = """
import json, os
import msgspec
from fastapi import FastAPI
from fastapi.responses import Response

app = FastAPI()
data = json.loads(os.environ["PAYLOAD"])
encoder = msgspec.json.Encoder()

@app.get("/dict")
async def plain(limit: int = 100):
    return data

@app.get("/bytes")
async def encoded(limit: int = 100):
    return Response(encoder.encode(data), media_type="application/json")
"""


class Side(NamedTuple):
    """One route of one server."""

    name: str
    port: int
    path: str
    key: str
    process: psutil.Process


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def started(arguments: list[str], folder: Path, **environment: str) -> Iterator[psutil.Process]:
    """A process of its own group, ended with its children."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | environment,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def wait_for(url: str) -> None:
    """Until it answers 200."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(url)


async def client(side: Side, requests: int) -> list[float]:
    """One connection, one request after the other; seconds of each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", side.port)
    asked = f"GET {side.path} HTTP/1.1\r\nHost: 127.0.0.1:{side.port}\r\nAuthorization: Bearer {side.key}\r\n\r\n"
    taken = []
    for _ in range(requests):
        started_at = time.perf_counter()
        writer.write(asked.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        taken.append(time.perf_counter() - started_at)
    writer.close()
    return taken


async def one_round(side: Side, requests: int, clients: int) -> dict[str, float]:
    """So many requests over ``clients`` connections."""
    before, at = side.process.cpu_times(), time.perf_counter()
    parts = await asyncio.gather(*[client(side, requests // clients) for _ in range(clients)])
    seconds, after = time.perf_counter() - at, side.process.cpu_times()
    taken = sorted(one for part in parts for one in part)
    spent = after.user + after.system - before.user - before.system
    return {
        "cpu_us": spent / len(taken) * 1e6,
        "wall_per_second": len(taken) / seconds,
        "p99_ms": taken[int(len(taken) * 0.99) - 1] * 1000,
    }


def fill(url: str, key: str) -> bytes:
    """100 automations; the list as it is answered."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as api:
        for number in range(AUTOMATIONS):
            body = {"name": f"Automation {number}", "description": "Registrations to the phonebook", "workspace": {}}
            api.post("/api/v1/automations", json=body).raise_for_status()
        return api.get(LIST).raise_for_status().content


def main() -> None:
    """Prints a line a side, then the ratios."""
    parser = argparse.ArgumentParser(prog="bench lists", description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=8)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, bare = free_port(), free_port()
        serve = ["-m", "tieline", "serve", "--port", str(ours), "--workers", "0"]
        limits = {"TIELINE_TIER1_PER_MINUTE": str(10**9), "TIELINE_TIER2_PER_MINUTE": str(10**9)}
        with started(serve, folder, TIELINE_DATA_DIR=str(folder / "data"), **limits) as server:
            wait_for(f"http://127.0.0.1:{ours}/readyz")
            key = (folder / "data" / "admin.key").read_text().strip()
            payload = fill(f"http://127.0.0.1:{ours}", key)
            (folder / "bare.py").write_text(_BARE)
            run = ["-m", "uvicorn", "bare:app", "--port", str(bare), "--no-access-log", "--loop", "uvloop"]
            with started(run, folder, PAYLOAD=payload.decode()) as other:
                wait_for(f"http://127.0.0.1:{bare}/bytes")
                sides = [
                    Side("tieline", ours, LIST, key, server),
                    Side("bare dict", bare, "/dict", "-", other),
                    Side("bare bytes", bare, "/bytes", "-", other),
                ]
                found = measure(sides, wanted.requests, wanted.rounds, wanted.clients)
    for name, row in found.items():
        per_core = 1e6 / row["cpu_us"]
        print(json.dumps({"side": name, "per_second_and_core": round(per_core)} | row))
    ratios = {name: round(found["tieline"]["cpu_us"] / row["cpu_us"], 2) for name, row in found.items()}
    print(json.dumps({"tieline_costs_times": ratios}))


def measure(sides: list[Side], requests: int, rounds: int, clients: int) -> dict[str, dict[str, float]]:
    """The sides in turn; medians."""
    rows: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
    for number in range(rounds + 1):
        for side in sides:
            row = asyncio.run(one_round(side, requests, clients))
            if number:  # the first one warms up
                rows[side.name].append(row)
    return {
        name: {key: round(statistics.median(row[key] for row in many), 1) for key in many[0]}
        for name, many in rows.items()
    }


if __name__ == "__main__":
    main()
