"""Connections: ``/accounts/{account}/datasources``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path
from msgspec import UNSET
from starlette.responses import Response

from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.oem.access import AccountCall, account
from tieline.api.oem.datasources.schemas import (
    CreateDatasource,
    Datasource,
    DatasourceDetail,
    DatasourceMade,
    PutDatasource,
    show,
    show_detail,
)
from tieline.api.oem.lists import PARAMETERS, Paging, page_model, paged, paging
from tieline.api.oem.routes import OemRoute, described
from tieline.connectors.runtime.auth.interactive import interactive
from tieline.core.errors import BadInput, NotFound
from tieline.oem import accounts, bindings, returning
from tieline.oem.errors import InUse
from tieline.oem.pages import page_of
from tieline.storage.tables import automations, connections
from tieline.storage.unit import Unit
from tieline.tenancy import audit

router = APIRouter(tags=["datasources"], route_class=OemRoute)

Inside = Annotated[AccountCall, Depends(account)]
Guid = Annotated[str, Path(alias="datasource", description="GUID of a datasource.")]
SIGN_IN = "Open the link within 30 minutes to sign in."
ENTER = "Send what lacks in params: {}."
CONNECTED = "The datasource is connected."


@router.get(
    "/accounts/{account}/datasources",
    **described(
        "List datasources",
        name="listDatasources",
        answer=page_model("DatasourcePage", Datasource),
        parameters=PARAMETERS,
    ),
)
async def list_datasources(call: Inside, page: Annotated[Paging, Depends(paging)]) -> Response:
    """The account's connections, oldest first."""
    async with call.unit() as unit:
        found = await page_of(unit, bindings.listed(unit), page.number, page.size)
        everything = found.rows if found.total <= page.size else await unit.all(bindings.listed(unit))
    used = await bindings.users_of(call.edge.services.database, call.account["id"], everything)
    return paged(call, found, lambda row: show(row, bool(used[row["id"]])))


@router.post(
    "/accounts/{account}/datasources",
    **described(
        "Create a datasource", name="createDatasource", answer=DatasourceMade, body=CreateDatasource, errors=[409]
    ),
)
async def create_datasource(
    call: Inside, body: Annotated[Incoming[CreateDatasource], Depends(json_body(CreateDatasource))]
) -> Response:
    """Makes a connection. Sent again with the same name and connector, it is that connection with the new answers.

    `additional.link` leads a person to the sign-in page, where the connector wants that, and from there back to
    `redirect_url`, whose origin has to be one of those that are registered for embedding.
    """
    wanted, services = body.model, call.edge.services
    back = "" if wanted.redirect_url is None else returning.checked(wanted.redirect_url, call.caller.settings)
    known = await bindings.provide(
        services.database, services.connectors, call.partner_id, call.account["id"], [wanted.connector_guid]
    )
    connector_id = known.get(wanted.connector_guid)
    if connector_id is None:
        raise BadInput("There is no such connector.", pointer="/connector_guid")
    async with call.unit() as unit:
        key = {"key": f"datasource/{call.account['id']}/{connector_id}/{wanted.name}"}
        await unit.connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 8))"), key)
        same = (connections.c.connector_id == connector_id, connections.c.name == wanted.name.strip())
        row = await unit.one(unit.select(connections, connections.c.id).where(*same).limit(1))
        if row is None:
            row = await services.connections.create(
                unit,
                connector_id=connector_id,
                name=wanted.name,
                owner_id=await accounts.owner(unit),
                auth_method=wanted.auth_method or await _method(call, unit, connector_id),
                server=wanted.server,
                secrets=wanted.params or {},
            )
        elif wanted.params:
            await services.connections.update(unit, row["id"], secrets=wanted.params)
        await audit.record(
            unit, call.caller, action="connection.created", subject=f"connection:{row['id']}", name=wanted.name
        )
    found = await _found(call, str(row["id"]))
    link = await _link(call, found, back)
    shown = await _detail(call, found, None)
    message = SIGN_IN if link else CONNECTED if found["is_connected"] else ENTER.format(found["error"] or "answers")
    return Json({**shown, "additional": {"message": message, "link": link}})


