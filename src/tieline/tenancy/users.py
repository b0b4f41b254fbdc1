"""Users: the people of a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from tieline.core.errors import Conflict, NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import users
from tieline.storage.unit import Unit


async def create(
    unit: Unit, *, external_id: str, name: str = "", email: str | None = None, roles: Sequence[str] = ()
) -> UUID:
    """A new user of the unit's tenant. Raises `Conflict` where the external id is taken."""
    user_id = new_id()
    statement = insert(users).values(
        tenant_id=unit.tenant_id, id=user_id, external_id=external_id, name=name, email=email, roles=list(roles)
    )
    if (await unit.connection.execute(statement.on_conflict_do_nothing())).rowcount == 0:
        raise Conflict(f"There is a user with the external id {external_id!r} already.", pointer="/externalId")
    return user_id


async def get(unit: Unit, user_id: UUID) -> dict[str, Any]:
    """One user of the unit's tenant. Raises `NotFound`."""
    row = await unit.one(unit.select(users).where(users.c.id == user_id))
    if row is None:
        raise NotFound("There is no such user.")
    return row


async def find(unit: Unit, external_id: str) -> dict[str, Any] | None:
    """The user whom the partner knows under this id."""
    return await unit.one(unit.select(users).where(users.c.external_id == external_id))
