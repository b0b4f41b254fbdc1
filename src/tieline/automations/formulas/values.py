"""Values of formulas: JSON data, and how one kind becomes another."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from tieline.automations.formulas.context import MISSING
from tieline.automations.formulas.errors import FormulaLimit, FormulaValueError

Number: TypeAlias = int | float
Items: TypeAlias = list[Any]
Object: TypeAlias = dict[str, Any]

MAX_INTEGER = 2**63 - 1
_EXACT_FLOAT = 2**53
_PLAIN_WHOLE = 1e15

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_FLOAT = re.compile(r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?")


def _hook(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    if value is MISSING:
        return None
    return str(value)


MAX_JSON_BYTES = 16 * 2**20
MAX_NESTING = 200

_encoder = msgspec.json.Encoder(enc_hook=_hook, decimal_format="number", uuid_format="canonical")


def json_text(value: Any) -> str:
    """Compact JSON of ``value``, at most 16 MiB: measured first, because values that share parts can be far larger as
    text than in memory."""
    if isinstance(value, (list, dict)) and weigh(value) > MAX_JSON_BYTES:
        raise FormulaLimit(f"the value would have more than {MAX_JSON_BYTES} bytes as JSON")
    try:
        return _encoder.encode(value).decode("utf-8")
    except RecursionError:
        raise FormulaLimit("the value is nested too deeply to become JSON") from None
    except (OverflowError, UnicodeError, TypeError, ValueError, msgspec.MsgspecError):
        raise FormulaValueError("the value holds something that JSON cannot express") from None


def weigh(value: Any) -> int:
    """About how many bytes a value has as JSON. Raises ``FormulaLimit`` for more than 200 levels."""
    if value.__class__ is str:
        return len(value) + 2
    return _weigh(value, {}, 0) if isinstance(value, (list, dict)) else 8


def _weigh(value: Any, known: dict[int, int], depth: int) -> int:
    if depth > MAX_NESTING:
        raise FormulaLimit(f"the value is nested more than {MAX_NESTING} deep")
    size = 2
    if value.__class__ is dict:
        size += 4 * len(value) + sum(len(key) for key in value if key.__class__ is str)
        members = value.values()
    else:
        size += len(value)
        members = value
    for item in members:
        kind = item.__class__
        if kind is str:
            size += len(item) + 2
        elif kind is dict or kind is list:
            weight = known.get(id(item))
            if weight is None:
                weight = known[id(item)] = _weigh(item, known, depth + 1)
            size += weight
        else:
            size += 4
    return size


def float_text(value: float) -> str:
    """Whole floats without ``.0``, others in the shortest form that reads back the same."""
    if value.is_integer() and abs(value) < _PLAIN_WHOLE:
        return str(int(value))
    return repr(value)


def text_of(value: Any) -> str:
    """Any value as text: null is '', booleans are 'true'/'false', lists and objects compact JSON."""
    kind = value.__class__
    if kind is str:
        return value  # type: ignore[no-any-return]
    if value is None or value is MISSING:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value) if -MAX_INTEGER <= value <= MAX_INTEGER else float_text(tidy(float_of(value)))
    if kind is float:
        return float_text(value)
    if kind is datetime:
        return iso(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (date, Decimal, UUID)):
        return value.isoformat() if isinstance(value, date) else str(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, (Mapping, Sequence)):
        return json_text(value)
    return str(value)


def iso(moment: datetime) -> str:
    """RFC 3339 with the moment's own offset."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.isoformat()


def float_of(value: int | str) -> float:
    """``float()`` that says what is wrong instead of overflowing."""
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise FormulaLimit("the number is larger than a number can be")
    return number


def number_in(text: str) -> Number | None:
    """The number that a text spells out, or None."""
    text = text.strip()
    if _INTEGER.fullmatch(text):
        value = int(text)
        return value if -MAX_INTEGER <= value <= MAX_INTEGER else float(value)
    if len(text) < 1000 and _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else None
    return None


def number_of(value: Any) -> Number:
    """A number from a number, numeric text or boolean; null and '' are 0."""
    kind = value.__class__
    if kind is int:
        return value if -MAX_INTEGER <= value <= MAX_INTEGER else float_of(value)
    if kind is float:
        if not math.isfinite(value):
            raise FormulaValueError("the number is not finite")
        return value  # type: ignore[no-any-return]
    if value is None or value is MISSING:
        return 0
    if kind is bool:
        return int(value)
    if isinstance(value, str):
        if not value or value.isspace():
            return 0
        number = number_in(value)
        if number is not None:
            return number
    if isinstance(value, Decimal) and value.is_finite():
        return tidy(float(value))
    raise FormulaValueError(f"a number is needed, not {describe(value)}")


def integer_of(value: Any) -> int:
    """A whole number; 2.0 and '2' are fine, 2.5 is not."""
    number = number_of(value)
    if number.__class__ is float:
        if not number.is_integer() or abs(number) > _EXACT_FLOAT:
            raise FormulaValueError(f"a whole number is needed, not {describe(value)}")
        return int(number)
    return int(number)


def list_of(value: Any) -> Items:
    """A list; null and '' are the empty list, an object gives its values."""
    if value.__class__ is list:
        return value
    if value is None or value is MISSING or value == "":
        return []
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return list(value)
    raise FormulaValueError(f"a list is needed, not {describe(value)}")


def object_of(value: Any) -> Object:
    """An object; null, '' and the empty list are the empty object."""
    if value.__class__ is dict:
        return value
    if isinstance(value, Mapping):
        return dict(value)
    if value is None or value is MISSING or value in ("", []):
        return {}
    raise FormulaValueError(f"an object is needed, not {describe(value)}")


def truth_of(value: Any) -> bool:
    """False for null, false, 0, '', '0', 'false' and what is empty; true for everything else."""
    if isinstance(value, str):
        return value.strip().lower() not in {"", "0", "false"}
    return bool(value)


def tidy(value: Number) -> Number:
    """A computed number: 15 significant digits, whole ones as integers, at most what 64 bits or a double can hold."""
    if value.__class__ is int:
        return value if -MAX_INTEGER <= value <= MAX_INTEGER else tidy(float_of(int(value)))
    if not math.isfinite(value):
        raise FormulaLimit("the result is larger than a number can be")
    rounded = float(f"{value:.15g}")
    if rounded.is_integer() and abs(rounded) < _EXACT_FLOAT:
        return int(rounded)
    return rounded


def kind_of(value: Any) -> str:
    """The JSON kind of a value: null, boolean, number, text, list or object."""
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float, Decimal)):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return "list"
    return "text"


def describe(value: Any) -> str:
    """A value's kind for an error message; never the value itself, it may be private."""
    kind = kind_of(value)
    article = "an" if kind == "object" else "a"
    return kind if kind in {"null", "text"} else f"{article} {kind}"


def depth_within(value: Any, limit: int) -> bool:
    """Whether a value nests at most ``limit`` deep; walks without recursion."""
    level = [value]
    for _ in range(limit + 1):
        following: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                following.extend(v for v in item.values() if isinstance(v, (dict, list)))
            elif isinstance(item, list):
                following.extend(v for v in item if isinstance(v, (dict, list)))
        if not following:
            return True
        level = following
    return False
