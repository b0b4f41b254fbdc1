"""Lists of objects and lists against lists: pick, filter, group, compare."""

from __future__ import annotations

from typing import Any

from tieline.automations.formulas.conditions import equal, evaluate_condition
from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaValueError
from tieline.automations.formulas.functions.lists import field_of, identity, name_of, sort_key
from tieline.automations.formulas.functions.math import total
from tieline.automations.formulas.registry import example, function
from tieline.automations.formulas.values import Items, Number, Object, number_of, weigh

_PEOPLE = [
    {"name": "Ada", "team": "a", "age": 36},
    {"name": "Bob", "team": "b", "age": 41},
    {"name": "Cy", "team": "a", "age": 29},
]


@function(
    "list",
    example("{pluck: {$.people}, 'name'}", ["Ada", "Bob", "Cy"], people=_PEOPLE),
    aliases=("column", "listcolumn"),
)
def pluck(context: Context, list_: Items, field: str) -> Items:
    """One field of every item; null where it is missing. Dots lead into objects: `'address.city'`."""
    context.spend(len(list_) * 40)
    return [field_of(item, field) for item in list_]


@function(
    "list",
    example("{pluck: {where: {$.people}, 'age', '>', 30}, 'name'}", ["Ada", "Bob"], people=_PEOPLE),
    example("{count: {where: {$.people}, 'team', '=', 'a'}}", 2, people=_PEOPLE),
    aliases=("filterlist",),
)
def where(context: Context, list_: Items, field: str, operator: str = "notEmpty", value: Any = None) -> Items:
    """The items whose field meets a condition: any operator of the If block. Without an operator, those that have
    the field."""
    context.spend(len(list_) * (150 + weigh(value)))
    return [item for item in list_ if evaluate_condition(operator, field_of(item, field), value)]


@function(
    "list",
    example("{lookup: {$.people}, 'name', 'Bob'}", {"name": "Bob", "team": "b", "age": 41}, people=_PEOPLE),
    aliases=("find",),
)
def lookup(context: Context, list_: Items, field: str, value: Any) -> Any:
    """The first item whose field equals a value; null when there is none."""
    context.spend(len(list_) * (150 + weigh(value)))
    return next((item for item in list_ if equal(field_of(item, field), value)), None)


@function(
    "list",
    example(
        "{groupby: {$.l}, 't'}",
        {"a": [{"t": "a", "n": 1}], "b": [{"t": "b", "n": 2}]},
        l=[{"t": "a", "n": 1}, {"t": "b", "n": 2}],
    ),
)
def groupby(context: Context, list_: Items, field: str) -> Object:
    """An object with a list of items for each value of a field."""
    context.spend(len(list_) * 80)
    groups: Object = {}
    for item in list_:
        groups.setdefault(name_of(context, field_of(item, field)), []).append(item)
    return groups


@function("list", example("{indexby: {$.l}, 'id'}", {"7": {"id": 7}}, l=[{"id": 7}]), aliases=("keyby",))
def indexby(context: Context, list_: Items, field: str) -> Object:
    """An object with the item for each value of a field; of several the last."""
    context.spend(len(list_) * 80)
    return {name_of(context, field_of(item, field)): item for item in list_}


@function(
    "list",
    example("{countby: {$.people}, 'team'}", {"a": 2, "b": 1}, people=_PEOPLE),
    example("{countby: {$.l}}", {"x": 2, "y": 1}, l=["x", "y", "x"]),
)
def countby(context: Context, list_: Items, field: str | None = None) -> Object:
    """How often each value (of a field) occurs."""
    context.spend(len(list_) * 80)
    counts: Object = {}
    for item in list_:
        key = name_of(context, item if field is None else field_of(item, field))
        counts[key] = counts.get(key, 0) + 1
    return counts


@function("list", example("{sumby: {$.people}, 'age'}", 106, people=_PEOPLE), aliases=("sumof",))
def sumby(context: Context, list_: Items, field: str) -> Number:
    """The sum of one field over all items."""
    context.spend(len(list_) * 80)
    return total([number_of(field_of(item, field)) for item in list_])


