"""Templates on the wire of the cloud families: what a customer may know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.core.clock import iso
from tieline.oem.shapes import Shape


class Wire(BaseModel):
    """camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class OfferedGroup(Wire):
    """What templates are shown under."""

    id: str
    name: str


class OfferedMember(Wire):
    """A template of a bundle."""

    id: str
    name: str


class SettingField(Wire):
    """One thing that is asked for."""

    id: str
    flow: Literal["start", "setup", "settings"]
    label: str = Field(description="Its name in `inputs`.")
    prompt: str
    kind: str = Field(description="input, select, object, multi_select, field_mapping or button.")
    options: list[str]
    required: bool
    persisted: bool = Field(description="The answer is kept as a setting of the integration.")
    value: Any = Field(description="The answer that is kept, unless it looks like a secret.")
    has_value: bool


class OfferedTemplate(Wire):
    """A template that may be installed."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    description: str
    short_description: str
    icon: str | None
    icon2: str | None
    icon3: str | None
    status: Literal["live", "coming soon"] = Field(description="What is still to come cannot be installed.")
    groups: list[OfferedGroup]
    has_setup: bool
    has_settings: bool
    is_bundle: bool
    members: list[OfferedMember]
    prevent_duplicates: bool
    run_mode: str
    updated_at: str


class OfferedTemplateDetail(OfferedTemplate):
    """The same with what it asks for."""

    fields: list[SettingField]


class Href(BaseModel):
    """A link."""

    href: str


class Links(BaseModel):
    """This page and its neighbours, where there are any."""

    self: Href
    next: Href | None = None
    prev: Href | None = None


class OfferedTemplateList(BaseModel):
    """A page of templates."""

    data: list[OfferedTemplate]
    links: Links


def show(row: Mapping[str, Any], shape: Shape, members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A template's row."""
    said = row["texts"]
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "description": said.get("description") or "",
        "shortDescription": said.get("shortDescription") or "",
        "icon": said.get("icon"),
        "icon2": said.get("icon2"),
        "icon3": said.get("icon3"),
        "status": row["status"],
        "groups": [{"id": one["id"], "name": one["name"]} for one in row["groups"]],
        "hasSetup": shape.has_setup,
        "hasSettings": shape.has_settings,
        "isBundle": bool(row["members"]),
        "members": [{"id": str(one["id"]), "name": one["name"]} for one in members],
        "preventDuplicates": row["prevent_duplicates"],
        "runMode": shape.run_mode,
        "updatedAt": iso(row["updated_at"]),
    }


def show_field(one: Mapping[str, Any]) -> dict[str, Any]:
    """A top input, as `settings.shown` gives it."""
    return {
        "id": one["id"],
        "flow": one["label"],
        "label": one["field_name"],
        "prompt": one["prompt"],
        "kind": one["type"],
        "options": one["options"],
        "required": one["is_required"],
        "persisted": one["is_persisted"],
        "value": one["persisted_value"],
        "hasValue": one["has_value"],
    }
