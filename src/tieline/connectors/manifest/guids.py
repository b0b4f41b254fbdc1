"""GUIDs for what a manifest names by words: workspace documents of the original product know inputs by GUID only."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID, uuid5

from tieline.connectors.manifest.model import Block

_INPUTS = UUID("0f6f6b0a-7c0e-4f3d-9d5e-6a1b2a9b7d10")


@lru_cache(maxsize=16_384)
def _guid(block: str, name: str) -> str:
    return str(uuid5(_INPUTS, f"{block}/{name}"))


def input_guid(block: Block, name: str) -> str:
    """The GUID of a block's input; the same for ever, on every installation."""
    return _guid(block.guid or block.id, name)


def by_guid(block: Block, given: str) -> str:
    """The id of the input that ``given`` names by id or by GUID; ``given`` itself where there is none."""
    if any(entry.id == given for entry in block.inputs):
        return given
    return next((entry.id for entry in block.inputs if input_guid(block, entry.id) == given.lower()), given)
