"""In which place of the queue a run begins: fair between tenants first, by priority within a tenant after that.

A place is how many turns of its tenant a run lets pass; the queue serves place 0 of every tenant before place 1 of any.

* A run of normal priority stands behind all that its tenant has waiting.
* One of high priority stands behind the tenant's own high ones only, and before what else is in its place; but never in
  place 0 where anything of the tenant waits, so that the first run of each other tenant still comes first. What it
  gains its tenant pays: normal ones stand back by one place more for each high one that waits. A tenant whose
  automations are all high gets no more turns than one whose automations are all normal.
* One of low priority stands behind all that its tenant has waiting, and a stretch more, by which later normal ones, of
  any tenant, overtake it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import func

from tieline.storage.tables import automations, runs
from tieline.storage.unit import Unit

LOW, NORMAL, HIGH = -1, 0, 1
PRIORITIES: Final = {"low": LOW, "normal": NORMAL, "high": HIGH}
STRETCH: Final = 20
"""Places by which a run of low priority waits longer."""
_STEPS: Final = 2  # of the queue's priority between two places: one half is for those that go first in theirs


async def queue_priority(
    unit: Unit, level: int, waiting: int, statuses: tuple[str, ...], *, head_start: int = 0
) -> int:
    """The priority of the job of a run that begins while ``waiting`` runs of the tenant are in one of ``statuses``.

    ``level`` is the automation's; ``head_start`` is in places.
    """
    high = await _waiting_high(unit, statuses) if waiting else 0
    if level >= HIGH:
        return _STEPS * (head_start - min(waiting, high + 1)) + 1
    return _STEPS * (head_start - waiting - high - (STRETCH if level <= LOW else 0))


async def _waiting_high(unit: Unit, statuses: tuple[str, ...]) -> int:
    found: int = await unit.scalar(
        unit.select(runs, func.count())
        .join(automations, (automations.c.tenant_id == runs.c.tenant_id) & (automations.c.id == runs.c.automation_id))
        .where(runs.c.status.in_(statuses), automations.c.priority >= HIGH)
    )
    return found
