"""All accounts of a partner at once: ``/health``, ``/usage``."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from tieline.api.edge.lists import one_value
from tieline.api.oem.access import AccountCall, PartnerCall, account, partner
from tieline.api.oem.fleet.schemas import Health, HealthItem, UsageDay, UsageItem, show_day, show_health, show_usage
from tieline.api.oem.lists import PARAMETERS, Paging, page_model, paged, paging
from tieline.api.oem.routes import OemRoute, described
from tieline.core.clock import now
from tieline.core.errors import BadInput
from tieline.oem import insight, templates
from tieline.oem.pages import page_of

router = APIRouter(tags=["fleet"], route_class=OemRoute)

Caller = Annotated[PartnerCall, Depends(partner)]
Inside = Annotated[AccountCall, Depends(account)]
_DAYS: Final[tuple[dict[str, Any], ...]] = tuple(
    {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "string", "format": "date"},
        "description": text,
    }
    for name, text in (("from", "First day, in UTC; 29 days before `to`."), ("to", "Last day; today."))
)
_HEALTHS = Health.__args__  # type: ignore[attr-defined]


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
        never=[404],
        answer=page_model("UsagePage", UsageItem),
        parameters=[*PARAMETERS, *_DAYS],
    ),
)
async def get_usage(call: Caller, page: Annotated[Paging, Depends(paging)]) -> Response:
    """Runs, seconds, API calls and bytes of each account, over days; of runs that were purged too."""
    first, last = _days(call.request)
    async with call.system() as unit:
        found = await page_of(unit, insight.usage(call.partner_id, first, last), page.number, page.size)
    return paged(call, found, show_usage)


@router.get(
    "/accounts/{account}/usage",
    **described(
        "Get the usage of an account by day",
        name="getAccountUsage",
        answer=page_model("UsageDayPage", UsageDay),
        parameters=[*PARAMETERS, *_DAYS],
    ),
)
async def get_account_usage(call: Inside, page: Annotated[Paging, Depends(paging)]) -> Response:
    """Runs, seconds, API calls and bytes of one account, for each day on which it did something."""
    first, last = _days(call.request)
    async with call.system() as unit:
        statement = insight.usage_by_day(call.account["id"], first, last)
        found = await page_of(unit, statement, page.number, page.size)
    return paged(call, found, show_day)


def _days(request: Request) -> tuple[date, date]:
    last = _day(request, "to") or now().date()
    first = _day(request, "from") or last - timedelta(days=29)
    if not timedelta(0) <= last - first <= insight.LONGEST:
        raise BadInput("from must not be after to, nor more than 366 days before it.", parameter="from")
    return first, last


def _day(request: Request, name: str) -> date | None:
    text = one_value(request, name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"The parameter {name} is no day; write it as 2026-01-31.", parameter=name) from None
