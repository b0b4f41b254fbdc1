"""Embed sessions: what a frame of ours in a partner's page is signed in with.

    row, token = await embed_sessions.begin(unit, user_id=user, scopes=SCOPES, lifetime=hour, settings={...})
    principal = await EmbedSessions(database).authenticate(token)       # Unauthorized when it is no good

A session is a user of a tenant for a short while, with less than all of what that user may do: it makes no keys and no
clients, so that nothing of it is left when it ends. One that was begun for a page of the partner's is bound to that
page's origin, and ends with it. What authentication found is remembered for less than a second, so that a session that
was revoked stops working within a second on every process.

A person who comes by a link gets a *code* first, which is exchanged once, within a minute, for the session's token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import select

from tieline.core.clock import now
from tieline.core.errors import BadInput, Forbidden, NotFound, Unauthorized
from tieline.core.filters import Attribute
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.storage.database import Database
from tieline.storage.tables import embed_sessions, partners, tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import scopes as scope_rules
from tieline.tenancy import standing
from tieline.tenancy.listing import Listing
from tieline.tenancy.principal import Principal
from tieline.tenancy.remembering import Remembered

PREFIX: Final = "tle_"
CODE_PREFIX: Final = "tlec_"
CODE_LIFETIME: Final = timedelta(seconds=60)
MOST_OF_USER: Final = 20
KEPT: Final = timedelta(days=7)

# Everything that a customer's own integrations need, and nothing that would outlive the session.
SCOPES: Final = (
    "automations",
    "connections",
    "connectors",
    "items:read",
    "spaces:read",
    "tenants:read",
    "users:read",
    "webhooks",
)
LISTING: Final = Listing(
    embed_sessions.c.id,
    filters={"userId": (Attribute(exact=True), embed_sessions.c.user_id)},
    sorts={"id": embed_sessions.c.id},
)
COLUMNS: Final = tuple(column for column in embed_sessions.c if column.name != "hash")

_WHO = (
    select(
        embed_sessions.c.id,
        embed_sessions.c.tenant_id,
        embed_sessions.c.user_id,
        embed_sessions.c.scopes,
        embed_sessions.c.expires_at,
        embed_sessions.c.settings["origin"].as_string().label("origin"),
        users.c.roles,
        tenants.c.partner_id,
        tenants.c.settings,
        partners.c.settings.label("of_partner"),
    )
    .join(users, (users.c.tenant_id == embed_sessions.c.tenant_id) & (users.c.id == embed_sessions.c.user_id))
    .join(tenants, tenants.c.id == embed_sessions.c.tenant_id)
    .join(partners, partners.c.id == tenants.c.partner_id)
    .where(embed_sessions.c.revoked_at.is_(None), standing.in_good_standing())
)


class ForeignPage(Forbidden):
    """A page of an origin that may not use a session, or may not sign anybody in."""

    code = "foreign-page"
    title = "Not from this page"


def scopes_of(wanted: Sequence[str]) -> list[str]:
    """The scopes of a session that is to have these at most; none = all that a session can have.

    Raises `UnknownScope`, and `BadInput` for one that no session can have.
    """
    if not wanted:
        return list(SCOPES)
    checked = scope_rules.check(wanted)
    if not scope_rules.covers(SCOPES, checked):
        raise BadInput(f"scopes can only be some of {', '.join(SCOPES)}, or the same with :read.", pointer="/scopes")
    return checked


def allowed_origins(settings: Mapping[str, Any]) -> list[str]:
    """The origins of a partner's settings whose pages may embed Tieline."""
    own = settings.get("embed")
    found = own.get("origins") if isinstance(own, Mapping) else None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


