"""What the metadata endpoints say, read out of Gather's own OpenAPI document."""

from __future__ import annotations

from typing import Any


def describe(document: dict[str, Any], schema: dict[str, Any], prefix: str = "") -> list[dict[str, Any]]:
    """Flat field list of an object schema; fields of embedded objects carry a dotted name."""
    rows: list[dict[str, Any]] = []
    for name, part in schema["properties"].items():
        inner, optional = _resolve(document, part)
        if "properties" in inner:
            rows += describe(document, inner, f"{prefix}{name}.")
            continue
        kinds = inner["type"] if isinstance(inner["type"], list) else [inner["type"]]
        rows.append(
            {
                "name": f"{prefix}{name}",
                "label": name.replace("_", " ").capitalize(),
                "type": kinds[0],
                "format": inner.get("format"),
                "nullable": optional or "null" in kinds,
                "read_only": bool(part.get("readOnly", False)),
                "choices": inner.get("enum", []),
            }
        )
    return rows


def _resolve(document: dict[str, Any], part: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema behind references, and whether null stands beside it."""
    optional = False
    while "$ref" in part or "anyOf" in part:
        if "anyOf" in part:
            part, optional = part["anyOf"][0], True
        else:
            part = document["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return part, optional
