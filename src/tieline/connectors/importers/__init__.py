"""Documentation in, manifest out. Pure and synchronous: nothing is fetched, nothing is executed."""

from __future__ import annotations

from tieline.connectors.importers.build import build_manifest
from tieline.connectors.importers.merge import merge
from tieline.connectors.importers.reading import read_document
from tieline.connectors.importers.registry import choose, known_formats
from tieline.connectors.importers.report import report, reports, summary
from tieline.connectors.manifest.model import Manifest

__all__ = ["import_document", "known_formats", "merge", "report", "reports", "summary"]


def import_document(data: bytes, *, address: str = "", format: str | None = None, name: str | None = None) -> Manifest:
    """The connector that a document describes.

    ``address`` is where the document came from (relative servers hang on it), ``format`` forces a format, ``name`` the
    name of
    the connector. Raises `UnreadableDocument`, `NotAnApiDocument` or `UnknownFormat`; what is merely odd becomes a
    warning.
    """
    document = read_document(data, address=address)
    return build_manifest(choose(document, format).describe(document), name)
