"""A tenant with automations, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from tieline.automations.library import Automations
from tieline.automations.triggers import timings
from tieline.automations.triggers.scheduler import Scheduler
from tieline.core import json
from tieline.core.ids import new_id
from tieline.security.vault import Vault, parse_keys
from tieline.storage.database import Database
from tieline.storage.tables import runs, schedules
from tieline.tenancy import partners, tenants, users

ENDED = ("finished", "failed", "stopped")


def document(mode: str, *blocks: dict[str, Any], **said: Any) -> dict[str, Any]:
    """A workspace whose start block says ``mode``, followed by ``blocks`` in a row."""
    given = [{"id": name, "value": value} for name, value in {"run_mode": mode, **said}.items()]
    start = {"id": "S", "type": "StartBlock", "name": "start", "inputs": given}
    row = [start, *blocks]
    for block, after in pairwise(row):
        block["childId"] = after["id"]
    return {"blocks": row, "variables": []}


@dataclass
class Hand:
    """Moves the clock."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class Office:
    """The automations of one tenant, under a clock."""

    database: Database
    tenant: UUID
    user: UUID
    library: Automations
    clock: Hand

    async def automation(
        self, workspace: dict[str, Any] | None = None, *, schedules: Sequence[dict[str, Any]] = (), **values: Any
    ) -> UUID:
        """A saved automation with schedules that begin at the clock's time."""
        async with self.database.tenant(self.tenant) as unit:
            row = await self.library.create(
                unit,
                owner_id=self.user,
                name=str(values.pop("name", "test")),
                workspace=json.dumps(workspace or document("scheduled")),
                schedules=schedules,
                **values,
            )
            await self._at_the_clocks_time(unit, row)
        found: UUID = row["id"]
        return found

    async def _at_the_clocks_time(self, unit: Any, row: dict[str, Any]) -> None:
        await unit.delete(schedules, schedules.c.automation_id == row["id"])
        await timings.keep_in_step(unit, row, clock=self.clock)

    async def schedule(self, automation: UUID) -> dict[str, Any]:
        """The row of its schedule."""
        async with self.database.tenant(self.tenant) as unit:
            row = await unit.one(unit.select(schedules).where(schedules.c.automation_id == automation))
        assert row is not None
        return row

    async def started(self, automation: UUID) -> list[str]:
        """The slots whose runs were started, in the order of starting."""
        async with self.database.tenant(self.tenant) as unit:
            rows = await unit.all(unit.select(runs).where(runs.c.automation_id == automation).order_by(runs.c.id))
        return [row["scheduled_at"].strftime("%H:%M:%S") for row in rows]

    async def end_runs(self, status: str = "finished") -> None:
        """As if a worker had run what waits."""
        async with self.database.tenant(self.tenant) as unit:
            await unit.update(runs, runs.c.status == "not started", status=status)

    async def tick(self, *schedulers: Scheduler, times: int = 1, **by: float) -> None:
        """Moves the clock and lets each scheduler look, ``times`` over; runs end at once."""
        for _ in range(times):
            self.clock.move(**by)
            for scheduler in schedulers:
                await scheduler.fire()
            await self.end_runs()


async def opened(database: Database) -> Office:
    async with database.system() as unit:
        await unit.update(schedules, enabled=False)  # those of earlier tests
        partner = await partners.create(unit, name="P", app_id=str(new_id()))
        tenant = await tenants.create(unit, partner_id=partner, external_id=str(new_id()), name="T")
    async with database.tenant(tenant) as unit:
        user = await users.create(unit, external_id="u")
    library = Automations(database, Vault(parse_keys(Vault.generate_key())))
    return Office(database, tenant, user, library, Hand())


@pytest.fixture
async def office(database: Database) -> Office:
    return await opened(database)


@pytest.fixture
def scheduler(office: Office) -> Scheduler:
    return Scheduler(office.database, clock=office.clock)
