"""JSON as people really write it: strict first, then mended where only one reading is possible."""

from __future__ import annotations

import json
import re
from typing import Any

from tieline.connectors.importers.reading.repair import Unrepairable, repair
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.connectors.manifest.limits import MAX_DEPTH, MAX_VALUES
from tieline.connectors.manifest.model import Notice

_SURROGATES = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<alone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_NAMES = re.compile(r'(?P<name>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|(?P<mark>[{}\[\]])', re.DOTALL)
_MAX_NAMED = 20


def read_json(text: str, notices: list[Notice]) -> Any:
    """Plain data from JSON (RFC 8259); a field given twice is reported and its last value counts.

    Raises `UnreadableDocument` with line and column, or `DocumentTooLarge`.
    """
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise DocumentTooLarge(f"More than {MAX_VALUES:,} values; split the document.")
    text = _whole_characters(text, notices)
    try:
        return _strict(text, notices)
    except json.JSONDecodeError as error:
        try:
            mended, repairs = repair(text)
            found: list[Notice] = []
            data = _strict(mended, found)
        except (Unrepairable, json.JSONDecodeError) as reason:
            at = reason.position if isinstance(reason, Unrepairable) else None
            line, column = (error.lineno, error.colno) if at is None else _place(text, at)
            what = str(reason) if isinstance(reason, Unrepairable) else f"{error.msg}."
            raise UnreadableDocument(f"not readable as JSON: {what}", line=line, column=column) from None
        notices += found
        for at, what in repairs:
            line, column = _place(text, at)
            notices.append(Notice(code="repaired", message=f"line {line}, column {column}: {what}."))
        return data


def _strict(text: str, notices: list[Notice]) -> Any:
    doubles: list[str] = []

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            seen: set[str] = set()
            doubles.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return result

    try:
        data = json.loads(text, object_pairs_hook=build, parse_constant=lambda _: None)
    except RecursionError:
        raise DocumentTooLarge(f"Nested deeper than {MAX_DEPTH} levels.") from None
    except json.JSONDecodeError:
        raise
    except ValueError:
        raise UnreadableDocument("not readable as JSON: it holds a number with thousands of digits.") from None
    for key, at in _twice(text) if doubles else []:
        line, column = _place(text, at)
        notices.append(
            Notice(
                code="duplicate-key",
                message=f"line {line}, column {column}: the field {key[:80]!r} is given twice; the last one counts.",
            )
        )
    if len(doubles) > _MAX_NAMED:
        notices.append(
            Notice(code="duplicate-key", message=f"{len(doubles) - _MAX_NAMED} more fields are given twice.")
        )
    return data


def _twice(text: str) -> list[tuple[str, int]]:
    """Each field that its object has already, and where; the first `_MAX_NAMED` of them. ``text`` is valid JSON."""
    found: list[tuple[str, int]] = []
    stack: list[set[str]] = []
    for match in _NAMES.finditer(text):
        mark = match["mark"]
        if mark in ("{", "["):
            stack.append(set())
        elif mark is not None:
            stack.pop()
        elif match["colon"] is not None:
            name = json.loads(match["name"])
            if name in stack[-1]:
                found.append((name, match.start()))
                if len(found) >= _MAX_NAMED:
                    break
            stack[-1].add(name)
    return found


def _whole_characters(text: str, notices: list[Notice]) -> str:
    """Half of a surrogate pair is not a character and could never be written out again."""
    if "\\ud" not in text and "\\uD" not in text:
        return text
    halves: list[int] = []

    def mend(match: re.Match[str]) -> str:
        if match["alone"] is None:
            return match[0]
        halves.append(match.start())
        return "\\ufffd"

    mended = _SURROGATES.sub(mend, text)
    if halves:
        line, column = _place(text, halves[0])
        notices.append(
            Notice(
                code="encoding",
                message=f"line {line}, column {column}: {len(halves)} broken characters (half of a pair) from here on "
                "were replaced.",
            )
        )
    return mended


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - (text.rfind("\n", 0, position) + 1) + 1
