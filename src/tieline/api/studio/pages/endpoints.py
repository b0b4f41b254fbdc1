"""``/studio/...``: one page for every path, and what it is made of; ``/embed.js``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from tieline.api.edge import built

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "content-security-policy": built.policy("frame-ancestors 'none'"),
    "cross-origin-opener-policy": "same-origin",
}
_ELSEWHERE = {"cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*"}


@router.get("/studio", name="studio")
async def studio() -> Response:
    """The way to the studio."""
    return RedirectResponse("/studio/", 308)


@router.get("/studio/assets/{name}", name="studioAsset")
async def asset(request: Request, name: str) -> Response:
    """A file with a hash in its name."""
    return await built.asset(request, name)


@router.get("/studio/{page:path}", name="studioPage")
async def page(request: Request, page: str) -> Response:
    """The page, whatever the path: it looks at the path itself."""
    found = await built.file(request, page)
    if found is not None:
        return found
    try:
        content = await built.index()
    except built.NotBuilt as error:
        return built.absent(error)
    return built.kept(request, content.encode(), "text/html; charset=utf-8", _HEADERS)


@router.get("/embed.js", name="embedScript")
async def embed_script(request: Request) -> Response:
    """What a partner's page loads."""
    found = await built.file(request, "embed.js", _ELSEWHERE)
    if found is None:
        raise built.NotBuilt("The script embed.js is not built; make web builds it.")
    return found
