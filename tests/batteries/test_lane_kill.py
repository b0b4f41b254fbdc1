"""Webhooks whose senders wait for the answer, while the server that runs them dies by SIGKILL with its worker.

Passes where each webhook has had one run that finished, each effect is there, and no more effects are there twice than
senders waited when something died (each has one call on its way, and the called API knows no keys).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from contextlib import closing, suppress
from typing import Any

import pytest
from sqlalchemy import text

from bench.scale_world import show
from bench.webhooks import World, call, hooked, with_world
from bench.wire import Sender
from tieline.core import json

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(240)]

SEED = int(os.environ.get("TIELINE_TEST_SEED", "7"))
ROUNDS = int(os.environ.get("TIELINE_TEST_ROUNDS", "1"))
SENDERS = 24
WEBHOOKS = 400 * ROUNDS
KILLS = 2 * ROUNDS


class Ledger:
    """An API that counts what it was told, and takes a moment to answer."""

    def __init__(self) -> None:
        self.told: Counter[int] = Counter()
        self.under_way = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
                self.told[json.loads(await reader.readexactly(size))["n"]] += 1
                self.under_way += 1
                try:
                    await asyncio.sleep(0.02)
                finally:
                    self.under_way -= 1
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
                await writer.drain()


async def test_no_effect_is_lost_with_the_server(record_property: Any) -> None:
    ledger = Ledger()
    api = await asyncio.start_server(ledger.answer, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}/told"
    found: dict[str, Any] = {}

    async def work(world: World) -> None:
        path = await world.door(hooked(call(address), show("{$.start.n}"), wait=True))
        found.update(await _storm(world, path, ledger))

    async with api:
        await with_world(None, work)
    record_property("lane_kill", {**found, "seed": SEED})
    assert found["kills"] == KILLS, found
    assert (found["lost"], found["runs"], found["unfinished"]) == (0, WEBHOOKS, 0), found
    assert found["twice"] <= KILLS * SENDERS, found


async def _storm(world: World, path: str, ledger: Ledger) -> dict[str, Any]:
    numbers = iter(range(WEBHOOKS))
    acknowledged: set[int] = set()
    kills = 0

    async def one() -> None:
        sender: Sender | None = None
        for number in numbers:
            while number not in acknowledged:
                try:
                    sender = sender or await Sender.connect(world.served.port)
                    status, _ = await sender.post(path, b'{"n":%d}' % number)
                    if status in (200, 202):
                        acknowledged.add(number)
                        continue
                except (OSError, EOFError):
                    sender = None
                await asyncio.sleep(0.1)
        if sender is not None:
            sender.close()

    async def killer() -> None:
        nonlocal kills
        dice = random.Random(SEED)
        for index in range(KILLS):
            # Somewhere in its share of the work, while calls are on their way.
            after = WEBHOOKS * (index + dice.uniform(0.2, 0.8)) / KILLS
            while len(acknowledged) < after or not ledger.under_way:
                await asyncio.sleep(0.005)
            kills += 1
            world.served.stop(signal.SIGKILL)
            await world.served.start()

    await asyncio.gather(killer(), *(one() for _ in range(SENDERS)))
    done = "SELECT count(*) FROM runs WHERE stopped_at IS NOT NULL"
    async with asyncio.timeout(60):
        while await world.figure(done) < WEBHOOKS:
            await asyncio.sleep(0.2)
    async with world.platform.database.system() as unit:
        rows = await unit.all(text("SELECT status, inputs FROM runs"))
    return {
        "sent": WEBHOOKS,
        "kills": kills,
        "lost": sum(1 for number in range(WEBHOOKS) if not ledger.told[number]),
        "twice": sum(count - 1 for count in ledger.told.values() if count > 1),
        "runs": len({json.loads(row["inputs"])["n"] for row in rows}) if len(rows) == WEBHOOKS else len(rows),
        "unfinished": sum(1 for row in rows if row["status"] != "finished"),
    }
