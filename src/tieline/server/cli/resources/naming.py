"""Names of options, and values out of texts by the type that the document gives them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer

# The command line's own; a field of such a name gets its resource's name in front.
RESERVED = frozenset({"json", "url", "api-key", "data", "set", "add", "remove", "yes", "limit", "all", "help"})
RESERVED_FOR_PARTNERS = frozenset({"app-id", "partner-key"})
SHORT = {"validOrigins": "origin"}


def kebab(name: str) -> str:
    """``validOrigins`` and ``valid_origins`` become ``valid-origins``, ``created_at[gt]`` becomes ``created-at-gt``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", parted.lower()).strip("-")


def one_of(name: str) -> str:
    """The singular, for an option that is given once for each."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us")) else name


def flags(field: Mapping[str, Any], group: str) -> list[str]:
    """The option's spellings, the one that help shows first."""
    name = kebab(field["name"])
    if name in RESERVED or name in RESERVED_FOR_PARTNERS:
        name = f"{one_of(group)}-{name}"
    if field["type"] == "boolean" and not field.get("many"):
        return [f"--{name}/--no-{name}"]
    if not field.get("many"):
        return [f"--{name}"]
    spellings = [SHORT.get(field["name"], ""), one_of(name), name]
    return [f"--{each}" for each in dict.fromkeys(spellings) if each]


def value_of(text: str, field: Mapping[str, Any] | None, option: str) -> Any:
    """One value for ``field``; without one, JSON where it reads as JSON, else the text. Raises `BadParameter`."""
    if field is None:
        return _json_or_text(text)
    type_, choices = field["type"], field.get("choices")
    if choices and text not in choices:
        raise typer.BadParameter(f"{option}: {text[:60]!r} is not one of {', '.join(choices)}")
    if type_ == "json":
        return _json_or_text(text)
    if type_ in {"date", "date-time"}:
        return _moment(text, type_, option)
    if type_ == "boolean" and text not in {"true", "false"}:
        raise typer.BadParameter(f"{option}: {text[:60]!r} must be true or false")
    if type_ in {"integer", "number", "boolean"}:
        return _number(text, type_, option)
    return text


def json_of(text: str, option: str) -> Any:
    """JSON from the option itself, from ``@file`` or from standard input (``-``). Raises `BadParameter`."""
    from tieline.server.cli.common import read_document

    if text == "-" or text.startswith("@"):
        source = text.removeprefix("@")
        try:
            return json.loads(read_document(Path(source)))
        except ValueError as error:
            raise typer.BadParameter(f"{option}: {source} is not JSON: {error}") from None
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} is not JSON: {error}; a file is named as @file") from None


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(text: str, type_: str, option: str) -> Any:
    found = _json_or_text(text)
    wanted: dict[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "boolean": (bool,)}
    if not isinstance(found, wanted[type_]) or (type_ != "boolean" and isinstance(found, bool)):
        raise typer.BadParameter(f"{option}: {text[:60]!r} is not of the type {type_}")
    return found


def _moment(text: str, type_: str, option: str) -> str:
    try:
        (date if type_ == "date" else datetime).fromisoformat(text)
    except ValueError:
        example = "2026-03-01" if type_ == "date" else "2026-03-01T09:00:00Z"
        raise typer.BadParameter(f"{option}: {text[:60]!r} is not a {type_} such as {example}") from None
    return text
