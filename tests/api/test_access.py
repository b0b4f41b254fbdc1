"""Who may do what: keys, scopes, other people's things, other tenants."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.security.tokens import new_token
from tieline.storage.tables import api_keys
from tieline.tenancy.principal import TENANT_ADMIN

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "")],
        [("authorization", "Bearer")],
        [("authorization", "Basic dXNlcjpwYXNz")],
        [("authorization", "Bearer nonsense")],
        [("authorization", f"Bearer {new_token('tln_')}")],
        [("authorization", f"Bearer {new_token('tlx_')}")],
        [("authorization", "Bearer " + "x" * 5000)],
        [("authorization", "Bearer tln_\xe9\xff")],
        [("x-api-key", "KEY")],
        [("authorization", "Bearer KEY"), ("authorization", "Bearer KEY")],
        [("authorization", "BearerKEY")],
    ],
)
async def test_strangers_get_nothing(address: str, tenant: Tenant, headers: list[tuple[str, str]]) -> None:
    sent = [(name.encode(), value.replace("KEY", tenant.key).encode("latin-1")) for name, value in headers]
    async with client(address) as stranger:
        for method, where in (
            ("GET", BASE),
            ("POST", BASE),
            ("DELETE", f"{BASE}/{new_id()}"),
            ("GET", f"{BASE}/usage"),
        ):
            answer = await stranger.request(method, where, headers=sent, content=b"{not json")
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
            error = answer.json()["errors"][0]
            assert (error["title"], error["code"]) == ("Unauthorized", "unauthorized")
        assert (await stranger.get(BASE, params={"access_token": tenant.key})).status_code == 401


async def test_the_scheme_may_be_written_in_any_case(address: str, tenant: Tenant) -> None:
    async with client(address) as person:
        assert (await person.get(BASE, headers={"authorization": f"bearer {tenant.key}"})).status_code == 200


async def test_a_revoked_key_stops_working_within_a_second(
    address: str, world: World, tenant: Tenant, parts: Parts
) -> None:
    async with client(address, tenant.key) as person:
        assert (await person.get(BASE)).status_code == 200
        async with parts.database.tenant(tenant.id) as unit:
            [key] = await world.keys.list(unit, user_id=tenant.admin_id)
            await world.keys.revoke(unit, key["id"])
        await asyncio.sleep(1.0)
        assert (await person.get(BASE)).status_code == 401


async def test_an_expired_key_does_not_work(address: str, world: World, tenant: Tenant, parts: Parts) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        soon = now() + timedelta(hours=1)
        key, secret = await world.keys.create(unit, user_id=tenant.admin_id, scopes=["admin"], expires_at=soon)
    async with parts.database.tenant(tenant.id) as unit:
        past = now() - timedelta(seconds=1)
        await unit.update(api_keys, api_keys.c.id == key["id"], expires_at=past)
    async with client(address, secret) as person:
        assert (await person.get(BASE)).status_code == 401


WRITES = [
    ("POST", "{base}", {"name": "x"}),
    ("PUT", "{base}/{id}", {"name": "x"}),
    ("DELETE", "{base}/{id}", None),
    ("POST", "{base}/{id}/actions/copy", {"name": "x"}),
    ("POST", "{base}/{id}/actions/enable", None),
    ("POST", "{base}/{id}/actions/disable", None),
    ("POST", "{base}/{id}/actions/change-owner", {"userId": "x"}),
    ("POST", "{base}/{id}/actions/move", {"userId": "x"}),
    ("POST", "{base}/{id}/actions/change-space", {"spaceId": ""}),
    ("POST", "{base}/{id}/runs", {"context": "api"}),
    ("POST", "{base}/{id}/runs/{id}/actions/stop", None),
    ("POST", "{base}/{id}/runs/{id}/actions/retry", None),
    ("DELETE", "{base}/{id}/pointers", None),
    ("PUT", "{base}/settings", {}),
]


@pytest.mark.parametrize("method, where, body", WRITES)
async def test_a_reading_key_changes_and_starts_nothing(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant, method: str, where: str, body: Any
) -> None:
    made = (await api.post(BASE, json={"name": "x"})).json()
    key = await world.key(tenant.id, tenant.admin_id, ["automations:read", "connections", "connectors"])
    async with client(address, key) as reader:
        assert (await reader.get(f"{BASE}/{made['id']}")).status_code == 200
        answer = await reader.request(method, where.format(base=BASE, id=made["id"]), json=body)
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["meta"] == {"scope": "automations"}
    assert (await api.get(f"{BASE}/{made['id']}")).json() == {
        name: value for name, value in made.items() if name != "importReport"
    }
    assert (await api.get(f"{BASE}/{made['id']}/runs")).json()["data"] == []


@pytest.mark.parametrize(
    "scopes, reads",
    [
        (["automations:read"], {"automations"}),
        (["connections"], {"automation-connections"}),
        (["connectors:read"], {"automation-connectors"}),
        (["user_default"], {"automations", "automation-connections", "automation-connectors"}),
    ],
)
async def test_scopes_open_what_they_name(
    address: str, world: World, tenant: Tenant, scopes: list[str], reads: set[str]
) -> None:
    _, key = await world.user(tenant.id, scopes=scopes)
    async with client(address, key) as person:
        for family in ("automations", "automation-connections", "automation-connectors"):
            answer = await person.get(f"/api/workflows/{family}")
            assert answer.status_code == (200 if family in reads else 403), family


async def test_an_administrator_with_a_small_key_is_none(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    _, other = await world.user(tenant.id)
    async with client(address, other) as person:
        private = (await person.post(BASE, json={"name": "private"})).json()
    key = await world.key(tenant.id, tenant.admin_id, ["user_default"])
    async with client(address, key) as small:
        assert (await small.get(f"{BASE}/{private['id']}")).status_code == 404
        assert (await small.put(f"{BASE}/settings", json={})).status_code == 403
    assert (await api.get(f"{BASE}/{private['id']}")).status_code == 200


async def test_private_things_are_private(address: str, api: httpx.AsyncClient, world: World, tenant: Tenant) -> None:
    _, one_key = await world.user(tenant.id)
    _, two_key = await world.user(tenant.id, roles=[TENANT_ADMIN])  # the role without the scope is nothing
    async with client(address, one_key) as one, client(address, two_key) as two:
        made = (await one.post(BASE, json={"name": "private"})).json()
        where = f"{BASE}/{made['id']}"
        for method, path, body in WRITES[1:-1]:
            answer = await two.request(method, path.format(base=BASE, id=made["id"]), json=body)
            wanted = 403 if "owner" in path or "move" in path else 404
            assert answer.status_code == wanted, path
        for path in (where, f"{where}/runs", f"{where}/pointers"):
            assert (await two.get(path)).status_code == 404
        assert (await two.get(BASE, params={"listAll": "true"})).json()["data"] == []
        assert (await one.get(where)).status_code == 200
    assert [item["id"] for item in (await api.get(BASE)).json()["data"]] == [made["id"]]
    assert (await api.get(BASE, params={"listAll": "false"})).json()["data"] == []


async def test_another_tenant_sees_and_changes_nothing(
    api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    space = await world.space(tenant.id)
    made = (await api.post(BASE, json={"name": "ours", "spaceId": str(space)})).json()
    where = f"{BASE}/{made['id']}"
    run = (await api.post(f"{where}/runs", json={"context": "api"})).json()
    before = (await api.get(where)).json()
    reads = [
        where,
        f"{where}/runs",
        f"{where}/pointers",
        f"{where}/runs/{run['id']}",
        f"{where}/runs/{run['id']}/debug",
    ]
    for path in (*reads, f"{where}/runs/{run['id']}/output"):
        answer = await other.get(path)
        unknown = await other.get(path.replace(made["id"], str(new_id())))
        assert (answer.status_code, unknown.status_code) == (404, 404)
        assert answer.json()["errors"] == unknown.json()["errors"], "the two must look the same"
    for method, path, body in WRITES[1:-1]:
        answer = await other.request(method, path.format(base=BASE, id=made["id"]), json=body)
        assert answer.status_code == 404, path
    stop = await other.post(f"{where}/runs/{run['id']}/actions/stop")
    assert stop.status_code == 404
    assert (await other.get(BASE)).json()["data"] == []
    taken = await other.post(BASE, json={"name": "x", "spaceId": str(space)})
    assert taken.status_code == 400
    theirs = (await other.post(BASE, json={"name": "theirs"})).json()
    owner = await other.post(f"{BASE}/{theirs['id']}/actions/change-owner", json={"userId": str(tenant.admin_id)})
    assert owner.status_code == 404
    moved = await other.post(f"{BASE}/{theirs['id']}/actions/change-space", json={"spaceId": str(space)})
    assert moved.status_code == 404
    assert (await api.get(where)).json() == before


async def test_a_run_is_reached_through_its_own_automation_only(api: httpx.AsyncClient) -> None:
    one, two = [(await api.post(BASE, json={"name": name})).json()["id"] for name in ("one", "two")]
    run = (await api.post(f"{BASE}/{one}/runs", json={"context": "api"})).json()["id"]
    assert (await api.get(f"{BASE}/{one}/runs/{run}")).status_code == 200
    assert (await api.get(f"{BASE}/{two}/runs/{run}")).status_code == 404
    assert (await api.post(f"{BASE}/{two}/runs/{run}/actions/stop")).status_code == 404


@pytest.mark.parametrize(
    "wrong", ["1", "x", "null", "00000000-0000-0000-0000-00000000000", "{}", "*", "%00", "a" * 200]
)
async def test_what_is_no_id_is_nothing(api: httpx.AsyncClient, wrong: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = await api.request(method, f"{BASE}/{wrong}", json={"name": "x"} if method == "PUT" else None)
        assert answer.status_code == 404


async def test_ids_may_be_written_in_capitals(api: httpx.AsyncClient) -> None:
    made = (await api.post(BASE, json={"name": "x"})).json()["id"]
    assert (await api.get(f"{BASE}/{made.upper()}")).json()["id"] == made
    assert UUID(made).version == 7
