"""Users on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso
from tieline.tenancy import roles
from tieline.tenancy.user_lists import LONGEST_FILTER
from tieline.tenancy.users import LONGEST_EXTERNAL_ID, LONGEST_TEXT

MOST_INVITEES = 500
ShortText = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
Subject = Annotated[str, StringConstraints(max_length=LONGEST_EXTERNAL_ID)]

PatchOp = Literal["replace", "set", "unset", "add", "renew", "remove-value"]
PatchPath = Literal[
    "/name",
    "/roles",
    "/assignedRoles",
    "/inviteExpiry",
    "/preferredZoneinfo",
    "/preferredLocale",
    "/status",
    "/assignedGroups",
    # Only in the examples of the vendor's document.
    "/email",
    "/preferredZoneInfo",
    "/assignedRoles/-",
    "/assignedGroups/-",
]
OPS: tuple[str, ...] = get_args(PatchOp)
PATHS: tuple[str, ...] = get_args(PatchPath)
REQUIRED = ("id", "subject", "name", "tenantId")


class RoleReference(Body):
    """A role by its id or its name."""

    id: ShortText = Field(default="", description="Id of a role that there is.")
    name: ShortText = Field(default="", description="Name of a role; one that Tieline does not know gives no rights.")


class CreateUser(Body):
    """A person who is invited."""

    subject: Subject = Field(description="The id under which the partner knows the person.")
    name: ShortText = Field(default="", description="The name of the user.")
    email: ShortText = Field(default="", description="The email address.")
    status: Literal["invited"] = Field(default="invited")
    picture: ShortText = Field(default="", description="Where the picture is.")
    tenant_id: ShortText = Field(alias="tenantId", default="", description="The own tenant, if any.")
    assigned_roles: list[RoleReference] = Field(
        alias="assignedRoles", default_factory=list, max_length=roles.MAX_ROLES, description="The roles."
    )


class UserPatch(Body):
    """One operation of a JSON Patch (RFC 6902), with the vendor's own operations."""

    op: PatchOp
    path: PatchPath
    value: Any = Field(description="A text, or for roles and groups an array of `{id}` or `{name}`.")


class UserPatches(RootModel[list[UserPatch]]):
    """A JSON Patch: its operations all happen, or none."""


class Invitee(Body):
    """Who is invited."""

    email: ShortText = Field(description="The email address.")
    name: ShortText = Field(default="", description="The name.")
    resend: bool = Field(default=False, description="Renews the invitation of who has not come yet.")
    language: ShortText = Field(default="", description="ISO 639-1.")


class InviteUsers(Body):
    """Who is invited."""

    invitees: list[Invitee] = Field(default_factory=list, max_length=MOST_INVITEES)


class UserFilter(Body):
    """Whom to give."""

    filter: Annotated[str, StringConstraints(max_length=LONGEST_FILTER)] = Field(
        default="", description="SCIM expression (RFC 7644 section 3.4.2.2)."
    )


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class UserLink(BaseModel):
    """Where this is."""

    href: str


class UserLinks(BaseModel):
    """Where this is."""

    self: UserLink


class AssignedRole(BaseModel):
    """A role."""

    id: str
    name: str
    type: Literal["default", "custom"]
    level: Literal["admin", "user"]


class AssignedGroup(_Wire):
    """A group, for programs that read it; groups give no rights."""

    id: str
    name: str
    provider_type: Literal["idp", "custom"]


class User(_Wire):
    """A person of the tenant."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    subject: str
    name: str
    tenant_id: str
    email: str = ""
    status: Literal["active", "invited", "disabled", "deleted", "provisioned"] = "active"
    picture: str = ""
    preferred_locale: str = ""
    preferred_zoneinfo: str = ""
    created_at: datetime | None = None
    last_updated_at: datetime | None = None
    invite_expiry: int | None = Field(default=None, description="Seconds since 1970.")
    assigned_roles: list[AssignedRole] = Field(default=[], description="For the person and for administrators.")
    assigned_groups: list[AssignedGroup] = []
    links: UserLinks | None = None


class UserPageLinks(BaseModel):
    """This page and its neighbours, where there are any."""

    self: UserLink
    next: UserLink | None = None
    prev: UserLink | None = None


class UserList(_Wire):
    """A page of users."""

    data: list[User]
    links: UserPageLinks
    total_results: int | None = Field(default=None, description="How many there are in all, where it was asked for.")


class UserCount(BaseModel):
    """How many there are."""

    total: int


class InviteResult(_Wire):
    """What became of one invitation."""

    status: Literal["ok", "exists"]
    email: str
    user_id: str
    subject: str


class InviteResults(BaseModel):
    """What became of each invitation, in the order they came."""

    data: list[InviteResult]


def show_user(row: Mapping[str, Any], link: str, *, all_of_it: bool) -> dict[str, Any]:
    """A user as the API shows one; roles only with ``all_of_it``."""
    settings = row["settings"]
    shown: dict[str, Any] = {
        "id": row["id"],
        "subject": row["external_id"],
        "name": row["name"],
        "tenantId": row["tenant_id"],
        "status": row["status"],
        "createdAt": iso(row["created_at"]),
        "lastUpdatedAt": iso(row["updated_at"]),
    }
    if row["email"] is not None:
        shown["email"] = row["email"]
    for name in ("picture", "preferredLocale", "preferredZoneinfo"):
        if settings.get(name):
            shown[name] = settings[name]
    if settings.get("preferredLocale"):
        shown["locale"] = settings["preferredLocale"]
    if settings.get("preferredZoneinfo"):
        shown["zoneinfo"] = settings["preferredZoneinfo"]
    if row["status"] == "invited" and "inviteExpiry" in settings:
        shown["inviteExpiry"] = settings["inviteExpiry"]
    if all_of_it:
        shown["assignedRoles"] = [roles.show(name) for name in row["roles"]]
        shown["assignedGroups"] = settings.get("assignedGroups", [])
    shown["links"] = {"self": {"href": link}}
    return shown


def only(shown: Mapping[str, Any], fields: str | None) -> dict[str, Any]:
    """Only these fields, as a text with commas between them, and those that a user always has; None = all."""
    if fields is None:
        return dict(shown)
    wanted = {*(name.strip() for name in fields.split(",")), *REQUIRED}
    return {name: value for name, value in shown.items() if name in wanted}
