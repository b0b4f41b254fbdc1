"""API keys on the wire. The token is in the answer to its creation, and never again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso
from tieline.tenancy.key_limits import MOST_KEYS
from tieline.tenancy.keys import LONGEST_DESCRIPTION

ShortText = Annotated[str, StringConstraints(max_length=1000)]
# What a key shows that never expires; the field has to be there.
NEVER = "9999-12-31T23:59:59.000000Z"


class CreateApiKey(Body):
    """A new key."""

    description: Annotated[str, StringConstraints(max_length=LONGEST_DESCRIPTION)] = Field(
        description="What the key is for."
    )
    sub: ShortText = Field(
        default="", description="Id of the user whom it stands for, the caller without it; of the external client."
    )
    sub_type: Literal["user", "externalClient"] = Field(
        alias="subType", default="user", description="`externalClient`: a key that provisions users and does no more."
    )
    expiry: ShortText = Field(
        default="", description="For how long, as a duration of ISO 8601 (`P7D`); as long as the tenant allows."
    )
    scopes: list[ShortText] = Field(
        default_factory=list, max_length=50, description="What it may do; the caller's own scopes without it. Ours."
    )


class ApiKeyPatch(Body):
    """One operation of a JSON Patch (RFC 6902)."""

    op: Literal["replace"]
    path: Literal["/description"]
    value: str


class ApiKeyPatches(RootModel[list[ApiKeyPatch]]):
    """A JSON Patch."""


class ApiKeyConfigPatch(Body):
    """One operation of a JSON Patch (RFC 6902)."""

    op: Literal["replace"]
    path: Literal["/max_api_key_expiry", "/max_keys_per_user", "/scim_externalClient_expiry"]
    value: str | int = Field(description="A number of keys, or a duration of ISO 8601.")


class ApiKeyConfigPatches(RootModel[list[ApiKeyConfigPatch]]):
    """A JSON Patch."""


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ApiKey(_Wire):
    """A key, without its secret."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    tenant_id: str
    description: str
    status: Literal["active", "expired", "revoked"]
    sub: str
    sub_type: Literal["user", "externalClient"]
    expiry: datetime = Field(description="The year 9999: never.")
    created: datetime
    last_updated: datetime
    created_by_user: str
    scopes: list[str] = Field(description="What it may do. Ours.")


class ApiKeyWithToken(ApiKey):
    """A key that was just made, with its secret."""

    token: str = Field(description="The secret: shown this once.")


class ApiKeyLink(BaseModel):
    """A page of the list."""

    href: str


class ApiKeyLinks(BaseModel):
    """This page and its neighbours, where there are any."""

    self: ApiKeyLink
    next: ApiKeyLink | None = None
    prev: ApiKeyLink | None = None


class ApiKeyList(BaseModel):
    """A page of keys."""

    data: list[ApiKey]
    links: ApiKeyLinks


class ApiKeysConfig(BaseModel):
    """What the tenant allows of keys."""

    max_keys_per_user: int = Field(ge=0, le=MOST_KEYS, description="How many keys of a user may be alive.")
    max_api_key_expiry: str = Field(description="For how long a key may live; a duration of ISO 8601.")
    scim_externalClient_expiry: str = Field(  # noqa: N815 - the wire's name
        description="The same for keys of external clients."
    )


def show_key(row: Mapping[str, Any]) -> dict[str, Any]:
    """A key as the API shows it: its row with ``status`` and ``subject``."""
    return {
        "id": row["id"],
        "tenantId": row["tenant_id"],
        "description": row["description"],
        "status": row["status"],
        "sub": row["subject"],
        "subType": row["sub_type"],
        "expiry": NEVER if row["expires_at"] is None else iso(row["expires_at"]),
        "created": iso(row["created_at"]),
        "lastUpdated": iso(row["updated_at"]),
        "createdByUser": row["created_by"] or row["user_id"],
        "scopes": row["scopes"],
    }


def show_new_key(row: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """The same with the secret. The vendor's document knows no other type of subject here than ``user``."""
    return {**show_key(row), "subType": "user", "token": secret}


def user_id(text: str) -> UUID | None:
    """The id of a user; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
