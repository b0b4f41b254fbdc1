"""One document: its data, its hash and what had to be mended to read it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.reading.jsonread import read_json
from tieline.connectors.importers.reading.text import decode
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.connectors.manifest.limits import MAX_BYTES
from tieline.connectors.manifest.model import Notice
from tieline.connectors.manifest.yamlread import read_yaml

_JSON_START = re.compile(r'\s*(?://|/\*|\{\s*(?:"|\}|//|/\*)|\[\s*[\[{"\]])')


@dataclass(slots=True)
class Document:
    """What was read. ``data`` is plain JSON-like data with text keys, ``text`` the decoded source."""

    data: Any
    text: str
    sha256: str
    address: str = ""
    notices: list[Notice] = field(default_factory=list)


def read_document(data: bytes, *, address: str = "") -> Document:
    """Read JSON or YAML in any usual encoding.

    Raises `UnreadableDocument` (with line and column where known) and `DocumentTooLarge`.
    """
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(f"{len(data) / 2**20:.0f} MB; the limit is {MAX_BYTES // 2**20} MB.")
    notices: list[Notice] = []
    text = decode(data, notices).lstrip("\ufeff")
    if not text.strip():
        raise UnreadableDocument("The document is empty.")
    return Document(_read(text, notices), text, hashlib.sha256(data).hexdigest(), address, notices)


def _read(text: str, notices: list[Notice]) -> Any:
    start = text.lstrip()[:200].lower()
    if start.startswith("<"):
        kind = "an HTML page" if "html" in start or "<head" in start else "an XML document"
        raise UnreadableDocument(
            f"This is {kind}, not an API document in JSON or YAML; give the address of the document itself."
        )
    if not _JSON_START.match(text):
        return read_yaml(text, notices)
    try:
        return read_json(text, notices)
    except DocumentTooLarge:
        raise
    except UnreadableDocument as error:
        # YAML's flow style looks like JSON but allows plain words and single quotes.
        mended: list[Notice] = []
        try:
            data = read_yaml(text, mended)
        except UnreadableDocument:
            raise error from None
        notices += [*mended, Notice(code="repaired", message="Not valid JSON; the document was read as YAML.")]
        return data
