"""Tenants: the customer accounts of a partner, and their settings.

``tenants`` has no tenant column, so its rows are reached through a unit of `Database.system`, never with an id that a
client sent: only with the one of its principal.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from tieline.core.errors import Conflict, NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import tenants
from tieline.storage.unit import Unit


async def create(unit: Unit, *, partner_id: UUID, external_id: str, name: str) -> UUID:
    """A new tenant of a partner. Raises `Conflict` where the partner has one with this external id."""
    tenant_id = new_id()
    statement = insert(tenants).values(id=tenant_id, partner_id=partner_id, external_id=external_id, name=name)
    if (await unit.connection.execute(statement.on_conflict_do_nothing())).rowcount == 0:
        raise Conflict(f"There is a tenant with the external id {external_id!r} already.", pointer="/externalId")
    return tenant_id


async def get(unit: Unit, tenant_id: UUID) -> dict[str, Any]:
    """One tenant. Raises `NotFound`."""
    row = await unit.one(select(tenants).where(tenants.c.id == tenant_id))
    if row is None:
        raise NotFound("There is no such tenant.")
    return row


async def find(unit: Unit, partner_id: UUID, external_id: str) -> dict[str, Any] | None:
    """The tenant that the partner knows under this id."""
    statement = select(tenants).where(tenants.c.partner_id == partner_id, tenants.c.external_id == external_id)
    return await unit.one(statement)


async def put_settings(unit: Unit, tenant_id: UUID, **settings: Any) -> dict[str, Any]:
    """Sets some of the tenant's settings and gives all of them back; the others stay."""
    statement = (
        update(tenants)
        .where(tenants.c.id == tenant_id)
        .values(settings=tenants.c.settings.op("||")(settings))
        .returning(tenants.c.settings)
    )
    row = await unit.one(statement)
    if row is None:
        raise NotFound("There is no such tenant.")
    stored: dict[str, Any] = row["settings"]
    return stored


async def settings_of(unit: Unit) -> dict[str, Any]:
    """The settings of the unit's own tenant."""
    settings: dict[str, Any] = await unit.scalar(select(tenants.c.settings).where(tenants.c.id == unit.tenant_id)) or {}
    return settings
