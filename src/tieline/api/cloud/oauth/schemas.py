"""What clients send to the token endpoint, and what they get."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from tieline.api.edge.bodies import Body


class UserLookup(Body):
    """Whom a token is to stand for."""

    field: Literal["subject", "userId"] = Field(description="`subject` = the external id.")
    value: str


class TokenRequest(Body):
    """A form or JSON; which fields are needed depends on the grant type."""

    grant_type: Literal[
        "client_credentials",
        "authorization_code",
        "refresh_token",
        "urn:qlik:oauth:user-impersonation",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ]
    client_id: str | None = Field(default=None, description="Not needed with `Authorization: Basic`.")
    client_secret: str | None = None
    client_assertion: str | None = Field(default=None, description="A JWT that the client signed (RFC 7523).")
    client_assertion_type: str | None = None
    scope: str | None = Field(default=None, description="Scopes with blanks between them; none = all that are allowed.")
    code: str | None = None
    code_verifier: str | None = None
    redirect_uri: str | None = None
    refresh_token: str | None = None
    user_lookup: UserLookup | None = None
    subject_token: str | None = None
    subject_token_type: str | None = None
    purpose: str | None = Field(default=None, description="`websocket` or `webresource`.")
    description: str | None = None
    device_type: str | None = Field(alias="deviceType", default=None)


class TokenAnswer(BaseModel):
    """Tokens (RFC 6749 section 5.1)."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds.")
    expires_at: datetime
    scope: str
    refresh_token: str | None = None
    auth_time: int | None = Field(default=None, description="When the person proved who he is, in seconds since 1970.")
    issued_token_type: str | None = None


class RevokeRequest(Body):
    """A form or JSON (RFC 7009)."""

    token: str
    token_type_hint: Literal["access_token", "refresh_token"] | None = None
    client_id: str | None = None
    client_secret: str | None = None


class Nothing(BaseModel):
    """An empty object."""
