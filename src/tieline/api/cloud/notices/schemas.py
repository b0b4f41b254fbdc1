"""Notices on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.core.clock import iso


class NoticeItem(BaseModel):
    """Something that a person can do something about."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: str = Field(json_schema_extra={"format": "uuid"})
    kind: str = Field(description="A word for machines: document-changed, reconnect ...")
    subject: str = Field(description="What it is about: connector:<id>, connection:<id> ...")
    title: str
    detail: str
    data: dict[str, Any] = Field(description="More about it, by kind.")
    count: int = Field(description="How often it was met.")
    created_at: datetime
    updated_at: datetime


class NoticeList(BaseModel):
    """Open notices, newest first."""

    data: list[NoticeItem]


def show_notice(row: Mapping[str, Any]) -> dict[str, Any]:
    """One notice."""
    return {
        "id": str(row["id"]),
        **{name: row[name] for name in ("kind", "subject", "title", "detail", "data", "count")},
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }
