"""Signing on: one use of each token, accounts and users made on the way, links that lead on, keys that end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from tests.api.conftest import NO_LIMIT, Parts, serving
from tests.api.embed import signing
from tests.api.embed.conftest import Door, rows
from tests.api.oem.conftest import plain, with_settings
from tieline.server.app import create_app
from tieline.storage.tables import audit_log, embed_sessions, tenants, users
from tieline.tenancy import standing
from tieline.tenancy import users as people

pytestmark = pytest.mark.anyio


async def people_of(parts: Parts, account: str) -> list[dict[str, Any]]:
    async with parts.database.system() as unit:
        mine = (tenants.c.external_id == account, tenants.c.id == users.c.tenant_id)
        return await unit.all(select(users).where(*mine).order_by(users.c.id))


async def test_a_token_counts_once_over_two_processes(door: Door, parts: Parts) -> None:
    token = door.token("once")
    async with (
        serving(create_app(parts, tiers=NO_LIMIT)) as second,
        httpx.AsyncClient(verify=False, timeout=30) as http,
    ):

        async def shown(where: str) -> int:
            return (await http.post(f"{where}{door.path}/sessions", json={"jwt": token}, timeout=30)).status_code

        got = await asyncio.gather(*(shown((door.base, second)[n % 2]) for n in range(16)))
    assert sorted(got) == [201] + [401] * 15
    linked = await door.open("/sso", jwt=token, appid=door.partner.app_id)
    assert linked.status_code == 401
    assert "used already" in linked.text


async def test_the_same_token_in_another_spelling_of_its_signature_is_the_same(door: Door) -> None:
    claims = signing.claims("respelled")
    signer = signing.rs256()
    first = signing.assembled({"alg": "RS256"}, claims, signer)
    again = signing.token(door.partner.key, {**claims, "jti": "a"})
    other = signing.token(door.partner.key, {**claims, "jti": "a", "extra": 1})
    assert (await door.post(first)).status_code == 201
    assert (await door.post(first)).status_code == 401
    assert (await door.post(again)).status_code == 201
    assert (await door.post(other)).status_code == 401


async def test_first_sign_ons_at_once_make_one_account_and_one_user(door: Door, parts: Parts) -> None:
    made = await asyncio.gather(*(door.enter(door.token("crowd", jti=f"crowd-{n}")) for n in range(8)))
    assert len({one["account"]["guid"] for one in made}) == 1
    assert len({one["user"]["id"] for one in made}) == 1
    assert len({one["token"] for one in made}) == 8
    assert len(await people_of(parts, "crowd")) == 1


async def test_account_and_user_are_brought_up_to_date(door: Door) -> None:
    first = await door.enter(door.token("dated"))
    assert first["user"] == {"id": first["user"]["id"], "name": "Ann", "email": "ann@example.com", "locale": "en-GB"}
    changed = signing.claims(
        account={"external_id": "dated", "name": "Dated Ltd"},
        user={"external_id": "ann", "name": "Ann B", "email": "b@example.com", "locale": "fr-BE"},
    )
    second = await door.enter(signing.token(door.partner.key, changed))
    assert second["account"] == {"guid": first["account"]["guid"], "externalid": "dated", "name": "Dated Ltd"}
    assert second["user"] == {"id": first["user"]["id"], "name": "Ann B", "email": "b@example.com", "locale": "fr-BE"}
    silent = signing.claims(account={"external_id": "dated"}, user={"external_id": "ann"})
    third = await door.enter(signing.token(door.partner.key, silent))
    assert (third["account"], third["user"]) == (second["account"], second["user"])


async def test_the_same_ids_at_another_partner_or_account_are_others(door: Door, rival_door: Door) -> None:
    mine = await door.enter(door.token("shared"))
    theirs = await rival_door.enter(rival_door.token("shared"))
    elsewhere = await door.enter(door.token("shared-too"))
    assert len({one["account"]["guid"] for one in (mine, theirs, elsewhere)}) == 3
    assert len({one["user"]["id"] for one in (mine, theirs, elsewhere)}) == 3


async def test_who_comes_without_a_user_stands_for_the_account(door: Door) -> None:
    one = await door.enter(door.token("nameless", None))
    two = await door.enter(door.token("nameless", None, jti="two"))
    assert one["user"]["id"] == two["user"]["id"]
    assert one["user"]["name"] == "Integrations"


@pytest.mark.parametrize("how", ["disabled", "removed", "deactivated"])
async def test_who_was_shut_out_does_not_come_back_by_sign_on(how: str, door: Door, parts: Parts) -> None:
    made = await door.enter(door.token(how))
    tenant, user = UUID(made["account"]["guid"]), UUID(made["user"]["id"])
    async with parts.database.tenant(tenant) as unit:
        if how == "disabled":
            await people.change(unit, user, status=standing.DISABLED)
        if how == "removed":
            await people.remove(unit, user)
    if how == "deactivated":
        async with parts.database.system() as unit:
            await unit.update(tenants, tenants.c.id == tenant, status=standing.DISABLED)
    before = await rows(parts)
    for number in range(2):
        refused = await door.post(door.token(how, jti=f"{how}-{number}"))
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "sign-on-barred")
    after = await rows(parts)
    assert {**after, "audit_log": 0} == {**before, "audit_log": 0}
    assert after["audit_log"] == before["audit_log"] + 2  # what was refused is told
    other = await door.post(door.token(how, "bob"))
    assert other.status_code == (403 if how == "deactivated" else 201)
    if how == "removed":
        put = await door.partner.api.put(f"/accounts/{how}/users", json={"externalid": "ann", "name": "Ann"})
        assert put.status_code == 204
        back = await door.enter(door.token(how, jti="back"))
        assert back["user"]["id"] != made["user"]["id"]


async def test_refusals_are_told_a_few_times_a_minute(door: Door, parts: Parts) -> None:
    token = door.token("told")
    made = await door.enter(token)
    for _ in range(13):
        assert (await door.post(token)).status_code == 401
    async with parts.database.tenant(UUID(made["account"]["guid"])) as unit:
        said = await unit.all(unit.select(audit_log).where(audit_log.c.action.startswith("embed-session.")))
    actions = [row["action"] for row in said]
    assert actions.count("embed-session.created") == 1
    assert 0 < actions.count("embed-session.refused") <= 20  # two windows at most
    assert {row["actor_kind"] for row in said} == {"partner"}
    assert token not in str(said)


async def test_a_revoked_key_is_refused_at_once_on_every_process(door: Door, parts: Parts) -> None:
    key = {"kid": "short", "public_key": signing.jwk("short")}
    assert (await door.partner.api.post("/keys", json=key)).status_code == 201

    def token(name: str) -> str:
        return signing.assembled({"alg": "EdDSA", "kid": "short"}, signing.claims(jti=name), signing.eddsa("short"))

    async with (
        serving(create_app(parts, tiers=NO_LIMIT)) as second,
        httpx.AsyncClient(verify=False, timeout=30) as http,
    ):
        assert (await http.post(f"{second}{door.path}/sessions", json={"jwt": token("1")})).status_code == 201
        assert (await door.partner.api.delete("/keys/short")).status_code == 204
        assert (await http.post(f"{second}{door.path}/sessions", json={"jwt": token("2")})).status_code == 401
    assert (await door.partner.api.post("/keys", json=key)).status_code == 409


async def test_a_new_api_key_ends_what_the_old_one_signs(rival_door: Door, parts: Parts) -> None:
    from tieline.tenancy import partners

    old = rival_door.token("rotating")
    async with parts.database.system() as unit:
        row = await partners.find(unit, rival_door.partner.app_id)
        assert row is not None
        fresh = await partners.issue_key(unit, parts.vault, row["id"])
    assert (await rival_door.post(old)).status_code == 401
    rival_door.partner.key = fresh
    assert (await rival_door.post(rival_door.token("rotating"))).status_code == 201


@pytest.mark.parametrize(
    ("path", "view"),
    [("/sso", "home"), ("/sso/templates", "templates")],
)
async def test_a_link_with_a_token_leads_to_a_page_without(path: str, view: str, door: Door) -> None:
    token = door.token("linked", iss=door.partner.app_id, jti=path)
    answer = await door.open(path, jwt=token)
    assert answer.status_code == 303
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert token not in answer.headers["location"] + answer.text
    code = answer.headers["location"].partition("#code=")[2]
    made = await redeemed(door, code)
    assert made["view"]["view"] == view
    assert made["account"]["externalid"] == "linked"
    again = await door.post(code=code)
    assert again.status_code == 401


async def redeemed(door: Door, code: str) -> dict[str, Any]:
    made = await door.post(code=code)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def test_a_code_counts_once_and_only_at_its_partner(door: Door, rival_door: Door) -> None:
    code = await door.code_at("/sso", jwt=door.token("coded"), appid=door.partner.app_id)
    assert (await rival_door.post(code=code)).status_code == 401
    as_token = await door.http.get("/api/v1/automations", headers={"authorization": f"Bearer {code}"})
    assert as_token.status_code == 401
    got = await asyncio.gather(*(door.post(code=code) for _ in range(6)))
    assert sorted(one.status_code for one in got) == [201] + [401] * 5


async def test_an_install_link_names_a_template_of_the_partner(door: Door, rival_door: Door, parts: Parts) -> None:
    template = await door.partner.template(with_settings())
    inputs = {"Project": "A", "password": "s3cr3t", "template_prevent_duplicates": True}
    token = door.token("installing", inputs=inputs, datasource={"api_key": "k3y"}, embed={"mode": "event"})
    before = await rows(parts)
    strange = await rival_door.open(
        f"/sso/templates/{template}/install", jwt=rival_door.token("x", iss=rival_door.partner.app_id)
    )
    assert strange.status_code == 404
    assert await rows(parts) == before
    code = await door.code_at(f"/sso/templates/{template}/install", jwt=token, appid=door.partner.app_id)
    made = await redeemed(door, code)
    assert made["view"] == {"view": "install", "template": template, "integration": None}
    assert made["inputs"] == {"Project": "A", "template_prevent_duplicates": True}
    assert made["datasource"] == ["api_key"]
    assert made["embed"]["mode"] == "event"
    async with parts.database.tenant(UUID(made["account"]["guid"])) as unit:
        kept = await unit.one(unit.select(embed_sessions).where(embed_sessions.c.id == UUID(made["id"])))
    assert kept is not None
    assert "k3y" not in str(kept["settings"])
    assert "s3cr3t" not in str(kept["settings"])


@pytest.mark.parametrize("spelling", ["rfc", "php", "javascript"])
async def test_a_signed_link_lets_in_once(spelling: str, door: Door) -> None:
    account = f"it's~{spelling}"
    query = (
        f"accountid={quote(account, safe=chr(39))}&userid=ann&timestamp={int(time.time())}&appid={door.partner.app_id}"
    )
    message = quote(f"{door.base}/sso?{query}", safe="!*'()" if spelling == "javascript" else "")
    if spelling == "php":
        message = message.replace("~", "%7E")
    signed = hmac.new(door.partner.key.encode(), message.encode(), hashlib.sha256).hexdigest()
    answer = await door.http.get(f"/sso?{query}&hash={signed}")
    assert answer.status_code == 303, answer.text
    made = await redeemed(door, answer.headers["location"].partition("#code=")[2])
    assert made["account"]["externalid"] == account
    assert (await door.http.get(f"/sso?{query}&hash={signed.upper()}")).status_code == 401


async def test_looking_at_a_link_does_not_use_it_up(door: Door) -> None:
    query = {"jwt": door.token("looked"), "appid": door.partner.app_id}
    assert (await door.http.head("/sso", params=query)).status_code == 401
    prefetch = await door.http.get("/sso", params=query, headers={"sec-purpose": "prefetch;prerender"})
    assert prefetch.status_code == 401
    assert (await door.open("/sso", **query)).status_code == 303


async def test_a_link_that_says_no_partner_is_refused_where_there_are_several(door: Door, rival_door: Door) -> None:
    refused = await door.open("/sso", jwt=door.token("unsaid"))
    assert refused.status_code == 401
    assert "app id" in refused.text
    contradicting = await door.open(
        "/sso", jwt=door.token("u", iss=door.partner.app_id), appid=rival_door.partner.app_id
    )
    assert contradicting.status_code == 401
    assert (await door.open("/sso", jwt=door.token("u"), appid="nobody")).status_code == 404


async def test_the_links_of_integrations_let_in_once(door: Door, rival_door: Door, worker: None) -> None:
    account = await door.partner.account("ticketed")
    blend = await door.partner.install(await door.partner.template(plain()), account)
    listed = (await door.partner.api.get(f"/accounts/{account}/blends")).json()["data"]
    where = httpx.URL(next(one["admin_sso_url"] for one in listed if one["guid"] == blend))
    one = await door.http.get(where)
    assert one.status_code == 303, one.text
    made = await redeemed(door, one.headers["location"].partition("#code=")[2])
    assert made["view"] == {"view": "settings", "template": None, "integration": blend}
    assert made["account"]["externalid"] == account
    seen = await door.http.get(f"/api/v1/automations/{blend}", headers={"authorization": f"Bearer {made['token']}"})
    assert seen.status_code == 200
    assert (await door.http.get(where)).status_code == 401
    shown = (await door.partner.api.get(f"/accounts/{account}/blends/{blend}")).json()["admin_sso_url"]
    assert (await door.http.get(shown.replace(blend, made["id"]))).status_code == 401
    ticket = shown.partition("ticket=")[2]
    assert (await door.http.get(shown.replace(ticket, ticket[::-1]))).status_code == 401
    assert (await door.http.get(shown)).status_code == 303


async def test_many_sessions_of_one_user_end_the_oldest(door: Door, parts: Parts) -> None:
    made = [await door.enter(door.token("many", jti=f"many-{n}")) for n in range(22)]
    async with parts.database.tenant(UUID(made[0]["account"]["guid"])) as unit:
        alive = await unit.scalar(unit.select(embed_sessions, func.count()))
    assert alive == 20
    first, last = made[0]["token"], made[-1]["token"]
    statuses = [
        (await door.http.get("/api/v1/automations", headers={"authorization": f"Bearer {token}"})).status_code
        for token in (first, last)
    ]
    assert statuses == [401, 200]
