"""YAML with the traps that people fall into: a plain text that YAML takes for something else gets its quotes.

Only for documents that are plainly meant to be an API description, only on the line that the reader complains about,
and only where one reading is possible: the value of a field that was written without quotes.
"""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.connectors.manifest.model import Notice
from tieline.connectors.manifest.yamlread import read_yaml

_MAX_REPAIRS = 20
_LARGE = 500_000  # characters; each repair means reading the whole again
_MEANT = re.compile(r"^(?:openapi|swagger|info|paths)[ \t\u00a0]*:", re.MULTILINE)
_FIELD = re.compile(
    r"(?P<head>\s*(?:- +)*[\w$./{}-]+:)(?P<gap>[ \u00a0]+)(?P<value>[^\s'\"|>&!{\[#].*?)(?P<rest>\s+#.*|\s*)$"
)


def read_yaml_mended(text: str, notices: list[Notice]) -> Any:
    """Plain data from YAML, mended where that is certain. Raises what `read_yaml` raises for the document as it is."""
    found: list[Notice] = []
    try:
        data = read_yaml(text, found)
    except DocumentTooLarge:
        raise
    except UnreadableDocument as error:
        if not _MEANT.search(text, 0, 20_000):
            raise
        return _mended(text, error, notices)
    notices += found
    return data


def _mended(text: str, first: UnreadableDocument, notices: list[Notice]) -> Any:
    lines = text.split("\n")
    repairs: dict[int, str] = {}
    error = first
    for _ in range(_MAX_REPAIRS if len(text) < _LARGE else 3):
        place = (error.line or 0) - 1
        for index in (place, place - 1):
            if 0 <= index < len(lines) and index not in repairs and (better := _quoted(lines[index])) is not None:
                lines[index], what = better
                repairs[index] = what
                break
        else:
            raise first
        found: list[Notice] = []
        try:
            data = read_yaml("\n".join(lines), found)
        except DocumentTooLarge:
            raise
        except UnreadableDocument as again:
            error = again
            continue
        notices += [
            Notice(code="repaired", message=f"line {line + 1}: {what}.") for line, what in sorted(repairs.items())
        ]
        notices += found
        return data
    raise first


def _quoted(line: str) -> tuple[str, str] | None:
    """The line with its value in quotes and what that means, None where that changes nothing."""
    match = _FIELD.match(line)
    if match is None:
        blank = re.match(r"(\s*(?:- +)*[\w$./{}-]+:)\u00a0+(\S.*)$", line)
        return (f"{blank[1]} {blank[2]}", "a no-break space was read as a blank") if blank else None
    if "\u00a0" in match["gap"]:
        return f"{match['head']} {match['value']}{match['rest']}", "a no-break space was read as a blank"
    value = match["value"]
    if not (re.search(r":(?:\s|$)", value) or re.match(r"[@`%,]|\*(?:\s|$)", value)):
        return None
    written = value.replace("'", "''")
    return f"{match['head']} '{written}'{match['rest']}", "a text that YAML takes for something else was put in quotes"
