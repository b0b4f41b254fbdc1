"""How lists and objects are written into a URL, header or form.

The styles of OpenAPI 3 (section 4.8.12.3: form, simple, label, matrix, spaceDelimited, pipeDelimited, deepObject), the
collection formats of Swagger 2 (csv, ssv, tsv, pipes, multi) and two that are neither but frequent: ``brackets``
(``a[]=1&a[]=2``) and ``json``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tieline.connectors.runtime.coerce import text
from tieline.core import json
from tieline.core.errors import BadInput

_SEPARATORS = {
    "csv": ",",
    "ssv": " ",
    "spaceDelimited": " ",
    "tsv": "\t",
    "pipes": "|",
    "pipeDelimited": "|",
    "form": ",",
    "simple": ",",
    "": ",",
}


def pairs(name: str, value: Any, style: str = "", explode: bool | None = None) -> list[tuple[str, str]]:
    """Name and text of each query or form field that stands for ``value``; nulls inside are left out."""
    if isinstance(value, dict):
        if style == "json":
            return [(name, json.dumps(value).decode())]
        if style in ("deepObject", "brackets"):
            return _deep(name, value)
        members = [(str(key), text(entry)) for key, entry in value.items() if entry is not None]
        if explode is False:
            return [(name, ",".join(part for member in members for part in member))]
        return members
    if isinstance(value, list):
        if style == "json":
            return [(name, json.dumps(value).decode())]
        entries = [text(entry) for entry in value if entry is not None]
        if style == "deepObject":
            return _deep(name, value)
        if style == "brackets":
            return [(f"{name}[]", entry) for entry in entries]
        joined = explode is False if style in ("", "form") else style != "multi" and explode is not True
        return [(name, _SEPARATORS.get(style, ",").join(entries))] if joined else [(name, e) for e in entries]
    return [(name, text(value))]


def _deep(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, entry in value.items() if entry is not None for pair in _deep(f"{name}[{key}]", entry)]
    if isinstance(value, list):
        return [pair for entry in value if entry is not None for pair in _deep(f"{name}[]", entry)]
    return [(name, text(value))]


def path(name: str, value: Any, style: str = "", explode: bool | None = None) -> str:
    """The percent-encoded text of a path parameter. Nothing in a value can end the path or change its segments."""
    if isinstance(value, dict):
        glue = "=" if explode else ","
        entries = [f"{encode(str(key))}{glue}{encode(text(e))}" for key, e in value.items() if e is not None]
    elif isinstance(value, list):
        entries = [encode(text(entry)) for entry in value if entry is not None]
    else:
        entries = [encode(text(value))]
    if style == "label":
        return "." + ("." if explode else ",").join(entries)
    if style == "matrix":
        if explode:
            named = entries if isinstance(value, dict) else [f"{encode(name)}={entry}" for entry in entries]
            return "".join(f";{entry}" for entry in named)
        return f";{encode(name)}=" + ",".join(entries)
    return ",".join(entries)


def header(value: Any) -> str:
    """Style ``simple``: entries joined by commas."""
    if isinstance(value, list):
        return ",".join(text(entry) for entry in value if entry is not None)
    if isinstance(value, dict):
        return ",".join(f"{key},{text(entry)}" for key, entry in value.items() if entry is not None)
    return text(value)


def encode(value: str) -> str:
    """RFC 3986: everything but unreserved characters is percent-encoded, ``/ ? # %`` and blanks included."""
    if value.isalnum() and value.isascii():
        return value
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise BadInput("a value holds half of a character (a lone surrogate), which cannot be sent") from None
