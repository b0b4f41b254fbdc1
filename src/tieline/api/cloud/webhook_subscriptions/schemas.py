"""Webhook subscriptions on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import structs
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.connectors.webhooks import Report
from tieline.core.clock import iso

Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class CreateWebhookSubscription(Body):
    """A subscription to an event of a connection."""

    model_config = ConfigDict(**Body.model_config, alias_generator=to_camel, populate_by_name=True)

    connection_id: Short | None = Field(
        default=None, description="The connection; none = an address to be entered somewhere by hand."
    )
    event: str = Field(default="", max_length=200, description="Id, GUID or name of the connector's webhook event.")
    consumer: Short = Field(default="log:", description="Who is told of deliveries.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="Inputs of the block that subscribes.")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="What is otherwise than in the connector, such as `verification`."
    )
    secret: str = Field(
        default="", max_length=8000, description="The vendor's signing secret where he makes it himself."
    )


class WebhookSubscription(_Wire):
    """A subscription at a connected API."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    connection_id: str | None
    event: str
    consumer: str
    inputs: dict[str, Any]
    settings: dict[str, Any]
    status: str = Field(description="pending, active, failed or removing.")
    remote_id: str | None = Field(description="The vendor's id of it.")
    error: str | None
    expires_at: datetime | None
    checked_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    updated_at: datetime


class NewWebhookSubscription(WebhookSubscription):
    """A subscription that was just made."""

    url: str = Field(description="Where the vendor is to send to. Whoever knows it may send.")
    secret: str | None = Field(description="The signing secret, only of an address that is entered by hand.")


class WebhookSubscriptionList(_Wire):
    """All subscriptions."""

    data: list[WebhookSubscription]


class WebhookDelivery(_Wire):
    """A delivery."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    status: str = Field(description="received, handled, merged, ignored or failed.")
    attempts: int
    error: str | None
    received_at: datetime
    handled_at: datetime | None
    headers: dict[str, str]
    body: str | None = Field(description="What came, as text, at most 16 kB of it.")


class WebhookDeliveryList(_Wire):
    """The newest deliveries, newest first."""

    data: list[WebhookDelivery]


class Reconciliation(_Wire):
    """What a reconciliation found and did."""

    listed: int = Field(description="Entries in the vendor's lists.")
    kept: int
    adopted: int = Field(description="Found at the vendor after an answer that was lost.")
    created: int = Field(description="Made because the vendor did not have them.")
    repaired: int = Field(description="Made again because the vendor did not deliver to them.")
    renewed: int
    ended: int = Field(description="Removed at the vendor because they were removed here.")
    removed: int = Field(description="Entries of the vendor's with our address that nobody wants.")
    disabled: int = Field(description="Entries of the vendor's with our address that he does not deliver to.")
    failed: int
    problems: list[str]


SHOWN_BYTES = 16_384


def show(row: Mapping[str, Any]) -> dict[str, Any]:
    """A subscription."""
    return {
        "id": row["id"],
        "connectionId": row["connection_id"],
        "event": row["event"],
        "consumer": row["consumer"],
        "inputs": row["inputs"],
        "settings": row["settings"],
        "status": row["status"],
        "remoteId": row["remote_id"],
        "error": row["error"],
        **{
            to_camel(name): None if row[name] is None else iso(row[name])
            for name in ("expires_at", "checked_at", "delivered_at", "created_at", "updated_at")
        },
    }


def show_delivery(row: Mapping[str, Any]) -> dict[str, Any]:
    """A delivery; a body that is no text is shown as far as it can be."""
    body = row["body"]
    return {
        "id": row["id"],
        "status": row["status"],
        "attempts": row["attempts"],
        "error": row["error"],
        "receivedAt": iso(row["received_at"]),
        "handledAt": None if row["handled_at"] is None else iso(row["handled_at"]),
        "headers": row["headers"],
        "body": None if body is None else bytes(body[:SHOWN_BYTES]).decode("utf-8", "replace"),
    }


def show_report(report: Report) -> dict[str, Any]:
    """A reconciliation."""
    return structs.asdict(report)
