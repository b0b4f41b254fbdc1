"""Tenants over HTTP: the own one, and those of the partner for who administers it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tieline.core.ids import new_id
from tieline.storage.tables import audit_log
from tieline.tenancy import partners, tenants
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN

pytestmark = pytest.mark.anyio

BASE = "/api/v1/tenants"
CONFIRM = "qlik-confirm-hostname"


@pytest.fixture
async def partner(address: str, world: World, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the partner's administrator, who is in another tenant of it."""
    home = await world.tenant()
    _, key = await world.user(home.id, scopes=["admin"], roles=[TENANT_ADMIN, PARTNER_ADMIN])
    async with client(address, key) as opened:
        yield opened


async def act(api: httpx.AsyncClient, tenant_id: UUID | str, action: str, body: Any = None) -> httpx.Response:
    """With the hostname that the tenant shows."""
    shown = (await api.get(f"{BASE}/{tenant_id}")).json()
    headers = {CONFIRM: shown["hostnames"][-1].upper()}
    return await api.post(f"{BASE}/{tenant_id}/actions/{action}", json=body, headers=headers)


async def test_the_own_tenant(api: httpx.AsyncClient, tenant: Tenant, parts: Parts) -> None:
    me = await api.get(f"{BASE}/me")
    where = f"{str(api.base_url).rstrip('/')}{BASE}/{tenant.id}"
    assert (me.status_code, me.headers["location"]) == (302, where)
    shown = (await api.get(where)).json()
    assert (shown["name"], shown["status"], shown["links"]["self"]["href"]) == ("Tenant", "active", where)
    operations = [
        {"op": "replace", "path": "/name", "value": "Corp"},
        {"op": "replace", "path": "/hostnames/1", "value": "Corp.Example"},
        {"op": "replace", "path": "/enableAnalyticCreation", "value": True},
        {"op": "replace", "path": "/autoAssignCreateSharedSpacesRoleToProfessionals", "value": False},
    ]
    changed = await api.patch(where, json=operations)
    assert (changed.status_code, changed.content) == (204, b"")
    after = (await api.get(where)).json()
    assert (after["name"], after["hostnames"][1], after["enableAnalyticCreation"]) == ("Corp", "corp.example", True)
    assert after["autoAssignCreateSharedSpacesRoleToProfessionals"] is False
    async with parts.database.tenant(tenant.id) as unit:
        [row] = await unit.all(unit.select(audit_log).where(audit_log.c.action == "tenant.changed"))
    assert row["detail"]["name"] == ["Tenant", "Corp"]


@pytest.mark.parametrize(
    "operations",
    [
        {},
        [{"op": "add", "path": "/name", "value": "x"}],
        [{"op": "replace", "path": "/status", "value": "disabled"}],
        [{"op": "replace", "path": "/hostnames/0", "value": "x.example"}],
        [{"op": "replace", "path": "/hostnames/1", "value": "not a host"}],
        [{"op": "replace", "path": "/name", "value": True}],
        [{"op": "replace", "path": "/enableAnalyticCreation", "value": "true"}],
        [{"op": "replace", "path": "/name", "value": "y"}, {"op": "replace", "path": "/name"}],
    ],
)
async def test_changes_that_cannot_be(api: httpx.AsyncClient, tenant: Tenant, operations: Any) -> None:
    assert (await api.patch(f"{BASE}/{tenant.id}", json=operations)).status_code == 400
    assert (await api.get(f"{BASE}/{tenant.id}")).json()["name"] == "Tenant"


async def test_a_partners_administrator_makes_shuts_and_opens(
    address: str, partner: httpx.AsyncClient, tenant: Tenant, world: World
) -> None:
    made = await partner.post(BASE, json={"datacenter": "us-east-1", "licenseKey": "12345", "name": "New"})
    assert made.status_code == 201, made.text
    assert (made.json()["name"], made.json()["datacenter"]) == ("New", "us-east-1")
    assert "12345" not in made.text
    assert (await partner.get(f"{BASE}/{made.json()['id']}")).json() == made.json()

    automation_key = await world.key(tenant.id, tenant.admin_id, ["automations"])
    async with client(address, automation_key) as person:
        assert (await person.get("/api/v1/automations")).status_code == 200
        shut = await act(partner, tenant.id, "deactivate", {"purgeAfterDays": 10})
        assert (shut.status_code, shut.json()["status"]) == (200, "disabled"), shut.text
        assert (await partner.get(f"{BASE}/{tenant.id}")).json()["status"] == "disabled"
        await asyncio.sleep(1.0)
        for path in ("/api/v1/automations", f"{BASE}/me", "/api/workflows/automation-connectors"):
            assert (await person.get(path)).status_code == 401
        assert (await act(partner, tenant.id, "reactivate", {})).status_code == 200
        assert (await person.get("/api/v1/automations")).status_code == 200
    assert (await partner.get(f"{BASE}/{tenant.id}")).json()["status"] == "active"
    assert "estimatedPurgeDate" in (await act(partner, tenant.id, "deactivate")).json()


