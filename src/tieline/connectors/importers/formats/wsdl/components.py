"""The named components of all schemas, found by (namespace, name)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.formats.wsdl.files import SchemaFile, parse
from tieline.connectors.importers.formats.wsdl.names import ENCODING, OLD_XSD, XSD, builtin_schema
from tieline.connectors.importers.formats.wsdl.standard import standard_schema
from tieline.connectors.manifest.xmlread import Node

QName = tuple[str, str]
_KINDS = {
    "complexType": "type",
    "simpleType": "type",
    "element": "element",
    "attribute": "attribute",
    "group": "group",
    "attributeGroup": "attributeGroup",
}


@dataclass(frozen=True, slots=True)
class Component:
    """A top-level component and the schema it stands in."""

    node: Node
    home: SchemaFile


@dataclass(slots=True)
class Components:
    """An index over schemas. The first definition of a name counts."""

    found: dict[tuple[str, QName], Component] = field(default_factory=dict)
    derived: dict[QName, list[QName]] = field(default_factory=dict)  # base type -> types that extend or restrict it
    substitutes: dict[QName, list[QName]] = field(default_factory=dict)  # head element -> its substitution group
    _tried: set[str] = field(default_factory=set)

    def add(self, schema: SchemaFile) -> None:
        for node in schema.node.children:
            if node.name in ("redefine", "override"):
                for inner in node.children:
                    self._take(inner, schema)
            else:
                self._take(node, schema)

    def get(self, kind: str, name: QName) -> Component | None:
        """A component; a namespace that nobody imported but everybody knows is looked up on the spot."""
        one = self.found.get((kind, name))
        if one is None and name[0] not in self._tried:
            self._tried.add(name[0])
            known = standard_schema(name[0])
            if known is not None and not any(key[1][0] == name[0] for key in self.found):
                self.add(SchemaFile(parse(known, ""), name[0], name[0], True, False))
                one = self.found.get((kind, name))
        return one

    def _take(self, node: Node, schema: SchemaFile) -> None:
        kind, name = _KINDS.get(node.name), node.get("name")
        if kind is None or not name:
            return
        qname = (schema.namespace, name)
        if (kind, qname) in self.found:
            return
        self.found[(kind, qname)] = Component(node, schema)
        if node.name == "complexType":
            content = node.first("complexContent")
            inside = None if content is None else content.first("extension") or content.first("restriction")
            if inside is not None and inside.get("base"):
                self.derived.setdefault(reference(inside, "base", schema), []).append(qname)
        elif kind == "element" and node.get("substitutionGroup"):
            for head in node.get("substitutionGroup").split():
                self.substitutes.setdefault(_with_home(node.qualified(head), schema), []).append(qname)


def reference(node: Node, attribute: str, home: SchemaFile) -> QName:
    """The component that an attribute names."""
    return _with_home(node.qualified(node.get(attribute)), home)


def _with_home(name: QName, home: SchemaFile) -> QName:
    # A schema without a namespace that is included into another one speaks of that one's components.
    return (home.namespace, name[1]) if name[0] == "" and not home.node.get("targetNamespace") else name


def builtin(name: QName) -> tuple[str, dict[str, Any]] | None:
    """The wire type ("xs:int") and JSON Schema of a built-in type, None for any other name."""
    if name[0] not in (XSD, *OLD_XSD, *ENCODING):
        return None
    schema = builtin_schema(name[1])
    return None if schema is None else ("xs:" + name[1], schema)


def documentation(node: Node) -> str:
    """What ``xs:annotation`` says, as one line."""
    said = [
        " ".join(text.split())
        for annotation in node.all("annotation")
        for one in annotation.all("documentation")
        if (text := _all_text(one))
    ]
    return " ".join(said)[:1000]


def _all_text(node: Node) -> str:
    parts: list[str] = []
    pending = [node]
    while pending and len(parts) < 50:
        one = pending.pop()
        parts.append(one.text)
        pending += reversed(one.children)
    return " ".join(parts).strip()[:2000]
