"""Values made up from JSON Schemas, and a lenient check of values against them.

Made up once and for all: the same schema always gives the same value, so that a certificate can be repeated. The check
knows the keywords that documents of real APIs use (types, properties, required, enum, bounds, items, combinations) and
lets the rest pass.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from tieline.connectors.manifest.model import Input

MOMENT: Final = "2024-03-04T05:06:07Z"
_DEEPEST: Final = 5
_WIDEST: Final = 40
_MOST_HOPS: Final = 20
_LARGEST: Final = 2_000  # values in one sample
_TEXTS: Final = {
    "date-time": MOMENT,
    "date": "2024-03-04",
    "time": "05:06:07Z",
    "uuid": "0b8f5c1e-5d1f-4c7e-9a41-3f1f7a1f2b3c",
    "email": "ada@example.com",
    "idn-email": "ada@example.com",
    "uri": "https://example.com/a",
    "url": "https://example.com/a",
    "uri-reference": "https://example.com/a",
    "hostname": "example.com",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "byte": "dGV4dA==",
    "binary": "dGV4dA==",
    "duration": "PT1M",
}
Schemas = dict[str, Any]


def resolve(schema: Any, schemas: Schemas, depth: int = 0) -> dict[str, Any]:
    """The schema behind ``#/schemas/X``, its combinations merged into one where that is possible."""
    for _ in range(_MOST_HOPS):
        if not isinstance(schema, dict) or depth > _MOST_HOPS:
            return {}
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            break
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        target = schemas.get(ref.rpartition("/")[2].replace("~1", "/").replace("~0", "~"))
        schema = {**target, **beside} if isinstance(target, dict) else beside
    known: dict[str, Any] = schema
    parts = known.get("allOf")
    if isinstance(parts, list) and parts:
        merged: dict[str, Any] = {name: value for name, value in known.items() if name != "allOf"}
        for part in parts[:_WIDEST]:
            found = resolve(part, schemas, depth + 1)
            merged = {
                **found,
                **merged,
                "properties": {**_dict(found.get("properties")), **_dict(merged.get("properties"))},
                "required": [*_list(merged.get("required")), *_list(found.get("required"))],
            }
        return {name: value for name, value in merged.items() if value not in ({}, [])}
    for word in ("oneOf", "anyOf"):
        choices = [one for one in _list(known.get(word)) if isinstance(one, dict) and one.get("type") != "null"]
        if choices and "type" not in known and "properties" not in known:
            rest = {name: value for name, value in known.items() if name != word}
            return {**resolve(choices[0], schemas, depth + 1), **rest}
    return known


def type_of(schema: dict[str, Any]) -> str:
    """The first type that is not null, guessed from other keywords where none is named; "" = anything."""
    found = schema.get("type")
    if isinstance(found, list):
        found = next((one for one in found if one != "null"), "")
    if isinstance(found, str) and found:
        return found
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    return "array" if "items" in schema else ""


def sample(schema: Any, schemas: Schemas) -> Any:
    """A value that fits; of a schema without an end, a value that ends."""
    return _sample(schema, schemas, 0, [_LARGEST])


def _sample(schema: Any, schemas: Schemas, depth: int, left: list[int]) -> Any:
    known = resolve(schema, schemas)
    left[0] -= 1
    if "const" in known:
        return known["const"]
    enum = [value for value in _list(known.get("enum")) if value is not None]
    if enum:
        return enum[0]
    match type_of(known):
        case "object":
            return _object(known, schemas, depth, left)
        case "array":
            count = _whole(known.get("minItems"), 1)
            if depth >= _DEEPEST or left[0] <= 0:
                return []
            return [_sample(known.get("items"), schemas, depth + 1, left)] * min(max(count, 1), 10)
        case "integer":
            return int(_bounded(known, 7))
        case "number":
            return _bounded(known, 7.5)
        case "boolean":
            return True
        case "null":
            return None
        case "file":
            return "text"
    return _text(known)


def _object(schema: dict[str, Any], schemas: Schemas, depth: int, left: list[int]) -> dict[str, Any]:
    needed = set(filter(lambda name: isinstance(name, str), _list(schema.get("required"))))
    made: dict[str, Any] = {}
    for name, inner in _dict(schema.get("properties")).items():
        if name not in needed and (depth >= 2 or len(made) >= _WIDEST):
            continue
        if left[0] <= 0 or depth > 2 * _DEEPEST:
            break
        if depth < _DEEPEST or name in needed:
            made[name] = _sample(inner, schemas, depth + 1, left)
    return made


def _text(schema: dict[str, Any]) -> str:
    text = _TEXTS.get(str(schema.get("format", "")).lower(), "text")
    least, most = _whole(schema.get("minLength"), 0), _whole(schema.get("maxLength"), 0)
    if least > len(text):
        text = (text + "x" * least)[: min(least, 5000)]
    return text[:most] if 0 < most < len(text) else text


def _bounded(schema: dict[str, Any], wanted: float) -> float:
    low, high = _number(schema.get("minimum")), _number(schema.get("maximum"))
    least = _number(schema.get("exclusiveMinimum"))
    if least is not None and wanted <= least:
        wanted = least + 1
    if low is not None and wanted < low:
        wanted = low + (1 if schema.get("exclusiveMinimum") is True else 0)
    if high is not None and wanted > high:
        wanted = high if low is not None and high - 1 < low else high - (schema.get("exclusiveMaximum") is True)
    return wanted


def for_input(spec: Input, schemas: Schemas) -> Any:
    """A value for a block's input, in the type that it declares."""
    if spec.choices:
        return spec.choices[0]
    kind = spec.type
    if spec.location == "file" or kind == "file":
        return {"name": "note.txt", "content_type": "text/plain", "text": "text"}
    schema = resolve(spec.schema, schemas)
    if spec.format and "format" not in schema:
        schema = {**schema, "format": spec.format}
    declared = type_of(schema)
    wanted = {"password": "string", "select": "string"}.get(kind, kind)
    if declared != wanted and not (wanted == "string" and declared == ""):
        schema = {"type": wanted} if wanted in _KINDS else schema
    made = sample(schema, schemas)
    if spec.location == "path":
        return made if made not in ("", {}, []) else "text"
    return {"text": "text"} if made == {} else made


def value_problem(value: Any, schema: Any, schemas: Schemas, depth: int = 0) -> str:
    """What is wrong with a value, in words without the value; "" when nothing is."""
    known = resolve(schema, schemas)
    if value is None or depth > 2 * _DEEPEST:
        return ""
    enum = _list(known.get("enum"))
    if enum and value not in enum and not isinstance(value, dict | list):
        return "is none of the allowed values"
    kind = type_of(known)
    if kind in _KINDS and not isinstance(value, _KINDS[kind]) | (kind == "number" and isinstance(value, int)):
        return f"must be {kind}"
    if kind in ("integer", "number") and isinstance(value, bool):
        return f"must be {kind}"
    if isinstance(value, dict):
        for name in _list(known.get("required")):
            if isinstance(name, str) and name not in value and name in _dict(known.get("properties")):
                return f"lacks {name!r}"
        for name, inner in _dict(known.get("properties")).items():
            if name in value and (problem := value_problem(value[name], inner, schemas, depth + 1)):
                return f"{name}: {problem}"
    if isinstance(value, list):
        for entry in value[:20]:
            if problem := value_problem(entry, known.get("items"), schemas, depth + 1):
                return f"an entry {problem}"
    return ""


_KINDS: Final[dict[str, Any]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "object": dict,
    "array": list,
}


def given(value: Any) -> bool:
    """Whether a manifest's field holds something."""
    return value is not UNSET


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
