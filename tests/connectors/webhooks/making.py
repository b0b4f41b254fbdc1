"""A Tieline that serves on loopback, with a worker, and the upstream's webhooks as a connector."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import uvicorn

from tests.connectors.connections.making import connect, make_tenant, vault
from tieline.automations.library import Automations
from tieline.automations.runs import Runs
from tieline.automations.triggers.hooked import Hooked
from tieline.connectors.connecting import ConnectSessions
from tieline.connectors.connections import Connections
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import Block, Input, Manifest, Server, WebhookEvent
from tieline.connectors.webhooks import Delivery, Webhooks
from tieline.security.egress import Egress, Policy, parse_allow
from tieline.server.app import create_app
from tieline.server.platform import Platform
from tieline.server.settings import Settings
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.storage.tables import notices, webhook_deliveries
from tieline.storage.worker import Rhythm

DIALECTS = ("standard", "svix", "github", "stripe", "slack", "shopify", "token", "basic", "unsigned")


def hooks_manifest(base: str, *events: WebhookEvent, name: str = "upstream") -> Manifest:
    """The upstream's subscriptions, by hand; one event for each dialect unless others are given."""
    made = list(events) or [
        WebhookEvent(id=dialect, event=f"matrix.{dialect}", **HOOKS, inputs={"dialect": dialect},
                     verification={"dialect": dialect})
        for dialect in DIALECTS
    ]  # fmt: skip
    return Manifest(
        name=name,
        servers=[Server(url=base)],
        blocks=[
            Block(
                id="add_hook",
                kind="webhook_add",
                method="POST",
                path="/hooks/subscriptions",
                body_type="json",
                inputs=[
                    Input(id="url", location="body", name="/url", required=True),
                    Input(id="events", location="body", name="/events", type="array"),
                    Input(id="dialect", location="body", name="/dialect"),
                    Input(id="secret", location="body", name="/secret"),
                    Input(id="handshake", location="body", name="/handshake", type="boolean"),
                    Input(id="schedule", location="body", name="/schedule", type="array"),
                ],
            ),
            Block(
                id="remove_hook",
                kind="webhook_remove",
                method="DELETE",
                path="/hooks/subscriptions/{id}",
                inputs=[Input(id="id", location="path", name="id", required=True)],
            ),
            Block(id="list_hooks", kind="webhook_list", path="/hooks/subscriptions", records="$.data"),
            Block(
                id="get_contact",
                kind="get",
                path="/crm/contacts/{id}",
                headers={"X-Api-Key": "key-hooks"},
                inputs=[Input(id="id", location="path", name="id", required=True)],
            ),
        ],
        webhooks=made,
    )


HOOKS: dict[str, Any] = {"subscribe": "add_hook", "unsubscribe": "remove_hook", "list": "list_hooks"}


class World:
    """The parts, a tenant, and what the consumer ``test`` was told."""

    def __init__(self, address: str, database: Database, webhooks: Webhooks, connections: Connections) -> None:
        self.address = address
        self.database = database
        self.webhooks = webhooks
        self.connections = connections
        self.told: list[Delivery] = []
        self.fault: Callable[[Delivery], None] | None = None
        self.http = httpx.AsyncClient(base_url=address, timeout=30)
        webhooks.consumers.register("test", self._consume)

    automations: Automations

    async def _consume(self, tenant_id: UUID, row: dict[str, Any], delivery: Delivery) -> None:
        if self.fault is not None:
            self.fault(delivery)
        self.told.append(delivery)

    def told_of(self, subscription_id: UUID) -> list[Delivery]:
        return [delivery for delivery in self.told if delivery.subscription_id == subscription_id]

    async def connection(self, manifest: Manifest, tenant: UUID | None = None) -> tuple[UUID, UUID]:
        """A tenant with a connection of this connector."""
        tenant = tenant or await make_tenant(self.database)
        return tenant, await connect(self.database, self.connections, tenant, manifest)

    async def subscribed(self, manifest: Manifest, **more: Any) -> tuple[UUID, dict[str, Any]]:
        """A subscription to the only event of a connector, in a tenant of its own."""
        tenant, connection = await self.connection(manifest)
        event = more.pop("event", manifest.webhooks[0].id)
        return tenant, await self.webhooks.subscribe(tenant, connection, event, "test:x", **more)

    async def url(self, tenant: UUID, row: dict[str, Any]) -> str:
        return (await self.webhooks.reveal(tenant, row["id"]))[0]

    async def rows(self, tenant: UUID, row: dict[str, Any]) -> list[dict[str, Any]]:
        """Deliveries as they are stored, oldest first."""
        async with self.database.tenant(tenant) as unit:
            return (await self.webhooks.deliveries(unit, row["id"]))[::-1]

    async def settled(self, tenant: UUID, row: dict[str, Any]) -> list[dict[str, Any]]:
        """The deliveries, once none of them waits for its job any more."""
        async with asyncio.timeout(20):
            while any(one["status"] == "received" for one in await self.rows(tenant, row)):
                await asyncio.sleep(0.02)
        return await self.rows(tenant, row)

    async def notices(self, tenant: UUID, kind: str) -> list[dict[str, Any]]:
        async with self.database.tenant(tenant) as unit:
            return await unit.all(unit.select(notices).where(notices.c.kind == kind, notices.c.closed_at.is_(None)))

    async def edit_delivery(self, tenant: UUID, delivery_id: Any, **values: Any) -> None:
        async with self.database.tenant(tenant) as unit:
            await unit.update(webhook_deliveries, webhook_deliveries.c.id == delivery_id, **values)


