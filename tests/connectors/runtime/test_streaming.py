"""Large files pass through in little memory, with everything that a call has besides; reads may be used again."""

from __future__ import annotations

import asyncio
import gc
import gzip
import hashlib
import tracemalloc
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import AuthMethod, Block, ErrorRule, Idempotency, Input, Manifest
from tieline.connectors.runtime.cache import ReadCache
from tieline.connectors.runtime.coerce import File
from tieline.connectors.runtime.errors import ReconnectNeeded, UpstreamRefused
from tieline.connectors.runtime.multipart import multipart
from tieline.core.errors import BadInput
from tieline.security.egress import Egress, Upload

pytestmark = pytest.mark.anyio

PART = bytes(range(256)) * 256
PARTS = 640  # 40 MB
GET = Block(id="export", kind="get", path="/export", output={"format": "binary"})


async def large(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="all.bin"'})
    response.content_length = PARTS * len(PART)
    await response.prepare(request)
    for _ in range(PARTS):
        await response.write(PART)
    return response


def source(parts: int = PARTS) -> Upload:
    async def read() -> AsyncIterator[bytes]:
        for _ in range(parts):
            yield PART

    return Upload(read, size=parts * len(PART))


async def test_a_download_comes_in_parts(egress: Egress, api: Api) -> None:
    api.handler = large
    digest = hashlib.sha256()
    tracemalloc.start()
    async with client(manifest(api.base, GET), egress).download(GET, {}) as download:
        assert (download.name, download.size) == ("all.bin", PARTS * len(PART))
        async for part in download:
            digest.update(part)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert digest.hexdigest() == hashlib.sha256(PART * PARTS).hexdigest()
    assert peak < 16 * 2**20


async def test_a_download_is_tried_again_until_it_begins(egress: Egress, api: Api) -> None:
    api.script = [answer({"error": "busy"}, 503), answer({"error": "slow"}, 429, Retry_After="1"), answer(b"the file")]
    made = client(manifest(api.base, GET), egress)
    async with made.download(GET, {}) as download:
        assert b"".join([part async for part in download]) == b"the file"
    assert made.counters.calls == 3


async def test_a_download_that_is_refused_says_why(egress: Egress, api: Api) -> None:
    api.script = [answer({"message": "no such export"}, 404)]
    with pytest.raises(UpstreamRefused, match="no such export"):
        async with client(manifest(api.base, GET), egress).download(GET, {}):
            pass
    api.script = [answer({"message": "who are you?"}, 401)]
    with pytest.raises(ReconnectNeeded):
        async with client(manifest(api.base, GET), egress).download(GET, {}):
            pass


async def test_leaving_a_download_early_closes_it(egress: Egress, api: Api) -> None:
    api.handler = large
    made = client(manifest(api.base, GET), egress)
    for _ in range(3):
        async with made.download(GET, {}) as download:
            assert await anext(aiter(download))
    api.handler = None
    assert (await made.call(Block(id="x", kind="get", path="/x"), {})).status == 200


@pytest.mark.parametrize("kind", ["multipart", "binary"])
async def test_an_upload_is_read_from_its_source(egress: Egress, api: Api, kind: str) -> None:
    given = Input(id="file", type="file", location="file", name="file", required=True)
    if kind == "binary":
        given.location, given.name = "body", ""
    put = Block(id="put", kind="create", method="POST", path="/files", inputs=[given], body_type=kind)  # type: ignore[arg-type]
    file = File(source(8), name='a "b".bin', content_type="application/x-thing")
    await client(manifest(api.base, put), egress).call(put, {"file": file})
    [asked] = api.asked
    assert int(asked.headers["content-length"]) == len(asked.body)
    if kind == "binary":
        assert asked.body == PART * 8
        assert asked.headers["content-type"] == "application/x-thing"
    else:
        assert PART * 8 in asked.body
        assert b'filename="a %22b%22.bin"' in asked.body


async def test_an_upload_is_sent_again_from_the_start(egress: Egress, api: Api) -> None:
    given = Input(id="file", type="file", location="body", name="", required=True)
    put = Block(id="put", kind="update", method="PUT", path="/files/1", inputs=[given], body_type="binary")
    put.idempotency = Idempotency(kind="upsert")
    api.script = [answer({"error": "busy"}, 503), answer({})]
    await client(manifest(api.base, put), egress).call(put, {"file": File(source(2))})
    assert [asked.body for asked in api.asked] == [PART * 2, PART * 2]


async def test_what_has_to_be_signed_cannot_be_streamed(egress: Egress, api: Api) -> None:
    signed = AuthMethod(id="digest", kind="digest", fields=[Input(id="username"), Input(id="password", secret=True)])
    given = Input(id="file", type="file", location="body", name="", required=True)
    put = Block(id="put", kind="update", method="PUT", path="/files/1", inputs=[given], body_type="binary")
    document: Manifest = manifest(api.base, put)
    document.auth = [signed]
    api.handler = lambda request: answer(
        {}, 401, WWW_Authenticate='Digest realm="x", nonce="n", qop="auth-int", algorithm=SHA-256'
    )
    made = client(document, egress, {"username": "ada", "password": "secret-of-ada"})
    with pytest.raises((BadInput, ReconnectNeeded)):
        await made.call(put, {"file": File(source(2))})


def cached(seconds: float) -> Block:
    return Block(id="types", kind="list", path="/types", records="$.items", cache=seconds)


async def test_a_read_that_may_be_used_again_is_called_once(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"items": [{"id": 1}]})
    block = cached(60)
    made = client(manifest(api.base, block), egress)
    made.account.connection_id = "connection-1"
    found = await asyncio.gather(*(made.call(block, {}) for _ in range(5)))
    assert [one.data for one in found] == [[{"id": 1}]] * 5
    assert len(api.asked) == 1
    other = client(manifest(api.base, block), egress)
    other.account.connection_id = "connection-2"
    await other.call(block, {})
    assert len(api.asked) == 2, "another connection sees its own answers only"


