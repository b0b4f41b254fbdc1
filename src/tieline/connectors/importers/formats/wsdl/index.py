"""Messages, port types, bindings and ports of all files, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tieline.connectors.importers.formats.wsdl.files import Files
from tieline.connectors.importers.formats.wsdl.names import HTTP, SOAP11, SOAP12, VERSIONS, WSDL
from tieline.connectors.importers.values import Notices
from tieline.connectors.manifest.xmlread import Node

QName = tuple[str, str]
_MAX_OVERLOADS: Final = 50
MAX_PORTS: Final = 500
MAX_OPERATIONS: Final = 20_000
_OVER_HTTP: Final = ("http://schemas.xmlsoap.org/soap/http", "http://www.w3.org/2003/05/soap/bindings/HTTP", "")


@dataclass(slots=True)
class Binding:
    """A SOAP binding."""

    name: str
    node: Node
    port_type: QName
    version: str  # 1.1 or 1.2
    style: str
    soap: tuple[str, ...] = (SOAP11, SOAP12)  # some generators mix the two namespaces within one binding


@dataclass(slots=True)
class Port:
    """Where a binding can be reached; ``address`` is "" where the document does not say."""

    name: str
    service: str
    binding: Binding
    address: str = ""


@dataclass(slots=True)
class Index:
    """Everything that has a name."""

    notices: Notices
    messages: dict[QName, Node] = field(default_factory=dict)
    port_types: dict[QName, Node] = field(default_factory=dict)
    bindings: dict[QName, Binding] = field(default_factory=dict)
    ports: list[Port] = field(default_factory=list)
    _operations: dict[int, dict[str, list[Node]]] = field(default_factory=dict)  # by the identity of their parent
    _locals: dict[int, dict[str, list[Node]]] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Files, notices: Notices) -> Index:
        """An index of all definitions; ports only over SOAP bindings."""
        index = cls(notices)
        for root, _ in files.definitions:
            space = root.get("targetNamespace")
            for node in root.children:
                name = (space, node.get("name"))
                if node.name == "message":
                    index.messages.setdefault(name, node)
                elif node.name == "portType":
                    index.port_types.setdefault(name, node)
                elif node.name == "binding" and name not in index.bindings:
                    index._binding(name, node)
        for root, _ in files.definitions:
            for service in root.all("service", WSDL):
                for port in service.all("port", WSDL):
                    index._port(service, port)
        if not index.ports:
            index.ports = [Port(one.name, "", one) for one in list(index.bindings.values())[:MAX_PORTS]]
        return index

    def message(self, use: Node) -> Node | None:
        """The message that an input, output or fault names."""
        return self.named_message(use, "message")

    def named_message(self, node: Node, attribute: str) -> Node | None:
        return self._get(self.messages, node.qualified(node.get(attribute)))

    def operation(self, binding: Binding, bound: Node) -> Node | None:
        """The abstract operation of a bound one; overloads are told apart by the names of input and output."""
        port_type = self._get(self.port_types, binding.port_type)
        alike = [] if port_type is None else self._by_name(port_type).get(bound.get("name"), [])[:_MAX_OVERLOADS]
        if len(alike) < 2:
            return alike[0] if alike else None
        for direction in ("input", "output"):
            mine = bound.first(direction)
            wanted = mine.get("name") if mine is not None else ""
            fitting = [
                one for one in alike if wanted and (it := one.first(direction)) is not None and it.get("name") == wanted
            ]
            if len(fitting) == 1:
                return fitting[0]
        mates = self._by_name(binding.node).get(bound.get("name"), [])[:_MAX_OVERLOADS]
        at = next((index for index, one in enumerate(mates) if one is bound), len(mates))
        return alike[min(at, len(alike) - 1)]

    def _by_name(self, parent: Node) -> dict[str, list[Node]]:
        """The operations of a port type or binding."""
        found = self._operations.get(id(parent))
        if found is None:
            found = self._operations[id(parent)] = {}
            for one in parent.all("operation"):
                found.setdefault(one.get("name"), []).append(one)
        return found

    def _get(self, table: dict[QName, Node], name: QName) -> Node | None:
        found = table.get(name)
        if found is None:
            # A forgotten prefix is the usual slip; one message of that name leaves no doubt.
            locals_ = self._locals.get(id(table))
            if locals_ is None:
                locals_ = self._locals[id(table)] = {}
                for (_, local), one in table.items():
                    locals_.setdefault(local, []).append(one)
            alike = locals_.get(name[1], [])
            found = alike[0] if len(alike) == 1 else None
        return found

    def _binding(self, name: QName, node: Node) -> None:
        for one in node.children:
            if one.name != "binding":
                continue
            if one.namespace == HTTP:
                self.notices.add("http-binding", f"The HTTP binding {name[1][:100]!r} was left out; SOAP is used.")
                return
            version = VERSIONS.get(one.namespace)
            if version is not None:
                transport = one.get("transport")
                if transport not in _OVER_HTTP:
                    self.notices.add(
                        "transport",
                        f"The binding {name[1][:100]!r} does not use HTTP ({transport[:100]}); it was left out.",
                    )
                    return
                style = one.get("style") or "document"
                self.bindings[name] = Binding(name[1], node, node.qualified(node.get("type")), version, style)
                return
        self.notices.add("unknown-binding", f"The binding {name[1][:100]!r} is not SOAP; it was left out.")

    def _port(self, service: Node, port: Node) -> None:
        if len(self.ports) >= MAX_PORTS:
            self.notices.add("too-many-ports", f"Only the first {MAX_PORTS} ports were read.")
            return
        wanted = port.qualified(port.get("binding"))
        binding = self.bindings.get(wanted)
        if binding is None:
            alike = [one for key, one in self.bindings.items() if key[1] == wanted[1]]
            binding = alike[0] if len(alike) == 1 else None
        if binding is None:
            return
        address = next((one.get("location").strip() for one in port.all("address")), "")
        self.ports.append(Port(port.get("name"), service.get("name"), binding, address))
