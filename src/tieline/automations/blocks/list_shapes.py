"""List tools that change the shape of a list: group, chunk, flatten, append."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tieline.automations.blocks.listing import ListTool, evaluated, given, raw, text
from tieline.automations.blocks.records import field, identity, order
from tieline.automations.blocks.values import LONGEST_LIST, bounded, decoded, items, number, pairs, whole
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, PlanError
from tieline.automations.engine.registry import CompileContext, register

DEEPEST = 100  # levels that flatten goes down

_CALL = re.compile(r"\s*([a-z]+)\s*\(\s*([^()]*?)\s*\)\s*")


def _total(values: list[Any]) -> int | float:
    return bounded(sum(number(value, "a value to add up") for value in values), "the sum")


def _average(values: list[Any]) -> Any:
    return bounded(_total(values) / len(values), "the average") if values else None


# name -> what it makes of the values that are neither null nor empty
AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": _total,
    "avg": _average,
    "min": lambda values: min(values, key=order, default=None),
    "max": lambda values: max(values, key=order, default=None),
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
    "list": lambda values: values,
}


def aggregates(context: CompileContext) -> dict[str, tuple[str, str]]:
    """``{name: "sum(amount)"}`` -> {name: (function, field)}; raises `PlanError` for what is no such thing."""
    wanted = pairs(decoded(raw(context, "aggregates", default={}))) or {}
    if not isinstance(wanted, dict):
        raise PlanError("aggregates must be an object of names and functions like sum(amount)")
    found = {}
    for name, call in wanted.items():
        match = _CALL.fullmatch(call) if isinstance(call, str) else None
        if match is None or match[1] not in AGGREGATES:
            known = ", ".join(AGGREGATES)
            raise PlanError(f"aggregates.{name!s:.40} must be a function of a field, like sum(amount); use {known}")
        found[str(name)] = (match[1], match[2])
    return found


@register
class GroupListBlock(ListTool):
    type = "GroupListBlock"
    doc = "Group list: one `{key, count, items}` for each value of a field, with `aggregates` like `sum(amount)`."

    def read(self, context: CompileContext) -> Any:
        return given(context, "list", "input"), given(context, "key", "field", default=""), aggregates(context)

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, name, wanted = spec
        key = text(name, context)
        groups: dict[Any, dict[str, Any]] = {}
        for item in items(evaluated(source, context)):
            group = groups.setdefault(
                identity(item, key) if key else None, {"key": field(item, key) if key else None, "items": []}
            )
            group["items"].append(item)
        for group in groups.values():
            group["count"] = len(group["items"])
            for label, (function, of) in wanted.items():
                values = [field(item, of) if of else item for item in group["items"]]
                group[label] = AGGREGATES[function]([value for value in values if value not in (None, "")])
        return list(groups.values())


@register
class ChunkListBlock(ListTool):
    type = "ChunkListBlock"
    doc = "Chunk list: lists of up to `size` items."

    def read(self, context: CompileContext) -> Any:
        return given(context, "list", "input"), given(context, "size", default=100)

    def make(self, spec: Any, context: BlockContext) -> Any:
        listed = items(evaluated(spec[0], context))
        size = whole(evaluated(spec[1], context), "size", least=1)
        return [listed[start : start + size] for start in range(0, len(listed), size)]


@register
class FlattenListBlock(ListTool):
    type = "FlattenListBlock"
    doc = "Flatten list: the items of lists within the list, `depth` levels down; or of the lists in a field."

    def read(self, context: CompileContext) -> Any:
        return given(context, "list", "input"), given(context, "field", default=""), given(context, "depth", default=1)

    def make(self, spec: Any, context: BlockContext) -> Any:
        listed = items(evaluated(spec[0], context))
        name = text(spec[1], context)
        depth = whole(evaluated(spec[2], context), "depth", least=1, most=DEEPEST)
        if name:
            listed = [items(field(item, name)) for item in listed]
        for _ in range(depth):
            if not any(isinstance(item, list) for item in listed):
                break
            if sum(len(item) if isinstance(item, list) else 1 for item in listed) > LONGEST_LIST:
                raise BlockInputInvalid(f"the flat list would have over {LONGEST_LIST} items; flatten a part of it")
            listed = [inner for item in listed for inner in (item if isinstance(item, list) else [item])]
        return listed


@register
class AppendListBlock(ListTool):
    type = "AppendListBlock"
    doc = "Append to list: the list with one more item, at its end or (`position` start) its beginning."

    def read(self, context: CompileContext) -> Any:
        return given(context, "list", "input"), given(context, "item"), raw(context, "position", default="end")

    def make(self, spec: Any, context: BlockContext) -> Any:
        source, item, position = spec
        listed, value = items(evaluated(source, context)), evaluated(item, context)
        if len(listed) >= LONGEST_LIST:
            raise BlockInputInvalid(f"the list would have more than {LONGEST_LIST} items")
        return [value, *listed] if position == "start" else [*listed, value]
