"""Who sits in front of the browser at ``/oauth/authorize``: a person who has shown an API key of his own.

Showing one signs him in for some hours: the browser gets a signed mark that names the key, and each use of the mark
asks whether that key is still good. Nothing is granted that the key does not have.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import select

from tieline.core.clock import now
from tieline.storage.database import Database
from tieline.storage.tables import api_keys, tenants, users
from tieline.tenancy import standing

SESSION_LIFETIME = timedelta(hours=8)


class Mark(Struct, frozen=True, array_like=True):
    """What a browser keeps (signed by the edge)."""

    tenant_id: UUID
    key_id: UUID
    at: int


class Person(Struct, frozen=True, kw_only=True):
    """A person who is signed in."""

    tenant_id: UUID
    user_id: UUID
    key_id: UUID
    name: str
    scopes: frozenset[str]
    at: datetime

    def mark(self) -> bytes:
        """What to give to the browser."""
        return msgspec.json.encode(Mark(self.tenant_id, self.key_id, int(self.at.timestamp())))


async def remembered(database: Database, mark: bytes) -> Person | None:
    """The person of a mark; None where it is too old, or its key or its user no longer good."""
    try:
        read = msgspec.json.decode(mark, type=Mark)
    except msgspec.MsgspecError:
        return None
    at = datetime.fromtimestamp(read.at, UTC)
    if not now() - SESSION_LIFETIME < at <= now() + timedelta(minutes=1):
        return None
    return await of_key(database, read.tenant_id, read.key_id, at)


async def of_key(database: Database, tenant_id: UUID, key_id: UUID, at: datetime) -> Person | None:
    """The person whose API key this is."""
    statement = (
        select(api_keys.c.scopes, api_keys.c.expires_at, users.c.id, users.c.name, users.c.email, users.c.external_id)
        .join(users, (users.c.tenant_id == api_keys.c.tenant_id) & (users.c.id == api_keys.c.user_id))
        .join(tenants, tenants.c.id == api_keys.c.tenant_id)
        .where(
            api_keys.c.tenant_id == tenant_id,
            api_keys.c.id == key_id,
            api_keys.c.revoked_at.is_(None),
            api_keys.c.sub_type == "user",
            standing.in_good_standing(),
        )
    )
    async with database.system() as unit:
        row: dict[str, Any] | None = await unit.one(statement)
    if row is None or (row["expires_at"] is not None and row["expires_at"] <= now()):
        return None
    return Person(
        tenant_id=tenant_id,
        user_id=row["id"],
        key_id=key_id,
        name=row["name"] or row["email"] or row["external_id"],
        scopes=frozenset(row["scopes"]),
        at=at,
    )
