"""Pointers on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.core.clock import iso


class Pointer(BaseModel):
    """Where an incremental block stands, for one set of its inputs."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    block_id: str
    inputs: str = Field(description="Stands for the block's inputs.")
    value: Any
    run_id: str | None
    updated_at: datetime


class PointerList(BaseModel):
    """All pointers of an automation."""

    data: list[Pointer]


def show_pointer(row: Mapping[str, Any]) -> dict[str, Any]:
    """A pointer."""
    return {
        "blockId": row["block_id"],
        "inputs": row["inputs_hash"],
        "value": row["value"],
        "runId": row["run_id"],
        "updatedAt": iso(row["updated_at"]),
    }