@router.get(
    "/accounts/{account}/datasources/{datasource}",
    **described("Get a datasource", name="getDatasource", answer=DatasourceDetail),
)
async def get_datasource(call: Inside, name: Guid) -> Response:
    """One connection with the automations that use it, and a link where a person has to sign in."""
    row = await _found(call, name)
    return Json(await _detail(call, row, await _link(call, row)))


@router.put(
    "/accounts/{account}/datasources/{datasource}",
    **described("Update a datasource", name="updateDatasource", answer=DatasourceDetail, body=PutDatasource),
)
async def update_datasource(
    call: Inside, name: Guid, body: Annotated[Incoming[PutDatasource], Depends(json_body(PutDatasource))]
) -> Response:
    """Changes what is sent. Its connector stays."""
    row = await _found(call, name)
    if body.sent("connector_guid"):
        raise BadInput("The connector of a datasource cannot be changed.", pointer="/connector_guid")
    async with call.unit() as unit:
        wanted = body.model
        await call.edge.services.connections.update(
            unit,
            row["id"],
            name=UNSET if wanted.name is None else wanted.name,
            secrets=UNSET if wanted.params is None else wanted.params,
        )
        await audit.record(
            unit,
            call.caller,
            action="connection.updated",
            subject=f"connection:{row['id']}",
            name=row["name"],
            detail={"fields": sorted(body.names)},
        )
    row = await _found(call, name)
    return Json(await _detail(call, row, await _link(call, row)))


@router.delete(
    "/accounts/{account}/datasources/{datasource}",
    **described("Delete a datasource", name="deleteDatasource", status=204),
)
async def delete_datasource(call: Inside, name: Guid) -> Response:
    """Removes a connection; refused while automations use it, which the answer names."""
    row = await _found(call, name)
    users = await _users(call, row)
    if users:
        raise InUse([{"guid": str(one["id"]), "name": one["name"]} for one in users])
    async with call.unit() as unit:
        await call.edge.services.connections.delete(unit, row["id"])
        await audit.record(
            unit, call.caller, action="connection.deleted", subject=f"connection:{row['id']}", name=row["name"]
        )
    return Empty()


async def _found(call: AccountCall, name: str) -> dict[str, Any]:
    async with call.unit() as unit:
        row = await bindings.connection(unit, name)
    if row is None:
        raise NotFound("There is no such datasource.")
    return row


async def _users(call: AccountCall, row: dict[str, Any]) -> list[dict[str, Any]]:
    async with call.unit() as unit:
        everything = await unit.all(bindings.listed(unit))
    used = await bindings.users_of(call.edge.services.database, call.account["id"], everything)
    ids = used.get(row["id"], [])
    async with call.unit() as unit:
        named = unit.select(automations, automations.c.id, automations.c.name).where(automations.c.id.in_(ids))
        return await unit.all(named.order_by(automations.c.id))


async def _detail(call: AccountCall, row: dict[str, Any], link: str | None) -> dict[str, Any]:
    return show_detail(row, await _users(call, row), link)


async def _link(call: AccountCall, row: dict[str, Any], back: str = "") -> str | None:
    """Where a person signs in, for a connection that needs that; a new one each time, good for 30 minutes."""
    if row["is_connected"]:
        return None
    services = call.edge.services
    async with call.unit() as unit:
        manifest = await services.connectors.manifest(unit, row["connector_id"])
        method = next((one for one in manifest.auth if one.id == row["auth_method"]), None)
        if method is None or not interactive(method):
            return None
        opened = await services.connecting.create(
            unit,
            connector_id=row["connector_id"],
            connection_id=row["id"],
            owner_id=row["owner_id"],
            name=row["name"],
            auth_method=row["auth_method"],
            server=row["server"],
            back=back,
        )
    return call.link(f"/connect/{opened.token}")


async def _method(call: AccountCall, unit: Unit, connector_id: UUID) -> str:
    """The way to connect where several are offered and none is named: the first."""
    manifest = await call.edge.services.connectors.manifest(unit, connector_id)
    return manifest.auth[0].id if manifest.auth else ""
