"""The span of one execution of a block."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from tieline.automations.engine.plan import Step
from tieline.core import tracing

if TYPE_CHECKING:
    from opentelemetry.trace import Span


def block_span(step: Step, path: str) -> AbstractContextManager[Span]:
    """A block that runs for real, or a loop with all its items. Only where tracing is on."""
    attributes = {
        "tieline.block.id": step.id,
        "tieline.block.kind": step.type,
        "tieline.block.name": step.name,
        "tieline.block.path": path,
    }
    return tracing.span(f"block {step.type}", attributes)
