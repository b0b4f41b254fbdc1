"""Connectors: ``/automation-connectors``. The published documents know the reading half; the writing half is ours."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from msgspec import UNSET, Raw
from starlette.responses import Response

from tieline.api.cloud.connectors.errors import ConnectorInUse
from tieline.api.cloud.connectors.importing import Imported, read_manifest
from tieline.api.cloud.connectors.schemas import (
    LISTING,
    SHOWN,
    ConnectorBlockList,
    ConnectorDetail,
    ConnectorList,
    ConnectorManifest,
    ImportConnector,
    ImportedConnector,
    WebhookConfiguration,
    show_detail,
    show_item,
    show_summary,
    show_webhooks,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import ListQuery, Lists
from tieline.connectors.drift import told as drift
from tieline.connectors.importers import merge
from tieline.connectors.library.ownership import require_maker
from tieline.connectors.manifest import io
from tieline.core.errors import Conflict, NotFound
from tieline.storage.tables import connectors
from tieline.storage.unit import Unit

router = APIRouter(tags=["automation-connectors"])
# What the published documents do not have; only below the newer prefix, so that the older one is exactly as published.
writing = APIRouter(tags=["automation-connectors"])

LIST = Lists("connectors", LISTING)
IMPORT_ERRORS = (400, 409, 422, 502, 504)

Reader = Annotated[Call, Depends(access("connectors", "read"))]
Writer = Annotated[Call, Depends(access("connectors", "write"))]
ConnectorId = Annotated[UUID, Depends(path_id("connectorId", "connector"))]
Import = Annotated[Incoming[ImportConnector], Depends(json_body(ImportConnector, file=True))]


async def existing(call: Call, connector_id: UUID) -> dict[str, Any]:
    """The connector; looked for before another document is read."""
    async with call.unit() as unit:
        return await _row(unit, connector_id)


async def changeable(call: Writer, connector_id: ConnectorId) -> dict[str, Any]:
    """A dependency: the connector that is to be replaced, which the caller may."""
    async with call.unit() as unit:
        row = await _row(unit, connector_id)
        await require_maker(unit, call.principal, row["id"])
    return row


Changeable = Annotated[dict[str, Any], Depends(changeable)]


@router.get(
    "/automation-connectors",
    **documented("List connectors", name="getAutomationConnectors", answer=ConnectorList, parameters=LIST.parameters()),
)
async def list_connectors(call: Reader, query: Annotated[ListQuery, Depends(LIST.read)]) -> Response:
    """The connectors of the tenant."""
    async with call.unit() as unit:
        page = await LIST.answer(call, unit, query, lambda _: unit.select(connectors, *SHOWN), show_item)
    return Json(page)


@writing.post(
    "/automation-connectors",
    **documented(
        "Import a connector",
        name="importAutomationConnector",
        answer=ImportedConnector,
        status=201,
        body=ImportConnector,
        errors=IMPORT_ERRORS,
    ),
)
async def import_connector(call: Writer, body: Import) -> Response:
    """Makes a connector of API documentation or of a manifest; an addition of ours.

    A document that was imported before makes a new revision of its connector where something changed; what a person
    corrected in the manifest stays. That is for who made the connector, and for administrators.
    """
    return await save_imported(call, await read_manifest(call, body), status=201)


@router.get(
    "/automation-connectors/{connectorId:uuid}",
    **documented("Get a connector", name="getAutomationConnector", answer=ConnectorDetail, errors=[400, 404]),
)
async def get_connector(call: Reader, connector_id: ConnectorId) -> Response:
    """A connector with its connection parameters and blocks."""
    async with call.unit() as unit:
        row = await _row(unit, connector_id)
        manifest = await call.services.connectors.manifest(unit, row["id"])
    return Json(show_detail(row, manifest))


@writing.put(
    "/automation-connectors/{connectorId:uuid}",
    **documented(
        "Replace a connector",
        name="replaceAutomationConnector",
        answer=ImportedConnector,
        body=ImportConnector,
        errors=[404, *IMPORT_ERRORS],
    ),
)
async def replace_connector(call: Writer, row: Changeable, body: Import) -> Response:
    """Imports another document under the name of this connector. For who made it, and for administrators. Ours."""
    return await save_imported(call, await read_manifest(call, body, name=row["name"]), status=200)


@writing.delete(
    "/automation-connectors/{connectorId:uuid}",
    **documented("Delete a connector", name="deleteAutomationConnector", status=204, errors=[404, 409]),
)
async def delete_connector(call: Writer, connector_id: ConnectorId) -> Response:
    """Removes a connector with its history; 409 while connections use it. For who made it, and for administrators.
    Ours.
    """
    async with call.unit() as unit:
        row = await _row(unit, connector_id)
        await require_maker(unit, call.principal, row["id"])
        try:
            await call.services.connectors.delete(unit, row["id"])
        except Conflict as error:
            raise ConnectorInUse(error.detail) from None
        await call.record(unit, "connector.deleted", row["id"], row["name"])
    return Empty()


@router.get(
    "/automation-connectors/{connectorId:uuid}/blocks",
    **documented("List the blocks of a connector", name="getConnectorBlocks", answer=ConnectorBlockList, errors=[404]),
)
async def list_blocks(call: Reader, connector_id: ConnectorId) -> Response:
    """What automations can do with the connector; an addition of ours."""
    async with call.unit() as unit:
        row = await _row(unit, connector_id)
        manifest = await call.services.connectors.manifest(unit, row["id"])
    return Json({"data": [show_summary(row["id"], block, manifest) for block in manifest.blocks]})


@router.get(
    "/automation-connectors/{connectorId:uuid}/manifest",
    **documented(
        "Get the manifest of a connector", name="getConnectorManifest", answer=ConnectorManifest, errors=[404]
    ),
)
async def get_manifest(call: Reader, connector_id: ConnectorId) -> Response:
    """The whole manifest, as it can be imported again; an addition of ours."""
    async with call.unit() as unit:
        row = await _row(unit, connector_id)
        manifest = await call.services.connectors.manifest(unit, row["id"])
    return Json(Raw(io.dump(manifest, "json").encode()))


@router.get(
    "/automation-connectors/{connectorId:uuid}/webhooks/configuration",
    **documented(
        "Get the webhook configuration of a connector",
        name="getConnectorWebhookConfiguration",
        answer=WebhookConfiguration,
        errors=[400, 404],
    ),
)
async def get_webhooks(call: Reader, connector_id: ConnectorId) -> Response:
    """The events that the connected API can tell about by itself."""
    async with call.unit() as unit:
        row = await _row(unit, connector_id)
        manifest = await call.services.connectors.manifest(unit, row["id"])
    return Json(show_webhooks(row["id"], manifest))


async def _row(unit: Unit, connector_id: UUID) -> dict[str, Any]:
    """A connector by its id, or by the guid that workspaces call it by. Raises `NotFound`."""
    wanted = (connectors.c.id == connector_id) | (connectors.c.guid == str(connector_id))
    row = await unit.one(unit.select(connectors, *SHOWN).where(wanted))
    if row is None:
        raise NotFound("There is no such connector.")
    return row


async def save_imported(call: Call, imported: Imported, *, status: int) -> Response:
    """Keeps what was imported as a connector of the tenant, and answers with it."""
    manifest = imported.manifest
    async with call.unit() as unit:
        known = await unit.one(unit.select(connectors, connectors.c.id).where(connectors.c.name == manifest.name))
        if known is not None:
            await require_maker(unit, call.principal, known["id"])
        if known is not None and not imported.written:
            before = await call.services.connectors.manifest(unit, known["id"])
            manifest = await asyncio.to_thread(merge, before, manifest)
        saved = await call.services.connectors.save(unit, manifest)
        if manifest.source is not UNSET:
            await drift.imported(unit, saved["id"], manifest.source.sha256)
        row = await _row(unit, saved["id"])
        action = "connector.created" if known is None else "connector.updated"
        await call.record(unit, action, row["id"], row["name"], {"revision": saved["revision"]})
    return Json({**show_item(row), "report": imported.report}, status)
