"""Automations on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Raw
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel
from sqlalchemy import case, func

from tieline.api.cloud.runs.schemas import STATUSES, RunDetail
from tieline.api.cloud.runs.schemas import show_detail as show_run
from tieline.api.edge.bodies import Body, Description, Document, Name, Whole
from tieline.api.edge.documented import Links
from tieline.automations.library.versions import live
from tieline.automations.library.workspaces import mentioned
from tieline.automations.runs.places import PRIORITIES
from tieline.automations.workspace import Report
from tieline.core.clock import iso
from tieline.core.filters import Attribute
from tieline.storage.tables import automations
from tieline.tenancy.listing import Listing, answered, by_letters

State = Literal["available", "unavailable", "disabled"]
RunMode = Literal["manual", "scheduled", "triggered", "webhook"]
Priority = Literal["low", "normal", "high"]
LastStatus = Literal[
    "failed",
    "finished",
    "finished with warnings",
    "must stop",
    "not started",
    "paused",
    "running",
    "starting",
    "stopped",
    "exceeded limit",
]
Metric = Literal["runs", "scheduledRun", "triggeredRun", "webhookRuns", "duration", "bandwidthIn", "bandwidthOut"]
METRICS: tuple[Metric, ...] = Metric.__args__  # type: ignore[attr-defined]

LEVELS = {level: name for name, level in PRIORITIES.items()}

ShortText = Annotated[str, StringConstraints(max_length=1000)]
Note = Annotated[str, StringConstraints(max_length=2000)]

LISTING = Listing(
    automations.c.id,
    filters={
        "name": (Attribute(), automations.c.name),
        "runMode": (Attribute(), automations.c.run_mode),
        "lastRunStatus": (Attribute(), automations.c.last_run_status),
        "ownerId": (Attribute(exact=True), automations.c.owner_id),
        "spaceId": (Attribute(exact=True), automations.c.space_id),
    },
    sorts={
        "id": automations.c.id,
        "name": by_letters(automations.c.name),
        "runMode": automations.c.run_mode,
        "state": automations.c.state,
        "createdAt": automations.c.created_at,
        "updatedAt": automations.c.updated_at,
        "lastRunAt": automations.c.last_run_at,
        "lastRunStatus": automations.c.last_run_status,
        "maxConcurrentRuns": automations.c.max_concurrent_runs,
    },
)

# Lists of automations have no word for a run that waits behind another one.
_WAITS = "not started"
_TOLD_OF_LAST_RUN = tuple(status for status in (*STATUSES, "paused") if status != "queued")

SHOWN = (
    automations.c.id,
    automations.c.name,
    automations.c.description,
    automations.c.owner_id,
    automations.c.space_id,
    automations.c.state,
    automations.c.run_mode,
    automations.c.max_concurrent_runs,
    automations.c.last_run_at,
    automations.c.last_run_status,
    automations.c.last_run_seconds,
    automations.c.created_at,
    automations.c.updated_at,
)


# A list of automations is asked for more often than anything else: the database writes its items as `show_item` does.
LISTED = (
    automations.c.id,
    answered(
        {
            "id": automations.c.id,
            "name": automations.c.name,
            "description": automations.c.description,
            "ownerId": automations.c.owner_id,
            "state": automations.c.state,
            "runMode": automations.c.run_mode,
            "maxConcurrentRuns": automations.c.max_concurrent_runs,
            "createdAt": automations.c.created_at,
            "updatedAt": automations.c.updated_at,
            "spaceId": automations.c.space_id,
            "lastRunStatus": case(
                (automations.c.last_run_status.in_(_TOLD_OF_LAST_RUN), automations.c.last_run_status),
                (automations.c.last_run_status.is_not(None), _WAITS),
            ),
            "lastRunAt": automations.c.last_run_at,
            "duration": func.trunc(automations.c.last_run_seconds),
        }
    ).label("item"),
)


class ScheduleBody(Body):
    """When an automation runs by itself. `recurrence` is an addition of ours."""

    id: ShortText = Field(default="", description="Of a schedule that exists; keeps it.")
    start_at: ShortText = Field(alias="startAt", default="", description="`2026-01-31 12:00:00`, in the time zone.")
    stop_at: ShortText = Field(alias="stopAt", default="", description="Until when the schedule holds.")
    interval: Whole = Field(default=0, description="Seconds; rounded to whole minutes, 30 is kept.")
    timezone: ShortText = Field(default="", description="As in `Europe/Stockholm`.")
    recurrence: ShortText = Field(
        default="", description="RRULE (RFC 5545), or cron's five fields; wins over `interval`."
    )
    misfire: ShortText = Field(default="", description="Of slots that were missed: `once` (default), `skip` or `all`.")


class FollowBody(Body):
    """Another automation, at whose end this one starts. An addition of ours."""

    automation_id: ShortText = Field(alias="automationId", description="The automation that is followed.")
    on: ShortText = Field(default="finished", description="`finished`, `failed` or `any`.")


class CreateAutomation(Body):
    """A new automation."""

    name: Name = Field(description="The name of the automation.")
    description: Description = Field(default="", description="What it is for.")
    space_id: ShortText = Field(
        alias="spaceId", default="", description="The space it is made in; none = the personal space."
    )
    schedules: list[ScheduleBody] = Field(default_factory=list, description="When it runs by itself.")
    follows: list[FollowBody] = Field(default_factory=list, description="At whose end it starts. Ours.")
    workspace: Document = Field(default_factory=dict, description="The blocks; kept as it comes.")
    max_concurrent_runs: Whole = Field(
        alias="maxConcurrentRuns", default=1, ge=1, description="How many runs may be under way at once."
    )
    priority: Priority = Field(default="normal", description="Which of the tenant's waiting runs goes first. Ours.")
    note: Note = Field(default="", description="What to remember of the version that this saves. Ours.")


class UpdateAutomation(Body):
    """A change; what is left out stays. Fields that are read-only may be sent along and are not looked at."""

    name: Name = Field(default_factory=str, description="The name of the automation.")
    description: Description = Field(default="", description="What it is for.")
    schedules: list[ScheduleBody] = Field(
        default_factory=list, description="All schedules; those left out are removed."
    )
    follows: list[FollowBody] = Field(default_factory=list, description="At whose end it starts. Ours.")
    workspace: Document = Field(default_factory=dict, description="The blocks; another one makes a new version.")
    max_concurrent_runs: Whole = Field(
        alias="maxConcurrentRuns", default=1, ge=1, description="How many runs may be under way at once."
    )
    priority: Priority = Field(default="normal", description="Which of the tenant's waiting runs goes first. Ours.")
    note: Note = Field(default="", description="What to remember of the version that this saves. Ours.")


class CopyAutomation(Body):
    """How the copy is called."""

    name: Name = Field(description="Name of the new automation.")


class ChangeOwner(Body):
    """Who is to own it."""

    user_id: ShortText = Field(alias="userId", description="The unique identifier of the new owner.")


class Move(ChangeOwner):
    """The same; clients of the vendor that are older than change-owner call the field `ownerId`."""

    @model_validator(mode="before")
    @classmethod
    def _as_older_clients_say(cls, sent: Any) -> Any:
        older = isinstance(sent, dict) and "userId" not in sent and "ownerId" in sent
        return {**sent, "userId": sent["ownerId"]} if older else sent


class ChangeSpace(Body):
    """Where it is to be."""

    space_id: ShortText = Field(
        alias="spaceId", description="The unique identifier of the new space; empty = the owner's personal space."
    )


class AutomationSettings(Body):
    """The tenant's settings for automations."""

    max_concurrent_runs_per_automation: Whole = Field(
        alias="maxConcurrentRunsPerAutomation",
        default=10,
        ge=1,
        le=1000,
        description="The most that `maxConcurrentRuns` of an automation may be.",
    )
    run_retention_days: Whole | None = Field(
        alias="runRetentionDays",
        default=None,
        ge=0,
        le=36_500,
        description="Days for which ended runs are kept; 0 = for ever, null = as the installation has it. Ours.",
    )
    success_data_hours: Whole | None = Field(
        alias="successDataHours",
        default=None,
        ge=0,
        le=876_000,
        description="Hours for which the data of runs that went well is kept; null = as long as the run. Ours.",
    )


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Schedule(_Wire):
    """When an automation runs by itself."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    start_at: str = ""
    stop_at: str = ""
    interval: int = 0
    timezone: str = ""
    recurrence: str = ""
    misfire: str = ""
    last_started_at: datetime | None = None
    next_start_at: datetime | None = Field(default=None, description="None while it is not scheduled. Ours.")
    error: str = Field(default="", description="Why it could not start. Ours.")


class Follow(_Wire):
    """An automation at whose end this one starts."""

    automation_id: str
    on: Literal["finished", "failed", "any"]


class Webhook(_Wire):
    """The subscription that starts the automation."""

    id: str
    status: Literal["pending", "active", "failed"]
    event: str
    connection_id: str = ""
    error: str = ""
    url: str = Field(default="", description="Where deliveries go; only for those who may edit.")


class Finding(_Wire):
    """Something about a workspace that a person should know."""

    code: str = ""
    detail: str = ""
    block: str = ""
    block_id: str = ""
    input: str = Field(default="", description="Which input of the block, where a formula is at fault.")
    position: int | None = Field(default=None, description="Where in the formula, in characters from 0.")
    text: str = Field(default="", description="What stands there.")


class ImportReport(_Wire):
    """What was found in the workspace that came with the request."""

    run_mode: RunMode
    blocks: int
    errors: list[Finding]
    warnings: list[Finding]
    unbound: list[dict[str, Any]]
    unknown: list[dict[str, Any]]
    bound: list[dict[str, Any]]
    disabled: list[dict[str, Any]]


class AutomationItem(_Wire):
    """An automation in a list. What has no value is left out."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    description: str
    owner_id: str
    state: State
    run_mode: RunMode
    max_concurrent_runs: int
    created_at: datetime
    updated_at: datetime
    space_id: str = ""
    duration: int = Field(default=0, description="Seconds that the last run took.")
    last_run_at: datetime | None = None
    last_run_status: LastStatus = "not started"


