"""Embed sessions: ``/embed-sessions``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy import Select
from starlette.responses import Response

from tieline.api.cloud.embed_sessions.schemas import EmbedSession, EmbedSessionList, show_session
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import ListQuery, Lists
from tieline.core.errors import NotFound
from tieline.storage.tables import embed_sessions as table
from tieline.storage.unit import Unit
from tieline.tenancy import embed_sessions

router = APIRouter(tags=["embed-sessions"])

Reader = Annotated[Call, Depends(access("users", "read"))]
# A session may always end itself; ending others is writing.
Ender = Annotated[Call, Depends(access(None, "write"))]
SessionId = Annotated[UUID, Depends(path_id("id", "embed session"))]

LIST = Lists("embed-sessions", embed_sessions.LISTING, default_limit=50, default_sort="-id")


@router.get(
    "/embed-sessions",
    **documented("List embed sessions", name="getEmbedSessions", answer=EmbedSessionList, parameters=LIST.parameters()),
)
async def list_sessions(call: Reader, query: Annotated[ListQuery, Depends(LIST.read)]) -> Response:
    """The own sessions, the newest first; for administrators those of all users of the tenant."""
    async with call.unit() as unit:
        body = await LIST.answer(call, unit, query, lambda _: _visible(call, unit), show_session)
    return Json(body)


@router.get(
    "/embed-sessions/{id:uuid}",
    **documented("Get an embed session", name="getEmbedSession", answer=EmbedSession, errors=[404]),
)
async def get_session(call: Reader, session_id: SessionId) -> Response:
    """One session."""
    async with call.unit() as unit:
        row = await _reach(call, unit, session_id)
    return Json(show_session(row))


@router.delete(
    "/embed-sessions/{id:uuid}",
    **documented("End an embed session", name="deleteEmbedSession", status=204, errors=[404]),
)
async def end_session(call: Ender, session_id: SessionId) -> Response:
    """Ends it within a second everywhere. A session that ends itself signs out, and what it has started goes on; where
    somebody else ends it, that stops.
    """
    own = session_id == call.principal.session_id
    if not own:
        call.principal.require("users", "write")
    async with call.unit() as unit:
        await _reach(call, unit, session_id)
        ended = await (embed_sessions.leave if own else embed_sessions.revoke)(unit, session_id)
        action = "embed-session.deleted" if own else "embed-session.revoked"
        await call.record(unit, action, session_id, detail={"userId": str(ended["user_id"])})
    return Empty()


def _visible(call: Call, unit: Unit) -> Select[Any]:
    statement = unit.select(table, *embed_sessions.COLUMNS)
    return statement if call.principal.is_admin else statement.where(table.c.user_id == call.principal.user_id)


async def _reach(call: Call, unit: Unit, session_id: UUID) -> dict[str, Any]:
    row = await unit.one(_visible(call, unit).where(table.c.id == session_id))
    if row is None:
        raise NotFound("There is no such embed session.")
    return row
