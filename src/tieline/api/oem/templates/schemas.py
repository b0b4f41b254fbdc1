"""Templates on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Raw
from pydantic import BaseModel, Field, StringConstraints

from tieline.api.edge.bodies import Body, Description, Document, Name, Whole
from tieline.core.clock import iso
from tieline.oem.shapes import Shape

Status = Literal["live", "hidden", "coming soon"]
Url = Annotated[str, StringConstraints(max_length=2000)]


class TemplateGroup(Body):
    """What templates are shown under."""

    group_id: Name
    group_name: Name


class TemplateSource(Body):
    """An automation of one of the partner's accounts."""

    account: Name
    guid: Name


class PutTemplate(Body):
    """What can be changed; what is not sent stays."""

    name: Name | None = None
    description: Description | None = None
    short_description: Annotated[str, StringConstraints(max_length=1000)] | None = None
    icon: Url | None = None
    icon2: Url | None = None
    icon3: Url | None = None
    status: Status | None = None
    groups: Annotated[list[TemplateGroup], Field(max_length=50)] | None = None
    position: Annotated[Whole, Field(ge=0, le=1_000_000)] | None = None
    prevent_duplicates: bool | None = None
    members: Annotated[list[Name], Field(max_length=50)] | None = None
    schedules: list[dict[str, Any]] | None = None


class CreateTemplate(PutTemplate):
    """Made of ``automation``, or of a ``workspace`` document, or of ``members`` (a bundle)."""

    name: Name
    externalid: Name | None = None
    automation: TemplateSource | None = None
    workspace: Document | None = None
    note: Description = ""


class CreateVersion(Body):
    """The next version, of ``automation`` or ``workspace``; without either, of what the template was made of."""

    automation: TemplateSource | None = None
    workspace: Document | None = None
    note: Description = ""
    share: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="Of the integrations that run it at once, as a canary; 1 makes it live for all."
    )


class InputItem(BaseModel):
    """A top input."""

    id: str
    block_id: str
    label: Literal["start", "setup", "settings"]
    prompt: str
    field_name: str
    persisted_value: Any
    is_required: bool
    is_top_input: bool
    is_persisted: bool
    order: int
    created_at: str | None
    updated_at: str | None


class GroupItem(BaseModel):
    group_name: str
    group_id: str


class Template(BaseModel):
    """A template of the partner."""

    guid: str
    name: str
    icon: str | None
    icon2: str | None
    icon3: str | None
    description: str | None
    short_description: str | None
    status: Status
    has_setup: bool
    has_settings: bool
    isbundle: bool
    sub_blends: list[dict[str, Any]]
    groups: list[GroupItem]
    activation_url: str


class TemplateDetail(Template):
    """The same with what it asks for."""

    inputs: list[InputItem]


class Version(BaseModel):
    """A version of a template, which never changes."""

    version: int
    note: str
    published_by: str
    created_at: str
    live: bool
    canary: bool


def texts(wanted: PutTemplate) -> dict[str, str]:
    """The texts that were sent, as columns keep them."""
    sent = {
        "description": wanted.description,
        "shortDescription": wanted.short_description,
        "icon": wanted.icon,
        "icon2": wanted.icon2,
        "icon3": wanted.icon3,
    }
    return {name: value for name, value in sent.items() if value is not None}


def columns(wanted: PutTemplate) -> dict[str, Any]:
    """The columns that a body changes."""
    found: dict[str, Any] = {
        "name": wanted.name,
        "status": wanted.status,
        "position": wanted.position,
        "prevent_duplicates": wanted.prevent_duplicates,
        "members": wanted.members,
        "schedules": wanted.schedules,
        "texts": texts(wanted) or None,
    }
    if wanted.groups is not None:
        found["groups"] = [{"id": one.group_id, "name": one.group_name} for one in wanted.groups]
    return {name: value for name, value in found.items() if value is not None}


def show(
    row: dict[str, Any], shape: Shape, base: str, members: Sequence[tuple[dict[str, Any], Shape]] = ()
) -> dict[str, Any]:
    """A template's row."""
    said = row["texts"]
    return {
        "guid": str(row["id"]),
        "name": row["name"],
        "icon": said.get("icon"),
        "icon2": said.get("icon2"),
        "icon3": said.get("icon3"),
        "description": said.get("description"),
        "short_description": said.get("shortDescription"),
        "status": row["status"],
        "has_setup": shape.has_setup,
        "has_settings": shape.has_settings,
        "isbundle": bool(row["members"]),
        "sub_blends": [show(one, its, base) for one, its in members],
        "groups": [{"group_name": one["name"], "group_id": one["id"]} for one in row["groups"]],
        "activation_url": f"{base}/sso/templates/{row['id']}/install",
        "externalid": row["source"].get("externalId"),
        "has_delete": shape.has_delete,
        "run_mode": shape.run_mode,
        "position": row["position"],
        "prevent_duplicates": row["prevent_duplicates"],
        "version": row["version"],
        "live_version": row["live_version"],
        "canary_version": row["canary_version"],
        "canary_share": row["canary_share"],
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
    }


def show_version(row: dict[str, Any], template: dict[str, Any], workspace: bytes | None = None) -> dict[str, Any]:
    """A version's row, with its document where that is given."""
    found: dict[str, Any] = {
        "version": row["version"],
        "note": row["note"],
        "published_by": row["published_by"],
        "created_at": iso(row["created_at"]),
        "live": row["version"] == template["live_version"],
        "canary": row["version"] == template["canary_version"],
    }
    return found if workspace is None else {**found, "workspace": Raw(workspace)}
