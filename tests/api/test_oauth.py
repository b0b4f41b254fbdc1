"""Every way to a token, and what does not lead to one."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa

from tests.api.conftest import Parts, Tenant, World, client
from tests.api.oauth_world import (
    AUTOMATIONS,
    CLIENTS,
    code_of,
    exchange,
    make,
    named,
    pkce,
    reads,
    refresh,
    signed_in,
    token,
)
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.storage.tables import audit_log, oauth_codes, oauth_tokens, users

pytestmark = pytest.mark.anyio

IMPERSONATION = "urn:qlik:oauth:user-impersonation"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKENS = "/api/v1/oauth-tokens"


def error_of(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["error_description"]
    assert body["errors"][0]["status"] == str(answer.status_code)
    return answer.status_code, body["error"]


def basic(made: dict[str, Any]) -> dict[str, str]:
    pair = f"{quote(made['clientId'])}:{quote(made['clientSecret'])}"
    return {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}


async def test_client_credentials_in_every_form(address: str, api: httpx.AsyncClient) -> None:
    made = await make(api)
    grant = {"grant_type": "client_credentials"}
    async with client(address) as program:
        answers = [
            await program.post("/oauth/token", json={**grant, **named(made)}),
            await program.post("/oauth/token", data={**grant, **named(made)}),
            await program.post("/oauth/token", json=grant, headers=basic(made)),
            await program.post("/oauth/token", data=grant, headers=basic(made)),
            await program.post("/oauth/token", json={**grant, **named(made)}, headers=basic(made)),
        ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        given = answer.json()
        assert given["token_type"] == "bearer"
        assert given["access_token"].startswith("tlna_")
        assert "refresh_token" not in given
        assert given["scope"] == "user_default"
        assert await reads(address, given["access_token"]) == 200


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client")),
        ({"client_secret": None}, (401, "invalid_client")),
        ({"client_id": "nobody"}, (401, "invalid_client")),
        ({"client_id": None}, (401, "invalid_client")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": None}, (400, "invalid_request")),
        ({"grant_type": 1}, (400, "invalid_request")),
        ({"scope": "admin"}, (400, "invalid_scope")),
        ({"scope": "user_default nonsense"}, (400, "invalid_scope")),
        ({"client_id": "a\x00b"}, (400, "invalid_request")),
    ],
)
async def test_wrong_requests(
    address: str, api: httpx.AsyncClient, changed: dict[str, Any], expected: tuple[int, str]
) -> None:
    made = await make(api)
    body = {"grant_type": "client_credentials", **named(made), **changed}
    async with client(address) as program:
        answer = await program.post(
            "/oauth/token", json={name: value for name, value in body.items() if value is not None}
        )
    assert error_of(answer) == expected


@pytest.mark.parametrize(
    "sent",
    [
        {"content": b""},
        {"content": b"[]", "headers": {"content-type": "application/json"}},
        {"content": b"{", "headers": {"content-type": "application/json"}},
        {"content": b"<a/>", "headers": {"content-type": "text/xml"}},
        {"content": b"a=1&a=2", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": b"a=%ff", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {
            "content": b"&".join(b"a%d=1" % n for n in range(60)),
            "headers": {"content-type": "application/x-www-form-urlencoded"},
        },
    ],
)
async def test_what_is_no_request(address: str, sent: dict[str, Any]) -> None:
    async with client(address) as program:
        assert error_of(await program.post("/oauth/token", **sent)) == (400, "invalid_request")


async def test_unknown_client_and_wrong_secret_look_the_same(address: str, api: httpx.AsyncClient) -> None:
    made = await make(api)
    public = await make(api, appType="spa")
    tries = [
        {"client_id": made["clientId"], "client_secret": "tlns_" + "0" * 49},
        {"client_id": "nobody", "client_secret": made["clientSecret"]},
        {"client_id": public["clientId"], "client_secret": made["clientSecret"]},
    ]
    answers = [(await token(address, "client_credentials", body)).json() for body in tries]
    assert len({json.dumps({**answer, "traceId": ""}) for answer in answers}) == 1


async def test_a_wrong_basic_header_is_challenged(address: str, api: httpx.AsyncClient) -> None:
    made = await make(api)
    async with client(address) as program:
        wrong = basic({**made, "clientSecret": "wrong"})
        answer = await program.post("/oauth/token", json={"grant_type": "client_credentials"}, headers=wrong)
        assert error_of(answer) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")
        other = {"grant_type": "client_credentials", "client_id": "another"}
        answer = await program.post("/oauth/token", json=other, headers=basic(made))
        assert error_of(answer) == (400, "invalid_request")


async def test_a_client_uses_only_the_grants_that_it_may(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, allowedGrantTypes=[])
    answer = await token(address, "client_credentials", named(made))
    assert error_of(answer) == (400, "unauthorized_client")
    lookup = {"user_lookup": {"field": "userId", "value": str(tenant.admin_id)}}
    assert error_of(await token(address, IMPERSONATION, {**named(made), **lookup})) == (400, "unauthorized_client")
    public = await make(api, appType="native")
    answer = await token(address, "client_credentials", named(public))
    assert error_of(answer) == (400, "unauthorized_client")


async def test_a_token_gives_what_all_three_have_now(
    address: str, api: httpx.AsyncClient, parts: Parts, tenant: Tenant
) -> None:
    made = await make(api, allowedScopes=["admin", "automations"])
    where = f"{CLIENTS}/{made['clientId']}"
    admin = (await token(address, "client_credentials", {**named(made), "scope": "admin"})).json()["access_token"]
    narrow = (await token(address, "client_credentials", {**named(made), "scope": "automations:read"})).json()
    async with client(address, narrow["access_token"]) as program:
        assert (await program.get(AUTOMATIONS)).status_code == 200
        assert (await program.post(AUTOMATIONS, json={"name": "x"})).status_code == 403
        assert (await program.get("/api/v1/automation-connections")).status_code == 403
    async with client(address, admin) as program:
        assert (await program.get(CLIENTS)).status_code == 200
        patch = [{"op": "replace", "path": "/allowedScopes", "value": ["automations:read"]}]
        assert (await api.patch(where, json=patch)).status_code == 204
        await asyncio.sleep(1)
        assert (await program.get(CLIENTS)).status_code == 403
        assert (await program.get(AUTOMATIONS)).status_code == 200
        assert (await program.post(AUTOMATIONS, json={"name": "x"})).status_code == 403
        async with parts.database.tenant(tenant.id) as unit:
            await unit.update(users, users.c.id == tenant.admin_id, status="disabled")
        await asyncio.sleep(1)
        assert (await program.get(AUTOMATIONS)).status_code == 401
    assert error_of(await token(address, "client_credentials", named(made))) == (403, "access_denied")


async def test_impersonation(
    address: str, api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, tenant: Tenant, parts: Parts
) -> None:
    made = await make(api)
    person, _ = await world.user(tenant.id)
    async with parts.database.tenant(tenant.id) as unit:
        subject = (await unit.one(unit.select(users).where(users.c.id == person)) or {})["external_id"]
    for lookup in ({"field": "userId", "value": str(person)}, {"field": "subject", "value": subject}):
        answer = await token(address, IMPERSONATION, {**named(made), "user_lookup": lookup})
        assert answer.status_code == 200, answer.text
        async with client(address, answer.json()["access_token"]) as program:
            assert (await program.post(AUTOMATIONS, json={"name": "x"})).json()["ownerId"] == str(person)
    form = {"grant_type": IMPERSONATION, **named(made)}
    async with client(address) as program:
        ways: list[dict[str, str]] = [
            {"user_lookup": json.dumps(lookup)},
            {"user_lookup[field]": "subject", "user_lookup[value]": subject},
        ]
        for way in ways:
            assert (await program.post("/oauth/token", data={**form, **way})).status_code == 200
    stranger = await make(other)
    for wrong in (
        {"field": "userId", "value": str(new_id())},
        {"field": "subject", "value": "nobody"},
        {"field": "userId", "value": "x"},
    ):
        assert error_of(await token(address, IMPERSONATION, {**named(made), "user_lookup": wrong})) == (
            400,
            "invalid_grant",
        )
    mine = {"field": "userId", "value": str(person)}
    assert error_of(await token(address, IMPERSONATION, {**named(stranger), "user_lookup": mine})) == (
        400,
        "invalid_grant",
    )
    for wrong in ({"field": "email", "value": "x"}, {}, [], "x", {"field": "userId", "value": 1}):  # type: ignore[assignment]
        assert error_of(await token(address, IMPERSONATION, {**named(made), "user_lookup": wrong})) == (
            400,
            "invalid_request",
        )


@pytest.mark.parametrize("app_type", ["web", "spa", "native"])
async def test_code_with_pkce(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant, app_type: str
) -> None:
    made = await make(api, appType=app_type)
    person, key = await world.user(tenant.id)
    tokens = await signed_in(address, made, key)
    assert tokens["refresh_token"].startswith("tlnr_")
    assert tokens["scope"] == "offline_access user_default"
    assert abs(tokens["auth_time"] - time.time()) < 60
    async with client(address, tokens["access_token"]) as program:
        assert (await program.post(AUTOMATIONS, json={"name": "x"})).json()["ownerId"] == str(person)


async def test_a_code_gives_no_more_than_the_key_that_was_shown(
    address: str, api: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    made = await make(api)
    key = await world.key(tenant.id, tenant.admin_id, ["automations:read"])
    tokens = await signed_in(address, made, key)
    assert tokens["scope"] == "automations:read offline_access"
    async with client(address, tokens["access_token"]) as program:
        assert (await program.post(AUTOMATIONS, json={"name": "x"})).status_code == 403


async def test_a_code_that_comes_again_ends_its_grant(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api)
    code, verifier = await code_of(address, made, tenant.key)
    tokens = (await exchange(address, made, code, verifier)).json()
    assert error_of(await exchange(address, made, code, verifier)) == (400, "invalid_grant")
    assert error_of(await refresh(address, made, tokens["refresh_token"])) == (400, "invalid_grant")
    assert await reads(address, tokens["access_token"]) == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": pkce()[0]},
        {"code_verifier": "short"},
        {"redirect_uri": "https://app.example.com/back/"},
        {"redirect_uri": "https://app.example.com/other"},
        {"code": "tlnc_" + "0" * 49},
    ],
)
async def test_a_code_needs_what_it_was_asked_with(
    address: str, api: httpx.AsyncClient, tenant: Tenant, changed: dict[str, str]
) -> None:
    made = await make(api)
    code, verifier = await code_of(address, made, tenant.key)
    assert error_of(await exchange(address, made, code, verifier, **changed)) == (400, "invalid_grant")
    assert (await exchange(address, made, code, verifier)).status_code == 200


@pytest.mark.parametrize("missing", ["code", "code_verifier", "redirect_uri"])
async def test_a_code_needs_all_fields(address: str, api: httpx.AsyncClient, tenant: Tenant, missing: str) -> None:
    made = await make(api)
    code, verifier = await code_of(address, made, tenant.key)
    assert error_of(await exchange(address, made, code, verifier, **{missing: ""})) == (400, "invalid_request")


async def test_a_code_is_its_clients_alone(
    address: str, api: httpx.AsyncClient, other: httpx.AsyncClient, tenant: Tenant
) -> None:
    made = await make(api)
    code, verifier = await code_of(address, made, tenant.key)
    for someone in (await make(api, clientName="Mixed up"), await make(api, appType="spa"), await make(other)):
        assert error_of(await exchange(address, someone, code, verifier)) == (400, "invalid_grant")
    without = {**made, "clientSecret": ""}
    assert error_of(await exchange(address, without, code, verifier)) == (401, "invalid_client")
    assert (await exchange(address, made, code, verifier)).status_code == 200


async def test_a_code_lives_for_a_minute(address: str, api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await make(api)
    code, verifier = await code_of(address, made, tenant.key)
    async with parts.database.tenant(tenant.id) as unit:
        row = await unit.one(unit.select(oauth_codes))
        assert row is not None
        assert row["expires_at"] - row["created_at"] < timedelta(seconds=61)
        await unit.update(oauth_codes, expires_at=now() - timedelta(seconds=1))
    assert error_of(await exchange(address, made, code, verifier)) == (400, "invalid_grant")


async def test_one_of_two_exchanges_wins(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api)
    code, verifier = await code_of(address, made, tenant.key)
    answers = await asyncio.gather(*(exchange(address, made, code, verifier) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


async def test_refresh_rotates(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api)
    first = await signed_in(address, made, tenant.key)
    second = (await refresh(address, made, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["auth_time"] == first["auth_time"]
    assert await reads(address, second["access_token"]) == 200
    assert await reads(address, first["access_token"]) == 401


async def test_a_refresh_token_that_comes_again_ends_the_grant(
    address: str, api: httpx.AsyncClient, parts: Parts, tenant: Tenant
) -> None:
    made = await make(api)
    first = (await signed_in(address, made, tenant.key))["refresh_token"]
    second = (await refresh(address, made, first)).json()
    third = (await refresh(address, made, second["refresh_token"])).json()
    async with parts.database.tenant(tenant.id) as unit:
        past = now() - timedelta(seconds=11)
        await unit.update(oauth_codes, oauth_codes.c.challenge == "", created_at=past)
    # The very first, two rotations ago: also that is known.
    assert error_of(await refresh(address, made, first)) == (400, "invalid_grant")
    assert error_of(await refresh(address, made, third["refresh_token"])) == (400, "invalid_grant")
    assert await reads(address, third["access_token"]) == 401
    async with parts.database.tenant(tenant.id) as unit:
        found = unit.select(audit_log, audit_log.c.detail).where(audit_log.c.action == "oauth-token.revoked")
        assert [row["detail"]["reason"] for row in await unit.all(found)] == ["refresh token used twice"]


async def test_of_refreshes_at_once_one_wins_and_the_grant_lives(
    address: str, api: httpx.AsyncClient, tenant: Tenant
) -> None:
    made = await make(api)
    first = (await signed_in(address, made, tenant.key))["refresh_token"]
    answers = await asyncio.gather(*(refresh(address, made, first) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    lost = next(answer for answer in answers if answer.status_code == 400)
    assert "a moment ago" in lost.json()["error_description"]
    assert (await refresh(address, made, won["refresh_token"])).status_code == 200


async def test_a_refresh_token_is_its_clients_alone(
    address: str, api: httpx.AsyncClient, other: httpx.AsyncClient, tenant: Tenant
) -> None:
    made = await make(api)
    given = (await signed_in(address, made, tenant.key))["refresh_token"]
    for someone in (await make(api), await make(other), await make(api, appType="spa")):
        assert error_of(await refresh(address, someone, given)) == (400, "invalid_grant")
    assert error_of(await refresh(address, {**made, "clientSecret": ""}, given)) == (401, "invalid_client")
    assert (await refresh(address, made, given)).status_code == 200


async def test_refresh_narrows_and_never_widens(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, allowedScopes=["automations", "connections", "offline_access"])
    given = await signed_in(address, made, tenant.key, scope="automations offline_access")
    wide = await refresh(address, made, given["refresh_token"], scope="automations connections")
    assert error_of(wide) == (400, "invalid_scope")
    narrow = await refresh(address, made, given["refresh_token"], scope="automations")
    assert narrow.json()["scope"] == "automations offline_access"


async def test_who_asked_for_less_gets_all_of_it_back(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    """RFC 6749 section 6: a narrower refresh narrows the access token, not what was granted."""
    made = await make(api, allowedScopes=["automations", "spaces", "offline_access"])
    given = await signed_in(address, made, tenant.key, scope="automations spaces offline_access")
    narrow = (await refresh(address, made, given["refresh_token"], scope="spaces")).json()
    assert narrow["scope"] == "offline_access spaces"
    assert await reads(address, narrow["access_token"]) == 403
    wider = await token(
        address,
        EXCHANGE,
        {
            **named(made),
            "subject_token": narrow["access_token"],
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "purpose": "webresource",
            "scope": "automations",
        },
    )
    assert error_of(wider) == (400, "invalid_scope")
    beyond = await refresh(address, made, narrow["refresh_token"], scope="automations users")
    assert error_of(beyond) == (400, "invalid_scope")
    again = (await refresh(address, made, narrow["refresh_token"])).json()
    assert again["scope"] == "automations offline_access spaces"
    assert await reads(address, again["access_token"]) == 200


@pytest.mark.parametrize("kind", ["web", "native", "spa"])
async def test_refresh_by_a_program_that_does_not_say_which_client_it_is(
    address: str, api: httpx.AsyncClient, other: httpx.AsyncClient, tenant: Tenant, kind: str
) -> None:
    """As the vendor's JavaScript clients do: the token, and the secret of a client that has one."""
    made = await make(api, appType=kind)
    secret = {"client_secret": made["clientSecret"]} if made["clientSecret"] else {}
    given = (await signed_in(address, made, tenant.key))["refresh_token"]
    if secret:
        for wrong in ({}, {"client_secret": (await make(other))["clientSecret"]}):
            refused = await token(address, "refresh_token", {"refresh_token": given, **wrong})
            assert error_of(refused) == (401, "invalid_client")
    new = await token(address, "refresh_token", {"refresh_token": given, **secret})
    assert await reads(address, new.json()["access_token"]) == 200
    used = await token(address, "refresh_token", {"refresh_token": given, **secret})
    assert error_of(used) == (400, "invalid_grant")
    unknown = {"refresh_token": given[:-1] + ("1" if given[-1] != "1" else "2"), **secret}
    assert error_of(await token(address, "refresh_token", unknown)) == (401, "invalid_client")


