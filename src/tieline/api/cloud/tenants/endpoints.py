"""Tenants: ``/tenants``. Their rows belong to no tenant, so each way to one goes through `tenants.reach`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tieline.api.cloud.tenants.errors import HostnameUnconfirmed, NotPartnerAdmin
from tieline.api.cloud.tenants.schemas import (
    ALIAS,
    HOSTNAME,
    LONGEST_NAME,
    PATHS,
    SETTING,
    CreateTenant,
    DeactivatedTenant,
    DeactivateTenant,
    ReactivatedTenant,
    ReactivateTenant,
    Tenant,
    TenantPatches,
    hostnames,
    show_tenant,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Empty, Json
from tieline.api.edge.bodies import Body, Incoming, json_body
from tieline.api.edge.documented import PAGE, documented
from tieline.api.edge.ids import path_id
from tieline.api.edge.patches import Operation, patch
from tieline.core.clock import iso
from tieline.core.errors import BadInput, Forbidden
from tieline.core.ids import new_id
from tieline.tenancy import audit, standing, tenants

router = APIRouter(tags=["tenants"])

Reader = Annotated[Call, Depends(access("tenants", "read"))]
Writer = Annotated[Call, Depends(access("tenants", "write"))]
Anybody = Annotated[Call, Depends(access(None, "read"))]
TenantId = Annotated[UUID, Depends(path_id("tenantId", "tenant"))]

CONFIRMATION = "qlik-confirm-hostname"
_HOST = re.compile(r"[a-z0-9.:-]{1,253}")
_CONFIRM: dict[str, Any] = {
    "name": CONFIRMATION,
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "One of the tenant's hostnames, so that nobody takes one tenant for another.",
}


@router.post(
    "/tenants", **documented("Create a tenant", name="createTenant", answer=Tenant, status=201, body=CreateTenant)
)
async def create_tenant(
    call: Writer, body: Annotated[Incoming[CreateTenant], Depends(json_body(CreateTenant))]
) -> Response:
    """A new customer account of the caller's partner. For administrators of the partner."""
    partner_id = _partner_of(call)
    wish = body.model
    external_id = wish.externalId or str(new_id())
    settings = {SETTING: {"datacenter": wish.datacenter}} if wish.datacenter else {}
    async with call.services.database.system() as unit:
        tenant_id = await tenants.create(
            unit, partner_id=partner_id, external_id=external_id, name=wish.name or external_id, **settings
        )
        row = await tenants.get(unit, tenant_id)
        await _record(call, unit, row, "tenant.created")
    return Json(_show(call, row), 201)


@router.get(
    "/tenants/me",
    **documented("Get the own tenant", name="getMyTenant", status=302, media_type=PAGE, never=[403]),
)
async def get_mine(call: Anybody) -> Response:
    """Leads to the tenant whose key it is."""
    where = f"{call.edge.origin.base(call.request)}/api/v1/tenants/{call.principal.tenant_id}"
    return Response(f'<a href="{where}">Found</a>', 302, {"location": where}, "text/html")


@router.get(
    "/tenants/{tenantId:uuid}",
    **documented("Get a tenant", name="getTenantById", answer=Tenant, errors=[404]),
)
async def get_tenant(call: Reader, tenant_id: TenantId) -> Response:
    """The own tenant; any of the partner for who administers the partner."""
    async with call.services.database.system() as unit:
        row = await tenants.reach(unit, call.principal, tenant_id)
    return Json(_show(call, row))


@router.patch(
    "/tenants/{tenantId:uuid}",
    **documented("Update a tenant", name="updateTenantById", status=204, body=TenantPatches, errors=[404]),
)
async def patch_tenant(
    call: Writer,
    tenant_id: TenantId,
    operations: Annotated[list[Operation], Depends(patch(ops=("replace",), paths=PATHS))],
) -> Response:
    """Changes its name, its alias, and switches that are kept for programs that read them. For administrators."""
    call.principal.require_admin()
    async with call.services.database.system() as unit:
        row = await tenants.reach(unit, call.principal, tenant_id, locked=True)
        name, kept = row["name"], dict(row["settings"].get(SETTING) or {})
        for operation in operations:
            if operation.path == "/name":
                name = operation.text(longest=LONGEST_NAME)
            elif operation.path == "/hostnames/1":
                kept[ALIAS] = operation.text().lower()
                if HOSTNAME.fullmatch(kept[ALIAS]) is None:
                    raise operation.wrong("A hostname has letters, digits and hyphens between its dots.")
            else:
                kept[operation.path[1:]] = operation.truth()
        before = {"name": row["name"], **(row["settings"].get(SETTING) or {})}
        if changed := audit.changes(before, {"name": name, **kept}):
            await tenants.rename(unit, tenant_id, name)
            await tenants.put_settings(unit, tenant_id, **{SETTING: kept})
            await _record(call, unit, row, "tenant.changed", changed)
    return Empty()


