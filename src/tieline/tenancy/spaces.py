"""Spaces: shared places for automations and connections. What their members may do there: `space_roles`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from msgspec import UNSET, UnsetType

from tieline.core.clock import now
from tieline.core.errors import BadInput, Conflict, Forbidden, NotFound, Terminal
from tieline.core.ids import new_id
from tieline.storage.tables import automations, connections, spaces
from tieline.storage.unit import Unit
from tieline.tenancy import audit, space_roles, users
from tieline.tenancy.listing import Listing, by_letters
from tieline.tenancy.principal import Principal

TYPES: Final = ("data", "managed", "shared")
LONGEST_NAME = 256
LONGEST_DESCRIPTION = 10_000
NAME_PATTERN = r'^[^"*?<>/|\\:]+$'

LISTING = Listing(
    spaces.c.id,
    filters={},
    sorts={
        "id": spaces.c.id,
        "type": spaces.c.type,
        "name": by_letters(spaces.c.name),
        "createdAt": spaces.c.created_at,
    },
)

_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 19))")


class SpaceExists(Conflict):
    """The tenant has a space with this name."""

    code = "space-exists"
    title = "The space exists already"


class SpaceNameTaken(Forbidden):
    """A rename to a name that another space has; the published document has no 409 for changes."""

    code = "space-name-taken"
    title = "The name is taken"


class SpaceNotEmpty(Terminal):
    """A space that still holds automations or connections."""

    code = "space-not-empty"
    status = 412
    title = "The space is not empty"


async def create(
    unit: Unit,
    *,
    name: str,
    owner_id: UUID | None = None,
    type: str = "shared",
    description: str = "",
    created_by: UUID | None = None,
) -> UUID:
    """A new space of the unit's tenant; without an owner it is open to everybody in it."""
    space_id = new_id()
    about = {"type": type, "description": description, "created_by": created_by}
    await unit.insert(spaces, id=space_id, name=name, owner_id=owner_id, **about)
    return space_id


async def make(unit: Unit, by: Principal, *, name: str, type: str, description: str) -> dict[str, Any]:
    """A new space that ``by`` owns. Raises `BadInput` for a name that cannot be, `SpaceExists` for a taken one."""
    await _check_name(unit, name, None, SpaceExists)
    space_id = await create(
        unit, name=name, owner_id=by.user_id, type=type, description=description, created_by=by.user_id
    )
    told = {"type": type, "description": description}
    await audit.record(unit, by, action="space.created", subject=f"space:{space_id}", name=name, detail=told)
    return await reach(unit, by, space_id)


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


def seen(unit: Unit, by: Principal) -> sa.Select[Any]:
    """The spaces that the caller may see, with the ``roles`` that they were assigned there."""
    statement = unit.select(spaces, *spaces.c, space_roles.roles_of(by.user_id).label("roles"))
    return statement if by.is_admin else statement.where(space_roles.mine(by.user_id, "see"))


async def reach(
    unit: Unit, by: Principal, space_id: UUID, ability: space_roles.Ability = "see", *, lock: bool = False
) -> dict[str, Any]:
    """A space with the caller's ``roles``. Raises `NotFound` for one that they may not see, `Forbidden` where their
    role is too small."""
    statement = seen(unit, by).where(spaces.c.id == space_id)
    row = await unit.one(statement.with_for_update(of=spaces) if lock else statement)
    if row is None:
        raise NotFound("There is no such space.")
    if ability not in abilities(row, by):
        raise space_roles.lacking(ability, "it" if ability == "manage" else "this space")
    return row


def abilities(row: Mapping[str, Any], by: Principal) -> frozenset[space_roles.Ability]:
    """What the caller may do in a space that was read by `seen`."""
    return space_roles.EVERYTHING if by.is_admin else space_roles.abilities(row, by.user_id, row["roles"])


def owns(row: Mapping[str, Any], by: Principal) -> bool:
    """Whether the caller may remove the space and give it away."""
    return by.is_admin or row["owner_id"] == by.user_id


async def change(
    unit: Unit,
    by: Principal,
    space_id: UUID,
    *,
    name: str | UnsetType = UNSET,
    description: str | UnsetType = UNSET,
    owner_id: UUID | UnsetType = UNSET,
) -> dict[str, Any]:
    """Changes what is given. Raises `NotFound`, `Forbidden`, `SpaceNameTaken`, and `BadInput` for a name or an owner
    that cannot be."""
    row = await reach(unit, by, space_id, "manage", lock=True)
    wanted: dict[str, Any] = {"name": name, "description": description, "owner_id": owner_id}
    values = {key: value for key, value in wanted.items() if value is not UNSET and value != row[key]}
    if "name" in values:
        await _check_name(unit, values["name"], space_id, SpaceNameTaken)
    if "owner_id" in values:
        if not owns(row, by):
            raise Forbidden("Only the owner of a space and tenant administrators may give it to somebody else.")
        try:
            await users.get(unit, values["owner_id"])
        except NotFound:
            raise BadInput("There is no such user.", pointer="/ownerId") from None
    if not values:
        return row
    told = audit.changes(row, values)
    values["updated_at"] = now()
    await unit.update(spaces, spaces.c.id == space_id, **values)
    await audit.record(
        unit, by, action="space.updated", subject=f"space:{space_id}", name=values.get("name", row["name"]), detail=told
    )
    # Who gives a space away may not see it any more.
    return {**row, **values}


async def delete(unit: Unit, by: Principal, space_id: UUID) -> None:
    """Removes a space with its assignments. Raises `NotFound`, `Forbidden`, and `SpaceNotEmpty`."""
    row = await reach(unit, by, space_id, lock=True)
    if not owns(row, by):
        raise Forbidden("Only the owner of a space and tenant administrators may delete it.")
    for table, what in ((automations, "automations"), (connections, "connections")):
        if await unit.scalar(unit.select(table, table.c.id).where(table.c.space_id == space_id).limit(1)) is not None:
            raise SpaceNotEmpty(f"The space still holds {what}; move or delete them first.")
    await unit.delete(spaces, spaces.c.id == space_id)
    await audit.record(unit, by, action="space.deleted", subject=f"space:{space_id}", name=row["name"])


async def _check_name(unit: Unit, name: str, but: UUID | None, taken: type[SpaceExists] | type[SpaceNameTaken]) -> None:
    if not re.fullmatch(NAME_PATTERN[1:-1], name) or len(name) > LONGEST_NAME:
        raise BadInput(
            f'The name of a space has 1 to {LONGEST_NAME} characters, and none of " * ? < > / | \\ :.', pointer="/name"
        )
    # Of two that want the same name at a time the second sees the first.
    await unit.connection.execute(_ONE_AT_A_TIME, {"name": f"spaces/{unit.tenant_id}"})
    others = [] if but is None else [spaces.c.id != but]
    found = await unit.scalar(unit.select(spaces, spaces.c.id).where(spaces.c.name == name, *others))
    if found is not None:
        raise taken(f"There is a space named {name[:80]!r} already; choose another name.", pointer="/name")
