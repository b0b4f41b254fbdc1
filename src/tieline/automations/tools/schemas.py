"""JSON Schemas of arguments: what is left of a document's schema for a model to read, and the check against that.

Only keywords that cost nothing to check are kept: no references, which could lead outside or in a circle, and no
patterns, which a document could make endless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tieline.automations.tools import names

Schema = dict[str, Any]

DEEPEST: Final = 5
MOST_NODES: Final = 150
MOST_CHOICES: Final = 100
MOST_PROBLEMS: Final = 20
LONGEST_TEXT: Final = 300
LONGEST_CHOICE: Final = 120
_BOUNDS: Final = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")
_TYPES: Final = ("string", "integer", "number", "boolean", "object", "array", "null")


class Reader:
    """Reads the schemas of one connector; ``definitions`` are those that ``#/schemas/Name`` points to."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._left = MOST_NODES

    def read(self, schema: Any, depth: int = 0) -> Schema:
        """The part of ``schema`` that is kept; {} (anything) beyond the bounds and for what cannot be read."""
        self._left -= 1
        if not isinstance(schema, Mapping) or depth > DEEPEST or self._left < 0:
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self.read(self._definitions.get(reference.rpartition("/")[2]), depth + 1)
        kept: Schema = {}
        kinds = _types(schema)
        if kinds:
            kept["type"] = kinds[0] if len(kinds) == 1 else kinds
        if text := names.clean(schema.get("description"), LONGEST_TEXT):
            kept["description"] = text
        choices = schema.get("enum")
        if isinstance(choices, list) and 0 < len(choices) <= MOST_CHOICES and all(map(_plain, choices)):
            kept["enum"] = list(choices)
            self._left -= len(choices) // 4
        for name in _BOUNDS:
            bound = schema.get(name)
            if isinstance(bound, (int, float)) and not isinstance(bound, bool):
                kept[name] = bound
        fields = schema.get("properties")
        if isinstance(fields, Mapping):
            kept["properties"] = {
                str(name): self.read(field, depth + 1)
                for name, field in fields.items()
                if _plain(name) and not (isinstance(field, Mapping) and field.get("readOnly") is True)
            }
            required = schema.get("required")
            wanted = [name for name in kept["properties"] if name in required] if isinstance(required, list) else []
            if wanted:
                kept["required"] = wanted
        if "items" in schema:
            kept["items"] = self.read(schema["items"], depth + 1)
        return kept


def problems(schema: Schema, value: Any) -> list[tuple[str, str]]:
    """(JSON pointer, rule that is broken) of everything in ``value`` that does not fit, at most 20."""
    found = []
    for problem in _check(schema, value, ""):
        found.append(problem)
        if len(found) == MOST_PROBLEMS:
            break
    return found


def _check(schema: Schema, value: Any, at: str) -> Iterator[tuple[str, str]]:
    kinds = _types(schema)
    if kinds and not any(_is(kind, value) for kind in kinds):
        yield at, f"has to be {' or '.join(kinds)}, not {_kind(value)}"
        return
    if "enum" in schema and not any(value == one and type(value) is type(one) for one in schema["enum"]):
        yield at, f"has to be one of {', '.join(str(one)[:60] for one in schema['enum'][:20])}"
    if isinstance(value, str):
        yield from _size(schema, len(value), at, "Length", "characters")
    elif isinstance(value, list):
        yield from _size(schema, len(value), at, "Items", "entries")
        if schema.get("items"):
            for index, entry in enumerate(value):
                yield from _check(schema["items"], entry, f"{at}/{index}")
    elif isinstance(value, dict):
        yield from _fields(schema, value, at)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            yield at, f"has to be at least {schema['minimum']}"
        if "maximum" in schema and value > schema["maximum"]:
            yield at, f"has to be at most {schema['maximum']}"


def _fields(schema: Schema, value: dict[str, Any], at: str) -> Iterator[tuple[str, str]]:
    fields = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}/{_escaped(name)}", "is missing"
    for name, entry in value.items():
        if name in fields:
            yield from _check(fields[name], entry, f"{at}/{_escaped(name)}")
        elif schema.get("additionalProperties") is False:
            known = ", ".join(list(fields)[:30]) or "none"
            yield f"{at}/{_escaped(name)[:80]}", f"is no argument of this tool; there are: {known}"


def _size(schema: Schema, size: int, at: str, what: str, unit: str) -> Iterator[tuple[str, str]]:
    if size < schema.get(f"min{what}", 0):
        yield at, f"has to have at least {schema[f'min{what}']} {unit}"
    if size > schema.get(f"max{what}", size):
        yield at, f"has to have at most {schema[f'max{what}']} {unit}"


def _types(schema: Mapping[str, Any]) -> list[str]:
    said = schema.get("type")
    kinds = said if isinstance(said, list) else [said]
    known = [kind for kind in kinds if kind in _TYPES]
    if known and schema.get("nullable") is True and "null" not in known:
        known.append("null")
    return known if len(known) == len(kinds) or ("null" in known and len(known) == len(kinds) + 1) else []


def _is(kind: str, value: Any) -> bool:
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return kind == _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = ((bool, "boolean"), (str, "string"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), "something else")


def _plain(value: Any) -> bool:
    """Whether a name or a choice hides nothing; it cannot be changed, so it is shown as it is or not at all."""
    if isinstance(value, str):
        return len(value) <= LONGEST_CHOICE and names.clean(value, LONGEST_CHOICE) == value
    return value is None or isinstance(value, (bool, int, float))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
