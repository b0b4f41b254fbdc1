"""Lists of users: what of them can be filtered on and sorted by."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from tieline.core import filters
from tieline.core.filters import Attribute, BadFilter, Both, Comparison, Either, Negation, Node, Present
from tieline.storage.tables import users
from tieline.storage.unit import Unit
from tieline.tenancy import roles
from tieline.tenancy.conditions import Filters, condition
from tieline.tenancy.listing import Listing, by_letters
from tieline.tenancy.users import ALIVE

# As many ids as one request may ask for, each as `id eq "..."`, and some more.
LONGEST_FILTER: Final = 16_000
MOST_TERMS: Final = 220

_NOTHING: ColumnElement[str] = sa.literal("", sa.Text)
_SINGLE: Filters = {
    "id": (Attribute(), users.c.id),
    "subject": (Attribute(), users.c.external_id),
    "name": (Attribute(), users.c.name),
    "email": (Attribute(), users.c.email),
    "status": (Attribute(), users.c.status),
    "clientId": (Attribute(), _NOTHING),
}
_ROLE_ID, _ROLE_NAME, _GROUP_ID = "assignedRoles.id", "assignedRoles.name", "assignedGroups.id"
# Groups give no roles, and users no scopes, so nobody has one of the last two.
_MANIFOLD = (_ROLE_ID, _ROLE_NAME, _GROUP_ID, "assignedGroupsAssignedRoles.name", "assignedScopes")
ATTRIBUTES = {name: attribute for name, (attribute, _) in _SINGLE.items()} | dict.fromkeys(_MANIFOLD, Attribute())

LISTING = Listing(
    users.c.id,
    filters=_SINGLE,
    sorts={
        "name": by_letters(users.c.name),
        "_id": users.c.id,
        "id": users.c.id,
        "tenantId": sa.cast(users.c.tenant_id, sa.Text),
        "clientId": _NOTHING,
        "status": users.c.status,
        "subject": by_letters(users.c.external_id),
        "email": by_letters(users.c.email),
        "inviteExpiry": sa.cast(users.c.settings["inviteExpiry"].as_string(), sa.BigInteger),
        "createdAt": users.c.created_at,
    },
)


def chosen(unit: Unit, text: str) -> Select[Any]:
    """The SELECT of the tenant's users for whom the filter ``text`` (empty = none) holds. Raises `BadFilter`."""
    statement = unit.select(users).where(ALIVE)
    if not text:
        return statement
    tree = filters.parse(text, ATTRIBUTES, longest=LONGEST_FILTER, most_terms=MOST_TERMS)
    return statement.where(_condition(tree))


def _condition(node: Node) -> ColumnElement[bool]:
    match node:
        case Both(parts):
            return sa.and_(*(_condition(part) for part in parts))
        case Either(parts):
            return sa.or_(*(_condition(part) for part in parts))
        case Negation(part):
            return sa.not_(_condition(part))
        case Present(name) if name in _MANIFOLD:
            return _has_any(name)
        case Comparison(name, operator, value) if name in _MANIFOLD:
            if operator not in {"eq", "ne"} or value is None:
                raise BadFilter(f"{name} has many values, so it is only compared by eq and ne, with a text.")
            held = _has(name, str(value).lower())
            return held if operator == "eq" else sa.not_(held)
        case _:
            return condition(node, _SINGLE)


def _has(name: str, value: str) -> ColumnElement[bool]:
    if name == _GROUP_ID:
        held = users.c.settings["assignedGroups"].contains([{"id": value}])
        return sa.func.coalesce(held, sa.false(), type_=sa.Boolean)
    if name not in {_ROLE_ID, _ROLE_NAME}:
        return sa.false()
    role: ColumnElement[str] = sa.func.unnest(users.c.roles).column_valued("role")
    shown: ColumnElement[Any] = sa.func.lower(role)
    if name == _ROLE_ID:
        shown = sa.cast(sa.cast(sa.func.md5(sa.literal(roles.ID_PREFIX) + role), sa.Uuid), sa.Text)
    return sa.exists(sa.select(sa.literal(1)).where(shown == sa.literal(value)).correlate(users))


def _has_any(name: str) -> ColumnElement[bool]:
    if name in {_ROLE_ID, _ROLE_NAME}:
        return sa.func.cardinality(users.c.roles) > 0
    if name == _GROUP_ID:
        held: ColumnElement[bool] = users.c.settings.has_key("assignedGroups")
        return held
    return sa.false()
