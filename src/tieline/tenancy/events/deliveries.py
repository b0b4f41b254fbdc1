"""The log of what was sent to a webhook, and sending it again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, or_

from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import event_deliveries, events
from tieline.storage.unit import Unit
from tieline.tenancy.events import fanning
from tieline.tenancy.events.emitting import moment_of
from tieline.tenancy.events.errors import WebhookDisabled

MOST_REPLAYED: Final = 1_000
"""Deliveries that one replay sends again; where there are more, the next one goes on."""

TRIED: Final[ColumnElement[bool]] = event_deliveries.c.attempts > 0
"""A delivery is in the log once it was tried."""
STATUS: Final = case((event_deliveries.c.status == "success", "success"), else_="fail")
"""What is still being tried has failed so far."""


async def get(unit: Unit, webhook_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    """One delivery of a webhook that was tried. Raises `NotFound`."""
    mine = (event_deliveries.c.id == delivery_id, event_deliveries.c.event_webhook_id == webhook_id)
    row = await unit.one(unit.select(event_deliveries).where(*mine, TRIED))
    if row is None:
        raise NotFound("There is no such delivery.")
    return row


async def resend(unit: Unit, webhook: dict[str, Any], delivery_id: UUID) -> UUID:
    """The id of a new delivery of the same event, which the caller sends."""
    row = await get(unit, webhook["id"], delivery_id)
    event = await unit.one(unit.select(events).where(events.c.id == row["event_id"]))
    assert event is not None
    identity = new_id()
    await fanning.make(unit, event, [(webhook["id"], identity)], queued=False)
    return identity


async def replay(unit: Unit, webhook: dict[str, Any], since: datetime, until: datetime) -> tuple[int, bool]:
    """Sends again what came to nothing from ``since`` until before ``until``: how many, and whether there is more.

    An event that this webhook has taken meanwhile, or that is on its way to it, is left out.
    """
    _must_be_enabled(webhook)
    other = event_deliveries.alias("other")
    settled = exists().where(
        other.c.tenant_id == unit.tenant_id,
        other.c.event_webhook_id == webhook["id"],
        other.c.event_id == event_deliveries.c.event_id,
        or_(
            other.c.status.in_(("success", "pending")),
            # Of several that failed, the last one is sent again.
            and_(other.c.status == "fail", other.c.id > event_deliveries.c.id),
        ),
    )
    rows = await unit.all(
        unit.select(event_deliveries, event_deliveries.c.event_id, event_deliveries.c.event_type)
        .where(
            event_deliveries.c.event_webhook_id == webhook["id"],
            event_deliveries.c.status == "fail",
            event_deliveries.c.triggered_at >= since,
            event_deliveries.c.triggered_at < until,
            ~settled,
        )
        .order_by(event_deliveries.c.id)
        .limit(MOST_REPLAYED + 1)
    )
    for row in rows[:MOST_REPLAYED]:
        event = {"id": row["event_id"], "type": row["event_type"]}
        await fanning.make(unit, event, [(webhook["id"], new_id())])
    return min(len(rows), MOST_REPLAYED), len(rows) > MOST_REPLAYED


def triggered(row: dict[str, Any]) -> datetime:
    """When a delivery was made: its id says it."""
    return moment_of(row["id"])


def _must_be_enabled(webhook: dict[str, Any]) -> None:
    if not webhook["enabled"]:
        raise WebhookDisabled("The webhook is disabled and sends nothing; enable it first.")
