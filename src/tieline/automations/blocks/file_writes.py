"""File blocks that change something: create, write, save and close, copy, move, delete.

A file that is written is kept in the database line by line, and goes to its storage as a whole when it is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tieline.automations.blocks.file_base import FileBlock, Names, columns_of
from tieline.automations.blocks.file_places import Files, Place
from tieline.automations.blocks.file_rows import FORMATS, LINE_ENDS, delimiter_of, encoding_of, written
from tieline.automations.blocks.values import decoded, flag
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.engine.registry import register
from tieline.automations.store.files import BEGUN, DONE, RunFiles
from tieline.connectors.files import Storage
from tieline.connectors.files.errors import FileMissing, FileTaken
from tieline.connectors.files.paths import name_of, named
from tieline.security.egress import Upload


@register
class CreateFileBlock(FileBlock):
    """The output is what the blocks that write and close take as their ``file``."""

    type = "CreateFileBlock"
    doc = "Create file: begins a file, which is written line by line and appears when it is saved and closed."
    changes = True
    pinnable = False
    names: ClassVar[Names] = {
        "path": ("file_path", "file_name"),
        "delimiter": (),
        "encoding": (),
        "columns": (),
        "header": ("headers",),
    }
    choices: ClassVar[Names] = {
        "format": FORMATS,
        "line_ending": tuple(LINE_ENDS),
        "on_existing": ("overwrite", "fail"),
    }

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        files = context.services.get(RunFiles)
        place = await self.place(program, inputs, context)
        path = named(inputs["path"])
        once = context.idempotency_key
        chosen = program.chosen
        columns = columns_of(inputs["columns"])
        about = {
            **place.plain(),
            "path": path,
            "format": chosen["format"],
            "encoding": encoding_of(inputs["encoding"]),
            "delimiter": delimiter_of(inputs["delimiter"], path),
            "line_ending": chosen["line_ending"],
            "on_existing": chosen["on_existing"],
            "header": inputs["header"] in (None, "") or flag(inputs["header"]),
            "names": columns,
            "fixed": columns is not None,
        }
        if await files.get(context.run, once) is None:

            async def look(storage: Storage, attempt: int) -> None:
                await _free(storage, path, chosen["on_existing"])

            await context.services.get(Files).work(place, context, look)
        await files.create(context.run, once, about)
        return {**place.plain(), "mode": "write", "id": once, "path": path, "name": name_of(path)}


@register
class WriteLineToFileBlock(FileBlock):
    type = "WriteLineToFileBlock"
    doc = "Write line to file: adds a line of text, a CSV row or a JSON line to a file that was created before."
    changes = True
    names: ClassVar[Names] = {"file": (), "data": ("line", "value")}

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        size = await context.services.get(RunFiles).append(
            context.run,
            context.idempotency_key,
            _written_to(inputs["file"]),
            lambda file: written(file, inputs["data"]),
        )
        return {"size": size}


@register
class SaveAndCloseFileBlock(FileBlock):
    type = "SaveAndCloseFileBlock"
    doc = "Save and close file: puts what was written in its place, all at once."
    changes = True
    names: ClassVar[Names] = {"file": ()}

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        handle = decoded(inputs["file"])
        if isinstance(handle, Mapping) and handle.get("mode") == "read":
            return dict(handle)  # nothing was held open
        files = context.services.get(RunFiles)
        file = await files.get(context.run, _written_to(handle))
        if file is None or file.state == BEGUN:
            raise BlockInputInvalid("file is not one that this run has created; use the output of a create file block")
        if file.state == DONE:
            return file.about
        about, place = file.about, Place.of(file.about)
        again = not await files.begin(context.run, context.idempotency_key)

        async def save(storage: Storage, attempt: int) -> None:
            if not again and attempt == 1:
                await _free(storage, about["path"], about["on_existing"])
            source = Upload(lambda: files.content(context.run, file.id), file.size)
            await storage.write(about["path"], source, token=file.id, ready=lambda: files.still_mine(context.run))
            context.metrics.sent += file.size

        await context.services.get(Files).work(place, context, save)
        result = {
            **place.plain(),
            "mode": "read",
            "path": about["path"],
            "name": name_of(about["path"]),
            "size": file.size,
        }
        await files.close(context.run, file.id, result)
        return result


@register
class CopyFileBlock(FileBlock):
    type = "CopyFileBlock"
    doc = "Copy file: a file once more under another path, also from one storage to another."
    changes = True
    names: ClassVar[Names] = {
        "file": (),
        "source_path": ("source", "from"),
        "path": ("destination_path", "destination", "target_path", "to"),
        "overwrite": (),
    }

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        begin, source = await self.source(program, {**inputs, "path": inputs["source_path"]}, context)
        named_here = program.connection or program.adapter
        end = await self.place(program, inputs, context) if named_here else begin
        target = named(inputs["path"])
        await _begin(context, end, target, "overwrite" if _yes(inputs["overwrite"]) else "fail")
        files, mine = context.services.get(Files), context.services.get(RunFiles)
        token = context.idempotency_key

        async def ready() -> None:
            await mine.still_mine(context.run)

        async def within(storage: Storage, attempt: int) -> None:
            await storage.copy(source, target, token=token, ready=ready)

        async def across(storage: Storage, attempt: int) -> None:
            async def send(other: Storage, attempt: int) -> None:
                await storage.stat(source)
                await other.write(target, Upload(lambda: storage.read(source)), token=token, ready=ready)

            await files.work(end, context, send)

        await files.work(begin, context, within if begin == end and not begin.url else across)
        return {**end.plain(), "mode": "read", "path": target, "name": name_of(target)}


@register
class MoveFileBlock(FileBlock):
    type = "MoveFileBlock"
    doc = "Move file: gives a file another path on the same storage."
    changes = True
    names: ClassVar[Names] = {
        "source_path": ("path", "source", "from"),
        "destination_path": ("destination", "target_path", "new_path", "to"),
        "overwrite": (),
    }

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        place = await self.place(program, inputs, context)
        source = named(inputs["source_path"], "source_path")
        target = named(inputs["destination_path"], "destination_path")
        await _begin(context, place, target, "overwrite" if _yes(inputs["overwrite"]) else "fail", source)

        async def move(storage: Storage, attempt: int) -> None:
            try:
                await storage.move(source, target)
            except FileMissing:
                # It was there when this began: an attempt before has moved it.
                if not await storage.exists(target):
                    raise

        if source != target:
            await context.services.get(Files).work(place, context, move)
        return {**place.plain(), "mode": "read", "path": target, "name": name_of(target)}


@register
class DeleteFileBlock(FileBlock):
    type = "DeleteFileBlock"
    doc = "Delete file: removes a file, or an empty folder."
    changes = True
    names: ClassVar[Names] = {"path": ("file_path",), "ignore_missing": ()}

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        place = await self.place(program, inputs, context)
        path = named(inputs["path"])
        lenient = flag(inputs["ignore_missing"])
        await _begin(context, place, "", "overwrite", "" if lenient else path)
        gone = True

        async def delete(storage: Storage, attempt: int) -> None:
            nonlocal gone
            try:
                await storage.delete(path)
            except FileMissing:
                gone = attempt > 1 or not lenient

        await context.services.get(Files).work(place, context, delete)
        return {"deleted": gone, "path": path}


async def _begin(context: BlockContext, place: Place, target: str, on_existing: str, source: str = "") -> None:
    """Looks whether the step can be made, and notes that it begins; a repeat does neither: it may find its own work."""
    files = context.services.get(RunFiles)
    once = context.idempotency_key
    if await files.begun(context.run, once):
        return

    async def look(storage: Storage, attempt: int) -> None:
        if source:
            await storage.stat(source)
        if target:
            await _free(storage, target, on_existing)

    await context.services.get(Files).work(place, context, look)
    await files.begin(context.run, once)


async def _free(storage: Storage, path: str, on_existing: str) -> None:
    """Raises `FileTaken` where a file may not be put at a path."""
    if on_existing == "fail" and await storage.exists(path):
        raise FileTaken(f"{path!r} exists already; choose another path, or overwrite it")


def _written_to(value: Any) -> str:
    handle = decoded(value)
    found = handle.get("id") if isinstance(handle, Mapping) else handle
    if not isinstance(found, str) or not found:
        raise BlockInputInvalid("file is empty or no file; use the output of a create file block")
    return found


def _yes(value: Any) -> bool:
    return value in (None, "") or flag(value)
