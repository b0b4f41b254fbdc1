"""The immutable plan of one automation version: steps that point to each other by id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tieline.automations.engine.registry import BlockType

ON_ERROR = ("stop", "warning", "ignore")


@dataclass(frozen=True, slots=True)
class Step:
    """One block, ready to run.

    ``key`` is the block's place in the document (``b0``, ``b1`` ...): short, and stable for one version, it makes up
    the paths of the journal. ``program`` is what the block type compiled its inputs to.
    """

    key: str
    id: str
    type: str
    name: str
    label: str
    kind: BlockType
    program: Any
    next: str | None = None
    loop: str | None = None
    branches: tuple[str | None, ...] = ()
    disabled: bool = False
    on_error: str = "stop"
    effect: bool = False
    collect: bool = False
    parallel: int = 1  # items of a loop that may be in work at once
    ordered: bool = True  # what they change is put together in the list's order, not in the order in which they end
    roots: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label lies: in the body of ``loop`` (None = outside all loops), or on its own (``orphan``).

    ``after``: where the run goes on when the label's chain ends, innermost branch first.
    """

    loop: str | None
    orphan: bool
    after: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps of one version by block id, and where a run begins."""

    start: str
    steps: dict[str, Step]
    variables: dict[str, str] = field(default_factory=dict)  # name -> string, number, list, object, table
    labels: dict[str, Label] = field(default_factory=dict)  # targets of jumps
    revisits: bool = False  # a block may be reached more than once within one loop item
