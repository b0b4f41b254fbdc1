"""The partner's API: who may call it, how often, what it shows of others, and what it makes of odd ids."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from tests.api.conftest import Parts, World, client, serving
from tests.api.oem.conftest import Partner, plain, signed_in, with_settings
from tieline.core.ids import new_id
from tieline.server.app import create_app
from tieline.storage.tables import audit_log, runs, templates
from tieline.tenancy import partners, tenants
from tieline.tenancy.events.partners import make_home
from tieline.tenancy.limits import Tiers

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-app-id": "{app}"},
        {"x-api-key": "{key}"},
        {"x-app-id": "{app}", "x-api-key": "wrong"},
        {"x-app-id": "nobody", "x-api-key": "{key}"},
        {"x-app-id": "\u00e9", "x-api-key": "{key}"},
        {"x-app-id": "{app}", "authorization": "Bearer {key}"},
        {"x-app-id": "a" * 5000, "x-api-key": "{key}"},
    ],
)
async def test_nobody_else_comes_in(address: str, partner: Partner, headers: dict[str, str]) -> None:
    filled = {name: value.format(app=partner.app_id, key=partner.key) for name, value in headers.items()}
    sent = httpx.Headers([(name.encode(), value.encode()) for name, value in filled.items()])
    async with httpx.AsyncClient(base_url=f"{address}/oem/v1", verify=False) as stranger:
        for path in ("/accounts", "/templates", "/accounts/acme/blends"):
            answer = await stranger.get(path, headers=sent)
            assert answer.status_code == 401
            assert set(answer.json()) == {"error", "code", "traceId"}
            assert partner.key not in answer.text


async def test_an_api_key_of_a_tenant_is_no_partners(address: str, world: World) -> None:
    tenant = await world.tenant()
    async with client(address, tenant.key) as api:
        assert (await api.get("/oem/v1/accounts")).status_code == 401


async def test_a_new_key_ends_the_old_one(partner: Partner, parts: Parts, address: str) -> None:
    from tieline.tenancy import partners
    from tieline.tenancy.partner_keys import PartnerKeys

    async with parts.database.system() as unit:
        row = await partners.find(unit, partner.app_id)
        assert row is not None
        key = await partners.issue_key(unit, parts.vault, row["id"])
    keys = PartnerKeys(parts.database)
    assert (await keys.authenticate(partner.app_id, key)).id == row["id"]
    with pytest.raises(Exception, match="X-App-Id"):
        await keys.authenticate(partner.app_id, partner.key)


async def test_accounts_are_known_by_either_id(partner: Partner) -> None:
    made = (await partner.api.post("/accounts", json={"name": "Acme", "externalid": "acme"})).json()
    assert set(made) == {"guid", "externalid", "name", "created_at", "status"}
    again = await partner.api.post("/accounts", json={"name": "Acme Inc", "externalid": "acme"})
    assert (again.status_code, again.json()["guid"], again.json()["name"]) == (200, made["guid"], "Acme Inc")
    for name in ("acme", made["guid"], made["guid"].upper()):
        assert (await partner.api.get(f"/accounts/{name}")).json()["guid"] == made["guid"]
    changed = await partner.api.put(
        f"/accounts/{made['guid']}", json={"externalid": "acme-2", "user": {"email": "a@b.c"}}
    )
    assert changed.json()["externalid"] == "acme-2"
    assert (await partner.api.get("/accounts/acme")).status_code == 404
    await partner.account("other")
    taken = await partner.api.put("/accounts/other", json={"externalid": "acme-2"})
    assert taken.status_code == 409
    refused: list[Any] = [{}, {"name": "x"}, {"name": "", "externalid": "y"}, {"name": 5, "externalid": "y"}, []]
    for bad in refused:
        assert (await partner.api.post("/accounts", json=bad)).status_code == 400


async def test_lists_have_pages(partner: Partner) -> None:
    for number in range(5):
        await partner.account(f"a{number}")
    first = (await partner.api.get("/accounts", params={"per_page": 2})).json()
    assert [one["externalid"] for one in first["data"]] == ["a0", "a1"]
    assert first["meta"] | {"path": ""} == {
        "current_page": 1, "from": 1, "last_page": 3, "path": "", "per_page": 2, "to": 2, "total": 5,
    }  # fmt: skip
    assert first["links"]["prev"] is None
    seen, at = [], first
    while at["links"]["next"] is not None:
        seen += at["data"]
        at = (await partner.api.get(at["links"]["next"])).json()
    assert [one["externalid"] for one in seen + at["data"]] == [f"a{number}" for number in range(5)]
    beyond = (await partner.api.get("/accounts?page=9")).json()
    assert (beyond["data"], beyond["meta"]["from"], beyond["meta"]["to"]) == ([], None, None)
    for bad in ("page=0", "page=-1", "page=x", "per_page=101", "page=1&page=2", "page=99999999999999999999"):
        assert (await partner.api.get(f"/accounts?{bad}")).status_code == 400, bad


async def test_accounts_are_found_by_name_and_status(partner: Partner, rival: Partner, parts: Parts) -> None:
    await rival.account("acme")
    made = {}
    for external, name in (
        ("acme", "Acme Tickets"),
        ("hall-1", "Hall 100% _full"),
        ("acme_old", "שלום"),
        ("x", "Ünder"),
    ):
        answer = await partner.api.post("/accounts", json={"name": name, "externalid": external})
        made[external] = UUID(answer.json()["guid"])
    async with parts.database.system() as unit:
        await tenants.deactivate(unit, made["acme_old"], purge_after=timedelta(days=10))
        mine = await partners.find(unit, partner.app_id)
        assert mine is not None
        await make_home(unit, mine["id"])  # of nobody, and so not listed

    async def found(**wanted: str) -> list[str]:
        answer = await partner.api.get("/accounts", params=wanted)
        assert answer.status_code == 200, answer.text
        assert answer.json()["meta"]["total"] == len(answer.json()["data"])
        return [one["externalid"] for one in answer.json()["data"]]

    assert await found() == await found(search="", status="active") == ["acme", "hall-1", "x"]
    assert await found(status="disabled") == ["acme_old"]
    assert await found(status="all") == ["acme", "hall-1", "acme_old", "x"]
    assert await found(search="ACME", status="all") == ["acme", "acme_old"]
    # What means something to the database means itself.
    assert (await found(search="0% _f"), await found(search="_"), await found(search="\\")) == (
        ["hall-1"],
        ["hall-1"],
        [],
    )
    assert await found(search="שלו", status="all") == ["acme_old"]
    page = (await partner.api.get("/accounts", params={"search": "a", "per_page": 1})).json()
    assert "search=a" in page["links"]["next"]
    for bad in ("status=gone", "status=partner", "status=", "search=%00", "search=" + "x" * 256, "search=a&search=b"):
        assert (await partner.api.get(f"/accounts?{bad}")).status_code == 400, bad


async def test_the_people_of_an_account_are_listed(partner: Partner, rival: Partner) -> None:
    acme, other = await partner.account(), await partner.account("other")
    for number in range(3):
        person = {
            "externalid": f"u{number}",
            "name": f"<b>{number}</b>",
            "email": f"u{number}@x.example",
            "locale": "nl",
        }
        assert (await partner.api.put(f"/accounts/{acme}/users", json=person)).status_code == 204
    page = (await partner.api.get(f"/accounts/{acme}/users", params={"per_page": 2})).json()
    assert page["meta"]["total"] == 3
    first = page["data"][0]
    assert {name: first[name] for name in ("externalid", "name", "email", "locale", "roles", "status")} == {
        "externalid": "u0",
        "name": "<b>0</b>",
        "email": "u0@x.example",
        "locale": "nl",
        "roles": ["TenantAdmin"],
        "status": "active",
    }
    following = (await partner.api.get(page["links"]["next"])).json()["data"]
    assert [one["externalid"] for one in page["data"] + following] == ["u0", "u1", "u2"]
    assert (await partner.api.get(f"/accounts/{other}/users")).json()["data"] == []
    assert (await rival.api.get(f"/accounts/{acme}/users")).status_code == 404


async def test_a_partner_can_ask_who_it_is(partner: Partner, rival: Partner) -> None:
    mine = (await partner.api.get("/me")).json()
    assert (mine["name"], mine["app_id"], set(mine)) == ("Partner", partner.app_id, {"guid", "name", "app_id"})
    assert (await rival.api.get("/me")).json()["guid"] != mine["guid"]
    assert partner.key not in str(mine)


async def test_templates_are_a_bare_array(partner: Partner) -> None:
    made = (
        await partner.api.post(
            "/templates",
            json={
                "name": "Sync",
                "workspace": with_settings(),
                "status": "coming soon",
                "short_description": "s",
                "icon": "https://x/y.png",
                "groups": [{"group_id": "1", "group_name": "CRM"}],
            },
        )
    ).json()
    (shown,) = (await partner.api.get("/templates")).json()
    assert shown["groups"] == [{"group_name": "CRM", "group_id": "1"}]
    assert (shown["status"], shown["short_description"], shown["icon2"]) == ("coming soon", "s", None)
    assert shown["activation_url"].endswith(f"/sso/templates/{made['guid']}/install")
    changed = await partner.api.put(f"/templates/{made['guid']}", json={"status": "live", "icon2": "https://x/z.png"})
    assert (changed.json()["status"], changed.json()["icon"]) == ("live", "https://x/y.png")
    await partner.account()
    await partner.install(made["guid"])
    assert (await partner.api.delete(f"/templates/{made['guid']}")).status_code == 409
    for bad in (
        {"name": "x"},
        {"name": "x", "workspace": []},
        {"name": "x", "workspace": {"blocks": 5}},
        {"name": "x", "workspace": plain(), "status": "on"},
        {"name": "x", "members": ["nobody"]},
        {"name": "x", "automation": {"account": "acme", "guid": "nobody"}},
        {"name": "x", "workspace": plain(), "schedules": [{"recurrence": "now and then"}]},
    ):
        assert (await partner.api.post("/templates", json=bad)).status_code == 400, bad


async def test_a_template_with_an_external_id_is_made_once(partner: Partner, parts: Parts) -> None:
    body = {"name": "Sync", "workspace": plain(), "externalid": "sync"}
    made = [(await partner.api.post("/templates", json=body)).json()["guid"] for _ in range(3)]
    assert len(set(made)) == 1
    version = {"workspace": plain("two")}
    numbers = [(await partner.api.post("/templates/sync/versions", json=version)).json()["version"] for _ in range(2)]
    assert numbers == [2, 2], "the same document makes no version"


async def test_a_partner_sees_nothing_of_another(partner: Partner, rival: Partner, parts: Parts) -> None:
    await partner.account()
    guid = (await partner.api.get("/accounts/acme")).json()["guid"]
    template = await partner.template(with_settings(), externalid="sync")
    blend = await partner.install(template, inputs={"Project": "A"})
    await rival.account("mine")
    theirs = await rival.template(plain())
    for path in ("/accounts", "/health", "/usage", "/connectors"):
        assert guid not in (await rival.api.get(path)).text
    assert [one["guid"] for one in (await rival.api.get("/templates")).json()] == [theirs]
    inside = f"/accounts/mine/blends/{blend}"
    calls: list[tuple[str, str, Any]] = [
        *(
            ("GET", f"/accounts/{name}{more}", None)
            for name in ("acme", guid)
            for more in ("", "/blends", "/datasources")
        ),
        ("PUT", f"/accounts/{guid}", {"name": "Mine now"}),
        ("DELETE", f"/accounts/{guid}", None),
        ("POST", f"/accounts/{guid}/blends/{blend}/run", {}),
        *(
            ("GET", f"/templates/{name}{more}", None)
            for name in (template, "sync")
            for more in ("", "/versions", "/roll-out")
        ),
        ("PUT", f"/templates/{template}", {"name": "Mine now"}),
        ("DELETE", f"/templates/{template}", None),
        ("POST", f"/templates/{template}/versions", {"workspace": plain()}),
        ("POST", f"/templates/{template}/roll-out/promote", {}),
        ("PUT", f"/templates/{template}/roll-out", {"version": 1, "share": 1}),
        ("POST", f"/templates/{template}/install", {"account": "mine"}),
        ("GET", inside, None),
        ("POST", f"{inside}/run", {}),
        ("POST", f"{inside}/detach", None),
        ("POST", f"{inside}/set-persisted-inputs", {"Project": "B"}),
        ("DELETE", inside, None),
    ]
    for method, path, body in calls:
        answer = await rival.api.request(method, path, json=body)
        assert answer.status_code == 404, (method, path, answer.text)
    stolen = await rival.api.post(f"/templates/{theirs}/install", json={"account": guid})
    assert stolen.status_code == 400
    shown = (await partner.api.get(f"/accounts/acme/blends/{blend}")).json()
    assert shown["inputs"][0]["persisted_value"] == "A"
    assert (await partner.api.get(f"/templates/{template}")).json()["name"] == "Sync"


ODD = (
    "nobody", "%00", "a%00b", "%2e%2e", "'", "1 or 1=1", "%F0%9F%92%A9", "x" * 3000,
    "00000000-0000-0000-0000-000000000000", "{00000000-0000-4000-8000-000000000000}", "0" * 32,
)  # fmt: skip


async def test_odd_ids_are_nothing(partner: Partner) -> None:
    await partner.account()
    blend = await partner.install(await partner.template(plain()))
    for name in ODD:
        for path in (
            f"/accounts/{name}",
            f"/templates/{name}",
            f"/accounts/acme/blends/{name}",
            f"/accounts/acme/blends/{name}/lastrun",
            f"/accounts/acme/blends/{blend}/runs/{name}",
            f"/accounts/acme/datasources/{name}",
            f"/connectors/{name}",
        ):
            answer = await partner.api.get(path)
            assert answer.status_code == 404, (path, answer.text)
        answer = await partner.api.post(f"/accounts/acme/blends/{name}/run")
        assert answer.status_code in (404, 405), name


async def test_what_a_partner_does_is_recorded(partner: Partner, parts: Parts) -> None:
    await partner.account()
    blend = await partner.install(await partner.template(with_settings()), inputs={"Project": "s3cret"})
    await partner.api.post(f"/accounts/acme/blends/{blend}/set-persisted-inputs", json={"Project": "s3cret"})
    tenant = UUID((await partner.api.get("/accounts/acme")).json()["guid"])
    async with parts.database.tenant(tenant) as unit:
        rows = await unit.all(unit.select(audit_log).order_by(audit_log.c.id))
    assert [row["action"] for row in rows] == [
        "account.created",
        "integration.installed",
        "integration.settings-changed",
    ]
    assert {(row["actor_kind"], row["actor_id"]) for row in rows} == {("partner", partner.app_id)}
    assert "s3cret" not in str(rows)


async def test_an_account_has_so_many_waiting_runs(partner: Partner, parts: Parts) -> None:
    await partner.account()
    await partner.account("other")
    template = await partner.template(plain())
    blend = await partner.install(template)
    path = f"/accounts/acme/blends/{blend}/run?async=true"
    row = (await partner.api.post(path)).json()
    tenant = UUID((await partner.api.get("/accounts/acme")).json()["guid"])
    async with parts.database.tenant(tenant) as unit:
        known = await parts.runs.get(unit, UUID(row["guid"]))
        for _ in range(198):
            await unit.insert(runs, **{**known, "id": new_id()})
    assert (await partner.api.post(path)).status_code == 200
    full = await partner.api.post(path)
    assert (full.status_code, full.json()["code"]) == (429, "run-queue-full")
    assert int(full.headers["retry-after"]) >= 1
    other = await partner.install(template, "other")
    assert (await partner.api.post(f"/accounts/other/blends/{other}/run?async=true")).status_code == 200


@pytest.mark.battery
@pytest.mark.timeout(90)
async def test_limits_are_exact_for_each_account(parts: Parts) -> None:
    from tests.api.test_limits import settled

    async with serving(create_app(parts, tiers=Tiers(oem=7))) as where, signed_in(where, parts) as partner:
        await settled()
        for name in ("a", "b"):
            await partner.account(name)
        answers = [await partner.api.get("/accounts/a/blends") for _ in range(10)]
        assert Counter(one.status_code for one in answers) == {200: 7, 429: 3}
        assert (answers[0].headers["x-ratelimit-limit"], answers[0].headers["x-ratelimit-remaining"]) == ("7", "6")
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert (await partner.api.get("/accounts/b/blends")).status_code == 200
        assert Counter([(await partner.api.get("/templates")).status_code for _ in range(8)]) == {200: 5, 429: 3}


async def test_three_hundred_a_minute_unless_said_otherwise() -> None:
    tiers = Tiers()
    assert tiers.of_account({}) == 300
    assert tiers.of_account({"rateLimits": {"oem": 5}}) == 5
    assert tiers.of_account({"rateLimits": {"oem": "5"}}) == 300


async def test_templates_hold_no_connection(partner: Partner, parts: Parts) -> None:
    workspace = plain()
    workspace["blocks"].append(
        {"id": "X", "type": "EndpointBlock", "settings": [{"id": "datasource", "value": str(new_id())}]}
    )
    template = await partner.template(workspace)
    kept = (await partner.api.get(f"/templates/{template}/versions/1")).json()["workspace"]
    assert kept["blocks"][-1]["settings"] == [{"id": "datasource", "value": ""}]
    async with parts.database.system() as unit:
        assert await unit.scalar(select(templates.c.version).where(templates.c.id == UUID(template))) == 1


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ({"interval": "often"}, "interval"),
        ({"interval": True}, "interval"),
        ({"interval": 1e300}, "interval"),
        ({"startAt": 5}, "startAt"),
        ({"stopAt": ["x"]}, "stopAt"),
        ({"timezone": {"a": 1}}, "timezone"),
        ({"timezone": "x" * 1001}, "timezone"),
        ({"recurrence": 7}, "recurrence"),
        ({"misfire": ["once"]}, "misfire"),
    ],
)
async def test_schedules_that_cannot_be(partner: Partner, schedule: dict[str, Any], field: str) -> None:
    body = {"name": "Sync", "workspace": plain(), "schedules": [schedule]}
    answer = await partner.api.post("/templates", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, f"/schedules/0/{field}"), answer.text
