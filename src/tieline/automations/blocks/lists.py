"""Tools for lists and objects."""

from __future__ import annotations

from typing import Any

from tieline.automations.blocks.conditions import compile_conditions
from tieline.automations.blocks.values import LONGEST_LIST, decoded, items, pairs, whole
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, PlanError
from tieline.automations.engine.registry import BlockType, CompileContext, register
from tieline.automations.formulas import evaluate_condition, text_of
from tieline.core import json


def field(record: Any, path: str) -> Any:
    """The value at a dotted field name ("address.city") of a record; null where there is none."""
    value = record
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


class _ListTool(BlockType):
    """Evaluates its named inputs; `work` makes the output of them."""

    names: tuple[str, ...] = ("input",)

    def compile(self, context: CompileContext) -> Any:
        return {name: context.formula(context.input(name)) for name in self.names}

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return self.work({name: formula.evaluate(context.state, context.env) for name, formula in program.items()})

    def work(self, given: dict[str, Any]) -> Any:
        raise NotImplementedError


@register
class FilterListBlock(BlockType):
    type = "FilterListBlock"
    doc = "Filter list: keeps items for which all (or some) conditions hold; their first input is a field name."

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("input")), *compile_conditions(context)

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        source, everything, rules = program
        evaluated = [
            (text_of(left.evaluate(context.state, context.env)), operator, right.evaluate(context.state, context.env))
            for left, operator, right in rules
        ]
        judge = all if everything else any
        return [
            item
            for item in items(source.evaluate(context.state, context.env))
            if judge(
                evaluate_condition(operator, field(item, name) if name else item, right)
                for name, operator, right in evaluated
            )
        ]


@register
class LookupItemBlock(FilterListBlock):
    type = "LookupItemBlock"
    doc = "Lookup item: the first item of a list for which the conditions hold, or null."

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        found = await super().run(program, inputs, context)
        return found[0] if found else None


@register
class MergeListsBlock(_ListTool):
    type = "MergeListsBlock"
    doc = "Merge lists: the items of the first list, then those of the second."
    names = ("input1", "input2")

    def work(self, given: dict[str, Any]) -> Any:
        first, second = items(given["input1"]), items(given["input2"])
        if len(first) + len(second) > LONGEST_LIST:
            raise BlockInputInvalid(f"the merged list would have more than {LONGEST_LIST} items")
        return [*first, *second]


@register
class CompareListsBlock(_ListTool):
    type = "CompareListsBlock"
    doc = (
        "Compare lists: `diff` keeps items of the first that are not in the second, `intersect` those that are in both."
    )
    names = ("input1", "input2", "mode", "key")

    def work(self, given: dict[str, Any]) -> Any:
        key = text_of(given["key"] or "")
        other = {_identity(item, key) for item in items(given["input2"])}
        wanted = text_of(given["mode"] or "diff") == "intersect"
        return [item for item in items(given["input1"]) if (_identity(item, key) in other) is wanted]


@register
class DeduplicateListBlock(_ListTool):
    type = "DeduplicateListBlock"
    doc = "Deduplicate list: keeps the first of equal items, or of items with an equal `key` field."
    names = ("input", "key")

    def work(self, given: dict[str, Any]) -> Any:
        key = text_of(given["key"] or "")
        seen: dict[bytes, Any] = {}
        for item in items(given["input"]):
            seen.setdefault(_identity(item, key), item)
        return list(seen.values())


@register
class LimitBlock(_ListTool):
    type = "LimitBlock"
    doc = "Limit list: the first `limit` items."
    names = ("input", "limit")

    def work(self, given: dict[str, Any]) -> Any:
        return items(given["input"])[: whole(given["limit"], "limit")]


@register
class ReplaceFieldNamesBlock(_ListTool):
    type = "ReplaceFieldNamesBlock"
    doc = "Replace field names: renames fields of every item; `fields` maps old names to new ones."
    names = ("input", "fields")

    def work(self, given: dict[str, Any]) -> Any:
        renames = decoded(pairs(given["fields"])) or {}
        return [
            {text_of(renames.get(name, name)): value for name, value in item.items()}
            if isinstance(item, dict)
            else item
            for item in items(given["input"])
        ]


@register
class TransformListBlock(BlockType):
    type = "TransformListBlock"
    doc = "Transform list: makes a new object of every item; the mapping reads it as `{$.<this block>.item.field}`."

    def compile(self, context: CompileContext) -> Any:
        mapping = pairs(decoded(context.input("fields", context.input("mapping", {}))))
        if not isinstance(mapping, dict):
            raise PlanError("fields must be an object of field names and formulas")
        return context.formula(context.input("input")), {
            str(name): context.formula(value) for name, value in mapping.items()
        }

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        source, mapping = program
        name = context.step.name
        made = []
        view: dict[str, Any] = {}
        context.state.put(name, view)
        for index, item in enumerate(items(source.evaluate(context.state, context.env))):
            view["item"], view["index"] = item, index
            made.append({key: formula.evaluate(context.state, context.env) for key, formula in mapping.items()})
        return made


@register
class CompareObjectBlock(_ListTool):
    type = "CompareObjectBlock"
    doc = "Compare objects: `{equal, added, removed, changed}` by field, from the first object to the second."
    names = ("input1", "input2")

    def work(self, given: dict[str, Any]) -> Any:
        old, new = (decoded(pairs(given[name])) or {} for name in self.names)
        if not isinstance(old, dict) or not isinstance(new, dict):
            return {"equal": old == new, "added": {}, "removed": {}, "changed": {}}
        return {
            "equal": old == new,
            "added": {name: value for name, value in new.items() if name not in old},
            "removed": {name: value for name, value in old.items() if name not in new},
            "changed": {
                name: {"from": old[name], "to": new[name]} for name in old.keys() & new.keys() if old[name] != new[name]
            },
        }


def _identity(item: Any, key: str) -> bytes:
    return json.dumps(field(item, key) if key else item)
