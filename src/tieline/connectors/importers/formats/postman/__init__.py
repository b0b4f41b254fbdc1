"""Postman collections 1, 2.0 and 2.1, with environments among the document's parts. Scripts are never run."""

from __future__ import annotations

from typing import Any

from tieline.connectors.importers.description import Description
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.postman.auths import Auths
from tieline.connectors.importers.formats.postman.operations import Operations
from tieline.connectors.importers.formats.postman.secrets import Secrets
from tieline.connectors.importers.formats.postman.tokens import offer_oauth2
from tieline.connectors.importers.formats.postman.variables import Scope, Variable, read_variables, said
from tieline.connectors.importers.formats.postman.version1 import is_version_1, modernised
from tieline.connectors.importers.formats.postman.walk import Tally, walk
from tieline.connectors.importers.reading import Document, read_document
from tieline.connectors.importers.references import References
from tieline.connectors.importers.registry import Format, register
from tieline.connectors.importers.values import Notices, mapping, sequence, text
from tieline.connectors.manifest.errors import UnreadableDocument


def detect(document: Document) -> float:
    """Certain where the schema address says so, likely where the shape does; an environment alone is recognised too."""
    root = _collection(document.data)
    info = mapping(root.get("info"))
    if "getpostman.com" in text(info.get("schema"), 200) or "_postman_id" in info:
        return 1.0
    if isinstance(root.get("item"), list) and "info" in root and "openapi" not in root:
        return 0.8
    if is_version_1(root):
        return 0.7
    return 0.3 if _is_environment(document.data) else 0.0


def describe(document: Document) -> Description:
    """The description of a collection; what is odd in it becomes a notice.

    Raises `NotAnApiDocument` for an environment without a collection.
    """
    if _is_environment(document.data):
        raise NotAnApiDocument(
            "This is a Postman environment, which holds values only; import the collection and give this file with it."
        )
    notices = Notices()
    notices.extend(document.notices)
    root = _collection(document.data)
    old = is_version_1(root)
    collection = modernised(root, notices) if old else root
    if not isinstance(collection.get("item"), list):
        notices.add("wrong-type", "`item` is missing or not a list; the collection holds no request.", "/item")
    info = mapping(collection.get("info"))
    secrets = Secrets()
    wide, environment = _environments(document, secrets, notices)
    scope = Scope({**wide, **read_variables(collection.get("variable"), secrets)}, environment)
    auths = Auths(secrets, notices)
    operations = Operations(auths, secrets, notices)
    for found in walk(collection, scope, secrets, Notices(), Tally()):
        operations.learn(found)
    tally = Tally()
    for found in walk(collection, scope, secrets, notices, tally):
        operations.add(found)
    description = Description(
        format="postman",
        references=References({}, notices),
        format_version=_format_version(info, old=old),
        title=secrets.clean(text(info.get("name"), 200)),
        version=_version(info.get("version")),
        description=secrets.clean(said(info.get("description"), 50_000)),
        address=document.address,
        sha256=document.sha256,
        notices=notices,
    )
    description.operations, description.servers = operations.close()
    description.auth = auths.methods()
    offer_oauth2(description, operations.grants())
    for folder in sequence(collection.get("item"))[:1_000]:
        folder = mapping(folder)
        if "item" in folder and (name := text(folder.get("name"), 100)):
            description.tags[name] = secrets.clean(said(folder.get("description"), 2_000))
    if not description.operations:
        notices.add("no-operations", "The collection holds no request.", "/item")
    elif not description.servers:
        notices.add("no-server", "The collection names no server; give the base URL with the connection.")
    if tally.scripts:
        notices.add("scripts", f"{tally.scripts} scripts were left out; what they compute has to be given as input.")
    return description


def _collection(data: Any) -> dict[str, Any]:
    """The collection itself; Postman's own API wraps it."""
    root = mapping(data)
    inner = root.get("collection")
    return inner if isinstance(inner, dict) and "item" not in root and "requests" not in root else root


def _is_environment(data: Any) -> bool:
    root = mapping(data)
    if "item" in root or "requests" in root:
        return False
    if "_postman_variable_scope" in root:
        return True
    values = sequence(root.get("values"))
    return bool(values) and "name" in root and all("key" in mapping(one) for one in values[:20])


def _environments(
    document: Document, secrets: Secrets, notices: Notices
) -> tuple[dict[str, Variable], dict[str, Variable]]:
    """The globals and the environment among the parts, as (globals, environment)."""
    wide: dict[str, Variable] = {}
    narrow: dict[str, Variable] = {}
    for name, data in document.parts.items():
        try:
            root = read_document(data, address=name).data
        except UnreadableDocument as error:
            notices.add("unreadable-part", f"{name[:200]!r} cannot be read: {error.detail}")
            continue
        if isinstance(root, dict) and isinstance(root.get("environment"), dict):
            root = root["environment"]
        if not _is_environment(root):
            notices.add("unused-part", f"{name[:200]!r} is no Postman environment; it was not used.")
            continue
        found = read_variables(root.get("values"), secrets)
        if text(root.get("_postman_variable_scope"), 20) == "globals":
            wide.update(found)
        else:
            narrow.update(found)
    return wide, narrow


def _format_version(info: dict[str, Any], *, old: bool) -> str:
    schema = text(info.get("schema"), 200)
    if old:
        return "1.0"
    return next((version for version in ("2.1", "2.0") if f"v{version}" in schema), "2.1" if not schema else "2.0")


def _version(node: Any) -> str:
    """A version: text, or {major, minor, patch}."""
    if isinstance(node, dict):
        return ".".join(text(node.get(name), 10) or "0" for name in ("major", "minor", "patch"))
    return text(node, 60)


register(Format("postman", "Postman collection", detect, describe))
