"""One block of a connector, for the form that an editor draws."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from tieline.api.cloud.connectors.endpoints import ConnectorId, Reader, existing
from tieline.api.cloud.connectors.schemas import ConnectorBlockBase, ConnectorBlockKind, block_id, show_summary
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.connectors.manifest.model import Block, Manifest
from tieline.connectors.metadata.forms import block_form
from tieline.core.errors import NotFound

router = APIRouter(tags=["automation-connectors"])


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class BlockInputChoice(_Wire):
    """One of the values that an input may have."""

    value: Any
    label: str


class BlockInputField(_Wire):
    """A field of an object, or the items of a list."""

    id: str
    label: str
    type: str = Field(description="text, longtext, number, boolean, date, select, list, object or file.")
    required: bool
    default: Any
    choices: list[BlockInputChoice]
    help: str
    example: Any
    format: str
    fields: list[BlockInputField] | None = Field(description="Of an object, where they are known.")
    items: BlockInputField | None = Field(description="Of a list, where that is known.")


class BlockInput(BlockInputField):
    """An input of a block of a connector."""

    guid: str = Field(description="Another id, as workspaces of the original product have it.")
    secret: bool
    options_from: str | None = Field(
        description="The block that gives the choices in the connected account: ask `/actions/options`."
    )
    location: str | None


class ConnectorBlockForm(ConnectorBlockBase, ConnectorBlockKind):
    """A block of a connector with its form."""

    inputs: list[BlockInput]
    template: dict[str, Any] = Field(description="Its document as an editor inserts it; it wants an id.")
    output_schema: dict[str, Any] | None = Field(description="JSON Schema of one record, where that is known.")


@router.get(
    "/automation-connectors/{connectorId:uuid}/blocks/{block}",
    **documented("Get a block of a connector", name="getConnectorBlock", answer=ConnectorBlockForm, errors=[400, 404]),
)
async def get_block(call: Reader, connector_id: ConnectorId, block: str) -> Response:
    """What the form of a block needs: every input with what is inside of it, the document of the block, its output.
    `block` is its key, its id or its guid. Ours.
    """
    row = await existing(call, connector_id)
    async with call.unit() as unit:
        manifest = await call.services.connectors.manifest(unit, row["id"])
    found = find(row["id"], manifest, block)
    return Json(
        await asyncio.to_thread(lambda: {**show_summary(row["id"], found, manifest), **block_form(manifest, found)})
    )


def find(connector_id: UUID, manifest: Manifest, wanted: str) -> Block:
    """A block by its key, guid or id on the wire. Raises `NotFound`."""
    for block in manifest.blocks:
        if wanted in (block.id, block.guid, block_id(connector_id, block)):
            return block
    raise NotFound("The connector has no such block.")
