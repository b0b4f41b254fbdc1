"""Lists: parts, order, sets, joining. A function never changes the list that it is given."""

from __future__ import annotations

import re
from typing import Any

from tieline.automations.formulas import paths
from tieline.automations.formulas.conditions import blank, equal, evaluate_condition, members
from tieline.automations.formulas.context import MISSING, Context
from tieline.automations.formulas.errors import FormulaValueError
from tieline.automations.formulas.registry import example, function
from tieline.automations.formulas.values import Items, json_text, kind_of, number_in, text_of, weigh

_DIGITS = re.compile(r"([0-9]+)")
_CONTAINERS = frozenset({"list", "object"})


_LONGEST_PATH = 1000  # characters; a longer one is only a name


def field_of(item: Any, field: str) -> Any:
    """A field of an item by its name or dotted path; null when it is not there."""
    value = paths.member(item, field)
    if value is MISSING and len(field) <= _LONGEST_PATH and "." in field:
        value = item
        for name in field.split("."):
            value = paths.member(value, name)
    return None if value is MISSING else value


def sort_key(context: Context, value: Any) -> Any:
    """Nulls, then numbers (also those spelled as text), then text in natural order: file2 before file10, case
    ignored."""
    if value is None:
        return (0,)
    if isinstance(value, (int, float)):
        return (1, value)
    text = value if isinstance(value, str) else text_of(value)
    context.spend(600 + 20 * min(len(text), 1000) + len(text))
    number = number_in(text) if text[:1] in "0123456789-+." else None
    if number is not None:
        return (1, number)
    pieces = _DIGITS.split(text.casefold()[:1000])
    return (2, [(0, len(p.lstrip("0")), p) if i % 2 else (1, 0, p) for i, p in enumerate(pieces)])


def identity(context: Context, value: Any) -> Any:
    """What makes two items the same: kind and value, whole numbers and floats alike."""
    kind = kind_of(value)
    if kind not in _CONTAINERS:
        return kind, value
    text = json_text(value)
    context.spend(20 * len(text))
    return kind, text


def name_of(context: Context, value: Any) -> str:
    """A value as the name of a member."""
    text = text_of(value)
    context.spend(80 + 4 * len(text))
    return text


@function("list", example("{count: {$.contacts}}", 2, contacts=[{"name": "Ada"}, {"name": "Bob"}]), aliases=("size",))
def count(list_: Any) -> int:
    """The number of items of a list or members of an object; 0 for null and ''."""
    if list_ is None or list_ == "":
        return 0
    if kind_of(list_) not in _CONTAINERS:
        raise FormulaValueError("a list or an object is needed; for texts see textlength")
    return len(list_)


@function("list", example("{first: {$.l}}", 1, l=[1, 2, 3]))
def first(list_: Items) -> Any:
    """The first item; null when there is none."""
    return list_[0] if list_ else None


@function("list", example("{last: {$.l}}", 3, l=[1, 2, 3]))
def last(list_: Items) -> Any:
    """The last item; null when there is none."""
    return list_[-1] if list_ else None


@function("list", example("{getitem: {$.l}, -1}", "c", l=["a", "b", "c"]), aliases=("item", "nth"))
def getitem(list_: Items, index: int) -> Any:
    """The item at an index from 0, negative from the end; null when there is none."""
    return list_[index] if -len(list_) <= index < len(list_) else None


def _sorted(context: Context, items: Items, field: str | None, *, descending: bool) -> Items:
    context.spend(len(items) * 200)
    if field is None or field == "":
        return sorted(items, key=lambda item: sort_key(context, item), reverse=descending)
    return sorted(items, key=lambda item: sort_key(context, field_of(item, field)), reverse=descending)


@function(
    "list",
    example("{sort: {$.l}}", ["a2", "a10", "B1"], l=["a10", "B1", "a2"]),
    example("{sort: {$.l}, 'id'}", [{"id": "4"}, {"id": "17"}], l=[{"id": "17"}, {"id": "4"}]),
)
def sort(context: Context, list_: Items, field: str | None = None) -> Items:
    """In rising natural order: nulls, numbers (also as text), text with the numbers in it compared as numbers.
    Objects are sorted by a field."""
    return _sorted(context, list_, field, descending=False)


@function("list", example("{sortdesc: {$.l}}", [10, 2, 1], l=[2, 10, 1]), aliases=("sortdecs", "rsort"))
def sortdesc(context: Context, list_: Items, field: str | None = None) -> Items:
    """In falling order, otherwise like `sort`."""
    return _sorted(context, list_, field, descending=True)


