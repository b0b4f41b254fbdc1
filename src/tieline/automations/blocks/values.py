"""What block inputs look like in documents, and how they become values."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from tieline.automations.engine.errors import BlockInputInvalid
from tieline.core import json

LONGEST_LIST = 1_000_000  # items that a block may make


def pairs(value: Any) -> Any:
    """``[{"key","value"}, ...]``, the editor's form of an object, as a dict; anything else as it is."""
    if isinstance(value, list) and value and all(isinstance(entry, dict) and "key" in entry for entry in value):
        return {str(entry["key"]): entry.get("value") for entry in value}
    return value


def decoded(value: Any) -> Any:
    """Text that is a JSON object or array becomes one; other values stay as they are."""
    if isinstance(value, str):
        trimmed = value.strip()
        if (trimmed[:1], trimmed[-1:]) in (("{", "}"), ("[", "]")):
            try:
                return json.loads(trimmed)
            except (msgspec.DecodeError, RecursionError):
                return value
    return value


def bounded(value: int | float, what: str) -> int | float:
    """A number as run data may hold it: whole numbers beyond 64 bits become floats, and nothing is infinite."""
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise BlockInputInvalid(f"{what} must be a number between -1.7e308 and 1.7e308")
    return found


def number(value: Any, what: str) -> int | float:
    """A finite number, or text that is one; raises `BlockInputInvalid` naming ``what``."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return bounded(value, what)
    if value is None or value == "":
        return 0
    if isinstance(value, str) and len(value) < 400:
        for read in (int, float):
            try:
                found = read(value.strip())
            except ValueError:
                continue
            return bounded(found, what)
    raise BlockInputInvalid(f"{what} must be a number, not {short(value)}")


def whole(value: Any, what: str, *, least: int = 0, most: int = 2**31) -> int:
    """A whole number within bounds."""
    found = number(value, what)
    if int(found) != found or not least <= found <= most:
        raise BlockInputInvalid(f"{what} must be a whole number from {least} to {most}, not {short(value)}")
    return int(found)


def items(value: Any) -> list[Any]:
    """What a loop or list tool goes through: a list; the values of an object; nothing for null or ''; else the one
    value.
    """
    value = decoded(value)
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return list(value.values())
    return [value]


def flag(value: Any) -> bool:
    """Checkboxes come as booleans, "yes", "1", "true"."""
    return (
        value is True or (isinstance(value, str) and value.strip().lower() in ("yes", "true", "1", "on")) or value == 1
    )


def short(value: Any) -> str:
    """A value as an error shows it."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__} that is too large to show"
    return text if len(text) <= 60 else text[:57] + "..."
