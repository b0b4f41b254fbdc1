"""Versions on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Raw
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.api.cloud.automations.schemas import Note
from tieline.api.edge.bodies import Body
from tieline.api.edge.documented import Links
from tieline.automations.library.versions import live
from tieline.core.clock import iso
from tieline.storage.tables import automation_versions
from tieline.tenancy.listing import Listing

# The number alone tells the versions of one automation apart; ``id``, which lists sort by last, is the same for all.
LISTING = Listing(automation_versions.c.automation_id, filters={}, sorts={"version": automation_versions.c.version})


class ChangeNote(Body):
    """Another note of a version."""

    note: Note = Field(description="What to remember of it; empty = nothing.")


class RestoreVersion(Body):
    """What to remember of the version that is made."""

    note: Note = Field(default="", description="A note for the new version.")


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class VersionItem(_Wire):
    """A version in a list. What has no value is left out."""

    version: int
    created_at: datetime
    note: str
    is_live: bool = Field(description="Whether triggers, schedules and calls start it.")
    blocks: int = Field(description="How many blocks it has.")
    saved_by: str = ""
    saved_by_name: str = ""
    restored_from: int = Field(default=0, description="The version whose workspace this one brings back.")


class VersionDetail(VersionItem):
    """A version with its workspace as it was saved."""

    workspace: dict[str, Any]


class VersionList(BaseModel):
    """A page of versions."""

    data: list[VersionItem]
    links: Links


class VersionChange(_Wire):
    """One thing that is otherwise."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")

    kind: str


class VersionDiff(BaseModel):
    """What leads from one version to another."""

    version: int
    against: int = Field(description="0 = the empty workspace that everything begins with.")
    changes: list[VersionChange]
    text: list[str] = Field(description="The changes as lines for a person.")


def show_item(row: Mapping[str, Any], automation: Mapping[str, Any]) -> dict[str, Any]:
    """A version in a list, without the number of its blocks."""
    shown: dict[str, Any] = {
        "version": row["version"],
        "createdAt": iso(row["created_at"]),
        "note": row["note"],
        "isLive": row["version"] == live(automation),
    }
    if row["saved_by"] is not None:
        shown["savedBy"] = row["saved_by"]
    if row["saver"]:
        shown["savedByName"] = row["saver"]
    if row["restored_from"] is not None:
        shown["restoredFrom"] = row["restored_from"]
    return shown


def show_detail(row: Mapping[str, Any], automation: Mapping[str, Any], blocks: int) -> dict[str, Any]:
    """A version with its workspace."""
    return {**show_item(row, automation), "blocks": blocks, "workspace": Raw(row["workspace"])}
