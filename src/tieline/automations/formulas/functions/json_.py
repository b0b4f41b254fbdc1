"""Objects and JSON."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaLimit, FormulaValueError
from tieline.automations.formulas.functions.lists import field_of, name_of
from tieline.automations.formulas.registry import example, function
from tieline.automations.formulas.values import Items, Object, depth_within, json_text, list_of, object_of, text_of

_MAX_DECODED_DEPTH = 200


def decoded(context: Context, text: str) -> Any:
    """JSON text as a value; raises ``FormulaValueError`` with the reason."""
    context.spend(len(text) * 4)
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, ValueError, UnicodeError) as error:
        reason = str(error).removeprefix("JSON is malformed: ")[:120]
        raise FormulaValueError(f"the text is not JSON: {reason}") from None
    if not depth_within(value, _MAX_DECODED_DEPTH):
        raise FormulaLimit(f"the JSON is nested more than {_MAX_DECODED_DEPTH} deep")
    return value


@function(
    "json",
    example("{json: {$.o}}", '{"a":1,"b":[true,null]}', o={"a": 1, "b": [True, None]}),
    aliases=("jsonencode", "tojson"),
)
def json_(value: Any) -> str:
    """A value as compact JSON text."""
    return json_text(value)


@function("json", example("{prettyjson: {$.o}}", '{\n  "a": 1\n}', o={"a": 1}), aliases=("jsonpretty",))
def prettyjson(context: Context, value: Any, indent: int = 2) -> str:
    """A value as JSON text over several lines."""
    if not 0 <= indent <= 10:
        raise FormulaValueError("'indent' must be 0 to 10")
    text = json_text(value)
    if not depth_within(value, context.limits.max_depth):
        raise FormulaLimit(f"the value is nested more than {context.limits.max_depth} deep")
    context.reserve(len(text) * 8)
    return json.dumps(json.loads(text), indent=indent, ensure_ascii=False)


@function(
    "json",
    example("{object: {$.text}}", {"a": 1}, text='{"a": 1}'),
    example("{object: 'name', 'Ada', 'age', 36}", {"name": "Ada", "age": 36}),
    example("{object: '{oops'}", error="formula-value"),
    aliases=("jsondecode", "fromjson", "parsejson"),
)
def object_(context: Context, *values: Any) -> Any:
    """One text: what its JSON says. Several arguments: an object out of keys and values in turn."""
    if len(values) <= 1:
        value = values[0] if values else None
        if value is None or value == "":
            return {}
        return decoded(context, value) if isinstance(value, str) else value
    if len(values) % 2:
        raise FormulaValueError("keys and values come in pairs; there is a key without a value")
    return {text_of(key): value for key, value in zip(values[::2], values[1::2], strict=True)}


@function(
    "json",
    example("{getvalue: {$.o}, 'name'}", "Ada", o={"name": "Ada"}),
    example("{getvalue: {$.o}, 'address.city'}", "Ghent", o={"address": {"city": "Ghent"}}),
    example("{getvalue: {$.o}, 'nope', 'none'}", "none", o={}),
    aliases=("get",),
)
def getvalue(value: Any, key: Any, default: Any = None) -> Any:
    """The member of an object or list under a key, an index or a dotted path; the default (null) when it is missing."""
    found = field_of(value, text_of(key))
    return default if found is None else found


@function("json", example("{setvalue: {$.o}, 'b', 2}", {"a": 1, "b": 2}, o={"a": 1}), aliases=("set", "setkey"))
def setvalue(object_: Object, key: str, value: Any) -> Object:
    """The object with one member set."""
    return {**object_, key: value}


@function("json", example("{removekey: {$.o}, 'b'}", {"a": 1}, o={"a": 1, "b": 2}), aliases=("unset",))
def removekey(object_: Object, *keys: str) -> Object:
    """The object without these members."""
    return {key: value for key, value in object_.items() if key not in keys}


@function("json", example("{renamekey: {$.o}, 'a', 'b'}", {"b": 1, "c": 2}, o={"a": 1, "c": 2}))
def renamekey(object_: Object, old: str, new: str) -> Object:
    """The object with one member under another name, at the same place."""
    return {
        new if key == old else key: value
        for key, value in object_.items()
        if key == old or key != new or old not in object_
    }


def _names(context: Context, keys: tuple[Any, ...]) -> set[str]:
    return {name_of(context, name) for key in keys for name in (key if isinstance(key, list) else [key])}


@function("json", example("{pick: {$.o}, 'a', 'b'}", {"a": 1, "b": 2}, o={"a": 1, "b": 2, "c": 3}), aliases=("only",))
def pick(context: Context, object_: Object, *keys: Any) -> Object:
    """The object with these members only; the keys may also be one list."""
    wanted = _names(context, keys)
    return {key: value for key, value in object_.items() if key in wanted}


@function("json", example("{omit: {$.o}, 'c'}", {"a": 1, "b": 2}, o={"a": 1, "b": 2, "c": 3}), aliases=("except",))
def omit(context: Context, object_: Object, *keys: Any) -> Object:
    """The object without these members; the keys may also be one list."""
    unwanted = _names(context, keys)
    return {key: value for key, value in object_.items() if key not in unwanted}


@function("json", example("{haskey: {$.o}, 'a'}", True, o={"a": None}))
def haskey(object_: Object, key: str) -> bool:
    """Whether the object has a member of that name, also one that is null."""
    return key in object_


@function(
    "json",
    example("{getkeys: {$.contact}}", ["name", "email"], contact={"name": "Ada", "email": "a@x.org"}),
    aliases=("keys",),
)
def getkeys(object_: Object) -> Items:
    """The names of an object's members."""
    return list(object_)


