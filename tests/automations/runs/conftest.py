"""A worker in this process on the real database, and a small real API that counts effects."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tieline.automations.blocks.services import block_services
from tieline.automations.runs import Executor, Runs
from tieline.automations.runs.service import TASK
from tieline.connectors.connections import Connections
from tieline.core import json
from tieline.core.ids import new_id
from tieline.security.egress import Egress, Policy
from tieline.security.vault import Vault, parse_keys
from tieline.storage.database import Database
from tieline.storage.journal import JournalStore
from tieline.storage.queue import Queue
from tieline.storage.tables import automation_versions, automations, partners, tenants, users


@dataclass
class Api:
    """POST /effects counts by body; `failing` makes it answer 400 for a body; `gate` holds answers back."""

    url: str = ""
    bodies: list[Any] = field(default_factory=list)
    keys: Counter[str] = field(default_factory=Counter)
    failing: set[str] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def effect(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.arrived.set()
        await self.gate.wait()
        if str(body.get("effect")) in self.failing:
            return web.json_response({"message": "no"}, status=400)
        self.keys[request.headers["Idempotency-Key"]] += 1
        self.bodies.append(body)
        return web.json_response({"ok": True}, status=201)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    found = Api()
    found.gate.set()
    app = web.Application()
    app.router.add_post("/effects", found.effect)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/effects"
    yield found
    found.gate.set()
    await runner.cleanup()


@dataclass
class Bench:
    """What a test does with automations and runs of one tenant."""

    database: Database
    tenant: UUID
    user: UUID
    runs: Runs

    async def automation(self, document: dict[str, Any], *, concurrent: int = 1) -> dict[str, Any]:
        """A saved automation; gives its row."""
        automation_id = new_id()
        async with self.database.tenant(self.tenant) as unit:
            await unit.insert(
                automations,
                id=automation_id,
                name="test",
                owner_id=self.user,
                version=1,
                max_concurrent_runs=concurrent,
            )
            await unit.insert(
                automation_versions, automation_id=automation_id, version=1, workspace=json.dumps(document)
            )
            row = await unit.one(unit.select(automations).where(automations.c.id == automation_id))
            assert row is not None
            return row

    async def start(self, automation: dict[str, Any], inputs: Any = None) -> UUID:
        """Starts a run; gives its id."""
        async with self.database.tenant(self.tenant) as unit:
            row = await self.runs.start(unit, automation=automation, context="api_async", inputs=inputs)
        found: UUID = row["id"]
        return found

    async def ended(self, run_id: UUID) -> dict[str, Any]:
        """The run's row once it is over."""
        return await self.runs.wait(self.tenant, run_id, 30)

    async def run(self, document: dict[str, Any], inputs: Any = None) -> dict[str, Any]:
        """A new automation, run once to its end."""
        return await self.ended(await self.start(await self.automation(document), inputs))


@pytest.fixture
async def bench(database: Database) -> Bench:
    partner, tenant, user = new_id(), new_id(), new_id()
    async with database.system() as unit:
        await unit.insert(partners, id=partner, name="p", app_id=str(partner))
        await unit.insert(tenants, id=tenant, partner_id=partner, external_id="t", name="t")
        await unit.insert(users, tenant_id=tenant, id=user, external_id="u")
    return Bench(database, tenant, user, Runs(database))


@asynccontextmanager
async def working(
    database: Database,
    *,
    name: str = "worker",
    vault: Vault | None = None,
    policy: Policy | None = None,
    places: int = 8,
    sandbox: Path | None = None,
) -> AsyncIterator[Executor]:
    """A worker on this loop, for so many runs at once."""
    stop = asyncio.Event()
    connections = Connections(database, vault or Vault(parse_keys(Vault.generate_key())), sandbox=sandbox)
    policy = policy or Policy(allow=(ip_network("127.0.0.0/8"),))
    async with (
        Egress(policy) as egress,
        JournalStore(database) as store,
        block_services(database, egress, connections) as services,
    ):
        executor = Executor(database, store, services, worker=name)
        queue = Queue(database)
        queue.register(TASK, executor.execute)
        task = asyncio.create_task(queue.run_worker(places, stop, deadline=2))
        try:
            yield executor
        finally:
            stop.set()
            await task


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Executor]:
    async with working(database) as executor:
        yield executor
