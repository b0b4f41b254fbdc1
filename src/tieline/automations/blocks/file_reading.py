"""Reading a file record by record: a window of it at a time, so that no file is too large and none is held open.

A page notes the byte that it began at. A resumed run asks for the file from there on, and is told when it is another
file by now.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
import mimetypes
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from tieline.automations.blocks.file_errors import FileUnreadable
from tieline.automations.blocks.file_parsers import RECORDS, Json, JsonLines, Lines, Parser, Table, sniffed_delimiter
from tieline.automations.blocks.file_places import Files, Place
from tieline.automations.engine import codec
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.engine.registry import Batch, LoopSource
from tieline.connectors.files import Storage
from tieline.connectors.files.errors import FileChanged, FileTooLarge, StorageRefused, StorageUnavailable

WINDOW = 4 * 2**20  # bytes asked for at once
WINDOW_SECONDS = 600.0  # for each of these
LONGEST_RECORD = 16 * 2**20
LARGEST_RESULT = 8 * 2**20  # bytes that a block without a body gives
MODES = ("automatic", "csv", "json", "ndjson", "raw", "text", "binary")
_BY_NAME = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".txt": "raw",
    ".log": "raw",
}
_PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tgz")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read; ``delimiter`` "" = see for yourself."""

    mode: str = "automatic"
    encoding: str = ""
    delimiter: str = ""
    headers: bool = True
    columns: list[str] | None = None
    limit: int | None = None


_NO_CHARSETS = frozenset({"idna", "punycode", "utf-7", "unicode-escape", "raw-unicode-escape", "undefined"})


def codec_of(name: str) -> str:
    """Python's name of a text encoding; "" stays. Raises `BlockInputInvalid`."""
    if not name:
        return ""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        found = None
    # Python's registry holds compressions and escapes, too, and one that only fails.
    if found is None or not found._is_text_encoding or found.name.replace("_", "-") in _NO_CHARSETS:
        raise BlockInputInvalid(f"encoding {name[:40]!r} is not known; use utf-8, utf-16, windows-1252 ...")
    return {"utf-8-sig": "utf-8"}.get(found.name, found.name)


