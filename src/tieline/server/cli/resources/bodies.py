"""Bodies out of options: typed ones, ``--set a.b=1``, and ``--data`` for the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from tieline.server.cli.resources.naming import flags, json_of, value_of

Fields = Mapping[str, Mapping[str, Any]]
Given = Mapping[str, Any]


def object_body(told: Mapping[str, Any], group: str, given: Given, data: str | None, sets: Sequence[str]) -> Any:
    """What `--data` gives, with `--set` and the typed options over it; None where nothing is said, and nothing needed.

    Raises `BadParameter` for a field that is required and missing.
    """
    fields: Fields = {field["name"]: field for field in told["fields"]}
    if data is None and not sets and not given and not told["required"]:
        return None
    body = json_of(data, "--data") if data is not None else {}
    if not isinstance(body, dict):
        if sets or given:
            raise typer.BadParameter("--data must be a JSON object where other options add to it")
        return body
    for key, value in _pairs(sets, fields).items():
        _place(body, key.split("."), value)
    body.update(given)
    missing = [flags(field, group)[0].partition("/")[0] for name, field in fields.items() if _lacks(field, name, body)]
    if missing:
        raise typer.BadParameter(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} needed")
    return body


def patch_body(
    told: Mapping[str, Any],
    given: Given,
    data: str | None,
    sets: Sequence[str],
    adds: Sequence[str],
    removes: Sequence[str],
) -> list[Any]:
    """The operations of a JSON Patch (RFC 6902). Raises `BadParameter` where there are none."""
    fields: Fields = {field["name"]: field for field in told["fields"]}
    operations: list[Any] = []
    if data is not None:
        whole = json_of(data, "--data")
        operations += whole if isinstance(whole, list) else [whole]
    for op, entries in (("replace", sets), ("add", adds)):
        for key, value in _pairs(entries, fields).items():
            operations.append({"op": op, "path": _pointer(key), "value": value})
    operations += [{"op": "replace", "path": f"/{name}", "value": value} for name, value in given.items()]
    operations += [{"op": "remove", "path": _pointer(key)} for key in removes]
    if not operations:
        known = ", ".join(fields) or "a field"
        raise typer.BadParameter(f"nothing to change; say it with --set name=value (there are {known})")
    return operations


def _lacks(field: Mapping[str, Any], name: str, body: Mapping[str, Any]) -> bool:
    return bool(field["required"]) and name not in body


def _pairs(entries: Sequence[str], fields: Fields) -> dict[str, Any]:
    """``name=value``; a name that stands for an array and comes more than once collects."""
    found: dict[str, Any] = {}
    for entry in entries:
        key, mark, text = entry.partition("=")
        if not mark or not key:
            raise typer.BadParameter(f"--set {entry[:60]!r} must be name=value")
        field = fields.get(key.removeprefix("/"))
        if field and field.get("many"):
            more = json_of(text, "--set") if text.startswith("[") else [value_of(text, field, f"--set {key}")]
            found[key] = [*found.get(key, ()), *more]
        else:
            found[key] = value_of(text, field, f"--set {key}")
    return found


def _pointer(key: str) -> str:
    """``a.b`` as a JSON Pointer (RFC 6901); one that is a pointer already stays."""
    return key if key.startswith("/") else "/" + "/".join(part.replace("~", "~0") for part in key.split("."))


def _place(body: dict[str, Any], path: list[str], value: Any) -> None:
    *way, last = path
    for step in way:
        inner = body.setdefault(step, {})
        if not isinstance(inner, dict):
            raise typer.BadParameter(f"--set {'.'.join(path)}: {step!r} is not an object")
        body = inner
    body[last] = value
