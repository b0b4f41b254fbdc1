"""Whose automations and connections a user sees: the own ones, and those in the spaces of the tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, or_, true

from tieline.tenancy.principal import Principal


def visible(table: Table, principal: Principal, *, all_of_tenant: bool = True) -> ColumnElement[bool]:
    """The condition on a table with ``owner_id`` and ``space_id``.

    ``all_of_tenant`` lets an administrator see what is private to others; for everybody else it changes nothing.
    """
    if all_of_tenant and principal.is_admin:
        return true()
    return or_(table.c.owner_id == principal.user_id, table.c.space_id.is_not(None))


def sees(principal: Principal, row: Mapping[str, Any]) -> bool:
    """The same for one row that was read already."""
    return principal.is_admin or row["owner_id"] == principal.user_id or row["space_id"] is not None


def usable_by(table: Table, user_id: UUID | ColumnElement[UUID]) -> ColumnElement[bool]:
    """The condition on a connection that what belongs to this user may work with: it is theirs, or in a space.

    Administrators are no exception: to see a connection is not to act under its owner's name.
    """
    return or_(table.c.owner_id == user_id, table.c.space_id.is_not(None))
