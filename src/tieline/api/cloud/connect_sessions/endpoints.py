"""Connect sessions: ``/connect-sessions``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.connect_sessions.schemas import ConnectSession, CreateConnectSession, show
from tieline.api.cloud.connections.reach import reach
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import parse_id, path_id
from tieline.connectors.connecting.errors import NoSuchSession
from tieline.core.errors import BadInput, NotFound
from tieline.storage.unit import Unit
from tieline.tenancy import space_roles

router = APIRouter(tags=["connect-sessions"])

Reader = Annotated[Call, Depends(access("connections", "read"))]
Writer = Annotated[Call, Depends(access("connections", "write"))]
SessionId = Annotated[UUID, Depends(path_id("id", "connect session"))]
Create = Annotated[Incoming[CreateConnectSession], Depends(json_body(CreateConnectSession))]


@router.post(
    "/connect-sessions",
    **documented(
        "Create a connect session",
        name="createConnectSession",
        answer=ConnectSession,
        status=201,
        body=CreateConnectSession,
    ),
)
async def create_session(call: Writer, body: Create) -> Response:
    """Gives a link, good for 30 minutes, with which a person connects an account in a window of his own.

    Ask for the session until its status is `connected`. The redirect URI to register at the authorization server is
    `/connect/callback` under the public address of this server.
    """
    wanted = body.model
    if bool(wanted.connector_id) == bool(wanted.connection_id):
        raise BadInput("Name either a connector or a connection to renew.", pointer="/connectorId")
    space_id = parse_id(wanted.space_id, "space", BadInput, "/spaceId") if wanted.space_id else None
    async with call.unit() as unit:
        await space_roles.enter(unit, call.principal, space_id, error=BadInput)
        known = await _known(call, unit, wanted)
        if wanted.server:
            known["server"] = wanted.server
        opened = await call.services.connecting.create(
            unit,
            **known,
            owner_id=call.principal.user_id,
            name=wanted.name,
            space_id=space_id,
            params=dict(wanted.params),
        )
        told = {"connectorId": opened.row["connector_id"], "connectionId": opened.row["connection_id"]}
        await call.record(unit, "connect-session.created", opened.row["id"], wanted.name, told)
    link = f"{call.edge.origin.base(call.request)}/connect/{opened.token}"
    return Json(show(opened.row, link), 201)


@router.get(
    "/connect-sessions/{id:uuid}",
    **documented("Get a connect session", name="getConnectSession", answer=ConnectSession, errors=[400, 404]),
)
async def get_session(call: Reader, session_id: SessionId) -> Response:
    """How far the person has come, and the connection once there is one."""
    async with call.unit() as unit:
        row = await _reach(call, unit, session_id)
    return Json(show(row))


@router.delete(
    "/connect-sessions/{id:uuid}",
    **documented("Cancel a connect session", name="deleteConnectSession", status=204, errors=[404]),
)
async def delete_session(call: Writer, session_id: SessionId) -> Response:
    """Ends it; the link leads nowhere any more. A connection that was made stays."""
    async with call.unit() as unit:
        await _reach(call, unit, session_id)
        await call.services.connecting.cancel(unit, session_id)
        await call.record(unit, "connect-session.deleted", session_id)
    return Empty()


async def _known(call: Call, unit: Unit, wanted: CreateConnectSession) -> dict[str, Any]:
    """Connector, connection, way to sign in and base URL of the session that is wanted."""
    if not wanted.connection_id:
        connector_id = parse_id(wanted.connector_id, "connector", BadInput, "/connectorId")
        try:
            manifest = await call.services.connectors.manifest(unit, connector_id)
        except NotFound:
            raise BadInput("There is no such connector.", pointer="/connectorId") from None
        first = manifest.auth[0].id if manifest.auth else ""
        return {"connector_id": connector_id, "auth_method": wanted.auth_method or first, "server": None}
    connection_id = parse_id(wanted.connection_id, "connection", BadInput, "/connectionId")
    try:
        row = await reach(call, unit, connection_id)
    except NotFound as error:
        raise BadInput(error.detail, pointer="/connectionId") from None
    return {
        "connector_id": row["connector_id"],
        "connection_id": connection_id,
        "auth_method": wanted.auth_method or row["auth_method"],
        "server": row["server"],
    }


async def _reach(call: Call, unit: Unit, session_id: UUID) -> dict[str, Any]:
    row = await call.services.connecting.get(unit, session_id)
    if not call.principal.is_admin and row["owner_id"] != call.principal.user_id:
        raise NoSuchSession("There is no such connect session.")
    return row
