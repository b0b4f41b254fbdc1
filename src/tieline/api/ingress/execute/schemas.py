"""Executions on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Raw
from pydantic import BaseModel, Field


class Execution(BaseModel):
    """The run that the call started."""

    id: str = Field(description="The run's id.", json_schema_extra={"format": "uuid"})
    status: str = Field(description="How far the run is.")
    output: Any = Field(
        default=None, description="What the output blocks have shown; only of a run that was waited for."
    )
    error: list[dict[str, Any]] | None = Field(default=None, description="What went wrong in the run.")


def show(row: Mapping[str, Any], *, waited: bool) -> dict[str, Any]:
    """The run that was started; with its output where the caller waited for it."""
    shown: dict[str, Any] = {"id": row["id"], "status": row["status"]}
    if waited:
        shown["output"] = Raw(row["output"]) if row["output"] is not None else None
        shown["error"] = row["error"]
    return shown
