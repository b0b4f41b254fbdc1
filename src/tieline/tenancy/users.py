"""Users: the people of a tenant.

Who is removed keeps a row without a name (``status`` deleted), because what they own is still there; nothing but this
row tells of them, and nobody finds it. It keeps a hash of their external id, so that signing on does not bring them
back by itself (`was_removed`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.errors import Conflict, NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import (
    api_keys,
    embed_sessions,
    oauth_codes,
    oauth_tokens,
    passwords,
    space_assignments,
    studio_identities,
    studio_invitations,
    studio_sessions,
    users,
)
from tieline.storage.unit import Unit
from tieline.tenancy import standing

LONGEST_EXTERNAL_ID = 1000
LONGEST_TEXT = 1000
# What comes with a person, beside the columns; it lies in ``settings`` under these names.
SETTINGS = ("picture", "preferredLocale", "preferredZoneinfo", "inviteExpiry", "assignedGroups")
_REMOVED = "removed:"
_REMOVED_SUBJECT = "removedSubject"

_WAYS_IN = (
    api_keys,
    oauth_tokens,
    oauth_codes,
    embed_sessions,
    passwords,
    studio_identities,
    studio_invitations,
    studio_sessions,
)

ALIVE: ColumnElement[bool] = users.c.status != standing.DELETED


async def create(
    unit: Unit,
    *,
    external_id: str,
    name: str = "",
    email: str | None = None,
    roles: Sequence[str] = (),
    status: str = standing.ACTIVE,
    **settings: Any,
) -> UUID:
    """A new user of the unit's tenant. Raises `Conflict` where the external id is taken."""
    user_id = new_id()
    statement = insert(users).values(
        tenant_id=unit.tenant_id,
        id=user_id,
        external_id=external_id,
        name=name,
        email=email,
        roles=list(roles),
        status=status,
        settings=settings,
    )
    if await unit.scalar(statement.on_conflict_do_nothing().returning(users.c.id)) is None:
        raise Conflict(f"There is a user with the external id {external_id[:100]!r} already.", pointer="/externalId")
    return user_id


async def get(unit: Unit, user_id: UUID, *, locked: bool = False) -> dict[str, Any]:
    """One user of the unit's tenant. Raises `NotFound`."""
    statement = unit.select(users).where(users.c.id == user_id, ALIVE)
    row = await unit.one(statement.with_for_update() if locked else statement)
    if row is None:
        raise NotFound("There is no such user.")
    return row


async def find(unit: Unit, external_id: str) -> dict[str, Any] | None:
    """The user whom the partner knows under this id."""
    return await unit.one(unit.select(users).where(users.c.external_id == external_id, ALIVE))


async def find_by_email(unit: Unit, email: str) -> dict[str, Any] | None:
    """The user with this address, whatever its capitals; the oldest of several."""
    mine = (func.lower(users.c.email) == func.lower(email), ALIVE)
    return await unit.one(unit.select(users).where(*mine).order_by(users.c.id).limit(1))


async def count(unit: Unit) -> int:
    """How many users the unit's tenant has."""
    found: int = await unit.scalar(unit.select(users, func.count()).where(ALIVE))
    return found


async def roles_in_use(unit: Unit) -> list[str]:
    """The names of the roles that users of the unit's tenant have."""
    statement = select(func.unnest(users.c.roles).label("role")).where(users.c.tenant_id == unit.tenant_id).distinct()
    return [row["role"] for row in await unit.all(statement)]


async def change(unit: Unit, user_id: UUID, **values: Any) -> None:
    """Sets columns of a user, ``settings`` as a whole; what it may be is the caller's to check.

    A link to choose a password that went to another address is good no more.
    """
    if "email" in values:
        await unit.delete(studio_invitations, studio_invitations.c.user_id == user_id)
    await unit.update(users, users.c.id == user_id, **values, updated_at=now())


async def remove(unit: Unit, user_id: UUID) -> None:
    """Ends all of a user's ways in and forgets the person. What they own stays, and does not run any more.

    Raises `NotFound`.
    """
    row = await get(unit, user_id, locked=True)
    for table in _WAYS_IN:
        await unit.delete(table, table.c.user_id == user_id)
    await unit.delete(space_assignments, space_assignments.c.type == "user", space_assignments.c.assignee_id == user_id)
    await change(
        unit,
        user_id,
        status=standing.DELETED,
        external_id=f"{_REMOVED}{user_id}",
        name="",
        email=None,
        roles=[],
        settings={_REMOVED_SUBJECT: _fingerprint(unit, row["external_id"])},
    )


async def was_removed(unit: Unit, external_id: str) -> bool:
    """Whether a user of this external id was removed from the unit's tenant."""
    removed = users.c.settings[_REMOVED_SUBJECT].as_string() == _fingerprint(unit, external_id)
    found = unit.select(users, users.c.id).where(users.c.status == standing.DELETED, removed).limit(1)
    return await unit.scalar(found) is not None


def _fingerprint(unit: Unit, external_id: str) -> str:
    return hashlib.sha256(f"{unit.tenant_id}\0{external_id}".encode("utf-8", "surrogatepass")).hexdigest()
