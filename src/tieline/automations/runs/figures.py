"""What a run shows of itself: what it has done so far, and that a fault of ours ended it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tieline.automations.engine.context import BlockMetrics
from tieline.automations.engine.interpreter import Interpreter
from tieline.automations.engine.results import Outcome
from tieline.automations.runs.storable import storable


def crashed(error: Exception) -> Outcome:
    """The outcome of a run that a fault of ours ended."""
    detail = f"a fault in Tieline itself ended the run ({type(error).__name__}); retry it"
    return Outcome(
        "failed", [{"code": "internal-error", "title": "Something went wrong inside Tieline", "detail": detail}]
    )


def metrics_of(interpreter: Interpreter | None) -> dict[str, Any] | None:
    """What a run has done so far: in all, and per block."""
    if interpreter is None:
        return None
    by_key = {step.key: step for step in interpreter.plan.steps.values()}
    totals = {"apiCalls": 0, "rxBytes": 0, "txBytes": 0}
    blocks = []
    for key, cost in interpreter.metrics.items():
        totals["apiCalls"] += cost.calls
        totals["rxBytes"] += cost.received
        totals["txBytes"] += cost.sent
        step = by_key.get(key)
        if step is None:
            continue
        blocks.append(
            {
                "blockId": storable(step.id),
                "name": storable(step.name),
                "type": storable(step.type[:1].lower() + step.type[1:]),
                "runs": cost.runs,
                "failures": cost.failures,
                "seconds": round(cost.seconds, 3),
                "apiCalls": cost.calls,
                "rxBytes": cost.received,
                "txBytes": cost.sent,
            }
        )
    return {"network": totals, "blocks": blocks, "items": interpreter.state.items}


def bring_back(interpreter: Interpreter, metrics: Mapping[str, Any] | None) -> None:
    """Goes on counting where an earlier claim of the run left off; ``metrics``: as the run's row has them.

    What is replayed counts nothing again, so the row, which is written each second and at each end, knows more than
    the last checkpoint; after a kill it lacks at most what was done since that second.
    """
    told = {block.get("blockId"): block for block in (metrics or {}).get("blocks") or ()}
    for step in interpreter.plan.steps.values():
        before = told.get(storable(step.id))
        if before is None:
            continue
        known = interpreter.metrics.setdefault(step.key, BlockMetrics())
        known.calls = max(known.calls, before.get("apiCalls", 0))
        known.sent = max(known.sent, before.get("txBytes", 0))
        known.received = max(known.received, before.get("rxBytes", 0))
        known.runs = max(known.runs, before.get("runs", 0))
        known.seconds = max(known.seconds, before.get("seconds", 0.0))
        known.failures = max(known.failures, before.get("failures", 0))
