"""Web integrations: who may change them, what an origin may be, JSON Patch as clients send it, both ways of paging."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Tenant, World, client
from tieline.core.ids import new_id

pytestmark = pytest.mark.anyio

BASE = "/api/v1/web-integrations"


async def make(api: httpx.AsyncClient, name: str = "Portal", *origins: str) -> dict[str, Any]:
    answer = await api.post(BASE, json={"name": name, "validOrigins": list(origins)})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_one_is_made_read_and_removed(api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, "Portal", "HTTPS://App.Example.com:443", "https://app.example.com", "http://localhost:3000")
    assert made["validOrigins"] == ["https://app.example.com", "http://localhost:3000"]
    assert (made["tenantId"], made["createdBy"]) == (str(tenant.id), str(tenant.admin_id))
    assert made["links"]["self"]["href"] == str(api.base_url.join(f"{BASE}/{made['id']}"))
    shown = (await api.get(f"{BASE}/{made['id']}")).json()
    assert {**shown, "links": made["links"]} == made
    assert (await api.get(made["links"]["self"]["href"])).status_code == 200
    gone = await api.delete(f"{BASE}/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.get(f"{BASE}/{made['id']}")).status_code == 404
    assert (await api.delete(f"{BASE}/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": 5}, "/name"),
        ({"name": "x" * 513}, "/name"),
        ({"name": "x", "validOrigins": "https://a.example"}, "/validOrigins"),
        ({"name": "x", "validOrigins": ["https://a.example", "https://*.example"]}, "/validOrigins/1"),
        ({"name": "x", "validOrigins": ["null"]}, "/validOrigins/0"),
        ({"name": "x", "validOrigins": ["https://a.example/x"]}, "/validOrigins/0"),
        ({"name": "x", "validOrigins": [f"https://a{n}.example" for n in range(101)]}, "/validOrigins"),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_what_is_wrong_is_pointed_at(api: httpx.AsyncClient, body: dict[str, Any], pointer: str) -> None:
    answer = await api.post(BASE, json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"]["pointer"] == pointer
    assert (await api.get(BASE)).json()["data"] == []


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (["https://B.example", "http://c.example:8080"], ["https://b.example", "http://c.example:8080"]),
        ([], []),
        ("https://b.example", ["https://b.example"]),
        ("https://b.example, https://c.example:443", ["https://b.example", "https://c.example"]),
        ('["https://b.example"]', ["https://b.example"]),
    ],
    ids=["array", "nothing", "text", "text with commas", "JSON in text"],
)
async def test_origins_are_replaced_by_an_array_or_a_text(api: httpx.AsyncClient, value: Any, kept: list[str]) -> None:
    made = await make(api, "Portal", "https://a.example")
    patch = [{"op": "replace", "path": "/validOrigins", "value": value}]
    answer = await api.patch(f"{BASE}/{made['id']}", json=patch)
    assert (answer.status_code, answer.content) == (204, b"")
    shown = (await api.get(f"{BASE}/{made['id']}")).json()
    assert (shown["validOrigins"], shown["name"]) == (kept, "Portal")
    assert shown["lastUpdated"] > made["lastUpdated"]


async def test_a_patch_happens_as_a_whole_or_not_at_all(api: httpx.AsyncClient) -> None:
    made = await make(api, "Portal", "https://a.example")
    where = f"{BASE}/{made['id']}"
    name = {"op": "replace", "path": "/name", "value": "New"}
    origin = {"op": "replace", "path": "/validOrigins", "value": "https://b.example"}
    refused: list[tuple[Any, str]] = [
        ({"op": "replace"}, ""),
        ("text", ""),
        ([name, 5], "/1"),
        ([name, {**origin, "value": "https://b.example/x"}], "/1/value"),
        ([name, {**origin, "value": ["https://b.example", 5]}], "/1/value"),
        ([name, {**origin, "value": "[1"}], "/1/value"),
        ([name, {**origin, "value": None}], "/1/value"),
        ([name, {**origin, "value": ["https://b.example", "x"]}], "/1/value/1"),
        ([{**name, "op": "add"}], "/0/op"),
        ([{**name, "op": "remove"}], "/0/op"),
        ([{**name, "op": "test"}], "/0/op"),
        ([{**name, "path": "/tenantId"}], "/0/path"),
        ([{**name, "path": "/createdBy"}], "/0/path"),
        ([{**name, "path": "/validOrigins/0"}], "/0/path"),
        ([{**name, "path": ["/name"]}], "/0/path"),
        ([{"op": "replace", "path": "/name"}], "/0/value"),
        ([{**name, "value": ["a"]}], "/0/value"),
        ([name] * 101, ""),
    ]
    for patch, pointer in refused:
        answer = await api.patch(where, json=patch)
        assert answer.status_code == 400, patch
        assert answer.json()["errors"][0]["source"]["pointer"] == pointer, patch
    assert (await api.get(where)).json()["name"] == "Portal"
    assert (await api.patch(where, json=[])).status_code == 204
    assert (await api.get(where)).json()["lastUpdated"] == made["lastUpdated"]
    assert (await api.patch(where, json=[name, origin])).status_code == 204
    shown = (await api.get(where)).json()
    assert (shown["name"], shown["validOrigins"]) == ("New", ["https://b.example"])


async def test_people_read_and_administrators_write(address: str, world: World, tenant: Tenant) -> None:
    _, person = await world.user(tenant.id)
    reading = await world.key(tenant.id, tenant.admin_id, ["connectors:read"])
    async with client(address, tenant.key) as api, client(address, person) as user, client(address, reading) as other:
        made = await make(api, "Portal", "https://a.example")
        where = f"{BASE}/{made['id']}"
        assert (await user.get(where)).json() == (await api.get(where)).json()
        assert (await user.post(BASE, json={"name": "Mine"})).status_code == 403
        patch = [{"op": "replace", "path": "/name", "value": "Mine"}]
        assert (await user.patch(where, json=patch)).status_code == 403
        assert (await user.delete(where)).status_code == 403
        assert (await other.get(where)).status_code == 403
        assert (await api.get(where)).json()["name"] == "Portal"


async def test_another_tenant_finds_nothing(api: httpx.AsyncClient, other: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, "Portal", "https://a.example")
    where = f"{BASE}/{made['id']}"
    patch = [{"op": "replace", "path": "/name", "value": "Mine"}]
    for answer in (await other.get(where), await other.patch(where, json=patch), await other.delete(where)):
        assert answer.status_code == 404
    assert (await other.get(BASE)).json()["data"] == []
    assert (await other.get(BASE, params={"tenantId": str(tenant.id)})).json()["data"] == []
    assert (await other.get(BASE, params={"startingAfter": made["id"]})).status_code == 400
    assert len((await api.get(BASE, params={"tenantId": str(tenant.id)})).json()["data"]) == 1


@pytest.mark.parametrize("sort", ["name", "+name", "-name"])
async def test_pages_lead_to_the_end_and_back(api: httpx.AsyncClient, sort: str) -> None:
    names = ["beta", "Alpha", "gamma", "alpha", "delta", "Beta", "epsilon"]
    for name in names:
        await make(api, name)
    whole = (await api.get(BASE, params={"sort": sort})).json()
    found = [entry["id"] for entry in whole["data"]]
    ordered = [entry["name"].lower() for entry in whole["data"]]
    assert ordered == sorted((name.lower() for name in names), reverse=sort.startswith("-"))
    assert list(whole["links"]) == ["self"]
    pages = [(await api.get(BASE, params={"sort": sort, "limit": 3})).json()]
    while "next" in pages[-1]["links"]:
        href = pages[-1]["links"]["next"]["href"]
        assert "startingAfter=" in href
        assert href.startswith(str(api.base_url))
        pages.append((await api.get(href)).json())
    assert [entry["id"] for page in pages for entry in page["data"]] == found
    back = (await api.get(pages[-1]["links"]["prev"]["href"])).json()
    assert back["data"] == pages[-2]["data"]
    assert (await api.get(pages[1]["links"]["self"]["href"])).json() == pages[1]
    assert "prev" not in pages[0]["links"]


async def test_parameters_of_the_list_are_checked(api: httpx.AsyncClient) -> None:
    made = await make(api)
    refused = [
        {"startingAfter": made["id"], "endingBefore": made["id"]},
        {"startingAfter": str(new_id())},
        {"endingBefore": "x"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "x"},
        {"sort": "created"},
        {"sort": ""},
    ]
    for parameters in refused:
        answer = await api.get(BASE, params=parameters)
        assert answer.status_code == 400, parameters
        assert "parameter" in answer.json()["errors"][0]["source"]
    assert (await api.get(BASE, params={"limit": "0"})).json()["data"] == []
    assert len((await api.get(BASE, params={"limit": "1.5", "unknown": "x"})).json()["data"]) == 1
    assert (await api.get(BASE, params={"startingAfter": made["id"]})).json()["data"] == []
