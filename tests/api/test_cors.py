"""CORS: pages of registered origins may read, and no others, however much alike they look."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tieline.core.ids import new_id
from tieline.storage.tables import oauth_clients
from tieline.tenancy.origins import Origins

pytestmark = pytest.mark.anyio

BASE = "/api/v1/web-integrations"
LIST = "/api/v1/automations"
APP = "https://app.example.com"
PORT = "https://ported.example.com:8443"
LOCAL = "http://localhost:3000"
NAMED = "qlik-web-integration-id"

ATTACKS = [
    "null",
    "*",
    "",
    "https://evil.com",
    "http://app.example.com",
    "https://app.example.com:443",
    "https://app.example.com:444",
    "https://app.example.com:8443",
    "http://app.example.com:443",
    "https://ported.example.com",
    "https://ported.example.com:443",
    "https://ported.example.com:844",
    "https://ported.example.com:84430",
    "https://ported.example.com:08443",
    "https://ported.example.com:8443:80",
    "http://ported.example.com:8443",
    "https://localhost:3000",
    "http://localhost",
    "http://localhost:30000",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
    "http://LOCALHOST:3000",
    "https://App.Example.com",
    "HTTPS://app.example.com",
    "https://APP.EXAMPLE.COM",
    "https://app.example.com/",
    "https://app.example.com/x",
    "https://app.example.com?x",
    "https://app.example.com#x",
    "https://app.example.com.",
    "https://app.example.com.evil.com",
    "https://app.example.comevil.com",
    "https://app.example.co",
    "https://app.example.community",
    "https://evilapp.example.com",
    "https://evil-app.example.com",
    "https://evil.app.example.com",
    "https://example.com",
    "https://.example.com",
    "https://*.example.com",
    "https://app-example.com",
    "https://appxexample.com",
    "https://app_example.com",
    "https://app.example.com@evil.com",
    "https://evil.com@app.example.com",
    "https://user:pass@app.example.com",
    "https://app.example.com%00.evil.com",
    "https://app%2eexample.com",
    "https://app.example.com%2f.evil.com",
    "https://app.example.com\\.evil.com",
    "https://app.example.com,https://evil.com",
    "https://evil.com https://app.example.com",
    "https://app.example.com https://app.example.com",
    "https://app.example.com;evil.com",
    "https://app.example.com|evil.com",
    "https://app.example.com`.evil.com",
    "https://app.example.com_.evil.com",
    "https:app.example.com",
    "https:/app.example.com",
    "//app.example.com",
    "app.example.com",
    "wss://app.example.com",
    "ftp://app.example.com",
    "file://",
    "data:text/html,x",
    "javascript:alert(1)",
    "chrome-extension://app.example.com",
    "https://xn--app-example-com",
    "https://аpp.example.com",
    "https://app.example.com:٤٤٣",
    "'https://app.example.com'",
    "https://app.example.com'",
    "undefined",
    "https://" + "a" * 4000 + ".example.com",
]


def granted(answer: httpx.Response) -> dict[str, str]:
    """The headers of the CORS protocol; each answer says that it depends on the origin."""
    assert "origin" in answer.headers["vary"].lower()
    assert len(answer.headers.get_list("access-control-allow-origin")) <= 1
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


async def preflight(
    web: httpx.AsyncClient, origin: str | bytes, path: str = LIST, method: str = "POST", **more: Any
) -> httpx.Response:
    sent = {b"origin": origin if isinstance(origin, bytes) else origin.encode()}
    headers = {**sent, b"access-control-request-method": method.encode()}
    return await web.options(path, headers={**headers, **more.pop("headers", {})}, **more)


@pytest.fixture
async def registered(api: httpx.AsyncClient) -> dict[str, Any]:
    """A web integration with three origins."""
    made: dict[str, Any] = (await api.post(BASE, json={"name": "App", "validOrigins": [APP, PORT, LOCAL]})).json()
    return made


@pytest.fixture
async def page(address: str) -> Any:
    """A browser before it has credentials."""
    async with client(address) as opened:
        yield opened


@pytest.mark.parametrize("origin", [APP, PORT, LOCAL])
async def test_registered_origins_may_call_and_read(
    api: httpx.AsyncClient, page: httpx.AsyncClient, registered: dict[str, Any], origin: str
) -> None:
    assert registered
    asked = {b"access-control-request-headers": b"Authorization,content-type, X-My-Own"}
    answer = await preflight(page, origin, headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    told = granted(answer)
    assert told["access-control-allow-origin"] == origin
    assert told["access-control-allow-credentials"] == "true"
    assert {"GET", "POST"} <= set(told["access-control-allow-methods"].split(", "))
    assert told["access-control-allow-headers"] == "authorization, content-type, x-my-own"
    assert 0 < int(told["access-control-max-age"]) <= 600
    assert "access-control-request-headers" in answer.headers["vary"]
    for status, path in ((200, LIST), (404, f"{LIST}/{new_id()}"), (400, f"{LIST}?limit=x")):
        answer = await api.get(path, headers={"origin": origin})
        assert answer.status_code == status
        told = granted(answer)
        assert (told["access-control-allow-origin"], told["access-control-allow-credentials"]) == (origin, "true")
        exposed = told["access-control-expose-headers"].split(", ")
        assert {"x-trace-id", "x-ratelimit-limit", "x-ratelimit-remaining", "retry-after", "etag", "link"} <= set(
            exposed
        )
        assert answer.headers["x-ratelimit-remaining"]


@pytest.mark.parametrize("origin", ATTACKS, ids=lambda text: ascii(text)[:60])
async def test_whatever_only_looks_like_it_is_refused(
    api: httpx.AsyncClient, page: httpx.AsyncClient, registered: dict[str, Any], origin: str
) -> None:
    assert registered
    assert granted(await preflight(page, origin)) == {}
    answer = await api.get(LIST, headers={b"origin": origin.encode()})
    assert granted(answer) == {}
    # A header lets nobody in and keeps nobody out: who has the key gets the answer.
    assert answer.status_code == 200


async def test_two_origins_are_none(
    page: httpx.AsyncClient, api: httpx.AsyncClient, registered: dict[str, Any]
) -> None:
    assert registered
    twice = [("origin", APP), ("origin", APP)]
    assert granted(await api.get(LIST, headers=twice)) == {}
    method = ("access-control-request-method", "GET")
    assert granted(await page.options(LIST, headers=[*twice, method])) == {}
    assert granted(await page.options(LIST, headers=[("origin", APP), method, method])) == {}
    # OPTIONS without a method that is asked for is no preflight.
    answer = await page.options(LIST, headers={"origin": APP})
    assert (granted(answer), answer.headers["allow"]) == ({}, "GET, HEAD, OPTIONS, POST")


async def test_the_answer_is_for_the_tenant_that_has_the_origin(
    api: httpx.AsyncClient, other: httpx.AsyncClient, page: httpx.AsyncClient, registered: dict[str, Any]
) -> None:
    theirs = f"https://{new_id()}.example"
    made = (await other.post(BASE, json={"name": "Theirs", "validOrigins": [theirs]})).json()
    # A preflight says nothing of the tenant, the request does.
    assert granted(await preflight(page, theirs))["access-control-allow-origin"] == theirs
    assert granted(await other.get(LIST, headers={"origin": theirs}))["access-control-allow-origin"] == theirs
    assert granted(await api.get(LIST, headers={"origin": theirs})) == {}
    # An integration that is named is the only one that counts.
    for named, allowed in ((made["id"], True), (registered["id"], False), (str(new_id()), False), ("x", False)):
        assert bool(granted(await preflight(page, theirs, params={NAMED: named}))) is allowed
        assert bool(granted(await preflight(page, theirs, headers={NAMED: named}))) is allowed
        assert bool(granted(await other.get(LIST, headers={"origin": theirs, NAMED: named}))) is allowed
        assert bool(granted(await other.get(LIST, params={NAMED: named}, headers={"origin": theirs}))) is allowed
        assert granted(await api.get(LIST, headers={"origin": theirs, NAMED: named})) == {}
    assert granted(await other.get(LIST, params={NAMED: made["id"]}, headers={"origin": theirs, NAMED: "x"})) == {}


async def test_who_is_not_let_in_is_told_nothing(page: httpx.AsyncClient, registered: dict[str, Any]) -> None:
    assert registered
    answer = await page.get(LIST, headers={"origin": APP})
    assert (answer.status_code, granted(answer)) == (401, {})
    answer = await page.get(LIST, headers={"origin": APP, "authorization": "Bearer tln_x"})
    assert (answer.status_code, granted(answer)) == (401, {})
    # There is no such path, whatever the origin.
    answer = await preflight(page, APP, "/api/v1/nothing")
    assert (answer.status_code, granted(answer)) == (404, {})
    assert "vary" in (await page.get("/healthz")).headers


async def test_headers_that_are_asked_for_cannot_write_headers(
    page: httpx.AsyncClient, registered: dict[str, Any]
) -> None:
    assert registered
    asked = b'authorization, bad name, x"y, ok, \xff, ' + b", ".join(b"h%d" % n for n in range(100))
    told = granted(await preflight(page, APP, headers={b"access-control-request-headers": asked}))
    names = told["access-control-allow-headers"].split(", ")
    assert names[:3] == ["authorization", "ok", "h0"]
    assert len(names) <= 50


async def test_an_origin_that_is_taken_away_is_refused_within_a_second(parts: Parts, api: httpx.AsyncClient) -> None:
    mine = f"https://{new_id()}.example"
    made = (await api.post(BASE, json={"name": "App", "validOrigins": [mine]})).json()
    moment = 0.0
    origins = Origins(parts.database, clock=lambda: moment)
    tenant_id = UUID(made["tenantId"])
    assert await origins.anybody(mine)
    assert await origins.allows(tenant_id, mine)
    assert (await api.delete(f"{BASE}/{made['id']}")).status_code == 204
    moment = 1.0
    assert not await origins.anybody(mine)
    assert not await origins.allows(tenant_id, mine)


async def test_an_oauth_client_brings_its_own_origins(parts: Parts, world: World, tenant: Tenant) -> None:
    mine, row_id, name = f"https://{new_id()}.example", new_id(), str(new_id())
    async with parts.database.tenant(tenant.id) as unit:
        await unit.insert(
            oauth_clients,
            id=row_id,
            client_id=name,
            name="App",
            app_type="spa",
            allowed_origins=[mine],
            created_by=tenant.admin_id,
        )
    origins = Origins(parts.database)
    assert await origins.anybody(mine)
    assert not await origins.anybody(mine, new_id())
    for client_id in (row_id, name):
        assert await origins.allows(tenant.id, mine, client=client_id)
        assert not await origins.allows((await world.tenant()).id, mine, client=client_id)
        assert not await origins.allows(tenant.id, mine + ".evil.com", client=client_id)
    assert not await origins.allows(tenant.id, mine)


async def test_many_at_once_ask_the_same(page: httpx.AsyncClient, registered: dict[str, Any]) -> None:
    assert registered
    answers = await asyncio.gather(*(preflight(page, APP if n % 2 else "https://evil.com") for n in range(40)))
    assert [bool(granted(answer)) for answer in answers] == [bool(n % 2) for n in range(40)]
