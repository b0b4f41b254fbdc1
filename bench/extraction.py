"""100,000 records of a paged API: a connector's reader against a bare aiohttp loop on the same server.

    python -m bench extraction [--records 100000] [--size 100] [--rounds 9] [--loop uvloop|asyncio] [--ahead] [--whole]

A raw asyncio server in a process of its own answers with pages made beforehand. Both readers sign in with the same key
and follow the same pages; each round runs both, in random order, and their ratio within the round is what counts: the
noise of the machine falls out of its median. CPU seconds of the reading process are compared in the same way. Tieline
reads as the engine does: real egress, the rate budget in PostgreSQL. ``--ahead`` lets it fetch one page ahead.

Memory is that of one more process, which does nothing but read with Tieline, sampled at every page: the peak of the
last third against the peak of the first.

``--whole`` adds a run of an automation on a server of its own: a loop over the same list with an empty body, every page
in the journal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import parse_qs, urlsplit

import aiohttp
import uvloop

from bench.kill_battery import Process, key_of
from tieline.connectors.connections.budget import DatabaseBudget
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, ObjectType, Paging, Server
from tieline.connectors.runtime import Account, Client, MemoryBudget, MemoryTokens
from tieline.connectors.runtime.budget import Budget
from tieline.core.ids import new_id
from tieline.security.egress import Egress, Policy
from tieline.server.cli.api import Api
from tieline.server.cli.runs_commands import wait_for
from tieline.server.demo.story import free_port
from tieline.storage.database import Database
from tieline.storage.tables import partners, tenants

KEY = "bench-key-0123456789"
LOOPBACK = Policy(allow=(ip_network("127.0.0.0/8"),))
STYLES = ("cursor", "page")

Read = Callable[[], Awaitable[int]]


class Pages(asyncio.Protocol):
    """Just enough HTTP/1.1 to answer at the speed of the loop: ``/cursor?cursor=N`` and ``/page?page=N``."""

    answers: ClassVar[dict[str, list[bytes]]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            if KEY.encode() not in head:
                self.transport.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
                continue
            target = urlsplit(head.split(b" ", 2)[1].decode())
            style = target.path.strip("/")
            at = parse_qs(target.query).get(style, ["1"])[0]
            self.transport.write(self.answers[style][int(at) - 1])


def answers(style: str, records: int, size: int) -> list[bytes]:
    """Every page as the bytes that go over the wire."""
    made = []
    last = -(-records // size)
    for number in range(1, last + 1):
        rows = [
            {
                "id": i,
                "email": f"user{i}@example.com",
                "name": f"User {i}",
                "active": i % 3 == 0,
                "updated_at": 1.7e9 + i,
            }
            for i in range((number - 1) * size, min(number * size, records))
        ]
        page: dict[str, Any] = {"items": rows}
        if style == "cursor":
            page["next_cursor"] = str(number + 1) if number < last else None
        else:
            page["total"] = records
        body = json.dumps(page, separators=(",", ":")).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        made.append(head.encode() + body)
    return made


def serve(pipe: Connection, records: int, size: int) -> None:
    Pages.answers = {style: answers(style, records, size) for style in STYLES}

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Pages, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


def connector(base: str, size: int) -> Manifest:
    """The API as an importer would describe it."""
    ways = {
        "cursor": Paging(style="cursor", param="cursor", next="$.next_cursor", size_param="limit", size=size),
        "page": Paging(style="page", param="page", total="$.total", size_param="limit", size=size, stop=["total"]),
    }
    return Manifest(
        name="bench",
        servers=[Server(url=base)],
        auth=[AuthMethod(id="key", kind="api_key", name="X-Api-Key", fields=[Input(id="api_key", secret=True)])],
        objects=[ObjectType(name="contact", primary_key=["id"])],
        blocks=[
            Block(id=f"list_{s}", kind="list", object="contact", path=f"/{s}", records="$.items", paging=ways[s])
            for s in STYLES
        ],
    )


def opened(base: str, size: int, egress: Egress, budget: Budget, tenant: str = "") -> Client:
    account = Account(
        manifest=connector(base, size),
        tenant_id=tenant,
        connection_id=str(new_id()),
        auth_method="key",
        secrets={"api_key": KEY},
    )
    return Client(account, egress=egress, tokens=MemoryTokens(), budget=budget)


@asynccontextmanager
async def shared_budget() -> AsyncIterator[tuple[Budget, str]]:
    """A rate budget in a database of its own, and a tenant there."""
    with tempfile.TemporaryDirectory(prefix="tieline-bench-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        async with await Database.open(None, Path(name) / "data") as database:
            partner, tenant = new_id(), new_id()
            async with database.system() as unit:
                await unit.insert(partners, id=partner, name="bench", app_id="bench")
                await unit.insert(tenants, id=tenant, partner_id=partner, external_id="bench", name="bench")
            yield DatabaseBudget(database), str(tenant)


async def bare_cursor(session: aiohttp.ClientSession, base: str, size: int) -> int:
    """What a script does: ask, decode, count the ids, go on at the cursor."""
    count = 0
    query = {"limit": str(size)}
    while True:
        async with session.get(f"{base}/cursor", params=query, headers={"X-Api-Key": KEY}) as answer:
            page = await answer.json()
        count += len([record["id"] for record in page["items"]])
        if not page["next_cursor"]:
            return count
        query["cursor"] = page["next_cursor"]


async def bare_page(session: aiohttp.ClientSession, base: str, size: int) -> int:
    count, number = 0, 1
    while True:
        query = {"limit": str(size), "page": str(number)}
        async with session.get(f"{base}/page", params=query, headers={"X-Api-Key": KEY}) as answer:
            page = await answer.json()
        count += len([record["id"] for record in page["items"]])
        if count >= page["total"]:
            return count
        number += 1


async def tieline(client: Client, style: str, ahead: bool) -> int:
    count = 0
    async for page in client.pages(client.block(f"list_{style}"), {}, prefetch=ahead):
        count += len([record["id"] for record in page.records])
    return count


async def pairs(base: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Both readers in each round, in random order."""
    rows = []
    async with (
        aiohttp.ClientSession() as session,
        Egress(LOOPBACK) as egress,
        shared_budget() as (budget, tenant),
    ):
        client = opened(base, options.size, egress, budget, tenant)
        bare = {"cursor": bare_cursor, "page": bare_page}
        for style in STYLES:
            first: Read = partial(bare[style], session, base, options.size)
            second: Read = partial(tieline, client, style, options.ahead)
            took: dict[Read, list[tuple[float, float]]] = {first: [], second: []}
            for turn in range(options.rounds + 1):
                for read in random.sample([first, second], 2):
                    begun, cpu = time.perf_counter(), time.process_time()
                    count = await read()
                    taken = time.perf_counter() - begun, time.process_time() - cpu
                    if count != options.records:
                        raise SystemExit(f"{style}: {count} records instead of {options.records}")
                    if turn:  # the first round warms up
                        took[read].append(taken)
            both = list(zip(took[first], took[second], strict=True))
            rows.append(
                {
                    "style": style,
                    "bare_per_s": round(options.records / statistics.median(one[0] for one in took[first])),
                    "tieline_per_s": round(options.records / statistics.median(one[0] for one in took[second])),
                    "ratio": round(statistics.median(theirs[0] / ours[0] for theirs, ours in both), 3),
                    "ratios": [round(theirs[0] / ours[0], 2) for theirs, ours in both],
                    "cpu_ratio": round(statistics.median(theirs[1] / ours[1] for theirs, ours in both), 3),
                }
            )
    return rows


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def remember(pipe: Connection, base: str, size: int, style: str) -> None:
    """Sends the resident bytes at each page of one reading."""

    async def run() -> list[int]:
        async with Egress(LOOPBACK) as egress:
            client = opened(base, size, egress, MemoryBudget())
            return [resident() async for _ in client.pages(client.block(f"list_{style}"), {})]

    pipe.send(uvloop.run(run()))