class AutomationDetail(AutomationItem):
    """An automation."""

    schedules: list[Schedule]
    workspace: dict[str, Any]
    connector_ids: list[str]
    endpoint_ids: list[str]
    snippet_ids: list[str]
    version: int = Field(description="Grows with every change of the workspace. An addition of ours.")
    live_version: int = Field(description="What triggers, schedules and calls start. Ours.")
    pinned: bool = Field(description="Whether saving makes drafts; false = the newest version is live. Ours.")
    priority: Priority = Field(description="Which of the tenant's waiting runs goes first. Ours.")
    last_run: RunDetail | None = None
    execution_token: str = Field(
        default="", description="Starts the automation from outside; only for those who may edit."
    )
    follows: list[Follow] = Field(default_factory=list, description="At whose end it starts. Ours.")
    webhook: Webhook | None = Field(default=None, description="What it is told of events by. Ours.")
    import_report: ImportReport | None = Field(default=None, description="After a change of the workspace. Ours.")


class AutomationList(BaseModel):
    """A page of automations."""

    data: list[AutomationItem]
    links: Links


class CopiedAutomation(BaseModel):
    """The id of the copy."""

    id: str = Field(json_schema_extra={"format": "uuid"})


class UsageAutomation(_Wire):
    """The automation that a figure is about."""

    guid: str
    name: str
    owner_id: str


