"""What is read from files, record by record, each with the byte at which the next one begins.

A parser gets a buffer that begins at a record and gives the records that are whole in it, and how many bytes they took.
What it must know besides (the header of a table) is in its ``state``, which goes into the journal with the place.
"""

from __future__ import annotations

import codecs
import json as standard
import re
from functools import lru_cache
from typing import Any, ClassVar

import msgspec

from tieline.automations.blocks.file_errors import FileUnreadable
from tieline.core import json

RECORDS = 500  # of a page
PAGE_BYTES = 1 * 2**20  # of the file, after which a page ends
MOST_COLUMNS = 16_384
_WHITE = " \t\r\n"


class Parser:
    """Reads bytes in ``encoding``, which has the same newlines, quotes and commas as ASCII."""

    mode: ClassVar[str] = ""

    def __init__(self, encoding: str, state: dict[str, Any]) -> None:
        self.encoding, self.state = encoding, state

    def take(self, data: bytes, final: bool, most: int) -> tuple[list[Any], int]:
        """(records, bytes that they took); no records from a buffer that is too short for one. ``final``: nothing
        comes after it. Raises `FileUnreadable`.
        """
        raise NotImplementedError

    def text(self, data: bytes) -> str:
        """Bytes of the file as text."""
        try:
            return data.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise FileUnreadable(
                f"the file is not {self.encoding} (at {data[error.start : error.start + 10]!r}); give its encoding"
            ) from None


