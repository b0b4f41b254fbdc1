"""Connector blocks that name a connector but no connection, as exports of other installations do.

Such a block is bound while it runs, and its document stays as it came: to the one connection of that connector that
the automation's owner may use. Where there is none, or several to choose from, it is refused. An integration says
itself which connection serves which connector.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_

from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import UnboundBlock
from tieline.storage.database import Database
from tieline.storage.tables import automations, connections, connectors, integrations
from tieline.storage.unit import Unit
from tieline.tenancy.visibility import usable_by

FRESH_SECONDS = 1.0  # a connection that was made or removed counts within this time
KEPT = 2048
MOST = 1000  # connectors that one document is asked about


@dataclass(frozen=True, slots=True)
class Candidate:
    """A connector of the tenant, and the ids of its connections that a user may work with."""

    connector_id: UUID
    title: str
    connections: tuple[UUID, ...]


class Bindings:
    """A service of blocks: finds the connection of blocks that name none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: OrderedDict[tuple[UUID, UUID, str], tuple[float, UUID]] = OrderedDict()

    async def connection(self, connector: str, context: BlockContext) -> UUID:
        """The one there is. Raises `UnboundBlock` that names block and connector."""
        run = context.run
        key = (run.tenant_id, run.automation_id, connector)
        moment = time.monotonic()
        kept = self._found.get(key)
        if kept is not None and moment - kept[0] < FRESH_SECONDS:
            return kept[1]
        async with self._database.tenant(run.tenant_id) as unit:
            one = (await chosen_for(unit, run.automation_id)).get(connector)
            found: list[Candidate] = []
            if one is None:
                mine = unit.select(automations, automations.c.owner_id).where(automations.c.id == run.automation_id)
                found = (await candidates(unit, [connector], await unit.scalar(mine))).get(connector, [])
                one = sole(found)
        if one is None:
            raise UnboundBlock(f"block “{context.step.label}” has no connection{reason(connector, found)}")
        self._found[key] = moment, one
        self._found.move_to_end(key)
        if len(self._found) > KEPT:
            self._found.popitem(last=False)
        return one


async def chosen_for(unit: Unit, automation_id: UUID) -> dict[str, UUID]:
    """The connections that an integration was given, by the name or GUID of the connector."""
    given = await unit.scalar(
        unit.select(integrations, integrations.c.connections).where(integrations.c.automation_id == automation_id)
    )
    return {name: UUID(one) for name, one in (given or {}).items()}


async def candidates(unit: Unit, wanted: Collection[str], owner_id: UUID | None) -> dict[str, list[Candidate]]:
    """The tenant's connectors of these GUIDs or names, and which connections of each the owner may work with."""
    names = sorted(set(wanted))[:MOST]
    if not names or owner_id is None:
        return {}
    rows = await unit.all(
        unit.select(connectors, connectors.c.id, connectors.c.guid, connectors.c.name, connectors.c.title).where(
            or_(connectors.c.guid.in_(names), connectors.c.name.in_(names))
        )
    )
    if not rows:
        return {}
    mine = await unit.all(
        unit.select(connections, connections.c.id, connections.c.connector_id)
        .where(connections.c.connector_id.in_([row["id"] for row in rows]), usable_by(connections, owner_id))
        .order_by(connections.c.id)
    )
    found: dict[str, list[Candidate]] = {}
    for row in rows:
        ids = tuple(one["id"] for one in mine if one["connector_id"] == row["id"])
        candidate = Candidate(row["id"], row["title"] or row["name"], ids)
        for name in {row["guid"], row["name"]}:
            found.setdefault(name, []).append(candidate)
    return found


def sole(found: Collection[Candidate]) -> UUID | None:
    """The connection, where there is no choice."""
    several: list[Any] = [one for candidate in found for one in candidate.connections]
    return several[0] if len(several) == 1 else None


def reason(connector: str, found: Collection[Candidate]) -> str:
    """Why none was found, as the end of a sentence."""
    if not found:
        return f": its connector {connector[:100]!r} is not known here; import it, or choose a connection (datasource)"
    title = next(iter(found)).title
    number = sum(len(candidate.connections) for candidate in found)
    if not number:
        return f": connector “{title}” has no connection that the automation's owner may use; make one"
    return f": there are {number} connections of “{title}”; choose one in its settings (datasource)"
