"""What a change of an output's schema means for those who read it."""

from __future__ import annotations

from typing import Any

from tieline.connectors.drift.changes import Changes
from tieline.connectors.manifest.model import Manifest
from tieline.connectors.manifest.shapes import name_of

_DEEPEST = 8
_MOST = 3_000


class Fields:
    """The fields of a schema by their path (``customer.address.city``, ``lines[].price``), references followed."""

    def __init__(self, manifest: Manifest, schema: dict[str, Any]) -> None:
        self._schemas = manifest.schemas
        self.types: dict[str, frozenset[str]] = {}
        self.values: dict[str, frozenset[str]] = {}
        self._walk(schema, "", 0, frozenset())

    def _walk(self, node: Any, path: str, depth: int, above: frozenset[str]) -> None:
        if not isinstance(node, dict) or depth > _DEEPEST or len(self.types) > _MOST:
            return
        ref = node.get("$ref")
        if isinstance(ref, str):
            if ref in above:
                return
            self._walk(self._schemas.get(name_of(ref)), path, depth, above | {ref})
            return
        said = node.get("type")
        types = {said} if isinstance(said, str) else {one for one in said if isinstance(one, str)} if said else set()
        if path:
            self.types[path] = self.types.get(path, frozenset()) | types
            if isinstance(node.get("enum"), list):
                self.values[path] = self.values.get(path, frozenset()) | {str(one) for one in node["enum"]}
        for name, one in node["properties"].items() if isinstance(node.get("properties"), dict) else ():
            below = f"{path}.{name}" if path else str(name)
            self.types.setdefault(below, frozenset())
            self._walk(one, below, depth + 1, above)
        if isinstance(node.get("items"), dict):
            self._walk(node["items"], f"{path}[]", depth + 1, above)
        for key in ("allOf", "oneOf", "anyOf"):
            for one in node[key] if isinstance(node.get(key), list) else ():
                self._walk(one, path, depth + 1, above)


def compare_fields(
    changes: Changes, area: str, where: str, block: str, old: Fields, new: Fields, *, known: bool
) -> None:
    """Fields that are gone or of another type break what reads them; new ones add. ``known``: the newer schema says
    something at all.
    """
    if old.types and not known:
        changes.add("cosmetic", area, f"{where} is no longer described by the document.", block=block)
        return
    for path, types in old.types.items():
        if path not in new.types:
            if not any(path.startswith((gone + ".", gone + "[")) for gone in old.types if gone not in new.types):
                changes.add("breaking", area, f"{where} no longer has the field {path!r}.", block=block, field=path)
            continue
        others = new.types[path]
        _types(changes, area, where, block, path, types, others)
        added = new.values.get(path, frozenset()) - old.values.get(path, frozenset())
        if path in old.values and path in new.values and added:
            text = f"{where}, field {path!r}, may have new values: {', '.join(sorted(added)[:10])}."
            changes.add("additive", area, text, block=block, field=path, after=sorted(added))
    for path in new.types:
        if path not in old.types and not any(
            path.startswith((other + ".", other + "[")) for other in new.types if other not in old.types
        ):
            changes.add("additive", area, f"{where} has the new field {path!r}.", block=block, field=path)


def _types(
    changes: Changes, area: str, where: str, block: str, path: str, old: frozenset[str], new: frozenset[str]
) -> None:
    if not old or not new or old == new or new < old:
        return
    fresh = new - old - ({"integer"} if "number" in old else set())
    if not fresh:
        return
    before, after = " or ".join(sorted(old)), " or ".join(sorted(new))
    if fresh == {"null"}:
        text = f"{where}, field {path!r}, may now be null."
    else:
        text = f"{where}, field {path!r}, is {after} where it was {before}."
    changes.add("breaking", area, text, block=block, field=path, before=before, after=after)
