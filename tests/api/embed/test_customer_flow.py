"""What somebody who came by the partner's sign-on, without any role, does in a frame: from the gallery to a run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts
from tests.api.embed.conftest import PAGE, Door, worker
from tests.api.embed.test_embed_sessions import Frame, signed_in
from tests.api.oem.conftest import asks, document, says, start
from tests.api.oem.test_datasources import manifest, offered, site
from tests.automations.engine.documents import block
from tieline.storage.tables import audit_log, users

pytestmark = pytest.mark.anyio
__all__ = ["site", "worker"]

INTEGRATIONS = "/api/v1/integrations"


async def template_of(door: Door, parts: Parts, site: str) -> str:
    connector = await offered(door.partner, parts, manifest(site))
    who = block("EndpointBlock", "who", datasourcetype_guid=connector, endpoint_guid="who", endpoint_role="get")
    flows = (
        [start("setup"), asks("Region", name="setup_inputs", required=True), says("set {$.setup_inputs.Region}")],
        [start(), who, says("{$.who.key} {$.setup_inputs.Region}")],
    )
    return await door.partner.template(document(*flows), name="Contacts")


async def installed(frame: Frame, template: str) -> dict[str, Any]:
    made = await frame.call("POST", f"/api/v1/templates/{template}/actions/install", json={})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def test_a_person_without_a_role_goes_from_the_gallery_to_a_run(
    door: Door, parts: Parts, site: str, worker: None
) -> None:
    template = await template_of(door, parts, site)
    frame = await signed_in(door, "flow", origin=PAGE)
    assert frame.made["user"]["name"] == "Ann"
    gallery = (await frame.call("GET", "/api/v1/templates", origin=PAGE)).json()["data"]
    assert template in [one["id"] for one in gallery]
    assert (await frame.call("GET", f"/api/v1/templates/{template}")).json()["fields"][0]["label"] == "Region"
    made = await installed(frame, template)
    where = f"{INTEGRATIONS}/{made['id']}"
    assert (made["state"], made["ownerId"], made["canManage"]) == ("disabled", frame.made["user"]["id"], True)
    (wanted,) = made["steps"][0]["connectors"]
    assert (await frame.call("POST", f"{where}/actions/activate")).status_code == 409

    body = {"connectorId": wanted["connectorId"], "name": "Ours"}
    session = (await frame.call("POST", "/api/v1/connect-sessions", json=body)).json()
    async with httpx.AsyncClient(verify=False, timeout=30) as window:
        assert (await window.post(session["link"], data={"api_key": "key-1"})).status_code == 200
    told = (await frame.call("GET", f"/api/v1/connect-sessions/{session['id']}")).json()
    assert told["status"] == "connected"
    bound = await frame.call("PUT", where, json={"connections": [told["connectionId"]]})
    assert bound.json()["steps"][0]["complete"] is True
    ran = await frame.call("POST", f"{where}/flows/setup/actions/run", json={"inputs": {"Region": "eu"}})
    assert (ran.json()["output"], ran.json()["setupComplete"]) == ("set eu", True), ran.text
    assert (await frame.call("POST", f"{where}/actions/activate")).status_code == 204
    run = await frame.call("POST", f"/api/v1/automations/{made['id']}/runs", json={"context": "api"})
    assert run.status_code == 201, run.text
    done = await door.partner.run(made["id"], account="flow")
    assert done == "key-1 eu"
    assert (await frame.call("DELETE", where)).status_code == 204
    async with parts.database.tenant(UUID(frame.made["account"]["guid"])) as unit:
        rows = await unit.all(unit.select(audit_log).where(audit_log.c.actor_kind == "embed session"))
    assert {row["actor_id"] for row in rows} == {frame.id}
    assert {row["action"] for row in rows} >= {"integration.installed", "integration.enabled", "integration.deleted"}


async def test_colleagues_see_it_and_an_administrator_manages_it(door: Door, parts: Parts, site: str) -> None:
    template = await template_of(door, parts, site)
    made = await installed(await signed_in(door, "shared"), template)
    where = f"{INTEGRATIONS}/{made['id']}"
    colleague = await signed_in(door, "shared", "bob")
    boss = await signed_in(door, "shared", {"external_id": "eve", "roles": ["TenantAdmin", "Finance"]})
    stranger = await signed_in(door, "shared-not")
    statuses = [await one.status(where) for one in (colleague, boss, stranger)]
    assert statuses == [200, 200, 404]
    listed = [(await one.call("GET", INTEGRATIONS)).json()["data"] for one in (colleague, boss, stranger)]
    assert [[one["canManage"] for one in seen] for seen in listed] == [[False], [True], []]
    body = {"inputs": {"Region": "eu"}}
    changed = [(await one.call("PUT", where, json=body)).status_code for one in (colleague, boss, stranger)]
    assert changed == [403, 200, 404]
    for path in ("/api/v1/audits", "/api/v1/api-keys"):
        assert await boss.status(path) == 403
    reader = await signed_in(
        door, "shared", {"external_id": "eve", "roles": ["TenantAdmin"]}, scopes=["automations:read"]
    )
    assert (await reader.call("DELETE", where)).status_code == 403
    assert (await boss.call("DELETE", where)).status_code == 204


async def test_what_the_token_brought_along_is_set_at_install(door: Door) -> None:
    fields = [asks("Region", "Password", "Size", name="inputs", required=True)]
    template = await door.partner.template(document([start("setup"), *fields], [start(), says("x")]))
    brought = {"Region": "eu", "Password": "s3cr3t-canary", "Size": {"no": "text"}, "Unknown": 1}
    frame = await signed_in(door, "brought", inputs=brought)
    made = await frame.call("POST", f"/api/v1/templates/{template}/actions/install", json={"inputs": {"Size": "L"}})
    assert made.status_code == 201, made.text
    (shown,) = [one["fields"] for one in made.json()["steps"] if one["step"] == "setup"]
    assert {one["label"]: (one["value"], one["hasValue"]) for one in shown} == {
        "Region": ("eu", True),
        "Password": (None, True),
        "Size": ("L", True),
    }
    assert "s3cr3t-canary" not in str(frame.made) + made.text
    assert made.json()["setupComplete"] is True
    plain = await signed_in(door, "brought", "bob")
    assert (await installed(plain, template))["setupComplete"] is False


async def test_roles_are_what_the_last_token_that_has_them_says(door: Door, parts: Parts) -> None:
    async def roles(**user: Any) -> list[str]:
        frame = await signed_in(door, "roles", {"external_id": "kim", **user})
        async with parts.database.tenant(UUID(frame.made["account"]["guid"])) as unit:
            found: list[str] = await unit.scalar(unit.select(users, users.c.roles).where(users.c.external_id == "kim"))
        return found

    assert await roles() == []
    assert await roles(roles=["TenantAdmin"]) == ["TenantAdmin"]
    assert await roles() == ["TenantAdmin"]
    assert await roles(roles=[]) == []
    said = (await door.partner.api.get("/audits", params={"account": "roles", "action": "user.updated"})).json()["data"]
    assert [one["detail"]["roles"] for one in said] == [[["TenantAdmin"], []], [[], ["TenantAdmin"]]]


@pytest.mark.parametrize(
    "wrong",
    ["TenantAdmin", [5], [""], ["a\0b"], ["x" * 256], ["PartnerAdmin"], {"a": 1}, ["r"] * 101],
    ids=lambda one: str(one)[:20],
)
async def test_roles_that_no_sign_on_gives(wrong: Any, door: Door) -> None:
    refused = await door.post(door.token("no-roles", {"external_id": "kim", "roles": wrong}))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "sign-on-refused")
    assert "user.roles" in refused.json()["errors"][0]["detail"]
    assert (await door.partner.api.get("/accounts/no-roles")).status_code == 404
