"""Integrations: ``/integrations``, and installing: ``/templates/{id}/actions/install``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from tieline.api.cloud.integrations.schemas import (
    ChangeIntegration,
    FlowRun,
    InstallTemplate,
    IntegrationDetail,
    IntegrationList,
    RunFlow,
    show,
    show_step,
)
from tieline.api.cloud.templates.endpoints import TemplateId, partner_of
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.envelope import Several
from tieline.api.edge.ids import path_id
from tieline.api.edge.lists import flag, query_parameter
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.automations.library import schedules
from tieline.core.errors import Forbidden, NotFound
from tieline.oem import integrations, running, templates, wizard
from tieline.oem.integrations import Integrations
from tieline.oem.shapes import Shape
from tieline.oem.sso import entering
from tieline.storage import tables
from tieline.storage.tables import automations
from tieline.storage.unit import Unit
from tieline.tenancy import space_roles
from tieline.tenancy.listing import Listing, by_letters
from tieline.tenancy.principal import TENANT_ADMIN

router = APIRouter(tags=["integrations"])

Reader = Annotated[Call, Depends(access("automations", "read"))]
Writer = Annotated[Call, Depends(access("automations", "write"))]
IntegrationId = Annotated[UUID, Depends(path_id("id", "integration"))]

LIST = Twoway(
    "integrations",
    Listing(
        automations.c.id,
        filters={},
        sorts={
            "id": automations.c.id,
            "name": by_letters(automations.c.name),
            "createdAt": automations.c.created_at,
            "updatedAt": automations.c.updated_at,
        },
    ),
    sorts=("name", "createdAt", "updatedAt"),
    filters=(),
    default_sort="id",
)


@router.post(
    "/templates/{id:uuid}/actions/install",
    **documented(
        "Install a template",
        name="installTemplate",
        answer=IntegrationDetail,
        status=201,
        body=InstallTemplate,
        errors=[404, 409],
    ),
)
async def install(
    call: Writer,
    template_id: TemplateId,
    body: Annotated[Incoming[InstallTemplate], Depends(json_body(InstallTemplate))],
) -> Response:
    """Makes an integration of the caller's, switched on as soon as nothing that is required lacks."""
    wanted = body.model
    row = await _service(call).install(
        partner_of(call),
        _tenant(call),
        str(template_id),
        inputs={**await _brought_along(call, template_id), **wanted.inputs},
        datasources=wanted.connections,
        prevent_duplicates=wanted.prevent_duplicates,
        owner_id=call.principal.user_id,
        offered=True,
    )
    await _record(call, "installed", row)
    return Json(await _detail(call, row), 201)


@router.get(
    "/integrations",
    **documented("List integrations", name="listIntegrations", answer=IntegrationList, parameters=[*LIST.parameters()]),
)
async def list_integrations(call: Reader, query: Annotated[TwowayQuery, Depends(LIST.read)]) -> Response:
    """All integrations of the account, whoever installed them; the parts of a bundle stand in it."""
    async with call.unit() as unit:
        whole = integrations.listed(unit).where(tables.integrations.c.bundle_id.is_(None)).order_by(None)
        body = await LIST.answer(call, unit, query, lambda _: whole, lambda row: row)
    body["data"] = await _shown(call, body["data"])
    return Json(body)


@router.get(
    "/integrations/{id:uuid}",
    **documented("Get an integration", name="getIntegration", answer=IntegrationDetail, errors=[404]),
)
async def get_integration(call: Reader, integration_id: IntegrationId) -> Response:
    """One integration with the steps of its setup: what to connect, what to answer, when it runs."""
    return Json(await _detail(call, await _reach(call, integration_id)))


