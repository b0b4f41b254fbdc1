"""The YAML form: exact both ways, readable, writable by hand, and closed to mischief."""

from __future__ import annotations

import copy
import textwrap
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from tests.automations.workspace.documents import document, documents
from tieline.automations.workspace import check
from tieline.automations.workspace.diff import compare
from tieline.automations.workspace.fields import same
from tieline.automations.workspace.yaml_form import from_yaml, read_file, to_yaml
from tieline.core import json
from tieline.core.errors import BadInput

BY_HAND = """
automation: 1
name: Grown-ups
variables: {names: list}
steps:
  - type: StartBlock
    name: start
    inputs: {run_mode: manual}
  - type: ForEachBlock
    name: loop
    inputs:
      input: '[{"name": "Ada", "age": 36}, {"name": "Tim", "age": 9}]'
    do:
      - type: IfElseBlock
        inputs:
          conditions:
            mode: all
            conditions:
              - {input1: "{$.loop.item.age}", operator: ">=", input2: 18}
        then:
          - type: VariableBlock
            variable: names
            operations: [{id: add_item, value: "{$.loop.item.name}"}]
  - type: CaseBlock
    inputs: {expression: "{count: {$.names}}"}
    cases:
      - when: 0
        do: [{type: ErrorBlock, inputs: {message: nobody}}]
      - when: 1
    default:
      - {type: StopBlock}
  - type: ShowBlock
    inputs:
      input: |
        Found:
        {implode: {$.names}, ', '}
apart:
  - - {type: LabelBlock, id: again, inputs: {name: again}}
    - {type: GotoBlock, inputs: {label: again}}
"""


def exact(given: Any) -> str:
    """The YAML, which must come back as it was and be left alone."""
    before = copy.deepcopy(given)
    text = to_yaml(given)
    assert same(given, before)
    assert same(from_yaml(text), given)
    return text


@settings(max_examples=25, deadline=None)
@given(documents(25))
def test_every_document_comes_back_as_it_was(made: dict[str, Any]) -> None:
    text = exact(made)
    assert "\njson:" not in text and "\ndocument:" not in text  # all of it is in the readable form
    yaml.load(text, Loader=yaml.CBaseLoader)  # other readers understand it too


def test_the_example_of_the_original_product_is_readable(shared: Any) -> None:
    made = json.loads((shared / "contracts" / "workspace" / "example_user_created.json").read_bytes())
    text = exact(made)
    readable, detail = text.split("\ndetail:\n")
    assert "  do:\n  - type: EndpointBlock\n    name: addMemberToSpace\n" in readable
    assert "    test_payload: |-\n      {\n" in readable
    assert not [word for word in ("collapsed", "structure", "childId", "displayName") if word in readable]
    assert len(detail.splitlines()) < 15


@pytest.mark.parametrize(
    "given",
    [
        None,
        5,
        "x",
        [],
        {},
        {"blocks": None},
        {"blocks": {}},
        {"blocks": []},
        {"blocks": [None, 1, "x", {}, {"id": "a"}, {"id": "", "type": "T"}, {"id": 1, "type": "T"}]},
        {"blocks": [{"id": "a", "type": "T"}, {"id": "a", "type": "U"}]},
        {"blocks": [{"id": "a", "type": "T", "childId": "a"}]},
        {"blocks": [{"id": "a", "type": "T", "childId": "b"}, {"id": "b", "type": "T", "loopBlockId": "a"}]},
        {"blocks": [{"id": "a", "type": "T", "text": "\ud800"}]},
        {"variables": None, "detail": 1, "json": "x", "name": 5},
        {"blocks": [{"id": str(n), "type": "ForEachBlock", "loopBlockId": str(n + 1)} for n in range(500)]},
        {"blocks": [{"id": str(n), "type": "ShowBlock", "childId": str(n + 1)} for n in range(3000)]},
    ],
    ids=lambda given: str(given)[:40],
)
def test_odd_documents_too(given: Any) -> None:
    exact(given)


def test_a_value_nested_too_deep_for_yaml_is_kept() -> None:
    deep: Any = []
    for _ in range(600):
        deep = [deep]
    text = to_yaml({"blocks": [{"id": "a", "type": "T", "inputs": deep}]})
    assert "\njson: " in text
    assert str(from_yaml(text)["blocks"][0]["inputs"]).count("[") == 601


def test_what_is_written_by_hand_gets_ids_from_its_places() -> None:
    made = from_yaml(BY_HAND)
    assert from_yaml(BY_HAND) == made
    report = check(made)
    assert (report.blocks, report.unknown, report.errors) == (10, [], [])
    ids = [block["id"] for block in made["blocks"]]
    assert len(set(ids)) == len(ids) and all(
        block["id"] == "again" or len(block["id"]) == 36 for block in made["blocks"]
    )
    by_type = {block["type"]: block for block in made["blocks"]}
    loop, variable, case = (by_type[name] for name in ("ForEachBlock", "VariableBlock", "CaseBlock"))
    assert by_type["StartBlock"]["childId"] == loop["id"] and loop["loopBlockId"] == by_type["IfElseBlock"]["id"]
    assert by_type["IfElseBlock"]["childTrueId"] == variable["id"]
    assert variable["variableGuid"] == made["variables"][0]["guid"]
    assert case["statements"] == [{"value": 0}, {"value": 1}]
    assert case["statementChildrenIds"] == [by_type["ErrorBlock"]["id"], None]
    assert by_type["ShowBlock"]["inputs"][0]["value"].startswith("Found:\n{implode")
    assert read_file(BY_HAND).about == {"name": "Grown-ups"}
    exact(made)


