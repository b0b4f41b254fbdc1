"""Webhooks: ``/webhooks``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from msgspec import structs
from sqlalchemy import ColumnElement, Select
from starlette.responses import Response

from tieline.api.cloud.webhooks.patching import OPS, PATHS, changes_of
from tieline.api.cloud.webhooks.schemas import (
    ORIGINS,
    EventTypeList,
    NewWebhook,
    Webhook,
    WebhookContent,
    WebhookList,
    WebhookPatchOperations,
    show_webhook,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import parse_id, path_id
from tieline.api.edge.lists import query_parameter, truth
from tieline.api.edge.patches import Operation, patch
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core.errors import BadInput
from tieline.storage.tables import event_webhooks
from tieline.storage.unit import Unit
from tieline.tenancy import audit
from tieline.tenancy.events.emitting import hears
from tieline.tenancy.events.types import EVENT_TYPES
from tieline.tenancy.events.webhooks import EventWebhooks, Wanted, visible
from tieline.tenancy.listing import Listing, by_letters

router = APIRouter(tags=["webhooks"])

Reader = Annotated[Call, Depends(access("webhooks", "read"))]
Writer = Annotated[Call, Depends(access("webhooks", "write"))]
WebhookId = Annotated[UUID, Depends(path_id("id", "webhook"))]

_USERS = {
    "createdByUserId": event_webhooks.c.created_by,
    "updatedByUserId": sa.func.coalesce(event_webhooks.c.updated_by, event_webhooks.c.created_by),
    "ownerId": event_webhooks.c.owner_id,
}
_TEXTS = {"name": event_webhooks.c.name, "url": event_webhooks.c.url}
_LONGEST_FILTER = 2_048
LIST = Twoway(
    "webhooks",
    Listing(
        event_webhooks.c.id,
        filters={},
        sorts={
            "id": event_webhooks.c.id,
            "name": by_letters(event_webhooks.c.name),
            "url": by_letters(event_webhooks.c.url),
            "createdAt": event_webhooks.c.created_at,
            "updatedAt": event_webhooks.c.updated_at,
        },
    ),
    sorts=("name", "url", "createdAt", "updatedAt"),
    filters=("enabled", "eventTypes", "level", "origins", *_USERS, *_TEXTS),
    default_sort="-createdAt",
)
_FILTERS = (
    query_parameter("enabled", {"type": "boolean"}, "Only those that are enabled, or not."),
    query_parameter("eventTypes", {"type": "string"}, "Only those that hear of one of these; commas between them."),
    query_parameter("level", {"type": "string"}, "Only those of this level."),
    query_parameter("origins", {"type": "string", "enum": list(ORIGINS)}, "Only those that this has made."),
    *(query_parameter(name, {"type": "string"}, "Only those of this user.") for name in _USERS),
    *(query_parameter(name, {"type": "string"}, "Capitals do not matter; `*` is anything.") for name in _TEXTS),
)


@router.get(
    "/webhooks",
    **documented(
        "List webhooks",
        name="listWebhookEntries",
        answer=WebhookList,
        parameters=[*LIST.parameters(), *_FILTERS],
    ),
)
async def list_webhooks(call: Reader, query: Annotated[TwowayQuery, Depends(LIST.read)]) -> Response:
    """The webhooks of the caller; for tenant administrators, all of the tenant."""
    webhooks = service(call)
    async with call.unit() as unit:
        body = await LIST.answer(
            call,
            unit,
            query,
            lambda wishes: _filtered(visible(unit, call.principal), wishes),
            lambda row: show_webhook(webhooks.shown(unit, row)),
        )
    return Json(body)


@router.post(
    "/webhooks",
    **documented("Create a webhook", name="createWebhook", answer=Webhook, status=201, body=NewWebhook),
)
async def create_webhook(
    call: Writer, body: Annotated[Incoming[NewWebhook], Depends(json_body(NewWebhook))]
) -> Response:
    """Makes a webhook. Those of the level `tenant` are for tenant administrators."""
    wanted = structs.replace(_wanted(body.model), origin=body.model.origin)
    async with call.unit() as unit:
        row = await service(call).create(unit, call.principal, wanted)
        await _record(unit, call, "created", row)
    return Json(show_webhook(row), 201)


@router.get("/webhooks/event-types", **documented("List event types", name="listEventTypes", answer=EventTypeList))
async def list_event_types(call: Reader) -> Response:
    """What webhooks can hear of."""
    return Json({"data": list(EVENT_TYPES.values())})


@router.get("/webhooks/{id:uuid}", **documented("Get a webhook", name="getWebhook", answer=Webhook, errors=[400, 404]))
async def get_webhook(call: Reader, webhook_id: WebhookId) -> Response:
    """One webhook, without its secrets."""
    async with call.unit() as unit:
        row = await service(call).get(unit, call.principal, webhook_id)
    return Json(show_webhook(row))


@router.put(
    "/webhooks/{id:uuid}",
    **documented("Replace a webhook", name="updateWebhook", answer=Webhook, body=WebhookContent, errors=[404]),
)
async def put_webhook(
    call: Writer, webhook_id: WebhookId, body: Annotated[Incoming[WebhookContent], Depends(json_body(WebhookContent))]
) -> Response:
    """Sets all of it; what is left out is cleared, the secret and the encrypted headers too."""
    async with call.unit() as unit:
        row = await service(call).replace(unit, call.principal, webhook_id, _wanted(body.model))
        await _record(unit, call, "updated", row)
    return Json(show_webhook(row))


@router.patch(
    "/webhooks/{id:uuid}",
    **documented("Update a webhook", name="patchWebhook", status=204, body=WebhookPatchOperations, errors=[404]),
)
async def patch_webhook(
    call: Writer,
    webhook_id: WebhookId,
    operations: Annotated[list[Operation], Depends(patch(ops=OPS, paths=PATHS, valueless=("remove",)))],
) -> Response:
    """Changes some of it. Another address takes the encrypted headers away, unless they are sent again."""
    changes = changes_of(operations)
    async with call.unit() as unit:
        row = await service(call).patch(unit, call.principal, webhook_id, changes)
        await _record(unit, call, "updated", row)
    return Empty()


@router.delete(
    "/webhooks/{id:uuid}",
    **documented("Delete a webhook", name="deleteWebhook", status=204, errors=[400, 404]),
)
async def delete_webhook(call: Writer, webhook_id: WebhookId) -> Response:
    """Removes it with its deliveries; what was not delivered is not sent any more."""
    async with call.unit() as unit:
        row = await service(call).delete(unit, call.principal, webhook_id)
        await _record(unit, call, "deleted", row)
    return Empty()


def service(call: Call) -> EventWebhooks:
    """The webhooks of this platform."""
    return EventWebhooks(call.services.vault, call.services.egress.policy)


def _wanted(content: WebhookContent) -> Wanted:
    if content.check_revocation:
        raise BadInput(
            "Revocation of certificates is not checked; leave checkCertificateRevocation out.",
            pointer="/checkCertificateRevocation",
        )
    owner = parse_id(content.owner_id, "user", BadInput, "/ownerId") if content.owner_id else None
    return Wanted(
        name=content.name,
        url=content.url,
        description=content.description,
        event_types=content.event_types,
        level=content.level,
        enabled=content.enabled,
        filter=content.filter,
        headers=content.headers,
        encrypted_headers=content.encrypted_headers,
        secret=content.secret,
        owner_id=owner,
        cloud_events=content.cloud_events,
    )


def _filtered(statement: Select[Any], wishes: Mapping[str, str]) -> Select[Any]:
    for name, text in wishes.items():
        if len(text) > _LONGEST_FILTER:
            raise BadInput(f"The parameter {name} is longer than {_LONGEST_FILTER} characters.", parameter=name)
        statement = statement.where(_condition(name, text))
    return statement


def _condition(name: str, text: str) -> ColumnElement[bool]:
    if name == "enabled":
        return event_webhooks.c.enabled if truth(name, text) else ~event_webhooks.c.enabled
    if name == "level":
        return event_webhooks.c.level == text
    if name in _TEXTS:
        escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = escaped.replace("*", "%") if "*" in escaped else f"%{escaped}%"
        return sa.func.lower(_TEXTS[name]).like(pattern, escape="\\")
    if name in _USERS:
        try:
            return _USERS[name] == UUID(text)
        except ValueError:
            return sa.false()
    listed = [part.strip() for part in text.split(",")]
    if name == "origins":
        if any(one not in ORIGINS for one in listed):
            raise BadInput(f"The parameter origins can be {', '.join(ORIGINS)}.", parameter=name)
        return event_webhooks.c.origin.in_(listed)
    return hears(listed)


async def _record(unit: Unit, call: Call, done: str, row: Mapping[str, Any]) -> None:
    await audit.record(
        unit,
        call.principal,
        action=f"webhook.{done}",
        subject=f"webhook:{row['id']}",
        name=row["name"],
        detail={name: row[name] for name in ("event_types", "enabled", "level", "owner_id")},
    )
