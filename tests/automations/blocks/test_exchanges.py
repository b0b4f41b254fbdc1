"""What a run's journal keeps of HTTP calls: enough to see what went wrong, and never a credential."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import web

from tests.connectors.runtime.api import Api, answer
from tests.connectors.runtime.conftest import api, egress
from tests.connectors.runtime.support import client, manifest
from tieline.automations.blocks import exchanges
from tieline.automations.blocks.clients import Clients, _Credit
from tieline.automations.engine import codec
from tieline.automations.engine.context import BlockContext, BlockMetrics, RunInfo, Services
from tieline.connectors.manifest.model import AuthMethod, Block, Input
from tieline.core.errors import TielineError
from tieline.core.ids import new_id
from tieline.security.egress import Egress, Upload
from tieline.security.known import Known

__all__ = ["api", "egress"]
pytestmark = pytest.mark.anyio

CANARY = 'canary7Zq4Wv9s/"+Ä&'
PLAIN = "canary7Zq4Wv9sXk"
NONCE = "n0nce-of-the-server"  # part of a challenge, which is no secret
SECRET = {"id": "secret", "secret": True}
PAIR = [{"id": "username"}, {"id": "password", "secret": True}]
LOGIN = {"url": "/token", "json": {"login": "{username}", "password": "{password}"}}
WAYS: dict[str, dict[str, Any]] = {
    "header": {"kind": "api_key", "location": "header", "name": "X-Plain", "fields": [SECRET]},
    "query": {"kind": "api_key", "location": "query", "name": "plain", "fields": [SECRET]},
    "cookie": {"kind": "api_key", "location": "cookie", "name": "plain", "fields": [SECRET]},
    "bearer": {"kind": "bearer", "fields": [SECRET]},
    "basic": {"kind": "basic", "fields": PAIR},
    "digest": {"kind": "digest", "fields": PAIR},
    "oauth2": {
        "kind": "oauth2",
        "grants": ["client_credentials"],
        "token_url": "/token",
        "fields": [{"id": "client_id"}, {"id": "client_secret", "secret": True}],
    },
    "oauth1": {
        "kind": "oauth1",
        "signature": "HMAC-SHA256",
        "fields": [{"id": "consumer_key"}, {"id": "consumer_secret", "secret": True}],
    },
    "session": {
        "kind": "session",
        "fields": PAIR,
        "steps": [
            {"request": LOGIN, "extract": {"session": "$.access_token"}},
            {"inject": [{"name": "X-Plain", "value": "{session}"}]},
        ],
    },
    "hmac": {
        "kind": "hmac",
        "signature": "HMAC-SHA256",
        "template": "{method}\n{path_qs}",
        "fields": [SECRET],
        "steps": [{"inject": [{"name": "X-Proof", "value": "{signature}"}]}],
    },
    "jwt": {"kind": "jwt_bearer", "signature": "HS256", "fields": [SECRET]},
}
BEARER = msgspec.convert({"id": "b", **WAYS["bearer"]}, AuthMethod)


class Echo:
    """Says in every way what it was sent; hands out tokens."""

    def __init__(self, status: int, secret: str) -> None:
        self.status = status
        self.secret = secret
        self.carried: set[str] = set()

    async def __call__(self, request: web.Request) -> web.Response:
        if request.path == "/token":
            return answer({"access_token": "issued-" + PLAIN, "token_type": "Bearer", "expires_in": 600})
        if "digest" in request.path and "authorization" not in request.headers:
            challenge = f'Digest realm="r", nonce="{NONCE}", qop="auth", algorithm=SHA-256'
            return answer({}, 401, WWW_Authenticate=challenge)
        carried = [request.headers.get(name, "") for name in ("Authorization", "X-Plain", "X-Proof", "Cookie")]
        carried += re.findall(r'="([^"]{16,})"', carried[0])
        carried = [value.removeprefix("plain=") for value in carried if value]
        words = {word for value in carried for word in (value, *value.split()) if len(word) > 12}
        self.carried |= {word for word in words if not word.startswith(("nonce=", NONCE))}
        told = [*carried, request.path_qs, self.secret]
        body = {
            "marker": "visible",
            "plain": told,
            "percent": [quote(one, safe="") for one in told] + [small(one) for one in told],
            "base64": [b64encode(pad + one.encode()).decode() for one in told for pad in (b"", b"u:", b"xx:")],
            "url64": [urlsafe_b64encode(b"?>" + one.encode()).decode() for one in told],
            "hex": [one.encode().hex() for one in told],
            "escaped": [json.dumps(one) for one in told],
            "unicode": "".join(f"\\u{ord(letter):04x}" for letter in self.secret),
            "sent": (await request.read()).decode(),
        }
        text = json.dumps(body).replace("\\\\u00", "\\u00")
        response = web.Response(text=text, status=self.status, content_type="application/json")
        response.headers["X-Echo"] = quote(" ".join(told))
        response.headers["Location"] = f"https://u:{PLAIN}@x.example/?q={quote(self.secret)}"
        response.set_cookie("sid", "cookie-" + PLAIN)
        return response


def small(text: str) -> str:
    """Percent-encoded with small hexadecimal digits."""
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quote(text))


def running(*, test: bool = True, log: str = exchanges.FAILED, step: str = "b1") -> BlockContext:
    info = RunInfo(new_id(), new_id(), new_id(), is_test=test)
    plan: Any = SimpleNamespace(program={"log": log}, label="call", id="x", key="b1")
    nothing: Any = None
    return BlockContext(plan, step, info, nothing, nothing, Services(), BlockMetrics())


def forms(secret: str) -> set[bytes]:
    """How a secret could stand in the bytes of a journal."""
    found = {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret), small(secret)}
    found |= {secret.encode().hex(), b64encode(secret.encode()).decode().rstrip("=")[:-2]}
    found |= {b64encode(b"u:" + secret.encode()).decode().rstrip("=")[3:-2]}
    found |= {b64encode(b"xx:" + secret.encode()).decode().rstrip("=")[4:-2]}
    return {form.encode() for form in found}


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("way", WAYS)
async def test_no_credential_reaches_the_journal(egress: Egress, api: Api, way: str, status: int) -> None:
    method = msgspec.convert({"id": way, **WAYS[way]}, AuthMethod)
    secret = PLAIN if way in ("cookie", "header", "bearer") else CANARY
    api.handler = echo = Echo(status, secret)
    block = Block(
        id="send",
        kind="create",
        method="POST",
        path=f"/{way}",
        inputs=[Input(id="text", location="body", name="text"), Input(id="again", location="query", name="again")],
    )
    entered = {field["id"]: secret if field.get("secret") else "somebody" for field in WAYS[way]["fields"]}
    made = client(manifest(api.base, block, auth=method), egress, entered, observer=_Credit())
    context = running()
    Clients.credit(context)
    call = made.call(block, {"text": f"hello {secret}", "again": secret})
    if status == 200:
        await call
    else:
        with pytest.raises(TielineError) as caught:
            await call
        assert secret not in f"{caught.value.detail} {caught.value.meta}"
    packed = codec.pack(context.exchanges)
    last = context.exchanges[-1]
    assert last["status"] == status
    assert '"marker"' in last["response"]["body"]
    assert "visible" in last["response"]["body"]
    assert last["request"]["body"] == '{"text":"hello ***"}'
    for value in {secret, "issued-" + PLAIN, "cookie-" + PLAIN, *echo.carried}:
        for form in forms(value):
            assert form not in packed, (value, form)
    token = [one for one in context.exchanges if one.get("purpose") == "token"]
    assert bool(token) is (way in ("oauth2", "session"))
    assert not any("request" in one or "response" in one for one in token)


async def send(egress: Egress, api: Api, context: BlockContext, **more: Any) -> None:
    block = Block(id="read", kind="get", path="/x", inputs=[Input(id="q", location="query", name="q")], **more)
    made = client(manifest(api.base, block, auth=BEARER), egress, {"secret": PLAIN}, observer=_Credit())
    Clients.credit(context)
    with suppress(TielineError):
        await made.call(block, {"q": "1"})


@pytest.mark.parametrize(
    ("how", "status", "kept"),
    [
        ({"test": True}, 200, True),
        ({"test": False}, 200, False),
        ({"test": False}, 400, True),
        ({"test": False, "log": exchanges.ALL}, 200, True),
        ({"test": False, "log": exchanges.NEVER}, 400, False),
        ({"test": True, "log": exchanges.NEVER}, 200, False),
    ],
)
async def test_which_calls_are_kept_whole(
    egress: Egress, api: Api, how: dict[str, Any], status: int, kept: bool
) -> None:
    api.handler = lambda _: answer({"a": 1}, status)
    context = running(**how)
    await send(egress, api, context)
    assert [("request" in one, "response" in one) for one in context.exchanges] == [(kept, kept)]


async def test_a_call_that_error_rules_refuse_or_that_got_no_answer_is_kept_too(egress: Egress, api: Api) -> None:
    def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    api.script = [cut, answer({}, 503), answer({"a": 1})]
    context = running(test=False)
    await send(egress, api, context)
    assert [one.get("attempt", 1) for one in context.exchanges] == [1, 2, 3]
    assert ["request" in one for one in context.exchanges] == [True, True, False]
    assert ["response" in one for one in context.exchanges] == [False, True, False]


async def test_bodies_are_bounded_and_files_only_named(egress: Egress, api: Api) -> None:
    # A secret at every boundary: of what is shown, of what is looked at, and of an unclosed member.
    for begin in range(exchanges.BODY_KEPT - 40, exchanges.BODY_KEPT + 4, 7):
        for end in (exchanges._READ - 9, exchanges._READ - 1):
            text = "é" * (begin // 2) + PLAIN + "x" * 200
            text += "y" * (end - len(text.encode())) + PLAIN + "z" * 99_999
            found = part(text.encode())
            assert "canary" not in found["body"]
            assert len(found["body"].encode()) <= exchanges.BODY_KEPT
            assert found["cut"] is True
    flood = part(("xyz" + PLAIN * 20_000).encode())  # masked, it shrinks: the end of what was read comes into view
    assert "canary" not in flood["body"].replace("***", "")
    unclosed = '{"n":"' + "a" * 3000 + '","refresh_token":"' + "B1b2" * 20_000
    assert "B1b2" not in part(unclosed.encode())["body"]
    assert part(b"\x89PNG\x00" + bytes(9000), "image/png") == {
        "headers": [{"name": "Content-Type", "value": "image/png"}],
        "body": None,
        "bytes": 9005,
        "note": "image/png, 9005 bytes",
    }
    assert part("Zoë".encode("latin-1"), "text/plain; charset=iso-8859-1")["body"] == "Zoë"
    assert part(PLAIN.encode("utf-16"), "text/plain; charset=utf-16")["body"] is None
    assert part(PLAIN.encode("cp037"), "text/plain; charset=cp037")["body"] is None
    upload = Upload(lambda: iter(()), size=77)  # type: ignore[arg-type,return-value]
    assert part(upload, "text/csv")["note"] == "text/csv, 77 bytes, sent block by block"


def part(body: Any, kind: str = "application/json") -> dict[str, Any]:
    return exchanges._part([("Content-Type", kind)], body, (), Known([PLAIN]))


async def test_headers_and_the_whole_of_an_execution_are_bounded(egress: Egress, api: Api) -> None:
    many = {f"X-H{number}": "v" * 3000 for number in range(20)}
    api.handler = lambda _: answer({"text": "t" * 50_000}, 500, **many)
    context = running()
    for _ in range(5):
        await send(egress, api, context)
    assert len(context.exchanges) == exchanges.EXCHANGES_KEPT
    assert len(codec.pack(context.exchanges)) < exchanges.WHOLE_KEPT + 20_000
    assert any(one.get("leftOut") for one in context.exchanges)
    shown = context.exchanges[0]["response"]["headers"]
    assert len(shown) <= exchanges.HEADERS_KEPT
    assert max(len(one["value"]) for one in shown) == exchanges.HEADER_KEPT


def test_a_run_keeps_only_so_many_calls_of_a_block_whole() -> None:
    failing, logged = running(test=False), running(test=False, log=exchanges.ALL)
    assert sum(exchanges.wanted(failing, failed=True) for _ in range(3000)) == exchanges.FAILURES_KEPT
    assert sum(exchanges.wanted(logged, failed=False) for _ in range(3000)) == exchanges.LOGGED_KEPT
    assert exchanges.wanted(running(test=False), failed=True)


def test_failures_push_out_what_went_well() -> None:
    context = running(test=False)
    for number in range(40):
        exchanges.keep(context, {"status": 200, "number": number}, failed=False)
    for number in range(40):
        assert exchanges.keep(context, {"status": 500, "number": number}, failed=True)
    assert len(context.exchanges) == exchanges.EXCHANGES_KEPT
    assert context.exchanges[-1] == {"status": 500, "number": 39}
    assert context.exchanges[0] == {"status": 500, "number": 0}


@pytest.mark.parametrize("body", [
    "<a><Password Type='x'>{}</Password></a>", "<wsse:Nonce>{}</wsse:Nonce>", '<login user="u" password="{}"/>',
    'a=1&client_secret={}&b=2', '{{"deep": [{{"api_key": "{}"}}]}}', "<Signature>{}",
    '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{}\r\n--b--',
])  # fmt: skip
def test_secrets_that_only_their_names_give_away(body: str) -> None:
    assert PLAIN not in exchanges._part([], body.format(PLAIN).encode(), (), Known())["body"]


def test_one_that_is_known_shows_nothing_of_itself() -> None:
    assert PLAIN not in repr(Known([PLAIN]))
    assert Known([PLAIN]).more(["other-secret"]).text(f"{PLAIN} other-secret abc") == "*** *** abc"
    assert Known(["abc", ""]).text("abcdef") == "abcdef"  # too short: it would mask ordinary words
