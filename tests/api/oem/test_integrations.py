"""Integrations over HTTP with a real worker: installed, set, run, rolled out, pinned, detached, removed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.api.conftest import Parts, World, client
from tests.api.oem.conftest import Partner, asks, document, plain, says, start, with_settings
from tests.automations.engine.documents import block
from tieline.storage.tables import automation_versions, tenants

pytestmark = pytest.mark.anyio


async def tenant_of(parts: Parts, partner: Partner, account: str = "acme") -> UUID:
    return UUID((await partner.api.get(f"/accounts/{account}")).json()["guid"])


async def test_from_install_to_removal(partner: Partner, worker: None) -> None:
    await partner.account()
    template = await partner.template(with_settings("one {$.inputs.Project}"), externalid="sync")
    blend = await partner.install("sync", inputs={"Project": "A"})
    where = f"/accounts/acme/blends/{blend}"
    shown = (await partner.api.get(where)).json()
    assert (shown["template_guid"], shown["has_settings"], shown["has_setup"]) == (template, True, False)
    assert (shown["setup_complete"], shown["run_mode"], shown["status"]) == (True, "manual", "live")
    (asked,) = shown["inputs"]
    assert (asked["field_name"], asked["label"], asked["persisted_value"]) == ("Project", "settings", "A")
    assert (asked["is_persisted"], asked["is_top_input"]) == (True, True)
    assert await partner.run(blend) == "one A"

    changed = await partner.api.post(f"{where}/set-persisted-inputs", json={"Project": "B"})
    assert (changed.status_code, changed.content) == (204, b"")
    assert await partner.run(blend) == "one B"

    assert await partner.version(template, with_settings("two {$.inputs.Project}")) == 2
    assert await partner.run(blend) == "one B", "nobody runs a version that was not rolled out"
    canary = await partner.api.put(f"/templates/{template}/roll-out", json={"version": 2, "share": 0.5})
    assert canary.json()["integrations"] == {"2": 1}
    assert await partner.run(blend) == "two B"
    back = await partner.api.post(f"/templates/{template}/roll-out/roll-back")
    assert (back.json()["live_version"], back.json()["canary_version"]) == (1, None)
    assert await partner.run(blend) == "one B"
    promoted = await partner.api.post(f"/templates/{template}/roll-out/promote")
    assert promoted.json()["live_version"] == 2
    assert await partner.run(blend) == "two B"
    assert (await partner.api.post(f"/templates/{template}/roll-out/roll-back")).json()["live_version"] == 1
    assert await partner.run(blend) == "one B"

    assert (await partner.api.post(f"{where}/pin", json={"version": 2})).json()["pinned_version"] == 2
    assert await partner.run(blend) == "two B"
    await partner.version(template, with_settings("three {$.inputs.Project}"), share=1)
    assert await partner.run(blend) == "two B", "a pinned integration stays"
    pushed = await partner.api.put(f"/accounts/acme/blends/{template}/{blend}")
    assert (pushed.status_code, pushed.json()["version"]) == (200, 3)
    assert await partner.run(blend) == "three B"

    detached = (await partner.api.post(f"{where}/detach")).json()
    assert (detached["detached"], detached["version"]) == (True, 3)
    await partner.version(template, with_settings("four {$.inputs.Project}"), share=1)
    assert await partner.run(blend) == "three B"
    assert (await partner.api.put(f"/accounts/acme/blends/{template}/{blend}")).status_code == 400

    assert (await partner.api.delete(f"/templates/{template}")).status_code == 204
    assert (await partner.api.get(where)).status_code == 404, "it is an automation like any other from now on"


async def test_an_integration_is_no_copy(
    partner: Partner, parts: Parts, world: World, address: str, worker: None
) -> None:
    await partner.account()
    template = await partner.template(plain("of the template"))
    blend = await partner.install(template)
    tenant = await tenant_of(parts, partner)
    async with parts.database.tenant(tenant) as unit:
        mine = unit.select(automation_versions).where(automation_versions.c.automation_id == UUID(blend))
        assert await unit.all(mine) == []
    await partner.run(blend)
    _, key = await world.user(tenant, scopes=["admin"], roles=["TenantAdmin"])
    async with client(address, key) as api:
        path = f"/api/v1/automations/{blend}"
        found = (await api.get(path)).json()
        assert found["workspace"] == (await partner.api.get(f"/templates/{template}/versions/1")).json()["workspace"]
        refused = await api.put(path, json={"name": "Mine", "workspace": plain("changed")})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["code"] == "follows-template"
        assert (await api.put(path, json={"name": "Mine", "workspace": found["workspace"]})).status_code == 200
        (run,) = (await api.get(f"{path}/runs")).json()["data"]
        assert (await api.get(f"{path}/runs/{run['id']}/blocks")).status_code in (200, 404)
        await partner.api.post(f"/accounts/acme/blends/{blend}/detach")
        assert (await api.put(path, json={"name": "Mine", "workspace": plain("changed")})).status_code == 200
    assert await partner.run(blend) == "changed"


async def test_a_canary_takes_its_share(partner: Partner) -> None:
    template = await partner.template(plain())
    for number in range(8):
        await partner.install(template, await partner.account(f"a{number}"))
    await partner.version(template, plain("two"))
    for share, expected in ((0.25, {"1": 6, "2": 2}), (0.5, {"1": 4, "2": 4}), (0, {"1": 8}), (1, {"2": 8})):
        stands = await partner.api.put(f"/templates/{template}/roll-out", json={"version": 2, "share": share})
        assert stands.json()["integrations"] == expected
    assert (await partner.api.get(f"/templates/{template}/roll-out")).json()["canary_share"] == 1


async def test_a_version_that_starts_otherwise_starts_otherwise(partner: Partner) -> None:
    await partner.account()
    every_day = [{"recurrence": "RRULE:FREQ=DAILY"}]
    template = await partner.template(plain(), schedules=every_day)
    blend = await partner.install(template)
    await partner.version(template, document([start("scheduled"), says("x")]), share=1)
    assert (await partner.api.get(f"/accounts/acme/blends/{blend}")).json()["run_mode"] == "scheduled"


async def test_setup_settings_and_delete_are_flows_of_their_own(partner: Partner, worker: None) -> None:
    await partner.account()
    template = await partner.template(
        document(
            [
                start("setup"),
                asks("Token", "Region", name="setup_inputs", required=True),
                says("set {$.setup_inputs.Region}"),
            ],
            [start(), says("{$.setup_inputs.Region}")],
            [start("delete"), block("CallUrlBlock", inputs={"url": "http://127.0.0.1:1/", "method": "GET"})],
        )
    )
    shown = (await partner.api.get(f"/templates/{template}")).json()
    assert (shown["has_setup"], shown["has_settings"], shown["has_delete"]) == (True, False, True)
    assert [one["field_name"] for one in shown["inputs"]] == ["Token", "Region"]
    blend = await partner.install(template)
    where = f"/accounts/acme/blends/{blend}"
    assert (await partner.api.get(where)).json()["setup_complete"] is False
    early = await partner.api.post(f"{where}/run")
    assert early.status_code == 400
    assert "setup" in early.json()["error"]
    done = await partner.api.post(f"{where}/run/setup", json={"inputs": {"Token": "t", "Region": "eu"}})
    assert (done.status_code, done.json()) == (200, "set eu")
    detail = (await partner.api.get(where)).json()
    assert detail["setup_complete"] is True
    kept = {one["field_name"]: one["persisted_value"] for one in detail["inputs"]}
    assert kept == {"Token": None, "Region": "eu"}, "what looks like a password is not handed out"
    assert await partner.run(blend) == "eu"
    refused = await partner.api.delete(f"{where}?strict=true")
    assert (refused.status_code, refused.json()["code"]) == (409, "delete-flow-failed")
    assert (await partner.api.get(where)).status_code == 200
    assert (await partner.api.delete(where)).status_code == 204, "an API that is gone keeps nobody from leaving"
    assert (await partner.api.get(where)).status_code == 404


async def test_a_delete_flow_runs_before_removal(partner: Partner, parts: Parts, worker: None) -> None:
    await partner.account()
    template = await partner.template(
        document(
            [start(), says("x")],
            [start("delete"), says("bye")],
        )
    )
    blend = await partner.install(template)
    assert (await partner.api.delete(f"/accounts/acme/blends/{blend}")).status_code == 204
    assert (await partner.api.get("/accounts/acme/blends")).json()["data"] == []


@pytest.mark.parametrize("how", ["query", "body", "inputs", "template"])
async def test_the_same_inputs_make_no_second_integration(partner: Partner, how: str) -> None:
    await partner.account()
    template = await partner.template(with_settings(), prevent_duplicates=how == "template")
    body: dict[str, Any] = {"account": "acme", "inputs": {"Project": "A"}}
    query = {"template_prevent_duplicates": "true"} if how == "query" else {}
    if how == "body":
        body["template_prevent_duplicates"] = True
    if how == "inputs":
        body["inputs"]["template_prevent_duplicates"] = True
    made = [await partner.api.post(f"/templates/{template}/install", json=body, params=query) for _ in range(2)]
    assert made[0].json()["guid"] == made[1].json()["guid"]
    body["inputs"]["Project"] = "B"
    other = await partner.api.post(f"/templates/{template}/install", json=body, params=query)
    assert other.json()["guid"] != made[0].json()["guid"]


async def test_a_bundle_installs_its_members(partner: Partner, worker: None) -> None:
    await partner.account()
    first = await partner.template(with_settings(), name="First")
    second = await partner.template(plain(), name="Second")
    bundle = (await partner.api.post("/templates", json={"name": "Both", "members": [first, second]})).json()
    assert (bundle["isbundle"], [one["name"] for one in bundle["sub_blends"]]) == (True, ["First", "Second"])
    blend = await partner.install(bundle["guid"], inputs={"Project": "A"})
    (shown,) = (await partner.api.get("/accounts/acme/blends")).json()["data"]
    assert (shown["isbundle"], [one["name"] for one in shown["sub_automations"]]) == (True, ["First", "Second"])
    inner = shown["sub_automations"][0]["guid"]
    await partner.api.post(f"/accounts/acme/blends/{blend}/set-persisted-inputs", json={"Project": "B"})
    assert await partner.run(inner) == "B"
    assert (await partner.api.get(f"/accounts/acme/blends/{blend}/lastrun")).json() == {}
    assert (await partner.api.delete(f"/templates/{first}")).status_code == 409
    assert (await partner.api.delete(f"/accounts/acme/blends/{blend}")).status_code == 204
    assert (await partner.api.get(f"/accounts/acme/blends/{inner}")).status_code == 404


async def test_runs_are_told_of(partner: Partner, worker: None) -> None:
    await partner.account()
    template = await partner.template(
        document([start(), asks("Name", persist=False), says("Hi {$.inputs.Name}")]), name="Greet"
    )
    blend = await partner.install(template)
    where = f"/accounts/acme/blends/{blend}"
    assert (await partner.api.get(f"{where}/lastrun")).json() == {}
    by_name = await partner.api.post("/accounts/acme/blends/Greet/run", json={"inputs": {"Name": "Ada"}})
    assert by_name.json() == "Hi Ada"
    later = (await partner.api.post(f"{where}/run?async=true", json={"inputs": {"Name": "Bob"}})).json()
    assert set(later) == {
        "guid", "status", "context", "schedule_starttime", "starttime", "stoptime", "created_at", "updated_at",
    }  # fmt: skip
    assert await partner.run(blend, inputs={"Name": "Cem"}) == "Hi Cem"
    listed = (await partner.api.get(f"{where}/runs")).json()
    assert [one["guid"] for one in listed][1] == later["guid"]
    assert len(listed) == 3
    assert (await partner.api.get(f"{where}/runs", params={"created_at[gt]": "2999-01-01 00:00:00"})).json() == []
    assert len((await partner.api.get(f"{where}/runs", params={"created_at[lt]": "2999-01-01 00:00:00"})).json()) == 3
    assert (await partner.api.get(f"{where}/runs", params={"created_at[lt]": "soon"})).status_code == 400
    last = (await partner.api.get(f"{where}/lastrun")).json()
    assert (last["inputs"], last["outputs"], last["errors"]) == ({"Name": "Cem"}, ["Hi Cem"], [])
    assert (await partner.api.get(f"{where}/runs/{last['guid']}")).json() == last


async def test_a_run_that_fails_says_why(partner: Partner, worker: None) -> None:
    await partner.account()
    bad = document([start(), block("ErrorBlock", inputs={"message": "it broke", "action": "stop"})])
    blend = await partner.install(await partner.template(bad))
    answer = await partner.api.post(f"/accounts/acme/blends/{blend}/run")
    assert answer.status_code == 400
    assert "it broke" in answer.json()["error"]
    last = (await partner.api.get(f"/accounts/acme/blends/{blend}/lastrun")).json()
    assert last["guid"] == answer.json()["meta"]["run"]
    assert "it broke" in last["errors"][0]["detail"]
    (health,) = (await partner.api.get("/health")).json()["data"]
    assert (health["health"], health["account"]["externalid"]) == ("failing", "acme")
    assert health["last_run"]["guid"] == last["guid"]
    usage = (await partner.api.get("/usage")).json()["data"]
    assert [(one["account"]["externalid"], one["runs"], one["integrations"]) for one in usage] == [("acme", 1, 1)]


@pytest.mark.parametrize(
    "inputs, code",
    [({"Nobody": 1}, "unknown-input"), ({"Project": None}, "bad-input"), ({"Project": None, "x": 1}, "unknown-input")],
)
async def test_settings_that_cannot_be(partner: Partner, inputs: dict[str, Any], code: str) -> None:
    await partner.account()
    blend = await partner.install(await partner.template(with_settings(required=True)), inputs={"Project": "A"})
    where = f"/accounts/acme/blends/{blend}"
    answer = await partner.api.post(f"{where}/set-persisted-inputs", json=inputs)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (await partner.api.get(where)).json()["inputs"][0]["persisted_value"] == "A"


async def test_a_template_is_made_of_an_automation(partner: Partner, parts: Parts, world: World, address: str) -> None:
    await partner.account()
    tenant = await tenant_of(parts, partner)
    _, key = await world.user(tenant, scopes=["admin"], roles=["TenantAdmin"])
    async with client(address, key) as api:
        made = (await api.post("/api/v1/automations", json={"name": "Mine", "workspace": plain()})).json()
    body = {"name": "Of mine", "automation": {"account": "acme", "guid": made["id"]}}
    template = (await partner.api.post("/templates", json=body)).json()["guid"]
    version = (await partner.api.get(f"/templates/{template}/versions/1")).json()
    assert version["workspace"]["blocks"] == made["workspace"]["blocks"]
    async with client(address, key) as api:
        await api.put(f"/api/v1/automations/{made['id']}", json={"name": "Mine", "workspace": plain("newer")})
    again = await partner.api.post(f"/templates/{template}/versions", json={"note": "newer"})
    assert (again.status_code, again.json()["version"], again.json()["live_version"]) == (201, 2, 1)


async def test_bulk_tells_of_each_item(partner: Partner) -> None:
    template = await partner.template(with_settings())
    for name in ("a", "b"):
        await partner.account(name)
    items: list[dict[str, Any]] = [{"account": name, "inputs": {"Project": name}} for name in ("a", "nobody", "b")]
    items.append({"account": "a", "inputs": {"Wrong": 1}})
    done = (await partner.api.post("/bulk/install", json={"template": template, "items": items})).json()
    assert [one["status"] for one in done["results"]] == [200, 404, 200, 400]
    assert (done["ok"], done["failed"]) == (2, 2)
    again = (await partner.api.post("/bulk/install", json={"template": template, "items": items})).json()
    assert again["results"] == done["results"]
    targets = [{"account": name, "blend": one["guid"]} for name, one in zip("ab", done["results"][::2], strict=True)]
    changed = await partner.api.post("/bulk/update", json={"items": targets, "inputs": {"Project": "same"}})
    assert changed.json()["ok"] == 2
    for target in targets:
        shown = (await partner.api.get(f"/accounts/{target['account']}/blends/{target['blend']}")).json()
        assert shown["inputs"][0]["persisted_value"] == "same"


async def test_an_account_goes_with_all_that_is_its_own(partner: Partner, parts: Parts, worker: None) -> None:
    await partner.account()
    blend = await partner.install(await partner.template(plain()))
    await partner.run(blend)
    tenant = await tenant_of(parts, partner)
    assert (await partner.api.delete("/accounts/acme")).status_code == 204
    async with parts.database.system() as unit:
        assert await unit.scalar(unit.select(tenants).where(tenants.c.id == tenant)) is None
    assert (await partner.api.get("/accounts/acme")).status_code == 404
