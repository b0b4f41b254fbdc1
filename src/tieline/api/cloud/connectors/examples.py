"""An example of what a block gives, made up from the schema of its output."""

from __future__ import annotations

from typing import Any

from tieline.connectors.manifest.shapes import resolved

MAX_DEPTH = 4
MAX_FIELDS = 40
_BY_TYPE: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}
_BY_FORMAT = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "email": "person@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com",
}


def example_output(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any] | list[Any] | str | None:
    """An object, list or text that fits ``schema`` more or less; None where nothing is known."""
    made = _example(schema, schemas, 0) if schema else None
    return made if made is None or isinstance(made, dict | list | str) else str(made)


def _example(schema: Any, schemas: dict[str, Any], depth: int) -> Any:
    schema = resolved(schema, schemas)
    for name in ("example", "default", "const"):
        if name in schema:
            return schema[name]
    for name in ("enum", "examples"):
        if isinstance(schema.get(name), list) and schema[name]:
            return schema[name][0]
    if isinstance(schema.get("properties"), dict):
        if depth >= MAX_DEPTH:
            return {}
        fields = list(schema["properties"].items())[:MAX_FIELDS]
        return {name: _example(inner, schemas, depth + 1) for name, inner in fields}
    for name in ("allOf", "oneOf", "anyOf"):
        if isinstance(schema.get(name), list) and schema[name] and depth < MAX_DEPTH:
            return _example(schema[name][0], schemas, depth + 1)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else None
    if kind == "array":
        return [_example(schema["items"], schemas, depth + 1)] if depth < MAX_DEPTH and "items" in schema else []
    if kind == "string":
        return _BY_FORMAT.get(str(schema.get("format")), "text")
    return _BY_TYPE.get(str(kind), {})
