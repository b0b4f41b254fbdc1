"""Partners: the SaaS vendors that embed Tieline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from tieline.core.errors import Conflict
from tieline.core.ids import new_id
from tieline.storage.tables import partners
from tieline.storage.unit import Unit


async def create(unit: Unit, *, name: str, app_id: str) -> UUID:
    """A new partner; a unit of `Database.system` is needed. Raises `Conflict` where the app id is taken."""
    partner_id = new_id()
    statement = insert(partners).values(id=partner_id, name=name, app_id=app_id).on_conflict_do_nothing()
    if (await unit.connection.execute(statement)).rowcount == 0:
        raise Conflict(f"There is a partner with the app id {app_id!r} already.", pointer="/appId")
    return partner_id


async def find(unit: Unit, app_id: str) -> dict[str, Any] | None:
    """The partner with this app id, without its key's hash."""
    columns = (partners.c.id, partners.c.name, partners.c.app_id, partners.c.created_at)
    return await unit.one(select(*columns).where(partners.c.app_id == app_id))
