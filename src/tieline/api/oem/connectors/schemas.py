"""Connectors on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tieline.core.clock import iso


class PartnerConnector(BaseModel):
    """What an account can connect."""

    guid: str
    name: str
    created_at: str
    updated_at: str


class PartnerConnectorInput(BaseModel):
    """What is asked for to connect."""

    name: str
    label: str
    type: str
    is_required: bool
    is_secret: bool
    auth_method: str


class PartnerConnectorDetail(PartnerConnector):
    """The same with its inputs."""

    inputs: list[PartnerConnectorInput]


def show(row: dict[str, Any]) -> dict[str, Any]:
    """A connector's row."""
    return {
        "guid": row["guid"],
        "name": row["title"] or row["name"],
        "key": row["name"],
        "version": row["version"],
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
    }
