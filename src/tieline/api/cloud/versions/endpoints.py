"""Versions: ``/automations/{id}/versions``, additions of ours."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response

from tieline.api.cloud.automations.reach import cursor_name, reach
from tieline.api.cloud.versions.schemas import (
    LISTING,
    ChangeNote,
    RestoreVersion,
    VersionDetail,
    VersionDiff,
    VersionList,
    show_detail,
    show_item,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import ListQuery, Lists, one_value
from tieline.api.edge.preconditions import IF_MATCH, expected
from tieline.automations.library import state_tag
from tieline.automations.library.versions import changes, note_tag
from tieline.core.errors import BadInput
from tieline.storage.tables import automation_versions
from tieline.storage.unit import Unit

router = APIRouter(tags=["automations"])

LIST = Lists("versions", LISTING, default_limit=20, maximum=100, default_sort="-version")
DIGITS = 9
AGAINST: dict[str, Any] = {
    "name": "against",
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 0},
    "description": "The version to compare with; by default the one before. 0 is the empty workspace.",
}


class _Number(Convertor[int]):
    """A whole number that the database can hold; a path with anything else in its place is no path."""

    regex = f"[0-9]{{1,{DIGITS}}}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", _Number())


async def _number(value: int = Path(alias="version", description="The number of the version.")) -> int:
    return value


async def _restoring(request: Request) -> RestoreVersion:
    """The body, which may be missing."""
    if not (await request.body()).strip():
        return RestoreVersion()
    return (await _restore_body(request)).model


_restore_body = json_body(RestoreVersion)

Reader = Annotated[Call, Depends(access("automations", "read"))]
Writer = Annotated[Call, Depends(access("automations", "write"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]
Number = Annotated[int, Depends(_number)]


@router.get(
    "/automations/{id:uuid}/versions",
    **documented(
        "List the versions of an automation",
        name="getVersions",
        answer=VersionList,
        errors=[404],
        parameters=[one for one in LIST.parameters() if one["name"] != "filter"],
    ),
)
async def list_versions(
    call: Reader, automation_id: AutomationId, query: Annotated[ListQuery, Depends(LIST.read)]
) -> Response:
    """What every save has kept, newest first: who saved it and when, its note, and whether it is live."""
    versions = call.services.automations.versions
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id)
        page = await LIST.answer(
            call,
            unit,
            query,
            lambda _: versions.all(unit, automation_id).add_columns(automation_versions.c.automation_id.label("id")),
            lambda row: show_item(row, automation),
            cursor_name=cursor_name(call.request),
            within=str(automation_id),
        )
        for item in page["data"]:
            item["blocks"] = await versions.blocks(unit, automation_id, item["version"])
    return Json(page)


@router.get(
    "/automations/{id:uuid}/versions/{version:number}",
    **documented("Get a version of an automation", name="getVersion", answer=VersionDetail, errors=[404]),
)
async def get_version(call: Reader, automation_id: AutomationId, version: Number) -> Response:
    """One version with its workspace, as it was saved. The header `ETag` goes with a change of the note."""
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id)
        row = await call.services.automations.versions.get(unit, automation_id, version)
        return await _detail(call, unit, row, automation, {"etag": f'"{note_tag(row)}"'})


@router.patch(
    "/automations/{id:uuid}/versions/{version:number}",
    **documented(
        "Change the note of a version",
        name="patchVersion",
        status=204,
        body=ChangeNote,
        errors=[404, 409],
        parameters=[IF_MATCH],
    ),
)
async def patch_version(
    call: Writer,
    automation_id: AutomationId,
    version: Number,
    body: Annotated[Incoming[ChangeNote], Depends(json_body(ChangeNote))],
) -> Response:
    """Another note; nothing else of a version can be changed. `If-Match` is the version's own `ETag`."""
    async with call.unit() as unit:
        automation = await reach(call, unit, automation_id)
        row = await call.services.automations.versions.annotate(
            unit, automation_id, version, body.model.note, expected=expected(call.request)
        )
        await call.record(unit, "automation.version-noted", automation_id, automation["name"], {"version": version})
    return _done(note_tag(row))


