"""Access tokens in the database: over all processes one refresh at a time for each connection."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.tokens import Fetch, Flights
from tieline.core import json
from tieline.security.vault import Vault, VaultError
from tieline.storage.database import Database
from tieline.storage.tables import connection_tokens
from tieline.storage.unit import Unit

_REFRESHES_AT_ONCE = 3  # each holds a connection of the pool while the authorization server thinks


class DatabaseTokens:
    """A `TokenStore`. The row is locked while its token is fetched: a process that dies meanwhile gives the lock
    back.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._flights = Flights()
        self._gate = asyncio.Semaphore(_REFRESHES_AT_ONCE)

    async def token(
        self, account: Account, fetch: Fetch, *, min_valid: float, rejected: str | None = None
    ) -> StoredToken:
        tenant_id, connection_id = UUID(account.tenant_id), UUID(account.connection_id)
        of_row = connection_tokens.c.connection_id == connection_id

        def usable(token: StoredToken | None) -> bool:
            return token is not None and token.value != rejected and token.fresh(min_valid)

        async def renew() -> StoredToken:
            async with self._gate, self._database.tenant(tenant_id) as unit:
                await unit.connection.execute(
                    insert(connection_tokens)
                    .values(tenant_id=tenant_id, connection_id=connection_id)
                    .on_conflict_do_nothing()
                )
                row = await unit.one(unit.select(connection_tokens).where(of_row).with_for_update())
                old = self._open(unit, connection_id, row)
                if old is not None and usable(old):
                    return old
                fresh = await fetch(old)
                await unit.update(
                    connection_tokens,
                    of_row,
                    generation=connection_tokens.c.generation + 1,
                    sealed=self._vault.seal(json.dumps(fresh), context=_context(tenant_id, connection_id)),
                    obtained_at=fresh.obtained_at,
                    expires_at=fresh.expires_at,
                )
                return fresh

        async with self._database.tenant(tenant_id) as unit:
            stored = self._open(unit, connection_id, await unit.one(unit.select(connection_tokens).where(of_row)))
        if stored is not None and usable(stored):
            return stored
        return await self._flights.join(f"{tenant_id}/{connection_id}", rejected, renew)

    def _open(self, unit: Unit, connection_id: UUID, row: dict[str, Any] | None) -> StoredToken | None:
        if row is None or row["sealed"] is None or unit.tenant_id is None:
            return None
        try:
            data = self._vault.open(row["sealed"], context=_context(unit.tenant_id, connection_id))
            return msgspec.json.decode(data, type=StoredToken)
        except (VaultError, msgspec.MsgspecError):
            return None  # a token that nobody can read is fetched anew

    async def forget(self, unit: Unit, connection_id: UUID) -> None:
        """Drop the token: what it was fetched with has changed."""
        await unit.delete(connection_tokens, connection_tokens.c.connection_id == connection_id)


def _context(tenant_id: UUID, connection_id: UUID) -> bytes:
    return f"connection_tokens:{tenant_id}:{connection_id}".encode()
