"""Single values of XML Schema's built-in types (XML Schema part 2) from and to data."""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tieline.connectors.runtime.coerce import describe

_RANGES: Final[dict[str, tuple[int | None, int | None]]] = {
    "integer": (None, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
}
_NUMBERS: Final = frozenset(("decimal", "float", "double"))
_MOMENTS: Final = frozenset(("dateTime", "dateTimeStamp", "timeInstant"))
_BASE64: Final = frozenset(("base64Binary", "base64"))
_WHOLE = re.compile(r"[+-]?\d{1,100}\Z")
_DATETIME = re.compile(
    r"(-?\d{4,9}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?))?\s*(Z|[+-]\d\d:?\d\d)?\Z", re.IGNORECASE
)
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?\Z")
_TRUE: Final = frozenset(("true", "1", "yes", "on"))
_FALSE: Final = frozenset(("false", "0", "no", "off"))


class WrongValue(Exception):
    """The text says what is wanted, without showing a long value."""


def to_text(value: Any, kind: str) -> str:
    """``value`` as the built-in type ``kind`` ("int") writes it; raises `WrongValue`."""
    if isinstance(value, dict) and kind in _BASE64 and isinstance(value.get("base64"), str):
        value = value["base64"]
    if isinstance(value, dict | list | tuple):
        raise WrongValue(f"a single value, not {describe(value)}")
    if kind in _RANGES:
        return _integer(value, kind)
    if kind in _NUMBERS:
        return _number(value, kind)
    if kind == "boolean":
        return _boolean(value)
    if kind in _MOMENTS:
        return _moment(value)
    if kind == "date":
        return _moment(value).partition("T")[0]
    if kind == "time":
        return _time(value)
    if kind in _BASE64:
        return _base64(value)
    if kind == "hexBinary":
        return _hex(value)
    return plain_text(value)


def plain_text(value: Any) -> str:
    """Any single value as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def from_text(text: str, kind: str) -> Any:
    """What a text of the built-in type means in JSON; a text that does not fit its type stays as it is.

    A decimal with more than 15 digits stays text, because a JSON number would not hold it.
    """
    if kind in _RANGES:
        stripped = text.strip()
        return int(stripped) if _WHOLE.match(stripped) else (text if stripped else None)
    if kind in _NUMBERS:
        return _read_number(text)
    if kind == "boolean":
        word = text.strip().lower()
        return True if word in ("true", "1") else False if word in ("false", "0") else (text if word else None)
    if kind in _BASE64:
        return re.sub(r"\s+", "", text)
    if kind in _MOMENTS or kind in ("date", "time", "anyURI", "QName", "token", "NCName"):
        return text.strip()
    return text


def _read_number(text: str) -> Any:
    stripped = text.strip()
    if not stripped:
        return None
    try:
        number = Decimal(stripped)
    except InvalidOperation:
        return text
    if not number.is_finite() or len(stripped) > 400:
        return text
    if "." not in stripped and "e" not in stripped.lower():
        return int(stripped)
    if len(number.as_tuple().digits) > 15 or abs(number.adjusted()) > 300:
        found = float(number) if "e" in stripped.lower() else None
        return stripped if found is None or not math.isfinite(found) else found
    return float(number)


def _integer(value: Any, kind: str) -> str:
    number: int | None = None
    if isinstance(value, bool):
        number = None
    elif isinstance(value, int):
        number = value
    elif (isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value)) or (
        isinstance(value, str) and _WHOLE.match(value.strip())
    ):
        number = int(value)
    if number is None:
        raise WrongValue(f"a whole number, not {describe(value)}")
    low, high = _RANGES[kind]
    if (low is not None and number < low) or (high is not None and number > high):
        between = (
            f"between {low} and {high}"
            if None not in (low, high)
            else f"at least {low}"
            if high is None
            else f"at most {high}"
        )
        raise WrongValue(f"a whole number {between}, not {describe(value)}")
    return str(number)


def _number(value: Any, kind: str) -> str:
    try:
        if isinstance(value, bool) or value == "":
            raise WrongValue(f"a number, not {describe(value)}")
        number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        raise WrongValue(f"a number, not {describe(value)}") from None
    if not number.is_finite() or abs(number.adjusted()) > 400:
        raise WrongValue("a finite number")
    if kind == "decimal":
        return format(number, "f")
    return repr(float(number)).replace("e", "E")


def _boolean(value: Any) -> str:
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    if word in _TRUE:
        return "true"
    if word in _FALSE:
        return "false"
    raise WrongValue(f"true or false, not {describe(value)}")


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat() + "T00:00:00"
    match = _DATETIME.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise WrongValue(f"a date and time like 2026-01-31T09:00:00Z, not {describe(value)}")
    day, clock, zone = match.group(1), match.group(2) or "00:00:00", (match.group(3) or "").upper()
    clock = clock.replace(",", ".")
    if clock.count(":") == 1:
        clock += ":00"
    try:
        if len(day) == 10:
            datetime.fromisoformat(f"{day}T{clock[:8]}").replace(tzinfo=UTC)
    except ValueError:
        raise WrongValue(f"a date and time that exists, not {describe(value)}") from None
    if len(zone) == 5:
        zone = f"{zone[:3]}:{zone[3:]}"
    return f"{day}T{clock}{zone}"


def _time(value: Any) -> str:
    text = value.isoformat() if isinstance(value, time) else value
    if isinstance(text, str) and _TIME.match(text.strip()):
        text = text.strip()
        return text if text.count(":") > 1 else text + ":00"
    raise WrongValue(f"a time like 09:30:00, not {describe(value)}")


def _base64(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, str):
        packed = re.sub(r"\s+", "", value)
        try:
            base64.b64decode(packed, validate=True)
            return packed
        except (binascii.Error, ValueError):
            pass
    raise WrongValue(f"bytes in base64, not {describe(value)}")


def _hex(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return value.hex().upper()
    if isinstance(value, str) and len(value) % 2 == 0 and re.fullmatch(r"[0-9A-Fa-f]*", value):
        return value.upper()
    raise WrongValue(f"bytes in hexadecimal, not {describe(value)}")
