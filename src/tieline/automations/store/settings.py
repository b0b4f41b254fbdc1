"""The settings of an integration: one value for each label, whichever of its forms asked for it.

What was set from outside lies in ``integrations.inputs``; what a run was answered lies beside its form. The later word
holds, and it holds for every version of the template: blocks may be replaced there, labels are what people know.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tieline.storage.tables import form_answers, integrations
from tieline.storage.unit import Unit


async def settings_of(unit: Unit, automation_id: UUID) -> dict[str, Any] | None:
    """By label; None for an automation that is no integration."""
    given = await unit.scalar(
        unit.select(integrations, integrations.c.inputs).where(integrations.c.automation_id == automation_id)
    )
    if given is None:
        return None
    found: dict[str, Any] = dict(given)
    statement = unit.select(form_answers).where(form_answers.c.automation_id == automation_id)
    for row in await unit.all(statement.order_by(form_answers.c.updated_at)):
        found |= row["answers"] if isinstance(row["answers"], dict) else {}
    return found
