"""Ways round the door: odd paths, headers of proxies, credentials in the wrong place. Nobody comes in, nothing changes.

What is sent goes over a plain socket, byte for byte: clients put paths in order before they send them.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg.conninfo
import pytest

from tests.api import oauth_world
from tests.api.conftest import Parts, World, client, serving
from tests.api.matrix.makers import workspace
from tests.api.matrix.places import unlike
from tests.api.matrix.snapshot import Snapshot, changed
from tieline.core.ids import new_id
from tieline.server.app import create_app
from tieline.storage.cluster import SUPERUSER
from tieline.storage.embedded import Embedded
from tieline.tenancy import partners
from tieline.tenancy.limits import Tiers

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

BASE = "/api/v1/automations"


@pytest.fixture(scope="module")
async def address(parts: Parts) -> AsyncIterator[str]:
    tiers = Tiers(tier1=10**6, tier2=10**6, oem=10**6)
    async with serving(create_app(parts, tiers=tiers)) as where:
        yield where


@pytest.fixture(scope="module")
def snapshot(database_dsn: str, postgres: Embedded) -> Iterator[Snapshot]:
    name = psycopg.conninfo.conninfo_to_dict(database_dsn)["dbname"]
    found = Snapshot(postgres.address(str(name), SUPERUSER))
    yield found
    found.close()


class Wire:
    """One answer for bytes as they are."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.port = str(parts.hostname), parts.port

    async def __call__(
        self, method: str, target: str, *headers: str, body: bytes = b"", host: str | None = None
    ) -> tuple[int, str, str]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or f'{self.host}:{self.port}'}", "Connection: close"]
        lines += [*headers, f"Content-Length: {len(body)}"]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        data = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        head, _, text = data.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), head.decode("latin-1"), text.decode()


@pytest.fixture
def wire(address: str) -> Wire:
    return Wire(address)


@pytest.fixture(scope="module")
async def victim(address: str, world: World) -> dict[str, Any]:
    """An administrator's key, a plain user's, and an automation of the administrator's that has run."""
    tenant = await world.tenant()
    _, person = await world.user(tenant.id)
    async with client(address, tenant.key) as api:
        made = (await api.post(BASE, json={"name": "private-name", "workspace": workspace()})).json()
        await api.post(f"{BASE}/{made['id']}/runs", json={"context": "api"})
    return {"tenant": tenant, "person": person, "automation": made}


# How one may write the way to an automation; {id} is the victim's.
ODD = [
    "{base}/{id}?/webhooks/",
    "{base}/{id}?/hooks/x",
    "{base}/{id}?x=/healthz",
    "{base}/{id}#/healthz",
    "/healthz?/..{base}/{id}",
    "/{base}/{id}",
    "//{base}/{id}",
    "{base}//{id}",
    "/healthz/..{base}/{id}",
    "/healthz/%2e%2e{base}/{id}",
    "/healthz/%2E%2E/{base}/{id}",
    "/healthz/..;{base}/{id}",
    "/healthz/..;/{base}/{id}",
    "/healthz/..%2f{base}/{id}",
    "/healthz/%252e%252e{base}/{id}",
    "/healthz%00{base}/{id}",
    "/healthz;{base}/{id}",
    "/hooks/..{base}/{id}",
    "/api/v1/../v1/automations/{id}",
    "/api/v1/./automations/{id}",
    "/api/v1/automations;x/{id}",
    "/api/v1;x=1/automations/{id}",
    "/api/v1/automations/{id};x",
    "/api/v1/automations/{id};/healthz",
    "/api/v1/automations/{id}/",
    "/api/v1/automations/{id}/.",
    "/api/v1/automations/{id}/..;/",
    "/api/v1/automations/{id}.json",
    "/api/v1/automations/{id}%00",
    "/api/v1/automations/{id}%20",
    "/api/v1/automations/{id}%09",
    "/api/v1/automations/{id}%2f",
    "/api/v1/automations%2f{id}",
    "/api/v1/automations/%7b{id}%7d",
    "/api%2fv1%2fautomations/{id}",
    "/%61pi/v1/automations/{id}",
    "/api/v1/%61utomations/{id}",
    "/api/v1/%2561utomations/{id}",
    "/API/V1/AUTOMATIONS/{id}",
    "/Api/v1/Automations/{id}",
    "/api/v1/automations/{upper}",
    "/api/v1\\automations\\{id}",
    "/api/v1/automations/../automations/{id}",
    "http://127.0.0.1{base}/{id}",
    "http://evil.example{base}/{id}",
    "*",
]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH", "POST"])
async def test_odd_paths_let_nobody_in(wire: Wire, victim: dict[str, Any], snapshot: Snapshot, method: str) -> None:
    identity = victim["automation"]["id"]
    before = snapshot.take()
    for odd in ODD:
        target = odd.format(base=BASE, id=identity, upper=identity.upper())
        for headers in ((), (f"Authorization: Bearer {victim['person']}",)):
            body = b'{"name":"taken"}' if method in ("PUT", "PATCH", "POST") else b""
            status, _, text = await wire(method, target, "Content-Type: application/json", *headers, body=body)
            wanted = {400, 401, 404, 405, 415} if not target.startswith("/healthz?") else {200, 405}
            assert status in wanted, (method, target, status, text)
            assert "private-name" not in text, target
    assert changed(before, snapshot.take()) == []


