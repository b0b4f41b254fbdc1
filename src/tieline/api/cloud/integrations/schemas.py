"""Integrations on the wire of the cloud families."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from tieline.api.cloud.templates.schemas import Links, SettingField, Wire, show_field
from tieline.api.edge.bodies import Body, Name
from tieline.core.clock import iso
from tieline.oem.shapes import Shape


class InstallTemplate(Body):
    """What is known from the start; the rest can follow."""

    inputs: dict[str, Any] = Field(default_factory=dict, max_length=500, description="Settings, by their labels.")
    connections: Annotated[list[Name], Field(max_length=100)] = Field(
        default_factory=list, description="Ids of connections to work with."
    )
    prevent_duplicates: bool | None = Field(
        alias="preventDuplicates",
        default=None,
        description="Same template and same inputs: bring the one that is there up to date.",
    )


class ChangeIntegration(Body):
    """What is sent is changed."""

    inputs: dict[str, Any] | None = Field(default=None, max_length=500, description="Settings, by their labels.")
    connections: Annotated[list[Name], Field(max_length=100)] | None = Field(
        default=None, description="Ids of connections, each in place of what its connector had."
    )
    schedules: Annotated[list[dict[str, Any]], Field(max_length=100)] | None = Field(
        default=None, description="As those of automations."
    )


class RunFlow(Body):
    """Answers to what the flow asks."""

    inputs: dict[str, Any] | None = None


class Integration(Wire):
    """A template in use. It is an automation too: its runs are found there, under the same id."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    template_id: str
    template_name: str
    description: str
    short_description: str
    icon: str | None
    state: str = Field(description="available, disabled.")
    setup_complete: bool
    has_setup: bool
    has_settings: bool
    is_bundle: bool
    members: list[dict[str, Any]]
    run_mode: str
    detached: bool
    owner_id: str = Field(description="Who installed it.")
    can_manage: bool = Field(description="The caller may change it: who installed it, and administrators.")
    connections: list[str]
    created_at: str
    updated_at: str
    last_run_at: str | None
    last_run_status: str | None


class CandidateConnection(Wire):
    """A connection that can serve."""

    id: str
    name: str
    is_connected: bool


class ConnectorToConnect(Wire):
    """What has to be connected."""

    connector_id: str | None = Field(description="For a connect session; null where the tenant lacks the connector.")
    connector_guid: str
    name: str
    connection: str | None = Field(description="The connection that it will work with.")
    connected: bool
    connections: list[CandidateConnection] = Field(description="Only shown to who may change the integration.")


class SetupStep(Wire):
    """One step of the wizard."""

    step: Literal["connect", "setup", "settings", "schedule", "review"]
    complete: bool
    connectors: list[ConnectorToConnect] | None = None
    fields: list[SettingField] | None = None
    lacking: list[str] | None = Field(default=None, description="Labels of what is required and has no value.")
    schedules: list[dict[str, Any]] | None = None
    can_activate: bool | None = None


class IntegrationDetail(Integration):
    """The same with its wizard."""

    steps: list[SetupStep]


class IntegrationList(BaseModel):
    """A page of integrations."""

    data: list[Integration]
    links: Links


class FlowRun(Wire):
    """What became of the run of a flow."""

    run_id: str
    status: str
    output: Any
    error: str | None
    setup_complete: bool


def show(
    row: Mapping[str, Any],
    template: Mapping[str, Any],
    shape: Shape,
    members: list[dict[str, Any]],
    *,
    can_manage: bool,
) -> dict[str, Any]:
    """A row of `integrations.listed`, its template's, and the shape of its version."""
    said = template["texts"]
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "templateId": str(template["id"]),
        "templateName": template["name"],
        "description": said.get("description") or "",
        "shortDescription": said.get("shortDescription") or "",
        "icon": said.get("icon"),
        "state": row["state"],
        "setupComplete": row["i_setup_complete"],
        "hasSetup": shape.has_setup,
        "hasSettings": shape.has_settings,
        "isBundle": bool(template["members"]),
        "members": members,
        "runMode": row["run_mode"],
        "detached": row["template_id"] is None,
        "ownerId": str(row["owner_id"]),
        "canManage": can_manage,
        "connections": sorted(set(row["i_connections"].values())),
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
        "lastRunAt": iso(row["last_run_at"]) if row["last_run_at"] else None,
        "lastRunStatus": row["last_run_status"],
    }


def show_step(one: Mapping[str, Any]) -> dict[str, Any]:
    """A step of `wizard.steps`."""
    found: dict[str, Any] = {"step": one["step"], "complete": one["complete"]}
    if "connectors" in one:
        found["connectors"] = [_camel(each) for each in one["connectors"]]
    if "fields" in one:
        found["fields"] = [show_field(each) for each in one["fields"]]
    for name, wire in (("lacking", "lacking"), ("schedules", "schedules"), ("can_activate", "canActivate")):
        if name in one:
            found[wire] = one[name]
    return found


def _camel(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "connectorId": one["connector_id"],
        "connectorGuid": one["connector_guid"],
        "name": one["name"],
        "connection": one["connection"],
        "connected": one["connected"],
        "connections": [
            {"id": each["id"], "name": each["name"], "isConnected": each["is_connected"]} for each in one["connections"]
        ],
    }
