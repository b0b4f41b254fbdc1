"""Web integrations: ``/web-integrations``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from sqlalchemy import false
from starlette.responses import Response

from tieline.api.cloud.web_integrations.patching import Patch, read_patch
from tieline.api.cloud.web_integrations.schemas import (
    CreatedWebIntegration,
    CreateWebIntegration,
    WebIntegration,
    WebIntegrationList,
    WebIntegrationPatches,
    show_web_integration,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.anchors import Anchored, AnchorQuery
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import one_value, query_parameter
from tieline.storage.tables import web_integrations
from tieline.tenancy import web_integrations as service

router = APIRouter(tags=["web-integrations"])

Reader = Annotated[Call, Depends(access("web-integrations", "read"))]
Writer = Annotated[Call, Depends(access("web-integrations", "write"))]
WebIntegrationId = Annotated[UUID, Depends(path_id("id", "web integration"))]

LIST = Anchored(service.LISTING, sorts=("name",), default_sort="+name", kept=("tenantId",))


@router.get(
    "/web-integrations",
    **documented(
        "List web integrations",
        name="getWebIntegrations",
        answer=WebIntegrationList,
        parameters=[
            *LIST.parameters(),
            query_parameter("tenantId", {"type": "string"}, "Only those of this tenant: the caller's, or none."),
        ],
    ),
)
async def list_web_integrations(
    call: Reader, request: Request, query: Annotated[AnchorQuery, Depends(LIST.read)]
) -> Response:
    """The web integrations of the tenant."""
    wanted = one_value(request, "tenantId")
    async with call.unit() as unit:
        statement = unit.select(web_integrations)
        if wanted and wanted.lower() != str(call.principal.tenant_id):
            statement = statement.where(false())
        body = await LIST.answer(call, unit, query, statement, show_web_integration)
    return Json(body)


@router.post(
    "/web-integrations",
    **documented(
        "Create a web integration",
        name="createWebIntegration",
        answer=CreatedWebIntegration,
        status=201,
        body=CreateWebIntegration,
    ),
)
async def create_web_integration(
    call: Writer, body: Annotated[Incoming[CreateWebIntegration], Depends(json_body(CreateWebIntegration))]
) -> Response:
    """Lets the pages of these origins call the tenant's API. For tenant administrators."""
    call.principal.require_admin()
    wish = body.model
    async with call.unit() as unit:
        row = await service.create(unit, call.principal, name=wish.name, valid_origins=wish.valid_origins)
    here = f"{call.edge.origin.base(call.request)}/api/v1/web-integrations/{row['id']}"
    return Json({**show_web_integration(row), "links": {"self": {"href": here}}}, 201, {"location": here})


@router.get(
    "/web-integrations/{id:uuid}",
    **documented("Get a web integration", name="getWebIntegrationById", answer=WebIntegration, errors=[404]),
)
async def get_web_integration(call: Reader, web_integration_id: WebIntegrationId) -> Response:
    """One web integration."""
    async with call.unit() as unit:
        row = await service.get(unit, web_integration_id)
    return Json(show_web_integration(row))


@router.patch(
    "/web-integrations/{id:uuid}",
    **documented(
        "Update a web integration",
        name="updateWebIntegrationById",
        status=204,
        body=WebIntegrationPatches,
        errors=[404],
    ),
)
async def patch_web_integration(
    call: Writer, web_integration_id: WebIntegrationId, patch: Annotated[Patch, Depends(read_patch)]
) -> Response:
    """Replaces its name, its origins, or both. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        await service.change(
            unit, call.principal, web_integration_id, name=patch.name, valid_origins=patch.valid_origins
        )
    return Empty()


@router.delete(
    "/web-integrations/{id:uuid}",
    **documented("Delete a web integration", name="deleteWebIntegrationById", status=204, errors=[404]),
)
async def delete_web_integration(call: Writer, web_integration_id: WebIntegrationId) -> Response:
    """From now on its origins may not call any more. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        await service.delete(unit, call.principal, web_integration_id)
    return Empty()
