"""Every way of the upstream's ``/auth``, by manifest alone: digest, login, JWT, HMAC and a custom flow."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import AuthMethod, Block, ErrorRule, Input
from tieline.connectors.runtime import MemoryTokens
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio
PASSWORD = "pa:ss wörd"
JWT_KEY = "jwt-secret-jwt-secret-jwt-secret-32"

WAYS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "digest": (
        {"kind": "digest", "fields": [{"id": "username"}, {"id": "password", "secret": True}]},
        {"username": "user", "password": "secret"},
    ),
    "login": (
        {
            "kind": "session",
            "fields": [{"id": "login"}, {"id": "password", "secret": True}],
            "steps": [
                {
                    "request": {
                        "url": "/auth/login/session?ttl=2",
                        "json": {"login": "{login}", "password": "{password}"},
                    },
                    "extract": {"session": "header:X-Session"},
                },
                {"inject": [{"name": "X-Session", "value": "{session}"}]},
            ],
        },
        {"login": "user", "password": PASSWORD},
    ),
    "jwt": (
        {
            "kind": "jwt_bearer",
            "signature": "HS256",
            "claims": {"aud": "upstream"},
            "fields": [{"id": "secret", "secret": True}],
        },
        {"secret": JWT_KEY},
    ),
    "hmac": (
        {
            "kind": "hmac",
            "signature": "HMAC-SHA256",
            "template": "{method}\n{path_qs}\n{timestamp}\n{body|sha256|hex}",
            "fields": [{"id": "secret", "secret": True}],
            "steps": [
                {
                    "inject": [
                        {"name": "X-Timestamp", "value": "{timestamp}"},
                        {"name": "X-Signature", "value": "{signature}"},
                    ]
                }
            ],
        },
        {"secret": "secret"},
    ),
    "custom": (
        {
            "kind": "custom",
            "fields": [{"id": "app_id"}, {"id": "app_secret", "secret": True}],
            "steps": [
                {
                    "request": {
                        "url": "/auth/custom/token",
                        "json": {"app_id": "{app_id}", "app_secret": "{app_secret}", "grant": "app_login"},
                    },
                    "extract": {"session": "$.result.session.id", "life": "$.result.session.validForMinutes"},
                    "expires_in": "{life}",
                    "expires_unit": "minutes",
                },
                {"inject": [{"name": "X-Auth", "value": "Token id={session}"}]},
            ],
        },
        {"app_id": "app", "app_secret": "shh"},
    ),
}


def method(way: str, **more: Any) -> AuthMethod:
    """As a manifest's file would have it."""
    return msgspec.convert({"id": way, **WAYS[way][0], **more}, AuthMethod)


def block(way: str, **more: Any) -> Block:
    return Block(id="items", kind="list", path=f"/auth/{way}/items", records="$.items", **more)


async def state(egress: Egress, upstream: str, what: str) -> Any:
    return (await egress.request("GET", f"{upstream}/_ctl/{what}")).json()


@pytest.mark.parametrize("way", WAYS)
async def test_every_way(egress: Egress, upstream: str, way: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    items = block(way, inputs=[Input(id="q", location="query", name="q")])
    document = manifest(upstream, items, auth=method(way))
    made = client(document, egress, WAYS[way][1])
    for number in range(8):
        answer = await made.call(items, {"q": f"a b&ü={number}"})
        assert [entry["id"] for entry in answer.data] == [1, 2]


@pytest.mark.parametrize("way", WAYS)
async def test_wrong_credentials_ask_for_a_person_and_do_not_show(egress: Egress, upstream: str, way: str) -> None:
    document = manifest(upstream, block(way), auth=method(way))
    wrong = dict.fromkeys(WAYS[way][1], "wr0ng-wr0ng-wr0ng-wr0ng-wr0ng-wr0ng")
    with pytest.raises(ReconnectNeeded, match="connect again") as caught:
        await client(document, egress, wrong).call(block(way), {})
    assert "wr0ng" not in f"{caught.value.detail} {caught.value.meta}"
    with pytest.raises(ReconnectNeeded):
        await client(document, egress, {}).call(block(way), {})


async def test_bodies_are_signed_as_they_are_sent(egress: Egress, upstream: str) -> None:
    write = Block(
        id="write",
        kind="create",
        method="POST",
        path="/auth/hmac/items",
        body_type="json",
        inputs=[Input(id="name", location="body", name="/name")],
    )
    made = client(manifest(upstream, write, auth=method("hmac")), egress, WAYS["hmac"][1])
    assert (await made.call(write, {"name": "Zoë"})).status == 200


async def test_digest_uses_a_nonce_again_and_follows_a_stale_one(egress: Egress, upstream: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    items = block("digest")
    made = client(manifest(upstream, items, auth=method("digest")), egress, WAYS["digest"][1])
    for _ in range(9):
        await made.call(items, {})
    seen = await state(egress, upstream, "requests?path=/auth/digest/items")
    assert seen["count"] == 12  # nine calls, three nonces of three uses each


async def test_digest_from_many_tasks(egress: Egress, upstream: str) -> None:
    items = block("digest")
    made = client(manifest(upstream, items, auth=method("digest")), egress, WAYS["digest"][1])
    answers = await asyncio.gather(*(made.call(items, {}) for _ in range(12)))
    assert {answer.status for answer in answers} == {200}


async def test_twenty_callers_share_one_login_and_one_new_login(egress: Egress, upstream: str) -> None:
    """Upstream ends the older session with each login: two of them at once would throw each other out."""
    await egress.request("POST", f"{upstream}/_ctl/reset")
    items, store = block("login"), MemoryTokens()
    document = manifest(upstream, items, auth=method("login"))
    clients = [client(document, egress, WAYS["login"][1], tokens=store) for _ in range(4)]
    for logins in (1, 2, 3):
        answers = await asyncio.gather(*(clients[number % 4].call(items, {}) for number in range(20)))
        assert {answer.status for answer in answers} == {200}
        seen = await state(egress, upstream, "requests?path=/auth/login/session")
        assert seen["count"] == logins
        await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 60}')


async def test_a_session_ends_by_a_sign_that_the_manifest_declares(egress: Egress, upstream: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    items = block("login")
    rule = ErrorRule(then="refresh", path="$.code", equals="session_expired")
    document = manifest(upstream, items, auth=method("login"), errors=[rule])
    made = client(document, egress, WAYS["login"][1])
    await made.call(items, {})
    await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 60}')
    assert (await made.call(items, {})).status == 200


async def test_a_jwt_serves_until_it_is_near_its_end(egress: Egress, upstream: str) -> None:
    await egress.request("POST", f"{upstream}/_ctl/reset")
    items = block("jwt")
    made = client(manifest(upstream, items, auth=method("jwt")), egress, WAYS["jwt"][1])
    await made.call(items, {})
    await made.call(items, {})
    seen = await state(egress, upstream, "requests?path=/auth/jwt/items")
    headers = {
        entry["headers"].get("authorization") or entry["headers"].get("Authorization") for entry in seen["requests"]
    }
    assert len(headers) == 1
