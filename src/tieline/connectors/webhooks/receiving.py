"""Deliveries on their way in: found, verified, known once, on disk, and queued, before the sender is told that all is
well.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from tieline.connectors.library.service import Library
from tieline.connectors.manifest import paths
from tieline.connectors.manifest.model import WebhookEvent
from tieline.connectors.manifest.paths import MISSING
from tieline.connectors.webhooks import events, handshakes, keys
from tieline.connectors.webhooks.addresses import callback_url
from tieline.connectors.webhooks.bodies import decode, scalar, storable
from tieline.connectors.webhooks.errors import WebhookGone, WebhookNotReady
from tieline.connectors.webhooks.handshakes import Reply
from tieline.connectors.webhooks.keys import TOKEN_PREFIX, Keys
from tieline.core.clock import Clock, now
from tieline.core.errors import NotFound
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.security.redact import mask_headers
from tieline.security.signatures import Message, SignatureRefused, Verified, opened, verify
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.tables import connections, webhook_deliveries, webhook_subscriptions
from tieline.storage.unit import Unit

TASK = "webhook_delivered"
SAME_BODY_SECONDS = 300.0
"""Where the sender gives his messages no names, two with the same content within this time are one."""

_MOST_HEADERS = 60
_LONGEST_HEADER = 2000
_LONGEST_WINDOW = 3600.0


class Target(Struct, frozen=True, kw_only=True):
    """Where an address leads: the subscription's row and the connector that it is about."""

    row: dict[str, Any]
    connector_id: UUID | None


class Received(Struct, frozen=True, kw_only=True):
    """``reply`` is set for a handshake. ``delivery_id`` is that of the first copy where this one is ``repeated``."""

    delivery_id: UUID | None = None
    repeated: bool = False
    reply: Reply | None = None


class Weighed(Struct, frozen=True, kw_only=True):
    """What there is to store of a delivery that concerns nobody but its own subscription."""

    key: str
    retire_before: datetime | None
    """One with the same key from before then stands in the way no longer."""
    headers: dict[str, str]
    body: Any
    payload: Any
    moment: datetime


