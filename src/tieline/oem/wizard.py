"""The setup of an integration, step by step: connect, setup, settings, schedule, review.

The steps are made of the template's version that the integration runs: what its blocks connect to, what the input
blocks below its start blocks ask for. A step is ``complete`` when nothing that it requires lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from tieline.automations.engine.errors import BlockInputInvalid
from tieline.core.errors import BadInput
from tieline.oem import settings
from tieline.oem.errors import UnknownInput
from tieline.oem.shapes import Shape
from tieline.storage.tables import connections, connectors
from tieline.storage.unit import Unit
from tieline.tenancy.visibility import usable_by

FLOWS: Final = ("setup", "settings")
SCHEDULED: Final = "scheduled"

Row = dict[str, Any]


async def steps(unit: Unit, row: Mapping[str, Any], shape: Shape, *, private: bool = False) -> list[dict[str, Any]]:
    """The steps of an integration, a row of `integrations.listed`; the last one says whether it can be switched on.

    ``private``: its owner's connections are not told, only whether there are any that serve.
    """
    values = await settings.values_of(unit, row["id"])
    lacking = settings.lacking(shape, values)
    fields = settings.shown(shape, values, None)
    found: list[dict[str, Any]] = []
    asked = await connecting(unit, row["i_connections"], shape, row["owner_id"])
    if asked:
        complete = all(one["connected"] for one in asked)
        if private:
            asked = [{**one, "connection": None, "connections": []} for one in asked]
        found.append({"step": "connect", "complete": complete, "connectors": asked})
    for flow in FLOWS:
        mine = [one for one in fields if one["label"] == flow]
        there = shape.has_setup if flow == "setup" else shape.has_settings
        if mine or there:
            missing = sorted({one["field_name"] for one in mine} & set(lacking))
            found.append({"step": flow, "complete": not missing, "fields": mine, "lacking": missing})
    if shape.run_mode == SCHEDULED:
        kept = list(row["schedules"])
        found.append({"step": "schedule", "complete": bool(kept), "schedules": kept})
    ready = all(one["complete"] for one in found)
    # A connection or a schedule may follow later; only what is required keeps it from being switched on.
    found.append({"step": "review", "complete": ready, "lacking": lacking, "can_activate": not lacking})
    return found


async def connecting(unit: Unit, given: Mapping[str, str], shape: Shape, owner_id: UUID) -> list[dict[str, Any]]:
    """What has to be connected, with the connections of the account that can serve, and the one that will."""
    if not shape.connectors:
        return []
    named = sa.or_(connectors.c.guid.in_(shape.connectors), connectors.c.name.in_(shape.connectors))
    rows = await unit.all(
        unit.select(connectors, connectors.c.id, connectors.c.guid, connectors.c.name, connectors.c.title)
        .where(named)
        .order_by(connectors.c.id)
    )
    mine = await unit.all(
        unit.select(
            connections,
            connections.c.id,
            connections.c.name,
            connections.c.connector_id,
            connections.c.is_connected,
        )
        .where(connections.c.connector_id.in_([row["id"] for row in rows]), usable_by(connections, owner_id))
        .order_by(connections.c.id)
    )
    found = []
    for row in rows:
        can = [one for one in mine if one["connector_id"] == row["id"]]
        chosen = given.get(row["guid"]) or given.get(row["name"]) or (str(can[0]["id"]) if len(can) == 1 else None)
        bound = next((one for one in can if str(one["id"]) == chosen), None)
        found.append(
            {
                "connector_id": str(row["id"]),
                "connector_guid": row["guid"],
                "name": row["title"] or row["name"],
                "connection": None if bound is None else str(bound["id"]),
                "connected": bound is not None and bound["is_connected"],
                "connections": [
                    {"id": str(one["id"]), "name": one["name"], "is_connected": one["is_connected"]} for one in can
                ],
            }
        )
    known = {name for row in rows for name in (row["guid"], row["name"])}
    return found + [
        {
            "connector_id": None,
            "connector_guid": name,
            "name": name,
            "connection": None,
            "connected": False,
            "connections": [],
        }
        for name in shape.connectors
        if name not in known
    ]


def problems(shapes: Sequence[Shape], inputs: Mapping[str, Any], *, pointer: str = "/inputs") -> list[BadInput]:
    """Everything that is wrong with these settings, each at its field."""
    found: list[BadInput] = []
    for given, value in inputs.items():
        where = f"{pointer}/{given.replace('~', '~0').replace('/', '~1')}"[:200]
        fields = [shape.settings()[name] for shape in shapes if (name := shape.resolve(given)) is not None]
        if not fields:
            found.append(UnknownInput(f"{given[:100]!r} is no setting of this integration.", pointer=where))
        for field in fields[:1]:
            if value is None:
                if field.required:
                    found.append(BadInput(f"The input {field.label!r} is required and cannot be null.", pointer=where))
                continue
            try:
                field.read(value, given=True)
            except BlockInputInvalid as error:
                found.append(BadInput(f"{error.detail[:1].upper()}{error.detail[1:]}.", pointer=where))
    return found
