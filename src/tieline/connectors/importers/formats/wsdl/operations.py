"""From bindings and messages to operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tieline.connectors.importers.classify import verbs
from tieline.connectors.importers.classify.words import singular_name, split
from tieline.connectors.importers.description import Answer, Body, Operation, Param
from tieline.connectors.importers.formats.wsdl.index import MAX_OPERATIONS, Binding, Index, Port
from tieline.connectors.importers.formats.wsdl.types import Types
from tieline.connectors.importers.values import Notices, text
from tieline.connectors.manifest.errors import DocumentTooLarge
from tieline.connectors.manifest.xmlread import Node

_READING: Final = ("list", "search", "get")
_READ_WORDS: Final = ("describe", "query", "retrieve", "lookup", "check", "count", "is", "has")
_PREPOSITIONS: Final = ("by", "for", "of", "with", "in", "from")
_MEDIA: Final = "application/json"


@dataclass(slots=True)
class Message:
    """One direction of an operation: the field that stands in the body (or several), and the headers."""

    fields: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, Any]] = field(default_factory=list)
    namespace: str = ""
    encoded: bool = False


class Operations:
    """Builds the operations of ports."""

    def __init__(self, index: Index, types: Types, notices: Notices) -> None:
        self.index, self.types, self.notices = index, types, notices

    def of_port(self, port: Port, server: str, path: str, prefix: str) -> Iterator[Operation]:
        """The operations of one port; ``prefix`` sets their ids apart where several ports use one name."""
        binding = port.binding
        seen: dict[str, int] = {}
        for node in binding.node.all("operation"):
            name = node.get("name")
            abstract = self.index.operation(binding, node)
            if not name or abstract is None:
                self.notices.add(
                    "wrong-operation", f"The operation {name[:100]!r} is bound but not defined.", _place(node, "")
                )
                continue
            seen[name] = seen.get(name, 0) + 1
            if len(seen) > MAX_OPERATIONS or seen[name] > MAX_OPERATIONS:
                raise DocumentTooLarge(f"The WSDL has more than {MAX_OPERATIONS} operations.")
            own = name if seen[name] == 1 else f"{name}_{_suffix(node, seen[name])}"
            one = self._operation(binding, node, abstract, f"{prefix}.{own}" if prefix else own)
            one.server, one.endpoint = server, path
            yield one

    def _operation(self, binding: Binding, node: Node, abstract: Node, id_: str) -> Operation:
        pointer = _place(node, id_)
        soap_node = next((one for one in node.all("operation") if one.namespace in binding.soap), None)
        style = (soap_node.get("style") if soap_node is not None else "") or binding.style
        sent = self._message(binding, node.first("input"), abstract.first("input"), style)
        output = abstract.first("output")
        got = self._message(binding, node.first("output"), output, style)
        soap: dict[str, Any] = {"version": binding.version}
        if soap_node is not None and soap_node.get("soapAction"):
            soap["action"] = soap_node.get("soapAction")
        if style == "rpc":
            soap["style"] = "rpc"
        if sent.encoded:
            soap["encoded"] = True
        name = node.get("name")
        soap["input"], body_schema = self._frame(sent, name, style)
        if output is None:
            soap["one_way"] = True
            answer_schema: dict[str, Any] | None = None
        else:
            soap["output"], answer_schema = self._frame(got, name + "Response", style)
        if sent.headers:
            soap["headers"] = sent.headers
        if faults := self._fault_fields(abstract):
            soap["faults"] = faults
        said = _documentation(abstract) or _documentation(node)
        one = Operation(
            method="QUERY" if reads(name) else "POST",
            path=route(name),
            id=id_,
            summary=said[:300] if len(said) <= 120 else "",
            description=said,
            transport="soap",
            soap=soap,
            pointer=pointer,
        )
        if body_schema is not None and not self._is_empty(soap["input"]):
            one.body = Body(_MEDIA, body_schema, required=True, pointer=pointer)
        one.params = [
            Param(
                header["name"],
                "header",
                self.types.field_schema(header),
                description="A header of the envelope.",
                pointer=f"{pointer}, header {header['name']}",
            )
            for header in sent.headers
            if not _is_security(header)
        ]
        if answer_schema is not None:
            one.answers.append(Answer("200", media="text/xml", schema=answer_schema, pointer=pointer))
        return one

    def _frame(self, message: Message, name: str, style: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What stands in the body, for the runtime and as JSON Schema.

        ``element`` is the one element whose members are the inputs; without ``members`` its own value is the one input.
        ``parts`` are several elements side by side.
        """
        if style == "rpc":
            own = self._parameters(message.fields, name)
            return {"name": name, "ns": message.namespace, "type": own, "members": True}, self.types.schema_of(own)
        if len(message.fields) == 1:
            one = message.fields[0]
            frame: dict[str, Any] = {key: one[key] for key in ("name", "ns", "type", "nil", "list") if key in one}
            if not one.get("list") and self._has_members(one["type"]):
                return {**frame, "members": True}, self.types.schema_of(one["type"])
            return frame, {
                "type": "object",
                "properties": {one["name"]: self.types.field_schema(one)},
                "required": [one["name"]],
            }
        if not message.fields:
            return {}, None
        own = self._parameters(message.fields, name)
        return {"type": own, "parts": True}, self.types.schema_of(own)

    def _parameters(self, fields: list[dict[str, Any]], name: str) -> str:
        schema = {
            "type": "object",
            "properties": {one["name"]: self.types.field_schema(one) for one in fields},
        }
        if needed := [one["name"] for one in fields if one["type"].startswith("xs:") and not one.get("nil")]:
            schema["required"] = needed
        entry: dict[str, Any] = {"ns": "", "anonymous": True, "fields": fields}
        return self.types.add(name, entry, schema)

    def _is_empty(self, frame: dict[str, Any]) -> bool:
        """True for a request that only says what is wanted: ``<ListAccounts/>``."""
        if not frame.get("members"):
            return False
        self.types.compile()
        wire, seen = frame["type"], set[str]()
        while wire in self.types.table and wire not in seen:
            seen.add(wire)
            entry = self.types.table[wire]
            if any(entry.get(key) for key in ("fields", "attributes", "any", "text")):
                return False
            wire = entry.get("base", "")
        return True

    def _has_members(self, wire: str) -> bool:
        if wire.startswith("xs:"):
            return False
        self.types.compile()
        return "simple" not in self.types.table[wire] and "array" not in self.types.table[wire]

    def _message(self, binding: Binding, bound: Node | None, abstract: Node | None, style: str) -> Message:
        result = Message()
        if abstract is None:
            return result
        message = self.index.message(abstract)
        if message is None:
            self.notices.add("missing-message", f"The message {abstract.get('message')[:100]!r} is not defined.")
            return result
        extras = [] if bound is None else _extensions(bound)
        body = next((one for one in extras if one.name == "body" and one.namespace in binding.soap), None)
        headers = [one for one in extras if one.name == "header" and one.namespace in binding.soap]
        elsewhere = set()
        for one in headers:
            found = self._header(one, abstract)
            if found is not None and all(other["name"] != found["name"] for other in result.headers):
                result.headers.append(found)
            if self.index.named_message(one, "message") is message:
                elsewhere.add(one.get("part"))
        only = body.get("parts").split() if body is not None and "parts" in body.attributes else None
        if body is not None:
            result.namespace = body.get("namespace")
            result.encoded = body.get("use") == "encoded"
        for part in message.all("part"):
            name = part.get("name")
            if (only is not None and name not in only) or (only is None and name in elsewhere):
                continue
            result.fields.append(self._part(part, style))
        return result

    def _part(self, part: Node, style: str) -> dict[str, Any]:
        name = part.get("name")
        if part.get("element"):
            qname = part.qualified(part.get("element"))
            found = self.types.element(qname) or {"name": qname[1], "type": "xs:anyType", "ns": qname[0]}
            # An RPC part is called by its own name, whatever its element is called.
            return {**found, "name": name, "ns": ""} if style == "rpc" else found
        if part.get("type"):
            return self.types.field(name, "", part.qualified(part.get("type")))
        return {"name": name, "type": "xs:anyType", "ns": ""}

    def _header(self, node: Node, abstract: Node) -> dict[str, Any] | None:
        message = self.index.named_message(node, "message") if node.get("message") else self.index.message(abstract)
        if message is None:
            return None
        for part in message.all("part"):
            if part.get("name") == node.get("part"):
                return self._part(part, "document")
        return None

    def _fault_fields(self, abstract: Node) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for fault in abstract.all("fault"):
            message = self.index.message(fault)
            for part in [] if message is None else message.all("part"):
                one = self._part(part, "document")
                slim = {key: one[key] for key in ("name", "ns", "type")}
                if slim not in found:
                    found.append(slim)
        return found


