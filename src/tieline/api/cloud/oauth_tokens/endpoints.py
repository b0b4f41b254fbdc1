"""OAuth tokens: ``/oauth-tokens``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from msgspec import Struct
from sqlalchemy import ColumnElement
from starlette.responses import Response

from tieline.api.cloud.oauth_tokens.schemas import LISTING, OAuthTokenList, show_token
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import number, one_value, query_parameter
from tieline.core import sorting
from tieline.core.clock import now
from tieline.core.errors import NotFound
from tieline.core.paging import Cursor, Position
from tieline.core.sorting import Sort
from tieline.storage.tables import oauth_tokens
from tieline.storage.unit import Unit
from tieline.tenancy.oauth import grants

router = APIRouter(tags=["oauth-tokens"])

DEFAULT_LIMIT, MAXIMUM = 20, 100

Reader = Annotated[Call, Depends(access("oauth-tokens", "read"))]
Writer = Annotated[Call, Depends(access("oauth-tokens", "write"))]
TokenId = Annotated[UUID, Depends(path_id("tokenId", "token"))]


class _Query(Struct, frozen=True):
    limit: int
    page: str
    user: str
    given: tuple[tuple[str, str], ...]


async def _read(request: Request) -> _Query:
    values = {name: one_value(request, name) for name in ("limit", "sort", "userId")}
    if values["sort"] is not None:
        sorting.parse(values["sort"], ("userId",))
    return _Query(
        limit=number(request, "limit", DEFAULT_LIMIT, 1, MAXIMUM),
        page=one_value(request, "page") or "",
        user=values["userId"] or "",
        given=tuple((name, value) for name, value in values.items() if value is not None),
    )


@router.get(
    "/oauth-tokens",
    **documented(
        "List OAuth tokens",
        name="getOAuthTokens",
        answer=OAuthTokenList,
        parameters=[
            query_parameter(
                "limit",
                {"type": "number", "minimum": 1, "maximum": MAXIMUM, "default": DEFAULT_LIMIT},
                "How many to give at most.",
            ),
            query_parameter("page", {"type": "string"}, "Where the list goes on: taken from a link."),
            query_parameter("sort", {"type": "string", "enum": ["userId"], "default": "userId"}, "The order."),
            query_parameter("userId", {"type": "string"}, "Only those that stand for this user."),
        ],
    ),
)
async def list_tokens(call: Reader, query: Annotated[_Query, Depends(_read)]) -> Response:
    """The own tokens that are alive; for administrators those of all users of the tenant."""
    mine = f"{call.principal.tenant_id}:{call.principal.user_id}:{query.user}"
    context = f"oauth-tokens:{mine}".encode()
    position = call.edge.cursors.read(query.page, context, parameter="page").position if query.page else None
    async with call.unit() as unit:
        statement = unit.select(oauth_tokens).where(*_visible(call), _alive(), *_of(query.user))
        page = await LISTING.page(unit, statement, None, Sort("userId"), position=position, limit=query.limit)

    def link(more: list[tuple[str, str]]) -> dict[str, str]:
        return {"href": call.edge.origin.link(call.request, [*query.given, *more]).removesuffix("?")}

    def cursor(where: Position) -> str:
        return call.edge.cursors.write(Cursor(where, "userId"), context)

    links = {"self": link([("page", query.page)] if query.page else [])}
    for name, where in (("next", page.next), ("prev", page.previous)):
        if where is not None:
            links[name] = link([("page", cursor(where))])
    return Json({"data": [show_token(row) for row in page.rows], "links": links})


@router.delete(
    "/oauth-tokens/{tokenId:uuid}",
    **documented("Revoke an OAuth token by ID", name="deleteOAuthToken", status=204, errors=[404]),
)
async def revoke_token(call: Writer, token_id: TokenId) -> Response:
    """Ends it within a second, with its refresh token. Other people's tokens are for administrators."""
    async with call.unit() as unit:
        await _reach(call, unit, token_id)
        await grants.end(unit, token_id, why="revoked by id", by=call.principal)
    return Empty()


async def _reach(call: Call, unit: Unit, token_id: UUID) -> dict[str, Any]:
    statement = unit.select(oauth_tokens).where(oauth_tokens.c.id == token_id, *_visible(call), _alive())
    row = await unit.one(statement)
    if row is None:
        raise NotFound("There is no such token.")
    return row


def _visible(call: Call) -> list[ColumnElement[bool]]:
    return [] if call.principal.is_admin else [oauth_tokens.c.user_id == call.principal.user_id]


def _alive() -> ColumnElement[bool]:
    ends = sa.func.greatest(oauth_tokens.c.access_expires_at, oauth_tokens.c.refresh_expires_at)
    return sa.and_(oauth_tokens.c.revoked_at.is_(None), ends > now())


def _of(user: str) -> list[ColumnElement[bool]]:
    if not user:
        return []
    try:
        return [oauth_tokens.c.user_id == UUID(user)]
    except ValueError:
        return [sa.false()]
