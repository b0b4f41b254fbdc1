"""Every error has the envelope, whatever the request was."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.conftest import NO_LIMIT, Parts, Tenant, client, serving
from tieline.api.edge.paths import acceptable
from tieline.core.errors import TielineError
from tieline.server.app import create_app
from tieline.storage.errors import DatabaseUnavailable, DiskFull

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"


def envelope(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"errors", "traceId"}
    assert re.fullmatch("[0-9a-f]{32}", body["traceId"])
    assert answer.headers["x-trace-id"] == body["traceId"]
    for error in body["errors"]:
        assert (
            {"code", "title", "detail", "status"}
            <= set(error)
            <= {"code", "title", "detail", "status", "source", "meta"}
        )
        assert re.fullmatch("[a-z]+(-[a-z]+)*", error["code"])
        assert error["title"]
        assert error["detail"].endswith(".")
    first: dict[str, Any] = body["errors"][0]
    assert first["status"] == str(status)
    return first


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/api", "/api/v1", "/api/v2/automations", "/api/v1/Automations", f"{BASE}/x/y/z", "/favicon.ico"],
)
async def test_no_such_path(address: str, path: str) -> None:
    async with client(address) as stranger:
        assert envelope(await stranger.get(path), 404)["code"] == "not-found"


@pytest.mark.parametrize(
    "method, path, allowed",
    [
        ("PATCH", BASE, "GET, HEAD, OPTIONS, POST"),
        ("DELETE", BASE, "GET, HEAD, OPTIONS, POST"),
        ("POST", f"{BASE}/00000000-0000-0000-0000-000000000000", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("DELETE", f"{BASE}/usage", "GET, HEAD, OPTIONS"),
        ("DELETE", f"{BASE}/settings", "GET, HEAD, OPTIONS, PUT"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("TRACE", BASE, "GET, HEAD, OPTIONS, POST"),
        ("CONNECT", BASE, "GET, HEAD, OPTIONS, POST"),
    ],
)
async def test_no_such_method(address: str, method: str, path: str, allowed: str) -> None:
    async with client(address) as stranger:
        answer = await stranger.request(method, path)
    assert envelope(answer, 405)["code"] == "method-not-allowed"
    assert answer.headers["allow"] == allowed


async def test_options_tell_the_methods(address: str) -> None:
    async with client(address) as stranger:
        answer = await stranger.options(BASE)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
        assert "access-control-allow-origin" not in answer.headers
        envelope(await stranger.options("/nothing"), 404)


async def test_head_is_get_without_the_body(api: httpx.AsyncClient) -> None:
    head, get = await api.head(BASE), await api.get(BASE)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert (await api.head("/nothing")).status_code == 404


@pytest.mark.parametrize(
    "override",
    [
        {"x-http-method-override": "DELETE"},
        {"x-http-method": "DELETE"},
        {"x-method-override": "DELETE"},
        {"x-original-url": "/healthz"},
        {"x-rewrite-url": "/healthz"},
        {"x-forwarded-prefix": "/x"},
        {"x-tenant-id": "00000000-0000-0000-0000-000000000000"},
        {"qlik-web-integration-id": "x"},
    ],
)
async def test_headers_that_nobody_asked_for_change_nothing(api: httpx.AsyncClient, override: dict[str, str]) -> None:
    made = (await api.post(BASE, json={"name": "x"}, headers=override)).json()
    assert (await api.get(f"{BASE}/{made['id']}", headers=override)).json()["id"] == made["id"]
    assert (await api.post(f"{BASE}/{made['id']}?_method=DELETE", headers=override)).status_code == 405
    assert (await api.get(f"{BASE}/{made['id']}")).status_code == 200


BODIES: list[tuple[bytes, str, int, str]] = [
    (b"", "application/json", 400, "bad-input"),
    (b"   ", "application/json", 400, "bad-input"),
    (b"{", "application/json", 400, "malformed-json"),
    (b"{'name': 'x'}", "application/json", 400, "malformed-json"),
    (b'{"name": "x",}', "application/json", 400, "malformed-json"),
    (b'{"name": "x"} x', "application/json", 400, "malformed-json"),
    (b'{"name": NaN}', "application/json", 400, "malformed-json"),
    (b'{"maxConcurrentRuns": 1e999, "name": "x"}', "application/json", 400, "malformed-json"),
    (b'{"name": "\xff\xfe"}', "application/json", 400, "malformed-json"),
    (b'{"name": "\xed\xa0\x80"}', "application/json", 400, "malformed-json"),
    (b'{"name": "\\ud800"}', "application/json", 400, "malformed-json"),
    ('{"name": "x"}'.encode("utf-16"), "application/json", 400, "malformed-json"),
    (b"[" * 100_000, "application/json", 400, "malformed-json"),
    (b'{"workspace":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", "application/json", 400, "malformed-json"),
    (b"[]", "application/json", 400, "bad-input"),
    (b'"x"', "application/json", 400, "bad-input"),
    (b"null", "application/json", 400, "bad-input"),
    (b"5", "application/json", 400, "bad-input"),
    (b'{"name": "x"}', "text/plain", 415, "unsupported-media-type"),
    (b'{"name": "x"}', "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
    (b'{"name": "x"}', "multipart/form-data; boundary=x", 415, "unsupported-media-type"),
    (b'{"name": "x"}', "application/json; charset=utf-16", 415, "unsupported-media-type"),
    (b'{"name": "x"}', "application/jsonx", 415, "unsupported-media-type"),
    (b'{"name": "x"}', "nonsense", 415, "unsupported-media-type"),
]


@pytest.mark.parametrize("body, kind, status, code", BODIES, ids=[str(number) for number in range(len(BODIES))])
async def test_bodies_that_cannot_be_read(
    api: httpx.AsyncClient, body: bytes, kind: str, status: int, code: str
) -> None:
    answer = await api.post(BASE, content=body, headers={"content-type": kind})
    assert envelope(answer, status)["code"] == code
    assert (await api.get(BASE)).json()["data"] == []


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/merge-patch+json",
        "",
    ],
)
async def test_bodies_that_can(api: httpx.AsyncClient, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    assert (await api.post(BASE, content=b'\xef\xbb\xbf{"name": "x"}', headers=headers)).status_code == 201


async def test_a_compressed_body_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(BASE, content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert envelope(answer, 415)["code"] == "unsupported-encoding"


async def _chunks(size: int, number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield b" " * size


async def test_a_large_body_is_cut_off(api: httpx.AsyncClient, tenant: Tenant) -> None:
    made = (await api.post(BASE, json={"name": "x"})).json()
    space = f"{BASE}/{made['id']}/actions/change-space"
    megabytes = {"spaceId": "x" * (2**20 + 1)}
    answer = await api.post(space, json=megabytes)
    assert envelope(answer, 413)["meta"] == {"maximum": 2**20}
    assert answer.headers["connection"] == "close"
    streamed = await api.post(space, content=_chunks(2**16, 17), headers={"content-type": "application/json"})
    envelope(streamed, 413)
    large = await api.post(BASE, json={"name": "x", "workspace": {"blocks": [], "filler": "x" * 5 * 2**20}})
    assert large.status_code == 201
    too_large = await api.post(BASE, content=_chunks(2**20, 21), headers={"content-type": "application/json"})
    envelope(too_large, 413)


async def test_a_stranger_cannot_make_us_read(address: str) -> None:
    async with client(address) as stranger:
        answer = await stranger.post(BASE, content=_chunks(2**20, 19), headers={"content-type": "application/json"})
        envelope(answer, 401)


async def raw(address: str, data: bytes, *, wait: float = 10) -> bytes:
    """Bytes over a plain connection; what comes back until it is closed."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(data)
        await writer.drain()
        async with asyncio.timeout(wait):
            return await reader.read()
    finally:
        writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(address: str, tenant: Tenant) -> None:
    head = (
        f"POST {BASE} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {tenant.key}\r\ncontent-type: application/json\r\n"
    )
    answer = await raw(address, head.encode() + b'content-length: 100\r\n\r\n{"name"')
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body-too-slow"' in answer


