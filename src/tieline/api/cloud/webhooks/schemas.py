"""Webhooks on the wire. Secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.core.clock import iso
from tieline.tenancy.events import rules
from tieline.tenancy.events.deliveries import triggered

Level = Literal["tenant", "user"]
Origin = Literal["api", "automations", "management-console"]
Headers = dict[str, str]
ORIGINS = ("api", "automations", "management-console")


class WebhookContent(Body):
    """A webhook; what is left out has its default, or is cleared."""

    name: Annotated[str, StringConstraints(max_length=rules.LONGEST_NAME)] = Field(description="Its name.")
    url: Annotated[str, StringConstraints(max_length=rules.LONGEST_URL)] = Field(
        description="Where events are posted to: https or http, and no internal address."
    )
    description: Annotated[str, StringConstraints(max_length=rules.LONGEST_DESCRIPTION)] = Field(
        default="", description="Why it is there."
    )
    event_types: list[str] = Field(alias="eventTypes", default_factory=list, description="What it hears of.")
    level: Level = Field(
        default="tenant", description="All that happens in the tenant, or what its owner has access to."
    )
    enabled: bool = Field(default=False, description="Whether it is sent anything.")
    filter: str = Field(default="", description='A SCIM expression, such as `spaceId eq "..."`.')
    headers: Headers = Field(default_factory=dict, description="Headers of each request.")
    encrypted_headers: Headers = Field(
        alias="encryptedHeaders", default_factory=dict, description="Headers whose values are never shown again."
    )
    secret: Annotated[str, StringConstraints(min_length=rules.SHORTEST_SECRET, max_length=rules.LONGEST_SECRET)] = (
        Field(default_factory=str, description="What requests are signed with.")
    )
    owner_id: str = Field(alias="ownerId", default="", description="The user whose it is; none = the caller.")
    cloud_events: bool = Field(
        alias="enableCloudEventDelivery", default=True, description="CloudEvents 1.0 in place of the older form."
    )
    check_revocation: bool = Field(
        alias="checkCertificateRevocation",
        default=False,
        description="Revocation of certificates is not checked: only false is accepted.",
    )


class NewWebhook(WebhookContent):
    """A new webhook."""

    origin: Origin = Field(default="api", description="What made it.")


class WebhookPatchOperation(Body):
    """One operation of a JSON Patch (RFC 6902)."""

    op: Literal["add", "remove", "replace"]
    path: Literal[
        "/name",
        "/description",
        "/url",
        "/eventTypes",
        "/headers",
        "/enabled",
        "/secret",
        "/encryptedHeaders",
        "/enableCloudEventDelivery",
    ]
    value: bool | int | Headers | str | list[str] = Field(default="", description="Not needed for remove.")


class WebhookPatchOperations(RootModel[list[WebhookPatchOperation]]):
    """A JSON Patch: its operations all happen, or none."""


class ReplayDeliveries(Body):
    """Which deliveries are sent again."""

    since: str = Field(alias="from", description="Those that were triggered from this moment on (RFC 3339).")
    until: str = Field(alias="to", default="", description="And before this one; none = now.")


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Webhook(_Wire):
    """A webhook."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    url: str
    description: str
    event_types: list[str]
    level: Level
    origin: Origin
    enabled: bool
    filter: str
    headers: Headers
    encrypted_headers: list[str] = Field(description="Names only.")
    secret_key_added: bool
    owner_id: str
    enable_cloud_event_delivery: bool
    check_certificate_revocation: bool
    created_at: datetime
    updated_at: datetime
    created_by_user_id: str
    updated_by_user_id: str
    disabled_reason: str = ""
    disabled_reason_code: str = Field(default="", description="gone or failing; empty where a person did it.")


class _Href(BaseModel):
    href: str


class WebhookLinks(BaseModel):
    """This page and its neighbours, where there are any."""

    self: _Href
    next: _Href | None = None
    prev: _Href | None = None


class WebhookList(BaseModel):
    """A page of webhooks."""

    data: list[Webhook]
    links: WebhookLinks


class SentRequest(BaseModel):
    """What was sent."""

    url: str
    headers: Headers
    body: dict[str, Any]


class ReceivedResponse(_Wire):
    """What came back: of the body at most 8 kB."""

    status_code: int
    headers: Headers
    body: str


class WebhookDelivery(_Wire):
    """One event on its way to one webhook."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    webhook_id: str
    event_id: str = Field(description="Also the header `webhook-id` of each attempt. Ours.")
    event_type: str
    status: Literal["success", "fail"] = Field(description="What is still being tried has failed so far.")
    status_message: str
    triggered_at: datetime
    attempts: int = Field(description="How often it was tried. Ours.")
    next_attempt_at: datetime | None = Field(default=None, description="Ours.")
    request: SentRequest | None = None
    response: ReceivedResponse | None = None


class WebhookDeliveryList(BaseModel):
    """A page of deliveries."""

    data: list[WebhookDelivery]
    links: WebhookLinks


class Replayed(BaseModel):
    """How many deliveries are being sent again."""

    count: int
    more: bool = Field(description="There are more than one call sends again: call again.")


class EventTypeItem(BaseModel):
    """A type of events."""

    name: str
    title: str
    description: str
    levels: list[Level]


class EventTypeList(BaseModel):
    """All types of events."""

    data: list[EventTypeItem]


def show_webhook(row: Mapping[str, Any]) -> dict[str, Any]:
    """A webhook as the API shows it."""
    settings = row["settings"]
    shown: dict[str, Any] = {
        "id": row["id"],
        "name": row["name"],
        "url": row["url"],
        "description": settings.get("description", ""),
        "eventTypes": row["event_types"],
        "level": row["level"],
        "origin": row["origin"],
        "enabled": row["enabled"],
        "filter": settings.get("filter", ""),
        "headers": settings.get("headers", {}),
        "encryptedHeaders": row["secret_headers"],
        "secretKeyAdded": row["has_secret"],
        "ownerId": row["owner_id"],
        "enableCloudEventDelivery": settings.get("cloudEvents", True),
        "checkCertificateRevocation": False,
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
        "createdByUserId": row["created_by"],
        "updatedByUserId": row["updated_by"] or row["created_by"],
    }
    if row["disabled_code"] is not None:
        shown |= {"disabledReasonCode": row["disabled_code"], "disabledReason": settings.get("disabledReason", "")}
    return shown


def show_delivery(row: dict[str, Any]) -> dict[str, Any]:
    """A delivery as the API shows it."""
    shown: dict[str, Any] = {
        "id": row["id"],
        "webhookId": row["event_webhook_id"],
        "eventId": row["event_id"],
        "eventType": row["event_type"],
        "status": "success" if row["status"] == "success" else "fail",
        "statusMessage": row["status_message"],
        "triggeredAt": iso(triggered(row)),
        "attempts": row["attempts"],
    }
    if row["next_at"] is not None:
        shown["nextAttemptAt"] = iso(row["next_at"])
    return shown | {name: row[name] for name in ("request", "response") if row[name] is not None}
