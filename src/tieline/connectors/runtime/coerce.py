"""From what a formula or a form gives to what an input declares.

Formulas give text for numbers, numbers for text and JSON text for objects, so each type takes what can only mean one
thing and refuses the rest with one sentence that names the input.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from tieline.connectors.manifest.model import Input
from tieline.core import json
from tieline.core.errors import BadInput
from tieline.security.egress import Upload

_INTEGER = re.compile(r"[+-]?\d{1,400}\Z")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\Z")
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


class File(Struct, frozen=True):
    """A file on its way to the API; ``content`` is whole, or a source that is read block by block."""

    content: bytes | Upload
    name: str = "file"
    content_type: str = "application/octet-stream"


def coerce(given: Any, spec: Input, block: str) -> Any:
    """``given`` in the type that ``spec`` declares; raises BadInput that names block and input."""
    rule = _RULES.get("file" if spec.location == "file" else spec.type)
    try:
        return rule(given, spec) if rule is not None else plain(given)
    except _Wrong as wrong:
        label = spec.label or spec.id
        raise BadInput(
            f"the input {label!r} of block {block!r} must be {wrong.wanted}, not {describe(given)}", parameter=spec.id
        ) from None


class _Wrong(Exception):
    def __init__(self, wanted: str) -> None:
        self.wanted = wanted


def describe(value: Any) -> str:
    """What a value is, in words, without showing it when it is long (it may hold personal data)."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 40 else f"a text of {len(value)} characters"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, int | float | Decimal):
        return f"the number {value}"
    return f"a value of type {type(value).__name__}"


def plain(value: Any) -> Any:
    """Data that JSON can hold: datetimes, decimals and ids become text or numbers, also inside lists and objects."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise _Wrong("a finite number")
        return int(value) if value == value.to_integral_value() and abs(value) < 10**30 else float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    return msgspec.to_builtins(value)


def text(value: Any) -> str:
    """A scalar as it stands in a URL or header: ``true``/``false``, numbers without a trailing ``.0``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dict | list):
        return json.dumps(value).decode()
    return str(value)


def _string(given: Any, spec: Input) -> Any:
    value = plain(given)
    if isinstance(value, dict | list):
        raise _Wrong("a text")
    return text(value)


def _integer(given: Any, spec: Input) -> Any:
    value = plain(given)
    if isinstance(value, bool):
        raise _Wrong("a whole number")
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        stripped = value.strip()
        if _INTEGER.match(stripped):
            return int(stripped)
        if len(stripped) <= 40 and _NUMBER.match(stripped):
            number = Decimal(stripped)
            if number.adjusted() < 30 and number == number.to_integral_value():
                return int(number)
    raise _Wrong("a whole number")


def _number(given: Any, spec: Input) -> Any:
    value = plain(given)
    if isinstance(value, bool):
        raise _Wrong("a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise _Wrong("a finite number")
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        stripped = value.strip()
        if _INTEGER.match(stripped):
            return int(stripped)
        if _NUMBER.match(stripped) and abs(number := float(stripped)) != float("inf"):
            return number
    raise _Wrong("a number")


def _boolean(given: Any, spec: Input) -> Any:
    if isinstance(given, bool):
        return given
    word = str(given).strip().lower() if isinstance(given, str | int) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _Wrong("true or false")


def _object(given: Any, spec: Input) -> Any:
    value = _from_json(plain(given), "{")
    if not isinstance(value, dict):
        raise _Wrong("an object")
    return value


def _array(given: Any, spec: Input) -> Any:
    value = _from_json(plain(given), "[")
    if isinstance(value, str):
        items = [part.strip() for part in value.split(",")] if "," in value else [value]
        value = [item for item in items if item]
    elif not isinstance(value, list):
        value = [value]
    inner = spec.schema.get("items")
    kind = inner.get("type") if isinstance(inner, dict) else None
    rule = _RULES.get(kind) if isinstance(kind, str) and kind in ("string", "integer", "number", "boolean") else None
    if rule is None:
        return value
    try:
        return [entry if entry is None else rule(entry, spec) for entry in value]
    except _Wrong as wrong:
        raise _Wrong(f"a list in which each entry is {wrong.wanted}") from None


def _from_json(value: Any, opening: str) -> Any:
    if isinstance(value, str) and value.lstrip().startswith(opening):
        try:
            return json.loads(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return value
    return value


def file(given: Any, spec: Input) -> File:
    """Text, bytes, or ``{"name", "content_type", "base64" | "text"}`` as `Answer.data` of a download has it."""
    if isinstance(given, File):
        return given
    if isinstance(given, bytes | bytearray | memoryview):
        return File(bytes(given))
    if isinstance(given, str):
        return File(given.encode("utf-8", "replace"), name="file.txt", content_type="text/plain")
    if isinstance(given, dict):
        encoded, words = given.get("base64"), given.get("text")
        name = str(given.get("name") or "file")
        kind = str(given.get("content_type") or "application/octet-stream")
        if isinstance(encoded, str):
            try:
                return File(base64.b64decode(encoded, validate=True), name=name, content_type=kind)
            except (binascii.Error, ValueError):
                raise _Wrong("a file with valid base64") from None
        if isinstance(words, str):
            return File(words.encode("utf-8", "replace"), name=name, content_type=kind)
    raise _Wrong('a file: text, or an object with "name" and "base64"')


_RULES: dict[str, Callable[[Any, Input], Any]] = {
    "string": _string,
    "password": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "object": _object,
    "array": _array,
    "file": file,
}
