"""Spaces: shared places for automations and connections. Everybody in the tenant works in its spaces."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tieline.core.errors import BadInput, NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import spaces
from tieline.storage.unit import Unit


async def create(unit: Unit, *, name: str, owner_id: UUID | None = None) -> UUID:
    """A new space of the unit's tenant."""
    space_id = new_id()
    await unit.insert(spaces, id=space_id, name=name, owner_id=owner_id)
    return space_id


async def get(unit: Unit, space_id: UUID) -> dict[str, Any]:
    """One space of the unit's tenant. Raises `NotFound`."""
    row = await unit.one(unit.select(spaces).where(spaces.c.id == space_id))
    if row is None:
        raise NotFound("There is no such space.")
    return row


async def check(unit: Unit, space_id: UUID | None, *, pointer: str = "/spaceId") -> None:
    """Raises `BadInput` where a request names a space that the tenant does not have; None is the personal space."""
    if space_id is not None and await unit.one(unit.select(spaces, spaces.c.id).where(spaces.c.id == space_id)) is None:
        raise BadInput(
            "The space does not exist; name one of this tenant, or none for the personal space.", pointer=pointer
        )
