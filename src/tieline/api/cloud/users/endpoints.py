"""Users: ``/users``."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request
from msgspec.structs import replace
from sqlalchemy import Select, func, select
from starlette.responses import Response

from tieline.api.cloud.users import errors as errors
from tieline.api.cloud.users.patching import applied
from tieline.api.cloud.users.schemas import (
    OPS,
    PATHS,
    CreateUser,
    InviteResults,
    InviteUsers,
    User,
    UserCount,
    UserFilter,
    UserList,
    UserPatches,
    only,
    show_user,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import PAGE, ErrorResponse, documented
from tieline.api.edge.envelope import leave_untold
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import one_value, query_parameter, truth
from tieline.api.edge.patches import Operation, patch
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core.errors import BadInput, Forbidden
from tieline.tenancy import people, users
from tieline.tenancy.user_lists import ATTRIBUTES, LISTING, LONGEST_FILTER, chosen

router = APIRouter(tags=["users"])

Reader = Annotated[Call, Depends(access("users", "read"))]
Writer = Annotated[Call, Depends(access("users", "write"))]
# Only who asks: what a key may look at decides the page that it is led to.
Anybody = Annotated[Call, Depends(access(None, "read"))]
UserId = Annotated[UUID, Depends(path_id("userId", "user"))]

LIST = Twoway("users", LISTING, sorts=LISTING.sorts, filters=("filter", "fields", "totalResults"), default_sort="name")
# The filter comes in the body. Cursors carry a short one, a long one has to be sent with each page.
FILTERED = Twoway("users filtered", LISTING, sorts=("name",), filters=("fields",), default_sort="name")
_FIELDS = query_parameter("fields", {"type": "string"}, "Only these fields, with commas between them.")
_CARRIED = 2000
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")


@router.get(
    "/users",
    **documented(
        "List users",
        name="getUsers",
        answer=UserList,
        parameters=[
            *LIST.parameters(),
            query_parameter(
                "filter",
                {"type": "string"},
                "SCIM expression (RFC 7644 section 3.4.2.2) on "
                + ", ".join(f"`{name}`" for name in ATTRIBUTES)
                + f", of at most {LONGEST_FILTER} characters.",
            ),
            _FIELDS,
            query_parameter("totalResults", {"type": "boolean"}, "Also how many there are in all."),
        ],
    ),
)
async def list_users(call: Reader, query: Annotated[TwowayQuery, Depends(LIST.read)]) -> Response:
    """The people of the tenant. Roles are shown to administrators, and to each person the own ones."""
    return await _page(call, LIST, query, "")


@router.post(
    "/users",
    **documented("Invite a user", name="createUser", answer=User, status=201, body=CreateUser, errors=[409]),
)
async def create_user(call: Writer, body: Annotated[Incoming[CreateUser], Depends(json_body(CreateUser))]) -> Response:
    """A person who has not come yet. For tenant administrators."""
    people.require_administrator(call.principal)
    wish = body.model
    if wish.tenant_id and wish.tenant_id.lower() != str(call.principal.tenant_id):
        raise Forbidden("A user is made in the own tenant; leave tenantId out.", pointer="/tenantId")

    def wrong(detail: str) -> BadInput:
        return BadInput(detail, pointer="/assignedRoles")

    async with call.unit() as unit:
        named = [{"id": role.id, "name": role.name} for role in wish.assigned_roles]
        row = await people.invite(
            unit,
            call.principal,
            subject=wish.subject,
            name=wish.name,
            email=wish.email or None,
            role_names=await people.named_roles(unit, named, wrong),
            picture=wish.picture,
        )
    return Json(_show(call, row), 201)


@router.get("/users/me", **documented("Get the own user", name="getMe", status=301, media_type=PAGE, never=[403]))
async def get_me(call: Anybody) -> Response:
    """Leads to the user whose key it is."""
    where = _link(call, call.principal.user_id)
    return Response(f'<a href="{where}">Moved Permanently</a>', 301, {"location": where}, "text/html")


@router.get("/users/actions/count", **documented("Count users", name="countUsers", answer=UserCount, errors=[404]))
async def count_users(call: Reader) -> Response:
    """How many people the tenant has."""
    async with call.unit() as unit:
        return Json({"total": await users.count(unit)})


@router.post(
    "/users/actions/filter",
    **documented(
        "Filter users",
        name="users_api_actions_filter",
        answer=UserList,
        body=UserFilter,
        body_required=False,
        parameters=[*FILTERED.parameters(), _FIELDS],
    ),
)
async def filter_users(
    call: Reader, request: Request, query: Annotated[TwowayQuery, Depends(FILTERED.read)]
) -> Response:
    """The same list, with a filter that may be too long for an address.

    Links to other pages carry a filter of up to 2000 characters; a longer one is sent with the request for each page.
    """
    given = ""
    if (await request.body()).strip():
        given = (await json_body(UserFilter)(request)).model.filter.strip()
    if 0 < len(given) <= _CARRIED:
        query = replace(query, wishes=(("filter", given), *query.wishes))
    return await _page(call, FILTERED, query, given)


leave_untold("GET", "/api/v1/users/actions/filter")


@router.get("/users/actions/filter", include_in_schema=False)
async def go_on_filtering(call: Reader, request: Request) -> Response:
    """The pages after the first, as the vendor's own clients ask for them: by GET, with the cursor alone."""
    try:
        query = await FILTERED.read(request)
        if query.cursor:
            return await _page(call, FILTERED, replace(query, wishes=()), "")
    except BadInput:
        pass
    raise HTTPException(405, headers={"allow": "POST"})


