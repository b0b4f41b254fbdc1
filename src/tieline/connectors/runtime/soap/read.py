"""XML to values, typed where the type table says how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tieline.connectors.manifest.xmlread import XSI, Node
from tieline.connectors.runtime.decode import NotReadable
from tieline.connectors.runtime.soap.scalars import from_text
from tieline.connectors.runtime.soap.types import XSD, TypeTable
from tieline.connectors.runtime.xmldata import plain_value

_ENCODING: Final = ("http://schemas.xmlsoap.org/soap/encoding/", "http://www.w3.org/2003/05/soap-encoding")
_ENVELOPES: Final = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
_XOP: Final = "http://www.w3.org/2004/08/xop/include"
_SHARED: Final = 50_000  # values beyond twice the number of elements, where elements refer to each other
_MAX_DEPTH: Final = 250


class Reader:
    """Reads the elements of one answer. ``attachments`` are the base64 texts of its other MIME parts by content id."""

    def __init__(
        self, types: TypeTable, root: Node, attachments: Mapping[str, str] | None = None, encoded: bool = False
    ) -> None:
        self.encoded = encoded
        self.types, self.root, self.attachments = types, root, dict(attachments or {})
        self.used: set[str] = set()  # content ids that stand inside a value
        self._by_id: dict[str, Node] | None = None
        self._open: set[int] = set()  # elements that are being read, by identity: references may lead in a circle
        self._count = self._depth = self._most = 0

    def value(self, node: Node, wire: str) -> Any:
        """The value of one element; raises `NotReadable` where references unfold without end."""
        self._count += 1
        if self._most and self._count > self._most:
            raise NotReadable(f"XML that unfolds to more than {self._most} values")
        if node.nil:
            return None
        node = self._target(node)
        if id(node) in self._open or self._depth > _MAX_DEPTH:
            return None
        self._open.add(id(node))
        self._depth += 1
        try:
            return self._value(node, wire)
        finally:
            self._depth -= 1
            self._open.discard(id(node))

    def members(self, nodes: list[Node], fields: list[dict[str, Any]]) -> dict[str, Any]:
        """Elements side by side as an object."""
        result: dict[str, Any] = {one["name"]: [] for one in fields if one.get("list")}
        known = {one["name"]: one for one in fields}
        for node in nodes:
            field = known.get(node.name)
            if field is None:
                self._put(result, node.name, self.value(node, "xs:anyType"))
            elif field.get("list"):
                result[node.name].append(self.value(node, field["type"]))
            else:
                self._put(result, node.name, self.value(node, field["type"]))
        return result

    def _value(self, node: Node, wire: str) -> Any:
        said = node.attributes.get(f"{{{XSI}}}type")
        actual = self._said(node, said, wire) if said else wire
        if actual.startswith("xs:"):
            return self._simple(node, actual)
        entry = self.types.entry(actual)
        if "simple" in entry:
            kind = entry["simple"]
            if entry.get("list"):
                return [from_text(one, kind[3:] if kind.startswith("xs:") else "string") for one in node.text.split()]
            return from_text(node.text, kind[3:])
        if "array" in entry:
            return [self.value(one, entry["array"]) for one in node.children]
        return self._complex(node, actual, wire)

    def _said(self, node: Node, said: str, declared: str) -> str:
        """``xsi:type`` where it says more than the declaration."""
        namespace, name = node.qualified(said)
        if namespace in _ENCODING:
            if name == "Array":
                return declared if "array" in self.types.entry(declared) else "xs:anyType"
            namespace = XSD
        found = self.types.named(namespace, name)
        if not found:
            return declared
        return found if declared == "xs:anyType" or not found.startswith("xs:") else declared

    def _simple(self, node: Node, wire: str) -> Any:
        if node.children:
            included = node.first("Include", _XOP)
            if included is not None:
                return self._included(included)
            if self._is_array(node):
                return [self.value(one, "xs:anyType") for one in node.children]
            return self._untyped(node)
        if wire in ("xs:anyType", "xs:ur-type"):
            return [] if self._is_array(node) else plain_value(node)
        return from_text(node.text, wire[3:])

    def _untyped(self, node: Node) -> Any:
        result: dict[str, Any] = {"@" + _local(key): one for key, one in self._own_attributes(node)}
        for child in node.children:
            self._put(result, child.name, self.value(child, "xs:anyType"))
        return result

    def _complex(self, node: Node, wire: str, declared: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        if wire != declared:
            result["@type"] = wire
        kinds = {one["name"]: one["type"] for one in self.types.attributes(wire)}
        for key, text in self._own_attributes(node):
            name = _local(key)
            kind = kinds.get(name, "xs:string")
            result["@" + name] = from_text(text, self._base(kind))
        text_type = self.types.text(wire)
        if text_type and (node.text.strip() or not node.children):
            result["#text"] = from_text(node.text, self._base(text_type))
        result.update(self.members(node.children, self.types.fields(wire)))
        return result

    def _base(self, wire: str) -> str:
        if not wire.startswith("xs:"):
            wire = self.types.entry(wire).get("simple", "xs:string")
        return wire[3:] if wire.startswith("xs:") else "string"

    def _own_attributes(self, node: Node) -> list[tuple[str, str]]:
        ours = (XSI, *_ENCODING, *_ENVELOPES)
        return [
            (key, one)
            for key, one in node.attributes.items()
            if not (key[:1] == "{" and key[1:].partition("}")[0] in ours)
            and not (self.encoded and key in ("href", "id", "arrayType"))
        ]

    def _is_array(self, node: Node) -> bool:
        said = node.attributes.get(f"{{{XSI}}}type", "")
        return bool(said) and node.qualified(said)[0] in _ENCODING and said.endswith("Array")

    def _target(self, node: Node) -> Node:
        """SOAP 1.1 section 5.4.1: ``href="#id"`` stands for another element of the envelope (1.2: ``ref``)."""
        href = node.attributes.get("href", "")
        if not href:
            ref = node.attributes.get(f"{{{_ENCODING[1]}}}ref", "")
            href = "#" + ref if ref else ""
        if not self.encoded or len(href) < 2 or href[0] != "#" or node.children:
            return node
        if self._by_id is None:
            self._by_id = {}
            pending, count = [self.root], 0
            while pending:
                one = pending.pop()
                count += 1
                own = one.attributes.get("id") or one.attributes.get(f"{{{_ENCODING[1]}}}id")
                if own:
                    self._by_id.setdefault(own, one)
                pending += one.children
            self._most = 2 * count + _SHARED
        return self._by_id.get(href[1:], node)

    def _included(self, node: Node) -> str | None:
        """XOP section 3.2: the bytes travel in another MIME part."""
        content_id = node.get("href").removeprefix("cid:")
        self.used.add(content_id)
        return self.attachments.get(content_id)

    @staticmethod
    def _put(result: dict[str, Any], name: str, value: Any) -> None:
        if name not in result:
            result[name] = value
        elif isinstance(result[name], list):
            result[name].append(value)
        else:
            result[name] = [result[name], value]


def _local(key: str) -> str:
    return key.rpartition("}")[2]
