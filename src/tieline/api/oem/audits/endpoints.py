"""The audit log as a partner reads it: ``/audits``."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from sqlalchemy import ColumnElement, or_
from starlette.responses import Response

from tieline.api.edge.lists import one_value, query_parameter
from tieline.api.oem.access import PartnerCall, partner
from tieline.api.oem.audits.schemas import PartnerAuditRecord, show
from tieline.api.oem.lists import PARAMETERS, Paging, moment, page_model, paged, paging
from tieline.api.oem.routes import OemRoute, described
from tieline.core.errors import BadInput
from tieline.oem import accounts
from tieline.oem.accounts import as_uuid
from tieline.oem.pages import page_of
from tieline.storage.tables import audit_log

router = APIRouter(tags=["audits"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
LONGEST: Final = 256
_FILTERS: Final = (
    query_parameter("account", {"type": "string"}, "The log of this account, by external id or GUID."),
    query_parameter("from", {"type": "string", "format": "date-time"}, "Only what was done then or later."),
    query_parameter("to", {"type": "string", "format": "date-time"}, "Only what was done before."),
    query_parameter(
        "action", {"type": "string", "maxLength": LONGEST}, "Only this action; `integration.` is all that begin so."
    ),
    query_parameter("actor", {"type": "string", "maxLength": LONGEST}, "Only what this actor or user did, by its id."),
    query_parameter(
        "subject", {"type": "string", "maxLength": LONGEST}, "Only what was done to this; `template:` is all of a kind."
    ),
)


@router.get(
    "/audits",
    **described(
        "List audit records",
        name="listPartnerAudits",
        answer=page_model("PartnerAuditPage", PartnerAuditRecord),
        parameters=[*PARAMETERS, *_FILTERS],
    ),
)
async def list_records(call: Caller, page: Annotated[Paging, Depends(paging)]) -> Response:
    """Who changed what, the latest first: of what is the partner's own, or with `account` of that account."""
    wanted = _wanted(call.request)
    name, home = one_value(call.request, "account"), call.partner_id
    if name is not None:
        async with call.system() as unit:
            home = (await accounts.find(unit, call.partner_id, name))["id"]
    async with call.edge.services.database.tenant(home) as unit:
        mine = unit.select(audit_log).where(*wanted).order_by(audit_log.c.at.desc(), audit_log.c.id.desc())
        found = await page_of(unit, mine, page.number, page.size)
    return paged(call, found, show)


def _wanted(request: Request) -> list[ColumnElement[bool]]:
    """The conditions that the filters are. Raises `BadInput`."""
    given = {name: one_value(request, name) for name in ("from", "to", "action", "actor", "subject")}
    found: list[ColumnElement[bool]] = []
    for name, value in given.items():
        if value is None:
            continue
        if name in ("from", "to"):
            at = moment(value, parameter=name)
            found.append(audit_log.c.at >= at if name == "from" else audit_log.c.at < at)
            continue
        if not value or len(value) > LONGEST:
            raise BadInput(f"The parameter {name} must have 1 to {LONGEST} characters.", parameter=name)
        found.append(_who(value) if name == "actor" else _called(audit_log.c[name], value))
    return found


def _who(value: str) -> ColumnElement[bool]:
    identity = as_uuid(value)
    exactly = audit_log.c.actor_id == value
    return exactly if identity is None else or_(exactly, audit_log.c.user_id == identity)


def _called(column: Any, value: str) -> ColumnElement[bool]:
    """Exactly that, or where it ends with what parts a name from its kind, all of the kind."""
    found: ColumnElement[bool] = (
        column.startswith(value, autoescape=True) if value.endswith((".", ":")) else column == value
    )
    return found
