"""OAuth tokens on the wire: that they are there, never what they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.core.clock import iso
from tieline.storage.tables import oauth_tokens
from tieline.tenancy.listing import Listing

LISTING = Listing(oauth_tokens.c.id, filters={}, sorts={"id": oauth_tokens.c.id, "userId": oauth_tokens.c.user_id})


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class OAuthToken(_Wire):
    """What a client was given."""

    id: str
    tenant_id: str
    user_id: str = Field(description="Whom it stands for.")
    description: str
    device_type: str
    last_used: datetime | None = Field(default=None, description="To the minute.")


class TokenLink(BaseModel):
    """Where to go."""

    href: str


class OAuthTokenLinks(BaseModel):
    """This page and its neighbours."""

    self: TokenLink
    next: TokenLink | None = None
    prev: TokenLink | None = None


class OAuthTokenList(BaseModel):
    """A page of tokens."""

    data: list[OAuthToken]
    links: OAuthTokenLinks


def show_token(row: Mapping[str, Any]) -> dict[str, Any]:
    """A token in a list."""
    shown = {
        "id": str(row["id"]),
        "tenantId": str(row["tenant_id"]),
        "userId": str(row["user_id"]),
        "description": row["description"],
        "deviceType": row["device_type"],
    }
    if row["last_used_at"] is not None:
        shown["lastUsed"] = iso(row["last_used_at"])
    return shown
