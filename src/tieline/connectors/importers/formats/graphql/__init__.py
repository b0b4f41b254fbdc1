"""GraphQL: schema definitions (one file or several), introspection answers, and through them live endpoints."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tieline.connectors.importers.classify import auth
from tieline.connectors.importers.description import Description
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.importers.formats.graphql.introspect import (
    introspection_query,
    is_introspection,
    read_introspection,
)
from tieline.connectors.importers.formats.graphql.sdl import looks_like_sdl, read_sdl
from tieline.connectors.importers.formats.graphql.types import BUILT_IN, Schema, named
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.references import References
from tieline.connectors.importers.registry import Format, register
from tieline.connectors.importers.values import Notices
from tieline.connectors.manifest.model import AuthMethod, Fact, Server

__all__ = ["describe", "detect", "introspection_query", "is_introspection"]

SUFFIXES = (".graphql", ".graphqls", ".gql", ".sdl")


def detect(document: Document) -> float:
    """Certain for an introspection answer, likely for text that declares types as SDL does."""
    if is_introspection(document.data):
        return 1.0
    named_so = document.address.lower().split("?")[0].endswith(SUFFIXES)
    sure = looks_like_sdl(document.text, anywhere=named_so)
    if named_so and document.text.lstrip()[:1] not in ("{", "[", "<"):
        return 1.0 if sure else 0.3
    return sure


def describe(document: Document) -> Description:
    """The description of a schema, with blocks that its types settle.

    Raises `UnreadableDocument` for what is neither SDL nor an introspection answer, `DocumentTooLarge` for a schema
    beyond the limits, and `NotAnApiDocument` for one without queries and mutations.
    """
    from tieline.connectors.importers.formats.graphql.blocks import Reader

    notices = Notices()
    introspected = is_introspection(document.data) or document.text.lstrip()[:1] in ("{", "[")
    if introspected:
        if document.problem is not None:
            raise document.problem
        notices.extend(document.notices)
        schema = read_introspection(document.data, notices)
    else:
        if not document.text.strip() and document.problem is not None:
            raise document.problem
        schema = read_sdl(_sources(document), notices)
    _missing(schema, notices)
    reader = Reader(schema, notices)
    reader.read()
    if not reader.blocks:
        raise NotAnApiDocument("This GraphQL schema offers neither queries nor mutations; there is nothing to call.")
    schemas = {**reader.inputs.schemas(), **reader.selector.shared}
    description = Description(
        format="graphql",
        references=References({"schemas": schemas}, notices, address=document.address),
        format_version="introspection" if introspected else "sdl",
        title=_title(document.address),
        description=schema.description,
        address=document.address,
        sha256=document.sha256,
        auth=_auth(),
        schema_names=lambda at: at.rsplit("/", 1)[-1],
        blocks=reader.blocks,
        objects=list(reader.objects.values()),
        notices=notices,
    )
    endpoint = _endpoint(document.address) if introspected else ""
    if endpoint:
        description.servers = [Server(url=endpoint)]
    else:
        notices.add(
            "no-server",
            "A GraphQL schema does not say where its API is: enter the address of the endpoint as the connection's"
            " server.",
        )
    notices.add(
        "auth-unknown",
        "A GraphQL schema says nothing about authentication: choose between none, a bearer token, an API key in the"
        " header X-API-Key and basic; another header's name can be set in the connector.",
    )
    return description


def _sources(document: Document) -> list[tuple[str, str]]:
    """The document, and the further files that are schemas too."""
    found = [("", document.text)]
    for name in document.parts:
        if name.lower().endswith(SUFFIXES):
            found.append((name, document.parts[name].decode("utf-8", "replace")))
    return found


def _endpoint(address: str) -> str:
    """The address that answered an introspection query, "" where it is that of a file."""
    if not address.startswith(("http://", "https://")):
        return ""
    parts = urlsplit(address)
    last = parts.path.rsplit("/", 1)[-1]
    return "" if "." in last else re.split(r"[?#]", address, maxsplit=1)[0]


def _title(address: str) -> str:
    """A name from the host or the file; "" leaves it to the address itself."""
    if "://" in address:
        host = urlsplit(address).hostname or ""
        labels = [one for one in host.split(".") if one not in ("www", "api", "graphql", "gateway")]
        return labels[-2].capitalize() if len(labels) > 1 and not labels[-1].isdigit() else ""
    name = address.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    words = [one for one in name.replace("-", "_").replace(" ", "_").split("_") if one]
    kept = [one for one in words if one.lower() not in ("schema", "graphql", "introspection", "sdl")]
    return " ".join(kept or words)[:200]


def _auth() -> list[AuthMethod]:
    """The usual ways, as choices: none first, because a connection that needs nothing must work at once."""
    methods = [
        AuthMethod(id="none", kind="none", label="No authentication"),
        auth.bearer(),
        auth.api_key("header", "X-API-Key"),
        auth.basic(),
    ]
    for one in methods:
        one.facts["kind"] = Fact(confidence=0.3, note="a GraphQL schema says nothing about authentication")
    return methods


def _missing(schema: Schema, notices: Notices) -> None:
    """Says which types are used and declared nowhere; what is of such a type is left out."""
    used: dict[str, str] = {}
    for one in schema.types.values():
        for field in one.fields.values():
            used.setdefault(named(field.type), f"{one.name}.{field.name}")
            for argument in field.arguments:
                used.setdefault(named(argument.type), f"{one.name}.{field.name}({argument.name}:)")
        for member in one.inputs.values():
            used.setdefault(named(member.type), f"{one.name}.{member.name}")
    for name, where in sorted(used.items()):
        if name not in schema.types and name not in BUILT_IN:
            notices.add("missing-type", f"The type {name!r} is used but not declared.", where)


register(
    Format(
        name="graphql",
        label="GraphQL schema (SDL or introspection)",
        detect=detect,
        describe=describe,
        plain=True,
    )
)