@router.post(
    "/tenants/{tenantId:uuid}/actions/deactivate",
    **documented(
        "Deactivate a tenant",
        name="deactivateTenantById",
        answer=DeactivatedTenant,
        body=DeactivateTenant,
        body_required=False,
        errors=[404, 412],
        parameters=[_CONFIRM],
    ),
)
async def deactivate_tenant(call: Writer, request: Request, tenant_id: TenantId) -> Response:
    """Shuts a tenant: within a second no key of it is let in, no run starts, and running ones stop at their next block.

    For administrators of the partner, and not for their own tenant, which would shut them out.
    """
    wish = await _optional(request, DeactivateTenant)
    async with call.services.database.system() as unit:
        row = await tenants.reach(unit, call.principal, tenant_id, locked=True)
        _partner_of(call)
        _confirmed(call, row)
        if tenant_id == call.principal.tenant_id:
            raise Forbidden("This is the tenant whose key it is; use a key of another tenant of the partner.")
        row = await tenants.deactivate(unit, tenant_id, purge_after=timedelta(days=wish.purgeAfterDays))
        await _record(call, unit, row, "tenant.deactivated")
    return Json({"id": tenant_id, "status": standing.DISABLED, "estimatedPurgeDate": iso(row["purge_at"])})


@router.post(
    "/tenants/{tenantId:uuid}/actions/reactivate",
    **documented(
        "Reactivate a tenant",
        name="reactivateTenantById",
        answer=ReactivatedTenant,
        body=ReactivateTenant,
        body_required=False,
        errors=[404, 412],
        parameters=[_CONFIRM],
    ),
)
async def reactivate_tenant(call: Writer, request: Request, tenant_id: TenantId) -> Response:
    """Opens a tenant again that was shut. For administrators of the partner."""
    await _optional(request, ReactivateTenant)
    async with call.services.database.system() as unit:
        row = await tenants.reach(unit, call.principal, tenant_id, locked=True)
        _partner_of(call)
        _confirmed(call, row)
        await tenants.reactivate(unit, tenant_id)
        await _record(call, unit, row, "tenant.reactivated")
    return Json({"id": tenant_id, "status": standing.ACTIVE})


def _partner_of(call: Call) -> UUID:
    if not call.principal.is_partner_admin or call.principal.partner_id is None:
        raise NotPartnerAdmin("Tenants are made, shut and opened with the role PartnerAdmin and the scope admin.")
    return call.principal.partner_id


def _confirmed(call: Call, row: dict[str, Any]) -> None:
    said = call.request.headers.get(CONFIRMATION, "").strip().lower()
    if _HOST.fullmatch(said) is None:
        raise BadInput(f"The header {CONFIRMATION} is missing or no hostname; it names one of the tenant's.")
    if said not in hostnames(row, _host(call)):
        raise HostnameUnconfirmed(f"Send one of the tenant's hostnames in the header {CONFIRMATION}.")


async def _record(
    call: Call, unit: Any, row: dict[str, Any], action: str, detail: dict[str, list[Any]] | None = None
) -> None:
    await audit.record(
        unit, call.principal, action=action, subject=f"tenant:{row['id']}", name=row["name"], detail=detail
    )


async def _optional(request: Request, model: type[Any]) -> Any:
    """A body that may be left out."""
    if not (await request.body()).strip():
        return model()
    incoming: Incoming[Body] = await json_body(model)(request)
    return incoming.model


def _show(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    return show_tenant(row, call.edge.origin.base(call.request), _host(call))


def _host(call: Call) -> str:
    return (urlsplit(call.edge.origin.base(call.request)).hostname or "localhost").lower()
