"""Tenants: the customer accounts of a partner, and their settings.

``tenants`` has no tenant column, so its rows are reached through a unit of `Database.system`, never with an id that a
client sent: only with the one of its principal, or one that `reach` has let pass.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from tieline.core.clock import now
from tieline.core.errors import Conflict, NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import tenants
from tieline.storage.unit import Unit
from tieline.tenancy import standing
from tieline.tenancy.principal import Principal


async def create(unit: Unit, *, partner_id: UUID, external_id: str, name: str, **settings: Any) -> UUID:
    """A new tenant of a partner. Raises `Conflict` where the partner has one with this external id."""
    tenant_id = new_id()
    statement = insert(tenants).values(
        id=tenant_id, partner_id=partner_id, external_id=external_id, name=name, settings=settings
    )
    if await unit.scalar(statement.on_conflict_do_nothing().returning(tenants.c.id)) is None:
        raise Conflict(f"There is a tenant with the external id {external_id!r} already.", pointer="/externalId")
    return tenant_id


async def get(unit: Unit, tenant_id: UUID, *, locked: bool = False) -> dict[str, Any]:
    """One tenant. Raises `NotFound`."""
    statement = select(tenants).where(tenants.c.id == tenant_id)
    row = await unit.one(statement.with_for_update(key_share=True) if locked else statement)
    if row is None:
        raise NotFound("There is no such tenant.")
    return row


async def reach(unit: Unit, principal: Principal, tenant_id: UUID, *, locked: bool = False) -> dict[str, Any]:
    """A tenant that ``principal`` may look at: the own one, or for who administers the partner, one of the partner.

    Raises `NotFound` for any other: whether there is one is not told.
    """
    if tenant_id != principal.tenant_id and not principal.is_partner_admin:
        raise NotFound("There is no such tenant.")
    row = await get(unit, tenant_id, locked=locked)
    if row["status"] == standing.PARTNER:
        raise NotFound("There is no such tenant.")
    if tenant_id != principal.tenant_id and row["partner_id"] != principal.partner_id:
        raise NotFound("There is no such tenant.")
    return row


async def find(unit: Unit, partner_id: UUID, external_id: str) -> dict[str, Any] | None:
    """The tenant that the partner knows under this id."""
    mine = (tenants.c.partner_id == partner_id, tenants.c.status != standing.PARTNER)
    statement = select(tenants).where(*mine, tenants.c.external_id == external_id)
    return await unit.one(statement)


async def of_partner(unit: Unit, partner_id: UUID) -> list[dict[str, Any]]:
    """All tenants of a partner, oldest first."""
    mine = (tenants.c.partner_id == partner_id, tenants.c.status != standing.PARTNER)
    return await unit.all(select(tenants).where(*mine).order_by(tenants.c.id))


async def rename(unit: Unit, tenant_id: UUID, name: str) -> None:
    """Gives a tenant another name."""
    await unit.update(tenants, tenants.c.id == tenant_id, name=name, updated_at=now())


async def deactivate(unit: Unit, tenant_id: UUID, *, purge_after: timedelta) -> dict[str, Any]:
    """Shuts a tenant: no key of it is let in, no run of it starts, running ones stop at their next block.

    Where it is shut already, only the time changes after which it may be removed. Gives the row. Raises `NotFound`.
    """
    row = await _kept(unit, tenant_id)
    moment = now()
    since = moment if row["status"] == standing.ACTIVE else row["status_at"] or moment
    values = {
        "status": standing.DISABLED,
        "status_at": since,
        "purge_at": moment + purge_after,
        "updated_at": moment,
    }
    await unit.update(tenants, tenants.c.id == tenant_id, **values)
    return {**row, **values}


async def reactivate(unit: Unit, tenant_id: UUID) -> None:
    """Opens a tenant again that was shut; one that is open stays as it is. Raises `NotFound` once its time is over."""
    row = await _kept(unit, tenant_id)
    if row["status"] != standing.ACTIVE:
        moment = now()
        values = {"status": standing.ACTIVE, "status_at": moment, "purge_at": None, "updated_at": moment}
        await unit.update(tenants, tenants.c.id == tenant_id, **values)


async def _kept(unit: Unit, tenant_id: UUID) -> dict[str, Any]:
    """A tenant, locked, that nobody is removing at this moment: whose time is over may be half gone."""
    row = await get(unit, tenant_id, locked=True)
    if row["status"] != standing.ACTIVE and row["purge_at"] is not None and row["purge_at"] <= now():
        raise NotFound("The tenant's time is over; it is being removed.")
    return row


async def put_settings(unit: Unit, tenant_id: UUID, **settings: Any) -> dict[str, Any]:
    """Sets some of the tenant's settings and gives all of them back; the others stay."""
    statement = (
        update(tenants)
        .where(tenants.c.id == tenant_id)
        .values(settings=tenants.c.settings.op("||")(settings), updated_at=now())
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
