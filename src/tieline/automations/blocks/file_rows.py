"""What is written to files: lines of text, CSV rows (RFC 4180), JSON lines."""

from __future__ import annotations

import codecs
from typing import Any

import msgspec

from tieline.automations.blocks.values import decoded, short
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.formulas import text_of
from tieline.automations.store.files import OpenFile
from tieline.core import json

FORMATS = ("auto", "csv", "json", "text")
ENCODINGS = {
    "utf-8": ("utf-8", b""),
    "utf-8-bom": ("utf-8", codecs.BOM_UTF8),
    "utf-16": ("utf-16-le", codecs.BOM_UTF16_LE),
    "iso-8859-1": ("iso-8859-1", b""),
    "iso-8859-15": ("iso-8859-15", b""),
    "windows-1252": ("windows-1252", b""),
    "ascii": ("ascii", b""),
}
LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}
_TABLES = (".csv", ".tsv", ".tab")


def delimiter_of(value: Any, path: str = "") -> str:
    """One character, or its name; a tab for .tsv files. Raises `BlockInputInvalid`."""
    if value is None or value == "":
        return "\t" if path.lower().endswith((".tsv", ".tab")) else ","
    found = DELIMITERS.get(value.lower(), value) if isinstance(value, str) else ""
    if len(found) != 1 or found in '"\r\n' or not found.isascii():
        raise BlockInputInvalid(
            f"delimiter must be one character or one of {', '.join(DELIMITERS)}, not {short(value)}"
        )
    return found


def encoding_of(value: Any) -> str:
    """The name of an encoding that is written; raises `BlockInputInvalid`."""
    name = text_of(value).strip().lower().replace("_", "-") or "utf-8"
    name = {"utf8": "utf-8", "latin-1": "iso-8859-1", "latin1": "iso-8859-1", "cp1252": "windows-1252"}.get(name, name)
    if name not in ENCODINGS:
        raise BlockInputInvalid(f"encoding must be one of {', '.join(ENCODINGS)}, not {short(value)}")
    return name


def written(file: OpenFile, data: Any) -> bytes:
    """The bytes that ``data`` adds to a file; the first object of a table also gives its header, kept in ``about``."""
    about = file.about
    data = decoded(data) if about["format"] != "text" else data
    kind = about["format"]
    if kind == "auto":
        table = about["path"].lower().endswith(_TABLES)
        kind = "text" if isinstance(data, str) or data is None else "csv" if table else "json"
    if kind == "text":
        lines = [data if isinstance(data, str) else text_of(data)]
    elif kind == "json":
        lines = [_json(entry) for entry in (data if _several(data) else [data])]
    else:
        lines = _table(about, data)
    ending = LINE_ENDS[about["line_ending"]]
    codec, mark = ENCODINGS[about["encoding"]]
    try:
        body = "".join(f"{line}{ending}" for line in lines).encode(codec)
    except UnicodeEncodeError as error:
        raise BlockInputInvalid(
            f"data holds {error.object[error.start : error.start + 1]!r}, which {about['encoding']} cannot express; "
            "create the file with encoding utf-8"
        ) from None
    return mark + body if file.pieces == 0 else body


def _several(data: Any) -> bool:
    """Whether a list is one of rows, and not one row of values."""
    return isinstance(data, list) and bool(data) and all(isinstance(entry, (dict, list)) for entry in data)


def _json(value: Any) -> str:
    try:
        return json.dumps(value).decode()
    except (UnicodeEncodeError, msgspec.EncodeError, RecursionError, OverflowError):
        raise BlockInputInvalid("data cannot be written as JSON: it is too deep, or holds half a character") from None


def _table(about: dict[str, Any], data: Any) -> list[str]:
    lines = []
    for row in data if _several(data) else [data]:
        if isinstance(row, dict):
            if about.get("names") is None:
                about["names"] = [str(name) for name in row]
            if about["header"] and not about.get("headed"):
                lines.append(_row(about, about["names"]))
                about["headed"] = True
            unknown = [name for name in row if str(name) not in about["names"]]
            if unknown and not about["fixed"]:
                raise BlockInputInvalid(
                    f"data has the field {short(unknown[0])}, which the first row had not; name all columns in the "
                    "block that creates the file"
                )
            values = {str(name): value for name, value in row.items()}
            lines.append(_row(about, [values.get(name) for name in about["names"]]))
        else:
            if about["header"] and about["fixed"] and not about.get("headed"):
                lines.append(_row(about, about["names"]))
                about["headed"] = True
            lines.append(_row(about, row if isinstance(row, list) else [row]))
    return lines


def _row(about: dict[str, Any], values: list[Any]) -> str:
    delimiter = about["delimiter"]
    cells = []
    for value in values:
        cell = value if isinstance(value, str) else text_of(value)
        if any(character in cell for character in (delimiter, '"', "\r", "\n")) or cell != cell.strip(" "):
            cell = '"' + cell.replace('"', '""') + '"'
        cells.append(cell)
    # A row of one empty cell would be an empty line, which is no row.
    return '""' if cells == [""] else delimiter.join(cells)
