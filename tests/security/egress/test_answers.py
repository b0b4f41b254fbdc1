"""Answers: complete or refused, whatever the server does to them on the way."""

from __future__ import annotations

import gzip
import json
import resource
import zlib
from collections.abc import Callable
from functools import cache

import pytest

from tests.security.egress.servers import LOOPBACK, Seen, always, chunked, http, serving, zipped
from tieline.security.egress import BadResponse, Egress, Policy, ResponseTooLarge, parse_allow

pytestmark = pytest.mark.anyio

RECORDS = json.dumps({"items": [{"id": i, "name": f"User {i}"} for i in range(2000)]}).encode()


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def coded(body: bytes, coding: str, *lines: str) -> bytes:
    return http(body, 200, f"Content-Encoding: {coding}", *lines)


@pytest.mark.parametrize(
    "raw",
    [
        http(RECORDS),
        chunked(RECORDS[:10], RECORDS[10:5000], RECORDS[5000:]),
        zipped(RECORDS),
        coded(gzip.compress(RECORDS[:50]) + gzip.compress(RECORDS[50:]), "gzip"),
        coded(gzip.compress(RECORDS), "X-GZIP"),
        coded(zlib.compress(RECORDS), "deflate"),
        coded(raw_deflate(RECORDS), "deflate"),
        coded(gzip.compress(zlib.compress(RECORDS)), "deflate, gzip"),
        coded(gzip.compress(zlib.compress(RECORDS)), "deflate", "Content-Encoding: gzip"),
        coded(RECORDS, "identity"),
        coded(RECORDS, ""),
    ],
    ids=[
        "plain",
        "chunked",
        "gzip",
        "gzip-members",
        "x-gzip",
        "zlib",
        "raw-deflate",
        "two-codings",
        "two-headers",
        "identity",
        "empty",
    ],
)
async def test_every_honest_form_of_the_same_answer(raw: bytes) -> None:
    async with serving(always(raw)) as server, Egress(LOOPBACK) as egress:
        for _ in range(2):
            response = await egress.request("GET", server.url())
            assert response.body == RECORDS
            async with egress.stream("GET", server.url()) as stream:
                assert b"".join([block async for block in stream]) == RECORDS
        assert server.connections == 1
        assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"


async def test_the_size_on_the_wire_is_told() -> None:
    async with serving(always(zipped(RECORDS))) as server, Egress(LOOPBACK) as egress:
        response = await egress.request("POST", server.url(), body=b"12345")
    assert (response.sent_bytes, response.received_bytes) == (5, len(gzip.compress(RECORDS)))
    assert response.elapsed > 0


async def test_an_answer_without_length_ends_with_the_connection() -> None:
    async def answer(seen: Seen) -> bytes | None:
        seen.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[1]")
        return None

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        assert (await egress.request("GET", server.url())).json() == [1]


@pytest.mark.parametrize(
    "method, raw",
    [
        ("HEAD", http(b"", 200, "Content-Encoding: gzip", length=500)),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n"),
        ("GET", http(b"", 200, "Content-Encoding: gzip")),
        ("GET", http(b"")),
    ],
    ids=["head", "204", "304", "empty-gzip", "empty"],
)
async def test_answers_without_a_body(method: str, raw: bytes) -> None:
    async with serving(always(raw)) as server, Egress(LOOPBACK) as egress:
        for _ in range(2):
            response = await egress.request(method, server.url())
            assert (response.body, response.json(), response.text()) == (b"", None, "")


PACKED = gzip.compress(RECORDS)


