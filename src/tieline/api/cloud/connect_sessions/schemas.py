"""Connect sessions on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso

Text = Annotated[str, StringConstraints(max_length=1000)]


class CreateConnectSession(Body):
    """A connector to connect an account of, or a connection to renew."""

    connector_id: Text = Field(alias="connectorId", default="", description="The connector of the new connection.")
    connection_id: Text = Field(
        alias="connectionId", default="", description="A connection to renew, in place of a connector."
    )
    auth_method: Text = Field(
        alias="authMethod", default="", description="Which of the connector's ways to sign in; the first one without."
    )
    name: Text = Field(default="", description="The name of the new connection.")
    space_id: Text = Field(alias="spaceId", default="", description="The space that it is to be in.")
    server: Text = Field(default="", description="A base URL in place of the connector's.")
    params: dict[str, str] = Field(
        default_factory=dict,
        max_length=200,
        description="Answers that are known already, such as the id and secret of your app; nobody is asked for them.",
    )


class ConnectSession(BaseModel):
    """How far the person has come."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: str = Field(json_schema_extra={"format": "uuid"})
    status: Literal["open", "waiting", "connected", "failed", "expired"] = Field(
        description="`waiting` = he is at the sign-in page of the other side; `failed` can be tried again."
    )
    connector_id: str
    connection_id: str | None = Field(default=None, description="The connection, once there is one.")
    error: str | None = Field(default=None, description="Why the last try failed.")
    created_at: datetime
    expires_at: datetime
    link: str | None = Field(default=None, description="What to open for the person; shown once, when it is made.")


def show(row: Mapping[str, Any], link: str | None = None) -> dict[str, Any]:
    """A session; ``link`` only where it has just been made."""
    shown = {
        "id": row["id"],
        "status": row["status"],
        "connectorId": row["connector_id"],
        "connectionId": row["connection_id"],
        "error": row["error"],
        "createdAt": iso(row["created_at"]),
        "expiresAt": iso(row["expires_at"]),
    }
    return shown if link is None else {**shown, "link": link}
