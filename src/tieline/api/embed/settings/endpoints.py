"""``/embed/{partner}/settings``: read by pages before anybody is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from tieline.api.edge.access import edge_of
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.api.embed.settings.schemas import PublicEmbedSettings
from tieline.oem import branding
from tieline.oem.sso import embedding

router = APIRouter(tags=["sso"])

PartnerName = Annotated[str, Path(alias="partner", description="The partner's app id.", max_length=200)]


@router.get(
    "/embed/{partner}/settings",
    **documented(
        "Get the public embed settings",
        name="getPublicEmbedSettings",
        answer=PublicEmbedSettings,
        secured=False,
        errors=[400, 404],
    ),
)
async def get_settings(request: Request, name: PartnerName) -> Response:
    """Origins and branding of a partner; kept for a minute."""
    async with edge_of(request).services.database.system() as unit:
        row = await embedding.find(unit, name)
    worn = branding.branding_of(row["settings"])
    shown = {
        "origins": embedding.origins_of(row["settings"]),
        "branding": worn,
        "productName": worn.get("productName") or row["name"],
    }
    return Json(shown, headers={"cache-control": "public, max-age=60"})
