"""Cursors: where a list goes on, opaque to the client and proof against changes.

A cursor holds the values of the row that it stands beside (keyset paging), so that rows that come or go while a client
pages never make it see another row twice or miss one. It also holds the order and the filter it was made for. How it is
sealed is the caller's: `Cursors` takes two functions, because keys live in a package above this one.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from tieline.core.errors import BadInput, TielineError

MAX_LENGTH = 8192

Row = TypeVar("Row")
Key = str | int | float | bool | datetime | None


class BadCursor(BadInput):
    """A cursor that we did not make, or not for this request."""

    code = "invalid-cursor"
    title = "Invalid cursor"

    def __init__(self, detail: str = "", *, parameter: str = "cursor") -> None:
        super().__init__(
            detail or "The cursor is not one of ours, or was changed; take it from links.next.href as it is.",
            parameter=parameter,
        )


class BadLimit(BadInput):
    """A page size outside its bounds."""

    code = "invalid-limit"
    title = "Invalid limit"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, parameter="limit")


class Position(Struct, frozen=True, array_like=True):
    """A place in an ordered list: beside the row with this ``key`` (the sorted field) and ``id``, looking one way."""

    key: Key
    id: UUID
    backwards: bool = False


class Cursor(Struct, frozen=True, array_like=True):
    """What a client gets, once sealed. ``sort`` and ``filter`` are as the first request had them."""

    position: Position
    sort: str
    filter: str = ""
    flags: str = ""


class _Wire(Struct, frozen=True, array_like=True):
    key_type: Literal["plain", "moment"]
    key: str | int | float | bool | None
    id: bytes
    backwards: bool
    sort: str
    filter: str
    flags: str


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(_Wire)


class Cursors:
    """Seals and opens cursors; ``open_`` raises a `TielineError` for what ``seal`` did not make for the context."""

    def __init__(self, seal: Callable[[bytes, bytes], bytes], open_: Callable[[bytes, bytes], bytes]) -> None:
        self._seal = seal
        self._open = open_

    def write(self, cursor: Cursor, context: bytes) -> str:
        """The text of a cursor; ``context`` names the list and its tenant, so that it opens nowhere else."""
        position = cursor.position
        moment = isinstance(position.key, datetime)
        key = position.key.isoformat() if isinstance(position.key, datetime) else position.key
        wire = _Wire(
            "moment" if moment else "plain",
            key,
            position.id.bytes,
            position.backwards,
            cursor.sort,
            cursor.filter,
            cursor.flags,
        )
        return urlsafe_b64encode(self._seal(_encode(wire), context)).decode().rstrip("=")

    def read(self, text: str, context: bytes, *, parameter: str = "cursor") -> Cursor:
        """The cursor behind ``text``. Raises `BadCursor` for anything that `write` did not make for this context."""
        if not text or len(text) > MAX_LENGTH or not text.isascii():
            raise BadCursor(parameter=parameter)
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            if urlsafe_b64encode(sealed).decode().rstrip("=") != text:
                raise BadCursor(parameter=parameter)
            wire = _decoder.decode(self._open(sealed, context))
            key = datetime.fromisoformat(str(wire.key)) if wire.key_type == "moment" else wire.key
            position = Position(key, UUID(bytes=wire.id), wire.backwards)
        except (TielineError, binascii.Error, ValueError, msgspec.DecodeError):
            raise BadCursor(parameter=parameter) from None
        return Cursor(position, wire.sort, wire.filter, wire.flags)


class Page(Struct, Generic[Row], frozen=True):
    """Some rows of a list and where it goes on to both sides; None where it ends."""

    rows: Sequence[Row]
    next: Position | None = None
    previous: Position | None = None


def check_limit(limit: int | None, *, default: int, maximum: int) -> int:
    """The page size. Raises `BadLimit` outside 1..``maximum``."""
    if limit is None:
        return default
    if not 1 <= limit <= maximum:
        raise BadLimit(f"The limit is outside 1 to {maximum}; ask for fewer and follow links.next.href.")
    return limit
