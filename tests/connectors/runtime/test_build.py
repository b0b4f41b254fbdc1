"""From inputs to a request: what is sent, and what never is."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.connectors.runtime.support import manifest
from tieline.connectors.manifest.model import Block, Input, Server, ServerVariable
from tieline.connectors.runtime import Account
from tieline.connectors.runtime.build import build
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.request import Request
from tieline.core import json
from tieline.core.errors import BadInput


def made(block: Block, inputs: dict[str, Any], base: str = "https://api.example.com/v1") -> Request:
    return build(block, inputs, Base(Account(manifest=manifest(base, block))))


def spec(location: Any, identity: str = "x", *, name: str | None = None, **more: Any) -> Input:
    return Input(id=identity, name=identity if name is None else name, location=location, **more)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("a b", "/v1/items/a%20b"),
        ("a/b", "/v1/items/a%2Fb"),
        ("../../admin", "/v1/items/..%2F..%2Fadmin"),
        ("?x=1#y", "/v1/items/%3Fx%3D1%23y"),
        ("%2e%2e", "/v1/items/%252e%252e"),
        ("a\\b", "/v1/items/a%5Cb"),
        ("é😀", "/v1/items/%C3%A9%F0%9F%98%80"),
        (";a=1", "/v1/items/%3Ba%3D1"),
        ("@evil.com", "/v1/items/%40evil.com"),
        (12, "/v1/items/12"),
        (1.0, "/v1/items/1"),
        (True, "/v1/items/true"),
        (".hidden", "/v1/items/.hidden"),
        ("a..b", "/v1/items/a..b"),
    ],
)
def test_a_path_value_stays_in_its_segment(value: Any, path: str) -> None:
    block = Block(id="get", path="/items/{x}", inputs=[spec("path", required=True)])
    assert made(block, {"x": value}).url() == f"https://api.example.com{path}"


@pytest.mark.parametrize("value", ["..", ".", "", " ", "\ud800"])
def test_a_path_value_that_would_change_the_address_is_refused(value: str) -> None:
    block = Block(id="get", path="/items/{x}", inputs=[spec("path", required=True)])
    with pytest.raises(BadInput):
        made(block, {"x": value})


def test_two_values_cannot_make_a_dot_segment_together() -> None:
    block = Block(id="get", path="/items/{a}{b}/x", inputs=[spec("path", "a"), spec("path", "b")])
    with pytest.raises(BadInput, match=r"segment '\.\.'"):
        made(block, {"a": ".", "b": "."})


@given(st.text(min_size=1, max_size=30))
def test_no_path_value_leaves_the_origin_or_the_folder(value: str) -> None:
    block = Block(id="get", path="/items/{x}/tail", inputs=[spec("path")])
    try:
        url = made(block, {"x": value}).url()
    except BadInput:
        return
    assert url.startswith("https://api.example.com/v1/items/")
    assert url.endswith("/tail")
    assert url.count("/") == 6
    assert url.isascii()
    assert "?" not in url
    assert "#" not in url


@pytest.mark.parametrize(
    ("value", "more", "query"),
    [
        (["a", "b,c"], {}, "x=a&x=b%2Cc"),
        (["a", "b"], {"style": "csv"}, "x=a%2Cb"),
        (["a", "b"], {"style": "form", "explode": False}, "x=a%2Cb"),
        (["a", "b"], {"style": "pipeDelimited"}, "x=a%7Cb"),
        (["a", "b"], {"style": "pipes"}, "x=a%7Cb"),
        (["a", "b"], {"style": "spaceDelimited"}, "x=a%20b"),
        (["a", "b"], {"style": "ssv"}, "x=a%20b"),
        (["a", "b"], {"style": "multi"}, "x=a&x=b"),
        (["a", "b"], {"style": "brackets"}, "x%5B%5D=a&x%5B%5D=b"),
        (["a", "b"], {"style": "json"}, "x=%5B%22a%22%2C%22b%22%5D"),
        ([1, None, True, 2.5], {}, "x=1&x=true&x=2.5"),
        ({"a": 1, "b": None}, {"style": "deepObject"}, "x%5Ba%5D=1"),
        ({"a": {"b": [1]}}, {"style": "deepObject"}, "x%5Ba%5D%5Bb%5D%5B%5D=1"),
        ({"a": 1, "b": 2}, {}, "a=1&b=2"),
        ({"a": 1, "b": 2}, {"explode": False}, "x=a%2C1%2Cb%2C2"),
        ("a&b=c d+é", {}, "x=a%26b%3Dc%20d%2B%C3%A9"),
        (False, {"type": "boolean"}, "x=false"),
        (datetime(2024, 1, 2, tzinfo=UTC), {}, "x=2024-01-02T00%3A00%3A00Z"),
        (Decimal("1.50"), {"type": "number"}, "x=1.5"),
    ],
)
def test_query_styles(value: Any, more: dict[str, Any], query: str) -> None:
    kind = more.pop("type", "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "string")
    block = Block(id="list", path="/items", inputs=[spec("query", type=kind, **more)])
    assert made(block, {"x": value}).url() == f"https://api.example.com/v1/items?{query}"


@pytest.mark.parametrize(
    ("style", "explode", "value", "segment"),
    [
        ("", None, ["a", "b/c"], "a,b%2Fc"),
        ("label", None, ["a", "b"], ".a,b"),
        ("matrix", None, ["a", "b"], ";x=a,b"),
        ("matrix", True, ["a", "b"], ";x=a;x=b"),
        ("", None, {"a": 1}, "a,1"),
    ],
)
def test_path_styles(style: str, explode: bool | None, value: Any, segment: str) -> None:
    more: dict[str, Any] = {} if explode is None else {"explode": explode}
    kind = "array" if isinstance(value, list) else "object"
    block = Block(id="get", path="/i/{x}", inputs=[spec("path", type=kind, style=style, **more)])
    assert made(block, {"x": value}).url() == f"https://api.example.com/v1/i/{segment}"


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("integer", "12", 12),
        ("integer", " -3 ", -3),
        ("integer", 4.0, 4),
        ("integer", "1e3", 1000),
        ("integer", 123456789012345678901234567890, 123456789012345678901234567890),
        ("number", "1.5", 1.5),
        ("number", "2", 2),
        ("number", Decimal("0.1"), 0.1),
        ("boolean", "TRUE", True),
        ("boolean", 0, False),
        ("boolean", "no", False),
        ("string", 12, "12"),
        ("string", 1.0, "1"),
        ("string", True, "true"),
        ("string", "", ""),
        ("object", '{"a": 1}', {"a": 1}),
        ("array", "[1, 2]", [1, 2]),
        ("array", "a, b", ["a", "b"]),
        ("array", "one", ["one"]),
        ("array", 5, [5]),
        ("array", ("a", "b"), ["a", "b"]),
        ("select", "x", "x"),
    ],
)
def test_inputs_take_what_can_only_mean_one_thing(kind: str, value: Any, sent: Any) -> None:
    block = Block(id="make", method="POST", path="/i", inputs=[spec("body", type=kind)])
    request = made(block, {"x": value})
    assert json.loads(request.whole_body()) == {"x": sent}


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("integer", "twelve", "a whole number, not the text 'twelve'"),
        ("integer", "1.5", "a whole number"),
        ("integer", 1.5, "a whole number, not the number 1.5"),
        ("integer", True, "a whole number, not true"),
        ("integer", [1], "a whole number, not a list of 1"),
        ("integer", "9" * 500, "a text of 500 characters"),
        ("number", "NaN", "a number"),
        ("number", float("inf"), "a finite number"),
        ("number", "1e999", "a number"),
        ("boolean", "maybe", "true or false"),
        ("boolean", 2, "true or false"),
        ("string", {"a": 1}, "a text, not an object"),
        ("string", ["a"], "a text"),
        ("object", "[1]", "an object"),
        ("object", "{broken", "an object"),
        ("object", 1, "an object"),
        ("file", 1, "a file"),
        ("file", {"base64": "***"}, "valid base64"),
    ],
)
def test_inputs_refuse_the_rest_and_name_the_input(kind: str, value: Any, said: str) -> None:
    block = Block(id="make", method="POST", path="/i", inputs=[spec("body", "amount", type=kind, label="Amount")])
    with pytest.raises(BadInput) as caught:
        made(block, {"amount": value})
    assert said in caught.value.detail
    assert "'Amount' of block 'make'" in caught.value.detail
    assert caught.value.parameter == "amount"


def test_entries_of_a_list_have_a_type_too() -> None:
    block = Block(id="make", path="/i", inputs=[spec("query", type="array", schema={"items": {"type": "integer"}})])
    assert made(block, {"x": ["1", 2]}).url().endswith("?x=1&x=2")
    with pytest.raises(BadInput, match="each entry is a whole number"):
        made(block, {"x": ["a"]})


def test_all_that_is_missing_is_named_at_once_and_nulls_are_left_out() -> None:
    block = Block(
        id="make",
        path="/i",
        inputs=[
            spec("query", "a", required=True),
            spec("query", "b", required=True, label="Second"),
            spec("query", "c"),
            spec("query", "d", required=True, default="dd"),
            spec("query", "e", required=True, read_only=True),
        ],
    )
    with pytest.raises(BadInput) as caught:
        made(block, {"b": "", "c": "1", "a": None})
    assert caught.value.detail == "block 'make' needs a value for 'a', 'Second'"
    assert made(block, {"a": 1, "b": 2, "c": None}).url().endswith("?a=1&b=2&d=dd")


def test_an_input_is_found_by_id_and_by_wire_name_and_others_are_refused() -> None:
    block = Block(id="make", path="/i", inputs=[Input(id="first_name", name="firstName", location="query")])
    assert made(block, {"first_name": "a"}).url() == made(block, {"firstName": "a"}).url()
    with pytest.raises(BadInput, match="has no input 'lastName'; it has: first_name"):
        made(block, {"lastName": "b"})
    assert "?" not in made(block, {"lastName": None}).url()


@pytest.mark.parametrize("value", ["a\r\nX: 1", "a\nb", "a\x00", "\x7f", "\ud800"])
@pytest.mark.parametrize("location", ["header", "cookie"])
def test_no_value_ends_a_header(location: str, value: str) -> None:
    block = Block(id="get", path="/i", inputs=[spec(location, "X-Thing")])
    with pytest.raises(BadInput, match="X-Thing"):
        made(block, {"X-Thing": value})


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "bad name", "x\r\ny", "é", "", "Connection"]
)
def test_headers_of_the_transport_cannot_be_set(name: str) -> None:
    block = Block(id="get", path="/i", headers={name: "1"})
    with pytest.raises(BadInput):
        made(block, {})


def test_a_cookie_cannot_bring_another_one() -> None:
    block = Block(id="get", path="/i", inputs=[spec("cookie", "a"), spec("cookie", "b")])
    assert made(block, {"a": "1", "b": "2"}).final_headers()["cookie"] == "a=1; b=2"
    with pytest.raises(BadInput):
        made(block, {"a": "1; b=2"})


def test_a_body_is_put_together_by_pointers() -> None:
    block = Block(
        id="make",
        method="POST",
        path="/i",
        inputs=[
            spec("body", "all", name="", type="object"),
            spec("body", "email", name="/contact/email"),
            spec("body", "tag", name="/tags/0/name"),
            spec("body", "odd", name="/a~1b/c~0d"),
            spec("body", "plain", name="plain"),
        ],
    )
    whole = {"contact": {"name": "Ada"}, "kept": None}
    request = made(block, {"all": whole, "email": "a@b.c", "tag": "x", "odd": 1, "plain": "p"})
    assert json.loads(request.whole_body()) == {
        "contact": {"name": "Ada", "email": "a@b.c"},
        "kept": None,
        "tags": [{"name": "x"}],
        "a/b": {"c~d": "1"},
        "plain": "p",
    }
    assert whole == {"contact": {"name": "Ada"}, "kept": None}
    assert request.headers["content-type"] == "application/json"
    with pytest.raises(BadInput, match="'email'"):
        made(block, {"all": {"contact": "text"}, "email": "a@b.c"})


def test_a_whole_body_may_be_a_list() -> None:
    block = Block(id="make", method="POST", path="/i", inputs=[spec("body", name="", type="array")])
    assert made(block, {"x": [1, 2]}).final_body() == b"[1,2]"


def test_form_bodies() -> None:
    block = Block(
        id="make",
        method="POST",
        path="/i",
        body_type="form",
        inputs=[spec("form", "a"), spec("form", "b", type="object"), spec("body", "c", name="/c")],
    )
    request = made(block, {"a": "x y&z", "b": {"k": 1}, "c": "é"})
    assert request.final_body() == b"a=x%20y%26z&b%5Bk%5D=1&c=%C3%A9"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_multipart_bodies_and_hostile_file_names() -> None:
    block = Block(
        id="make",
        method="POST",
        path="/i",
        body_type="multipart",
        inputs=[spec("form", "title"), spec("file", "doc", type="file")],
    )
    content = b"\x00\r\n--x"
    given = {
        "title": 'a "b"',
        "doc": {
            "name": 'x".txt\r\nX-Evil: 1',
            "content_type": "text/plain\r\nX-Evil: 2",
            "base64": base64.b64encode(content).decode(),
        },
    }
    request = made(block, given)
    body = request.whole_body()
    assert b'filename="x%22.txt%0D%0AX-Evil: 1"' in body
    assert b"\r\nX-Evil" not in body
    assert content in body
    assert body.endswith(b"--\r\n")
    boundary = request.headers["content-type"].partition("boundary=")[2]
    assert body.count(boundary.encode()) == 3


@pytest.mark.parametrize(
    ("kind", "value", "body", "content_type"),
    [
        ("text", "héé", "héé".encode(), "text/plain; charset=utf-8"),
        ("xml", "<a/>", b"<a/>", "application/xml"),
        ("binary", b"\x00\x01", b"\x00\x01", "application/octet-stream"),
    ],
)
def test_raw_bodies(kind: Any, value: Any, body: bytes, content_type: str) -> None:
    kind_of_input = "file" if kind == "binary" else "string"
    block = Block(
        id="make", method="POST", path="/i", body_type=kind, inputs=[spec("body", name="", type=kind_of_input)]
    )
    request = made(block, {"x": value})
    assert request.final_body() == body
    assert request.headers["content-type"] == content_type


def test_constant_query_and_headers_of_a_block() -> None:
    block = Block(id="get", path="/i?action=list&v=1", headers={"X-Version": "2024"}, inputs=[spec("query", "v2")])
    request = made(block, {"v2": "x"})
    assert request.url() == "https://api.example.com/v1/i?action=list&v=1&v2=x"
    assert request.headers["x-version"] == "2024"


@pytest.mark.parametrize(
    ("server", "params", "url"),
    [
        ("https://{shop}.example.com/{v}", {"shop": "mine", "v": "v 2"}, "https://mine.example.com/v%202/i"),
        ("{base}", {"base": "https://self.hosted/api/"}, "https://self.hosted/api/i"),
        ("https://{region}.example.com", {}, "https://eu.example.com/i"),
    ],
)
def test_server_variables(server: str, params: dict[str, Any], url: str) -> None:
    block = Block(id="get", path="/i")
    document = manifest("", block)
    document.servers = [Server(url=server, variables={"region": ServerVariable(default="eu")})]
    assert build(block, {}, Base(Account(manifest=document, params=params))).url() == url


@pytest.mark.parametrize(
    ("server", "params"),
    [
        ("https://{shop}.example.com", {"shop": "evil.com/"}),
        ("https://{shop}.example.com", {"shop": "evil.com#"}),
        ("https://{shop}.example.com", {"shop": "a@evil.com"}),
        ("https://{shop}.example.com", {}),
        ("https://x.example.com/{v}", {"v": "../admin"}),
        ("{base}", {"base": "file:///etc/passwd"}),
        ("/relative", {}),
        ("", {}),
    ],
)
def test_server_variables_that_would_change_the_host_are_refused(server: str, params: dict[str, Any]) -> None:
    block = Block(id="get", path="/i")
    with pytest.raises(BadInput):
        Base(Account(manifest=manifest(server, block), params=params))


@pytest.mark.parametrize("server", ["//evil.com", "//evil.com/v1", "//evil.com:8443"])
def test_a_block_whose_server_begins_with_two_slashes_is_at_another_host(server: str) -> None:
    base = Base(Account(manifest=manifest("https://api.example.com/v1")))
    assert base.of_block(Block(id="b", path="/i", server=server))[1] is False
    assert base.of_block(Block(id="b", path="/i", server="/v2")) == ("https://api.example.com/v2", True)


@pytest.mark.parametrize("server", ["http://[::1", "https://[", "//[::1"])
def test_an_address_that_is_none_is_bad_input(server: str) -> None:
    with pytest.raises(BadInput):
        Base(Account(manifest=manifest(server)))
    base = Base(Account(manifest=manifest("https://api.example.com/v1")))
    with pytest.raises(BadInput):
        base.of_block(Block(id="b", path="/i", server=server))
    with pytest.raises(BadInput):
        base.of_token(server)
