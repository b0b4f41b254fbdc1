"""WSDL 1.1 with SOAP 1.1 and 1.2 bindings.

Read by ourselves: nothing is fetched, imports come from the document's parts or from the standard schemas, and a
missing one leaves its types open. Overloads, listed values and documentation are kept.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from tieline.connectors.importers.description import Description, Operation
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.wsdl.components import Components
from tieline.connectors.importers.formats.wsdl.files import Files, collect, parse
from tieline.connectors.importers.formats.wsdl.index import MAX_OPERATIONS, Index, Port
from tieline.connectors.importers.formats.wsdl.names import WADL, WSDL, WSDL2, XSD
from tieline.connectors.importers.formats.wsdl.operations import Operations
from tieline.connectors.importers.formats.wsdl.security import read_auth
from tieline.connectors.importers.formats.wsdl.types import Types
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.references import References, unescape
from tieline.connectors.importers.registry import Format, register
from tieline.connectors.importers.values import Notices, text
from tieline.connectors.manifest.errors import DocumentTooLarge
from tieline.connectors.manifest.model import Server
from tieline.connectors.manifest.xmlread import Node

_KNOWN = (WSDL.encode(), *(one.encode() for one in (*WSDL2, *WADL)))


def detect(document: Document) -> float:
    """Certain where a namespace of WSDL stands near the top of an XML document; any other XML gets a clear error."""
    start = document.text.lstrip("\ufeff \t\r\n")[:6]
    if not start.startswith("<") and b"<\0" not in document.raw[:8] and b"\0<" not in document.raw[:8]:
        return 0.0
    head = document.text[:100_000].encode("utf-8", "replace") if document.text else document.raw[:100_000]
    if any(one in head for one in _KNOWN):
        return 0.95
    lowered = head[:3_000].lower()
    if b"<!doctype html" in lowered or b"<html" in lowered or b"<head" in lowered or b"<body" in lowered:
        return 0.0
    return 0.05 if lowered.lstrip().startswith(b"<?xml") or b"xmlns" in lowered else 0.0


def describe(document: Document) -> Description:
    """The description of a SOAP service.

    Raises `UnreadableDocument` for XML that is broken or has a DTD, `DocumentTooLarge`, and `NotAnApiDocument` for WSDL
    2.0, WADL and other XML.
    """
    root = parse(document.raw, "")
    _require_wsdl(root)
    notices = Notices()
    notices.extend(one for one in document.notices if one.code != "encoding")
    files = collect(root, document, notices)
    components = Components()
    for schema in files.schemas:
        components.add(schema)
    types = Types(components, notices)
    index = Index.of(files, notices)
    ports = _chosen(index.ports)
    servers, operations = _operations(ports, Operations(index, types, notices))
    types.finish()
    if not operations:
        raise NotAnApiDocument(_why_empty(files, index))
    auth = read_auth(files, operations, servers, types, notices)
    references = References({"types": types.schemas}, notices)
    service = next((one for one in root.all("service", WSDL)), None)
    description = Description(
        format="wsdl",
        references=references,
        format_version="1.1",
        title=text(_title(root, index), 200),
        description=_said(service) or _said(root),
        address=document.address,
        sha256=document.sha256,
        servers=servers,
        auth=auth,
        operations=operations,
        schema_names=_schema_name,
        soap={"types": types.table},
        notices=notices,
    )
    if not servers:
        notices.add("no-server", "The document names no address; enter the connection's server.")
    return description


def _require_wsdl(root: Node) -> None:
    if root.namespace == WSDL and root.name == "definitions":
        return
    if root.namespace in WSDL2:
        raise NotAnApiDocument("This is WSDL 2.0, which is not supported; services with it also offer WSDL 1.1.")
    if root.namespace in WADL:
        raise NotAnApiDocument("This is WADL, which is not supported; import the API's OpenAPI or other documentation.")
    if root.namespace == XSD:
        raise NotAnApiDocument("This is an XML schema without a service; import the WSDL, with this file as a part.")
    raise NotAnApiDocument(f"This is XML with the root element {root.name[:60]!r}; WSDL 1.1 starts with 'definitions'.")


def _chosen(ports: list[Port]) -> list[Port]:
    """One port for each port type and service: SOAP 1.1 before 1.2, https before http, the others only as servers."""
    best: dict[tuple[str, tuple[str, str]], Port] = {}
    for port in ports:
        key = (port.service, port.binding.port_type)
        if key not in best or _rank(port) < _rank(best[key]):
            best[key] = port
    by_type: dict[tuple[tuple[str, str], str], Port] = {}
    for port in best.values():
        by_type.setdefault((port.binding.port_type, port.address), port)
    return list(by_type.values())


def _rank(port: Port) -> tuple[bool, bool]:
    return (port.binding.version != "1.1", not port.address.lower().startswith("https:"))


def _operations(ports: list[Port], make: Operations) -> tuple[list[Server], list[Operation]]:
    servers: list[Server] = []
    counts: dict[str, int] = {}
    for port in ports:
        for name in {one.get("name") for one in port.binding.node.all("operation")}:
            counts[name] = counts.get(name, 0) + 1
    clash = any(count > 1 for count in counts.values())
    operations: list[Operation] = []
    for port in ports:
        url, path = _address(port.address)
        if url and url not in [one.url for one in servers]:
            servers.append(Server(url=url, description=port.service or port.name))
        own = "" if not servers or url == servers[0].url else url
        found = list(make.of_port(port, own, path, port.name if clash and len(ports) > 1 else ""))
        if len(ports) > 1:
            for one in found:
                one.tags = [port.name]
        operations += found
        if len(operations) > MAX_OPERATIONS:
            raise DocumentTooLarge(f"The WSDL has more than {MAX_OPERATIONS} operations.")
    for port in make.index.ports:
        url, _ = _address(port.address)
        if url and all(one.url != url for one in servers):
            servers.append(
                Server(url=url, description=f"{port.service} {port.name}, SOAP {port.binding.version}".strip())
            )
    versions = {port.binding.version for port in make.index.ports}
    for one in operations:
        if others := versions - {one.soap["version"]}:
            one.soap["also"] = sorted(others)
    return servers, operations


def _address(address: str) -> tuple[str, str]:
    """The address as a base URL and as what a block's path adds to it: a final slash and the query."""
    if not address.lower().startswith(("http://", "https://")):
        return "", ""
    base, mark, query = address.partition("?")
    try:
        parts = urlsplit(base)
    except ValueError:
        return "", ""
    if not parts.netloc or "@" in parts.netloc:
        return "", ""
    slash = "/" if parts.path.endswith("/") and parts.path.strip("/") else ""
    return base.rstrip("/"), slash + (mark + query if query else "")


def _title(root: Node, index: Index) -> str:
    services = [one.service for one in index.ports if one.service]
    return (services[0] if services else "") or root.get("name") or (index.ports[0].name if index.ports else "")


def _said(node: Node | None) -> str:
    one = None if node is None else node.first("documentation")
    return "" if one is None else text(" ".join(one.text.split()), 5_000)


def _schema_name(pointer: str) -> str | None:
    return unescape(pointer.removeprefix("/types/")) if pointer.startswith("/types/") else None


def _why_empty(files: Files, index: Index) -> str:
    if files.missing:
        return f"The WSDL imports {files.missing[0][:200]!r}, which was not handed in, and defines no operation itself."
    what = "no SOAP binding" if not index.bindings else "no operation"
    return f"The WSDL defines {what}; there is nothing to call."


register(Format("wsdl", "WSDL 1.1 (SOAP)", detect, describe, plain=True))
