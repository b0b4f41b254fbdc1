"""Runs: ``/automations/{id}/runs``."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from msgspec import Raw
from starlette.responses import PlainTextResponse, Response

from tieline.api.cloud.automations.reach import cursor_name, reach
from tieline.api.cloud.runs.answers import check_answers
from tieline.api.cloud.runs.errors import conflicts_are_bad_requests
from tieline.api.cloud.runs.schemas import (
    LISTING,
    SHOWN,
    DebugLog,
    RunDetail,
    RunList,
    RunOutput,
    StartRun,
    show_detail,
    show_item,
    shown_status,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import ListQuery, Lists, one_value
from tieline.automations.runs import history
from tieline.core import json
from tieline.core.errors import BadInput
from tieline.storage.tables import runs
from tieline.storage.unit import Unit
from tieline.tenancy.space_roles import Ability

router = APIRouter(tags=["automations"])

LIST = Lists("runs", LISTING, default_limit=10)
DEBUG_PAGE = 1000
DEBUG_MAX_BYTES = 20 * 2**20
VERSION: dict[str, Any] = {
    "name": "version",
    "in": "query",
    "required": False,
    "schema": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "enum": ["newest"]}]},
    "description": "Go on with this version of the automation, a number or `newest`; by default the run's own.",
}

Reader = Annotated[Call, Depends(access("automations", "read"))]
Writer = Annotated[Call, Depends(access("automations", "write"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]
RunId = Annotated[UUID, Depends(path_id("runId", "run"))]


@router.get(
    "/automations/{id:uuid}/runs",
    **documented(
        "List the runs of an automation", name="getRuns", answer=RunList, errors=[404], parameters=LIST.parameters()
    ),
)
async def list_runs(
    call: Reader, automation_id: AutomationId, query: Annotated[ListQuery, Depends(LIST.read)]
) -> Response:
    """The runs of one automation, oldest first unless sorted otherwise (`-id` gives the newest first)."""
    async with call.unit() as unit:
        await reach(call, unit, automation_id)
        page = await LIST.answer(
            call,
            unit,
            query,
            lambda _: unit.select(runs, *SHOWN).where(runs.c.automation_id == automation_id),
            show_item,
            cursor_name=cursor_name(call.request),
            within=str(automation_id),
        )
    return Json(page)


@router.post(
    "/automations/{id:uuid}/runs",
    **documented("Run an automation", name="createRun", answer=RunDetail, status=201, errors=[404], body=StartRun),
)
async def start_run(
    call: Writer,
    automation_id: AutomationId,
    body: Annotated[Incoming[StartRun], Depends(json_body(StartRun))],
) -> Response:
    """Queues a run of the automation's live version; `inputs` is an addition of ours and reaches the start block."""
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id, to="run")
        if body.model.inputs is not None:
            await check_answers(unit, automation, body.model.inputs)
        with conflicts_are_bad_requests():
            run = await call.services.runs.start(
                unit,
                automation=automation,
                context="api_async",
                inputs=body.model.inputs,
                executed_by=call.principal.user_id,
                credential=call.principal.credential,
            )
        await call.record(unit, "run.started", run["id"], automation["name"], {"automationId": automation_id})
    return Json(show_detail(run), 201)


@router.get(
    "/automations/{id:uuid}/runs/{runId:uuid}",
    **documented("Get a run", name="getRun", answer=RunDetail, errors=[400, 404]),
)
async def get_run(call: Reader, automation_id: AutomationId, run_id: RunId) -> Response:
    """One run with its status, errors and what it did so far."""
    async with call.unit() as unit:
        run = await _run(call, unit, automation_id, run_id)
    return Json(show_detail(run))


@router.post(
    "/automations/{id:uuid}/runs/{runId:uuid}/actions/stop",
    **documented("Stop a run", name="stopRun", status=204, errors=[400, 404]),
)
async def stop_run(call: Writer, automation_id: AutomationId, run_id: RunId) -> Response:
    """A waiting run ends at once, a running one before its next block. A run that is over cannot be stopped: 400."""
    async with call.unit() as unit:
        await _run(call, unit, automation_id, run_id, to="run")
        with conflicts_are_bad_requests():
            await call.services.runs.request_stop(unit, run_id)
        await call.record(unit, "run.stopped", run_id, detail={"automationId": automation_id})
    return Empty()


