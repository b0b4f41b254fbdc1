"""A stored connector against a newer document of the same API."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from tieline.connectors.drift.changes import Diff
from tieline.connectors.drift.compare import compare
from tieline.connectors.importers import import_document, merge
from tieline.connectors.importers.errors import NotAnApiDocument
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import SCHEMA, Manifest

_PAGES = frozenset(("html", "markdown", "text", "pdf", "prose"))


def read_state(data: bytes, *, address: str = "", parts: Mapping[str, bytes] | None = None) -> Manifest:
    """The connector that a document describes, or that a manifest is. Raises what importers and manifests raise."""
    if SCHEMA.encode() in data and b"schema" in data:
        return io.load(data)
    return import_document(data, address=address, parts=parts)


def against(stored: Manifest, data: bytes, *, address: str = "", parts: Mapping[str, bytes] | None = None) -> Diff:
    """What an import of the document would change.

    It is merged first, as an import would: what a person said about the connector is no difference. Long for a large
    document: call it in a thread.
    """
    newer = import_document(data, address=address, name=stored.name, parts=parts)
    before, after = _format(stored), _format(newer)
    if after in _PAGES and before and before not in _PAGES:
        # A page that says "not found", or asks to sign in.
        raise NotAnApiDocument(f"The document was {before} and is a page in {after} now; that is no newer document.")
    return compare(stored, merge(stored, newer))


def _format(manifest: Manifest) -> str:
    return manifest.source.format if manifest.source is not UNSET else ""
