"""How executions and runs end, and how that is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from tieline.automations.engine import codec
from tieline.automations.engine.errors import ErrorRaised, RunawayRun, RunPaused, RunStopped, UnknownBlockType
from tieline.automations.engine.plan import Step
from tieline.automations.engine.registry import Branch, Break, Jump, Stop, Suspend
from tieline.core.errors import TielineError, Unavailable
from tieline.storage.errors import FenceLost

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run, or this claim's part of it, ended."""

    status: str  # finished, "finished with warnings", failed, suspended
    errors: list[dict[str, Any]]
    suspended: Suspend | None = None


@dataclass(frozen=True, slots=True)
class NotedFailure:
    """Why a block failed, as an earlier claim noted it."""

    code: str
    title: str
    detail: str


class BlockFailed(TielineError):
    """A block failed and its setting says that the run ends with it."""

    code = "block-failed"
    status = 422
    title = "A block failed"

    def __init__(self, step: Step, path: str, error: TielineError | NotedFailure) -> None:
        super().__init__(error.detail)
        self.step = step
        self.path = path
        self.error = error

    def as_error(self) -> dict[str, Any]:
        """For ``run.error``."""
        return {
            "code": self.error.code,
            "title": self.error.title,
            "detail": self.error.detail,
            "block": self.step.name,
            "blockId": self.step.id,
            "path": self.path,
        }


def passes_through(error: TielineError) -> bool:
    """True for what ends the run, or this claim of it, whatever a block's setting says.

    `Unavailable` is trouble of our own storage, not of the API that a block called: the run is given back and goes on
    later.
    """
    return isinstance(error, (BlockFailed, ErrorRaised, RunStopped, RunPaused, RunawayRun, Unavailable, FenceLost))


def unknown(type_name: str, name: str) -> UnknownBlockType:
    """The error of a block whose type nobody registered."""
    return UnknownBlockType(
        f"block “{name}” is of type {type_name!r}, which this version does not know; remove or replace it"
    )


def blamed(error: Exception, step: Step, path: str) -> TielineError:
    """The error as the block's own, also where nobody foresaw it; raises what `passes_through`."""
    if isinstance(error, TielineError):
        if passes_through(error):
            raise error
        return error
    log.error("block.crashed", block=step.id, type=step.type, path=path, exc_info=error)
    return TielineError(f"a fault in Tieline itself made the block fail ({type(error).__name__}); retry the run")


def weight(value: Any) -> int:
    """Rough size on disk, cheap for the small values that make up almost all outputs."""
    if value is None or isinstance(value, (bool, int, float)):
        return 8
    if isinstance(value, str) and value.isascii():
        return len(value)
    return codec.size(value)


def control_note(result: Any) -> list[Any] | None:
    """None for an output; [] for a control value that needs no note; else how it is noted."""
    match result:
        case Branch(index):
            return ["branch", index]
        case Stop(status, error):
            return ["stop", status, error]
        case Jump() | Break() | Suspend():
            return []
        case _:
            return None


def replayed_control(note: list[Any]) -> Any:
    match note:
        case ["branch", index]:
            return Branch(index)
        case ["stop", status, error]:
            return Stop(status, error)
        case _:
            raise AssertionError(f"unknown control {note!r}")
