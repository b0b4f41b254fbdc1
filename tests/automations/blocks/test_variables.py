"""Every operation of every type of variable."""

from __future__ import annotations

from typing import Any

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.automations.engine.documents import block, document
from tests.automations.engine.world import World, run_with_crashes
from tieline.automations.blocks.variables import OPERATIONS

pytestmark = pytest.mark.anyio


async def after(kind: str, *operations: dict[str, Any]) -> tuple[list[str], Any]:
    """(codes of errors, the variable's value at the end)."""
    it = block("VariableBlock", "v", variableGuid="guid-v", operations=list(operations))
    whole = document(it, block("ShowBlock", inputs={"input": "{$.v}"}), variables={"v": kind})
    outcome, interpreter, _ = await run_with_crashes(World(), whole, [])
    return [error["code"] for error in outcome.errors], (interpreter.state.shown or [None])[0]


def do(operation: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": operation, "key": "k", "name": operation, "value": value, **more}


@pytest.mark.parametrize(
    ("kind", "operations", "value"),
    [
        ("string", [do("set_value", 5), do("append", "x"), do("append", None)], "5x"),
        ("string", [do("set_value", "a"), do("empty")], ""),
        ("number", [do("set_value", "4"), do("add", 1), do("multiply", 3), do("subtract", "5"), do("divide", 4)], 2.5),
        ("number", [do("set_value", 4), do("divide", 2)], 2),
        ("number", [do("set_value", 4), do("empty")], 0),
        ("list", [do("add_item", 1), do("add_item", [2]), do("merge", "[1, 3]")], [1, [2], 1, 3]),
        ("list", [do("add_item", 1), do("merge", [1, 2], allow_duplicates=False)], [1, 2]),
        ("list", [do("add_item", 1), do("add_item", 1, allow_duplicates="no")], [1]),
        ("list", [do("set_value", "[1]"), do("empty")], []),
        ("table", [do("add_row", {"a": 1}), do("add_row", [{"key": "a", "value": 2}])], [{"a": 1}, {"a": 2}]),
        ("table", [do("add_row", ["a", 1]), do("add_row", "b")], [["a", 1], ["b"]]),
        ("table", [do("set_value", [{"a": 1}]), do("merge", [{"a": 2}]), do("empty")], []),
        ("object", [do("set", {"a": 1}), do("merge", '{"b": 2}')], {"a": 1, "b": 2}),
        (
            "object",
            [do("set_key_value", [{"key": "a", "value": 1}]), do("set_key_value", {"key": "b", "value": 2})],
            {"a": 1, "b": 2},
        ),
        ("object", [do("set_value", {"a": 1, "b": 2}), do("rename_key", {"key": "a", "value": "c"})], {"c": 1, "b": 2}),
        ("object", [do("set", {"a": 1, "b": 2}), do("rename_key", {"a": "c"}), do("remove_key", "b")], {"c": 1}),
        ("object", [do("set", {"a": 1, "b": 2, "c": 3}), do("remove_key", [{"key": "a"}, "b"])], {"c": 3}),
        ("object", [do("set", {"a": 1}), do("remove_key", {"key": "a", "value": None})], {}),
        ("object", [do("set", {"a": 1}), do("empty")], {}),
        ("object", [do("empty"), {"id": "merge", "key": "k", "name": "m", "object": '{"a": 1}'}], {"a": 1}),
        ("object", [{"id": "merge", "object": '[{"a": 1}]'}, do("merge", [{"a": 2}])], [{"a": 1}, {"a": 2}]),
        ("object", [do("set", {"a": 1}), do("merge", ["x"])], {"a": 1, "0": "x"}),
        ("object", [do("set", {"a": 1}), {"id": "rename_key", "key": "k", "from": "a", "to": "b"}], {"b": 1}),
        ("list", [{"id": "merge", "list": [1, 2], "allow_duplicates": True}], [1, 2]),
        ("string", [do("set_value", None, type="string", mode="raw", structure=[], disabled=False)], ""),
    ],
)
async def test_operations(kind: str, operations: list[dict[str, Any]], value: Any) -> None:
    assert await after(kind, *operations) == ([], value)


ODD = [None, "", "x", 5, True, [1], {"a": 1}, {"key": "a", "value": None}, [{"key": 1}], "[", float(10**300), 10**400]


@pytest.mark.parametrize(("kind", "operation"), [(kind, name) for kind, known in OPERATIONS.items() for name in known])
async def test_odd_operands_end_in_a_value_or_a_typed_error(kind: str, operation: str) -> None:
    for value in ODD:
        codes, _ = await after(kind, do(operation, value))
        assert codes in ([], ["block-input-invalid"], ["formula-limit"]), (value, codes)


@pytest.mark.parametrize("operation", ["explode", "", None, 5])
async def test_an_operation_that_does_not_exist_is_named(operation: Any) -> None:
    assert (await after("list", do(operation)))[0] == ["workspace-invalid"]
