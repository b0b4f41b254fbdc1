"""Records in lists: their fields, what makes two of them the same, and their order."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tieline.automations.formulas import text_of

_DIGITS = re.compile(r"(\d+)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
LONGEST_COMPARED = 1000  # characters of a text that its order looks at


def field(record: Any, path: str) -> Any:
    """The value at a dotted field name ("address.city", "lines[0].id") of a record; null where there is none. A field
    that bears the whole name comes first."""
    if isinstance(record, dict) and path in record:
        return record[path]
    value = record
    for part in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit() and len(part) < 10:
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def identity(item: Any, key: str = "", *, fold: bool = False) -> Any:
    """What makes two items the same: all of them, or the text of field ``key`` (so that 7 and "7" are one key).

    Fields of an object may come in any order; ``fold`` ignores case.
    """
    value = field(item, key) if key else item
    if isinstance(value, (dict, list)):
        try:
            packed = msgspec.json.encode(value, order="sorted").decode()
        except (UnicodeEncodeError, OverflowError, ValueError, TypeError):
            packed = repr(value)
        return "json", packed.casefold() if fold else packed
    if key:
        return None if value is None else _folded(text_of(value), fold)
    if isinstance(value, str):
        return "text", _folded(value, fold)
    return ("number", value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ("other", value)


def order(value: Any) -> Any:
    """A key to sort by: nulls, numbers (also those spelled as text), then text in natural order, case ignored."""
    if value is None:
        return (0,)
    if isinstance(value, (int, float)):
        return (1, value)
    text = value if isinstance(value, str) else text_of(value)
    if len(text) < 40 and _NUMBER.fullmatch(text):
        return (1, float(text))
    pieces = _DIGITS.split(text[:LONGEST_COMPARED].casefold())
    # Numbers inside a text compare by length and digits: no conversion, so a thousand digits cost nothing.
    return (2, [(0, len(p.lstrip("0")), p.lstrip("0")) if i % 2 else (1, 0, p) for i, p in enumerate(pieces)])


def _folded(text: str, fold: bool) -> str:
    return text.casefold() if fold else text
