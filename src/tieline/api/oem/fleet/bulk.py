"""The same in many accounts: ``/bulk``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.oem.access import PartnerCall, partner
from tieline.api.oem.blends.schemas import Install
from tieline.api.oem.fleet.schemas import (
    BulkChange,
    BulkInstall,
    BulkRemove,
    BulkTarget,
    BulkTargets,
    BulkUpdate,
    Results,
)
from tieline.api.oem.routes import OemRoute, described
from tieline.core.errors import BadInput, NotFound
from tieline.oem import accounts, integrations, templates
from tieline.oem.bulk import Bulk, Work
from tieline.tenancy import audit

router = APIRouter(tags=["fleet"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
HEADER = "Idempotency-Key"
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Sent again with the same key within a day, what was done is not done again.",
}
_WAIT_SECONDS = 15.0  # for a delete flow; many stand in line


def _bulk(summary: str, name: str, body: type[BaseModel], *, never: Collection[int] = ()) -> dict[str, Any]:
    return described(summary, name=name, answer=Results, body=body, parameters=[_KEY], errors=[409], never=never)


@router.post(
    "/bulk/install",
    **_bulk("Install a template in many accounts", "bulkInstall", BulkInstall),
)
async def bulk_install(
    call: Caller, body: Annotated[Incoming[BulkInstall], Depends(json_body(BulkInstall, large=True))]
) -> Response:
    """Each item on its own: what goes wrong with one leaves the others alone. Sent again it makes no second copies."""
    wanted = body.model
    async with call.system() as unit:
        await templates.find(unit, call.partner_id, wanted.template)

    async def work(item: Install, once: UUID | None, again: bool) -> str:
        account = await _account(call, item)
        said = item.template_prevent_duplicates
        row = await call.side.integrations.install(
            call.partner_id,
            account,
            wanted.template,
            inputs=item.inputs,
            datasources=item.datasources,
            prevent_duplicates=wanted.template_prevent_duplicates if said is None else said,
            once=once,
        )
        await _record(call, account, row, "installed")
        return str(row["id"])

    return await _done(call, body, wanted.items, work)


@router.post(
    "/bulk/update",
    **_bulk("Update many integrations", "bulkUpdate", BulkUpdate, never=[404]),
)
async def bulk_update(
    call: Caller, body: Annotated[Incoming[BulkUpdate], Depends(json_body(BulkUpdate, large=True))]
) -> Response:
    """Sets `inputs` (an item's own go first), or pins to `pinned_version`, or without both pushes the current version;
    each item on its own.
    """
    wanted, side = body.model, call.side.integrations

    async def work(item: BulkChange, once: UUID | None, again: bool) -> str:
        account = await _account(call, item)
        inputs = wanted.inputs if item.inputs is None else item.inputs
        row = await _row(call, account, item)
        if inputs is not None:
            await side.set_inputs(account, item.blend, inputs)
            await _record(call, account, row, "settings-changed", inputs=sorted(inputs))
        if body.sent("pinned_version"):
            row = await side.pin(call.partner_id, account, item.blend, wanted.pinned_version)
            await _record(call, account, row, "pinned")
        if inputs is None and not body.sent("pinned_version"):
            row = await side.push(call.partner_id, account, str(row["i_template_id"]), item.blend)
            await _record(call, account, row, "updated")
        return str(row["id"])

    return await _done(call, body, wanted.items, work)


@router.post(
    "/bulk/enable",
    **_bulk("Enable many integrations", "bulkEnable", BulkTargets, never=[404]),
)
async def bulk_enable(
    call: Caller, body: Annotated[Incoming[BulkTargets], Depends(json_body(BulkTargets, large=True))]
) -> Response:
    """Lets each of them start runs; one whose setup is not complete is refused on its own."""
    return await _switched(call, body, True)


@router.post(
    "/bulk/disable",
    **_bulk("Disable many integrations", "bulkDisable", BulkTargets, never=[404]),
)
async def bulk_disable(
    call: Caller, body: Annotated[Incoming[BulkTargets], Depends(json_body(BulkTargets, large=True))]
) -> Response:
    """Each of them starts no more runs; those under way go on."""
    return await _switched(call, body, False)


@router.post(
    "/bulk/remove",
    **_bulk("Remove many integrations", "bulkRemove", BulkRemove, never=[404]),
)
async def bulk_remove(
    call: Caller, body: Annotated[Incoming[BulkRemove], Depends(json_body(BulkRemove, large=True))]
) -> Response:
    """Runs the delete flow of each, which has 15 seconds, and removes it whatever becomes of that."""
    force = body.model.force

    async def work(item: BulkTarget, once: UUID | None, again: bool) -> str:
        account = await _account(call, item)
        try:
            row = await _row(call, account, item)
        except NotFound:
            if again:
                return item.blend
            raise
        await call.side.integrations.remove(account, item.blend, force=force, wait=_WAIT_SECONDS)
        await _record(call, account, row, "deleted")
        return str(row["id"])

    return await _done(call, body, body.model.items, work)


async def _switched(call: PartnerCall, body: Incoming[BulkTargets], enabled: bool) -> Response:
    async def work(item: BulkTarget, once: UUID | None, again: bool) -> str:
        account = await _account(call, item)
        row = await call.side.integrations.enable(account, item.blend, enabled=enabled)
        await _record(call, account, row, "enabled" if enabled else "disabled")
        return str(row["id"])

    return await _done(call, body, body.model.items, work)


async def _done(call: PartnerCall, body: Incoming[Any], items: Sequence[Any], work: Work[Any]) -> Response:
    keys = call.request.headers.getlist(HEADER)
    if len(keys) > 1:
        raise BadInput(f"Send {HEADER} once.", parameter=HEADER)
    request = call.request.scope["path"].encode() + b"\n" + await call.request.body()
    done = await Bulk(call.edge.services.database).do(call.partner_id, keys[0] if keys else None, request, items, work)
    listed = [
        {
            "index": index,
            "account": item.account,
            "status": one.status,
            **{name: value for name in ("guid", "error", "code") if (value := getattr(one, name)) is not None},
        }
        for index, (item, one) in enumerate(zip(items, done, strict=True))
    ]
    ok = sum(one.status < 400 for one in done)
    return Json({"results": listed, "ok": ok, "failed": len(done) - ok})


async def _account(call: PartnerCall, item: Any) -> dict[str, Any]:
    async with call.system() as unit:
        return await accounts.find(unit, call.partner_id, item.account)


async def _row(call: PartnerCall, account: dict[str, Any], item: BulkTarget) -> dict[str, Any]:
    async with call.edge.services.database.tenant(account["id"]) as unit:
        return await integrations.find(unit, item.blend)


async def _record(call: PartnerCall, account: dict[str, Any], row: dict[str, Any], done: str, **more: Any) -> None:
    detail = {"template": str(row["i_template_id"]), "version": row["version"], "bulk": True, **more}
    async with call.edge.services.database.tenant(account["id"]) as unit:
        await audit.record(
            unit,
            call.caller,
            action=f"integration.{done}",
            subject=f"automation:{row['id']}",
            name=row["name"],
            detail=detail,
        )