@function("list", example("{reverse: {$.l}}", [3, 2, 1], l=[1, 2, 3]), example("{reverse: 'abc'}", "cba"))
def reverse(value: Any) -> Any:
    """A list (or a text) in opposite order."""
    if value is None or isinstance(value, (list, str)):
        return value and value[::-1]
    raise FormulaValueError("a list or a text is needed")


@function(
    "list",
    example("{unique: {$.l}}", [1, 2], l=[1, 2, 1]),
    example("{unique: {$.l}, 'id'}", [{"id": 1, "n": "a"}], l=[{"id": 1, "n": "a"}, {"id": 1, "n": "b"}]),
    aliases=("distinct", "deduplicate"),
)
def unique(context: Context, list_: Items, field: str | None = None) -> Items:
    """Without repetitions, the first of equal items stays. For objects a field can say what makes them equal."""
    context.spend(len(list_) * 100)
    seen: set[Any] = set()
    out = []
    for item in list_:
        key = identity(context, item if field is None or field == "" else field_of(item, field))
        if key not in seen:
            seen.add(key)
            out.append(item)
    return out


@function(
    "list",
    example("{implode: {$.contacts[*].name}}", "John,Jane", contacts=[{"name": "John"}, {"name": "Jane"}]),
    example("{implode: {$.l}, ' | '}", "a | b", l=["a", "b"]),
    aliases=("join",),
)
def implode(context: Context, list_: Any, separator: str = ",") -> str:
    """The items as one text with a separator between them, a comma by default. A text stays as it is."""
    if isinstance(list_, str) or list_ is None:
        return list_ or ""
    if kind_of(list_) not in _CONTAINERS:
        return text_of(list_)
    items = list(list_.values()) if isinstance(list_, dict) else list_
    context.reserve(len(separator) * max(0, len(items) - 1))
    pieces = []
    for item in items:
        piece = text_of(item)
        context.spend(len(piece) + 10)
        pieces.append(piece)
    context.reserve(sum(map(len, pieces)) + len(separator) * len(pieces))
    return separator.join(pieces)


@function(
    "list",
    example("{explode: 'a,b,c', ','}", ["a", "b", "c"]),
    example("{explode: 'a, b', ', '}", ["a", "b"]),
    example("{explode: ''}", []),
    aliases=("split",),
)
def explode(context: Context, text: Any, separator: str = ",", limit: int | None = None) -> Items:
    """A text cut at every separator, a comma by default; with a limit, into at most that many parts. '' gives no
    items, a list stays as it is, an empty separator cuts into characters."""
    if isinstance(text, list):
        return text
    whole = text_of(text)
    if whole == "":
        return []
    if separator == "":
        context.reserve_items(len(whole))
        return list(whole)
    context.reserve_items(whole.count(separator) + 1)
    return whole.split(separator, -1 if limit is None or limit < 1 else limit - 1)


@function(
    "list",
    example("{slice: {$.l}, 1, 2}", [2, 3], l=[1, 2, 3, 4]),
    example("{slice: {$.l}, -2}", [3, 4], l=[1, 2, 3, 4]),
    aliases=("sublist",),
)
def slice_(list_: Items, start: int, length: int | None = None) -> Items:
    """A part of the list from an index (negative from the end), that many items; a negative length leaves that many
    off the end."""
    begin = max(0, len(list_) + start) if start < 0 else start
    if length is None:
        return list_[begin:]
    end = len(list_) + length if length < 0 else begin + length
    return list_[begin : max(begin, end)]


@function("list", example("{take: {$.l}, 2}", [1, 2], l=[1, 2, 3]), aliases=("limit",))
def take(list_: Items, number: int) -> Items:
    """The first items."""
    return list_[: max(0, number)]


@function("list", example("{skip: {$.l}, 2}", [3], l=[1, 2, 3]), aliases=("drop",))
def skip(list_: Items, number: int) -> Items:
    """All but the first items."""
    return list_[max(0, number) :]


@function(
    "list",
    example("{flatten: {$.l}}", [1, 2, 3, 4], l=[1, [2, [3]], 4]),
    example("{flatten: {$.l}, 1}", [1, [2]], l=[[1, [2]]]),
)
def flatten(context: Context, list_: Items, levels: int | None = None) -> Items:
    """Lists inside a list taken apart, all levels or only so many."""
    deepest = context.limits.max_depth
    items = list_
    for level in range(deepest + 1):
        if (levels is not None and level >= levels) or not any(isinstance(item, list) for item in items):
            return items
        out: Items = []
        for item in items:
            if isinstance(item, list):
                context.reserve_items(len(out) + len(item))
                out.extend(item)
            else:
                out.append(item)
        items = out
    raise FormulaValueError(f"the list is nested more than {deepest} deep")


