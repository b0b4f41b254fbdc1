"""Items on the wire. An item is an automation under its own id, which never changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body, Description, Name, without_default
from tieline.core.clock import iso
from tieline.storage.tables import automation_versions, automations
from tieline.tenancy.listing import Listing, by_letters

AUTOMATION: Final = "automation"
TYPES: Final = (
    "app",
    "qlikview",
    "qvapp",
    "genericlink",
    "sharingservicetask",
    "note",
    "dataasset",
    "dataset",
    AUTOMATION,
    "automl-experiment",
    "automl-deployment",
    "assistant",
    "dataproduct",
    "dataqualityrule",
    "glossary",
    "knowledgebase",
    "script",
    "semantictype",
    "page",
)
SETTING = "itemsUsageMetricsEnabled"

LISTING = Listing(
    automations.c.id,
    filters={},
    sorts={
        "id": automations.c.id,
        "createdAt": automations.c.created_at,
        "name": by_letters(automations.c.name),
        "updatedAt": automations.c.updated_at,
        "recentlyUsed": automations.c.last_run_at,
    },
)

# Who saved the first version; what runs a template's document has none.
CREATOR = sa.func.coalesce(
    sa.select(automation_versions.c.saved_by)
    .where(
        automation_versions.c.tenant_id == automations.c.tenant_id,
        automation_versions.c.automation_id == automations.c.id,
        automation_versions.c.version == 1,
    )
    .correlate_except(automation_versions)
    .scalar_subquery(),
    automations.c.owner_id,
)
COLUMNS = (
    automations.c.id,
    automations.c.name,
    automations.c.description,
    automations.c.owner_id,
    automations.c.space_id,
    automations.c.created_at,
    automations.c.updated_at,
    CREATOR.label("creator_id"),
)


class UpdateItem(Body):
    """What is left out stays; other fields of an item are not looked at."""

    resource_type: str = Field(
        alias="resourceType", description="`automation`.", json_schema_extra={"enum": list(TYPES)}
    )
    resource_id: str = Field(alias="resourceId", default="", description="The automation's, if anything.")
    name: Name = Field(default="", json_schema_extra=without_default)
    description: Description = ""
    space_id: Annotated[str, StringConstraints(max_length=255)] = Field(
        alias="spaceId", default="", description="Moves it; empty = the owner's personal space."
    )


class ItemsSettingsOperation(Body):
    """One change."""

    op: Literal["replace"]
    path: Literal["/usageMetricsEnabled"]
    value: bool


class ItemsSettingsPatch(RootModel[list[ItemsSettingsOperation]]):
    """A JSON Patch (RFC 6902)."""


class ItemsSettings(BaseModel):
    """What holds for all items of the tenant."""

    model_config = ConfigDict(populate_by_name=True)

    usage_metrics_enabled: bool = Field(
        alias="usageMetricsEnabled", default=True, description="Whether pages show how much things are used."
    )


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class _Href(BaseModel):
    href: str


class _Named(BaseModel):
    id: str
    name: str


class _ItemLinks(BaseModel):
    self: _Href
    collections: _Href


class _ItemMeta(_Wire):
    is_favorited: bool
    actions: list[str]
    tags: list[_Named]
    collections: list[_Named]


class Item(_Wire):
    """An automation, as an item."""

    id: str
    name: str
    description: str
    owner_id: str
    creator_id: str
    space_id: str | None = None
    tenant_id: str
    created_at: datetime
    updated_at: datetime
    is_favorited: bool
    actions: list[str] = Field(description="What the caller may do; empty with `noActions`.")
    collection_ids: list[str]
    resource_id: str = Field(description="The automation's, which is the item's too.")
    resource_type: Literal["automation"]
    resource_created_at: datetime
    resource_updated_at: datetime
    resource_attributes: dict[str, Any]
    resource_custom_attributes: dict[str, Any]
    meta: _ItemMeta
    links: _ItemLinks


class _Pages(BaseModel):
    self: _Href
    next: _Href | None = None
    prev: _Href | None = None


class ItemList(BaseModel):
    """A page of items."""

    data: list[Item]
    links: _Pages


class Collection(_Wire):
    """A collection; there are none."""

    id: str
    name: str
    type: Literal["private", "public", "favorite", "publicgoverned"]
    tenant_id: str
    created_at: datetime
    updated_at: datetime
    item_count: int
    links: dict[str, _Href]


class CollectionList(BaseModel):
    """No collections."""

    data: list[Collection]
    links: _Pages


def show_item(row: Mapping[str, Any], tenant_id: UUID, base: str) -> dict[str, Any]:
    """An item as the API shows it. ``row`` says with ``run``, ``edit`` and ``own`` what the caller may do."""
    here = f"{base}/api/v1/items/{row['id']}"
    allowed = {
        "read": "run" in row,
        "run": row.get("run"),
        "update": row.get("edit"),
        "delete": row.get("edit"),
        "change_space": row.get("edit"),
        "change_owner": row.get("own"),
    }
    actions = [name for name, yes in allowed.items() if yes]
    created, updated = iso(row["created_at"]), iso(row["updated_at"])
    shown = {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "ownerId": row["owner_id"],
        "creatorId": row["creator_id"],
        "tenantId": tenant_id,
        "createdAt": created,
        "updatedAt": updated,
        "isFavorited": False,
        "actions": actions,
        "collectionIds": [],
        "resourceId": row["id"],
        "resourceType": AUTOMATION,
        "resourceCreatedAt": created,
        "resourceUpdatedAt": updated,
        "resourceAttributes": {},
        "resourceCustomAttributes": {},
        "meta": {"isFavorited": False, "actions": actions, "tags": [], "collections": []},
        "links": {"self": {"href": here}, "collections": {"href": f"{here}/collections"}},
    }
    if row["space_id"] is not None:
        shown["spaceId"] = row["space_id"]
    return shown
