"""What a partner's customer does with its own key: sees templates, installs one, sets it up, switches it on, leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, World, client
from tests.api.oem.conftest import Partner, asks, document, plain, says, start, with_settings
from tests.api.oem.test_datasources import calling, connect, manifest, offered, site
from tests.automations.engine.documents import block
from tieline.storage.tables import audit_log

pytestmark = pytest.mark.anyio
__all__ = ["site"]


@dataclass
class Customer:
    """An administrator of the account acme, and somebody else there."""

    api: httpx.AsyncClient
    other: httpx.AsyncClient
    tenant: UUID


@pytest.fixture
async def customer(partner: Partner, world: World, address: str) -> AsyncIterator[Customer]:
    await partner.account()
    tenant = UUID((await partner.api.get("/accounts/acme")).json()["guid"])
    _, key = await world.user(tenant, scopes=["admin"], roles=["TenantAdmin"])
    _, second = await world.user(tenant)
    async with client(f"{address}/api/v1", key) as api, client(f"{address}/api/v1", second) as other:
        yield Customer(api, other, tenant)


async def test_only_what_is_offered_is_seen(partner: Partner, rival: Partner, customer: Customer) -> None:
    crm = [{"group_id": "crm", "group_name": "CRM"}]
    live = await partner.template(plain(), name="Live", groups=crm, position=2)
    coming = await partner.template(plain(), name="Coming", status="coming soon", position=1)
    hidden = await partner.template(plain(), name="Hidden", status="hidden")
    theirs = await rival.template(plain(), name="Theirs")
    listed = (await customer.api.get("/templates")).json()
    assert [(one["id"], one["status"]) for one in listed["data"]] == [(coming, "coming soon"), (live, "live")]
    grouped = (await customer.api.get("/templates", params={"group": "crm"})).json()["data"]
    assert [(one["id"], one["groups"]) for one in grouped] == [(live, [{"id": "crm", "name": "CRM"}])]
    page = (await customer.api.get("/templates", params={"limit": 1})).json()
    following = (await customer.api.get(page["links"]["next"]["href"])).json()
    assert [one["id"] for one in page["data"] + following["data"]] == [coming, live]
    for name, status in ((hidden, 404), (theirs, 404), (coming, 409), (live, 201)):
        answer = await customer.api.post(f"/templates/{name}/actions/install", json={})
        assert answer.status_code == status, (name, answer.text)
        assert (await customer.api.get(f"/templates/{name}")).status_code == (404 if status == 404 else 200)
    assert (await partner.api.post(f"/templates/{coming}/install", json={"account": "acme"})).status_code == 409
    assert (await partner.api.post(f"/templates/{hidden}/install", json={"account": "acme"})).status_code == 200


async def test_the_wizard_from_install_to_removal(
    partner: Partner, customer: Customer, parts: Parts, site: str, worker: None
) -> None:
    connector = await offered(partner, parts, manifest(site))
    who = block("EndpointBlock", "who", datasourcetype_guid=connector, endpoint_guid="who", endpoint_role="get")
    template = await partner.template(
        document(
            [start("setup"), asks("Region", name="setup_inputs", required=True), says("set {$.setup_inputs.Region}")],
            [start("settings"), asks("Project")],
            [start(), who, says("{$.who.key} {$.inputs.Project}")],
        )
    )
    made = await customer.api.post(f"/templates/{template}/actions/install", json={"inputs": {"Project": "A"}})
    assert made.status_code == 201, made.text
    where = f"/integrations/{made.json()['id']}"

    def steps(shown: Any) -> list[tuple[str, bool]]:
        return [(one["step"], one["complete"]) for one in shown["steps"]]

    assert steps(made.json()) == [("connect", False), ("setup", False), ("settings", True), ("review", False)]
    assert made.json()["state"] == "disabled"
    early = await customer.api.post(f"{where}/actions/activate")
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "setup-incomplete")

    wrong = await customer.api.put(where, json={"inputs": {"Region": None, "Nobody": 1, "Project": "B"}})
    found = {(one["source"]["pointer"], one["code"]) for one in wrong.json()["errors"]}
    assert (wrong.status_code, found) == (400, {("/inputs/Region", "bad-input"), ("/inputs/Nobody", "unknown-input")})
    kept = {one["label"]: one["value"] for step in made.json()["steps"] for one in step.get("fields", [])}
    assert kept == {"Region": None, "Project": "A"}

    for number in "12":
        await connect(partner, connector, f"key-{number}", f"Account {number}")
    listed = (await customer.api.get("/automation-connections")).json()["data"]
    second = next(one["id"] for one in listed if one["name"] == "Account 2")
    owned = (await customer.api.get(where)).json()["ownerId"]
    await customer.api.post(f"/automation-connections/{second}/actions/change-owner", json={"userId": owned})
    bound = await customer.api.put(where, json={"connections": [second]})
    assert bound.status_code == 200, bound.text
    (asked,) = bound.json()["steps"][0]["connectors"]
    assert (asked["connection"], asked["connected"], asked["connectorGuid"]) == (second, True, connector)
    ran = await customer.api.post(f"{where}/flows/setup/actions/run", json={"inputs": {"Region": "eu"}})
    assert (ran.json()["output"], ran.json()["setupComplete"]) == ("set eu", True)
    done = (await customer.api.get(where)).json()
    assert steps(done) == [("connect", True), ("setup", True), ("settings", True), ("review", True)]
    assert done["state"] == "available"
    assert await partner.run(done["id"]) == "key-2 A"

    refused = await customer.api.delete(f"/automation-connections/{second}")
    assert refused.status_code == 400
    assert "'Sync' use this connection" in refused.json()["errors"][0]["detail"]
    assert (await customer.api.post(f"{where}/actions/deactivate")).status_code == 204
    assert (await customer.api.get(where)).json()["state"] == "disabled"
    assert (await customer.api.delete(f"/automation-connections/{second}?forced=true")).status_code == 204
    (asked,) = (await customer.api.get(where)).json()["steps"][0]["connectors"]
    assert asked["connection"] not in (second, None) or asked["connection"] is None
    assert (await customer.api.delete(where)).status_code == 204
    assert (await customer.api.get(where)).status_code == 404
    async with parts.database.tenant(customer.tenant) as unit:
        rows = await unit.all(unit.select(audit_log).where(audit_log.c.action.like("integration.%")))
    assert {row["action"] for row in rows} >= {"integration.installed", "integration.disabled", "integration.deleted"}


async def test_an_account_sees_its_integrations_and_administrators_manage_them(
    partner: Partner, customer: Customer, rival: Partner
) -> None:
    template = await partner.template(with_settings())
    made = (await customer.api.post(f"/templates/{template}/actions/install", json={})).json()
    mine = (await customer.other.post(f"/templates/{template}/actions/install", json={})).json()
    for api, manages in ((customer.api, {made["id"], mine["id"]}), (customer.other, {mine["id"]})):
        listed = (await api.get("/integrations")).json()["data"]
        assert {one["id"] for one in listed} == {made["id"], mine["id"]}
        assert {one["id"] for one in listed if one["canManage"]} == manages
    where = f"/integrations/{made['id']}"
    assert (await customer.other.get(where)).json()["canManage"] is False
    for method, path in (
        ("PUT", where), ("DELETE", where), ("POST", f"{where}/actions/activate"),
        ("POST", f"{where}/actions/deactivate"), ("POST", f"{where}/flows/settings/actions/run"),
    ):  # fmt: skip
        answer = await customer.other.request(method, path, json={})
        assert answer.status_code == 403, (method, path)
        assert "administrators of the account" in answer.json()["errors"][0]["detail"]
    theirs = f"/integrations/{mine['id']}"
    assert (await customer.api.put(theirs, json={"inputs": {"Project": "B"}})).status_code == 200
    assert (await customer.api.post(f"{theirs}/actions/deactivate")).status_code == 204
    assert (await customer.other.get(theirs)).json()["state"] == "disabled"
    await rival.account()
    stranger = await rival.template(with_settings())
    other = await rival.install(stranger)
    assert (await customer.api.get(f"/integrations/{other}")).status_code == 404
    reads = (await customer.api.post("/api-keys", json={"description": "r", "scopes": ["automations:read"]})).json()
    async with httpx.AsyncClient(base_url=str(customer.api.base_url), verify=False) as reader:
        reader.headers["authorization"] = f"Bearer {reads['token']}"
        assert (await reader.get("/templates")).status_code == 200
        assert (await reader.post(f"/templates/{template}/actions/install", json={})).status_code == 403
        assert (await reader.delete(where)).status_code == 403


async def test_a_connection_of_somebody_else_is_not_taken(
    partner: Partner, customer: Customer, parts: Parts, site: str
) -> None:
    connector = await offered(partner, parts, manifest(site))
    template = await partner.template(calling(connector))
    private = await connect(partner, connector, "key-1")  # it belongs to the first user of the account
    body = {"connections": [private]}
    answer = await customer.other.post(f"/templates/{template}/actions/install", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["source"]["pointer"]) == (400, "/connections/0")
    owners = await partner.install(template, datasources=[private])
    (seen,) = (await customer.other.get(f"/integrations/{owners}")).json()["steps"][0]["connectors"]
    assert (seen["connected"], seen["connection"], seen["connections"]) == (True, None, [])
    assert private not in str(seen)


async def test_what_is_wrong_with_schedules_changes_nothing(
    partner: Partner, customer: Customer, parts: Parts, site: str
) -> None:
    connector = await offered(partner, parts, manifest(site))
    template = await partner.template(calling(connector))
    made = (await customer.api.post(f"/templates/{template}/actions/install", json={})).json()
    connection = await connect(partner, connector, "key-1")
    where = f"/integrations/{made['id']}"
    refused = await customer.api.put(where, json={"connections": [connection], "schedules": [{"interval": "often"}]})
    assert refused.status_code == 400
    assert (await customer.api.get(where)).json()["connections"] == []


async def test_at_the_same_time_it_is_installed_once(partner: Partner, customer: Customer) -> None:
    template = await partner.template(with_settings(), prevent_duplicates=True)
    body = {"inputs": {"Project": "A"}}
    made = await asyncio.gather(
        *(customer.api.post(f"/templates/{template}/actions/install", json=body) for _ in range(6))
    )
    assert [one.status_code for one in made] == [201] * 6
    assert len({one.json()["id"] for one in made}) == 1
