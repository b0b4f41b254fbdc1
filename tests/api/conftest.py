"""A running API: the real application on a loopback port, over the real database."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn

from tests.api import contracts
from tieline.api.edge.intake import Intake
from tieline.automations.library import Automations
from tieline.automations.runs import Runs
from tieline.automations.triggers.hooked import Hooked
from tieline.connectors.connecting import ConnectSessions
from tieline.connectors.connections import Connections
from tieline.connectors.library import Library
from tieline.connectors.webhooks import Webhooks
from tieline.core.ids import new_id
from tieline.security.egress import Egress, Policy, parse_allow
from tieline.security.vault import Vault, parse_keys
from tieline.server.app import create_app
from tieline.server.protocol import configured
from tieline.server.settings import Settings
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.tenancy import partners, spaces, tenants, users
from tieline.tenancy.keys import ApiKeys
from tieline.tenancy.limits import Tiers
from tieline.tenancy.principal import TENANT_ADMIN

NO_LIMIT = Tiers(tier1=10**6, tier2=10**6)


@dataclass
class Parts:
    """The parts of a platform that the API works with."""

    settings: Any
    database: Database
    vault: Vault
    egress: Egress
    queue: Queue
    connectors: Library
    connections: Connections
    connecting: ConnectSessions
    webhooks: Webhooks
    automations: Automations
    runs: Runs
    hooked: Any = None
    express: Any = None


@dataclass
class Tenant:
    """A tenant with an administrator."""

    id: UUID
    admin_id: UUID
    key: str


class World:
    """Makes tenants, users and keys."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.keys = ApiKeys(database)

    async def tenant(self) -> Tenant:
        async with self.database.system() as unit:
            partner = await partners.find(unit, "tests")
            partner_id = partner["id"] if partner else await partners.create(unit, name="Tests", app_id="tests")
            tenant_id = await tenants.create(unit, partner_id=partner_id, external_id=str(new_id()), name="Tenant")
        admin_id, key = await self.user(tenant_id, scopes=["admin"], roles=[TENANT_ADMIN])
        return Tenant(tenant_id, admin_id, key)

    async def user(
        self, tenant_id: UUID, *, scopes: Sequence[str] = ("user_default",), roles: Sequence[str] = ()
    ) -> tuple[UUID, str]:
        async with self.database.tenant(tenant_id) as unit:
            user_id = await users.create(unit, external_id=str(new_id()), name="Person", roles=roles)
            _, key = await self.keys.create(unit, user_id=user_id, scopes=scopes)
        return user_id, key

    async def key(self, tenant_id: UUID, user_id: UUID, scopes: Sequence[str]) -> str:
        async with self.database.tenant(tenant_id) as unit:
            return (await self.keys.create(unit, user_id=user_id, scopes=scopes))[1]

    async def space(self, tenant_id: UUID) -> UUID:
        async with self.database.tenant(tenant_id) as unit:
            return await spaces.create(unit, name="Team")


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """The address under which uvicorn serves ``app``."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(configured(app))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def client(address: str, key: str | None = None) -> httpx.AsyncClient:
    """A client that sends this API key, and holds every answer against the vendor's documents."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    hooks = {"response": [contracts.hook]}
    # Nothing here is encrypted; reading the certificates takes longer than most tests.
    return httpx.AsyncClient(base_url=address, headers=headers, timeout=30, event_hooks=hooks, verify=False)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("data"))


@asynccontextmanager
async def assembled(database: Database, settings: Settings, vault: Vault) -> AsyncIterator[Parts]:
    """The parts of a platform over ``database``, which may call loopback addresses."""
    async with Egress(Policy(allow=parse_allow("127.0.0.0/8"))) as egress:
        library = Library(database)
        connections = Connections(database, vault, library)
        webhooks = Webhooks(database, vault, library, connections, egress, settings.base_url)
        hooked = Hooked(database, webhooks)
        yield Parts(
            settings=settings,
            database=database,
            vault=vault,
            egress=egress,
            queue=Queue(database),
            connectors=library,
            connections=connections,
            connecting=ConnectSessions(database, vault, library, connections, egress),
            webhooks=webhooks,
            automations=Automations(database, vault, listeners=[hooked]),
            runs=Runs(database),
            hooked=hooked,
        )


@pytest.fixture(scope="module")
async def parts(database: Database, settings: Settings) -> AsyncIterator[Parts]:
    async with assembled(database, settings, Vault(parse_keys(Vault.generate_key()))) as made:
        yield made


@pytest.fixture(scope="module")
async def address(parts: Parts) -> AsyncIterator[str]:
    """Where the API answers, without rate limits."""
    intake = Intake(body_pause=0.5, body_total=2.0)
    async with serving(create_app(parts, tiers=NO_LIMIT, intake=intake)) as where:
        yield where


@pytest.fixture(scope="module")
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
async def tenant(world: World) -> Tenant:
    """A fresh tenant for each test."""
    return await world.tenant()


@pytest.fixture
async def api(address: str, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the administrator's key of a fresh tenant."""
    async with client(address, tenant.key) as opened:
        yield opened


@pytest.fixture
async def other(address: str, world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the administrator's key of another tenant."""
    async with client(address, (await world.tenant()).key) as opened:
        yield opened


@pytest.fixture(scope="session")
def example_workspace(shared: Path) -> bytes:
    """A real export of the original product."""
    return (shared / "contracts" / "workspace" / "example_user_created.json").read_bytes()
