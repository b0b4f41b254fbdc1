"""What stands in a document where a fact says that it comes from."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tieline.connectors.importers.reading.document import Document

LONGEST = 600  # characters
_LINE = re.compile(r"line (\d{1,9})")
_DEEP = 6
_WIDE = 12


def snippet(document: Document, evidence: str) -> str | None:
    """The beginning of what the evidence (a JSON pointer, or ``line 12``) names; None where that is not to be found."""
    if evidence.startswith("/") and document.data is not None:
        found, value = _at(document.data, evidence)
        return _shown(value) if found else None
    named = _LINE.match(evidence)
    if named is None or not document.text:
        return None
    lines = document.text.split("\n", int(named[1]) + 2)
    at = int(named[1]) - 1
    return "\n".join(lines[at : at + 3])[:LONGEST].strip() or None if 0 <= at < len(lines) else None


def _at(data: Any, pointer: str) -> tuple[bool, Any]:
    for part in pointer[1:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict) and name in data:
            data = data[name]
        elif isinstance(data, list) and name.isdecimal() and len(name) < 10 and int(name) < len(data):
            data = data[int(name)]
        else:
            return False, None
    return True, data


def _shown(value: Any) -> str:
    try:
        text = msgspec.json.format(msgspec.json.encode(_thin(value, 0)), indent=1).decode()
    except (TypeError, ValueError, RecursionError, UnicodeError):
        text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _thin(value: Any, depth: int) -> Any:
    """The outside of a value: what would be cut off anyway is not written at all."""
    if isinstance(value, dict):
        listed = list(value.items())[:_WIDE]
        return {str(name)[:100]: _thin(inner, depth + 1) for name, inner in listed} if depth < _DEEP else {}
    if isinstance(value, list):
        return [_thin(inner, depth + 1) for inner in value[:_WIDE]] if depth < _DEEP else []
    return value[:LONGEST] if isinstance(value, str) else value
