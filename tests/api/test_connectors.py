"""Connectors over HTTP: imported from documents, replaced, removed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, Server, WebhookEvent
from tieline.core.ids import new_id

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automation-connectors"
READ_BASES = [BASE, "/api/v1/automation-connectors"]

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Pet Shop", "version": "1.2", "description": "Sells pets."},
    "servers": [{"url": "https://pets.example.com/v1"}],
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "security": [{"key": []}],
    "paths": {
        "/pets": {
            "get": {
                "operationId": "listPets",
                "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
                    }
                },
            },
            "post": {
                "operationId": "createPet",
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"type": "object", "properties": {"name": {"type": "string"}}}}
                    }
                },
                "responses": {"201": {"description": "made"}},
            },
        }
    },
}


def manifest(**values: Any) -> Manifest:
    parts = {
        "name": "tele",
        "title": "Tele",
        "description": "Calls.",
        "servers": [Server(url="https://tele.example.com")],
        "auth": [AuthMethod(id="key", kind="api_key", name="X-Key", fields=[Input(id="api_key", secret=True)])],
        "blocks": [
            Block(id="list_calls", name="List calls", kind="list", path="/calls", object="call"),
            Block(id="add_hook", kind="webhook_add", method="POST", path="/hooks"),
        ],
        "webhooks": [WebhookEvent(id="call.ended", name="Call ended", subscribe="add_hook")],
    }
    return Manifest(**{**parts, **values})


async def bring(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await api.post(BASE, json=body or {"document": DOCUMENT})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("form", ["object", "text", "yaml"])
async def test_a_document_becomes_a_connector(api: httpx.AsyncClient, form: str) -> None:
    document: Any = DOCUMENT
    if form == "text":
        document = json.dumps(DOCUMENT)
    elif form == "yaml":
        import yaml

        document = yaml.safe_dump(DOCUMENT)
    made = await bring(api, document=document)
    assert (made["name"], made["slug"], made["revision"]) == ("Pet Shop", "pet-shop", 1)
    assert made["report"]["format"] == "openapi"
    assert made["report"]["blocks"] == {"create": 1, "list": 1}
    assert made["report"]["auth"] == ["api_key"]

    for base in READ_BASES:
        [listed] = (await api.get(base)).json()["data"]
        assert (listed["id"], listed["name"], listed["hasWebhooks"]) == (made["id"], "Pet Shop", False)
        assert listed["description"]
        detail = (await api.get(f"{base}/{made['id']}")).json()
        assert {block["role"] for block in detail["blocks"]} == {"list", "create"}
        secret = next(param for param in detail["params"] if param["secret"])
        assert secret["fieldType"] == "password"
        assert (await api.get(f"{base}/{made['guid']}")).json() == detail
        # The list of blocks says more of each (kind, tags) than the connector itself; what both say is the same.
        blocks = (await api.get(f"{base}/{made['id']}/blocks")).json()["data"]
        said = [{key: block[key] for key in short} for block, short in zip(blocks, detail["blocks"], strict=True)]
        assert said == detail["blocks"]


async def test_an_address_is_fetched_and_imported(api: httpx.AsyncClient, address: str) -> None:
    made = await bring(api, source=f"{address}/openapi.json", name="ourselves")
    assert made["slug"] == "ourselves"
    assert made["report"]["format"] == "openapi"
    assert sum(made["report"]["blocks"].values()) > 50
    told = (await api.get(f"{BASE}/{made['id']}/webhooks/configuration")).json()["events"]
    assert {"webhook" in event["name"].lower() for event in told} <= {True}


@pytest.mark.parametrize(
    "source, status, code",
    [
        ("http://169.254.169.254/latest/meta-data", 403, None),
        ("http://10.0.0.1/openapi.json", 403, None),
        ("file:///etc/passwd", 400, "bad-input"),
        ("/etc/passwd", 400, "bad-input"),
        ("ftp://127.0.0.1/x", 400, "bad-input"),
        ("{address}/nothing", 400, "source-unreachable"),
        ("{address}/metrics", 422, None),
    ],
)
async def test_addresses_that_give_nothing(
    api: httpx.AsyncClient, address: str, source: str, status: int, code: str | None
) -> None:
    answer = await api.post(BASE, json={"source": source.format(address=address)})
    assert answer.status_code in {status, 400}, answer.text
    assert answer.status_code < 500
    if code:
        assert answer.json()["errors"][0]["code"] == code
    assert (await api.get(BASE)).json()["data"] == []


@pytest.mark.parametrize(
    "body, status",
    [
        ({}, 400),
        ({"source": "https://x", "document": {}}, 400),
        ({"source": ""}, 400),
        ({"source": 5}, 400),
        ({"document": []}, 400),
        ({"document": None}, 400),
        ({"document": ""}, 422),
        ({"document": "{"}, 422),
        ({"document": {}}, 422),
        ({"document": {"hello": "world"}}, 422),
        ({"document": DOCUMENT, "format": "nonsense"}, 400),
        ({"document": DOCUMENT, "name": ""}, 400),
        ({"document": DOCUMENT, "name": 5}, 400),
        ({"document": {"schema": "tieline.connector/1"}}, 422),
        ({"document": {"schema": "tieline.connector/1", "name": "x", "blocks": 5}}, 422),
    ],
)
async def test_documents_that_are_none(api: httpx.AsyncClient, body: Any, status: int) -> None:
    answer = await api.post(BASE, json=body)
    assert answer.status_code in {status, 400}, answer.text
    error = answer.json()["errors"][0]
    assert error["code"]
    assert error["detail"]
    assert (await api.get(BASE)).json()["data"] == []


async def test_the_same_document_again_changes_nothing(api: httpx.AsyncClient) -> None:
    one, two = await bring(api), await bring(api)
    assert (two["id"], two["revision"]) == (one["id"], 1)
    changed = {**DOCUMENT, "info": {"title": "Pet Shop", "version": "2.0"}}
    three = await bring(api, document=changed)
    assert (three["id"], three["revision"], three["guid"]) == (one["id"], 2, one["guid"])


async def test_a_manifest_is_taken_as_it_is(api: httpx.AsyncClient) -> None:
    written = manifest()
    made = await bring(api, document=io.dump(written, "yaml"))
    assert (made["slug"], made["hasWebhooks"]) == ("tele", True)
    given = await api.get(f"{BASE}/{made['id']}/manifest")
    assert io.load(given.content).blocks == written.blocks
    again = await bring(api, document=given.json())
    assert again["revision"] == 1
    hooks = (await api.get(f"{BASE}/{made['id']}/webhooks/configuration")).json()
    assert [event["name"] for event in hooks["events"]] == ["Call ended"]
    assert hooks["automatic"] is True


async def test_a_replacement_keeps_the_name(api: httpx.AsyncClient) -> None:
    made = await bring(api)
    replaced = await api.put(f"{BASE}/{made['id']}", json={"document": json.loads(io.dump(manifest(), "json"))})
    assert replaced.status_code == 200, replaced.text
    assert (replaced.json()["slug"], replaced.json()["revision"]) == ("pet-shop", 2)
    assert replaced.json()["id"] == made["id"]
    for missing in (str(new_id()), made["id"].replace(made["id"][0], "f", 1)):
        assert (await api.put(f"{BASE}/{missing}", content=b"not json")).status_code == 404


async def test_deleting(api: httpx.AsyncClient) -> None:
    made = await bring(api)
    connection = await api.post("/api/workflows/automation-connections", json={"connectorId": made["id"]})
    assert connection.status_code == 201
    refused = await api.delete(f"{BASE}/{made['id']}")
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "connector-in-use"
    await api.delete(f"/api/workflows/automation-connections/{connection.json()['id']}")
    gone = await api.delete(f"{BASE}/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.delete(f"{BASE}/{made['id']}")).status_code == 404


async def test_filters_and_sorts(api: httpx.AsyncClient) -> None:
    await bring(api)
    await bring(api, document=io.dump(manifest(), "json"))
    await bring(api, document=io.dump(manifest(name="abc", title=""), "json"))

    async def names(**params: str) -> list[str]:
        return [item["name"] for item in (await api.get(BASE, params=params)).json()["data"]]

    assert await names(sort="name") == ["abc", "Pet Shop", "Tele"]
    assert await names(sort="-name") == ["Tele", "Pet Shop", "abc"]
    assert await names(filter='name eq "tele"') == ["Tele"]
    assert await names(filter='name co "ET" or name eq "abc"') == ["Pet Shop", "abc"]
    assert (await api.get(BASE, params={"filter": "description pr"})).status_code == 400


async def test_another_tenant_sees_and_changes_nothing(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    made = await bring(api)
    for suffix in ("", "/blocks", "/manifest", "/webhooks/configuration"):
        assert (await other.get(f"{BASE}/{made['id']}{suffix}")).status_code == 404
    assert (await other.put(f"{BASE}/{made['id']}", json={"document": DOCUMENT})).status_code == 404
    assert (await other.delete(f"{BASE}/{made['id']}")).status_code == 404
    assert (await bring(other))["id"] != made["id"]
    assert (await api.get(f"{BASE}/{made['id']}")).json()["revision"] == 1


async def test_a_reading_key_imports_nothing(
    address: str, world: World, tenant: Tenant, api: httpx.AsyncClient
) -> None:
    made = await bring(api)
    key = await world.key(tenant.id, tenant.admin_id, ["connectors:read"])
    async with client(address, key) as reader:
        assert (await reader.get(f"{BASE}/{made['id']}")).status_code == 200
        for method, where in (("POST", BASE), ("PUT", f"{BASE}/{made['id']}"), ("DELETE", f"{BASE}/{made['id']}")):
            assert (await reader.request(method, where, json={"document": DOCUMENT})).status_code == 403


async def test_what_a_person_corrected_outlives_an_import(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await bring(api)
    corrected = (await api.get(f"{BASE}/{made['id']}/manifest")).json()
    corrected["title"] = "The Pet Shop"
    corrected.setdefault("facts", {})["title"] = {"by": "human"}
    await api.put(f"{BASE}/{made['id']}", json={"document": corrected})
    again = await bring(api, document={**DOCUMENT, "info": {"title": "Pet Shop", "version": "9"}})
    assert again["name"] == "The Pet Shop"
    async with parts.database.tenant(tenant.id) as unit:
        assert len(await parts.connectors.revisions(unit, UUID(made["id"]))) == 3


async def test_a_connector_is_changed_by_who_made_it_and_by_administrators(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    theirs = (await api.post(BASE, json={"document": DOCUMENT, "name": "theirs"})).json()
    _, key = await world.user(tenant.id)
    async with client(address, key) as person:
        mine = (await person.post(BASE, json={"document": DOCUMENT, "name": "mine"})).json()
        changed = {"document": {**DOCUMENT, "info": {"title": "Changed", "version": "9"}}}
        for refused in (
            await person.put(f"{BASE}/{theirs['id']}", json=changed),
            await person.delete(f"{BASE}/{theirs['id']}"),
            await person.post(BASE, json={**changed, "name": "theirs"}),
        ):
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "forbidden")
        assert (await person.get(f"{BASE}/{theirs['id']}")).json()["revision"] == 1
        assert (await person.put(f"{BASE}/{mine['id']}", json=changed)).json()["revision"] == 2
        assert (await api.put(f"{BASE}/{mine['id']}", json={"document": DOCUMENT})).status_code == 200
        assert (await person.delete(f"{BASE}/{new_id()}")).status_code == 404
        assert (await person.delete(f"{BASE}/{mine['id']}")).status_code == 204
    assert (await api.delete(f"{BASE}/{theirs['id']}")).status_code == 204


async def test_a_connector_that_no_user_made_is_the_administrators(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant, parts: Parts
) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        connector = str((await parts.connectors.save(unit, manifest()))["id"])
    _, key = await world.user(tenant.id)
    scoped = await world.key(tenant.id, tenant.admin_id, ["connectors"])
    async with client(address, key) as person, client(address, scoped) as admin:
        assert (await person.delete(f"{BASE}/{connector}")).status_code == 403
        assert (await person.put(f"{BASE}/{connector}", json={"document": DOCUMENT})).status_code == 403
        assert (await admin.delete(f"{BASE}/{connector}")).status_code == 204
