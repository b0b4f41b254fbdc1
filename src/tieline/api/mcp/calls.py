"""Calls of tools: an automation's run from its start to its end, or one block of a connection."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import anyio
from sqlalchemy import func

from tieline.api.edge.access import Call
from tieline.automations.runs.errors import NotRunning
from tieline.automations.runs.service import ACTIVE, ENDED
from tieline.automations.tools import flows
from tieline.automations.tools.blocks import Caller, bounded
from tieline.automations.tools.catalog import Tool
from tieline.automations.tools.schemas import problems
from tieline.core import json
from tieline.core.errors import NotFound
from tieline.security.known import Known
from tieline.storage.tables import journal, runs
from tieline.storage.unit import Unit
from tieline.tenancy import audit

WAIT_SECONDS = 55.0
WATCHED_SECONDS = 600.0  # where the client hears of progress, and so need not give up
LOOKED_AT_FIRST, LOOK_SECONDS = 0.05, 0.5
GOOD = ("finished", "finished with warnings")

Progress = Callable[[float, str], Awaitable[None]]


class Failed(Exception):
    """The tool ran and failed; ``told`` is for the agent."""

    def __init__(self, text: str, told: dict[str, Any]) -> None:
        super().__init__(text)
        self.told = told


def check_arguments(tool: Tool, given: dict[str, Any]) -> None:
    """Raises `Failed` with one entry for each argument that does not fit the tool's schema."""
    _refuse(problems(tool.schema, given))


def _refuse(found: list[tuple[str, str]]) -> None:
    if found:
        lines = [f"{at or 'The arguments'}: {rule}" for at, rule in found]
        errors = [{"code": "invalid-argument", "pointer": at, "detail": rule} for at, rule in found]
        raise Failed("The arguments do not fit. " + "; ".join(lines) + ".", {"errors": errors})


async def call_block(call: Call, tool: Tool, given: dict[str, Any], key: str) -> dict[str, Any]:
    """What the block gave. The audit log has the call before it is made."""
    assert tool.block is not None
    call.principal.require("connections", "write")
    check_arguments(tool, given)
    async with call.unit() as unit:
        await _record(call, unit, tool, {"block": tool.block.id, "arguments": sorted(given)})
    services = call.services
    caller = Caller(services.connections, services.egress, call.edge.cursors)
    # The API need not know what the key is made of.
    hashed = hashlib.sha256(key.encode()).hexdigest()
    return await caller.call(call.principal.tenant_id, tool.row["id"], tool.block, given, hashed)


async def call_automation(
    call: Call, tool: Tool, given: dict[str, Any], key: str, progress: Progress | None, *, stops: bool
) -> dict[str, Any]:
    """``{run, status, output}`` of a run that went well. ``stops``: the run stops when nobody waits for it any more.

    Raises `Failed` with the run's id where it went badly, or goes on for longer than anybody waits.
    """
    call.principal.require("automations", "write")
    check_arguments(tool, given)
    async with call.unit() as unit:
        inputs = await flows.inputs_of(unit, tool.row, given)
        _refuse(await flows.wrong(unit, tool.row, inputs))
        run = await call.services.runs.start(
            unit,
            automation=tool.row,
            context="api_sync",
            inputs=inputs,
            executed_by=call.principal.user_id,
            key=key,
        )
        await _record(call, unit, tool, {"run": str(run["id"]), "arguments": sorted(given)})
    try:
        run = await _ended(call, run["id"], progress)
    except asyncio.CancelledError:
        if stops:
            with anyio.CancelScope(shield=True):
                await stop(call, run["id"])
        raise
    return _answer(run)


async def stop(call: Call, run_id: UUID) -> None:
    """Asks the run to stop; one that is over is left as it is."""
    with suppress(NotRunning, NotFound):
        async with call.unit() as unit:
            await call.services.runs.request_stop(unit, run_id)


async def cancel(call: Call, key: str) -> None:
    """Stops the run that this caller has started under ``key``, if there is one."""
    call.principal.require("automations", "write")
    async with call.unit() as unit:
        run_id = await unit.scalar(
            unit.select(runs, runs.c.id).where(
                runs.c.start_key == key, runs.c.executed_by == call.principal.user_id, runs.c.status.in_(ACTIVE)
            )
        )
    if run_id is not None:
        await stop(call, run_id)


async def _ended(call: Call, run_id: UUID, progress: Progress | None) -> dict[str, Any]:
    """The run's row once it is over, or when the waiting is."""
    if progress is None:
        return await call.services.runs.wait(call.principal.tenant_id, run_id, WAIT_SECONDS)
    deadline = time.monotonic() + WATCHED_SECONDS
    told, pause = -1, LOOKED_AT_FIRST
    while True:
        async with call.unit() as unit:
            run = await call.services.runs.get(unit, run_id)
            steps: int = await unit.scalar(
                unit.select(journal, func.coalesce(func.max(journal.c.seq), 0)).where(journal.c.run_id == run_id)
            )
        if steps > told:
            told = steps
            await progress(float(steps), f"Run {run_id}: {run['status']}")
        if run["status"] in ENDED or time.monotonic() >= deadline:
            return run
        await asyncio.sleep(pause)
        pause = min(pause * 1.2, LOOK_SECONDS)


def _answer(run: dict[str, Any]) -> dict[str, Any]:
    about = {"run": str(run["id"]), "status": run["status"]}
    if run["status"] not in ENDED:
        raise Failed(
            f"Run {run['id']} is {run['status']} and goes on; its answer was not waited for any longer.",
            {**about, "errors": [{"code": "still-running", "detail": "The run takes longer than a call can wait."}]},
        )
    if run["status"] not in GOOD:
        errors = [_error(one) for one in _listed(run["error"])]
        why = "; ".join(one["detail"] for one in errors if one["detail"]) or run["status"]
        raise Failed(f"Run {run['id']} ended as {run['status']}: {why}", {**about, "errors": errors})
    output, _ = bounded(json.loads(run["output"]) if run["output"] is not None else None, Known())
    return {**about, "output": output}


def _listed(error: Any) -> list[dict[str, Any]]:
    found = error if isinstance(error, list) else [error]
    return [one for one in found if isinstance(one, dict)][:20]


def _error(one: dict[str, Any]) -> dict[str, Any]:
    return {"code": str(one.get("code", "")), "detail": str(one.get("detail", ""))[:2000], "block": one.get("block")}


async def _record(call: Call, unit: Unit, tool: Tool, detail: dict[str, Any]) -> None:
    await audit.record(
        unit,
        call.principal,
        action=f"{tool.of}.tool-called",
        subject=f"{tool.of}:{tool.row['id']}",
        name=tool.row["name"],
        detail={"tool": tool.name, **detail},
    )
