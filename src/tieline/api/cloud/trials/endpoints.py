"""Test runs and pinned outputs: ``/automations/{id}/actions/test``, ``/automations/{id}/pins``. Additions of ours."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.runs.schemas import show_detail
from tieline.api.cloud.trials.schemas import Pin, PinList, TestRun, TestRunDetail, show_pin
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import parse_id, path_id, path_text
from tieline.automations.runs import trials
from tieline.core.errors import BadInput

router = APIRouter(tags=["automations"])

Reader = Annotated[Call, Depends(access("automations", "read"))]
Writer = Annotated[Call, Depends(access("automations", "write"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]
BlockId = Annotated[str, Depends(path_text("blockId", "block"))]


@router.post(
    "/automations/{id:uuid}/actions/test",
    **documented(
        "Run a test",
        name="testAutomation",
        answer=TestRunDetail,
        status=201,
        errors=[404, 409],
        body=TestRun,
    ),
)
async def test_automation(
    call: Writer, automation_id: AutomationId, body: Annotated[Incoming[TestRun], Depends(json_body(TestRun))]
) -> Response:
    """Runs the newest version, up to one block or only one block; blocks with a pinned output do not run. Calls are
    real: a block that creates something creates it."""
    wish = body.model
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id)
        like = None
        if wish.run_id is not None:
            wanted = parse_id(wish.run_id, "run", BadInput, "/runId")
            like = await call.services.runs.get(unit, wanted, automation_id)
        trial = await trials.trial(
            unit, automation, until=wish.until, only=wish.only, sample=wish.sample, like=like, pinned=wish.pins
        )
        run = await call.services.runs.start(
            unit,
            automation=automation,
            context="test_run",
            inputs=wish.inputs,
            executed_by=call.principal.user_id,
            credential=call.principal.credential,
            test=True,
            trial=trial,
        )
        told = {"automationId": automation_id, "until": wish.until, "only": wish.only}
        await call.record(unit, "run.tested", run["id"], automation["name"], told)
    shown = {}
    if wish.wait:
        run = await call.services.runs.wait(call.principal.tenant_id, run["id"], wish.wait)
        if trial.end is not None:
            async with call.unit() as unit:
                shown = {"output": await trials.shown(unit, run, trial.end)}
    return Json({**show_detail(run), **shown}, 201)


@router.get(
    "/automations/{id:uuid}/pins",
    **documented("List pinned outputs", name="getPins", answer=PinList, errors=[404]),
)
async def list_pins(call: Reader, automation_id: AutomationId) -> Response:
    """The outputs that test runs take in place of running blocks."""
    async with call.unit() as unit:
        await reach(call, unit, automation_id)
        rows = await trials.pins(unit, automation_id)
    return Json({"data": [show_pin(row) for row in rows]})


@router.put(
    "/automations/{id:uuid}/pins/{blockId}",
    **documented("Pin an output to a block", name="pinOutput", status=204, errors=[404], body=Pin),
)
async def pin_output(
    call: Writer,
    automation_id: AutomationId,
    block_id: BlockId,
    body: Annotated[Incoming[Pin], Depends(json_body(Pin))],
) -> Response:
    """Test runs take this output; other runs are not touched by it."""
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id)
        await trials.pin(unit, automation, block_id, body.model.output, by=call.principal.user_id)
        await call.record(unit, "automation.output-pinned", automation_id, automation["name"], {"block": block_id})
    return Empty()


@router.delete(
    "/automations/{id:uuid}/pins/{blockId}",
    **documented("Unpin the output of a block", name="unpinOutput", status=204, errors=[400, 404]),
)
async def unpin_output(call: Writer, automation_id: AutomationId, block_id: BlockId) -> Response:
    """Test runs run the block again."""
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id)
        await trials.unpin(unit, automation_id, block_id)
        await call.record(unit, "automation.output-unpinned", automation_id, automation["name"], {"block": block_id})
    return Empty()
