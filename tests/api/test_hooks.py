"""Webhook subscriptions over HTTP, and the door that their deliveries come through."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tests.connectors.webhooks.making import DIALECTS, hooks_manifest
from tieline.core.ids import new_id

pytestmark = pytest.mark.anyio

PATH = "/api/v1/webhook-subscriptions"


@pytest.fixture
async def connection(parts: Parts, tenant: Tenant, upstream: str) -> str:
    """A connection to the upstream of the tenant's administrator."""
    async with parts.database.tenant(tenant.id) as unit:
        connector = await parts.connectors.save(unit, hooks_manifest(upstream))
        row = await parts.connections.create(unit, connector_id=connector["id"], name="hooks", owner_id=tenant.admin_id)
    return str(row["id"])


async def made(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await api.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def door(made: dict[str, Any]) -> str:
    """The path of the address; the server of this test listens on another port than its settings say."""
    return "/hooks/" + made["url"].rpartition("/")[2]


async def test_a_subscription_from_beginning_to_end(
    api: httpx.AsyncClient, address: str, connection: str, upstream: str
) -> None:
    sub = await made(api, connectionId=connection, event="unsigned", inputs={"schedule": [0]})
    assert sub["status"] == "active"
    assert sub["secret"] is None
    (listed,) = (await api.get(PATH, params={"connectionId": connection})).json()["data"]
    assert listed == (await api.get(f"{PATH}/{sub['id']}")).json()
    assert "url" not in listed
    async with client(address) as sender:
        assert (await sender.post(door(sub), json={"n": 1})).status_code == 200
        (delivery,) = (await api.get(f"{PATH}/{sub['id']}/deliveries")).json()["data"]
        assert (delivery["status"], delivery["body"]) == ("received", '{"n":1}')
        report = await api.post(f"/api/v1/automation-connections/{connection}/actions/reconcile-webhooks")
        assert report.json()["failed"] == 0
        assert (await api.delete(f"{PATH}/{sub['id']}")).status_code == 204
        assert (await sender.post(door(sub), json={"n": 2})).status_code == 410
    for missing in (f"{PATH}/{sub['id']}", f"{PATH}/{sub['id']}/deliveries", f"{PATH}/{new_id()}"):
        assert (await api.get(missing)).status_code == 404
    assert (await api.delete(f"{PATH}/{sub['id']}")).status_code == 404


async def test_an_address_that_is_entered_by_hand(api: httpx.AsyncClient, address: str) -> None:
    sub = await made(api, settings={"verification": {"dialect": "token"}})
    assert sub["secret"]
    async with client(address) as sender:
        assert (await sender.post(door(sub), headers={"x-webhook-token": sub["secret"]})).status_code == 200
        assert (await sender.post(door(sub), headers={"x-webhook-token": "x"})).status_code == 401


async def test_deleting_the_connection_ends_its_subscriptions(
    api: httpx.AsyncClient, address: str, connection: str
) -> None:
    sub = await made(api, connectionId=connection, event="unsigned")
    assert (await api.delete(f"/api/v1/automation-connections/{connection}")).status_code == 204
    assert (await api.get(PATH)).json() == {"data": []}
    async with client(address) as sender:
        assert (await sender.post(door(sub), json={})).status_code == 410


@pytest.mark.parametrize(
    "body, status",
    [
        ({"connectionId": "x", "event": "github"}, 400),
        ({"connectionId": "0199d0e2-6b1c-7c5e-9a54-0d3e5c9a7b10", "event": "github"}, 404),
        ({"event": 7}, 400),
        ({"consumer": "automation:0199d0e2-6b1c-7c5e-9a54-0d3e5c9a7b10"}, 400),
        ({"settings": {"verification": {"dialect": "none such"}}}, 400),
        ({"settings": {"verification": "github"}}, 400),
        ({"settings": {"typo": 1}}, 400),
        ({"settings": {"coalesce": "long"}}, 400),
        ({"event": "x" * 201}, 400),
    ],
    ids=str,
)
async def test_a_wish_that_is_wrong_is_refused(api: httpx.AsyncClient, body: dict[str, Any], status: int) -> None:
    assert (await api.post(PATH, json=body)).status_code == status


async def test_an_event_that_the_connector_does_not_have(api: httpx.AsyncClient, connection: str) -> None:
    assert (await api.post(PATH, json={"connectionId": connection, "event": "no such"})).status_code == 404


async def test_another_tenant_sees_nothing(api: httpx.AsyncClient, other: httpx.AsyncClient, connection: str) -> None:
    sub = await made(api, connectionId=connection, event="github")
    assert (await other.get(PATH)).json() == {"data": []}
    assert (await other.get(f"{PATH}/{sub['id']}")).status_code == 404
    assert (await other.get(f"{PATH}/{sub['id']}/deliveries")).status_code == 404
    assert (await other.delete(f"{PATH}/{sub['id']}")).status_code == 404
    assert (await other.post(PATH, json={"connectionId": connection, "event": "github"})).status_code == 404
    reconciling = f"/api/v1/automation-connections/{connection}/actions/reconcile-webhooks"
    assert (await other.post(reconciling)).status_code == 404


async def test_a_colleague_sees_only_what_belongs_to_connections_that_he_sees(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant, connection: str
) -> None:
    sub = await made(api, connectionId=connection, event="github")
    by_hand = await made(api)
    _, key = await world.user(tenant.id)
    async with client(address, key) as colleague:
        assert (await colleague.get(PATH)).json() == {"data": []}
        for one in (sub, by_hand):
            assert (await colleague.get(f"{PATH}/{one['id']}")).status_code == 404
        assert (await colleague.post(PATH, json={})).status_code == 400


async def test_a_key_that_only_reads_changes_nothing(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    sub = await made(api)
    key = await world.key(tenant.id, tenant.admin_id, ["connections:read"])
    async with client(address, key) as reader:
        assert (await reader.get(PATH)).status_code == 200
        assert (await reader.post(PATH, json={})).status_code == 403
        assert (await reader.delete(f"{PATH}/{sub['id']}")).status_code == 403


async def test_no_secret_is_ever_shown_or_stored_in_the_open(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, connection: str
) -> None:
    for dialect in DIALECTS:
        sub = await made(api, connectionId=connection, event=dialect)
        url, secret = await parts.webhooks.reveal(tenant.id, UUID(sub["id"]))
        seen = (await api.get(PATH)).text + (await api.get(f"{PATH}/{sub['id']}")).text
        assert secret not in seen
        assert url.rpartition("/")[2] not in seen
        rows = await parts.database.autocommit("SELECT count(*) FROM pg_class WHERE relname = 'webhook_subscriptions'")
        assert rows


async def test_a_slow_sender_keeps_nobody_waiting(api: httpx.AsyncClient, address: str) -> None:
    """The intake of these tests bears pauses of half a second and two seconds in all."""
    sub = await made(api)
    host, port = address.removeprefix("http://").split(":")
    head = f"POST {door(sub)} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode()
    pairs = [await asyncio.open_connection(host, int(port)) for _ in range(50)]
    for _, writer in pairs:
        writer.write(head)
        await writer.drain()
    async with client(address) as sender:
        for number in range(5):
            assert (await sender.post(door(sub), json={"n": number})).status_code == 200
    for reader, writer in pairs:
        assert b" 408 " in await reader.readline()
        writer.close()
    assert len((await api.get(f"{PATH}/{sub['id']}/deliveries")).json()["data"]) == 5
