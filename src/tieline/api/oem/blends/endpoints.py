"""Integrations: ``/templates/{template}/install`` and ``/accounts/{account}/blends``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.lists import flag
from tieline.api.oem.access import AccountCall, PartnerCall, account, partner
from tieline.api.oem.blends.schemas import Blend, BlendDetail, Install, PersistedInputs, PinVersion, show
from tieline.api.oem.lists import PARAMETERS, Paging, page_model, paged, paging
from tieline.api.oem.routes import OemRoute, any_object, described
from tieline.core.errors import BadInput, NotFound
from tieline.oem import accounts, integrations, settings, templates
from tieline.oem.pages import Page, page_of
from tieline.oem.sso import tickets
from tieline.storage import tables
from tieline.tenancy import audit

router = APIRouter(tags=["integrations"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
Inside = Annotated[AccountCall, Depends(account)]
Guid = Annotated[str, Path(alias="blend", description="GUID of an integration.")]
Template = Annotated[str, Path(alias="template", description="GUID or external id of a template.")]
_PREVENT = "template_prevent_duplicates"


@router.post(
    "/templates/{template}/install",
    **described(
        "Install a template",
        name="installTemplate",
        answer=Blend,
        body=Install,
        errors=[409],
        parameters=[
            {
                "name": _PREVENT,
                "in": "query",
                "required": False,
                "schema": {"type": "boolean"},
                "description": "Same template and same inputs: bring the integration that is there up to date.",
            }
        ],
    ),
)
async def install(
    call: Caller, name: Template, body: Annotated[Incoming[Install], Depends(json_body(Install))]
) -> Response:
    """Makes an integration in an account and lets it start by itself, once nothing that is required lacks."""
    wanted = body.model
    async with call.system() as unit:
        try:
            row = await accounts.find(unit, call.partner_id, wanted.account)
        except NotFound:
            raise BadInput("There is no such account.", pointer="/account") from None
    said = flag(call.request, _PREVENT)
    said = wanted.template_prevent_duplicates if said is None else said
    inside = wanted.inputs.get(_PREVENT)
    made = await call.side.integrations.install(
        call.partner_id,
        row,
        name,
        inputs=wanted.inputs,
        datasources=wanted.datasources,
        prevent_duplicates=inside if said is None and isinstance(inside, bool) else said,
    )
    there = AccountCall(call.request, call.caller, call.edge, call.side, row)
    await _told(there, "integration.installed", made)
    return Json(await _shown(there, made))


@router.get(
    "/accounts/{account}/blends",
    **described("List integrations", name="listBlends", answer=page_model("BlendPage", Blend), parameters=PARAMETERS),
)
async def list_blends(call: Inside, page: Annotated[Paging, Depends(paging)]) -> Response:
    """The account's integrations, oldest first; the parts of a bundle stand in it."""
    async with call.unit() as unit:
        mine = integrations.listed(unit).where(tables.integrations.c.bundle_id.is_(None))
        found = await page_of(unit, mine, page.number, page.size)
    shown = await _all_shown(call, found.rows)
    return paged(call, Page(shown, found.number, found.size, found.total), lambda row: row)


@router.get(
    "/accounts/{account}/blends/{blend}", **described("Get an integration", name="getBlend", answer=BlendDetail)
)
async def get_blend(call: Inside, name: Guid) -> Response:
    """One integration with its top inputs and their values."""
    async with call.unit() as unit:
        row = await integrations.find(unit, name)
        values = await settings.values_of(unit, row["id"])
    shape = await call.side.integrations.shape(row)
    shown = settings.shown(shape, values, integrations.part(row))
    return Json({**await _shown(call, row), "inputs": shown})


@router.put(
    "/accounts/{account}/blends/{template}/{blend}",
    **described("Push the current version", name="pushVersion", answer=Blend),
)
async def push(call: Inside, template: Template, name: Guid) -> Response:
    """Lets the integration run the current version of its template, also where it was pinned to another."""
    row = await call.side.integrations.push(call.partner_id, call.account, template, name)
    await _told(call, "integration.updated", row)
    return Json(await _shown(call, row))


@router.post(
    "/accounts/{account}/blends/{blend}/set-persisted-inputs",
    **described("Set persisted inputs", name="setPersistedInputs", status=204, body=PersistedInputs),
)
async def set_persisted_inputs(
    call: Inside, name: Guid, body: Annotated[dict[str, Any], Depends(any_object())]
) -> Response:
    """Sets settings: persisted top inputs, by label or id. Of a bundle those of its parts that have them."""
    inner = body.get("inputs")
    wanted = inner if set(body) == {"inputs"} and isinstance(inner, dict) else body
    await call.side.integrations.set_inputs(call.account, name, wanted)
    async with call.unit() as unit:
        row = await integrations.find(unit, name)
        await audit.record(
            unit,
            call.caller,
            action="integration.settings-changed",
            subject=f"automation:{row['id']}",
            name=row["name"],
            detail={"inputs": sorted(wanted)},
        )
    return Empty()


