"""Items over HTTP: the automations, under the roof that lists of everything have."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import Tenant, World, client
from tieline.core.ids import new_id

pytestmark = pytest.mark.anyio

BASE = "/api/v1/items"
AUTOMATIONS = "/api/v1/automations"


async def make(api: httpx.AsyncClient, name: str, **more: Any) -> str:
    answer = await api.post(AUTOMATIONS, json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    identity: str = answer.json()["id"]
    return identity


async def space(api: httpx.AsyncClient, name: str, kind: str = "shared") -> str:
    identity: str = (await api.post("/api/v1/spaces", json={"name": name, "type": kind})).json()["id"]
    return identity


async def test_an_automation_is_an_item(api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, "One", description="About it", spaceId=await space(api, "Team"))
    [item] = (await api.get(BASE)).json()["data"]
    assert (await api.get(item["links"]["self"]["href"])).json() == item
    automation = (await api.get(f"{AUTOMATIONS}/{made}")).json()
    for name in ("name", "description", "spaceId", "ownerId", "createdAt", "updatedAt"):
        assert item[name] == automation[name], name
    assert (item["resourceType"], item["resourceId"]) == ("automation", made)
    assert (item["creatorId"], item["tenantId"]) == (str(tenant.admin_id), str(tenant.id))
    assert item["actions"] == ["read", "run", "update", "delete", "change_space", "change_owner"]
    for rest in ("collections", "publisheditems"):
        assert (await api.get(f"{BASE}/{item['id']}/{rest}", params={"sort": "-name"})).json()["data"] == []
        assert (await api.get(f"{BASE}/{new_id()}/{rest}")).status_code == 404
        assert (await api.get(f"{BASE}/{item['id']}/{rest}", params={"next": "x"})).status_code == 400
    assert (await api.get(f"{BASE}/{item['id']}/collections", params={"type": "x"})).status_code == 400


async def test_changes(api: httpx.AsyncClient) -> None:
    made = await make(api, "One", description="About it")
    where = f"{BASE}/{made}"
    team = await space(api, "Team")
    put = await api.put(where, json={"resourceType": "automation", "name": "Two", "spaceId": team, "thumbnailId": "t"})
    assert (put.status_code, put.json()["name"], put.json()["spaceId"]) == (200, "Two", team)
    assert put.json()["id"] == made, "the id stays"
    emptied = await api.put(where, json={"resourceType": "automation", "description": "", "spaceId": ""})
    assert (emptied.json()["description"], "spaceId" in emptied.json()) == ("", False)
    assert emptied.json()["name"] == "Two"
    for wrong in (
        {"name": "x"},
        {"resourceType": "app"},
        {"resourceType": "x"},
        {"resourceType": "automation", "name": ""},
        {"resourceType": "automation", "resourceId": "other"},
        {"resourceType": "automation", "name": "Three", "spaceId": str(new_id())},
    ):
        assert (await api.put(where, json=wrong)).status_code == 400, wrong
    assert (await api.get(where)).json() == emptied.json()
    gone = await api.delete(where)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.get(f"{AUTOMATIONS}/{made}")).status_code == 404
    assert (await api.delete(where)).status_code == 404


async def test_filters(api: httpx.AsyncClient, address: str, world: World, tenant: Tenant) -> None:
    shared, managed = await space(api, "S"), await space(api, "M", "managed")
    a = await make(api, "Alpha", description="first of all")
    await make(api, "Beta", spaceId=shared)
    await make(api, "Gamma%", spaceId=managed)
    user, key = await world.user(tenant.id)
    async with client(address, key) as person:
        await make(person, "Delta")

    async def names(**asked: str) -> str:
        answer = await api.get(BASE, params={"sort": "+name", **asked})
        assert answer.status_code == 200, answer.text
        return "".join(item["name"][0] for item in answer.json()["data"])

    both = {"resourceType": "automation"}
    for asked, found in (
        ({}, "ABDG"),
        ({"name": "ALPH"}, "A"),
        ({"name": "%"}, "G"),
        ({"name": "first"}, ""),
        ({"query": "FIRST"}, "A"),
        ({"ownerId": str(user)}, "D"),
        ({"notOwnerId": str(user)}, "ABG"),
        ({"createdByUserId": str(user)}, "D"),
        ({"notCreatedByUserId": str(user)}, "ABG"),
        ({"ownerId": "nobody"}, ""),
        ({"notOwnerId": "nobody"}, "ABDG"),
        ({"id": a}, "A"),
        ({"resourceId": a, **both}, "A"),
        ({"resourceIds": f"{a},{new_id()}", **both}, "A"),
        ({"resourceIds": a, "resourceType": "app"}, ""),
        ({"resourceLink": "https://a.example", **both}, ""),
        ({"resourceType": "app"}, ""),
        ({"resourceType": "app[qvd,],automation"}, "ABDG"),
        ({"resourceType": "automation[x]"}, ""),
        ({"resourceType": "automation[x,]"}, "ABDG"),
        ({"resourceType": "automation[]"}, "ABDG"),
        ({"resourceSubType": "qvd", **both}, ""),
        ({"spaceId": shared}, "B"),
        ({"spaceId": "personal"}, "A"),
        ({"spaceType": "personal"}, "AD"),
        ({"spaceType": "shared,managed"}, "BG"),
        ({"shared": "true"}, "B"),
        ({"shared": "false"}, "ADG"),
        ({"collectionId": "x"}, ""),
    ):
        assert await names(**asked) == found, asked
    for wrong in (
        {"resourceType": "x"},
        {"resourceType": "app[[x]]"},
        {"resourceId": a},
        {"resourceIds": a},
        {"resourceLink": "https://a.example"},
        {"resourceLink": ""},
        {"resourceLink": "a b", **both},
        {"resourceId": a, "resourceLink": "https://a.example", **both},
        {"resourceIds": ",".join(["x"] * 101), **both},
        {"resourceSubType": "x", "resourceType": "app[x]"},
        {"spaceType": "x"},
        {"shared": "maybe"},
        {"noActions": "maybe"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "1.5"},
        {"sort": "id"},
        {"next": "x"},
        {"next": "x", "prev": "y"},
    ):
        assert (await api.get(BASE, params=wrong)).status_code == 400, wrong
    [plain] = (await api.get(BASE, params={"noActions": "true", "id": a})).json()["data"]
    assert plain["actions"] == plain["meta"]["actions"] == []


async def test_pages_both_ways(api: httpx.AsyncClient) -> None:
    for name in "cabed":
        await make(api, name)
    page = (await api.get(BASE, params={"limit": 2})).json()
    seen = [item["name"] for item in page["data"]]
    while "next" in page["links"]:
        page = (await api.get(page["links"]["next"]["href"])).json()
        seen += [item["name"] for item in page["data"]]
    assert seen == list("cabed"), "oldest first"
    back = (await api.get(page["links"]["prev"]["href"])).json()
    assert [item["name"] for item in back["data"]] == ["b", "e"]
    for sort in ("+recentlyUsed", "-updatedAt", "-name"):
        assert len((await api.get(BASE, params={"sort": sort})).json()["data"]) == 5


async def test_settings(
    api: httpx.AsyncClient, other: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    where = f"{BASE}/settings"
    assert (await api.get(where)).json() == {"usageMetricsEnabled": True}
    off = [{"op": "replace", "path": "/usageMetricsEnabled", "value": False}]
    patched = await api.patch(where, json=off)
    assert (patched.status_code, patched.json()) == (200, {"usageMetricsEnabled": False})
    wrong: Any
    for wrong in ([{**off[0], "value": "no"}], [{**off[0], "op": "add"}], [{**off[0], "path": "/x"}], {}):
        assert (await api.patch(where, json=wrong)).status_code == 400, wrong
    assert (await api.patch(where, json=[])).json() == {"usageMetricsEnabled": False}
    assert (await other.get(where)).json() == {"usageMetricsEnabled": True}
    _, key = await world.user(tenant.id)
    async with client(address, key) as person:
        assert (await person.patch(where, json=off)).status_code == 403


async def test_others_change_nothing_and_learn_nothing(
    api: httpx.AsyncClient, other: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    made = await make(api, "Ours")
    before = (await api.get(f"{BASE}/{made}")).json()
    change = {"resourceType": "automation", "name": "theirs"}
    operations: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PUT", "", change),
        ("DELETE", "", None),
        ("GET", "/collections", None),
        ("GET", "/publisheditems", None),
    ]
    _, key = await world.user(tenant.id)
    async with client(address, key) as colleague, client(address) as nobody:
        for method, rest, body in operations:
            for caller in (other, colleague):
                met = await caller.request(method, f"{BASE}/{made}{rest}", json=body)
                unknown = await caller.request(method, f"{BASE}/{new_id()}{rest}", json=body)
                assert met.status_code == unknown.status_code == 404, (method, rest)
                assert met.json()["errors"] == unknown.json()["errors"]
            assert (await nobody.request(method, f"{BASE}/{made}{rest}", json=body)).status_code == 401
        assert (await colleague.get(BASE)).json()["data"] == []
    for scopes in (["items"], ["items:read", "automations"], ["automations"]):
        async with client(address, await world.key(tenant.id, tenant.admin_id, scopes)) as limited:
            for method, rest, body in operations[1:3]:
                assert (await limited.request(method, f"{BASE}/{made}{rest}", json=body)).status_code == 403, scopes
    assert (await api.get(f"{BASE}/{made}")).json() == before
