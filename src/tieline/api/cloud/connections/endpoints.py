"""Connections: ``/automation-connections``."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from msgspec import UNSET
from starlette.responses import Response

from tieline.api.cloud.connections.answers import asked, read
from tieline.api.cloud.connections.errors import ConnectionInUse, ProbeTooLong
from tieline.api.cloud.connections.reach import reach
from tieline.api.cloud.connections.schemas import (
    LISTING,
    SHOWN,
    ChangeConnectionOwner,
    ChangeConnectionSpace,
    ConnectionCheck,
    ConnectionDetail,
    ConnectionList,
    CreateConnection,
    ProbeConnection,
    ProbeReport,
    UpdateConnection,
    show_detail,
    show_item,
    state_tag,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import parse_id, path_id
from tieline.api.edge.lists import ListQuery, Lists, flag
from tieline.api.edge.preconditions import IF_MATCH, expected
from tieline.connectors.library.ownership import require_maker
from tieline.connectors.probe import probe
from tieline.core.errors import BadInput, Conflict, Forbidden, NotFound
from tieline.oem import bindings
from tieline.storage.tables import automation_versions, automations, connections, connectors
from tieline.storage.unit import Unit
from tieline.tenancy import audit, space_roles, users
from tieline.tenancy.visibility import visible

router = APIRouter(tags=["automation-connections"])

# What the published documents do not have; only below the newer prefix.
probing = APIRouter(tags=["automation-connections"])

PROBE_SECONDS = 240.0
LIST = Lists("connections", LISTING, list_all=False)

Reader = Annotated[Call, Depends(access("connections", "read"))]
Writer = Annotated[Call, Depends(access("connections", "write"))]
ConnectionId = Annotated[UUID, Depends(path_id("id", "connection"))]


@router.get(
    "/automation-connections",
    **documented(
        "List connections", name="getAutomationConnections", answer=ConnectionList, parameters=LIST.parameters()
    ),
)
async def list_connections(call: Reader, query: Annotated[ListQuery, Depends(LIST.read)]) -> Response:
    """The own connections and those in spaces; with `listAll`, for administrators, all of the tenant."""
    if query.list_all and not call.principal.is_admin:
        raise Forbidden("Only a tenant administrator may list all connections; leave listAll out.", parameter="listAll")
    async with call.unit() as unit:
        page = await LIST.answer(
            call,
            unit,
            query,
            lambda everything: unit.select(connections, *SHOWN).where(
                visible(connections, call.principal, all_of_tenant=everything)
            ),
            show_item,
        )
    return Json(page)


@router.post(
    "/automation-connections",
    **documented(
        "Create a connection",
        name="createAutomationConnection",
        answer=ConnectionDetail,
        status=201,
        body=CreateConnection,
    ),
)
async def create_connection(
    call: Writer, body: Annotated[Incoming[CreateConnection], Depends(json_body(CreateConnection))]
) -> Response:
    """Makes a connection. What is missing can be answered later; `isConnected` and `error` say what is."""
    wanted = body.model
    connector_id = parse_id(wanted.connector_id, "connector", BadInput, "/connectorId")
    space_id = parse_id(wanted.space_id, "space", BadInput, "/spaceId") if wanted.space_id else None
    async with call.unit() as unit:
        await space_roles.enter(unit, call.principal, space_id, error=BadInput)
        try:
            connector = await call.services.connectors.get(unit, connector_id)
        except NotFound:
            raise BadInput("There is no such connector.", pointer="/connectorId") from None
        manifest = await call.services.connectors.manifest(unit, connector_id)
        given = read(connector_id, manifest, wanted.params)
        methods = manifest.auth
        row = await call.services.connections.create(
            unit,
            connector_id=connector_id,
            name=wanted.name or connector["title"] or connector["name"],
            owner_id=call.principal.user_id,
            space_id=space_id,
            auth_method=given.auth_method or (methods[0].id if methods else ""),
            server=given.server,
            params=given.values,
        )
        told = {"connectorId": connector_id, "params": sorted(given.values)}
        await call.record(unit, "connection.created", row["id"], row["name"], told)
        kept = await call.services.connections.kept(unit, row["id"])
    return Json(show_detail(row, asked(connector_id, manifest), kept), 201)


@router.get(
    "/automation-connections/{id:uuid}",
    **documented("Get a connection", name="getAutomationConnection", answer=ConnectionDetail, errors=[400, 404]),
)
async def get_connection(call: Reader, connection_id: ConnectionId) -> Response:
    """A connection and its parameters; secrets are never shown."""
    async with call.unit() as unit:
        return await _detail(call, unit, await reach(call, unit, connection_id))


@router.put(
    "/automation-connections/{id:uuid}",
    **documented(
        "Update a connection",
        name="updateAutomationConnection",
        answer=ConnectionDetail,
        body=UpdateConnection,
        errors=[404, 409],
        parameters=[IF_MATCH],
    ),
)
async def update_connection(
    call: Writer,
    connection_id: ConnectionId,
    body: Annotated[Incoming[UpdateConnection], Depends(json_body(UpdateConnection))],
) -> Response:
    """Changes the name and the parameters that are sent. Another base URL or way to sign in erases the old secrets."""
    async with call.unit() as unit:
        await unit.one(
            unit.select(connections, connections.c.id).where(connections.c.id == connection_id).with_for_update()
        )
        row = await reach(call, unit, connection_id)
        wanted = expected(call.request)
        if wanted is not None and wanted != state_tag(row):
            raise Conflict("Somebody changed this connection since you read it; read it again and repeat your change.")
        manifest = await call.services.connectors.manifest(unit, row["connector_id"])
        given = read(row["connector_id"], manifest, body.model.params)
        before = row
        row = await call.services.connections.update(
            unit,
            connection_id,
            name=body.model.name if body.sent("name") else UNSET,
            auth_method=given.auth_method if given.auth_method is not None else UNSET,
            server=given.server if given.server is not None else UNSET,
            params={**row["params"], **given.values} if given else UNSET,
        )
        # Of the answers only the names: which of them are secret is the connector's business.
        told = {**audit.changes(before, row, only=("name", "auth_method", "server")), "params": sorted(given.values)}
        await call.record(unit, "connection.updated", connection_id, row["name"], told)
        kept = await call.services.connections.kept(unit, connection_id)
    return Json(show_detail(row, asked(row["connector_id"], manifest), kept), headers={"etag": f'"{state_tag(row)}"'})


@router.delete(
    "/automation-connections/{id:uuid}",
    **documented(
        "Delete a connection",
        name="deleteAutomationConnection",
        status=204,
        errors=[404],
        parameters=[
            {
                "name": "forced",
                "in": "query",
                "required": False,
                "schema": {"type": "boolean", "default": False},
                "description": "Also where automations use it, which then fail.",
            }
        ],
    ),
)
async def delete_connection(call: Writer, connection_id: ConnectionId) -> Response:
    """Removes a connection with its secrets; 400 while automations use it, unless forced."""
    forced = flag(call.request, "forced")
    async with call.unit() as unit:
        row = await reach(call, unit, connection_id)
        if not forced and (user := await _used_by(unit, connection_id)) is not None:
            raise ConnectionInUse(
                f"The automation {user[:60]!r} uses this connection; send forced=true to delete it anyway."
            )
        if not forced and (named := await bindings.bound_to(unit, connection_id)):
            shown = ", ".join(repr(name[:60]) for name in named[:5]) + (" and others" if len(named) > 5 else "")
            raise ConnectionInUse(
                f"The integrations {shown} use this connection; send forced=true to take it from them."
            )
        await bindings.unbind(unit, connection_id)
        await call.services.webhooks.leave(unit, connection_id)
        await call.services.connections.delete(unit, connection_id)
        await call.record(unit, "connection.deleted", connection_id, row["name"], {"forced": bool(forced)})
    return Empty()


@router.post(
    "/automation-connections/{id:uuid}/actions/change-owner",
    **documented(
        "Change the owner of a connection",
        name="automationConnectionChangeOwner",
        status=204,
        body=ChangeConnectionOwner,
        errors=[404],
    ),
)
async def change_owner(
    call: Writer,
    connection_id: ConnectionId,
    body: Annotated[Incoming[ChangeConnectionOwner], Depends(json_body(ChangeConnectionOwner))],
) -> Response:
    """Gives it to another user. For its owner and tenant administrators."""
    async with call.unit() as unit:
        row = await reach(call, unit, connection_id)
        if row["owner_id"] != call.principal.user_id:
            call.principal.require_admin()
        user_id = parse_id(body.model.user_id, "user", pointer="/userId")
        await users.get(unit, user_id)
        await call.services.connections.update(unit, connection_id, owner_id=user_id)
        told = {"owner_id": [row["owner_id"], user_id]}
        await call.record(unit, "connection.owner-changed", connection_id, row["name"], told)
    return Empty()


@router.post(
    "/automation-connections/{id:uuid}/actions/change-space",
    **documented(
        "Change the space of a connection",
        name="automationConnectionChangeSpace",
        status=204,
        body=ChangeConnectionSpace,
        errors=[404],
    ),
)
async def change_space(
    call: Writer,
    connection_id: ConnectionId,
    body: Annotated[Incoming[ChangeConnectionSpace], Depends(json_body(ChangeConnectionSpace))],
) -> Response:
    """Moves it to another space; without one to the owner's personal space."""
    wanted = body.model.space_id
    async with call.unit() as unit:
        row = await reach(call, unit, connection_id)
        space_id = parse_id(wanted, "space", pointer="/spaceId") if wanted else None
        await space_roles.enter(unit, call.principal, space_id)
        await call.services.connections.update(unit, connection_id, space_id=space_id)
        told = {"space_id": [row["space_id"], space_id]}
        await call.record(unit, "connection.space-changed", connection_id, row["name"], told)
    return Empty()


