"""List tools: what exports of the original product say, bodies, and hostile input."""

from __future__ import annotations

from typing import Any

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.automations.engine.documents import block, chain, document
from tests.automations.engine.world import World, run_with_crashes
from tieline.automations.blocks.records import identity, order

pytestmark = pytest.mark.anyio


async def made(kind: str, settings: dict[str, Any] | None = None, /, **inputs: Any) -> Any:
    """The output of one block; its error where it fails."""
    whole = document(
        block(kind, "it", inputs=inputs, settings=settings), block("ShowBlock", inputs={"input": "{$.it}"})
    )
    outcome, interpreter, _ = await run_with_crashes(World(), whole, [])
    return outcome.errors[0]["detail"] if outcome.errors else interpreter.state.shown[0]


OVER_ONE = {"mode": "all", "conditions": [{"input1": "n", "operator": ">", "input2": 1}]}
SAME = {"mode": "all", "conditions": [{"input1": "{$.it.item.a}", "operator": "=", "input2": "{$.it.item.b}"}]}


@pytest.mark.parametrize(
    "kind",
    [
        ("FilterListBlock", {"conditions": OVER_ONE}),
        ("DeduplicateListBlock", {"key": "n"}),
        ("SortListBlock", {"key": "n", "order": "desc"}),
        ("TransformListBlock", {"mapping": [{"key": "n", "value": "{$.it.item.n}"}]}),
        ("ReplaceFieldNamesBlock", {"mapping": [{"key": "x", "value": "y"}]}),
        ("ReverseListBlock", {}),
    ],
    ids=lambda entry: entry[0],
)
@pytest.mark.parametrize("crash", [0, 2, 3, 5, 8])
async def test_a_list_tool_with_a_body_is_a_loop_that_survives_a_crash(
    kind: tuple[str, dict[str, Any]], crash: int
) -> None:
    name, inputs = kind
    effect = block("TestEffect", "e", inputs={"body": "{$.it.index}/{$.it.item.n}"})
    listed = '[{"n": 1}, {"n": 2}, {"n": 2, "m": 0}, {"n": 3}]'
    whole = document(
        (block(name, "it", inputs={"list": listed, **inputs}), {"loopBlockId": chain(effect)}),
        block("ShowBlock", inputs={"input": "{$.it}"}),
    )
    world = World()
    outcome, interpreter, _ = await run_with_crashes(world, whole, [crash] if crash else [])
    assert outcome.errors == []
    shown = interpreter.state.shown[0]
    assert list(world.effects.values()) == [f"{index}/{item['n']}" for index, item in enumerate(shown)]
    assert world.conflicts == []


MERGE = {"merge_strategy": "merge", "list1_unique_key": "id", "list2_unique_key": "nr", "on_duplicate_key": "merge"}


