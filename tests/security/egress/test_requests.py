"""What goes out: exactly what the caller asked for, minus what would let it forge a second request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.security.egress.servers import LOOPBACK, Seen, http, serving
from tieline.security.egress import BadHeader, BadUrl, Egress

pytestmark = pytest.mark.anyio


async def echo(seen: Seen) -> bytes | None:
    return http(
        json.dumps(
            {"method": seen.method, "path": seen.path, "headers": seen.headers, "body": seen.body.decode()}
        ).encode()
    )


@pytest.mark.parametrize("headers", [{"X-A": "1", "x-b": "ü\ttab"}, [("X-A", "1"), ("x-b", "ü\ttab")], ()])
async def test_headers_arrive(headers: Any) -> None:
    async with serving(echo) as server, Egress(LOOPBACK) as egress:
        got = (await egress.request("GET", server.url(), headers=headers)).json()["headers"]
    if headers:
        assert got["x-a"] == "1"
        assert got["x-b"].encode("latin-1").decode() == "ü\ttab"
    assert got["user-agent"].startswith("Tieline")
    assert "python" not in got["user-agent"].lower()


async def test_repeated_headers_stay_repeated() -> None:
    raw: list[bytes] = []

    async def answer(seen: Seen) -> bytes | None:
        raw.append(seen.headers["x-a"].encode())
        return http()

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        await egress.request("GET", server.url(), headers=[("X-A", "1"), ("X-A", "2")])
    assert raw == [b"2"]


async def test_framing_and_host_are_ours() -> None:
    given = {
        "Host": "internal.example",
        "Content-Length": "3",
        "Transfer-Encoding": "chunked",
        "Connection": "close",
        "Upgrade": "websocket",
        "Expect": "100-continue",
        "Proxy-Authorization": "x",
        "TE": "trailers",
        "Accept-Encoding": "br",
    }
    async with serving(echo) as server, Egress(LOOPBACK) as egress:
        for _ in range(2):
            got = (await egress.request("POST", server.url(), headers=given, body=b"12345")).json()
            assert got["body"] == "12345"
            assert got["headers"]["host"] == f"127.0.0.1:{server.port}"
            assert got["headers"]["accept-encoding"] == "gzip, deflate"
            assert not {"transfer-encoding", "upgrade", "expect", "proxy-authorization", "te"} & set(got["headers"])
        assert server.connections == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "a\r\nX-B: b"},
        {"X-A": "a\nb"},
        {"X-A": "a\x00"},
        {"X-A": "\x7f"},
        {"X A": "b"},
        {"": "b"},
        {"X-A:": "b"},
        {"X-Ä": "b"},
        {"X-A\r\n": "b"},
        {"X-A": None},
        {"X-A": 5},
        {"X-A": b"b"},
        {b"X-A": "b"},
        [("X-A", ["b"])],
        {"X-A": "\ud800"},
    ],
)
async def test_headers_that_cannot_be_sent_are_refused(headers: Any) -> None:
    async with serving(echo) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(BadHeader):
            await egress.request("GET", server.url(), headers=headers)
        assert server.connections == 0


async def test_the_value_of_a_refused_header_is_not_told() -> None:
    async with Egress(LOOPBACK) as egress:
        with pytest.raises(BadHeader) as caught:
            await egress.request("GET", "http://127.0.0.1:1/", headers={"Authorization": "Bearer hunter2\n"})
    assert "hunter2" not in caught.value.detail
    assert "Authorization" in caught.value.detail


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "", "G T", "GET\r\n", "GÉT", "GET /x HTTP/1.1\r\nX:"])
async def test_methods_that_are_not_sent(method: str) -> None:
    async with Egress(LOOPBACK) as egress:
        with pytest.raises(BadHeader):
            await egress.request(method, "http://127.0.0.1:1/")


@pytest.mark.parametrize("method", ["GET", "post", "PATCH", "REPORT", "M-SEARCH"])
async def test_methods_that_are_sent(method: str) -> None:
    async with serving(echo) as server, Egress(LOOPBACK) as egress:
        assert (await egress.request(method, server.url())).json()["method"] == method.upper()


@pytest.mark.parametrize("body", ["text", 5, ["x"], {"a": 1}, bytearray(b"x")])
async def test_a_body_is_bytes(body: Any) -> None:
    async with Egress(LOOPBACK) as egress:
        with pytest.raises(BadHeader, match="must be bytes"):
            await egress.request("POST", "http://127.0.0.1:1/", body=body)


async def test_large_and_empty_bodies_arrive() -> None:
    sizes: list[int] = []

    async def answer(seen: Seen) -> bytes | None:
        sizes.append(len(seen.body))
        return http()

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        for size in (0, 1, 5_000_000):
            response = await egress.request("PUT", server.url(), body=b"x" * size)
            assert response.sent_bytes == size
    assert sizes == [0, 1, 5_000_000]


async def test_paths_and_queries_arrive_as_written() -> None:
    async with serving(echo) as server, Egress(LOOPBACK) as egress:
        for path in ("/a%2Fb/../c?x=%20+y&z=[1]&q=a|b", "/?a=1&a=2", "/%C3%BC"):
            assert (await egress.request("GET", server.url(path))).json()["path"] == path
        assert (await egress.request("GET", server.url("/ü x#frag"))).json()["path"] == "/%C3%BC%20x"


async def test_a_bad_url_is_refused_before_anything_happens() -> None:
    async with Egress(LOOPBACK) as egress:
        for call in (egress.request("GET", "file:///etc/passwd"), egress.request("GET", "http://x\r\nY: z/")):
            with pytest.raises(BadUrl):
                await call
        with pytest.raises(BadUrl):
            async with egress.stream("GET", "file:///etc/passwd"):
                pass
