"""Access tokens in the database: over all processes one refresh at a time for each connection."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert

from tieline.connectors.runtime.account import Account, StoredToken
from tieline.connectors.runtime.tokens import Fetch, Flights, alive, usable_token
from tieline.core import json
from tieline.security import resealing
from tieline.security.resealing import Place
from tieline.security.vault import Vault, VaultError
from tieline.storage.database import Database
from tieline.storage.errors import DatabaseUnavailable
from tieline.storage.tables import connection_tokens
from tieline.storage.unit import Unit

_RESCUES = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)
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

        async def renew() -> StoredToken:
            fresh: StoredToken | None = None
            generation = 0
            try:
                async with self._gate, self._database.tenant(tenant_id) as unit:
                    await unit.wait_long()
                    await _make_row(unit, connection_id)
                    row = await unit.one(unit.select(connection_tokens).where(of_row).with_for_update())
                    generation = row["generation"] if row is not None else 0
                    old = self._open(unit, connection_id, row)
                    if old is not None and usable_token(old, min_valid, rejected):
                        return old
                    fresh = await fetch(old)
                    await self._write(unit, connection_id, fresh, generation)
            except DatabaseUnavailable as error:
                if fresh is None:
                    raise
                # Lost while the server thought. The old refresh token is spent, so the new one must be kept.
                await self._rescue(tenant_id, connection_id, fresh, generation, error)
            return alive(fresh)

        async with self._database.tenant(tenant_id) as unit:
            stored = self._open(unit, connection_id, await unit.one(unit.select(connection_tokens).where(of_row)))
        if stored is not None and usable_token(stored, min_valid, rejected):
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

    async def put(self, unit: Unit, connection_id: UUID, token: StoredToken) -> None:
        """Keep the first token of a connection, which a person has just given his consent to, in place of any other."""
        await _make_row(unit, connection_id)
        await self._write(unit, connection_id, token)

    async def _write(self, unit: Unit, connection_id: UUID, token: StoredToken, generation: int | None = None) -> None:
        """Replace the token, if it still is of ``generation`` where that is given."""
        assert unit.tenant_id is not None
        known = () if generation is None else (connection_tokens.c.generation == generation,)
        await unit.update(
            connection_tokens,
            connection_tokens.c.connection_id == connection_id,
            *known,
            generation=connection_tokens.c.generation + 1,
            sealed=self._vault.seal(json.dumps(token), context=_context(unit.tenant_id, connection_id)),
            obtained_at=token.obtained_at,
            expires_at=token.expires_at,
        )

    async def _rescue(
        self, tenant_id: UUID, connection_id: UUID, token: StoredToken, generation: int, lost: DatabaseUnavailable
    ) -> None:
        """Write a token in a transaction of its own, with patience; raises ``lost`` when the database stays away."""
        for pause in _RESCUES:
            await asyncio.sleep(pause)
            try:
                async with self._database.tenant(tenant_id) as unit:
                    await _make_row(unit, connection_id)
                    await self._write(unit, connection_id, token, generation)
            except DatabaseUnavailable:
                continue
            return
        raise lost

    async def forget(self, unit: Unit, connection_id: UUID) -> None:
        """Drop the token: what it was fetched with has changed."""
        await unit.delete(connection_tokens, connection_tokens.c.connection_id == connection_id)


def _context(tenant_id: UUID, connection_id: UUID) -> bytes:
    return f"connection_tokens:{tenant_id}:{connection_id}".encode()


async def _make_row(unit: Unit, connection_id: UUID) -> None:
    await unit.connection.execute(
        insert(connection_tokens).values(tenant_id=unit.tenant_id, connection_id=connection_id).on_conflict_do_nothing()
    )


resealing.register(
    Place(connection_tokens, connection_tokens.c.sealed, lambda row: _context(row["tenant_id"], row["connection_id"]))
)
