"""Connectors and connections of an account: what its integrations work with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from tieline.connectors.library import Library
from tieline.connectors.manifest.model import Manifest
from tieline.core import json
from tieline.core.errors import BadInput, Conflict, NotFound
from tieline.oem.accounts import as_uuid
from tieline.storage.database import Database
from tieline.storage.tables import (
    automation_versions,
    automations,
    connections,
    connectors,
    integrations,
    template_versions,
    tenants,
)
from tieline.storage.unit import Unit
from tieline.tenancy.visibility import usable_by


async def provide(
    database: Database, library: Library, partner_id: UUID, tenant_id: UUID, names: Collection[str]
) -> dict[str, UUID]:
    """The account's connectors by name and GUID; those that it lacks are copied from the partner's other accounts."""
    async with database.tenant(tenant_id) as unit:
        found = await _known(unit, names)
    missing = [name for name in names if name not in found]
    if not missing:
        return found
    others = (
        sa.select(connectors.c.manifest)
        .join(tenants, tenants.c.id == connectors.c.tenant_id)
        .where(tenants.c.partner_id == partner_id, connectors.c.tenant_id != tenant_id, _named(missing))
        .order_by(connectors.c.guid, connectors.c.updated_at)
    )
    async with database.system() as system:
        rows = await system.all(others)
    if not rows:
        return found
    async with database.tenant(tenant_id) as unit:
        for row in rows:
            manifest = msgspec.json.decode(row["manifest"], type=Manifest)
            name = manifest.name
            if await unit.scalar(unit.select(connectors, connectors.c.id).where(connectors.c.name == name)) is None:
                await library.save(unit, manifest)
        return await _known(unit, names)


def _named(names: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.or_(connectors.c.guid.in_(list(names)), connectors.c.name.in_(list(names)))


async def _known(unit: Unit, names: Collection[str]) -> dict[str, UUID]:
    if not names:
        return {}
    rows = await unit.all(
        unit.select(connectors, connectors.c.id, connectors.c.guid, connectors.c.name).where(_named(names))
    )
    return {name: row["id"] for row in rows for name in (row["guid"], row["name"])}


async def bind(
    unit: Unit, given: Sequence[str], *, owner_id: UUID | None = None, pointer: str = "/datasources"
) -> dict[str, str]:
    """Ids of connections, as connection by connector: under the connector's GUID and under its name.

    Raises `BadInput` for one that is not the account's, or that ``owner_id`` may not use.
    """
    found: dict[str, str] = {}
    for index, name in enumerate(given):
        identity = as_uuid(name)
        mine = listed(unit).where(connections.c.id == identity)
        row = None
        if identity is not None:
            row = await unit.one(mine if owner_id is None else mine.where(usable_by(connections, owner_id)))
        if row is None:
            raise BadInput("There is no such datasource in this account.", pointer=f"{pointer}/{index}")
        found |= {row["connector_guid"]: str(row["id"]), row["connector_name"]: str(row["id"])}
    return found


async def bound_to(unit: Unit, connection_id: UUID) -> list[str]:
    """Names of the integrations that were given this connection."""
    has_it = sa.func.jsonb_path_exists(
        integrations.c.connections,
        sa.literal_column("'$.* ? (@ == $id)'::jsonpath"),
        sa.func.jsonb_build_object("id", str(connection_id)),
    )
    rows = await unit.all(
        unit.select(automations, automations.c.name)
        .join(
            integrations,
            (integrations.c.tenant_id == automations.c.tenant_id) & (integrations.c.automation_id == automations.c.id),
        )
        .where(has_it)
        .order_by(automations.c.id)
    )
    return [row["name"] for row in rows]


async def unbind(unit: Unit, connection_id: UUID) -> None:
    """Takes a connection that goes away from the integrations that were given it: they look for another one."""
    for row in await unit.all(unit.select(integrations, integrations.c.id, integrations.c.connections)):
        left = {name: value for name, value in row["connections"].items() if value != str(connection_id)}
        if left != row["connections"]:
            await unit.update(integrations, integrations.c.id == row["id"], connections=left)


def listed(unit: Unit) -> sa.Select[Any]:
    """SELECT of the account's connections with their connectors, oldest first."""
    columns = [column for column in connections.c if column.name not in ("secrets", "tenant_id")]
    return (
        unit.select(
            connections,
            *columns,
            connectors.c.guid.label("connector_guid"),
            connectors.c.name.label("connector_name"),
            connectors.c.title.label("connector_title"),
        )
        .join(
            connectors,
            (connectors.c.tenant_id == connections.c.tenant_id) & (connectors.c.id == connections.c.connector_id),
        )
        .order_by(connections.c.id)
    )


