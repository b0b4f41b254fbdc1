"""The short way of a webhook that is entered by hand: stored, and its run begun or queued, in one transaction with
others that come at the same moment.

Everything that needs more thought (a connection behind the subscription, a handshake, no room for the run) takes the
long way, `Receiver.receive` and `Hooked.delivered`. Both store the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from tieline.automations.runs.lane import Lane
from tieline.automations.runs.service import CLOSE
from tieline.automations.runs.service import TASK as RUN
from tieline.automations.triggers.hooked import PREFIX, run_key
from tieline.connectors.manifest.model import WebhookEvent
from tieline.connectors.webhooks.keys import Keys
from tieline.connectors.webhooks.receiving import TASK as DELIVERED
from tieline.connectors.webhooks.receiving import Receiver, Target, Weighed
from tieline.core import json, tracing
from tieline.core.ids import new_id
from tieline.security.signatures import Message
from tieline.storage.database import Database
from tieline.storage.groups import Groups
from tieline.storage.journal import RunClaim
from tieline.storage.link import Connection
from tieline.storage.starting import HERE, KNOWN, MOST, STALE, Arrival, Begun, Tasks, begin
from tieline.tenancy import standing

MOST_DOORS: Final = 1000


class Door(Struct, frozen=True):
    """What is remembered of a subscription; the transaction says whether it still holds."""

    target: Target
    own: Keys
    event: WebhookEvent
    automation_id: UUID
    settings: str


class Taken(Struct, frozen=True):
    """A delivery that is stored. ``run``: the run that began here, and the task that goes on with it."""

    delivery_id: UUID
    run: tuple[RunClaim, asyncio.Task[None]] | None = None


class Express:
    """One for each server process."""

    def __init__(self, database: Database, receiver: Receiver, lane: Lane) -> None:
        self._receiver = receiver
        self._lane = lane
        self._doors: dict[str, Door] = {}
        self._groups = Groups[Arrival, Begun](database, self._commit, most=MOST, again=False)

    async def close(self) -> None:
        await self._groups.close()

    def knows(self, token: str) -> Target | None:
        """The subscription behind an address, where it can go this way."""
        door = self._doors.get(token)
        return None if door is None else door.target

    def remember(self, token: str, target: Target) -> None:
        """What `Receiver.find` has found."""
        row = target.row
        prefix, _, automation = row["consumer"].partition(":")
        if prefix != PREFIX or row["status"] != "active":
            return
        known = self._receiver.plain(target)
        if known is not None:
            if len(self._doors) >= MOST_DOORS:
                self._doors.clear()
            self._doors[token] = Door(target, *known, UUID(automation), json.dumps(row["settings"]).decode())

    async def take(self, token: str, message: Message, content_type: str) -> Taken | None:
        """None: nothing was stored, and it has to go the long way. Raises `SignatureRefused`, and `Unavailable` where
        nobody knows whether it was stored: the sender sends it again.
        """
        door = self._doors.get(token)
        if door is None or message.method != "POST":
            return None
        tenant_id: UUID = door.target.row["tenant_id"]
        place = (tenant_id, door.automation_id)
        here = bool(door.target.row["settings"].get("sync")) and await self._lane.enter(*place)
        begun: Begun | None = None
        try:
            weighed = self._receiver.weigh(door.target, door.own, door.event, message, content_type)
            if weighed is None:
                return None
            arrival = _arrival(door, weighed, here=here)
            begun = await self._ask(arrival)
        finally:
            if here and (begun is None or begun.way != HERE):
                self._lane.leave(*place)
        if begun.runs_at_once:
            self._lane.may_have(door.automation_id, begun.runs_at_once)
        if begun.way == STALE:
            self._doors.pop(token, None)
            return None
        if begun.way == KNOWN:
            return None  # the long way finds the first one
        if begun.way != HERE:
            return Taken(arrival.delivery_id)
        claim = RunClaim(tenant_id, arrival.run_id, 1, _row(arrival, begun))
        return Taken(arrival.delivery_id, (claim, self._lane.begin(claim)))

    async def _ask(self, arrival: Arrival) -> Begun:
        try:
            return await self._groups.ask(arrival)
        except BaseException:
            if arrival.here:
                self._lane.doubt(arrival.tenant_id, arrival.run_id)
            raise

    async def _commit(self, connection: Connection, arrivals: Sequence[Arrival]) -> Sequence[Begun]:
        tasks = Tasks(RUN, DELIVERED, CLOSE, standing.BARRED, self._lane.name or "")
        return await begin(connection, arrivals, tasks)


def _arrival(door: Door, weighed: Weighed, *, here: bool) -> Arrival:
    row = door.target.row
    return Arrival(
        tenant_id=row["tenant_id"],
        subscription_id=row["id"],
        automation_id=door.automation_id,
        delivery_id=new_id(),
        run_id=new_id(),
        key=weighed.key,
        retire_before=weighed.retire_before,
        headers=json.dumps(weighed.headers).decode(),
        body=weighed.body,
        inputs=None if weighed.payload is None else json.dumps(weighed.payload),
        here=here,
        trace=tracing.carried(),
        moment=weighed.moment,
        sealed=bytes(row["sealed"]),
        settings=door.settings,
    )


def _row(arrival: Arrival, begun: Begun) -> dict[str, Any]:
    """The run's row as it was just written."""
    return {
        "tenant_id": arrival.tenant_id,
        "id": arrival.run_id,
        "automation_id": arrival.automation_id,
        "version": begun.version,
        "status": "running",
        "context": "webhook",
        "title": "",
        "owner_id": begun.owner_id,
        "space_id": begun.space_id,
        "executed_by": None,
        "is_test": False,
        "inputs": arrival.inputs,
        "start_key": run_key(arrival.delivery_id),
        "parent_id": None,
        "depth": 0,
        "awaited": False,
        "woken": False,
        "output": None,
        "error": None,
        "metrics": None,
        "fence": 1,
        "attempts": 1,
        "scheduled_at": arrival.moment,
        "started_at": arrival.moment,
        "stopped_at": None,
        "stop_requested_at": None,
        "pause_requested_at": None,
        "renewed": None,
        "rerun_of": None,
        "trace": arrival.trace,
        "trial": None,
        "purged_at": None,
        "created_at": arrival.moment,
        "updated_at": arrival.moment,
    }
