"""A run's place in its trace.

A run goes on in the trace of what started it (a request, a delivery, a schedule's slot, the block of another run):
``runs.trace`` keeps that. Each claim of it is one span, whose id follows from the run and the number of the claim, so
that the one after a crash, a pause or a retry can link the one before without anything being written down for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from tieline.automations.engine.results import Outcome
from tieline.core import tracing
from tieline.core.tracing import Place

if TYPE_CHECKING:
    from opentelemetry.trace import Span


def trace_of(row: Mapping[str, Any]) -> str:
    """The trace id of a run, the same for all its claims."""
    kept = tracing.place(row.get("trace"))
    # Runs that an older release has started have none.
    return kept.trace_id if kept is not None else tracing.digest(str(row["id"]), 16)


def run_span(row: Mapping[str, Any]) -> AbstractContextManager[Span]:
    """The span of one claim of a run. Only where tracing is on."""
    trace_id, number = trace_of(row), row["attempts"]
    before = Place(trace_id, _span_id(row, number - 1), sampled=True) if number > 1 else None
    attributes = {
        "tieline.tenant.id": str(row["tenant_id"]),
        "tieline.automation.id": str(row["automation_id"]),
        "tieline.automation.version": row["version"],
        "tieline.run.id": str(row["id"]),
        "tieline.run.context": row["context"],
        "tieline.run.attempt": number,
    }
    return tracing.entry(
        "run",
        attributes,
        kind="consumer",
        trace_id=trace_id,
        parent=tracing.place(row.get("trace")),
        link=before,
        span_id=_span_id(row, number),
    )


def note_end(outcome: Outcome) -> None:
    """How the claim that is traced here ended."""
    tracing.note(run_status=outcome.status)
    if outcome.status == "failed":
        tracing.failed(str(outcome.errors[0].get("code")) if outcome.errors else "failed")


def _span_id(row: Mapping[str, Any], number: int) -> str:
    return tracing.digest(f"{row['id']}:{number}", 8)
