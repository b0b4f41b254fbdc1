"""Embed sessions as a frame gets them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso
from tieline.core.origins import MAX_LENGTH as LONGEST_ORIGIN
from tieline.oem.sso.entering import Entered
from tieline.oem.sso.tokens import MAX_LENGTH
from tieline.security import redact


class BeginSession(Body):
    """Either a sign-on token, or the code of a link."""

    jwt: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)] | None = Field(
        default=None, description="A sign-on token that the partner has signed; counts once."
    )
    code: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, description="What stood behind # in the address; counts once, within a minute."
    )
    origin: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ORIGIN)] | None = Field(
        default=None, description="Of the page that embeds Tieline: the session ends with the permission of that."
    )


class SessionUser(BaseModel):
    """Whom the session stands for."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    email: str | None
    locale: str | None


class SessionAccount(BaseModel):
    """The account whose user that is."""

    guid: str = Field(json_schema_extra={"format": "uuid"})
    externalid: str
    name: str


class SessionView(BaseModel):
    """What the person came for."""

    view: str = Field(description="`home`, `templates`, `install` or `settings`.")
    template: str | None
    integration: str | None


class SessionEmbed(BaseModel):
    """How the page that embeds Tieline wants to hear of the end."""

    mode: str | None
    target: str | None
    redirect_url: str | None


class Session(BaseModel):
    """A session that has just begun, or goes on."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: str = Field(json_schema_extra={"format": "uuid"})
    token: str = Field(description="For `Authorization: Bearer`; shown this once.")
    expires_at: datetime
    scopes: list[str]
    origin: str | None
    user: SessionUser
    account: SessionAccount
    view: SessionView
    embed: SessionEmbed
    inputs: dict[str, Any] = Field(description="Values of top inputs that the sign-on had, but for secrets.")
    datasource: list[str] = Field(description="Names of the fields of `datasource` that the sign-on had.")


def show(entered: Entered) -> dict[str, Any]:
    """A session with its token."""
    session, settings = entered.session, entered.session["settings"]
    embed = settings.get("embed") or {}
    inputs = entered.carried.get("inputs") or {}
    return {
        "id": session["id"],
        "token": entered.token,
        "expiresAt": iso(session["expires_at"]),
        "scopes": session["scopes"],
        "origin": settings.get("origin"),
        "user": {
            "id": entered.user["id"],
            "name": entered.user["name"],
            "email": entered.user["email"],
            "locale": entered.user["settings"].get("preferredLocale"),
        },
        "account": {
            "guid": entered.account["id"],
            "externalid": entered.account["external_id"],
            "name": entered.account["name"],
        },
        "view": {name: settings.get(name) for name in ("view", "template", "integration")},
        "embed": {name: embed.get(name) for name in ("mode", "target", "redirect_url")},
        "inputs": {name: value for name, value in inputs.items() if redact.field(name, value) == value},
        "datasource": sorted(entered.carried.get("datasource") or {}),
    }
