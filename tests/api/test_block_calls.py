"""One block of a connection, called outside of any automation, against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant
from tieline.automations.blocks.calling import Watching, call_block
from tieline.connectors.importers import import_document
from tieline.connectors.manifest.model import Block
from tieline.connectors.runtime.harmless import changes_something
from tieline.core.ids import new_id
from tieline.sandbox import Running, running

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automation-connections"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(registrations=400) as started:
        yield started


@pytest.fixture
async def gather(tenant: Tenant, parts: Parts, sandbox: Running) -> str:
    """A connection to the events product."""
    sandbox.reset(registrations=400)
    product = sandbox.events
    async with parts.database.tenant(tenant.id) as unit:
        with urlopen(product.openapi, timeout=10) as answer:
            row = await parts.connectors.save(
                unit, import_document(answer.read(), address=product.openapi, name="gather")
            )
        made = await parts.connections.create(
            unit,
            connector_id=row["id"],
            name="gather",
            owner_id=tenant.admin_id,
            params={"api_key": product.api_key},
        )
    return str(made["id"])


async def call(api: httpx.AsyncClient, connection: str, block: str, **body: Any) -> Any:
    answer = await api.post(f"{BASE}/{connection}/blocks/{block}/actions/call", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_list_gives_a_page_its_shape_and_the_next_one(
    api: httpx.AsyncClient, gather: str, sandbox: Running
) -> None:
    first = await call(api, gather, "list_registrations", limit=3)
    assert (first["ok"], first["status"], len(first["records"]), first["error"]) == (True, 200, 3, None)
    assert first["pageRecords"] > 3
    types = {one["path"]: one["types"] for one in first["types"]}
    assert types["$"] == ["object"]
    assert types["$.id"] in (["string"], ["integer"])
    assert first["schema"]["type"] == "object"
    [exchange] = [one for one in first["exchanges"] if one["purpose"] == "page"]
    assert (exchange["method"], exchange["status"]) == ("GET", 200)
    assert exchange["response"]["body"]
    assert sandbox.events.api_key not in json.dumps(first)

    rest = await call(api, gather, "list_registrations", limit=200, offset=3)
    assert len(rest["records"]) == first["pageRecords"] - 3
    second = await call(api, gather, "list_registrations", cursor=first["next"], limit=200)
    seen = [json.dumps(one) for one in first["records"] + rest["records"] + second["records"]]
    assert len(seen) == len(set(seen))


async def test_a_cursor_is_good_for_its_block_and_connection_alone(api: httpx.AsyncClient, gather: str) -> None:
    first = await call(api, gather, "list_registrations", limit=1)
    for block, cursor in (("list_events", first["next"]), ("list_registrations", first["next"][:-8] + "AAAAAAAA")):
        answer = await api.post(f"{BASE}/{gather}/blocks/{block}/actions/call", json={"cursor": cursor})
        assert (answer.status_code, answer.json()["errors"][0]["source"]["pointer"]) == (400, "/cursor")


async def test_what_changes_something_needs_to_be_confirmed_and_is_recorded(
    api: httpx.AsyncClient, gather: str
) -> None:
    where = f"{BASE}/{gather}/blocks/create_attendee/actions/call"
    person = {"first_name": "Ada", "last_name": "L", "email": "ada.l@example.com"}
    refused = await api.post(where, json={"inputs": person})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "confirmation-needed")

    made = await call(api, gather, "create_attendee", inputs=person, confirm=True)
    assert made["ok"], made["error"]
    identity = {"attendee_id": made["records"][0]["id"]}
    there = await call(api, gather, "get_attendee", inputs=identity)
    assert (there["records"][0]["email"], there["next"]) == (person["email"], None)
    gone = await call(api, gather, "get_attendee", inputs={"attendee_id": "att_none"})
    assert (gone["ok"], gone["status"], gone["records"]) == (False, 404, [])
    assert gone["error"]["code"]
    assert gone["exchanges"][-1]["response"]["body"]
    told = [
        one for one in (await api.get("/api/v1/audits")).json()["data"] if one["action"] == "connection.block-called"
    ]
    assert [one["subject"] for one in told] == [f"connection:{gather}"]


@pytest.mark.parametrize("body", [
    {"limit": 0}, {"limit": 201}, {"offset": -1}, {"inputs": []}, {"cursor": 7}, {"confirm": "yes"}, {"limit": "2"},
])  # fmt: skip
async def test_a_call_that_cannot_be_is_refused(api: httpx.AsyncClient, gather: str, body: dict[str, Any]) -> None:
    answer = await api.post(f"{BASE}/{gather}/blocks/list_events/actions/call", json=body)
    assert answer.status_code == 400, answer.text


async def test_inputs_that_do_not_fit_are_refused_before_anything_is_sent(api: httpx.AsyncClient, gather: str) -> None:
    answer = await api.post(f"{BASE}/{gather}/blocks/get_event/actions/call", json={"inputs": {}})
    assert answer.status_code == 400, answer.text


async def test_it_is_for_those_who_may_use_the_connection(
    api: httpx.AsyncClient, other: httpx.AsyncClient, gather: str
) -> None:
    where = "blocks/list_events/actions/call"
    assert (await other.post(f"{BASE}/{gather}/{where}", json={})).status_code == 404
    assert (await api.post(f"{BASE}/{new_id()}/{where}", json={})).status_code == 404
    assert (await api.post(f"{BASE}/{gather}/blocks/none/actions/call", json={})).status_code == 404


async def test_credentials_that_do_not_work_show_at_the_connection(
    api: httpx.AsyncClient, gather: str, tenant: Tenant, parts: Parts
) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        await parts.connections.update(unit, UUID(gather), secrets={"api_key": "wrong"})
    found = await call(api, gather, "list_events")
    assert (found["ok"], found["status"]) == (False, 401)
    assert (await api.get(f"{BASE}/{gather}")).json()["isConnected"] is False


async def test_a_call_ends_in_time(gather: str, tenant: Tenant, parts: Parts) -> None:
    client = await parts.connections.client(tenant.id, UUID(gather), parts.egress)
    called, following = await call_block(client, client.block("list_events"), {}, Watching(), seconds=0)
    assert called.error is not None
    assert (called.error.code, called.records, following) == ("test-call-too-long", [], None)


@pytest.mark.parametrize(
    ("kind", "method", "asks"),
    [
        ("list", "GET", False),
        ("search", "POST", False),
        ("list", "DELETE", True),
        ("get", "PATCH", True),
        ("action", "GET", False),
        ("action", "POST", True),
        ("create", "POST", True),
    ],
)
def test_a_read_that_is_none_needs_to_be_confirmed_as_well(kind: Any, method: Any, asks: bool) -> None:
    assert changes_something(Block(id="b", kind=kind, method=method, path="/things")) is asks
