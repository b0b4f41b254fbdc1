"""Schemas for the manifest: only those that are reached, references kept and rewritten, never expanded."""

from __future__ import annotations

from typing import Any

from tieline.connectors.importers.classify.words import snake
from tieline.connectors.importers.description import Description
from tieline.connectors.importers.references import unescape
from tieline.connectors.importers.values import Unique, escape

_MAX_DEPTH = 150
_MAX_CHAIN = 50
_LONGEST_TEXT = 2_000
_LONGEST_LIST = 2_000
_LARGEST_EXAMPLE = 2_000
_DROPPED = frozenset(
    "xml externalDocs discriminator examples $schema $id $anchor $comment $dynamicAnchor $dynamicRef definitions $defs "
    "collectionFormat".split()
)
_NUMBERS = frozenset("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf".split())
_SCHEMA_MAPS = frozenset(("properties", "patternProperties", "dependentSchemas"))
_SCHEMA_PLACES = frozenset(
    "items not if then else contains propertyNames unevaluatedProperties unevaluatedItems additionalProperties "
    "additionalItems".split()
)
_SCHEMA_LISTS = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_EXAMPLES = frozenset(("example", "default", "const"))
_TEXT_LISTS = frozenset(("required", "type"))
_NEVER_SCALAR = _DROPPED | _SCHEMA_MAPS | _SCHEMA_PLACES | _SCHEMA_LISTS | {"enum", "required", "type"}
_NEVER_TEXT = (_NEVER_SCALAR - {"type"}) | _NUMBERS
_SCALARS = (bool, int, float)
_NULLABLE = ("nullable", "x-nullable")