@router.get(
    "/automations/{id:uuid}/versions/{version:number}/diff",
    **documented(
        "Compare two versions of an automation",
        name="diffVersions",
        answer=VersionDiff,
        errors=[404],
        parameters=[AGAINST],
    ),
)
async def diff_versions(call: Reader, automation_id: AutomationId, version: Number) -> Response:
    """What changed between two versions, block by block, as data and as lines for a person."""
    against = _against(call.request, version)
    versions = call.services.automations.versions
    async with call.unit() as unit:
        await reach(call, unit, automation_id)
        new = (await versions.get(unit, automation_id, version))["workspace"]
        old = await versions.workspace(unit, automation_id, against)
    # Documents may be large, and others wait for this process.
    found = await asyncio.to_thread(changes, old, new)
    return Json(
        {
            "version": version,
            "against": against,
            "changes": [change.as_dict() for change in found],
            "text": [change.text() for change in found],
        }
    )


@router.post(
    "/automations/{id:uuid}/versions/{version:number}/actions/restore",
    **documented(
        "Restore a version of an automation",
        name="restoreVersion",
        answer=VersionDetail,
        status=201,
        body=RestoreVersion,
        body_required=False,
        errors=[404, 409],
        parameters=[IF_MATCH],
    ),
)
async def restore_version(
    call: Writer,
    automation_id: AutomationId,
    version: Number,
    body: Annotated[RestoreVersion, Depends(_restoring)],
) -> Response:
    """Makes a new version with the workspace of this one; what came between stays. `ETag` is the automation's."""
    automations = call.services.automations
    async with call.unit() as unit:
        await reach(call, unit, automation_id)
        automation = await automations.versions.restore(
            unit,
            automation_id,
            version,
            saved_by=call.principal.user_id,
            note=body.note,
            expected=expected(call.request),
        )
        row = await automations.versions.get(unit, automation_id, automation["version"])
        told = {"restored": version, "version": automation["version"]}
        await call.record(unit, "automation.version-restored", automation_id, automation["name"], told)
        return await _detail(call, unit, row, automation, {"etag": f'"{state_tag(automation)}"'}, 201)


@router.post(
    "/automations/{id:uuid}/versions/{version:number}/actions/publish",
    **documented(
        "Put a version of an automation live",
        name="publishVersion",
        status=204,
        errors=[400, 404, 409],
        parameters=[IF_MATCH],
    ),
)
async def publish_version(call: Writer, automation_id: AutomationId, version: Number) -> Response:
    """Triggers, schedules, webhooks and calls start this version from now on, and saving makes drafts, until unpin."""
    async with call.unit() as unit:
        await reach(call, unit, automation_id)
        row = await call.services.automations.versions.publish(
            unit, automation_id, version, expected=expected(call.request)
        )
        await call.record(unit, "automation.version-published", automation_id, row["name"], {"version": version})
    return _done(state_tag(row))


@router.post(
    "/automations/{id:uuid}/actions/unpin",
    **documented(
        "Let the newest version of an automation be live",
        name="unpinAutomation",
        status=204,
        errors=[400, 404, 409],
        parameters=[IF_MATCH],
    ),
)
async def unpin_automation(call: Writer, automation_id: AutomationId) -> Response:
    """The newest version is live again, now and after each save, as it is while nothing was published."""
    async with call.unit() as unit:
        await reach(call, unit, automation_id)
        row = await call.services.automations.versions.unpin(unit, automation_id, expected=expected(call.request))
        await call.record(unit, "automation.version-unpinned", automation_id, row["name"])
    return _done(state_tag(row))


async def _detail(
    call: Call,
    unit: Unit,
    row: dict[str, Any],
    automation: dict[str, Any],
    headers: dict[str, str],
    status: int = 200,
) -> Response:
    blocks = await call.services.automations.versions.blocks(unit, automation["id"], row["version"])
    return Json(show_detail(row, automation, blocks), status, headers)


def _done(tag: str) -> Response:
    answer = Empty()
    answer.headers["etag"] = f'"{tag}"'
    return answer


def _against(request: Request, version: int) -> int:
    """The version to compare with. Raises `BadInput` for what is no number."""
    text = one_value(request, "against")
    if text is None:
        return max(version - 1, 0)
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise BadInput("The parameter against has to be the number of a version, or 0.", parameter="against")
    return int(text)
