"""One block of a connection, called outside of any automation."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from tieline.api.cloud.connections.endpoints import ConnectionId, Writer
from tieline.api.cloud.connections.errors import ConfirmationNeeded
from tieline.api.cloud.connections.reach import reach
from tieline.api.edge.access import Call
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Body, Incoming, Whole, json_body
from tieline.api.edge.documented import documented
from tieline.automations.blocks.calling import (
    Called,
    Watching,
    call_block,
    open_cursor,
    seal_cursor,
    shape_of,
)
from tieline.automations.runs.storable import storable
from tieline.connectors.runtime import RetryPolicy
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.connectors.runtime.harmless import changes_something

router = APIRouter(tags=["automation-connections"])

MOST_RECORDS = 200
MOST_INPUTS = 500
# Somebody waits for the answer.
IMPATIENT = RetryPolicy(attempts=2, limited_attempts=2, longest=2.0, max_wait=10.0)


class CallBlock(Body):
    """What to call a block with."""

    inputs: dict[str, Any] = Field(default_factory=dict, max_length=MOST_INPUTS, description="Values by input.")
    cursor: str | None = Field(default=None, max_length=20_000, description="`next` of the page before.")
    offset: Annotated[Whole, Field(ge=0, le=1_000_000)] = Field(
        default=0, description="How many records of the page to pass over."
    )
    limit: Annotated[Whole, Field(ge=1, le=MOST_RECORDS)] = Field(default=20, description="How many records to give.")
    confirm: bool = Field(default=False, description="Needed where the block changes something.")


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class CalledHeader(_Wire):
    """A header; credentials are masked."""

    name: str
    value: str


class CalledPart(_Wire):
    """A request or an answer, as a run's history shows it."""

    headers: list[CalledHeader]
    body: str | None
    bytes: int | None = None
    cut: bool | None = None
    note: str | None = None


class CalledExchange(_Wire):
    """One HTTP exchange."""

    method: str
    url: str
    status: int = Field(description="0 = no answer.")
    ms: float
    attempt: int
    purpose: str
    error: str | None
    request: CalledPart | None = None
    response: CalledPart | None = None


class CalledError(_Wire):
    """Why the call failed."""

    code: str
    title: str
    detail: str | None


class CalledType(_Wire):
    """The types that are at a path."""

    path: str
    types: list[str]
    format: str | None


class CalledRate(_Wire):
    """What the API said of its limits."""

    limited: bool
    remaining: int | None
    reset_seconds: float | None
    wait_seconds: float | None


class CalledBlock(_Wire):
    """What came of a call."""

    ok: bool
    records: list[Any] = Field(description="One page at most; the one record of a block that is no list.")
    page_records: int = Field(description="How many the page has; `offset` shows others of it.")
    total: int | None = Field(description="How many there are, where the API says so.")
    next: str | None = Field(description="Cursor of the next page.")
    cut: bool = Field(description="Records were left out because they are too large.")
    status: int | None = Field(description="Of the last answer.")
    warning: str | None
    error: CalledError | None
    exchanges: list[CalledExchange]
    schema_: dict[str, Any] = Field(alias="schema", description="JSON Schema that the records fit.")
    types: list[CalledType] = Field(description="Types by path, at most 500.")
    rate: CalledRate | None
    milliseconds: float


@router.post(
    "/automation-connections/{id:uuid}/blocks/{block}/actions/call",
    **documented(
        "Call a block of a connection",
        name="callConnectionBlock",
        answer=CalledBlock,
        body=CallBlock,
        errors=[400, 404, 409, 422],
    ),
)
async def call_connection_block(
    call: Writer,
    connection_id: ConnectionId,
    block: str,
    body: Annotated[Incoming[CallBlock], Depends(json_body(CallBlock))],
) -> Response:
    """Calls one block with this connection and gives one page of records, what was sent and answered, and the shape of
    the records. What the API refuses is in `error`. A block that changes something needs `confirm`. Ours.
    """
    asked = body.model
    services = call.services
    tenant_id = call.principal.tenant_id
    async with call.unit() as unit:
        row = await reach(call, unit, connection_id, to="use")
    watching = Watching()
    client = await services.connections.client(
        tenant_id, connection_id, services.egress, observer=watching, policy=IMPATIENT
    )
    found = client.block(block)
    context = f"test-call/{tenant_id}/{connection_id}/{found.id}"
    cursor = None if asked.cursor is None else open_cursor(services.vault, asked.cursor, context)
    if changes_something(found):
        if not asked.confirm:
            raise ConfirmationNeeded(
                f"The block {found.name or found.id!r} changes something in the connected account; send confirm: true.",
                pointer="/confirm",
            )
        # Before it is sent: what came of it may never be known.
        async with call.unit() as unit:
            await call.record(unit, "connection.block-called", connection_id, row["name"], {"block": found.id})
    called, following = await call_block(
        client, found, asked.inputs, watching, cursor=cursor, offset=asked.offset, limit=asked.limit
    )
    if following is not None:
        called.next = seal_cursor(services.vault, following, context)
    await _noticed(call, connection_id, called)
    return Json(_show(called))


async def _noticed(call: Call, connection_id: UUID, called: Called) -> None:
    """Credentials that turn out not to work show at the connection."""
    if isinstance(called.error, ReconnectNeeded):
        await call.services.connections.report(call.principal.tenant_id, connection_id, called.error.detail)


def _show(called: Called) -> dict[str, Any]:
    error = called.error
    schema, types = shape_of(called.records)
    shown: dict[str, Any] = storable(
        {
            "ok": error is None,
            "records": called.records,
            "pageRecords": called.of_page,
            "total": called.total,
            "next": called.next,
            "cut": called.cut,
            "status": called.status,
            "warning": called.warning or None,
            "error": None if error is None else {"code": error.code, "title": error.title, "detail": error.detail},
            "exchanges": called.exchanges,
            "schema": schema,
            "types": types,
            "rate": called.rate,
            "milliseconds": called.milliseconds,
        },
        nul=True,
    )
    return shown
