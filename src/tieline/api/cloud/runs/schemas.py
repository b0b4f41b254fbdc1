"""Runs on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.api.edge.documented import Links
from tieline.automations.runs.masking import hidden
from tieline.core import tracing
from tieline.core.clock import iso
from tieline.core.filters import Attribute
from tieline.storage.tables import runs
from tieline.tenancy.conditions import Filters
from tieline.tenancy.listing import Listing

Status = Literal[
    "failed",
    "finished",
    "finished with warnings",
    "must stop",
    "not started",
    "running",
    "starting",
    "stopped",
    "exceeded limit",
    "queued",
]
Context = Literal["test_run", "editor", "detail", "api_sync", "api_async", "webhook", "lookup"]
STATUSES: tuple[str, ...] = Status.__args__  # type: ignore[attr-defined]
CONTEXTS: tuple[str, ...] = Context.__args__  # type: ignore[attr-defined]

FILTERS: Filters = {
    "status": (Attribute(), runs.c.status),
    "context": (Attribute(), runs.c.context),
    "startTime": (Attribute("moment"), runs.c.started_at),
    "title": (Attribute(), runs.c.title),
    "spaceId": (Attribute(exact=True), runs.c.space_id),
    "ownerId": (Attribute(exact=True), runs.c.owner_id),
    "executedById": (Attribute(exact=True), runs.c.executed_by),
    # Nothing costs per run here, so that nothing is billable.
    "billable": (Attribute("boolean"), runs.c.id.is_(None)),
}
LISTING = Listing(
    runs.c.id,
    filters=FILTERS,
    sorts={"id": runs.c.id, "status": runs.c.status, "startTime": runs.c.started_at},
)

SHOWN = (
    runs.c.id,
    runs.c.status,
    runs.c.context,
    runs.c.title,
    runs.c.owner_id,
    runs.c.space_id,
    runs.c.executed_by,
    runs.c.is_test,
    runs.c.error,
    runs.c.metrics,
    runs.c.scheduled_at,
    runs.c.started_at,
    runs.c.stopped_at,
    runs.c.created_at,
    runs.c.updated_at,
    runs.c.version,
    runs.c.attempts,
    runs.c.rerun_of,
    runs.c.trace,
)


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class StartRun(Body):
    """Starts a run."""

    context: Literal["api"] = Field(description="Where the run comes from; programs say `api`.")
    inputs: Any = Field(default=None, description="What the start block gets: the payload of the run.")


class BlockMetrics(_Wire):
    """What one block did."""

    type: Literal["snippetBlock", "endpointBlock"]
    connector_guid: str
    rx_bytes: int
    tx_bytes: int
    api_calls: int = 0
    block_id: str = ""
    name: str = ""


class NetworkMetrics(_Wire):
    """Bytes over the network."""

    rx_bytes: int = 0
    tx_bytes: int = 0


class RunMetrics(_Wire):
    """What a run did so far."""

    blocks: list[BlockMetrics]
    network: NetworkMetrics
    total_api_calls: int


class RunItem(_Wire):
    """A run in a list. What has no value yet is left out."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    status: Status
    context: Context
    title: str
    owner_id: str
    executed_by_id: str | None
    is_test_run: bool
    test_run: bool
    is_archived: bool
    archived: bool
    paused: bool = Field(description="Somebody paused it; `status` is then `queued`. An addition of ours.")
    error: list[dict[str, Any]] | None
    created_at: datetime
    updated_at: datetime
    scheduled_start_time: datetime | None
    space_id: str = ""
    start_time: datetime | None = None
    stop_time: datetime | None = None
    duration: int = Field(default=0, description="Seconds between start and stop.")


class RunDetail(RunItem):
    """A run."""

    metrics: RunMetrics | None
    version: int = Field(default=0, description="The version of the automation that it runs. An addition of ours.")
    attempts: int = Field(default=0, description="How often a worker took it up. An addition of ours.")
    rerun_of: str | None = Field(default=None, description="The run whose inputs it began with. An addition of ours.")
    trace_id: str | None = Field(default=None, description="What log lines call it. An addition of ours.")


class RunList(BaseModel):
    """A page of runs."""

    data: list[RunItem]
    links: Links


class DebugLog(BaseModel):
    """Where the debug log of a run is."""

    url: str


class RunOutput(BaseModel):
    """What the output blocks of a run have shown so far."""

    status: Status
    output: Any


def shown_status(status: str) -> str:
    """The status in the words of the API: what waits on purpose counts as queued."""
    return status if status in STATUSES else "queued"


def shown_context(context: str) -> str:
    """Where a run came from in the words of the API: a schedule is none of them, and nearest to a webhook."""
    return context if context in CONTEXTS else {"api": "api_async", "schedule": "webhook"}.get(context, "detail")


def show_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """A run in a list."""
    shown: dict[str, Any] = {
        "id": row["id"],
        "status": shown_status(row["status"]),
        "context": shown_context(row["context"]),
        "title": row["title"],
        "ownerId": row["owner_id"],
        "isTestRun": row["is_test"],
        "testRun": row["is_test"],
        "isArchived": False,
        "archived": False,
        "paused": row["status"] == "paused",
        # The words of an API's refusal may hold what was sent to it.
        "error": None if row["error"] is None else hidden(row["error"]),
        "executedById": row["executed_by"],
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
        "scheduledStartTime": iso(row["scheduled_at"]) if row["scheduled_at"] else None,
    }
    if row["space_id"] is not None:
        shown["spaceId"] = row["space_id"]
    if row["started_at"] is not None:
        shown["startTime"] = iso(row["started_at"])
    if row["stopped_at"] is not None:
        shown["stopTime"] = iso(row["stopped_at"])
        if row["started_at"] is not None:
            shown["duration"] = int((row["stopped_at"] - row["started_at"]).total_seconds())
    return shown


def show_detail(row: Mapping[str, Any]) -> dict[str, Any]:
    """A run."""
    shown = show_item(row)
    if shown["executedById"] is None:
        # Lists may say null here, details may not.
        del shown["executedById"]
    return {
        "startTime": None,
        "stopTime": None,
        **shown,
        "metrics": _show_metrics(row["metrics"]),
        "version": row["version"],
        "attempts": row["attempts"],
        "rerunOf": row["rerun_of"],
        "traceId": None if (trace := tracing.place(row["trace"])) is None else trace.trace_id,
    }


def _show_metrics(metrics: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if metrics is None:
        return None
    network = metrics.get("network", {})
    blocks = [
        {
            "type": block["type"],
            "connectorGuid": str(block.get("connectorGuid") or ""),
            "rxBytes": block.get("rxBytes", 0),
            "txBytes": block.get("txBytes", 0),
            "apiCalls": block.get("apiCalls", 0),
            "blockId": str(block.get("blockId", "")),
            "name": str(block.get("name", "")),
        }
        for block in metrics.get("blocks", ())
        if block.get("type") in {"endpointBlock", "snippetBlock"}
    ]
    return {
        "blocks": blocks,
        "network": {"rxBytes": network.get("rxBytes", 0), "txBytes": network.get("txBytes", 0)},
        "totalApiCalls": network.get("apiCalls", 0),
        "items": metrics.get("items", 0),
    }
