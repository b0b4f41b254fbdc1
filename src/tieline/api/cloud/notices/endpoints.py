"""Notices: ``/notices``, an addition of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.notices.schemas import NoticeList, show_notice
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.core.errors import NotFound
from tieline.storage.tables import notices as table
from tieline.tenancy import notices

router = APIRouter(tags=["notices"])

Reader = Annotated[Call, Depends(access("connectors", "read"))]
Writer = Annotated[Call, Depends(access("connectors", "write"))]
NoticeId = Annotated[UUID, Depends(path_id("noticeId", "notice"))]


@router.get("/notices", **documented("List the open notices", name="getNotices", answer=NoticeList))
async def list_notices(call: Reader) -> Response:
    """What the tenant's people should know of, newest first, at most 100.

    Everybody sees notices about connectors; those about connections only administrators.
    """
    async with call.unit() as unit:
        rows = await notices.still_open(unit)
    return Json({"data": [show_notice(row) for row in rows if _sees(call, row)]})


@router.post(
    "/notices/{noticeId:uuid}/actions/dismiss",
    **documented("Dismiss a notice", name="dismissNotice", status=204, errors=[404]),
)
async def dismiss_notice(call: Writer, notice_id: NoticeId) -> Response:
    """It was seen and is not shown again, until there is something new to tell."""
    async with call.unit() as unit:
        row = await unit.one(unit.select(table).where(table.c.id == notice_id))
        if row is None or not _sees(call, row):
            raise NotFound("There is no such notice.")
        await notices.dismiss(unit, notice_id)
    return Empty()


def _sees(call: Call, row: Mapping[str, Any]) -> bool:
    return call.principal.is_admin or str(row["subject"]).startswith("connector:")
