"""Deliveries on their way out: the job that tells whoever wanted to know, as often as it takes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from tieline.connectors.library.service import Library
from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import WebhookEvent
from tieline.connectors.manifest.paths import MISSING
from tieline.connectors.runtime.client import Client
from tieline.connectors.runtime.errors import ReconnectNeeded, UpstreamRefused
from tieline.connectors.webhooks import events
from tieline.connectors.webhooks.bodies import decode
from tieline.connectors.webhooks.consumers import Consumers, Delivery
from tieline.connectors.webhooks.errors import DeliveryNotHandled, WebhookUnsupported
from tieline.connectors.webhooks.receiving import TASK, lock_object
from tieline.connectors.webhooks.vendor import Clients
from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import Terminal, TielineError
from tieline.security.redact import mask_text
from tieline.storage.database import Database
from tieline.storage.tables import connections, webhook_deliveries, webhook_subscriptions
from tieline.storage.unit import Unit
from tieline.tenancy import notices

log = structlog.get_logger(__name__)

PAUSES: Final = (5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
"""Seconds after each attempt that failed; then the delivery has failed (after 22 hours)."""

NOTICE = "webhook-delivery"
_SECONDS = 120.0
_MOST_OBJECTS = 200
_LONGEST_ERROR = 1000
_PUBLIC: Final = tuple(column for column in webhook_subscriptions.c if column.name not in ("sealed", "token_hash"))


class Handler:
    """The task ``webhook_delivered``."""

    def __init__(self, database: Database, library: Library, clients: Clients, consumers: Consumers) -> None:
        self._database = database
        self._library = library
        self._clients = clients
        self._consumers = consumers

    async def delivered(self, *, tenant_id: str, subscription_id: str, delivery_id: str) -> None:
        """Hand one delivery on, with all others that count as one with it. May run more than once for a delivery."""
        tenant, subscription = UUID(tenant_id), UUID(subscription_id)
        async with self._database.tenant(tenant) as unit:
            taken = await self._take(unit, subscription, UUID(delivery_id))
            if not taken:
                return
            row = await unit.one(
                unit.select(webhook_subscriptions, *_PUBLIC).where(webhook_subscriptions.c.id == subscription)
            )
            newest = taken[0]
            if row is None or row["status"] in ("removing", "removed"):
                await _end(unit, taken, "ignored")
                return
            event = events.of(row, await self._manifest(unit, row))
        try:
            async with asyncio.timeout(_SECONDS):
                await self._tell(tenant, row, event, newest, merged=len(taken) - 1)
        except Exception as error:  # noqa: BLE001 - whatever a consumer raises is noted and tried again
            await self._failed(tenant, row, taken, error)
            return
        async with self._database.tenant(tenant) as unit:
            await _end(unit, taken[:1], "handled")
            await _end(unit, taken[1:], "merged")
            await unit.update(
                webhook_subscriptions, webhook_subscriptions.c.id == subscription, delivered_at=newest["received_at"]
            )
            if newest["attempts"] > 0:
                await notices.close(unit, f"{NOTICE}/subscription:{subscription}")

    async def _take(self, unit: Unit, subscription: UUID, delivery: UUID) -> list[dict[str, Any]]:
        """The delivery and those that wait with it, newest first; empty where it is settled already."""
        table = webhook_deliveries
        mine = (table.c.subscription_id == subscription, table.c.status == "received")
        row = await unit.one(unit.select(table).where(table.c.id == delivery, *mine))
        if row is None:
            return []
        taken = [row]
        if row["object_key"] is not None:
            await lock_object(unit, subscription, row["object_key"])
            same = unit.select(table).where(*mine, table.c.object_key == row["object_key"])
            taken = await unit.all(same.order_by(table.c.received_at.desc(), table.c.id.desc()).limit(1000))
        ids = [one["id"] for one in taken]
        await unit.update(table, *mine, table.c.id.in_(ids), attempts=table.c.attempts + 1)
        return taken

    async def _manifest(self, unit: Unit, row: dict[str, Any]) -> Any:
        if row["connection_id"] is None:
            return None
        connector = await unit.scalar(
            unit.select(connections, connections.c.connector_id).where(connections.c.id == row["connection_id"])
        )
        return await self._library.manifest(unit, connector)

    async def _tell(
        self, tenant: UUID, row: dict[str, Any], event: WebhookEvent, taken: dict[str, Any], *, merged: int
    ) -> None:
        consumer = self._consumers.of(row["consumer"])
        if consumer is None:
            raise DeliveryNotHandled(f"nothing in this worker takes deliveries for {row['consumer'][:60]!r}")
        body = decode(taken["body"] or b"", taken["headers"].get("content-type", ""))
        payload = paths.get(body, event.payload)
        delivery = Delivery(
            id=taken["id"],
            subscription_id=row["id"],
            event=event.event or event.id,
            received_at=taken["received_at"],
            payload=None if payload is MISSING else payload,
            body=body,
            headers=taken["headers"],
            attempt=taken["attempts"] + 1,
            merged=merged,
        )
        if event.fetch:
            if row["connection_id"] is None:
                raise WebhookUnsupported("objects can only be fetched for a subscription that has a connection")
            client = await self._clients(tenant, row["connection_id"])
            await _fetch(client, event, delivery)
        await consumer(tenant, row, delivery)

    async def _failed(self, tenant: UUID, row: dict[str, Any], taken: list[dict[str, Any]], error: Exception) -> None:
        """Try again later, or give up and say so."""
        newest, table = taken[0], webhook_deliveries
        attempt: int = newest["attempts"]
        told = error.detail if isinstance(error, TielineError) else f"{type(error).__name__} in the consumer"
        if isinstance(error, TimeoutError):
            told = f"nobody was done with it within {_SECONDS:g} s"
        text = mask_text(told)[:_LONGEST_ERROR]
        over = attempt >= len(PAUSES) or (isinstance(error, Terminal) and not isinstance(error, ReconnectNeeded))
        if not isinstance(error, TielineError | TimeoutError):
            log.error("webhook.consumer_failed", delivery=str(newest["id"]), exc_info=error)
        async with self._database.tenant(tenant) as unit:
            mine = (table.c.subscription_id == row["id"], table.c.id.in_([one["id"] for one in taken]))
            if not over:
                await unit.update(table, *mine, error=text)
                await unit.defer(
                    TASK,
                    at=now() + timedelta(seconds=PAUSES[attempt]),
                    tenant_id=str(tenant),
                    subscription_id=str(row["id"]),
                    delivery_id=str(newest["id"]),
                )
                return
            await unit.update(table, *mine, status="failed", error=text, handled_at=now())
            await notices.open(
                unit,
                kind=NOTICE,
                subject=f"subscription:{row['id']}",
                title="A webhook delivery could not be handled",
                detail=text,
                data={"delivery": str(newest["id"]), "consumer": row["consumer"]},
            )


async def _end(unit: Unit, taken: list[dict[str, Any]], status: str) -> None:
    if taken:
        await unit.update(
            webhook_deliveries,
            webhook_deliveries.c.subscription_id == taken[0]["subscription_id"],
            webhook_deliveries.c.id.in_([one["id"] for one in taken]),
            status=status,
            error=None,
            handled_at=now(),
        )


async def _fetch(client: Client, event: WebhookEvent, delivery: Delivery) -> None:
    """The objects in place of their ids; each once, however often it is named."""
    block = client.block(event.fetch)
    several = isinstance(delivery.payload, list)
    notes = delivery.payload if several else [delivery.payload]
    found: list[Any] = []
    asked: set[bytes] = set()
    for note in notes[:_MOST_OBJECTS]:
        inputs = {name: paths.get(note, path) for name, path in event.fetch_inputs.items()}
        absent = [name for name, value in inputs.items() if value is MISSING or value is None]
        if absent:
            raise WebhookUnsupported(
                f"the delivery has nothing at {event.fetch_inputs[absent[0]]!r}, which block {event.fetch!r} needs"
            )
        mark = json.dumps(inputs)
        if mark in asked:
            continue
        asked.add(mark)
        try:
            data = (await client.call(block, inputs)).data
        except UpstreamRefused as error:
            if error.upstream_status not in (404, 410):
                raise
            delivery.missing += 1
            continue
        # Some answer 200 with nothing for what does not exist.
        if data in (None, [], {}):
            delivery.missing += 1
        else:
            found.append(data)
    delivery.payload = found if several else (found[0] if found else None)
