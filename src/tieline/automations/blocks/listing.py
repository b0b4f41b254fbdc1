"""What all list tools share: a list comes in, a list (or something made of it) goes out, and a body may run for it.

The ids of inputs and settings are those of the published block schema of the original product; ours have no
counterpart there where this says so. A list tool with a body (``loopBlockId``) is a loop over what it makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tieline.automations.blocks.flow import LocalList
from tieline.automations.blocks.values import items
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, PlanError
from tieline.automations.engine.registry import BlockType, CompileContext, LoopSource
from tieline.automations.formulas import Formula, text_of


@dataclass(frozen=True, slots=True)
class Listing:
    """A compiled list tool: whether it has a body, and what `ListTool.read` made of its inputs."""

    body: bool
    spec: Any


class ListTool(BlockType):
    """`read` compiles the inputs, `make` gives the output. ``loops``: the output is a list that a body may run over."""

    loops: ClassVar[bool] = True

    def compile(self, context: CompileContext) -> Any:
        return Listing(self.loops and bool(context.block.get("loopBlockId")), self.read(context))

    def iterable(self, program: Any) -> bool:
        return isinstance(program, Listing) and program.body

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return items(self.make(program.spec, context)) if program.body else None

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return self.make(program.spec, context)

    async def open(self, program: Any, inputs: Any, context: BlockContext) -> LoopSource:
        return LocalList(list(inputs))

    def read(self, context: CompileContext) -> Any:
        """Compiles what the block's inputs and settings say."""
        raise NotImplementedError

    def make(self, spec: Any, context: BlockContext) -> Any:
        """The output."""
        raise NotImplementedError


def given(context: CompileContext, *names: str, default: Any = None) -> Formula:
    """The formula of the first of these inputs (or settings) that has a value."""
    return context.formula(raw(context, *names, default=default))


def raw(context: CompileContext, *names: str, default: Any = None) -> Any:
    """The value, as the document has it, of the first of these inputs or settings that has one."""
    for name in names:
        value = context.input(name)
        if value is None:
            value = context.setting(name)
        if value is not None and value != "":
            return value
    return default


def choice(context: CompileContext, names: tuple[str, ...], allowed: tuple[str, ...], default: str) -> str:
    """A select: one of ``allowed``. Raises `PlanError` that names them."""
    value = raw(context, *names, default=default)
    if not isinstance(value, str) or value not in allowed:
        raise PlanError(f"{names[0]} must be one of {', '.join(allowed)}, not {value!r:.60}")
    return value


def evaluated(formula: Formula, context: BlockContext) -> Any:
    """A formula's value in this run."""
    return formula.evaluate(context.state, context.env)


def text(formula: Formula, context: BlockContext) -> str:
    """A formula's value as text; null is ''."""
    return text_of(evaluated(formula, context))


def needed(formula: Formula, context: BlockContext, what: str) -> str:
    """As `text`, but not empty. Raises `BlockInputInvalid`."""
    found = text(formula, context)
    if not found:
        raise BlockInputInvalid(f"{what} is empty; give it a value")
    return found
