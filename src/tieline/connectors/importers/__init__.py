"""Documentation in, manifest out. Pure and synchronous: nothing is fetched, nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping

from tieline.connectors.importers.build import build_manifest
from tieline.connectors.importers.evidence import snippet
from tieline.connectors.importers.merge import merge
from tieline.connectors.importers.reading import open_document
from tieline.connectors.importers.reading.document import Document
from tieline.connectors.importers.registry import choose, known_formats
from tieline.connectors.importers.report import report, summary
from tieline.connectors.manifest.model import Manifest

__all__ = [
    "import_document",
    "import_with_source",
    "known_formats",
    "merge",
    "report",
    "snippet",
    "summary",
]


def import_document(
    data: bytes,
    *,
    address: str = "",
    format: str | None = None,
    name: str | None = None,
    parts: Mapping[str, bytes] | None = None,
) -> Manifest:
    """The connector that a document describes.

    ``address`` is where the document came from (relative servers hang on it), ``format`` forces a format, ``name`` the
    name of the connector. ``parts`` are further files of the same documentation, by their path relative to the
    document: a Postman environment, the files that a ``$ref`` or an import leads to. Raises `UnreadableDocument`,
    `NotAnApiDocument` or `UnknownFormat`; what is merely odd becomes a warning.
    """
    return import_with_source(data, address=address, format=format, name=name, parts=parts)[0]


def import_with_source(
    data: bytes,
    *,
    address: str = "",
    format: str | None = None,
    name: str | None = None,
    parts: Mapping[str, bytes] | None = None,
) -> tuple[Manifest, Document]:
    """The same with the document as it was read, in which `snippet` finds what facts name as their evidence."""
    document = open_document(data, address=address, parts=parts)
    return build_manifest(choose(document, format).describe(document), name), document
