"""Webhooks of a partner on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso
from tieline.tenancy.events import rules
from tieline.tenancy.events.deliveries import triggered
from tieline.tenancy.events.types import EventType

Url = Annotated[str, StringConstraints(min_length=1, max_length=rules.LONGEST_URL)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=rules.LONGEST_NAME, pattern=r"\S")]
Note = Annotated[str, StringConstraints(max_length=rules.LONGEST_DESCRIPTION)]
Types = Annotated[list[str], Field(max_length=rules.MOST_TYPES)]
Secret = Annotated[str, StringConstraints(min_length=rules.SHORTEST_SECRET, max_length=rules.LONGEST_SECRET)]


class PutPartnerWebhook(Body):
    """What can be changed; what is not sent stays."""

    name: Label | None = None
    url: Url | None = None
    description: Note | None = None
    event_types: Types | None = None
    enabled: bool | None = None
    headers: dict[str, str] | None = None
    encrypted_headers: dict[str, str] | None = Field(
        default=None, description="Headers whose values are never shown again; another url takes them away."
    )
    secret: Secret | None = Field(default=None, description="What requests are signed with.")


class CreatePartnerWebhook(PutPartnerWebhook):
    """A webhook, or the one that has this name and url. Without a secret one is made, and shown in the answer."""

    name: Label
    url: Url
    event_types: Types


class ReplayPartnerDeliveries(Body):
    """Which deliveries are sent again: those that were triggered from `since` on, before `until`."""

    since: str = Field(description="RFC 3339.")
    until: str | None = Field(default=None, description="Now, where it is not sent.")


class PartnerWebhook(BaseModel):
    """What is told of what happens in the accounts."""

    guid: str
    name: str
    url: str
    description: str
    event_types: list[str]
    enabled: bool
    headers: dict[str, str]
    encrypted_headers: list[str] = Field(description="Names only.")
    has_secret: bool
    disabled_reason: str | None
    created_at: str
    updated_at: str


class PartnerWebhookMade(PartnerWebhook):
    """The same with its secret, where one was made just now."""

    secret: str | None


class PartnerDelivery(BaseModel):
    """One event on its way to one webhook."""

    guid: str
    webhook_guid: str
    event_guid: str = Field(description="Also the header `webhook-id` of each attempt.")
    event_type: str
    status: Literal["success", "fail"] = Field(description="What is still being tried has failed so far.")
    status_message: str
    attempts: int
    triggered_at: str
    next_attempt_at: str | None


class PartnerDeliveryDetail(PartnerDelivery):
    """The same with what was sent and what came back."""

    request: dict[str, Any] | None
    response: dict[str, Any] | None


class PartnerReplayed(BaseModel):
    """How many deliveries are being sent again."""

    count: int
    more: bool = Field(description="There are more than one call sends again: call again.")


class PartnerEventType(BaseModel):
    """What a webhook can listen to."""

    name: str
    title: str
    description: str


def show(row: Mapping[str, Any]) -> dict[str, Any]:
    """A webhook's row."""
    settings = row["settings"]
    return {
        "guid": str(row["id"]),
        "name": row["name"],
        "url": row["url"],
        "description": settings.get("description", ""),
        "event_types": row["event_types"],
        "enabled": row["enabled"],
        "headers": settings.get("headers", {}),
        "encrypted_headers": row["secret_headers"],
        "has_secret": row["has_secret"],
        "disabled_reason": settings.get("disabledReason"),
        "created_at": iso(row["created_at"]),
        "updated_at": iso(row["updated_at"]),
    }


def show_delivery(row: dict[str, Any]) -> dict[str, Any]:
    """A delivery's row."""
    return {
        "guid": str(row["id"]),
        "webhook_guid": str(row["event_webhook_id"]),
        "event_guid": str(row["event_id"]),
        "event_type": row["event_type"],
        "status": "success" if row["status"] == "success" else "fail",
        "status_message": row["status_message"],
        "attempts": row["attempts"],
        "triggered_at": iso(triggered(row)),
        "next_attempt_at": None if row["next_at"] is None else iso(row["next_at"]),
    }


def show_type(one: EventType) -> dict[str, str]:
    """A type of events."""
    return {"name": one.name, "title": one.title, "description": one.description}
