"""The studio as it was built: ``api/studio/dist``, which `bin/bootstrap` makes and the wheel carries.

``index.html`` is one page for every path of the studio and for the frames of partners; ``assets/*`` have a hash in
their name, and lie there compressed as well (``.gz``, ``.br``); ``embed.js`` is what a partner's page loads.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from tieline.core.errors import NotFound, Unavailable

FOLDER = Path(__file__).parent.parent / "studio" / "dist"
POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
)
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "webp": "image/webp",
    "woff2": "font/woff2",
}
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))


class NotBuilt(Unavailable):
    """A checkout whose studio was not built."""

    code = "studio-not-built"
    title = "The studio is not built"


def policy(*more: str) -> str:
    """The Content-Security-Policy of our pages, with more directives at its end."""
    return "; ".join((*POLICY, *more))


async def index() -> str:
    """The page. Raises `NotBuilt`."""
    content = await asyncio.to_thread(_read, FOLDER / "index.html")
    if content is None:
        raise NotBuilt("The studio's pages are not built; make web builds them.")
    return content.decode()


async def asset(request: Request, name: str) -> Response:
    """A file whose name changes with its content. Raises `NotFound`."""
    path = _path("assets", name)
    kind = _TYPES.get(path.suffix[1:], "application/octet-stream")
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    for encoding, suffix in _ENCODINGS:
        packed = path.with_name(path.name + suffix)
        if encoding in _accepted(request) and await asyncio.to_thread(packed.is_file):
            return FileResponse(packed, headers={**headers, "content-encoding": encoding}, media_type=kind)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("There is no such file; the studio was updated: load the page again.")
    return FileResponse(path, headers=headers, media_type=kind)


async def file(request: Request, name: str, headers: Mapping[str, str] | None = None) -> Response | None:
    """A file whose name stays (``embed.js``, ``icon.svg``), asked for again each time; None where there is none."""
    if not _NAME.fullmatch(name) or name.rpartition(".")[2] not in _TYPES or name == "index.html":
        return None
    path = FOLDER / name
    content = await asyncio.to_thread(_read, path)
    if content is None:
        return None
    return kept(request, content, _TYPES[path.suffix[1:]], headers)


def kept(request: Request, content: bytes, kind: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that a browser may keep, and has to ask about (RFC 9110 section 13.1.2)."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    about = {"etag": etag, "cache-control": "no-cache", **(headers or {})}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=about)
    return Response(content, headers={**about, "content-type": kind})


def absent(error: NotBuilt, headers: Mapping[str, str] | None = None) -> Response:
    """What a person sees who opens a page of a checkout that was not built."""
    title, detail = escape(error.title), escape(error.detail)
    html = f'<!doctype html><html lang="en"><title>{title}</title><p>{detail}</p></html>'
    return HTMLResponse(html, error.status, headers={**(headers or {}), "retry-after": "60"})


def _path(folder: str, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise NotFound("There is no such file.")
    return FOLDER / folder / name


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _accepted(request: Request) -> set[str]:
    """The encodings that the client takes; what it gives the weight 0 it does not take (RFC 9110 section 12.5.3)."""
    found = set()
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = one.partition(";")
        if weight.replace(" ", "").removeprefix("q=").strip("0.") or not weight:
            found.add(name.strip())
    return found