@router.post(
    "/accounts/{account}/blends/{blend}/pin",
    **described("Pin an integration to a version", name="pinVersion", answer=Blend, body=PinVersion),
)
async def pin(
    call: Inside, name: Guid, body: Annotated[Incoming[PinVersion], Depends(json_body(PinVersion))]
) -> Response:
    """Keeps the integration at a version, whatever is rolled out; null lets it follow its template again."""
    row = await call.side.integrations.pin(call.partner_id, call.account, name, body.model.version)
    await _told(call, "integration.pinned", row)
    return Json(await _shown(call, row))


@router.post(
    "/accounts/{account}/blends/{blend}/detach",
    **described("Detach an integration", name="detachBlend", answer=Blend),
)
async def detach(call: Inside, name: Guid) -> Response:
    """Makes the document the account's own, which it can edit; nothing is pushed to it any more."""
    row = await call.side.integrations.detach(call.account, name)
    await _told(call, "integration.detached", row)
    return Json(await _shown(call, row))


@router.post(
    "/accounts/{account}/blends/{blend}/enable",
    **described("Enable an integration", name="enableBlend", answer=Blend, errors=[409]),
)
async def enable(call: Inside, name: Guid) -> Response:
    """Lets it start runs; refused while something that is required has no value. Of a bundle its parts too."""
    row = await call.side.integrations.enable(call.account, name, enabled=True)
    await _told(call, "integration.enabled", row)
    return Json(await _shown(call, row))


@router.post(
    "/accounts/{account}/blends/{blend}/disable",
    **described("Disable an integration", name="disableBlend", answer=Blend),
)
async def disable(call: Inside, name: Guid) -> Response:
    """It starts no more runs; those under way go on. Of a bundle its parts too."""
    row = await call.side.integrations.enable(call.account, name, enabled=False)
    await _told(call, "integration.disabled", row)
    return Json(await _shown(call, row))


@router.delete(
    "/accounts/{account}/blends/{blend}",
    **described(
        "Delete an integration",
        name="deleteBlend",
        status=204,
        errors=[409],
        parameters=[
            {
                "name": "strict",
                "in": "query",
                "required": False,
                "schema": {"type": "boolean"},
                "description": "`true` removes nothing where the delete flow does not come to a good end (409).",
            },
            {
                "name": "force",
                "in": "query",
                "required": False,
                "schema": {"type": "boolean"},
                "description": "`true` leaves the template's delete flow out.",
            },
        ],
    ),
)
async def delete_blend(call: Inside, name: Guid) -> Response:
    """Runs the template's delete flow, if it has one, then removes the integration with its runs, whatever became of
    that flow: it has 55 seconds, and the audit log says how it ended.
    """
    force, strict = flag(call.request, "force") or False, flag(call.request, "strict") or False
    async with call.unit() as unit:
        row = await integrations.find(unit, name)
    outcomes = await call.side.integrations.remove(call.account, name, force=force, strict=strict)
    await _told(call, "integration.deleted", row, deleteFlow=outcomes.get(str(row["id"]), "none"))
    return Empty()


async def _shown(call: AccountCall, row: dict[str, Any]) -> dict[str, Any]:
    return (await _all_shown(call, [row]))[0]


async def _all_shown(call: AccountCall, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    async with call.unit() as unit:
        bundles = [row["i_id"] for row in rows]
        parts = await unit.all(integrations.listed(unit).where(tables.integrations.c.bundle_id.in_(bundles)))
    inner: dict[Any, list[dict[str, Any]]] = {}
    async with call.system() as unit:
        used = {one["i_template_id"] for one in (*rows, *parts)}
        by_id = await templates.of_ids(unit, call.partner_id, used)

        async def shown(row: dict[str, Any], *more: Any) -> dict[str, Any]:
            template = by_id[row["i_template_id"]]
            version = row["version"] if row["template_id"] is not None else template["live_version"]
            shape = await templates.shape(unit, template["id"], version)
            return show(row, template, shape, call.link(""), _ticket(call, row), *more)

        for one in parts:
            inner.setdefault(one["i_bundle_id"], []).append(await shown(one))
        return [await shown(row, inner.get(row["i_id"], [])) for row in rows]


def _ticket(call: AccountCall, row: dict[str, Any]) -> str:
    return call.edge.seals.seal(tickets.write(call.account["id"], row["id"]), tickets.PURPOSE)


async def _told(call: AccountCall, action: str, row: dict[str, Any], **more: Any) -> None:
    async with call.unit() as unit:
        await audit.record(
            unit,
            call.caller,
            action=action,
            subject=f"automation:{row['id']}",
            name=row["name"],
            detail={"template": str(row["i_template_id"]), "version": row["version"], **more},
        )
