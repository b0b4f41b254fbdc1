"""Which integrations run which version: ``/templates/{template}/roll-out``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.oem.access import PartnerCall, partner
from tieline.api.oem.rollout.schemas import Canary, Chosen, RollOut, show
from tieline.api.oem.routes import OemRoute, described, optional_body
from tieline.oem import templates
from tieline.oem.rollout import counts

router = APIRouter(tags=["roll-out"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
Name = Annotated[str, Path(alias="template", description="GUID or external id of a template.")]
Maybe = Annotated[Incoming[Chosen], Depends(optional_body(Chosen))]


@router.get("/templates/{template}/roll-out", **described("Get the roll-out", name="getRollOut", answer=RollOut))
async def get_roll_out(call: Caller, name: Name) -> Response:
    """Where a template stands, and how many integrations run each version."""
    async with call.system() as unit:
        row = await templates.find(unit, call.partner_id, name)
    return await _answer(call, row)


@router.put(
    "/templates/{template}/roll-out",
    **described("Start or change a canary", name="putCanary", answer=RollOut, body=Canary),
)
async def put_canary(
    call: Caller, name: Name, body: Annotated[Incoming[Canary], Depends(json_body(Canary))]
) -> Response:
    """Lets a share of the integrations that are not pinned run a version, and the others the live one."""
    return await _answer(
        call,
        await call.side.rollout.canary(call.partner_id, name, body.model.version, body.model.share, by=call.caller),
    )


@router.post(
    "/templates/{template}/roll-out/promote",
    **described("Promote a version", name="promoteVersion", answer=RollOut, body=Chosen, body_required=False),
)
async def promote(call: Caller, name: Name, body: Maybe) -> Response:
    """Makes the canary live, or the newest version where there is none, or `version`."""
    version = body.model.version
    return await _answer(call, await call.side.rollout.promote(call.partner_id, name, version, by=call.caller))


@router.post(
    "/templates/{template}/roll-out/roll-back",
    **described("Roll back", name="rollBack", answer=RollOut, body=Chosen, body_required=False, errors=[409]),
)
async def roll_back(call: Caller, name: Name, body: Maybe) -> Response:
    """Ends the canary; where there is none, puts the version live that was live before, or `version`."""
    version = body.model.version
    return await _answer(call, await call.side.rollout.roll_back(call.partner_id, name, version, by=call.caller))


async def _answer(call: PartnerCall, row: dict[str, Any]) -> Response:
    async with call.system() as unit:
        return Json(show(row, await counts(unit, row["id"])))
