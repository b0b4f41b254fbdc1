"""Pointers: ``/automations/{id}/pointers``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.pointers.schemas import PointerList, show_pointer
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import one_value

router = APIRouter(tags=["automations"])

Reader = Annotated[Call, Depends(access("automations", "read"))]
Writer = Annotated[Call, Depends(access("automations", "write"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]


@router.get(
    "/automations/{id:uuid}/pointers",
    **documented("List the pointers of an automation", name="getPointers", answer=PointerList, errors=[404]),
)
async def list_pointers(call: Reader, automation_id: AutomationId) -> Response:
    """Where its incremental blocks stand. An addition of ours."""
    async with call.unit() as unit:
        await reach(call, unit, automation_id)
        rows = await call.services.automations.pointers(unit, automation_id)
    return Json({"data": [show_pointer(row) for row in rows]})


@router.delete(
    "/automations/{id:uuid}/pointers",
    **documented(
        "Reset the pointers of an automation",
        name="resetPointers",
        status=204,
        errors=[404],
        parameters=[
            {
                "name": "blockId",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "Only the pointers of this block.",
            }
        ],
    ),
)
async def reset_pointers(call: Writer, automation_id: AutomationId) -> Response:
    """Lets its incremental blocks begin from the start again. An addition of ours."""
    block_id = one_value(call.request, "blockId")
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id)
        await call.services.automations.reset_pointers(unit, automation_id, block_id)
        await call.record(unit, "automation.pointers-reset", automation_id, automation["name"], {"block": block_id})
    return Empty()
