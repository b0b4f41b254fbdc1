"""From the body of a request to a manifest."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Any

import msgspec
from msgspec import Struct

from tieline.api.cloud.connectors.errors import SourceUnreachable
from tieline.api.cloud.connectors.schemas import ImportConnector
from tieline.api.edge.access import Call
from tieline.api.edge.bodies import Incoming
from tieline.connectors.documents import Bundle, fetch, gather_url, is_archive, is_url, open_archive
from tieline.connectors.importers import import_with_source, summary
from tieline.connectors.importers.reading.document import Document
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import SCHEMA, Manifest
from tieline.core.errors import BadInput

FETCH_SECONDS = 30.0
FETCH_BYTES = 32 * 2**20


class Imported(Struct, frozen=True):
    """A manifest and what there is to say about how it came to be; ``written`` = it came as a manifest, else
    ``document`` is what it was made of."""

    manifest: Manifest
    written: bool
    report: dict[str, Any]
    document: Document | None = None


async def read_manifest(call: Call, body: Incoming[ImportConnector], *, name: str | None = None) -> Imported:
    """Fetches where an address was given, then imports, away from the event loop.

    Raises `EgressDenied` and its like, `SourceUnreachable`, and what the importers raise for a document.
    """
    wanted = body.model
    begun = time.perf_counter()
    bundle = await _gathered(call, body)
    data = bundle.data
    document: Document | None = None
    written = wanted.format == "manifest" or (wanted.format is None and _is_manifest(data))
    if written:
        manifest = await asyncio.to_thread(_load, data, name or wanted.name)
    else:
        manifest, document = await asyncio.to_thread(
            import_with_source,
            data,
            address=bundle.address,
            format=wanted.format,
            name=name or wanted.name,
            parts=bundle.parts,
        )
    report = {**await asyncio.to_thread(summary, manifest), "seconds": round(time.perf_counter() - begun, 3)}
    return Imported(manifest, written, report, document)


async def _gathered(call: Call, body: Incoming[ImportConnector]) -> Bundle:
    """The document with its further files: those that were sent, that an archive holds, or that its server has."""
    wanted = body.model
    given = {name: _bytes(text, wanted.encoding, "/parts") for name, text in (wanted.parts or {}).items()}
    if wanted.source is None:
        if isinstance(wanted.document, str):
            data = _bytes(wanted.document, wanted.encoding, "/document")
        else:
            data = body.raw("document")
        bundle = await asyncio.to_thread(open_archive, data) if is_archive(data) else Bundle(data)
    else:
        bundle = await _fetched(call, wanted.source, wanted.format)
    bundle.parts.update(given)
    return bundle


async def _fetched(call: Call, source: str, format: str | None) -> Bundle:
    if not is_url(source):
        raise BadInput(
            "The source is no http or https address; send the content of a file as document.", pointer="/source"
        )
    egress = call.services.egress
    answer = await fetch(egress, source, timeout=FETCH_SECONDS, max_bytes=FETCH_BYTES, format=format)
    if answer.status != 200:
        raise SourceUnreachable(
            f"The address answered with status {answer.status}, not with a document.", pointer="/source"
        )
    return await gather_url(egress, answer.body, answer.url)


def _bytes(text: str, encoding: str, pointer: str) -> bytes:
    if encoding == "text":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadInput("What was sent is not base64 (RFC 4648 section 4).", pointer=pointer) from None


def _load(data: bytes, name: str | None) -> Manifest:
    manifest = io.load(data)
    return msgspec.structs.replace(manifest, name=name) if name else manifest


def _is_manifest(data: bytes) -> bool:
    """A manifest says so near its beginning or in its field ``schema``."""
    return SCHEMA.encode() in data and b"schema" in data
