"""What exports of the original product hold besides the plain forms: documents of our own, after those in public."""

from __future__ import annotations

from typing import Any

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.automations.engine.documents import block, chain, document
from tests.automations.engine.world import World, run_with_crashes
from tieline.automations.workspace import check, compile_plan

pytestmark = pytest.mark.anyio


def exported(kind: str, name: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A block with the clutter that the editor leaves: structures of both kinds, types, places, empty extras."""
    made: dict[str, Any] = block(kind, name, inputs=inputs, **more)
    made["inputs"] = [
        {"id": key, "value": value, "type": "string", "structure": [] if index % 2 else {}, "displayValue": str(value)}
        for index, (key, value) in enumerate((inputs or {}).items())
    ]
    return made | {
        "displayName": name.title(),
        "comment": "",
        "collapsed": [{"name": "loop", "isCollapsed": False}],
        "x": -12.5,
        "y": 0,
        "logo": None,
    }


def operation(name: str, **fields: Any) -> dict[str, Any]:
    return {"key": "8F9448D8-0DD3-4337-B299-897093B212B8", "id": name, "name": f"{name} {{ variable }}", **fields}


def variable(name: str, *operations: dict[str, Any]) -> dict[str, Any]:
    return exported("VariableBlock", name, variableGuid=f"guid-{name}", operations=list(operations))


async def shown(*entries: Any, variables: dict[str, str] | None = None, inputs: Any = None) -> list[Any]:
    whole = document(*entries, variables=variables)
    report = check(whole)
    assert (report.errors, report.warnings, report.unknown) == ([], [], [])
    outcome, interpreter, _ = await run_with_crashes(World(), whole, [], inputs=inputs)
    assert outcome.errors == []
    found: list[Any] = interpreter.state.shown
    return found


async def test_a_table_is_gathered_line_by_line_in_a_text() -> None:
    rows = '[\n  {"id": 1, "text": "one"},\n  {"id": 2, "text": "a|b"}\n]'
    assert await shown(
        variable("rows", operation("set_value", value=rows)),
        (
            exported("ForEachBlock", "loop", {"input": "{object: '{$.rows}'}"}),
            {"loopBlockId": chain(variable("log", operation("append", value="{csv: {$.loop.item}, 'id,text', '|'}")))},
        ),
        exported("ShowBlock", "output", {"input": "id|text\n--|----\n{$.log}"}),
        variables={"rows": "string", "log": "string"},
    ) == ['id|text\n--|----\n1|one\n2|"a|b"\n']


async def test_an_object_variable_takes_a_list_and_conditions_look_into_it() -> None:
    encoded = "W3siYXBwSWQiOiAiYSIsICJvIjogMX0sIHsiYXBwSWQiOiAiYiIsICJvIjogMn1d"
    holds = {
        "mode": "all",
        "conditions": [
            {"input1": "{$.mapping[*].appId}", "operator": "inList", "input2": "{ $.start.wanted }"},
            {"input1": "{ $.mapping[*].appId }", "operator": "notInList", "input2": "c"},
            {"input1": "{$.mapping[0].nothing}", "operator": "empty", "input2": None},
        ],
    }
    mine = {"mode": "all", "conditions": [{"input1": "appId", "operator": "=", "input2": "{$.start.wanted}"}]}
    assert await shown(
        variable("mapping", operation("merge", object=f"{{object: '{{base64decode: {encoded}}}'}}")),
        (
            exported("IfElseBlock", "condition", {"conditions": holds}),
            {
                "childTrueId": chain(
                    (
                        exported("FilterListBlock", "filterList", {"list": "{$.mapping}", "conditions": mine}),
                        {"loopBlockId": chain(exported("ShowBlock", "o", {"input": "{$.filterList.item.o}"}))},
                    )
                ),
                "childFalseId": chain(exported("ErrorBlock", "error", {"message": "missing", "action": "stop"})),
            },
        ),
        variables={"mapping": "object"},
        inputs={"wanted": "b"},
    ) == [2]


async def test_answers_are_read_by_labels_with_blanks() -> None:
    form = [
        {"id": f"inputs-input-{order}", "type": "input", "label": label, "order": order, "values": None}
        | {"options": [] if order else {}, "helpText": None, "isRequired": True}
        for order, label in enumerate(["Data file name", "Tenant"])
    ]
    assert await shown(
        exported("FormBlock", "inputs", form=form, persistData="no"),
        exported("ShowBlock", "output", {"input": "{$.inputs.'Data file name'} at { $.inputs.Tenant }"}),
        exported("ShowBlock", "output2", {"input": '{\n  "n": "{ $.inputs.\'Data file name\' }"\n}'}),
        inputs={"Data file name": "a.csv", "Tenant": "eu"},
    ) == ["a.csv at eu", '{\n  "n": "a.csv"\n}']


async def test_a_backslash_stays_one_in_patterns_and_two_in_what_replaces_it() -> None:
    (found,) = await shown(
        exported("ShowBlock", "o", {"input": r"""subject eq "{regexreplace: { $.start.who }, '\\', '\\\\'}\""""}),
        inputs={"who": "DOMAIN\\ann"},
    )
    assert found.startswith('subject eq "DOMAIN\\\\ann')


