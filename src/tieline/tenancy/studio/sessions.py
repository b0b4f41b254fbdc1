"""Browsers that are signed in: a cookie that only makes tokens, and tokens of a quarter of an hour for everything else.

    row, cookie = await sessions.begin(unit, user_id, method="password")
    token, until = await sessions.mint(unit, row)
    principal = await StudioSessions(database).authenticate(token)          # Unauthorized when it is no good

The cookie goes to one path only and cannot be read by scripts; the token lives in the page's memory and is as good as
the person: what it may do are the person's roles at this moment. A session ends after `IDLE` without use, `LONGEST`
after it began, and with the person; what authentication found is remembered for less than a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from tieline.core.clock import now
from tieline.core.errors import Unauthorized
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.storage.database import Database
from tieline.storage.tables import studio_sessions, studio_tokens, tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import scopes, standing
from tieline.tenancy.principal import TENANT_ADMIN, Principal
from tieline.tenancy.remembering import Remembered
from tieline.tenancy.studio.errors import SignedOut

PREFIX: Final = "tls_"
COOKIE_PREFIX: Final = "tlsc_"
TOKEN_LIFETIME: Final = timedelta(minutes=15)
IDLE: Final = timedelta(hours=12)
LONGEST: Final = timedelta(days=7)
MOST_OF_USER: Final = 50
MOST_TOKENS: Final = 100  # of one session: a token for each of its tabs

_WHO = (
    select(
        studio_tokens.c.tenant_id,
        studio_tokens.c.expires_at,
        studio_sessions.c.user_id,
        users.c.roles,
        tenants.c.partner_id,
        tenants.c.settings,
    )
    .join(
        studio_sessions,
        (studio_sessions.c.tenant_id == studio_tokens.c.tenant_id)
        & (studio_sessions.c.id == studio_tokens.c.session_id),
    )
    .join(users, (users.c.tenant_id == studio_sessions.c.tenant_id) & (users.c.id == studio_sessions.c.user_id))
    .join(tenants, tenants.c.id == studio_tokens.c.tenant_id)
    .where(standing.in_good_standing())
)


class StudioSessions:
    """Recognizes the studio's tokens of all tenants."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._remembered = Remembered[tuple[Principal, datetime]](clock)

    async def authenticate(self, token: str) -> Principal:
        """Raises `Unauthorized` for one that is unknown or over: they look the same."""
        refused = Unauthorized("The studio's token is not valid any more; get a new one, or sign in again.")
        if not tokens.is_well_formed(token, PREFIX):
            raise refused
        hashed = tokens.hash_token(token)

        async def ask() -> tuple[Principal, datetime]:
            async with self._database.system() as unit:
                row = await unit.one(_WHO.where(studio_tokens.c.hash == hashed))
            if row is None:
                raise refused
            return _principal(row), row["expires_at"]

        principal, expires_at = await self._remembered.get(hashed, ask)
        if expires_at <= now():
            raise refused
        return principal


async def begin(unit: Unit, user_id: UUID, *, method: str) -> tuple[dict[str, Any], str]:
    """A new session in the user's tenant, and its cookie. The oldest of a user who has too many end."""
    table, moment = studio_sessions, now()
    mine = table.c.user_id == user_id
    await unit.delete(table, mine, (table.c.expires_at <= moment) | (table.c.last_used_at <= moment - IDLE))
    newest = unit.select(table, table.c.id).where(mine).order_by(table.c.id.desc()).limit(MOST_OF_USER - 1)
    await unit.delete(table, mine, table.c.id.not_in(newest))
    cookie = tokens.new_token(COOKIE_PREFIX)
    row = {
        "id": new_id(),
        "user_id": user_id,
        "method": method,
        "last_used_at": moment,
        "expires_at": moment + LONGEST,
    }
    await unit.insert(table, hash=tokens.hash_token(cookie), **row)
    return row, cookie


async def of_cookie(unit: Unit, cookie: str) -> dict[str, Any]:
    """The session that a browser shows, of whatever tenant: ``unit`` is one of `Database.system`. Raises `SignedOut`.

    ``tenant_id`` is in it.
    """
    found = None
    if tokens.is_well_formed(cookie, COOKIE_PREFIX):
        moment = now()
        statement = (
            select(*(column for column in studio_sessions.c if column.name != "hash"))
            .join(users, (users.c.tenant_id == studio_sessions.c.tenant_id) & (users.c.id == studio_sessions.c.user_id))
            .join(tenants, tenants.c.id == studio_sessions.c.tenant_id)
            .where(
                studio_sessions.c.hash == tokens.hash_token(cookie),
                studio_sessions.c.expires_at > moment,
                studio_sessions.c.last_used_at > moment - IDLE,
                standing.in_good_standing(),
            )
        )
        found = await unit.one(statement)
    if found is None:
        raise SignedOut("You are signed out; sign in again.")
    return found


async def mint(unit: Unit, session: Mapping[str, Any]) -> tuple[str, datetime]:
    """A token of a session of the unit's tenant, and until when it is good; the session counts as used.

    Raises `SignedOut` where it has ended meanwhile.
    """
    moment, session_id = now(), session["id"]
    used = await unit.update(studio_sessions, studio_sessions.c.id == session_id, last_used_at=moment)
    if not used:
        raise SignedOut("You are signed out; sign in again.")
    table, mine = studio_tokens, studio_tokens.c.session_id == session_id
    newest = unit.select(table, table.c.id).where(mine).order_by(table.c.id.desc()).limit(MOST_TOKENS - 1)
    await unit.delete(table, mine, (table.c.expires_at <= moment) | table.c.id.not_in(newest))
    token = tokens.new_token(PREFIX)
    until = min(moment + TOKEN_LIFETIME, session["expires_at"])
    await unit.insert(table, id=new_id(), session_id=session_id, hash=tokens.hash_token(token), expires_at=until)
    return token, until


async def end(unit: Unit, session_id: UUID) -> None:
    """Ends a session with its tokens; twice is fine."""
    await unit.delete(studio_sessions, studio_sessions.c.id == session_id)


async def end_all(unit: Unit, user_id: UUID) -> int:
    """Signs a person out everywhere; gives how many sessions that were."""
    return await unit.delete(studio_sessions, studio_sessions.c.user_id == user_id)


def _principal(row: dict[str, Any]) -> Principal:
    """The person himself: nothing is given away here, so the scopes are whatever the roles can give."""
    given = {scopes.ADMIN, scopes.USER_DEFAULT} if TENANT_ADMIN in row["roles"] else {scopes.USER_DEFAULT}
    return Principal(
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        partner_id=row["partner_id"],
        roles=frozenset(row["roles"]),
        scopes=frozenset(given),
        settings=row["settings"],
    )