async def test_expired_tokens(address: str, api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await make(api)
    given = await signed_in(address, made, tenant.key)
    async with parts.database.tenant(tenant.id) as unit:
        past = now() - timedelta(seconds=1)
        await unit.update(oauth_tokens, access_expires_at=past, refresh_expires_at=past)
    assert await reads(address, given["access_token"]) == 401
    assert error_of(await refresh(address, made, given["refresh_token"])) == (400, "invalid_grant")


async def test_without_offline_access_there_is_no_refresh_token(
    address: str, api: httpx.AsyncClient, tenant: Tenant
) -> None:
    made = await make(api)
    assert "refresh_token" not in await signed_in(address, made, tenant.key, scope="user_default")


async def test_tokens_lie_hashed(address: str, api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await make(api)
    given = await signed_in(address, made, tenant.key)
    async with parts.database.tenant(tenant.id) as unit:
        for table in ("oauth_tokens", "oauth_codes", "oauth_client_secrets", "oauth_clients", "audit_log"):
            text = str(await unit.all(sa.text(f"SELECT t::text FROM {table} t")))
            for secret in (given["access_token"], given["refresh_token"], made["clientSecret"]):
                assert secret not in text


async def test_token_exchange(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api, appType="spa")
    given = await signed_in(address, made, tenant.key)
    body = {
        "client_id": made["clientId"],
        "subject_token": given["access_token"],
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "purpose": "websocket",
    }
    short = (await token(address, EXCHANGE, body)).json()
    assert short["issued_token_type"] == body["subject_token_type"]
    assert short["expires_in"] <= 300
    assert await reads(address, short["access_token"]) == 200
    twice = {**body, "subject_token": short["access_token"]}
    assert error_of(await token(address, EXCHANGE, twice)) == (400, "invalid_grant")
    for wrong in ({"purpose": "fun"}, {"subject_token_type": "x"}, {"subject_token": ""}):
        assert error_of(await token(address, EXCHANGE, {**body, **wrong})) == (400, "invalid_request")
    someone = await make(api, appType="spa")
    answer = await token(address, EXCHANGE, {**body, "client_id": someone["clientId"]})
    assert error_of(answer) == (400, "invalid_grant")
    async with client(address) as program:
        assert (await program.post("/oauth/revoke", json={"token": given["access_token"]})).status_code == 200
    await asyncio.sleep(1)
    assert await reads(address, short["access_token"]) == 401


Sign = Callable[..., str]


@pytest.fixture(params=["RS256", "RS512", "ES384"])
def signer(request: pytest.FixtureRequest, address: str) -> tuple[dict[str, Any], Sign]:
    """A public key, and what signs with its private half."""
    from joserfc import jwt
    from joserfc.jwk import ECKey, RSAKey

    kind: Any = ECKey.generate_key("P-384") if request.param == "ES384" else RSAKey.generate_key(2048)
    public = {**kind.as_dict(private=False), "use": "sig", "alg": request.param, "kid": "key-1"}

    def sign(client_id: str, *, header: dict[str, Any] | None = None, key: Any = None, **changed: Any) -> str:
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": f"{address}/oauth/token",
            "exp": int(time.time()) + 300,
            "iat": int(time.time()),
            "jti": str(new_id()),
            **changed,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        head = {"alg": request.param, "kid": "key-1", **(header or {})}
        return jwt.encode(head, claims, key or kind, algorithms=[head["alg"]])

    return public, sign


async def test_a_client_proves_itself_with_a_key(
    address: str, api: httpx.AsyncClient, signer: tuple[dict[str, Any], Sign]
) -> None:
    from joserfc.jwk import OctKey

    public, sign = signer
    made = await make(api, allowedAuthMethods=["private_key_jwt"], publicKeys=[public])
    name = made["clientId"]

    async def send(assertion: str, **more: str) -> httpx.Response:
        body = {"client_assertion": assertion, "client_assertion_type": ASSERTION, **more}
        return await token(address, "client_credentials", body)

    good = sign(name)
    assert (await send(good)).status_code == 200
    assert error_of(await send(good)) == (401, "invalid_client")
    assert (await send(sign(name, aud=[address, "https://x.example"]), client_id=name)).status_code == 200
    once = sign(name)
    answers = await asyncio.gather(*(send(once) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    shared = OctKey.import_key(json.dumps(public))
    for wrong in (
        sign(name, aud="https://elsewhere.example/oauth/token"),
        sign(name, iss="somebody"),
        sign(name, exp=int(time.time()) - 60),
        sign(name, exp=int(time.time()) + 3600),
        sign(name, exp=None),
        sign(name, exp="soon"),
        sign(name, iat=int(time.time()) + 600),
        sign(name, jti=None),
        sign(name, header={"kid": "another"}),
        sign(name, header={"alg": "HS256"}, key=shared),
        sign("nobody"),
        sign(name)[:-6] + "AAAAAA",
        "a.b.c",
        "x",
    ):
        assert error_of(await send(wrong, client_id=name)) == (401, "invalid_client")
    assert error_of(await send(sign(name), client_secret="x")) == (400, "invalid_request")
    plain = await make(api)
    assert error_of(await send(sign(plain["clientId"]))) == (401, "invalid_client")
    unnamed = {"client_assertion": sign(name), "client_assertion_type": "x"}
    assert error_of(await token(address, "client_credentials", unnamed)) == (400, "invalid_request")


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_revoke(address: str, api: httpx.AsyncClient, tenant: Tenant, which: str) -> None:
    made = await make(api)
    given = await signed_in(address, made, tenant.key)
    assert await reads(address, given["access_token"]) == 200
    someone = await make(api)
    async with client(address) as program:
        for body in (
            {},
            {"token": given[which], "token_type_hint": "id_token"},
            {"token": 1},
            {"token": given[which], **named(someone)},
        ):
            assert error_of(await program.post("/oauth/revoke", json=body))[0] == 400
        assert await reads(address, given["access_token"]) == 200
        sent = {"token": given[which], "token_type_hint": which}
        answers = [
            await program.post("/oauth/revoke", data=sent, headers=basic(made)),
            await program.post("/oauth/revoke", json={"token": "unknown"}),
            await program.post("/oauth/revoke", json=sent),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    await asyncio.sleep(1)
    assert await reads(address, given["access_token"]) == 401
    assert error_of(await refresh(address, made, given["refresh_token"])) == (400, "invalid_grant")


async def test_what_ends_with_the_client(address: str, api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = await make(api)
    given = await signed_in(address, made, tenant.key)
    own = (await token(address, "client_credentials", named(made))).json()
    assert await reads(address, own["access_token"]) == 200
    where = f"{CLIENTS}/{made['clientId']}"
    assert (await api.delete(f"{where}/connection-configs/me")).status_code == 204
    await asyncio.sleep(1)
    assert await reads(address, given["access_token"]) == 401
    assert await reads(address, own["access_token"]) == 200
    assert (await api.delete(where, headers={"qlik-confirm-delete": made["clientId"]})).status_code == 204
    await asyncio.sleep(1)
    assert await reads(address, own["access_token"]) == 401


async def test_listing_and_revoking_by_id(
    address: str, api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, tenant: Tenant
) -> None:
    made = await make(api)
    person, key = await world.user(tenant.id)
    code, verifier = await code_of(address, made, key)
    more = {"description": "My phone", "deviceType": "Phone"}
    given = (await exchange(address, made, code, verifier, **more)).json()
    for _ in range(2):
        await signed_in(address, made, tenant.key)
    assert await reads(address, given["access_token"]) == 200
    first = (await api.get(TOKENS, params={"limit": 2})).json()
    second = (await api.get(first["links"]["next"]["href"])).json()
    assert len(first["data"]) == 2
    assert len(second["data"]) == 1
    async with client(address, key) as him:
        [mine] = (await him.get(TOKENS)).json()["data"]
        assert (mine["userId"], mine["description"], mine["deviceType"]) == (str(person), "My phone", "Phone")
        assert mine["lastUsed"]
        assert given["access_token"] not in str(mine)
        others = [
            item["id"] for item in (await api.get(TOKENS, params={"userId": str(tenant.admin_id)})).json()["data"]
        ]
        assert len(others) == 2
        assert (await him.delete(f"{TOKENS}/{others[0]}")).status_code == 404
        assert (await other.delete(f"{TOKENS}/{mine['id']}")).status_code == 404
        assert (await other.get(TOKENS)).json()["data"] == []
        assert (await him.delete(f"{TOKENS}/{mine['id']}")).status_code == 204
        assert (await him.delete(f"{TOKENS}/{mine['id']}")).status_code == 404
    assert (await api.delete(f"{TOKENS}/{others[0]}")).status_code == 204
    await asyncio.sleep(1)
    assert await reads(address, given["access_token"]) == 401
    for query in ({"limit": "0"}, {"page": "x"}, {"sort": "id"}, {"limit": "x"}):
        assert (await api.get(TOKENS, params=query)).status_code == 400


async def test_an_independent_client_understands_us(address: str, api: httpx.AsyncClient) -> None:
    oauthlib = pytest.importorskip("oauthlib.oauth2")
    made = await make(api)
    flow = oauthlib.BackendApplicationClient(client_id=made["clientId"])
    body = flow.prepare_request_body(client_secret=made["clientSecret"], include_client_id=True, scope=["user_default"])
    headers = {"content-type": "application/x-www-form-urlencoded"}
    async with client(address) as program:
        answer = await program.post("/oauth/token", content=body, headers=headers)
        flow.parse_request_body_response(answer.text)
        uri, signed, _ = flow.add_token(f"{address}{AUTOMATIONS}".replace("http:", "https:"))
        assert uri.endswith(AUTOMATIONS)
        assert (await program.get(AUTOMATIONS, headers=signed)).status_code == 200
        refused = await program.post("/oauth/token", content=body + "x", headers=headers)
    with pytest.raises(oauthlib.OAuth2Error):
        flow.parse_request_body_response(refused.text)
