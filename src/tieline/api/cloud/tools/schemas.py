"""Tools on the wire."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.automations.tools.names import LONGEST, LONGEST_PREFIX
from tieline.automations.tools.offers import MOST_BLOCKS, Offer

ToolName = Annotated[str, StringConstraints(max_length=LONGEST)]
Prefix = Annotated[str, StringConstraints(max_length=LONGEST_PREFIX)]
Told = Annotated[str, StringConstraints(max_length=1000)]
BlockId = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class AutomationToolBody(Body):
    """Whether and how agents see an automation."""

    enabled: bool = Field(description="False: agents do not see it.")
    name: ToolName = Field(
        default="",
        description=f"At most {LONGEST} characters out of A-Z a-z 0-9 _ -; without it, the one before, or one that is "
        "made from the automation's name.",
    )
    description: Told = Field(default="", description="When to use it; without it, the automation's description.")


class ConnectionToolsBody(Body):
    """Whether and how agents see the blocks of a connection."""

    enabled: bool = Field(description="False: agents see none of its blocks.")
    name: Prefix = Field(
        default="",
        description=f"What the names of its tools begin with, at most {LONGEST_PREFIX} characters; without it, the one "
        "before, or one that is made from the connection's name.",
    )
    blocks: list[BlockId] | None = Field(
        default=None,
        max_length=MOST_BLOCKS,
        description="Ids of the blocks to offer, also of those that write; null = all that only read.",
    )


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class AutomationTool(_Wire):
    """How agents see an automation."""

    enabled: bool
    name: str = ""
    description: str = ""
    input_schema: dict[str, Any] = Field(default_factory=dict, description="JSON Schema of what a call is given.")


class ConnectionTools(_Wire):
    """How agents see a connection."""

    enabled: bool
    name: str = ""
    blocks: list[str] | None = None
    tools: list[str] = Field(default_factory=list, description="The names of its tools.")


def show_automation(offer: Offer | None, schema: dict[str, Any] | None) -> dict[str, Any]:
    """An automation's offer."""
    if offer is None:
        return {"enabled": False, "name": "", "description": "", "inputSchema": {}}
    return {
        "enabled": True,
        "name": offer.name,
        "description": offer.description,
        "inputSchema": schema or {},
    }


def show_connection(offer: Offer | None, tools: list[str]) -> dict[str, Any]:
    """A connection's offer."""
    if offer is None:
        return {"enabled": False, "name": "", "blocks": None, "tools": []}
    return {"enabled": True, "name": offer.name, "blocks": offer.blocks, "tools": tools}
