"""API documentation as Markdown, with or without a front matter; AsciiDoc where it is plain."""

from __future__ import annotations

import re

from tieline.connectors.importers.description import Description
from tieline.connectors.importers.reading import Document
from tieline.connectors.importers.registry import Format, register

_NAMED = re.compile(r"\.(?:md|mdx|markdown|mkd|adoc|asciidoc|txt|rst)$", re.IGNORECASE)
_HEADING = re.compile(r"^(?:#{1,6}|={1,5}) \S", re.MULTILINE)
_FRONT = re.compile(r"---\r?\n.{0,19000}?\n---[ \t]*\r?\n\s*\S", re.DOTALL)
_MARKS = re.compile(r"^(?:```|~~~|\|.+\||[*-] \S|----$|\d\. )", re.MULTILINE)
_CALL = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE)\b[`* ]{1,4}(?:/|https?://)|\bcurl\s")


def detect(document: Document) -> float:
    """By headings, fences and tables, and calls among them; a text that is data of its own is no Markdown."""
    data = document.data
    fronted = isinstance(data, dict) and len(data) < 40 and bool(_FRONT.match(document.text[:20_000]))
    if (isinstance(data, dict | list) and not fronted) or document.text.lstrip()[:1] in ("", "<", "{", "["):
        return 0.0
    head = document.text[:200_000]
    score = 0.5 * bool(_HEADING.search(head)) + 0.1 * bool(_MARKS.search(head)) + 0.2 * bool(_CALL.search(head))
    return min(score + 0.2 * bool(_NAMED.search(document.address.split("?")[0])), 0.9) if score > 0.15 else 0.0


def describe(document: Document) -> Description:
    """The description that the text gives."""
    from tieline.connectors.importers.prose.describe import SECONDS, describe_items
    from tieline.connectors.importers.prose.items import Clock
    from tieline.connectors.importers.prose.markdown import front_title, markdown_items

    clock = Clock(SECONDS)
    items = markdown_items(document.text, clock)
    return describe_items(document, items, "markdown", front_title(document.text), clock)


register(Format("markdown", "Markdown documentation", detect, describe, plain=True))
