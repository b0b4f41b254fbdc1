"""What an editor and an import dialog need of connectors: forms, previews, corrections, certificates."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest

from tests.api.conftest import Tenant, World, client
from tests.api.test_connectors import BASE, DOCUMENT, bring
from tieline.automations.workspace import check
from tieline.connectors import catalog

pytestmark = pytest.mark.anyio

ORDERS: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Orders", "version": "1"},
    "servers": [{"url": "https://orders.example.com"}],
    "components": {
        "schemas": {
            "Line": {
                "type": "object",
                "required": ["sku"],
                "properties": {
                    "sku": {"type": "string"},
                    "amount": {"type": "integer", "default": 1},
                    "part_of": {"$ref": "#/components/schemas/Order"},
                },
            },
            "Order": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "readOnly": True},
                    "note": {"type": "string"},
                    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                },
            },
        }
    },
    "paths": {
        "/orders": {
            "get": {
                "operationId": "listOrders",
                "parameters": [
                    {"name": "status", "in": "query", "schema": {"type": "string", "enum": ["open", "done"]}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                ],
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}
                            }
                        },
                    }
                },
            },
            "post": {
                "operationId": "createOrder",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                },
                "responses": {"201": {"description": "made"}},
            },
        }
    },
}


async def form(api: httpx.AsyncClient, connector: str, block: str) -> Any:
    answer = await api.get(f"{BASE}/{connector}/blocks/{block}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_block_gives_its_form_with_what_is_inside_of_objects(api: httpx.AsyncClient) -> None:
    made = await bring(api, document=ORDERS)
    listed = (await api.get(f"{BASE}/{made['id']}/blocks")).json()["data"]
    assert {(one["kind"], one["iterable"], one["writes"]) for one in listed} == {
        ("list", True, False),
        ("create", False, True),
    }
    writing = next(one for one in listed if one["writes"])
    shown = await form(api, made["id"], writing["key"])
    assert shown == await form(api, made["id"], writing["id"])
    fields = {one["id"]: one for one in shown["inputs"]}
    assert fields["note"]["type"] == "text"
    lines = fields["lines"]
    assert (lines["type"], lines["items"]["type"]) == ("list", "object")
    assert [(one["id"], one["type"], one["required"]) for one in lines["items"]["fields"]][:2] == [
        ("sku", "text", True),
        ("amount", "number", False),
    ]
    reading = await form(api, made["id"], next(one["key"] for one in listed if one["iterable"]))
    status = next(one for one in reading["inputs"] if one["id"] == "status")
    assert (status["type"], [one["value"] for one in status["choices"]]) == ("select", ["open", "done"])
    assert set(reading["outputSchema"]["properties"]) == {"id", "note", "lines"}
    assert "loopBlockId" in reading["template"]
    assert len(json.dumps(shown)) < 50_000  # an order that holds lines that hold an order


async def test_the_template_of_a_block_is_a_block_of_a_workspace(api: httpx.AsyncClient) -> None:
    made = await bring(api, document=ORDERS)
    for one in (await api.get(f"{BASE}/{made['id']}/blocks")).json()["data"]:
        template = (await form(api, made["id"], one["key"]))["template"]
        start = {"id": "A", "type": "StartBlock", "name": "start", "childId": "B", "inputs": []}
        report = check({"blocks": [start, {**template, "id": "B"}], "variables": []})
        assert (report.errors, report.warnings) == ([], [])
        assert [entry["connector"] for entry in report.unbound] == [made["guid"]]
        assert template["endpoint_role"] == one["role"]


async def test_a_block_that_is_not_there_is_404(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    made = await bring(api)
    assert (await api.get(f"{BASE}/{made['id']}/blocks/none")).status_code == 404
    assert (await other.get(f"{BASE}/{made['id']}/blocks/list_pets")).status_code == 404


async def preview(api: httpx.AsyncClient, **body: Any) -> Any:
    answer = await api.post(f"{BASE}/actions/preview", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_preview_tells_what_was_understood_and_keeps_nothing(api: httpx.AsyncClient) -> None:
    shown = await preview(api, document=DOCUMENT)
    assert (await api.get(BASE)).json()["data"] == []
    assert (shown["name"], shown["title"], shown["existing"]) == ("pet-shop", "Pet Shop", None)
    assert [one["url"] for one in shown["servers"]] == ["https://pets.example.com/v1"]
    assert [one["kind"] for one in shown["auth"]] == ["api_key"]
    assert {one["kind"] for one in shown["blocks"]} == {"list", "create"}
    facts = {one["path"]: one for one in shown["facts"]["data"]}
    kind = next(one for path, one in facts.items() if path.endswith("/kind") and path.startswith("/blocks/"))
    assert kind["setBy"] == "importer"
    assert "list" in kind["choices"]
    assert "responses" in str(kind["evidence"][0]["snippet"])
    assert shown["facts"]["total"] == len(facts)
    sure = [one["confidence"] for one in shown["facts"]["data"]]
    assert sure == sorted(sure)
    assert all(one["unsure"] is (one["confidence"] < shown["facts"]["threshold"]) for one in facts.values())

    made = await bring(api)
    assert (await preview(api, document=DOCUMENT))["existing"] == made["id"]


async def test_a_file_of_25_megabytes_comes_in_base64(api: httpx.AsyncClient) -> None:
    padded = json.dumps(DOCUMENT).encode() + b" " * 25 * 2**20
    shown = await preview(api, document=base64.b64encode(padded).decode(), encoding="base64")
    assert shown["name"] == "pet-shop"
    made = await bring(api, document=base64.b64encode(padded).decode(), encoding="base64")
    assert made["slug"] == "pet-shop"


@pytest.mark.parametrize("body, status", [
    ({}, 400), ({"document": {"hello": "world"}}, 422), ({"source": "file:///etc/passwd"}, 400),
    ({"source": "http://10.0.0.1/x"}, 403), ({"document": "x", "encoding": "base64"}, 400),
])  # fmt: skip
async def test_a_preview_refuses_what_an_import_refuses(
    api: httpx.AsyncClient, body: dict[str, Any], status: int
) -> None:
    assert (await api.post(f"{BASE}/actions/preview", json=body)).status_code == status


async def correct(api: httpx.AsyncClient, connector: str, *facts: dict[str, Any]) -> httpx.Response:
    return await api.patch(f"{BASE}/{connector}/facts", json={"facts": list(facts)})


async def test_what_a_person_says_stays_said_over_another_import(api: httpx.AsyncClient) -> None:
    made = await bring(api, document=ORDERS)
    blocks = {one["kind"]: one["key"] for one in (await api.get(f"{BASE}/{made['id']}/blocks")).json()["data"]}
    key = blocks["list"]
    answer = await correct(
        api,
        made["id"],
        {"path": f"/blocks/{key}/kind", "value": "search"},
        {"path": f"/blocks/{key}/paging/style", "value": "offset"},
        {"path": f"/blocks/{key}/paging/param", "value": "skip"},
        {"path": f"/blocks/{key}/inputs/status/label", "value": "State"},
        {"path": "/title", "value": "Our orders"},
    )
    assert answer.status_code == 200, answer.text
    said = {one["path"]: one for one in answer.json()["data"] if one["setBy"] == "human"}
    assert said[f"/blocks/{key}/kind"]["value"] == "search"
    assert said[f"/blocks/{key}/paging/style"]["confidence"] == 1.0
    assert said[f"/blocks/{key}/inputs/status"]["value"]["label"] == "State"

    changed = json.loads(json.dumps(ORDERS))
    changed["info"]["title"] = "Orders of the API"
    changed["paths"]["/orders"]["get"]["summary"] = "All orders"
    assert (await api.put(f"{BASE}/{made['id']}", json={"document": changed})).status_code == 200
    manifest = (await api.get(f"{BASE}/{made['id']}/manifest")).json()
    block = next(one for one in manifest["blocks"] if one["id"] == key)
    assert (block["kind"], block["paging"]["style"], block["paging"]["param"]) == ("search", "offset", "skip")
    assert next(one for one in block["inputs"] if one["id"] == "status")["label"] == "State"
    assert manifest["title"] == "Our orders"
    actions = [one["action"] for one in (await api.get("/api/v1/audits?sort=-eventTime")).json()["data"]]
    assert "connector.corrected" in actions


@pytest.mark.parametrize("path, value, where", [
    ("blocks/x", 1, "path"), ("/blocks/none/kind", "list", "path"), ("/blocks/{key}/id", "x", "path"),
    ("/blocks/{key}/kind", "lists", "value"), ("/blocks/{key}/kind", 7, "value"), ("/name", "x", "path"),
    ("/blocks/{key}", {}, "path"), ("/guid", "x", "path"), ("/blocks/{key}/facts", {}, "path"),
    ("/blocks/{key}/paging/size", "many", "value"), ("/blocks/{key}/inputs/none/label", "x", "path"),
    ("/blocks/{key}/inputs/status", "x", "value"), ("/" + "a/" * 100, 1, "path"),
    ("/blocks/{key}/__class__", 1, "path"),
])  # fmt: skip
async def test_a_correction_that_does_not_fit_is_refused_with_its_place(
    api: httpx.AsyncClient, path: str, value: Any, where: str
) -> None:
    made = await bring(api, document=ORDERS)
    [key] = [one["key"] for one in (await api.get(f"{BASE}/{made['id']}/blocks")).json()["data"] if one["iterable"]]
    before = (await api.get(f"{BASE}/{made['id']}")).json()["revision"]
    good = {"path": f"/blocks/{key}/name", "value": "Fine"}
    answer = await correct(api, made["id"], good, {"path": path.replace("{key}", key), "value": value})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["source"]["pointer"] == f"/facts/1/{where}"
    assert (await api.get(f"{BASE}/{made['id']}")).json()["revision"] == before


async def test_a_correction_that_breaks_the_whole_is_refused(api: httpx.AsyncClient) -> None:
    made = await bring(api, document=ORDERS)
    [key] = [one["key"] for one in (await api.get(f"{BASE}/{made['id']}/blocks")).json()["data"] if one["iterable"]]
    answer = await correct(api, made["id"], {"path": f"/blocks/{key}/auth", "value": ["unicorn"]})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid-manifest")


async def test_a_certificate_is_made_once_for_one_manifest(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    made = await bring(api, document=ORDERS)
    where = f"{BASE}/{made['id']}/actions/certify"
    first = (await api.post(where, json={})).json()
    assert first["ok"] is (first["failed"] == 0)
    assert first["passed"] > 0
    assert (await api.post(where, json={})).json() == first
    again = (await api.post(where, json={"again": True})).json()
    assert {**again, "madeAt": "", "seconds": 0} == {**first, "madeAt": "", "seconds": 0}
    assert again["madeAt"] > first["madeAt"]
    assert (await api.post(where, json={"block": "none"})).status_code == 404
    one = (await api.post(where, json={"block": first["blocks"][-1]["block"]})).json()
    assert one["passed"] < first["passed"]
    assert (await other.post(where, json={})).status_code == 404


async def test_an_account_makes_one_certificate_at_a_time(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    """One account's certificates, made again and again, do not keep the others waiting."""
    made, others = await bring(api, document=ORDERS), await bring(other, document=ORDERS)
    where = f"{BASE}/{made['id']}/actions/certify"
    answers = await asyncio.gather(
        *(api.post(where, json={"again": True}) for _ in range(6)),
        other.post(f"{BASE}/{others['id']}/actions/certify", json={"again": True}),
    )
    statuses = [one.status_code for one in answers]
    assert statuses[-1] == 200
    assert set(statuses[:-1]) == {200, 429}
    assert next(one for one in answers if one.status_code == 429).headers["retry-after"]
    assert (await api.post(where, json={"again": True})).status_code == 200


