"""API documentation as an HTML page."""

from __future__ import annotations

import re

from tieline.connectors.importers.description import Description
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.registry import Format, register

_START = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*){0,5}<(?:!doctype\s+html|html|head|body|div|h1|section"
    r"|article|main|title)\b",
    re.IGNORECASE | re.DOTALL,
)


def detect(document: Document) -> float:
    """By how the text begins; a page never reads as JSON or YAML data of its own."""
    return 0.9 if _START.match(document.text[:6_000]) else 0.0


def describe(document: Document) -> Description:
    """The description that the text of the page gives; scripts are never run, nothing is fetched."""
    from tieline.connectors.importers.prose.describe import SECONDS, describe_items
    from tieline.connectors.importers.prose.html import html_items, html_title
    from tieline.connectors.importers.prose.items import Clock

    clock = Clock(SECONDS)
    items = html_items(document.text, clock)
    return describe_items(document, items, "html", html_title(document.text), clock)


register(Format("html", "HTML documentation", detect, describe, plain=True))
