"""What a run did, block by block: ``/automations/{id}/runs/{runId}/blocks``. Additions of ours."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.runs.view_schemas import BlockList, ExecutionList, IterationList, KeptValue, RecordPage
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id, path_text
from tieline.api.edge.lists import one_value
from tieline.automations.runs import history
from tieline.automations.runs.iterations import SHOWN_AS, iterations, mark_of
from tieline.automations.runs.layout import execution_path, iteration_path
from tieline.automations.runs.reading import START, place_of
from tieline.automations.runs.source_records import records_of
from tieline.core.errors import BadInput, NotFound
from tieline.core.paging import BadLimit, check_limit
from tieline.storage.unit import Unit

router = APIRouter(tags=["automations"])

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
MOST_VISITS = 100_000

Reader = Annotated[Call, Depends(access("automations", "read"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]
RunId = Annotated[UUID, Depends(path_id("runId", "run"))]
BlockId = Annotated[str, Depends(path_text("blockId", "block"))]
ExecutionId = Annotated[str, Depends(path_text("executionId", "execution"))]


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    shape = {"type": "string", **schema}
    return {"name": name, "in": "query", "required": False, "schema": shape, "description": description}


_AFTER = _parameter("after", "Where to go on: the `after` of the answer before.")
_LIMIT = _parameter(
    "limit", "How many to give at most.", type="integer", minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT
)
_ITERATION = _parameter("iteration", "Only inside of this item of a loop: a path like `b4.7431` or `b4.7431/b6.0`.")


@router.get(
    "/automations/{id:uuid}/runs/{runId:uuid}/blocks",
    **documented("List the blocks that a run came to", name="getRunBlocks", answer=BlockList, errors=[400, 404]),
)
async def run_blocks(call: Reader, automation_id: AutomationId, run_id: RunId) -> Response:
    """How often each block ran, how that ended and what it cost. `complete` false: ask again, there is more to read."""
    async with call.unit() as unit:
        run = await _run(call, unit, automation_id, run_id)
        found = await history.blocks(unit, run)
    return Json(found)


@router.get(
    "/automations/{id:uuid}/runs/{runId:uuid}/blocks/{blockId}/executions",
    **documented(
        "List the executions of a block",
        name="getRunExecutions",
        answer=ExecutionList,
        errors=[400, 404],
        parameters=[
            _ITERATION,
            _parameter("status", "Only those that ended so.", enum=list(history.STATUSES)),
            _AFTER,
            _LIMIT,
        ],
    ),
)
async def run_executions(call: Reader, automation_id: AutomationId, run_id: RunId, block_id: BlockId) -> Response:
    """Inputs, output, duration, attempts and HTTP exchanges of each, secrets masked. Large data comes as a reference.

    `complete` false: there is more behind `after`, even where this page is short.
    """
    request = call.request
    status = _one_of(request, "status", history.STATUSES)
    iteration = one_value(request, "iteration")
    after = one_value(request, "after")
    place = place_of(after, "after") if after else None
    within = iteration_path(iteration) if iteration else None
    limit = _limit(request)
    async with call.unit() as unit:
        run = await _run(call, unit, automation_id, run_id)
        found = await history.executions(unit, run, block_id, iteration=within, status=status, after=place, limit=limit)
    for one in found["data"]:
        for part in ("inputs", "output"):
            if one[f"{part}Ref"] is not None:
                one[f"{part}Ref"]["href"] = _address(call, automation_id, run_id, f"executions/{one['id']}/{part}")
    return Json(_linked(call, found))


@router.get(
    "/automations/{id:uuid}/runs/{runId:uuid}/blocks/{blockId}/iterations",
    **documented(
        "List the items of a loop",
        name="getRunIterations",
        answer=IterationList,
        errors=[400, 404],
        parameters=[
            _ITERATION,
            _parameter("visit", "Which time the run came to the loop.", type="integer", minimum=1, default=1),
            _parameter("status", "Only items that stand so.", enum=list(SHOWN_AS)),
            _AFTER,
            _LIMIT,
        ],
    ),
)
async def run_iterations(call: Reader, automation_id: AutomationId, run_id: RunId, block_id: BlockId) -> Response:
    """The items that a loop has begun: number, a few words about the item, and how its body went. A page is short where
    `status` leaves items out; the list ends where `complete` is true.
    """
    request = call.request
    status = _one_of(request, "status", SHOWN_AS)
    iteration = one_value(request, "iteration")
    after = one_value(request, "after")
    mark = mark_of(after) if after else None
    within = iteration_path(iteration) if iteration else None
    visit = _number(request, "visit", MOST_VISITS)
    limit = _limit(request)
    async with call.unit() as unit:
        run = await _run(call, unit, automation_id, run_id)
        found = await iterations(
            unit, run, block_id, iteration=within, visit=visit, status=status, after=mark, limit=limit
        )
    return Json(_linked(call, found))


@router.get(
    "/automations/{id:uuid}/runs/{runId:uuid}/records",
    **documented(
        "List the records that a loop went through",
        name="getRunRecords",
        answer=RecordPage,
        errors=[400, 404],
        parameters=[{**_parameter("loop", "The `path` of the loop's execution, like `b4`."), "required": True}, _AFTER],
    ),
)
async def run_records(call: Reader, automation_id: AutomationId, run_id: RunId) -> Response:
    """One page of the source of a loop as it was read, secrets masked; `after` of the answer leads to the next."""
    path = execution_path(one_value(call.request, "loop") or "", "loop")
    after = one_value(call.request, "after")
    place = place_of(after, "after") if after else START
    async with call.unit() as unit:
        run = await _run(call, unit, automation_id, run_id)
        found = await records_of(unit, run, path, place)
    return Json(found)


@router.get(
    "/automations/{id:uuid}/runs/{runId:uuid}/executions/{executionId}/{part}",
    **documented("Get data of an execution", name="getRunExecutionData", answer=KeptValue, errors=[400, 404]),
)
async def run_execution_data(
    call: Reader,
    automation_id: AutomationId,
    run_id: RunId,
    execution_id: ExecutionId,
    part: str,
) -> Response:
    """The `inputs` or the `output` of an execution as a whole, secrets masked. Of more than 2 MB, a beginning."""
    if part not in ("inputs", "output"):
        raise NotFound("An execution has inputs and output, and nothing else.")
    try:
        place = place_of(execution_id, "executionId")
    except BadInput:
        raise NotFound("There is no such execution.") from None
    async with call.unit() as unit:
        run = await _run(call, unit, automation_id, run_id)
        found = await history.value(unit, run, place, part)
    return Json(found)


async def _run(call: Call, unit: Unit, automation_id: UUID, run_id: UUID) -> dict[str, Any]:
    await reach(call, unit, automation_id)
    return await call.services.runs.get(unit, run_id, automation_id)


def _linked(call: Call, found: dict[str, Any]) -> dict[str, Any]:
    """The answer with a link to what follows."""
    href = None
    if not found["complete"]:
        asked = call.request.query_params
        given = [(name, asked[name]) for name in ("iteration", "visit", "status", "limit") if name in asked]
        href = call.edge.origin.link(call.request, [*given, ("after", found["after"])])
    return {**found, "links": {"next": {"href": href}, "prev": {"href": None}}}


def _address(call: Call, automation_id: UUID, run_id: UUID, rest: str) -> str:
    base = call.edge.origin.base(call.request)
    return f"{base}/api/workflows/automations/{automation_id}/runs/{run_id}/{quote(rest)}"


def _one_of(request: Request, name: str, allowed: tuple[str, ...]) -> str | None:
    text = one_value(request, name)
    if text is not None and text not in allowed:
        raise BadInput(f"The parameter {name} must be one of {', '.join(allowed)}.", parameter=name)
    return text


def _limit(request: Request) -> int:
    text = one_value(request, "limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadLimit("The limit is not a whole number.")
    return check_limit(int(text), default=DEFAULT_LIMIT, maximum=MAX_LIMIT)


def _number(request: Request, name: str, most: int) -> int:
    text = one_value(request, name)
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise BadInput(f"The parameter {name} must be a whole number from 1 to {most}.", parameter=name)
    return int(text)
