"""The reference that people read: Redoc over one of the documents.

Redoc's bundle comes with the package fastapi-offline, of which nothing else is used; see decision 0012. Nothing is
fetched from anywhere else, and nothing on the page runs that is not one of the files below.
"""

from __future__ import annotations

import hashlib
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from tieline.api.published.families import FAMILIES, title_of
from tieline.api.published.kept import COLLECTION, ENVIRONMENT, READING, WHOLE

# Redoc searches in a worker that it makes of a text, and writes its styles by the programming interface of style sheets
# into elements that are empty, which is the first of these hashes; the second is of the one sheet that is not (its
# scroll bars). Nothing else may be written into the page, neither style nor script.
_STYLES = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {_STYLES}; img-src 'self' data:; connect-src 'self'; "
    "worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
BUNDLE = "redoc.standalone.js"
_OURS = {"start.js": "text/javascript; charset=utf-8", "page.css": "text/css; charset=utf-8"}


class Asset(Struct, frozen=True):
    """A file of the page."""

    content: bytes
    media_type: str
    etag: str


@cache
def asset(name: str) -> Asset | None:
    """A file of the page; None where there is none of this name."""
    if name == BUNDLE:
        return _read(_bundle(), "text/javascript; charset=utf-8")
    if name in _OURS:
        return _read(Path(__file__).with_name("assets") / name, _OURS[name])
    return None


def render(family: str) -> str:
    """The page about a family; "" = about everything."""
    root = ".." if family else "."
    document = f"specs/{family}.json" if family else WHOLE
    shown = document if family else READING
    here = family and f"/{family}"
    chosen = [
        f'<option value="{root}/docs{where}"{" selected" if where == here else ""}>{escape(label)}</option>'
        for where, label in [("", "Everything"), *((f"/{name}", name) for name in FAMILIES)]
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Tieline: {escape(title_of(family))}</title>"
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{root}/docs/assets/page.css"></head><body>'
        '<header><strong>Tieline API</strong><label>Part <select id="family">'
        f'{"".join(chosen)}</select></label><a href="{root}/{document}">OpenAPI</a>'
        f'<a href="{root}/{COLLECTION}">Postman collection</a><a href="{root}/{ENVIRONMENT}">environment</a></header>'
        f'<main id="reference" data-document="{root}/{shown}"><p>Loading the reference ...</p></main>'
        f"<noscript><p>This page needs JavaScript. The same is said by the document: "
        f'<a href="{root}/{document}">{document}</a>.</p></noscript>'
        f'<script src="{root}/docs/assets/{BUNDLE}"></script><script src="{root}/docs/assets/start.js"></script>'
        "</body></html>"
    )


def _bundle() -> Path:
    # Found without importing it, which would only make a second FastAPI ready.
    spec = find_spec("fastapi_offline")
    places = (spec.submodule_search_locations if spec else None) or []
    return Path(next(iter(places), "")) / "static" / BUNDLE


def _read(path: Path, media_type: str) -> Asset | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return Asset(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:16]}"')
