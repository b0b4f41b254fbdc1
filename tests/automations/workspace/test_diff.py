"""What changed between two documents, in words: never silent, never noisy."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.automations.engine.documents import block, chain
from tests.automations.workspace.documents import document, documents, value
from tieline.automations.workspace.diff import compare
from tieline.automations.workspace.fields import same


def flow() -> dict[str, Any]:
    """A loop with a condition in it, between a start and an output."""
    rule = {"input1": "{$.loop.item.age}", "operator": ">", "input2": "18"}
    condition = (
        block("IfElseBlock", "adult", inputs={"conditions": {"mode": "all", "conditions": [rule]}}),
        {"childTrueId": chain(block("ShowBlock", "yes")), "childFalseId": chain(block("ShowBlock", "no"))},
    )
    blocks = chain(
        block("StartBlock", "start"),
        (
            block("ForEachBlock", "loop", inputs={"input": "[1]"}, settings={"blendr_on_error": "stop"}),
            {"loopBlockId": chain(block("ShowBlock", "a"), condition, block("ShowBlock", "b"))},
        ),
        block("VariableBlock", "v", variableGuid="V", operations=[{"id": "set_value", "value": "1"}]),
        block("CaseBlock", "case", statements=[{"value": "x"}, {"value": "y"}], statementChildrenIds=[None, None]),
        block("FormBlock", "inputs", form=[{"id": "f", "type": "input", "label": "Email"}]),
    )
    return {"blocks": blocks, "variables": [{"guid": "V", "name": "v", "type": "string"}]}


def named(made: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in made["blocks"] if one["name"] == name)


def put(name: str, *path: Any) -> Callable[[dict[str, Any]], None]:
    def change(made: dict[str, Any]) -> None:
        at: Any = named(made, name)
        for key in path[:-2]:
            at = at[key]
        at[path[-2]] = path[-1]

    return change


def remove(name: str) -> Callable[[dict[str, Any]], None]:
    def change(made: dict[str, Any]) -> None:
        gone = named(made, name)
        for one in made["blocks"]:
            for edge, target in one.items():
                if edge != "id" and target == gone["id"]:
                    one[edge] = gone.get("childId")
        made["blocks"].remove(gone)

    return change


def swap(made: dict[str, Any]) -> None:
    """The variable block goes behind the case."""
    loop, variable, case = named(made, "loop"), named(made, "v"), named(made, "case")
    loop["childId"], case["childId"], variable["childId"] = case["id"], variable["id"], case["childId"]


CASES = {
    "input": (put("loop", "inputs", 0, "value", "[2]"), ["block “loop”: input Input: '[1]' → '[2]'"]),
    "setting": (put("loop", "settings", 0, "value", "ignore"), ["block “loop”: setting On error: 'stop' → 'ignore'"]),
    "renamed": (put("yes", "name", "si"), ["block “si”: name: 'yes' → 'si'"]),
    "disabled": (put("no", "disabled", True), ["disabled block “no”"]),
    "layout": (put("no", "x", 5), ["block “no”: layout (x)"]),
    "condition": (
        put("adult", "inputs", 0, "value", "conditions", 0, "operator", ">="),
        ["block “adult”: condition 1 operator: '>' → '>='"],
    ),
    "operation": (put("v", "operations", 0, "value", "2"), ["block “v”: operation 1 value: '1' → '2'"]),
    "statement": (put("case", "statements", 1, "value", "z"), ["block “case”: statement 2 value: 'y' → 'z'"]),
    "form": (
        put("inputs", "form", 0, "label", "Mail"),
        ["block “inputs”: form field “Email” label: 'Email' → 'Mail'"],
    ),
    "removed": (remove("adult"), None),
    "moved": (swap, ["moved block “case”: after “v” → after “loop”"]),
    "dangling": (put("b", "childId", "gone"), ["block “b”: way to the next block: nothing → 'gone'"]),
    "variable": (
        lambda made: made["variables"].append({"guid": "W", "name": "w", "type": "list"}),
        ["added variable “w” (list)"],
    ),
    "connector": (
        put("yes", "endpoint_guid", "272d9c70"),
        ["block “yes”: operation of the connector: nothing → '272d9c70'"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_change_is_one_line(case: str) -> None:
    change, expected = CASES[case]
    old = flow()
    new = copy.deepcopy(old)
    change(new)
    lines = [found.text() for found in compare(old, new)]
    if case == "removed":
        # What stood in the branches of the removed block hangs loose now.
        assert lines[0] == "removed IfElseBlock “adult” in the loop of “loop” after “a”"
        assert {line.split("”")[0] for line in lines[1:]} == {"moved block “yes", "moved block “no"}
    else:
        assert lines == expected
    assert compare(old, copy.deepcopy(old)) == compare(new, copy.deepcopy(new)) == []


def test_layout_can_be_left_out_and_long_values_are_shown_where_they_differ() -> None:
    old = {"blocks": [block("ShowBlock", "o", inputs={"input": "x" * 5000 + "old"}, x=1)]}
    new = copy.deepcopy(old)
    new["blocks"][0]["x"] = 2
    new["blocks"][0]["inputs"][0]["value"] = "x" * 5000 + "new"
    (change,) = compare(old, new, layout=False)
    assert "xxold' → '…xx" in change.text() and len(change.text()) < 200
    assert change.as_dict()["old"].endswith("… (5,003 characters)")
    assert len(json.dumps(change.as_dict())) < 4000
    assert [one.kind for one in compare(old, new)] == ["changed", "layout"]


def test_a_copy_with_fresh_ids_shows_what_changed_in_it() -> None:
    old = flow()
    new = json.loads(json.dumps(old).replace("-0000-4000-", "-1111-4000-"))
    named(new, "loop")["inputs"][0]["value"] = "[2]"
    named(new, "yes")["name"] = "other"
    assert [one.text() for one in compare(old, new)] == [
        "block “loop”: input Input: '[1]' → '[2]'",
        "block “other”: name: 'yes' → 'other'",
        "10 blocks with another id",
    ]


@pytest.mark.parametrize("given", [None, [], "x", {"blocks": 5}, {"blocks": [None, 1, {}]}, {"blocks": [{"id": 5}]}])
def test_what_is_no_workspace_can_be_compared_too(given: Any) -> None:
    assert compare(given, given) == []
    assert all(one.text() for one in compare(given, flow())) and compare(flow(), given)


@settings(max_examples=50, deadline=None)
@given(documents(8), st.integers(0, 2**32))
def test_every_difference_is_told_and_equal_documents_have_none(old: dict[str, Any], seed: int) -> None:
    random = Random(seed)
    new = copy.deepcopy(old)
    at: Any = new
    while isinstance(at, (dict, list)) and at:
        key = random.choice(list(at) if isinstance(at, dict) else range(len(at)))
        if not isinstance(at[key], (dict, list)) or not at[key] or random.random() < 0.2:
            at[key] = value(random)
            break
        at = at[key]
    changes = compare(old, new)
    assert bool(changes) is not same(old, new)
    for change in changes:
        assert "\n" not in change.text()
        json.dumps(change.as_dict())


def test_the_work_grows_with_the_size_and_not_with_its_square() -> None:
    counted = {}
    for count in (500, 1000):
        old, new = (document(Random(seed), count) for seed in (1, 2))
        counted[count] = len(compare(old, new))
    assert counted[1000] < 3 * counted[500]
