"""All accounts of a partner at once: ``/bulk``, ``/health``, ``/usage``."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.lists import one_value
from tieline.api.oem.access import PartnerCall, partner
from tieline.api.oem.fleet.schemas import (
    BulkInstall,
    BulkTarget,
    BulkUpdate,
    Health,
    HealthItem,
    Result,
    Results,
    UsageItem,
    show_health,
    show_usage,
)
from tieline.api.oem.lists import PARAMETERS, Paging, page_model, paged, paging
from tieline.api.oem.routes import OemRoute, described, shown
from tieline.core.clock import now
from tieline.core.errors import BadInput, TielineError
from tieline.oem import accounts, insight, integrations, templates
from tieline.oem.pages import page_of

router = APIRouter(tags=["fleet"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
_HEALTHS = Health.__args__  # type: ignore[attr-defined]


@router.post(
    "/bulk/install",
    **described("Install a template in many accounts", name="bulkInstall", answer=Results, body=BulkInstall),
)
async def bulk_install(
    call: Caller, body: Annotated[Incoming[BulkInstall], Depends(json_body(BulkInstall, large=True))]
) -> Response:
    """Each item on its own: what goes wrong with one leaves the others alone. Sent again it makes no second copies."""
    wanted = body.model
    async with call.system() as unit:
        await templates.find(unit, call.partner_id, wanted.template)
    results = []
    for index, item in enumerate(wanted.items):
        said = item.template_prevent_duplicates
        results.append(
            await _result(
                index,
                item.account,
                _installed(call, wanted.template, item, wanted.template_prevent_duplicates if said is None else said),
            )
        )
    return _answer(results)


@router.post(
    "/bulk/update",
    **described("Update many integrations", name="bulkUpdate", answer=Results, body=BulkUpdate),
)
async def bulk_update(
    call: Caller, body: Annotated[Incoming[BulkUpdate], Depends(json_body(BulkUpdate, large=True))]
) -> Response:
    """Sets `inputs`, or pins to `pinned_version`, or without both pushes the current version; each item on its own."""
    results = [
        await _result(index, item.account, _updated(call, item, body)) for index, item in enumerate(body.model.items)
    ]
    return _answer(results)


@router.get(
    "/health",
    **described(
        "Get the health of all integrations",
        name="getHealth",
        answer=page_model("HealthPage", HealthItem),
        parameters=[
            *PARAMETERS,
            {
                "name": "health",
                "in": "query",
                "required": False,
                "schema": {"type": "string", "enum": list(_HEALTHS)},
                "description": "Only those that are so.",
            },
            {
                "name": "template",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "Only those of this template, by GUID or external id.",
            },
        ],
    ),
)
async def get_health(call: Caller, page: Annotated[Paging, Depends(paging)]) -> Response:
    """How every integration in every account is, with its last run that is over."""
    state, name = one_value(call.request, "health"), one_value(call.request, "template")
    if state is not None and state not in _HEALTHS:
        raise BadInput(f"The parameter health must be one of {', '.join(_HEALTHS)}.", parameter="health")
    async with call.system() as unit:
        template = None if name is None else (await templates.find(unit, call.partner_id, name))["id"]
        statement = insight.health(call.partner_id, state=state, template_id=template)
        found = await page_of(unit, statement, page.number, page.size)
    return paged(call, found, show_health)


@router.get(
    "/usage",
    **described(
        "Get the usage of all accounts",
        name="getUsage",
        answer=page_model("UsagePage", UsageItem),
        parameters=[
            *PARAMETERS,
            *(
                {
                    "name": name,
                    "in": "query",
                    "required": False,
                    "schema": {"type": "string", "format": "date"},
                    "description": text,
                }
                for name, text in (("from", "First day, in UTC; 29 days before `to`."), ("to", "Last day; today."))
            ),
        ],
    ),
)
async def get_usage(call: Caller, page: Annotated[Paging, Depends(paging)]) -> Response:
    """Runs, seconds, API calls and bytes of each account, over days; of runs that were purged too."""
    last = _day(call.request, "to") or now().date()
    first = _day(call.request, "from") or last - timedelta(days=29)
    if not timedelta(0) <= last - first <= insight.LONGEST:
        raise BadInput("from must not be after to, nor more than 366 days before it.", parameter="from")
    async with call.system() as unit:
        found = await page_of(unit, insight.usage(call.partner_id, first, last), page.number, page.size)
    return paged(call, found, show_usage)


async def _installed(call: PartnerCall, template: str, item: Any, prevent: bool) -> str:
    async with call.system() as unit:
        account = await accounts.find(unit, call.partner_id, item.account)
    row = await call.side.integrations.install(
        call.partner_id,
        account,
        template,
        inputs=item.inputs,
        datasources=item.datasources,
        prevent_duplicates=prevent,
    )
    return str(row["id"])


async def _updated(call: PartnerCall, item: BulkTarget, body: Incoming[BulkUpdate]) -> str:
    async with call.system() as unit:
        account = await accounts.find(unit, call.partner_id, item.account)
    side, wanted = call.side.integrations, body.model
    if wanted.inputs is not None:
        await side.set_inputs(account, item.blend, wanted.inputs)
    if body.sent("pinned_version"):
        await side.pin(call.partner_id, account, item.blend, wanted.pinned_version)
    if wanted.inputs is None and not body.sent("pinned_version"):
        async with call.edge.services.database.tenant(account["id"]) as unit:
            row = await integrations.find(unit, item.blend)
        await side.push(call.partner_id, account, str(row["i_template_id"]), item.blend)
    return item.blend


async def _result(index: int, account: str, doing: Awaitable[str]) -> Result:
    try:
        return Result(index=index, account=account, status=200, guid=await doing)
    except TielineError as error:
        told = shown(error)
        return Result(index=index, account=account, status=error.status, error=told["error"], code=told["code"])


def _answer(results: list[Result]) -> Response:
    ok = sum(one.status < 400 for one in results)
    listed = [one.model_dump(exclude_none=True) for one in results]
    return Json({"results": listed, "ok": ok, "failed": len(results) - ok})


def _day(request: Request, name: str) -> date | None:
    text = one_value(request, name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"The parameter {name} is no day; write it as 2026-01-31.", parameter=name) from None
