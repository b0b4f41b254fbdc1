"""One call and everything that can happen on its way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.connectors.runtime.api import Api, answer, lost
from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import Block, ErrorRule, Idempotency, Input, RateBudget
from tieline.connectors.runtime import Client, MemoryBudget, exchange
from tieline.connectors.runtime.errors import (
    BadAnswer,
    ReconnectNeeded,
    UpstreamBusy,
    UpstreamRefused,
    UpstreamUnavailable,
)
from tieline.core.errors import NotFound, Terminal, Transient
from tieline.security.egress import Egress, Policy, ResponseTooLarge, parse_allow

pytestmark = pytest.mark.anyio

READ = Block(id="read", kind="get", path="/thing")
ADD = Block(
    id="add", kind="create", method="POST", path="/things", inputs=[Input(id="name", location="body", name="/name")]
)


def keyed(kind: Any, **more: Any) -> Block:
    return Block(
        id="add",
        kind="create",
        method="POST",
        path="/things",
        inputs=ADD.inputs,
        idempotency=Idempotency(kind=kind, **more),
    )


def of(api: Api, egress: Egress, *blocks: Block, **more: Any) -> Client:
    return client(manifest(api.base, *blocks), egress, **more)


async def test_an_answer_has_record_body_and_headers(egress: Egress, api: Api) -> None:
    block = Block(id="read", kind="get", path="/thing", records="$.data")
    api.script = [answer({"data": {"id": 1}}, X_Thing="a")]
    got = await of(api, egress, block).call(block, {})
    assert (got.status, got.data, got.body) == (200, {"id": 1}, {"data": {"id": 1}})
    assert (got.headers["x-thing"], got.attempts, got.done_already) == ("a", 1, False)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520, 529])
@pytest.mark.parametrize("block", [READ, ADD], ids=["read", "write"])
async def test_what_may_pass_is_tried_again(egress: Egress, api: Api, status: int, block: Block) -> None:
    api.script = [answer({}, status), answer(b"<html>", status), answer({"id": 1})]
    got = await of(api, egress, block).call(block, {})
    assert (got.attempts, len(api.asked)) == (3, 3)


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 428, 451, 501, 505])
async def test_what_was_refused_is_not(egress: Egress, api: Api, status: int) -> None:
    api.script = [answer({"errors": [{"title": "no", "detail": "because"}]}, status)]
    with pytest.raises(UpstreamRefused) as caught:
        await of(api, egress, ADD).call(ADD, {})
    assert len(api.asked) == 1
    assert (caught.value.upstream_status, caught.value.excerpt) == (status, "because")
    assert isinstance(caught.value, Terminal)
    assert f"status {status}: because" in caught.value.detail


async def test_after_all_attempts_the_error_is_one_that_may_pass(egress: Egress, api: Api) -> None:
    api.handler = lambda _: answer(
        b"<html><h1>Error</h1><script>alert('xss')</script><pre>at Foo.bar()</pre></html>",
        500,
        Content_Type="text/html",
    )
    with pytest.raises(UpstreamUnavailable) as caught:
        await of(api, egress, READ).call(READ, {})
    assert len(api.asked) == 5
    assert isinstance(caught.value, Transient)
    assert caught.value.excerpt == "Error at Foo.bar()"
    assert "5 attempts (status 500: Error at Foo.bar())" in caught.value.detail


async def test_a_lost_answer_is_tried_again_also_for_a_naive_write(egress: Egress, api: Api) -> None:
    api.script = [lost, lost, answer({"id": 1}, 201)]
    got = await of(api, egress, ADD).call(ADD, {"name": "x"})
    assert (got.attempts, len(api.asked)) == (3, 3)
    assert "idempotency-key" not in api.asked[0].headers


async def test_all_attempts_carry_one_idempotency_key(egress: Egress, api: Api) -> None:
    block = keyed("header", header="X-Request-Key")
    api.script = [lost, answer({}, 503), answer({"id": 1}, 201)]
    await of(api, egress, block).call(block, {"name": "x"}, idempotency_key="run/1")
    assert [asked.headers["x-request-key"] for asked in api.asked] == ["run/1"] * 3
    await of(api, egress, block).call(block, {"name": "x"})
    assert api.asked[-1].headers["x-request-key"]


async def test_a_key_still_in_use_is_waited_for(egress: Egress, api: Api) -> None:
    block = keyed("header")
    busy = {"errors": [{"code": "idempotency-key-in-use", "detail": "first request still running"}]}
    api.script = [answer(busy, 409), answer({"id": 1}, 201)]
    got = await of(api, egress, block).call(block, {"name": "x"}, idempotency_key="k")
    assert (got.status, got.attempts) == (201, 2)
    api.script = [answer({"errors": [{"code": "already-exists", "detail": "email"}]}, 409)]
    with pytest.raises(UpstreamRefused):
        await of(api, egress, block).call(block, {"name": "x"}, idempotency_key="k")


async def test_a_natural_key_makes_a_conflict_a_success(egress: Egress, api: Api) -> None:
    block = keyed("natural_key", conflict=[409, 422])
    api.script = [lost, answer({"error": "exists"}, 422)]
    got = await of(api, egress, block).call(block, {"name": "x"})
    assert got.done_already
    assert got.data is None
    api.script = [answer({"error": "bad"}, 400)]
    with pytest.raises(UpstreamRefused):
        await of(api, egress, block).call(block, {"name": "x"})


async def test_a_delete_that_was_lost_finds_nothing_more_to_delete(egress: Egress, api: Api) -> None:
    block = Block(id="remove", kind="delete", method="DELETE", path="/things/1")
    api.script = [lost, answer({}, 404)]
    assert (await of(api, egress, block).call(block, {})).done_already
    api.script = [answer({}, 404)]
    with pytest.raises(UpstreamRefused):
        await of(api, egress, block).call(block, {})


async def test_error_rules_come_first(egress: Egress, api: Api) -> None:
    rules = [
        ErrorRule(then="reconnect", path="$.error", equals="invalid_auth", message="$.text"),
        ErrorRule(then="rate_limited", path="$.error", equals="ratelimited"),
        ErrorRule(then="retry", status=[418]),
        ErrorRule(then="ignore", status=[404]),
        ErrorRule(then="done", status=[409]),
        ErrorRule(then="fail", path="$.ok", equals=False, message="$.error"),
        ErrorRule(then="fail", path="$.errors"),
    ]
    block = Block(id="read", kind="get", path="/thing", errors=rules)
    made = of(api, egress, block)
    api.script = [answer({"ok": False, "error": "not_found"})]
    with pytest.raises(UpstreamRefused, match="not_found"):
        await made.call(block, {})
    api.script = [answer({"data": None, "errors": [{"message": "no such field"}]})]
    with pytest.raises(UpstreamRefused, match="no such field"):
        await made.call(block, {})
    api.script = [answer({"ok": False, "error": "invalid_auth", "text": "gone"})]
    with pytest.raises(ReconnectNeeded, match="gone"):
        await made.call(block, {})
    api.script = [answer({}, 418), answer({"ok": True, "errors": []})]
    assert (await made.call(block, {})).attempts == 2
    api.script = [answer({"message": "none"}, 404)]
    assert (await made.call(block, {})).data is None
    api.script = [answer({}, 409)]
    assert (await made.call(block, {})).done_already
    api.script = [answer({"error": "ratelimited"}, 200, Retry_After="1"), answer({"ok": True})]
    assert (await made.call(block, {})).attempts == 2


async def test_a_403_that_means_quota_is_a_limit_and_another_is_not(egress: Egress, api: Api) -> None:
    quota = {"error": {"code": 403, "errors": [{"reason": "rateLimitExceeded"}]}}
    api.script = [answer(quota, 403, Retry_After="1"), answer({"id": 1})]
    assert (await of(api, egress, READ).call(READ, {})).attempts == 2
    api.script = [answer({"error": "missing permission"}, 403)]
    with pytest.raises(UpstreamRefused):
        await of(api, egress, READ).call(READ, {})


async def test_a_pause_too_long_to_sit_through_is_for_the_engine(egress: Egress, api: Api) -> None:
    api.script = [answer({}, 429, Retry_After="3600")]
    with pytest.raises(UpstreamBusy) as caught:
        await of(api, egress, READ).call(READ, {})
    assert caught.value.retry_after == 3600
    assert isinstance(caught.value, Transient)
    api.script = [answer({}, 503, Retry_After="3600")]
    with pytest.raises(UpstreamBusy):
        await of(api, egress, READ).call(READ, {})


async def test_who_comes_after_a_long_pause_was_asked_for_does_not_call(egress: Egress, api: Api) -> None:
    budget = MemoryBudget()
    api.script = [answer({}, 429, Retry_After="3600")]
    for _ in range(3):
        with pytest.raises(UpstreamBusy):
            await of(api, egress, READ, budget=budget).call(READ, {})
    assert len(api.asked) == 1


async def test_no_more_calls_are_under_way_than_declared(egress: Egress, api: Api) -> None:
    under_way = most = 0

    async def handle(_: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return answer({"id": 1})

    api.handler = handle
    document = manifest(api.base, READ, rate=RateBudget(concurrent=3))
    made = client(document, egress)
    await asyncio.gather(*(made.call(READ, {}) for _ in range(12)))
    assert most == 3


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"items": [1', "application/json"),
        (b'{"a": 1', "text/plain"),
    ],
)
async def test_a_cut_answer_is_asked_for_again_by_reads(
    egress: Egress, api: Api, body: bytes, content_type: str
) -> None:
    api.script = [answer(body, Content_Type=content_type), answer({"id": 1})]
    assert (await of(api, egress, READ).call(READ, {})).data == {"id": 1}


async def test_a_cut_answer_to_a_write_is_not_sent_again_unless_it_is_safe(egress: Egress, api: Api) -> None:
    cut = answer(b'{"id": 1', 201, Content_Type="application/json")
    api.script = [cut]
    with pytest.raises(BadAnswer, match="accepted the call, so it is not sent again"):
        await of(api, egress, ADD).call(ADD, {"name": "x"})
    assert len(api.asked) == 1
    block = keyed("header")
    api.script = [answer(b'{"id": 1', 201, Content_Type="application/json"), answer({"id": 1}, 201)]
    assert (await of(api, egress, block).call(block, {"name": "x"})).data == {"id": 1}


async def test_answers_without_a_body_are_fine(egress: Egress, api: Api) -> None:
    for status in (200, 202, 204):
        api.script = [answer(b"", status, Content_Type="application/json")]
        assert (await of(api, egress, READ).call(READ, {})).data is None


async def test_a_sign_in_page_is_not_data(egress: Egress, api: Api) -> None:
    page = b"<!doctype html><title>Sign in</title><form></form>"
    api.script = [answer(page, Content_Type="text/html")]
    with pytest.raises(ReconnectNeeded, match="sign-in page"):
        await of(api, egress, READ).call(READ, {})
    api.script = [answer(b"<html>hello</html>", Content_Type="text/html")]
    with pytest.raises(BadAnswer, match="a web page instead of data"):
        await of(api, egress, READ).call(READ, {})


async def test_a_download_is_a_file(egress: Egress, api: Api) -> None:
    block = Block(id="file", kind="get", path="/file", output={"type": "string", "format": "binary"})
    api.script = [
        answer(b"\x00data", Content_Type="application/pdf", Content_Disposition='attachment; filename="../x.pdf"')
    ]
    assert (await of(api, egress, block).call(block, {})).data == {
        "name": "x.pdf",
        "content_type": "application/pdf",
        "base64": "AGRhdGE=",
        "size": 5,
    }


async def test_an_answer_over_the_cap_is_not_tried_again(api: Api) -> None:
    api.handler = lambda _: answer(b"x" * 100_000)
    async with Egress(Policy(allow=parse_allow("127.0.0.1"), max_bytes=10_000)) as egress:
        with pytest.raises(ResponseTooLarge):
            await of(api, egress, READ).call(READ, {})
    assert len(api.asked) == 1


async def test_a_server_that_is_not_there(egress: Egress) -> None:
    with pytest.raises(UpstreamUnavailable, match="5 attempts"):
        await client(manifest("http://127.0.0.1:1", READ), egress).call(READ, {})


async def test_a_cancelled_call_gives_its_permit_back(egress: Egress, api: Api) -> None:
    over = asyncio.Event()

    async def hang(_: Any) -> Any:
        await over.wait()
        return answer({})

    budget = MemoryBudget()
    document = manifest(api.base, READ, rate=RateBudget(concurrent=1))
    api.script = [hang]
    task = asyncio.create_task(client(document, egress, budget=budget).call(READ, {}))
    while not api.asked:
        await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await client(document, egress, budget=budget).call(READ, {})
    over.set()


async def test_every_exchange_is_seen_and_counted(egress: Egress, api: Api) -> None:
    seen: list[Any] = []

    class Watcher:
        async def before(self) -> None: ...

        def exchange(self, exchange: Any) -> None:
            seen.append(exchange)

    made = of(api, egress, ADD, observer=Watcher())
    api.script = [lost, answer({}, 503), answer({"id": 1}, 201)]
    await made.call(ADD, {"name": "x"})
    assert [(entry.attempt, entry.status, entry.block) for entry in seen] == [
        (1, 0, "add"),
        (2, 503, "add"),
        (3, 201, "add"),
    ]
    assert seen[0].error == "connect-failed"
    assert seen[2].sent_bytes == len(b'{"name":"x"}')
    assert (made.counters.calls, made.counters.retries) == (3, 2)
    assert made.counters.received_bytes == len(b"{}") + len(b'{"id":1}')


async def test_blocks_are_found_by_id_and_guid() -> None:
    block = Block(id="read", guid="4bb0", path="/x")
    made = client(manifest("https://x.example", block), Egress())
    assert made.block("read") is block
    assert made.block("4bb0") is block
    with pytest.raises(NotFound, match="no block 'nope'"):
        made.block("nope")


@pytest.mark.parametrize(
    "headers",
    [
        {"Location": "/jobs/1"},
        {"Retry_After": "1"},
        {"Location": "http://elsewhere.example/jobs/1", "Retry_After": "1"},
        {"Location": "http://[::1", "Retry_After": "1"},
        {"Location": "file:///etc/passwd", "Retry_After": "1"},
    ],
    ids=["no-pace", "no-place", "other-origin", "no-url", "no-http"],
)
async def test_accepted_work_without_a_place_to_look_at_is_the_answer(
    egress: Egress, api: Api, headers: dict[str, str]
) -> None:
    api.script = [answer({"queued": True}, 202, **headers)]
    got = await of(api, egress, ADD).call(ADD, {"name": "x"})
    assert (got.status, got.data, len(api.asked)) == (202, {"queued": True}, 1)


async def test_accepted_work_is_looked_at_until_it_is_done_and_never_sent_again(egress: Egress, api: Api) -> None:
    accepted = answer({"queued": True}, 202, Location="../jobs/1?a=b", Retry_After="0")
    api.script = [accepted, answer({}, 202), answer({}, 503), answer({"id": 1})]
    got = await of(api, egress, ADD).call(ADD, {"name": "x"})
    assert (got.status, got.data, got.attempts) == (200, {"id": 1}, 1)
    assert [(asked.method, asked.target) for asked in api.asked] == [("POST", "/things")] + [("GET", "/jobs/1?a=b")] * 3
    assert api.asked[1].body == b""


async def test_accepted_work_that_never_ends_is_an_error_that_is_not_tried_again(
    egress: Egress, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LONGEST", 0.1)
    monkeypatch.setattr(exchange, "PAUSE", 0.02)
    api.handler = lambda _: answer({}, 202, Location="/jobs/1", Retry_After="0")
    with pytest.raises(BadAnswer, match="has not finished it within"):
        await of(api, egress, ADD).call(ADD, {"name": "x"})
    assert [asked.method for asked in api.asked].count("POST") == 1


async def test_a_list_that_is_somewhere_else_is_an_error_of_a_call_too(egress: Egress, api: Api) -> None:
    block = Block(id="all", kind="list", path="/things", records="$.items")
    api.script = [answer({"data": [{"id": 1}]})]
    with pytest.raises(BadAnswer, match=r"the answer has one at \$\.data"):
        await of(api, egress, block).call(block, {})
