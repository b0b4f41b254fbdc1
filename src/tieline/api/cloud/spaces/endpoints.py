"""Spaces: ``/spaces``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from msgspec import UNSET
from pydantic import RootModel
from sqlalchemy import ColumnElement, Select
from starlette.responses import Response

from tieline.api.cloud.spaces.errors import Denying
from tieline.api.cloud.spaces.older import readable
from tieline.api.cloud.spaces.paging import answer, parameters, reading
from tieline.api.cloud.spaces.schemas import (
    Role,
    Space,
    SpaceCreate,
    SpaceList,
    SpacePatchOperation,
    SpaceTypes,
    SpaceUpdate,
    show_space,
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
from tieline.storage.tables import spaces
from tieline.storage.unit import Unit
from tieline.tenancy import space_roles
from tieline.tenancy import spaces as service

listing = APIRouter(tags=["spaces"])
router = APIRouter(tags=["spaces"], route_class=Denying)

Reader = Annotated[Call, Depends(access("spaces", "read"))]
Writer = Annotated[Call, Depends(access("spaces", "write"))]
SpaceId = Annotated[UUID, Depends(path_id("spaceId", "space"))]

_ENVIRONMENT = ("environment.name", "environmentId")
LIST = Twoway(
    "spaces",
    service.LISTING,
    sorts=("type", "name", "createdAt"),
    filters=("action", *_ENVIRONMENT, "name", "ownerId", "roles", "type"),
)
_ROLES = get_args(Role)
_FILTERS = {
    "action": "Only `publish`: the managed spaces that the caller may publish to.",
    "environment.name": "There are no environments: only an empty value finds something.",
    "environmentId": "There are no environments: only an empty value finds something.",
    "name": "A part of the name, whatever its capitals.",
    "ownerId": "The user who owns the space.",
    "type": "One or more of `shared`, `managed` and `data`, with commas between them.",
}


class SpacePatch(RootModel[list[SpacePatchOperation]]):
    """A JSON Patch (RFC 6902): its operations all happen, or none."""


@listing.get(
    "/spaces",
    **documented(
        "List spaces",
        name="getSpaces",
        answer=SpaceList,
        parameters=[
            *parameters(LIST),
            *(query_parameter(name, {"type": "string"}, said) for name, said in _FILTERS.items()),
            {
                **query_parameter(
                    "roles",
                    {"type": "array", "items": {"type": "string", "enum": list(_ROLES)}},
                    "Where the caller has one of these roles; owners have all.",
                ),
                "style": "form",
                "explode": False,
            },
        ],
    ),
)
async def list_spaces(call: Reader, query: Annotated[TwowayQuery, Depends(reading(LIST))]) -> Response:
    """The spaces that the caller may see; administrators see all."""
    base = call.edge.origin.base(call.request)
    async with call.unit() as unit:
        body = await answer(
            call,
            unit,
            LIST,
            query,
            lambda wishes: _filtered(call, unit, wishes),
            lambda row: readable(call.request, show_space(row, call.principal, base)),
        )
    return Json(body)


@router.post(
    "/spaces",
    **documented("Create a space", name="createSpace", answer=Space, status=201, body=SpaceCreate, errors=[409]),
)
async def create_space(
    call: Writer, body: Annotated[Incoming[SpaceCreate], Depends(json_body(SpaceCreate))]
) -> Response:
    """Makes a space that the caller owns. What breaks a rule is 403 here, as everywhere below `/spaces`."""
    wanted = body.model
    async with call.unit() as unit:
        row = await service.make(
            unit, call.principal, name=wanted.name, type=wanted.type, description=wanted.description
        )
    return _shown(call, row, 201)


@router.get("/spaces/types", **documented("List space types", name="getTypes", answer=SpaceTypes))
async def list_types(call: Reader) -> Response:
    """The types that a space can have."""
    return Json({"data": list(service.TYPES)})


@router.get("/spaces/{spaceId:uuid}", **documented("Get a space", name="getSpaceById", answer=Space, errors=[404]))
async def get_space(call: Reader, space_id: SpaceId) -> Response:
    """One space, with the caller's roles and what they may do with it."""
    async with call.unit() as unit:
        row = await service.reach(unit, call.principal, space_id)
    return _shown(call, row)


