"""What the people of a tenant may do in a space, decided here and nowhere else.

| role | see | run | use | edit | manage |
|---|---|---|---|---|---|
| consumer, basicconsumer, operator | x | x | | | |
| datapreview | x | | | | |
| dataconsumer | x | | x | | |
| contributor, producer, publisher, codeveloper | x | x | x | x | |
| facilitator, and the space's owner | x | x | x | x | x |

See: the space and what lies in it. Run: start, stop and retry its automations. Use: its connections, in automations of
one's own. Edit: change and remove what lies in it, and move into it. Manage: its name and members. Only the owner and
administrators delete it or give it away; administrators may do everything in every space. What a person owns is theirs
wherever it lies.

A space without an owner is open: everybody in the tenant may do there what an editor may, as long as it has none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Table, Text, and_, exists, literal, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY

from tieline.core.errors import Forbidden, NotFound, TielineError
from tieline.storage.tables import space_assignments, spaces, users
from tieline.storage.unit import Unit
from tieline.tenancy import standing
from tieline.tenancy.principal import TENANT_ADMIN, Principal

Ability = Literal["see", "run", "use", "edit", "manage"]

_EDITOR: Final[frozenset[Ability]] = frozenset({"see", "run", "use", "edit"})
EVERYTHING: Final[frozenset[Ability]] = _EDITOR | {"manage"}
NOTHING: Final[frozenset[Ability]] = frozenset()

ROLES: Final[Mapping[str, frozenset[Ability]]] = MappingProxyType(
    {
        "consumer": frozenset({"see", "run"}),
        "basicconsumer": frozenset({"see", "run"}),
        "operator": frozenset({"see", "run"}),
        "datapreview": frozenset({"see"}),
        "dataconsumer": frozenset({"see", "use"}),
        "contributor": _EDITOR,
        "producer": _EDITOR,
        "publisher": _EDITOR,
        "codeveloper": _EDITOR,
        "facilitator": EVERYTHING,
    }
)

# By the type of the space, as the published document lists them.
ASSIGNABLE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "shared": ("codeveloper", "consumer", "dataconsumer", "facilitator", "producer"),
        "managed": ("basicconsumer", "consumer", "contributor", "dataconsumer", "facilitator", "publisher"),
        "data": ("consumer", "dataconsumer", "datapreview", "facilitator", "operator", "producer", "publisher"),
    }
)
USER = "user"


def where(table: Table, user_id: UUID | ColumnElement[UUID], ability: Ability) -> ColumnElement[bool]:
    """The condition on a table with ``space_id`` that its row lies in a space where the user may do this.

    The administrator's right is not looked at: it is the key's too, which only a `Principal` knows of.
    """
    of_space = [spaces.c.tenant_id == table.c.tenant_id, spaces.c.id == table.c.space_id]
    open_or_own = spaces.c.owner_id == user_id
    if ability in _EDITOR:
        open_or_own = or_(open_or_own, spaces.c.owner_id.is_(None))
    member = exists().where(
        space_assignments.c.tenant_id == table.c.tenant_id,
        space_assignments.c.space_id == table.c.space_id,
        _has(user_id, _giving(ability)),
    )
    return or_(
        exists().where(*of_space, open_or_own).correlate_except(spaces),
        member.correlate_except(space_assignments),
    )


def mine(user_id: UUID, ability: Ability) -> ColumnElement[bool]:
    """The same condition on ``spaces`` itself."""
    open_or_own = [spaces.c.owner_id == user_id]
    if ability in _EDITOR:
        open_or_own.append(spaces.c.owner_id.is_(None))
    return or_(*open_or_own, assigned(user_id, _giving(ability)))


def assigned(user_id: UUID, roles: Collection[str]) -> ColumnElement[bool]:
    """The condition on ``spaces`` that the user was assigned one of these roles there."""
    found = exists().where(
        space_assignments.c.tenant_id == spaces.c.tenant_id,
        space_assignments.c.space_id == spaces.c.id,
        _has(user_id, roles),
    )
    return found.correlate_except(space_assignments)


def roles_of(user_id: UUID) -> ColumnElement[list[str]]:
    """The roles that the user was assigned in a row of ``spaces``; NULL = none."""
    found = select(space_assignments.c.roles).where(
        space_assignments.c.tenant_id == spaces.c.tenant_id,
        space_assignments.c.space_id == spaces.c.id,
        space_assignments.c.type == USER,
        space_assignments.c.assignee_id == user_id,
    )
    return found.correlate_except(space_assignments).scalar_subquery()


def administers(tenant: ColumnElement[UUID], user_id: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
    """The condition that this user is an administrator of the tenant, whichever key they come with."""
    roles = type_coerce(users.c.roles, ARRAY(Text))
    found = exists().where(
        users.c.tenant_id == tenant,
        users.c.id == user_id,
        users.c.status.not_in(standing.BARRED),
        roles.contains([TENANT_ADMIN]),
    )
    return found.correlate_except(users)


def abilities(row: Mapping[str, Any], user_id: UUID, roles: list[str] | None) -> frozenset[Ability]:
    """What a user with these roles may do in a space, whose row this is."""
    if row["owner_id"] == user_id:
        return EVERYTHING
    given = _EDITOR if row["owner_id"] is None else NOTHING
    return given.union(*(ROLES.get(role, NOTHING) for role in roles or ()))


async def allowed(unit: Unit, user_id: UUID, space_id: UUID, *, lock: bool = False) -> frozenset[Ability]:
    """What the user may do in a space; nothing where there is none. ``lock`` keeps it from being removed meanwhile."""
    statement = unit.select(spaces, spaces.c.owner_id, roles_of(user_id).label("roles")).where(spaces.c.id == space_id)
    row = await unit.one(statement.with_for_update(read=True, key_share=True) if lock else statement)
    return NOTHING if row is None else abilities(row, user_id, row["roles"])


async def may(unit: Unit, principal: Principal, row: Mapping[str, Any], ability: Ability) -> bool:
    """Whether the caller may do this to what has this ``owner_id`` and ``space_id``."""
    if principal.is_admin or row["owner_id"] == principal.user_id:
        return True
    return row["space_id"] is not None and ability in await allowed(unit, principal.user_id, row["space_id"])


async def require(unit: Unit, principal: Principal, row: Mapping[str, Any], ability: Ability, what: str) -> None:
    """Raises `NotFound` for what the caller may not see, `Forbidden` for what they may see, but not do this to."""
    if principal.is_admin or row["owner_id"] == principal.user_id:
        return
    found = NOTHING if row["space_id"] is None else await allowed(unit, principal.user_id, row["space_id"])
    if "see" not in found:
        raise NotFound(f"There is no such {what}.")
    if ability not in found:
        raise lacking(ability, f"this {what}")


async def enter(
    unit: Unit,
    principal: Principal,
    space_id: UUID | None,
    *,
    error: type[TielineError] = NotFound,
    pointer: str | None = "/spaceId",
) -> None:
    """Before something is made in a space or moved into it: raises ``error`` for one that the caller may not see, and
    `Forbidden` for one that they may not edit. None is the personal space."""
    if space_id is None:
        return
    found = await allowed(unit, principal.user_id, space_id, lock=True)
    if principal.is_admin and await unit.scalar(unit.select(spaces, literal(True)).where(spaces.c.id == space_id)):
        return
    if "see" not in found:
        raise error("The space does not exist; name one of this tenant, or none for the personal one.", pointer=pointer)
    if "edit" not in found:
        raise lacking("edit", "what lies in this space")


def lacking(ability: Ability, what: str) -> Forbidden:
    """What to raise for a role that is not enough."""
    roles = ", ".join(_giving(ability))
    return Forbidden(f"Your role in the space does not let you {ability} {what}; one of these does: {roles}.")


def _giving(ability: Ability) -> list[str]:
    return [name for name, gives in ROLES.items() if ability in gives]


def _has(user_id: UUID | ColumnElement[UUID], roles: Collection[str]) -> ColumnElement[bool]:
    return and_(
        space_assignments.c.type == USER,
        space_assignments.c.assignee_id == user_id,
        type_coerce(space_assignments.c.roles, ARRAY(Text)).overlap(list(roles)),
    )