async def test_without_leave_every_read_is_called(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"items": []})
    block = cached(0)
    made = client(manifest(api.base, block), egress)
    made.account.connection_id = "connection-3"
    await made.call(block, {})
    await made.call(block, {})
    assert len(api.asked) == 2


async def test_an_error_is_not_kept(egress: Egress, api: Api) -> None:
    block = cached(60)
    made = client(manifest(api.base, block), egress)
    made.account.connection_id = "connection-4"
    api.script = [answer({"message": "no"}, 400), answer({"items": [{"id": 2}]})]
    with pytest.raises(UpstreamRefused):
        await made.call(block, {})
    assert (await made.call(block, {})).data == [{"id": 2}]


async def test_a_write_is_never_kept(egress: Egress, api: Api) -> None:
    block = Block(id="make", kind="create", method="POST", path="/x", cache=60)
    made = client(manifest(api.base, block), egress)
    made.account.connection_id = "connection-5"
    await made.call(block, {})
    await made.call(block, {})
    assert len(api.asked) == 2


async def test_what_one_caller_changes_the_next_does_not_see(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"items": [{"id": 1}]})
    block = cached(60)
    made = client(manifest(api.base, block), egress)
    made.account.connection_id = "connection-6"
    (await made.call(block, {})).data[0]["id"] = "changed"
    assert (await made.call(block, {})).data == [{"id": 1}]
    assert len(api.asked) == 1


