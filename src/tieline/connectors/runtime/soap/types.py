"""The type table of a manifest (`Manifest.soap`), as writer and reader ask it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

XSD: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_EMPTY: Final[dict[str, Any]] = {}


class TypeTable:
    """Entries by name, their inherited fields laid out once."""

    def __init__(self, table: Mapping[str, Any] | None) -> None:
        self._types: dict[str, Any] = dict(table or {})
        self._fields: dict[str, list[dict[str, Any]]] = {}
        self._attributes: dict[str, list[dict[str, Any]]] = {}
        self._names: dict[tuple[str, str], str] | None = None

    def entry(self, wire: str) -> dict[str, Any]:
        """The entry of a wire type; a type that is not there is open."""
        found = self._types.get(wire)
        return found if isinstance(found, dict) else {"any": True}

    def knows(self, wire: str) -> bool:
        return wire in self._types

    def fields(self, wire: str) -> list[dict[str, Any]]:
        """All fields, those of the base types first, each with its ``ns``."""
        found = self._fields.get(wire)
        if found is None:
            found = []
            for entry in self._chain(wire):
                default = entry.get("ns", "") if entry.get("qualified") else ""
                found += [one if "ns" in one else {**one, "ns": default} for one in entry.get("fields", ())]
            self._fields[wire] = found
        return found

    def attributes(self, wire: str) -> list[dict[str, Any]]:
        found = self._attributes.get(wire)
        if found is None:
            found = self._attributes[wire] = [one for entry in self._chain(wire) for one in entry.get("attributes", ())]
        return found

    def text(self, wire: str) -> str:
        """The wire type of the character content, "" where there is none."""
        return next((str(entry["text"]) for entry in reversed(self._chain(wire)) if entry.get("text")), "")

    def open(self, wire: str, key: str = "any") -> bool:
        return any(entry.get(key) for entry in self._chain(wire))

    def named(self, namespace: str, name: str) -> str:
        """The wire type that an ``xsi:type`` means, "" for one that is not known."""
        if namespace == XSD:
            return "xs:" + name
        if self._names is None:
            self._names = {}
            for wire, entry in self._types.items():
                if isinstance(entry, dict) and not entry.get("anonymous"):
                    self._names.setdefault((entry.get("ns", ""), entry.get("name", wire)), wire)
        return self._names.get((namespace, name), "")

    def _chain(self, wire: str) -> list[dict[str, Any]]:
        chain: list[dict[str, Any]] = []
        seen: set[str] = set()
        while wire and wire not in seen and not wire.startswith("xs:"):
            seen.add(wire)
            entry = self.entry(wire)
            chain.append(entry)
            wire = entry.get("base", "")
        chain.reverse()
        return chain
