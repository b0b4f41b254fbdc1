"""Users over HTTP: who is there, who may change whom, and that who is shut out is out everywhere."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tieline.core.ids import new_id
from tieline.storage.tables import api_keys, audit_log, users
from tieline.tenancy import roles
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN

pytestmark = pytest.mark.anyio

BASE = "/api/v1/users"


async def invite(api: httpx.AsyncClient, subject: str, **values: Any) -> dict[str, Any]:
    made = await api.post(BASE, json={"subject": subject, **values})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def patch(api: httpx.AsyncClient, user: Any, *operations: tuple[str, str, Any]) -> httpx.Response:
    body = [{"op": op, "path": path, "value": value} for op, path, value in operations]
    return await api.patch(f"{BASE}/{user}", json=body)


async def names(api: httpx.AsyncClient, **params: Any) -> list[str]:
    answer = await api.get(BASE, params=params)
    assert answer.status_code == 200, answer.text
    return [user["name"] for user in answer.json()["data"]]


async def test_a_life(api: httpx.AsyncClient, tenant: Tenant, parts: Parts) -> None:
    made = await invite(api, "ann", name="Ann", email="Ann@corp.example", assignedRoles=[{"name": "Developer"}])
    assert (made["status"], made["tenantId"]) == ("invited", str(tenant.id))
    assert made["inviteExpiry"] > 0
    [role] = made["assignedRoles"]
    assert (role["name"], role["type"], role["level"]) == ("Developer", "default", "user")
    where = f"{BASE}/{made['id']}"
    assert (await api.get(where)).json() == made
    assert made["links"]["self"]["href"] == str(api.base_url).rstrip("/") + where
    changed = await patch(
        api,
        made["id"],
        ("replace", "/name", "Anne"),
        ("replace", "/status", "active"),
        ("replace", "/preferredLocale", "de"),
        ("add", "/assignedRoles/-", {"name": "Own"}),
        ("remove-value", "/assignedRoles", [{"id": role["id"]}]),
        ("replace", "/assignedGroups", [{"name": "Finance", "providerType": "idp"}]),
    )
    assert (changed.status_code, changed.content) == (204, b""), changed.text
    shown = (await api.get(where)).json()
    assert (shown["name"], shown["status"], shown["preferredLocale"]) == ("Anne", "active", "de")
    assert [(role["name"], role["type"]) for role in shown["assignedRoles"]] == [("Own", "custom")]
    assert [group["name"] for group in shown["assignedGroups"]] == ["Finance"]
    assert "inviteExpiry" not in shown
    assert (await api.get(where, params={"fields": "email"})).json().keys() == {
        *("id", "subject", "name", "tenantId", "email")
    }
    assert (await api.delete(where)).status_code == 204
    assert (await api.get(where)).status_code == 404
    async with parts.database.tenant(tenant.id) as unit:
        kept = await unit.one(unit.select(users).where(users.c.status == "deleted"))
        rows = await unit.all(unit.select(audit_log).where(audit_log.c.subject == f"user:{made['id']}"))
    assert kept is not None
    assert "ann" not in str(kept).lower()
    assert [row["action"] for row in rows] == ["user.created", "user.changed", "user.deleted"]
    assert (await invite(api, "ann"))["id"] != made["id"], "the subject is free again"


async def test_me(address: str, api: httpx.AsyncClient, tenant: Tenant, world: World) -> None:
    me = await api.get(f"{BASE}/me")
    assert (me.status_code, me.headers["content-type"].partition(";")[0]) == (301, "text/html")
    assert me.headers["location"] == f"{str(api.base_url).rstrip('/')}{BASE}/{tenant.admin_id}"
    assert (await api.get(f"{BASE}/me", follow_redirects=True)).json()["id"] == str(tenant.admin_id)
    small = await world.key(tenant.id, tenant.admin_id, ["automations:read"])
    async with client(address, small) as person:
        assert (await person.get(f"{BASE}/me")).status_code == 301
        assert (await person.get(f"{BASE}/{tenant.admin_id}")).status_code == 403


async def test_filters_sorts_and_pages(api: httpx.AsyncClient) -> None:
    role = roles.role_id("Own")
    await invite(api, "s-bob", name="Bob", email="bob@x.example", assignedRoles=[{"name": "Own"}])
    await invite(api, "s-ann", name="ann", email="ann@y.example")
    carl = await invite(api, "s-carl", name="Carl", assignedRoles=[{"name": "Developer"}])
    await patch(api, carl["id"], ("replace", "/status", "disabled"))
    assert await names(api) == ["ann", "Bob", "Carl", "Person"]
    assert await names(api, sort="-name", limit=2) == ["Person", "Carl"]
    for text, wanted in {
        'name eq "ANN"': ["ann"],
        'name co "a"': ["ann", "Carl"],
        'email co "X.EXAMPLE" or subject eq "S-ANN"': ["ann", "Bob"],
        'status eq "disabled"': ["Carl"],
        '(name eq "Bob" or name eq "Carl") and (status eq "active" or status eq "disabled")': ["Carl"],
        f'id eq "{carl["id"]}" or id eq "62716ab404a7bd8626af9bd6"': ["Carl"],
        'assignedRoles.name eq "own"': ["Bob"],
        'not (assignedRoles.name ne "Own")': ["Bob"],
        f'assignedRoles.id eq "{role}"': ["Bob"],
        'assignedRoles.name pr and name ne "Person"': ["Bob", "Carl"],
        'assignedGroups.id eq "x"': [],
        'assignedScopes eq "x" or clientId eq "y"': [],
    }.items():
        assert await names(api, filter=text) == wanted, text
        assert [
            user["name"] for user in (await api.post(f"{BASE}/actions/filter", json={"filter": text})).json()["data"]
        ] == wanted
    for wrong in ("name", 'name xx "a"', 'password eq "x"', 'assignedRoles.name co "x"', '"', "(" * 30, "a" * 17_000):
        assert (await api.get(BASE, params={"filter": wrong})).status_code == 400, wrong
        assert (await api.post(f"{BASE}/actions/filter", json={"filter": wrong})).status_code == 400
    for sort in (
        "name",
        "-_id",
        "id",
        "tenantId",
        "clientId",
        "status",
        "subject",
        "+email",
        "inviteExpiry",
        "-createdAt",
    ):
        whole = [user["id"] for user in (await api.get(BASE, params={"sort": sort})).json()["data"]]
        page = (
            await api.get(BASE, params={"sort": sort, "limit": 1, "filter": "name pr", "totalResults": "true"})
        ).json()
        assert page["totalResults"] == 4
        assert "prev" not in page["links"]
        walked = [user["id"] for user in page["data"]]
        while "next" in page["links"]:
            page = (await api.get(page["links"]["next"]["href"])).json()
            walked += [user["id"] for user in page["data"]]
        assert walked == whole, sort
        back = (await api.get(page["links"]["prev"]["href"])).json()
        assert [user["id"] for user in back["data"]] == whole[2:3]
    for method in ("get", "post"):  # the vendor's older clients go on by GET, the newer one sends its body again
        body: dict[str, Any] = {"json": {"filter": "name pr"}} if method == "post" else {}
        page = (await api.post(f"{BASE}/actions/filter", json={"filter": "name pr"}, params={"limit": 1})).json()
        walked = [user["name"] for user in page["data"]]
        while "next" in page["links"]:
            page = (await api.request(method, page["links"]["next"]["href"], **body)).json()
            walked += [user["name"] for user in page["data"]]
        assert walked == ["ann", "Bob", "Carl", "Person"]
    for query in ("", "?next=x", "?limit=x"):
        refused = await api.get(f"{BASE}/actions/filter{query}")
        assert (refused.status_code, refused.headers["allow"]) == (405, "OPTIONS, POST")
    foreign = (await api.get(BASE, params={"limit": 1})).json()["links"]["next"]["href"].partition("?")[2]
    assert (await api.get(f"{BASE}/actions/filter?{foreign}")).status_code == 405
    many = " or ".join(f'id eq "{new_id()}"' for _ in range(100))
    assert (await api.post(f"{BASE}/actions/filter", json={"filter": many})).json()["data"] == []
    assert len((await api.post(f"{BASE}/actions/filter")).json()["data"]) == 4
    assert (await api.get(f"{BASE}/actions/count")).json() == {"total": 4}
    for params in ({"limit": 0}, {"limit": 101}, {"sort": "roles"}, {"totalResults": "x"}, {"next": "x"}):
        assert (await api.get(BASE, params=params)).status_code == 400, params


async def test_invitations(api: httpx.AsyncClient) -> None:
    body = {"invitees": [{"email": "a@x.example", "name": "A"}, {"email": "b@x.example"}, {"email": "A@X.example"}]}
    answer = await api.post(f"{BASE}/actions/invite", json=body)
    assert answer.status_code == 207, answer.text
    assert [(entry["status"], entry["email"]) for entry in answer.json()["data"]] == [
        ("ok", "a@x.example"),
        ("ok", "b@x.example"),
        ("exists", "A@X.example"),
    ]
    assert await names(api, filter='status eq "invited"') == ["A", "b@x.example"]
    refused = await api.post(f"{BASE}/actions/invite", json={"invitees": [{"email": "c@x.example"}, {"email": "c"}]})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == 400, "a number, in this operation"
    assert await names(api, filter='email eq "c@x.example"') == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"subject": 1},
        {"subject": "x", "status": "active"},
        {"subject": "x", "assignedRoles": [{"id": str(new_id())}]},
        {"subject": "x", "assignedRoles": [{}]},
        {"subject": "x", "assignedRoles": "TenantAdmin"},
        {"subject": "x" * 1001},
        {"subject": "x\0"},
    ],
)
async def test_who_cannot_be_invited(api: httpx.AsyncClient, body: Any) -> None:
    assert (await api.post(BASE, json=body)).status_code == 400
    assert (await api.get(f"{BASE}/actions/count")).json() == {"total": 1}


@pytest.mark.parametrize(
    "operation",
    [
        ("replace", "/subject", "x"),
        ("replace", "/tenantId", "x"),
        ("test", "/name", "x"),
        ("replace", "/name", 1),
        ("replace", "/name", "x" * 1001),
        ("replace", "/status", "deleted"),
        ("replace", "/status", True),
        ("renew", "/name", "x"),
        ("add", "/inviteExpiry", 9),
        ("remove-value", "/name", "x"),
        ("replace", "/assignedRoles", 5),
        ("replace", "/assignedRoles", [{"id": "x"}]),
        ("replace", "/assignedRoles", [[]]),
        ("replace", "/assignedGroups", [{"name": "x", "providerType": "own"}]),
    ],
)
async def test_changes_that_cannot_be(api: httpx.AsyncClient, operation: tuple[str, str, Any]) -> None:
    made = await invite(api, "x", name="X")
    refused = await patch(api, made["id"], ("replace", "/name", "changed"), operation)
    assert refused.status_code == 400, refused.text
    assert refused.json()["errors"][0]["source"]["pointer"].startswith("/1/")
    assert (await api.get(f"{BASE}/{made['id']}")).json() == made


async def test_who_may_change_whom(
    address: str, api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    one, one_key = await world.user(tenant.id)
    great, _ = await world.user(tenant.id, roles=[TENANT_ADMIN, PARTNER_ADMIN])
    reading = await world.key(tenant.id, tenant.admin_id, ["users:read"])
    partial = await world.key(tenant.id, tenant.admin_id, ["users"])
    async with (
        client(address, one_key) as person,
        client(address, reading) as reader,
        client(address, partial) as machine,
    ):
        assert (await patch(person, one, ("replace", "/preferredLocale", "fr"))).status_code == 204
        for operation in (("replace", "/name", "x"), ("add", "/assignedRoles/-", {"name": TENANT_ADMIN})):
            assert (await patch(person, one, operation)).status_code == 403
        assert (await patch(person, tenant.admin_id, ("replace", "/preferredLocale", "fr"))).status_code == 403
        assert (await person.delete(f"{BASE}/{great}")).status_code == 403
        assert (await person.post(BASE, json={"subject": "x"})).status_code == 403
        assert (await person.post(f"{BASE}/actions/invite", json={"invitees": []})).status_code == 403
        seen = (await person.get(BASE)).json()["data"]
        assert [user["id"] for user in seen if "assignedRoles" in user] == [str(one)]
        assert (await patch(reader, one, ("replace", "/name", "x"))).status_code == 403
        assert (await patch(machine, one, ("replace", "/name", "named"))).status_code == 204
        assert (await patch(machine, one, ("add", "/assignedRoles/-", {"name": TENANT_ADMIN}))).status_code == 403
    for user in (tenant.admin_id, one):
        assert (await patch(api, user, ("add", "/assignedRoles/-", {"name": PARTNER_ADMIN}))).status_code == 403
    assert (await patch(api, great, ("replace", "/assignedRoles", []))).status_code == 403
    assert (await patch(api, great, ("replace", "/status", "disabled"))).status_code == 403
    assert (await api.delete(f"{BASE}/{great}")).status_code == 403
    shutting: tuple[str, str, Any]
    for shutting in (("replace", "/status", "disabled"), ("replace", "/assignedRoles", [])):
        refused = await patch(api, tenant.admin_id, shutting)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "own-account")
    assert (await api.delete(f"{BASE}/{tenant.admin_id}")).status_code == 403
    forged = await api.post(BASE, json={"subject": "x", "tenantId": str(new_id())})
    assert forged.status_code == 403
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", [])):
        answer = await other.request(method, f"{BASE}/{one}", json=body)
        unknown = await other.request(method, f"{BASE}/{new_id()}", json=body)
        assert answer.status_code == unknown.status_code == 404
        assert answer.json()["errors"] == unknown.json()["errors"]
    assert await names(other, filter=f'id eq "{one}"') == []
    async with client(address) as nobody:
        for path in (BASE, f"{BASE}/me", f"{BASE}/{one}", f"{BASE}/actions/count"):
            assert (await nobody.get(path)).status_code == 401


async def test_who_is_disabled_is_out_within_a_second(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant, parts: Parts
) -> None:
    one, key = await world.user(tenant.id)
    async with client(address, key) as person:
        automation = (await person.post("/api/v1/automations", json={"name": "x"})).json()["id"]
        assert (await patch(api, one, ("replace", "/status", "disabled"))).status_code == 204
        await asyncio.sleep(1.0)
        for path in (f"{BASE}/me", "/api/v1/automations", "/api/workflows/automation-connections", "/api/v1/api-keys"):
            assert (await person.get(path)).status_code == 401, path
        refused = await api.post(f"/api/v1/automations/{automation}/runs", json={"context": "api"})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "automation-not-startable")
        assert (await patch(api, one, ("replace", "/status", "active"))).status_code == 204
        assert (await person.get(f"{BASE}/{one}")).status_code == 200
        assert (await api.delete(f"{BASE}/{one}")).status_code == 204
        await asyncio.sleep(1.0)
        assert (await person.get(f"{BASE}/me")).status_code == 401
    async with parts.database.tenant(tenant.id) as unit:
        assert await unit.all(unit.select(api_keys).where(api_keys.c.user_id == one)) == []


async def test_a_plain_user_is_not_told_who_is_there(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    colleague = (await invite(api, "colleague"))["id"]
    mine, key = await world.user(tenant.id)
    async with client(address, key) as person:
        told = []
        for user in (colleague, str(new_id())):
            for answer in (await person.delete(f"{BASE}/{user}"), await patch(person, user, ("replace", "/name", "x"))):
                assert answer.status_code == 403, answer.text
                told.append(answer.json()["errors"])
        assert told[:2] == told[2:]
        assert (await person.delete(f"{BASE}/{mine}")).status_code == 403
        assert (await patch(person, mine, ("replace", "/preferredLocale", "de"))).status_code == 204
        assert (await patch(person, mine, ("replace", "/name", "x"))).status_code == 403
