"""Webhook subscriptions of a tenant: made, listed, removed, kept in order."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from tieline.connectors.connections import Connections
from tieline.connectors.library.service import Library
from tieline.connectors.manifest.model import Manifest, WebhookEvent
from tieline.connectors.webhooks import consumers, events, keys
from tieline.connectors.webhooks.consumers import Consumers
from tieline.connectors.webhooks.errors import WebhookUnsupported
from tieline.connectors.webhooks.handing import Handler
from tieline.connectors.webhooks.leaving import Leaver
from tieline.connectors.webhooks.receiving import TASK, Receiver
from tieline.connectors.webhooks.reconciling import Reconciler, Report
from tieline.connectors.webhooks.settling import Row, Settler
from tieline.connectors.webhooks.upkeep import RECONCILE, SWEEP, Upkeep
from tieline.connectors.webhooks.vendor import takes_secret
from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound, TielineError, Transient
from tieline.core.ids import new_id
from tieline.security.egress import Egress
from tieline.security.signatures import new_secret, opened
from tieline.security.tokens import hash_token
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.storage.tables import webhook_deliveries, webhook_subscriptions
from tieline.storage.unit import Unit

log = structlog.get_logger(__name__)

SETTLE: Final = "webhooks_settle"
LEAVE: Final = "webhooks_leave"
Rows = list[Row]

_SETTINGS: Final = events.FIELDS | {"sync"}
_PUBLIC: Final = tuple(column for column in webhook_subscriptions.c if column.name not in ("sealed", "token_hash"))


class Webhooks:
    """Methods that take a ``unit`` are part of the caller's transaction; those that take a ``tenant_id`` open their
    own. Rows are dicts with the columns of `tables.webhook_subscriptions` except ``sealed`` and ``token_hash``.

    ``receiver`` takes deliveries in, ``consumers`` say who is told of them.
    """

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
        self._settler = Settler(database, vault, library, connections, egress, base_url)
        self._reconciler = Reconciler(database, self._settler)
        self._upkeep = Upkeep(database)
        self._leaver = Leaver(database, vault, library, connections, egress)
        self.receiver = Receiver(database, vault, library, base_url)
        self.consumers = Consumers()
        self._handler = Handler(database, library, self._settler.client, self.consumers)

    def register(self, queue: Queue) -> None:
        """Gives a worker the tasks of webhooks."""
        queue.register(TASK, self._handler.delivered)
        queue.register(SETTLE, self._settle_job)
        queue.register(RECONCILE, self._reconcile_job)
        queue.register(LEAVE, self._leaver.leave)
        queue.register(SWEEP, self._upkeep.sweep)

    async def begin(self) -> None:
        """Starts the regular upkeep, where it has not been started already."""
        await self._upkeep.begin()

    async def prepare(
        self,
        unit: Unit,
        *,
        connection_id: UUID | None,
        event: str,
        consumer: str,
        inputs: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        secret: str = "",
    ) -> Row:
        """Write down that a subscription is wanted, and queue the job that makes it.

        ``settings`` may say otherwise than the manifest (`events.FIELDS`); ``secret`` is the vendor's signing secret
        where he makes it and does not tell it by his API. The same wish twice gives the same row. Without a connection
        it is an address to be entered somewhere by hand. Raises NotFound for the connection and the event, BadInput,
        WebhookUnsupported.
        """
        row = await self._wish(unit, connection_id, event, consumer, inputs or {}, settings or {}, secret)
        if row["status"] == "pending":
            await unit.defer(SETTLE, tenant_id=str(unit.tenant_id), subscription_id=str(row["id"]))
        return row

    async def subscribe(
        self,
        tenant_id: UUID,
        connection_id: UUID | None,
        event: str,
        consumer: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        secret: str = "",
    ) -> Row:
        """`prepare` and the making in one: the row is ``active`` then.

        Raises besides what `Client.call` raises; after a Transient error the row stays ``pending`` and is tried again
        by itself, after another one it is ``failed``.
        """
        async with self._database.tenant(tenant_id) as unit:
            row = await self._wish(unit, connection_id, event, consumer, inputs or {}, settings or {}, secret)
        if row["status"] in ("pending", "failed"):
            await self.settle(tenant_id, row["id"], fresh=bool(row.pop("fresh", False)))
        async with self._database.tenant(tenant_id) as unit:
            return await self.get(unit, row["id"])

    async def settle(self, tenant_id: UUID, subscription_id: UUID, *, fresh: bool = False) -> None:
        """Make a ``pending`` subscription at the vendor; ``fresh`` where nobody can have tried before."""
        row = await self._settler.row(tenant_id, subscription_id)
        if row["connection_id"] is None:
            return
        async with self._settler.alone(tenant_id, row["connection_id"]):
            row = await self._settler.row(tenant_id, subscription_id)
            if row["status"] in ("pending", "failed"):
                try:
                    site = await self._settler.site(tenant_id, row["connection_id"])
                except TielineError as error:
                    await self._settler.trouble(tenant_id, row, error)
                    raise
                await self._settler.settle(site, row, looked=fresh)

    async def unsubscribe(self, tenant_id: UUID, subscription_id: UUID) -> bool:
        """Remove a subscription; deliveries are answered with 410 from here on. True once it is gone at the vendor;
        where he cannot be reached he is asked again later. Raises NotFound.
        """
        row = await self._settler.row(tenant_id, subscription_id)
        if row["status"] == "removed":
            raise NotFound("There is no such webhook subscription.")
        async with self._database.tenant(tenant_id) as unit:
            await unit.update(webhook_subscriptions, webhook_subscriptions.c.id == subscription_id, status="removing")
        if row["connection_id"] is None:
            await self._settler.removed(tenant_id, subscription_id)
            return True
        async with self._settler.alone(tenant_id, row["connection_id"]):
            row = await self._settler.row(tenant_id, subscription_id)
            if row["status"] != "removing":
                return True
            try:
                site = await self._settler.site(tenant_id, row["connection_id"])
            except TielineError as error:
                await self._settler.trouble(tenant_id, row, error)
                return False
            return await self._settler.take_down(site, row)

    async def retire(self, unit: Unit, subscription_id: UUID) -> None:
        """`unsubscribe` as part of the caller's transaction: once it commits, deliveries are answered with 410, and a
        job removes it at the vendor.
        """
        table = webhook_subscriptions
        mine = (table.c.id == subscription_id, table.c.status.in_(("pending", "active", "failed")))
        row = await unit.one(unit.select(table, table.c.connection_id).where(*mine).with_for_update())
        if row is None:
            return
        over = row["connection_id"] is None
        await unit.update(table, *mine, status="removed" if over else "removing", expires_at=None, updated_at=now())
        if not over:
            await unit.defer(
                RECONCILE,
                lock=f"webhooks {row['connection_id']}",
                tenant_id=str(unit.tenant_id),
                connection_id=str(row["connection_id"]),
            )

    async def address(self, unit: Unit, subscription_id: UUID) -> str:
        """The address to which deliveries are sent. Raises NotFound."""
        table = webhook_subscriptions
        row = await unit.one(unit.select(table).where(table.c.id == subscription_id, table.c.status != "removed"))
        if row is None:
            raise NotFound("There is no such webhook subscription.")
        return self._settler.url_of(row)

    async def answering(self, unit: Unit, subscription_id: UUID, sync: bool) -> None:
        """Whether the answer to a delivery waits for what its consumer makes of it."""
        table = webhook_subscriptions
        settings = await unit.scalar(unit.select(table, table.c.settings).where(table.c.id == subscription_id))
        if settings is not None and bool(settings.get("sync")) != sync:
            rest = {name: value for name, value in settings.items() if name != "sync"}
            await unit.update(table, table.c.id == subscription_id, settings={**rest, "sync": True} if sync else rest)

    async def reconcile(self, tenant_id: UUID, connection_id: UUID) -> Report:
        """Compare the vendor's list with ours and repair; see `reconciling`."""
        return await self._reconciler.reconcile(tenant_id, connection_id)

    async def leave(self, unit: Unit, connection_id: UUID) -> None:
        """Before a connection is deleted, in the same transaction: its addresses answer 410, and a job unsubscribes
        them at the vendor as well as it can, with what the connection still knew.
        """
        parcel = await self._leaver.pack(unit, connection_id)
        if parcel is not None:
            sealed = base64.b64encode(parcel).decode()
            await unit.defer(LEAVE, tenant_id=str(unit.tenant_id), parcel=sealed)

    async def get(self, unit: Unit, subscription_id: UUID) -> Row:
        """One subscription; raises NotFound, also for a removed one."""
        table = webhook_subscriptions
        row = await unit.one(
            unit.select(table, *_PUBLIC).where(table.c.id == subscription_id, table.c.status != "removed")
        )
        if row is None:
            raise NotFound("There is no such webhook subscription.")
        return row

    async def list(
        self, unit: Unit, *, connection_id: UUID | None = None, consumer: str | None = None, limit: int = 1000
    ) -> Rows:
        """Subscriptions in the order in which they were made, without the removed ones."""
        table = webhook_subscriptions
        statement = unit.select(table, *_PUBLIC).where(table.c.status != "removed").order_by(table.c.id).limit(limit)
        if connection_id is not None:
            statement = statement.where(table.c.connection_id == connection_id)
        if consumer is not None:
            statement = statement.where(table.c.consumer == consumer)
        return await unit.all(statement)

    async def deliveries(self, unit: Unit, subscription_id: UUID, *, limit: int = 50) -> Rows:
        """The newest deliveries of a subscription, newest first."""
        table = webhook_deliveries
        return await unit.all(
            unit.select(table)
            .where(table.c.subscription_id == subscription_id)
            .order_by(table.c.received_at.desc(), table.c.id.desc())
            .limit(limit)
        )

    async def reveal(self, tenant_id: UUID, subscription_id: UUID) -> tuple[str, str]:
        """The address and the signing secret, for a person who enters them at a vendor by hand."""
        row = await self._settler.row(tenant_id, subscription_id)
        return self._settler.url_of(row), self._settler.keys_of(row).secret

    async def rotate(self, unit: Unit, subscription_id: UUID, secret: str) -> None:
        """Another signing secret from now on; the ones before stay good, so that nothing under way is refused."""
        table = webhook_subscriptions
        row = await unit.one(unit.select(table).where(table.c.id == subscription_id).with_for_update())
        if row is None or not secret:
            raise NotFound("There is no such webhook subscription.")
        own = keys.unseal(self._vault, row)
        own.replace(secret)
        await unit.update(
            table, table.c.id == subscription_id, sealed=keys.seal(self._vault, unit.tenant_id, row["id"], own)
        )

    async def _wish(
        self,
        unit: Unit,
        connection_id: UUID | None,
        event_id: str,
        consumer: str,
        inputs: Mapping[str, Any],
        settings: Mapping[str, Any],
        secret: str,
    ) -> Row:
        consumers.check(consumer)
        wrong = [name for name in settings if name not in _SETTINGS]
        if wrong:
            raise BadInput(f"a webhook subscription has no setting {wrong[0][:60]!r}", pointer="/settings")
        manifest = None
        if connection_id is not None:
            connection = await self._connections.get(unit, connection_id)
            manifest = await self._library.manifest(unit, connection["connector_id"])
            event = events.changed(events.find(manifest, event_id), settings)
        else:
            event = events.changed(WebhookEvent(id=event_id or "manual"), settings)
        opened(event.verification)
        table = webhook_subscriptions
        same = await unit.one(
            unit.select(table, *_PUBLIC).where(
                table.c.connection_id.is_not_distinct_from(connection_id),
                table.c.event == event.id,
                table.c.consumer == consumer,
                table.c.inputs == dict(inputs),
                table.c.status.in_(("pending", "active", "failed")),
            )
        )
        if same is not None:
            return same
        own = keys.new_keys(secret or self._first_secret(manifest, event))
        subscription_id = new_id()
        await unit.insert(
            table,
            id=subscription_id,
            token_hash=hash_token(own.token),
            sealed=keys.seal(self._vault, unit.tenant_id, subscription_id, own),
            connection_id=connection_id,
            event=event.id,
            consumer=consumer,
            inputs=dict(inputs),
            settings=dict(settings),
            status="active" if connection_id is None else "pending",
        )
        return {**await self.get(unit, subscription_id), "fresh": True}

    def _first_secret(self, manifest: Manifest | None, event: WebhookEvent) -> str:
        """A secret of ours where we may choose one, "" where the vendor tells his."""
        dialect = opened(event.verification)
        if event.secret_path or event.secret_from or event.handshake.get("kind") == "header":
            return ""
        block = next((one for one in manifest.blocks if one.id == event.subscribe), None) if manifest else None
        if block is None or takes_secret(event, block):
            return new_secret(event.verification)
        if dialect.SECRET:
            raise WebhookUnsupported(
                f"messages of {event.id!r} are signed, but the connector does not say where the signing secret comes"
                " from; give it as secret"
            )
        return ""

    async def _settle_job(self, *, tenant_id: str, subscription_id: str) -> None:
        try:
            await self.settle(UUID(tenant_id), UUID(subscription_id))
        except Transient:
            raise
        except TielineError as error:
            # It stands in the row and in a notice.
            log.warning("webhook.not_settled", subscription=subscription_id, error=error.code)

    async def _reconcile_job(self, *, tenant_id: str, connection_id: str) -> None:
        try:
            report = await self.reconcile(UUID(tenant_id), UUID(connection_id))
        except TielineError as error:
            log.warning("webhook.not_reconciled", connection=connection_id, error=error.code)
            return
        log.info("webhook.reconciled", connection=connection_id, **msgspec.structs.asdict(report))