@function("list", example("{list: 1, 'two', {$.x}}", [1, "two", None], x=None), aliases=("array",))
def list_(*items: Any) -> Items:
    """A list of the arguments."""
    return [*items]


@function("list", example("{append: {$.l}, 3}", [1, 2, 3], l=[1, 2]), aliases=("push", "additem"))
def append(list_: Items, *items: Any) -> Items:
    """The list with more items at its end."""
    return [*list_, *items]


@function("list", example("{prepend: {$.l}, 0}", [0, 1], l=[1]))
def prepend(list_: Items, *items: Any) -> Items:
    """The list with more items at its beginning."""
    return [*items, *list_]


@function("list", example("{removeitem: {$.l}, 2}", [1, 3], l=[1, 2, 3]), aliases=("without",))
def removeitem(context: Context, list_: Items, *items: Any) -> Items:
    """The list without the items that equal one of the arguments."""
    context.spend(len(list_) * sum(100 + weigh(item) for item in items))
    return [item for item in list_ if not any(equal(item, other) for other in items)]


@function("list", example("{removeemptyitems: {$.l}}", [0, "a"], l=[None, 0, "", "a", []]), aliases=("compact",))
def removeemptyitems(context: Context, list_: Items) -> Items:
    """The list without null, '', blanks and empty lists and objects."""
    context.spend(len(list_) * 20)
    return [item for item in list_ if not blank(item)]


@function(
    "list",
    example("{range: 1, 5}", [1, 2, 3, 4, 5]),
    example("{range: 10, 0, -5}", [10, 5, 0]),
    example("{range: 1, 999999999}", error="formula-limit"),
)
def range_(context: Context, start: int, end: int, step: int = 1) -> Items:
    """The whole numbers from start to end, both included."""
    if step == 0:
        raise FormulaValueError("'step' must not be 0")
    numbers = range(start, end + (1 if step > 0 else -1), step)
    context.reserve_items(max(0, (numbers.stop - numbers.start + step - (1 if step > 0 else -1)) // step))
    return list(numbers)


@function("list", example("{fill: 'x', 3}", ["x", "x", "x"]))
def fill(context: Context, value: Any, number: int) -> Items:
    """A list that holds a value that many times."""
    context.reserve_items(max(0, number))
    context.spend(weigh(value) * max(0, number))
    return [value] * max(0, number)


@function("list", example("{chunk: {$.l}, 2}", [[1, 2], [3]], l=[1, 2, 3]))
def chunk(context: Context, list_: Items, size: int) -> Items:
    """The list cut into lists of that size."""
    if size < 1:
        raise FormulaValueError("'size' must be at least 1")
    context.spend(len(list_) * 16 + 200 * (len(list_) // size))
    return [list_[at : at + size] for at in range(0, len(list_), size)]


@function("list", example("{listindex: {$.l}, 'b'}", 1, l=["a", "b"]), aliases=("indexof",))
def listindex(context: Context, list_: Items, item: Any) -> int | None:
    """The index of the first item that equals a value; null when there is none."""
    context.spend(len(list_) * (100 + weigh(item)))
    return next((i for i, other in enumerate(list_) if equal(other, item)), None)


@function("list", example("{inlist: 'b', {$.l}}", True, l=["a", "b"]), aliases=("isinlist",))
def inlist(context: Context, value: Any, list_: Any) -> bool:
    """Whether a list holds a value; the operator `inList`."""
    items = members(list_)
    context.spend(len(items) * (100 + weigh(value)))
    return evaluate_condition("inList", value, items)


@function("list", example("{shuffle: {$.l}}", like=r"\[[123],[123],[123]\]", l=[1, 2, 3]))
def shuffle(context: Context, list_: Items) -> Items:
    """The items in random order."""
    context.spend(len(list_) * 200)
    items = list_.copy()
    context.env.random.shuffle(items)
    return items


@function("list", example("{randomitem: {$.l}}", like="[abc]", l=["a", "b", "c"]))
def randomitem(context: Context, list_: Items) -> Any:
    """One item at random; null when there is none."""
    return list_[context.env.random.randrange(len(list_))] if list_ else None
