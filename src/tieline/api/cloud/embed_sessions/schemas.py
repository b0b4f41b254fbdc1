"""Embed sessions on the wire, without their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.api.edge.documented import Links
from tieline.core.clock import iso
from tieline.tenancy.embed_sessions import state_of


class EmbedSession(BaseModel):
    """A customer's person who came by sign-on."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: str = Field(json_schema_extra={"format": "uuid"})
    user_id: str = Field(json_schema_extra={"format": "uuid"})
    status: Literal["active", "expired", "revoked"]
    scopes: list[str]
    origin: str | None = Field(default=None, description="Of the page that embeds Tieline; none for a window.")
    how: str = Field(description="`jwt EdDSA`, `jwt RS256`, `jwt HS256`, `link` or `ticket`.")
    created_at: datetime
    expires_at: datetime


class EmbedSessionList(BaseModel):
    """A page of sessions."""

    data: list[EmbedSession]
    links: Links


def show_session(row: Mapping[str, Any]) -> dict[str, Any]:
    """A session as the API shows it."""
    return {
        "id": row["id"],
        "userId": row["user_id"],
        "status": state_of(row),
        "scopes": row["scopes"],
        "origin": row["settings"].get("origin"),
        "how": row["settings"].get("how", ""),
        "createdAt": iso(row["created_at"]),
        "expiresAt": iso(row["expires_at"]),
    }
