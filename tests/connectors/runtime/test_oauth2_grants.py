"""OAuth 2.0 grants, client authentication and consent, against the upstream's authorization server."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.connectors.runtime.support import QUICK, client, manifest
from tieline.connectors.manifest.model import AuthMethod, Block, Input
from tieline.connectors.runtime import Account, MemoryTokens
from tieline.connectors.runtime.auth.interactive import (
    Finished,
    Waiting,
    begin,
    device_begin,
    device_poll,
    finish,
    interactive,
)
from tieline.connectors.runtime.errors import ReconnectNeeded, UpstreamUnavailable
from tieline.core.errors import BadInput
from tieline.security.egress import Egress

pytestmark = [pytest.mark.anyio, pytest.mark.battery]
RESOURCE = Block(id="resource", kind="get", path="/oauth2/resource")
REDIRECT = "https://tieline.example/connect/callback"
PERSONALITIES = (
    "app short rotate rotate-grace rotate-slow public no-expires expires-string expires-zero expires-lie form-answer"
    " error-200 html-error no-type odd-type no-refresh token-429 skew post-only basic-only invalid-grant"
    " temp-unavailable"
).split()


def method(*grants: Any, **more: Any) -> AuthMethod:
    names = ("client_id", "client_secret", "username", "password", "refresh_token", "private_key", "subject", "scope")
    fields = [Input(id=name, secret=name not in ("client_id", "username", "scope", "subject")) for name in names]
    given = {"token_url": "/oauth2/token", "authorization_url": "/oauth2/authorize", "device_url": "/oauth2/device"}
    return AuthMethod(id="oauth", kind="oauth2", grants=list(grants), fields=fields, **given | more)


def answers(personality: str, **more: str) -> dict[str, str]:
    if personality == "public":
        return {"client_id": personality, **more}
    return {
        "client_id": personality,
        "client_secret": "s+c/r e:t%" if personality == "basic-only" else "secret",
        **more,
    }


def account(upstream: str, auth: AuthMethod, secrets: dict[str, str], **params: Any) -> Account:
    return Account(
        manifest=manifest(upstream, RESOURCE, auth=auth),
        connection_id="c1",
        auth_method="oauth",
        secrets=secrets,
        params=params,
    )


async def state(egress: Egress, upstream: str) -> Any:
    return (await egress.request("GET", f"{upstream}/_ctl/oauth2")).json()


async def consent(egress: Egress, url: str, more: str = "") -> dict[str, str]:
    """What the person's browser brings back."""
    page = await egress.request("GET", url + more, follow_redirects=False)
    return dict(parse_qsl(urlsplit(page.headers["Location"]).query))


async def connected(egress: Egress, upstream: str, personality: str, **more: Any) -> tuple[Account, Finished]:
    auth = method("authorization_code", **more)
    mine = account(upstream, auth, answers(personality), scope="read write")
    begun = await begin(mine, egress=egress, redirect_uri=REDIRECT, state="st4te", policy=QUICK)
    query = await consent(egress, begun.url)
    done = await finish(mine, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer=query, policy=QUICK)
    return mine, done