async def connection(unit: Unit, name: str) -> dict[str, Any] | None:
    """The connection of this GUID, with its connector."""
    identity = as_uuid(name)
    return None if identity is None else await unit.one(listed(unit).where(connections.c.id == identity))


async def connector_of_connections(unit: Unit) -> dict[str, str]:
    """GUID of the connector, by id of the connection, over the unit's tenant."""
    rows = await unit.all(listed(unit))
    return {str(row["id"]): row["connector_guid"] for row in rows}


async def users_of(database: Database, tenant_id: UUID, rows: Sequence[dict[str, Any]]) -> dict[UUID, list[UUID]]:
    """Ids of the automations that work with each connection: they name it, were given it, or find it because it is the
    only one of its connector.
    """
    if not rows:
        return {}
    of_tenant = automations.c.tenant_id == tenant_id
    statement = (
        sa.select(automations.c.id, integrations.c.connections, template_versions.c.workspace.label("theirs"))
        .add_columns(automation_versions.c.workspace)
        .outerjoin(
            integrations,
            (integrations.c.tenant_id == automations.c.tenant_id) & (integrations.c.automation_id == automations.c.id),
        )
        .outerjoin(
            template_versions,
            (template_versions.c.template_id == automations.c.template_id)
            & (template_versions.c.version == automations.c.version),
        )
        .outerjoin(
            automation_versions,
            (automation_versions.c.tenant_id == automations.c.tenant_id)
            & (automation_versions.c.automation_id == automations.c.id)
            & (automation_versions.c.version == automations.c.version),
        )
        .where(of_tenant)
        .order_by(automations.c.id)
    )
    number: dict[str, int] = {}
    for row in rows:
        number[row["connector_guid"]] = number.get(row["connector_guid"], 0) + 1
    found: dict[UUID, list[UUID]] = {row["id"]: [] for row in rows}
    async with database.system() as unit:
        result = await unit.connection.execute(statement)
        for automation_id, given, theirs, own in result:
            text = bytes(theirs or own or b"").decode(errors="replace").lower()
            chosen = given or {}
            for row in rows:
                explicit = str(row["id"]) in text or str(row["id"]) in chosen.values()
                named = row["connector_guid"].lower() in text or f'"{row["connector_name"]}"' in text
                sole = named and row["connector_guid"] not in chosen and number[row["connector_guid"]] == 1
                if explicit or sole:
                    found[row["id"]].append(automation_id)
    return found


def with_connections(workspace: bytes, given: dict[str, str]) -> bytes:
    """The document with the connections of an integration entered in its blocks."""
    content = json.loads(workspace)
    blocks = content.get("blocks") if isinstance(content, dict) else None
    for block in blocks if isinstance(blocks, list) else []:
        chosen = given.get(str(block.get("datasourcetype_guid") or "")) if isinstance(block, dict) else None
        if chosen is None:
            continue
        settings = block.get("settings")
        if isinstance(settings, dict):
            settings["datasource"] = chosen
            continue
        kept = [one for one in settings or [] if not (isinstance(one, dict) and one.get("id") == "datasource")]
        block["settings"] = [*kept, {"id": "datasource", "value": chosen, "type": "select", "structure": []}]
    return json.dumps(content)


async def connector(unit: Unit, partner_id: UUID, name: str) -> dict[str, Any]:
    """The newest of the partner's connectors of this GUID or name; a system unit is needed. Raises `NotFound`."""
    mine = of_partner(partner_id).where(_named([name])) if "\0" not in name else None
    rows = [] if mine is None else await unit.all(mine)
    if not rows:
        raise NotFound("There is no such connector.")
    if len({row["guid"] for row in rows}) > 1:
        raise Conflict("Several connectors have this name; name one by its guid.")
    return rows[0]


def of_partner(partner_id: UUID) -> sa.Select[Any]:
    """SELECT of the partner's connectors, one for each GUID: the one that was changed last."""
    return (
        sa.select(connectors.c.tenant_id, connectors.c.id, connectors.c.guid, connectors.c.name, connectors.c.title)
        .add_columns(connectors.c.version, connectors.c.created_at, connectors.c.updated_at)
        .ext(distinct_on(connectors.c.guid))
        .join(tenants, tenants.c.id == connectors.c.tenant_id)
        .where(tenants.c.partner_id == partner_id)
        .order_by(connectors.c.guid, connectors.c.updated_at.desc())
    )
