"""The flows of a template's document."""

from __future__ import annotations

from typing import Any

import pytest

from tests.automations.engine.documents import block, chain
from tieline.automations.engine.errors import PlanError
from tieline.automations.runs.plans import Plans
from tieline.automations.workspace import compile_plan
from tieline.automations.workspace.flows import arranged, flow_of_key, key_of, starts, top_inputs
from tieline.core import json
from tieline.core.ids import new_id

FORM = [{"id": "a", "type": "input", "label": "A", "isRequired": True}]


def start(mode: str | None, **more: Any) -> dict[str, Any]:
    return block("StartBlock", "start", inputs={} if mode is None else {"run_mode": mode}, **more)


def document(*flows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"blocks": [one for flow in flows for one in chain(*flow)], "variables": []}


@pytest.mark.parametrize(
    "first, second, found",
    [
        (start("setup"), start("manual"), {"setup", "start"}),
        (start("Settings"), start("webhook"), {"settings", "start"}),
        (start(None, displayName="Delete"), start(None), {"delete", "start"}),
        (start("manual", displayName="Setup"), start("delete"), {"start", "delete"}),
        (start(None, displayName="Setup"), start("setup", disabled=True), {"start"}),
        (start("setup"), start("setup"), {"setup"}),
    ],
)
def test_a_start_block_says_which_flow_it_begins(
    first: dict[str, Any], second: dict[str, Any], found: set[str]
) -> None:
    assert set(starts({"blocks": [first, second]})) == found


def test_only_input_blocks_directly_below_a_start_block_are_top_inputs() -> None:
    one, two, later = (block("FormBlock", name, form=FORM) for name in ("one", "two", "later"))
    content = document([start("settings"), one, two, block("ShowBlock"), later], [start("manual"), block("ShowBlock")])
    assert [(flow, found["name"]) for flow, found in top_inputs(content)] == [("settings", "one"), ("settings", "two")]


def test_persisted_inputs_of_other_flows_come_first() -> None:
    kept = block("FormBlock", "kept", form=FORM, persistData=True)
    asked = block("FormBlock", "asked", form=FORM)
    shows = block("ShowBlock", inputs={"input": "x"})
    content = document([start("settings"), kept, asked], [start("manual"), shows])
    before = json.dumps(content)
    plan = compile_plan(arranged(content))
    assert json.dumps(content) == before, "the document itself stays"
    trail, at = [], plan.steps[plan.start].next
    while at is not None:
        trail.append(plan.steps[at].name)
        at = plan.steps[at].next
    assert trail == ["kept", shows["name"]]
    assert [one["id"] for one in arranged(content)["blocks"]] == [one["id"] for one in content["blocks"]]
    settings = compile_plan(arranged(content, "settings"))
    assert plan.steps[settings.start].type == "StartBlock"
    assert settings.steps[settings.start].next == kept["id"]


def test_a_flow_that_is_not_there_cannot_run() -> None:
    with pytest.raises(PlanError, match="delete"):
        arranged(document([start("manual")]), "delete")


def test_a_document_with_one_flow_stays_the_same_object() -> None:
    content = document([start("manual")])
    assert arranged(content) is content


def test_the_key_of_a_run_tells_its_flow() -> None:
    assert flow_of_key(key_of("delete", "1")) == "delete"
    assert [flow_of_key(key) for key in (None, "schedule:1", "delivery:x")] == ["start"] * 3


@pytest.mark.anyio
async def test_integrations_of_a_template_share_its_plan() -> None:
    content = json.dumps(document([start("setup"), block("ShowBlock")], [start("manual")]))

    async def fetch(*_: Any) -> bytes:
        return content

    plans = Plans(fetch)
    one = await plans.get(new_id(), new_id(), 1)
    assert await plans.get(new_id(), new_id(), 7) is one
    assert await plans.get(new_id(), new_id(), 1, "setup") is not one
