"""Dynamic metadata of a connection: choices for inputs, object types, fields."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.connections.reach import reach
from tieline.api.cloud.metadata.schemas import AskOptions, MetadataFields, MetadataOptions
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.connectors import metadata
from tieline.connectors.runtime.client import Client

router = APIRouter(tags=["automation-connections"])

Reader = Annotated[Call, Depends(access("connections", "read"))]
ConnectionId = Annotated[UUID, Depends(path_id("id", "connection"))]
Ask = Annotated[Incoming[AskOptions], Depends(json_body(AskOptions))]
ERRORS = (400, 404, 422, 502, 503, 504)


@router.post(
    "/automation-connections/{id:uuid}/blocks/{block}/inputs/{input}/actions/options",
    **documented(
        "List the choices of an input", name="getInputOptions", answer=MetadataOptions, body=AskOptions, errors=ERRORS
    ),
)
async def get_options(call: Reader, connection_id: ConnectionId, block: str, input: str, body: Ask) -> Response:
    """The values that an input can take in the connected account, from the block that the connector names for it."""
    client = await _client(call, connection_id)
    found = await metadata.options(client, client.block(block), input, body.model.inputs, body.model.search)
    return Json({"data": found})


@router.get(
    "/automation-connections/{id:uuid}/objects",
    **documented("List the object types of a connection", name="getObjectTypes", answer=MetadataOptions, errors=ERRORS),
)
async def get_types(call: Reader, connection_id: ConnectionId) -> Response:
    """The documented object types, and those that the connected account has besides."""
    return Json({"data": await metadata.types(await _client(call, connection_id))})


@router.get(
    "/automation-connections/{id:uuid}/objects/{object}/fields",
    **documented("List the fields of an object type", name="getObjectFields", answer=MetadataFields, errors=ERRORS),
)
async def get_fields(call: Reader, connection_id: ConnectionId, object: str) -> Response:
    """The documented fields, and those that the connected account has besides: what field mapping offers."""
    found = await metadata.fields(await _client(call, connection_id), object)
    shown = [
        {
            "name": one.name,
            "label": one.label,
            "type": one.type,
            "required": one.required,
            "readOnly": one.read_only,
            "choices": one.choices,
            "dynamic": one.dynamic,
        }
        for one in found
    ]
    return Json({"data": shown})


async def _client(call: Call, connection_id: UUID) -> Client:
    """A client of a connection that the caller may use. Raises `NotFound`, and `ReconnectNeeded`."""
    async with call.unit() as unit:
        await reach(call, unit, connection_id, to="use")
    return await call.services.connections.client(call.principal.tenant_id, connection_id, call.services.egress)
