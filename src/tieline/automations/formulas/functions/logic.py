"""Conditions, defaults and kinds of values."""

from __future__ import annotations

import re
from typing import Any

from tieline.automations.formulas.conditions import blank, equal, evaluate_condition, find_operator
from tieline.automations.formulas.context import Context
from tieline.automations.formulas.errors import FormulaError, FormulaValueError
from tieline.automations.formulas.functions.json_ import decoded
from tieline.automations.formulas.registry import Lazy, example, function
from tieline.automations.formulas.values import kind_of, list_of, object_of, text_of, truth_of, weigh

_URL = re.compile(r"https?://[^\s/?#.]+[^\s/?#]*(?:[/?#]\S*)?", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@function(
    "logic",
    example("{if: {$.country} = 'Canada', 'CA', 'other'}", "CA", country="Canada"),
    example("{if: {$.a} empty , 1, 2}", 1, a=""),
    example("{if: {$.n} > 5, 'many'}", None, n=3),
    example("{if: {and: {$.n} > 1, {$.n} < 5}, 'in', 'out'}", "in", n=3),
    lazy=True,
    conditions="first",
)
def if_(condition: Lazy, then: Lazy, else_: Lazy | None = None) -> Any:
    """One of two values, by a condition `A operator B`, `A operator` or just `A`. Only the chosen one is computed;
    without a third argument it is null."""
    if truth_of(condition()):
        return then()
    return None if else_ is None else else_()


@function("logic", example("{test: {$.n} >= 5}", True, n=5), conditions="first", aliases=("condition",))
def test(condition: Any) -> bool:
    """Whether a condition holds, as true or false."""
    return truth_of(condition)


@function("logic", example("{and: {$.a} = 1, {$.b} notEmpty}", True, a=1, b="x"), lazy=True, conditions="all")
def and_(*conditions: Lazy) -> bool:
    """Whether all conditions hold."""
    return all(truth_of(condition()) for condition in conditions)


@function("logic", example("{or: {$.a} = 1, {$.b} = 1}", True, a=0, b=1), lazy=True, conditions="all")
def or_(*conditions: Lazy) -> bool:
    """Whether at least one condition holds."""
    return any(truth_of(condition()) for condition in conditions)


@function("logic", example("{not: {$.a} empty}", True, a=1), conditions="first")
def not_(condition: Any) -> bool:
    """The opposite of a condition."""
    return not truth_of(condition)


@function("logic", example("{compare: {$.n}, '>', 3}", True, n=5))
def compare(left: Any, operator: str, right: Any = None) -> bool:
    """Whether a condition holds whose operator is a value."""
    if find_operator(operator) is None:
        raise FormulaValueError("'operator' must be an operator of the If block")
    return evaluate_condition(operator, left, right)


@function("logic", example("{equals: 5, '5.0'}", True))
def equals(first: Any, second: Any) -> bool:
    """Whether two values are equal; the operator `=`."""
    return equal(first, second)


@function(
    "logic",
    example("{default: {$.nick}, {$.name}, 'friend'}", "Ada", name="Ada"),
    aliases=("coalesce", "ifempty", "firstnotempty"),
    lazy=True,
)
def default(*values: Lazy) -> Any:
    """The first value that is not empty; the last one when all are."""
    value = None
    for lazy in values:
        value = lazy()
        if not blank(value):
            return value
    return value


@function("logic", example("{ifnull: {$.n}, 1}", 0, n=0), lazy=True)
def ifnull(value: Lazy, fallback: Lazy) -> Any:
    """The first value, or the second when the first is null."""
    found = value()
    return fallback() if found is None else found


@function(
    "logic",
    example("{iferror: {divide: 1, {$.n}}, 0}", 0, n=0),
    example("{iferror: {divide: 1, 2}, 0}", 0.5),
    lazy=True,
)
def iferror(value: Lazy, fallback: Lazy | None = None) -> Any:
    """The first value, or the second when the first cannot be computed. Limits still hold."""
    try:
        return value()
    except FormulaError as error:
        if error.code == "formula-limit":
            raise
        return None if fallback is None else fallback()


@function(
    "logic",
    example("{switch: {$.code}, 'a', 'Alpha', 'b', 'Beta', 'other'}", "Beta", code="b"),
    example("{switch: {$.code}, 'a', 'Alpha'}", None, code="z"),
    lazy=True,
    aliases=("case",),
)
def switch(value: Lazy, *cases: Lazy) -> Any:
    """The value behind the first case that equals the first argument; a last argument alone is the default."""
    found = value()
    for i in range(0, len(cases) - 1, 2):
        if equal(found, cases[i]()):
            return cases[i + 1]()
    return cases[-1]() if len(cases) % 2 else None


@function(
    "logic",
    example('{map: {$.country}, {"Canada": "CA", "Belgium": "BE"}}', "CA", country="Canada"),
    example('{map: {$.country}, {"Canada": "CA"}}', "Peru", country="Peru"),
    example('{map: {$.l}, {"a": 1}, 0}', [1, 0], l=["a", "b"]),
    example("{map: {$.country}, {$.codes}}", "CA", country="Canada", codes='{"Canada": "CA"}'),
)
def map_(context: Context, value: Any, table: Any, default: Any = None) -> Any:
    """A value (or each item of a list) replaced by what an object (or its JSON text) says for it. What is not in the
    object becomes the third argument; without one it stays."""
    if isinstance(table, str) and table.strip():
        context.spend(len(table) * 4)
        table = decoded(context, table)
    table = object_of(table)
    if isinstance(value, list):
        if any(isinstance(item, list) for item in value):
            raise FormulaValueError("a list of single values is needed; flatten it first")
        context.spend(len(value) * (80 + weigh(default)))
        return [map_(context, item, table, default) for item in value]
    key = text_of(value)
    if key in table:
        return table[key]
    return value if default is None else default


@function("logic", example("{isempty: ' '}", True), example("{isempty: 0}", False))
def isempty(value: Any) -> bool:
    """Whether a value is null, '', only blanks, an empty list or object."""
    return blank(value)


@function("logic", example("{isnotempty: {$.l}}", True, l=[0]), aliases=("notempty",))
def isnotempty(value: Any) -> bool:
    """The opposite of `isempty`."""
    return not blank(value)


@function("logic", example("{isnull: {$.missing}}", True))
def isnull(value: Any) -> bool:
    """Whether a value is null or missing."""
    return value is None


@function("logic", example("{typeof: {$.l}}", "list", l=[]), aliases=("type", "gettype"))
def typeof(value: Any) -> str:
    """The kind of a value: null, boolean, number, text, list or object."""
    return kind_of(value)


@function("logic", example("{istext: '5'}", True))
def istext(value: Any) -> bool:
    """Whether a value is a text."""
    return kind_of(value) == "text"


@function("logic", example("{isnumber: '5.5'}", True), example("{isnumber: 'five'}", False))
def isnumber(value: Any) -> bool:
    """Whether a value is a number or spells one."""
    return evaluate_condition("isNumber", value)


@function("logic", example("{isboolean: true}", True))
def isboolean(value: Any) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


@function("logic", example("{islist: {$.l}}", True, l=[]))
def islist(value: Any) -> bool:
    """Whether a value is a list."""
    return kind_of(value) == "list"


@function("logic", example("{isobject: {$.o}}", True, o={}))
def isobject(value: Any) -> bool:
    """Whether a value is an object."""
    return kind_of(value) == "object"


@function("logic", example("{isemail: 'ada@example.com'}", True))
def isemail(value: Any) -> bool:
    """Whether a text has the form of an e-mail address."""
    return evaluate_condition("isEmail", value)


@function("logic", example("{isphone: '+32 470 12 34 56'}", True))
def isphone(value: Any) -> bool:
    """Whether a text has the form of a phone number."""
    return evaluate_condition("isPhone", value)


@function("logic", example("{isurl: 'https://example.com/a'}", True))
def isurl(value: Any) -> bool:
    """Whether a text is an http or https address."""
    return isinstance(value, str) and len(value) <= 8000 and _URL.fullmatch(value.strip()) is not None


@function("logic", example("{isuuid: 'f47ac10b-58cc-4372-a567-0e02b2c3d479'}", True), aliases=("isguid",))
def isuuid(value: Any) -> bool:
    """Whether a text is a UUID."""
    return isinstance(value, str) and _UUID.fullmatch(value.strip()) is not None


@function(
    "logic", example("{toboolean: 'yes'}", True), example("{toboolean: 'off'}", False), aliases=("boolean", "tobool")
)
def toboolean(value: Any) -> bool:
    """True for true, 1, yes, on; false for everything else."""
    return evaluate_condition("isTrue", value)


@function("logic", example("{totext: {$.n}}", "5", n=5.0), aliases=("text", "tostring"))
def totext(value: Any) -> str:
    """A value as text: null is '', lists and objects are JSON."""
    return text_of(value)


@function(
    "logic", example("{tolist: 'a'}", ["a"]), example("{tolist: {$.o}}", [{"a": 1}], o={"a": 1}), aliases=("wraplist",)
)
def tolist(value: Any) -> Any:
    """A list stays as it is, null and '' give an empty one, anything else becomes its only item."""
    if isinstance(value, dict):
        return [value]
    return list_of(value) if value is None or value == "" or kind_of(value) == "list" else [value]
