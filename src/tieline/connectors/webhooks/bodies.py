"""What came: JSON as data, a form as an object, anything else as text. Nothing that a sender can write is refused."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tieline.connectors.manifest import paths
from tieline.connectors.manifest.paths import MISSING
from tieline.core import json

_MOST_FIELDS = 10_000
_LONGEST_KEY = 200


def decode(body: bytes, content_type: str) -> Any:
    """The body as data. JSON with another content type is still read as JSON; what is no JSON stays text."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        form = _form(body)
        if form is not None:
            return form
    data = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not data:
        return None
    if "json" in kind or data[:1] in (b"{", b"["):
        try:
            found = json.loads(data)
            json.dumps(found)  # an escaped half of a pair would break whoever stores it
        except (msgspec.MsgspecError, RecursionError, ValueError):
            pass
        else:
            return found
    return body.decode("utf-8", "replace")


def _form(body: bytes) -> dict[str, Any] | None:
    """Fields by name, repeated ones as a list; None for what is no form."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        return None
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def scalar(body: Any, path: str) -> str:
    """The text or number at a ``$``-path as text, "" for anything else."""
    value = paths.get(body, path) if path else MISSING
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def storable(text: str) -> str:
    """A text that can be a key in the database: short, printable, or else its hash."""
    if len(text) <= _LONGEST_KEY and text.isascii() and text.isprintable():
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
