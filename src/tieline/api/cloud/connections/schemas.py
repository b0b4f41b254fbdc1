"""Connections on the wire. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body, Name
from tieline.api.edge.documented import Links
from tieline.connectors.manifest.model import Input
from tieline.core.clock import iso
from tieline.core.filters import Attribute
from tieline.storage.tables import connections
from tieline.tenancy.listing import Listing, by_letters

ShortText = Annotated[str, StringConstraints(max_length=1000)]

LISTING = Listing(
    connections.c.id,
    filters={
        "name": (Attribute(), connections.c.name),
        "connectorId": (Attribute(exact=True), connections.c.connector_id),
        "ownerId": (Attribute(exact=True), connections.c.owner_id),
        "spaceId": (Attribute(exact=True), connections.c.space_id),
    },
    sorts={
        "id": connections.c.id,
        "name": by_letters(connections.c.name),
        "createdAt": connections.c.created_at,
        "updatedAt": connections.c.updated_at,
    },
)
SHOWN = tuple(column for column in connections.c if column.name != "secrets")


class ParamValue(Body):
    """An answer, by the name or the id of the parameter."""

    name: ShortText = Field(default="", description="Name of the parameter.")
    id: ShortText = Field(default="", description="Id of the parameter, in place of its name.")
    value: str = Field(default="", description="The answer; without one the parameter stays as it is.")


class CreateConnection(Body):
    """A new connection."""

    connector_id: ShortText = Field(alias="connectorId", description="The connector that it is made from.")
    name: Name = Field(default_factory=str, description="The name of the connection; none = the connector's.")
    space_id: ShortText = Field(alias="spaceId", default="", description="The space it is made in.")
    params: list[ParamValue] = Field(default_factory=list, max_length=200, description="The answers.")


class UpdateConnection(Body):
    """A change; what is left out stays. Fields that are read-only may be sent along and are not looked at."""

    name: Name = Field(default_factory=str, description="The new name.")
    params: list[ParamValue] = Field(default_factory=list, max_length=200, description="The answers that change.")


class ChangeConnectionOwner(Body):
    """Who is to own it."""

    user_id: ShortText = Field(alias="userId", description="The unique identifier of the new owner.")


class ChangeConnectionSpace(Body):
    """Where it is to be."""

    space_id: ShortText = Field(alias="spaceId", default="", description="The new space; empty = the personal one.")


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ConnectionItem(_Wire):
    """A connection in a list."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    owner_id: str
    connector_id: str
    is_connected: bool
    created_at: datetime
    updated_at: datetime
    space_id: str = ""


class ConnectionList(BaseModel):
    """A page of connections."""

    data: list[ConnectionItem]
    links: Links


class ParamOption(BaseModel):
    """One of the values to choose from."""

    id: str
    value: str


class ConnectionParam(_Wire):
    """A parameter and its answer. The answer of a secret one is never shown."""

    id: str
    name: str
    label: str
    order: int
    field_type: str
    is_optional: bool
    is_set: bool = Field(description="There is an answer. Ours.")
    meta: list[Any]
    param_options: list[ParamOption]
    documentation: str
    example_value: str
    value: str = ""


class ConnectionError(_Wire):  # noqa: A001 - the schema's name in the document
    """Why the connection does not work."""

    message: str


class ConnectionDetail(ConnectionItem):
    """A connection."""

    params: list[ConnectionParam]
    error: ConnectionError | None = None


class ConnectionCheck(BaseModel):
    """Whether the connection works."""

    connected: bool
    is_connected: bool
    detail: str = Field(description="Why not. Ours.")
    note: str = Field(default="", description="What was found out besides: the host key of an SFTP server. Ours.")


class ProbeConnection(Body):
    """How far the probe may go."""

    writes: bool = Field(default=False, description="Also make and delete records of its own.")


class ProbeFinding(BaseModel):
    """What was learned about one fact."""

    block: str
    what: str = Field(description="records, paging, primary_key, incremental, rate, call ...")
    verdict: str = Field(description="confirmed, corrected, doubtful or unknown.")
    said: str
    before: Any = None
    after: Any = None


class ProbeReport(_Wire):
    """What a probe has learned."""

    connector_id: str
    revision: int = Field(description="The connector's revision that holds the facts.")
    counts: dict[str, int]
    findings: list[ProbeFinding]


def show_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """A connection in a list."""
    shown: dict[str, Any] = {
        "id": row["id"],
        "name": row["name"],
        "ownerId": row["owner_id"],
        "connectorId": row["connector_id"],
        "isConnected": row["is_connected"],
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }
    if row["space_id"] is not None:
        shown["spaceId"] = row["space_id"]
    return shown


def show_detail(row: Mapping[str, Any], asked: list[tuple[str, Input]], kept: Collection[str] = ()) -> dict[str, Any]:
    """A connection with what its connector asks for: pairs of parameter id and question.

    ``kept`` are the names of the secrets that it has, whose values are not here.
    """
    answers = {**row["params"], "auth_method": row["auth_method"], "server": row["server"]}
    params = [
        _show_param(identifier, order, field, answers, kept) for order, (identifier, field) in enumerate(asked, 1)
    ]
    shown = {**show_item(row), "params": params}
    if row["error"] is not None:
        shown["error"] = {"message": row["error"]}
    return shown


def _show_param(
    identifier: str, order: int, field: Input, answers: Mapping[str, Any], kept: Collection[str]
) -> dict[str, Any]:
    answer = answers.get(field.id)
    secret = is_secret(field)
    shown = {
        "id": identifier,
        "name": field.id,
        "label": field.label or field.id,
        "order": order,
        "fieldType": "password" if secret else "enum" if field.choices else field.type,
        "isOptional": not field.required,
        "isSet": answer not in (None, "") or field.id in kept,
        "meta": [],
        "paramOptions": [{"id": str(choice), "value": str(choice)} for choice in field.choices],
        "documentation": field.description,
        "exampleValue": "",
    }
    if answer not in (None, "") and not secret:
        shown["value"] = str(answer)
    return shown


def state_tag(row: Mapping[str, Any]) -> str:
    """Changes with every change of the connection."""
    return f"{row['updated_at'].timestamp():.6f}".replace(".", "-")


def is_secret(field: Input) -> bool:
    """True for an answer that nobody gets to see again."""
    return field.secret or field.type == "password"
