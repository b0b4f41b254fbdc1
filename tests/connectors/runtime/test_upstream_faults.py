"""Every misbehaviour that the upstream has, met with the reaction that its own description asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.request import urlopen

import pytest

from tests.connectors.runtime.support import client, manifest
from tieline.connectors.manifest.model import AuthMethod, Block, ErrorRule, Input
from tieline.connectors.runtime import Answer, Client, RetryPolicy
from tieline.connectors.runtime import budget as budget_module
from tieline.connectors.runtime.errors import (
    BadAnswer,
    ReconnectNeeded,
    UpstreamBusy,
    UpstreamRefused,
    UpstreamUnavailable,
)
from tieline.core import json
from tieline.security.egress import (
    BadUrl,
    Egress,
    EgressDenied,
    Policy,
    ResponseTooLarge,
    TooManyRedirects,
    parse_allow,
)

pytestmark = [pytest.mark.anyio, pytest.mark.battery]

LOOPBACK = Policy(allow=parse_allow("127.0.0.0/8,::1"), total_timeout=20)
IMPATIENT = Policy(allow=parse_allow("127.0.0.0/8,::1"), total_timeout=0.3)
POLICY = RetryPolicy(attempts=3, limited_attempts=2, base=0.01, longest=0.05)
PEOPLE = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}]

Reaction = Callable[["Upstream"], Awaitable[None]]
REACTIONS: dict[str, Reaction] = {}


class Upstream:
    """One behaviour, called by a client that is new."""

    def __init__(self, base: str, name: str) -> None:
        self.base, self.name = base, name
        self.made: Client | None = None

    async def call(
        self, query: str = "", given: dict[str, Any] | None = None, *, policy: Policy = LOOPBACK, **block: Any
    ) -> Answer:
        """The answer; ``block`` overrides what the block is."""
        options = {"kind": "get", "path": f"/b/{self.name}{query}", **block}
        auth = AuthMethod(id="k", kind="bearer")
        made = Block(id="b", **options)
        document = manifest(self.base, made, auth=auth)
        async with Egress(policy) as egress:
            self.made = client(document, egress, {"token": "secret-token-1"}, policy=POLICY)
            return await self.made.call(made, given or {})

    async def fails(
        self, error: type[Exception], calls: int, said: str | None = None, query: str = "", **more: Any
    ) -> None:
        """``error`` after so many calls, in one clear sentence."""
        with pytest.raises(error, match=said) as caught:
            await self.call(query, **more)
        assert self.calls == calls
        text = str(caught.value)
        assert "<" not in text
        assert "secret-token" not in text
        assert len(text) < 600

    @property
    def calls(self) -> int:
        assert self.made is not None
        return self.made.counters.calls


def reaction(name: str) -> Callable[[Reaction], Reaction]:
    def add(function: Reaction) -> Reaction:
        REACTIONS[name] = function
        return function

    return add


def accepted(name: str, data: Any) -> None:
    async def check(upstream: Upstream) -> None:
        assert (await upstream.call()).data == data
        assert upstream.calls == 1

    REACTIONS[name] = check


def failing(name: str, error: type[Exception], calls: int, said: str | None = None, **more: Any) -> None:
    async def check(upstream: Upstream) -> None:
        await upstream.fails(error, calls, said, **more)

    REACTIONS[name] = check


OK = {"ok": True, "items": PEOPLE}
accepted("ok", OK)
accepted("204-no-body", None)
accepted("empty-200", None)
accepted("wrong-content-type", OK)
accepted("bom", OK)
accepted("latin1", {"name": "café"})
accepted("duplicate-keys", {"id": 2, "__proto__": {"admin": True}, "constructor": {"prototype": {"x": 1}}})
failing("500-html", UpstreamUnavailable, 3, r"status 500: Error at Foo\.bar\(\)")
failing("401-always", ReconnectNeeded, 1, "connect again")
failing("slow-headers", UpstreamUnavailable, 3, "did not answer completely", policy=IMPATIENT)
failing("slow-body", UpstreamUnavailable, 3, "did not answer completely", policy=IMPATIENT)
failing("infinite-body", ResponseTooLarge, 1, "larger than")
failing("reset", UpstreamUnavailable, 3, "closed the connection")
failing("close", UpstreamUnavailable, 3, "closed the connection")
failing("truncated-length", UpstreamUnavailable, 3, "broke off after")
failing("truncated-chunked", UpstreamUnavailable, 3, "broke off after")
failing("truncated-json", UpstreamUnavailable, 3, "cut or damaged")
failing("garbage-http", UpstreamUnavailable, 3, "not HTTP")
failing("header-bomb", UpstreamUnavailable, 3, "headers")
failing("cl-te", UpstreamUnavailable, 3, "Transfer-Encoding")
failing("html-login-200", ReconnectNeeded, 1, "sign-in page")
failing("invalid-utf8", BadAnswer, 1, "not valid utf-8")
failing("deep-json", BadAnswer, 1, "nested too deeply")
failing("gzip-bomb", ResponseTooLarge, 1, "expands to more than", query="?mb=100")
failing("gzip-lie", UpstreamUnavailable, 3, "said to be gzip")
failing("gzip-truncated", UpstreamUnavailable, 3, "stops in the middle")
failing("ndjson", UpstreamUnavailable, 3, "line 11")
failing("redirect-loop", TooManyRedirects, 1, "more than 5 times")
failing("redirect-scheme", BadUrl, 1, "only https and http")


@reaction("status")
async def _(upstream: Upstream) -> None:
    for code in (408, 425, 500, 502, 503, 504, 520):
        await upstream.fails(UpstreamUnavailable, 3, f"status {code}", f"?code={code}")
    for code in (400, 402, 403, 404, 405, 409, 410, 412, 418, 422, 451, 501):
        await upstream.fails(UpstreamRefused, 1, f"status {code}", f"?code={code}")


@reaction("flaky")
async def _(upstream: Upstream) -> None:
    answer = await upstream.call("?n=2&code=503&key=faults")
    assert (answer.data["attempt"], answer.attempts, upstream.calls) == (3, 3, 3)


@reaction("200-error-body")
async def _(upstream: Upstream) -> None:
    fail = ErrorRule(then="fail", path="$.ok", equals=False, message="$.error")
    await upstream.fails(UpstreamRefused, 1, "invalid_auth", errors=[fail])
    reconnect = ErrorRule(then="reconnect", path="$.error", equals="invalid_auth")
    await upstream.fails(ReconnectNeeded, 1, "connect again", errors=[reconnect])


@reaction("403-quota")
async def _(upstream: Upstream) -> None:
    await upstream.fails(UpstreamBusy, 2, "limits the number of calls")


@reaction("202-poll")
async def _(upstream: Upstream) -> None:
    answer = await upstream.call("?key=read&n=2")
    assert (answer.status, answer.data["status"], answer.data["items"]) == (200, "done", PEOPLE)
    assert upstream.calls == 3
    answer = await upstream.call("?key=write&n=1", kind="create", method="POST", records="$.items")
    assert (answer.data, upstream.calls) == (PEOPLE, 2)


@reaction("429")
async def _(upstream: Upstream) -> None:
    with urlopen(f"{upstream.base}/") as told:
        dialects = json.loads(told.read())["retry_after_dialects"]

    async def one(dialect: str) -> None:
        await Upstream(upstream.base, upstream.name).fails(UpstreamBusy, 2, None, f"?retry_after={dialect}")

    assert len(dialects) >= 14
    await asyncio.gather(*(one(dialect) for dialect in dialects))  # a year ("huge") counts as nothing said


@reaction("503-retry-after")
async def _(upstream: Upstream) -> None:
    await upstream.fails(UpstreamUnavailable, 3, "status 503")
    assert upstream.made is not None
    assert upstream.made.counters.waited_seconds >= 4  # two pauses of the 2 s that it asks for


@reaction("blackhole")
async def _(upstream: Upstream) -> None:
    other = Upstream(upstream.base, "ok")
    waiting = asyncio.create_task(upstream.fails(UpstreamUnavailable, 3, policy=IMPATIENT))
    assert (await other.call()).data == OK
    assert not waiting.done()
    await waiting


@reaction("many-1xx")
async def _(upstream: Upstream) -> None:
    assert (await upstream.call("?n=10")).data == OK
    await upstream.fails(UpstreamUnavailable, 3, "interim responses", "?n=200")


@reaction("extra-bytes")
async def _(upstream: Upstream) -> None:
    first = Block(id="first", kind="get", path="/b/extra-bytes")
    second = Block(id="second", kind="get", path="/b/ok")
    async with Egress(LOOPBACK) as egress:
        made = client(manifest(upstream.base, first, second), egress)
        assert (await made.call(first, {})).data == {"ok": True}
        assert (await made.call(second, {})).data == OK


@reaction("nul-and-lone-surrogates")
async def _(upstream: Upstream) -> None:
    data = (await upstream.call()).data
    assert data == {"name": "a\x00b", "lone": "\ufffd", "rtl": "\u202egnp.exe", "emoji": "🚀"}
    assert json.loads(json.dumps(data)) == data


@reaction("odd-numbers")
async def _(upstream: Upstream) -> None:
    data = (await upstream.call()).data
    assert (data["id"], data["big"]) == (9007199254740993, 123456789012345678901234567890)
    assert (data["d"], data["e"], data["neg0"]) == ("0.1000000000000000055511151231257827", "1e400", 0)
    await upstream.fails(UpstreamUnavailable, 3, "cut or damaged", "?nan=1")


@reaction("wide-json")
async def _(upstream: Upstream) -> None:
    assert len((await upstream.call("?n=100000", kind="list", records="$.items")).data) == 100_000
    await upstream.fails(ResponseTooLarge, 1, "larger than", "?n=5000000")


@reaction("gzip-nested")
async def _(upstream: Upstream) -> None:
    assert (await upstream.call("?n=2")).data == OK
    await upstream.fails(UpstreamUnavailable, 3, "encoded 8 times")


@reaction("xml-instead")
async def _(upstream: Upstream) -> None:
    await upstream.fails(BadAnswer, 1, "document type declaration")
    with urlopen(f"{upstream.base}/_ctl/canary") as told:
        assert json.loads(told.read()) == []


@reaction("content-disposition-traversal")
async def _(upstream: Upstream) -> None:
    data = (await upstream.call(output={"type": "string", "format": "binary"})).data
    assert (data["name"], data["size"]) == ("x", 4)


@reaction("html-injection-fields")
async def _(upstream: Upstream) -> None:
    rows = (await upstream.call(kind="list", records="$.items")).data
    assert rows[0]["name"] == "<img src=x onerror=alert(1)>"
    assert rows[1]["name"] == "{{7*7}} ${7*7} {% import os %} {$.root} <%= 7*7 %> #{7*7}"
    assert rows[3]["name"] == "a\r\nX-Injected: 1\r\n\r\n<b>"


@reaction("redirect-chain")
async def _(upstream: Upstream) -> None:
    assert (await upstream.call("?n=5")).data == OK
    await upstream.fails(TooManyRedirects, 1, "more than 5 times", "?n=50")


@reaction("redirect-to")
async def _(upstream: Upstream) -> None:
    await upstream.fails(EgressDenied, 1, "metadata address")
    elsewhere = upstream.base.replace("127.0.0.1", "localhost")
    echoed = (await upstream.call(f"?url={elsewhere}/b/echo")).data
    assert "secret-token" not in json.dumps(echoed).decode()
    echoed = (await upstream.call("?url=/b/echo")).data
    assert echoed["headers"]["Authorization"] == "Bearer secret-token-1"


@reaction("redirect-post-307")
async def _(upstream: Upstream) -> None:
    post: dict[str, Any] = {
        "kind": "create",
        "method": "POST",
        "inputs": [Input(id="name", location="body", name="/name")],
    }
    for code, method, body in ((307, "POST", '{"name":"Ada"}'), (308, "POST", '{"name":"Ada"}'), (303, "GET", "")):
        echoed = (await upstream.call(f"?code={code}", {"name": "Ada"}, **post)).data
        assert (echoed["method"], echoed["body"]) == (method, body)


@reaction("echo")
async def _(upstream: Upstream) -> None:
    echoed = (await upstream.call("?a=1")).data
    assert (echoed["method"], echoed["query"]) == ("GET", {"a": "1"})
    assert "Cookie" not in echoed["headers"]


@reaction("clock-skew")
async def _(upstream: Upstream) -> None:
    for seconds in (-7200, 7200):
        assert (await upstream.call(f"?s={seconds}")).data["time"]


@reaction("set-cookie-wide")
async def _(upstream: Upstream) -> None:
    block = Block(id="b", kind="get", path="/b/set-cookie-wide?n=200")
    async with Egress(LOOPBACK) as egress:
        for _turn in range(2):
            for secret in ("one", "two"):
                made = client(manifest(upstream.base, block), egress, {"token": secret})
                assert (await made.call(block, {})).data == {"received": []}


@reaction("not-modified")
async def _(upstream: Upstream) -> None:
    header = [Input(id="version", location="header", name="If-None-Match")]
    first = await upstream.call(inputs=header)
    assert (first.status, first.data) == (200, OK)
    again = await upstream.call("", {"version": first.headers["etag"]}, inputs=header)
    assert (again.status, again.data, upstream.calls) == (304, None, 1)


@reaction("precondition")
async def _(upstream: Upstream) -> None:
    put: dict[str, Any] = {
        "kind": "update",
        "method": "PUT",
        "inputs": [Input(id="version", location="header", name="If-Match")],
    }
    # The caller has to read again: sent unchanged, it would overwrite what somebody else has written.
    await upstream.fails(UpstreamRefused, 1, "status 428", **put)
    await upstream.fails(UpstreamRefused, 1, "status 412", given={"version": '"v0"'}, **put)
    assert (await upstream.call("", {"version": '"v1"'}, **put)).data == OK


@reaction("413")
async def _(upstream: Upstream) -> None:
    post: dict[str, Any] = {"kind": "create", "method": "POST", "inputs": [Input(id="note", location="body")]}
    await upstream.fails(UpstreamRefused, 1, "status 413", given={"note": "x" * 2000}, **post)
    assert (await upstream.call("", {"note": "x"}, **post)).status == 200


@reaction("partial-batch")
async def _(upstream: Upstream) -> None:
    post: dict[str, Any] = {
        "kind": "create",
        "method": "POST",
        "inputs": [Input(id="items", type="array", location="body", name="/")],
    }
    answer = await upstream.call("", {"items": [{"n": number} for number in range(6)]}, **post)
    assert (answer.status, len(answer.data["results"]), upstream.calls) == (207, 6, 1)
    assert answer.warning == "2 of 6 entries were refused: entry 2 with status 429, entry 5 with status 500"
    assert (await upstream.call("", {"items": [{}, {}]}, **post)).warning == ""


@reaction("schema-drift")
async def _(upstream: Upstream) -> None:
    seen: list[Any] = []
    for _turn in range(6):
        try:
            seen.append((await upstream.call(kind="list", records="$.items")).data)
        except BadAnswer as error:
            seen.append(str(error))
    for shape in ([{"id": 1, "tags": ["a"]}], [{"id": "1", "tags": "a"}], [{"tags": None}], [{"id": 1}], []):
        assert shape in seen
    (renamed,) = (said for said in seen if isinstance(said, str))
    assert "the answer has one at $.data" in renamed


def test_every_misbehaviour_of_the_upstream_is_known_here(upstream: str) -> None:
    with urlopen(f"{upstream}/_ctl/behaviours") as told:
        assert sorted(one["name"] for one in json.loads(told.read())) == sorted(REACTIONS)


@pytest.mark.parametrize("name", sorted(REACTIONS))
async def test_a_misbehaviour_is_met_as_its_description_asks(
    upstream: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget_module, "FIRST_PAUSE", 0.1)
    async with Egress(LOOPBACK) as egress:
        # Other tests move the server's clock, which its advice is reckoned by.
        await egress.request("POST", f"{upstream}/_ctl/reset")
    await REACTIONS[name](Upstream(upstream, name))
