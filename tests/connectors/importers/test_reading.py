from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.connectors.importers.support import is_clear
from tieline.connectors.importers.reading import read_document
from tieline.connectors.importers.reading.repair import MAX_REPAIRS
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument

SAMPLE = {"openapi": "3.1.0", "info": {"title": "Café – naïve", "version": "1"}}


def read(data: bytes | str) -> tuple[Any, list[str]]:
    document = read_document(data if isinstance(data, bytes) else data.encode())
    return document.data, [one.code for one in document.notices]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_unicode_in_any_encoding_with_and_without_a_mark(encoding: str) -> None:
    assert read(json.dumps(SAMPLE, ensure_ascii=False).encode(encoding)) == (SAMPLE, [])


def test_windows_1252_is_read_and_said() -> None:
    data = json.dumps(SAMPLE, ensure_ascii=False).encode("cp1252")
    assert read(data) == (SAMPLE, ["encoding"])


@pytest.mark.parametrize(
    "data", [b'{"a": "caf\xe9\xff"}', b'{"a": "\x81\xe9"}', b"\x00\x00\x00\x00", b'{"a": "\xe9"}\x00']
)
def test_bytes_that_are_no_text_are_refused_with_their_place(data: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        read(data)


@pytest.mark.parametrize(
    "data, part",
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04....", "ZIP"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"<!doctype html><title>x</title>", "HTML"),
        (b"<?xml version='1.0'?><definitions/>", "XML"),
    ],
)
def test_other_kinds_of_files_are_named(data: bytes, part: str) -> None:
    with pytest.raises(UnreadableDocument, match=part):
        read(data)


@pytest.mark.parametrize(
    "text, data",
    [
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
        ('{"a": 1\n"b": 2}', {"a": 1, "b": 2}),
        ('{"a": [1 2 3]}', {"a": [1, 2, 3]}),
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ('{"a": 1,, "b": 2}', {"a": 1, "b": 2}),
        ('[{"a": 1, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        ('{"a": {"k": ["x", "y"  }, "b": 2}', {"a": {"k": ["x", "y"]}, "b": 2}),
        ('{"a": [{"k": 1 ], "b": 2}', {"a": [{"k": 1}], "b": 2}),
        ('{"a": 1}, "b": 2}', {"a": 1, "b": 2}),
        ('{"a": 1}\n"b": [2]', {"a": 1, "b": [2]}),
        ('{"p": [{"a": 1, {"b": 2}} ], "c": 3}', {"p": [{"a": 1}, {"b": 2}], "c": 3}),
        ('{"a": "one\ntwo"}', {"a": "one\ntwo"}),
        ('{"a": "\\d+ \\."}', {"a": "\\d+ \\."}),
        ('// c\n{"a": 1, /* x */ "b": 2} // end', {"a": 1, "b": 2}),
        ('{\u2003"a":\u00a01}', {"a": 1}),
        ('{"a": [{} {}] }', {"a": [{}, {}]}),
    ],
)
def test_slips_with_one_sensible_reading_are_mended_and_said(text: str, data: Any) -> None:
    found, codes = read(text)
    assert found == data
    assert codes and set(codes) == {"repaired"}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1',
        '{"a": [1, 2',
        '{"a": "x',
        '{"a" 1 2}',
        '{"a": 1]]',
        "[1, 2]] 3 {",
        '{"a": nul}{',
        '{"a": "x\n  "b": 1,\n "c": 2}',
    ],
)
def test_what_may_mean_several_things_is_refused_with_line_and_column(text: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read(text)
    assert caught.value.line is not None and caught.value.column is not None
    assert caught.value.detail.startswith(f"line {caught.value.line}, column")


def test_too_many_slips_are_no_slips() -> None:
    with pytest.raises(UnreadableDocument):
        read('{"a": [' + "1 " * (MAX_REPAIRS + 5) + "]]")


def test_a_field_given_twice_is_said_and_the_last_one_counts() -> None:
    assert read('{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}') == ({"a": 3, "b": {"c": 2}}, ["duplicate-key"] * 2)


def test_half_a_character_is_replaced() -> None:
    data, codes = read('{"a": "\\ud800 \\ud83d\\ude00 \\\\ud800", "\\uDFFF": 1}')
    assert data == {"a": "\ufffd \U0001f600 \\ud800", "\ufffd": 1}
    assert codes == ["encoding"]


def test_flow_yaml_that_looks_like_json_is_read() -> None:
    assert read("{openapi: 3.1.0, info: {title: no}}")[0] == {"openapi": "3.1.0", "info": {"title": "no"}}
    assert read("{\"a\": 'single quotes'}")[0] == {"a": "single quotes"}


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 20_000 + "1" + "}" * 20_000,
        "[" * 100_000,
        "[" + "{}," * 5_000_000 + "{}]",
    ],
    ids=["deep", "unclosed", "wide"],
)
def test_limits_are_clear_errors(text: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read(text)
    assert caught.value.code in ("document-too-large", "unreadable-document")


def test_a_number_of_thousands_of_digits_is_kept_as_text() -> None:
    assert read('{"a": ' + "9" * 10_000 + "}")[0] == {"a": "9" * 10_000}


def test_a_document_over_the_size_limit_is_refused_at_once() -> None:
    with pytest.raises(DocumentTooLarge, match="the limit is 64 MB"):
        read(b" " * (64 * 2**20 + 1))


data = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.text(min_size=1, max_size=6), data, min_size=1, max_size=5), st.integers(0, 400))
def test_one_lost_comma_is_found_again(value: dict[str, Any], where: int) -> None:
    text = json.dumps(value, indent=1)
    commas = [index for index, character in enumerate(text) if character == "," and text[index + 1] == "\n"]
    if not commas:
        return
    at = commas[where % len(commas)]
    assert read(text[:at] + text[at + 1 :])[0] == json.loads(text)


@given(st.binary(max_size=300))
def test_any_bytes_give_data_or_a_clear_error(data: bytes) -> None:
    try:
        read_document(data)
    except UnreadableDocument as error:
        is_clear(error)


@given(data, st.integers(0, 10**6), st.sampled_from(list('{}[],:"\\\n1')))
def test_any_json_with_one_wrong_character_gives_data_or_a_clear_error(value: Any, at: int, character: str) -> None:
    text = json.dumps({"x": value})
    at %= len(text)
    try:
        read_document((text[:at] + character + text[at + 1 :]).encode())
    except UnreadableDocument as error:
        is_clear(error)
