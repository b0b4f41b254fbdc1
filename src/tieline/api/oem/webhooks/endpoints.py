"""Webhooks of a partner: ``/webhooks``, told of what happens in any of its accounts."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.oem.access import PartnerCall, partner
from tieline.api.oem.lists import PARAMETERS, Paging, moment, page_model, paged, paging
from tieline.api.oem.routes import OemRoute, described
from tieline.api.oem.webhooks.schemas import (
    CreatePartnerWebhook,
    PartnerDelivery,
    PartnerDeliveryDetail,
    PartnerEventType,
    PartnerReplayed,
    PartnerWebhook,
    PartnerWebhookMade,
    PutPartnerWebhook,
    ReplayPartnerDeliveries,
    show,
    show_delivery,
    show_type,
)
from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound
from tieline.oem.accounts import as_uuid
from tieline.oem.pages import page_of
from tieline.storage.tables import event_deliveries, event_webhooks
from tieline.storage.unit import Unit
from tieline.tenancy import audit
from tieline.tenancy.events import deliveries, partners
from tieline.tenancy.events.rules import PARTNER_LEVEL
from tieline.tenancy.events.sending import Sender
from tieline.tenancy.events.types import PARTNER_TYPES
from tieline.tenancy.events.webhooks import EventWebhooks, Wanted, visible

router = APIRouter(tags=["webhooks"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
Guid = Annotated[str, Path(alias="webhook", description="GUID of a webhook.")]
Delivery = Annotated[str, Path(alias="delivery", description="GUID of a delivery.")]


@router.get(
    "/webhooks",
    **described(
        "List webhooks",
        name="listPartnerWebhooks",
        never=[404],
        answer=page_model("PartnerWebhookPage", PartnerWebhook),
        parameters=PARAMETERS,
    ),
)
async def list_webhooks(call: Caller, page: Annotated[Paging, Depends(paging)]) -> Response:
    """The partner's webhooks, oldest first."""
    async with _home(call) as unit:
        mine = visible(unit, partners.acting(call.partner_id)).order_by(event_webhooks.c.id)
        found = await page_of(unit, mine, page.number, page.size)
        webhooks = _service(call)
        return paged(call, found, lambda row: show(webhooks.shown(unit, row)))


@router.post(
    "/webhooks",
    **described(
        "Create a webhook",
        name="createPartnerWebhook",
        answer=PartnerWebhookMade,
        body=CreatePartnerWebhook,
        never=[404],
    ),
)
async def create_webhook(
    call: Caller, body: Annotated[Incoming[CreatePartnerWebhook], Depends(json_body(CreatePartnerWebhook))]
) -> Response:
    """Makes a webhook. Sent again with the same name and url, it is that webhook with what was sent."""
    sent, by = body.model, partners.acting(call.partner_id)
    async with call.system() as unit:
        await partners.make_home(unit, call.partner_id)
    made = None
    async with _home(call) as unit:
        key = {"key": f"partner-webhook/{call.partner_id}"}
        await unit.connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 12))"), key)
        same = (event_webhooks.c.name == sent.name, event_webhooks.c.url == sent.url)
        known = await unit.one(visible(unit, by).where(*same).limit(1))
        if known is not None:
            row = await _service(call).patch(unit, by, known["id"], _changes(body))
        else:
            if sent.secret is None:
                made = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
            wanted = Wanted(
                name=sent.name,
                url=sent.url,
                description=sent.description or "",
                event_types=sent.event_types,
                level=PARTNER_LEVEL,
                enabled=sent.enabled is not False,
                headers=sent.headers or {},
                encrypted_headers=sent.encrypted_headers or {},
                secret=made or sent.secret or "",
            )
            row = await _service(call).create(unit, by, wanted)
        await _record(call, unit, "created" if known is None else "updated", row)
    return Json({**show(row), "secret": made})


@router.get(
    "/webhooks/event-types",
    **described("List event types", name="listPartnerEventTypes", answer=list[PartnerEventType], never=[404]),
)
async def list_types(call: Caller) -> Response:
    """What webhooks can listen to."""
    return Json([show_type(one) for one in PARTNER_TYPES.values()])


@router.get("/webhooks/{webhook}", **described("Get a webhook", name="getPartnerWebhook", answer=PartnerWebhook))
async def get_webhook(call: Caller, name: Guid) -> Response:
    """One webhook, without its secrets."""
    async with _home(call) as unit:
        return Json(show(await _found(call, unit, name)))


@router.put(
    "/webhooks/{webhook}",
    **described("Update a webhook", name="updatePartnerWebhook", answer=PartnerWebhook, body=PutPartnerWebhook),
)
async def update_webhook(
    call: Caller, name: Guid, body: Annotated[Incoming[PutPartnerWebhook], Depends(json_body(PutPartnerWebhook))]
) -> Response:
    """Changes what is sent. One that was disabled because nobody took its deliveries is enabled again here."""
    async with _home(call) as unit:
        known = await _found(call, unit, name)
        row = await _service(call).patch(unit, partners.acting(call.partner_id), known["id"], _changes(body))
        await _record(call, unit, "updated", row)
    return Json(show(row))