@function("list", example("{getvalue: {maxby: {$.people}, 'age'}, 'name'}", "Bob", people=_PEOPLE))
def maxby(context: Context, list_: Items, field: str) -> Any:
    """The item with the greatest value of a field; null for an empty list."""
    context.spend(len(list_) * 150)
    return max(list_, key=lambda item: sort_key(context, field_of(item, field)), default=None)


@function("list", example("{getvalue: {minby: {$.people}, 'age'}, 'name'}", "Cy", people=_PEOPLE))
def minby(context: Context, list_: Items, field: str) -> Any:
    """The item with the smallest value of a field; null for an empty list."""
    context.spend(len(list_) * 150)
    return min(list_, key=lambda item: sort_key(context, field_of(item, field)), default=None)


def _keys(context: Context, items: Items, field: str | None) -> list[Any]:
    context.spend(len(items) * 100)
    return [identity(context, item if field is None else field_of(item, field)) for item in items]


@function("list", example("{diff: {$.a}, {$.b}}", [1, 3], a=[1, 2, 3], b=[2]), aliases=("difference", "arraydiff"))
def diff(context: Context, list_: Items, other: Items, field: str | None = None) -> Items:
    """The items that the other list does not hold; objects may be compared by a field."""
    known = set(_keys(context, other, field))
    return [item for item, key in zip(list_, _keys(context, list_, field), strict=True) if key not in known]


@function("list", example("{intersect: {$.a}, {$.b}}", [2], a=[1, 2, 3], b=[2, 4]), aliases=("intersection",))
def intersect(context: Context, list_: Items, other: Items, field: str | None = None) -> Items:
    """The items that the other list holds as well; objects may be compared by a field."""
    known = set(_keys(context, other, field))
    return [item for item, key in zip(list_, _keys(context, list_, field), strict=True) if key in known]


@function("list", example("{union: {$.a}, {$.b}}", [1, 2, 3], a=[1, 2], b=[2, 3]))
def union(context: Context, *lists: Items) -> Items:
    """The items of all lists, each once."""
    seen: dict[Any, Any] = {}
    for items in lists:
        for item, key in zip(items, _keys(context, items, None), strict=True):
            seen.setdefault(key, item)
    return list(seen.values())


@function("list", example("{zip: {$.a}, {$.b}}", [[1, "x"], [2, "y"]], a=[1, 2], b=["x", "y"]))
def zip_(context: Context, first: Items, second: Items) -> Items:
    """Pairs of the items at the same place; the longer list is cut."""
    context.spend(min(len(first), len(second)) * 80)
    return [[a, b] for a, b in zip(first, second, strict=False)]


@function(
    "list", example("{combine: {$.k}, {$.v}}", {"a": 1, "b": 2}, k=["a", "b"], v=[1, 2]), aliases=("arraycombine",)
)
def combine(context: Context, keys: Items, values: Items) -> Object:
    """An object out of a list of keys and a list of values."""
    if len(keys) != len(values):
        raise FormulaValueError(f"there are {len(keys)} keys but {len(values)} values")
    context.spend(len(keys) * 80)
    return {name_of(context, key): value for key, value in zip(keys, values, strict=True)}


@function(
    "list",
    example("{table: {$.rows}}", [{"id": 1, "n": "x"}], rows=[["id", "n"], [1, "x"]]),
    aliases=("rowstoobjects",),
)
def table(context: Context, rows: Items) -> Items:
    """Objects out of rows, the first of which holds the names of the columns."""
    if not rows:
        return []
    if not all(isinstance(row, list) for row in rows):
        raise FormulaValueError("'rows' must be a list of lists")
    names = [name_of(context, name) for name in rows[0]]
    context.reserve_items(len(rows) * max(1, len(names)), what="the table")
    return [{name: row[i] if i < len(row) else None for i, name in enumerate(names)} for row in rows[1:]]
