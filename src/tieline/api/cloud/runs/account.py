"""The runs of all automations: ``/runs``, ``/runs/statistics``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, cast

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from msgspec import Struct, structs
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach
from tieline.api.cloud.runs.schemas import FILTERS, SHOWN, RunItem, show_item
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import Links, documented
from tieline.api.edge.ids import parse_id
from tieline.api.edge.lists import ListQuery, Lists, one_value, query_parameter
from tieline.automations.runs.statistics import Step, asked, between, series
from tieline.core.clock import iso, now
from tieline.core.errors import BadInput
from tieline.core.filters import Attribute
from tieline.storage.tables import automations, runs
from tieline.tenancy.listing import Listing
from tieline.tenancy.visibility import visible

router = APIRouter(tags=["automations"])

Reader = Annotated[Call, Depends(access("automations", "read"))]

_CODE = runs.c.error[0]["code"].as_string()
LIST = Lists(
    "account-runs",
    Listing(
        runs.c.id,
        filters={
            **FILTERS,
            "automationId": (Attribute(exact=True), runs.c.automation_id),
            "automationName": (Attribute(), automations.c.name),
            "errorCode": (Attribute(exact=True), _CODE),
            "isTestRun": (Attribute("boolean"), runs.c.is_test),
        },
        sorts={"id": runs.c.id},
    ),
    default_limit=50,
    default_sort="-id",
    list_all=False,
)
_MOMENT = {"type": "string", "format": "date-time"}
_BETWEEN = [
    query_parameter("from", _MOMENT, "Runs that were made from this moment on (RFC 3339)."),
    query_parameter("to", _MOMENT, "Runs that were made before this moment."),
]
_STEP = query_parameter(
    "step", {"type": "string", "enum": ["hour", "day"]}, "Else hour for four days and less, and day for more."
)
_AUTOMATION = query_parameter("automationId", {"type": "string", "format": "uuid"}, "Only runs of this automation.")


class Between(Struct, frozen=True):
    """A stretch of time, with how it was written."""

    since: datetime | None
    until: datetime | None
    given: tuple[tuple[str, str], ...]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class AccountRun(RunItem):
    """A run, with the automation that it is of."""

    automation_id: str = Field(json_schema_extra={"format": "uuid"})
    automation_name: str


class AccountRunList(BaseModel):
    """A page of runs."""

    data: list[AccountRun]
    links: Links


class RunFigures(_Wire):
    """Runs by how they ended; what they called and how long they took."""

    runs: int
    finished: int
    finished_with_warnings: int
    failed: int
    exceeded_limit: int
    stopped: int
    active: int = Field(description="Not ended yet.")
    tests: int = Field(description="How many of them are test runs.")
    purged: int = Field(description="How many of them are purged; how they ended is not known any more.")
    api_calls: int
    p50: float | None = Field(description="Median of the milliseconds from start to stop.")
    p95: float | None


class RunPoint(RunFigures):
    """An hour or a day (UTC)."""

    start: datetime


class RunErrorCount(_Wire):
    """Runs that ended in an error."""

    code: str
    count: int


class RunStatistics(_Wire):
    """A series of figures, without gaps."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    from_: datetime = Field(alias="from")
    to: datetime
    step: Literal["hour", "day"]
    points: list[RunPoint]
    total: RunFigures
    errors: list[RunErrorCount] = Field(description="The ten commonest.")


async def _between(request: Request) -> Between:
    """A dependency. Raises `BadInput`."""
    given = tuple((name, text) for name in ("from", "to") if (text := one_value(request, name)) is not None)
    moments = {name: _moment(name, text) for name, text in given}
    return Between(moments.get("from"), moments.get("to"), given)


@router.get(
    "/runs",
    **documented(
        "List the runs of all automations",
        name="getAccountRuns",
        answer=AccountRunList,
        parameters=[*LIST.parameters(), *_BETWEEN],
    ),
)
async def list_account_runs(
    call: Reader, query: Annotated[ListQuery, Depends(LIST.read)], stretch: Annotated[Between, Depends(_between)]
) -> Response:
    """The runs of every automation that the caller sees, newest first; with `listAll`, for administrators, of all of
    the tenant. Ours.
    """
    joined = (runs.c.tenant_id == automations.c.tenant_id) & (runs.c.automation_id == automations.c.id)

    def statement(everything: bool) -> sa.Select[Any]:
        return (
            unit.select(runs, *SHOWN, runs.c.automation_id, automations.c.name.label("automation_name"))
            .join(automations, joined)
            .where(
                *between(stretch.since, stretch.until), visible(automations, call.principal, all_of_tenant=everything)
            )
        )

    def show(row: dict[str, Any]) -> dict[str, Any]:
        return {**show_item(row), "automationId": row["automation_id"], "automationName": row["automation_name"]}

    wanted = structs.replace(query, given=(*query.given, *stretch.given))
    async with call.unit() as unit:
        page = await LIST.answer(call, unit, wanted, statement, show, within=repr(stretch.given))
    return Json(page)


@router.get(
    "/runs/statistics",
    **documented(
        "Get the statistics of runs",
        name="getRunStatistics",
        answer=RunStatistics,
        errors=[404],
        parameters=[*_BETWEEN, _STEP, _AUTOMATION],
    ),
)
async def get_statistics(call: Reader, request: Request, stretch: Annotated[Between, Depends(_between)]) -> Response:
    """Runs by outcome, calls and durations, for each hour or day (UTC) between two moments: of the automations that the
    caller sees, or of one. Without moments the last 24 hours. Ours.
    """
    until = stretch.until or now()
    since = stretch.since or until - timedelta(days=1)
    step = one_value(request, "step")
    if step not in (None, "hour", "day"):
        raise BadInput("The step is hour or day.", parameter="step")
    text = one_value(request, "automationId")
    automation_id = None if text is None else parse_id(text, "automation")
    wanted = asked(since, until, cast("Step | None", step), visible(automations, call.principal), automation_id)
    async with call.unit() as unit:
        if automation_id is not None:
            await reach(call, unit, automation_id)
        found = await series(unit, wanted)
    points = [{**one, "start": iso(one["start"])} for one in found["points"]]
    return Json({**found, "points": points, "from": iso(wanted.since), "to": iso(wanted.until), "step": wanted.step})


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        raise BadInput(f"{name} is no time; write it as 2026-01-31T12:00:00Z.", parameter=name) from None
    if not 1970 <= moment.year < 9000:
        raise BadInput(f"{name} lies outside the years 1970 to 9000.", parameter=name)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
