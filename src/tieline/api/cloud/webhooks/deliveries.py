"""Deliveries of webhooks: ``/webhooks/{id}/deliveries``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy import Select
from starlette.responses import Response

from tieline.api.cloud.webhooks.endpoints import Reader, WebhookId, Writer, service
from tieline.api.cloud.webhooks.schemas import (
    ReplayDeliveries,
    Replayed,
    WebhookDelivery,
    WebhookDeliveryList,
    show_delivery,
)
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import query_parameter
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core.clock import now
from tieline.core.errors import BadInput
from tieline.storage.tables import event_deliveries
from tieline.tenancy import audit
from tieline.tenancy.events import deliveries
from tieline.tenancy.events.sending import Sender
from tieline.tenancy.listing import Listing

router = APIRouter(tags=["webhook-deliveries"])

DeliveryId = Annotated[UUID, Depends(path_id("deliveryId", "delivery"))]

_STATUSES = ("success", "fail")
LIST = Twoway(
    "webhook-deliveries",
    Listing(
        event_deliveries.c.id,
        filters={},
        # An id begins with the moment that it was made in.
        sorts={"id": event_deliveries.c.id, "triggeredAt": event_deliveries.c.id, "status": deliveries.STATUS},
    ),
    sorts=("status", "triggeredAt"),
    filters=("eventType", "status"),
    default_sort="-triggeredAt",
)
_FILTERS = (
    query_parameter("eventType", {"type": "string"}, "Only those of this type of event."),
    query_parameter("status", {"type": "string", "enum": list(_STATUSES)}, "Only those that were taken, or not."),
)


@router.get(
    "/webhooks/{id:uuid}/deliveries",
    **documented(
        "List the deliveries of a webhook",
        name="getWebhookDeliveryList",
        answer=WebhookDeliveryList,
        parameters=[*LIST.parameters(), *_FILTERS],
        errors=[404],
    ),
)
async def list_deliveries(
    call: Reader, webhook_id: WebhookId, query: Annotated[TwowayQuery, Depends(LIST.read)]
) -> Response:
    """What was sent, or tried, in the last 30 days."""
    async with call.unit() as unit:
        await service(call).get(unit, call.principal, webhook_id)
        statement = unit.select(event_deliveries).where(
            event_deliveries.c.event_webhook_id == webhook_id, deliveries.TRIED
        )
        body = await LIST.answer(call, unit, query, lambda wishes: _filtered(statement, wishes), show_delivery)
    return Json(body)


@router.get(
    "/webhooks/{id:uuid}/deliveries/{deliveryId:uuid}",
    **documented("Get a delivery", name="getWebhookDelivery", answer=WebhookDelivery, errors=[400, 404]),
)
async def get_delivery(call: Reader, webhook_id: WebhookId, delivery_id: DeliveryId) -> Response:
    """One delivery with its request and the answer to it; values of encrypted headers are left out."""
    async with call.unit() as unit:
        await service(call).get(unit, call.principal, webhook_id)
        row = await deliveries.get(unit, webhook_id, delivery_id)
    return Json(show_delivery(row))


@router.post(
    "/webhooks/{id:uuid}/deliveries/{deliveryId:uuid}/actions/resend",
    **documented("Resend a delivery", name="resendDelivery", answer=WebhookDelivery, status=201, errors=[404]),
)
async def resend_delivery(call: Writer, webhook_id: WebhookId, delivery_id: DeliveryId) -> Response:
    """A new delivery of the same event, sent now, and tried again where it is not taken."""
    services = call.services
    async with call.unit() as unit:
        webhook = await service(call).get(unit, call.principal, webhook_id)
        made = await deliveries.resend(unit, webhook, delivery_id)
        await _record(call, unit, webhook, "resent", {"delivery": delivery_id})
    sender = Sender(services.database, services.vault, services.egress)
    await sender.deliver(tenant_id=str(call.principal.tenant_id), delivery_id=str(made), attempt=1, asked=True)
    async with call.unit() as unit:
        row = await deliveries.get(unit, webhook_id, made)
    return Json(show_delivery(row), 201)


@router.post(
    "/webhooks/{id:uuid}/actions/replay",
    **documented(
        "Replay failed deliveries", name="replayDeliveries", answer=Replayed, body=ReplayDeliveries, errors=[404]
    ),
)
async def replay_deliveries(
    call: Writer,
    webhook_id: WebhookId,
    body: Annotated[Incoming[ReplayDeliveries], Depends(json_body(ReplayDeliveries))],
) -> Response:
    """Sends again what this webhook did not take in a time, at most 1,000 events in one call. An addition of ours."""
    since = _moment(body.model.since, "/from")
    until = _moment(body.model.until, "/to") if body.model.until else now()
    if since >= until:
        raise BadInput("The time ends before it begins; from has to be before to.", pointer="/to")
    async with call.unit() as unit:
        webhook = await service(call).get(unit, call.principal, webhook_id, lock=True)
        count, more = await deliveries.replay(unit, webhook, since, until)
        await _record(call, unit, webhook, "replayed", {"from": since, "to": until, "count": count})
    return Json({"count": count, "more": more})


def _filtered(statement: Select[Any], wishes: Mapping[str, str]) -> Select[Any]:
    for name, text in wishes.items():
        if name == "eventType":
            statement = statement.where(event_deliveries.c.event_type == text)
            continue
        if text not in _STATUSES:
            raise BadInput("The parameter status is success or fail.", parameter=name)
        statement = statement.where(deliveries.STATUS.in_([text]))
    return statement


def _moment(text: str, pointer: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput("This is no time; write it as 2026-01-31T12:00:00Z.", pointer=pointer) from None


async def _record(call: Any, unit: Any, webhook: Mapping[str, Any], done: str, detail: dict[str, Any]) -> None:
    await audit.record(
        unit,
        call.principal,
        action=f"webhook.{done}",
        subject=f"webhook:{webhook['id']}",
        name=webhook["name"],
        detail=detail,
    )
