"""What a JSON Schema says about the data: types, members, items. Lazy, bounded, indifferent to wrong types."""

from __future__ import annotations

import re
from typing import Any

from tieline.connectors.importers.references import References
from tieline.connectors.importers.values import mapping, sequence, text

_MAX_NESTED = 12
_MAX_MEMBERS = 2_000
_JOINED = ("allOf", "oneOf", "anyOf")


class Shapes:
    """Questions about schemas of one document; answers for shared schemas are kept."""

    def __init__(self, references: References) -> None:
        self.references = references
        self._members: dict[str, dict[str, Any]] = {}

    def resolve(self, node: Any) -> dict[str, Any]:
        """The schema itself; booleans and nonsense give an empty one."""
        return mapping(self.references.resolve(node))

    def members(self, node: Any) -> dict[str, Any]:
        """The properties of an object, those of ``allOf``, ``oneOf`` and ``anyOf`` included."""
        ref = node.get("$ref") if type(node) is dict and len(node) == 1 else None
        if type(ref) is str:
            if ref not in self._members:
                self._members[ref] = {}
                self._members[ref] = self._collect(node)
            return self._members[ref]
        return self._collect(node)

    def _collect(self, node: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        pending = [(node, 0)]
        seen: set[str] = set()
        while pending:
            current, depth = pending.pop(0)
            ref = current.get("$ref") if type(current) is dict else None
            if type(ref) is str:
                if ref in seen:
                    continue
                seen.add(ref)
            schema = self.resolve(current)
            if schema.get("type") == "object" and "properties" not in schema and isinstance(schema.get("items"), dict):
                # Said by mistake: what an object's "items" describe are its members.
                pending.append((schema["items"], depth + 1))
            for name, one in mapping(schema.get("properties")).items():
                if len(found) >= _MAX_MEMBERS:
                    return found
                if name not in found:
                    found[name] = one
            if depth < _MAX_NESTED and len(seen) < 200:
                for key in _JOINED:
                    pending += [(one, depth + 1) for one in sequence(schema.get(key))[:30]]
        return found

    def required(self, node: Any) -> set[str]:
        """The members that must be there: of the schema and of everything in its ``allOf``."""
        found: set[str] = set()
        pending = [(node, 0)]
        while pending:
            current, depth = pending.pop()
            schema = self.resolve(current)
            found.update(one for one in sequence(schema.get("required")) if isinstance(one, str))
            if depth < _MAX_NESTED and len(pending) < 100:
                pending += [(one, depth + 1) for one in sequence(schema.get("allOf"))[:30]]
        return found

    def types(self, node: Any, depth: int = 0) -> set[str]:
        """The JSON types that a value may have besides null; empty where nothing is said."""
        schema = self.resolve(node)
        kind = schema.get("type")
        found = {kind} if isinstance(kind, str) else {one for one in sequence(kind) if isinstance(one, str)}
        if not found:
            if "properties" in schema or "additionalProperties" in schema:
                found.add("object")
            elif isinstance(schema.get("items"), dict):
                found.add("array")
            elif depth < 6:
                for key in _JOINED:
                    for one in sequence(schema.get(key))[:10]:
                        found |= self.types(one, depth + 1)
                if not found and sequence(schema.get("enum")):
                    found.add(_type_of(schema["enum"][0]))
        return found - {"null", ""}

    def items(self, node: Any, depth: int = 0) -> dict[str, Any] | None:
        """The schema of the entries where the value is a list, else None. ``{}`` = a list of anything."""
        schema = self.resolve(node)
        kind = schema.get("type")
        items = schema.get("items")
        if (
            kind == "array"
            or (isinstance(kind, list) and "array" in kind)
            or (kind is None and isinstance(items, dict))
        ):
            if isinstance(items, list):
                return mapping(items[0]) if items else {}
            return mapping(items)
        if depth < 6 and kind in (None, "array"):
            for key in _JOINED:
                for one in sequence(schema.get(key))[:10]:
                    found = self.items(one, depth + 1)
                    if found is not None:
                        return found
        return None

    def is_object(self, node: Any) -> bool:
        """True where the value is, or may be, an object."""
        types = self.types(node)
        return "object" in types or (not types and bool(self.members(node)))

    def is_scalar(self, node: Any) -> bool:
        """True for text, numbers and booleans."""
        types = self.types(node)
        return bool(types) and types <= {"string", "integer", "number", "boolean"}

    def values_of_map(self, node: Any) -> dict[str, Any] | None:
        """The schema of the values where the object is keyed by id or name, else None."""
        schema = self.resolve(node)
        more = schema.get("additionalProperties")
        if isinstance(more, dict) and not schema.get("properties"):
            return more
        return None

    def is_time(self, node: Any) -> bool:
        """True where the schema says that the value is a moment."""
        schema = self.resolve(node)
        if schema.get("format") in ("date-time", "date", "datetime", "timestamp", "unix-time", "unixtime"):
            return True
        example = schema.get("example")
        return isinstance(example, str) and bool(re.match(r"\d{4}-\d\d-\d\d", example))

    def said(self, node: Any) -> str:
        """The description of a schema, its title where it has none."""
        schema = self.resolve(node)
        return text(schema.get("description"), 2000) or text(schema.get("title"), 200)


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "string" if isinstance(value, str) else "object" if isinstance(value, dict) else ""