@router.put(
    "/integrations/{id:uuid}",
    **documented(
        "Update an integration",
        name="updateIntegration",
        answer=IntegrationDetail,
        body=ChangeIntegration,
        errors=[404, 409],
    ),
)
async def update_integration(
    call: Writer,
    integration_id: IntegrationId,
    body: Annotated[Incoming[ChangeIntegration], Depends(json_body(ChangeIntegration))],
) -> Response:
    """Sets settings, connections, schedules: what is sent. All that is wrong with settings is told, field by field."""
    wanted, service, account = body.model, _service(call), _tenant(call)
    row = await _reach(call, integration_id, to="edit")
    if wanted.schedules is not None:
        schedules.check(wanted.schedules)  # what is wrong is told before anything is changed
    if wanted.inputs is not None:
        parts = await _parts(call, row)
        shapes: list[Shape] = [await service.shape(one) for one in (row, *parts)]
        if wrong := wizard.problems(shapes, wanted.inputs):
            raise Several(wrong)
    if wanted.connections is not None:
        await service.bind(account, str(row["id"]), wanted.connections)
    if wanted.schedules is not None:
        async with call.unit() as unit:
            await call.services.automations.update(
                unit, row["id"], saved_by=call.principal.user_id, schedules=wanted.schedules
            )
    if wanted.inputs is not None:
        await service.set_inputs(account, str(row["id"]), wanted.inputs)
    await _record(call, "settings-changed", row, fields=sorted(body.names))
    return Json(await _detail(call, await _reach(call, integration_id)))


@router.post(
    "/integrations/{id:uuid}/actions/activate",
    **documented("Activate an integration", name="activateIntegration", status=204, errors=[404, 409]),
)
async def activate(call: Writer, integration_id: IntegrationId) -> Response:
    """Lets it start runs; 409 while something that is required has no value."""
    row = await _reach(call, integration_id, to="edit")
    await _service(call).enable(_tenant(call), str(row["id"]), enabled=True)
    await _record(call, "enabled", row)
    return Empty()


@router.post(
    "/integrations/{id:uuid}/actions/deactivate",
    **documented("Deactivate an integration", name="deactivateIntegration", status=204, errors=[404]),
)
async def deactivate(call: Writer, integration_id: IntegrationId) -> Response:
    """It starts no more runs; those under way go on."""
    row = await _reach(call, integration_id, to="edit")
    await _service(call).enable(_tenant(call), str(row["id"]), enabled=False)
    await _record(call, "disabled", row)
    return Empty()


@router.post(
    "/integrations/{id:uuid}/flows/{flow}/actions/run",
    **documented(
        "Run the setup or settings flow",
        name="runIntegrationFlow",
        answer=FlowRun,
        body=RunFlow,
        errors=[404, 409],
    ),
)
async def run_flow(
    call: Writer,
    integration_id: IntegrationId,
    body: Annotated[Incoming[RunFlow], Depends(json_body(RunFlow))],
    flow: str = Path(description="setup or settings."),
) -> Response:
    """Runs what the template does below its Setup or Settings start block, and waits for it, at most 55 seconds."""
    row = await _reach(call, integration_id, to="run")
    service = _service(call)
    shape = await service.shape(row)
    if flow not in wizard.FLOWS or not (shape.has_setup if flow == "setup" else shape.has_settings):
        raise NotFound("The integration has no such flow; there are setup and settings, where its template has them.")
    async with call.unit() as unit:
        started = await running.start(
            unit, call.services.runs, row, body.model.inputs, waits=True, flow=flow, by=call.principal
        )
        await call.record(unit, "run.started", started["id"], row["name"], {"automation": str(row["id"]), "flow": flow})
    ended = await call.services.runs.wait(call.principal.tenant_id, started["id"], running.WAIT_SECONDS)
    good = ended["status"].startswith("finished")
    if good:
        await service.settle(_tenant(call), str(row["id"]))
    fresh = await _reach(call, integration_id)
    said = None if good else (ended["error"] or [{}])[0].get("detail")
    return Json(
        {
            "runId": str(ended["id"]),
            "status": ended["status"],
            "output": running.output(ended) if good else None,
            "error": said,
            "setupComplete": fresh["i_setup_complete"],
        }
    )


