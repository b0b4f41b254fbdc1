"""What lets nobody in: each is refused by both doors, and leaves nothing behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.conftest import Parts
from tests.api.embed.conftest import Door, rows
from tests.api.embed.signing import (
    assembled,
    b64,
    claims,
    ed_key,
    eddsa,
    hs256,
    hs512,
    jwk,
    pem,
    rs256,
    rsa_key,
    token,
)

pytestmark = pytest.mark.anyio


@dataclass
class Secrets:
    """The partner's, the other partner's, and where we are."""

    own: str
    rival: str
    app_id: str
    rival_app_id: str
    base: str


Make = Callable[[Secrets], str]
NOW = time.time
ACCOUNT = {"external_id": "acme"}


def signed(**more: Any) -> Make:
    """Signed well, with these claims."""
    return lambda s: token(s.own, claims(**more))


def headed(**header: Any) -> Make:
    """Signed well, with these headers."""
    return lambda s: token(s.own, None, **header)


def written(text: str | bytes) -> Make:
    """Signed well, with this text for a payload."""
    return lambda s: assembled({"alg": "HS256"}, text, hs256(s.own))


def text_with(**more: str) -> Make:
    """Good claims as text, with raw JSON for some."""
    inner = json.dumps(claims())[1:-1]
    return written("{" + inner + "".join(f', "{name}": {value}' for name, value in more.items()) + "}")


def unsigned(algorithm: str) -> Make:
    return lambda s: assembled({"alg": algorithm}, claims(), lambda data: b"")


def spoiled(change: Callable[[str], str]) -> Make:
    return lambda s: change(token(s.own))


def lives(issued: float, expires: float, **more: Any) -> Make:
    return lambda s: token(s.own, claims(iat=int(NOW() + issued), exp=int(NOW() + expires), **more))


SIGNATURES: dict[str, Make] = {
    "alg-none": unsigned("none"),
    "alg-None": unsigned("None"),
    "alg-NONE-with-signature": lambda s: assembled({"alg": "NONE"}, claims(), hs256(s.own)),
    "alg-empty": lambda s: assembled({"alg": ""}, claims(), hs256(s.own)),
    "alg-missing": lambda s: assembled({"typ": "JWT"}, claims(), hs256(s.own)),
    "alg-list": lambda s: assembled({"alg": ["HS256"]}, claims(), hs256(s.own)),
    "alg-null": lambda s: assembled({"alg": None}, claims(), hs256(s.own)),
    "alg-lower-case": lambda s: assembled({"alg": "hs256"}, claims(), hs256(s.own)),
    "alg-HS512": lambda s: assembled({"alg": "HS512"}, claims(), hs512(s.own)),
    "alg-says-HS256-is-HS512": lambda s: assembled({"alg": "HS256"}, claims(), hs512(s.own)),
    "alg-RS512": lambda s: assembled({"alg": "RS512"}, claims(), rs256()),
    "hmac-with-public-pem": lambda s: assembled({"alg": "HS256", "kid": "rsa"}, claims(), hs256(pem(rsa_key("own")))),
    "hmac-with-public-pem-stripped": lambda s: assembled(
        {"alg": "HS256"}, claims(), hs256(pem(rsa_key("own")).strip())
    ),
    "hmac-with-ed-pem": lambda s: assembled({"alg": "HS256", "kid": "ed"}, claims(), hs256(pem(ed_key("own")))),
    "hmac-with-jwk-text": lambda s: assembled({"alg": "HS256", "kid": "ed"}, claims(), hs256(json.dumps(jwk()))),
    "hmac-with-jwk-x": lambda s: assembled({"alg": "HS256", "kid": "ed"}, claims(), hs256(jwk()["x"])),
    "hmac-with-nothing": lambda s: token(""),
    "hmac-with-app-id": lambda s: token(s.app_id),
    "hmac-with-rival-key": lambda s: token(s.rival),
    "hmac-with-rival-key-as-us": lambda s: token(s.rival, claims(iss=s.app_id)),
    "rsa-signature-said-EdDSA": lambda s: assembled({"alg": "EdDSA", "kid": "rsa"}, claims(), rs256()),
    "ed-signature-said-RS256": lambda s: assembled({"alg": "RS256", "kid": "ed"}, claims(), eddsa()),
    "api-key-said-EdDSA": lambda s: assembled({"alg": "EdDSA", "kid": "ed"}, claims(), hs256(s.own)),
    "kid-of-rival": lambda s: assembled({"alg": "EdDSA", "kid": "theirs"}, claims(), eddsa("theirs")),
    "key-of-rival-as-own-kid": lambda s: assembled({"alg": "EdDSA", "kid": "ed"}, claims(), eddsa("theirs")),
    "key-of-rival-without-kid": lambda s: assembled({"alg": "EdDSA"}, claims(), eddsa("theirs")),
    "kid-unknown": lambda s: assembled({"alg": "EdDSA", "kid": "ghost"}, claims(), eddsa()),
    "kid-of-other-own-key": lambda s: assembled({"alg": "EdDSA", "kid": "rsa"}, claims(), eddsa()),
    "kid-path": lambda s: assembled({"alg": "EdDSA", "kid": "../../dev/null"}, claims(), eddsa()),
    "kid-number": lambda s: assembled({"alg": "EdDSA", "kid": 1}, claims(), eddsa()),
    "kid-huge": lambda s: assembled({"alg": "EdDSA", "kid": "k" * 300}, claims(), eddsa()),
    "revoked-key": lambda s: assembled({"alg": "EdDSA", "kid": "old"}, claims(), eddsa("old")),
    "revoked-key-without-kid": lambda s: assembled({"alg": "EdDSA"}, claims(), eddsa("old")),
    "unregistered-rsa": lambda s: assembled({"alg": "RS256", "kid": "rsa"}, claims(), rs256("stranger")),
    "embedded-jwk": lambda s: assembled({"alg": "EdDSA", "jwk": jwk("stranger")}, claims(), eddsa("stranger")),
    "embedded-jwk-beside-good-signature": headed(jwk=jwk("stranger")),
    "jku": lambda s: assembled({"alg": "EdDSA", "jku": "https://evil.example/keys"}, claims(), eddsa("stranger")),
    "x5u": headed(x5u="https://evil.example/cert"),
    "x5c": headed(x5c=["MIIB"]),
    "crit": headed(crit=["exp"]),
    "crit-empty": headed(crit=[]),
    "crit-b64": headed(crit=["b64"], b64=False),
    "zip": headed(zip="DEF"),
    "typ-other": headed(typ="at+jwt"),
    "typ-number": headed(typ=1),
    "signature-cut": spoiled(lambda t: t[:-2]),
    "signature-empty": spoiled(lambda t: t.rpartition(".")[0] + "."),
    "signature-padded": spoiled(lambda t: t + "="),
    "signature-spelled-otherwise": spoiled(lambda t: t[:-1] + chr(ord(t[-1]) + 1)),
    "payload-changed": spoiled(
        lambda t: ".".join([t.split(".")[0], b64(json.dumps(claims("other")).encode()), t.split(".")[2]])
    ),
    "header-changed": spoiled(lambda t: ".".join([b64(b'{"alg":"HS256" }'), *t.split(".")[1:]])),
    "whitespace": spoiled(lambda t: f"{t}\n"),
    "blank-in-front": spoiled(lambda t: f" {t}"),
    "two-parts": spoiled(lambda t: t.rpartition(".")[0]),
    "four-parts": spoiled(lambda t: f"{t}.x"),
    "five-parts-like-jwe": spoiled(lambda t: f"{t}.x.x"),
    "json-serialization": lambda s: json.dumps(
        dict(zip(("protected", "payload", "signature"), token(s.own).split("."), strict=True))
    ),
    "no-token": lambda s: "...",
    "words": lambda s: "let me in",
    "not-ascii": spoiled(lambda t: f"{t}é"),
    "oversize": signed(inputs={"Project": "x" * 20_000}),
}

CLAIMS: dict[str, Make] = {
    "no-exp": signed(exp=None),
    "no-iat": signed(iat=None),
    "exp-text": signed(exp="4102444800"),
    "iat-text": signed(iat="1"),
    "exp-true": signed(exp=True),
    "exp-list": signed(exp=[4102444800]),
    "exp-infinite": text_with(exp="1e999"),
    "exp-NaN": text_with(exp="NaN"),
    "exp-huge": signed(exp=10**18),
    "iat-negative": signed(iat=-(10**15)),
    "expired": lives(-90, -1),
    "expired-long-ago": lives(-10_000, -9_940),
    "lives-121-seconds": lives(0, 121),
    "lives-a-day": lives(0, 86_400),
    "lives-too-long-in-the-past": lives(-100, 60),
    "exp-before-iat": lives(60, 30),
    "exp-is-iat": lives(5, 5),
    "iat-ahead": lives(60, 120),
    "nbf-ahead": lives(0, 100, nbf=int(NOW() + 5000)),
    "nbf-text": signed(nbf="0"),
    "nbf-true": signed(nbf=True),
    "iss-other": signed(iss="somebody"),
    "iss-rival": lambda s: token(s.own, claims(iss=s.rival_app_id)),
    "iss-number": signed(iss=5),
    "iss-list": lambda s: token(s.own, claims(iss=[s.app_id])),
    "aud-other": signed(aud="https://other.example"),
    "aud-list-of-others": signed(aud=["https://other.example", 5]),
    "aud-number": signed(aud=5),
    "aud-empty": signed(aud=[]),
    "aud-prefix-of-ours": lambda s: token(s.own, claims(aud=f"{s.base}.evil.example")),
    "aud-object": lambda s: token(s.own, claims(aud={s.base: 1})),
    "no-account": signed(account=None),
    "account-text": signed(account="acme"),
    "account-list": signed(account=[ACCOUNT]),
    "account-empty": signed(account={}),
    "account-id-number": signed(account={"external_id": 7}),
    "account-id-blank": signed(account={"external_id": "  "}),
    "account-id-null": signed(account={"external_id": None}),
    "account-id-long": signed(account={"external_id": "a" * 256}),
    "account-id-nul": signed(account={"external_id": "a\0b"}),
    "account-id-half-a-pair": text_with(account='{"external_id": "\\ud800"}'),
    "account-two-ids": signed(account={"external_id": "a", "externalid": "b"}),
    "account-name-number": signed(account={**ACCOUNT, "name": 1}),
    "user-text": signed(user="ann"),
    "user-nobody": signed(user={"name": "Ann"}),
    "user-id-number": signed(user={"external_id": 1}),
    "user-id-long": signed(user={"external_id": "u" * 300}),
    "user-id-nul": signed(user={"external_id": "\0"}),
    "user-email-none": signed(user={"external_id": "ann", "email": "no address"}),
    "user-email-list": signed(user={"external_id": "ann", "email": ["a@example.com"]}),
    "user-locale-none": signed(user={"external_id": "ann", "locale": "<script>"}),
    "datasource-text": signed(datasource="key"),
    "inputs-list": signed(inputs=["a"]),
    "inputs-many": signed(inputs={str(n): n for n in range(501)}),
    "embed-text": signed(embed="redirect"),
    "embed-mode": signed(embed={"mode": "hidden"}),
    "embed-target-list": signed(embed={"target": ["parent"]}),
    "embed-script": signed(embed={"redirect_url": "javascript:alert(1)"}),
    "embed-data": signed(embed={"redirect_url": "data:text/html,hi"}),
    "embed-user-info": signed(embed={"redirect_url": "https://good.example@evil.example/"}),
    "embed-relative": signed(embed={"redirect_url": "//evil.example/"}),
    "embed-line-break": signed(embed={"redirect_url": "https://a.example/\r\nset-cookie: a=b"}),
    "scope-admin": signed(scopes=["admin"]),
    "scope-user-default": signed(scopes="user_default"),
    "scope-api-keys": signed(scopes=["automations:read", "api-keys"]),
    "scope-unknown": signed(scopes=["everything"]),
    "scopes-number": signed(scopes=1),
    "scopes-empty": signed(scopes=[]),
    "origin-number": signed(origin=1),
    "origin-star": signed(origin="*"),
    "origin-not-allowed": signed(origin="https://evil.example"),
    "jti-number": signed(jti=1),
    "jti-empty": signed(jti=""),
    "jti-long": signed(jti="j" * 300),
    "claims-list": written("[]"),
    "claims-text": written('"acme"'),
    "claims-null": written("null"),
    "claims-no-json": written("{'iat': 1}"),
    "claims-nothing": written("{}"),
    "claims-not-utf-8": written(b'{"account": "\xff"}'),
    "claims-twice": text_with(account='{"external_id": "other"}'),
    "claims-deep": written("[" * 3000 + "]" * 3000),
    "header-twice": lambda s: assembled('{"alg": "none", "alg": "HS256"}', claims(), hs256(s.own)),
    "header-list": lambda s: assembled("[]", claims(), hs256(s.own)),
}
HOSTILE = {**SIGNATURES, **{f"claim-{name}": make for name, make in CLAIMS.items()}}


# Those of the second half are tried where time is less dear.
_CASES = [name if name in SIGNATURES else pytest.param(name, marks=pytest.mark.battery) for name in HOSTILE]


@pytest.mark.parametrize("name", _CASES)
async def test_a_bad_token_is_refused_and_leaves_nothing(name: str, door: Door, rival_door: Door, parts: Parts) -> None:
    secrets = Secrets(
        door.partner.key, rival_door.partner.key, door.partner.app_id, rival_door.partner.app_id, door.base
    )
    bad = HOSTILE[name](secrets)
    before = await rows(parts)
    posted = await door.post(bad)
    linked = await door.open("/sso", jwt=bad, appid=door.partner.app_id)
    assert posted.status_code in ({400} if len(bad) > 16_384 else {401, 403}), posted.text
    assert linked.status_code in {401, 403}, linked.text
    assert secrets.own not in posted.text + linked.text
    assert "location" not in linked.headers
    assert await rows(parts) == before


async def test_the_good_token_that_those_are_made_from_is_taken(door: Door) -> None:
    for made in (
        door.token(),
        assembled({"alg": "EdDSA", "kid": "ed"}, claims(), eddsa()),
        assembled({"alg": "EdDSA"}, claims(jti="one"), eddsa()),
        assembled({"alg": "RS256", "typ": "jwt"}, claims(), rs256()),
        token(door.partner.key, claims(iss=door.partner.app_id, aud=[door.base, "x"], nbf=int(NOW()))),
        token(door.partner.key, claims(aud=door.partner.app_id, exp=NOW() + 110.5)),
    ):
        await door.enter(made)


LINKS: dict[str, Callable[[str, str], str]] = {
    "no-hash": lambda good, _: good.rpartition("&hash=")[0],
    "hash-empty": lambda good, _: good.rpartition("&hash=")[0] + "&hash=",
    "hash-short": lambda good, _: good[:-1],
    "hash-of-nothing": lambda good, _: good.rpartition("&hash=")[0] + "&hash=" + "0" * 64,
    "hash-first": lambda good, _: "hash=" + good.rpartition("&hash=")[2] + "&" + good.rpartition("&hash=")[0],
    "account-changed": lambda good, _: good.replace("accountid=acme", "accountid=other"),
    "user-changed": lambda good, _: good.replace("userid=ann", "userid=bob"),
    "time-changed": lambda good, _: good.replace("timestamp=1", "timestamp=2"),
    "parameter-added": lambda good, _: "accountid=other&" + good,
    "parameter-added-behind": lambda good, _: good + "&accountid=other",
    "appended": lambda good, _: good.replace("&hash=", "&userid=bob&hash="),
    "other-spelling": lambda good, _: good.replace("accountid=acme", "accountid=%61cme"),
}


@pytest.mark.parametrize("name", LINKS)
async def test_a_changed_link_is_refused_and_leaves_nothing(name: str, door: Door, parts: Parts) -> None:
    good = link(door, f"{door.base}/sso")
    before = await rows(parts)
    answer = await door.http.get(f"{door.base}/sso?{LINKS[name](good, door.base)}")
    assert answer.status_code in {400, 401, 404}, answer.text
    assert await rows(parts) == before


@pytest.mark.parametrize(
    "more",
    [
        {"timestamp": lambda: int(NOW()) - 121},
        {"timestamp": lambda: int(NOW()) + 60},
        {"timestamp": lambda: "soon"},
        {"timestamp": lambda: "-1"},
        {"accountid": lambda: ""},
        {"userid": lambda: "%00"},
        {"userid": lambda: "u" * 300},
        {"key": lambda: "tlp_other"},
        {"path": lambda: "/sso/templates"},
        {"host": lambda: "https://other.example"},
    ],
    ids=lambda more: next(iter(more)),
)
async def test_a_link_that_is_signed_wrongly_is_refused_and_leaves_nothing(
    more: dict[str, Callable[[], Any]], door: Door, parts: Parts
) -> None:
    given = {name: make() for name, make in more.items()}
    signed_for = f"{given.pop('host', door.base)}{given.pop('path', '/sso')}"
    before = await rows(parts)
    answer = await door.http.get(f"{door.base}/sso?{link(door, signed_for, **given)}")
    assert answer.status_code in {400, 401}, answer.text
    assert await rows(parts) == before


def link(door: Door, address: str, *, key: str | None = None, **given: Any) -> str:
    """The query of a signed link, as docs/guide/embedding.md says."""
    import hashlib
    import hmac
    from urllib.parse import quote

    values = {"accountid": "acme", "userid": "ann", "timestamp": int(NOW()), "appid": door.partner.app_id, **given}
    query = "&".join(f"{name}={value}" for name, value in values.items())
    message = quote(f"{address}?{query}", safe="").encode()
    return f"{query}&hash={hmac.new((key or door.partner.key).encode(), message, hashlib.sha256).hexdigest()}"
