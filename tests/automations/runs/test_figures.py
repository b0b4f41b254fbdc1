"""What a run shows of itself stays right over claims: nothing is lost with a worker, nothing counted twice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from tieline.automations.engine.context import BlockMetrics
from tieline.automations.engine.interpreter import Interpreter
from tieline.automations.runs.figures import bring_back, metrics_of


def interpreter(**metrics: BlockMetrics) -> Interpreter:
    """One that has two blocks, k1 and k2."""
    steps = {key: SimpleNamespace(key=key, id=f"id-{key}", name=key, type="EndpointBlock") for key in ("k1", "k2")}
    stub: Any = SimpleNamespace(plan=SimpleNamespace(steps=steps), metrics=metrics, state=SimpleNamespace(items=0))
    return cast("Interpreter", stub)


def test_a_later_claim_goes_on_counting() -> None:
    first = interpreter(k1=BlockMetrics(calls=5, sent=50, received=500, runs=5, seconds=1.5, failures=1))
    # The checkpoint that the second one began with was taken a while before.
    second = interpreter(k1=BlockMetrics(calls=2, sent=20, received=200, runs=2, seconds=0.5))
    bring_back(second, metrics_of(first))
    assert metrics_of(second) == metrics_of(first)
    second.metrics["k1"].calls += 1
    second.metrics["k2"] = BlockMetrics(calls=3)
    shown = metrics_of(second)
    assert shown is not None
    assert shown["network"] == {"apiCalls": 9, "rxBytes": 500, "txBytes": 50}
    bring_back(second, metrics_of(first))
    assert metrics_of(second) == shown


def test_a_checkpoint_that_knows_more_than_the_row_wins() -> None:
    fresh = interpreter(k1=BlockMetrics(calls=7, runs=7))
    bring_back(fresh, metrics_of(interpreter(k1=BlockMetrics(calls=5, runs=5))))
    assert fresh.metrics["k1"].calls == 7


def test_rows_without_or_with_other_figures_are_no_matter() -> None:
    rows: list[Any] = [None, {}, {"blocks": None}, {"blocks": []}, {"blocks": [{"blockId": "gone", "apiCalls": 9}]}]
    for metrics in rows:
        fresh = interpreter()
        bring_back(fresh, metrics)
        assert fresh.metrics == {}