@pytest.mark.parametrize(
    ("kind", "settings", "inputs", "expected"),
    [
        (
            "MergeListsBlock",
            {**MERGE, "on_existing_item_key": "keep_both", "case_insensitive": True},
            {"list1": '[{"id": "A", "v": 1}]', "list2": '[{"nr": "a", "v": 2}, {"v": 3}, {"nr": null}]'},
            [{"id": "A", "v": [1, 2], "nr": "a"}, {"v": 3}, {"nr": None}],
        ),
        (
            "MergeListsBlock",
            {**MERGE, "on_duplicate_key": "ignore"},
            {"list1": '[{"id": 1}, {"id": 1}]', "list2": '[{"nr": 1}, {"nr": 2}]'},
            [{"id": 1}, {"id": 1}, {"nr": 2}],
        ),
        (
            "MergeListsBlock",
            {"merge_strategy": "set", "children_key": "c", "list1_key": "a.b", "list2_key": "x"},
            {"list1": '[{"a": {"b": 1}}, {}, 7]', "list2": '[{"x": "1"}, {"x": 2}, {}]'},
            [{"a": {"b": 1}, "c": [{"x": "1"}]}, {"c": []}, 7],
        ),
        ("MergeListsBlock", None, {"input1": "[1]", "input2": "[2]"}, [1, 2]),
        (
            "CompareListsBlock",
            {"compare_mode": "intersect", "list1_unique_key": "i", "list2_unique_key": "i", "result_mode": "merge"},
            {"list1": '[{"i": 1, "v": 1}, {"i": 2}]', "list2": '[{"i": "1", "v": 2, "w": 3}]'},
            [{"i": 1, "v": 1, "w": 3}],
        ),
        (
            "CompareListsBlock",
            {"compare_mode": "diff", "list1_unique_key": "", "list2_unique_key": None},
            {"list1": '[{"a": 1, "b": 2}, "x", 1, "1", true]', "list2": '[{"b": 2, "a": 1}, 1]'},
            ["x", "1", True],
        ),
        ("CompareListsBlock", None, {"input1": "[1, 2]", "input2": "[2]", "mode": "intersect"}, [2]),
        (
            "CompareObjectBlock",
            {"compare_mode": "similar"},
            {"object1": '{"a": 1, "b": {"c": [1]}}', "object2": '{"a": 2, "b": {"c": [1]}}'},
            {"b": {"c": [1]}},
        ),
        (
            "CompareObjectBlock",
            {"compare_mode": "diff", "ignore_missing_in_object1": "yes", "ignore_missing_in_object2": "no"},
            {"object1": '{"a": 1, "b": 1}', "object2": '{"a": 2, "c": 1}'},
            {"a": {"object1": 1, "object2": 2}, "b": {"object1": 1, "object2": None}},
        ),
        ("LimitBlock", None, {"list": "[1, 2, 3, 4]", "limit": 2, "offset": 1}, [2, 3]),
        ("DeduplicateListBlock", {"case_insensitive": True}, {"list": '["a", "A", "b"]'}, ["a", "b"]),
        (
            "SortListBlock",
            None,
            {"list": '["b", null, "10", 9, "A", "a2", "a10", true]'},
            [None, True, 9, "10", "A", "a2", "a10", "b"],
        ),
        ("FlattenListBlock", None, {"list": "[[[[1]]], [2]]", "depth": "9"}, [1, 2]),
        (
            "GroupListBlock",
            None,
            {
                "list": '[{"a": "1"}, {"a": 1, "v": "2.5"}, {"v": ""}]',
                "key": "a",
                "aggregates": '{"m": "avg(v)", "n": "count()"}',
            },
            [
                {"key": "1", "items": [{"a": "1"}, {"a": 1, "v": "2.5"}], "count": 2, "m": 2.5, "n": 2},
                {"key": None, "items": [{"v": ""}], "count": 1, "m": None, "n": 1},
            ],
        ),
        (
            "TransformListBlock",
            None,
            {
                "list": '[{"a": 1}, 5]',
                "mapping": {"x.y": "{$.it.item.a}", "x.z": "{$.it.index}"},
                "keep_other_fields": True,
            },
            [{"a": 1, "x": {"y": 1, "z": 0}}, {"x": {"y": None, "z": 1}}],
        ),
        (
            "TransformListBlock",
            None,
            {"list": '[{"a": [1]}]', "mapping": '{"all": {$.it.item.a}, "as text": "{$.it.item.a}"}'},
            [{"all": [1], "as text": "[1]"}],
        ),
        (
            "FilterListBlock",
            None,
            {
                "list": '[{"a": [{"b": 1}]}, {"a": [{"b": 2}]}, {"a[0].b": 2}]',
                "conditions": {"mode": "all", "conditions": [{"input1": "a[0].b", "operator": "==", "input2": "2"}]},
            },
            [{"a": [{"b": 2}]}, {"a[0].b": 2}],
        ),
        (
            "FilterListBlock",
            None,
            {
                "list": '[{"a": 1, "b": 1}, {"a": 1, "b": 2}]',
                "conditions": SAME,
            },
            [{"a": 1, "b": 1}],
        ),
    ],
)
async def test_settings_of_exports_and_our_own(
    kind: str, settings: dict[str, Any] | None, inputs: dict[str, Any], expected: Any
) -> None:
    assert await made(kind, settings, **inputs) == expected


