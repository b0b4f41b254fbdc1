"""Cursors and page sizes."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.core.errors import BadInput
from tieline.core.ids import new_id
from tieline.core.paging import BadCursor, BadLimit, Cursor, Cursors, Key, Position, check_limit


def _mac(data: bytes, context: bytes) -> bytes:
    return hmac.new(b"key", len(context).to_bytes(4, "big") + context + data, hashlib.sha256).digest()


def _open(sealed: bytes, context: bytes) -> bytes:
    if not hmac.compare_digest(sealed[:32], _mac(sealed[32:], context)):
        raise BadInput("changed")
    return sealed[32:]


CURSORS = Cursors(lambda data, context: _mac(data, context) + data, _open)
CURSOR = Cursor(Position("My sync", new_id()), "-name", 'name sw "M"', "all")

KEYS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | (st.datetimes(timezones=st.just(UTC)))
)


@given(KEYS, st.uuids(), st.booleans())
def test_reads_what_it_wrote(key: Key, identifier: object, backwards: bool) -> None:
    cursor = Cursor(Position(key, identifier, backwards), "name")  # type: ignore[arg-type]
    text = CURSORS.write(cursor, b"list")
    assert text.isascii()
    assert CURSORS.read(text, b"list") == cursor


def test_keeps_microseconds() -> None:
    moment = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
    cursor = Cursor(Position(moment, new_id()), "createdAt")
    assert CURSORS.read(CURSORS.write(cursor, b""), b"").position.key == moment


def test_any_changed_character_is_noticed() -> None:
    text = CURSORS.write(CURSOR, b"list")
    for place in range(len(text)):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(BadCursor):
            CURSORS.read(changed, b"list")


def test_opens_nowhere_else() -> None:
    with pytest.raises(BadCursor):
        CURSORS.read(CURSORS.write(CURSOR, b"automations of one"), b"automations of another")


@pytest.mark.parametrize("text", ["", "x", "=", "!!", "é", "\0", "AAAA", "A" * 100_000, "eyJpZCI6MX0", " "])
def test_refuses_garbage(text: str) -> None:
    with pytest.raises(BadCursor) as caught:
        CURSORS.read(text, b"list", parameter="next")
    assert caught.value.parameter == "next"


@given(st.text() | st.binary().map(lambda data: data.hex()))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        CURSORS.read(text, b"list")


def test_what_was_sealed_by_something_else_is_refused() -> None:
    from base64 import urlsafe_b64encode

    for inner in (b"", b"\x90", b"\xc1", b'{"a":1}', b"\x97\xa5plain\xc0\xc4\x01a\xc2\xa0\xa0\xa0"):
        sealed = _mac(inner, b"list") + inner
        with pytest.raises(BadCursor):
            CURSORS.read(urlsafe_b64encode(sealed).decode().rstrip("="), b"list")


@pytest.mark.parametrize("limit, size", [(None, 100), (1, 1), (200, 200)])
def test_page_size(limit: int | None, size: int) -> None:
    assert check_limit(limit, default=100, maximum=200) == size


@pytest.mark.parametrize("limit", [0, -1, 201, 2**80])
def test_page_size_outside_its_bounds(limit: int) -> None:
    with pytest.raises(BadLimit, match="1 to 200"):
        check_limit(limit, default=100, maximum=200)
