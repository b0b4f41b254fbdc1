"""All files of one WSDL: the document, what it imports and includes, and the standard schemas. Nothing is fetched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tieline.connectors.importers.formats.wsdl.names import OLD_XSD, WSDL, XSD
from tieline.connectors.importers.formats.wsdl.standard import standard_schema
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.reading.parts import joined
from tieline.connectors.importers.values import Notices
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.connectors.manifest.xmlread import Node, XmlRefused, read_xml

_MAX_FILES: Final = 500
_MAX_NODES: Final = 600_000  # of one file


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """One ``xs:schema``. An included file without a namespace of its own takes the one of the file that includes it."""

    node: Node
    namespace: str
    file: str  # the part's name, "" for the main document
    qualified: bool
    attributes_qualified: bool


@dataclass(slots=True)
class Files:
    """``definitions`` and ``schemas`` in the order in which they were met."""

    definitions: list[tuple[Node, str]] = field(default_factory=list)
    schemas: list[SchemaFile] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # addresses that are imported and were not handed in


def parse(data: bytes, what: str) -> Node:
    """The root element of one file; raises `UnreadableDocument` or `DocumentTooLarge`."""
    try:
        return read_xml(data, max_nodes=_MAX_NODES)
    except XmlRefused as error:
        cls = DocumentTooLarge if "more than" in str(error) or "deeper" in str(error) else UnreadableDocument
        place = f" ({what})" if what else ""
        if cls is DocumentTooLarge:
            raise DocumentTooLarge(f"This is {error}{place}.") from None
        raise UnreadableDocument(f"This is {error}{place}.", line=error.line, column=error.column) from None


def collect(root: Node, document: Document, notices: Notices) -> Files:
    """Follow every import from ``root`` as far as the document's parts lead."""
    return _Collector(document, notices).run(root)


class _Collector:
    def __init__(self, document: Document, notices: Notices) -> None:
        self.document, self.notices = document, notices
        self.files = Files()
        self.done: set[tuple[str, str]] = set()
        self.read: dict[str, Node | None] = {}
        self.namespaces: set[str] = set()
        self.wanted: list[tuple[str, str]] = []  # namespace, location of imports that led nowhere

    def run(self, root: Node) -> Files:
        self._definitions(root, "")
        have = {one.namespace for one in self.files.schemas}
        for namespace, location in self.wanted:
            self._without_file(namespace, location, have)
        return self.files

    def _definitions(self, root: Node, file: str) -> None:
        """Iterative: a chain of imports may be as long as the number of files."""
        pending = [(root, file)]
        self.done.add(("wsdl", file))
        while pending:
            node, name = pending.pop()
            if node.namespace in (XSD, *OLD_XSD) and node.name == "schema":
                self._schema(node, name, "")
                continue
            if node.name != "definitions" or node.namespace != WSDL:
                self.notices.add(
                    "wrong-import", f"{name!r} is neither a WSDL 1.1 document nor a schema; it was left out."
                )
                continue
            self.files.definitions.append((node, name))
            for types in node.all("types"):
                for schema in types.all("schema"):
                    self._schema(schema, name, "")
            for one in node.all("import", WSDL):
                location = one.get("location")
                found = self._open(location, name) if location else None
                if found is None:
                    self.wanted.append((one.get("namespace"), location))
                elif ("wsdl", found[1]) not in self.done:
                    self.done.add(("wsdl", found[1]))
                    pending.append(found)

    def _schema(self, root: Node, file: str, chameleon: str) -> None:
        pending = [(root, file, chameleon)]
        while pending:
            node, name, inherited = pending.pop()
            namespace = node.get("targetNamespace") or inherited
            self.files.schemas.append(
                SchemaFile(
                    node,
                    namespace,
                    name,
                    node.get("elementFormDefault") == "qualified",
                    node.get("attributeFormDefault") == "qualified",
                )
            )
            for one in node.children:
                if one.name not in ("import", "include", "redefine", "override") or one.namespace != node.namespace:
                    continue
                wanted = namespace if one.name != "import" else ""
                location = one.get("schemaLocation")
                found = self._open(location, name) if location else None
                if found is None:
                    self.wanted.append((one.get("namespace") or wanted, location))
                elif found[0].name != "schema":
                    self.notices.add("wrong-import", f"{location[:200]!r} is not a schema; it was left out.")
                elif (wanted, found[1]) not in self.done:
                    self.done.add((wanted, found[1]))
                    pending.append((*found, wanted))

    def _open(self, location: str, base: str) -> tuple[Node, str] | None:
        parts = self.document.parts
        if self._is_main(location, base):
            return None if ("wsdl", "") not in self.done else self._main()
        name = parts.find(location, base=base, address=self.document.address)
        if name is None:
            last = location.rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
            alike = [one for one in parts if one.rsplit("/", 1)[-1] == last] if last else []
            name = alike[0] if len(alike) == 1 else None
        if name is None:
            return None
        if name not in self.read:
            if len(self.read) >= _MAX_FILES:
                raise DocumentTooLarge(f"The WSDL imports more than {_MAX_FILES} files.")
            try:
                self.read[name] = parse(parts[name], name)
            except DocumentTooLarge:
                raise
            except UnreadableDocument as error:
                self.notices.add("unreadable-import", f"{name!r} was left out: {error.detail}")
                self.read[name] = None
        node = self.read[name]
        return None if node is None else (node, name)

    def _is_main(self, location: str, base: str) -> bool:
        address = self.document.address
        return bool(address) and (location == address or joined(base, location) == address)

    def _main(self) -> tuple[Node, str]:
        return self.files.definitions[0]

    def _without_file(self, namespace: str, location: str, have: set[str]) -> None:
        if namespace in have or namespace in (XSD, *OLD_XSD):
            return
        known = standard_schema(namespace)
        if known is not None:
            have.add(namespace)
            self._schema(parse(known, ""), namespace, "")
            return
        if not location or self._is_main(location, ""):
            return
        self.files.missing.append(location)
        self.notices.add(
            "missing-import",
            f"{location[:300]!r} (namespace {namespace[:200]!r}) was not handed in and is not fetched; its types"
            " are left open. Import again with that file as a further part.",
        )
