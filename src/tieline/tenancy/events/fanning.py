"""One job an event: which webhooks hear of it, and a delivery for each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.storage.database import Database
from tieline.storage.errors import AlreadyQueued
from tieline.storage.tables import event_deliveries, event_webhooks, events
from tieline.storage.unit import Unit
from tieline.tenancy import space_roles, standing
from tieline.tenancy.events import filtering
from tieline.tenancy.events.emitting import hears, moment_of
from tieline.tenancy.events.envelopes import attributes
from tieline.tenancy.events.rules import PARTNER_LEVEL

SEND: Final = "event_delivery"
LANES: Final = 4
"""First attempts of one webhook that run at a time: a slow one must not take all of its tenant's places."""


async def fan_out(database: Database, tenant_id: UUID, event_id: UUID) -> int:
    """Makes the deliveries of an event, and gives their number; made again, there are none."""
    async with database.tenant(tenant_id) as unit:
        event = await unit.one(unit.select(events).where(events.c.id == event_id))
        if event is None:
            return 0
        listening = await unit.all(unit.select(event_webhooks).where(event_webhooks.c.enabled, hears([event["type"]])))
        about = attributes(event)
        chosen = [row["id"] for row in listening if await _hears(unit, row, about)]
        return await make(unit, event, [(one, delivery_id(event_id, one)) for one in chosen])


async def make(
    unit: Unit, event: Mapping[str, Any], wanted: Sequence[tuple[UUID, UUID]], *, queued: bool = True
) -> int:
    """Deliveries of an event: pairs of webhook and id, of which those that are there already are left out.

    Not ``queued``: the caller sends them himself; where he does not, `sweeping` finds them.
    """
    if not wanted:
        return 0
    moment = now()
    statement = (
        insert(event_deliveries)
        .values(
            [
                {
                    "tenant_id": unit.tenant_id,
                    "id": identity,
                    "event_webhook_id": webhook_id,
                    "event_id": event["id"],
                    "event_type": event["type"],
                    "status": "pending",
                    "next_at": moment,
                    "triggered_at": moment_of(identity),
                }
                for webhook_id, identity in wanted
            ]
        )
        .on_conflict_do_nothing()
        .returning(event_deliveries.c.id, event_deliveries.c.event_webhook_id)
    )
    made = await unit.all(statement)
    for row in made if queued else ():
        lane = f"event-webhook {row['event_webhook_id']} {row['id'].int % LANES}"
        await queue(unit, row["id"], 1, lock=lane)
    return len(made)


async def queue(
    unit: Unit, identity: UUID, attempt: int, *, at: datetime | None = None, lock: str | None = None
) -> None:
    """The job of one attempt; there is one."""
    with suppress(AlreadyQueued):
        await unit.defer(
            SEND,
            at=at,
            lock=lock,
            queueing_lock=f"{SEND} {identity} {attempt}",
            tenant_id=str(unit.tenant_id),
            delivery_id=str(identity),
            attempt=attempt,
        )


def delivery_id(event_id: UUID, webhook_id: UUID) -> UUID:
    """Made of both, with the event's moment in front (UUIDv7): made twice, it is the same."""
    tail = int.from_bytes(hashlib.sha256(event_id.bytes + webhook_id.bytes).digest()[:10], "big") & ((1 << 74) - 1)
    upper, lower = tail >> 62, tail & ((1 << 62) - 1)
    return UUID(int=((event_id.int >> 80) << 80) | (0x7 << 76) | (upper << 64) | (0x2 << 62) | lower)


async def _hears(unit: Unit, webhook: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
    if not filtering.matches(webhook["settings"].get("filter", ""), about):
        return False
    if webhook["level"] in ("tenant", PARTNER_LEVEL):
        return True
    owner = webhook["owner_id"]
    theirs = str(owner) in {about.get("ownerId"), about.get("userId")}
    if not theirs and about.get("spaceId"):
        theirs = "see" in await space_roles.allowed(unit, owner, UUID(about["spaceId"]))
    return theirs and await unit.scalar(select(standing.barred(unit.tenant_id, owner))) == ""