async def test_a_connector_of_the_catalog_is_added_and_brought_up_to_date(
    api: httpx.AsyncClient, other: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    listed = (await api.get(f"{BASE}/catalog")).json()["data"]
    assert [one["name"] for one in listed] == list(catalog.names())
    assert not any(one["added"] for one in listed)
    hubspot = next(one for one in listed if one["name"] == "hubspot")
    assert (hubspot["title"], hubspot["auth"], hubspot["connectorId"]) == (
        "HubSpot",
        ["bearer", "oauth2 (authorization_code)"],
        None,
    )
    assert hubspot["blocks"] > 5
    assert hubspot["description"]

    add = f"{BASE}/catalog/hubspot/actions/add"
    made = await api.post(add)
    assert made.status_code == 201, made.text
    connector = made.json()
    assert (connector["slug"], connector["revision"]) == ("hubspot", 1)
    assert len((await api.get(f"{BASE}/{connector['id']}/blocks")).json()["data"]) == hubspot["blocks"]
    assert (await api.post(add)).json()["revision"] == 1
    shown = next(one for one in (await api.get(f"{BASE}/catalog")).json()["data"] if one["added"])
    assert shown == {**hubspot, "added": True, "connectorId": connector["id"], "addedVersion": hubspot["version"]}
    # What somebody else of the tenant has added is not theirs to replace; another tenant begins anew.
    _, key = await world.user(tenant.id)
    async with client(address, key) as colleague:
        assert (await colleague.post(add)).status_code == 403
    assert not any(one["added"] for one in (await other.get(f"{BASE}/catalog")).json()["data"])
    for name in ("hubspott", "..%2Fmanifests%2Fhubspot", "%00", "x" * 5000):
        assert (await api.post(f"{BASE}/catalog/{name}/actions/add")).status_code in (400, 404), name
    reader = await world.key(tenant.id, tenant.admin_id, ["connectors:read"])
    async with client(address, reader) as reading:
        assert (await reading.get(f"{BASE}/catalog")).status_code == 200
        assert (await reading.post(add)).status_code == 403
