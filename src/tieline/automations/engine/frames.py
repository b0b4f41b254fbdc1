"""What is open while a run goes on: items of loops, branches. A checkpoint keeps it, a resumed run re-enters it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tieline.automations.engine.errors import RunawayRun
from tieline.automations.engine.plan import Step
from tieline.automations.engine.registry import Batch, LoopSource

MAX_VISITS = 100_000  # of one block within one loop item


@dataclass(slots=True)
class Frame:
    """One item of a loop, or the run itself.

    ``visits`` counts how often jumps, or several ways to it, brought the run to a block; ``after`` is where a label's
    chain leads when it ends.
    """

    prefix: str = ""
    loop: str | None = None
    visits: dict[str, int] = field(default_factory=dict)
    after: list[str | None] = field(default_factory=list)

    def visit(self, step: Step, *, again: bool) -> str:
        """Counts a visit, unless it is one that a checkpoint interrupted; gives the path of the execution."""
        count = self.visits.get(step.key, 0) + (0 if again else 1)
        if count > MAX_VISITS:
            raise RunawayRun(f"jumps reached block “{step.name}” more than {MAX_VISITS} times; check its goto blocks")
        self.visits[step.key] = count
        path = self.prefix + step.key
        return path if count <= 1 else f"{path}~{count}"

    def saved(self) -> dict[str, Any]:
        return {"vis": self.visits, "after": self.after}

    def restore(self, saved: dict[str, Any]) -> None:
        self.visits, self.after = saved["vis"], saved["after"]


@dataclass(slots=True)
class OpenLoop:
    """A loop that is going on, as far as a checkpoint must know it."""

    step: Step
    frame: Frame
    batch: Batch
    offset: int
    index: int
    source: LoopSource
    inputs: Any
    page_row: int
    collected: list[Any] | None

    def saved(self) -> dict[str, Any]:
        return {
            "k": self.step.id,
            "frame": self.frame.saved(),
            "page": self.batch.number,
            "row": self.page_row,
            "cursor": self.batch.cursor,
            "next": self.batch.next,
            "off": self.offset,
            "i": self.index,
            # What a list in memory is made of is in its page.
            "in": self.inputs if self.source.reads else [],
            "src": self.source.snapshot(),
            "col": self.collected,
        }


@dataclass(slots=True)
class OpenBranch:
    """A branch that is going on."""

    step: Step
    frame: Frame
    index: int

    def saved(self) -> dict[str, Any]:
        return {"k": self.step.id, "frame": self.frame.saved(), "branch": self.index}


@dataclass(slots=True)
class OpenJump:
    """A jump that has just been made: the chain goes on at its target."""

    step: Step
    frame: Frame

    def saved(self) -> dict[str, Any]:
        return {"k": self.step.id, "frame": self.frame.saved(), "jump": True}


def grows(entries: Sequence[OpenLoop | OpenBranch], step: Step) -> bool:
    """Whether the block may have got hold of a list that a loop around it goes on collecting."""
    return any(
        isinstance(entry, OpenLoop) and entry.collected is not None and entry.step.name in step.roots
        for entry in entries
    )
