"""What is no request of HTTP at all, and what is too long to be one: answered with the envelope all the same."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def told(address: str, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to these bytes; the server closes or keeps the connection."""
    where = urlsplit(address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(sent)
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await asyncio.wait_for(reader.readexactly(int(headers.get("content-length", 0))), 20)
    finally:
        writer.close()
    return int(head[0].split()[1]), headers, body


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /api/v1/automations HTTP/1.1\r\nhost: x\r\ncontent-length: one\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /api/v1/automations HTTP/1.1\r\nhost: x\r\nbad name: 1\r\n\r\n",
        b"GET /api/v1/automations HTTP/9.9\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
    ids=["tls", "length", "two-lengths", "header-name", "version", "address"],
)
async def test_no_http_is_told_with_the_envelope(address: str, sent: bytes) -> None:
    status, headers, body = await told(address, sent)
    assert (status, headers["content-type"], headers["connection"]) == (400, "application/json", "close")
    content = json.loads(body)
    assert [(error["code"], error["status"]) for error in content["errors"]] == [("malformed-request", "400")]
    assert content["traceId"] == headers["x-trace-id"]


@pytest.mark.parametrize("length", [61 * 1024, 66_000, 200_000, 3_000_000])
@pytest.mark.parametrize("part", ["query", "path"])
async def test_an_address_too_long_is_414_however_long(api: httpx.AsyncClient, length: int, part: str) -> None:
    filling = b"%41" * (length // 3)
    target = b"/api/v1/users?filter=" + filling if part == "query" else b"/api/v1/users/" + filling
    where = urlsplit(str(api.base_url))
    head = f"host: x\r\nauthorization: {api.headers['authorization']}\r\n\r\n".encode()
    status, headers, body = await told(f"http://{where.netloc}", b"GET " + target + b" HTTP/1.1\r\n" + head)
    assert (status, headers["content-type"]) == (414, "application/json")
    assert json.loads(body)["errors"][0]["code"] == "target-too-long"


@pytest.mark.parametrize(
    "headers",
    [b"".join(b"x-%d: 1\r\n" % number for number in range(5000)), b"x: " + b"a" * 2_000_000 + b"\r\n"],
    ids=["many", "long"],
)
async def test_headers_too_large_are_431_however_large(address: str, headers: bytes) -> None:
    status, _, body = await told(address, b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + headers + b"\r\n")
    assert (status, json.loads(body)["errors"][0]["code"]) == (431, "headers-too-large")
