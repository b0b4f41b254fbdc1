"""Values to XML, in the order and with the names that the type table gives."""

from __future__ import annotations

import re
from typing import Any, Final

from tieline.connectors.runtime.coerce import describe
from tieline.connectors.runtime.soap.scalars import WrongValue, plain_text, to_text
from tieline.connectors.runtime.soap.types import XSD, XSI, TypeTable
from tieline.core.errors import BadInput

ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[^\W\d][\w.\-]*\Z")
_MAX_DEPTH: Final = 150
_USUAL: Final = {XSI: "xsi", XSD: "xsd", ENCODING: "enc"}


class Writer:
    """Writes elements; ``namespaces`` are what the outermost element has to declare."""

    def __init__(self, types: TypeTable, block: str, *, encoded: bool = False) -> None:
        self.types, self.block, self.encoded = types, block, encoded
        self.namespaces: dict[str, str] = {}
        self.out: list[str] = []
        self._depth = 0

    def element(self, field: dict[str, Any], value: Any, path: str) -> None:
        """One element, or one for each entry of a list where the field repeats."""
        if not field.get("list"):
            self._one(field, value, path)
            return
        entries = value if isinstance(value, list | tuple) else [value]
        for index, entry in enumerate(entries):
            self._one(field, entry, f"{path}[{index}]")

    def prefix(self, namespace: str) -> str:
        """The prefix of a namespace."""
        found = self.namespaces.get(namespace)
        if found is None:
            found = self.namespaces[namespace] = _USUAL.get(namespace) or f"n{len(self.namespaces)}"
        return found

    def tag(self, namespace: str, name: str) -> str:
        return f"{self.prefix(namespace)}:{name}" if namespace else name

    def members(self, wire: str, value: Any, path: str, *, parts: bool = False) -> None:
        """The fields of a complex value, without an element around them."""
        self._fields(wire, dict(value), path)
        if not parts and (unknown := set(value) - {one["name"] for one in self.types.fields(wire)}):
            self._others(wire, {key: value[key] for key in value if key in unknown}, path)

    def _one(self, field: dict[str, Any], value: Any, path: str) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise BadInput(f"the input {path!r} of block {self.block!r} nests deeper than {_MAX_DEPTH} levels")
        wire, tag = field["type"], self.tag(field.get("ns", ""), field["name"])
        if value is None:
            self.out.append(f'<{tag} {self.prefix(XSI)}:nil="true"/>')
        elif wire.startswith("xs:"):
            self._simple(tag, wire, value, path)
        else:
            entry = self.types.entry(wire)
            if "simple" in entry:
                self._listed(tag, wire, entry, value, path)
            elif "array" in entry:
                self._array(tag, entry["array"], value, path)
            else:
                self._complex(tag, wire, entry, value, path)
        self._depth -= 1

    def _simple(self, tag: str, wire: str, value: Any, path: str) -> None:
        if wire in ("xs:anyType", "xs:ur-type"):
            self._anything(tag, value, path)
            return
        shown = self._type_attribute(XSD, wire[3:]) if self.encoded else ""
        self.out.append(f"<{tag}{shown}>{self.escaped(self._text(value, wire, path), path)}</{tag}>")

    def _listed(self, tag: str, wire: str, entry: dict[str, Any], value: Any, path: str) -> None:
        text = self._simple_text(wire, entry, value, path)
        named = self.encoded and not entry.get("anonymous")
        shown = self._type_attribute(entry.get("ns", ""), entry.get("name", wire)) if named else ""
        self.out.append(f"<{tag}{shown}>{self.escaped(text, path)}</{tag}>")

    def _simple_text(self, wire: str, entry: dict[str, Any], value: Any, path: str) -> str:
        if entry.get("list"):
            entries = value if isinstance(value, list | tuple) else str(value).split()
            return " ".join(self._wire_text(entry["simple"], one, path) for one in entries)
        text = self._text(value, entry["simple"], path)
        allowed = entry.get("enum")
        if allowed and text not in allowed:
            listed = ", ".join(repr(one) for one in allowed[:12]) + (" ..." if len(allowed) > 12 else "")
            raise self._wrong(path, f"one of {listed}, not {describe(value)}")
        return text

    def _wire_text(self, wire: str, value: Any, path: str) -> str:
        if wire.startswith("xs:"):
            return self._text(value, wire, path)
        entry = self.types.entry(wire)
        return (
            self._simple_text(wire, entry, value, path) if "simple" in entry else self._text(value, "xs:string", path)
        )

    def _array(self, tag: str, item: str, value: Any, path: str) -> None:
        """SOAP 1.1 section 5.4.2: the number of entries and their type stand in an attribute."""
        entries = value if isinstance(value, list | tuple) else [value]
        if item.startswith("xs:"):
            kind = f"{self.prefix(XSD)}:{item[3:]}"
        else:
            entry = self.types.entry(item)
            kind = self.tag(entry.get("ns", ""), entry.get("name", item))
        encoding = self.prefix(ENCODING)
        shown = f' {self.prefix(XSI)}:type="{encoding}:Array" {encoding}:arrayType="{kind}[{len(entries)}]"'
        self.out.append(f"<{tag}{shown}>")
        for index, one in enumerate(entries):
            self._one({"name": "item", "type": item}, one, f"{path}[{index}]")
        self.out.append(f"</{tag}>")

    def _complex(self, tag: str, wire: str, entry: dict[str, Any], value: Any, path: str) -> None:
        value = self._as_object(wire, value, path)
        shown = ""
        said = value.get("@type")
        if isinstance(said, str) and said and said != wire:
            if not self.types.knows(said):
                raise self._wrong(path + "/@type", f"the name of a type of this API, not {describe(said)}")
            wire, entry = said, self.types.entry(said)
            shown = self._type_attribute(entry.get("ns", ""), entry.get("name", wire))
        elif entry.get("abstract"):
            raise self._wrong(path, 'an object with "@type", which says what kind of it is meant')
        elif self.encoded and not entry.get("anonymous"):
            shown = self._type_attribute(entry.get("ns", ""), entry.get("name", wire))
        shown += self._attributes(wire, value, path)
        start = len(self.out)
        self.out.append("")
        rest = {key: one for key, one in value.items() if key[:1] != "@" and key != "#text"}
        if (text := self.types.text(wire)) and value.get("#text") is not None:
            self.out.append(self.escaped(self._wire_text(text, value["#text"], path), path))
        self._fields(wire, rest, path)
        self._others(wire, {key: rest[key] for key in rest if not self._is_field(wire, key)}, path)
        self.out[start] = f"<{tag}{shown}>"
        self.out.append(f"</{tag}>")

    def _as_object(self, wire: str, value: Any, path: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        fields = self.types.fields(wire)
        if isinstance(value, list | tuple) and len(fields) == 1 and fields[0].get("list"):
            return {fields[0]["name"]: list(value)}
        if not isinstance(value, list | tuple) and self.types.text(wire):
            return {"#text": value}
        raise self._wrong(path, f"an object, not {describe(value)}")

    def _is_field(self, wire: str, key: str) -> bool:
        return any(one["name"] == key for one in self.types.fields(wire))

    def _fields(self, wire: str, value: dict[str, Any], path: str) -> None:
        fields = self.types.fields(wire)
        index = 0
        while index < len(fields):
            run = fields[index].get("run")
            if run is None:
                self._field(fields[index], value, path)
                index += 1
                continue
            together = []
            while index < len(fields) and fields[index].get("run") == run:
                together.append(fields[index])
                index += 1
            self._run(together, value, path)

    def _run(self, fields: list[dict[str, Any]], value: dict[str, Any], path: str) -> None:
        """A repeated sequence: first of each, second of each, and so on."""
        columns = [value.get(one["name"]) for one in fields]
        lists = [one if isinstance(one, list | tuple) else [] if one is None else [one] for one in columns]
        for row in range(max(map(len, lists), default=0)):
            for field, entries in zip(fields, lists, strict=True):
                if row < len(entries):
                    self._one(field, entries[row], f"{path}/{field['name']}[{row}]")

    def _field(self, field: dict[str, Any], value: dict[str, Any], path: str) -> None:
        name = field["name"]
        given = value.get(name)
        place = f"{path}/{name}"
        if given is not None:
            self.element(field, given, place)
        elif field.get("fixed") is not None and not field.get("optional"):
            self.element(field, field["fixed"], place)
        elif name in value and field.get("nil"):
            self._one(field, None, place)
        elif field.get("optional"):
            return
        elif field.get("nil"):
            self._one(field, None, place)
        elif not field.get("list"):
            raise BadInput(f"block {self.block!r} needs a value for {place.lstrip('/')!r}", parameter=place.lstrip("/"))

    def _others(self, wire: str, others: dict[str, Any], path: str) -> None:
        if not others:
            return
        if not self.types.open(wire):
            names = ", ".join(one["name"] for one in self.types.fields(wire)[:20]) or "none"
            name = next(iter(others))
            raise BadInput(
                f"{(path.lstrip('/') or 'the input')!r} of block {self.block!r} has no field {str(name)[:60]!r};"
                f" it has: {names}",
                parameter=f"{path}/{name}".lstrip("/")[:120],
            )
        for name, one in others.items():
            for entry in one if isinstance(one, list | tuple) else [one]:
                self._generic(str(name), entry, path)

    def _generic(self, name: str, value: Any, path: str) -> None:
        namespace = ""
        if name.startswith("{"):
            namespace, _, name = name[1:].partition("}")
        if not _NAME.match(name):
            raise BadInput(f"{name[:60]!r} cannot be the name of an XML element (block {self.block!r})")
        self._anything(self.tag(namespace, name), value, f"{path}/{name}")

    def _anything(self, tag: str, value: Any, path: str) -> None:
        """A value whose type is not declared says its own (XML Schema part 1 section 2.6.1)."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise BadInput(f"the input {path!r} of block {self.block!r} nests deeper than {_MAX_DEPTH} levels")
        if value is None:
            self.out.append(f'<{tag} {self.prefix(XSI)}:nil="true"/>')
        elif isinstance(value, dict):
            said = value.get("@type")
            if isinstance(said, str) and self.types.knows(said):
                shown = self._type_attribute((entry := self.types.entry(said)).get("ns", ""), entry.get("name", said))
                shown += self._attributes(said, value, path)
                rest = {key: one for key, one in value.items() if key[:1] != "@" and key != "#text"}
                self.out.append(f"<{tag}{shown}>")
                self._fields(said, rest, path)
                self._others(said, {key: rest[key] for key in rest if not self._is_field(said, key)}, path)
            else:
                self.out.append(f"<{tag}>")
                for name, one in value.items():
                    if str(name)[:1] in "@#":
                        continue
                    for entry in one if isinstance(one, list | tuple) else [one]:
                        self._generic(str(name), entry, path)
            self.out.append(f"</{tag}>")
        elif isinstance(value, list | tuple):
            self.out.append(f"<{tag}>")
            for one in value:
                self._generic("item", one, path)
            self.out.append(f"</{tag}>")
        else:
            kind = "boolean" if isinstance(value, bool) else "int" if isinstance(value, int) else "double"
            kind = kind if isinstance(value, bool | int | float) else "string"
            if kind == "int" and not -(2**31) <= value < 2**31:
                kind = "long" if -(2**63) <= value < 2**63 else "integer"
            shown = self._type_attribute(XSD, kind)
            self.out.append(f"<{tag}{shown}>{self.escaped(plain_text(value), path)}</{tag}>")
        self._depth -= 1

    def _attributes(self, wire: str, value: dict[str, Any], path: str) -> str:
        shown = ""
        known = set()
        for one in self.types.attributes(wire):
            known.add("@" + one["name"])
            given = value.get("@" + one["name"], one.get("fixed") if one.get("required") else None)
            if given is None:
                if one.get("required"):
                    place = f"{path}/@{one['name']}".lstrip("/")
                    raise BadInput(f"block {self.block!r} needs a value for {place!r}", parameter=place)
                continue
            text = self._wire_text(one["type"], given, f"{path}/@{one['name']}")
            shown += f' {self.tag(one.get("ns", ""), one["name"])}="{self.escaped(text, path, quoted=True)}"'
        for key in value:
            if key[:1] == "@" and key not in known and key != "@type" and not self.types.open(wire, "any_attributes"):
                raise self._wrong(path, f"an object without the attribute {key[:60]!r}")
        return shown

    def _type_attribute(self, namespace: str, name: str) -> str:
        return f' {self.prefix(XSI)}:type="{self.tag(namespace, name)}"'

    def _text(self, value: Any, wire: str, path: str) -> str:
        try:
            return to_text(value, wire[3:])
        except WrongValue as wrong:
            raise self._wrong(path, str(wrong)) from None

    def _wrong(self, path: str, wanted: str) -> BadInput:
        place = path.lstrip("/") or "the input"
        return BadInput(f"the input {place!r} of block {self.block!r} must be {wanted}", parameter=place[:120])

    def escaped(self, text: str, path: str, *, quoted: bool = False) -> str:
        """Text as XML has it; characters that XML 1.0 does not have are refused."""
        if _NOT_XML.search(text):
            raise self._wrong(path, "text without control characters, which XML cannot carry")
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
        return text.replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;") if quoted else text
