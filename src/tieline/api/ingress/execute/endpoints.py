"""Starting a triggered automation: ``POST /automations/{id:uuid}/actions/execute`` with ``X-Execution-Token``."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tieline.api.edge.access import edge_of, let_read
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import MalformedJson, UnsupportedMediaType, decode
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import flag
from tieline.api.ingress.execute.errors import InvalidExecutionToken, NotTriggered
from tieline.api.ingress.execute.schemas import Execution, show

router = APIRouter(tags=["automations"])

WAIT_SECONDS = 55.0
ENDED = frozenset({"finished", "finished with warnings", "failed", "stopped", "exceeded limit"})
MAX_FIELDS = 1000

AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]


@router.post(
    "/automations/{id:uuid}/actions/execute",
    **documented(
        "Execute a triggered automation",
        name="executeAutomation",
        answer=Execution,
        status=201,
        secured=False,
        also={200: Execution, 202: Execution},
        errors=[400, 401, 404, 409, 413, 415, 429],
        parameters=[
            {
                "name": "X-Execution-Token",
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
                "description": "The `executionToken` of the automation.",
            },
            {
                "name": "async",
                "in": "query",
                "required": False,
                "schema": {"type": "boolean"},
                "description": f"`false` waits for the run to end, at most {WAIT_SECONDS:g} s. Without it, what the "
                "start block says (`async` no waits).",
            },
        ],
    ),
)
async def execute(request: Request, automation_id: AutomationId) -> Response:
    """Starts a run; the body, JSON or a form, is the payload that the start block gives.

    201 as soon as the run is queued. With `async=false` 200 once it is over, with its output, or 202 when that takes
    longer than a call can wait.
    """
    services = edge_of(request).services
    token = request.headers.getlist("x-execution-token")
    automation = await services.automations.find_by_token(automation_id, token[0]) if len(token) == 1 else None
    if automation is None:
        raise InvalidExecutionToken("Send the automation's execution token in the header X-Execution-Token.")
    await let_read(request, automation["tenant_id"])
    if automation["run_mode"] != "triggered":
        raise NotTriggered("The start block of this automation does not say triggered; set its run mode and save it.")
    wanted = flag(request, "async")
    waits = wanted is False or (wanted is None and bool(automation["start_settings"].get("sync")))
    inputs = await _payload(request)
    async with services.database.tenant(automation["tenant_id"]) as unit:
        run = await services.runs.start(
            unit, automation=automation, context="api_sync" if waits else "api_async", inputs=inputs
        )
    if not waits:
        return Json(show(run, waited=False), 201)
    run = await services.runs.wait(automation["tenant_id"], run["id"], WAIT_SECONDS)
    return Json(show(run, waited=True), 200 if run["status"] in ENDED else 202)


async def _payload(request: Request) -> Any:
    """What the caller sent: JSON, a form, or nothing."""
    data = await request.body()
    if not data.strip():
        return None
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return decode(data)
    if kind != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("The payload has to be application/json or application/x-www-form-urlencoded.")
    try:
        fields = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise MalformedJson(f"The form is no UTF-8 text, or has more than {MAX_FIELDS} fields.", pointer="") from None
    if any("\0" in part for pair in fields for part in pair):
        raise MalformedJson("The form holds a NUL character, which cannot be stored; remove it.", pointer="")
    return dict(fields)
