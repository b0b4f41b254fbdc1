"""Roll-out on the wire."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from tieline.api.edge.bodies import Body, Whole

Number = Annotated[Whole, Field(ge=1, le=2_147_483_647)]


class Canary(Body):
    """Which version a share of the integrations runs."""

    version: Number
    share: Annotated[float, Field(ge=0, le=1)]


class Chosen(Body):
    """Which version; without, the one that is meant."""

    version: Number | None = None


class RollOut(BaseModel):
    """Where a template stands."""

    template_guid: str
    version: int = Field(description="The newest.")
    live_version: int
    canary_version: int | None
    canary_share: float
    integrations: dict[str, int] = Field(description="How many integrations run each version.")
    pinned: int = Field(description="How many are pinned.")


def show(row: dict[str, Any], counts: list[dict[str, Any]]) -> dict[str, Any]:
    """A template's row, and (version, pinned, count) of its integrations."""
    versions: dict[str, int] = {}
    for one in counts:
        versions[str(one["version"])] = versions.get(str(one["version"]), 0) + one["count"]
    return {
        "template_guid": str(row["id"]),
        "version": row["version"],
        "live_version": row["live_version"],
        "canary_version": row["canary_version"],
        "canary_share": row["canary_share"],
        "integrations": versions,
        "pinned": sum(one["count"] for one in counts if one["pinned"]),
    }