def reads(name: str) -> bool:
    """Whether an operation of that name only looks."""
    said = verbs.of_id(name)
    if said is not None and said.verb in _READING:
        return True
    words = split(name)
    return bool(words) and words[0] in _READ_WORDS


def route(name: str) -> str:
    """What an operation is about, as a path: ``/contact`` for ListContacts, ``/contact.update`` for UpdateContact.

    Operations about one thing share it; "" for a name that begins with no known verb.
    """
    words = split(name)
    said = verbs.of_word(words[0]) if words else None
    if said is None:
        return ""
    if len(words) < 2:
        return "/" + words[0]
    cut = next((index for index, word in enumerate(words) if word in _PREPOSITIONS and index > 1), len(words))
    noun = "/" + singular_name("_".join(words[1:cut]))
    return noun if reads(name) else f"{noun}.{words[0]}"


def _is_security(header: dict[str, Any]) -> bool:
    return bool(header["name"] == "Security")


def _extensions(bound: Node) -> list[Node]:
    """The extension elements of an input or output; those of a MIME binding lie deeper (WSDL 1.1 section 5)."""
    found = list(bound.children)
    for related in bound.all("multipartRelated"):
        for part in related.all("part"):
            found += part.children
    return found


def _suffix(node: Node, number: int) -> str:
    given = next((one.get("name") for one in node.all("input") if one.get("name")), "")
    return given if given and given not in (node.get("name"), node.get("name") + "Request") else str(number)


def _documentation(node: Node) -> str:
    one = node.first("documentation")
    return "" if one is None else text(" ".join(one.text.split()), 5_000)


def _place(node: Node, name: str) -> str:
    return f"line {node.line}, operation {name}"