async def test_what_is_asked_of_who_shuts_a_tenant(partner: httpx.AsyncClient, tenant: Tenant) -> None:
    where = f"{BASE}/{tenant.id}/actions/deactivate"
    for headers, told in (
        ({}, (400, "bad-input")),
        ({CONFIRM: ""}, (400, "bad-input")),
        ({CONFIRM: "{}"}, (400, "bad-input")),
        ({CONFIRM: "other.example"}, (412, "hostname-unconfirmed")),
    ):
        refused = await partner.post(where, json={}, headers=headers)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == told
    for days in (9, 91, 1.5, "30", None):
        assert (await partner.post(where, json={"purgeAfterDays": days})).status_code == 400, days
    me = (await partner.get(f"{BASE}/me")).headers["location"].rpartition("/")[2]
    assert (await act(partner, me, "deactivate")).status_code == 403, "not the own one"
    assert (await partner.get(f"{BASE}/{tenant.id}")).json()["status"] == "active"


async def test_nobody_else_does(
    address: str, api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, tenant: Tenant, parts: Parts
) -> None:
    assert (await api.post(BASE, json={})).status_code == 403
    for action in ("deactivate", "reactivate"):
        assert (await act(api, tenant.id, action, {})).status_code == 403
    async with parts.database.system() as unit:
        stranger = await partners.create(unit, name="P", app_id=str(new_id()))
        home = await tenants.create(unit, partner_id=stranger, external_id="x", name="X")
    _, key = await world.user(home, scopes=["admin"], roles=[TENANT_ADMIN, PARTNER_ADMIN])
    _, small = await world.user(tenant.id)
    patch = [{"op": "replace", "path": "/name", "value": "taken"}]
    async with client(address, key) as elsewhere, client(address, small) as person, client(address) as nobody:
        for caller in (other, elsewhere):
            for method, path, body in (
                ("GET", "", None),
                ("PATCH", "", patch),
                ("POST", "/actions/deactivate", {}),
                ("POST", "/actions/reactivate", {}),
            ):
                answer = await caller.request(method, f"{BASE}/{tenant.id}{path}", json=body)
                unknown = await caller.request(method, f"{BASE}/{new_id()}{path}", json=body)
                assert answer.status_code == unknown.status_code == 404
                assert answer.json()["errors"] == unknown.json()["errors"]
        assert (await person.get(f"{BASE}/{tenant.id}")).status_code == 200
        assert (await person.patch(f"{BASE}/{tenant.id}", json=patch)).status_code == 403
        assert (await nobody.get(f"{BASE}/{tenant.id}")).status_code == 401
        assert (await nobody.get(f"{BASE}/me")).status_code == 401
    reading = await world.key(tenant.id, tenant.admin_id, ["tenants:read"])
    async with client(address, reading) as reader:
        assert (await reader.patch(f"{BASE}/{tenant.id}", json=patch)).status_code == 403
    assert (await api.get(f"{BASE}/{tenant.id}")).json()["name"] == "Tenant"


async def test_no_token_of_a_deactivated_tenant_starts_anything(
    partner: httpx.AsyncClient, tenant: Tenant, address: str, world: World
) -> None:
    blocks = [{"id": "A", "type": "StartBlock", "name": "start", "inputs": {"run_mode": "triggered"}}]
    async with client(address, tenant.key) as api:
        body = {"name": "Triggered", "workspace": {"blocks": blocks, "variables": []}}
        made = (await api.post("/api/v1/automations", json=body)).json()
    where = f"{address}/api/v1/automations/{made['id']}/actions/execute"
    async with httpx.AsyncClient(verify=False) as anybody:
        headers = {"x-execution-token": made["executionToken"]}
        assert (await anybody.post(where, headers=headers)).status_code == 201
        await act(partner, tenant.id, "deactivate")
        shut = await anybody.post(where, headers=headers)
        unknown = await anybody.post(where, headers={"x-execution-token": "x"})
    assert (shut.status_code, shut.json()["errors"][0]["code"]) == (401, "invalid-execution-token")
    assert shut.json()["errors"] == unknown.json()["errors"], "it tells nothing of the tenant"