async def test_a_body_that_drips_is_not_waited_for(address: str, tenant: Tenant) -> None:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST {BASE} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {tenant.key}\r\ncontent-length: 1000\r\n\r\n"
    writer.write(head.encode())
    answer = asyncio.create_task(reader.readline())
    for _ in range(60):
        await asyncio.wait([answer], timeout=0.1)
        if answer.done():
            break
        writer.write(b" ")
    assert (await answer).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_too_many_headers(api: httpx.AsyncClient) -> None:
    envelope(await api.get(BASE, headers={f"x-{number}": "x" for number in range(70)}), 431)
    envelope(await api.get(BASE, headers={"x-large": "x" * 40_000}), 431)


async def test_too_long_an_address(address: str) -> None:
    answer = await raw(address, f"GET {BASE}?{'x' * 62_000} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 414 ")
    assert b'"code":"target-too-long"' in answer


PATHS = [
    f"{BASE}/",
    f"/{BASE}",
    BASE.replace("/workflows", "//workflows"),
    f"/x/..{BASE}",
    f"/.{BASE}",
    f"/x/%2e%2e{BASE}",
    f"/x/%2E%2E{BASE}",
    f"/x/.%2e{BASE}",
    BASE.replace("/workflows", "%2fworkflows"),
    BASE.replace("/workflows", "%2Fworkflows"),
    f"{BASE};x",
    f"{BASE};/x",
    f"{BASE}%3bx",
    f"{BASE}%00",
    f"{BASE}%0a",
    f"{BASE}%20",
    f"{BASE}%252f",
    f"{BASE}%c0%af",
    f"{BASE}%ff",
    f"{BASE}%",
    f"{BASE}%2",
    f"{BASE}/.",
    f"{BASE}/..",
    f"{BASE}\\",
    f"{BASE}%5c",
    f"{BASE}.json",
    "/api/workflows%2fautomations",
    "/webhooks/..;/api/workflows/automations",
    "/API/workflows/automations",
]


