"""XML Schema compiled twice at once: a compact table for the runtime, and JSON Schema for people and forms.

An entry of the table (`Manifest.soap["types"]`, by name):

    ns          namespace of the type (for xsi:type), "" for none
    qualified   its elements are in ``ns``; absent = they have no namespace
    base        name of the type whose fields come first
    fields      elements in order: name, type, and where they differ from the default: optional, list, nil, ns (""
                or a namespace), fixed, run (fields with one number repeat together)
    attributes  name, type, required, ns, fixed
    text        wire type of the character content
    any         other elements are allowed
    abstract    only types derived from it can be sent
    array       wire type of the entries of a SOAP-encoded array
    simple      wire type of a simple type; ``enum`` its values, ``list`` where it is a list with blanks between

A wire type is ``xs:name`` or the name of an entry.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from tieline.connectors.importers.formats.wsdl.components import (
    Component,
    Components,
    QName,
    builtin,
    documentation,
    reference,
)
from tieline.connectors.importers.formats.wsdl.content import Content
from tieline.connectors.importers.formats.wsdl.files import SchemaFile
from tieline.connectors.importers.values import Notices, Unique
from tieline.connectors.manifest.errors import DocumentTooLarge
from tieline.connectors.manifest.xmlread import Node

MAX_TYPES: Final = 20_000
MAX_FIELDS: Final = 400_000
_MAX_ENUM: Final = 2_000
_MAX_DERIVED: Final = 1_000  # of one type
_MAX_OFFERED: Final = 50_000  # of all types together
_OPEN: Final = {"type": "object", "additionalProperties": True}


class Types:
    """Compiles what is asked for, and what that needs."""

    def __init__(self, components: Components, notices: Notices) -> None:
        self.components, self.notices = components, notices
        self.table: dict[str, dict[str, Any]] = {}
        self.schemas: dict[str, dict[str, Any]] = {}
        self.names: dict[QName, str] = {}
        self._unique = Unique()
        self._queue: list[tuple[str, Node, SchemaFile, QName | None]] = []
        self._fields = 0
        self.runs = 0

    def element(self, name: QName) -> dict[str, Any] | None:
        """A global element as a field, None where no schema has it."""
        found = self.components.get("element", name)
        if found is None:
            self.missing("element", name)
            return None
        return self.declared(found.node, found.home, name[0], name[1])

    def field(self, name: str, namespace: str, type_name: QName) -> dict[str, Any]:
        """A field of a type by name: the parts of RPC messages."""
        kind, _ = self.named(type_name)
        self.count()
        return {"name": name, "type": kind, "ns": namespace}

    def add(self, name: str, entry: dict[str, Any], schema: dict[str, Any]) -> str:
        """A type that no schema has (the parameters of an RPC call); its name in the table."""
        own = self._unique.take(name)
        self.table[own], self.schemas[own] = entry, schema
        return own

    def schema_of(self, wire: str) -> dict[str, Any]:
        """The JSON Schema that stands for a wire type."""
        if wire.startswith("xs:"):
            found = builtin(("http://www.w3.org/2001/XMLSchema", wire[3:]))
            return {} if found is None else dict(found[1])
        return {"$ref": "#/types/" + wire.replace("~", "~0").replace("/", "~1")}

    def field_schema(self, field: dict[str, Any]) -> dict[str, Any]:
        """The JSON Schema of a field's value."""
        one = self.schema_of(field["type"])
        if field.get("nil") and "type" in one:
            one["nullable"] = True
        if field.get("list"):
            return {"type": "array", "items": one}
        return one

    def finish(self) -> None:
        """Compile everything that is queued, and the types that may stand in for it."""
        while True:
            self.compile()
            self._queue_derived()
            if not self._queue:
                break
        self._offer_derived()

    def compile(self) -> None:
        """Compile everything that is queued so far."""
        while self._queue:
            name, node, home, qname = self._queue.pop()
            self._complex(name, node, home, qname)

    def _queue_derived(self) -> None:
        for qname in list(self.names):
            for other in self.components.derived.get(qname, ()):
                if other not in self.names:
                    self.named(other)

    def _offer_derived(self) -> None:
        """Say in the schema of a type which others may stand in for it, the nearest first."""
        left = _MAX_OFFERED
        for qname, name in self.names.items():
            target = self.schemas.get(name)
            if qname not in self.components.derived or target is None or target.get("type") != "object" or left <= 0:
                continue
            found: dict[str, None] = {}
            pending, seen = deque(self.components.derived[qname]), {qname}
            while pending and len(found) < _MAX_DERIVED:
                other = pending.popleft()
                if other in seen:
                    continue
                seen.add(other)
                left -= 1
                if not self.table.get(self.names.get(other, ""), {}).get("abstract"):
                    found[self.names[other]] = None
                pending += self.components.derived.get(other, ())
            if found:
                said = "Which kind of it this is, where it is not the plain one."
                target.setdefault("properties", {})["@type"] = {
                    "type": "string",
                    "enum": list(found),
                    "description": said,
                }

    def named(self, name: QName) -> tuple[str, dict[str, Any]]:
        """Wire type and JSON Schema of a type by its name."""
        if name in self.names:
            wire = self.names[name]
            return wire, self.schema_of(wire)
        known = builtin(name)
        if known is not None:
            return known[0], dict(known[1])
        found = self.components.get("type", name)
        if found is None:
            self.missing("type", name)
            open_entry = {"ns": name[0], "name": name[1], "any": True, "any_attributes": True, "text": "xs:string"}
            own = self.names[name] = self.add(name[1] or "unknown", open_entry, dict(_OPEN))
            return own, self.schema_of(own)
        if found.node.name == "simpleType":
            return self.simple(found.node, found.home, name, name[1])
        return self._queued(found, name)

    def _queued(self, found: Component, qname: QName) -> tuple[str, dict[str, Any]]:
        own = self._take(qname[1])
        self.names[qname] = own
        self._queue.append((own, found.node, found.home, qname))
        return own, self.schema_of(own)

    def _anonymous(self, node: Node, home: SchemaFile, hint: str) -> str:
        own = self._take(hint)
        self._queue.append((own, node, home, None))
        return own

    def _take(self, name: str) -> str:
        if len(self.table) + len(self._queue) >= MAX_TYPES:
            raise DocumentTooLarge(f"The schemas define more than {MAX_TYPES} types.")
        return self._unique.take(name or "type")

    def count(self) -> None:
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise DocumentTooLarge(f"The schemas define more than {MAX_FIELDS} fields.")

    def missing(self, what: str, name: QName) -> None:
        self.notices.add(
            "missing-type",
            f"The {what} {name[1][:100]!r} of {name[0][:200] or 'no namespace'!r} is not defined in the files that were"
            " handed in; it is left open.",
        )

    def simple(
        self, node: Node, home: SchemaFile, qname: QName | None, hint: str, depth: int = 0
    ) -> tuple[str, dict[str, Any]]:
        """A simple type: what it is based on, with an entry of its own where it has listed values."""
        restriction, listed = node.first("restriction"), node.first("list")
        if listed is not None:
            kind = self._item_type(listed, home, hint, depth)
            own = self.add(hint, {"ns": home.namespace, "simple": kind, "list": True}, {"type": "string"})
            if qname is not None:
                self.names[qname] = own
            return own, self.schema_of(own)
        if restriction is None or depth > 30:
            return "xs:string", {"type": "string"}
        wire, schema = self._base_of(restriction, home, hint, depth)
        values = [one.get("value") for one in restriction.all("enumeration")]
        if not values:
            return wire, {**schema, **_facets(restriction, schema)} if "$ref" not in schema else schema
        base = wire if wire.startswith("xs:") else self.table.get(wire, {}).get("simple", "xs:string")
        plain = self.schema_of(base)
        shown = dict.fromkeys(values)
        enum = {"enum": list(shown)[:_MAX_ENUM]} if plain.get("type") == "string" and len(shown) <= _MAX_ENUM else {}
        if said := documentation(node):
            plain["description"] = said
        own = self.add(hint, {"ns": home.namespace, "simple": base, **enum}, {**plain, **enum})
        if qname is not None:
            self.names[qname] = own
        return own, self.schema_of(own)

    def _item_type(self, listed: Node, home: SchemaFile, hint: str, depth: int) -> str:
        if listed.get("itemType"):
            return self._simple_named(reference(listed, "itemType", home), depth)[0]
        inner = listed.first("simpleType")
        return "xs:string" if inner is None else self.simple(inner, home, None, hint + "_item", depth + 1)[0]

    def _base_of(self, restriction: Node, home: SchemaFile, hint: str, depth: int) -> tuple[str, dict[str, Any]]:
        if restriction.get("base"):
            return self._simple_named(reference(restriction, "base", home), depth)
        inner = restriction.first("simpleType")
        if inner is None:
            return "xs:string", {"type": "string"}
        return self.simple(inner, home, None, hint, depth + 1)

    def _simple_named(self, name: QName, depth: int) -> tuple[str, dict[str, Any]]:
        found = self.components.get("type", name) if builtin(name) is None and name not in self.names else None
        if found is not None and found.node.name == "simpleType":
            return self.simple(found.node, found.home, name, name[1], depth + 1)
        return self.named(name)

    def _complex(self, own: str, node: Node, home: SchemaFile, qname: QName | None) -> None:
        entry: dict[str, Any] = {"ns": home.namespace}
        schema: dict[str, Any] = {"type": "object", "properties": {}}
        self.table[own], self.schemas[own] = entry, schema
        if home.qualified:
            entry["qualified"] = True
        if node.get("abstract") in ("true", "1"):
            entry["abstract"] = True
        if qname is None:
            entry["anonymous"] = True
        elif qname[1] != own:
            entry["name"] = qname[1]
        if said := documentation(node):
            schema["description"] = said
        Content(self, own, home, entry, schema).read(node)
        if "array" in entry:
            self.schemas[own] = {"type": "array", "items": self.schema_of(entry["array"])}

    def declared(self, node: Node, home: SchemaFile, namespace: str | None = None, hint: str = "") -> dict[str, Any]:
        """An element declaration as a field. ``namespace`` None = as the schema's default says."""
        self.count()
        name = node.get("name")
        if node.get("type"):
            kind = self.named(reference(node, "type", home))[0]
        elif (inner := node.first("complexType")) is not None:
            key = (home.namespace, f"\0element {name}") if namespace is not None else None
            if key is not None and key in self.names:
                kind = self.names[key]
            else:
                kind = self._anonymous(inner, home, hint or name)
                if key is not None:
                    self.names[key] = kind
        elif (inner := node.first("simpleType")) is not None:
            kind = self.simple(inner, home, None, hint or name)[0]
        else:
            kind = "xs:anyType"
        field: dict[str, Any] = {"name": name, "type": kind}
        if node.get("nillable") in ("true", "1"):
            field["nil"] = True
        if node.get("fixed"):
            field["fixed"] = node.get("fixed")
        if namespace is not None:
            field["ns"] = namespace
        elif node.get("form"):
            unlike = (node.get("form") == "qualified") != home.qualified
            if unlike:
                field["ns"] = home.namespace if node.get("form") == "qualified" else ""
        return field


def _facets(node: Node, schema: dict[str, Any]) -> dict[str, Any]:
    """The limits of a restriction that JSON Schema has too. Patterns are not among them: the dialects differ."""
    found: dict[str, Any] = {}
    text = schema.get("type") == "string"
    names = {"maxLength": "maxLength", "minLength": "minLength"} if text else {}
    if schema.get("type") in ("integer", "number"):
        names = {"minInclusive": "minimum", "maxInclusive": "maximum"}
    for facet, name in names.items():
        one = node.first(facet)
        value = one.get("value").strip() if one is not None else ""
        if value.lstrip("-").isdigit() and len(value) < 16:
            found[name] = int(value)
    return found