class FileRecords(LoopSource):
    """The records of a file. A cursor is {at: byte, state: of the parser, file: its mark, left: records wanted}."""

    reads = True

    def __init__(self, files: Files, place: Place, path: str, reading: Reading, context: BlockContext) -> None:
        self._files, self._place, self._path = files, place, path
        self._reading, self._context = reading, context
        self._mark: str | None = None
        self._ended = False
        self._wide = ""  # an encoding that is turned into UTF-8 on the way, so that a newline is one byte

    async def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        here = cursor or {"at": 0, "state": {}, "file": None, "left": self._reading.limit}
        self._mark, self._ended = here["file"], False
        at, left = here["at"], here["left"]
        if self._reading.mode in ("text", "binary"):
            yield Batch(number, [await self.whole()], here, None)
            return
        self._wide = _wide(here["state"].get("codec", ""))
        data = await self._fetch(at)
        state = dict(here["state"])
        if not state:
            state["codec"] = codec_of(self._reading.encoding) or _sniffed(data) or "utf-8"
            self._wide = _wide(state["codec"])
            if self._wide:
                self._ended = False
                data = await self._fetch(at)
        if at == 0 and data.startswith(codecs.BOM_UTF8):
            data, at = data[3:], 3
        parser = self._parser(state, data)
        here = {**here, "file": self._mark, "at": at, "state": dict(parser.state)}
        while True:
            records: list[Any] = []
            while not records:
                records, used = parser.take(data, self._ended, RECORDS if left is None else min(RECORDS, left))
                data, at = data[used:], at + used
                if records or (self._ended and not used):
                    break
                if not used:
                    data += await self._fetch(at + len(data))
                    if len(data) > LONGEST_RECORD:
                        raise FileUnreadable(
                            f"a record of the file is longer than {LONGEST_RECORD} bytes; check mode and delimiter"
                        )
            left = None if left is None else left - len(records)
            more = bool(records) and (bool(data) or not self._ended) and left != 0
            following = {"at": at, "state": dict(parser.state), "file": self._mark, "left": left} if more else None
            yield Batch(number, records, here, following)
            if following is None:
                return
            here = following
            number += 1

    async def all(self) -> Any:
        """What a block without a body gives."""
        if self._reading.mode in ("text", "binary"):
            return await self.whole()
        found: list[Any] = []
        size = 0
        async for page in self.pages(None, 0):
            found += page.records
            size += codec.size(page.records)
            if size > LARGEST_RESULT:
                raise BlockInputInvalid(
                    f"the file gives more than {LARGEST_RESULT} bytes; set limit, or give the block a body, which "
                    "runs for one record after the other"
                )
        return found

    async def whole(self) -> Any:
        """The file as one text, or as an object that mail and other blocks take for a file."""
        data = bytearray()
        while not self._ended:
            data += await self._fetch(len(data))
            if len(data) > LARGEST_RESULT:
                raise FileTooLarge(f"the file has more than {LARGEST_RESULT} bytes; read it record by record")
        if self._reading.mode == "text":
            name = codec_of(self._reading.encoding) or _sniffed(bytes(data)) or "utf-8"
            return Lines(name, {}).text(bytes(data)).removeprefix("\ufeff")
        name = self._path.rpartition("/")[2]
        return {
            "name": name,
            "type": mimetypes.guess_type(name)[0] or "application/octet-stream",
            "content": base64.b64encode(bytes(data)).decode(),
            "encoding": "base64",
            "size": len(data),
        }

    def _parser(self, state: dict[str, Any], head: bytes) -> Parser:
        """What is found out from the first bytes stays in the state, so that a resumed run does not guess anew."""
        reading = self._reading
        if "mode" not in state:
            state["mode"] = _mode(self._path, head) if reading.mode == "automatic" else reading.mode
            state["delimiter"] = reading.delimiter or sniffed_delimiter(head)
        name = "utf-8" if self._wide else state["codec"]
        match state["mode"]:
            case "csv":
                return Table(
                    name, state, delimiter=state["delimiter"], headers=reading.headers, columns=reading.columns
                )
            case "json":
                return Json(name, state)
            case "ndjson":
                return JsonLines(name, state)
            case _:
                return Lines(name, state)

    async def _fetch(self, offset: int) -> bytes:
        """The next window from byte ``offset`` on; sets whether it is the last."""
        if self._ended:
            return b""
        context = self._context

        async def read(storage: Storage, attempt: int) -> bytes:
            entry = await storage.stat(self._path)
            if entry.kind == "folder":
                raise StorageRefused(f"{self._path!r} is a folder; name a file")
            if self._mark is None:
                self._mark = entry.mark
            elif entry.mark != self._mark:
                raise FileChanged(f"{self._path!r} was changed while it was read; read it anew from the beginning")
            data = bytearray()
            stream = storage.read(self._path, offset=0 if self._wide else offset)
            blocks = _narrowed(stream, self._wide, offset) if self._wide else stream
            async with aclosing(stream), aclosing(blocks):
                async for block in blocks:
                    data += block
                    context.metrics.received += len(block)
                    if len(data) >= WINDOW:
                        del data[WINDOW:]
                        break
                else:
                    self._ended = True
            if entry.size is not None and not self._wide and offset + len(data) >= entry.size:
                self._ended = True
            return bytes(data)

        async def read_soon(storage: Storage, attempt: int) -> bytes:
            try:
                async with asyncio.timeout(WINDOW_SECONDS):
                    return await read(storage, attempt)
            except TimeoutError:
                raise StorageUnavailable(f"{self._path!r} came too slowly: no {WINDOW} bytes in 10 minutes") from None

        return await self._files.work(self._place, context, read_soon)


def _mode(path: str, head: bytes) -> str:
    name = path.lower().rpartition("/")[2]
    if name.endswith(_PACKED):
        raise BlockInputInvalid("a compressed file is not expanded; read it with mode binary")
    ending = f".{name.rpartition('.')[2]}" if "." in name else ""
    if ending in _BY_NAME:
        return _BY_NAME[ending]
    return "json" if head.lstrip()[:1] in (b"[", b"{") else "raw"


def _sniffed(head: bytes) -> str:
    return next((name for mark, name in _MARKS if head.startswith(mark)), "")


def _wide(name: str) -> str:
    return name if name.startswith(("utf-16", "utf-32")) else ""


async def _narrowed(stream: AsyncIterator[bytes], name: str, skip: int) -> AsyncGenerator[bytes]:
    """The file as UTF-8, from byte ``skip`` of that on."""
    decoder = codecs.getincrementaldecoder(name)("strict")
    ended = False
    while not ended:
        block = await anext(stream, b"")
        ended = not block
        try:
            data = decoder.decode(block, ended).encode()
        except UnicodeError:
            raise FileUnreadable(f"the file is not {name}; give its encoding") from None
        if data[skip:]:
            yield data[skip:]
        skip = max(0, skip - len(data))
