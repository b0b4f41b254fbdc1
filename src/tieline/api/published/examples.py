"""Examples in the documents: of every body and every good answer, made from the schemas.

What a schema says itself (``examples``, ``default``, ``const``, ``enum``) comes first, then what the name of a field
means, then what its type and format allow. The same schema always gives the same example.
"""

from __future__ import annotations

import re
from typing import Any

_REFERENCE = "#/components/schemas/"
# How deep a schema that refers to itself is followed.
_DEEPEST = 12
_ID = "019a7b5c-3d52-7c3e-9f10-2b4c6d8e0f12"
_TIME = "2026-03-02T09:30:00.000Z"
_FORMATS = {
    "uuid": _ID,
    "date-time": _TIME,
    "date": "2026-03-02",
    "time": "09:30:00Z",
    "email": "ada@example.com",
    "uri": "https://www.example.com/",
    "uri-reference": "/here",
    "ipv4": "192.0.2.1",
    "hostname": "www.example.com",
    "binary": "",
}
# What fields are called, and what stands in them; the first that fits has it.
_NAMES = tuple(
    (re.compile(pattern, re.IGNORECASE), value)
    for pattern, value in (
        (r"^e?mail$|email$", "ada@example.com"),
        (r"^href$|url$|uri$", "https://www.example.com/"),
        (r"origin$", "https://app.example.com"),
        (r"^(id|guid)$|[a-z](Id|Guid|_guid|_id)$|by$", _ID),
        (r"traceId", "4bf92f3577b34da6a3ce929d0e0e4736"),
        (r"(At|_at|created|updated|lastUpdated|from|to|expiry|time)$", _TIME),
        (r"host$|hostname", "www.example.com"),
        (r"cursor|next|prev", "AbC"),
        (r"locale", "en"),
        (r"timezone", "Europe/Berlin"),
        (r"version$", "1"),
        (r"name$|title$|label$", "Contacts to the CRM"),
        (r"description$|detail$|summary$|note$", "New contacts, once an hour."),
    )
)


def example_of(schema: Any, components: dict[str, Any], name: str = "") -> Any:
    """A value that the schema allows; ``components`` are the schemas that it may refer to."""
    return _Maker(components).make(schema, name, ())


class _Maker:
    def __init__(self, components: dict[str, Any]) -> None:
        self._components = components

    def make(self, schema: Any, name: str, above: tuple[str, ...]) -> Any:
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            target = reference.removeprefix(_REFERENCE)
            return self.make(self._components.get(target, {}), name, (*above, target))
        told = _told(schema)
        if told is not None:
            return told
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self._one_of(schema[several], name, above)
        if "allOf" in schema:
            parts = [self.make(part, name, above) for part in schema["allOf"]]
            if not all(isinstance(part, dict) for part in parts):
                return parts[0]
            return {key: value for part in parts for key, value in part.items()}
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        return self._of_type(kind or ("object" if "properties" in schema else None), schema, name, above)

    def _one_of(self, choices: list[Any], name: str, above: tuple[str, ...]) -> Any:
        open_ended = len(above) >= _DEEPEST or len(set(above)) < len(above)
        wanted = [choice for choice in choices if choice.get("type") != "null"]
        if not wanted or (open_ended and len(wanted) < len(choices)):
            return None
        return self.make(wanted[0], name, above)

    def _of_type(self, kind: str | None, schema: dict[str, Any], name: str, above: tuple[str, ...]) -> Any:
        if kind == "object":
            return self._object(schema, above)
        if kind == "array":
            return self._array(schema, name, above)
        if kind == "string":
            return _text(schema, name)
        if kind in {"integer", "number"}:
            lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
            return max(lowest, min(1, schema.get("maximum", 1)))
        return {"boolean": True, "null": None}.get(kind or "", {})

    def _object(self, schema: dict[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
        required = schema.get("required", ())
        # Below itself a schema shows what it has to and no more.
        again = len(set(above)) < len(above)
        return {
            name: self.make(inner, name, above)
            for name, inner in schema.get("properties", {}).items()
            if not again or name in required
        }

    def _array(self, schema: dict[str, Any], name: str, above: tuple[str, ...]) -> list[Any]:
        fewest = schema.get("minItems", 0)
        if "items" not in schema or (not fewest and len(set(above)) < len(above)) or schema.get("maxItems") == 0:
            return []
        singular = name.removesuffix("s")
        return [self.make(schema["items"], singular, above)] * max(1, fewest)


def _told(schema: dict[str, Any]) -> Any:
    """What the schema itself says its value may be."""
    if "const" in schema:
        return schema["const"]
    for name in ("examples", "enum"):
        if isinstance(schema.get(name), list) and schema[name]:
            return schema[name][0]
    if "example" in schema:
        return schema["example"]
    return schema.get("default") or None


def _text(schema: dict[str, Any], name: str) -> str:
    by_format = _FORMATS.get(schema.get("format", ""))
    by_name = next((value for pattern, value in _NAMES if pattern.search(name)), "text")
    value = by_name if by_format is None else by_format
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
    if len(value) < shortest:
        value = (value or "a") * shortest
        value = value[:shortest]
    return value if longest is None else value[:longest]


def add_examples(built: dict[str, Any], samples: dict[str, Any]) -> None:
    """Gives every JSON body and every good JSON answer of ``built`` its example.

    ``samples``: bodies that someone thought about, by operation id without prefix; they are taken where they fit.
    """
    components = built["components"]["schemas"]
    for item in built["paths"].values():
        for operation in item.values():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None and "example" not in body and "examples" not in body:
                known = samples.get(bare(operation["operationId"]))
                body["example"] = example_of(body.get("schema", {}), components) if known is None else known
            for status, answer in operation["responses"].items():
                told = answer.get("content", {}).get("application/json")
                if status < "300" and told is not None and "example" not in told and told.get("schema"):
                    told["example"] = example_of(told["schema"], components)


def bare(operation_id: str) -> str:
    """The operation's id without the prefix under which it is served: ``getAutomations``; ``oem.listRuns`` stays."""
    return operation_id.removeprefix("v1.").removeprefix("workflows.")
