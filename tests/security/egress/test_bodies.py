"""Reading an answer as text and JSON, and the decoders under every way of cutting their input."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tieline.security.egress import BadResponse, Response
from tieline.security.egress.decoding import decoder_for


def answer(body: bytes, kind: str = "application/json") -> Response:
    return Response(200, CIMultiDictProxy(CIMultiDict({"Content-Type": kind})), body, "https://example.com/")


@pytest.mark.parametrize(
    "body, kind, read",
    [
        (b"", "application/json", None),
        (b" \r\n", "application/json", None),
        (b'{"a":[1,2.5,null,true]}', "application/json", {"a": [1, 2.5, None, True]}),
        (b"\xef\xbb\xbf{}", "application/json", {}),
        ('{"n":"café"}'.encode("latin-1"), "application/json; charset=ISO-8859-1", {"n": "café"}),
        ('{"n":"café"}'.encode("utf-16"), "application/json; charset=utf-16", {"n": "café"}),
        ('{"n":"café"}'.encode(), 'application/json; charset="utf-8"', {"n": "café"}),
        ('{"n":"café"}'.encode(), "application/json; charset=no-such-thing", {"n": "café"}),
        (b"{}", "text/html", {}),
        (b'{"id":9007199254740993,"big":123456789012345678901234567890}', "application/json",
         {"id": 9007199254740993, "big": 123456789012345678901234567890}),
        (b'{"id":1,"id":2}', "application/json", {"id": 2}),
        (rb'["\ud83d\ude80","\ud800","\udc00x","\ud800A","\\ud800","a\u0000b"]', "application/json",
         ["🚀", "\ufffd", "\ufffdx", "\ufffdA", "\\ud800", "a\x00b"]),
        (rb'["\uD800\uD800\uDC00"]', "application/json", ["\ufffd\U00010000"]),
    ],
)  # fmt: skip
def test_json_is_read(body: bytes, kind: str, read: Any) -> None:
    assert answer(body, kind).json() == read


@pytest.mark.parametrize(
    "body, words",
    [
        (b'{"a": 1', "is not JSON"),
        (b"<html>", "is not JSON"),
        (b'{"a": NaN}', "is not JSON"),
        (b'{"a": Infinity}', "is not JSON"),
        (b"{'a': 1}", "is not JSON"),
        (b'{"a": "caf\xe9"}', "not valid UTF-8"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (rb'{"a": "\ud800', "is not JSON"),
    ],
)
def test_what_is_not_json_is_an_error_of_the_server(body: bytes, words: str) -> None:
    with pytest.raises(BadResponse, match=words):
        answer(body).json()


@pytest.mark.parametrize(
    "body, kind, read",
    [
        (b"\xef\xbb\xbfhello", "text/plain", "hello"),
        ("é".encode("latin-1"), "text/plain; charset=latin1", "é"),
        ("é".encode(), "text/plain", "é"),
        (b"", "text/plain", ""),
    ],
)
def test_text_is_read(body: bytes, kind: str, read: str) -> None:
    assert answer(body, kind).text() == read


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=ascii", "text/plain; charset=base64"])
def test_text_in_another_charset_is_an_error(kind: str) -> None:
    with pytest.raises(BadResponse):
        answer(b"\xff\xfe\xe9", kind).text()


def test_a_response_is_shown_without_its_contents() -> None:
    assert "hunter2" not in repr(answer(b"hunter2"))


PACK = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "deflate, gzip": lambda body: gzip.compress(zlib.compress(body)),
}


def expand(packed: bytes, coding: str, cuts: list[int]) -> bytes:
    decoder = decoder_for(coding, 2**20)
    assert decoder is not None
    edges = [0, *sorted(cut % (len(packed) + 1) for cut in cuts), len(packed)]
    pieces = [packed[start:end] for start, end in pairwise(edges)]
    body = b"".join(block for piece in pieces for block in decoder.feed(piece))
    decoder.finish()
    return body


@given(st.binary(max_size=2000), st.sampled_from(sorted(PACK)), st.lists(st.integers(0, 4000), max_size=6))
def test_cutting_the_input_anywhere_changes_nothing(body: bytes, coding: str, cuts: list[int]) -> None:
    assert expand(PACK[coding](body), coding, cuts) == body


@given(st.binary(min_size=1, max_size=500), st.sampled_from(sorted(PACK)), st.integers(1, 10_000))
def test_a_body_that_stops_anywhere_is_noticed(body: bytes, coding: str, missing: int) -> None:
    packed = PACK[coding](body)
    keep = len(packed) - 1 - missing % (len(packed) - 1)
    with pytest.raises(BadResponse):
        expand(packed[:keep], coding, [])


@given(st.binary(max_size=500), st.sampled_from(sorted(PACK)), st.binary(min_size=1, max_size=50))
def test_a_body_that_goes_on_is_noticed(body: bytes, coding: str, more: bytes) -> None:
    with pytest.raises(BadResponse):
        expand(PACK[coding](body) + more, coding, [])


@given(st.binary(max_size=500), st.sampled_from(["gzip", "deflate", "gzip, deflate"]))
def test_random_bytes_are_an_error_or_a_body(garbage: bytes, coding: str) -> None:
    try:
        expand(garbage, coding, [])
    except BadResponse:
        return
