"""What spans cost: short runs a second without tracing, and with every span sent to a collector.

    python -m bench tracing [--runs 300] [--rounds 3]

The worker and its load are those of `short_runs`; in every other round it sends its spans (a run and two blocks each)
by OTLP over HTTP to a small server in this process, whose time is not counted. JSON lines; the last one has the ratios
on / off, and how many spans came.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.scale_world import document, show, world
from bench.short_runs import TENANTS, one_round

ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


class _Collector(BaseHTTPRequestHandler):
    requests = received = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _Collector.requests += 1
        _Collector.received += len(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def collector() -> Iterator[str]:
    """The address of a server that takes spans."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces"
    finally:
        server.shutdown()


async def measure(runs: int, rounds: int) -> None:
    found: dict[str, list[dict[str, float]]] = {"off": [], "on": []}
    async with world() as place:
        many = await place.automations(
            await place.tenants(TENANTS), document(show(), show(identity="P")), max_concurrent_runs=4
        )
        with collector() as address:
            for _ in range(rounds):
                for side, rows in found.items():
                    if side == "on":
                        os.environ[ENDPOINT] = address
                    rows.append(await one_round(place, many, runs, 1, None))
                    os.environ.pop(ENDPOINT, None)
    for side, rows in found.items():
        middle = {key: round(statistics.median(row[key] for row in rows), 2) for key in rows[0]}
        print(json.dumps({"side": side, "runs": runs, "rounds": rounds, **middle}))
    pairs = list(zip(found["on"], found["off"], strict=True))
    ratio = {key: round(statistics.median(a[key] / b[key] for a, b in pairs), 2) for key in found["on"][0]}
    print(json.dumps({"side": "on / off", **ratio, "exports": _Collector.requests, "bytes": _Collector.received}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    asyncio.run(measure(args.runs, args.rounds))


if __name__ == "__main__":
    main()