@function("json", example("{getvalues: {$.o}}", [1, 2], o={"a": 1, "b": 2}), aliases=("values",))
def getvalues(object_: Object) -> Items:
    """The values of an object's members."""
    return list(object_.values())


@function("json", example("{entries: {$.o}}", [{"key": "a", "value": 1}], o={"a": 1}), aliases=("topairs",))
def entries(context: Context, object_: Object) -> Items:
    """A list of `key` and `value` for an object's members."""
    context.reserve_items(len(object_) * 4)
    return [{"key": key, "value": value} for key, value in object_.items()]


@function("json", example("{fromentries: {$.l}}", {"a": 1}, l=[{"key": "a", "value": 1}]), aliases=("frompairs",))
def fromentries(context: Context, list_: Items, key: str = "key", value: str = "value") -> Object:
    """An object out of a list of objects that hold a key and a value; lists of two are pairs as well."""
    context.spend(len(list_) * 80)
    out: Object = {}
    for item in list_:
        if isinstance(item, list) and len(item) == 2:
            out[name_of(context, item[0])] = item[1]
        else:
            out[name_of(context, field_of(item, key))] = field_of(item, value)
    return out


@function("json", example("{invert: {$.o}}", {"1": "a"}, o={"a": 1}), aliases=("flip",))
def invert(context: Context, object_: Object) -> Object:
    """Values become keys and keys values."""
    context.spend(len(object_) * 80)
    return {name_of(context, value): key for key, value in object_.items()}


@function(
    "json",
    example("{merge: {$.a}, {$.b}}", {"x": 1, "y": 2}, a={"x": 0}, b={"x": 1, "y": 2}),
    example("{merge: {$.a}, {$.b}}", [1, 2, 3], a=[1, 2], b=[3]),
)
def merge(context: Context, *values: Any) -> Any:
    """Lists one after the other, or objects into one where later members win. Nulls and '' are left out."""
    present = [value for value in values if value is not None and value != ""]
    if present and all(isinstance(value, dict) for value in present):
        out: Object = {}
        for value in present:
            context.spend(len(value) * 20)
            out.update(value)
        return out
    items: Items = []
    for value in present:
        more = [value] if isinstance(value, dict) else list_of(value)
        context.reserve_items(len(items) + len(more))
        items.extend(more)
    return items


@function("json", example("{deepmerge: {$.a}, {$.b}}", {"x": {"p": 1, "q": 2}}, a={"x": {"p": 1}}, b={"x": {"q": 2}}))
def deepmerge(context: Context, first: Object, second: Object) -> Object:
    """Objects into one, member by member on every level; other values of the second win."""
    return _deep(context, first, second, 0)


def _deep(context: Context, first: Object, second: Object, depth: int) -> Object:
    if depth > context.limits.max_depth:
        raise FormulaLimit(f"the objects are nested more than {context.limits.max_depth} deep")
    context.spend(40 * (len(first) + len(second)))
    out = dict(first)
    for key, value in second.items():
        before = out.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        out[key] = _deep(context, object_of(before), value, depth + 1) if both else value
    return out


def _emptied(context: Context, value: Any, depth: int, *, deep: bool) -> Any:
    if depth > context.limits.max_depth:
        raise FormulaLimit(f"the value is nested more than {context.limits.max_depth} deep")
    if isinstance(value, dict):
        context.spend(40 * len(value))
        return {
            key: _emptied(context, item, depth + 1, deep=deep) if deep else item
            for key, item in value.items()
            if item is not None and not (isinstance(item, str) and not item.strip())
        }
    if isinstance(value, list):
        context.spend(40 * len(value))
        return [_emptied(context, item, depth + 1, deep=deep) for item in value]
    return value


@function(
    "json",
    example(
        "{removeemptyproperties: {$.o}}",
        {"email": "a@x.org", "n": 0},
        o={"name": "", "address": None, "email": "a@x.org", "remarks": " ", "n": 0},
    ),
    example("{removeemptyproperties: {$.o}, true}", {"a": {"c": 1}}, o={"a": {"b": "", "c": 1}}),
    aliases=("removeempty",),
)
def removeemptyproperties(context: Context, value: Any, deep: bool = False) -> Any:
    """An object without members that are null, '' or only blanks; of a list, each of its objects. With `true`, on
    every level."""
    if value is None or value == "":
        return value
    if not isinstance(value, (dict, list)):
        raise FormulaValueError("an object or a list is needed")
    return _emptied(context, value, 0, deep=deep)


@function("json", example("{flattenobject: {$.o}}", {"a.b": 1, "a.c.0": 2}, o={"a": {"b": 1, "c": [2]}}))
def flattenobject(context: Context, value: Any, separator: str = ".") -> Object:
    """One level: the names on the way joined by a separator; items of lists by their index."""
    out: Object = {}
    waiting: list[tuple[str, Any, int]] = [("", value, 0)]
    while waiting:
        name, item, depth = waiting.pop()
        if depth > context.limits.max_depth:
            raise FormulaLimit(f"the value is nested more than {context.limits.max_depth} deep")
        pairs = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else None
        if pairs is None or (not item and name):
            if name:
                out[name] = item
            continue
        context.spend(len(item) * (60 + len(name) + len(separator)))
        prefix = name + separator if name else ""
        waiting.extend((f"{prefix}{key}", member, depth + 1) for key, member in reversed(list(pairs)))
    return out


@function("json", example("{isjson: '[1]'}", True), example("{isjson: '[1'}", False))
def isjson(context: Context, text: str) -> bool:
    """Whether a text is JSON."""
    try:
        decoded(context, text)
    except FormulaValueError:
        return False
    return True
