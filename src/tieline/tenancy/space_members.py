"""Who is in a space: assignments of users, each with its roles. The owner needs none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.errors import BadInput, Conflict, NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import space_assignments, spaces
from tieline.storage.unit import Unit
from tieline.tenancy import audit, space_roles, users
from tieline.tenancy.listing import Listing
from tieline.tenancy.principal import Principal
from tieline.tenancy.spaces import reach

KINDS: Final = ("user", "group", "bot")

LISTING = Listing(
    space_assignments.c.id,
    filters={},
    sorts={"id": space_assignments.c.id, "createdAt": space_assignments.c.created_at},
)


class AssignmentExists(Conflict):
    """A user has one assignment to a space, which is changed and not repeated."""

    code = "assignment-exists"
    title = "The assignment exists already"


async def get(unit: Unit, space_id: UUID, assignment_id: UUID) -> dict[str, Any]:
    """One assignment of the space. Raises `NotFound`."""
    mine = (space_assignments.c.space_id == space_id, space_assignments.c.id == assignment_id)
    row = await unit.one(unit.select(space_assignments).where(*mine))
    if row is None:
        raise NotFound("There is no such assignment.")
    return row


async def assign(
    unit: Unit, by: Principal, space_id: UUID, *, kind: str, assignee_id: UUID, roles: Sequence[str]
) -> dict[str, Any]:
    """Gives a user roles in the space. There are no groups and bots here: `NotFound`, as for an unknown user.

    The first one that a space without an owner gets makes its owner of who gives it, so that it is closed for good.
    Raises `NotFound`, `Forbidden`, `BadInput` for the roles, `AssignmentExists`.
    """
    space = await reach(unit, by, space_id, "manage", lock=True)
    wanted = _checked(space["type"], roles)
    if kind != space_roles.USER:
        raise NotFound(f"There is no such {kind}; assign users.", pointer="/assigneeId")
    await users.get(unit, assignee_id)
    assignment_id = new_id()
    statement = insert(space_assignments).values(
        tenant_id=unit.tenant_id,
        id=assignment_id,
        space_id=space_id,
        type=kind,
        assignee_id=assignee_id,
        roles=wanted,
        created_by=by.user_id,
        updated_by=by.user_id,
    )
    if await unit.scalar(statement.on_conflict_do_nothing().returning(space_assignments.c.id)) is None:
        raise AssignmentExists("The user is in this space already; change that assignment.", pointer="/assigneeId")
    if space["owner_id"] is None:
        await unit.update(spaces, spaces.c.id == space_id, owner_id=by.user_id, updated_at=now())
    await _record(unit, by, "created", space, assignment_id, {"assigneeId": assignee_id, "roles": wanted})
    return await get(unit, space_id, assignment_id)


async def change(
    unit: Unit, by: Principal, space_id: UUID, assignment_id: UUID, roles: Sequence[str] | None
) -> dict[str, Any]:
    """Replaces the roles of an assignment; None leaves them. Raises `NotFound`, `Forbidden`, `BadInput`."""
    space = await reach(unit, by, space_id, "manage", lock=True)
    row = await get(unit, space_id, assignment_id)
    wanted = row["roles"] if roles is None else _checked(space["type"], roles)
    if wanted == row["roles"]:
        return row
    await unit.update(
        space_assignments,
        space_assignments.c.id == assignment_id,
        roles=wanted,
        updated_by=by.user_id,
        updated_at=now(),
    )
    told = {"assigneeId": row["assignee_id"], "roles": [row["roles"], wanted]}
    await _record(unit, by, "updated", space, assignment_id, told)
    return await get(unit, space_id, assignment_id)


async def remove(unit: Unit, by: Principal, space_id: UUID, assignment_id: UUID) -> None:
    """Takes somebody out of the space. Raises `NotFound`, `Forbidden`."""
    space = await reach(unit, by, space_id, "manage", lock=True)
    row = await get(unit, space_id, assignment_id)
    await unit.delete(space_assignments, space_assignments.c.id == assignment_id)
    told = {"assigneeId": row["assignee_id"], "roles": row["roles"]}
    await _record(unit, by, "deleted", space, assignment_id, told)


def _checked(kind: str, roles: Sequence[str]) -> list[str]:
    known = space_roles.ASSIGNABLE[kind]
    wanted = list(dict.fromkeys(roles))
    if not wanted or any(role not in known for role in wanted):
        raise BadInput(
            f"The roles of an assignment in a space of type {kind} are one or more of {', '.join(known)}.",
            pointer="/roles",
        )
    return wanted


async def _record(
    unit: Unit, by: Principal, what: str, space: dict[str, Any], assignment_id: UUID, told: dict[str, Any]
) -> None:
    await audit.record(
        unit,
        by,
        action=f"space-assignment.{what}",
        subject=f"space-assignment:{assignment_id}",
        name=space["name"],
        detail={"spaceId": space["id"], **told},
    )