LIST_TOOLS = (
    "FilterListBlock LookupItemBlock SplitListBlock SortListBlock GroupListBlock ChunkListBlock FlattenListBlock "
    "ReverseListBlock AppendListBlock DeduplicateListBlock ReplaceFieldNamesBlock TransformListBlock MergeListsBlock "
    "CompareListsBlock CompareObjectBlock LimitBlock FieldValuesBlock"
).split()
ODD: list[Any] = [
    None,
    "",
    5,
    "text",
    "[",
    {"a": 1},
    [None, 1, "x", [], {}, {"a": {"a": 1}}],
    [float("1e308")] * 3,
    "\ud800",
    "[" * 99,
]


@pytest.mark.parametrize("kind", LIST_TOOLS)
@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
async def test_odd_input_ends_in_a_value_or_a_typed_error(kind: str, value: Any) -> None:
    names = ("list", "list1", "list2", "object1", "object2", "key", "limit", "size", "depth", "field", "item", "offset")
    whole = document(
        block(kind, "it", inputs=dict.fromkeys(names, "{$.start.v}")), block("ShowBlock", inputs={"input": "{$.it}"})
    )
    outcome, _, _ = await run_with_crashes(World(), whole, [], inputs={"v": value})
    assert [error["code"] for error in outcome.errors] in ([], ["block-input-invalid"])


@pytest.mark.parametrize(
    ("kind", "inputs", "said"),
    [
        ("SortListBlock", {"order": "up"}, "order must be one of asc, desc"),
        ("SortListBlock", {"fields": [{"key": "a", "value": "sideways"}]}, "fields must be an object"),
        ("GroupListBlock", {"aggregates": {"n": "median(a)"}}, "aggregates.n must be a function of a field"),
        (
            "GroupListBlock",
            {"list": '[{"a": "x"}]', "aggregates": {"n": "sum(a)"}},
            "a value to add up must be a number",
        ),
        ("MergeListsBlock", {"merge_strategy": "set"}, "children_key is empty"),
        ("MergeListsBlock", {"merge_strategy": "zip"}, "merge_strategy must be one of merge, set"),
        ("CompareListsBlock", {"compare_mode": "changes"}, "compare_mode changes needs list1_unique_key"),
        ("ChunkListBlock", {"list": "[1]", "size": "0"}, "size must be a whole number from 1"),
        ("LimitBlock", {"list": "[1]", "limit": "-1"}, "limit must be a whole number from 0"),
        ("FieldValuesBlock", {"list": "[1]"}, "field is empty"),
        ("TransformListBlock", {"mapping": "x"}, "mapping must be an object"),
    ],
)
async def test_what_cannot_be_is_said_in_one_sentence(kind: str, inputs: dict[str, Any], said: str) -> None:
    assert said in await made(kind, **inputs)


def test_keys_match_across_types_and_whole_items_do_not() -> None:
    assert identity({"id": 7}, "id") == identity({"id": "7"}, "id") == identity({"id": 7.0}, "id")
    values: tuple[Any, ...] = (1, "1", True, None, [], "[]", {})
    assert len({identity(value) for value in values}) == 7
    assert identity({"a": 1, "b": 2}) == identity({"b": 2, "a": 1})
    assert identity([2**80, "\ud800"]) == identity([2**80, "\ud800"])


def test_long_digits_cost_nothing_to_order() -> None:
    assert sorted(["a" + "9" * 100_000, "a10", "a2"], key=order)[:2] == ["a2", "a10"]
