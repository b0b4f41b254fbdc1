"""``/openapi.json`` and ``/specs/{family}.json``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from tieline.api.edge.access import edge_of
from tieline.api.edge.answers import Json
from tieline.api.published.errors import NoSuchDocument
from tieline.api.published.schemas import FAMILIES, document, family

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
async def whole_document(request: Request) -> Response:
    """Everything."""
    return Json(_whole(request))


@router.get("/specs/{family}.json")
async def family_document(request: Request) -> Response:
    """One family."""
    name = request.path_params["family"]
    if name not in FAMILIES:
        raise NoSuchDocument(f"There is no such family; there are {', '.join(FAMILIES)}.")
    return Json(family(_whole(request), name))


def _whole(request: Request) -> dict[str, Any]:
    base = edge_of(request).origin.base(request)
    kept: dict[str, Any] | None = getattr(request.app.state, "openapi", None)
    if kept is None:
        kept = document(request.app, base)
        request.app.state.openapi = kept
    return {**kept, "servers": [{"url": base}]}
