"""Test runs and pinned outputs on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Raw
from pydantic import BaseModel, Field, StringConstraints

from tieline.api.cloud.runs.schemas import RunDetail
from tieline.api.edge.bodies import Body, Whole
from tieline.core.clock import iso

BlockId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
LONGEST_WAIT = 60


class TestRun(Body):
    """Starts a test run of the newest version."""

    __test__ = False

    until: BlockId | None = Field(default=None, description="Id of the block behind which the run ends.")
    only: BlockId | None = Field(default=None, description="Id of the one block that runs, on sample data.")
    inputs: Any = Field(default=None, description="What the start block gets.")
    sample: dict[str, Any] = Field(
        default_factory=dict, description="With `only`: outputs and variables by reference name, as formulas see them."
    )
    run_id: str | None = Field(
        default=None, alias="runId", description="With `only`: take what is not in `sample` from this run's end."
    )
    pins: bool = Field(default=True, description="Whether pinned outputs take the place of running their blocks.")
    wait: Annotated[Whole, Field(ge=0, le=LONGEST_WAIT)] = Field(
        default=0, description="Seconds to wait for the end of the run before the answer."
    )


class TestRunDetail(RunDetail):
    """A test run; `output` is what the block it ended at gave, where it ended within `wait`."""

    __test__ = False

    output: Any = None


class PinnedOutput(BaseModel):
    """An output that test runs take in place of running the block."""

    block_id: str = Field(alias="blockId")
    output: Any
    pinned_by: str | None = Field(alias="pinnedBy", json_schema_extra={"format": "uuid"})
    updated_at: datetime = Field(alias="updatedAt")


class PinList(BaseModel):
    """All pins of an automation."""

    data: list[PinnedOutput]


class Pin(Body):
    """Pins an output to a block."""

    output: Any = Field(description="What the block shall put out; for a block that lists, the list.")


def show_pin(row: Mapping[str, Any]) -> dict[str, Any]:
    """A pin."""
    return {
        "blockId": row["block_id"],
        "output": Raw(row["output"]),
        "pinnedBy": row["pinned_by"],
        "updatedAt": iso(row["updated_at"]),
    }
