"""Completion events: an automation that follows another one starts when a run of that one ends.

The job is queued in the transaction in which the run ends; the follower's run has a key made of that run and how it
ended, so that it starts once. A follower's payload is ``{automation, name, runId, status, error, output}``.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import structlog

from tieline.automations.runs.errors import NotStartable
from tieline.automations.runs.service import COMPLETED, Runs
from tieline.automations.triggers.starts import ENDINGS
from tieline.core import json
from tieline.storage.database import Database
from tieline.storage.queue import Queue
from tieline.storage.tables import automations, runs
from tieline.tenancy import notices

log = structlog.get_logger(__name__)

DEEPEST: Final = 10
"""Runs that start each other, by a call or by completion; then the chain is taken for an endless one."""
LARGEST_OUTPUT: Final = 256 * 1024


class Following:
    """The task ``run_completed``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs = Runs(database)

    def register(self, queue: Queue) -> None:
        """Gives a worker the task."""
        queue.register(COMPLETED, self.completed)

    async def completed(self, *, tenant_id: str, run_id: str, status: str) -> None:
        """Start what follows. Raises `QueueFull`, so that it is tried again."""
        async with self._database.tenant(UUID(tenant_id)) as unit:
            run = await unit.one(unit.select(runs).where(runs.c.id == UUID(run_id)))
            if run is None:
                return
            mine = str(run["automation_id"])
            found = await unit.all(
                unit.select(automations)
                .where(automations.c.follows.contains([{"automationId": mine}]), automations.c.state == "available")
                .order_by(automations.c.id)
            )
            name = await unit.scalar(
                unit.select(automations, automations.c.name).where(automations.c.id == run["automation_id"])
            )
            for follower in found:
                if not any(one["automationId"] == mine and status in ENDINGS[one["on"]] for one in follower["follows"]):
                    continue
                if run["depth"] >= DEEPEST:
                    await _too_deep(unit, follower)
                    continue
                await self._start(unit, follower, run, status, name)

    async def _start(self, unit: Any, follower: dict[str, Any], run: dict[str, Any], status: str, name: str) -> None:
        output = run["output"] if run["output"] is not None and len(run["output"]) <= LARGEST_OUTPUT else b"null"
        payload = {
            "automation": str(run["automation_id"]),
            "name": name,
            "runId": str(run["id"]),
            "status": status,
            "error": run["error"],
            "output": json.loads(output),
        }
        try:
            await self._runs.start(
                unit,
                automation=follower,
                context="automation",
                inputs=payload,
                key=f"completion:{run['id']}:{run['fence']}",
                parent=run,
            )
        except NotStartable as error:
            log.info("run.not_followed", run=str(run["id"]), detail=error.detail)


async def _too_deep(unit: Any, follower: dict[str, Any]) -> None:
    await notices.open(
        unit,
        kind="automation-circle",
        subject=f"automation:{follower['id']}",
        title="Automations start each other without end",
        detail=f"“{follower['name']}” was not started: {DEEPEST} runs before it had started each other.",
    )
