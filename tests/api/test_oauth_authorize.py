"""The door that a person opens: ``/oauth/authorize`` and its page."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tests.api.oauth_world import BACK, CLIENTS, ask, decide, exchange, form_of, make, pkce, signed_in, told

pytestmark = pytest.mark.anyio


async def test_a_person_lets_a_client_in(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, clientName="<b>Sync & Co</b>")
    async with client(address) as browser:
        asked = await ask(browser, made)
        assert asked.status_code == 302
        assert asked.headers["location"].startswith(f"{address}/oauth/consent?request=")
        cookie = asked.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        page = await browser.get(asked.headers["location"])
        assert page.status_code == 200
        assert "&lt;b&gt;Sync &amp; Co&lt;/b&gt;" in page.text
        assert "<b>" not in page.text
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self' https://app.example.com;" in policy
        assert page.headers["referrer-policy"] == "same-origin"
        done = await decide(browser, asked, tenant.key)
        assert done.status_code == 303
        assert done.headers["location"].startswith(BACK + "?")
        assert told(done).keys() == {"code", "state", "iss"}
        assert (told(done)["state"], told(done)["iss"]) == ("xyz", address)
        assert tenant.key not in str(browser.cookies)


async def test_a_person_says_no(address: str, api: httpx.AsyncClient) -> None:
    made = await make(api)
    async with client(address) as browser:
        done = await decide(browser, await ask(browser, made), "", "deny")
    assert done.status_code == 303
    assert (told(done)["error"], told(done)["state"], told(done)["iss"]) == ("access_denied", "xyz", address)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        "/back",
        BACK + "/",
        BACK + "?a=1",
        BACK + "#x",
        BACK.upper(),
        "https://app.example.com:443/back",
        "https://app.example.com/back/../other",
        "https://app.example.com@evil.example/back",
        "https://evil.example/back",
        "http://app.example.com/back",
        "//app.example.com/back",
        "javascript:alert(1)",
        BACK + "\r\nset-cookie: a=b",
        BACK + "\x00",
    ],
)
async def test_only_a_registered_address_gets_an_answer(
    address: str, api: httpx.AsyncClient, redirect_uri: str | None
) -> None:
    made = await make(api)
    async with client(address) as browser:
        answer = await ask(browser, made, redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_an_unknown_client_and_a_wrong_address_look_the_same(address: str, api: httpx.AsyncClient) -> None:
    made = await make(api)
    async with client(address) as browser:
        answers = [await ask(browser, made, client_id="x"), await ask(browser, made, redirect_uri="https://x.example/")]
        twice = await browser.get(
            f"/oauth/authorize?client_id={made['clientId']}&redirect_uri={BACK}&redirect_uri={BACK}"
        )
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]
    assert twice.status_code == 400


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", None, "unsupported_response_type"),
        ("state", None, "invalid_request"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("scope", "admin", "invalid_scope"),
        ("scope", "user_default nonsense", "invalid_scope"),
        ("prompt", "dance", "invalid_request"),
        ("max_age", "old", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("prompt", "none", "login_required"),
    ],
)
async def test_what_is_wrong_is_told_to_the_client(
    address: str, api: httpx.AsyncClient, name: str, value: str | None, error: str
) -> None:
    made = await make(api, redirectUris=[BACK + "?kept=1"])
    async with client(address) as browser:
        answer = await ask(browser, made, **{name: value})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(BACK + "?kept=1&")
    found = told(answer)
    assert (found["error"], found["iss"]) == (error, address)
    assert found["error_code"]
    assert found["error_detail"]
    assert found.get("state") == (None if name == "state" else "xyz")


async def test_a_page_belongs_to_the_browser_that_was_sent_to_it(
    address: str, api: httpx.AsyncClient, tenant: Tenant
) -> None:
    made = await make(api)
    async with client(address) as browser, client(address) as stranger:
        asked = await ask(browser, made)
        assert (await stranger.get(asked.headers["location"])).status_code == 400
        sealed = form_of(await browser.get(asked.headers["location"]))
        form = {"request": sealed, "key": tenant.key, "decision": "allow"}
        assert (await stranger.post("/oauth/consent", data=form)).status_code == 400
        # One who was sent to his own page has a cookie too, but not this page's.
        await ask(stranger, made)
        assert (await stranger.post("/oauth/consent", data=form)).status_code == 400
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ):
            assert (await browser.post("/oauth/consent", data=form, headers=headers)).status_code == 403
        for changed in (sealed[:-2] + "AA", "A" + sealed[1:], "", "x", sealed * 200):
            assert (await browser.post("/oauth/consent", data={**form, "request": changed})).status_code == 400
        assert (await browser.post("/oauth/consent", json=form)).status_code == 400
        assert (await browser.post("/oauth/consent", data={**form, "decision": "x"})).status_code == 400
        done = await browser.post(
            "/oauth/consent", data=form, headers={"origin": address, "sec-fetch-site": "same-origin"}
        )
        assert done.status_code == 303
        # The page is over with its answer.
        assert (await browser.post("/oauth/consent", data=form)).status_code == 400


async def test_a_key_has_to_be_good_and_of_the_tenant(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    made = await make(api, allowedScopes=["automations", "offline_access"])
    stranger = await world.tenant()
    powerless = await world.key(tenant.id, tenant.admin_id, ["connections"])
    token = (await signed_in(address, made, tenant.key, scope="automations"))["access_token"]
    async with client(address) as browser:
        asked = await ask(browser, made, scope="automations")
        for key in ("", "x", tenant.key[:-1] + "0", stranger.key, powerless, token):
            answer = await decide(browser, asked, key)
            assert answer.status_code == 400, key
            assert 'role="alert"' in answer.text
            assert key not in answer.text or len(key) < 2
            assert "tieline_person" not in browser.cookies


async def test_who_has_agreed_is_not_asked_again(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant, parts: Parts
) -> None:
    made = await make(api, allowedScopes=["automations", "connections", "offline_access"])
    verifier, challenge = pkce()
    async with client(address) as browser:
        done = await decide(
            browser, await ask(browser, made, scope="automations", code_challenge=challenge), tenant.key
        )
        assert (await exchange(address, made, told(done)["code"], verifier)).status_code == 200
        again = await ask(browser, made, scope="automations")
        assert urlsplit(again.headers["location"]).netloc == "app.example.com"
        assert "code" in told(again)
        assert "code" in told(await ask(browser, made, scope="automations", prompt="none"))
        # More than he agreed to, another program, or on demand: he is asked.
        assert (
            told(await ask(browser, made, scope="automations connections", prompt="none"))["error"]
            == "consent_required"
        )
        assert told(await ask(browser, await make(api), prompt="none"))["error"] == "consent_required"
        for changed in ({"prompt": "consent"}, {"prompt": "login"}, {"max_age": "0"}):
            asked = await ask(browser, made, scope="automations", **changed)
            assert "/oauth/consent" in asked.headers["location"]
        page = await browser.get((await ask(browser, made, scope="automations", prompt="consent")).headers["location"])
        assert "signed in as" in page.text
        assert 'name="key"' not in page.text
        asked = await ask(browser, made, scope="automations", prompt="login")
        assert 'name="key"' in (await browser.get(asked.headers["location"])).text
        assert (await decide(browser, asked, "")).status_code == 400
        # What he took back he is asked for again.
        for item in (await api.get("/api/v1/oauth-tokens")).json()["data"]:
            await api.delete(f"/api/v1/oauth-tokens/{item['id']}")
        assert told(await ask(browser, made, scope="automations", prompt="none"))["error"] == "consent_required"
        # And with his key his session ends.
        async with parts.database.tenant(tenant.id) as unit:
            for key in await world.keys.list(unit, user_id=tenant.admin_id):
                await world.keys.revoke(unit, key["id"])
        assert told(await ask(browser, made, scope="automations", prompt="none"))["error"] == "login_required"


async def test_a_trusted_client_asks_nobody_who_is_signed_in(
    address: str, api: httpx.AsyncClient, tenant: Tenant
) -> None:
    first = await make(api)
    trusted = await make(api, connectionConfig={"consentMethod": "trusted"})
    async with client(address) as browser:
        assert "/oauth/consent" in (await ask(browser, trusted)).headers["location"]
        await decide(browser, await ask(browser, first), tenant.key)
        assert "code" in told(await ask(browser, trusted))


async def test_somebody_else_at_the_same_browser(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api)
    async with client(address) as browser:
        await decide(browser, await ask(browser, made), tenant.key)
        page = await decide(browser, await ask(browser, made, prompt="consent"), "", "change")
        assert 'name="key"' in page.text
        assert "tieline_person" not in browser.cookies


async def test_the_marks_of_a_browser_are_proof_against_changes(
    address: str, api: httpx.AsyncClient, tenant: Tenant
) -> None:
    made = await make(api, connectionConfig={"consentMethod": "trusted"})
    async with client(address) as browser:
        asked = await ask(browser, made)
        await decide(browser, asked, tenant.key)
        mark = browser.cookies["tieline_person"]
    sealed = asked.headers["location"].partition("request=")[2]
    async with client(address) as stranger:
        for forged in (mark[:-4] + "AAAA", "A" + mark[1:], sealed, "x", ""):
            headers = {"cookie": f"tieline_person={forged}"}
            params = {
                "client_id": made["clientId"],
                "redirect_uri": BACK,
                "response_type": "code",
                "scope": "user_default",
                "state": "x",
                "code_challenge": pkce()[1],
                "code_challenge_method": "S256",
                "prompt": "none",
            }
            answer = await stranger.get("/oauth/authorize", params=params, headers=headers)
            assert told(answer)["error"] == "login_required"


@pytest.mark.parametrize("gone", ["deleted", "disconnected"])
async def test_a_client_that_is_gone_gets_nobody(
    address: str, api: httpx.AsyncClient, tenant: Tenant, gone: str
) -> None:
    made = await make(api)
    where = f"{CLIENTS}/{made['clientId']}"
    async with client(address) as browser:
        asked = await ask(browser, made)
        page = await browser.get(asked.headers["location"])
        if gone == "deleted":
            await api.delete(where, headers={"qlik-confirm-delete": made["clientId"]})
        else:
            await api.delete(f"{where}/connection-configs/me")
        form = {"request": form_of(page), "key": tenant.key, "decision": "allow"}
        assert (await browser.post("/oauth/consent", data=form)).status_code == 400
        assert (await ask(browser, made)).status_code == 400


async def test_embedded_clients_are_not_let_in(address: str, api: httpx.AsyncClient) -> None:
    made = await make(api, appType="anonymous-embed")
    async with client(address) as browser:
        assert told(await ask(browser, made))["error"] == "unauthorized_client"


async def test_many_at_once(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, connectionConfig={"consentMethod": "trusted"})
    async with client(address) as browser:
        await decide(browser, await ask(browser, made), tenant.key)
        codes = {told(answer)["code"] for answer in await asyncio.gather(*(ask(browser, made) for _ in range(10)))}
    assert len(codes) == 10
