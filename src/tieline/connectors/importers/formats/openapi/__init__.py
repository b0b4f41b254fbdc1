"""Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2."""

from __future__ import annotations

from typing import Any

from tieline.connectors.importers.description import Description, Operation
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.openapi.events import read_events
from tieline.connectors.importers.formats.openapi.operations import read_operations
from tieline.connectors.importers.formats.openapi.security import Security
from tieline.connectors.importers.formats.openapi.servers import read_servers
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.references import References, last_word, unescape
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
    references = References(root, notices, address=document.address, parts=document.parts)
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
    aside, parents = _kinds_of_tags(root, references)
    description.operations = read_operations(root, references, notices, security, old=old, address=document.address)
    for operation in description.operations:
        _settle_tags(operation, aside, parents)
    description.events = read_events(root, references, notices, description.operations, old=old)
    description.auth = security.methods()
    return description


def _kinds_of_tags(root: dict[str, Any], references: References) -> tuple[set[str], dict[str, str]]:
    """OpenAPI 3.2 section 4.22: tags that do not group operations (a badge, an audience), and the parents of tags."""
    aside: set[str] = set()
    parents: dict[str, str] = {}
    for tag in sequence(root.get("tags")):
        tag = mapping(references.resolve(tag))
        name = text(tag.get("name"), 100)
        if text(tag.get("kind"), 40) in ("badge", "audience"):
            aside.add(name)
        if parent := text(tag.get("parent"), 100):
            parents[name] = parent
    return aside, parents


def _settle_tags(operation: Operation, aside: set[str], parents: dict[str, str]) -> None:
    tags = [tag for tag in operation.tags if tag not in aside]
    for tag in list(tags):
        parent = parents.get(tag, "")
        while parent and parent not in tags and len(tags) < 20:
            tags.append(parent)
            parent = parents.get(parent, "")
    operation.tags = tags


def _schema_name(at: str) -> str | None:
    """The name of the shared schema that a pointer leads to, None for any other place."""
    if not at.startswith("/") and "#" in at:
        part, _, at = at.rpartition("#")
        if at.count("/") <= 1:
            # A file that is one schema, or one that holds schemas by name.
            return last_word(f"{part}#{at}")
    for home in _SCHEMA_HOMES:
        if at.startswith(home) and "/" not in (rest := at[len(home) :]):
            return unescape(rest)
    return None


register(Format("openapi", "OpenAPI/Swagger", detect, describe))