class EmbedSessions:
    """Recognizes the sessions of all tenants."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._remembered = Remembered[tuple[Principal, datetime]](clock)

    async def authenticate(self, token: str) -> Principal:
        """Raises `Unauthorized` for one that is unknown, expired or revoked: they look the same."""
        refused = Unauthorized("The embed session is not valid any more; sign in again with a new token.")
        if not tokens.is_well_formed(token, PREFIX):
            raise refused
        hashed = tokens.hash_token(token)

        async def ask() -> tuple[Principal, datetime]:
            async with self._database.system() as unit:
                row = await unit.one(_WHO.where(embed_sessions.c.hash == hashed))
            if row is None or not _still_embedded(row):
                raise refused
            return _principal(row), row["expires_at"]

        principal, expires_at = await self._remembered.get(hashed, ask)
        if expires_at <= now():
            raise refused
        return principal


async def begin(
    unit: Unit,
    *,
    user_id: UUID,
    scopes: Sequence[str],
    settings: Mapping[str, Any],
    lifetime: timedelta,
    session_id: UUID | None = None,
    as_code: bool = False,
) -> tuple[dict[str, Any], str]:
    """A new session in a tenant's unit, and its token (``as_code``: the code that is exchanged for it).

    The oldest sessions of a user who has too many end, and what ended a week ago is forgotten.
    """
    table = embed_sessions
    moment = now()
    await unit.delete(table, table.c.expires_at < moment - KEPT)
    alive = (table.c.user_id == user_id, table.c.revoked_at.is_(None), table.c.expires_at > moment)
    newest = unit.select(table, table.c.id).where(*alive).order_by(table.c.id.desc()).limit(MOST_OF_USER - 1)
    await unit.delete(table, *alive, table.c.id.not_in(newest))
    token = tokens.new_token(CODE_PREFIX if as_code else PREFIX)
    await unit.insert(
        table,
        id=session_id or new_id(),
        hash=tokens.hash_token(token),
        user_id=user_id,
        scopes=list(scopes),
        settings=dict(settings),
        expires_at=moment + (CODE_LIFETIME if as_code else lifetime),
    )
    return await _by_hash(unit, token), token


async def redeem(unit: Unit, partner_id: UUID, code: str, lifetime: timedelta) -> tuple[dict[str, Any], str] | None:
    """The session of a code, and its token; None for a code that is unknown, over, used or another partner's.

    ``unit`` is one of `Database.system`. One statement decides, so that of several that come at once one gets it.
    """
    if not tokens.is_well_formed(code, CODE_PREFIX):
        return None
    table = embed_sessions
    mine = select(tenants.c.id).where(tenants.c.partner_id == partner_id, tenants.c.status == standing.ACTIVE)
    token = tokens.new_token(PREFIX)
    moment = now()
    statement = (
        sa.update(table)
        .where(
            table.c.hash == tokens.hash_token(code),
            table.c.revoked_at.is_(None),
            table.c.expires_at > moment,
            table.c.tenant_id.in_(mine),
        )
        .values(hash=tokens.hash_token(token), expires_at=moment + lifetime)
        .returning(*COLUMNS)
    )
    row = await unit.one(statement)
    return None if row is None else (row, token)


async def alive(unit: Unit, token: str, *, user_id: UUID, origin: str) -> UUID | None:
    """The id of the session of this token, locked, where it is alive, this user's and for this origin."""
    if not tokens.is_well_formed(token, PREFIX):
        return None
    table = embed_sessions
    statement = unit.select(table, table.c.id).where(
        table.c.hash == tokens.hash_token(token),
        table.c.user_id == user_id,
        sa.func.coalesce(table.c.settings["origin"].as_string(), "") == origin,
        table.c.revoked_at.is_(None),
        table.c.expires_at > now(),
    )
    found: UUID | None = await unit.scalar(statement.with_for_update())
    return found


async def renew(
    unit: Unit, session_id: UUID, *, scopes: Sequence[str], settings: Mapping[str, Any], lifetime: timedelta
) -> tuple[dict[str, Any], str]:
    """A session that `alive` gave goes on under another token; the one it had is worth nothing any more."""
    token = tokens.new_token(PREFIX)
    await unit.update(
        embed_sessions,
        embed_sessions.c.id == session_id,
        hash=tokens.hash_token(token),
        scopes=list(scopes),
        settings=dict(settings),
        expires_at=now() + lifetime,
    )
    return await _by_hash(unit, token), token


async def get(unit: Unit, session_id: UUID) -> dict[str, Any]:
    """A session of the unit's tenant. Raises `NotFound`."""
    row = await unit.one(unit.select(embed_sessions, *COLUMNS).where(embed_sessions.c.id == session_id))
    if row is None:
        raise NotFound("There is no such embed session.")
    return row


async def revoke(unit: Unit, session_id: UUID) -> dict[str, Any]:
    """Ends a session; runs that it has started stop at their next block. Raises `NotFound`; twice is fine."""
    row = await get(unit, session_id)
    if row["revoked_at"] is None:
        await unit.update(embed_sessions, embed_sessions.c.id == session_id, revoked_at=now())
    return row


async def leave(unit: Unit, session_id: UUID) -> dict[str, Any]:
    """Ends a session as its holder does: what it has started goes on. Raises `NotFound`."""
    row = await get(unit, session_id)
    await unit.delete(embed_sessions, embed_sessions.c.id == session_id)
    return row


def state_of(row: Mapping[str, Any]) -> str:
    """``active``, ``expired`` or ``revoked``."""
    if row["revoked_at"] is not None:
        return "revoked"
    return "expired" if row["expires_at"] <= now() else "active"


async def _by_hash(unit: Unit, token: str) -> dict[str, Any]:
    statement = unit.select(embed_sessions, *COLUMNS).where(embed_sessions.c.hash == tokens.hash_token(token))
    row = await unit.one(statement)
    assert row is not None
    return row


def _still_embedded(row: Mapping[str, Any]) -> bool:
    """A session ends with the permission of the page for which it was begun."""
    origin: str | None = row["origin"]
    permitted: Collection[str] = allowed_origins(row["of_partner"])
    return not origin or origin in permitted


def _principal(row: Mapping[str, Any]) -> Principal:
    return Principal(
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        partner_id=row["partner_id"],
        session_id=row["id"],
        origin=row["origin"] or "",
        roles=frozenset(row["roles"]),
        scopes=frozenset(row["scopes"]),
        settings=row["settings"],
    )
