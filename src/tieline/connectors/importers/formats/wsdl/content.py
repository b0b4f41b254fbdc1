"""The content of complex types: particles, attributes, derivations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tieline.connectors.importers.formats.wsdl.components import QName, builtin, documentation, reference
from tieline.connectors.importers.formats.wsdl.files import SchemaFile
from tieline.connectors.importers.formats.wsdl.names import ENCODING, WSDL, XSD
from tieline.connectors.manifest.xmlread import Node

if TYPE_CHECKING:
    from tieline.connectors.importers.formats.wsdl.types import Types

_MAX_NESTED: Final = 100


class Content:
    """Reads what stands in one complex type."""

    def __init__(self, types: Types, own: str, home: SchemaFile, entry: dict[str, Any], schema: dict[str, Any]) -> None:
        self.types, self.own, self.home, self.entry, self.schema = types, own, home, entry, schema
        self.required: list[str] = []
        self.open: set[QName] = set()  # groups that are being read: a group may not hold itself
        self.depth = 0

    def read(self, node: Node) -> None:
        self._inside(node, self.home)
        if node.get("mixed") in ("true", "1") and "text" not in self.entry:
            self.entry["text"] = "xs:string"
        text = self.entry.get("text")
        if text is not None:
            self.schema["properties"]["#text"] = self.types.schema_of(text)
        if self.entry.get("any"):
            self.schema["additionalProperties"] = True
        if self.required:
            self.schema["required"] = self.required
        if not self.schema["properties"] and "allOf" not in self.schema and not self.entry.get("any"):
            del self.schema["properties"]

    def _inside(self, node: Node, home: SchemaFile) -> None:
        for one in node.children:
            match one.name:
                case "sequence" | "all" | "choice" | "group":
                    self._particle(one, home, False, False, None)
                case "attribute":
                    self._attribute(one, home)
                case "attributeGroup":
                    self._attribute_group(one, home)
                case "anyAttribute":
                    self.entry["any_attributes"] = True
                case "simpleContent" | "complexContent":
                    self._derived(one, home)

    def _derived(self, content: Node, home: SchemaFile) -> None:
        inside = content.first("extension") or content.first("restriction")
        if inside is None:
            return
        base = reference(inside, "base", home)
        if content.name == "simpleContent":
            self._text(base, inside, home)
        elif base[0] in ENCODING and base[1] == "Array":
            self._array(inside, home)
            return
        elif inside.name == "extension":
            wire, schema = self.types.named(base)
            if wire in self.types.table or "$ref" in schema:
                self.entry["base"] = wire
                self.schema["allOf"] = [schema]
            elif wire == "xs:anyType":
                self.entry["any"] = True
        self._inside(inside, home)

    def _text(self, base: QName, inside: Node, home: SchemaFile) -> None:
        found = self.types.components.get("type", base)
        if builtin(base) is None and found is not None and found.node.name == "complexType":
            wire, schema = self.types.named(base)
            self.entry["base"] = wire
            self.schema["allOf"] = [schema]
            return
        self.entry["text"] = self.types.named(base)[0]

    def _array(self, inside: Node, home: SchemaFile) -> None:
        """SOAP 1.1 section 5.4.2: ``wsdl:arrayType="tns:Contact[]"`` names the entries (WSDL 1.1 section 2.2)."""
        for one in inside.all("attribute"):
            said = next((value for key, value in one.attributes.items() if key == f"{{{WSDL}}}arrayType"), "")
            if said:
                self.entry["array"] = self.types.named(one.qualified(said.split("[")[0]))[0]
                return
        for one in inside.children:
            element = one.first("element") if one.name in ("sequence", "all") else None
            if element is not None:
                self.entry["array"] = self.types.declared(element, home)["type"]
                return
        self.entry["array"] = "xs:anyType"

    def _particle(self, node: Node, home: SchemaFile, optional: bool, many: bool, run: int | None) -> None:
        """One sequence, choice, all or group. ``optional``: inside a choice; ``many``: inside something repeated."""
        lowest, highest = node.get("minOccurs", "1"), node.get("maxOccurs", "1")
        if highest == "0":
            return
        if self.depth > _MAX_NESTED:
            self.types.notices.add("too-deep", f"A content model deeper than {_MAX_NESTED} levels was cut.")
            return
        self.depth += 1
        self._particles(node, home, optional or lowest == "0" or node.name == "choice", many, run)
        self.depth -= 1

    def _particles(self, node: Node, home: SchemaFile, optional: bool, many: bool, run: int | None) -> None:
        repeated = node.get("maxOccurs", "1") != "1"
        if node.name == "group":
            self._group(node, home, optional, many or repeated, run)
            return
        if repeated and node.name in ("sequence", "all") and len(node.children) > 1 and run is None:
            self.types.runs += 1
            run = self.types.runs
        for one in node.children:
            match one.name:
                case "element":
                    self._element(one, home, optional, many or repeated, run)
                case "sequence" | "choice" | "all" | "group":
                    self._particle(one, home, optional, many or repeated, run)
                case "any":
                    self.entry["any"] = True

    def _group(self, node: Node, home: SchemaFile, optional: bool, many: bool, run: int | None) -> None:
        if not node.get("ref"):
            return
        self.types.count()
        name = reference(node, "ref", home)
        found = self.types.components.get("group", name)
        if found is None or name in self.open:
            if found is None:
                self.types.missing("group", name)
            return
        self.open.add(name)
        for one in found.node.children:
            if one.name in ("sequence", "choice", "all"):
                self._particle(one, found.home, optional, many, run)
        self.open.discard(name)

    def _element(self, node: Node, home: SchemaFile, optional: bool, many: bool, run: int | None) -> None:
        highest = node.get("maxOccurs", "1")
        if highest == "0":
            return
        optional = optional or node.get("minOccurs", "1") == "0"
        many = many or highest not in ("1", "0")
        if not node.get("ref"):
            hint = f"{self.own}_{node.get('name')}"
            field = self.types.declared(node, home, hint=hint)
            if home.namespace != self.home.namespace or home.qualified != self.home.qualified:
                field.setdefault("ns", home.namespace if home.qualified else "")
            self._put(field, optional, many, run, documentation(node))
            return
        name = reference(node, "ref", home)
        if name == (XSD, "schema"):
            self.entry["any"] = True  # .NET data sets carry their own schema
            return
        group = self._substitutes(name)
        found = self.types.components.get("element", name)
        if found is None or found.node.get("abstract") not in ("true", "1"):
            field = self.types.element(name) or {"name": name[1], "type": "xs:anyType", "ns": name[0]}
            self._put(field, optional or bool(group), many, run, documentation(node))
        for other in group:
            instead = self.types.element(other)
            if instead is not None:
                self._put(instead, True, many, run, "")

    def _substitutes(self, head: QName) -> list[QName]:
        pending, found = list(self.types.components.substitutes.get(head, ())), dict[QName, None]()
        while pending and len(found) < 300:
            one = pending.pop(0)
            if one not in found:
                component = self.types.components.get("element", one)
                if component is not None and component.node.get("abstract") not in ("true", "1"):
                    found[one] = None
                pending += self.types.components.substitutes.get(one, ())
        return list(found)

    def _put(self, field: dict[str, Any], optional: bool, many: bool, run: int | None, said: str) -> None:
        if not field["name"]:
            return
        if field.get("ns") == (self.home.namespace if self.home.qualified else ""):
            del field["ns"]
        fields = self.entry.setdefault("fields", [])
        same = next((one for one in fields if one["name"] == field["name"]), None) if len(fields) < 500 else None
        if same is not None:
            # The same name twice in one content model is the same thing, several times.
            same["list"] = True
            field = same
        else:
            if optional:
                field["optional"] = True
            elif not field.get("nil") and not field.get("fixed"):
                self.required.append(field["name"])
            if many:
                field["list"] = True
            if run is not None:
                field["run"] = run
            fields.append(field)
        shown = self.types.field_schema(field)
        if said:
            shown["description"] = said
        self.schema["properties"][field["name"]] = shown

    def _attribute_group(self, node: Node, home: SchemaFile) -> None:
        if not node.get("ref"):
            return
        self.types.count()
        name = reference(node, "ref", home)
        found = self.types.components.get("attributeGroup", name)
        if found is not None and name not in self.open and len(self.open) < _MAX_NESTED:
            self.open.add(name)
            self._inside(found.node, found.home)
            self.open.discard(name)

    def _attribute(self, node: Node, home: SchemaFile) -> None:
        if node.get("use") == "prohibited":
            return
        self.types.count()
        attribute: dict[str, Any] = {"name": node.get("name")}
        declared, where = node, home
        if node.get("ref"):
            name = reference(node, "ref", home)
            attribute = {"name": name[1], "ns": name[0]}
            found = self.types.components.get("attribute", name)
            if found is not None:
                declared, where = found.node, found.home
        elif node.get("form") == "qualified" or (home.attributes_qualified and not node.get("form")):
            attribute["ns"] = home.namespace
        if not attribute["name"]:
            return
        kind = "xs:string"
        if declared.get("type"):
            kind = self.types.named(reference(declared, "type", where))[0]
        elif (inner := declared.first("simpleType")) is not None:
            kind = self.types.simple(inner, where, None, f"{self.own}_{attribute['name']}")[0]
        attribute["type"] = kind
        if node.get("use") == "required":
            attribute["required"] = True
        if fixed := node.get("fixed") or declared.get("fixed"):
            attribute["fixed"] = fixed
        elif attribute.get("required"):
            self.required.append("@" + attribute["name"])
        self.entry.setdefault("attributes", []).append(attribute)
        shown = self.types.schema_of(kind)
        if said := documentation(node):
            shown["description"] = said
        self.schema["properties"]["@" + attribute["name"]] = shown
