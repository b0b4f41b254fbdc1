"""The live view of a run: ``/automations/{id}/runs/{runId}/events``. An addition of ours."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.runs.schemas import shown_status
from tieline.api.edge.access import Call, access, bearer
from tieline.api.edge.answers import Empty
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import one_value
from tieline.api.edge.streams import MEDIA_TYPE, STREAMS, EventStream, event
from tieline.automations.runs.reading import START, Place
from tieline.automations.runs.service import ENDED
from tieline.automations.runs.stream import END, follow, newest, resume_at
from tieline.core.clock import iso

router = APIRouter(tags=["automations"])

Reader = Annotated[Call, Depends(access("automations", "read"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]
RunId = Annotated[UUID, Depends(path_id("runId", "run"))]

_PARAMETERS = [
    {
        "name": "after",
        "in": "query",
        "required": False,
        "schema": {"type": "string"},
        "description": "The id of an event: begin behind it. `now` begins with what happens next.",
    },
    {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "The same, as browsers send it when they come back; it wins.",
    },
]


_DOCUMENTED = documented(
    "Follow a run", name="getRunEvents", media_type=MEDIA_TYPE, errors=[400, 404], parameters=_PARAMETERS
)
_DOCUMENTED["responses"][204] = {"description": "The run is over, and its end was told."}


@router.get("/automations/{id:uuid}/runs/{runId:uuid}/events", **_DOCUMENTED)
async def run_events(call: Reader, automation_id: AutomationId, run_id: RunId) -> Response:
    """What the run does, as server-sent events `run`, `block`, `log` and `end`, from its beginning unless told so.

    204 for a client that comes back after the end.
    """
    asked = call.request.headers.get("last-event-id", "").strip() or one_value(call.request, "after")
    place, had_end = (START, False) if asked in (None, "", "now") else resume_at(asked)
    async with call.unit() as unit:
        await reach(call, unit, automation_id)
        run = await call.services.runs.get(unit, run_id, automation_id)
        if asked == "now":
            place = await newest(unit, run_id)
    if had_end and run["status"] in ENDED:
        return Empty()
    STREAMS.check(call.principal.tenant_id)
    token = bearer(call.request)

    async def allowed() -> None:
        principal = await call.edge.who.authenticate(token)
        principal.require("automations", "read")

    return EventStream(_told(call, run_id, place), call.principal.tenant_id, allowed)


async def _told(call: Call, run_id: UUID, place: Place) -> AsyncGenerator[bytes, None]:
    async for told in follow(call.services.database, call.principal.tenant_id, run_id, place):
        if told is None:
            yield b""
            continue
        data = told.data
        if told.name in ("run", END):
            data = {**data, "status": shown_status(data["status"]) if data["status"] != "gone" else "gone"}
        if told.name == "run":
            data |= {name: iso(data[name]) if data[name] else None for name in ("startedAt", "stoppedAt")}
        yield event(told.name, data, told.id)
