"""Connections on the wire; existing programs know them as datasources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from tieline.api.edge.bodies import Body, Name
from tieline.core.clock import iso


class PutDatasource(Body):
    """``params`` are answers to what the connector asks for; of those that are secret each replaces its own."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")] | None = None
    params: dict[str, Any] | None = None


class CreateDatasource(PutDatasource):
    """A new connection. ``auth_method`` is needed where the connector has several."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
    connector_guid: Name
    redirect_url: Annotated[str, StringConstraints(max_length=2000)] | None = None
    auth_method: Annotated[str, StringConstraints(max_length=200)] = ""
    server: Annotated[str, StringConstraints(max_length=2000)] | None = Field(default=None, description="Base URL.")


class Of(BaseModel):
    guid: str
    name: str


class Datasource(BaseModel):
    """A connection of an account."""

    guid: str
    name: str
    connector: Of
    is_used: bool
    is_connected: bool
    created_at: str
    updated_at: str


class DatasourceDetail(Datasource):
    """The same with who uses it; ``link`` only where a person has to sign in, good for 30 minutes."""

    blends: list[Of]
    automations: list[Of]


class DatasourceMade(DatasourceDetail):
    """The same with what is to be done next."""

    additional: dict[str, Any]


def show(row: dict[str, Any], used: bool) -> dict[str, Any]:
    """A connection's row with its connector."""
    return {
        "guid": str(row["id"]),
        "name": row["name"],
        "connector": {
            "guid": row["connector_guid"],
            "name": row["connector_title"] or row["connector_name"],
        },
        "is_used": used,
        "is_connected": row["is_connected"],
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
        "error": row["error"],
    }


def show_detail(row: dict[str, Any], users: Sequence[dict[str, Any]], link: str | None) -> dict[str, Any]:
    """The same with the automations that use it."""
    named = [{"guid": str(one["id"]), "name": one["name"]} for one in users]
    found = {**show(row, bool(users)), "blends": named, "automations": named}
    return found if link is None else {**found, "link": link}
