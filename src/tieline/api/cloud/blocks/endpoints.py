"""The palette: ``/blocks``."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.blocks.schemas import BlockPalette
from tieline.api.edge.access import Call, access
from tieline.api.edge.documented import documented
from tieline.core import json

router = APIRouter(tags=["automations"])

Reader = Annotated[Call, Depends(access("automations", "read"))]


@router.get("/blocks", **documented("List the types of block", name="getBlockTypes", answer=BlockPalette))
async def list_block_types(call: Reader) -> Response:
    """Every built-in type of block with its form, its ways to other blocks and a document to begin with. Ours.

    The same for everybody until the server is updated; blocks of connectors come from `/automation-connectors`.
    """
    return Response(_palette(), media_type="application/json", headers={"cache-control": "private, max-age=3600"})


@cache
def _palette() -> bytes:
    from tieline.automations.blocks.palette import palette  # late: only editors ask

    return json.dumps(palette())
