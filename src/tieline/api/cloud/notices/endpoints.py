"""Notices: ``/notices``, an addition of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy import Text, cast
from starlette.responses import Response

from tieline.api.cloud.notices.schemas import NoticeList, show_notice
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.core.errors import NotFound
from tieline.storage.tables import automations, connections
from tieline.storage.tables import notices as table
from tieline.storage.unit import Unit
from tieline.tenancy import notices, space_roles
from tieline.tenancy.visibility import visible

router = APIRouter(tags=["notices"])

Reader = Annotated[Call, Depends(access("connectors", "read"))]
Writer = Annotated[Call, Depends(access("connectors", "write"))]
NoticeId = Annotated[UUID, Depends(path_id("noticeId", "notice"))]


@router.get("/notices", **documented("List the open notices", name="getNotices", answer=NoticeList))
async def list_notices(call: Reader) -> Response:
    """What the tenant's people should know of, newest first, at most 100.

    Everybody sees notices about connectors, and those about automations and connections that they see; administrators
    see all.
    """
    async with call.unit() as unit:
        rows = await _reached(call, unit, await notices.still_open(unit), "see")
    return Json({"data": [show_notice(row) for row in rows]})


@router.post(
    "/notices/{noticeId:uuid}/actions/dismiss",
    **documented("Dismiss a notice", name="dismissNotice", status=204, errors=[404]),
)
async def dismiss_notice(call: Writer, notice_id: NoticeId) -> Response:
    """It was seen and is not shown again, until there is something new to tell."""
    async with call.unit() as unit:
        row = await unit.one(unit.select(table).where(table.c.id == notice_id))
        if row is None or not await _reached(call, unit, [row], "edit"):
            raise NotFound("There is no such notice.")
        await notices.dismiss(unit, notice_id)
        await call.record(unit, "notice.dismissed", notice_id, detail={"subject": row["subject"]})
    return Empty()


async def _reached(
    call: Call, unit: Unit, rows: Sequence[dict[str, Any]], ability: space_roles.Ability
) -> list[dict[str, Any]]:
    """Those of the notices that are about what the caller may see, or edit."""
    by = call.principal
    if by.is_admin:
        return [*rows]
    subjects = {str(row["subject"]) for row in rows}
    found = {subject for subject in subjects if subject.startswith("connector:")}
    for kind, of_kind in (("automation", automations), ("connection", connections)):
        ids = [one.partition(":")[2] for one in subjects if one.startswith(f"{kind}:")]
        if ids and by.may(f"{kind}s", "read" if ability == "see" else "write"):
            mine = (cast(of_kind.c.id, Text).in_(ids), visible(of_kind, by, ability=ability))
            found |= {f"{kind}:{row['id']}" for row in await unit.all(unit.select(of_kind, of_kind.c.id).where(*mine))}
    return [row for row in rows if row["subject"] in found]