class Receiver:
    """Takes deliveries in. Holds nothing of them."""

    def __init__(
        self, database: Database, vault: Vault, library: Library, base_url: str, *, clock: Clock = now
    ) -> None:
        self._database = database
        self._vault = vault
        self._library = library
        self._base_url = base_url
        self._clock = clock

    async def find(self, token: str) -> Target:
        """The subscription behind an address. Raises NotFound, or `WebhookGone` where it was removed."""
        row = None
        if tokens.is_well_formed(token, TOKEN_PREFIX):
            statement = (
                select(webhook_subscriptions, connections.c.connector_id)
                .select_from(
                    webhook_subscriptions.outerjoin(
                        connections,
                        (connections.c.tenant_id == webhook_subscriptions.c.tenant_id)
                        & (connections.c.id == webhook_subscriptions.c.connection_id),
                    )
                )
                .where(webhook_subscriptions.c.token_hash == tokens.hash_token(token))
            )
            async with self._database.system() as unit:
                row = await unit.one(statement)
        if row is None:
            raise NotFound("There is no such webhook.")
        connector_id = row.pop("connector_id")
        if row["status"] in ("removing", "removed"):
            raise WebhookGone("This webhook was removed; stop sending to it.")
        return Target(row=row, connector_id=connector_id)

    async def receive(self, target: Target, message: Message, content_type: str) -> Received | None:
        """Keep a delivery, or answer a handshake; ``message.url`` needs no more than the query that came.

        None for a message that is neither, such as a GET. Raises `SignatureRefused`, `WebhookNotReady`, and `BadInput`
        where the connector describes the event wrongly.
        """
        row = target.row
        own = keys.unseal(self._vault, row)
        message = self._addressed(message, own)
        body = decode(message.body, content_type) if message.method == "POST" else None
        async with self._database.tenant(row["tenant_id"]) as unit:
            manifest = await self._library.manifest(unit, target.connector_id) if target.connector_id else None
            event = events.of(row, manifest)
            reply = handshakes.answer(event.handshake, message, body, own)
            if reply is not None:
                if reply.secret:
                    await self._learn(unit, row, own, reply.secret)
                return Received(reply=reply)
            if message.method != "POST":
                return None
            verified = self._verified(event, row, own, message)
            return await self._keep(unit, row, event, message, body, verified)

    def plain(self, target: Target) -> tuple[Keys, WebhookEvent] | None:
        """What `weigh` wants to know of a subscription that is entered by hand; None for any other."""
        if target.connector_id is not None or target.row["connection_id"] is not None:
            return None
        event = events.of(target.row, None)
        return None if event.fetch or event.coalesce > 0 else (keys.unseal(self._vault, target.row), event)

    def weigh(
        self, target: Target, own: Keys, event: WebhookEvent, message: Message, content_type: str
    ) -> Weighed | None:
        """As `receive`, without storing anything; None for what is no delivery, or one to be ignored. Raises
        `SignatureRefused`.
        """
        message = self._addressed(message, own)
        body = decode(message.body, content_type)
        if handshakes.answer(event.handshake, message, body, own) is not None:
            return None
        verified = self._verified(event, target.row, own, message)
        if _is_another(event, message, body):
            return None
        key, named = _key(event, message, body, verified)
        payload = paths.get(body, event.payload)
        moment = self._clock()
        return Weighed(
            key=key,
            retire_before=None if named else moment - timedelta(seconds=SAME_BODY_SECONDS),
            headers=_shown(message),
            body=message.body,
            payload=body if payload is MISSING or payload is None else payload,
            moment=moment,
        )

    def _addressed(self, message: Message, own: Keys) -> Message:
        """As it was sent: to the address that the sender was given."""
        query = message.url.partition("?")[2]
        url = callback_url(self._base_url, own.token) + (f"?{query}" if query else "")
        return Message(headers=message.headers, body=message.body, url=url, method=message.method)

    def _verified(self, event: WebhookEvent, row: dict[str, Any], own: Keys, message: Message) -> Verified:
        try:
            return verify(event.verification, own.all, message, self._clock())
        except SignatureRefused as refused:
            if refused.reason == "no-secret" and row["status"] == "pending":
                raise WebhookNotReady("The subscription is still being made; send this again in a moment.") from None
            raise

    async def _learn(self, unit: Unit, row: dict[str, Any], own: Keys, secret: str) -> None:
        own.replace(secret)
        await unit.update(
            webhook_subscriptions,
            webhook_subscriptions.c.id == row["id"],
            sealed=keys.seal(self._vault, row["tenant_id"], row["id"], own),
        )

    async def _keep(
        self, unit: Unit, row: dict[str, Any], event: WebhookEvent, message: Message, body: Any, verified: Verified
    ) -> Received:
        key, named = _key(event, message, body, verified)
        ignored = _is_another(event, message, body)
        window = 0.0 if ignored else min(event.coalesce, _LONGEST_WINDOW)
        about = scalar(body, event.object_path) if window > 0 else ""
        object_key = storable(about) if about else None
        moment = self._clock()
        if not named:
            await self._retire(unit, row, key, event, moment)
        delivery_id = new_id()
        made = await unit.scalar(
            insert(webhook_deliveries)
            .values(
                tenant_id=row["tenant_id"],
                subscription_id=row["id"],
                dedup_key=key,
                id=delivery_id,
                status="ignored" if ignored else "received",
                object_key=object_key,
                headers=_shown(message),
                body=message.body,
                received_at=moment,
            )
            .on_conflict_do_nothing()
            .returning(webhook_deliveries.c.id)
        )
        if made is None:
            first = await unit.scalar(
                unit.select(webhook_deliveries, webhook_deliveries.c.id).where(
                    webhook_deliveries.c.subscription_id == row["id"], webhook_deliveries.c.dedup_key == key
                )
            )
            return Received(delivery_id=first, repeated=True)
        if not ignored and not (object_key and await self._waits(unit, row, object_key, delivery_id)):
            await unit.defer(
                TASK,
                at=moment + timedelta(seconds=window) if object_key else None,
                tenant_id=str(row["tenant_id"]),
                subscription_id=str(row["id"]),
                delivery_id=str(delivery_id),
            )
        return Received(delivery_id=delivery_id)

    async def _retire(self, unit: Unit, row: dict[str, Any], key: str, event: WebhookEvent, moment: datetime) -> None:
        """An earlier message with this content stands in the way no longer once its time is over. Where only ids come
        and the object is fetched, that is as soon as somebody has begun to fetch: the same ids mean another change.
        """
        table = webhook_deliveries
        over = table.c.received_at < moment - timedelta(seconds=SAME_BODY_SECONDS)
        if event.fetch:
            over = over | (table.c.attempts > 0) | (table.c.status != "received")
        await unit.update(
            table,
            table.c.subscription_id == row["id"],
            table.c.dedup_key == key,
            over,
            dedup_key=func.concat(table.c.dedup_key, "@", table.c.id),
        )

    async def _waits(self, unit: Unit, row: dict[str, Any], object_key: str, delivery_id: UUID) -> bool:
        """Whether an earlier delivery about the object still waits, whose job takes this one along."""
        await lock_object(unit, row["id"], object_key)
        table = webhook_deliveries
        found = await unit.scalar(
            unit.select(table, table.c.id)
            .where(
                table.c.subscription_id == row["id"],
                table.c.object_key == object_key,
                table.c.status == "received",
                table.c.attempts == 0,
                table.c.id != delivery_id,
            )
            .limit(1)
        )
        return found is not None


async def lock_object(unit: Unit, subscription_id: UUID, object_key: str) -> None:
    """Until the transaction ends nobody else decides what counts as one delivery about this object."""
    name = f"{subscription_id}/{object_key}"
    await unit.connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7))"), {"name": name})


def scalar_or_header(message: Message, body: Any, path: str) -> str:
    """The value at a ``$``-path of the body, or of ``header:Name``."""
    return message.header(path.removeprefix("header:")) if path.startswith("header:") else scalar(body, path)


def _is_another(event: WebhookEvent, message: Message, body: Any) -> bool:
    """Whether it is about an event that nobody has subscribed to here."""
    told = scalar_or_header(message, body, event.type_path)
    return bool(told and event.event and told != event.event)


def _key(event: WebhookEvent, message: Message, body: Any, verified: Verified) -> tuple[str, bool]:
    """What tells it from others, and whether its sender has given it a name."""
    name = verified.id or scalar(body, opened(event.verification).id_path)
    return (storable(f"id:{name}"), True) if name else ("body:" + _fingerprint(message), False)


def _fingerprint(message: Message) -> str:
    query = message.url.partition("?")[2].encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"%d %b %b" % (len(query), query, message.body)).hexdigest()


def _shown(message: Message) -> dict[str, str]:
    """Headers for the history: credentials masked, long ones cut."""
    pairs = mask_headers(message.headers[:_MOST_HEADERS])
    return {name.lower(): value[:_LONGEST_HEADER].replace("\0", "") for name, value in pairs}
