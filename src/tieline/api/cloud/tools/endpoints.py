"""Offering tools: ``/automations/{id}/tool`` and ``/automation-connections/{id}/tools``, additions of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tieline.api.cloud.automations.reach import reach as reach_automation
from tieline.api.cloud.connections.reach import reach as reach_connection
from tieline.api.cloud.tools.schemas import (
    AutomationTool,
    AutomationToolBody,
    ConnectionTools,
    ConnectionToolsBody,
    show_automation,
    show_connection,
)
from tieline.api.edge.access import Call, access
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, json_body
from tieline.api.edge.documented import documented
from tieline.api.edge.ids import path_id
from tieline.automations.tools import blocks, flows, names, offers
from tieline.automations.tools.errors import NotATool, NotYours
from tieline.automations.tools.offers import AUTOMATION, CONNECTION, Offer
from tieline.core.errors import BadInput
from tieline.storage.unit import Unit

router = APIRouter(tags=["tools"])

AutomationReader = Annotated[Call, Depends(access("automations", "read"))]
AutomationWriter = Annotated[Call, Depends(access("automations", "write"))]
ConnectionReader = Annotated[Call, Depends(access("connections", "read"))]
ConnectionWriter = Annotated[Call, Depends(access("connections", "write"))]
AutomationId = Annotated[UUID, Depends(path_id("id", "automation"))]
ConnectionId = Annotated[UUID, Depends(path_id("id", "connection"))]


@router.get(
    "/automations/{id:uuid}/tool",
    **documented("Get the tool of an automation", name="getAutomationTool", answer=AutomationTool, errors=[404]),
)
async def get_automation(call: AutomationReader, automation_id: AutomationId) -> Response:
    """Whether agents see the automation, and how."""
    async with call.unit() as unit:
        row = await reach_automation(call, unit, automation_id)
        return Json(await _automation(unit, row))


@router.put(
    "/automations/{id:uuid}/tool",
    **documented(
        "Offer an automation as a tool",
        name="putAutomationTool",
        answer=AutomationTool,
        body=AutomationToolBody,
        errors=[404, 409],
    ),
)
async def put_automation(
    call: AutomationWriter,
    automation_id: AutomationId,
    body: Annotated[Incoming[AutomationToolBody], Depends(json_body(AutomationToolBody))],
) -> Response:
    """Lets agents see it and run it, or no more. For its owner and for administrators."""
    wanted = body.model
    async with call.unit() as unit:
        row = await reach_automation(call, unit, automation_id, lock=True)
        before = await _offer(call, unit, AUTOMATION, row)
        if not wanted.enabled:
            await offers.withdraw(unit, AUTOMATION, automation_id)
        elif await flows.schema_of(unit, row) is None:
            raise NotATool(
                "Only a triggered automation, or one that is run by hand and begins with a form, can be a tool; change "
                "its start block."
            )
        else:
            name = wanted.name or (before.name if before else "") or _made(row, names.LONGEST)
            offers.check_name(name, AUTOMATION)
            offer = Offer(
                of=AUTOMATION,
                name=name,
                id=automation_id,
                owner=row["owner_id"],
                description=names.clean(wanted.description, 1000),
            )
            await offers.put(unit, offer)
        shown = await _automation(unit, row)
        await call.record(unit, "automation.tool-changed", automation_id, row["name"], _told(shown))
    return Json(shown)


@router.get(
    "/automation-connections/{id:uuid}/tools",
    **documented("Get the tools of a connection", name="getConnectionTools", answer=ConnectionTools, errors=[404]),
)
async def get_connection(call: ConnectionReader, connection_id: ConnectionId) -> Response:
    """Whether agents see blocks of the connection, and which."""
    async with call.unit() as unit:
        row = await reach_connection(call, unit, connection_id)
        return Json(await _connection(call, unit, row))


@router.put(
    "/automation-connections/{id:uuid}/tools",
    **documented(
        "Offer blocks of a connection as tools",
        name="putConnectionTools",
        answer=ConnectionTools,
        body=ConnectionToolsBody,
        errors=[404, 409],
    ),
)
async def put_connection(
    call: ConnectionWriter,
    connection_id: ConnectionId,
    body: Annotated[Incoming[ConnectionToolsBody], Depends(json_body(ConnectionToolsBody))],
) -> Response:
    """Lets agents call its blocks, or no more: all that only read, or those that `blocks` names. For its owner and for
    administrators.
    """
    wanted = body.model
    async with call.unit() as unit:
        row = await reach_connection(call, unit, connection_id)
        before = await _offer(call, unit, CONNECTION, row)
        if not wanted.enabled:
            await offers.withdraw(unit, CONNECTION, connection_id)
        else:
            chosen = None if wanted.blocks is None else list(dict.fromkeys(wanted.blocks))
            await _check_blocks(call, unit, row, chosen)
            name = wanted.name or (before.name if before else "") or _made(row, names.LONGEST_PREFIX)
            offers.check_name(name, CONNECTION)
            offer = Offer(of=CONNECTION, name=name, id=connection_id, owner=row["owner_id"], blocks=chosen)
            await offers.put(unit, offer)
        shown = await _connection(call, unit, row)
        await call.record(unit, "connection.tools-changed", connection_id, row["name"], _told(shown))
    return Json(shown)


async def _offer(call: Call, unit: Unit, of: str, row: Mapping[str, Any]) -> Offer | None:
    """How it is offered now. Raises `NotYours`: who may edit a thing may not let agents loose on it."""
    if row["owner_id"] != call.principal.user_id and not call.principal.is_admin:
        raise NotYours(f"Only the owner of the {of}, or an administrator, may offer it as a tool.")
    return await offers.find(unit, of, row["id"])


def _made(row: Mapping[str, Any], longest: int) -> str:
    """A name from that of the thing, which nothing else has."""
    mark = row["id"].hex[-6:]
    return f"{names.slug(row['name'], longest - len(mark) - 1) or 'tool'}_{mark}"


async def _check_blocks(call: Call, unit: Unit, row: Mapping[str, Any], chosen: list[str] | None) -> None:
    manifest = await call.services.connectors.manifest(unit, row["connector_id"])
    if chosen is None:
        return
    known = {block.id for block in manifest.blocks}
    for index, one in enumerate(chosen):
        if one not in known:
            raise BadInput("The connector has no block of this id.", pointer=f"/blocks/{index}")
    usable = {block.id for block in blocks.offered(manifest, chosen)}
    for index, one in enumerate(chosen):
        if one not in usable:
            raise NotATool("This block wants a file, which no agent can give.", pointer=f"/blocks/{index}")


async def _automation(unit: Unit, row: Mapping[str, Any]) -> dict[str, Any]:
    offer = await offers.find(unit, AUTOMATION, row["id"])
    if offer is None or offer.owner != row["owner_id"]:
        return show_automation(None, None)
    return show_automation(offer, await flows.schema_of(unit, row))


async def _connection(call: Call, unit: Unit, row: Mapping[str, Any]) -> dict[str, Any]:
    offer = await offers.find(unit, CONNECTION, row["id"])
    if offer is None or offer.owner != row["owner_id"]:
        return show_connection(None, [])
    manifest = await call.services.connectors.manifest(unit, row["connector_id"])
    found = blocks.offered(manifest, offer.blocks)
    return show_connection(offer, sorted(names.of_block(offer.name, block.id) for block in found))


def _told(shown: Mapping[str, Any]) -> dict[str, Any]:
    """For the audit log: without what follows from it."""
    return {name: shown[name] for name in ("enabled", "name", "blocks") if name in shown}
