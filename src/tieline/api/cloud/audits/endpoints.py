"""The audit log: ``/audits``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.audits.schemas import LISTING, AuditRecord, AuditRecordList, show_record
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import ListQuery, Lists
from tieline.core.errors import NotFound
from tieline.storage.tables import audit_log

router = APIRouter(tags=["audits"])

Reader = Annotated[Call, Depends(access("audits", "read"))]
RecordId = Annotated[UUID, Depends(path_id("id", "record"))]

LIST = Lists("audits", LISTING, default_limit=50, default_sort="-time")


@router.get(
    "/audits",
    **documented("List audit records", name="getAudits", answer=AuditRecordList, parameters=LIST.parameters()),
)
async def list_records(call: Reader, query: Annotated[ListQuery, Depends(LIST.read)]) -> Response:
    """Who changed what in the tenant, the latest first. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        body = await LIST.answer(call, unit, query, lambda _: unit.select(audit_log), show_record, cursor_name="next")
    return Json(body)


@router.get("/audits/{id:uuid}", **documented("Get an audit record", name="getAudit", answer=AuditRecord, errors=[404]))
async def get_record(call: Reader, record_id: RecordId) -> Response:
    """One record. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        row = await unit.one(unit.select(audit_log).where(audit_log.c.id == record_id))
    if row is None:
        raise NotFound("There is no such audit record.")
    return Json(show_record(row))
