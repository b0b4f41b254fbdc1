"""All accounts at once, on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from tieline.api.edge.bodies import Body, Name, Whole
from tieline.api.oem.blends.schemas import Install
from tieline.core.clock import iso
from tieline.oem.bulk import MOST
from tieline.oem.insight import FIGURE_NAMES

Number = Annotated[Whole, Field(ge=1, le=2_147_483_647)]
Health = Literal["ok", "failing", "disconnected", "setup", "disabled", "unused"]


class BulkInstall(Body):
    """A template, and the accounts that it goes into."""

    template: Name
    items: Annotated[list[Install], Field(min_length=1, max_length=MOST)]
    template_prevent_duplicates: bool = True


class BulkTarget(Body):
    """An integration."""

    account: Name
    blend: Name


class BulkTargets(Body):
    """Integrations that something is done with."""

    items: Annotated[list[BulkTarget], Field(min_length=1, max_length=MOST)]


class BulkRemove(BulkTargets):
    """Integrations that are removed; `force` leaves their delete flows out."""

    force: bool = False


class BulkChange(BulkTarget):
    """An integration, and settings of its own in place of those for all."""

    inputs: dict[str, Any] | None = None


class BulkUpdate(Body):
    """Integrations that get the current version of their template, other settings, or a version to stay at."""

    items: Annotated[list[BulkChange], Field(min_length=1, max_length=MOST)]
    inputs: dict[str, Any] | None = None
    pinned_version: Number | None = None


class Result(BaseModel):
    """What became of one item; ``status`` as if it had been a call of its own."""

    index: int
    account: str
    status: int
    guid: str | None = None
    error: str | None = None
    code: str | None = None


class Results(BaseModel):
    """One for each item, in the order of the items."""

    results: list[Result]
    ok: int
    failed: int


class HealthItem(BaseModel):
    """How an integration is."""

    account: dict[str, str]
    blend: dict[str, Any]
    health: Health
    last_run: dict[str, Any] | None


class UsageDay(BaseModel):
    """What an account did on one day (UTC)."""

    day: str
    runs: int
    seconds: float
    api_calls: int
    received: int
    sent: int


class UsageItem(BaseModel):
    """What an account did."""

    account: dict[str, str]
    integrations: int
    runs: int
    seconds: float
    api_calls: int
    received: int
    sent: int


def show_health(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `insight.health`."""
    run = None
    if row["run_id"] is not None:
        detail = (row["error"] or [{}])[0].get("detail") if row["error"] else None
        run = {
            "guid": str(row["run_id"]),
            "status": row["status"],
            "starttime": iso(row["started_at"]) if row["started_at"] else None,
            "stoptime": iso(row["stopped_at"]) if row["stopped_at"] else None,
            "error": detail,
        }
    return {
        "account": {"guid": str(row["account_guid"]), "externalid": row["external_id"], "name": row["account_name"]},
        "blend": {
            "guid": str(row["id"]),
            "name": row["name"],
            "template_guid": str(row["made_of"]),
            "template_name": row["template_name"],
            "version": row["version"],
            "pinned_version": row["pinned_version"],
            "detached": row["template_id"] is None,
        },
        "health": row["health"],
        "last_run": run,
    }


def show_usage(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `insight.usage`."""
    return {
        "account": {"guid": str(row["id"]), "externalid": row["external_id"], "name": row["name"]},
        "integrations": row["integrations"],
        **_figures(row),
    }


def show_day(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `insight.usage_by_day`."""
    return {"day": row["day"].isoformat(), **_figures(row)}


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    return {name: round(float(row[name]), 3) if name == "seconds" else int(row[name]) for name in FIGURE_NAMES}