class Collector:
    """Copies schemas out of a document; what they refer to is queued and copied once, under a name of its own."""

    def __init__(self, description: Description) -> None:
        self.references = description.references
        self.name_of = description.schema_names
        self.notices = description.notices
        self.names: dict[str, str] = {}  # pointer -> name
        self.unique = Unique()
        self.queue: list[tuple[str, Any]] = []
        self.found: dict[str, Any] = {}

    def copy(self, node: Any) -> dict[str, Any]:
        """``node`` as a schema of the manifest."""
        copied = self._copy(node, 0)
        return copied if isinstance(copied, dict) else {}

    def finish(self) -> dict[str, Any]:
        """All shared schemas that were reached, by name."""
        while self.queue:
            name, node = self.queue.pop()
            self.found[name] = self.copy(node)
        return dict(sorted(self.found.items()))

    def _copy(self, node: Any, depth: int) -> Any:
        kind = type(node)
        if kind is bool:
            return {} if node else {"not": {}}
        if kind is not dict:
            return {}
        if depth > _MAX_DEPTH:
            self._too_deep()
            return {}
        ref = node.get("$ref")
        if type(ref) is str:
            return self._reference(ref, node)
        result: dict[str, Any] = {}
        for key, value in node.items():
            kind = type(value)
            if kind is str:
                # By far the most frequent: type, format, description ...
                if key not in _NEVER_TEXT and key[:2] != "x-":
                    result[key] = value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…"
                elif key in _NUMBERS and (number := _number(value)) is not None:
                    result[key] = number
            elif kind in _SCALARS:
                if key not in _NEVER_SCALAR and (key[:2] != "x-" or key == "x-nullable"):
                    result[key] = value
                elif key in _SCHEMA_PLACES:
                    result[key] = value if key.startswith("additional") else self._copy(value, depth + 1)
            else:
                self._part(result, key, value, depth)
        if "nullable" in result or "x-nullable" in result:
            _nullable(result)
        return result

    def _part(self, result: dict[str, Any], key: str, value: Any, depth: int) -> None:
        """One keyword of a schema that holds a list or a mapping."""
        kind = type(value)
        if key in _SCHEMA_MAPS:
            if kind is dict:
                result[key] = {name: self._copy(one, depth + 1) for name, one in value.items()}
        elif key in _SCHEMA_PLACES:
            if kind is list:
                result["prefixItems"] = [self._copy(one, depth + 1) for one in value[:_LONGEST_LIST]]
            elif kind is dict:
                result[key] = self._copy(value, depth + 1)
        elif key in _SCHEMA_LISTS:
            if kind is list:
                result[key] = [self._copy(one, depth + 1) for one in value[:_LONGEST_LIST]]
        elif key in _EXAMPLES:
            if value is not None and _size(value) <= _LARGEST_EXAMPLE:
                result[key] = _plain(value, depth)
        elif kind is list and key in _TEXT_LISTS:
            result[key] = [one for one in value if type(one) is str]
        elif kind is list and key == "enum":
            result[key] = [_plain(one, depth) for one in value[:_LONGEST_LIST]]

    def _reference(self, ref: str, node: dict[str, Any]) -> dict[str, Any]:
        at, target = self._landing(ref)
        if at is None:
            return {}
        name = self.names.get(at)
        if name is None:
            name = self._fresh_name(at)
            self.names[at] = name
            self.queue.append((name, target))
        result: dict[str, Any] = {"$ref": "#/schemas/" + escape(name)}
        said = node.get("description")
        if type(said) is str and said:
            result["description"] = said[:_LONGEST_TEXT]
        if any(node.get(key) is True for key in _NULLABLE):
            result = {"anyOf": [result, {"type": "null"}]}
        return result

    def _landing(self, ref: str) -> tuple[str | None, Any]:
        """The pointer that a chain of plain references ends at, None where it leads nowhere."""
        seen: set[str] = set()
        while True:
            at = self.references.pointer(ref)
            if at is None or at in seen or len(seen) > _MAX_CHAIN:
                self.references.resolve({"$ref": ref})
                return None, None
            seen.add(at)
            target = self.references.at(at)
            if type(target) is not dict:
                self.references.resolve({"$ref": ref})
                return None, None
            further = target.get("$ref")
            if type(further) is str and len(target) == 1:
                ref = further
                continue
            return at, target

    def _fresh_name(self, at: str) -> str:
        name = self.name_of(at)
        if name is None:
            words = [
                unescape(token) for token in at.split("/")[-4:] if token not in ("schema", "properties", "items", "")
            ]
            name = snake(" ".join(words))[:80] or "schema"
        return self.unique.take(name)

    def _too_deep(self) -> None:
        if not any(one.code == "too-deep" for one in self.notices):
            from tieline.connectors.manifest.model import Notice

            self.notices.append(Notice(code="too-deep", message=f"Schemas deeper than {_MAX_DEPTH} levels were cut."))


def _nullable(schema: dict[str, Any]) -> None:
    """OpenAPI 3.0 ``nullable`` and Swagger ``x-nullable`` as JSON Schema says it."""
    if any(schema.pop(key, None) is True for key in _NULLABLE):
        kind = schema.get("type")
        if type(kind) is str and kind != "null":
            schema["type"] = [kind, "null"]
            if type(schema.get("enum")) is list and None not in schema["enum"]:
                schema["enum"].append(None)


def _number(value: Any) -> int | float | bool | None:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def _plain(value: Any, depth: int) -> Any:
    """Example values as they are, cut where they nest too deep."""
    if depth > _MAX_DEPTH:
        return None
    if type(value) is dict:
        return {str(key): _plain(one, depth + 1) for key, one in value.items()}
    if type(value) is list:
        return [_plain(one, depth + 1) for one in value]
    return value


def _size(value: Any) -> int:
    """How much a value would take, counted only as far as it matters."""
    total, pending = 0, [value]
    while pending and total <= _LARGEST_EXAMPLE:
        one = pending.pop()
        total += len(one) if isinstance(one, str) else 1
        if isinstance(one, dict):
            pending.extend(one.values())
            total += sum(len(str(key)) for key in list(one)[:500])
        elif isinstance(one, list):
            pending.extend(one[: _LARGEST_EXAMPLE + 1])
    return total
