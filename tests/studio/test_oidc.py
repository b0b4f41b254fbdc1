"""Signing in by an identity provider: one that behaves, and everything that one could say wrongly."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.api.conftest import assembled, serving
from tests.studio.running import COOKIE, own_page
from tests.studio.world import House, house
from tieline.security.vault import Vault, parse_keys
from tieline.server.settings import Settings
from tieline.storage.database import Database
from tieline.storage.tables import studio_identities, users

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

CLIENT, SECRET = "tieline at acme", "s3cret:with/signs"
FLOW = "tieline-studio-oidc"


@dataclass
class Provider:
    """Says what it is told to say."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    claims: dict[str, Any] = field(default_factory=dict)
    token: Callable[[], str] | None = None
    userinfo: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    forms: list[dict[str, list[str]]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    def signed(self, claims: dict[str, Any] | None = None, **header: str) -> str:
        said = claims or self.claims
        return jwt.encode({"alg": "RS256", "kid": "one", **header}, said, self.key)

    def app(self) -> Starlette:
        async def document(_: Request) -> Response:
            paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            found = {name: f"{self.url}/{path}" for name, path in paths.items()}
            info = {"userinfo_endpoint": f"{self.url}/userinfo"}
            return JSONResponse({"issuer": self.url, **found, **info, **self.document})

        async def token(request: Request) -> Response:
            self.forms.append(parse_qs((await request.body()).decode()))
            self.authorizations.append(request.headers.get("authorization", ""))
            said = self.token() if self.token else self.signed()
            return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": said})

        async def keys(_: Request) -> Response:
            return JSONResponse({"keys": [{**self.key.as_dict(private=False), "kid": self.key.kid}]})

        async def userinfo(_: Request) -> Response:
            return JSONResponse(self.userinfo)

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", document),
                Route("/token", token, methods=["POST"]),
                Route("/keys", keys),
                Route("/userinfo", userinfo),
            ]
        )


@pytest.fixture(scope="module")
async def shared_provider() -> AsyncIterator[Provider]:
    made = Provider()
    async with serving(made.app()) as made.url:
        yield made


@pytest.fixture
def provider(shared_provider: Provider) -> Provider:
    shared_provider.claims, shared_provider.token = {}, None
    shared_provider.userinfo, shared_provider.document = {}, {}
    return shared_provider


@pytest.fixture(scope="module")
async def running(
    database: Database, shared_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        oidc_issuer=shared_provider.url,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="Acme",
    )
    async with (
        assembled(database, settings, Vault(parse_keys(Vault.generate_key()))) as parts,
        house(parts) as opened,
    ):
        yield opened


@pytest.fixture
async def fresh(running: House) -> House:
    await running.anew()
    await running.run(sa.delete(studio_identities))
    running.http.cookies.clear()
    return running


@dataclass
class Way:
    """A browser on its way to the provider."""

    house: House
    query: dict[str, str]
    cookie: str
    claims: dict[str, Any]

    async def back(self, **changed: str) -> httpx.Response:
        query = {"code": "c", "state": self.query["state"], **changed}
        cookie = {"cookie": f"{FLOW}={self.cookie}"} if self.cookie else {}
        self.house.http.cookies.clear()
        return await self.house.http.get("/studio/session/oidc/callback", params=query, headers=cookie)


async def gone(house: House, provider: Provider, email: str, subject: str = "s-1", **query: str) -> Way:
    """A person who is about to come back, as the provider will say."""
    answer = await house.http.get("/studio/session/oidc", params=query)
    assert answer.status_code == 303, answer.text
    sent = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    moment = int(time.time())
    provider.claims = {
        "iss": provider.url,
        "aud": CLIENT,
        "sub": subject,
        "exp": moment + 300,
        "iat": moment,
        "nonce": sent["nonce"],
        "email": email,
        "email_verified": True,
    }
    return Way(house, sent, answer.cookies[FLOW], provider.claims)


def refused(answer: httpx.Response, status: int = 403) -> bool:
    assert answer.status_code == status, answer.text
    assert COOKIE not in answer.cookies
    assert "text/html" in answer.headers["content-type"]
    return True


async def test_a_known_person_comes_in(fresh: House, provider: Provider) -> None:
    said = (await fresh.http.get("/studio/session")).json()
    assert said == {"state": "signed-out", "password": True, "oidc": {"name": "Acme"}}
    _, email = await fresh.person()
    way = await gone(fresh, provider, email.upper(), next="/studio/runs?status=failed")
    assert way.query["client_id"] == CLIENT
    assert way.query["code_challenge_method"] == "S256"
    assert way.query["redirect_uri"] == f"{fresh.url}/studio/session/oidc/callback"
    answer = await way.back()
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/studio/runs?status=failed"
    form = provider.forms[-1]
    assert form["code"] == ["c"]
    assert len(form["code_verifier"][0]) >= 43
    assert provider.authorizations[-1].startswith("Basic ")
    assert "client_secret" not in form
    signed = await fresh.http.post("/studio/session/token", headers=own_page(fresh.url, answer.cookies[COOKIE]))
    assert signed.json()["user"]["email"] == email


async def test_the_person_stays_known_when_the_address_changes(fresh: House, provider: Provider) -> None:
    user_id, email = await fresh.person()
    assert (await (await gone(fresh, provider, email)).back()).status_code == 303
    assert (await (await gone(fresh, provider, "other@example.com")).back()).status_code == 303
    # Somebody else who has the address now is not the user.
    assert refused(await (await gone(fresh, provider, email, subject="s-2")).back())
    await fresh.run(sa.update(users).where(users.c.id == user_id).values(status="disabled"))
    assert refused(await (await gone(fresh, provider, email)).back())


