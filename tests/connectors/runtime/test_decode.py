"""Bytes to data, data to records."""

from __future__ import annotations

import codecs
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.connectors.manifest.model import Block
from tieline.connectors.runtime.decode import NotReadable, decode, download
from tieline.connectors.runtime.records import NoRecords, record, records
from tieline.core import json

JSON = "application/json"


EXACT = {"a": "1e400", "b": 0.5, "c": "0.10000000000000000555"}


@pytest.mark.parametrize(
    ("body", "content_type", "data"),
    [
        (b"", JSON, None),
        (b"  \n", JSON, None),
        (b'{"a": 1}', JSON, {"a": 1}),
        (b'{"a": 1}', "text/html", {"a": 1}),
        (b"[1]", "", [1]),
        (b'"x"', "application/vnd.api+json", "x"),
        (b"null", JSON, None),
        (b"12", "text/plain", 12),
        (codecs.BOM_UTF8 + b'{"a": 1}', JSON, {"a": 1}),
        ('{"n": "café"}'.encode("latin-1"), "application/json; charset=iso-8859-1", {"n": "café"}),
        ('{"n": "café"}'.encode("utf-16"), JSON, {"n": "café"}),
        ('{"n": "café"}'.encode(), "application/json; charset=nonsense", {"n": "café"}),
        (b'{"id": 9007199254740993}', JSON, {"id": 9007199254740993}),
        (b'{"id": 123456789012345678901234567890}', JSON, {"id": 123456789012345678901234567890}),
        (b'{"id": 1, "id": 2}', JSON, {"id": 2}),
        (b'{"a": "x\\u0000y"}', JSON, {"a": "x\x00y"}),
        (b'{"a": "\\ud800", "b": "\\ud83d\\ude80"}', JSON, {"a": "\ufffd", "b": "🚀"}),
        (b'{"id": 1}\n\n{"id": 2}\n', "application/x-ndjson", [{"id": 1}, {"id": 2}]),
        (b'{"a": 1e400, "b": 0.5, "c": 0.10000000000000000555}', JSON, EXACT),
        (b'{"a": 1e400, "b": 0.5, "c": 0.10000000000000000555}', "application/json; charset=latin-1", EXACT),
    ],
)
def test_what_is_readable(body: bytes, content_type: str, data: Any) -> None:
    assert decode(body, content_type) == data


@pytest.mark.parametrize(
    ("body", "content_type", "said", "broken"),
    [
        (b'{"items": [{"id": 1}', JSON, "cut or damaged", True),
        (b'{"a": "caf\xe9"}', JSON, "not valid utf-8", False),
        (b'{"a": NaN}', JSON, "cut or damaged", True),
        (b"[" * 100_000 + b"]" * 100_000, JSON, "nested too deeply", False),
        (b"<!doctype html><title>Sign in</title><form>", "text/html", "a sign-in page instead of data", False),
        (b"<html><h1>Maintenance</h1></html>", "text/html", "a web page instead of data", False),
        (b"<?xml version='1.0'?><a>", "application/xml", "XML that is cut", True),
        (b"\x00\x01\x02", "application/octet-stream", "application/octet-stream instead of JSON", False),
        (b'{"id": 1}\n{"id": 2\n{"id": 3}', "application/x-ndjson", "line 2", True),
        (b"not json", JSON, "cut or damaged", True),
        (b"bm9wZQ==", "application/json; charset=base64", "cut or damaged", True),
    ],
)
def test_what_is_not_says_why(body: bytes, content_type: str, said: str, broken: bool) -> None:
    with pytest.raises(NotReadable, match=said) as caught:
        decode(body, content_type)
    assert caught.value.broken is broken


def test_text_and_files_where_they_are_welcome() -> None:
    assert decode(b"OK", "text/plain", expect="any") == "OK"
    assert decode(b"<a><b>1</b></a>", "application/xml", expect="any") == {"b": "1"}
    assert decode(b"OK", "", expect="any") == "OK"
    assert decode(b"\xff\xfe\x00", "image/png", expect="any") == {
        "base64": "//4A",
        "content_type": "image/png",
        "size": 3,
    }


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="../../../etc/cron.d/x"', "x"),
        ("attachment; filename=report.pdf", "report.pdf"),
        (r'attachment; filename="C:\\temp\\a.txt"', "a.txt"),
        ('attachment; filename=".."', "file"),
        ('attachment; filename=".ssh"', "ssh"),
        ('attachment; filename="a\x01b.txt"', "ab.txt"),
        ("", "file"),
        ("attachment; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
    ],
)
def test_the_servers_name_of_a_file_is_no_path(disposition: str, name: str) -> None:
    assert download(b"x", {"content-disposition": disposition})["name"] == name


@given(
    st.binary(max_size=200),
    st.sampled_from([JSON, "text/html", "application/x-ndjson", "", "text/plain; charset=utf-7"]),
)
def test_no_bytes_do_harm(body: bytes, content_type: str) -> None:
    for expect in ("json", "any"):
        with contextlib.suppress(NotReadable):
            json.dumps(decode(body, content_type, expect=expect))


def listing(records: str = "$.items", item_path: str = "") -> Block:
    return Block(id="list", kind="list", records=records, item_path=item_path)


@pytest.mark.parametrize(
    ("block", "body", "found"),
    [
        (listing(), {"items": [{"id": 1}]}, [{"id": 1}]),
        (listing(), {"items": {"id": 1}}, [{"id": 1}]),
        (listing(), {"items": None}, []),
        (listing(), {"items": {}}, []),
        (listing(), {"next": None}, []),
        (listing(), None, []),
        (listing(), {}, []),
        (listing(), {"links": [{"rel": "self"}], "warnings": ["x"]}, []),
        (listing(), [{"id": 1}], [{"id": 1}]),
        (listing("$"), [{"id": 1}], [{"id": 1}]),
        (listing("$"), {"id": 1}, [{"id": 1}]),
        (listing("$.items[*]"), {"items": {"a": {"id": 1}, "b": {"id": 2}}}, [{"id": 1}, {"id": 2}]),
        (listing("$.data", "$.attributes"), {"data": [{"attributes": {"id": 1}}, {"id": 2}]}, [{"id": 1}]),
        (listing("$.edges", "$.node.x"), {"edges": [{"node": {"x": {"id": 1}}}, {"node": None}]}, [{"id": 1}]),
        (listing(""), {"data": [1], "meta": {}}, [1]),
        (listing(""), {"odd": [1], "meta": {}}, [1]),
        (listing(""), {"id": 1}, [{"id": 1}]),
        (listing("$[0].rows"), [{"rows": [1]}], [1]),
    ],
)
def test_records_are_always_a_list(block: Block, body: Any, found: list[Any]) -> None:
    assert records(block, body) == found


def test_a_list_under_another_name_is_an_error_and_not_an_empty_list() -> None:
    with pytest.raises(NoRecords, match=r"no list at \$\.items; the answer has one at \$\.data"):
        records(listing(), {"data": [{"id": 1}]})
    with pytest.raises(NoRecords, match="a single value"):
        records(listing(), {"items": "text"})


def test_the_record_of_a_block_that_gives_one() -> None:
    assert record(Block(id="get", records="$.data"), {"data": {"id": 1}}) == {"id": 1}
    assert record(Block(id="get", records="$.data"), {"other": 1}) is None
    assert record(Block(id="get"), {"id": 1}) == {"id": 1}