@pytest.mark.parametrize(
    "header",
    [
        "X-HTTP-Method-Override: DELETE",
        "X-HTTP-Method: DELETE",
        "X-Method-Override: DELETE",
        "_method: DELETE",
        "X-Original-URL: {target}",
        "X-Rewrite-URL: {target}",
        "X-Original-URI: {target}",
        "X-Forwarded-Uri: {target}",
        "X-Forwarded-Path: {target}",
        "X-Forwarded-For: 127.0.0.1",
        "X-Real-IP: 127.0.0.1",
        "X-Client-IP: 127.0.0.1",
        "Forwarded: for=127.0.0.1",
        "X-Forwarded-User: {admin}",
        "X-Remote-User: {admin}",
        "X-User-Id: {admin}",
        "X-Tenant-Id: {tenant}",
        "Qlik-User-Id: {admin}",
        "Referer: {target}",
        "Cookie: Authorization=Bearer {key}; apiKey={key}; access_token={key}; session={key}",
        "X-Api-Key: {key}",
        "Api-Key: {key}",
        "X-Auth-Token: {key}",
        "Proxy-Authorization: Bearer {key}",
        "X-Forwarded-Authorization: Bearer {key}",
        "Access-Token: {key}",
        "X-Execution-Token: {key}",
        "Sec-WebSocket-Protocol: bearer, {key}",
    ],
)
async def test_headers_of_others_let_nobody_in(
    wire: Wire, victim: dict[str, Any], snapshot: Snapshot, header: str
) -> None:
    target = f"{BASE}/{victim['automation']['id']}"
    tenant = victim["tenant"]
    filled = header.format(target=target, admin=tenant.admin_id, tenant=tenant.id, key=tenant.key)
    before = snapshot.take()
    for method, where in (("GET", target), ("POST", f"{target}/actions/disable"), ("DELETE", target)):
        for more in ((), (f"Authorization: Bearer {victim['person']}",)):
            status, _, text = await wire(method, where, filled, *more)
            assert status == (404 if more else 401), (method, text)
    # What is asked for is what the request's first line says, and nothing else.
    status, _, text = await wire("GET", "/healthz", filled)
    assert (status, "private-name" in text) == (200, False)
    status, _, text = await wire("POST", BASE, filled, f"Authorization: Bearer {tenant.key}", body=b"{")
    assert status == 400
    assert changed(before, snapshot.take()) == []