@pytest.mark.parametrize(
    "personality",
    # A token of "skew" is good after five seconds, and there are three of them.
    [pytest.param(one, marks=[pytest.mark.battery] if one == "skew" else []) for one in PERSONALITIES],
)
async def test_consent_and_renewal_with_each_personality(egress: Egress, upstream: str, personality: str) -> None:
    """Connect by code and PKCE, call, let the token die, call from five tasks: one renewal, or the right error."""
    await egress.request("POST", f"{upstream}/_ctl/reset")
    more = {"client_auth": "none"} if personality == "public" else {}
    mine, done = await connected(egress, upstream, personality, **more)
    assert done.token is not None
    assert done.params == {"grant": "authorization_code"}
    store = MemoryTokens()
    store.put(mine, done.token)
    made = client(mine.manifest, egress, mine.secrets, tokens=store)
    assert (await made.call(RESOURCE, {})).data["scope"] == "read write"
    await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 4000}')
    if personality == "invalid-grant":
        for _ in range(2):
            outcomes = await asyncio.gather(*(made.call(RESOURCE, {}) for _ in range(5)), return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {ReconnectNeeded}
            assert "consent withdrawn" in str(outcomes[0])
        assert (await state(egress, upstream))["counts"]["refresh_calls"] == 1
        return
    got = await asyncio.gather(*(made.call(RESOURCE, {}) for _ in range(5)))
    assert {entry.data["subject"] for entry in got} == {"ada"}
    seen = await state(egress, upstream)
    assert seen["counts"]["refresh_ok"] == 1
    assert seen["counts"].get("pkce_S256") == 1
    assert seen["dead_families"] == seen["counts"].get("refresh_races", 0) == 0
    await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 4000}')
    assert (await made.call(RESOURCE, {})).status == 200
    assert (await state(egress, upstream))["counts"]["refresh_ok"] == 2


async def test_the_callback_must_be_of_this_attempt_and_of_this_server(egress: Egress, upstream: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    for more in ({}, {"discovery_url": "/.well-known/oauth-authorization-server", "authorization_url": ""}):
        mine = account(upstream, method("authorization_code", **more), answers("app"))
        begun = await begin(mine, egress=egress, redirect_uri=REDIRECT, state="st4te")
        assert begun.kept["verifier"] not in f"{begun!r} {begun.url}"
        for odd, error, match in (
            ("&mixup=1", BadInput, "another authorization server"),
            ("&drop_state=1", BadInput, "state"),
            ("&forge_state=1", BadInput, "state"),
            ("&deny=1", ReconnectNeeded, "access_denied"),
        ):
            query = await consent(egress, begun.url, odd)
            with pytest.raises(error, match=match):
                await finish(mine, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer=query)
        query = await consent(egress, begun.url)
        for missing, changed in (("code", query), ("verifier", begun.kept)):
            lacking = {name: value for name, value in changed.items() if name != missing}
            kept, back = (begun.kept, lacking) if missing == "code" else (lacking, query)
            with pytest.raises((BadInput, ReconnectNeeded)):
                await finish(mine, egress=egress, redirect_uri=REDIRECT, kept=kept, answer=back)
        if more:
            with pytest.raises(BadInput, match="does not say"):
                without = {name: value for name, value in query.items() if name != "iss"}
                await finish(mine, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer=without)
        query = await consent(egress, begun.url)
        done = await finish(mine, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer=query)
        assert done.token is not None
        assert done.token.value not in f"{done!r} {done.token!r}"
        with pytest.raises(ReconnectNeeded, match="invalid_grant"):  # a code is good once
            await finish(mine, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer=query)


@pytest.mark.parametrize(
    ("grant", "more", "subject"),
    [
        ("client_credentials", {}, "app"),
        ("password", {"username": "ada", "password": "lovelace"}, "ada"),
        ("jwt_bearer", {"subject": "grace"}, "grace"),
    ],
)
async def test_grants_that_need_nobody(
    egress: Egress, upstream: str, grant: str, more: dict[str, str], subject: str
) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    auth = method("authorization_code", grant) if grant != "client_credentials" else method(grant)
    key = (await state(egress, upstream))["test_private_key_pem"] if grant == "jwt_bearer" else ""
    secrets = answers("app", **more, **({"private_key": key.replace("\n", "\\n")} if key else {}))
    made = client(manifest(upstream, RESOURCE, auth=auth), egress, secrets)
    assert (await made.call(RESOURCE, {})).data["subject"] == subject
    await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 200000}')
    if grant != "jwt_bearer":  # upstream's clock is two days ahead of the assertion's
        assert (await made.call(RESOURCE, {})).data["subject"] == subject


