"""The operators of conditions: of the If block, of filters and of ``{if: ...}``.

Every operator takes two values, a unary one ignores the second, and answers true or false; none of them raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

import msgspec

from tieline.automations.formulas.context import MISSING
from tieline.automations.formulas.errors import FormulaError, FormulaValueError
from tieline.automations.formulas.values import depth_within, kind_of, number_in, text_of

_PLAIN_NUMBER = re.compile(r"\s*-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?\s*")
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]{1,64}@(?:[\w-]{1,63}\.){1,10}[^\W\d_][\w-]{1,62}")
_PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]{4,30}")
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"", "false", "0", "no", "off"})
_MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its spelling, whether it looks at the left value only, what it says, and what it does."""

    name: str
    unary: bool
    doc: str
    holds: Callable[[Any, Any], bool]
    aliases: tuple[str, ...] = ()


OPERATORS: dict[str, Operator] = {}
"""By name, as the workspace document spells it."""

_BY_WORD: dict[str, Operator] = {}


def operator(
    name: str, *aliases: str, unary: bool = False
) -> Callable[[Callable[[Any, Any], bool]], Callable[[Any, Any], bool]]:
    """Register a condition operator."""

    def register(function: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
        entry = Operator(name, unary, cleandoc(function.__doc__ or ""), function, aliases)
        OPERATORS[name] = entry
        for word in (name, *aliases):
            _BY_WORD[word.lower()] = entry
        return function

    return register


def find_operator(word: str) -> Operator | None:
    """The operator spelled so, in any case, or None."""
    return _BY_WORD.get(word.lower())


def evaluate_condition(op: str, left: Any, right: Any = None) -> bool:
    """Whether ``left op right`` holds; raises ``FormulaValueError`` for an operator that does not exist."""
    entry = OPERATORS.get(op) or find_operator(op.strip())
    if entry is None:
        known = ", ".join(OPERATORS)
        raise FormulaValueError(f"there is no operator {op[:40]!r}; use one of {known}")
    return entry.holds(None if left is MISSING else left, None if right is MISSING else right)


def _number(value: Any) -> int | float | None:
    """The number behind a value for comparing: numbers, booleans, and texts that look like plain numbers."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        return number_in(value)
    return None


def _container(value: Any) -> bool:
    return isinstance(value, (Mapping, Sequence)) and not isinstance(value, (str, bytes, bytearray))


def _text(value: Any) -> str:
    """A value as text; what has none is ''."""
    try:
        return text_of(value)
    except FormulaError:
        return ""


def _decoded(text: str) -> Any:
    """A text that spells a list or an object, decoded; anything else is MISSING."""
    if text.lstrip()[:1] not in {"[", "{"}:
        return MISSING
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return MISSING


def _equal_containers(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        left = _decoded(left)
    if isinstance(right, str):
        right = _decoded(right)
    if not (depth_within(left, _MAX_DEPTH) and depth_within(right, _MAX_DEPTH)):
        return False
    return bool(left == right)


def equal(left: Any, right: Any) -> bool:
    """Loose equality, see the operator ``=``."""
    if left.__class__ is str and right.__class__ is str:
        if left == right:
            return True
        if not (_PLAIN_NUMBER.fullmatch(left) and _PLAIN_NUMBER.fullmatch(right)):
            return False
        return number_in(left) == number_in(right)
    if _container(left) or _container(right):
        return not (left or right) if left is None or right is None else _equal_containers(left, right)
    if left is None or right is None:
        other = right if left is None else left
        return other is None or other is False or other == ""
    if isinstance(left, bool) or isinstance(right, bool):
        return _boolean(left) is not None and _boolean(left) == _boolean(right)
    if left.__class__ is int and right.__class__ is str and right.isdecimal() and right.isascii() and right[0] != "0":
        return str(left) == right if len(right) < 19 else left == number_in(right)
    first, second = _number(left), _number(right)
    if first is not None and second is not None:
        return first == second
    return _text(left) == _text(right)


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value == 1 if value in {0, 1} else None
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return False if value is None else None


def _order(left: Any, right: Any) -> int | None:
    """-1, 0 or 1; None when the two cannot be ordered."""
    if left is None or right is None or _container(left) or _container(right):
        return None
    first: Any = _number(left)
    second: Any = _number(right)
    if first is None or second is None:
        first, second = _text(left), _text(right)
    return int(first > second) - int(first < second)


def _holds(items: Sequence[Any], value: Any) -> bool:
    """Whether an item equals the value, see ``equal``; what a text spells is found out once, not for each item."""
    if _container(value) and value:
        if not depth_within(value, _MAX_DEPTH):
            return False
        shape = Mapping if isinstance(value, Mapping) else Sequence
        found = any(isinstance(item, shape) and len(item) == len(value) and item == value for item in items)
        return found or any(isinstance(item, str) and equal(item, value) for item in items)
    if not isinstance(value, str):
        return any(equal(item, value) for item in items)
    number = _number(value)
    spelled: Any = None
    for item in items:
        if item.__class__ is str or item.__class__ is int:
            if item == value or (number is not None and _number(item) == number):
                return True
        elif _container(item):
            spelled = _decoded(value) if spelled is None else spelled
            if spelled is not MISSING and _equal_containers(item, spelled):
                return True
        elif equal(item, value):
            return True
    return False


def blank(value: Any) -> bool:
    """Null, '', text of blanks only, an empty list or object. The number 0 and false are values."""
    if value is None or value is MISSING:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    return _container(value) and not value


def members(value: Any) -> list[Any]:
    """A list as it is, or a text that spells one: as JSON, or separated by commas."""
    if isinstance(value, str):
        decoded = _decoded(value)
        if isinstance(decoded, list):
            return decoded
        return [part.strip() for part in value.split(",")] if value else []
    if isinstance(value, Mapping):
        return list(value.values())
    if _container(value):
        return list(value)
    return [] if value is None else [value]


@operator("=", "==", "===")
def _equals(left: Any, right: Any) -> bool:
    """Equal. A number equals a text that spells it (`5` and `'5.0'`, but not `'007'`), a boolean equals `'true'`,
    `'false'`, 1 or 0, null equals `''` and false, lists and objects are compared member by member, also with their
    JSON text."""
    return equal(left, right)


@operator("!=", "!==", "<>")
def _differs(left: Any, right: Any) -> bool:
    """Not equal."""
    return not equal(left, right)


@operator(">")
def _greater(left: Any, right: Any) -> bool:
    """Greater: as numbers when both are numbers or spell plain numbers, else as text. Never true for null."""
    return _order(left, right) == 1


@operator(">=")
def _greater_or_equal(left: Any, right: Any) -> bool:
    """Greater or equal."""
    return _order(left, right) in {0, 1}


@operator("<")
def _less(left: Any, right: Any) -> bool:
    """Smaller."""
    return _order(left, right) == -1


@operator("<=")
def _less_or_equal(left: Any, right: Any) -> bool:
    """Smaller or equal."""
    return _order(left, right) in {0, -1}


@operator("empty", "isEmpty", unary=True)
def _empty(left: Any, _right: Any) -> bool:
    """Null, `''`, only blanks, an empty list or object. 0 and false are not empty."""
    return blank(left)


@operator("notEmpty", "isNotEmpty", unary=True)
def _not_empty(left: Any, _right: Any) -> bool:
    """Not empty."""
    return not blank(left)


@operator("contain", "contains")
def _contains(left: Any, right: Any) -> bool:
    """The left text holds the right text (exact case), the left list an equal item, or the left object the key."""
    if isinstance(left, Mapping):
        return _text(right) in left
    if _container(left):
        return _holds(left, right)
    return left is not None and _text(right) in _text(left)


@operator("doesntContain", "doesNotContain", "notContain")
def _lacks(left: Any, right: Any) -> bool:
    """Does not contain."""
    return not _contains(left, right)


@operator("inList", "in")
def _in_list(left: Any, right: Any) -> bool:
    """One side is a list, and an item of it equals the other side: exports have the list on the left, people write it
    on the right. There it may also be a JSON list, or a text separated by commas."""
    listed = left if _container(left) else _decoded(left) if isinstance(left, str) else MISSING
    if isinstance(listed, (Mapping, Sequence)) and not isinstance(listed, str) and not _container(right):
        return _holds(members(listed), right)
    return _holds(members(right), left)


@operator("notInList", "notIn")
def _not_in_list(left: Any, right: Any) -> bool:
    """Neither side is a list that holds the other."""
    return not _in_list(left, right)


@operator("isText", unary=True)
def _is_text(left: Any, _right: Any) -> bool:
    """A text (also one that spells a number)."""
    return kind_of(left) == "text"


@operator("isNotText", unary=True)
def _is_not_text(left: Any, _right: Any) -> bool:
    """Not a text."""
    return kind_of(left) != "text"


@operator("isNumber", unary=True)
def _is_number(left: Any, _right: Any) -> bool:
    """A number, or a text that spells one."""
    return kind_of(left) == "number" or (isinstance(left, str) and number_in(left) is not None)


@operator("isNotNumber", unary=True)
def _is_not_number(left: Any, _right: Any) -> bool:
    """Not a number."""
    return not _is_number(left, None)


@operator("isObject", unary=True)
def _is_object(left: Any, _right: Any) -> bool:
    """An object."""
    return kind_of(left) == "object"


@operator("isNotObject", unary=True)
def _is_not_object(left: Any, _right: Any) -> bool:
    """Not an object."""
    return kind_of(left) != "object"


@operator("isList", unary=True)
def _is_list(left: Any, _right: Any) -> bool:
    """A list."""
    return kind_of(left) == "list"


@operator("isNotList", unary=True)
def _is_not_list(left: Any, _right: Any) -> bool:
    """Not a list."""
    return kind_of(left) != "list"


@operator("isEmail", unary=True)
def _is_email(left: Any, _right: Any) -> bool:
    """A text in the form of one e-mail address."""
    return isinstance(left, str) and len(left) <= 254 and _EMAIL.fullmatch(left.strip()) is not None


@operator("isNotEmail", unary=True)
def _is_not_email(left: Any, _right: Any) -> bool:
    """Not an e-mail address."""
    return not _is_email(left, None)


@operator("isPhone", unary=True)
def _is_phone(left: Any, _right: Any) -> bool:
    """A phone number: 5 to 15 digits (ITU-T E.164), a leading + and blanks, brackets, dots, slashes, dashes allowed."""
    text = left.strip() if isinstance(left, str) else _text(left) if kind_of(left) == "number" else ""
    return len(text) <= 40 and _PHONE.fullmatch(text) is not None and 5 <= sum(c.isdigit() for c in text) <= 15


@operator("isNotPhone", unary=True)
def _is_not_phone(left: Any, _right: Any) -> bool:
    """Not a phone number."""
    return not _is_phone(left, None)


@operator("isTrue", unary=True)
def _is_true(left: Any, _right: Any) -> bool:
    """True, 1, or the text true, 1, yes or on."""
    return _boolean(left) is True


@operator("isFalse", unary=True)
def _is_false(left: Any, _right: Any) -> bool:
    """False, 0, null, or the text false, 0, no, off or ''."""
    return _boolean(left) is False
