"""List tools: filter, look up, sort, limit, deduplicate, rename, transform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tieline.automations.blocks.conditions import Rule, compile_conditions
from tieline.automations.blocks.listing import ListTool, choice, evaluated, given, raw, text
from tieline.automations.blocks.records import field, identity, order
from tieline.automations.blocks.values import decoded, flag, items, pairs, whole
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, PlanError
from tieline.automations.engine.registry import CompileContext, register
from tieline.automations.formulas import evaluate_condition


class Judge:
    """The conditions of a filter: `{mode, conditions}` whose first input is a field name, or reads
    ``{$.<this block>.item}``."""

    def __init__(self, context: CompileContext) -> None:
        self.everything, self._rules = compile_conditions(context)
        own = str(context.block.get("name") or context.block.get("type"))
        self._of_item: list[tuple[Rule, bool, bool]] = [
            (rule, own in rule[0].roots, own in rule[2].roots) for rule in self._rules
        ]

    def keeps(self, listed: list[Any], context: BlockContext) -> Iterator[tuple[Any, bool]]:
        """(item, whether the conditions hold) for each item. Each is judged when it is asked for."""
        view: dict[str, Any] = {}
        prepared = []
        for (left, operator, right), by_left, by_right in self._of_item:
            name = None if by_left else text(left, context)
            wanted = None if by_right else evaluated(right, context)
            prepared.append((left if by_left else None, name, operator, right if by_right else None, wanted))
        if any(entry[0] is not None or entry[3] is not None for entry in prepared):
            context.state.put(context.step.name, view)
        judge = all if self.everything else any
        for index, item in enumerate(listed):
            view["item"], view["index"] = item, index
            yield (
                item,
                judge(
                    evaluate_condition(
                        operator,
                        evaluated(left, context) if left is not None else (field(item, name) if name else item),
                        evaluated(right, context) if right is not None else wanted,
                    )
                    for left, name, operator, right, wanted in prepared
                ),
            )


@register
class FilterListBlock(ListTool):
    type = "FilterListBlock"
    doc = "Filter list: keeps items for which all (or some) conditions hold; their first input is a field name."

    def read(self, context: CompileContext) -> Any:
        return given(context, "list", "input"), Judge(context)

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, judge = spec
        return [item for item, holds in judge.keeps(items(evaluated(source, context)), context) if holds]


@register
class LookupItemBlock(FilterListBlock):
    type = "LookupItemBlock"
    doc = "Lookup item: the first item of a list for which the conditions hold, or null."
    loops = False

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, judge = spec
        return next((item for item, holds in judge.keeps(items(evaluated(source, context)), context) if holds), None)


@register
class SplitListBlock(FilterListBlock):
    type = "SplitListBlock"
    doc = "Split list: `matching` are the items for which the conditions hold, `others` the rest."
    loops = False

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, judge = spec
        parts: dict[str, list[Any]] = {"matching": [], "others": []}
        for item, holds in judge.keeps(items(evaluated(source, context)), context):
            parts["matching" if holds else "others"].append(item)
        return parts


@register
class SortListBlock(ListTool):
    type = "SortListBlock"
    doc = "Sort list: by one field or several, each rising (`asc`) or falling (`desc`); equal items keep their order."

    def read(self, context: CompileContext) -> Any:
        several = pairs(decoded(raw(context, "fields")))
        if several is None:
            ways = [(given(context, "key", "field", default=""), choice(context, ("order",), ("asc", "desc"), "asc"))]
        elif isinstance(several, dict) and all(way in ("asc", "desc", "", None) for way in several.values()):
            ways = [(context.formula(name), str(way or "asc")) for name, way in several.items()]
        else:
            raise PlanError("fields must be an object of field names, each with asc or desc")
        return given(context, "list", "input"), ways

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, ways = spec
        listed = list(items(evaluated(source, context)))
        for name, way in reversed([(text(formula, context), way) for formula, way in ways]):
            listed.sort(key=lambda item, name=name: order(field(item, name) if name else item), reverse=way == "desc")  # type: ignore[misc]
        return listed


@register
class DeduplicateListBlock(ListTool):
    type = "DeduplicateListBlock"
    doc = "Deduplicate list: keeps the first of equal items, or of items with an equal `key` field."

    def read(self, context: CompileContext) -> Any:
        fold = flag(context.setting("case_insensitive"))
        return given(context, "list", "input"), given(context, "key", default=""), fold

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, name, fold = spec
        key = text(name, context)
        seen: dict[Any, Any] = {}
        for item in items(evaluated(source, context)):
            seen.setdefault(identity(item, key, fold=fold), item)
        return list(seen.values())


@register
class LimitBlock(ListTool):
    type = "LimitBlock"
    doc = "Limit list: `limit` items from `offset` (from 0) on."
    loops = False

    def read(self, context: CompileContext) -> Any:
        return given(context, "list", "input"), given(context, "limit"), given(context, "offset", default=0)

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, limit, offset = spec
        start = whole(evaluated(offset, context), "offset")
        return items(evaluated(source, context))[start : start + whole(evaluated(limit, context), "limit")]


@register
class ReverseListBlock(ListTool):
    type = "ReverseListBlock"
    doc = "Reverse list: the items in opposite order."

    def read(self, context: CompileContext) -> Any:
        return given(context, "list", "input")

    def make(self, spec: Any, context: BlockContext) -> Any:
        return items(evaluated(spec, context))[::-1]


@register
class FieldValuesBlock(ListTool):
    type = "FieldValuesBlock"
    doc = "Field values: the values of one field of all items; `skip_empty` leaves out those without one."

    def read(self, context: CompileContext) -> Any:
        return given(context, "list", "input"), given(context, "field", "key"), flag(raw(context, "skip_empty"))

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, name, skip = spec
        key = text(name, context)
        if not key:
            raise BlockInputInvalid("field is empty; name the field whose values are wanted")
        values = [field(item, key) for item in items(evaluated(source, context))]
        return [value for value in values if value not in (None, "")] if skip else values


@register
class ReplaceFieldNamesBlock(ListTool):
    type = "ReplaceFieldNamesBlock"
    doc = "Replace field names: renames fields of every item; `mapping` maps old names to new ones."

    def read(self, context: CompileContext) -> Any:
        mapping = pairs(decoded(raw(context, "mapping", "fields", default={}))) or {}
        if not isinstance(mapping, dict):
            raise PlanError("mapping must be an object of old and new field names")
        keep = choice(context, ("keepOtherFields",), ("keep", "remove"), "keep") == "keep"
        return given(context, "list", "input"), {name: context.formula(to) for name, to in mapping.items()}, keep

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, mapping, keep = spec
        renames = {name: text(to, context) for name, to in mapping.items()}
        return [
            {renames.get(name, name): value for name, value in item.items() if keep or name in renames}
            if isinstance(item, dict)
            else item
            for item in items(evaluated(source, context))
        ]


@register
class TransformListBlock(ListTool):
    type = "TransformListBlock"
    doc = "Transform list: makes a new object of every item; the mapping reads it as `{$.<this block>.item.field}`."

    def read(self, context: CompileContext) -> Any:
        mapping = pairs(decoded(raw(context, "mapping", "fields", default={}))) or {}
        if isinstance(mapping, str) and mapping.lstrip().startswith("{"):
            mapping = {"": f"{{object: {mapping}}}"}  # raw text that is JSON once its formulas have their values
        if not isinstance(mapping, dict):
            raise PlanError("mapping must be an object of field names and formulas")
        keep = flag(raw(context, "keep_other_fields"))
        return given(context, "list", "input"), [(str(n), context.formula(v)) for n, v in mapping.items()], keep

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, mapping, keep = spec
        view: dict[str, Any] = {}
        listed = items(evaluated(source, context))
        context.state.put(context.step.name, view)
        made = []
        for index, item in enumerate(listed):
            view["item"], view["index"] = item, index
            record: dict[str, Any] = dict(item) if keep and isinstance(item, dict) else {}
            for path, formula in mapping:
                value = evaluated(formula, context)
                if path:
                    _place(record, path, value)
                elif isinstance(value, dict):
                    record.update(value)
            made.append(record)
        return made


def _place(record: dict[str, Any], path: str, value: Any) -> None:
    """Sets a field; a dotted name makes objects within the record."""
    *outer, last = path.split(".") if 0 < path.count(".") < 20 and "" not in path.split(".") else [path]
    for part in outer:
        inner = record.get(part)
        record[part] = inner = dict(inner) if isinstance(inner, dict) else {}
        record = inner
    record[last] = value
