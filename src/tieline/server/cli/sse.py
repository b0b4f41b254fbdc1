"""Reading a stream of server-sent events (WHATWG HTML, section 9.2.6), piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tieline.core import json
from tieline.core.errors import Transient

LONGEST: Final = 64 * 2**20  # bytes of a line, or of one event's data


class BrokenStream(Transient):
    """What arrives is no stream of events; asking again may do better."""

    code = "broken-stream"
    status = 502
    title = "Broken stream of events"


class Events:
    """Takes bytes as they come and gives (name, id, data) of each event that is whole; data is JSON."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._size = 0
        self._fields: dict[str, str] = {}
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[tuple[str, str, Any]]:
        """Raises `BrokenStream` for data that is no JSON, and for a line without end."""
        *lines, rest = piece.split(b"\n")
        for line in lines:
            whole = b"".join([*self._waiting, line]).removesuffix(b"\r")
            self._waiting = []
            if whole:
                self._take(whole)
                continue
            self._size = 0
            if self._data:
                yield self._fields.get("event", ""), self._fields.get("id", ""), self._value()
            self._fields, self._data = {}, []
        if rest:
            self._waiting.append(rest)
            self._grow(len(rest))

    def _take(self, line: bytes) -> None:
        self._grow(len(line))
        name, _, value = line.decode("utf-8", "replace").partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
        elif name in ("event", "id"):
            self._fields[name] = value.removeprefix(" ")

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > 2 * LONGEST:
            raise BrokenStream(f"An event of the stream is larger than {LONGEST // 2**20} MB.")

    def _value(self) -> Any:
        try:
            return json.loads("\n".join(self._data))
        except (msgspec.DecodeError, RecursionError, ValueError):
            raise BrokenStream("The stream holds an event whose data is no JSON.") from None
