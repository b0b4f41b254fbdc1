"""Credentials: where they go, and where they never go."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests.connectors.runtime.api import Api, answer, serving
from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Paging
from tieline.connectors.runtime import Client
from tieline.connectors.runtime.errors import OriginRefused, PagingForeign, ReconnectNeeded, UpstreamRefused
from tieline.core.errors import Misconfigured
from tieline.security.egress import Egress

pytestmark = pytest.mark.anyio
PASSWORD = "pa:ss wörd"


def field(identity: str, location: Any = None, name: str = "", **more: Any) -> Input:
    place = {} if location is None else {"location": location}
    return Input(id=identity, name=name, secret=True, **place, **more)


WAYS: dict[str, tuple[AuthMethod, dict[str, str]]] = {
    "key-header": (
        AuthMethod(id="k", kind="api_key", location="header", name="X-Api-Key", fields=[field("api_key")]),
        {"api_key": "key-123"},
    ),
    "app-key": (
        AuthMethod(
            id="k",
            kind="api_key",
            fields=[field("app", "header", "X-App-Id"), field("key", "header", "X-Api-Key")],
        ),
        {"app": "12345", "key": "key-123"},
    ),
    "key-header ": (
        AuthMethod(id="k", kind="custom", fields=[field("key", "header", "X-Api-Key")]),
        {"key": "key-123"},
    ),
    "key-query": (
        AuthMethod(id="k", kind="api_key", location="query", name="api_key", fields=[field("api_key")]),
        {"api_key": "key-123"},
    ),
    "key-cookie": (
        AuthMethod(id="k", kind="api_key", location="cookie", name="api_key", fields=[field("api_key")]),
        {"api_key": "key-123"},
    ),
    "basic": (
        AuthMethod(id="b", kind="basic", fields=[Input(id="username"), field("password")]),
        {"username": "user", "password": PASSWORD},
    ),
}


@pytest.mark.parametrize("way", WAYS)
async def test_simple_ways_of_the_upstream(egress: Egress, upstream: str, way: str) -> None:
    method, secrets = WAYS[way]
    block = Block(id="whoami", kind="get", path=f"/auth/{way.strip()}/whoami")
    document = manifest(upstream, block, auth=method)
    good = await client(document, egress, secrets).call(block, {})
    assert good.data["user"] == "ada"
    wrong = dict.fromkeys(secrets, "wrong")
    with pytest.raises(ReconnectNeeded, match="connect again") as caught:
        await client(document, egress, wrong).call(block, {})
    assert "wrong" not in caught.value.detail
    with pytest.raises(ReconnectNeeded, match="has no value for"):
        await client(document, egress, {}).call(block, {})


@pytest.mark.parametrize(
    ("entered", "pair"),
    [
        ({"username": "u"}, b"u:"),
        ({"password": "p"}, b":p"),
        ({"username": "zoë", "password": "€ß:x"}, "zoë:€ß:x".encode()),
    ],
    ids=["user only", "password only", "beyond latin-1"],
)
async def test_basic_by_halves_and_in_utf_8(egress: Egress, api: Api, entered: dict[str, str], pair: bytes) -> None:
    method, _ = WAYS["basic"]
    block = Block(id="whoami", kind="get", path="/me")
    await client(manifest(api.base, block, auth=method), egress, entered).call(block, {})
    assert api.asked[0].headers["authorization"] == "Basic " + b64encode(pair).decode()


async def test_a_field_with_a_place_of_its_own_goes_along_with_any_kind(egress: Egress, api: Api) -> None:
    method = AuthMethod(
        id="b", kind="basic", fields=[field("account", "header", "X-Account"), Input(id="username"), field("password")]
    )
    block = Block(id="whoami", kind="get", path="/me")
    secrets = {"account": "42", "username": "u", "password": "p"}
    await client(manifest(api.base, block, auth=method), egress, secrets).call(block, {})
    assert api.asked[0].headers["x-account"] == "42"
    assert api.asked[0].headers["authorization"] == "Basic dTpw"


async def test_a_refused_static_credential_is_asked_once(egress: Egress, api: Api) -> None:
    method, secrets = WAYS["key-header"]
    api.handler = lambda _: answer({"error": "no"}, 401)
    block = Block(id="whoami", kind="get", path="/me")
    with pytest.raises(ReconnectNeeded):
        await client(manifest(api.base, block, auth=method), egress, secrets).call(block, {})
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("method", "token", "header"),
    [
        (AuthMethod(id="b", kind="bearer", fields=[field("token")]), "abc", "Bearer abc"),
        (AuthMethod(id="b", kind="bearer", fields=[field("token")]), "Bearer abc", "Bearer abc"),
        (AuthMethod(id="b", kind="bearer", fields=[field("pat")], prefix="Token token="), "abc", "Token token=abc"),
        (AuthMethod(id="b", kind="api_key", name="Authorization", location="header"), "abc", "abc"),
        (
            AuthMethod(id="b", kind="api_key", name="Authorization", location="header", prefix="SSWS "),
            "abc",
            "SSWS abc",
        ),
    ],
)
async def test_bearer_and_its_relatives(egress: Egress, api: Api, method: AuthMethod, token: str, header: str) -> None:
    block = Block(id="whoami", kind="get", path="/me")
    name = method.fields[0].id if method.fields else "api_key"
    await client(manifest(api.base, block, auth=method), egress, {name: token}).call(block, {})
    assert api.asked[0].headers["authorization"] == header


async def test_a_credential_cannot_bring_a_header(egress: Egress, api: Api) -> None:
    method, _ = WAYS["key-header"]
    block = Block(id="whoami", kind="get", path="/me")
    with pytest.raises(Exception, match="line breaks"):
        await client(manifest(api.base, block, auth=method), egress, {"api_key": "a\r\nX: 1"}).call(block, {})
    assert api.asked == []


async def test_a_block_that_wants_no_credentials_gets_none(egress: Egress, api: Api) -> None:
    method, secrets = WAYS["key-header"]
    public = Block(id="public", kind="get", path="/public", auth=[])
    await client(manifest(api.base, public, auth=method), egress, secrets).call(public, {})
    assert "x-api-key" not in api.asked[0].headers


async def test_a_block_that_wants_another_method_says_so(egress: Egress, api: Api) -> None:
    method, secrets = WAYS["key-header"]
    block = Block(id="admin", kind="get", path="/admin", auth=["oauth", "basic"])
    with pytest.raises(ReconnectNeeded, match="accepts 'oauth' or 'basic', but the connection uses 'k'"):
        await client(manifest(api.base, block, auth=method), egress, secrets).call(block, {})


def test_an_unknown_kind_is_a_mistake_of_the_manifest() -> None:
    kind: Any = "kerberos"
    document = manifest("https://x.example", auth=AuthMethod(id="d", kind=kind))
    with pytest.raises(Misconfigured, match="'kerberos'"):
        client(document, Egress())


async def test_credentials_do_not_follow_a_block_to_another_origin(egress: Egress, api: Api) -> None:
    method, secrets = WAYS["key-header"]
    async with serving() as foreign:
        block = Block(id="get", kind="get", path="/x", server=foreign.base)
        document = manifest(api.base, block, auth=method)
        with pytest.raises(OriginRefused, match="credentials belong to"):
            await client(document, egress, secrets).call(block, {})
        assert foreign.asked == []
        free = Block(id="free", kind="get", path="/x", server=foreign.base, auth=[])
        await client(document, egress, secrets).call(free, {})
        assert "x-api-key" not in foreign.asked[0].headers
        document.servers.append(type(document.servers[0])(url=foreign.base))
        await client(document, egress, secrets).call(block, {})
        assert foreign.asked[1].headers["x-api-key"] == "key-123"


async def test_a_connections_own_server_takes_the_place_of_the_manifests(egress: Egress, api: Api) -> None:
    method, secrets = WAYS["key-header"]
    block = Block(id="get", kind="get", path="/x", server="https://api.vendor.example/v2")
    document = manifest("https://api.vendor.example/v1", block, auth=method)
    await client(document, egress, secrets, server=f"{api.base}/mine").call(block, {})
    assert api.asked[0].target == "/v2/x"


@pytest.mark.parametrize("way", ["key-header", "key-query", "key-cookie", "basic"])
async def test_credentials_do_not_follow_a_redirect_to_another_origin(egress: Egress, api: Api, way: str) -> None:
    method, secrets = WAYS[way]
    async with serving() as foreign:
        api.handler = lambda _: answer(None, 302, Location=f"{foreign.base}/caught")
        block = Block(id="get", kind="get", path="/x")
        await client(manifest(api.base, block, auth=method), egress, secrets).call(block, {})
        seen = f"{foreign.asked[0].target} {foreign.asked[0].headers}"
        for secret in secrets.values():
            assert secret == "user" or secret not in seen
        assert "authorization" not in foreign.asked[0].headers
        assert "cookie" not in foreign.asked[0].headers


async def test_credentials_do_not_follow_a_next_link(egress: Egress, api: Api) -> None:
    method, secrets = WAYS["key-query"]
    async with serving() as foreign:
        api.handler = lambda _: answer({"items": [{"id": 1}], "next": f"{foreign.base}/page2?api_key=key-123"})
        block = Block(
            id="list", kind="list", path="/x", records="$.items", paging=Paging(style="next_url", next="$.next")
        )
        got: list[Any] = []
        with pytest.raises(PagingForeign):
            async for page in client(manifest(api.base, block, auth=method), egress, secrets).pages(block, {}):
                got += page.records
        assert got == [{"id": 1}]
        assert foreign.asked == []


async def test_a_cursor_does_not_keep_a_key_that_the_api_repeats_in_its_link(egress: Egress, api: Api) -> None:
    method, secrets = WAYS["key-query"]
    api.script = [
        answer({"items": [{"id": 1}], "next": "/x?page=2&api_key=key-123&size=1"}),
        answer({"items": [{"id": 2}]}),
    ]
    block = Block(id="list", kind="list", path="/x", records="$.items", paging=Paging(style="next_url", next="$.next"))
    pages = [p async for p in client(manifest(api.base, block, auth=method), egress, secrets).pages(block, {})]
    assert "key-123" not in str(pages[0].next)
    assert api.asked[1].target == "/x?page=2&size=1&api_key=key-123"


async def test_history_and_errors_do_not_show_a_secret(egress: Egress, api: Api) -> None:
    method, secrets = WAYS["key-query"]
    seen: list[Any] = []

    class Watcher:
        async def before(self) -> None: ...

        def exchange(self, exchange: Any) -> None:
            seen.append(exchange)

    api.handler = lambda request: answer({"message": f"bad key {request.query['api_key']}"}, 400)
    block = Block(id="get", kind="get", path="/x")
    with pytest.raises(UpstreamRefused) as caught:
        await client(manifest(api.base, block, auth=method), egress, secrets, observer=Watcher()).call(block, {})
    assert caught.value.excerpt == "bad key ***"
    assert "key-123" not in str(seen)
    assert seen[0].url.endswith("/x?api_key=***")


@pytest.mark.parametrize(
    ("status", "ok", "verified"),
    [(200, True, True), (401, False, True), (403, False, True), (404, True, False), (500, False, False)],
)
async def test_check_tells_a_working_connection_from_a_dead_one(
    egress: Egress, api: Api, status: int, ok: bool, verified: bool
) -> None:
    method, secrets = WAYS["key-header"]
    api.handler = lambda _: answer({"items": []}, status)
    blocks = [
        Block(id="create", kind="create", method="POST", path="/things"),
        Block(id="one", kind="get", path="/things/{id}", inputs=[Input(id="id", location="path", name="id")]),
        Block(id="list", kind="list", path="/things", records="$.items"),
        Block(id="whoami", kind="get", path="/users/me"),
    ]
    result = await client(manifest(api.base, *blocks, auth=method), egress, secrets).check()
    assert (result.ok, result.verified, result.block) == (ok, verified, "whoami")
    assert all(asked.method == "GET" for asked in api.asked)


async def test_check_without_a_block_to_call_only_looks_for_credentials(egress: Egress, api: Api) -> None:
    method, secrets = WAYS["key-header"]
    document = manifest(api.base, Block(id="create", kind="create", method="POST", path="/x"), auth=method)
    result = await client(document, egress, secrets).check()
    assert (result.ok, result.verified) == (True, False)
    result = await client(document, egress, {}).check()
    assert not result.ok
    assert api.asked == []


def test_a_client_shows_no_secret() -> None:
    method, secrets = WAYS["basic"]
    made: Client = client(manifest("https://x.example", auth=method), Egress(), secrets)
    assert PASSWORD not in f"{made!r} {made.account!r}"
