"""Access tokens at the API: who stands behind one, and what he may do with it now.

A token gives what it was made with, its client is allowed now, and its user has now; all three are read again within a
second on every process. See `tieline.tenancy.keys` for the same about API keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from tieline.core.clock import now
from tieline.core.errors import Unauthorized
from tieline.security import tokens
from tieline.storage.database import Database
from tieline.storage.tables import oauth_clients, oauth_tokens, tenants, users
from tieline.tenancy import standing
from tieline.tenancy.embed_sessions import PREFIX as SESSION_PREFIX
from tieline.tenancy.embed_sessions import EmbedSessions
from tieline.tenancy.keys import ApiKeys
from tieline.tenancy.oauth import rules, scopes
from tieline.tenancy.oauth.grants import ACCESS_PREFIX
from tieline.tenancy.principal import Principal
from tieline.tenancy.remembering import Remembered
from tieline.tenancy.studio.sessions import PREFIX as STUDIO_PREFIX
from tieline.tenancy.studio.sessions import StudioSessions

USE_NOTED_EVERY = timedelta(minutes=1)

_WHO = (
    select(
        oauth_tokens.c.id,
        oauth_tokens.c.tenant_id,
        oauth_tokens.c.user_id,
        oauth_tokens.c.grant_type,
        oauth_tokens.c.scopes,
        oauth_tokens.c.access_expires_at,
        oauth_tokens.c.last_used_at,
        oauth_clients.c.client_id,
        oauth_clients.c.allowed_scopes,
        oauth_clients.c.allowed_grant_types,
        users.c.roles,
        tenants.c.partner_id,
        tenants.c.settings,
    )
    .join(
        oauth_clients,
        (oauth_clients.c.tenant_id == oauth_tokens.c.tenant_id)
        & (oauth_clients.c.id == oauth_tokens.c.oauth_client_id),
    )
    .join(users, (users.c.tenant_id == oauth_tokens.c.tenant_id) & (users.c.id == oauth_tokens.c.user_id))
    .join(tenants, tenants.c.id == oauth_tokens.c.tenant_id)
    .where(oauth_tokens.c.revoked_at.is_(None), standing.in_good_standing())
)


class AccessTokens:
    """Recognizes the access tokens of all tenants."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._remembered = Remembered[tuple[Principal, datetime]](clock)

    async def authenticate(self, token: str) -> Principal:
        """Raises `Unauthorized` for one that is unknown, expired or revoked: they look the same."""
        refused = Unauthorized("The access token is not valid; get a new one.")
        if not tokens.is_well_formed(token, ACCESS_PREFIX):
            raise refused
        hashed = tokens.hash_token(token)

        async def ask() -> tuple[Principal, datetime]:
            row = await self._row(hashed)
            if row is None or not _still_allowed(row):
                raise refused
            return _principal(row), row["access_expires_at"]

        principal, expires_at = await self._remembered.get(hashed, ask)
        if expires_at <= now():
            raise refused
        return principal

    async def _row(self, hashed: bytes) -> dict[str, Any] | None:
        async with self._database.system() as unit:
            row = await unit.one(_WHO.where(oauth_tokens.c.access_hash == hashed))
            if row is not None and (row["last_used_at"] or datetime.min.replace(tzinfo=now().tzinfo)) < (
                now() - USE_NOTED_EVERY
            ):
                await unit.update(
                    oauth_tokens,
                    oauth_tokens.c.tenant_id == row["tenant_id"],
                    oauth_tokens.c.id == row["id"],
                    last_used_at=now(),
                )
        return row


class Authenticator:
    """Knows API keys, access tokens, embed sessions and the studio's tokens alike: what stands behind
    ``Authorization: Bearer``.
    """

    def __init__(
        self, keys: ApiKeys, access_tokens: AccessTokens, sessions: EmbedSessions, studio: StudioSessions
    ) -> None:
        self._keys = keys
        self._access_tokens = access_tokens
        self._sessions = sessions
        self._studio = studio

    async def authenticate(self, secret: str) -> Principal:
        """Raises `Unauthorized`."""
        if secret.startswith(ACCESS_PREFIX):
            return await self._access_tokens.authenticate(secret)
        if secret.startswith(SESSION_PREFIX):
            return await self._sessions.authenticate(secret)
        if secret.startswith(STUDIO_PREFIX):
            return await self._studio.authenticate(secret)
        return await self._keys.authenticate(secret)


def _still_allowed(row: dict[str, Any]) -> bool:
    """A grant type that was taken from the client is taken from its tokens."""
    grant_type = row["grant_type"]
    return grant_type not in rules.GRANT_TYPES or grant_type in row["allowed_grant_types"]


def _principal(row: dict[str, Any]) -> Principal:
    return Principal(
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        client_id=row["client_id"],
        grant_id=row["id"],
        grant_type=row["grant_type"],
        partner_id=row["partner_id"],
        roles=frozenset(row["roles"]),
        scopes=scopes.meet(row["scopes"], row["allowed_scopes"]),
        settings=row["settings"],
    )
