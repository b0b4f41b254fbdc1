"""The catalog: connectors that come with Tieline, there to be added to the tenant."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from tieline.api.cloud.connectors.endpoints import Reader, Writer, save_imported
from tieline.api.cloud.connectors.importing import Imported
from tieline.api.cloud.connectors.schemas import ImportedConnector
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.connectors import catalog
from tieline.connectors.importers import summary
from tieline.storage.tables import connectors

router = APIRouter(tags=["automation-connectors"])

CatalogName = Annotated[str, Path(description="As the catalog lists it.")]


class CatalogEntry(BaseModel):
    """A connector of the catalog."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    name: str = Field(description="What to add it by, and the slug of the connector that comes of it.")
    title: str
    description: str
    version: str
    auth: list[str] = Field(description="Ways to authenticate: bearer, oauth2 (authorization_code) ...")
    blocks: int
    events: int
    added: bool = Field(description="The tenant has a connector of this name.")
    connector_id: str | None = Field(json_schema_extra={"format": "uuid"})
    added_version: str | None = Field(description="The version of the tenant's.")


class CatalogList(BaseModel):
    """All of the catalog, by name."""

    data: list[CatalogEntry]


@router.get(
    "/automation-connectors/catalog",
    **documented("List the catalog of connectors", name="getConnectorCatalog", answer=CatalogList),
)
async def list_catalog(call: Reader) -> Response:
    """The connectors that come with Tieline, and which of them the tenant has. Ours."""
    entries = await asyncio.to_thread(catalog.entries)
    columns = (connectors.c.id, connectors.c.name, connectors.c.version)
    async with call.unit() as unit:
        rows = await unit.all(unit.select(connectors, *columns).where(connectors.c.name.in_(catalog.names())))
    had = {row["name"]: row for row in rows}
    return Json({"data": [_show(entry, had.get(entry.name)) for entry in entries]})


@router.post(
    "/automation-connectors/catalog/{name}/actions/add",
    **documented(
        "Add a connector of the catalog",
        name="addCatalogConnector",
        answer=ImportedConnector,
        status=201,
        errors=[404, 409],
    ),
)
async def add_of_catalog(call: Writer, name: CatalogName) -> Response:
    """Gives the tenant a connector of the catalog; added again it is brought up to the catalog's version, which is for
    who added it, and for administrators. Ours.
    """
    begun = time.perf_counter()
    manifest = await asyncio.to_thread(catalog.load, name)
    report = await asyncio.to_thread(summary, manifest)
    imported = Imported(manifest, True, {**report, "seconds": round(time.perf_counter() - begun, 3)})
    return await save_imported(call, imported, status=201)


def _show(entry: catalog.Entry, mine: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "description": entry.description,
        "version": entry.version,
        "auth": entry.auth,
        "blocks": entry.blocks,
        "events": entry.events,
        "added": mine is not None,
        "connectorId": mine["id"] if mine else None,
        "addedVersion": mine["version"] if mine else None,
    }
