"""Which other files a document refers to: ``$ref`` of OpenAPI, imports of WSDL and XML Schema, listings of Swagger 1.

Found by patterns in the text: quick, and indifferent to whatever else is wrong with the document.
"""

from __future__ import annotations

import re
from html import unescape

from tieline.connectors.importers.reading import decode, open_document
from tieline.connectors.manifest.errors import UnreadableDocument

_MAX_LINKS = 2_000
_REF = re.compile(
    r"""\$ref["']?\s{0,20}:\s{0,20}(?:"(?P<double>[^"\n]{1,500})"|'(?P<single>[^'\n]{1,500})'"""
    r"""|(?P<plain>[^\s"'#,}\]][^\s,}\]]{0,499}))"""
)
_IMPORT = re.compile(
    r"<(?:[\w.-]{1,50}:)?(?:import|include|redefine|override)\b[^<>]{0,2000}?"
    r"\b(?:schemaLocation|location)\s*=\s*(?:\"(?P<double>[^\"<>]{1,1000})\"|'(?P<single>[^'<>]{1,1000})')"
)
_LISTING = re.compile(r"""swaggerVersion|["']?swagger["']?\s{0,5}:\s{0,5}["']?1\.""")


def links(data: bytes) -> list[list[str]]:
    """What ``data`` refers to, without fragments, each once. An entry lists the names that the file may have."""
    try:
        text = decode(data, [])
    except UnreadableDocument:
        return []
    found: dict[str, list[str]] = {}
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        for match in _IMPORT.finditer(text):
            _take(found, unescape(match["double"] or match["single"]).strip())
        return list(found.values())
    for match in _REF.finditer(text):
        _take(found, (match["double"] or match["single"] or match["plain"]).replace("\\/", "/").strip())
    if _LISTING.search(text, 0, 100_000) and '"operations"' not in text:
        for path in _declarations(data):
            found[path] = [path, f"{path}.json", f"{path}.yaml", f"api-docs/{path}", f"api-docs/{path}.json"]
    return list(found.values())


def _take(found: dict[str, list[str]], link: str) -> None:
    link = link.partition("#")[0]
    # A bare word is the name of a schema, not of a file.
    if link and len(found) < _MAX_LINKS and re.search(r"[./?]", link) and not any(ord(one) < 32 for one in link):
        found.setdefault(link, [link])


def _declarations(data: bytes) -> list[str]:
    """The names of the declarations of a Swagger 1 resource listing."""
    try:
        document = open_document(data)
    except UnreadableDocument:
        return []
    root = document.data
    if not isinstance(root, dict) or not isinstance(root.get("apis"), list):
        return []
    paths = [one.get("path") for one in root["apis"] if isinstance(one, dict) and not one.get("operations")]
    named = [re.sub(r"\.\{format\}$", "", path).strip("/") for path in paths if isinstance(path, str)]
    return [name for name in named[:_MAX_LINKS] if name and not name.startswith("..") and "://" not in name]
