"""Automations that are started by webhooks.

An automation whose start block says webhook has one subscription, whose consumer is ``automation:<its id>``. With a
connection and an event it is made at the vendor when the automation is saved or enabled, and removed when it is
disabled, changed or deleted. Without, it is an address to be entered somewhere by hand, which stays the same while the
automation is disabled.

A delivery starts one run, however often it is handed over: the run's key is made of the delivery's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import structlog

from tieline.automations.runs.errors import NotStartable
from tieline.automations.runs.service import Runs
from tieline.connectors.webhooks import Delivery, Webhooks
from tieline.core.errors import Forbidden, TielineError, Unavailable
from tieline.storage.database import Database
from tieline.storage.tables import automations, connections, webhook_subscriptions
from tieline.storage.unit import Unit
from tieline.tenancy import notices
from tieline.tenancy.visibility import usable_by

log = structlog.get_logger(__name__)

PREFIX: Final = "automation"
NOTICE: Final = "automation-webhook"


class Hooked:
    """A listener of the library of automations, and the consumer of their deliveries."""

    def __init__(self, database: Database, webhooks: Webhooks) -> None:
        self._database = database
        self._webhooks = webhooks
        self._runs = Runs(database)
        webhooks.consumers.register(PREFIX, self.delivered)

    async def changed(self, unit: Unit, automation: Mapping[str, Any]) -> None:
        """Subscriptions as the automation wants them now. One that cannot be had is told of by a notice: a document
        that is only incomplete can be saved.
        """
        wanted: UUID | None = None
        subject = f"automation:{automation['id']}"
        if automation["run_mode"] == "webhook":
            try:
                wanted = await self._wanted(unit, automation)
            except Unavailable:
                raise
            except TielineError as error:
                await notices.open(
                    unit,
                    kind=NOTICE,
                    subject=subject,
                    title=f"“{automation['name']}” cannot be told of events"[:200],
                    detail=error.detail,
                )
            else:
                await notices.close(unit, f"{NOTICE}/{subject}")
        for row in await self._webhooks.list(unit, consumer=consumer(automation["id"])):
            if row["id"] != wanted:
                await self._webhooks.retire(unit, row["id"])

    async def deleted(self, unit: Unit, automation_id: UUID) -> None:
        """Its subscriptions end with it."""
        await notices.close(unit, f"{NOTICE}/automation:{automation_id}")
        for row in await self._webhooks.list(unit, consumer=consumer(automation_id)):
            await self._webhooks.retire(unit, row["id"])

    async def _wanted(self, unit: Unit, automation: Mapping[str, Any]) -> UUID | None:
        """The subscription that is to stay, made where it is missing."""
        says = automation["start_settings"]
        if says.get("connection") and says.get("event"):
            if automation["state"] != "available":
                return None
            connection = _uuid(says["connection"])
            await _check_owner(unit, automation, connection)
            row = await self._webhooks.prepare(
                unit,
                connection_id=connection,
                event=says["event"],
                consumer=consumer(automation["id"]),
                inputs=says.get("inputs") or {},
            )
        else:
            row = await self._webhooks.prepare(unit, connection_id=None, event="", consumer=consumer(automation["id"]))
        await self._webhooks.answering(unit, row["id"], bool(says.get("sync")))
        found: UUID = row["id"]
        return found

    async def shown(self, unit: Unit, automation_id: UUID, *, address: bool) -> dict[str, Any] | None:
        """Its subscription, with the address to paste where the caller may know it."""
        rows = await self._webhooks.list(unit, consumer=consumer(automation_id))
        row = next((row for row in rows if row["status"] != "removing"), None)
        if row is None:
            return None
        told: dict[str, Any] = {"id": str(row["id"]), "status": row["status"], "event": row["event"]}
        if row["connection_id"] is not None:
            told["connectionId"] = str(row["connection_id"])
        if row["error"]:
            told["error"] = row["error"]
        if address:
            told["url"] = await self._webhooks.address(unit, row["id"])
        return told

    async def delivered(self, tenant_id: UUID, row: dict[str, Any], delivery: Delivery) -> None:
        """Start the run of a delivery. Raises `QueueFull`, so that the delivery comes again later; for an automation
        that is disabled, gone, or started otherwise by now it is over.
        """
        automation_id = _uuid(row["consumer"].partition(":")[2])
        payload = delivery.body if delivery.payload is None and not delivery.missing else delivery.payload
        async with self._database.tenant(tenant_id) as unit:
            automation = await unit.one(unit.select(automations).where(automations.c.id == automation_id))
            if automation is None or automation["run_mode"] != "webhook":
                return
            try:
                await self._runs.start(
                    unit, automation=automation, context="webhook", inputs=payload, key=run_key(delivery.id)
                )
            except NotStartable:
                log.info("webhook.automation_disabled", automation=str(automation_id), delivery=str(delivery.id))

    async def run_of(self, tenant_id: UUID, subscription_id: UUID, delivery_id: UUID) -> dict[str, Any] | None:
        """The run that a delivery has started, or None as yet."""
        async with self._database.tenant(tenant_id) as unit:
            name = await unit.scalar(
                unit.select(webhook_subscriptions, webhook_subscriptions.c.consumer).where(
                    webhook_subscriptions.c.id == subscription_id
                )
            )
            if name is None or not name.startswith(f"{PREFIX}:"):
                return None
            return await self._runs.started_by(unit, _uuid(name.partition(":")[2]), run_key(delivery_id))


async def _check_owner(unit: Unit, automation: Mapping[str, Any], connection_id: UUID) -> None:
    """Raises `Forbidden` for another person's own connection."""
    usable = await unit.scalar(
        unit.select(connections, usable_by(connections, automation["owner_id"])).where(
            connections.c.id == connection_id
        )
    )
    if usable is False:
        raise Forbidden(
            f"The connection {connection_id} of the start block is another person's own; choose one of the "
            "automation's owner, or one in a space that they may use."
        )


def consumer(automation_id: UUID) -> str:
    """The name under which an automation is told of deliveries."""
    return f"{PREFIX}:{automation_id}"


def run_key(delivery_id: UUID) -> str:
    """The key of the run of a delivery."""
    return f"delivery:{delivery_id}"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)  # nothing has this id
