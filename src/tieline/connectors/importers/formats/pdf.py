"""API documentation as PDF."""

from __future__ import annotations

from tieline.connectors.importers.description import Description
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.registry import Format, register


def detect(document: Document) -> float:
    """Certain by the signature of the file (ISO 32000-1 section 7.5.2); a few bytes may stand before it."""
    return 1.0 if b"%PDF-" in document.raw[:1024] else 0.0


def describe(document: Document) -> Description:
    """The description that the text of the pages gives."""
    from tieline.connectors.importers.prose.describe import SECONDS, describe_items
    from tieline.connectors.importers.prose.items import Clock
    from tieline.connectors.importers.prose.pdf import pdf_items

    clock = Clock(SECONDS)
    items, title = pdf_items(document.raw, clock)
    return describe_items(document, items, "pdf", title, clock)


register(Format("pdf", "PDF documentation", detect, describe, plain=True))
