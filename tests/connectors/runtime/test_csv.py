"""Comma-separated values, newline-delimited JSON and gzip files as answers of a list."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tieline.connectors.manifest.model import Block
from tieline.connectors.runtime.decode import NotReadable, decode
from tieline.connectors.runtime.transports import transport_of

TABLES: dict[str, tuple[bytes, str, list[dict[str, Any]]]] = {
    "commas": (b"id,name\n1,Ada\n2,Bob\n", "text/csv", [{"id": "1", "name": "Ada"}, {"id": "2", "name": "Bob"}]),
    "semicolons": (b"id;name\r\n1;a,b\r\n", "text/csv", [{"id": "1", "name": "a,b"}]),
    "tabs": (b"id\tname\n1\tx y\n", "text/tab-separated-values", [{"id": "1", "name": "x y"}]),
    "bars": (b"id|name\n1|x\n", "application/csv", [{"id": "1", "name": "x"}]),
    "quotes": (b'id,name\n1,"a ""b"", c\nd"\n', "text/csv", [{"id": "1", "name": 'a "b", c\nd'}]),
    "mark and charset": ("\ufeffid\nÜ\n".encode(), "text/csv; charset=utf-8", [{"id": "Ü"}]),
    "windows": ("id\nÜ\n".encode("cp1252"), "text/csv; charset=windows-1252", [{"id": "Ü"}]),
    "same name twice": (b"id,id,\n1,2,3\n", "text/csv", [{"id": "1", "id_2": "2", "column_3": "3"}]),
    "short and long rows": (
        b"a,b\n1\n1,2,3\n",
        "text/csv",
        [{"a": "1", "b": None}, {"a": "1", "b": "2", "column_3": "3"}],
    ),
    "no header": (b"1,2\n", "text/csv; header=absent", [{"column_1": "1", "column_2": "2"}]),
    "separator said": (b"sep=;\nid;n,m\n1;2\n", "text/csv", [{"id": "1", "n,m": "2"}]),
    "only a header": (b"id,name\n", "text/csv", []),
    "blank lines": (b"id\n\n1\n\n", "text/csv", [{"id": "1"}]),
}


@pytest.mark.parametrize(("data", "kind", "expected"), TABLES.values(), ids=TABLES)
def test_rows_are_records(data: bytes, kind: str, expected: list[dict[str, Any]]) -> None:
    assert decode(data, kind) == expected


def test_columns_get_the_types_of_the_schema() -> None:
    output = {"properties": {"id": {"type": "integer"}, "ok": {"type": "boolean"}, "sum": {"type": "number"}}}
    block = Block(id="rows", kind="list", records="$", output=output)
    found = transport_of(block).decode(block, b"id,ok,sum\n1,true,2.5\n2,,\n", "text/csv", expect="json", status=200)
    assert found == [{"id": 1, "ok": True, "sum": 2.5}, {"id": 2, "ok": None, "sum": None}]


def test_a_table_stays_text_where_a_file_is_welcome() -> None:
    assert decode(b"id\n1\n", "text/csv", expect="any") == "id\n1\n"


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(NotReadable, match="columns"):
        decode(b"," * 20_000, "text/csv")


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (b'[{"id": 1}]', "application/gzip", [{"id": 1}]),
        (b'{"id": 1}\n{"id": 2}\n', "application/x-gzip", [{"id": 1}, {"id": 2}]),
        (b'{"id": 1}\n{"id": 2}\n', "application/x-ndjson", [{"id": 1}, {"id": 2}]),
        (b"id,n\n1,2\n", "application/octet-stream", [{"id": "1", "n": "2"}]),
        (b"id,n\n1,2\n", "text/csv", [{"id": "1", "n": "2"}]),
        (b"<?xml version='1.0'?><a><b>1</b></a>", "application/gzip", {"b": "1"}),
    ],
    ids=["json", "lines", "declared lines", "table", "declared table", "xml"],
)
def test_what_is_in_a_gzip_file(data: bytes, kind: str, expected: Any) -> None:
    packed = gzip.compress(data[:5]) + gzip.compress(data[5:])
    assert decode(packed, kind) == expected


@pytest.mark.parametrize(
    ("data", "said", "broken"),
    [
        (gzip.compress(b'{"id": 1}' * 99)[:-12], "cut", True),
        (gzip.compress(b"x")[:10] + b"\xff" * 20, "damaged", True),
        (gzip.compress(b"\0" * 60_000_000), "more than", False),
        (gzip.compress(b"") * 2_000, "members", False),
    ],
    ids=["cut", "damaged", "bomb", "nothing but members"],
)
def test_gzip_files_that_are_refused(data: bytes, said: str, broken: bool) -> None:
    with pytest.raises(NotReadable, match=said) as caught:
        decode(data, "application/gzip")
    assert caught.value.broken is broken


def test_a_gzip_file_stays_a_file_where_one_is_welcome() -> None:
    assert decode(gzip.compress(b"x"), "application/gzip", expect="any")["content_type"] == "application/gzip"


def test_lines_of_json_under_another_type() -> None:
    assert decode(b'{"id": 1}\n{"id": 2}\n', "text/plain") == [{"id": 1}, {"id": 2}]
    with pytest.raises(NotReadable, match="cut or damaged"):
        decode(b'{"id": 1}\n{"id": 2', "text/plain")
