"""Web integrations on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso
from tieline.tenancy.web_integrations import LONGEST_NAME, MOST_ORIGINS

Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME)]


class CreateWebIntegration(Body):
    """A new web integration."""

    name: Name = Field(description="The name of the web integration.")
    valid_origins: list[str] = Field(
        alias="validOrigins",
        default_factory=list,
        max_length=MOST_ORIGINS,
        description="Origins that may call: `https://host` or `https://host:port`, without path and wildcard.",
    )


class WebIntegrationPatch(Body):
    """One operation of a JSON Patch (RFC 6902)."""

    op: Literal["replace"]
    path: Literal["/name", "/validOrigins"]
    value: str | list[str] = Field(
        description="The new name, or the new origins: an array, or a text with one origin, several with commas "
        "between them, or a JSON array."
    )


class WebIntegrationPatches(RootModel[list[WebIntegrationPatch]]):
    """A JSON Patch: its operations all happen, or none."""


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class SelfLink(BaseModel):
    """Where this is."""

    href: str


class SelfLinks(BaseModel):
    """Where this is."""

    self: SelfLink


class AnchoredLinks(BaseModel):
    """This page and its neighbours, where there are any."""

    self: SelfLink
    next: SelfLink | None = None
    prev: SelfLink | None = None


class WebIntegration(_Wire):
    """A web integration."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    valid_origins: list[str] = Field(description="As browsers write them: in lower case, without the default port.")
    tenant_id: str
    created_by: str
    created: datetime
    last_updated: datetime


class CreatedWebIntegration(WebIntegration):
    """A web integration that was just made."""

    links: SelfLinks


class WebIntegrationList(BaseModel):
    """A page of web integrations."""

    data: list[WebIntegration]
    links: AnchoredLinks


def show_web_integration(row: Mapping[str, Any]) -> dict[str, Any]:
    """A web integration as the API shows it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "validOrigins": row["valid_origins"],
        "tenantId": row["tenant_id"],
        "createdBy": row["created_by"],
        "created": iso(row["created_at"]),
        "lastUpdated": iso(row["updated_at"]),
    }
