"""What all file blocks share: the storage that they name, their inputs, the file that they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tieline.automations.blocks.file_places import Place, place_of
from tieline.automations.blocks.listing import choice, evaluated, given
from tieline.automations.blocks.values import decoded, short
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.engine.registry import BlockType, CompileContext
from tieline.automations.formulas import Formula, text_of
from tieline.connectors.files.paths import named

Names = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled block: the storage it names, its inputs by name, what it was set to, whether it has a body."""

    connection: Any
    adapter: str
    fields: Mapping[str, Formula]
    chosen: Mapping[str, str]
    body: bool


class FileBlock(BlockType):
    """``names``: inputs by name, each with the other ids it may have in documents."""

    reads = True
    names: ClassVar[Names] = {}
    choices: ClassVar[Names] = {}
    changes: ClassVar[bool] = False
    loops: ClassVar[bool] = False

    def compile(self, context: CompileContext) -> Any:
        return Program(
            context.setting("datasource") or context.input("datasource"),
            str(context.block.get("datasourcetype") or context.setting("datasourcetype") or ""),
            {name: given(context, name, *others) for name, others in self.names.items()},
            {name: choice(context, (name,), allowed, allowed[0]) for name, allowed in self.choices.items()},
            self.loops and bool(context.block.get("loopBlockId")),
        )

    def effect(self, program: Any) -> bool:
        return self.changes

    def iterable(self, program: Any) -> bool:
        return isinstance(program, Program) and program.body

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return {name: evaluated(formula, context) for name, formula in program.fields.items()}

    async def place(self, program: Program, inputs: Mapping[str, Any], context: BlockContext) -> Place:
        """The storage that the block names."""
        return await place_of(program.connection, program.adapter, inputs, context)

    async def source(self, program: Program, inputs: Mapping[str, Any], context: BlockContext) -> tuple[Place, str]:
        """The file to read: the one that ``file`` is, else ``path`` on the block's own storage."""
        handle = decoded(inputs.get("file"))
        if isinstance(handle, Mapping):
            if handle.get("mode") == "write":
                raise BlockInputInvalid("file is one that is being written; close it, and open it to read")
            place = Place.of(handle)
            return place, "" if place.url else named(handle.get("path"))
        if handle not in (None, ""):
            raise BlockInputInvalid(f"file is not one that an open file block has given, but {short(handle)}")
        place = await self.place(program, inputs, context)
        return place, "" if place.url else named(inputs.get("path"))


def columns_of(value: Any) -> list[str] | None:
    """Names of columns: a list, or text with commas; None where there are none."""
    found = decoded(value)
    if isinstance(found, str):
        found = [name.strip() for name in found.split(",") if name.strip()]
    if not isinstance(found, list) or not found:
        return None
    return [text_of(name) for name in found]
