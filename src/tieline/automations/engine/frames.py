"""What is open while a run goes on: items of loops, branches. A checkpoint keeps it, a resumed run re-enters it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tieline.automations.engine.plan import Step
from tieline.automations.engine.registry import Batch, LoopSource


@dataclass(slots=True)
class Frame:
    """One item of a loop, or the run itself.

    ``visits`` counts how often jumps brought the run to a block; ``after`` is where a label's chain leads when it ends.
    """

    prefix: str = ""
    loop: str | None = None
    visits: dict[str, int] = field(default_factory=dict)
    after: list[str | None] = field(default_factory=list)

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
