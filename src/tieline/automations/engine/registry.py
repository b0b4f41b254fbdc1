"""Block types register themselves here; the interpreter knows only this interface.

A block type turns a block of the workspace document into a program once (`compile`), and runs that program any number
of times (`inputs`, then `run`). What `run` gives back is the block's output, or one of the control values below,
which the interpreter obeys.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from tieline.automations.formulas import Formula, compile_json

if TYPE_CHECKING:
    from tieline.automations.engine.context import BlockContext


@dataclass(frozen=True, slots=True)
class Branch:
    """Run the chain behind ``branches[index]``, then go on; None = no chain."""

    index: int | None


@dataclass(frozen=True, slots=True)
class Jump:
    """Go on at the block ``target``."""

    target: str


@dataclass(frozen=True, slots=True)
class Break:
    """Leave the innermost loop."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run: ``status`` is ``finished`` or ``failed``."""

    status: str = "finished"
    error: str = ""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Give the worker back until ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """One page of a loop: its records, and the cursors that fetch it again and the one after it."""

    number: int
    records: list[Any]
    cursor: dict[str, Any] | None = None
    next: dict[str, Any] | None = None


class LoopSource:
    """Where a loop's items come from, page by page."""

    reads: bool = False  # True: from outside

    def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        """Pages from ``cursor`` on (None = the first); ``number`` is the number of the page at ``cursor``."""
        raise NotImplementedError

    def accept(self, record: Any) -> bool:
        """False for a record that an earlier run has dealt with."""
        return True

    def snapshot(self) -> Any:
        """What a resumed run must know besides the cursor (the pointer's high-water mark)."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Takes back what `snapshot` gave."""

    async def finished(self) -> Any:
        """All items are done: moves the pointer. What it gives back is kept in the journal."""
        return None


Control = Break | Jump | Stop | Suspend | None  # what a chain tells its owner


@dataclass(slots=True)
class CompileContext:
    """What a block type may ask while it compiles; it gathers names that formulas refer to."""

    block: Mapping[str, Any]
    index_of: Mapping[str, str]  # block id -> key
    variables: Mapping[str, tuple[str, str]]  # guid -> (name, type)
    names: Mapping[str, str] = field(default_factory=dict)  # block id -> reference name
    roots: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    def formula(self, value: Any) -> Formula:
        """Compiles a template (or a JSON structure of templates) and notes the names it refers to."""
        formula = compile_json(value)
        self.roots |= formula.roots
        self.whole |= formula.whole_refs
        return formula

    def input(self, name: str, default: Any = None) -> Any:
        """The raw value of an input by id."""
        return lookup(self.block.get("inputs"), name, default)

    def setting(self, name: str, default: Any = None) -> Any:
        """The raw value of a setting by id."""
        return lookup(self.block.get("settings"), name, default)


def lookup(entries: Any, name: str, default: Any = None) -> Any:
    """The ``value`` of the entry whose ``id`` is ``name`` in a document's inputs or settings (a list, or an object)."""
    if isinstance(entries, Mapping):
        value = entries.get(name)
        return default if value is None else value
    if isinstance(entries, list):
        for entry in entries:
            if isinstance(entry, dict) and entry.get("id") == name:
                value = entry.get("value")
                return default if value is None else value
    return default


class BlockType:
    """One kind of block. Subclasses set ``type`` and register with `register`."""

    type: ClassVar[str] = ""
    doc: ClassVar[str] = ""
    reads: ClassVar[bool] = False  # True: its output comes from outside and may differ when it runs again
    shared: ClassVar[bool] = False  # True: `apply` changes variables, or what the run shows
    pinnable: ClassVar[bool] = True  # False: its output is not all that a run of it does
    catches: ClassVar[bool] = False  # True: of its two branches the second runs when the first fails

    def compile(self, context: CompileContext) -> Any:
        """The program of one block; raises `PlanError` on input that can never run."""
        raise NotImplementedError

    def effect(self, program: Any) -> bool:
        """True where a run of it may change something outside: its result is on disk before the next block starts."""
        return False

    def iterable(self, program: Any) -> bool:
        """True where it feeds a loop: `open` is called in place of `run`."""
        return False

    def branches(self, block: Mapping[str, Any]) -> tuple[str | None, ...]:
        """Block ids of its branch chains."""
        return ()

    def inputs(self, program: Any, context: BlockContext) -> Any:
        """The evaluated inputs: plain data, kept in the journal where the block has an effect."""
        return None

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        """The output, or a control value."""
        raise NotImplementedError

    async def open(self, program: Any, inputs: Any, context: BlockContext) -> LoopSource:
        """The source of a loop's items."""
        raise NotImplementedError

    def apply(self, program: Any, output: Any, context: BlockContext) -> Any:
        """Puts an output (fresh, or replayed from the journal) into the state; gives what formulas then see."""
        return output


T = TypeVar("T", bound=BlockType)
_types: dict[str, BlockType] = {}


def register(cls: type[T]) -> type[T]:
    """Class decorator: makes the block type known under its ``type`` (and ``aliases``)."""
    _types[cls.type] = cls()
    return cls


def block_type(name: str) -> BlockType | None:
    """The block type of that name, if any."""
    return _types.get(name)


def block_types() -> Mapping[str, BlockType]:
    """All registered block types by name."""
    return dict(_types)
