"""Runs: pause, resume, and once more with other inputs. Additions of ours."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.runs.schemas import RunDetail, show_detail
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Body, Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.automations.runs import pausing
from tieline.core import json

router = APIRouter(tags=["automations"])

Writer = Annotated[Call, Depends(access("automations", "write"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]
RunId = Annotated[UUID, Depends(path_id("runId", "run"))]


class Rerun(Body):
    """Starts a run like an earlier one."""

    inputs: Any = Field(default=None, description="In place of what the earlier run began with; left out: the same.")
    version: Literal["same", "current"] = Field(
        default="current", description="The version that the earlier run ran, or the one that a start would run now."
    )


@router.post(
    "/automations/{id:uuid}/runs/{runId:uuid}/actions/pause",
    **documented("Pause a run", name="pauseRun", status=204, errors=[404, 409]),
)
async def pause_run(call: Writer, automation_id: AutomationId, run_id: RunId) -> Response:
    """A run that waits or sleeps pauses at once, a running one before its next block; it then holds no worker and no
    place of its automation. A run that is over, or paused, cannot be paused: 409."""
    async with call.unit() as unit:
        await reach(call, unit, automation_id, to="run")
        await pausing.pause(unit, await call.services.runs.get(unit, run_id, automation_id))
        await call.record(unit, "run.paused", run_id, detail={"automationId": automation_id})
    return Empty()


@router.post(
    "/automations/{id:uuid}/runs/{runId:uuid}/actions/resume",
    **documented("Resume a paused run", name="resumeRun", status=204, errors=[404, 409]),
)
async def resume_run(call: Writer, automation_id: AutomationId, run_id: RunId) -> Response:
    """Goes on with a paused run where it was. Any other run: 409."""
    async with call.unit() as unit:
        await reach(call, unit, automation_id, to="run")
        await pausing.resume(unit, await call.services.runs.get(unit, run_id, automation_id))
        await call.record(unit, "run.resumed", run_id, detail={"automationId": automation_id})
    return Empty()


@router.post(
    "/automations/{id:uuid}/runs/{runId:uuid}/actions/rerun",
    **documented(
        "Run once more, with the same or other inputs",
        name="rerunRun",
        answer=RunDetail,
        status=201,
        errors=[404, 409],
        body=Rerun,
    ),
)
async def rerun(
    call: Writer,
    automation_id: AutomationId,
    run_id: RunId,
    body: Annotated[Incoming[Rerun], Depends(json_body(Rerun))],
) -> Response:
    """A new run from the start; the earlier one stays as it is."""
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id, to="run")
        earlier = await call.services.runs.get(unit, run_id, automation_id)
        same = None if earlier["inputs"] is None else json.loads(earlier["inputs"])
        run = await call.services.runs.start(
            unit,
            automation=automation,
            context="api_async",
            inputs=body.model.inputs if "inputs" in body.names else same,
            executed_by=call.principal.user_id,
            credential=call.principal.credential,
            title=earlier["title"],
            version=earlier["version"] if body.model.version == "same" else None,
            rerun_of=run_id,
        )
        told = {"automationId": automation_id, "rerunOf": run_id}
        await call.record(unit, "run.started", run["id"], automation["name"], told)
    return Json(show_detail(run), 201)