def test_the_example_of_the_guide_is_read_and_has_nothing_wrong() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guide" / "automations.md").read_text()
    found = read_file(guide.split("```yaml\n")[1].split("```")[0])
    assert found.about["schedules"] == [{"interval": 3600, "timezone": "Europe/Stockholm"}]
    report = check(found.workspace)
    assert (report.run_mode, report.blocks, report.errors, report.warnings) == ("scheduled", 5, [], [])


def test_steps_can_be_moved_added_and_removed_in_an_export() -> None:
    made = document(Random(7), 12)
    lines = to_yaml(made).split("\n")
    at = lines.index("steps:") + 1
    lines[at:at] = ["- type: SleepBlock", "  name: first", "  inputs: {time: 5}"]
    new = from_yaml("\n".join(lines))
    assert {change.kind for change in compare(made, new, layout=False)} <= {"added", "moved"}
    assert sum(change.kind == "added" for change in compare(made, new)) == 1


WRONG = {
    "unknown key": ("steps:\n- type: A\n  inputz: {}\n", "line 3, column 3: a step has no field “inputz”"),
    "unknown key above": ("stepz: []\n", "line 1, column 1: an automation has no field “stepz”"),
    "no type": ("steps:\n- name: a\n", "line 2, column 3: a step needs a type"),
    "no step": ("steps:\n- text\n", "line 2, column 3: a step must be an object"),
    "no list": ("steps: {a: 1}\n", "line 1, column 1: steps must be a list of steps"),
    "inputs": ("steps:\n- type: A\n  inputs: text\n", "line 3, column 3: inputs must be an object"),
    "name": ("steps:\n- type: A\n  name: 2026\n", "line 3, column 3: name must be a text"),
    "variable": ("steps:\n- type: A\n  variable: x\n", "line 3, column 3: there is no variable “x”"),
    "two ids": (
        "steps:\n- {type: A, id: x}\n- {type: A, id: x}\n",
        "line 3, column 13: the id x is given to two steps",
    ),
    "twice": ("steps: []\nsteps: []\n", "line 2, column 1: the field “steps” is given twice"),
    "form": ("automation: 2\n", "line 1, column 1: automation must be 1"),
    "alias": ("steps: &a []\napart: *a\n", "line 1, column 8: anchors and aliases are not read"),
    "merge": ("a: &x {b: 1}\n", "line 1, column 4: anchors and aliases are not read"),
    "tag": ("steps: !!python/object/apply:os.system [ls]\n", "line 1, column 8: the tag"),
    "syntax": ("steps: [\n", "line 2, column 1: this is not YAML"),
    "control": ("name: \x00\n", "this is not YAML"),
    "second": ("steps: []\n---\nsteps: []\n", "line 2, column 1: there is a second document"),
    "deep": ("steps: " + "[" * 5000, "it is nested deeper than 400 levels"),
    "empty": ("", "an automation is an object"),
    "detail": ("detail: []\n", "line 1, column 1: detail must be an object"),
    "shape": ("steps: [{type: A, id: a, inputs: {}}]\ndetail: {blocks: {a: {inputs: {'9': [x]}}}}\n", "the shape 9"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_with_its_place(case: str) -> None:
    text, expected = WRONG[case]
    with pytest.raises(BadInput) as caught:
        from_yaml(text)
    assert expected in caught.value.detail
    assert "\n" not in caught.value.detail


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(BadInput, match="anchors and aliases"):
        from_yaml("\n".join(lines))


@pytest.mark.parametrize("hostile", ["5", "{a: 1}", "[1]", "[[x, y]]", "{blocks: 5}", "text"])
@pytest.mark.parametrize("key", ["defaults", "shapes", "variables", "blocks", "raw"])
def test_a_forged_detail_is_refused_or_harmless(key: str, hostile: str) -> None:
    text = f"variables: {{v: list}}\nsteps: [{{type: A, id: a, inputs: {{x: 1}}}}]\ndetail:\n  {key}: {hostile}\n"
    found: list[str] = []
    with suppress(BadInput):
        found = [block["id"] for block in from_yaml(text)["blocks"] if isinstance(block, dict)]
    assert found in ([], ["a"])


def test_words_of_the_first_yaml_stay_text() -> None:
    text = textwrap.dedent(
        """
        steps:
        - type: A
          inputs: {a: no, b: =, c: 2026-01-31, d: 12:30, e: 0x1F, f: 1e3, g: ~, h: true, i: 012, j: "1"}
        """
    )
    values = {one["id"]: one["value"] for one in from_yaml(text)["blocks"][0]["inputs"]}
    assert [values.pop(name) for name in "abcdei"] == ["no", "=", "2026-01-31", "12:30", "0x1F", "012"]
    assert values == {"f": 1000.0, "g": None, "h": True, "j": "1"}
