"""Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2."""

from __future__ import annotations

from tieline.connectors.importers.description import Description
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.openapi.events import read_events
from tieline.connectors.importers.formats.openapi.operations import read_operations
from tieline.connectors.importers.formats.openapi.security import Security
from tieline.connectors.importers.formats.openapi.servers import read_servers
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.references import References, unescape
from tieline.connectors.importers.registry import Format, register
from tieline.connectors.importers.values import Notices, mapping, sequence, text

_SCHEMA_HOMES = ("/components/schemas/", "/definitions/")


def detect(document: Document) -> float:
    """Certain where the version field says so, likely where the rest looks like it."""
    data = document.data
    if not isinstance(data, dict):
        return 0.0
    if "openapi" in data or "swagger" in data:
        return 1.0 if "paths" in data or "webhooks" in data or "components" in data or "info" in data else 0.6
    if isinstance(data.get("paths"), dict) and ("info" in data or "components" in data or "definitions" in data):
        return 0.8
    return 0.0


def describe(document: Document) -> Description:
    """The description of an OpenAPI document; what is wrong in it becomes a notice.

    Raises `NotAnApiDocument` for a Swagger 1.x resource listing, which lies in several files.
    """
    root = mapping(document.data)
    notices = Notices()
    notices.extend(document.notices)
    version = text(root.get("openapi"), 20) or text(root.get("swagger"), 20)
    old = "openapi" not in root and ("swagger" in root or "definitions" in root)
    if (old and version.startswith("1")) or "swaggerVersion" in root:
        raise NotAnApiDocument(
            "This is a Swagger 1.x resource listing, which lies in several files; convert it to Swagger 2.0 first."
        )
    if not version:
        notices.add("no-version", "The document does not say which version of OpenAPI it follows.")
        version = "2.0" if old else "3.0.0"
    references = References(root, notices, address=document.address)
    info = root.get("info")
    if not isinstance(info, dict):
        notices.add("wrong-type", "`info` is missing or not a mapping.", "/info")
    info = mapping(info)
    security = Security(root, references, notices, old=old, address=document.address)
    description = Description(
        format="swagger" if old else "openapi",
        references=references,
        format_version=version,
        title=text(info.get("title"), 200),
        version=text(info.get("version"), 60),
        description=text(info.get("description"), 50_000),
        address=document.address,
        sha256=document.sha256,
        servers=read_servers(root, notices, old=old, address=document.address),
        notices=notices,
        schema_names=_schema_name,
    )
    for tag in sequence(root.get("tags")):
        tag = mapping(references.resolve(tag))
        if name := text(tag.get("name"), 100):
            description.tags[name] = text(tag.get("description"))
    description.operations = read_operations(root, references, notices, security, old=old, address=document.address)
    description.events = read_events(root, references, notices, description.operations, old=old)
    description.auth = security.methods()
    return description


def _schema_name(at: str) -> str | None:
    """The name of the shared schema that a pointer leads to, None for any other place."""
    for home in _SCHEMA_HOMES:
        if at.startswith(home) and "/" not in (rest := at[len(home) :]):
            return unescape(rest)
    return None


register(Format("openapi", "OpenAPI/Swagger", detect, describe))
