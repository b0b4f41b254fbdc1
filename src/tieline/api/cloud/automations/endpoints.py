"""Automations: ``/automations``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from msgspec import UNSET, Raw
from starlette.responses import Response

from tieline.api.cloud.automations.errors import InvalidUsageQuery
from tieline.api.cloud.automations.reach import cursor_name, reach
from tieline.api.cloud.automations.schemas import (
    LISTED,
    LISTING,
    AutomationDetail,
    AutomationList,
    AutomationSettings,
    ChangeOwner,
    ChangeSpace,
    CopiedAutomation,
    CopyAutomation,
    CreateAutomation,
    FollowBody,
    Move,
    ScheduleBody,
    UpdateAutomation,
    UsageList,
    show_detail,
)
from tieline.api.cloud.automations.usage import usage
from tieline.api.cloud.runs.schemas import SHOWN as SHOWN_RUN
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import parse_id, path_id
from tieline.api.edge.lists import ListQuery, Lists, one_value
from tieline.api.edge.preconditions import IF_MATCH, expected
from tieline.automations.library import DEFAULT_MAX_CONCURRENT_RUNS, state_tag
from tieline.automations.library.bindings import bind
from tieline.automations.runs.places import PRIORITIES
from tieline.automations.runs.retention import RETENTION_SETTING, SUCCESS_SETTING
from tieline.automations.triggers import timings
from tieline.automations.workspace import Report, check
from tieline.core import json
from tieline.core.errors import BadInput
from tieline.storage.tables import automations, runs
from tieline.storage.unit import Unit
from tieline.tenancy import audit, space_roles, tenants
from tieline.tenancy.visibility import visible

router = APIRouter(tags=["automations"])

LIST = Lists("automations", LISTING, list_all=True)
SETTING = "maxConcurrentRunsPerAutomation"

Reader = Annotated[Call, Depends(access("automations", "read"))]
Writer = Annotated[Call, Depends(access("automations", "write"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]

# What of an automation's row the audit log tells of; another workspace is another version.
RECORDED = ("name", "description", "version", "run_mode", "max_concurrent_runs", "priority", "schedules", "follows")


@router.get(
    "/automations",
    **documented("List automations", name="getAutomations", answer=AutomationList, parameters=LIST.parameters()),
)
async def list_automations(call: Reader, query: Annotated[ListQuery, Depends(LIST.read)]) -> Response:
    """The automations that the caller has access to: the own ones and those in spaces; administrators see all."""
    async with call.unit() as unit:
        page = await LIST.answer(
            call,
            unit,
            query,
            lambda everything: unit.select(automations, *LISTED).where(
                visible(automations, call.principal, all_of_tenant=everything)
            ),
            lambda row: Raw(row["item"]),
            cursor_name=cursor_name(call.request),
        )
    return Json(page)


@router.post(
    "/automations",
    **documented(
        "Create an automation", name="createAutomation", answer=AutomationDetail, status=201, body=CreateAutomation
    ),
)
async def create_automation(
    call: Writer, body: Annotated[Incoming[CreateAutomation], Depends(json_body(CreateAutomation, large=True))]
) -> Response:
    """Makes an automation. The workspace may be an export of the original product; it is kept byte for byte."""
    wanted = body.model
    workspace = body.raw("workspace") if body.sent("workspace") else b"{}"
    space_id = parse_id(wanted.space_id, "space", BadInput, "/spaceId") if wanted.space_id else None
    async with call.unit() as unit:
        await space_roles.enter(unit, call.principal, space_id, error=BadInput)
        row = await call.services.automations.create(
            unit,
            owner_id=call.principal.user_id,
            name=wanted.name,
            description=wanted.description,
            space_id=space_id,
            schedules=_schedules(wanted.schedules),
            workspace=workspace,
            max_concurrent_runs=wanted.max_concurrent_runs,
            concurrency_limit=await _concurrency_limit(unit),
            follows=_follows(wanted.follows),
            note=wanted.note,
            priority=PRIORITIES[wanted.priority],
        )
        await call.record(unit, "automation.created", row["id"], row["name"], {"version": row["version"]})
        return await _detail(call, unit, row, report=await _report(call, unit, row), status=201)


@router.get(
    "/automations/settings",
    **documented("Get the settings for automations", name="getSettings", answer=AutomationSettings, errors=[400]),
)
async def get_settings(call: Reader) -> Response:
    """What holds for all automations of the tenant."""
    async with call.unit() as unit:
        stored = await tenants.settings_of(unit)
    return Json(_shown_settings(stored))


@router.put(
    "/automations/settings",
    **documented(
        "Update the settings for automations",
        name="putSettings",
        answer=AutomationSettings,
        body=AutomationSettings,
        errors=[409],
    ),
)
async def put_settings(
    call: Writer, body: Annotated[Incoming[AutomationSettings], Depends(json_body(AutomationSettings))]
) -> Response:
    """Changes what is sent. For tenant administrators."""
    call.principal.require_admin()
    wanted = {
        SETTING: body.model.max_concurrent_runs_per_automation,
        RETENTION_SETTING: body.model.run_retention_days,
        SUCCESS_SETTING: body.model.success_data_hours,
    }
    changes = {name: value for name, value in wanted.items() if body.sent(name)}
    async with call.services.database.system() as unit:
        before = (await tenants.get(unit, call.principal.tenant_id))["settings"]
        stored = await tenants.put_settings(unit, call.principal.tenant_id, **changes)
        told = audit.changes(before, stored, only=changes)
        await call.record(unit, "automation-settings.updated", call.principal.tenant_id, detail=told)
    return Json(_shown_settings(stored))


@router.get(
    "/automations/usage",
    **documented(
        "Get usage metrics",
        name="getUsageMetrics",
        answer=UsageList,
        parameters=[
            {
                "name": "filter",
                "in": "query",
                "required": True,
                "schema": {"type": "string"},
                "description": "SCIM expression on `name` (runs, scheduledRuns, triggeredRuns, webhookRuns, "
                "duration in seconds, bandwidthIn and bandwidthOut in bytes) and `date` (in UTC).",
                "example": 'name eq "runs" and date ge "2026-01-01"',
            },
            {
                "name": "breakdownBy",
                "in": "query",
                "required": False,
                "schema": {"type": "string", "enum": ["automation"]},
                "description": "`automation`: one figure for each automation.",
            },
        ],
    ),
)
async def get_usage(call: Reader, request: Request) -> Response:
    """What the runs of the last 400 days did, by day. For tenant administrators."""
    call.principal.require_admin()
    expression = one_value(request, "filter")
    if expression is None:
        raise InvalidUsageQuery('The parameter filter is missing; send for example name eq "runs".', parameter="filter")
    breakdown = one_value(request, "breakdownBy")
    if breakdown not in {None, "automation"}:
        raise InvalidUsageQuery("The parameter breakdownBy can only be automation.", parameter="breakdownBy")
    async with call.unit() as unit:
        rows = await usage(unit, expression, by_automation=breakdown is not None)
    figures = []
    for row in rows:
        figure = {"date": row["date"].isoformat(), "name": row["name"], "value": row["value"]}
        if breakdown:
            about = {"guid": row["guid"], "name": row["automation_name"][:50], "ownerId": row["owner_id"]}
            figure["automation"] = about
        figures.append(figure)
    return Json({"data": figures})


@router.get(
    "/automations/{id:uuid}",
    **documented("Get an automation", name="getAutomation", answer=AutomationDetail, errors=[400, 404]),
)
async def get_automation(call: Reader, automation_id: AutomationId) -> Response:
    """The full definition. The header `ETag` can be sent back as `If-Match` of a change."""
    async with call.unit() as unit:
        await reach(call, unit, automation_id)
        return await _detail(call, unit, await call.services.automations.get(unit, automation_id))


@router.put(
    "/automations/{id:uuid}",
    **documented(
        "Update an automation",
        name="updateAutomation",
        answer=AutomationDetail,
        body=UpdateAutomation,
        errors=[404, 409],
        parameters=[IF_MATCH],
    ),
)
async def update_automation(
    call: Writer,
    automation_id: AutomationId,
    body: Annotated[Incoming[UpdateAutomation], Depends(json_body(UpdateAutomation, large=True))],
) -> Response:
    """Changes what is sent, leaves the rest. Another workspace becomes a new version; runs under way keep theirs.

    A 409 says in `meta` who saved which version when, and which one was `yours`.
    """
    wanted = body.model
    workspace = body.raw("workspace") if body.sent("workspace") else None
    async with call.unit() as unit:
        before = await reach(call, unit, automation_id, lock=True)
        row = await call.services.automations.update(
            unit,
            automation_id,
            saved_by=call.principal.user_id,
            expected=expected(call.request),
            name=wanted.name if body.sent("name") else UNSET,
            description=wanted.description if body.sent("description") else UNSET,
            schedules=_schedules(wanted.schedules) if body.sent("schedules") else UNSET,
            workspace=UNSET if workspace is None else workspace,
            max_concurrent_runs=wanted.max_concurrent_runs if body.sent("maxConcurrentRuns") else UNSET,
            concurrency_limit=await _concurrency_limit(unit),
            follows=_follows(wanted.follows) if body.sent("follows") else UNSET,
            note=wanted.note,
            priority=PRIORITIES[wanted.priority] if body.sent("priority") else UNSET,
        )
        told = audit.changes(before, row, only=RECORDED)
        await call.record(unit, "automation.updated", automation_id, row["name"], told)
        return await _detail(call, unit, row, report=None if workspace is None else await _report(call, unit, row))


@router.delete(
    "/automations/{id:uuid}",
    **documented("Delete an automation", name="deleteAutomation", status=204, errors=[404]),
)
async def delete_automation(call: Writer, automation_id: AutomationId) -> Response:
    """Removes it with its versions, runs and pointers. Runs under way end within a second."""
    async with call.unit() as unit:
        row = await reach(call, unit, automation_id)
        await call.services.automations.delete(unit, automation_id)
        await call.record(unit, "automation.deleted", automation_id, row["name"])
    return Empty()


@router.post(
    "/automations/{id:uuid}/actions/copy",
    **documented(
        "Duplicate an automation",
        name="copyAutomation",
        answer=CopiedAutomation,
        status=201,
        body=CopyAutomation,
        errors=[404],
    ),
)
async def copy_automation(
    call: Writer,
    automation_id: AutomationId,
    body: Annotated[Incoming[CopyAutomation], Depends(json_body(CopyAutomation))],
) -> Response:
    """Makes another one with the newest workspace, in the caller's personal space, without schedules and history.

    Connections that the caller may not use are left out.
    """
    async with call.unit() as unit:
        await reach(call, unit, automation_id, to="see")
        row = await call.services.automations.copy(
            unit, automation_id, name=body.model.name, owner_id=call.principal.user_id
        )
        await call.record(unit, "automation.created", row["id"], row["name"], {"copyOf": automation_id})
    return Json({"id": row["id"]}, 201)


@router.post(
    "/automations/{id:uuid}/actions/enable",
    **documented("Enable an automation", name="enableAutomation", status=204, errors=[400, 404]),
)
async def enable_automation(call: Writer, automation_id: AutomationId) -> Response:
    """Lets it be run again."""
    return await _set_enabled(call, automation_id, True)


@router.post(
    "/automations/{id:uuid}/actions/disable",
    **documented("Disable an automation", name="disableAutomation", status=204, errors=[400, 404]),
)
async def disable_automation(call: Writer, automation_id: AutomationId) -> Response:
    """Lets no run of it start; those under way go on."""
    return await _set_enabled(call, automation_id, False)


async def _set_enabled(call: Call, automation_id: UUID, enabled: bool) -> Response:
    async with call.unit() as unit:
        row = await reach(call, unit, automation_id)
        await call.services.automations.set_enabled(unit, automation_id, enabled)
        action = "automation.enabled" if enabled else "automation.disabled"
        await call.record(unit, action, automation_id, row["name"])
    return Empty()


@router.post(
    "/automations/{id:uuid}/actions/change-owner",
    **documented(
        "Change the owner of an automation", name="automationChangeOwner", status=204, body=ChangeOwner, errors=[404]
    ),
)
async def change_owner(
    call: Writer, automation_id: AutomationId, body: Annotated[Incoming[ChangeOwner], Depends(json_body(ChangeOwner))]
) -> Response:
    """Gives it to another user, with its versions and runs. For tenant administrators.

    Connections that the new owner may not use are taken out of the newest workspace, which makes a version.
    """
    return await _change_owner(call, automation_id, body.model.user_id)


@router.post(
    "/automations/{id:uuid}/actions/move",
    **documented(
        "Move an automation to another owner", name="moveAutomation", status=204, body=ChangeOwner, errors=[404]
    ),
)
async def move_automation(
    call: Writer, automation_id: AutomationId, body: Annotated[Incoming[Move], Depends(json_body(Move))]
) -> Response:
    """The older name of change-owner; `ownerId` is the older name of `userId`."""
    return await _change_owner(call, automation_id, body.model.user_id)


async def _change_owner(call: Call, automation_id: UUID, user_id: str) -> Response:
    call.principal.require_admin()
    async with call.unit() as unit:
        row = await reach(call, unit, automation_id)
        owner = parse_id(user_id, "user", pointer="/userId")
        await call.services.automations.change_owner(unit, automation_id, owner, changed_by=call.principal.user_id)
        told = {"owner_id": [row["owner_id"], owner]}
        await call.record(unit, "automation.owner-changed", automation_id, row["name"], told)
    return Empty()


@router.post(
    "/automations/{id:uuid}/actions/change-space",
    **documented(
        "Change the space of an automation", name="automationChangeSpace", status=204, body=ChangeSpace, errors=[404]
    ),
)
async def change_space(
    call: Writer, automation_id: AutomationId, body: Annotated[Incoming[ChangeSpace], Depends(json_body(ChangeSpace))]
) -> Response:
    """Moves it to another space; an empty `spaceId` is the owner's personal space."""
    space = body.model.space_id
    async with call.unit() as unit:
        row = await reach(call, unit, automation_id)
        space_id = parse_id(space, "space", pointer="/spaceId") if space else None
        await space_roles.enter(unit, call.principal, space_id)
        await call.services.automations.change_space(unit, automation_id, space_id)
        told = {"space_id": [row["space_id"], space_id]}
        await call.record(unit, "automation.space-changed", automation_id, row["name"], told)
    return Empty()


