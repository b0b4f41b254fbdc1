"""``/studio/invitations``: an administrator makes a link, the invited person chooses a password by it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.ids import parse_id
from tieline.api.studio.desk import check_json, check_page, desk_of, signed_in
from tieline.api.studio.invitations.schemas import Accept, Invite
from tieline.core.clock import iso
from tieline.core.errors import NotFound

router = APIRouter(include_in_schema=False)

Administrator = Annotated[Call, Depends(access("users", "write"))]


@router.post("/studio/invitations", name="studioInvite")
async def invite(
    request: Request, call: Administrator, body: Annotated[Incoming[Invite], Depends(json_body(Invite))]
) -> Response:
    """A link for one user; it is good once, for a week, and shown only now."""
    user_id = parse_id(body.model.userId, "user", NotFound)
    code, until = await desk_of(request).invite(call.principal, user_id)
    # Behind #, which no server is told.
    url = f"{call.edge.origin.base(request)}/studio/invitation#code={code}"
    return Json({"url": url, "expiresAt": iso(until)}, 201)


@router.post("/studio/invitations/accept", name="studioAccept")
async def accept(request: Request, body: Annotated[Incoming[Accept], Depends(json_body(Accept))]) -> Response:
    """Chooses a password and signs in."""
    check_page(request)
    check_json(request)
    return signed_in(request, await desk_of(request).accept(body.model.code, body.model.password))
