"""Handshakes: who is answered, and with what."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.connectors.webhooks.making import World, hooks_manifest
from tieline.connectors.webhooks import keys
from tieline.storage.tables import webhook_subscriptions

pytestmark = pytest.mark.anyio

SIGNED = {"dialect": "github"}
VERIFICATION = {"type": "url_verification", "challenge": "ch-1"}
ZOOM = {"event": "endpoint.url_validation", "payload": {"plainToken": "p-1"}}


class Door:
    """An address whose deliveries have to be signed, so that only a handshake is answered with 200."""

    def __init__(self, world: World, tenant: Any, row: dict[str, Any], url: str) -> None:
        self.world, self.tenant, self.row, self.url = world, tenant, row, url

    async def keys(self) -> keys.Keys:
        async with self.world.database.tenant(self.tenant) as unit:
            table = webhook_subscriptions
            row = await unit.one(unit.select(table).where(table.c.id == self.row["id"]))
        assert row is not None
        return self.world.webhooks._settler.keys_of(row)


async def door(world: World, handshake: dict[str, Any] | None = None) -> Door:
    tenant, _ = await world.connection(hooks_manifest("http://127.0.0.1:9"))
    settings = {"verification": SIGNED, **({} if handshake is None else {"handshake": handshake})}
    row = await world.webhooks.subscribe(tenant, None, "", "test:x", settings=settings)
    return Door(world, tenant, row, await world.url(tenant, row))


async def test_a_challenge_is_answered_even_where_nothing_is_declared(world: World) -> None:
    found = await door(world)
    answer = await world.http.post(found.url, json=VERIFICATION)
    assert (answer.status_code, answer.text) == (200, "ch-1")
    assert answer.headers["content-type"].startswith("text/plain")
    answer = await world.http.post(f"{found.url}?validationToken=a%20%3Cb%3E%20c", content=b"")
    assert (answer.status_code, answer.text) == (200, "a <b> c")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "body",
    [
        {"type": "other", "challenge": "x"},
        {"challenge": "x"},
        {"type": "url_verification"},
        {"type": "url_verification", "challenge": ""},
        {"type": "url_verification", "challenge": {"a": 1}},
        {"type": "url_verification", "challenge": "x" * 5000},
        {"type": "url_verification", "challenge": "a\r\nb"},
        [VERIFICATION],
    ],
    ids=lambda body: str(body)[:60],
)
async def test_what_is_no_handshake_has_to_be_signed(world: World, body: Any) -> None:
    assert (await world.http.post((await door(world)).url, json=body)).status_code == 401


async def test_an_event_may_have_none(world: World) -> None:
    found = await door(world, {"kind": "none"})
    assert (await world.http.post(found.url, json=VERIFICATION)).status_code == 401
    assert (await world.http.get(found.url + "?hub.challenge=1")).status_code == 405


async def test_a_challenge_may_be_wanted_in_an_object(world: World) -> None:
    handshake = {"kind": "challenge", "when": {"$.kind": "ping"}, "path": "$.token", "answer": "json", "key": "echo"}
    found = await door(world, handshake)
    answer = await world.http.post(found.url, json={"kind": "ping", "token": 7})
    assert answer.json() == {"echo": "7"}


async def test_a_get_handshake_needs_the_word_agreed_on(world: World) -> None:
    found = await door(world, {"kind": "query", "param": "hub.challenge", "token_param": "hub.verify_token"})
    word = (await found.keys()).verify
    good = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": word}
    assert (await world.http.get(found.url, params=good)).text == "1158201444"
    for wrong in ({}, {"hub.verify_token": ""}, {"hub.verify_token": "x"}, {"hub.challenge": ""}):
        query = {**good, **wrong} if wrong else {"hub.challenge": "1"}
        assert (await world.http.get(found.url, params=query)).status_code == 405
    twice = f"{urlencode(good)}&hub.challenge=2"
    assert (await world.http.get(found.url, params=twice)).status_code == 405


async def test_a_get_handshake_without_a_word(world: World) -> None:
    found = await door(world, {"kind": "query", "param": "challenge"})
    assert (await world.http.get(found.url + "?challenge=abc")).text == "abc"


async def test_a_challenge_may_have_to_be_signed(world: World) -> None:
    found = await door(world, {"kind": "hmac"})
    secret = (await found.keys()).secret
    wanted = hmac.new(secret.encode(), b"p-1", hashlib.sha256).hexdigest()
    answer = await world.http.post(found.url, json=ZOOM)
    assert answer.json() == {"plainToken": "p-1", "encryptedToken": wanted}


async def test_a_secret_in_a_header_is_believed_once(world: World) -> None:
    found = await door(world, {"kind": "header"})
    answer = await world.http.post(found.url, headers={"X-Hook-Secret": "first"})
    assert (answer.status_code, answer.headers["x-hook-secret"]) == (200, "first")
    assert (await found.keys()).secret == "first"
    assert (await world.http.post(found.url, headers={"X-Hook-Secret": "second"})).status_code == 401
    assert (await found.keys()).secret == "first"


async def test_a_vendor_may_only_want_to_know_that_somebody_is_there(world: World) -> None:
    found = await door(world, {"kind": "alive"})
    assert (await world.http.get(found.url)).status_code == 200
    assert (await world.http.head(found.url)).status_code == 200
    assert (await world.http.post(found.url, json={})).status_code == 401
