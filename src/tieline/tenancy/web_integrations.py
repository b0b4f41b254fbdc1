"""Web integrations: the origins whose pages may call the tenant's API from a browser (CORS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tieline.core import origins
from tieline.core.clock import now
from tieline.core.errors import BadInput, NotFound
from tieline.core.ids import new_id
from tieline.storage.tables import web_integrations
from tieline.storage.unit import Unit
from tieline.tenancy import audit
from tieline.tenancy.listing import Listing, by_letters
from tieline.tenancy.principal import Principal

LONGEST_NAME = 512
MOST_ORIGINS = 100
MOST = 1_000

LISTING = Listing(
    web_integrations.c.id,
    filters={},
    sorts={"name": by_letters(web_integrations.c.name), "id": web_integrations.c.id},
)
_KIND = "web-integration"
_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 13))")


class TooManyWebIntegrations(BadInput):
    """The tenant has as many as it can have; the published document answers a creation with 201, 400 or 403."""

    code = "too-many-web-integrations"
    title = "Too many web integrations"


def checked_name(name: str, *, pointer: str = "/name") -> str:
    """The name as it is. Raises `BadInput` where it is too long."""
    if len(name) > LONGEST_NAME:
        raise BadInput(f"The name is longer than {LONGEST_NAME} characters; shorten it.", pointer=pointer)
    return name


def checked_origins(given: Sequence[str], *, pointer: str = "/validOrigins", one: bool = False) -> list[str]:
    """Normalized, each once, in the order given. Raises `InvalidOrigin`, or `BadInput` for too many.

    ``one``: all came as one text, so that there is nothing below ``pointer`` to point at.
    """
    if len(given) > MOST_ORIGINS:
        raise BadInput(f"There are more than {MOST_ORIGINS} origins; use several web integrations.", pointer=pointer)
    places = (pointer if one else f"{pointer}/{index}" for index in range(len(given)))
    return list(
        dict.fromkeys(origins.normalized(text, pointer=place) for text, place in zip(given, places, strict=True))
    )


async def create(unit: Unit, by: Principal, *, name: str, valid_origins: Sequence[str]) -> dict[str, Any]:
    """A new one. Raises `BadInput`."""
    checked_name(name)
    kept = checked_origins(valid_origins)
    # One after the other, so that the count holds.
    await unit.connection.execute(_ONE_AT_A_TIME, {"name": str(by.tenant_id)})
    if await unit.scalar(unit.select(web_integrations, sa.func.count())) >= MOST:
        raise TooManyWebIntegrations(f"A tenant can have {MOST} web integrations; delete one that is not used.")
    made = new_id()
    await unit.insert(web_integrations, id=made, name=name, valid_origins=kept, created_by=by.user_id)
    await audit.record(
        unit, by, action=f"{_KIND}.created", subject=f"{_KIND}:{made}", name=name, detail={"validOrigins": kept}
    )
    return await get(unit, made)


async def get(unit: Unit, web_integration_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """One of the unit's tenant. Raises `NotFound`."""
    statement = unit.select(web_integrations).where(web_integrations.c.id == web_integration_id)
    row = await unit.one(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("There is no such web integration.")
    return row


async def change(
    unit: Unit,
    by: Principal,
    web_integration_id: UUID,
    *,
    name: str | None = None,
    valid_origins: Sequence[str] | None = None,
) -> None:
    """Replaces what is not None; ``valid_origins`` come from `checked_origins`. Raises `NotFound`, `BadInput`."""
    before = await get(unit, web_integration_id, lock=True)
    after: dict[str, Any] = {}
    if name is not None:
        after["name"] = checked_name(name)
    if valid_origins is not None:
        after["valid_origins"] = list(valid_origins)
    if not after:
        return
    await unit.update(web_integrations, web_integrations.c.id == web_integration_id, updated_at=now(), **after)
    await audit.record(
        unit,
        by,
        action=f"{_KIND}.updated",
        subject=f"{_KIND}:{web_integration_id}",
        name=after.get("name", before["name"]),
        detail=audit.changes(before, after),
    )


async def delete(unit: Unit, by: Principal, web_integration_id: UUID) -> None:
    """Removes it: its origins are refused within a second. Raises `NotFound`."""
    before = await get(unit, web_integration_id, lock=True)
    await unit.delete(web_integrations, web_integrations.c.id == web_integration_id)
    await audit.record(
        unit,
        by,
        action=f"{_KIND}.deleted",
        subject=f"{_KIND}:{web_integration_id}",
        name=before["name"],
        detail={"validOrigins": before["valid_origins"]},
    )