async def test_a_method_is_what_the_first_line_says(wire: Wire, victim: dict[str, Any], snapshot: Snapshot) -> None:
    target = f"{BASE}/{victim['automation']['id']}"
    key = f"Authorization: Bearer {victim['tenant'].key}"
    before = snapshot.take()
    for header in ("X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE"):
        for query in ("", "?_method=DELETE", "?method=delete", "?X-HTTP-Method-Override=DELETE"):
            assert (await wire("GET", target + query, header, key))[0] == 200
    for method in ("HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "Get", "DELETE1", "PROPFIND", "TRACK", "QUERY"):
        status, head, text = await wire(method, target)
        assert status in (200, 204, 400, 401, 405), (method, status)
        assert "private-name" not in head + text
        if status in (200, 204):
            assert (method, text) == ("OPTIONS", "")
    status, _, text = await wire("HEAD", target)
    assert (status, text) == (401, "")
    status, _, text = await wire("HEAD", target, key)
    assert (status, text) == (200, "")
    assert changed(before, snapshot.take()) == []


def spellings(key: str, other: str) -> list[list[str]]:
    """Ways to send a key that are none."""
    basic = b64encode(f"{key}:".encode()).decode()
    turned = b64encode(f":{key}".encode()).decode()
    bearer = "Authorization: Bearer"
    return [
        [f"Authorization: {key}"],
        [f"Authorization: Basic {basic}"],
        [f"Authorization: Basic {turned}"],
        [f"Authorization: Token {key}"],
        [f"Authorization: ApiKey {key}"],
        [f"Authorization: Bearer={key}"],
        [f"Authorization: Bearer:{key}"],
        [f'{bearer} "{key}"'],
        [f"{bearer} <{key}>"],
        [f"{bearer} {key},{key}"],
        [f"{bearer} {key}, Bearer {other}"],
        [f"{bearer} {key} {key}"],
        [f"{bearer} {key[:10]} {key[10:]}"],
        [f"{bearer} {key.lower()}" if key.lower() != key else f"{bearer} x"],
        [f"{bearer} {key.upper()}"],
        [f"{bearer} {key[:-1]}"],
        [f"{bearer} {key}A"],
        [f"{bearer} {key}="],
        [f"{bearer} {key}%20"],
        [f"{bearer} {key}\xa0"],
        [f"{bearer} {key};"],
        [f"{bearer} undefined"],
        [f"{bearer} null"],
        [f"{bearer} {key}", f"{bearer} {key}"],
        [f"{bearer} {key}", f"{bearer} {other}"],
        [f"{bearer} nonsense", f"{bearer} {key}"],
        [f"{bearer} {key}", "Authorization: "],
        [f"authorization: bearer {other}", f"AUTHORIZATION: Bearer {key}"],
    ]


async def test_a_key_has_one_spelling_and_one_place(wire: Wire, victim: dict[str, Any], snapshot: Snapshot) -> None:
    key, target = victim["tenant"].key, f"{BASE}/{victim['automation']['id']}"
    before = snapshot.take()
    for headers in spellings(key, victim["person"]):
        for method, where in (("GET", target), ("DELETE", target)):
            status, _, text = await wire(method, where, *headers)
            assert status == 401, (headers, status, text)
    for name in ("access_token", "apiKey", "api_key", "key", "token", "authorization", "Authorization", "x-api-key"):
        for value in (key, f"Bearer%20{key}"):
            assert (await wire("GET", f"{target}?{name}={value}"))[0] == 401
            body = f"{name}={value}".encode()
            form = "Content-Type: application/x-www-form-urlencoded"
            assert (await wire("POST", f"{target}/actions/disable", form, body=body))[0] == 401
    # Control characters in a header are refused before anybody looks at them.
    for control in ("\0", "\x0b", "\x7f"):
        status, _, text = await wire("GET", target, f"Authorization: Bearer {key}{control}")
        assert status in (400, 401), text
    # Around it there may be whitespace (RFC 9110 section 5.5), and the scheme may have any case (section 11.1).
    for good in (f"Bearer {key}", f"bearer {key}", f"BEARER   {key}  ", f"Bearer {key}\t"):
        assert (await wire("GET", target, f"Authorization: {good}"))[0] == 200
    assert changed(before, snapshot.take()) == []


FORGED = [
    ["Host: evil.example"],
    ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X-Forwarded-Port: 1"],
    ["X-Forwarded-Prefix: /evil.example", "X-Original-Host: evil.example", "X-Host: evil.example"],
    ["X-Forwarded-Server: evil.example", "X-HTTP-Host-Override: evil.example"],
    ["Forwarded: for=1.2.3.4;host=evil.example;proto=https"],
    ["Origin: https://evil.example", "Referer: https://evil.example/"],
    ["X-Original-URL: https://evil.example/", "X-Rewrite-URL: https://evil.example/"],
    ["Via: 1.1 evil.example", "True-Client-IP: evil.example", "CF-Connecting-IP: evil.example"],
]


@pytest.mark.battery
@pytest.mark.parametrize("headers", FORGED, ids=[one[0].partition(":")[0] for one in FORGED])
async def test_forged_addresses_are_in_no_answer(
    wire: Wire, address: str, victim: dict[str, Any], parts: Parts, headers: list[str]
) -> None:
    """Every reading operation of the document that takes no id, and what tells addresses where things were made."""
    async with client(address) as anybody:
        document = (await anybody.get("/openapi.json")).json()
    key = f"Authorization: Bearer {victim['tenant'].key}"
    async with parts.database.system() as unit:
        app_id = f"app-{new_id()}"
        secret = await partners.issue_key(unit, parts.vault, await partners.create(unit, name="P", app_id=app_id))
    partner = (f"X-App-Id: {app_id}", f"X-Api-Key: {secret}")
    host = headers[0].partition(": ")[2] if headers[0].startswith("Host") else None
    sent = [one for one in headers if not one.startswith("Host")]
    asked = [path for path, item in document["paths"].items() if "get" in item and "{" not in path]
    asked += [f"{BASE}/{victim['automation']['id']}", f"{BASE}?limit=1", f"/api/v1/users/{victim['tenant'].admin_id}"]
    asked += ["/openapi.json", "/specs/automations.json", "/nothing", f"/api/v1/tenants/{victim['tenant'].id}"]
    for path in asked:
        status, head, text = await wire("GET", path, *sent, *(partner if "/oem/" in path else (key,)), host=host)
        assert status < 500
        assert "evil.example" not in head + text, path
    body = json.dumps({"name": "x", "validOrigins": ["https://a.example"]}).encode()
    kind = "Content-Type: application/json"
    _, head, text = await wire("POST", "/api/v1/web-integrations", key, kind, *sent, body=body, host=host)
    assert re.search(r"(?im)^location: ", head)
    assert "evil.example" not in head + text
    _, head, _ = await wire("GET", "/api/v1/users/me", key, *sent, host=host)
    assert "evil.example" not in head


async def test_what_is_open_tells_nothing_of_a_tenant(
    wire: Wire, victim: dict[str, Any], address: str, world: World, snapshot: Snapshot
) -> None:
    """Operations without a key: a real id without its secret looks as one that nothing has."""
    real = victim["automation"]["id"]
    other = await world.tenant()
    async with client(address, other.key) as api:
        mine = (await api.post(BASE, json={"name": "x", "workspace": workspace()})).json()
        token = (await api.get(f"{BASE}/{mine['id']}")).json()["executionToken"]
        made = await oauth_world.make(api)
    async with client(address, victim["tenant"].key) as api:
        theirs = await oauth_world.make(api)
        named = oauth_world.named(theirs)
        access = (await oauth_world.token(address, "client_credentials", named)).json()["access_token"]
    before = snapshot.take()

    async def same(method: str, path: str, *headers: str, body: Any = None, ids: tuple[str, ...]) -> None:
        told = []
        for turn in (str, unlike):
            filled = {f"id{at}": turn(value) for at, value in enumerate(ids)}
            sent = json.dumps(body).encode() if body is not None else b""
            path_now = path
            for name, value in filled.items():
                path_now = path_now.replace("{" + name + "}", value)
                sent = sent.replace(("{" + name + "}").encode(), value.encode())
            status, head, text = await wire(method, path_now, "Content-Type: application/json", *headers, body=sent)
            trace = re.search(r"(?im)^x-trace-id: (.+)$", head)
            assert trace is not None
            for value in (trace[1].strip(), *filled.values()):
                head, text = head.replace(value, "*"), text.replace(value, "*")
            for nonce in re.findall(r"'nonce-([\w+/=-]+)'", head):
                head, text = head.replace(nonce, "*"), text.replace(nonce, "*")
            told.append((status, re.sub(r"(?im)^(date|x-ratelimit-remaining): .*\r\n", "", head), text))
        assert told[0][0] in (302, 400, 401, 403, 404, 405, 410), (path, told[0])
        assert told[0] == told[1], path

    for headers in (
        (),
        ("X-Execution-Token: nonsense",),
        (f"X-Execution-Token: {token}",),
        (f"Authorization: Bearer {other.key}",),
    ):
        for prefix in ("/api/v1", "/api/workflows"):
            await same("POST", f"{prefix}/automations/{{id0}}/actions/execute", *headers, ids=(real,))
    grant = {"grant_type": "client_credentials"}
    for secret in ("nonsense", made["clientSecret"]):
        body = {**grant, "client_id": "{id0}", "client_secret": secret}
        await same("POST", "/oauth/token", body=body, ids=(theirs["clientId"],))
    impersonation = {
        "grant_type": "urn:qlik:oauth:user-impersonation",
        **oauth_world.named(made),
        "scope": "user_default",
        "user_lookup": {"field": "userId", "value": "{id0}"},
    }
    await same("POST", "/oauth/token", body=impersonation, ids=(str(victim["tenant"].admin_id),))
    exchange = {"grant_type": "refresh_token", **oauth_world.named(made), "refresh_token": access}
    await same("POST", "/oauth/token", body=exchange, ids=(real,))
    revoked, _, _ = await wire(
        "POST",
        "/oauth/revoke",
        "Content-Type: application/json",
        body=json.dumps({"token": access, **oauth_world.named(made)}).encode(),
    )
    assert revoked in (200, 400, 401)
    for path in ("/hooks/{id0}", "/connect/{id0}", "/connect/{id0}/status"):
        await same("GET", path, ids=(real,))
        await same("POST", path, body={}, ids=(real,))
    # A client that is refused tokens finds that in the audit log of its own tenant.
    assert set(changed(before, snapshot.take())) <= {"audit_log"}
    assert await oauth_world.reads(address, access) == 200