def memory(base: str, size: int, style: str) -> dict[str, Any]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=remember, args=(theirs, base, size, style))
    process.start()
    samples: list[int] = ours.recv()
    process.join()
    third = max(1, len(samples) // 3)
    begin, end = max(samples[:third]), max(samples[-third:])
    return {
        "style": style,
        "first_third_mb": round(begin / 2**20, 1),
        "last_third_mb": round(end / 2**20, 1),
        "growth": round(end / begin, 3),
    }


async def whole(base: str, options: argparse.Namespace) -> dict[str, Any]:
    """One run of an automation that does nothing with the records."""
    with tempfile.TemporaryDirectory(prefix="tieline-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        port = free_port(0)
        settings = {"TIELINE_DATA_DIR": str(folder / "data"), "TIELINE_EGRESS_ALLOW": "127.0.0.0/8"}
        server = Process(["serve", "--port", str(port)], {**os.environ, **settings}, folder / "log")
        try:
            address = f"http://127.0.0.1:{port}"
            async with Api(address, await key_of(address, folder / "data")) as api:
                document = io.dump(connector(base, options.size), "json")
                made = await api.call(
                    "POST", "automation-connectors", {"document": document, "format": "manifest", "name": "bench"}
                )
                given = {"name": "b", "connectorId": made["id"], "params": [{"name": "api_key", "value": KEY}]}
                connection = await api.call("POST", "automation-connections", given)
                begin = {"id": "S", "type": "StartBlock", "name": "start", "childId": "L", "inputs": []}
                loop = {
                    "id": "L",
                    "type": "EndpointBlock",
                    "name": "contacts",
                    "endpoint_guid": "list_cursor",
                    "endpoint_role": "list",
                    "settings": [{"id": "datasource", "value": connection["id"]}],
                    "inputs": [],
                }
                automation = await api.call(
                    "POST", "automations", {"name": "bench", "workspace": {"blocks": [begin, loop], "variables": []}}
                )
                begun = time.perf_counter()
                run = await api.call("POST", f"automations/{automation['id']}/runs", {"context": "api"})
                run = await wait_for(api, automation["id"], run, quiet=True)
                taken = time.perf_counter() - begun
        finally:
            server.stop()
    return {"run": run["status"], "seconds": round(taken, 2), "records_per_s": round(options.records / taken)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=100, help="records of a page")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--ahead", action="store_true", help="fetch one page ahead")
    parser.add_argument("--whole", action="store_true", help="measure a whole run too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(theirs, options.records, options.size), daemon=True)
    server.start()
    try:
        base = f"http://127.0.0.1:{ours.recv()}"
        run = uvloop.run if options.loop == "uvloop" else asyncio.run
        speeds = run(pairs(base, options))
        sizes = [memory(base, options.size, style) for style in STYLES]
        through = asyncio.run(whole(base, options)) if options.whole else None
    finally:
        server.kill()
    if options.json:
        print(json.dumps({"speed": speeds, "memory": sizes, "whole": through}))
        return 0
    print(f"{options.records} records, {options.size} a page, {options.rounds} rounds")
    for row in speeds:
        print(
            f"{row['style']:8} bare {row['bare_per_s']:7}/s  tieline {row['tieline_per_s']:7}/s"
            f"  ratio {row['ratio']:5} (CPU {row['cpu_ratio']})  each round {row['ratios']}"
        )
    for row in sizes:
        print(
            f"{row['style']:8} peak memory {row['first_third_mb']} MB in the first third,"
            f" {row['last_third_mb']} MB in the last (x{row['growth']})"
        )
    if through is not None:
        print(f"a whole run: {through['run']} in {through['seconds']} s, {through['records_per_s']} records/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
