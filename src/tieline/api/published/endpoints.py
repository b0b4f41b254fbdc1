"""``/openapi.json``, ``/specs/{family}.json``, ``/consolidated/tieline.json``, ``/postman/*.json`` and ``/docs``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tieline.api.edge.access import edge_of
from tieline.api.published import page
from tieline.api.published.errors import NoSuchDocument
from tieline.api.published.kept import COLLECTION, ENVIRONMENT, READING, WHOLE, documents_of
from tieline.api.published.schemas import FAMILIES

router = APIRouter(include_in_schema=False)

# Kept by whoever likes, and asked about each time: the answer to that is 304 as long as nothing changed.
_CACHED = {"cache-control": "no-cache"}


@router.get("/openapi.json")
async def whole_document(request: Request) -> Response:
    """Everything."""
    return await _document(request, WHOLE)


@router.get("/consolidated/tieline.json")
async def consolidated_document(request: Request) -> Response:
    """Everything, under the name that it has beside the families."""
    return await _document(request, WHOLE)


@router.get("/specs/{family}.json")
async def family_document(request: Request) -> Response:
    """One family."""
    return await _document(request, f"specs/{_family(request)}.json")


@router.get("/postman/collection.json")
async def postman_collection(request: Request) -> Response:
    """A Postman collection of every operation."""
    return await _document(request, COLLECTION)


@router.get("/postman/environment.json")
async def postman_environment(request: Request) -> Response:
    """A Postman environment to fill in."""
    return await _document(request, ENVIRONMENT)


@router.get("/docs")
async def reference(request: Request) -> Response:
    """The reference, to read."""
    return _page("")


@router.get("/docs/{family}")
async def family_reference(request: Request) -> Response:
    """The reference of one family, to read."""
    return _page(_family(request))


@router.get("/docs/assets/{name}")
async def reference_file(request: Request) -> Response:
    """A file of these pages."""
    name = request.path_params["name"]
    if f"docs/assets/{name}" == READING:
        return await _document(request, READING)
    found = page.asset(name)
    if found is None:
        raise NoSuchDocument("There is no such file; the pages below /docs name those that there are.")
    return _answer(request, found.content, found.media_type, found.etag)


def _family(request: Request) -> str:
    name: str = request.path_params["family"]
    if name not in FAMILIES:
        raise NoSuchDocument(f"There is no such family; there are {', '.join(FAMILIES)}.")
    return name


async def _document(request: Request, name: str) -> Response:
    base = edge_of(request).origin.base(request)
    kept = await documents_of(request.app).get(name)
    etag = kept.etag(base)
    if _known(request, etag):
        return _unchanged(etag)
    return Response(kept.at(base), media_type="application/json", headers={**_CACHED, "etag": etag})


def _answer(request: Request, content: bytes, media_type: str, etag: str) -> Response:
    if _known(request, etag):
        return _unchanged(etag)
    return Response(content, media_type=media_type, headers={**_CACHED, "etag": etag})


def _page(family: str) -> Response:
    return HTMLResponse(page.render(family), headers={**_CACHED, "content-security-policy": page.POLICY})


def _known(request: Request, etag: str) -> bool:
    """Whether the caller has it already (RFC 9110 section 13.1.2)."""
    told = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in told or told == ["*"]


def _unchanged(etag: str) -> Response:
    return Response(status_code=304, headers={**_CACHED, "etag": etag})