@router.post(
    "/automation-connections/{id:uuid}/actions/check",
    **documented("Check a connection", name="checkAutomationConnection", answer=ConnectionCheck, errors=[400, 404]),
)
async def check_connection(call: Writer, connection_id: ConnectionId) -> Response:
    """Calls the connected API and says whether it answers to these credentials."""
    async with call.unit() as unit:
        row = await reach(call, unit, connection_id, to="use")
        await call.record(unit, "connection.checked", connection_id, row["name"])
    services = call.services
    result = await services.connections.check(call.principal.tenant_id, connection_id, services.egress)
    told = {"detail": "" if result.ok else result.detail, "note": result.note}
    return Json({"connected": result.ok, "is_connected": result.ok, **told})


@probing.post(
    "/automation-connections/{id:uuid}/actions/probe",
    **documented(
        "Probe a connection",
        name="probeAutomationConnection",
        answer=ProbeReport,
        body=ProbeConnection,
        errors=[400, 404, 409, 504],
    ),
)
async def probe_connection(
    call: Writer,
    connection_id: ConnectionId,
    body: Annotated[Incoming[ProbeConnection], Depends(json_body(ProbeConnection))],
) -> Response:
    """Asks the connected account what the documentation left open, and keeps the answers as facts of the connector.

    Only reads, unless `writes` says otherwise. For who made the connector, and for administrators. Ours.
    """
    call.principal.require("connectors", "write")
    services = call.services
    async with call.unit() as unit:
        row = await reach(call, unit, connection_id)
        await require_maker(unit, call.principal, row["connector_id"])
        revision = (await services.connectors.get(unit, row["connector_id"]))["revision"]
    client = await services.connections.client(call.principal.tenant_id, connection_id, services.egress)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            outcome = await probe(client, writes=body.model.writes)
    except TimeoutError:
        raise ProbeTooLong(f"The probe took more than {PROBE_SECONDS:g} s; nothing was kept.") from None
    async with call.unit() as unit:
        # Locked: of two that probed the same revision the second would undo what the first has found.
        mine = connectors.c.id == row["connector_id"]
        current = await unit.scalar(unit.select(connectors, connectors.c.revision).where(mine).with_for_update())
        if current != revision:
            raise Conflict("The connector was changed while it was probed; probe again.")
        saved = await services.connectors.save(unit, outcome.manifest)
        told = {"connectorId": row["connector_id"], "writes": body.model.writes, "counts": outcome.counts()}
        await call.record(unit, "connection.probed", connection_id, row["name"], told)
    report = {"findings": outcome.findings, "counts": outcome.counts(), "revision": saved["revision"]}
    return Json({"connectorId": row["connector_id"], **report})


async def _detail(call: Call, unit: Unit, row: dict[str, Any]) -> Response:
    manifest = await call.services.connectors.manifest(unit, row["connector_id"])
    kept = await call.services.connections.kept(unit, row["id"])
    return Json(show_detail(row, asked(row["connector_id"], manifest), kept), headers={"etag": f'"{state_tag(row)}"'})


async def _used_by(unit: Unit, connection_id: UUID) -> str | None:
    """The name of an automation whose workspace names the connection, in whatever spelling of its id."""
    statement = (
        unit.select(automations, automations.c.name)
        .join(
            automation_versions,
            (automation_versions.c.tenant_id == automations.c.tenant_id)
            & (automation_versions.c.automation_id == automations.c.id)
            & automation_versions.c.version.in_((automations.c.version, automations.c.live_version)),
        )
        .where(
            sa.func.strpos(
                sa.func.lower(sa.func.convert_from(automation_versions.c.workspace, "UTF8")), str(connection_id)
            )
            > 0
        )
        .limit(1)
    )
    name: str | None = await unit.scalar(statement)
    return name