class Lines(Parser):
    """Lines as they are, without their end."""

    mode = "raw"

    def take(self, data: bytes, final: bool, most: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = 0
        while at < len(data) and len(found) < most and at < PAGE_BYTES:
            end = data.find(b"\n", at)
            if end < 0:
                if not final:
                    break
                end = len(data)
            found.append(self.record(data[at:end].removesuffix(b"\r")))
            at = min(end + 1, len(data))
        return [one for one in found if one is not _SKIPPED], at

    def record(self, line: bytes) -> Any:
        """What one line stands for."""
        return self.text(line)


_SKIPPED = object()


class JsonLines(Lines):
    """A JSON value a line; blank lines are skipped."""

    mode = "ndjson"

    def record(self, line: bytes) -> Any:
        if not line.strip():
            return _SKIPPED
        try:
            return json.loads(self.text(line))
        except (msgspec.DecodeError, RecursionError) as error:
            raise FileUnreadable(f"a line is not JSON ({error}): {line[:60]!r}") from None


class Table(Parser):
    """CSV (RFC 4180), lenient: quotes in the middle of a cell are text. With a header rows are objects, else lists."""

    mode = "csv"

    def __init__(
        self, encoding: str, state: dict[str, Any], *, delimiter: str, headers: bool, columns: list[str] | None
    ) -> None:
        super().__init__(encoding, state)
        self._cells = _cells(delimiter)
        self._headers, self._columns = headers, columns

    def take(self, data: bytes, final: bool, most: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = 0
        while at < len(data) and len(found) < most and at < PAGE_BYTES:
            row, end = self._row(data, at, final)
            if row is None:
                break
            at = end
            if row == [""]:
                continue
            if self._headers and "names" not in self.state:
                self.state["names"] = _names(row)
                self._wanted()
                continue
            found.append(self._record(row))
        return found, at

    def _row(self, data: bytes, at: int, final: bool) -> tuple[list[str] | None, int]:
        cells: list[bytes] = []
        while True:
            match = self._cells.match(data, at)
            assert match is not None
            quoted, rest, end = match[1], match[2], match[3]
            incomplete = not final and (match.end() >= len(data) or (end == b"\r" and match.end() == len(data)))
            if quoted is None and rest[:1] == b'"':
                # A quote without its end: the cell goes on behind the buffer, or is text that begins with a quote.
                if not final:
                    return None, at
                incomplete = False
            if incomplete and end != b"\n":
                return None, at
            cells.append(rest if quoted is None else quoted.replace(b'""', b'"') + rest)
            at = match.end()
            if end in (b"", b"\n", b"\r\n", b"\r"):
                return [self.text(cell) for cell in cells], at

    def _record(self, row: list[str]) -> Any:
        if not self._headers:
            if self._columns is None:
                return row
            picked = [int(name) for name in self._columns if name.isdigit()]
            return [row[number] if number < len(row) else "" for number in picked]
        names = self.state["names"]
        record = {name: row[number] if number < len(row) else "" for number, name in enumerate(names)}
        for number in range(len(names), len(row)):
            record[f"column_{number + 1}"] = row[number]
        return {name: record.get(name, "") for name in self._columns} if self._columns is not None else record

    def _wanted(self) -> None:
        unknown = [name for name in self._columns or () if name not in self.state["names"]]
        if unknown:
            there = ", ".join(self.state["names"][:20])
            raise FileUnreadable(f"the file has no column {unknown[0][:60]!r}; it has: {there}")


class Json(Parser):
    """The entries of a JSON array one by one, or the one value that the file is."""

    mode = "json"
    _decoder: ClassVar[standard.JSONDecoder] = standard.JSONDecoder()

    def take(self, data: bytes, final: bool, most: int) -> tuple[list[Any], int]:
        text = self._text_so_far(data, final)
        found: list[Any] = []
        at = kept = 0
        while len(found) < most and at < PAGE_BYTES:
            at = _skip(text, at)
            if "array" not in self.state and at < len(text):
                self.state["array"] = text[at] == "["
                at = _skip(text, at + 1) if self.state["array"] else at
                kept = at
            if at >= len(text):
                if final and self.state.get("array") and not self.state.get("ended"):
                    raise FileUnreadable("the file ends in the middle of a JSON array")
                break
            if self.state.get("ended"):
                raise FileUnreadable(f"something stands behind the end of the JSON: {text[at : at + 40]!r}")
            if self.state["array"] and text[at] == "]":
                self.state["ended"] = True
                at = kept = at + 1
                continue
            if self.state["array"] and text[at] == "," and self.state.get("some"):
                at = _skip(text, at + 1)
            value, end = self._value(text, at, final)
            if end is None:
                break
            found.append(value)
            self.state["some"] = True
            if not self.state["array"]:
                self.state["ended"] = True
            at = kept = end
        # The place is that behind the last value: what was looked at beyond it is looked at again.
        return found, len(text[:kept].encode(self.encoding, "surrogatepass"))

    def _value(self, text: str, at: int, final: bool) -> tuple[Any, int | None]:
        try:
            value, end = self._decoder.raw_decode(text, at)
        except RecursionError:
            raise FileUnreadable("the JSON is nested too deeply") from None
        except standard.JSONDecodeError as error:
            if not final:
                return None, None
            raise FileUnreadable(f"the file is not JSON: {error.msg} at {text[error.pos : error.pos + 40]!r}") from None
        except ValueError:
            raise FileUnreadable("the JSON holds a number that is too large") from None
        if final:
            return value, end
        # "12" at the end of a buffer may be the beginning of "123", and "-6." that of "-6.5".
        beyond = end
        while beyond < len(text) and text[beyond] in "0123456789.eE+-":
            beyond += 1
        return (value, end) if beyond < len(text) else (None, None)

    def _text_so_far(self, data: bytes, final: bool) -> str:
        decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        try:
            return decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise FileUnreadable(
                f"the file is not {self.encoding} (at {data[error.start : error.start + 10]!r}); give its encoding"
            ) from None


@lru_cache(maxsize=64)
def _cells(delimiter: str) -> re.Pattern[bytes]:
    mark = re.escape(delimiter.encode())
    return re.compile(rb'(?:"((?:[^"]|"")*+)"(?!"))?([^' + mark + rb"\r\n]*+)(" + mark + rb"|\r\n|\n|\r|\Z)")


def _names(row: list[str]) -> list[str]:
    """Names of columns: each one once, none empty."""
    if len(row) > MOST_COLUMNS:
        raise FileUnreadable(f"the table has {len(row)} columns; at most {MOST_COLUMNS} can be read")
    found: dict[str, None] = {}
    tried: dict[str, int] = {}
    for number, cell in enumerate(row, 1):
        name = base = cell.strip() or f"column_{number}"
        while name in found:
            tried[base] = tried.get(base, 1) + 1
            name = f"{base}_{tried[base]}"
        found[name] = None
    return list(found)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _WHITE:
        at += 1
    return at


def sniffed_delimiter(head: bytes) -> str:
    """The delimiter that the first line has most of; a comma where it has none."""
    line = head.split(b"\n", 1)[0]
    outside = re.sub(rb'"[^"]*"', b"", line)
    return max(",;\t|", key=lambda mark: (outside.count(mark.encode()), mark == ","))
