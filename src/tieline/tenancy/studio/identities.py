"""Which user a person of the identity provider is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, collate, func, literal, select

from tieline.storage.tables import studio_identities, tenants, users
from tieline.storage.unit import Unit
from tieline.tenancy import standing
from tieline.tenancy import users as user_rules
from tieline.tenancy.studio import setup
from tieline.tenancy.studio.errors import NotInvited
from tieline.tenancy.studio.oidc import Identity


async def person(unit: Unit, identity: Identity) -> dict[str, Any]:
    """The user, whose identity is kept from now on: as known before, or by the verified address.

    ``unit`` is one of `Database.system`. Of several users with the address it is one of the installation's own tenant,
    or else the oldest. Raises `NotInvited`.
    """
    refused = NotInvited("There is no account for you here; ask an administrator to invite you.")
    alive = select(users).join(tenants, tenants.c.id == users.c.tenant_id).where(standing.in_good_standing())
    linked = (studio_identities.c.tenant_id == users.c.tenant_id) & (studio_identities.c.user_id == users.c.id)
    mine = (studio_identities.c.issuer == identity.issuer, studio_identities.c.subject == identity.subject)
    if await unit.one(select(studio_identities.c.user_id).where(*mine)) is not None:
        row = await unit.one(alive.join(studio_identities, linked).where(*mine))
        if row is None:
            raise refused
        return row
    if identity.email is None:
        raise refused
    home = await setup.default_tenant(unit)
    known = await unit.one(
        alive.where(_same(users.c.email, identity.email))
        .order_by((users.c.tenant_id == home).desc(), users.c.id)
        .limit(1)
        .with_for_update(of=users)
    )
    if known is None:
        raise refused
    own = Unit(unit.connection, known["tenant_id"])
    # Somebody else of the provider has been this user: the address has changed hands.
    if await own.one(own.select(studio_identities).where(studio_identities.c.user_id == known["id"])) is not None:
        raise refused
    await own.insert(studio_identities, user_id=known["id"], issuer=identity.issuer, subject=identity.subject)
    if known["status"] == standing.INVITED:
        await user_rules.change(own, known["id"], status=standing.ACTIVE)
    if not known["name"] and identity.name:
        await user_rules.change(own, known["id"], name=identity.name[: user_rules.LONGEST_TEXT])
    return known


def _same(column: ColumnElement[Any], email: str) -> ColumnElement[bool]:
    """Whether it is this address, whatever its capitals: of ASCII alone, as other letters have lower case in common
    with these (the Kelvin sign is a k then) and belong to other mailboxes.
    """
    return func.lower(collate(column, "C")) == func.lower(collate(literal(email), "C"))