@router.put(
    "/spaces/{spaceId:uuid}",
    **documented("Update a space", name="updateSpaceById", answer=Space, body=SpaceUpdate, errors=[404]),
)
async def put_space(
    call: Writer, space_id: SpaceId, body: Annotated[Incoming[SpaceUpdate], Depends(json_body(SpaceUpdate))]
) -> Response:
    """Changes what is sent. For the owner, facilitators and administrators; `ownerId` not for facilitators."""
    sent = {name: getattr(body.model, name) for name in ("name", "description") if body.sent(name)}
    if body.sent("ownerId"):
        sent["ownerId"] = body.model.owner_id
    return await _change(call, space_id, sent)


@router.patch(
    "/spaces/{spaceId:uuid}",
    **documented("Patch a space", name="patchSpaceById", answer=Space, body=SpacePatch, errors=[404]),
)
async def patch_space(
    call: Writer,
    space_id: SpaceId,
    operations: Annotated[
        list[Operation], Depends(patch(ops=("replace",), paths=("/name", "/ownerId", "/description")))
    ],
) -> Response:
    """Changes name, description or owner by a JSON Patch (RFC 6902)."""
    texts = {one.path[1:]: one.text(longest=service.LONGEST_DESCRIPTION) for one in operations}
    return await _change(call, space_id, texts)


@router.delete(
    "/spaces/{spaceId:uuid}",
    **documented("Delete a space", name="deleteSpaceById", status=204, errors=[404, 412]),
)
async def delete_space(call: Writer, space_id: SpaceId) -> Response:
    """Removes an empty space with its assignments. For its owner and administrators."""
    async with call.unit() as unit:
        await service.delete(unit, call.principal, space_id)
    return Empty()


async def _change(call: Call, space_id: UUID, sent: Mapping[str, str]) -> Response:
    async with call.unit() as unit:
        owner = sent.get("ownerId")
        row = await service.change(
            unit,
            call.principal,
            space_id,
            name=sent.get("name", UNSET),
            description=sent.get("description", UNSET),
            owner_id=UNSET if owner is None else parse_id(owner, "user", BadInput, "/ownerId"),
        )
    return _shown(call, row)


def _shown(call: Call, row: dict[str, Any], status: int = 200) -> Response:
    shown = show_space(row, call.principal, call.edge.origin.base(call.request))
    return Json(readable(call.request, shown), status)


def _filtered(call: Call, unit: Unit, wishes: Mapping[str, str]) -> Select[Any]:
    user_id = call.principal.user_id
    statement = service.seen(unit, call.principal)
    if action := wishes.get("action"):
        if action != "publish":
            raise BadInput("The parameter action can only be publish.", parameter="action")
        statement = statement.where(spaces.c.type == "managed")
        if not call.principal.is_admin:
            statement = statement.where(space_roles.mine(user_id, "edit"))
    if any(wishes.get(name) for name in _ENVIRONMENT):
        statement = statement.where(sa.false())
    if name := wishes.get("name"):
        statement = statement.where(sa.func.lower(spaces.c.name).contains(name.lower(), autoescape=True))
    if owner := wishes.get("ownerId"):
        statement = statement.where(_is(spaces.c.owner_id, owner))
    if kinds := wishes.get("type"):
        statement = statement.where(spaces.c.type.in_([kind.strip() for kind in kinds.split(",")]))
    if roles := wishes.get("roles"):
        statement = statement.where(_with(user_id, roles.split(",")))
    return statement


def _is(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    try:
        return column == parse_id(text, "user")
    except NotFound:
        return sa.false()


def _with(user_id: UUID, roles: list[str]) -> ColumnElement[bool]:
    for role in roles:
        if role not in _ROLES:
            raise BadInput(f"The roles are known by {', '.join(_ROLES)}.", parameter="roles")
    owned = [kind for kind, known in space_roles.ASSIGNABLE.items() if set(known) & set(roles)]
    return sa.or_(space_roles.assigned(user_id, roles), sa.and_(spaces.c.owner_id == user_id, spaces.c.type.in_(owned)))
