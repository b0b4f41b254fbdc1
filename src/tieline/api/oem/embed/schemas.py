"""Public keys, embed settings and sessions on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso
from tieline.core.origins import MAX_LENGTH as LONGEST_ORIGIN
from tieline.oem.sso import keys
from tieline.oem.sso.embedding import MOST_ORIGINS
from tieline.oem.sso.tokens import LONGEST_ID
from tieline.tenancy.embed_sessions import state_of

Kid = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID)]
Pem = Annotated[str, StringConstraints(min_length=1, max_length=8192)]
OriginText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ORIGIN)]


class AddKey(Body):
    """A public key, as a JWK or in PEM."""

    public_key: dict[str, Any] | Pem
    kid: Kid | None = Field(default=None, description="Its name in tokens; else the JWK's, else its thumbprint.")


class SigningKey(BaseModel):
    """A public key that sign-on tokens may be signed with."""

    id: str
    kid: str
    algorithm: Literal["EdDSA", "RS256"]
    public_key: dict[str, Any] = Field(description="The JWK.")
    created_at: str
    revoked_at: str | None


class EmbedSettings(Body):
    """Which pages may embed Tieline."""

    origins: Annotated[list[OriginText], Field(max_length=MOST_ORIGINS)] = Field(
        description="Like `https://app.example.com`; kept as browsers write them."
    )


class AccountSession(BaseModel):
    """A person of an account who came by sign-on."""

    guid: str
    user_guid: str
    status: Literal["active", "expired", "revoked"]
    scopes: list[str]
    origin: str | None
    how: str
    created_at: str
    expires_at: str


def show_key(row: Mapping[str, Any]) -> dict[str, Any]:
    """A key's row."""
    revoked = row["revoked_at"]
    return keys.shown(row) | {
        "created_at": iso(row["created_at"]),
        "revoked_at": None if revoked is None else iso(revoked),
    }


def show_session(row: Mapping[str, Any]) -> dict[str, Any]:
    """A session's row, without anything to use it with."""
    return {
        "guid": str(row["id"]),
        "user_guid": str(row["user_id"]),
        "status": state_of(row),
        "scopes": row["scopes"],
        "origin": row["settings"].get("origin"),
        "how": row["settings"].get("how", ""),
        "created_at": iso(row["created_at"]),
        "expires_at": iso(row["expires_at"]),
    }
