"""Unsubscribing for a connection that is being deleted.

Its row, and with it the credentials, is gone when the vendor is asked; so what is needed for that travels in the job,
sealed. Deliveries that still come get 410 meanwhile.
"""

from __future__ import annotations

import base64
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct, field

from tieline.connectors.connections import Connections
from tieline.connectors.library.service import Library
from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.budget import MemoryBudget
from tieline.connectors.runtime.client import Client
from tieline.connectors.runtime.tokens import MemoryTokens
from tieline.connectors.webhooks import events, keys
from tieline.connectors.webhooks.addresses import callback_url
from tieline.connectors.webhooks.vendor import Vendor
from tieline.core import json
from tieline.core.clock import now
from tieline.core.errors import TielineError, Transient
from tieline.security.egress import Egress
from tieline.security.vault import Vault
from tieline.storage.database import Database
from tieline.storage.tables import connections as connection_rows
from tieline.storage.tables import webhook_subscriptions
from tieline.storage.unit import Unit

log = structlog.get_logger(__name__)

_NO_BASE: Final = ""


class _Left(Struct, kw_only=True):
    event: str
    inputs: dict[str, Any]
    settings: dict[str, Any]
    remote_id: str
    token: str


class _Parcel(Struct, kw_only=True):
    connector_id: UUID
    connection_id: str
    auth_method: str
    server: str | None
    params: dict[str, Any]
    secrets: dict[str, str]
    stored: StoredToken | None = None
    left: list[_Left] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"_Parcel({self.connection_id})"


class _NotNow(Exception):
    pass


class Leaver:
    """Packs what is needed, and unsubscribes with it."""

    def __init__(
        self, database: Database, vault: Vault, library: Library, connections: Connections, egress: Egress
    ) -> None:
        self._database = database
        self._vault = vault
        self._library = library
        self._connections = connections
        self._egress = egress

    async def pack(self, unit: Unit, connection_id: UUID) -> bytes | None:
        """The connection's subscriptions are marked removed; None where nothing is left to do at the vendor."""
        assert unit.tenant_id is not None
        table = webhook_subscriptions
        mine = (table.c.connection_id == connection_id,)
        rows = await unit.all(unit.select(table).where(*mine, table.c.status != "removed").with_for_update())
        parcel = await self._parcel(unit, connection_id, rows) if rows else None
        await unit.update(table, *mine, status="removed", connection_id=None, expires_at=None, updated_at=now())
        if parcel is None or not parcel.left:
            return None
        return self._vault.seal(json.dumps(parcel), context=_context(unit.tenant_id))

    async def _parcel(self, unit: Unit, connection_id: UUID, rows: list[dict[str, Any]]) -> _Parcel | None:
        assert unit.tenant_id is not None
        try:
            account = await self._connections.account(unit.tenant_id, connection_id)
        except TielineError:
            return None  # its credentials cannot be used any more
        connector = await unit.scalar(
            unit.select(connection_rows, connection_rows.c.connector_id).where(connection_rows.c.id == connection_id)
        )
        parcel = _Parcel(
            connector_id=connector,
            connection_id=account.connection_id,
            auth_method=account.auth_method,
            server=account.server,
            params=account.params,
            secrets=account.secrets,
            stored=await self._stored(account),
        )
        for row in rows:
            if row["remote_id"] and events.of(row, account.manifest).unsubscribe:
                token = keys.unseal(self._vault, row).token
                parcel.left.append(
                    _Left(
                        event=row["event"],
                        inputs=row["inputs"],
                        settings=row["settings"],
                        remote_id=row["remote_id"],
                        token=token,
                    )
                )
        return parcel

    async def _stored(self, account: Account) -> StoredToken | None:
        """The token as it is stored, without a refresh: even one that has run out can be renewed by the job."""
        found: list[StoredToken | None] = []

        async def look(old: StoredToken | None) -> StoredToken:
            found.append(old)
            raise _NotNow

        try:
            return await self._connections.tokens.token(account, look, min_valid=0.0)
        except (_NotNow, TielineError):
            return found[0] if found else None

    async def leave(self, *, tenant_id: str, parcel: str) -> None:
        """The task: as well as it can. Raises Transient errors, so that it is tried again."""
        tenant = UUID(tenant_id)
        packed = msgspec.json.decode(self._vault.open(base64.b64decode(parcel), context=_context(tenant)), type=_Parcel)
        async with self._database.tenant(tenant) as unit:
            manifest = await self._library.manifest(unit, packed.connector_id)
        account = Account(
            manifest=manifest,
            connection_id=packed.connection_id,
            tenant_id=tenant_id,
            auth_method=packed.auth_method,
            server=packed.server,
            params=packed.params,
            secrets=packed.secrets,
        )
        tokens = MemoryTokens()
        if packed.stored is not None:
            tokens.put(account, packed.stored)
        client = Client(account, egress=self._egress, tokens=tokens, budget=MemoryBudget())
        vendor = Vendor(client, client)
        for one in packed.left:
            event = events.of({"event": one.event, "settings": one.settings}, manifest)
            try:
                await vendor.remove(event, one.remote_id, one.inputs, callback_url(_NO_BASE, one.token))
            except Transient:
                raise
            except TielineError as error:
                log.warning("webhook.left_behind", remote=one.remote_id, error=error.code)


def _context(tenant_id: UUID) -> bytes:
    return f"webhooks_leave:{tenant_id}".encode()
