"""Who is in a space: ``/spaces/{spaceId}/assignments``; and its shares, of which there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args
from uuid import UUID

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter, Depends
from pydantic import RootModel
from sqlalchemy import Select
from starlette.responses import Response

from tieline.api.cloud.spaces.errors import Denying
from tieline.api.cloud.spaces.paging import answer, parameters, reading
from tieline.api.cloud.spaces.schemas import (
    AssigneeKind,
    Assignment,
    AssignmentCreate,
    AssignmentList,
    AssignmentUpdate,
    Share,
    ShareCreate,
    ShareKind,
    ShareList,
    SharePatchOperation,
    show_assignment,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import parse_id, path_id
from tieline.api.edge.lists import query_parameter
from tieline.api.edge.patches import Operation, patch
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core.errors import BadInput, NotFound
from tieline.storage.tables import space_assignments
from tieline.storage.unit import Unit
from tieline.tenancy import space_members as service
from tieline.tenancy import spaces

router = APIRouter(tags=["spaces"], route_class=Denying)

Reader = Annotated[Call, Depends(access("spaces", "read"))]
Writer = Annotated[Call, Depends(access("spaces", "write"))]
SpaceId = Annotated[UUID, Depends(path_id("spaceId", "space"))]
AssignmentId = Annotated[UUID, Depends(path_id("assignmentId", "assignment"))]
ShareId = Annotated[UUID, Depends(path_id("shareId", "share"))]

ASSIGNMENTS = Twoway("assignments", service.LISTING, sorts=(), filters=("assigneeId", "type"))
_SHARE_FILTERS = ("groupId", "name", "resourceId", "resourceType", "type", "userId")
SHARES = Twoway("shares", service.LISTING, sorts=(), filters=_SHARE_FILTERS)


class SharePatch(RootModel[list[SharePatchOperation]]):
    """A JSON Patch (RFC 6902)."""


@router.get(
    "/spaces/{spaceId:uuid}/assignments",
    **documented(
        "List the assignments of a space",
        name="getSpaceAssignments",
        answer=AssignmentList,
        errors=[404],
        parameters=[
            *parameters(ASSIGNMENTS),
            query_parameter("assigneeId", {"type": "string"}, "Only those of this user."),
            query_parameter("type", {"type": "string", "enum": list(get_args(AssigneeKind))}, "Only those of a kind."),
        ],
    ),
)
async def list_assignments(
    call: Reader, space_id: SpaceId, query: Annotated[TwowayQuery, Depends(reading(ASSIGNMENTS))]
) -> Response:
    """Who is in the space, for whoever may see it. Its owner is not among them."""
    base = call.edge.origin.base(call.request)
    twoway = msgspec.structs.replace(ASSIGNMENTS, name=f"assignments-of-{space_id}")
    async with call.unit() as unit:
        await spaces.reach(unit, call.principal, space_id)
        body = await answer(
            call,
            unit,
            twoway,
            query,
            lambda wishes: _filtered(unit, space_id, wishes),
            lambda row: show_assignment(row, call.principal.tenant_id, base),
        )
    return Json(body)


@router.post(
    "/spaces/{spaceId:uuid}/assignments",
    **documented(
        "Assign a user to a space",
        name="createSpaceAssignment",
        answer=Assignment,
        status=201,
        body=AssignmentCreate,
        errors=[404, 409],
    ),
)
async def create_assignment(
    call: Writer, space_id: SpaceId, body: Annotated[Incoming[AssignmentCreate], Depends(json_body(AssignmentCreate))]
) -> Response:
    """Gives a user roles in the space. For the owner, facilitators and administrators."""
    wanted = body.model
    async with call.unit() as unit:
        await spaces.reach(unit, call.principal, space_id, "manage")
        row = await service.assign(
            unit,
            call.principal,
            space_id,
            kind=wanted.type,
            assignee_id=parse_id(wanted.assignee_id, wanted.type, pointer="/assigneeId"),
            roles=wanted.roles,
        )
    return _shown(call, row, 201)


@router.get(
    "/spaces/{spaceId:uuid}/assignments/{assignmentId:uuid}",
    **documented("Get an assignment of a space", name="getSpaceAssignmentById", answer=Assignment, errors=[404]),
)
async def get_assignment(call: Reader, space_id: SpaceId, assignment_id: AssignmentId) -> Response:
    """One assignment."""
    async with call.unit() as unit:
        await spaces.reach(unit, call.principal, space_id)
        row = await service.get(unit, space_id, assignment_id)
    return _shown(call, row)


@router.put(
    "/spaces/{spaceId:uuid}/assignments/{assignmentId:uuid}",
    **documented(
        "Update an assignment of a space",
        name="updateSpaceAssignmentById",
        answer=Assignment,
        body=AssignmentUpdate,
        errors=[404],
    ),
)
async def put_assignment(
    call: Writer,
    space_id: SpaceId,
    assignment_id: AssignmentId,
    body: Annotated[Incoming[AssignmentUpdate], Depends(json_body(AssignmentUpdate))],
) -> Response:
    """Replaces the roles, within a second for runs under way. For the owner, facilitators and administrators."""
    roles = body.model.roles if body.sent("roles") else None
    async with call.unit() as unit:
        row = await service.change(unit, call.principal, space_id, assignment_id, roles)
    return _shown(call, row)


@router.delete(
    "/spaces/{spaceId:uuid}/assignments/{assignmentId:uuid}",
    **documented("Delete an assignment of a space", name="deleteSpaceAssignmentById", status=204, errors=[404]),
)
async def delete_assignment(call: Writer, space_id: SpaceId, assignment_id: AssignmentId) -> Response:
    """Takes a user out of the space. For the owner, facilitators and administrators."""
    async with call.unit() as unit:
        await service.remove(unit, call.principal, space_id, assignment_id)
    return Empty()


@router.get(
    "/spaces/{spaceId:uuid}/shares",
    **documented(
        "List the shares of a space",
        name="getSpaceShares",
        answer=ShareList,
        errors=[404],
        parameters=[
            *parameters(SHARES),
            *(query_parameter(name, {"type": "string"}, "Finds nothing.") for name in _SHARE_FILTERS if name != "type"),
            query_parameter("type", {"type": "string", "enum": list(get_args(ShareKind))}, "Finds nothing."),
        ],
    ),
)
async def list_shares(
    call: Reader, space_id: SpaceId, query: Annotated[TwowayQuery, Depends(reading(SHARES))]
) -> Response:
    """None: what lies in a space here cannot be shared by itself."""
    twoway = msgspec.structs.replace(SHARES, name=f"shares-of-{space_id}")
    async with call.unit() as unit:
        await spaces.reach(unit, call.principal, space_id)
        body = await answer(call, unit, twoway, query, lambda wishes: _none(unit, wishes), dict)
    return Json(body)


@router.post(
    "/spaces/{spaceId:uuid}/shares",
    **documented(
        "Create a share of a space",
        name="createSpaceShare",
        answer=Share,
        status=201,
        body=ShareCreate,
        errors=[404, 409],
    ),
)
async def create_share(
    call: Writer, space_id: SpaceId, body: Annotated[Incoming[ShareCreate], Depends(json_body(ShareCreate))]
) -> Response:
    """404: there is no resource of a kind that can be shared."""
    async with call.unit() as unit:
        await spaces.reach(unit, call.principal, space_id, "manage")
    raise NotFound(f"There is no such {body.model.resource_type[:40]} to share.", pointer="/resourceId")


@router.get(
    "/spaces/{spaceId:uuid}/shares/{shareId:uuid}",
    **documented("Get a share of a space", name="getSpaceShareById", answer=Share, errors=[404]),
)
async def get_share(call: Reader, space_id: SpaceId, share_id: ShareId) -> Response:
    """404: there are none."""
    return await _no_share(call, space_id)


@router.patch(
    "/spaces/{spaceId:uuid}/shares/{shareId:uuid}",
    **documented("Patch a share of a space", name="patchShareById", answer=Share, body=SharePatch, errors=[404]),
)
async def patch_share(
    call: Writer,
    space_id: SpaceId,
    share_id: ShareId,
    operations: Annotated[list[Operation], Depends(patch(ops=("replace",), paths=("/roles", "/disabled")))],
) -> Response:
    """404: there are none."""
    return await _no_share(call, space_id)


@router.delete(
    "/spaces/{spaceId:uuid}/shares/{shareId:uuid}",
    **documented("Delete a share of a space", name="deleteSpaceShareById", status=204, errors=[404]),
)
async def delete_share(call: Writer, space_id: SpaceId, share_id: ShareId) -> Response:
    """404: there are none."""
    return await _no_share(call, space_id)


async def _no_share(call: Call, space_id: UUID) -> Response:
    async with call.unit() as unit:
        await spaces.reach(unit, call.principal, space_id)
    raise NotFound("There is no such share.")


def _filtered(unit: Unit, space_id: UUID, wishes: Mapping[str, str]) -> Select[Any]:
    statement = unit.select(space_assignments).where(space_assignments.c.space_id == space_id)
    if assignee := wishes.get("assigneeId"):
        try:
            statement = statement.where(space_assignments.c.assignee_id == parse_id(assignee, "user"))
        except NotFound:
            statement = statement.where(sa.false())
    if "type" in wishes:
        _check_kind(wishes["type"], get_args(AssigneeKind))
        statement = statement.where(space_assignments.c.type == wishes["type"])
    return statement


def _none(unit: Unit, wishes: Mapping[str, str]) -> Select[Any]:
    if "type" in wishes:
        _check_kind(wishes["type"], get_args(ShareKind))
    return unit.select(space_assignments).where(sa.false())


def _check_kind(kind: str, known: tuple[str, ...]) -> None:
    if kind not in known:
        raise BadInput(f"The type is one of {', '.join(known)}.", parameter="type")


def _shown(call: Call, row: dict[str, Any], status: int = 200) -> Response:
    base = call.edge.origin.base(call.request)
    return Json(show_assignment(row, call.principal.tenant_id, base), status)
