"""From the body of a request to a manifest."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
from msgspec import Struct

from tieline.api.cloud.connectors.errors import SourceUnreachable
from tieline.api.cloud.connectors.schemas import ImportConnector
from tieline.api.edge.access import Call
from tieline.api.edge.bodies import Incoming
from tieline.connectors.importers import import_document, summary
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import SCHEMA, Manifest
from tieline.core.errors import BadInput

FETCH_SECONDS = 30.0
FETCH_BYTES = 20 * 2**20
_ACCEPT = "application/json, application/yaml;q=0.9, text/yaml;q=0.9, */*;q=0.5"


class Imported(Struct, frozen=True):
    """A manifest and what there is to say about how it came to be; ``written`` = it came as a manifest."""

    manifest: Manifest
    written: bool
    report: dict[str, Any]


async def read_manifest(call: Call, body: Incoming[ImportConnector], *, name: str | None = None) -> Imported:
    """Fetches where an address was given, then imports, away from the event loop.

    Raises `EgressDenied` and its like, `SourceUnreachable`, and what the importers raise for a document.
    """
    wanted = body.model
    begun = time.perf_counter()
    data, address = await _document(call, body)
    written = wanted.format == "manifest" or (wanted.format is None and _is_manifest(data))
    if written:
        manifest = await asyncio.to_thread(_load, data, name or wanted.name)
    else:
        manifest = await asyncio.to_thread(
            import_document, data, address=address, format=wanted.format, name=name or wanted.name
        )
    report = {**await asyncio.to_thread(summary, manifest), "seconds": round(time.perf_counter() - begun, 3)}
    return Imported(manifest, written, report)


async def _document(call: Call, body: Incoming[ImportConnector]) -> tuple[bytes, str]:
    wanted = body.model
    if wanted.source is None:
        return (wanted.document.encode() if isinstance(wanted.document, str) else body.raw("document")), ""
    if not wanted.source.startswith(("http://", "https://")):
        raise BadInput(
            "The source is no http or https address; send the content of a file as document.", pointer="/source"
        )
    answer = await call.services.egress.request(
        "GET",
        wanted.source,
        headers={"accept": _ACCEPT, "user-agent": "tieline"},
        timeout=FETCH_SECONDS,
        max_bytes=FETCH_BYTES,
    )
    if answer.status != 200:
        raise SourceUnreachable(
            f"The address answered with status {answer.status}, not with a document.", pointer="/source"
        )
    return answer.body, answer.url


def _load(data: bytes, name: str | None) -> Manifest:
    manifest = io.load(data)
    return msgspec.structs.replace(manifest, name=name) if name else manifest


def _is_manifest(data: bytes) -> bool:
    """A manifest says so near its beginning or in its field ``schema``."""
    return SCHEMA.encode() in data and b"schema" in data