class Usage(BaseModel):
    """One figure of one day."""

    date: str
    name: Metric
    value: int
    automation: UsageAutomation | None = None


class UsageList(BaseModel):
    """Figures by day."""

    data: list[Usage]


def show_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """An automation in a list."""
    shown: dict[str, Any] = {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "ownerId": row["owner_id"],
        "state": row["state"],
        "runMode": row["run_mode"],
        "maxConcurrentRuns": row["max_concurrent_runs"],
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }
    if row["space_id"] is not None:
        shown["spaceId"] = row["space_id"]
    if row["last_run_status"] is not None:
        told = row["last_run_status"] in _TOLD_OF_LAST_RUN
        shown["lastRunStatus"] = row["last_run_status"] if told else _WAITS
    if row["last_run_at"] is not None:
        shown["lastRunAt"] = iso(row["last_run_at"])
    if row["last_run_seconds"] is not None:
        shown["duration"] = int(row["last_run_seconds"])
    return shown


def show_detail(
    row: Mapping[str, Any],
    *,
    last_run: Mapping[str, Any] | None = None,
    execution_token: str | None = None,
    report: Report | None = None,
    schedules: list[dict[str, Any]] | None = None,
    webhook: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """An automation with its workspace as it was sent."""
    guids = mentioned(row["workspace"])
    shown = {
        **show_item(row),
        "schedules": row["schedules"] if schedules is None else schedules,
        "workspace": Raw(row["workspace"]),
        "connectorIds": guids.connectors,
        "endpointIds": guids.endpoints,
        "snippetIds": guids.snippets,
        "version": row["version"],
        "liveVersion": live(row),
        "pinned": row["live_version"] is not None,
        "priority": LEVELS[row["priority"]],
    }
    if row["follows"]:
        shown["follows"] = row["follows"]
    if webhook is not None:
        shown["webhook"] = webhook
    if last_run is not None:
        shown["lastRun"] = show_run(last_run)
    if execution_token is not None:
        shown["executionToken"] = execution_token
    if report is not None:
        shown["importReport"] = report.as_dict()
    return shown