@router.delete("/webhooks/{webhook}", **described("Delete a webhook", name="deletePartnerWebhook", status=204))
async def delete_webhook(call: Caller, name: Guid) -> Response:
    """Removes it with its deliveries; what was not delivered is not sent any more."""
    async with _home(call) as unit:
        row = await _found(call, unit, name)
        await _service(call).delete(unit, partners.acting(call.partner_id), row["id"])
        await _record(call, unit, "deleted", row)
    return Empty()


@router.get(
    "/webhooks/{webhook}/deliveries",
    **described(
        "List the deliveries of a webhook",
        name="listPartnerDeliveries",
        answer=page_model("PartnerDeliveryPage", PartnerDelivery),
        parameters=PARAMETERS,
    ),
)
async def list_deliveries(call: Caller, name: Guid, page: Annotated[Paging, Depends(paging)]) -> Response:
    """What was sent, or tried, in the last 30 days; newest first."""
    async with _home(call) as unit:
        row = await _found(call, unit, name)
        mine = unit.select(event_deliveries).where(event_deliveries.c.event_webhook_id == row["id"], deliveries.TRIED)
        found = await page_of(unit, mine.order_by(event_deliveries.c.id.desc()), page.number, page.size)
    return paged(call, found, show_delivery)


@router.get(
    "/webhooks/{webhook}/deliveries/{delivery}",
    **described("Get a delivery", name="getPartnerDelivery", answer=PartnerDeliveryDetail),
)
async def get_delivery(call: Caller, name: Guid, delivery: Delivery) -> Response:
    """One delivery with its request and the answer to it; values of encrypted headers are left out."""
    async with _home(call) as unit:
        row = await _found(call, unit, name)
        found = await deliveries.get(unit, row["id"], _delivery(delivery))
    return Json(_detail(found))


@router.post(
    "/webhooks/{webhook}/deliveries/{delivery}/resend",
    **described("Resend a delivery", name="resendPartnerDelivery", answer=PartnerDeliveryDetail),
)
async def resend_delivery(call: Caller, name: Guid, delivery: Delivery) -> Response:
    """A new delivery of the same event, sent now, and tried again where it is not taken."""
    services = call.edge.services
    async with _home(call) as unit:
        row = await _found(call, unit, name)
        made = await deliveries.resend(unit, row, _delivery(delivery))
        await _record(call, unit, "resent", row)
    sender = Sender(services.database, services.vault, services.egress)
    await sender.deliver(tenant_id=str(call.partner_id), delivery_id=str(made), attempt=1, asked=True)
    async with _home(call) as unit:
        return Json(_detail(await deliveries.get(unit, row["id"], made)))


@router.post(
    "/webhooks/{webhook}/replay",
    **described(
        "Replay failed deliveries",
        name="replayPartnerDeliveries",
        answer=PartnerReplayed,
        body=ReplayPartnerDeliveries,
        errors=[409],
    ),
)
async def replay_deliveries(
    call: Caller,
    name: Guid,
    body: Annotated[Incoming[ReplayPartnerDeliveries], Depends(json_body(ReplayPartnerDeliveries))],
) -> Response:
    """Sends again what this webhook did not take in a time, at most 1,000 events in one call."""
    since = moment(body.model.since, pointer="/since")
    until = now() if body.model.until is None else moment(body.model.until, pointer="/until")
    if since >= until:
        raise BadInput("The time ends before it begins; since has to be before until.", pointer="/until")
    async with _home(call) as unit:
        row = await _found(call, unit, name, lock=True)
        count, more = await deliveries.replay(unit, row, since, until)
        await _record(call, unit, "replayed", row)
    return Json({"count": count, "more": more})


def _home(call: PartnerCall) -> AbstractAsyncContextManager[Unit]:
    """A transaction of the row that the partner's webhooks hang on."""
    return call.edge.services.database.tenant(call.partner_id)


def _service(call: PartnerCall) -> EventWebhooks:
    return EventWebhooks(call.edge.services.vault, call.edge.services.egress.policy)


async def _found(call: PartnerCall, unit: Unit, name: str, *, lock: bool = False) -> dict[str, Any]:
    identity = as_uuid(name)
    if identity is None:
        raise NotFound("There is no such webhook.")
    return await _service(call).get(unit, partners.acting(call.partner_id), identity, lock=lock)


def _changes(body: Incoming[Any]) -> dict[str, Any]:
    """The fields that were sent."""
    names = PutPartnerWebhook.model_fields
    return {name: getattr(body.model, name) for name in names if getattr(body.model, name) is not None}


def _delivery(text: str) -> UUID:
    identity = as_uuid(text)
    if identity is None:
        raise NotFound("There is no such delivery.")
    return identity


def _detail(row: dict[str, Any]) -> dict[str, Any]:
    return {**show_delivery(row), "request": row["request"], "response": row["response"]}


async def _record(call: PartnerCall, unit: Unit, done: str, row: Mapping[str, Any]) -> None:
    told = {"event_types": row["event_types"], "enabled": row["enabled"]}
    about = f"webhook:{row['id']}"
    await audit.record(unit, call.caller, action=f"webhook.{done}", subject=about, name=row["name"], detail=told)
