"""Runs of integrations: ``/accounts/{account}/blends/{blend}/run`` and ``/runs``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming
from tieline.api.edge.lists import flag, one_value
from tieline.api.oem.access import AccountCall, account
from tieline.api.oem.blends.schemas import BlendRun, BlendRunDetail, RunBlend, show_run
from tieline.api.oem.lists import PARAMETERS, Paging, bare, paging
from tieline.api.oem.routes import OemRoute, described, optional_body
from tieline.automations.workspace.flows import MAIN, SETTINGS, SETUP
from tieline.core.errors import BadInput, NotFound
from tieline.oem import integrations, running, templates
from tieline.oem.accounts import as_uuid
from tieline.oem.errors import RunUnfinished
from tieline.oem.pages import page_of
from tieline.storage.tables import runs
from tieline.tenancy import audit

router = APIRouter(tags=["runs"], route_class=OemRoute)

Inside = Annotated[AccountCall, Depends(account)]
Guid = Annotated[str, Path(alias="blend", description="GUID of an integration.")]
NameOrGuid = Annotated[str, Path(alias="blend", description="GUID or name of an integration.")]
RunBody = Annotated[Incoming[RunBlend], Depends(optional_body(RunBlend))]

_OPERATORS = {"gt": runs.c.created_at.__gt__, "gte": runs.c.created_at.__ge__, "lt": runs.c.created_at.__lt__}
_OPERATORS |= {"lte": runs.c.created_at.__le__}
_ASYNC = {
    "name": "async",
    "in": "query",
    "required": False,
    "schema": {"type": "boolean", "default": False},
    "description": "`true` does not wait for the end; may stand in the body too.",
}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?[0-9:.]*(?:Z|[+-][0-9]{2}:?[0-9]{2})?")


@router.post(
    "/accounts/{account}/blends/{blend}/run",
    **described(
        "Run an integration",
        name="runBlend",
        answer=None,
        body=RunBlend,
        body_required=False,
        parameters=[_ASYNC],
        errors=[409],
        also={202: BlendRun},
    ),
)
async def run(call: Inside, name: NameOrGuid, body: RunBody) -> Response:
    """Starts a run. Waits for its end and answers with what the automation put out; with `async`, with the run.

    202 with the run where it takes longer than a call can wait. A run that ends badly is a 400 that names it.
    """
    return await _run(call, name, body, MAIN)


@router.post(
    "/accounts/{account}/blends/{blend}/run/{flow}",
    **described(
        "Run the setup or settings flow",
        name="runFlow",
        answer=None,
        body=RunBlend,
        body_required=False,
        parameters=[_ASYNC],
        errors=[409],
        also={202: BlendRun},
    ),
)
async def run_flow(call: Inside, name: NameOrGuid, flow: str, body: RunBody) -> Response:
    """The same for what the template does below its Setup or Settings start block. `inputs` answer its forms."""
    if flow not in (SETUP, SETTINGS):
        raise NotFound(f"There is no such flow; run {SETUP} or {SETTINGS}.")
    return await _run(call, name, body, flow)


async def _run(call: AccountCall, name: str, body: Incoming[RunBlend], flow: str) -> Response:
    wanted = body.model
    said = flag(call.request, "async")
    waits = not (wanted.waits_not if said is None else said)
    service = call.edge.services.runs
    async with call.unit() as unit:
        row = await integrations.find(unit, name, by_name=True)
        if flow == MAIN and not row["i_setup_complete"] and row["state"] == "disabled":
            raise BadInput("The setup of this integration is not complete: a required input has no value yet.")
    if flow != MAIN:
        shape = await call.side.integrations.shape(row)
        if not (shape.has_setup if flow == SETUP else shape.has_settings):
            raise NotFound(f"The template has no {flow} flow.")
    async with call.unit() as unit:
        started = await running.start(unit, service, row, wanted.inputs, waits=waits, flow=flow)
        about = {"subject": f"run:{started['id']}", "name": row["name"]}
        told = {"automationId": str(row["id"]), "flow": flow}
        await audit.record(unit, call.caller, action="run.started", detail=told, **about)
    if not waits:
        return Json(show_run(started))
    ended = await service.wait(call.account["id"], started["id"], running.WAIT_SECONDS)
    if ended["status"] not in running.ENDED:
        return Json(show_run(ended), 202)
    if not ended["status"].startswith("finished"):
        detail = (ended["error"] or [{}])[0].get("detail") or "it gives no reason"
        raise RunUnfinished(f"The run is {ended['status']}: {detail}"[:1000], meta={"run": str(ended["id"])})
    if flow != MAIN:
        await call.side.integrations.settle(call.account, str(row["id"]))
    return Json(running.output(ended))


@router.get(
    "/accounts/{account}/blends/{blend}/runs",
    **described(
        "List runs",
        name="listRuns",
        answer=list[BlendRun],
        parameters=[
            *PARAMETERS,
            {"name": "finishedOnly", "in": "query", "required": False, "schema": {"type": "boolean"}},
            *(
                {
                    "name": f"created_at[{name}]",
                    "in": "query",
                    "required": False,
                    "schema": {"type": "string"},
                    "description": "`Y-m-d H:i:s` in UTC.",
                }
                for name in _OPERATORS
            ),
        ],
    ),
)
async def list_runs(call: Inside, name: Guid, page: Annotated[Paging, Depends(paging)]) -> Response:
    """Newest first, as a bare array."""
    finished = flag(call.request, "finishedOnly") or False
    bounds = [compare(_moment(call.request, f"created_at[{name}]")) for name, compare in _bounds(call.request)]
    async with call.unit() as unit:
        row = await integrations.find(unit, name)
        statement = running.of_automation(unit, row["id"], finished=finished).where(*bounds)
        found = await page_of(unit, statement, page.number, page.size)
    return bare(call, found, show_run)


@router.get(
    "/accounts/{account}/blends/{blend}/runs/{run}", **described("Get a run", name="getRun", answer=BlendRunDetail)
)
async def get_run(
    call: Inside, name: Guid, run_guid: Annotated[str, Path(alias="run", description="GUID of a run.")]
) -> Response:
    """One run with its inputs, outputs and errors."""
    identity = as_uuid(run_guid)
    if identity is None:
        raise NotFound("There is no such run.")
    async with call.unit() as unit:
        row = await integrations.find(unit, name)
        found = await call.edge.services.runs.get(unit, identity, row["id"])
    return Json({**show_run(found), **running.parts(found)})


@router.get(
    "/accounts/{account}/blends/{blend}/lastrun",
    **described("Get the last run", name="getLastRun", answer=BlendRunDetail),
)
async def last_run(call: Inside, name: Guid) -> Response:
    """The newest run; `{}` where there is none, and for a bundle."""
    async with call.unit() as unit:
        row = await integrations.find(unit, name)
        newest = await unit.one(running.of_automation(unit, row["id"]).limit(1))
        found = None if newest is None else await call.edge.services.runs.get(unit, newest["id"])
    async with call.system() as unit:
        template = await templates.find(unit, call.partner_id, str(row["i_template_id"]))
    if found is None or template["members"]:
        return Json({})
    return Json({**show_run(found), **running.parts(found)})


def _bounds(request: Request) -> list[tuple[str, Any]]:
    return [(name, compare) for name, compare in _OPERATORS.items() if f"created_at[{name}]" in request.query_params]


def _moment(request: Request, name: str) -> datetime:
    text = one_value(request, name) or ""
    if "T" in text:
        text = text.replace(" ", "+")  # of an offset, as queries write a blank
    try:
        if _TIME.fullmatch(text) is None:
            raise ValueError
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"The parameter {name} is no time; write it as 2026-01-31 12:00:00.", parameter=name) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
