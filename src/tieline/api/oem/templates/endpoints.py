"""Templates: ``/templates``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.oem.access import PartnerCall, partner
from tieline.api.oem.lists import PARAMETERS, Paging, bare, paging
from tieline.api.oem.routes import OemRoute, described
from tieline.api.oem.templates.schemas import (
    CreateTemplate,
    CreateVersion,
    PutTemplate,
    Template,
    TemplateDetail,
    TemplateSource,
    Version,
    columns,
    show,
    show_version,
)
from tieline.core.errors import BadInput, NotFound
from tieline.oem import accounts, bindings, settings, templates
from tieline.oem.accounts import as_uuid
from tieline.oem.pages import page_of
from tieline.storage.unit import Unit
from tieline.tenancy import audit

router = APIRouter(tags=["templates"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
Name = Annotated[str, Path(alias="template", description="GUID or external id of a template.")]
_RECORDED = ("name", "status", "texts", "groups", "position", "prevent_duplicates", "members")


@router.get(
    "/templates",
    **described("List templates", name="listTemplates", answer=list[Template], parameters=PARAMETERS, never=[404]),
)
async def list_templates(call: Caller, page: Annotated[Paging, Depends(paging)]) -> Response:
    """The partner's templates in their order, as a bare array."""
    async with call.system() as unit:
        found = await page_of(unit, templates.of_partner(call.partner_id), page.number, page.size)
        shown = {row["id"]: await _shown(call, unit, row) for row in found.rows}
    return bare(call, found, lambda row: shown[row["id"]])


@router.post(
    "/templates",
    **described(
        "Create a template", name="createTemplate", answer=TemplateDetail, status=201, body=CreateTemplate, never=[404]
    ),
)
async def create_template(
    call: Caller, body: Annotated[Incoming[CreateTemplate], Depends(json_body(CreateTemplate, large=True))]
) -> Response:
    """Makes a template; its first version is live. With an externalid that is known, answers with that template."""
    wanted = body.model
    workspace, connectors, known = await _document(call, body, wanted.automation)
    made = columns(wanted)
    made.setdefault("status", "live")
    schedules = made.pop("schedules", known.get("schedules", []))
    async with call.system() as unit:
        row = await templates.create(
            unit,
            call.partner_id,
            workspace=workspace,
            connectors=connectors,
            external_id=wanted.externalid or "",
            source=known.get("source"),
            schedules=schedules,
            note=wanted.note,
            by=call.caller.app_id,
            **made,
        )
        await call.record(unit, "template.created", row["id"], row["name"], {"version": row["version"]})
        return Json(await _detail(call, unit, row), 201)


@router.get("/templates/{template}", **described("Get a template", name="getTemplate", answer=TemplateDetail))
async def get_template(call: Caller, name: Name) -> Response:
    """One template with its top inputs."""
    async with call.system() as unit:
        return Json(await _detail(call, unit, await templates.find(unit, call.partner_id, name)))


@router.put(
    "/templates/{template}",
    **described("Update a template", name="updateTemplate", answer=TemplateDetail, body=PutTemplate),
)
async def update_template(
    call: Caller, name: Name, body: Annotated[Incoming[PutTemplate], Depends(json_body(PutTemplate))]
) -> Response:
    """Changes texts, status, groups and the like. What it does changes with a new version."""
    async with call.system() as unit:
        before = await templates.find(unit, call.partner_id, name, lock=True)
        row = await templates.change(unit, before, **columns(body.model))
        await call.record(unit, "template.updated", row["id"], row["name"], audit.changes(before, row, only=_RECORDED))
        return Json(await _detail(call, unit, row))


@router.delete(
    "/templates/{template}", **described("Delete a template", name="deleteTemplate", status=204, errors=[409])
)
async def delete_template(call: Caller, name: Name) -> Response:
    """Removes a template with its versions. Refused while integrations follow it, or a bundle has it."""
    async with call.system() as unit:
        row = await templates.find(unit, call.partner_id, name, lock=True)
        await templates.remove(unit, row)
        await call.record(unit, "template.deleted", row["id"], row["name"])
    return Empty()


