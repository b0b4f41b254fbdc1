"""Bodies that are sent block by block: whole, bounded, and begun anew for every attempt."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tieline.core.errors import TielineError
from tieline.security.egress import Egress, Policy, Upload, UploadMismatch, parse_allow

pytestmark = pytest.mark.anyio

BLOCK = bytes(range(256)) * 256  # 64 kB


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress(Policy(allow=parse_allow("127.0.0.0/8"))) as opened:
        yield opened


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async def take(request: web.Request) -> web.Response:
        digest, size = hashlib.sha256(), 0
        async for block in request.content.iter_chunked(65536):
            digest.update(block)
            size += len(block)
        told = {"sha256": digest.hexdigest(), "size": size, "length": request.headers.get("Content-Length")}
        return web.json_response(told)

    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("/take")

    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/take", take)
    app.router.add_route("*", "/elsewhere", elsewhere)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def source(blocks: int, opened: list[int] | None = None) -> Upload:
    async def read() -> AsyncIterator[bytes]:
        if opened is not None:
            opened.append(1)
        for _ in range(blocks):
            yield BLOCK

    return Upload(read, size=blocks * len(BLOCK))


async def test_a_large_body_arrives_whole_in_little_memory(egress: Egress, address: str) -> None:
    tracemalloc.start()
    answer = await egress.request("POST", f"{address}/take", body=source(800))  # 50 MB
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    told = answer.json()
    assert told["size"] == 800 * len(BLOCK)
    assert told["length"] == str(800 * len(BLOCK))
    assert told["sha256"] == hashlib.sha256(BLOCK * 800).hexdigest()
    assert answer.sent_bytes == 800 * len(BLOCK)
    assert peak < 20 * 2**20


async def test_a_body_of_unknown_size_goes_in_chunks(egress: Egress, address: str) -> None:
    answer = await egress.request("PUT", f"{address}/take", body=Upload(source(3).open))
    assert (answer.json()["size"], answer.json()["length"]) == (3 * len(BLOCK), None)


async def test_a_redirect_sends_the_body_again_from_the_start(egress: Egress, address: str) -> None:
    opened: list[int] = []
    answer = await egress.request("POST", f"{address}/elsewhere", body=source(2, opened))
    assert answer.json()["size"] == 2 * len(BLOCK)
    assert len(opened) in (1, 2)  # the first server may answer before it has read


@pytest.mark.parametrize("announced", [1, 10 * len(BLOCK)], ids=["more", "fewer"])
async def test_a_source_that_does_not_keep_its_word_is_an_error(egress: Egress, address: str, announced: int) -> None:
    with pytest.raises(UploadMismatch, match="announced"):
        await egress.request("POST", f"{address}/take", body=Upload(source(2).open, size=announced), timeout=10)
    assert (await egress.request("POST", f"{address}/take", body=b"after")).json()["size"] == 5


async def test_a_source_that_fails_is_an_error_of_its_own_kind(egress: Egress, address: str) -> None:
    class Broken(TielineError):
        code = "broken-source"

    async def read() -> AsyncIterator[bytes]:
        yield BLOCK
        raise Broken("the disk is gone")

    with pytest.raises(Broken, match="the disk is gone"):
        await egress.request("POST", f"{address}/take", body=Upload(read), timeout=10)


async def test_an_empty_source_is_an_empty_body(egress: Egress, address: str) -> None:
    assert (await egress.request("POST", f"{address}/take", body=source(0))).json()["size"] == 0
