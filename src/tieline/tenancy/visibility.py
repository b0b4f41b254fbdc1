"""Whose automations and connections a user sees: the own ones, and those in the spaces that they may see."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, or_, true

from tieline.tenancy import space_roles
from tieline.tenancy.principal import Principal


def visible(
    table: Table, principal: Principal, *, all_of_tenant: bool = True, ability: space_roles.Ability = "see"
) -> ColumnElement[bool]:
    """The condition on a table with ``owner_id`` and ``space_id``.

    ``all_of_tenant`` lets an administrator see what is private to others; for everybody else it changes nothing.
    ``ability`` is what the caller wants to do there, where seeing is not enough.
    """
    if principal.is_admin:
        return true() if all_of_tenant else or_(table.c.owner_id == principal.user_id, table.c.space_id.is_not(None))
    return or_(table.c.owner_id == principal.user_id, space_roles.where(table, principal.user_id, ability))


def usable_by(table: Table, user_id: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
    """The condition on a connection that what belongs to this user may work with: it is theirs, or in a space whose
    connections they may use.

    Administrators may use what lies in any space, but nobody's own: to see a connection is not to act under its owner's
    name.
    """
    anywhere = and_(table.c.space_id.is_not(None), space_roles.administers(table.c.tenant_id, user_id))
    return or_(table.c.owner_id == user_id, space_roles.where(table, user_id, "use"), anywhere)
