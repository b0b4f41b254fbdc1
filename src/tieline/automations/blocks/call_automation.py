"""Call automation: runs another automation of the tenant, and waits for its end without holding a worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from tieline.automations.blocks.values import decoded, flag
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid
from tieline.automations.engine.registry import BlockType, CompileContext, Suspend, register
from tieline.automations.runs.service import ENDED, Runs
from tieline.automations.store.fence import hold
from tieline.automations.triggers.following import DEEPEST
from tieline.core import clock, json
from tieline.storage.database import Database
from tieline.storage.tables import automations, runs

AT_ONCE_SECONDS: Final = 0.5
"""For which the caller waits in place: most called automations are short."""
LOOK_AGAIN: Final = timedelta(minutes=5)
"""After which a caller looks although nobody woke it."""


class Calls:
    """Starts runs for runs, and reads how they ended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs = Runs(database)

    async def call(self, context: BlockContext, wanted: UUID, inputs: Any, *, awaited: bool) -> dict[str, Any]:
        """The row of the called run, which is started once for each execution of the block."""
        async with self._database.tenant(context.run.tenant_id) as unit:
            automation = await unit.one(unit.select(automations).where(automations.c.id == wanted))
            if automation is None:
                raise BlockInputInvalid(f"guid {wanted} names no automation of this tenant; choose another one")
            if wanted == context.run.automation_id:
                raise BlockInputInvalid("an automation may not call itself; choose another one in guid")
            await hold(unit, context.run, "it calls what this one would have called")
            parent = await self._runs.get(unit, context.run.run_id)
            if parent["depth"] >= DEEPEST:
                raise BlockInputInvalid(f"automations call each other more than {DEEPEST} deep; end the circle")
            return await self._runs.start(
                unit,
                automation=automation,
                context="automation",
                inputs=inputs,
                executed_by=parent["executed_by"],
                key=f"call:{context.run.run_id}:{context.path}",
                parent=parent,
                awaited=awaited,
            )

    async def called(self, context: BlockContext, wanted: UUID) -> dict[str, Any] | None:
        """The run that this execution of the block has called, None where it is gone."""
        async with self._database.tenant(context.run.tenant_id) as unit:
            await hold(unit, context.run, "it waits for what this one has called")
            await unit.update(runs, runs.c.id == context.run.run_id, woken=False)
            return await self._runs.started_by(unit, wanted, f"call:{context.run.run_id}:{context.path}")

    async def ended(self, context: BlockContext, run_id: UUID) -> dict[str, Any]:
        """The row once the run is over, or as it is after a short while."""
        until = time.monotonic() + AT_ONCE_SECONDS
        while True:
            async with self._database.tenant(context.run.tenant_id) as unit:
                row = await self._runs.get(unit, run_id)
            if row["status"] in ENDED or time.monotonic() > until:
                return row
            await asyncio.sleep(0.05)


@register
class CallWidgetBlock(BlockType):
    type = "CallWidgetBlock"
    doc = (
        "Call automation: runs automation `guid` with `widgetInputs` as its payload; its output is what it showed. "
        "While it waits it holds no worker. Setting or input `async` yes does not wait and gives the run's id."
    )
    reads = True

    def compile(self, context: CompileContext) -> Any:
        given = context.block.get("widgetInputs")
        if given is None:
            given = context.input("widgetInputs", context.input("inputs"))
        if isinstance(given, list):
            named = {_name(one): one.get("value") for one in given if isinstance(one, Mapping)}
        else:
            value = decoded(given)
            named = dict(value) if isinstance(value, Mapping) else {}
        guid = context.block.get("guid") or context.input("guid")
        awaited = not flag(context.input("async", context.setting("async", False)))
        return context.formula(guid), {name: context.formula(value) for name, value in named.items()}, awaited

    def inputs(self, program: Any, context: BlockContext) -> Any:
        guid, named, _ = program
        return {
            "guid": guid.evaluate(context.state, context.env),
            "inputs": {name: value.evaluate(context.state, context.env) for name, value in named.items()},
        }

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        try:
            wanted = UUID(str(inputs["guid"]))
        except ValueError:
            raise BlockInputInvalid(f"guid {str(inputs['guid'])[:60]!r} is no id of an automation") from None
        caller = context.services.get(Calls)
        row = await caller.called(context, wanted)
        if row is None:
            if context.intent is not None:
                raise BlockInputInvalid("the called run was removed before it had ended")
            row = await caller.call(context, wanted, inputs["inputs"] or None, awaited=program[2])
        if not program[2]:
            return {"id": str(row["id"])}
        if row["status"] not in ENDED:
            row = await caller.ended(context, row["id"])
        if row["status"] not in ENDED:
            return Suspend(clock.now() + LOOK_AGAIN)
        if not row["status"].startswith("finished"):
            detail = (row["error"] or [{}])[0].get("detail", "")
            raise BlockInputInvalid(f"the called automation is {row['status']}: {detail}"[:500])
        shown = json.loads(row["output"]) if row["output"] is not None else []
        return shown[0] if len(shown) == 1 else shown


def _name(entry: Mapping[str, Any]) -> str:
    """What an entry of ``widgetInputs`` is called: a key of a payload, or the id or label of a field of a form."""
    return str(next((entry[name] for name in ("key", "id", "label", "name") if entry.get(name)), ""))