@router.post(
    "/automations/{id:uuid}/runs/{runId:uuid}/actions/retry",
    **documented("Retry a run", name="retryRun", status=204, errors=[400, 404], parameters=[VERSION]),
)
async def retry_run(call: Writer, automation_id: AutomationId, run_id: RunId) -> Response:
    """Goes on with a run that failed or was stopped, from the block where it ended. Any other run: 400.

    With `version` (ours) it goes on with another version of the automation, in which somebody has mended the block;
    400 where what the run has done does not fit it.
    """
    version = _version_of(call.request)
    async with call.unit() as unit:
        run = await _run(call, unit, automation_id, run_id, to="run")
        with conflicts_are_bad_requests():
            version = await call.services.runs.retry(unit, run, version=version)
        await call.record(unit, "run.retried", run_id, detail={"automationId": automation_id, "version": version})
    return Empty()


@router.post(
    "/automations/{id:uuid}/runs/{runId:uuid}/actions/export",
    **documented("Export the debug log of a run", name="exportRun", answer=DebugLog, errors=[400, 404]),
)
async def export_run(call: Reader, automation_id: AutomationId, run_id: RunId) -> Response:
    """Tells the address of the run's debug log, which is read with the same API key."""
    async with call.unit() as unit:
        await _run(call, unit, automation_id, run_id)
    base = call.edge.origin.base(call.request)
    return Json({"url": f"{base}/api/workflows/automations/{automation_id}/runs/{run_id}/debug"})


@router.get(
    "/automations/{id:uuid}/runs/{runId:uuid}/debug",
    **documented("Get the debug log of a run", name="getDebugLog", media_type="text/plain", errors=[400, 404]),
)
async def debug_log(call: Reader, automation_id: AutomationId, run_id: RunId) -> Response:
    """What the run did, one JSON object a line, oldest first. Secrets are masked. Cut after 20 MB, and says so."""
    lines: list[bytes] = []
    size = 0
    after = 0
    async with call.unit() as unit:
        run = await _run(call, unit, automation_id, run_id)
        while entries := await call.services.runs.debug(unit, run_id, limit=DEBUG_PAGE, after=after):
            for entry in await history.logged(unit, run, entries):
                line = json.dumps(entry)
                size += len(line) + 1
                lines.append(line)
            after = entries[-1]["seq"]
            if size > DEBUG_MAX_BYTES:
                lines.append(json.dumps({"kind": "cut", "after": after}))
                break
    return PlainTextResponse(b"".join(line + b"\n" for line in lines))


@router.get(
    "/automations/{id:uuid}/runs/{runId:uuid}/output",
    **documented("Get the output of a run", name="getRunOutput", answer=RunOutput, errors=[400, 404]),
)
async def run_output(call: Reader, automation_id: AutomationId, run_id: RunId) -> Response:
    """What the output blocks have shown; null while there is nothing. An addition of ours."""
    async with call.unit() as unit:
        run = await _run(call, unit, automation_id, run_id)
    output: Any = Raw(run["output"]) if run["output"] is not None else None
    return Json({"status": shown_status(run["status"]), "output": output})


async def _run(call: Call, unit: Unit, automation_id: UUID, run_id: UUID, *, to: Ability = "see") -> dict[str, Any]:
    await reach(call, unit, automation_id, to=to)
    return await call.services.runs.get(unit, run_id, automation_id)


def _version_of(request: Request) -> int | Literal["newest"] | None:
    given = one_value(request, VERSION["name"])
    if given is None:
        return None
    if given == "newest":
        return "newest"
    if not (given.isascii() and given.isdigit() and len(given) <= 9 and int(given) >= 1):
        raise BadInput("The parameter version must be the number of a version, or newest.", parameter="version")
    return int(given)
