"""What stands in headers: Retry-After, rate limits, Link, Accept, Content-Disposition, cookies, Digest, hosts, traces,
and the stream of server-sent events.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

from msgspec import UNSET
from starlette.requests import Request

from tests.fuzz.engine import target
from tests.fuzz.mutation import mutated_text, odd, of_texts, words
from tieline.api.edge import streams
from tieline.api.edge.accepting import wanted
from tieline.api.edge.origin import Origin
from tieline.api.edge.preconditions import expected
from tieline.connectors.runtime import advice
from tieline.connectors.runtime.auth import digest, token_answers
from tieline.connectors.runtime.auth.steps import _keep_cookies
from tieline.connectors.runtime.decode import file_name
from tieline.connectors.runtime.paging.link_header import links
from tieline.connectors.runtime.tokens import TokenReply
from tieline.core import tracing
from tieline.security import redact
from tieline.server.cli.sse import Events
from tieline.tenancy.events.calling import _wait

MOMENT = datetime(2026, 1, 31, tzinfo=UTC)
DATES = ["120", "Sat, 31 Jan 2026 12:00:00 GMT", "1m30s", "1769860800", "2026-01-31T12:00:00Z", "1e5", "-1", "0.5"]
DATE_TOKENS = [
    "Sat",
    ", ",
    "31",
    " Jan ",
    "2026",
    "99999",
    " 25:61:61",
    " GMT",
    " -9999",
    "1e999",
    "nan",
    "inf",
    "٣",
    "9" * 400,
    "m",
    "ms",
]
RATES = [
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit",
    "retry-after",
    "ratelimit-reset",
    "x-rate-limit-reset",
]


def rate(random: Random) -> dict[str, str]:
    make = of_texts([*DATES, '"default";r=50;t=30', "limit=100, remaining=50, reset=5"], DATE_TOKENS)
    return {name: make(random) for name in RATES if random.random() < 0.5}


@target("retry-after", rate, ci=1500)
def waits(headers: dict[str, str]) -> None:
    for limited in (True, False):
        found = advice.read(headers, limited=limited, rate=UNSET, moment=MOMENT)
        assert found.wait is None or 0 < found.wait <= advice.LONGEST
    found_wait = advice.retry_after(headers, MOMENT)
    assert found_wait is None or 0 < found_wait <= advice.LONGEST
    told = _wait(headers, MOMENT)
    assert told is None or told >= 0


LINKS = ['<https://a.example/?page=2>; rel="next", <https://a.example/?page=9>; rel="last"', '<x>;rel=next;title="a,b"']


@target(
    "link", of_texts(LINKS, ["<", ">", ";", ",", "rel=", "next", '"', "\\", "=", " ", "https://a.example"]), ci=1000
)
def link(text: str) -> None:
    for address, relations in links(text):
        assert ">" not in address and isinstance(relations, list)


ACCEPTS = ["text/html;q=0.8, application/json, */*;q=0.1", "application/yaml", "text/*;q=1.000;level=1"]


def headers_of(random: Random) -> list[tuple[bytes, bytes]]:
    named = {
        "accept": of_texts(ACCEPTS, ["text/", "json", "*", "/", ";q=", "0.5", ",", " ", "1.0000", "é"]),
        "cookie": of_texts(
            ["a=b; c=d", 'tieline="x y"; __Secure-tieline=z'], ["=", ";", "a", '"', " ", "\\073", ",", "%00"]
        ),
        "host": of_texts(
            ["a.example:8400", "[::1]:80", "localhost"], ["a", ".", ":", "[", "]", "99999", "٣", "@", "/"]
        ),
        "if-match": of_texts(['W/"abc"', "*", '"a", "b"']),
        "accept-language": of_texts(["en-GB,en;q=0.9,*;q=0.1"], ["en", "-", ";q=", ",", "9", "*"]),
        "content-type": of_texts(["application/json; charset=utf-8", "multipart/form-data; boundary=x"]),
    }
    return [
        (name.encode(), make(random).encode("utf-8", "replace").replace(b"\n", b""))
        for name, make in named.items()
        for _ in range(random.choice((0, 1, 1, 1, 2)))
    ]


@target("request-headers", headers_of, ci=600)
def request_headers(headers: list[tuple[bytes, bytes]]) -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/a",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "headers": headers,
    }
    request = Request({**scope, "query_string": b""})
    assert wanted(request, ("application/json", "application/yaml")) in (None, "application/json", "application/yaml")
    expected(request)
    assert all(isinstance(value, str) for value in request.cookies.values())
    for origin in (Origin(None), Origin("https://a.example/x"), Origin("http://127.0.0.1:8400")):
        origin.base(request), origin.meant(request), origin.own(request)
    redact.mask_headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])


DISPOSITIONS = ["attachment; filename=\"a.csv\"; filename*=UTF-8''%e2%82%ac.csv", 'inline; filename="../../x\\".csv"']


@target(
    "file-name",
    of_texts(DISPOSITIONS, ["filename", "*", "=", "UTF-8''", "%ff", "%00", "..", "/", "\\", '"', ";", "a"]),
    ci=800,
)
def disposition(text: str) -> None:
    name = file_name({"content-disposition": text})
    assert name and not {"/", "\\", "\0"} & set(name) and name not in (".", "..")


@target(
    "set-cookie",
    of_texts(["a=b; Max-Age=0", "c=d; Path=/; HttpOnly"], ["=", ";", "Max-Age=", "-1", "0", " ", "a", "\0"]),
    ci=500,
)
def cookies(text: str) -> None:
    jar = {"a": "1"}
    _keep_cookies(jar, (text, text[::-1]))
    assert "" not in jar


CHALLENGES = [
    'Digest realm="a", nonce="n", qop="auth,auth-int", algorithm=SHA-256-sess, Basic realm="b"',
    "Digest nonce=x",
]


@target(
    "digest-challenge",
    of_texts(CHALLENGES, ["Digest ", "realm=", '"', "\\", "nonce=", ",", "qop=", "auth", "a", "é", "stale=true"]),
    ci=600,
)
def challenge(text: str) -> None:
    headers: Any = {"WWW-Authenticate": text}
    digest.challenge_of(headers)


def token_answer(random: Random) -> tuple[int, Any]:
    names = ["access_token", "expires_in", "refresh_token", "error", "error_description", "scope", "data", "message"]
    body: Any = {name: odd(random) for name in names if random.random() < 0.5}
    if random.random() < 0.3:
        body = random.choice([odd(random), mutated_text(random, "access_token=a&expires_in=3600&scope=b")])
    return random.choice([200, 400, 401, 500]), body


@target("token-answer", token_answer, ci=1000)
def token_answers_(made: tuple[int, Any]) -> None:
    status, body = made
    token_answers.refusal(body, status, ["geheim"])
    token_answers.read(TokenReply(status=status, body=body, asked_at=MOMENT), None, ["geheim"])


TRACES = ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"]


@target("traceparent", of_texts(TRACES), ci=300)
def traces(text: str) -> None:
    found = tracing.place(text)
    assert found is None or len(found.trace_id) == 32


SECRETS = ["https://u:p@a.example/?api_key=x#access_token=y", "Authorization: Bearer abc.def.ghi", '{"password": "x"}']


@target(
    "redaction",
    of_texts(SECRETS, ["password", "=", ":", "Bearer ", "://", "@", "?", "&", '"', "ey", ".", "a" * 400]),
    ci=600,
)
def redaction(text: str) -> None:
    redact.mask_text(text)
    redact.mask_url(text)
    redact.mask_data({text: [text, {text: text}]})


SSE = [
    b'id: 1\nevent: run\ndata: {"a": 1}\n\n: ping\n\nevent: end\ndata: {}\n\n',
    b"data: 1\r\n\r\ndata: [\r\ndata: 2]\r\n\r\n",
]


def sse(random: Random) -> list[bytes]:
    from tests.fuzz.mutation import mutated_bytes

    data = mutated_bytes(random, random.choice(SSE))
    if random.random() < 0.3:
        tokens = ["data: ", "event: ", "id: ", "\n", "\r", "{}", "[", ":", " ", "x", "\0", "retry: 1"]
        data = words(random, tokens).encode()
    at = random.randrange(len(data) + 1)
    return [data[:at], data[at:]]


@target("sse", sse, ci=800)
def events(pieces: list[bytes]) -> None:
    apart, whole = Events(), Events()
    found = [one for piece in pieces for one in apart.feed(piece)]
    assert found == list(whole.feed(b"".join(pieces))), "where the pieces end must not matter"


def told(random: Random) -> tuple[str, Any, str]:
    value = odd(random)
    return random.choice(["run", "block", "end"]), value, str(random.randrange(10**6))


@target("sse-printed", told, refuses=(ValueError, RecursionError, UnicodeError), ci=400)
def event_printed(made: tuple[str, Any, str]) -> None:
    name, value, identity = made
    wire = streams.event(name, value, identity)
    assert [(name, identity, json.loads(json.dumps(value)))] == list(Events().feed(wire))
