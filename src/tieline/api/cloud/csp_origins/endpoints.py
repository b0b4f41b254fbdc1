"""CSP origins: ``/csp-origins``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from sqlalchemy import Select
from starlette.responses import PlainTextResponse, Response

from tieline.api.cloud.csp_origins.errors import NotAcceptable
from tieline.api.cloud.csp_origins.schemas import CspContent, CspEntry, CspEntryList, CspHeader, show_entry
from tieline.api.edge.accepting import wanted
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import query_parameter, truth
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core.errors import BadInput
from tieline.storage.tables import csp_origins
from tieline.storage.unit import Unit
from tieline.tenancy import csp_origins as service

router = APIRouter(tags=["csp-origins"])

Reader = Annotated[Call, Depends(access("csp-origins", "read"))]
Writer = Annotated[Call, Depends(access("csp-origins", "write"))]
EntryId = Annotated[UUID, Depends(path_id("id", "CSP origin"))]
Content = Annotated[Incoming[CspContent], Depends(json_body(CspContent))]

_TEXTS = {"name": csp_origins.c.name, "origin": csp_origins.c.origin}
_LONGEST_FILTER = 256
LIST = Twoway(
    "csp-origins",
    service.LISTING,
    sorts=("name", "origin", "createdDate", "modifiedDate"),
    filters=(*service.NAMES, *_TEXTS),
)
_ACCEPT = {
    "name": "Accept",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "application/json or text/plain.",
}
_HEADER: dict[str, Any] = documented(
    "Get the CSP header", name="getCSPHeader", answer=CspHeader, errors=[406], parameters=[_ACCEPT]
)
_HEADER["responses"][200]["content"] = {"text/plain": {"schema": {"type": "string"}}}


@router.get(
    "/csp-origins",
    **documented(
        "List CSP origins",
        name="listCSPEntries",
        answer=CspEntryList,
        parameters=[
            *LIST.parameters(),
            *(query_parameter(name, {"type": "boolean"}, "Only those that say so.") for name in service.NAMES),
            *(
                query_parameter(name, {"type": "string"}, "Capitals do not matter; `*` stands for anything.")
                for name in _TEXTS
            ),
        ],
    ),
)
async def list_entries(call: Reader, query: Annotated[TwowayQuery, Depends(LIST.read)]) -> Response:
    """The entries of the tenant."""
    async with call.unit() as unit:
        body = await LIST.answer(call, unit, query, lambda wishes: _filtered(unit, wishes), show_entry)
    return Json(body)


@router.post(
    "/csp-origins",
    **documented("Create a CSP origin", name="createCSPEntry", answer=CspEntry, status=201, body=CspContent),
)
async def create_entry(call: Writer, body: Content) -> Response:
    """Adds an origin to the tenant's content security policy. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        row = await service.create(unit, call.principal, **_wish(body.model))
    return Json(show_entry(row), 201)


@router.get("/csp-origins/actions/generate-header", **_HEADER)
async def generate_header(call: Reader, request: Request) -> Response:
    """The policy that all entries make together, as JSON or as plain text, whatever `Accept` asks for."""
    form = wanted(request, ("application/json", "text/plain"))
    if form is None:
        raise NotAcceptable("The header comes as application/json or text/plain; ask for one of them in Accept.")
    async with call.unit() as unit:
        policy = await service.header(unit)
    vary = {"vary": "accept"}
    if form == "text/plain":
        return PlainTextResponse(policy, headers=vary)
    return Json({"Content-Security-Policy": policy}, headers=vary)


@router.get(
    "/csp-origins/{id:uuid}", **documented("Get a CSP origin", name="getCSPEntry", answer=CspEntry, errors=[400, 404])
)
async def get_entry(call: Reader, entry_id: EntryId) -> Response:
    """One entry."""
    async with call.unit() as unit:
        row = await service.get(unit, entry_id)
    return Json(show_entry(row))


@router.put(
    "/csp-origins/{id:uuid}",
    **documented("Update a CSP origin", name="updateCSPEntry", answer=CspEntry, body=CspContent, errors=[400, 404]),
)
async def put_entry(call: Writer, entry_id: EntryId, body: Content) -> Response:
    """Replaces an entry: what is left out gets its default. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        row = await service.replace(unit, call.principal, entry_id, **_wish(body.model))
    return Json(show_entry(row))


@router.delete(
    "/csp-origins/{id:uuid}",
    **documented("Delete a CSP origin", name="deleteCSPEntry", status=204, errors=[400, 404]),
)
async def delete_entry(call: Writer, entry_id: EntryId) -> Response:
    """Takes an origin out of the policy. For tenant administrators."""
    call.principal.require_admin()
    async with call.unit() as unit:
        await service.delete(unit, call.principal, entry_id)
    return Empty()


def _wish(content: CspContent) -> dict[str, Any]:
    return {
        "origin": content.origin,
        "name": content.name,
        "description": content.description,
        "directives": content.directives(),
    }


def _filtered(unit: Unit, wishes: Mapping[str, str]) -> Select[Any]:
    statement = unit.select(csp_origins)
    for name, text in wishes.items():
        if name in service.NAMES:
            has = service.has(name)
            statement = statement.where(has if truth(name, text) else ~has)
        elif len(text) > _LONGEST_FILTER:
            raise BadInput(f"The parameter {name} is longer than {_LONGEST_FILTER} characters.", parameter=name)
        elif text:
            statement = statement.where(sa.func.lower(_TEXTS[name]).like(service.like(text), escape="\\"))
    return statement
