"""The schemas of a manifest, with what they refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tieline.connectors.manifest.model import Manifest

PREFIX: Final = "#/schemas/"
_MOST_PARTS: Final = 200


def name_of(reference: str) -> str:
    """The ``X`` of ``#/schemas/X``, its escapes undone (RFC 6901 section 4)."""
    return reference.removeprefix(PREFIX).replace("~1", "/").replace("~0", "~")


def resolved(schema: Any, schemas: Mapping[str, Any], *, most: int = 20) -> dict[str, Any]:
    """The schema behind at most so many references into a manifest's schemas; {} for none, and for a loop of them."""
    for _ in range(most):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str):
            return schema if isinstance(schema, dict) else {}
        schema = schemas.get(name_of(reference))
    return {}


def whole(manifest: Manifest, schema: Any) -> dict[str, Any]:
    """A schema with what it refers to and is put together from, as far as fields go; its own word counts most.

    ``properties`` is always an object and ``required`` a set of names. Each part is taken once: parts that name each
    other would go on without end.
    """
    found: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    required: set[str] = set()
    waiting, met = [schema], set[str]()
    while waiting and len(met) < _MOST_PARTS:
        part = waiting.pop()
        if not isinstance(part, dict):
            continue
        name = part.get("$ref")
        if isinstance(name, str):
            if name not in met:
                met.add(name)
                waiting.append(manifest.schemas.get(name_of(name)))
            continue
        if isinstance(more := part.get("allOf"), list):
            waiting += more[:_MOST_PARTS]
        found = {**part, **found}
        if isinstance(own := part.get("properties"), dict):
            properties = {**own, **properties}
        if isinstance(own := part.get("required"), list):
            required |= {one for one in own if isinstance(one, str)}
    return {**found, "properties": properties, "required": required}


def properties_of(manifest: Manifest, schema: Any) -> dict[str, Any]:
    """The properties of a schema, or of the entries of a list."""
    told = whole(manifest, schema)
    if not told["properties"] and isinstance(told.get("items"), dict):
        told = whole(manifest, told["items"])
    properties: dict[str, Any] = told["properties"]
    return properties
