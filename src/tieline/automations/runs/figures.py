"""What a run shows of itself: what it has done so far, and that a fault of ours ended it."""

from __future__ import annotations

from typing import Any

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
                "seconds": round(cost.seconds, 3),
                "apiCalls": cost.calls,
                "rxBytes": cost.received,
                "txBytes": cost.sent,
            }
        )
    return {"network": totals, "blocks": blocks, "items": interpreter.state.items}
