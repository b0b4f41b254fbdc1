"""Rows that several tests of storage need."""

from __future__ import annotations

from uuid import UUID

from tieline.core.ids import new_id
from tieline.storage import tables
from tieline.storage.database import Database


async def make_tenant(database: Database) -> UUID:
    partner, tenant = new_id(), new_id()
    async with database.system() as unit:
        await unit.insert(tables.partners, id=partner, name="partner", app_id=str(partner))
        await unit.insert(tables.tenants, id=tenant, partner_id=partner, external_id="one", name="tenant")
    return tenant


async def make_run(database: Database, tenant: UUID | None = None, status: str = "queued") -> tuple[UUID, UUID]:
    tenant = tenant or await make_tenant(database)
    automation, run = new_id(), new_id()
    async with database.tenant(tenant) as unit:
        await unit.insert(tables.automations, id=automation, name="a", owner_id=tenant, version=1)
        await unit.insert(
            tables.runs,
            id=run,
            automation_id=automation,
            version=1,
            status=status,
            context="test",
            owner_id=tenant,
        )
    return tenant, run
