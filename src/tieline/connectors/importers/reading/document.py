"""One document: its data, its hash and what had to be mended to read it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.reading.jsonread import read_json
from tieline.connectors.importers.reading.parts import Parts
from tieline.connectors.importers.reading.text import decode
from tieline.connectors.importers.reading.yamlmend import read_yaml_mended
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument
from tieline.connectors.manifest.limits import MAX_BYTES
from tieline.connectors.manifest.model import Notice
from tieline.connectors.manifest.yamlread import read_yaml

_JSON_START = re.compile(r'\s*(?://|/\*|\{\s*(?:"|\}|//|/\*)|\[\s*[\[{"\]])')
# GraphQL's schema language, behind comments and a description; YAML would need a colon where its brace stands.
_SDL_START = re.compile(
    r'(?:[\s,]+|#[^\n]*|"""(?:[^"]|"(?!""))*+""")*+(?:extend\s{1,9})?(?:(?:type|interface|input|enum|union|schema)\b[^:{=\n]{0,500}'
    r"[{=]|(?:scalar\s{1,9}\w+|directive\s{1,9}@\w+\s{0,9}(?:\(|on\b|repeatable\b)))"
)
_SCRIPT = re.compile(
    r"\s*(?:(?:var|let|const)\s+[\w$]{1,60}\s*=|module\.exports\s*=|exports\.\w{1,60}\s*=|export\s+default"
    r"|(?:window|self|globalThis)\.\w{1,60}\s*=|[A-Za-z_$][\w$.]{0,60}\()\s*(?=[{\[])"
)
_SCRIPT_END = re.compile(r"\s*\)?\s*;?\s*\Z")


@dataclass(slots=True)
class Document:
    """What was read. ``data`` is plain JSON-like data with text keys, ``text`` the decoded source, ``raw`` its bytes.

    A document that is neither JSON nor YAML has no ``data`` and says why in ``problem``; formats that read ``text`` or
    ``raw`` themselves do not mind. ``parts`` are the further files of the same documentation.
    """

    data: Any
    text: str
    sha256: str
    address: str = ""
    notices: list[Notice] = field(default_factory=list)
    raw: bytes = b""
    parts: Parts = field(default_factory=Parts)
    problem: UnreadableDocument | None = None


def open_document(data: bytes, *, address: str = "", parts: Mapping[str, bytes] | None = None) -> Document:
    """Any document; what is not JSON or YAML comes with its ``problem``. Raises `DocumentTooLarge` only."""
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(f"{len(data) / 2**20:.0f} MB; the limit is {MAX_BYTES // 2**20} MB.")
    notices: list[Notice] = []
    document = Document(None, "", hashlib.sha256(data).hexdigest(), address, notices, data, Parts(parts))
    try:
        document.text = decode(data, notices).lstrip("\ufeff")
        if not document.text.strip():
            raise UnreadableDocument("The document is empty.")
        read: list[Notice] = []
        document.data = _read(document.text, read)
        notices += read
    except DocumentTooLarge:
        raise
    except UnreadableDocument as error:
        document.problem = error
    return document


def read_document(data: bytes, *, address: str = "") -> Document:
    """Read JSON or YAML in any usual encoding.

    Raises `UnreadableDocument` (with line and column where known) and `DocumentTooLarge`.
    """
    document = open_document(data, address=address)
    if document.problem is not None:
        raise document.problem
    return document


def _read(text: str, notices: list[Notice]) -> Any:
    if _SDL_START.match(text):
        raise UnreadableDocument("This is a GraphQL schema, neither JSON nor YAML.")
    start = text.lstrip()[:200].lower()
    if start.startswith("<"):
        kind = "an HTML page" if "html" in start or "<head" in start else "an XML document"
        raise UnreadableDocument(
            f"This is {kind}, not an API document in JSON or YAML; give the address of the document itself."
        )
    if (script := _SCRIPT.match(text)) and (end := _SCRIPT_END.search(text, script.end())):
        notices.append(
            Notice(code="repaired", message="line 1, column 1: the JavaScript around the data was left out.")
        )
        # Blanks in its place keep the lines and columns of what is said later.
        head = re.sub(r"[^\n]", " ", text[: script.end()])
        text = head + text[script.end() : end.start()]
    if not _JSON_START.match(text):
        return read_yaml_mended(text, notices)
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
