"""Grants: what a client got, from the first token to the last.

A grant is one row. It has the access token that is good now and, where the client may come back without a person, the
refresh token that follows it. A refresh takes both away and gives new ones (RFC 9700 section 4.14.2). A refresh token
that comes a second time ends the grant, because one of the two who have it stole it; within `GRACE` of its first use it
is only refused, because a client that asked twice at once, or lost the answer, is no thief.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.security import tokens
from tieline.storage.database import Database
from tieline.storage.tables import oauth_clients, oauth_codes, oauth_tokens, users
from tieline.storage.unit import Unit
from tieline.tenancy import audit, standing
from tieline.tenancy.oauth import codes, rules, scopes
from tieline.tenancy.oauth.authentication import Client
from tieline.tenancy.oauth.clients import CODE_GRANT
from tieline.tenancy.oauth.errors import (
    AccessDenied,
    InvalidGrant,
    InvalidScope,
    OAuthError,
    UnauthorizedClient,
)
from tieline.tenancy.principal import Principal

ACCESS_PREFIX = "tlna_"
REFRESH_PREFIX = "tlnr_"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
PURPOSES = ("websocket", "webresource")
ACCESS_LIFETIME = timedelta(hours=6)
REFRESH_LIFETIME = timedelta(days=30)
EXCHANGE_LIFETIME = timedelta(minutes=5)
GRACE = timedelta(seconds=10)
MAX_GRANTS = 1000
KEPT = timedelta(days=1)

_REFUSED = "is unknown, used up, expired, revoked or not this client's"


class Issued(Struct, frozen=True, kw_only=True):
    """What a client is given."""

    grant_id: UUID
    access: str
    expires_at: datetime
    scopes: tuple[str, ...]
    refresh: str = ""
    auth_time: datetime | None = None
    exchanged: bool = False


class Asker(Struct, frozen=True):
    """How a client describes the device that it asks from."""

    description: str = ""
    device_type: str = ""


async def for_client(unit: Unit, client: Client, scope: str | None) -> Issued:
    """Client credentials (RFC 6749 section 4.4): the client acts as the person who made it."""
    _may(client, rules.CLIENT_CREDENTIALS)
    wanted = [name for name in scopes.asked(scope, client.allowed_scopes) if name != scopes.OFFLINE]
    await _check_person(unit, client.created_by)
    return await _issue(unit, client, client.created_by, rules.CLIENT_CREDENTIALS, wanted)


async def for_person(unit: Unit, client: Client, field: str, value: str, scope: str | None) -> Issued:
    """Impersonation: a token of a person of the tenant, named by ``userId`` or ``subject`` (the external id)."""
    _may(client, rules.IMPERSONATION)
    wanted = [name for name in scopes.asked(scope, client.allowed_scopes) if name != scopes.OFFLINE]
    person = await _look_up(unit, field, value)
    if person is None:
        raise InvalidGrant("There is no such user: user_lookup names nobody of the client's tenant.")
    await _check_person(unit, person)
    return await _issue(unit, client, person, rules.IMPERSONATION, wanted, limited=True)


async def for_code(
    database: Database, client: Client, code: str, *, verifier: str, redirect_uri: str, asker: Asker
) -> Issued:
    """Exchanges a code (RFC 6749 section 4.1.3, RFC 7636 section 4.6). Raises `InvalidGrant`.

    A code that comes again ends the grant that it was exchanged for (RFC 6749 section 4.1.2).
    """
    refused = InvalidGrant(f"The code {_REFUSED}, or redirect_uri or code_verifier is not the one of its request.")
    if not tokens.is_well_formed(code, codes.PREFIX):
        raise refused
    async with database.tenant(client.tenant_id) as unit:
        row = await codes.known(unit, code)
        if row is not None and row["oauth_client_id"] == client.id:
            challenge, _, seconds = row["challenge"].partition(" ")
            if row["token_id"] is not None:
                await end(unit, row["token_id"], why="code used twice")
            elif (
                row["expires_at"] > now()
                and row["redirect_uri"] == redirect_uri
                and codes.answers(verifier, challenge)
                and client.connected
            ):
                await _check_person(unit, row["user_id"])
                issued = await _issue(
                    unit,
                    client,
                    row["user_id"],
                    CODE_GRANT,
                    row["scopes"],
                    refresh=scopes.OFFLINE in row["scopes"],
                    auth_time=datetime.fromtimestamp(int(seconds), UTC),
                    asker=asker,
                    limited=True,
                )
                await codes.use(unit, row, issued.grant_id)
                return issued
    raise refused


async def refreshed(database: Database, client: Client, token: str, scope: str | None) -> Issued:
    """New tokens for a refresh token (RFC 6749 section 6). Raises `InvalidGrant`, `InvalidScope`."""
    refused = InvalidGrant(f"The refresh token {_REFUSED}; let the person sign in again.")
    late = False
    if not tokens.is_well_formed(token, REFRESH_PREFIX):
        raise refused
    async with database.tenant(client.tenant_id) as unit:
        table = oauth_tokens
        hashed = tokens.hash_token(token)
        statement = unit.select(table).where(table.c.refresh_hash == hashed, table.c.oauth_client_id == client.id)
        grant = await unit.one(statement.with_for_update())
        if grant is not None:
            if grant["revoked_at"] is None and grant["refresh_expires_at"] > now():
                await _check_person(unit, grant["user_id"])
                return await _rotate(unit, client, grant, hashed, _narrowed(scope, _granted(grant)))
        else:
            used = await codes.known(unit, token)
            if used is not None and used["oauth_client_id"] == client.id and used["token_id"] is not None:
                late = now() - used["created_at"] <= GRACE
                if not late:
                    await end(unit, used["token_id"], why="refresh token used twice")
    if late:
        raise InvalidGrant("The refresh token was used a moment ago; go on with the tokens of that answer.")
    raise refused


async def client_of(database: Database, refresh: str) -> str:
    """The ``client_id`` that a refresh token was given to, used up or not; empty = nobody's.

    The vendor's JavaScript clients refresh with the token and, where they have one, the secret: they send no
    ``client_id``.
    """
    if not tokens.is_well_formed(refresh, REFRESH_PREFIX):
        return ""
    hashed = tokens.hash_token(refresh)
    async with database.system() as unit:
        found = sa.union_all(
            sa.select(oauth_tokens.c.oauth_client_id).where(oauth_tokens.c.refresh_hash == hashed),
            sa.select(oauth_codes.c.oauth_client_id).where(oauth_codes.c.hash == hashed),
        ).subquery()
        row = await unit.one(
            sa.select(oauth_clients.c.client_id).join(found, found.c.oauth_client_id == oauth_clients.c.id).limit(1)
        )
    return row["client_id"] if row else ""


async def exchanged(database: Database, client: Client, subject: str, scope: str | None = None) -> Issued:
    """A token for a few minutes in place of one that lives for hours (RFC 8693), to be shown where it may be seen.

    It ends with the one that it came from, and cannot be exchanged again.
    """
    refused = InvalidGrant(f"The subject token {_REFUSED}.")
    if not tokens.is_well_formed(subject, ACCESS_PREFIX):
        raise refused
    async with database.tenant(client.tenant_id) as unit:
        table = oauth_tokens
        hashed = tokens.hash_token(subject)
        row = await unit.one(unit.select(table).where(table.c.access_hash == hashed))
        if (
            row is None
            or row["oauth_client_id"] != client.id
            or row["revoked_at"] is not None
            or row["access_expires_at"] <= now()
            or row["grant_type"] == EXCHANGE
        ):
            raise refused
        await _check_person(unit, row["user_id"])
        return await _issue(
            unit,
            client,
            row["user_id"],
            EXCHANGE,
            _narrowed(scope, row["scopes"]),
            auth_time=row["auth_time"],
            asker=Asker(_exchanged_from(row["id"]), row["device_type"]),
            until=min(now() + EXCHANGE_LIFETIME, row["access_expires_at"]),
            limited=True,
        )


async def revoke(database: Database, token: str, client: Client | None) -> None:
    """Ends the grant of an access or refresh token (RFC 7009). Who has the token may do so.

    Unknown tokens are fine. Raises `InvalidGrant` for one that was given to another client than ``client``.
    """
    if not (tokens.is_well_formed(token, ACCESS_PREFIX) or tokens.is_well_formed(token, REFRESH_PREFIX)):
        return
    hashed = tokens.hash_token(token)
    table = oauth_tokens
    async with database.system() as unit:
        of = sa.or_(table.c.access_hash == hashed, table.c.refresh_hash == hashed)
        row = await unit.one(sa.select(table).where(of))
        if row is None:
            return
    if client is not None and row["oauth_client_id"] != client.id:
        raise InvalidGrant("The token was given to another client.")
    async with database.tenant(row["tenant_id"]) as unit:
        await end(unit, row["id"], why="revoked by its holder")


async def end(unit: Unit, grant_id: UUID, *, why: str, by: Principal | None = None) -> None:
    """Ends a grant and what was exchanged from it."""
    table = oauth_tokens
    changed = await unit.update(
        table,
        sa.or_(
            table.c.id == grant_id,
            sa.and_(table.c.grant_type == EXCHANGE, table.c.description == _exchanged_from(grant_id)),
        ),
        table.c.revoked_at.is_(None),
        revoked_at=now(),
    )
    if changed:
        await audit.record(
            unit, by, action="oauth-token.revoked", subject=f"oauth-token:{grant_id}", detail={"reason": why}
        )


async def consented(unit: Unit, client: Client, user_id: UUID, wanted: Sequence[str]) -> bool:
    """True where the person has let the client have these scopes before, and has not taken it back since."""
    table = oauth_tokens
    rows = await unit.all(
        unit.select(table, table.c.scopes, table.c.withheld).where(
            table.c.user_id == user_id,
            table.c.oauth_client_id == client.id,
            table.c.grant_type == CODE_GRANT,
            table.c.revoked_at.is_(None),
        )
    )
    return any(set(wanted) <= set(_granted(row)) for row in rows)


def _may(client: Client, grant_type: str) -> None:
    if not client.proved or client.app_type != rules.WEB or grant_type not in client.grant_types:
        raise UnauthorizedClient(f"The client may not use {grant_type}; add it to its allowedGrantTypes.")


def _narrowed(scope: str | None, granted: Sequence[str]) -> list[str]:
    wanted = [name for name in (scope or "").split(" ") if name]
    if not set(wanted) <= set(granted):
        raise InvalidScope("The scope goes beyond what was granted; ask for the same or less.")
    if not wanted:
        return list(granted)
    return sorted({*wanted, *({scopes.OFFLINE} & set(granted))})


def _granted(grant: Mapping[str, Any]) -> list[str]:
    """All that the person granted: what the access token holds, and what a refresh may ask for again."""
    return sorted({*grant["scopes"], *grant["withheld"]})


async def _look_up(unit: Unit, field: str, value: str) -> UUID | None:
    if field == "subject":
        row = await unit.one(unit.select(users, users.c.id).where(users.c.external_id == value))
    elif field == "userId":
        try:
            identity = UUID(value)
        except ValueError:
            return None
        row = await unit.one(unit.select(users, users.c.id).where(users.c.id == identity))
    else:
        raise OAuthError("The field of user_lookup is subject or userId.", pointer="/user_lookup/field")
    return row["id"] if row else None


async def _check_person(unit: Unit, user_id: UUID) -> None:
    row = await unit.one(unit.select(users, users.c.status).where(users.c.id == user_id))
    if row is None or row["status"] in standing.BARRED:
        raise AccessDenied("The user whom the token would stand for is disabled or gone.")


async def _record(
    unit: Unit, client: Client, user_id: UUID, grant_id: UUID, what: str, grant_type: str, wanted: Sequence[str]
) -> None:
    """The client is who acts, for a person who is named."""
    by = Principal(tenant_id=client.tenant_id, user_id=user_id, client_id=client.client_id, grant_type=grant_type)
    told = {"grantType": grant_type, "scopes": sorted(wanted)}
    await audit.record(unit, by, action=f"oauth-token.{what}", subject=f"oauth-token:{grant_id}", detail=told)


async def _rotate(unit: Unit, client: Client, grant: dict[str, Any], used: bytes, wanted: list[str]) -> Issued:
    access, refresh, moment = tokens.new_token(ACCESS_PREFIX), tokens.new_token(REFRESH_PREFIX), now()
    await unit.update(
        oauth_tokens,
        oauth_tokens.c.id == grant["id"],
        access_hash=tokens.hash_token(access),
        access_expires_at=moment + ACCESS_LIFETIME,
        refresh_hash=tokens.hash_token(refresh),
        previous_refresh_hash=used,
        refresh_expires_at=moment + REFRESH_LIFETIME,
        # Who asks for less gets less this time (RFC 6749 section 6): what was granted stays.
        scopes=wanted,
        withheld=sorted(set(_granted(grant)) - set(wanted)),
        last_used_at=moment,
    )
    await codes.retire(unit, used, grant)
    await _record(unit, client, grant["user_id"], grant["id"], "refreshed", "refresh_token", wanted)
    return Issued(
        grant_id=grant["id"],
        access=access,
        expires_at=moment + ACCESS_LIFETIME,
        scopes=tuple(wanted),
        refresh=refresh,
        auth_time=grant["auth_time"],
    )


async def _issue(
    unit: Unit,
    client: Client,
    user_id: UUID,
    grant_type: str,
    wanted: Sequence[str],
    *,
    refresh: bool = False,
    auth_time: datetime | None = None,
    asker: Asker | None = None,
    until: datetime | None = None,
    limited: bool = False,
) -> Issued:
    asker = asker or Asker()
    moment = now()
    table = oauth_tokens
    over = sa.and_(
        table.c.access_expires_at < moment - KEPT,
        sa.or_(table.c.refresh_expires_at.is_(None), table.c.refresh_expires_at < moment - KEPT),
    )
    # What a person agreed to is remembered by the grant that came of it.
    await unit.delete(table, table.c.user_id == user_id, over, table.c.grant_type != CODE_GRANT)
    if limited:
        alive = sa.func.greatest(table.c.access_expires_at, table.c.refresh_expires_at) > moment
        counted = unit.select(table, sa.func.count()).where(
            table.c.user_id == user_id, table.c.revoked_at.is_(None), alive
        )
        if await unit.scalar(counted) >= MAX_GRANTS:
            raise AccessDenied(f"The user has {MAX_GRANTS} tokens already; revoke some first.")
    access = tokens.new_token(ACCESS_PREFIX)
    second = tokens.new_token(REFRESH_PREFIX) if refresh else ""
    expires = until or moment + ACCESS_LIFETIME
    grant_id = new_id()
    await unit.insert(
        table,
        id=grant_id,
        oauth_client_id=client.id,
        user_id=user_id,
        grant_type=grant_type,
        scopes=list(wanted),
        access_hash=tokens.hash_token(access),
        access_expires_at=expires,
        refresh_hash=tokens.hash_token(second) if second else None,
        refresh_expires_at=moment + REFRESH_LIFETIME if second else None,
        description=asker.description,
        device_type=asker.device_type,
        auth_time=auth_time,
    )
    await _record(unit, client, user_id, grant_id, "issued", grant_type, wanted)
    return Issued(
        grant_id=grant_id,
        access=access,
        expires_at=expires,
        scopes=tuple(wanted),
        refresh=second,
        auth_time=auth_time,
        exchanged=grant_type == EXCHANGE,
    )


def _exchanged_from(grant_id: UUID) -> str:
    return f"Exchanged from {grant_id}"
