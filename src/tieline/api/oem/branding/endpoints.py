"""Branding: ``/branding``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.oem.access import PartnerCall, partner
from tieline.api.oem.branding.schemas import Branding, read, show
from tieline.api.oem.routes import OemRoute, described
from tieline.core.errors import BadInput
from tieline.oem import branding

router = APIRouter(tags=["embedding"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]

# What the fields are called here, and where they are kept.
_NAMES = {"/brandText": "/brand_text", "/productName": "/product_name"}


@router.get("/branding", **described("Get the branding", name="getBranding", answer=Branding, never=[404]))
async def get_branding(call: Caller) -> Response:
    """How the partner's customers see the studio."""
    async with call.system() as unit:
        return Json(show(await branding.get(unit, call.partner_id)))


@router.put(
    "/branding", **described("Set the branding", name="putBranding", answer=Branding, body=Branding, never=[404])
)
async def put_branding(call: Caller, body: Annotated[Incoming[Branding], Depends(json_body(Branding))]) -> Response:
    """Replaces all of it; what is left out is as without branding. Colours without enough contrast (WCAG 2.2) are
    refused, with the nearest that have it.
    """
    try:
        async with call.system() as unit:
            kept = await branding.put(unit, call.partner_id, read(body.model))
            told = {**kept, "logo": "set"} if "logo" in kept else kept
            await call.record(unit, "branding.updated", call.partner_id, detail=told)
    except BadInput as error:
        for name, wire in _NAMES.items():
            if error.pointer and error.pointer.startswith(name):
                error.pointer = wire + error.pointer.removeprefix(name)
        raise
    return Json(show(kept))
