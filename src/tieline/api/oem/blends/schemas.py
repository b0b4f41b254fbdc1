"""Integrations and their runs on the wire; existing programs know them as blends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tieline.api.edge.bodies import Body, Name, Whole
from tieline.api.oem.templates.schemas import InputItem
from tieline.core.clock import iso
from tieline.oem.shapes import Shape

Number = Annotated[Whole, Field(ge=1, le=2_147_483_647)]


class Install(Body):
    """Into which account a template goes, with which answers and connections."""

    account: Name
    inputs: dict[str, Any] = Field(default_factory=dict, max_length=500)
    datasources: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)
    template_prevent_duplicates: bool | None = None


class RunBlend(Body):
    """How a run is started."""

    model_config = ConfigDict(populate_by_name=True)

    waits_not: bool | None = Field(default=None, alias="async")
    inputs: dict[str, Any] | None = None


class PersistedInputs(Body):
    """Values by label or id of persisted top inputs: `{"Project": "A"}`. Their names are the template's."""


class PinVersion(Body):
    """A version to stay at; null to follow the template again."""

    version: Number | None


class Blend(BaseModel):
    """An integration of an account."""

    guid: str
    name: str
    short_description: str | None
    description: str | None
    icon: str | None
    icon2: str | None
    icon3: str | None
    status: Literal["live", "hidden", "coming_soon"]
    created_at: str
    updated_at: str
    last_run_at: str | None
    has_setup: bool
    has_settings: bool
    isbundle: bool
    sub_automations: list[dict[str, Any]]
    setup_complete: bool
    template_guid: str | None
    run_mode: str
    admin_url: str
    admin_sso_url: str = Field(description="Signs in as the integration's owner: once, within 120 seconds.")


class BlendDetail(Blend):
    """The same with its inputs."""

    inputs: list[InputItem]


class BlendRun(BaseModel):
    """A run."""

    guid: str
    status: str
    context: str
    schedule_starttime: str | None
    starttime: str | None
    stoptime: str | None
    created_at: str
    updated_at: str


class BlendRunDetail(BlendRun):
    """The same with what went in and came out; secrets are masked."""

    inputs: Any
    outputs: list[Any]
    errors: list[dict[str, Any]]


def show(
    row: dict[str, Any],
    template: dict[str, Any],
    shape: Shape,
    base: str,
    ticket: str,
    parts: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A row of `integrations.listed`, its template's, the shape of its version, and a sign-on ticket for it."""
    said = template["texts"]
    where = f"/integrations/{row['id']}/settings"
    return {
        "guid": str(row["id"]),
        "name": row["name"],
        "short_description": said.get("shortDescription"),
        "description": said.get("description"),
        "icon": said.get("icon"),
        "icon2": said.get("icon2"),
        "icon3": said.get("icon3"),
        "status": template["status"].replace(" ", "_"),
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
        "last_run_at": _time(row["last_run_at"]),
        "has_setup": shape.has_setup,
        "has_settings": shape.has_settings,
        "isbundle": bool(template["members"]),
        "sub_automations": list(parts),
        "setup_complete": row["i_setup_complete"],
        "template_guid": str(row["i_template_id"]),
        "run_mode": row["run_mode"],
        "admin_url": f"{base}{where}",
        "admin_sso_url": f"{base}/sso{where}?ticket={ticket}",
        "state": row["state"],
        "version": row["version"],
        "pinned_version": row["i_pinned_version"],
        "detached": row["template_id"] is None,
        "datasources": sorted(set(row["i_connections"].values())),
        "last_run_status": row["last_run_status"],
    }


def show_run(row: dict[str, Any]) -> dict[str, Any]:
    """A run's row."""
    return {
        "guid": str(row["id"]),
        "status": row["status"],
        "context": row["context"],
        "schedule_starttime": _time(row["scheduled_at"]),
        "starttime": _time(row["started_at"]),
        "stoptime": _time(row["stopped_at"]),
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
    }


def _time(moment: Any) -> str | None:
    return None if moment is None else iso(moment)
