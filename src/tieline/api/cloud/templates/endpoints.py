"""Templates: ``/templates``. The partner's, of which its customers see what is live and what is still to come."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from sqlalchemy import Select
from starlette.responses import Response

from tieline.api.cloud.templates.schemas import (
    OfferedTemplateDetail,
    OfferedTemplateList,
    show,
    show_field,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import query_parameter
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core.errors import BadInput, NotFound
from tieline.oem import settings, templates
from tieline.storage.tables import templates as table
from tieline.storage.unit import Unit
from tieline.tenancy.listing import Listing, by_letters

router = APIRouter(tags=["templates"])

Reader = Annotated[Call, Depends(access("automations", "read"))]
TemplateId = Annotated[UUID, Depends(path_id("id", "template"))]

LIST = Twoway(
    "templates",
    Listing(
        table.c.id,
        filters={},
        sorts={
            "id": table.c.id,
            "position": table.c.position,
            "name": by_letters(table.c.name),
            "updatedAt": table.c.updated_at,
        },
    ),
    sorts=("position", "name", "updatedAt"),
    filters=("group", "status"),
    default_sort="position",
)
_FILTERS = (
    query_parameter("group", {"type": "string"}, "Only those of the group with this id."),
    query_parameter("status", {"type": "string", "enum": ["live", "coming soon"]}, "Only those that are so."),
)


@router.get(
    "/templates",
    **documented(
        "List templates", name="listTemplates", answer=OfferedTemplateList, parameters=[*LIST.parameters(), *_FILTERS]
    ),
)
async def list_templates(call: Reader, query: Annotated[TwowayQuery, Depends(LIST.read)]) -> Response:
    """The templates that the tenant may install, and those that are still to come, in the partner's order."""

    def filtered(wishes: dict[str, str]) -> Select[Any]:
        # The listing orders by itself.
        statement = templates.offered(partner_of(call)).order_by(None)
        if "group" in wishes:
            wanted = sa.cast([{"id": wishes["group"]}], table.c.groups.type)
            statement = statement.where(table.c.groups.contains(wanted))
        if (status := wishes.get("status")) not in {None, "live", "coming soon"}:
            raise BadInput("The parameter status is neither live nor coming soon.", parameter="status")
        return statement if status is None else statement.where(table.c.status == status)

    async with call.services.database.system() as unit:
        body = await LIST.answer(call, unit, query, filtered, lambda row: row)
        body["data"] = [await shown(unit, row) for row in body["data"]]
    return Json(body)


@router.get(
    "/templates/{id:uuid}",
    **documented("Get a template", name="getTemplate", answer=OfferedTemplateDetail, errors=[404]),
)
async def get_template(call: Reader, template_id: TemplateId) -> Response:
    """One template with what it asks for."""
    async with call.services.database.system() as unit:
        row = await templates.find(unit, partner_of(call), str(template_id))
        if row["status"] == templates.HIDDEN:
            raise NotFound("There is no such template.")
        shape = await templates.shape(unit, row["id"], row["live_version"])
        fields = [show_field(one) for one in settings.shown(shape, {}, None)]
        return Json({**await shown(unit, row), "fields": fields})


async def shown(unit: Unit, row: dict[str, Any]) -> dict[str, Any]:
    """A template's row; a system unit is needed."""
    shape = await templates.shape(unit, row["id"], row["live_version"])
    return show(row, shape, await templates.members(unit, row))


def partner_of(call: Call) -> UUID:
    """Whose customer the caller is."""
    if call.principal.partner_id is None:
        raise NotFound("There is no such template.")
    return call.principal.partner_id
