"""Accounts on the wire."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from tieline.api.edge.bodies import Body, Name
from tieline.core.clock import iso

Text = Annotated[str, StringConstraints(max_length=255)]


class AccountUser(Body):
    """A person of the account; one that is known under its externalid is brought up to date."""

    externalid: Text | None = None
    external_id: Text | None = None
    name: Text | None = None
    email: Text | None = None
    locale: Text | None = None


class PutAccount(Body):
    """``datasource`` holds answers to what the partner's own connector asks for, see the guide."""

    name: Name | None = None
    externalid: Name | None = None
    user: AccountUser | None = None
    datasource: dict[str, Any] | None = None
    send_invite: bool | None = None


class CreateAccount(PutAccount):
    """A new account, or the one that has this externalid."""

    name: Name
    externalid: Name


class Account(BaseModel):
    """A customer of the partner."""

    guid: str
    externalid: str
    name: str
    created_at: str = Field(description="RFC 3339.")
    status: str = Field(description="active or disabled. Ours.")


class AccountPerson(BaseModel):
    """A person of an account."""

    guid: str
    externalid: str
    name: str
    email: str | None
    locale: str | None
    roles: list[str]
    status: str = Field(description="active, invited or disabled.")
    created_at: str = Field(description="RFC 3339.")


class Myself(BaseModel):
    """The partner that asks."""

    guid: str
    name: str
    app_id: str = Field(description="What programs send as X-App-Id, and pages name the partner by.")


def show(row: dict[str, Any]) -> dict[str, Any]:
    """An account's row."""
    return {
        "guid": str(row["id"]),
        "externalid": row["external_id"],
        "name": row["name"],
        "created_at": iso(row["created_at"]),
        "status": row["status"],
    }


def show_person(row: dict[str, Any]) -> dict[str, Any]:
    """A user's row."""
    return {
        "guid": str(row["id"]),
        "externalid": row["external_id"],
        "name": row["name"],
        "email": row["email"],
        "locale": row["settings"].get("preferredLocale"),
        "roles": row["roles"],
        "status": row["status"],
        "created_at": iso(row["created_at"]),
    }