@router.get(
    "/templates/{template}/versions",
    **described("List the versions of a template", name="listTemplateVersions", answer=list[Version]),
)
async def list_versions(call: Caller, name: Name) -> Response:
    """All versions, newest first, as a bare array."""
    async with call.system() as unit:
        row = await templates.find(unit, call.partner_id, name)
        found = await templates.versions(unit, row)
    return Json([show_version(one, row) for one in found])


@router.post(
    "/templates/{template}/versions",
    **described(
        "Publish a version of a template",
        name="createTemplateVersion",
        answer=TemplateDetail,
        status=201,
        body=CreateVersion,
    ),
)
async def create_version(
    call: Caller, name: Name, body: Annotated[Incoming[CreateVersion], Depends(json_body(CreateVersion, large=True))]
) -> Response:
    """Makes the next version, which nobody runs before it is rolled out: `share` does that at once."""
    wanted = body.model
    async with call.system() as unit:
        before = await templates.find(unit, call.partner_id, name)
    automation = wanted.automation
    made_of = before["source"].get("automationId")
    if automation is None and not body.sent("workspace") and made_of:
        automation = TemplateSource(account=before["source"]["tenantId"], guid=made_of)
    workspace, connectors, _ = await _document(call, body, automation)
    if workspace is None:
        raise BadInput("Send automation or workspace: what the version does.", pointer="/workspace")
    async with call.system() as unit:
        row = await templates.find(unit, call.partner_id, name, lock=True)
        row = await templates.add_version(
            unit, row, workspace, connectors=connectors, note=wanted.note, by=call.caller.app_id
        )
        await call.record(unit, "template.version-published", row["id"], row["name"], {"version": row["version"]})
    if wanted.share == 1:
        row = await call.side.rollout.promote(call.partner_id, str(row["id"]), row["version"], by=call.caller)
    elif wanted.share:
        row = await call.side.rollout.canary(
            call.partner_id, str(row["id"]), row["version"], wanted.share, by=call.caller
        )
    async with call.system() as unit:
        return Json(await _detail(call, unit, row), 201)


@router.get(
    "/templates/{template}/versions/{version}",
    **described("Get a version of a template", name="getTemplateVersion", answer=Version),
)
async def get_version(call: Caller, name: Name, version: int) -> Response:
    """One version with its workspace document."""
    async with call.system() as unit:
        row = await templates.find(unit, call.partner_id, name)
        one = next((one for one in await templates.versions(unit, row) if one["version"] == version), None)
        if one is None:
            raise NotFound("The template has no such version.")
        workspace = await templates.document(unit, row, version)
    return Json(show_version(one, row, workspace))


async def _shown(call: PartnerCall, unit: Unit, row: dict[str, Any]) -> dict[str, Any]:
    members = [
        (one, await templates.shape(unit, one["id"], one["live_version"])) for one in await templates.members(unit, row)
    ]
    return show(row, await templates.shape(unit, row["id"], row["live_version"]), call.link(""), members)


async def _detail(call: PartnerCall, unit: Unit, row: dict[str, Any]) -> dict[str, Any]:
    shape = await templates.shape(unit, row["id"], row["live_version"])
    return {**await _shown(call, unit, row), "inputs": settings.shown(shape, {}, None)}


async def _document(
    call: PartnerCall, body: Incoming[Any], automation: TemplateSource | None
) -> tuple[bytes | None, dict[str, str], dict[str, Any]]:
    """What a template is made of: the document, the connectors of its connections, and what is known of the source."""
    if automation is not None and body.sent("workspace"):
        raise BadInput("Send either automation or workspace, not both.", pointer="/workspace")
    if automation is None:
        return (body.raw("workspace") if body.sent("workspace") else None), {}, {}
    async with call.system() as unit:
        try:
            account = await accounts.find(unit, call.partner_id, automation.account)
        except NotFound:
            raise BadInput("There is no such account.", pointer="/automation/account") from None
    identity = as_uuid(automation.guid)
    async with call.edge.services.database.tenant(account["id"]) as unit:
        try:
            if identity is None:
                raise NotFound
            row = await call.edge.services.automations.get(unit, identity)
        except NotFound:
            raise BadInput("There is no such automation in that account.", pointer="/automation/guid") from None
        connectors = await bindings.connector_of_connections(unit)
    source = {"tenantId": str(account["id"]), "automationId": str(row["id"])}
    return bytes(row["workspace"]), connectors, {"source": source, "schedules": row["schedules"]}
