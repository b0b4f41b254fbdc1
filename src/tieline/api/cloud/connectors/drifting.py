"""A stored connector against newer documentation: what would change, and which automations that touches."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from tieline.api.cloud.connectors.endpoints import IMPORT_ERRORS, ConnectorId, Import, Reader, existing
from tieline.api.cloud.connectors.importing import Imported, read_manifest
from tieline.api.cloud.connectors.schemas import ImportConnector
from tieline.api.edge.access import Call
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.automations.library.uses import users_of
from tieline.connectors.drift import Diff, compare
from tieline.connectors.drift.watch import Watch
from tieline.connectors.importers import merge
from tieline.connectors.manifest.model import Manifest
from tieline.storage.tables import automations
from tieline.tenancy import notices
from tieline.tenancy.visibility import visible

router = APIRouter(tags=["automation-connectors"])


class ConnectorDrift(BaseModel):
    """What an import of newer documentation would change."""

    bump: str = Field(description="The part of the version that would be raised: major, minor, patch, none.")
    version: str
    next_version: str
    breaking: int
    additive: int
    cosmetic: int
    blocks: list[str] = Field(description="Ids of the blocks that a breaking change touches.")
    changes: list[dict[str, Any]] = Field(description="level, area, message, block, field, before, after.")
    automations: list[dict[str, Any]] = Field(description="id, name, state and touched blocks of those that use them.")
    notices: list[dict[str, Any]] = Field(description="What the nightly look at the document has told and is open.")


@router.get(
    "/automation-connectors/{connectorId:uuid}/drift",
    **documented(
        "Compare a connector with its document",
        name="getConnectorDrift",
        answer=ConnectorDrift,
        errors=[400, 404, 409, 422, 502, 504],
    ),
)
async def get_drift(call: Reader, connector_id: ConnectorId) -> Response:
    """Fetches the document that the connector was made of and says what has changed; nothing is kept. Ours."""
    services = call.services
    watch = Watch(services.database, services.connectors, services.egress)
    row = await existing(call, connector_id)
    async with call.unit() as unit:
        manifest = await services.connectors.manifest(unit, row["id"])
    diff = await watch.look(manifest)
    return await _answer(call, row, manifest, diff)


@router.post(
    "/automation-connectors/{connectorId:uuid}/diff",
    **documented(
        "Compare a connector with another document",
        name="diffAutomationConnector",
        answer=ConnectorDrift,
        body=ImportConnector,
        errors=[404, *(status for status in IMPORT_ERRORS if status != 409)],
    ),
)
async def post_diff(call: Reader, connector_id: ConnectorId, body: Import) -> Response:
    """Says what an import of this document (or manifest) would change; nothing is kept. Ours."""
    row = await existing(call, connector_id)
    newer = await read_manifest(call, body, name=row["name"])
    async with call.unit() as unit:
        manifest = await call.services.connectors.manifest(unit, row["id"])
    diff = await asyncio.to_thread(_compared, manifest, newer)
    return await _answer(call, row, manifest, diff)


def _compared(manifest: Manifest, newer: Imported) -> Diff:
    return compare(manifest, newer.manifest if newer.written else merge(manifest, newer.manifest))


async def _answer(call: Call, row: dict[str, Any], manifest: Manifest, diff: Diff) -> Response:
    touched = set(diff.blocks)
    blocks = {
        name: block.id for block in manifest.blocks if block.id in touched for name in (block.guid, block.id) if name
    }
    connector: UUID = row["id"]
    async with call.unit() as unit:
        users = await users_of(
            unit,
            [row["guid"], str(connector)],
            blocks,
            visible=visible(automations, call.principal),
            everything=diff.everywhere,
        )
        told = await notices.still_open(unit, subject=f"connector:{connector}")
    return Json(
        {
            **diff.as_data(manifest.version),
            "automations": [
                {"id": one.id, "name": one.name, "state": one.state, "blocks": one.blocks}
                for one in (users if diff.blocks or diff.everywhere else [])
            ],
            "notices": [{"id": str(one["id"]), "title": one["title"], "detail": one["detail"]} for one in told],
        }
    )
