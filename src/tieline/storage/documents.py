"""The workspace document of a version of an automation, wherever it is kept.

An automation of a tenant keeps its own versions. An integration has none: it runs the versions of its partner's
template. Those lie in a table of the installation, which a tenant's transaction does not see; what is read here is one
version of the one template that an automation of the unit's tenant follows.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from uuid import UUID

from sqlalchemy import select

from tieline.storage.tables import automation_versions, automations, template_versions
from tieline.storage.unit import Unit

KEPT_BYTES: Final = 4 * 2**20
"""Of template documents at hand: a version never changes, and many tenants run the same one."""

_kept: OrderedDict[tuple[UUID, int], bytes] = OrderedDict()


async def workspace_of(unit: Unit, automation_id: UUID, version: int) -> bytes | None:
    """The document, JSON; None where the unit's tenant has no such automation, or it no such version."""
    mine = (automation_versions.c.automation_id == automation_id, automation_versions.c.version == version)
    own = await unit.scalar(unit.select(automation_versions, automation_versions.c.workspace).where(*mine))
    if own is not None:
        return bytes(own)
    template = await unit.scalar(
        unit.select(automations, automations.c.template_id).where(automations.c.id == automation_id)
    )
    return None if template is None else await _of_template(unit, template, version)


async def _of_template(unit: Unit, template_id: UUID, version: int) -> bytes | None:
    """``template_id`` must come from a row that the unit may see."""
    key = template_id, version
    if key not in _kept:
        statement = select(template_versions.c.workspace).where(
            template_versions.c.template_id == template_id, template_versions.c.version == version
        )
        async with unit.beyond() as system:
            found = await system.scalar(statement)
        if found is None:
            return None
        _keep(key, bytes(found))
        return bytes(found)
    _kept.move_to_end(key)
    return _kept[key]


def _keep(key: tuple[UUID, int], document: bytes) -> None:
    _kept[key] = document
    while sum(map(len, _kept.values())) > KEPT_BYTES and len(_kept) > 1:
        _kept.popitem(last=False)
