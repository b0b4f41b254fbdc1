"""Webhook subscriptions: ``/webhook-subscriptions``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.connections.reach import reach
from tieline.api.cloud.webhook_subscriptions.schemas import (
    CreateWebhookSubscription,
    NewWebhookSubscription,
    Reconciliation,
    WebhookDeliveryList,
    WebhookSubscription,
    WebhookSubscriptionList,
    show,
    show_delivery,
    show_report,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import parse_id, path_id
from tieline.api.edge.lists import one_value
from tieline.core.errors import BadInput, NotFound
from tieline.storage.tables import connections
from tieline.storage.unit import Unit
from tieline.tenancy.visibility import visible

router = APIRouter(tags=["webhook-subscriptions"])

Reader = Annotated[Call, Depends(access("connections", "read"))]
Writer = Annotated[Call, Depends(access("connections", "write"))]
SubscriptionId = Annotated[UUID, Depends(path_id("id", "webhook subscription"))]
ConnectionId = Annotated[UUID, Depends(path_id("id", "connection"))]

_OF_CONNECTION = {
    "name": "connectionId",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "format": "uuid"},
    "description": "Only those of this connection.",
}


@router.get(
    "/webhook-subscriptions",
    **documented(
        "List webhook subscriptions",
        name="getWebhookSubscriptions",
        answer=WebhookSubscriptionList,
        parameters=[_OF_CONNECTION],
    ),
)
async def list_subscriptions(call: Reader) -> Response:
    """The subscriptions of the connections that the caller sees. An addition of ours."""
    wanted = one_value(call.request, "connectionId")
    connection_id = parse_id(wanted, "connection", BadInput) if wanted is not None else None
    async with call.unit() as unit:
        rows = await call.services.webhooks.list(unit, connection_id=connection_id)
        seen = await _seen(call, unit, rows)
    return Json({"data": [show(row) for row in rows if _may(call, row, seen)]})


@router.post(
    "/webhook-subscriptions",
    **documented(
        "Subscribe to a webhook event",
        name="createWebhookSubscription",
        answer=NewWebhookSubscription,
        status=201,
        body=CreateWebhookSubscription,
        errors=[404, 409, 422, 502, 504],
    ),
)
async def create_subscription(
    call: Writer, body: Annotated[Incoming[CreateWebhookSubscription], Depends(json_body(CreateWebhookSubscription))]
) -> Response:
    """Subscribes at the connected API and answers once that is done. The same wish twice is one subscription."""
    wanted = body.model
    connection_id = None
    if wanted.connection_id is not None:
        connection_id = parse_id(wanted.connection_id, "connection", BadInput, "/connectionId")
        async with call.unit() as unit:
            await reach(call, unit, connection_id)
    elif not call.principal.is_admin:
        raise BadInput("Name the connection; only administrators make addresses without one.", pointer="/connectionId")
    if not wanted.consumer.startswith("log:"):
        raise BadInput("Only log: can be named here; an automation subscribes by itself.", pointer="/consumer")
    services = call.services
    row = await services.webhooks.subscribe(
        call.principal.tenant_id,
        connection_id,
        wanted.event,
        wanted.consumer,
        inputs=wanted.inputs,
        settings=wanted.settings,
        secret=wanted.secret,
    )
    url, secret = await services.webhooks.reveal(call.principal.tenant_id, row["id"])
    async with call.unit() as unit:
        told = {"connectionId": connection_id, "event": wanted.event, "consumer": wanted.consumer}
        await call.record(unit, "webhook-subscription.created", row["id"], detail=told)
    by_hand = connection_id is None or row["remote_id"] is None
    return Json({**show(row), "url": url, "secret": secret or None if by_hand else None}, 201)


@router.get(
    "/webhook-subscriptions/{id:uuid}",
    **documented("Get a webhook subscription", name="getWebhookSubscription", answer=WebhookSubscription, errors=[404]),
)
async def get_subscription(call: Reader, subscription_id: SubscriptionId) -> Response:
    """One subscription; its address and secret are not shown again. An addition of ours."""
    async with call.unit() as unit:
        row = await _subscription(call, unit, subscription_id)
    return Json(show(row))


@router.delete(
    "/webhook-subscriptions/{id:uuid}",
    **documented("Remove a webhook subscription", name="deleteWebhookSubscription", status=204, errors=[404]),
)
async def delete_subscription(call: Writer, subscription_id: SubscriptionId) -> Response:
    """Unsubscribes. Where the vendor cannot be reached he is asked again later; his deliveries get 410 at once."""
    async with call.unit() as unit:
        row = await _subscription(call, unit, subscription_id)
        told = {"connectionId": row["connection_id"], "event": row["event"], "consumer": row["consumer"]}
        await call.record(unit, "webhook-subscription.deleted", subscription_id, detail=told)
    await call.services.webhooks.unsubscribe(call.principal.tenant_id, subscription_id)
    return Empty()


@router.get(
    "/webhook-subscriptions/{id:uuid}/deliveries",
    **documented(
        "List the deliveries of a webhook subscription",
        name="getWebhookDeliveries",
        answer=WebhookDeliveryList,
        errors=[404],
    ),
)
async def list_deliveries(call: Reader, subscription_id: SubscriptionId) -> Response:
    """The newest 50, newest first; they are kept for 30 days. An addition of ours."""
    async with call.unit() as unit:
        await _subscription(call, unit, subscription_id)
        rows = await call.services.webhooks.deliveries(unit, subscription_id)
    return Json({"data": [show_delivery(row) for row in rows]})


@router.post(
    "/automation-connections/{id:uuid}/actions/reconcile-webhooks",
    **documented(
        "Reconcile the webhook subscriptions of a connection",
        name="reconcileWebhooks",
        answer=Reconciliation,
        errors=[404, 409, 502, 504],
    ),
)
async def reconcile(call: Writer, connection_id: ConnectionId) -> Response:
    """Compares the vendor's list with ours and repairs what differs. An addition of ours."""
    async with call.unit() as unit:
        row = await reach(call, unit, connection_id)
        await call.record(unit, "connection.webhooks-reconciled", connection_id, row["name"])
    return Json(show_report(await call.services.webhooks.reconcile(call.principal.tenant_id, connection_id)))


async def _subscription(call: Call, unit: Unit, subscription_id: UUID) -> dict[str, Any]:
    row = await call.services.webhooks.get(unit, subscription_id)
    if not _may(call, row, await _seen(call, unit, [row])):
        raise NotFound("There is no such webhook subscription.")
    return row


async def _seen(call: Call, unit: Unit, rows: list[dict[str, Any]]) -> set[UUID]:
    """Of the connections that the subscriptions belong to those that the caller sees."""
    ids = {row["connection_id"] for row in rows if row["connection_id"] is not None}
    if not ids:
        return set()
    mine = visible(connections, call.principal, ability="see" if call.request.method == "GET" else "edit")
    found = await unit.all(unit.select(connections, connections.c.id).where(connections.c.id.in_(ids), mine))
    return {row["id"] for row in found}


def _may(call: Call, row: dict[str, Any], seen: set[UUID]) -> bool:
    return call.principal.is_admin if row["connection_id"] is None else row["connection_id"] in seen