async def _detail(
    call: Call, unit: Unit, row: dict[str, Any], *, report: Report | None = None, status: int = 200
) -> Response:
    """The full definition; who may only read does not get what starts the automation."""
    last = None
    if row["last_run_id"] is not None:
        last = await unit.one(unit.select(runs, *SHOWN_RUN).where(runs.c.id == row["last_run_id"]))
    token = None
    # It outlives a role that is taken away, so that being allowed to run is not enough.
    if call.principal.may("automations", "write") and await space_roles.may(unit, call.principal, row, "edit"):
        token = call.services.automations.execution_token(row, call.principal.tenant_id)
    webhook = None
    if row["run_mode"] == "webhook":
        webhook = await call.services.hooked.shown(unit, row["id"], address=token is not None)
    schedules = await timings.shown(unit, row)
    shown = show_detail(row, last_run=last, execution_token=token, report=report, schedules=schedules, webhook=webhook)
    return Json(shown, status, {"etag": f'"{state_tag(row)}"'})


def _schedules(wanted: list[ScheduleBody]) -> list[dict[str, Any]]:
    return [schedule.model_dump(exclude_unset=True) for schedule in wanted]


def _follows(wanted: list[FollowBody]) -> list[dict[str, Any]]:
    return [{"automationId": one.automation_id, "on": one.on} for one in wanted]


async def _report(call: Call, unit: Unit, row: dict[str, Any]) -> Report:
    return await bind(unit, check(json.loads(row["workspace"])), call.services.connectors, row["owner_id"])


def _shown_settings(stored: dict[str, Any]) -> dict[str, Any]:
    """What holds for all tenants unless they say otherwise is shown where this one does."""
    own = {name: stored[name] for name in (RETENTION_SETTING, SUCCESS_SETTING) if stored.get(name) is not None}
    return {SETTING: _limit_in(stored), **own}


async def _concurrency_limit(unit: Unit) -> int:
    return _limit_in(await tenants.settings_of(unit))


def _limit_in(settings: dict[str, Any]) -> int:
    figure = settings.get(SETTING)
    return figure if isinstance(figure, int) else DEFAULT_MAX_CONCURRENT_RUNS
