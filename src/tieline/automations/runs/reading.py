"""Reading a journal piece by piece: a call looks at so much of it and no more, however long the run is.

A place in a journal is written ``seq.note``: a row, and the number of a note in it. Reading goes on behind a place.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import func

from tieline.automations.engine import codec
from tieline.automations.engine.journal import GROUP
from tieline.core.errors import BadInput
from tieline.storage.tables import journal, run_blobs
from tieline.storage.unit import Unit

FIRST_ROWS, ROWS_AT_ONCE = 4, 256  # most calls find all they want in the first few
BYTES_AT_ONCE = 4 * 2**20
_LARGEST_SEQ = 2**62
_PLAIN = b"\x00"  # how `codec` marks what is not compressed


class Place(NamedTuple):
    """Behind note ``note`` of row ``seq``. ``note`` `WHOLE`: behind the whole row."""

    seq: int
    note: int

    def __str__(self) -> str:
        return str(self.seq) if self.note >= WHOLE else f"{self.seq}.{self.note}"


WHOLE = 2**31
START = Place(0, WHOLE)


def place_of(text: str, parameter: str) -> Place:
    """The place that a client hands back. Raises `BadInput`."""
    seq, dot, note = text.partition(".")
    parts = (seq, note) if dot else (seq,)
    if not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts) or int(seq) > _LARGEST_SEQ:
        raise BadInput(
            f"The parameter {parameter} is no place in a run; send one that an answer gave.", parameter=parameter
        )
    return Place(int(seq), min(int(note), WHOLE) if dot else WHOLE)


class Head(msgspec.Struct):
    """What a note says besides its data, which is not unpacked."""

    t: Any = None  # milliseconds
    e: Any = None  # error
    c: Any = None  # control value; cursor of a page
    pin: Any = None  # a pinned output stood in for it
    r: msgspec.Raw = msgspec.Raw(b"")  # records of a page, packed
    b: Any = None  # where large data lies


class Logged(msgspec.Struct):
    """What the live view needs of a note."""

    t: Any = None
    e: Any = None
    pin: Any = None
    x: Any = None  # exchanges, and what was printed


class Row(NamedTuple):
    """One row of the journal."""

    seq: int
    at: datetime
    data: bytes


_decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {
    kind: msgspec.msgpack.Decoder(list[tuple[str, str, kind]], ext_hook=codec.extension)  # type: ignore[valid-type]
    for kind in (Head, Logged, msgspec.Raw)
}


def notes_of(data: bytes, kind: type[Any]) -> list[tuple[str, str, Any]]:
    """(kind, path, note) of a row, each note as ``kind``: `Head`, `Logged`, or raw to be unpacked later."""
    body = zlib.decompress(data[1:]) if data[:1] == b"\x01" else data[1:]
    found: list[tuple[str, str, Any]] = _decoders[kind].decode(body)
    return found


def unpacked(note: msgspec.Raw) -> dict[str, Any]:
    """A raw note whole."""
    found: dict[str, Any] = value_of(note)
    return found


def value_of(raw: msgspec.Raw) -> Any:
    """A raw value unpacked."""
    return codec.decode(_PLAIN + bytes(raw))


class Budget:
    """How much one call may read. Seconds, and bytes as they lie on disk."""

    def __init__(self, *, seconds: float = 1.0, size: int = 32 * 2**20) -> None:
        self._until = time.monotonic() + seconds
        self._size = size

    def take(self, size: int) -> None:
        self._size -= size

    @property
    def spent(self) -> bool:
        return self._size <= 0 or time.monotonic() >= self._until


async def rows(unit: Unit, run_id: UUID, after: int, budget: Budget) -> AsyncIterator[Row]:
    """The rows with notes behind row ``after``, some megabytes of them at a time in memory. Ends early where the budget
    is spent; at least one row is given.
    """
    mine = (journal.c.run_id == run_id, journal.c.kind == GROUP)
    given, many = 0, FIRST_ROWS
    while not (given and budget.spent):
        sizes = await unit.all(
            unit.select(journal, journal.c.seq, func.octet_length(journal.c.data).label("size"))
            .where(*mine, journal.c.seq > after)
            .order_by(journal.c.seq)
            .limit(many)
        )
        if not sizes:
            return
        many = min(many * 4, ROWS_AT_ONCE)
        last, size = sizes[0]["seq"], 0
        for entry in sizes:
            size += entry["size"] or 0
            if size > BYTES_AT_ONCE and entry is not sizes[0]:
                break
            last = entry["seq"]
        found = await unit.all(
            unit.select(journal, journal.c.seq, journal.c.at, journal.c.data)
            .where(*mine, journal.c.seq > after, journal.c.seq <= last)
            .order_by(journal.c.seq)
        )
        for row in found:
            if given and budget.spent:
                return
            after = row["seq"]
            if row["data"] is None:
                continue
            given += 1
            budget.take(len(row["data"]))
            yield Row(row["seq"], row["at"], bytes(row["data"]))
        await asyncio.sleep(0)


async def at_end(unit: Unit, run_id: UUID, seq: int) -> bool:
    """Whether nothing lies behind row ``seq``."""
    return (
        await unit.scalar(
            unit.select(journal, journal.c.seq)
            .where(journal.c.run_id == run_id, journal.c.kind == GROUP, journal.c.seq > seq)
            .limit(1)
        )
        is None
    )


async def row(unit: Unit, run_id: UUID, seq: int) -> Row | None:
    """One row."""
    found = await unit.one(
        unit.select(journal, journal.c.seq, journal.c.at, journal.c.data).where(
            journal.c.run_id == run_id, journal.c.kind == GROUP, journal.c.seq == seq
        )
    )
    return None if found is None or found["data"] is None else Row(found["seq"], found["at"], bytes(found["data"]))


async def blob(unit: Unit, run_id: UUID, name: str, *, most: int) -> bytes | None:
    """What lies apart from the journal, unless it has more than ``most`` bytes on disk or is gone."""
    try:
        mine = (run_blobs.c.run_id == run_id, run_blobs.c.id == UUID(name))
    except ValueError:
        return None
    found = await unit.scalar(
        unit.select(run_blobs, run_blobs.c.data).where(*mine, func.octet_length(run_blobs.c.data) <= most)
    )
    return None if found is None else bytes(found)


async def counted(unit: Unit, run_id: UUID, page: Head) -> int:
    """How many records a page has; its records are not unpacked."""
    if page.b is not None:
        try:
            mine = (run_blobs.c.run_id == run_id, run_blobs.c.id == UUID(str(page.b)))
        except ValueError:
            return 0
        start = await unit.scalar(unit.select(run_blobs, func.substring(run_blobs.c.data, 1, 4096)).where(*mine))
        return _length(bytes(start or b""))
    return _length(bytes(value_of(page.r))[:4096]) if bytes(page.r) else 0


def records(packed: bytes) -> list[msgspec.Raw]:
    """The records of a page (or the entries of any packed list), each to be unpacked by `value_of`. Raises
    `msgspec.ValidationError` for what is no list.
    """
    body = zlib.decompress(packed[1:]) if packed[:1] == b"\x01" else packed[1:]
    return _raw_list.decode(body)


_raw_list = msgspec.msgpack.Decoder(list[msgspec.Raw])


def _length(packed: bytes) -> int:
    """The length of a packed list, of which only the beginning is given."""
    if not packed:
        return 0
    body = zlib.decompressobj().decompress(packed[1:], 16) if packed[:1] == b"\x01" else packed[1:17]
    if not body:
        return 0
    if 0x90 <= body[0] <= 0x9F:
        return body[0] & 0x0F
    if body[0] in (0xDC, 0xDD):
        return int.from_bytes(body[1 : 3 if body[0] == 0xDC else 5], "big")
    return 0
