"""Subscriptions through connectors that were only imported: nobody says how they are verified or what they bring."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.connectors.connections.making import connect, make_tenant
from tests.connectors.webhooks.making import World
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Manifest
from tieline.sandbox import Running, running

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(registrations=20) as started:
        yield started


async def imported(address: str) -> Manifest:
    async with httpx.AsyncClient() as http:
        return import_document((await http.get(address)).content, address=address)


async def told(world: World, row: dict[str, Any], count: int) -> list[Any]:
    """The first deliveries that the consumer was told of."""
    async with asyncio.timeout(20):
        while len(world.told_of(row["id"])) < count:
            await asyncio.sleep(0.02)
    return world.told_of(row["id"])


async def subscribed(
    world: World, manifest: Manifest, event: str, secrets: dict[str, str]
) -> tuple[Any, dict[str, Any]]:
    tenant = await make_tenant(world.database)
    connection = await connect(world.database, world.connections, tenant, manifest, secrets=secrets)
    row = await world.webhooks.subscribe(tenant, connection, event, "test:x")
    assert row["status"] == "active", row["error"]
    return tenant, row


async def refused(world: World, url: str, headers: dict[str, str]) -> int:
    body = b'{"id": "x", "type": "registration.created", "event": "call.incoming", "data": {}, "call": {}}'
    answer = await world.http.post(url, content=body, headers={"content-type": "application/json", **headers})
    return answer.status_code


async def test_the_events_platform_signs_as_standard_webhooks(world: World, sandbox: Running) -> None:
    manifest = await imported(sandbox.events.openapi)
    tenant, row = await subscribed(world, manifest, "registration.created", {"api_key": sandbox.events.api_key})
    sandbox.touch(registrations=3, new=3)
    deliveries = await told(world, row, 3)
    for one in deliveries:
        assert one.body["type"] == "registration.created" and one.payload == one.body["data"]
    assert {one["status"] for one in await world.settled(tenant, row)} == {"handled"}
    assert {one["state"] for one in sandbox.deliveries("events")} == {"delivered"}
    url = await world.url(tenant, row)
    assert await refused(world, url, {}) == 401
    forged = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    assert await refused(world, url, forged) == 401
    await world.webhooks.unsubscribe(tenant, row["id"])
    assert await refused(world, url, {}) == 410


async def test_the_telephone_system_signs_with_pairs(world: World, sandbox: Running) -> None:
    manifest = await imported(sandbox.telephony.openapi)
    secrets = {"client_id": sandbox.telephony.client_id, "client_secret": sandbox.telephony.client_secret}
    tenant, row = await subscribed(world, manifest, "call.incoming", secrets)
    call = sandbox.ring("+32470000001")
    (one,) = await told(world, row, 1)
    assert one.payload["id"] == call["id"] and one.payload == one.body["call"]
    assert [delivery["state"] for delivery in sandbox.deliveries("telephony")] == ["delivered"]
    url = await world.url(tenant, row)
    assert await refused(world, url, {"X-Dialbook-Signature": "t=1,v1=00"}) == 401
    report = await world.webhooks.reconcile(tenant, row["connection_id"])
    assert not (report.created or report.repaired or report.removed)
    await world.webhooks.unsubscribe(tenant, row["id"])