async def test_the_address_may_come_from_userinfo(fresh: House, provider: Provider) -> None:
    _, email = await fresh.person()
    way = await gone(fresh, provider, email)
    del way.claims["email"], way.claims["email_verified"]
    provider.userinfo = {"sub": "somebody else", "email": email, "email_verified": True}
    assert refused(await way.back())
    way = await gone(fresh, provider, email)
    del way.claims["email"], way.claims["email_verified"]
    provider.userinfo = {"sub": "s-1", "email": email, "email_verified": True}
    assert (await way.back()).status_code == 303


async def test_what_was_verified_is_that_very_address(fresh: House, provider: Provider) -> None:
    """The token says "verified" of an address that it does not name; userinfo names one that is not."""
    _, email = await fresh.person()
    way = await gone(fresh, provider, email)
    del way.claims["email"]
    for unverified in ({}, {"email_verified": False}):
        provider.userinfo = {"sub": "s-1", "email": email, **unverified}
        assert refused(await way.back())
    assert not await fresh.run(sa.select(studio_identities))


async def test_letters_that_only_look_alike_are_others(fresh: House, provider: Provider) -> None:
    """The Kelvin sign is a k in lower case."""
    email = f"kim-{time.monotonic_ns()}@example.com"
    await fresh.person(email=email)
    assert refused(await (await gone(fresh, provider, email.replace("k", "\u212a", 1))).back())
    assert (await (await gone(fresh, provider, email.upper())).back()).status_code == 303


async def test_keys_that_changed_are_asked_for_again(fresh: House, provider: Provider) -> None:
    _, email = await fresh.person()
    assert (await (await gone(fresh, provider, email)).back()).status_code == 303
    provider.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    way = await gone(fresh, provider, email)
    provider.token = lambda: provider.signed(kid="two")
    assert (await way.back()).status_code == 303
    provider.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


WRONG: dict[str, dict[str, Any]] = {
    "issuer": {"iss": "https://evil.example"},
    "audience": {"aud": "another"},
    "audiences": {"aud": [CLIENT, "another"]},
    "azp": {"azp": "another"},
    "expired": {"exp": 1_700_000_000},
    "no-exp": {"exp": None},
    "future": {"iat": 4_000_000_000, "exp": 4_000_000_100},
    "nonce": {"nonce": "another"},
    "no-nonce": {"nonce": None},
    "nobody": {"sub": ""},
    "unverified": {"email_verified": False},
    "verified-as-number": {"email_verified": 1.5},
    "stranger": {"email": "stranger@example.com"},
    "no-address": {"email": None},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
async def test_what_proves_nothing(fresh: House, provider: Provider, wrong: dict[str, Any]) -> None:
    _, email = await fresh.person()
    way = await gone(fresh, provider, email)
    way.claims.update(wrong)
    assert refused(await way.back())
    assert not await fresh.run(sa.select(studio_identities))


@pytest.mark.parametrize("kind", ["none", "hmac", "stranger", "garbage", "huge"])
async def test_signatures_that_are_none(fresh: House, provider: Provider, kind: str) -> None:
    _, email = await fresh.person()
    way = await gone(fresh, provider, email)
    stranger = RSAKey.generate_key(2048)
    public = provider.key.as_pem(private=False)
    made = {
        "none": lambda: ".".join(
            [*jwt.encode({"alg": "HS256"}, way.claims, OctKey.import_key("x" * 32)).split(".")[:2], ""]
        ),
        "hmac": lambda: jwt.encode({"alg": "HS256", "kid": "one"}, way.claims, OctKey.import_key(public.hex())),
        "stranger": lambda: jwt.encode({"alg": "RS256", "kid": "one"}, way.claims, stranger),
        "garbage": lambda: "a.b.c",
        "huge": lambda: "a" * 40_000,
    }
    provider.token = made[kind]
    assert refused(await way.back())


async def test_only_the_browser_that_began_ends_it(fresh: House, provider: Provider) -> None:
    _, email = await fresh.person()
    way = await gone(fresh, provider, email)
    assert refused(await way.back(state="another"))
    assert refused(await way.back(state=""))
    assert refused(await way.back(code=""))
    assert refused(await way.back(error="access_denied", code=""))
    own = way.cookie
    for forged in ("", "x", own[:-2] + "xx", (await gone(fresh, provider, email)).cookie):
        way.cookie = forged
        assert refused(await way.back())


@pytest.mark.parametrize(
    "back", ["https://evil.example/studio/", "//evil.example", "/studio", "/studio/\\evil", "/api/v1/users", "x" * 2000]
)
async def test_nobody_is_led_elsewhere(fresh: House, provider: Provider, back: str) -> None:
    _, email = await fresh.person()
    answer = await (await gone(fresh, provider, email, next=back)).back()
    assert answer.headers["location"] == "/studio/"


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": 5},
    ],
    ids=["issuer", "script", "number"],
)
async def test_documents_that_cannot_be_used(fresh: House, provider: Provider, document: dict[str, Any]) -> None:
    provider.document = document
    async with house(fresh.parts) as anew:
        assert refused(await anew.http.get("/studio/session/oidc"), 503)


async def test_nothing_is_set_up_where_a_provider_is(fresh: House) -> None:
    wanted = {
        "code": await fresh.code(),
        "email": "ada@example.com",
        "name": "Ada",
        "password": "correct horse battery",
    }
    assert (await fresh.post("/studio/setup", wanted)).status_code == 409
