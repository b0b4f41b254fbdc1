"""Bodies block by block: the same walls, and nothing left open whatever the reader does."""

from __future__ import annotations

import anyio
import pytest

from tests.security.egress.servers import LOOPBACK, Seen, always, chunked, http, redirect, serving
from tieline.security.egress import ConnectFailed, Egress, EgressDenied, Policy, parse_allow

pytestmark = pytest.mark.anyio


async def test_blocks_come_before_the_body_is_complete() -> None:
    more = anyio.Event()

    async def answer(seen: Seen) -> bytes | None:
        seen.writer.write(chunked(b"first", end=False))
        await seen.writer.drain()
        await more.wait()
        return b"6\r\nsecond\r\n0\r\n\r\n"

    async with serving(answer) as server, Egress(LOOPBACK) as egress, egress.stream("GET", server.url()) as stream:
        assert (stream.status, stream.headers["Content-Type"], stream.url) == (200, "application/json", server.url())
        got = []
        async for block in stream:
            got.append(block)
            more.set()
        assert got == [b"first", b"second"]


async def test_redirects_are_followed_and_checked() -> None:
    async def answer(seen: Seen) -> bytes | None:
        return http(b"end") if seen.path == "/end" else redirect("/end" if seen.path == "/" else "http://10.0.0.1/")

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        async with egress.stream("GET", server.url()) as stream:
            assert [block async for block in stream] == [b"end"]
        with pytest.raises(EgressDenied):
            async with egress.stream("GET", server.url("/in")):
                pass


async def test_a_reader_that_stops_early_or_fails_leaves_nothing_open() -> None:
    async with (
        serving(always(http(b"x" * 20_000_000))) as server,
        Egress(Policy(allow=parse_allow("127.0.0.0/8"), max_per_origin=1)) as egress,
    ):
        async with egress.stream("GET", server.url()) as stream:
            async for _ in stream:
                break
        with pytest.raises(ZeroDivisionError):
            async with egress.stream("GET", server.url()) as stream:
                async for _ in stream:
                    raise ZeroDivisionError
        with pytest.raises(TimeoutError) as caught:
            async with egress.stream("GET", server.url()):
                raise TimeoutError("the reader's own")
        assert str(caught.value) == "the reader's own"
        with anyio.move_on_after(0.05):
            async with egress.stream("GET", server.url()):
                await anyio.sleep(10)
        assert len((await egress.request("GET", server.url())).body) == 20_000_000


async def test_memory_stays_flat_over_a_large_body() -> None:
    import resource

    block = b"10000\r\n" + b"x" * 65536 + b"\r\n"

    async def answer(seen: Seen) -> bytes | None:
        seen.writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(2400):
            seen.writer.write(block)
            await seen.writer.drain()
        return b"0\r\n\r\n"

    async with serving(answer) as server, Egress(LOOPBACK) as egress:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        total = 0
        async with egress.stream("GET", server.url(), max_bytes=2**30, timeout=50) as stream:
            async for piece in stream:
                total += len(piece)
        assert total == 2400 * 65536
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


async def test_a_server_that_is_not_there() -> None:
    async with Egress(LOOPBACK) as egress:
        with pytest.raises(ConnectFailed):
            async with egress.stream("GET", "http://127.0.0.1:1/"):
                pass
