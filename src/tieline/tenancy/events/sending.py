"""The jobs that send events: at least once, under an id that stays the same, in no promised order.

What nobody takes is tried again: twelve times over three days, with growing pauses. Each attempt is a job of its own,
so that nothing is lost with a worker; a delivery whose job was lost is found again (`sweeping`). A webhook that has
taken nothing for days is disabled, and one that says that it is gone (410) at once.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import func

from tieline.core import json
from tieline.core.clock import Clock, iso, now
from tieline.security.egress import Egress
from tieline.security.vault import Vault, VaultError
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.storage.tables import event_deliveries, event_webhooks, events
from tieline.storage.unit import Unit
from tieline.tenancy import notices
from tieline.tenancy.events import fanning
from tieline.tenancy.events.calling import Called, call, request_log, response_log
from tieline.tenancy.events.emitting import FAN_OUT
from tieline.tenancy.events.envelopes import envelope, signed
from tieline.tenancy.events.webhooks import DISABLED, notice_key, opened

log = structlog.get_logger(__name__)

PAUSES: Final = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400)
"""Seconds after each attempt that came to nothing: twelve attempts within 71 hours."""
ATTEMPTS: Final = len(PAUSES) + 1
JITTER: Final = 0.1
"""The part of a pause by which it may be shorter, so that what failed together does not come back together."""
LONGEST_WAIT: Final = 86_400.0
FAILING_DAYS: Final = 5
"""After which a webhook that has taken nothing meanwhile is disabled."""

REASONS: Final = {
    "gone": "The receiver answered 410 Gone: it wants no more of this.",
    "failing": f"Nothing that was sent has been taken for {FAILING_DAYS} days.",
}


class Sender:
    """Sends events to webhooks."""

    def __init__(self, database: Database, vault: Vault, egress: Egress, *, clock: Clock = now) -> None:
        self._database = database
        self._vault = vault
        self._egress = egress
        self._clock = clock

    def register(self, queue: Queue) -> None:
        """Gives a worker the tasks."""
        queue.register(FAN_OUT, self.fan_out)
        queue.register(fanning.SEND, self.deliver)

    async def fan_out(self, *, tenant_id: str, event_id: str) -> None:
        """The task of an event."""
        await fanning.fan_out(self._database, UUID(tenant_id), UUID(event_id))

    async def deliver(self, *, tenant_id: str, delivery_id: str, attempt: int, asked: bool = False) -> None:
        """The task of one attempt. Does nothing where that attempt was made already.

        ``asked``: a person wants it, be the webhook enabled or not.
        """
        tenant, identity = UUID(tenant_id), UUID(delivery_id)
        async with self._database.tenant(tenant) as unit:
            found = await _read(unit, identity, attempt)
            if found is None:
                return
            delivery, webhook, event = found
            if not webhook["enabled"] and not asked:
                await self._end(unit, delivery, "The webhook was disabled before this could be sent.")
                return
        moment = self._clock()
        body = json.dumps(envelope(event, tenant, cloud_events=webhook["settings"].get("cloudEvents", True)))
        try:
            secrets = opened(self._vault, tenant, webhook)
        except VaultError as error:
            async with self._database.tenant(tenant) as unit:
                await self._end(unit, delivery, error.detail)
            return
        hidden = {name.lower() for name in secrets.headers}
        plain = webhook["settings"].get("headers", {})
        own = {name: value for name, value in plain.items() if name.lower() not in hidden} | secrets.headers
        named = {} if any(name.lower() == "content-type" for name in own) else {"content-type": "application/json"}
        ours = signed(event["id"], int(moment.timestamp()), body, secrets.secret)
        headers = {**named, **own, **ours}
        called = await call(self._egress, webhook["url"], headers, body, moment)
        request = request_log(webhook["url"], headers, body, secrets.headers)
        response = response_log(called, [secrets.secret, *secrets.headers.values()])
        async with self._database.tenant(tenant) as unit:
            await self._write(unit, delivery, webhook, called, request=request, response=response)

    async def _write(
        self, unit: Unit, delivery: Mapping[str, Any], webhook: Mapping[str, Any], called: Called, **exchange: Any
    ) -> None:
        """What became of an attempt, and what comes next. Of two that made the same one, the first is heard."""
        number, moment = delivery["attempts"] + 1, self._clock()
        gone = called.status == 410
        again = None if called.taken or gone or called.lasting else self._next(number, called, moment)
        said = called.said
        if again is not None:
            said = f"{said} (attempt {number} of {ATTEMPTS}; the next one at {iso(again)})"
        elif not called.taken:
            said = f"{said} (attempt {number} of {ATTEMPTS}; given up)"
        written = await unit.update(
            event_deliveries,
            event_deliveries.c.id == delivery["id"],
            event_deliveries.c.status == "pending",
            event_deliveries.c.attempts == delivery["attempts"],
            status="success" if called.taken else "pending" if again is not None else "fail",
            status_message=said,
            attempts=number,
            next_at=again,
            **exchange,
        )
        if not written:
            return
        if again is not None:
            await fanning.queue(unit, delivery["id"], number + 1, at=again)
        await self._keep(unit, webhook, called, moment)

    async def _keep(self, unit: Unit, webhook: Mapping[str, Any], called: Called, moment: datetime) -> None:
        """How long the webhook has been failing, and whether it has been too long."""
        mine = event_webhooks.c.id == webhook["id"]
        if called.taken:
            if webhook["failing_since"] is not None:
                await unit.update(event_webhooks, mine, failing_since=None)
            return
        log.info("event.not_taken", webhook=str(webhook["id"]), status=called.status)
        since = webhook["failing_since"]
        if since is None:
            # As it was read before the call: only whoever is the first to fail writes.
            first = event_webhooks.c.failing_since.is_(None)
            await unit.update(event_webhooks, mine, first, failing_since=moment)
        if called.status == 410:
            await self._disable(unit, webhook, "gone")
        elif since is not None and since + timedelta(days=FAILING_DAYS) <= moment:
            await self._disable(unit, webhook, "failing")

    async def _disable(self, unit: Unit, webhook: Mapping[str, Any], code: str) -> None:
        settings = event_webhooks.c.settings.op("||")(func.jsonb_build_object("disabledReason", REASONS[code]))
        changed = await unit.update(
            event_webhooks,
            event_webhooks.c.id == webhook["id"],
            event_webhooks.c.enabled,
            # Somebody who has mended it meanwhile has the last word.
            event_webhooks.c.url == webhook["url"],
            enabled=False,
            disabled_code=code,
            settings=settings,
        )
        if changed:
            await notices.open(
                unit,
                kind=DISABLED,
                subject=f"event-webhook:{webhook['id']}",
                title=f"The webhook “{webhook['name'][:200]}” was disabled",
                detail=f"{REASONS[code]} Mend the receiver, enable the webhook and replay what it has missed.",
                key=notice_key(webhook["id"]),
            )

    async def _end(self, unit: Unit, delivery: Mapping[str, Any], said: str) -> None:
        await unit.update(
            event_deliveries,
            event_deliveries.c.id == delivery["id"],
            event_deliveries.c.status == "pending",
            status="fail",
            status_message=said,
            attempts=func.greatest(event_deliveries.c.attempts, 1),
            next_at=None,
        )

    def _next(self, number: int, called: Called, moment: datetime) -> datetime | None:
        """When to try again after ``number`` attempts; None: never."""
        if number > len(PAUSES):
            return None
        pause = PAUSES[number - 1] * (1 - random.uniform(0, JITTER))  # noqa: S311 - jitter
        return moment + timedelta(seconds=max(pause, min(called.retry_after or 0.0, LONGEST_WAIT)))


async def _read(
    unit: Unit, identity: UUID, attempt: int
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]] | None:
    """The delivery with its webhook and event, where this attempt is the next one."""
    delivery = await unit.one(
        unit.select(event_deliveries).where(
            event_deliveries.c.id == identity,
            event_deliveries.c.status == "pending",
            event_deliveries.c.attempts == attempt - 1,
        )
    )
    if delivery is None:
        return None
    webhook = await unit.one(unit.select(event_webhooks).where(event_webhooks.c.id == delivery["event_webhook_id"]))
    event = await unit.one(unit.select(events).where(events.c.id == delivery["event_id"]))
    return None if webhook is None or event is None else (delivery, webhook, event)
