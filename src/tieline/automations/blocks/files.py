"""File blocks that look: open, read, list, check."""

from __future__ import annotations

from collections.abc import AsyncIterator
from fnmatch import translate
from re import compile as pattern_of
from typing import Any, ClassVar

from tieline.automations.blocks.file_base import FileBlock, Names, Program, columns_of
from tieline.automations.blocks.file_places import Files, Place
from tieline.automations.blocks.file_reading import MODES, FileRecords, Reading, codec_of
from tieline.automations.blocks.file_rows import delimiter_of
from tieline.automations.blocks.values import flag, short, whole
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.engine.registry import Batch, LoopSource, register
from tieline.automations.formulas import text_of
from tieline.connectors.files import Entry, Storage
from tieline.connectors.files.paths import clean, name_of
from tieline.core import clock

MOST_PAGES = 10_000  # of one listing
LARGEST_LIST = 5_000  # entries that a list files block without a body gives


@register
class OpenFileBlock(FileBlock):
    type = "OpenFileBlock"
    doc = "Open file: looks a file up, to be read or copied by the blocks behind it."
    names: ClassVar[Names] = {"path": ("file_path",), "url": (), "params": (), "headers_sent": ("headers",)}

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        place, path = await self.source(program, inputs, context)

        async def look(storage: Storage, attempt: int) -> Entry:
            return await storage.stat(path)

        entry = await context.services.get(Files).work(place, context, look)
        name = name_of(path) or place.url.partition("?")[0].rpartition("/")[2]
        return {**place.plain(), "mode": "read", "path": path, "name": name, **_facts(entry)}


@register
class ReadDataFromFileBlock(FileBlock):
    type = "ReadDataFromFileBlock"
    doc = "Read data from file: rows of CSV, values of JSON, lines, or the whole file; its body runs for each of them."
    loops = True
    names: ClassVar[Names] = {
        "file": (),
        "path": (),
        "url": (),
        "params": (),
        "headers_sent": (),
        "mode": ("read_mode",),
        "delimiter": (),
        "encoding": (),
        "headers": ("has_headers", "header"),
        "columns": (),
        "limit": ("maxitemcount",),
    }

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return await (await self._records(program, inputs, context)).all()

    async def open(self, program: Any, inputs: Any, context: BlockContext) -> LoopSource:
        return await self._records(program, inputs, context)

    async def _records(self, program: Program, inputs: Any, context: BlockContext) -> FileRecords:
        place, path = await self.source(program, inputs, context)
        mode = text_of(inputs["mode"]).strip().lower() or "automatic"
        mode = {"auto": "automatic", "line": "raw", "lines": "raw", "raw (line-by-line)": "raw", "jsonl": "ndjson"}.get(
            mode, mode
        )
        if mode not in MODES:
            raise BlockInputInvalid(f"mode must be one of {', '.join(MODES)}, not {short(inputs['mode'])}")
        reading = Reading(
            mode=mode,
            encoding=codec_of(text_of(inputs["encoding"]).strip()) and text_of(inputs["encoding"]).strip(),
            delimiter=delimiter_of(inputs["delimiter"]) if inputs["delimiter"] not in (None, "") else "",
            headers=inputs["headers"] in (None, "") or flag(inputs["headers"]),
            columns=columns_of(inputs["columns"]),
            limit=None if inputs["limit"] in (None, "", 0, "0") else whole(inputs["limit"], "limit", least=1),
        )
        shown = path or place.url.partition("?")[0]
        return FileRecords(context.services.get(Files), place, shown if not place.url else "", reading, context)


@register
class ListFilesBlock(FileBlock):
    type = "ListFilesBlock"
    doc = "List files: what is in a folder; its body runs for each file and folder."
    loops = True
    names: ClassVar[Names] = {"path": ("folder", "directory"), "pattern": (), "limit": ("maxitemcount",)}
    choices: ClassVar[Names] = {"type": ("all", "file", "folder")}

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        found: list[Any] = []
        async for page in (await self._listed(program, inputs, context)).pages(None, 0):
            found += page.records
            if len(found) > LARGEST_LIST:
                raise BlockInputInvalid(
                    f"the folder has more than {LARGEST_LIST} entries; give the block a body, or limit"
                )
        return found

    async def open(self, program: Any, inputs: Any, context: BlockContext) -> LoopSource:
        return await self._listed(program, inputs, context)

    async def _listed(self, program: Program, inputs: Any, context: BlockContext) -> FolderEntries:
        limit = None if inputs["limit"] in (None, "", 0, "0") else whole(inputs["limit"], "limit", least=1)
        return FolderEntries(
            context,
            await self.place(program, inputs, context),
            clean(inputs["path"]),
            text_of(inputs["pattern"])[:200],
            program.chosen["type"],
            limit,
        )


class FolderEntries(LoopSource):
    """A folder page by page; a cursor is {at: that of the storage, left: entries still wanted}."""

    reads = True

    def __init__(
        self, context: BlockContext, place: Place, folder: str, pattern: str, kind: str, limit: int | None
    ) -> None:
        self._context, self._place, self._folder = context, place, folder
        self._pattern = pattern_of(translate(pattern)) if pattern else None
        self._kind, self._limit = kind, limit

    async def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        here = cursor or {"at": None, "left": self._limit}
        files = self._context.services.get(Files)
        while True:
            at, left = here["at"], here["left"]

            async def page(storage: Storage, attempt: int, at: str | None = at) -> Any:
                return await storage.page(self._folder, at)

            listing = await files.work(self._place, self._context, page)
            found = [_listed(entry) for entry in listing.entries if self._keeps(entry)]
            if left is not None:
                found, left = found[:left], max(0, left - len(found))
            more = listing.next is not None and left != 0
            following = {"at": listing.next, "left": left} if more else None
            yield Batch(number, found, here, following)
            if following is None:
                return
            number += 1
            if number > MOST_PAGES:
                raise BlockInputInvalid(
                    f"the folder has more than {MOST_PAGES} pages, or the storage never ends its list"
                )
            here = following

    def _keeps(self, entry: Entry) -> bool:
        wanted = self._kind in ("all", entry.kind)
        return wanted and (self._pattern is None or self._pattern.fullmatch(name_of(entry.path)) is not None)


@register
class CheckIfFileExistsBlock(FileBlock):
    type = "CheckIfFileExistsBlock"
    doc = "Check if file exists: true or false."
    names: ClassVar[Names] = {"path": ("file_path",), "url": (), "params": (), "headers_sent": ("headers",)}

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        place, path = await self.source(program, inputs, context)

        async def look(storage: Storage, attempt: int) -> bool:
            return await storage.exists(path)

        return await context.services.get(Files).work(place, context, look)


def _facts(entry: Entry) -> dict[str, Any]:
    return {
        "size": entry.size,
        "modified": clock.iso(entry.modified) if entry.modified else None,
        "type": entry.kind,
    }


def _listed(entry: Entry) -> dict[str, Any]:
    return {"name": name_of(entry.path), "path": entry.path, **_facts(entry)}