async def test_a_refresh_token_that_was_entered_by_hand(egress: Egress, upstream: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    _, done = await connected(egress, upstream, "rotate")
    assert done.token is not None
    secrets = answers("rotate", refresh_token=done.token.refresh_token)
    made = client(manifest(upstream, RESOURCE, auth=method("refresh_token")), egress, secrets)
    for _ in range(3):
        assert (await made.call(RESOURCE, {})).data["subject"] == "ada"
        await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 100}')
    seen = await state(egress, upstream)
    assert (seen["counts"]["refresh_ok"], seen["dead_families"]) == (3, 0)
    spent = client(manifest(upstream, RESOURCE, auth=method("refresh_token")), egress, secrets)
    for _ in range(2):
        with pytest.raises(ReconnectNeeded, match="not accepted any more"):
            await spent.call(RESOURCE, {})
    assert (await state(egress, upstream))["counts"]["refresh_calls"] == 4


@pytest.mark.parametrize("way", ["basic", "post", "client_secret_jwt", "private_key_jwt"])
async def test_client_authentication(egress: Egress, upstream: str, way: Any) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    key = (await state(egress, upstream))["test_private_key_pem"]
    secrets = answers("app", private_key=key)
    made = client(manifest(upstream, RESOURCE, auth=method("client_credentials", client_auth=way)), egress, secrets)
    for _ in range(2):
        await made.call(RESOURCE, {})
        await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 100}')
    counts = (await state(egress, upstream))["counts"]
    assert counts["client_auth_jwt" if way.endswith("jwt") else f"client_auth_{way}"] == 1


async def test_device_code(egress: Egress, upstream: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    mine = account(upstream, method("device_code"), answers("app"))
    assert interactive(method("device_code"))
    begun = await device_begin(mine, egress=egress)
    assert begun.url == f"{upstream}/oauth2/activate"
    assert begun.user_code in begun.url_complete
    waiting = await device_poll(mine, egress=egress, kept=begun.kept)
    assert isinstance(waiting, Waiting)
    hasty = await device_poll(mine, egress=egress, kept=waiting.kept)
    assert isinstance(hasty, Waiting)
    assert hasty.interval == waiting.interval + 5
    body = b'{"user_code": "%s", "approve": true}' % begun.user_code.encode()
    await egress.request("POST", f"{upstream}/oauth2/device/approve", body=body)
    await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 20}')
    done = await device_poll(mine, egress=egress, kept=hasty.kept)
    assert isinstance(done, Finished)
    assert done.token is not None
    assert done.token.refresh_token
    with pytest.raises(ReconnectNeeded, match="invalid_grant"):
        await device_poll(mine, egress=egress, kept=hasty.kept)


async def test_a_person_who_says_no_to_a_device(egress: Egress, upstream: str) -> None:
    mine = account(upstream, method("device_code"), answers("app"))
    begun = await device_begin(mine, egress=egress)
    body = b'{"user_code": "%s", "approve": false}' % begun.user_code.encode()
    await egress.request("POST", f"{upstream}/oauth2/device/approve", body=body)
    with pytest.raises(ReconnectNeeded, match="access_denied"):
        await device_poll(mine, egress=egress, kept=begun.kept)


async def test_temporarily_unavailable_does_not_cost_the_connection(egress: Egress, upstream: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    mine, done = await connected(egress, upstream, "temp-unavailable")
    assert done.token is not None
    store = MemoryTokens()
    store.put(mine, done.token)
    impatient = client(mine.manifest, egress, mine.secrets, tokens=store, policy=type(QUICK)(attempts=1))
    await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 4000}')
    for _ in range(2):
        with pytest.raises(UpstreamUnavailable):
            await impatient.call(RESOURCE, {})
    assert (await impatient.call(RESOURCE, {})).status == 200


def test_who_needs_a_person() -> None:
    assert interactive(method("authorization_code", "client_credentials"))
    assert not interactive(method("client_credentials", "authorization_code"))
    assert not interactive(AuthMethod(id="k", kind="api_key"))
    assert not interactive(None)