@pytest.mark.parametrize(
    "raw, words",
    [
        (http(RECORDS[:100], length=200), "broke off after 100 bytes of the 200"),
        (chunked(RECORDS[:100], end=False), "broke off after 100 bytes"),
        (coded(PACKED[: len(PACKED) // 2], "gzip"), "gzip body stops in the middle"),
        (coded(PACKED[:-1], "gzip"), "gzip body stops in the middle"),
        (coded(PACKED[:5], "gzip"), "gzip body stops in the middle"),
        (coded(zlib.compress(RECORDS)[:-4], "deflate"), "deflate body stops in the middle"),
        (coded(PACKED + b"garbage", "gzip"), "goes on after its end"),
        (coded(PACKED + b"\x1fgarbage", "gzip"), "damaged"),
        (coded(zlib.compress(RECORDS) + b"x", "deflate"), "goes on after its end"),
        (coded(PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], "gzip"), "damaged"),
        (coded(RECORDS, "gzip"), "is said to be gzip and is not"),
        (coded(RECORDS, "deflate"), "is said to be deflate and is not"),
        (coded(RECORDS, "br"), "content coding 'br'"),
        (coded(RECORDS, "gzip, br"), "content coding 'br'"),
        (coded(RECORDS, "gzip, gzip, gzip, gzip"), "encoded 4 times"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        (b"\x00\xff\xfe\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 " + b"y" * 100_000 + b"\r\n\r\n", "not HTTP"),
        (http(b"{}", 200, "Transfer-Encoding: chunked"), "127.0.0.1"),
        (http(b"{}", 200, "Content-Length: 3"), "127.0.0.1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}", "127.0.0.1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n{}", "127.0.0.1"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "127.0.0.1"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "127.0.0.1"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", "127.0.0.1"),
    ],
)
async def test_half_and_crooked_answers_are_refused(raw: bytes, words: str) -> None:
    async def answer(seen: Seen) -> bytes | None:
        seen.writer.write(raw)
        return None

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(BadResponse) as caught:
            await egress.request("GET", server.url(), timeout=5)
        assert words in caught.value.detail
        assert caught.value.sent is True
        with pytest.raises(BadResponse):
            async with egress.stream("GET", server.url(), timeout=5) as stream:
                async for _ in stream:
                    pass


async def test_a_connection_reset_in_the_middle_of_the_body() -> None:
    async def answer(seen: Seen) -> bytes | None:
        seen.writer.write(http(RECORDS[:100], length=len(RECORDS)))
        await seen.writer.drain()
        seen.reset()
        return None

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(BadResponse, match="broke off") as caught:
            await egress.request("POST", server.url())
        assert caught.value.sent is True


async def endless(seen: Seen) -> bytes | None:
    seen.writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not seen.writer.is_closing():
        seen.writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await seen.writer.drain()
    return None


@pytest.mark.parametrize(
    "answer",
    [
        always(http(b"x" * 2000)),
        always(http(b"", length=10**15)),
        always(chunked(b"x" * 2000)),
        always(zipped(b"x" * 2000)),
        endless,
    ],
    ids=["length", "announced", "chunked", "expanded", "endless"],
)
async def test_more_than_the_cap_is_refused(answer: Callable[[Seen], object]) -> None:
    async with serving(answer) as server, Egress(LOOPBACK) as egress:  # type: ignore[arg-type]
        for cap in (1999, 0):
            with pytest.raises(ResponseTooLarge, match=f"more than {cap} bytes|larger than {cap} bytes"):
                await egress.request("GET", server.url(), max_bytes=cap)
            with pytest.raises(ResponseTooLarge):
                async with egress.stream("GET", server.url(), max_bytes=cap) as stream:
                    async for _ in stream:
                        pass


@pytest.mark.parametrize(
    "raw", [http(b"x" * 2000), chunked(b"x" * 2000), zipped(b"x" * 2000)], ids=["length", "chunked", "gzip"]
)
async def test_exactly_the_cap_is_accepted(raw: bytes) -> None:
    async with serving(always(raw)) as server, Egress(LOOPBACK) as egress:
        assert len((await egress.request("GET", server.url(), max_bytes=2000)).body) == 2000


@cache
def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(2**20)
    return b"".join([packer.compress(block) for _ in range(megabytes)]) + packer.flush()


@pytest.mark.parametrize("layers", [1, 2, 3])
async def test_a_decompression_bomb_is_stopped_early(layers: int) -> None:
    body = bomb(300)
    for _ in range(layers - 1):
        body = gzip.compress(body)
    raw = coded(body, ", ".join(["gzip"] * layers))
    async with serving(always(raw)) as server, Egress(LOOPBACK) as egress:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(ResponseTooLarge, match=r"expands to more than 250 times its size"):
            await egress.request("GET", server.url())
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


async def test_dull_data_is_no_bomb() -> None:
    dull = b'{"value": 0, "note": null},' * 400_000
    async with serving(always(zipped(dull))) as server, Egress(LOOPBACK) as egress:
        assert (await egress.request("GET", server.url())).body == dull


async def test_a_body_of_empty_members_is_refused() -> None:
    async with serving(always(coded(gzip.compress(b"") * 5000, "gzip"))) as server, Egress(LOOPBACK) as egress:
        with pytest.raises(BadResponse, match="members"):
            await egress.request("GET", server.url())


async def test_other_tasks_run_while_a_large_body_is_expanded() -> None:
    import anyio

    body = b"0" * (15 * 2**20)
    policy = Policy(allow=parse_allow("127.0.0.0/8"))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await anyio.sleep(0)

    async with serving(always(zipped(body))) as server, Egress(policy) as egress, anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        response = await egress.request("GET", server.url())
        tasks.cancel_scope.cancel()
    assert len(response.body) == len(body)
    assert ticks > 50, "one received block expands in sixty steps, with a pause after each"


async def test_headers_are_text_that_can_be_stored() -> None:
    raw = b"HTTP/1.1 200 OK\r\nX-A: caf\xe9 \xff\r\nX-B: caf\xc3\xa9\r\nContent-Length: 2\r\n\r\n{}"
    async with serving(always(raw)) as server, Egress(LOOPBACK) as egress:
        headers = (await egress.request("GET", server.url())).headers
        assert (headers["x-a"], headers["X-B"]) == ("caf\ufffd \ufffd", "café")
        async with egress.stream("GET", server.url()) as stream:
            assert stream.headers["X-A"].encode()


async def test_any_status_is_an_answer() -> None:
    async def answer(seen: Seen) -> bytes | None:
        return http(b'{"e":1}', int(seen.path[1:]))

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        for status in (200, 201, 207, 400, 401, 403, 404, 409, 418, 429, 451, 500, 503, 599):
            response = await egress.request("GET", server.url(f"/{status}"))
            assert (response.status, response.json()) == (status, {"e": 1})
