"""One subscription brought to where it should be: made at the vendor, found again, prolonged, taken down.

What is wanted is on disk before the vendor is asked, so that a crash in between leaves a row that says ``pending`` or
``removing``, and whoever comes next looks into the vendor's list before anything is made a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import text

from tieline.connectors.connections import Connections
from tieline.connectors.library.service import Library
from tieline.connectors.manifest.model import Manifest, WebhookEvent
from tieline.connectors.runtime.client import Client
from tieline.connectors.runtime.errors import UpstreamRefused, UpstreamUnavailable
from tieline.connectors.runtime.retry import RetryPolicy
from tieline.connectors.webhooks import events, keys
from tieline.connectors.webhooks.addresses import callback_url
from tieline.connectors.webhooks.keys import Keys
from tieline.connectors.webhooks.vendor import Entry, Made, Vendor
from tieline.core.clock import now
from tieline.core.errors import NotFound, TielineError, Transient
from tieline.security.egress import Egress
from tieline.security.redact import MASK, mask_text
from tieline.security.tokens import hash_token
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.tables import webhook_subscriptions
from tieline.tenancy import notices

Row = dict[str, Any]

NOTICE: Final = "webhook-failed"
LOST: Final = "webhook-lost"
_AT_ONCE: Final = 4  # each holds a connection of the pool while the vendor thinks
_LONGEST_ERROR: Final = 1000
_SHORTEST_SECRET: Final = 6
_LEAST_MARGIN: Final = timedelta(minutes=10)


class Site(Struct, frozen=True):
    """A connection with its vendor, opened."""

    tenant_id: UUID
    connection_id: UUID
    client: Client
    vendor: Vendor

    @property
    def manifest(self) -> Manifest:
        return self.client.account.manifest


class Settler:
    """Works on one subscription at a time; `alone` keeps others away from the connection meanwhile."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        library: Library,
        connections: Connections,
        egress: Egress,
        base_url: str,
    ) -> None:
        self._database = database
        self._vault = vault
        self._library = library
        self._connections = connections
        self._egress = egress
        self.base_url = base_url
        self._gate = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def alone(self, tenant_id: UUID, connection_id: UUID) -> AsyncIterator[None]:
        """Only one at a time, over all processes, changes what a connection has subscribed to. Raises
        `DatabaseUnavailable` where the others take more than a minute.
        """
        async with self._gate, self._database.tenant(tenant_id) as unit:
            await unit.wait_long(lock="60s")
            name = {"name": f"webhooks/{tenant_id}/{connection_id}"}
            await unit.connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 11))"), name)
            yield

    async def client(self, tenant_id: UUID, connection_id: UUID, policy: RetryPolicy | None = None) -> Client:
        """A connection, opened. Raises NotFound, ReconnectNeeded."""
        return await self._connections.client(tenant_id, connection_id, self._egress, policy=policy)

    async def site(self, tenant_id: UUID, connection_id: UUID) -> Site:
        """A connection and its vendor. Raises NotFound, ReconnectNeeded."""
        client = await self.client(tenant_id, connection_id)
        once = await self.client(tenant_id, connection_id, RetryPolicy(attempts=1))
        return Site(tenant_id, connection_id, client, Vendor(client, once))

    async def row(self, tenant_id: UUID, subscription_id: UUID) -> Row:
        """A subscription with all of its columns. Raises NotFound."""
        async with self._database.tenant(tenant_id) as unit:
            row = await unit.one(
                unit.select(webhook_subscriptions).where(webhook_subscriptions.c.id == subscription_id)
            )
        if row is None:
            raise NotFound("There is no such webhook subscription.")
        return row

    def keys_of(self, row: Row) -> Keys:
        """The secrets of a subscription."""
        return keys.unseal(self._vault, row)

    def url_of(self, row: Row) -> str:
        """The callback address of a subscription."""
        return callback_url(self.base_url, self.keys_of(row).token)

    async def settle(self, site: Site, row: Row, *, looked: bool) -> str:
        """Bring a ``pending`` or ``failed`` subscription to ``active``: ``created`` or ``adopted``.

        ``looked``: the vendor's list does not have it, or cannot have it yet. Errors are noted in the row: a Transient
        one leaves it pending, any other makes it failed.
        """
        event = events.of(row, site.manifest)
        try:
            if not event.subscribe:
                # Somebody enters the address at the vendor by hand.
                await self._active(site, row, event, Made())
                return "created"
            found = None if looked else await self.find(site, row, event)
            if found is not None and await self.adopt(site, row, event, found):
                return "adopted"
            return await self._create(site, row, event)
        except TielineError as error:
            await self.trouble(site.tenant_id, row, error)
            raise

    async def find(self, site: Site, row: Row, event: WebhookEvent) -> Entry | None:
        """The subscription in the vendor's list, an active one before others, that the row does not know of yet; None
        also where there is no list.
        """
        if not event.list:
            return None
        wanted = bytes(row["token_hash"])
        same = [
            entry
            for entry in await site.vendor.listed(event, row["inputs"])
            if any(hash_token(token) == wanted for _, token in entry.addresses)
            and not (row["remote_id"] and entry.remote_id == row["remote_id"])
        ]
        return min(same, key=lambda entry: not entry.active, default=None)

    async def adopt(self, site: Site, row: Row, event: WebhookEvent, entry: Entry) -> bool:
        """Take over what the vendor has made already. False where its signing secret is lost, or it does not deliver:
        then it was removed.
        """
        unreadable = bool(event.secret_path) and not entry.secret and not self.keys_of(row).secret
        if unreadable or not entry.active:
            await site.vendor.remove(event, entry.remote_id, row["inputs"], self.url_of(row))
            return False
        await self._active(site, row, event, entry)
        return True

    async def _create(self, site: Site, row: Row, event: WebhookEvent, *, adopting: bool = True) -> str:
        own, url = self.keys_of(row), self.url_of(row)
        mark = f"webhook-{row['id']}-{row['settings'].get('generation', 0)}"
        try:
            made = await site.vendor.create(event, row["inputs"], own, url, mark)
        except (UpstreamUnavailable, UpstreamRefused) as error:
            # Nobody knows whether it was made, or the vendor says that he has one with this address already. His list
            # tells; without one the mark has to do.
            found = await self.find(site, row, event) if adopting or isinstance(error, UpstreamUnavailable) else None
            if found is not None and await self.adopt(site, row, event, found):
                return "adopted"
            if isinstance(error, UpstreamRefused) and found is None:
                raise
            made = await site.vendor.create(event, row["inputs"], own, url, mark)
        if not made.remote_id and event.list and (found := await self.find(site, row, event)) is not None:
            made.remote_id = found.remote_id
        await self._active(site, row, event, made)
        return "created"

    async def _active(self, site: Site, row: Row, event: WebhookEvent, made: Made) -> None:
        table = webhook_subscriptions
        async with self._database.tenant(site.tenant_id) as unit:
            fresh = await unit.one(unit.select(table).where(table.c.id == row["id"]).with_for_update())
            if fresh is None or fresh["status"] in ("removing", "removed"):
                # Removed meanwhile; whoever did that finds it at the vendor by its address.
                if fresh is not None and made.remote_id:
                    await unit.update(table, table.c.id == row["id"], remote_id=made.remote_id)
                return
            own = self.keys_of(fresh)
            own.replace(made.secret or str(site.client.account.secrets.get(event.secret_from, "")))
            await unit.update(
                table,
                table.c.id == row["id"],
                status="active",
                remote_id=made.remote_id or None,
                expires_at=made.expires_at,
                sealed=keys.seal(self._vault, site.tenant_id, row["id"], own),
                error=None,
                checked_at=now(),
                updated_at=now(),
            )
            await notices.close(unit, f"{NOTICE}/subscription:{row['id']}")

    async def remake(self, site: Site, row: Row, why: str) -> None:
        """A subscription that the vendor has lost or stopped is made anew, and somebody is told of the gap."""
        table = webhook_subscriptions
        settings = {**row["settings"], "generation": row["settings"].get("generation", 0) + 1}
        async with self._database.tenant(site.tenant_id) as unit:
            await unit.update(
                table,
                table.c.id == row["id"],
                table.c.status.in_(("active", "pending", "failed")),
                status="pending",
                remote_id=None,
                settings=settings,
                updated_at=now(),
            )
            await notices.open(
                unit,
                kind=LOST,
                subject=f"subscription:{row['id']}",
                title="A webhook subscription had to be made again",
                detail=f"{why}; events between {_since(row)} and now may be missing",
                data={"connection": str(site.connection_id), "event": row["event"]},
            )
        await self.settle(site, {**row, "settings": settings, "status": "pending"}, looked=True)

    async def renew(self, site: Site, row: Row) -> None:
        """Prolong a subscription that runs out; made anew where the vendor has no way to, or has forgotten it."""
        event = events.of(row, site.manifest)
        if not event.renew or not row["remote_id"]:
            await self._replace(site, row, event)
            return
        try:
            ends = await site.vendor.renew(event, row["remote_id"], row["inputs"])
        except NotFound:
            await self.remake(site, row, "the vendor had forgotten it")
            return
        async with self._database.tenant(site.tenant_id) as unit:
            await unit.update(
                webhook_subscriptions, webhook_subscriptions.c.id == row["id"], expires_at=ends, updated_at=now()
            )

    async def _replace(self, site: Site, row: Row, event: WebhookEvent) -> None:
        """A new one first and then away with the old: better an event twice than never."""
        settings = {**row["settings"], "generation": row["settings"].get("generation", 0) + 1}
        async with self._database.tenant(site.tenant_id) as unit:
            await unit.update(
                webhook_subscriptions, webhook_subscriptions.c.id == row["id"], settings=settings, updated_at=now()
            )
        try:
            await self._create(site, {**row, "settings": settings}, event, adopting=False)
        except UpstreamRefused:
            if not (event.unsubscribe and row["remote_id"]):
                raise
            # Some have one for each address at most.
            await site.vendor.remove(event, row["remote_id"], row["inputs"])
            await self._create(site, {**row, "settings": settings, "remote_id": None}, event)
            return
        fresh = await self.row(site.tenant_id, row["id"])
        if event.unsubscribe and row["remote_id"] and fresh["remote_id"] != row["remote_id"]:
            await site.vendor.remove(event, row["remote_id"], row["inputs"])

    async def take_down(self, site: Site, row: Row) -> bool:
        """Unsubscribe a ``removing`` one; True once it is gone. A vendor who cannot be reached is asked again later."""
        event = events.of(row, site.manifest)
        try:
            if event.unsubscribe:
                remote = row["remote_id"] or ""
                if not remote and (found := await self.find(site, row, event)) is not None:
                    remote = found.remote_id
                if remote:
                    await site.vendor.remove(event, remote, row["inputs"], self.url_of(row))
        except TielineError as error:
            await self.trouble(site.tenant_id, row, error)
            return False
        await self.removed(site.tenant_id, row["id"])
        return True

    async def removed(self, tenant_id: UUID, subscription_id: UUID) -> None:
        """Its address answers 410 from now on, until the row is purged."""
        async with self._database.tenant(tenant_id) as unit:
            await unit.update(
                webhook_subscriptions,
                webhook_subscriptions.c.id == subscription_id,
                status="removed",
                error=None,
                expires_at=None,
                updated_at=now(),
            )
            for kind in (NOTICE, LOST):
                await notices.close(unit, f"{kind}/subscription:{subscription_id}")

    async def trouble(self, tenant_id: UUID, row: Row, error: TielineError) -> None:
        """Note what went wrong. A Transient error leaves the status: somebody tries again."""
        told = self._without_secrets(row, error)
        table = webhook_subscriptions
        over = not isinstance(error, Transient) and row["status"] in ("pending", "failed")
        async with self._database.tenant(tenant_id) as unit:
            values = {"status": "failed"} if over else {}
            await unit.update(
                table, table.c.id == row["id"], table.c.status == row["status"], error=told, updated_at=now(), **values
            )
            await notices.open(
                unit,
                kind=NOTICE,
                subject=f"subscription:{row['id']}",
                title="A webhook subscription does not work",
                detail=told,
                data={"connection": str(row["connection_id"]), "event": row["event"]},
            )

    def _without_secrets(self, row: Row, error: TielineError) -> str:
        """What went wrong, also in the error itself: a vendor may repeat what he was sent."""
        own = self.keys_of(row)
        for secret in (own.token, own.verify, *own.all):
            if len(secret) >= _SHORTEST_SECRET:
                error.detail = error.detail.replace(secret, MASK)
                error.meta = {
                    name: value.replace(secret, MASK) if isinstance(value, str) else value
                    for name, value in error.meta.items()
                }
        return mask_text(error.detail)[:_LONGEST_ERROR]


def due(row: Row, moment: datetime) -> bool:
    """Whether the subscription has to be prolonged: a fifth of its time is left, or ten minutes."""
    ends: datetime | None = row["expires_at"]
    if ends is None or row["status"] != "active":
        return False
    renewed: datetime = row["updated_at"]
    return moment > ends - max((ends - renewed) / 5, _LEAST_MARGIN)


def _since(row: Row) -> str:
    seen = row["checked_at"] or row["created_at"]
    return f"{seen:%Y-%m-%d %H:%M} UTC"
