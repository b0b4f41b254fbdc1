"""Connectors: ``/connectors``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.edge.answers import Json
from tieline.api.oem.access import PartnerCall, partner
from tieline.api.oem.connectors.schemas import PartnerConnector, PartnerConnectorDetail, show
from tieline.api.oem.lists import PARAMETERS, Paging, page_model, paged, paging
from tieline.api.oem.routes import OemRoute, described
from tieline.oem import bindings
from tieline.oem.pages import page_of

router = APIRouter(tags=["connectors"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]


@router.get(
    "/connectors",
    **described(
        "List connectors",
        name="listConnectors",
        never=[404],
        answer=page_model("ConnectorPage", PartnerConnector),
        parameters=PARAMETERS,
    ),
)
async def list_connectors(call: Caller, page: Annotated[Paging, Depends(paging)]) -> Response:
    """The connectors that any of the partner's accounts has; each of them can be used in all accounts."""
    async with call.system() as unit:
        found = await page_of(unit, bindings.of_partner(call.partner_id), page.number, page.size)
    return paged(call, found, show)


@router.get(
    "/connectors/{guid}",
    **described("Get a connector", name="getConnector", answer=PartnerConnectorDetail, errors=[409]),
)
async def get_connector(call: Caller, guid: str) -> Response:
    """One connector, by GUID or key, with what it asks for: `params` of a datasource."""
    async with call.system() as unit:
        row = await bindings.connector(unit, call.partner_id, guid)
    async with call.edge.services.database.tenant(row["tenant_id"]) as unit:
        manifest = await call.edge.services.connectors.manifest(unit, row["id"])
    inputs = [
        {
            "name": one.id,
            "label": one.label or one.id,
            "type": one.type,
            "is_required": one.required,
            "is_secret": one.secret or one.type == "password",
            "auth_method": method.id,
        }
        for method in manifest.auth
        for one in method.fields
    ]
    return Json({**show(row), "inputs": inputs})