@pytest.mark.parametrize("path", PATHS)
async def test_a_path_has_one_spelling(address: str, tenant: Tenant, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {tenant.key}\r\nconnection: close\r\n\r\n"
    answer = await raw(address, head.encode())
    assert answer.split(b" ", 2)[1] in {b"404", b"400"}, answer
    assert b'"data"' not in answer
    assert b"location:" not in answer.lower()


async def test_a_query_is_no_path(address: str) -> None:
    async with client(address) as stranger:
        for query in ("?/healthz", "?/webhooks/", "?path=/healthz", "?;/healthz"):
            envelope(await stranger.get(f"{BASE}{query}"), 401)


@pytest.mark.parametrize("path", [b"/", b"/a", b"/a/b.json", b"/a/%20b", b"/a%41", b"/a/b@c:d"])
def test_acceptable_paths(path: bytes) -> None:
    assert acceptable(path)


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"a",
        b"*",
        b"//",
        b"/a//b",
        b"/a b",
        b"/a\x00",
        b"/\xff",
        b"/a?b",
        b"/a#b",
        b"/%2fa",
        b"/%2e",
        b"/a/..",
        b"/./a",
        b"/%3b",
        b"/a%5Cb",
        b"/a%7f",
    ],
)
def test_unacceptable_paths(path: bytes) -> None:
    assert not acceptable(path)


async def test_a_trace_id_is_taken_over(api: httpx.AsyncClient) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    sent = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    assert (await api.get("/nothing", headers=sent)).json()["traceId"] == trace
    for wrong in ("x", f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{trace.upper()}-b7ad6b7169203331-01"):
        assert (await api.get("/nothing", headers={"traceparent": wrong})).json()["traceId"] not in {trace, "0" * 32}


async def test_answers_carry_the_security_headers(api: httpx.AsyncClient, address: str) -> None:
    for path in (BASE, "/nothing", "/healthz"):
        headers = (await api.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers
        assert "x-powered-by" not in headers


class Boom(TielineError):
    """A fault that says something about itself."""

    code = "internal-error"


@pytest.mark.parametrize(
    "fault, status, code",
    [
        (DatabaseUnavailable("The database is away."), 503, "database-unavailable"),
        (DiskFull("No space left."), 507, "disk-full"),
        (RuntimeError("secret words of an inner fault"), 500, "internal-error"),
        (ZeroDivisionError(), 500, "internal-error"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), 400, "bad-input"),
    ],
)
async def test_faults_of_our_own(
    parts: Parts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int, code: str
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(parts.automations, "create", broken)
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where, tenant.key) as api:
        answer = await api.post(BASE, json={"name": "x"})
        assert envelope(answer, status)["code"] == code
        assert "secret words" not in answer.text
        assert "Traceback" not in answer.text


async def test_what_a_failing_commit_wanted_is_not_said_to_be_done(
    parts: Parts, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer goes out after the commit: a transaction that fails at its end gives an error, and leaves nothing."""
    create = parts.automations.create

    async def ruined(unit: Any, **values: Any) -> Any:
        row = await create(unit, **values)
        statement = "SELECT 1/0"
        from sqlalchemy import text

        try:
            await unit.connection.execute(text(statement))
        except Exception:
            return row  # as if nobody had looked
        raise AssertionError

    monkeypatch.setattr(parts.automations, "create", ruined)
    # What comes after the creation only reads the row that it was given.
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where, tenant.key) as api:
        answer = await api.post(BASE, json={"name": "x"})
        assert answer.status_code == 500
    monkeypatch.undo()
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where, tenant.key) as api:
        assert (await api.get(BASE)).json()["data"] == []


def test_the_bodies_of_errors_are_json() -> None:
    from tieline.api.edge import envelope as edge

    body = json.loads(bytes(edge.answer([Boom('quotes " and ünïcode')], "t").body))
    assert body["errors"][0]["detail"] == 'quotes " and ünïcode'
