"""API keys: made once, shown once, kept as a hash.

    keys = ApiKeys(database)
    key, secret = await keys.create(unit, user_id=user, scopes=["automations"])     # secret is never shown again
    principal = await keys.authenticate(secret)                                     # Unauthorized when it is no good

Authentication is one round trip to the database; its answer is remembered for less than a second, so that a revoked key
stops working within a second on every process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tieline.core.clock import now
from tieline.core.errors import BadInput, Forbidden, NotFound, Unauthorized
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.storage.database import Database
from tieline.storage.tables import api_keys, tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import scopes as scope_rules
from tieline.tenancy.principal import TENANT_ADMIN, Principal

PREFIX = "tln_"
REMEMBERED_SECONDS = 0.8
MAX_REMEMBERED = 10_000

_COLUMNS = (
    api_keys.c.id,
    api_keys.c.user_id,
    api_keys.c.description,
    api_keys.c.scopes,
    api_keys.c.expires_at,
    api_keys.c.revoked_at,
    api_keys.c.created_at,
)
_WHO = (
    select(
        api_keys.c.id,
        api_keys.c.tenant_id,
        api_keys.c.user_id,
        api_keys.c.scopes,
        api_keys.c.expires_at,
        users.c.roles,
        tenants.c.partner_id,
        tenants.c.settings,
    )
    .join(users, (users.c.tenant_id == api_keys.c.tenant_id) & (users.c.id == api_keys.c.user_id))
    .join(tenants, tenants.c.id == api_keys.c.tenant_id)
    .where(api_keys.c.revoked_at.is_(None))
)


class ApiKeys:
    """Makes, lists, revokes and recognizes the API keys of all tenants."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._remembered: dict[bytes, tuple[float, Principal, datetime | None]] = {}

    async def create(
        self,
        unit: Unit,
        *,
        user_id: UUID,
        scopes: Iterable[str],
        description: str = "",
        expires_at: datetime | None = None,
        by: Principal | None = None,
    ) -> tuple[dict[str, Any], str]:
        """A new key of ``user_id`` and its secret.

        Raises `NotFound` for a user of another tenant, `BadInput` for a scope or a time that cannot be, `Forbidden`
        where ``by`` would give away more than it has.
        """
        wanted = scope_rules.check(scopes)
        user = await unit.one(unit.select(users, users.c.roles).where(users.c.id == user_id))
        if user is None:
            raise NotFound("There is no such user.", pointer="/userId")
        if scope_rules.ADMIN in wanted and TENANT_ADMIN not in user["roles"]:
            raise Forbidden(f"The scope {scope_rules.ADMIN} needs a user with the role {TENANT_ADMIN}.")
        if by is not None:
            _check_giver(by, user_id, wanted)
        if expires_at is not None and expires_at <= now():
            raise BadInput("The key would have expired already; name a time in the future.", pointer="/expiresAt")
        secret = tokens.new_token(PREFIX)
        key_id = new_id()
        await unit.insert(
            api_keys,
            id=key_id,
            user_id=user_id,
            description=description,
            hash=tokens.hash_token(secret),
            scopes=wanted,
            expires_at=expires_at,
        )
        return await self.get(unit, key_id), secret

    async def get(self, unit: Unit, key_id: UUID) -> dict[str, Any]:
        """A key without its hash. Raises `NotFound`."""
        key = await unit.one(unit.select(api_keys, *_COLUMNS).where(api_keys.c.id == key_id))
        if key is None:
            raise NotFound("There is no such API key.")
        return key

    async def list(self, unit: Unit, *, user_id: UUID | None = None) -> list[dict[str, Any]]:
        """The keys of the tenant, or of one user, oldest first; revoked ones too."""
        statement = unit.select(api_keys, *_COLUMNS).order_by(api_keys.c.id)
        if user_id is not None:
            statement = statement.where(api_keys.c.user_id == user_id)
        return await unit.all(statement)

    async def revoke(self, unit: Unit, key_id: UUID) -> None:
        """Ends a key for good. Raises `NotFound`; revoking twice is fine."""
        key = await self.get(unit, key_id)
        if key["revoked_at"] is None:
            await unit.update(api_keys, api_keys.c.id == key_id, revoked_at=now())

    async def authenticate(self, secret: str) -> Principal:
        """Who holds this key. Raises `Unauthorized` for one that is unknown, expired or revoked: they look the same."""
        if not tokens.is_well_formed(secret, PREFIX):
            raise Unauthorized("The API key is not valid.")
        hashed = tokens.hash_token(secret)
        asked = self._clock()
        known = self._remembered.get(hashed)
        if known is None or known[0] <= asked:
            async with self._database.system() as unit:
                row = await unit.one(_WHO.where(api_keys.c.hash == hashed))
            if row is None:
                self._remembered.pop(hashed, None)
                raise Unauthorized("The API key is not valid.")
            # Counted from before the question, so that what was revoked meanwhile is not remembered for longer.
            known = (asked + REMEMBERED_SECONDS, _principal(row), row["expires_at"])
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[hashed] = known
        _, principal, expires_at = known
        if expires_at is not None and expires_at <= now():
            raise Unauthorized("The API key is not valid.")
        return principal


def _check_giver(by: Principal, user_id: UUID, wanted: list[str]) -> None:
    if user_id != by.user_id and not by.is_admin:
        raise Forbidden("Only a tenant administrator may make API keys for others.")
    if not scope_rules.covers(by.scopes, wanted):
        raise Forbidden("An API key cannot give away scopes that it does not have itself.")


def _principal(row: dict[str, Any]) -> Principal:
    return Principal(
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        key_id=row["id"],
        partner_id=row["partner_id"],
        roles=frozenset(row["roles"]),
        scopes=frozenset(row["scopes"]),
        settings=row["settings"],
    )
