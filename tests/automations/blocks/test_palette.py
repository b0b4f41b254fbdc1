"""The palette describes every block type, and everything that a block type reads of its document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.automations.blocks.test_documented_examples import examples
from tieline.automations.blocks.palette import fields_of, palette, template_of
from tieline.automations.blocks.palette.model import GROUPS, described
from tieline.automations.engine.errors import PlanError
from tieline.automations.engine.registry import CompileContext, block_types
from tieline.automations.workspace import check
from tieline.automations.workspace.document import EDGES

OWN = {"id", "type", "name", "displayName", "inputs", "settings", "disabled", "comment", "statementChildrenIds", *EDGES}
# What a block type reads with others of its family and does not use.
_POINTER = {"last_retrieved_at", "highest_record_retrieved", "value"}
_STORAGE = {"datasource", "datasourcetype"}
UNUSED = {
    "ListPointerBlock": _POINTER,
    "DeletePointerBlock": _POINTER,
    "WriteLineToFileBlock": _STORAGE,
    "SaveAndCloseFileBlock": _STORAGE,
    "DataStoreBlock": {"conditions"},
    "DataTableBlock": {"as_text"},
}


def entries() -> list[Any]:
    return [pytest.param(one, id=one.type) for one in described().values()]


class Watched(dict[str, Any]):
    """A block that notes which of its fields are asked for."""

    def __init__(self, block: Mapping[str, Any]) -> None:
        super().__init__(block)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@dataclass(slots=True)
class Noting(CompileContext):
    asked: set[str] = field(default_factory=set)

    def input(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return CompileContext.input(self, name, default)

    def setting(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return CompileContext.setting(self, name, default)


def steps_of(steps: list[Any]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        for name in ("loop", "yes", "no", "default", "try", "catch"):
            yield from steps_of(step.get(name, []))
        for case in step.get("cases", []):
            yield from steps_of(case)


def in_examples(names: set[str]) -> list[dict[str, Any]]:
    """Every use of a block type on the page that describes them."""
    found = []
    for example in examples().values():
        for flow in (example, example.get("called", {})):
            found += [step for step in steps_of(flow.get("steps", [])) if step["type"] in names]
    return found


def known_ids(one: Any) -> set[str]:
    return {name for entry in fields_of(one) for name in (entry.id, *entry.other_ids)}


def test_every_block_type_is_in_the_palette_once() -> None:
    listed = [name for one in described().values() for name in (one.type, *one.aliases)]
    assert len(listed) == len(set(listed))
    assert set(listed) == {name for name in block_types() if not name.startswith("Test")}


@pytest.mark.parametrize("one", entries())
def test_all_that_a_block_type_reads_is_described(one: Any) -> None:
    kind = block_types()[one.type]
    uses = [template_of(one), *in_examples({one.type, *one.aliases})]
    if any(entry.id == "operation" and entry.choices for entry in one.inputs):
        [operation] = [entry for entry in one.inputs if entry.id == "operation"]
        uses += [{"type": one.type, "inputs": {"operation": choice.value}} for choice in operation.choices]
    for use in uses:
        block = Watched({"id": "B", **use})
        context = Noting(block=block, index_of={}, variables={"guid": ("n", "number")}, names={})
        try:
            kind.compile(context)
        except PlanError:
            assert one.type == "VariableBlock"  # the variable itself is not here
        kind.branches(block)
        missing = (context.asked | block.asked) - known_ids(one) - OWN - UNUSED.get(one.type, set())
        assert not missing, f"{one.type} reads {sorted(missing)}, which the palette does not describe"


@pytest.mark.parametrize("one", entries())
def test_what_the_documented_examples_use_is_described(one: Any) -> None:
    fields = known_ids(one)
    for use in in_examples({one.type, *one.aliases}):
        used = {name for part in ("inputs", "settings") for name in use.get(part, {})}
        if one.group == "connectors":
            used = set(use.get("settings", {}))
        assert used <= fields, f"{one.type}: {sorted(used - fields)}"


@pytest.mark.parametrize("one", entries())
def test_a_template_passes_the_check(one: Any) -> None:
    template: dict[str, Any] = {**template_of(one), "id": "B"}
    variables = []
    if "variableGuid" in template:
        template["variableGuid"] = "V"
        variables = [{"guid": "V", "name": "n", "type": "number"}]
    start = {"id": "A", "type": "StartBlock", "name": "start", "childId": "B", "inputs": []}
    report = check({"blocks": [template] if one.type == "StartBlock" else [start, template], "variables": variables})
    assert (report.errors, report.warnings, report.unknown) == ([], [], [])
    assert report.blocks == (1 if one.type == "StartBlock" else 2)


@pytest.mark.parametrize("one", entries())
def test_every_branch_of_a_block_type_is_described(one: Any) -> None:
    named = {edge.field for edge in one.branches}
    block = Watched({"type": one.type, "statements": [], "statementChildrenIds": ["X"]})
    block_types()[one.type].branches(block)
    assert {name for name in block.asked if name.endswith(("Id", "Ids"))} <= named
    assert named <= {*EDGES, "statementChildrenIds"}
    assert ("loopBlockId" in named) is (one.body is not None)
    assert set(named) <= set(template_of(one))


def test_choices_hold_the_defaults_and_conditions_name_fields_that_exist() -> None:
    for one in described().values():
        ids = known_ids(one)
        for entry in fields_of(one):
            allowed = {choice.value for choice in entry.choices}
            assert not allowed or entry.default in (None, *allowed), (one.type, entry.id)
            assert set(entry.shown_when) <= ids, (one.type, entry.id)
            assert entry.type != "select" or allowed, (one.type, entry.id)


def test_the_palette_is_plain_data_in_the_order_of_its_groups() -> None:
    shown = palette()
    order = [entry["group"] for entry in shown["data"]]
    assert order == sorted(order, key=list(GROUPS).index)
    assert {entry["id"] for entry in shown["groups"]} == set(order)
    kinds = {entry["type"] for one in shown["data"] for entry in one["fields"] + one["inputs"]}
    assert {"conditions", "operations", "form", "statements", "mapping"} <= kinds
    assert set(shown["structures"]) == {"conditions", "operations", "form", "statements", "mapping"}
    assert set(shown["structures"]["operations"]) == {"string", "number", "list", "table", "object"}