@router.post(
    "/users/actions/invite",
    **documented("Invite users by email", name="inviteUsers", answer=InviteResults, status=207, body=InviteUsers),
)
async def invite_users(
    call: Writer, body: Annotated[Incoming[InviteUsers], Depends(json_body(InviteUsers))]
) -> Response:
    """Makes those whom the tenant does not know yet; all of them or, where an address is none, nobody.

    Tieline sends no mail: how an invited person comes in is the partner's to tell. For tenant administrators.
    """
    people.require_administrator(call.principal)
    for index, invitee in enumerate(body.model.invitees):
        if _EMAIL.fullmatch(invitee.email) is None:
            raise BadInput("This is no email address.", pointer=f"/invitees/{index}/email")
    results = []
    async with call.unit() as unit:
        for invitee in body.model.invitees:
            row, new = await people.invite_by_email(
                unit, call.principal, email=invitee.email, name=invitee.name, renew=invitee.resend
            )
            subject = row["external_id"]
            results.append(
                {
                    "status": "ok" if new else "exists",
                    "email": invitee.email,
                    "userId": row["id"],
                    "subject": subject if _is_uuid(subject) else row["id"],
                }
            )
    return Json({"data": results}, 207)


@router.get(
    "/users/{userId:uuid}",
    **documented("Get a user", name="getUserById", answer=User, errors=[404], parameters=[_FIELDS]),
)
async def get_user(call: Reader, request: Request, user_id: UserId) -> Response:
    """One person of the tenant."""
    fields = one_value(request, "fields")
    async with call.unit() as unit:
        row = await users.get(unit, user_id)
    return Json(only(_show(call, row), fields))


@router.patch(
    "/users/{userId:uuid}",
    **documented(
        "Update a user", name="updateUserById", status=204, body=UserPatches, errors=[404], also={207: ErrorResponse}
    ),
)
async def patch_user(
    call: Writer, user_id: UserId, operations: Annotated[list[Operation], Depends(patch(ops=OPS, paths=PATHS))]
) -> Response:
    """Changes a person: `status` disabled ends all ways in within a second, and stops the runs. For administrators;
    everybody may change the own language and time zone.
    """
    if user_id != call.principal.user_id:
        people.require_administrator(call.principal)
    async with call.unit() as unit:
        row = await users.get(unit, user_id, locked=True)
        await people.change(unit, call.principal, row, await applied(unit, row, operations))
    return Empty(Json.media_type)


@router.delete(
    "/users/{userId:uuid}",
    **documented("Remove a user", name="deleteUserById", status=204, errors=[400, 404]),
)
async def delete_user(call: Writer, user_id: UserId) -> Response:
    """Ends all ways in and forgets the person. What they own stays and does not run until it has another owner."""
    async with call.unit() as unit:
        await people.remove(unit, call.principal, user_id)
    return Empty(Json.media_type)


async def _page(call: Call, listed: Twoway, query: TwowayQuery, given: str) -> Response:
    """A page; ``given`` is the filter of the body, empty = that of the query or its cursor."""
    asked: dict[str, str] = {}

    async with call.unit() as unit:

        def statement(wishes: dict[str, str]) -> Select[Any]:
            asked.update(wishes)  # a cursor carries those of the first request
            truth("totalResults", wishes.get("totalResults", "false"))
            return chosen(unit, (given or wishes.get("filter", "")).strip())

        body = await listed.answer(
            call, unit, query, statement, lambda row: only(_show(call, row), asked.get("fields"))
        )
        if truth("totalResults", asked.get("totalResults", "false")):
            body["totalResults"] = await unit.scalar(select(func.count()).select_from(statement(asked).subquery()))
    return Json(body)


def _show(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    mine = row["id"] == call.principal.user_id
    return show_user(row, _link(call, row["id"]), all_of_it=mine or call.principal.administers("users"))


def _link(call: Call, user_id: UUID) -> str:
    return f"{call.edge.origin.base(call.request)}{errors.PATH}/{user_id}"


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
