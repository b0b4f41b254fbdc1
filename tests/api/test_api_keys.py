"""API keys over HTTP: made within limits, shown once, never more than their user has now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.storage.tables import api_keys, audit_log
from tieline.tenancy import users
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN

pytestmark = pytest.mark.anyio

BASE = "/api/v1/api-keys"


async def make(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    made = await api.post(BASE, json={"description": "one", **values})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def limits(api: httpx.AsyncClient, tenant: Tenant, **values: Any) -> httpx.Response:
    operations = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in values.items()]
    return await api.patch(f"{BASE}/configs/{tenant.id}", json=operations)


async def test_a_life(address: str, api: httpx.AsyncClient, tenant: Tenant, parts: Parts) -> None:
    made = await make(api)
    assert (made["sub"], made["subType"], made["status"]) == (str(tenant.admin_id), "user", "active")
    lifetime = datetime.fromisoformat(made["expiry"]) - datetime.fromisoformat(made["created"])
    assert abs(lifetime - timedelta(hours=24)) < timedelta(seconds=5)
    where = f"{BASE}/{made['id']}"
    assert (await api.get(where)).json() == {name: value for name, value in made.items() if name != "token"}
    async with client(address, made["token"]) as person:
        assert (await person.get(where)).status_code == 200
        assert (await person.delete(where)).status_code == 403, "a key does not end itself"
        renamed = await api.patch(where, json=[{"op": "replace", "path": "/description", "value": "two"}])
        assert (renamed.status_code, renamed.content) == (204, b"")
        assert (await person.get(where)).json()["description"] == "two"
    assert (await api.delete(where)).status_code == 204
    assert (await api.get(where)).status_code == 404
    async with parts.database.tenant(tenant.id) as unit:
        rows = await unit.all(unit.select(audit_log).where(audit_log.c.subject == f"api-key:{made['id']}"))
    assert [row["action"] for row in rows] == ["api-key.created", "api-key.changed", "api-key.deleted"]
    assert made["token"] not in str(rows)


async def test_an_administrator_revokes_the_keys_of_others(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    _, secret = await world.user(tenant.id)
    async with client(address, secret) as person:
        made = await make(person)
        assert (await api.delete(f"{BASE}/{made['id']}")).status_code == 204
        assert (await person.get(f"{BASE}/{made['id']}")).json()["status"] == "revoked"
        assert (await person.get(BASE, params={"status": "revoked"})).json()["data"][0]["id"] == made["id"]


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({}, "/description"),
        ({"description": 1}, "/description"),
        ({"description": "x", "expiry": "tomorrow"}, "/expiry"),
        ({"description": "x", "expiry": "PT25H"}, "/expiry"),
        ({"description": "x", "expiry": "P0D"}, "/expiry"),
        ({"description": "x", "expiry": "P"}, "/expiry"),
        ({"description": "x", "expiry": "P99999999Y"}, "/expiry"),
        ({"description": "x", "sub": "nobody"}, "/sub"),
        ({"description": "x", "sub": str(new_id())}, "/sub"),
        ({"description": "x", "subType": "root"}, "/subType"),
        ({"description": "x", "subType": "externalClient"}, "/sub"),
        ({"description": "x", "scopes": ["everything"]}, "/scopes"),
        ({"description": "x", "scopes": "admin"}, "/scopes"),
    ],
)
async def test_what_a_key_cannot_be(api: httpx.AsyncClient, body: Any, pointer: str) -> None:
    refused = await api.post(BASE, json=body)
    assert refused.status_code == 400, refused.text
    assert refused.json()["errors"][0]["source"]["pointer"] == pointer
    assert len((await api.get(BASE)).json()["data"]) == 1


async def test_a_key_gives_no_more_than_its_maker_has(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    user, _ = await world.user(tenant.id)
    small = await world.key(tenant.id, user, ["api-keys", "automations:read"])
    async with client(address, small) as person:
        assert (await make(person))["scopes"] == ["api-keys", "automations:read"]
        for scopes in (["admin"], ["user_default"], ["automations"], ["users"]):
            refused = await person.post(BASE, json={"description": "x", "scopes": scopes})
            assert refused.status_code == 403, scopes
        other = await person.post(BASE, json={"description": "x", "sub": str(tenant.admin_id)})
        assert other.status_code == 403
        external = await person.post(BASE, json={"description": "x", "sub": "S", "subType": "externalClient"})
        assert external.status_code == 403
    reading = await world.key(tenant.id, user, ["api-keys:read"])
    async with client(address, reading) as person:
        assert (await person.get(BASE)).status_code == 200
        assert (await person.post(BASE, json={"description": "x"})).status_code == 403
    assert (await api.get(BASE, params={"sub": str(user)})).json()["data"][-1]["subType"] == "user"


async def test_nobody_becomes_the_partners_administrator_by_a_key(
    api: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    user, _ = await world.user(tenant.id, roles=[TENANT_ADMIN, PARTNER_ADMIN])
    refused = await api.post(BASE, json={"description": "x", "sub": str(user), "scopes": ["admin"]})
    assert refused.status_code == 403


async def test_the_role_that_was_taken_is_gone_from_the_key(
    address: str, world: World, tenant: Tenant, parts: Parts
) -> None:
    user, secret = await world.user(tenant.id, scopes=["admin"], roles=[TENANT_ADMIN])
    async with parts.database.tenant(tenant.id) as unit:
        await users.change(unit, user, roles=[])
    async with client(address, secret) as person:
        assert (await limits(person, tenant, max_keys_per_user=9)).status_code == 403
        assert {key["sub"] for key in (await person.get(BASE)).json()["data"]} == {str(user)}


async def test_as_many_as_the_tenant_allows(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant, parts: Parts
) -> None:
    where = f"{BASE}/configs/{tenant.id}"
    default = {"max_keys_per_user": 5, "max_api_key_expiry": "PT24H", "scim_externalClient_expiry": "P365D"}
    assert (await api.get(where)).json() == default
    _, secret = await world.user(tenant.id)
    async with client(address, secret) as person:
        made = [await make(person) for _ in range(4)]
        full = await person.post(BASE, json={"description": "x"})
        assert (full.status_code, full.json()["errors"][0]["code"]) == (403, "too-many-api-keys")
        assert full.json()["errors"][0]["meta"] == {"maximum": 5}
        assert (await api.delete(f"{BASE}/{made[0]['id']}")).status_code == 204
        async with parts.database.tenant(tenant.id) as unit:
            past = now() - timedelta(seconds=1)
            await unit.update(api_keys, api_keys.c.id == UUID(made[1]["id"]), expires_at=past)
        assert [(await make(person))["status"] for _ in range(2)] == ["active", "active"]
        assert (await person.post(BASE, json={"description": "x"})).status_code == 403
        assert (await limits(person, tenant, max_keys_per_user=9)).status_code == 403
    assert (await limits(api, tenant, max_keys_per_user=6, max_api_key_expiry="P7D")).status_code == 204
    assert (await api.get(where)).json() == {**default, "max_keys_per_user": 6, "max_api_key_expiry": "P7D"}
    async with client(address, secret) as person:
        await make(person, expiry="P7D")


@pytest.mark.parametrize(
    "operations",
    [
        {},
        [1],
        [{"op": "add", "path": "/max_keys_per_user", "value": 1}],
        [{"op": "replace", "path": "/rateLimits", "value": 1}],
        [{"op": "replace", "path": "/max_keys_per_user"}],
        [{"op": "replace", "path": "/max_keys_per_user", "value": 1001}],
        [{"op": "replace", "path": "/max_keys_per_user", "value": -1}],
        [{"op": "replace", "path": "/max_keys_per_user", "value": True}],
        [{"op": "replace", "path": "/max_keys_per_user", "value": "5"}],
        [{"op": "replace", "path": "/max_keys_per_user", "value": 1.5}],
        [{"op": "replace", "path": "/max_api_key_expiry", "value": "1 day"}],
        [{"op": "replace", "path": "/max_api_key_expiry", "value": 5}],
        [
            {"op": "replace", "path": "/max_keys_per_user", "value": 1},
            {"op": "replace", "path": "/nothing", "value": 1},
        ],
    ],
)
async def test_limits_that_cannot_be(api: httpx.AsyncClient, tenant: Tenant, operations: Any) -> None:
    where = f"{BASE}/configs/{tenant.id}"
    assert (await api.patch(where, json=operations)).status_code == 400
    assert (await api.get(where)).json()["max_keys_per_user"] == 5


async def test_a_key_of_an_external_client_provisions_users_and_nothing_else(
    address: str, api: httpx.AsyncClient, tenant: Tenant
) -> None:
    made = await make(api, sub="SCIM\\idp-1", subType="externalClient", expiry="P100D")
    shown = (await api.get(f"{BASE}/{made['id']}")).json()
    assert (shown["sub"], shown["subType"], shown["scopes"]) == ("SCIM\\idp-1", "externalClient", ["users"])
    [listed] = (await api.get(BASE, params={"sub": "SCIM\\idp-1"})).json()["data"]
    assert listed["id"] == made["id"]
    async with client(address, made["token"]) as machine:
        invited = await machine.post("/api/v1/users", json={"subject": "p1", "assignedRoles": [{"name": "Reader"}]})
        assert invited.status_code == 201, invited.text
        great = await machine.post("/api/v1/users", json={"subject": "p2", "assignedRoles": [{"name": TENANT_ADMIN}]})
        assert great.status_code == 403
        for path in (BASE, "/api/v1/automations", f"/api/v1/tenants/{tenant.id}"):
            assert (await machine.get(path)).status_code == 403


async def test_lists_go_on_by_ids(api: httpx.AsyncClient, tenant: Tenant) -> None:
    assert (await limits(api, tenant, max_keys_per_user=100)).status_code == 204
    for name in ("c", "a", "b", "a"):
        await make(api, description=name)
    whole: list[str] = []
    for sort in ("description", "-description", "created", "-created", "+status", "sub", "-createdByUser"):
        params: dict[str, Any] = {"limit": 2, "sort": sort}
        whole = [key["id"] for key in (await api.get(BASE, params={"sort": sort})).json()["data"]]
        assert len(whole) == 5
        page = (await api.get(BASE, params=params)).json()
        walked = [key["id"] for key in page["data"]]
        while "next" in page["links"]:
            page = (await api.get(page["links"]["next"]["href"])).json()
            walked += [key["id"] for key in page["data"]]
        assert walked == whole, sort
        back = (await api.get(BASE, params={**params, "endingBefore": whole[2]})).json()
        assert [key["id"] for key in back["data"]] == whole[:2]
    both = await api.get(BASE, params={"startingAfter": whole[0], "endingBefore": whole[1]})
    assert both.status_code == 400
    for wrong in ({"limit": 101}, {"limit": 0}, {"sort": "id"}, {"status": "dead"}, {"startingAfter": str(new_id())}):
        assert (await api.get(BASE, params=wrong)).status_code == 400, wrong


async def test_other_tenants_and_other_people(
    address: str, api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    made = await make(api)
    where = f"{BASE}/{made['id']}"
    _, secret = await world.user(tenant.id)
    patch = [{"op": "replace", "path": "/description", "value": "x"}]
    async with client(address, secret) as person:
        for stranger in (other, person):
            for method, body in (("GET", None), ("PATCH", patch), ("DELETE", None)):
                answer = await stranger.request(method, where, json=body)
                unknown = await stranger.request(method, f"{BASE}/{new_id()}", json=body)
                assert answer.status_code == unknown.status_code == 404
                assert answer.json()["errors"] == unknown.json()["errors"]
            assert made["id"] not in (await stranger.get(BASE)).text
    assert (await other.get(f"{BASE}/configs/{tenant.id}")).status_code == 404
    assert (await limits(other, tenant, max_keys_per_user=9)).status_code == 404
    assert (await api.get(where)).json()["description"] == "one"
    async with client(address) as nobody:
        for method, path in (("GET", BASE), ("POST", BASE), ("GET", where), ("DELETE", where)):
            refused = await nobody.request(method, path)
            assert refused.status_code == 401
            assert refused.json()["errors"][0]["status"] == 401, "a number, in this family"
