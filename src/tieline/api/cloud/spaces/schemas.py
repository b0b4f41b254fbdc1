"""Spaces, assignments and shares on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso
from tieline.tenancy import space_roles, spaces
from tieline.tenancy.principal import Principal

Kind = Literal["shared", "managed", "data"]
Role = Literal[
    "consumer",
    "contributor",
    "dataconsumer",
    "datapreview",
    "facilitator",
    "operator",
    "producer",
    "publisher",
    "basicconsumer",
    "codeveloper",
]
Action = Literal["change_owner", "create", "read", "update", "delete", "publish", "link_environment", "restrict"]
AssigneeKind = Literal["user", "group", "bot"]
ShareKind = Literal["user", "group", "link"]
ShareRole = Literal["consumer", "contributor", "basicconsumer"]
Id = Annotated[str, StringConstraints(max_length=255)]
_NAMED: dict[str, Any] = {"pattern": spaces.NAME_PATTERN, "maxLength": spaces.LONGEST_NAME}


def _named_or_left_out(schema: dict[str, Any]) -> None:
    """An empty name stands for none given, and is no name."""
    schema.update(_NAMED)
    schema.pop("default", None)


Described = Annotated[str, StringConstraints(max_length=spaces.LONGEST_DESCRIPTION)]


class SpaceCreate(Body):
    """A new space."""

    name: str = Field(description="Another one than every other space of the tenant has.", json_schema_extra=_NAMED)
    type: Kind = Field(description="Decides which roles can be assigned.")
    description: Described = ""


class SpaceUpdate(Body):
    """What is left out stays."""

    name: str = Field(default="", json_schema_extra=_named_or_left_out)
    owner_id: Id = Field(alias="ownerId", default="", description="A user; for the owner and administrators.")
    description: Described = ""


class SpacePatchOperation(Body):
    """One change."""

    op: Literal["replace"]
    path: Literal["/name", "/ownerId", "/description"]
    value: str


class AssignmentCreate(Body):
    """Somebody who is to be in the space."""

    type: AssigneeKind = Field(description="There are users only; others are 404.")
    assignee_id: Id = Field(alias="assigneeId")
    roles: list[Role] = Field(description="One or more of the space's `meta.assignableRoles`.")


class AssignmentUpdate(Body):
    """The complete list of roles."""

    roles: list[Role] = Field(default=[], description="One or more of the space's `meta.assignableRoles`.")


class ShareCreate(Body):
    """A share of a resource; there are none that can be shared."""

    type: ShareKind
    assignee_id: Id = Field(alias="assigneeId")
    roles: list[ShareRole]
    resource_type: Id = Field(alias="resourceType")
    resource_id: Id = Field(alias="resourceId")


class SharePatchOperation(Body):
    """One change."""

    op: Literal["replace"]
    path: Literal["/roles", "/disabled"]
    value: str


class _Href(BaseModel):
    href: str


class _SpaceMeta(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    roles: list[Role]
    actions: list[Action]
    assignable_roles: list[Role] = Field(alias="assignableRoles")


class _SpaceLinks(BaseModel):
    self: _Href
    assignments: _Href


class Space(BaseModel):
    """A space, and what the caller may do there."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    type: Kind
    name: str
    description: str
    owner_id: str | None = Field(alias="ownerId", default=None, description="Not there: the space is open to all.")
    tenant_id: str = Field(alias="tenantId")
    created_at: datetime = Field(alias="createdAt")
    created_by: str | None = Field(alias="createdBy", default=None)
    updated_at: datetime = Field(alias="updatedAt")
    meta: _SpaceMeta
    links: _SpaceLinks


class _Counted(BaseModel):
    count: int = Field(description="How many there are on all pages.")


class _Pages(BaseModel):
    self: _Href
    next: _Href | None = None
    prev: _Href | None = None


class SpaceList(BaseModel):
    """A page of spaces."""

    data: list[Space]
    meta: _Counted
    links: _Pages


class SpaceTypes(BaseModel):
    """The types that there are."""

    data: list[Kind]


class _AssignmentLinks(BaseModel):
    self: _Href
    space: _Href


class Assignment(BaseModel):
    """Somebody in a space."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    type: AssigneeKind
    assignee_id: str = Field(alias="assigneeId")
    roles: list[Role]
    space_id: str = Field(alias="spaceId")
    tenant_id: str = Field(alias="tenantId")
    created_at: datetime = Field(alias="createdAt")
    created_by: str | None = Field(alias="createdBy", default=None)
    updated_at: datetime = Field(alias="updatedAt")
    updated_by: str | None = Field(alias="updatedBy", default=None)
    links: _AssignmentLinks


class AssignmentList(BaseModel):
    """A page of assignments."""

    data: list[Assignment]
    meta: _Counted
    links: _Pages


class Share(BaseModel):
    """A share; there are none."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    type: ShareKind
    assignee_id: str = Field(alias="assigneeId")
    role: ShareRole
    space_id: str = Field(alias="spaceId")
    tenant_id: str = Field(alias="tenantId")
    resource_type: str = Field(alias="resourceType")
    resource_id: str = Field(alias="resourceId")


class ShareList(BaseModel):
    """No shares."""

    data: list[Share]
    meta: _Counted
    links: _Pages


def actions(row: Mapping[str, Any], by: Principal) -> list[Action]:
    """What the caller may do with a space that was read by `spaces.seen`."""
    may = spaces.abilities(row, by)
    found: list[Action] = ["read"] if "see" in may else []
    if "edit" in may:
        found.append("create")
        if row["type"] == "managed":
            found.append("publish")
    if "manage" in may:
        found.append("update")
    if spaces.owns(row, by):
        found += ["delete", "change_owner"]
    return found


def show_space(row: Mapping[str, Any], by: Principal, base: str) -> dict[str, Any]:
    """A space as the API shows it; ``base`` is the address of the server."""
    here = f"{base}/api/v1/spaces/{row['id']}"
    assignable = list(space_roles.ASSIGNABLE[row["type"]])
    shown = {
        "id": row["id"],
        "type": row["type"],
        "name": row["name"],
        "description": row["description"],
        "tenantId": by.tenant_id,
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
        "meta": {
            "roles": assignable if row["owner_id"] == by.user_id else row["roles"] or [],
            "actions": actions(row, by),
            "assignableRoles": assignable,
        },
        "links": {"self": {"href": here}, "assignments": {"href": f"{here}/assignments"}},
    }
    return shown | _people(row, {"ownerId": "owner_id", "createdBy": "created_by"})


def show_assignment(row: Mapping[str, Any], tenant_id: UUID, base: str) -> dict[str, Any]:
    """An assignment as the API shows it."""
    space = f"{base}/api/v1/spaces/{row['space_id']}"
    shown = {
        "id": row["id"],
        "type": row["type"],
        "assigneeId": row["assignee_id"],
        "roles": row["roles"],
        "spaceId": row["space_id"],
        "tenantId": tenant_id,
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
        "links": {"self": {"href": f"{space}/assignments/{row['id']}"}, "space": {"href": space}},
    }
    return shown | _people(row, {"createdBy": "created_by", "updatedBy": "updated_by"})


def _people(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {shown: row[column] for shown, column in names.items() if row[column] is not None}