class Upstream:
    """The other side, asked directly."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = httpx.AsyncClient(base_url=base, timeout=60)

    async def subscriptions(self, about: str = "") -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = (await self.http.get("/hooks/subscriptions")).json()["data"]
        return [entry for entry in entries if about in entry["url"]]

    async def add(self, url: str, **more: Any) -> str:
        answer = await self.http.post("/hooks/subscriptions", json={"url": url, "events": ["nothing"], **more})
        identity: str = answer.json()["id"]
        return identity

    async def kill(self, remote_id: str) -> None:
        assert (await self.http.delete(f"/hooks/subscriptions/{remote_id}")).status_code == 204

    async def emit(self, event: str, data: Any = None, *, fault: str = "", count: int = 1) -> list[dict[str, Any]]:
        """Fire an event; the attempts that were made, once they are over."""
        body = {"event": event, "data": data or {}, "misbehave": fault, "count": count}
        names = (await self.http.post("/hooks/emit", json=body)).json()["messages"]
        while True:
            seen = (await self.http.get("/hooks/deliveries")).json()
            if not seen["pending"]:
                return [one for one in seen["deliveries"] if one["id"] in names]
            await asyncio.sleep(0.02)

    async def contact(self, email: str) -> dict[str, Any]:
        """A new contact of the account that the connector's block reads."""
        made = await self.http.post("/crm/contacts", json={"email": email}, headers={"X-Api-Key": "key-hooks"})
        shown: dict[str, Any] = made.json()
        return shown

    async def arm(self, **fault: Any) -> None:
        assert (await self.http.post("/_ctl/faults", json=fault)).status_code < 300

    async def requests(self, path: str, method: str) -> int:
        query = {"path": path, "method": method}
        found: int = (await self.http.get("/_ctl/requests", params=query)).json()["count"]
        return found

    async def reset(self) -> None:
        await self.http.post("/_ctl/reset")


@asynccontextmanager
async def running(database: Database, settings: Settings) -> AsyncIterator[World]:
    """The real application and a worker, in this process."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    settings = settings.listening_on("127.0.0.1", listening.getsockname()[1])
    library = Library(database)
    own = vault()
    connections = Connections(database, own, library)
    stop = asyncio.Event()
    async with Egress(Policy(allow=parse_allow("127.0.0.0/8"))) as egress:
        webhooks = Webhooks(database, own, library, connections, egress, settings.base_url)
        queue = Queue(database, rhythm=Rhythm(poll=0.1))
        webhooks.register(queue)
        platform = Platform(
            settings=settings,
            database=database,
            vault=own,
            egress=egress,
            queue=queue,
            connectors=library,
            connections=connections,
            connecting=ConnectSessions(database, own, library, connections, egress),
            webhooks=webhooks,
            hooked=(hooked := Hooked(database, webhooks)),
            automations=Automations(database, own, listeners=[hooked]),
            runs=Runs(database),
            first=None,  # type: ignore[arg-type]
        )
        config = uvicorn.Config(create_app(platform), log_config=None, lifespan="off", proxy_headers=False)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        working = asyncio.create_task(queue.run_worker(8, stop, deadline=1.0))
        while not server.started:
            await asyncio.sleep(0.01)
        world = World(settings.base_url, database, webhooks, connections)
        world.automations = platform.automations
        try:
            yield world
        finally:
            stop.set()
            server.should_exit = True
            await asyncio.gather(serving, working)
            await world.http.aclose()