async def test_two_blocks_of_one_address_do_not_share_what_they_make_of_it(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer({"items": [{"id": 1}], "kinds": [{"id": 2}]})
    block = cached(60)
    other = msgspec.structs.replace(block, id="kinds", records="$.kinds")
    made = client(manifest(api.base, block, other), egress)
    made.account.connection_id = "connection-7"
    assert (await made.call(block, {})).data == [{"id": 1}]
    assert (await made.call(other, {})).data == [{"id": 2}]


async def test_a_connection_with_other_credentials_does_not_see_the_old_accounts_answers(
    egress: Egress, api: Api
) -> None:
    key = AuthMethod(id="key", kind="api_key", location="header", name="X-Api-Key")
    block = cached(60)
    api.handler = lambda request: answer({"items": [{"id": request.headers["X-Api-Key"]}]})
    for secret in ("first-key", "second-key"):
        made = client(manifest(api.base, block, auth=key), egress, secrets={"api_key": secret})
        made.account.connection_id = "connection-8"
        assert (await made.call(block, {})).data == [{"id": secret}]


async def test_a_small_answer_that_is_large_in_memory_is_not_kept(egress: Egress, api: Api) -> None:
    packed = gzip.compress(b'{"items":[' + b",".join([b'{"a":0}'] * 400_000) + b"]}")
    assert len(packed) < 100_000
    api.handler = lambda request: answer(packed, Content_Encoding="gzip", Content_Type="application/json")
    block = cached(60)
    made = client(manifest(api.base, block), egress)
    made.account.connection_id = "connection-9"
    await made.call(block, {})
    await made.call(block, {})
    assert len(api.asked) == 2


async def test_a_number_beyond_64_bits_passes_through(egress: Egress, api: Api) -> None:
    api.handler = lambda request: answer(b'{"items":[{"id":%d}]}' % 2**80, Content_Type="application/json")
    block = cached(60)
    made = client(manifest(api.base, block), egress)
    made.account.connection_id = "connection-10"
    assert len((await made.call(block, {})).data) == 1


def test_who_asks_on_another_event_loop_waits_for_nobody_there() -> None:
    cache: ReadCache[str] = ReadCache()
    never = asyncio.new_event_loop()

    async def stuck() -> tuple[str, int]:
        await asyncio.Event().wait()
        return "never", 1

    async def ready() -> tuple[str, int]:
        return "now", 1

    async def begin() -> None:
        waiting = asyncio.ensure_future(cache.get("key", 60, stuck))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()

    never.run_until_complete(begin())
    try:
        assert asyncio.run(cache.get("key", 60, ready)) == "now"
    finally:
        for task in asyncio.all_tasks(never):
            task.cancel()
        never.run_until_complete(asyncio.sleep(0))
        never.close()


async def test_an_error_that_nobody_waits_for_is_not_logged() -> None:
    cache: ReadCache[str] = ReadCache()
    said: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["message"]))
    go = asyncio.Event()

    async def fails() -> tuple[str, int]:
        await go.wait()
        raise BadInput("no")

    waiting = asyncio.ensure_future(cache.get("key", 60, fails))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    go.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
    assert said == []


async def test_an_upload_that_is_left_early_closes_its_source() -> None:
    closed: list[str] = []

    async def read() -> AsyncIterator[bytes]:
        try:
            while True:
                yield PART
        finally:
            closed.append("source")

    form = multipart([("a", "1")], [("f", File(Upload(read)))], "boundary")
    assert isinstance(form, Upload)
    blocks = form.blocks()
    for _ in range(5):
        await anext(blocks)
    await blocks.aclose()
    assert closed == ["source"]


async def test_an_attempt_that_a_rule_throws_away_does_not_stay_open(egress: Egress, api: Api) -> None:
    async def not_yet(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=202)
        response.content_length = PARTS * len(PART)
        await response.prepare(request)
        for _ in range(PARTS):
            await response.write(PART)
        return response

    block = msgspec.structs.replace(GET, errors=[ErrorRule(status=[202], then="retry")])
    api.script = [not_yet, not_yet, answer(b"the file")]
    async with client(manifest(api.base, block), egress).download(block, {}) as download:
        assert b"".join([part async for part in download]) == b"the file"
        assert egress._pool is not None
        assert len(egress._pool._connector._acquired) <= 1