@router.delete(
    "/integrations/{id:uuid}",
    **documented(
        "Delete an integration",
        name="deleteIntegration",
        status=204,
        errors=[404],
        parameters=[query_parameter("force", {"type": "boolean"}, "`true` leaves the template's delete flow out.")],
    ),
)
async def delete_integration(call: Writer, integration_id: IntegrationId) -> Response:
    """Runs the template's delete flow, if it has one, then removes it, whatever became of that."""
    force = flag(call.request, "force") or False
    row = await _reach(call, integration_id, to="edit")
    outcomes = await _service(call).remove(_tenant(call), str(row["id"]), force=force)
    await _record(call, "deleted", row, deleteFlow=outcomes.get(str(row["id"]), "none"))
    return Empty()


async def _brought_along(call: Call, template_id: UUID) -> dict[str, Any]:
    """Settings that the sign-on of an embed session had, secrets too: those that the template knows and takes."""
    if call.principal.session_id is None:
        return {}
    async with call.unit() as unit:
        inputs = (await entering.carried(unit, call.services.vault, call.principal.session_id)).get("inputs") or {}
    if not inputs:
        return {}
    async with call.services.database.system() as unit:
        row = await templates.find(unit, partner_of(call), str(template_id))
        whole = [row, *await templates.members(unit, row)]
        shapes = [await templates.shape(unit, one["id"], one["live_version"]) for one in whole]
    return {name: value for name, value in inputs.items() if not wizard.problems(shapes, {name: value})}


async def _reach(call: Call, integration_id: UUID, *, to: space_roles.Ability = "see") -> dict[str, Any]:
    """Integrations are the account's: all of its people see them. Raises `Forbidden` for who may not do more."""
    async with call.unit() as unit:
        row = await integrations.find(unit, str(integration_id))
        if to != "see" and not await _may(call, unit, row, to):
            raise Forbidden(
                f"You may see this integration, and not {to} it: who installed it may, and administrators of the "
                f"account (role {TENANT_ADMIN}, scope automations)."
            )
    return row


async def _may(call: Call, unit: Unit, row: dict[str, Any], ability: space_roles.Ability) -> bool:
    if call.principal.administers("automations"):
        return True
    return await space_roles.may(unit, call.principal, row, ability)


async def _parts(call: Call, row: dict[str, Any]) -> list[dict[str, Any]]:
    async with call.unit() as unit:
        return await unit.all(integrations.listed(unit).where(tables.integrations.c.bundle_id == row["i_id"]))


async def _detail(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    shape = await _service(call).shape(row)
    async with call.unit() as unit:
        steps = await wizard.steps(unit, row, shape, private=not await _may(call, unit, row, "edit"))
    return {**(await _shown(call, [row]))[0], "steps": [show_step(one) for one in steps]}


async def _shown(call: Call, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    async with call.unit() as unit:
        bundles = [row["i_id"] for row in rows]
        parts = await unit.all(integrations.listed(unit).where(tables.integrations.c.bundle_id.in_(bundles)))
        manages = {row["id"]: await _may(call, unit, row, "edit") for row in (*rows, *parts)}
    inner: dict[Any, list[dict[str, Any]]] = {}
    made_of = {row["i_template_id"] for row in (*rows, *parts)}
    async with call.services.database.system() as unit:
        of_partner = templates.of_partner(partner_of(call)).where(tables.templates.c.id.in_(made_of))
        known = {one["id"]: one for one in await unit.all(of_partner)}
        for row in (*parts, *rows):
            template = known[row["i_template_id"]]
            version = row["version"] if row["template_id"] is not None else template["live_version"]
            shape = await templates.shape(unit, template["id"], version)
            members = inner.setdefault(row["i_id"], [])
            row["shown"] = show(row, template, shape, members, can_manage=manages[row["id"]])
            if row["i_bundle_id"] is not None:
                inner.setdefault(row["i_bundle_id"], []).append(row["shown"])
    return [row["shown"] for row in rows]


def _service(call: Call) -> Integrations:
    services = call.services
    return Integrations(services.database, services.automations, services.connectors, services.runs)


def _tenant(call: Call) -> dict[str, Any]:
    return {"id": call.principal.tenant_id}


async def _record(call: Call, done: str, row: dict[str, Any], **more: Any) -> None:
    detail = {"template": str(row["i_template_id"]), "version": row["version"], **more}
    async with call.unit() as unit:
        await call.record(unit, f"integration.{done}", row["id"], row["name"], detail)
