"""Logins, signatures and JWTs that manifests declare, checked by servers that do the same sums by themselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
from contextlib import suppress
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.connectors.runtime.api import Api, answer, serving
from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import AuthMethod, Block, Input
from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import BadInput, Misconfigured, TielineError
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio
ME = Block(id="me", kind="get", path="/api/me", inputs=[Input(id="q", location="query", name="q")])


def method(kind: str, *steps: dict[str, Any], fields: tuple[str, ...] = ("secret",), **more: Any) -> AuthMethod:
    declared = [{"id": name, "secret": name not in ("user", "app")} for name in fields]
    return msgspec.convert({"id": "a", "kind": kind, "fields": declared, "steps": list(steps), **more}, AuthMethod)


async def test_a_form_login_with_csrf_token_and_cookies(egress: Egress, api: Api) -> None:
    """GET the form, take the token out of the page, POST it with the cookie, and go on with all cookies."""

    async def handle(request: web.Request) -> web.Response:
        if request.path == "/login" and request.method == "GET":
            page = web.Response(text='<form><input name="csrf" value="t&1"></form>', content_type="text/html")
            page.set_cookie("pre", "1")
            page.set_cookie("gone", "1")
            return page
        if request.path == "/login":
            form = await request.post()
            assert request.cookies == {"pre": "1", "gone": "1"}
            assert dict(form) == {"user": "zoë", "password": "a&b", "csrf": "t&1"}
            moved = web.Response(status=302, headers={"Location": "/home"})
            moved.set_cookie("sid", "s-1", httponly=True)
            moved.del_cookie("gone")
            return moved
        return answer({"id": 1}, 200 if request.cookies == {"pre": "1", "sid": "s-1"} else 401)

    api.handler = handle
    auth = method(
        "session",
        {"request": {"method": "GET", "url": "/login"}, "extract": {"csrf": 'between:name="csrf" value="|"'}},
        {
            "request": {"url": "/login", "form": {"user": "{user}", "password": "{secret}", "csrf": "{csrf}"}},
            "extract": {"jar": "cookies"},
            "expires_in": "30",
            "expires_unit": "minutes",
        },
        {"inject": [{"name": "Cookie", "value": "{jar}"}]},
        fields=("user", "secret"),
    )
    made = client(manifest(api.base, ME, auth=auth), egress, {"user": "zoë", "secret": "a&b"})
    for _ in range(2):
        assert (await made.call(ME, {})).data == {"id": 1}
    assert len(api.asked) == 4


async def test_a_github_app(egress: Egress, api: Api) -> None:
    """A JWT signed with the app's key buys an installation's token, which ends at a date."""
    key = rsa.generate_private_key(65537, 2048)
    pem = pem_of(key)

    def handle(request: web.Request) -> web.Response:
        import jwt

        if request.path == "/app/installations/42/access_tokens":
            token = request.headers["Authorization"].removeprefix("Bearer ")
            claims = jwt.decode(token, key.public_key(), algorithms=["RS256"])
            assert claims["iss"] == "app-1"
            assert claims["exp"] - claims["iat"] == 540
            assert "jti" not in claims
            end = format_datetime(now(), usegmt=True) if len(api.asked) == 1 else "2999-01-01T00:00:00Z"
            return answer({"token": f"ghs_{len(api.asked)}", "expires_at": end}, 201)
        return answer({"token": request.headers["Authorization"]})

    api.handler = handle
    auth = method(
        "custom",
        {
            "request": {
                "url": "/app/installations/{installation}/access_tokens",
                "headers": {"Authorization": "Bearer {jwt}"},
                "status": [201],
            },
            "extract": {"token": "$.token", "end": "$.expires_at"},
            "expires_at": "{end}",
        },
        {"inject": [{"name": "Authorization", "value": "token {token}"}]},
        fields=("app", "private_key"),
        signature="RS256",
        claims={"iss": "{app}", "jti": None},
        lifetime=540,
    )
    secrets = {"app": "app-1", "private_key": pem}
    made = client(manifest(api.base, ME, auth=auth), egress, secrets, params={"installation": "42"})
    assert (await made.call(ME, {})).data == {"token": "token ghs_1"}
    assert (await made.call(ME, {})).data == {"token": "token ghs_3"}  # the first one had ended
    assert (await made.call(ME, {})).data == {"token": "token ghs_3"}


async def test_a_signature_in_the_query_over_the_query(egress: Egress, api: Api) -> None:
    """As exchanges do it: the timestamp goes into the query first, the signature covers all before it."""

    def handle(request: web.Request) -> web.Response:
        raw = request.raw_path.partition("?")[2]
        signed, _, signature = raw.partition("&signature=")
        good = hmac.new(b"k", signed.encode(), hashlib.sha512).digest()
        assert base64.urlsafe_b64encode(good).decode().rstrip("=") == signature
        assert "timestamp=" in signed
        return answer({}, 503) if len(api.asked) == 1 else answer({"id": 1})

    api.handler = handle
    auth = method(
        "hmac",
        {
            "inject": [
                {"location": "query", "name": "timestamp", "value": "{timestamp_ms}"},
                {"location": "query", "name": "signature", "value": "{signature}"},
                {"name": "X-Key", "value": "{app}"},
            ]
        },
        fields=("app", "secret"),
        signature="HMAC-SHA512",
        template="{query}",
        encoding="base64url",
    )
    made = client(manifest(api.base, ME, auth=auth), egress, {"app": "id", "secret": "k"})
    await made.call(ME, {"q": "ü &="})
    assert api.asked[1].target.count("signature=") == 1


async def test_a_chain_of_keys(egress: Egress, api: Api) -> None:
    """Derived keys in the manner of AWS, by names that build on each other."""

    def handle(request: web.Request) -> web.Response:
        stamp, signature = request.headers["X-Date"], request.headers["X-Signature"]
        key = b"AWS4top"
        for part in (stamp[:8], "eu-1", "api", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = f"{stamp}\n{request.host}\n/api/me\n{hashlib.sha256(b'').hexdigest()}"
        assert hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == signature
        return answer({"id": 1})

    api.handler = handle
    auth = method(
        "hmac",
        {
            "let": {
                "k0": "AWS4{secret}",
                "day": "{iso_basic|first:8}",
                "region": "eu-1",
                "service": "api",
                "end": "aws4_request",
                "k1": "{day|hmac_sha256:k0}",
                "k2": "{region|hmac_sha256:k1}",
                "k3": "{service|hmac_sha256:k2}",
                "k4": "{end|hmac_sha256:k3}",
            },
            "inject": [
                {"name": "X-Date", "value": "{iso_basic}"},
                {"name": "X-Signature", "value": "{signature}"},
            ],
        },
        key="{k4}",
        template="{iso_basic}\n{host}\n{path}\n{body|sha256|hex}",
    )
    await client(manifest(api.base, ME, auth=auth), egress, {"secret": "top"}).call(ME, {})


async def test_a_signing_clock_learns_from_a_refusal(egress: Egress, api: Api) -> None:
    def handle(request: web.Request) -> web.Response:
        there = now().timestamp() - 9000
        date = format_datetime(now().fromtimestamp(there, now().tzinfo), usegmt=True)
        good = abs(int(request.headers["X-Timestamp"]) - there) < 60
        return answer({"id": 1}, 200 if good else 401, Date=date)

    api.handler = handle
    auth = method("hmac", {"inject": [{"name": "X-Timestamp", "value": "{timestamp}"}]}, template="{timestamp}")
    made = client(manifest(api.base, ME, auth=auth), egress, {"secret": "k"})
    for _ in range(3):
        await made.call(ME, {})
    assert len(api.asked) == 4


def pem_of(key: Any) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.mark.parametrize("paste", ["as it is", "with written breaks", "in one line"])
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA", "HS256", ""])
async def test_self_signed_tokens(egress: Egress, api: Api, algorithm: str, paste: str) -> None:
    import jwt

    private: Any = {
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }.get(algorithm) or rsa.generate_private_key(65537, 2048)
    symmetric = algorithm in ("HS256", "")
    entered = "a-secret-of-at-least-32-characters" if symmetric else pem_of(private)
    if paste == "with written breaks":
        entered = entered.replace("\n", "\\n")
    elif paste == "in one line":
        entered = entered.replace("\n", " ").strip()
    auth = method(
        "jwt_bearer",
        fields=("app", "private_key"),
        signature=algorithm,
        claims={"iss": "{app}", "aud": ["{base_url}"], "admin": True, "n": 7, "jti": None},
        jwt_header={"kid": "key-{app}"},
        lifetime=60,
    )
    made = client(manifest(api.base, ME, auth=auth), egress, {"app": "1", "private_key": entered})
    await made.call(ME, {})
    token = api.asked[0].headers["authorization"].removeprefix("Bearer ")
    key: Any = "a-secret-of-at-least-32-characters" if symmetric else private.public_key()
    claims = jwt.decode(token, key, algorithms=[algorithm or "HS256"], audience=api.base)
    assert (claims["iss"], claims["admin"], claims["n"], claims["exp"] - claims["iat"]) == ("1", True, 7, 60)
    assert jwt.get_unverified_header(token)["kid"] == "key-1"


async def test_members_of_a_pasted_key_file(egress: Egress, api: Api) -> None:
    """A Google service account's JSON, as it is downloaded."""
    key = rsa.generate_private_key(65537, 2048)
    file = json.dumps({"client_email": "robot@x.iam", "private_key": pem_of(key)}).decode()
    api.handler = lambda request: answer(
        {"access_token": "ya29", "expires_in": 3600} if "token" in request.path else {}
    )
    auth = method(
        "oauth2",
        fields=("account",),
        grants=["jwt_bearer"],
        token_url="/token",
        client_auth="none",
        key="{account.private_key}",
        claims={"iss": "{account.client_email}", "scope": "https://x/auth/mail", "sub": None},
    )
    await client(manifest(api.base, ME, auth=auth), egress, {"account": file}).call(ME, {})
    assert b"jwt-bearer" in api.asked[0].body
    assert api.asked[1].headers["authorization"] == "Bearer ya29"


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        ({"template": "{"}, "single brace"),
        ({"template": "{a.b()}"}, "where the name of a value"),
        ({"template": "{a|eval}"}, "unknown filter 'eval'"),
        ({"template": "{a|hmac_sha256}"}, "unknown filter"),
        ({"template": "{a|first}"}, "needs a number"),
        ({"template": "{a" + "|hex" * 11 + "}"}, "more than 10 filters"),
        ({"template": "{a}" * 101}, "at most 100 expressions"),
        ({"template": "a" * 20_001}, "at most 20000 characters"),
        ({"template": ""}, "no template"),
        ({"signature": "HMAC-CRC32"}, "not known"),
        ({"steps": []}, "no step that injects"),
    ],
)
async def test_manifests_that_are_wrong_say_so_at_once(egress: Egress, bad: dict[str, Any], match: str) -> None:
    step = {"inject": [{"name": "X", "value": "{signature}"}]}
    given = {"template": "{timestamp}", "steps": [step], **bad}
    auth = msgspec.convert({"id": "a", "kind": "hmac", **given}, AuthMethod)
    with pytest.raises(Misconfigured, match=match):
        client(manifest("https://x.example", ME, auth=auth), egress, {"secret": "k"})


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ("{nobody}", "asks for 'nobody', which nothing gives"),
        ("{secret|unhex}", "can read"),
        ("{secret|sha256}", "is bytes"),
        ("{loop}", "defined by itself"),
    ],
)
async def test_templates_that_cannot_be_filled_in(egress: Egress, api: Api, value: str, match: str) -> None:
    auth = method("custom", {"let": {"loop": "{loop}"}, "inject": [{"name": "X", "value": value}]})
    with pytest.raises(Misconfigured, match=match) as caught:
        await client(manifest(api.base, ME, auth=auth), egress, {"secret": "s3cr3t-s3cr3t"}).call(ME, {})
    assert "s3cr3t" not in caught.value.detail
    assert api.asked == []


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{{secret}}}", "{a b}"),
        ("{secret|url}", "a%20b"),
        ("{secret|form|upper}", "A+B"),
        ("{secret|base64}", "YSBi"),
        ("{secret|hex|unhex|trim}", "a b"),
        ("{secret|base64url|unbase64}", "a b"),
        ("{secret|json}", '"a b"'),
        ("{secret|first:1}{secret|last:1}", "ab"),
        ("{secret|md5|hex}", hashlib.md5(b"a b", usedforsecurity=False).hexdigest()),
        ("{secret|hmac_sha1:secret|hex}", hmac.new(b"a b", b"a b", hashlib.sha1).hexdigest()),
        ("{method} {path} {query} {query.q} {header.accept}", "GET /api/me q=x%20y x y application/json"),
    ],
)
async def test_the_language_of_templates(egress: Egress, api: Api, template: str, text: str) -> None:
    auth = method("custom", {"inject": [{"name": "X-Got", "value": template}]})
    await client(manifest(api.base, ME, auth=auth), egress, {"secret": "a b"}).call(ME, {"q": "x y"})
    assert api.asked[0].headers["x-got"] == text


@pytest.mark.parametrize("url", ["//evil.example/x", "\\\\evil.example", "/{secret}", "{secret}"])
async def test_a_value_cannot_move_a_login_to_another_host(egress: Egress, api: Api, url: str) -> None:
    async with serving() as foreign:
        host = foreign.base.removeprefix("http:")
        auth = method(
            "session",
            {"request": {"url": url.replace("//evil.example", host)}, "extract": {"s": "$.s"}},
            {"inject": [{"name": "X", "value": "{s}"}]},
        )
        made = client(manifest(api.base, ME, auth=auth), egress, {"secret": host})
        api.handler = lambda _: answer({"s": "s"})
        with suppress(TielineError):
            await made.call(ME, {})
        assert foreign.asked == []


async def test_a_login_cannot_bring_a_header(egress: Egress, api: Api) -> None:
    auth = method(
        "session",
        {"request": {"url": "/l", "headers": {"X-Login": "{secret}"}}, "extract": {"s": "$.s"}},
        {"inject": [{"name": "X", "value": "{s}"}]},
    )
    with pytest.raises(BadInput, match="line breaks"):
        await client(manifest(api.base, ME, auth=auth), egress, {"secret": "a\r\nX: 1"}).call(ME, {})
    assert api.asked == []
