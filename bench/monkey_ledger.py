"""The service that a monkey's runs write to: it counts effects, and answers badly now and then.

Three ways to write: ``POST /idem`` keeps an Idempotency-Key, ``POST /natural`` refuses a name that is there (409),
``PUT /upsert/{effect}`` sets. ``GET /items`` is a list in pages, ``GET /large`` an answer of 300 kB.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PAGES, PER_PAGE = 4, 5
LARGE = 300_000
FAULTS_EACH = 2  # an effect meets at most so many faults, so that retries are enough


@dataclass
class Ledger:
    """What really happened. ``delay``: seconds before and after each effect, at most; ``faults``: share of answers."""

    rng: random.Random
    delay: float = 0.02
    faults: float = 0.04
    url: str = ""
    written: Counter[str] = field(default_factory=Counter)
    values: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    repeats: Counter[str] = field(default_factory=Counter)
    faulted: Counter[str] = field(default_factory=Counter)

    async def idem(self, request: web.Request) -> web.StreamResponse:
        """Once for each key; a repeat of a key must say the same."""
        body = await request.json()
        effect, value = str(body["effect"]), body["value"]

        def write() -> int:
            key = request.headers["Idempotency-Key"]
            if (known := self.keys.get(key)) is not None:
                self._repeat("idem", known == (effect, value), effect)
                return 200
            self.keys[key] = (effect, value)
            self.written[effect] += 1
            self.values[effect] = value
            return 201

        return await self._answer(request, effect, write)

    async def natural(self, request: web.Request) -> web.StreamResponse:
        """Once for each name."""
        body = await request.json()
        effect, value = str(body["effect"]), body["value"]

        def write() -> int:
            if effect in self.written:
                self._repeat("natural", self.values[effect] == value, effect)
                return 409
            self.written[effect] += 1
            self.values[effect] = value
            return 201

        return await self._answer(request, effect, write)

    async def upsert(self, request: web.Request) -> web.StreamResponse:
        """Sets the value of a name; it never changes in a monkey's runs."""
        effect, value = request.match_info["effect"], (await request.json())["value"]

        def write() -> int:
            if effect in self.written:
                self._repeat("upsert", self.values[effect] == value, effect)
                return 200
            self.written[effect] = 1
            self.values[effect] = value
            return 200

        return await self._answer(request, effect, write)

    async def items(self, request: web.Request) -> web.StreamResponse:
        """One page of the list of a token."""
        await asyncio.sleep(self.rng.uniform(0, self.delay))
        page, token = int(request.query.get("page", "1")), request.query["token"]
        first = (page - 1) * PER_PAGE
        names = [f"{token}.p{number}" for number in range(first, first + PER_PAGE)] if page <= PAGES else []
        return web.json_response({"items": [{"name": name} for name in names]})

    async def large(self, request: web.Request) -> web.StreamResponse:
        """An answer that a run keeps aside."""
        return web.json_response({"text": "x" * LARGE})

    def _repeat(self, how: str, same: bool, effect: str) -> None:
        self.repeats[how] += 1
        if not same:
            self.conflicts.append(effect)

    async def _answer(self, request: web.Request, effect: str, write: Any) -> web.StreamResponse:
        """Before the effect "later", or behind it silence: what a client cannot tell from an effect that never was."""
        dice = self.rng.random()
        faulty = dice < self.faults and self.faulted[effect] < FAULTS_EACH
        if faulty:
            self.faulted[effect] += 1
        await asyncio.sleep(self.rng.uniform(0, self.delay))
        if faulty and dice < self.faults / 2:
            return web.json_response({"error": "later"}, status=503, headers={"Retry-After": "0"})
        status = write()
        await asyncio.sleep(self.rng.uniform(0, self.delay))
        if faulty and request.transport is not None:
            request.transport.close()
        return web.json_response({"effect": effect, "ok": status != 409}, status=status)


@asynccontextmanager
async def serving(ledger: Ledger) -> AsyncIterator[Ledger]:
    """The ledger on a port of the loopback interface; ``ledger.url`` is its address."""
    app = web.Application()
    app.router.add_post("/idem", ledger.idem)
    app.router.add_post("/natural", ledger.natural)
    app.router.add_put("/upsert/{effect}", ledger.upsert)
    app.router.add_get("/items", ledger.items)
    app.router.add_get("/large", ledger.large)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ledger.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield ledger
    finally:
        await runner.cleanup()