async def test_objects_are_built_key_by_key_with_their_kinds() -> None:
    values = [{"key": "of", "value": "{$.start}"}, {"key": "n", "value": "{count: {$.start.l}}"}]
    assert await shown(
        variable("one", operation("empty", value=None), operation("set_key_value", value=values)),
        variable("all", operation("add_item", value="{$.one}")),
        exported("ShowBlock", "o", {"input": "{$.all}"}),
        variables={"one": "object", "all": "list"},
        inputs={"l": [1]},
    ) == [[{"of": {"l": [1]}, "n": 1}]]


def test_start_blocks_of_every_age_are_read() -> None:
    old = document(exported("ShowBlock", "o", {"input": "x"}))
    old["blocks"][0]["inputs"] = [
        {"id": "run_mode", "value": "scheduled", "type": "select", "structure": {}},
        {"id": "schedule_interval", "value": "900", "type": "select", "structure": {}},
        {"id": "", "value": None, "type": "custom", "structure": {}},
    ]
    assert (check(old).run_mode, check(old).errors) == ("scheduled", [])
    assert compile_plan(old).start == old["blocks"][0]["id"]


@pytest.mark.parametrize("language", ["php", "nodejs"])
def test_code_in_another_language_is_reported_when_it_is_imported(language: str) -> None:
    code = block("CustomCodeBlock3", "code", inputs={"language": language, "inputs": None, "code": "echo 1;"})
    (error,) = check(document(code)).errors
    assert (error["code"], error["block"]) == ("workspace-invalid", "code")
    assert language in error["detail"]


KEPT_OUT = {"automations_censor_data": False}
RULES = {"mode": "some", "conditions": [{"input1": "a", "operator": "=", "input2": "1"}]}
TWO_LISTS = {"list1": "{$.start.l}", "list2": "{$.start.l}"}
EVERYTHING: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("ShowBlock", {"input": "x"}, {"display_mode": "merge"}),
    ("ForEachBlock", {"input": "{$.start.l}"}, KEPT_OUT),
    ("ForEachBatchBlock", {"input": "{$.start.l}", "size": "10"}, KEPT_OUT),
    ("SleepBlock", {"time": "0"}, {}),
    ("ErrorBlock", {"message": "m", "action": "continue"}, {}),
    ("UpdateJobBlock", {"title": "t"}, KEPT_OUT),
    (
        "CallUrlBlock",
        {
            "url": "https://x.example",
            "method": "PATCH",
            "timeout": "5",
            "params": None,
            "headers": [],
            "encoding": None,
        },
        {"blendr_on_error": "warning", "full_response": True, "capitalize_headers": False, "cache": "0", **KEPT_OUT},
    ),
    (
        "CallWidgetBlock",
        {"guid": "0-a", "widgetInputs": [{"key": "a", "value": "b", "required": True, "type": "string"}]},
        {"blendr_on_error": "stop", "cache": "enabled", **KEPT_OUT},
    ),
    (
        "CustomCodeBlock3",
        {"language": "python", "inputs": [{"key": "First Name", "value": "1"}], "code": "print(inputs['First Name'])"},
        {"blendr_on_error": "stop", "cache": "0", **KEPT_OUT},
    ),
    (
        "CompareObjectBlock",
        {"object1": "{$.start}", "object2": "{$.start}"},
        {"compare_mode": "diff", "ignore_missing_in_object1": "yes", "ignore_missing_in_object2": "no", **KEPT_OUT},
    ),
    ("CompareObjectBlock", {"object1": "{$.start}", "object2": None}, {"compare_mode": "similar"}),
    (
        "MergeListsBlock",
        TWO_LISTS,
        {"merge_strategy": "merge", "list1_unique_key": "a", "list2_unique_key": None, "on_duplicate_key": "merge"}
        | {"on_existing_item_key": "keep_list2", "case_insensitive": None, **KEPT_OUT},
    ),
    (
        "MergeListsBlock",
        TWO_LISTS,
        {"merge_strategy": "set", "children_key": "c", "list1_key": "a", "list2_key": "a", "case_insensitive": True},
    ),
    (
        "CompareListsBlock",
        TWO_LISTS,
        {"compare_mode": "intersect", "list1_unique_key": "a", "list2_unique_key": "a", "case_insensitive": False}
        | {"result_mode": "merge", "on_existing_item_key": "keep_both", **KEPT_OUT},
    ),
    ("FilterListBlock", {"list": "{$.start.l}", "conditions": RULES}, KEPT_OUT),
    ("LookupItemBlock", {"list": "{$.start.l}", "conditions": RULES}, KEPT_OUT),
    ("DeduplicateListBlock", {"list": "{$.start.l}", "key": "a"}, {"case_insensitive": True, **KEPT_OUT}),
    (
        "ReplaceFieldNamesBlock",
        {"list": "{$.start.l}", "mapping": [{"key": "a", "value": "b"}]},
        {"keepOtherFields": "remove", **KEPT_OUT},
    ),
    ("TransformListBlock", {"list": "{$.start.l}", "mapping": [{"key": "a", "value": None}]}, KEPT_OUT),
    ("LimitBlock", {"list": "{$.start.l}", "limit": "5"}, KEPT_OUT),
]


@pytest.mark.parametrize(("kind", "inputs", "settings"), EVERYTHING, ids=[entry[0] for entry in EVERYTHING])
def test_inputs_and_settings_that_exports_have_are_all_known(
    kind: str, inputs: dict[str, Any], settings: dict[str, Any]
) -> None:
    report = check(document(exported(kind, "it", inputs, settings=settings)))
    assert (report.errors, report.warnings, report.unknown) == ([], [], [])
