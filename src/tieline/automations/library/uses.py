"""Which automations use a connector, or certain blocks of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from tieline.core import json
from tieline.storage.tables import automation_versions, automations
from tieline.storage.unit import Unit

_PAGE = 100
_SOUGHT = 200


class Use(Struct, frozen=True):
    """An automation, and which of the blocks that were asked for its newest or live version uses."""

    id: str
    name: str
    state: str
    blocks: list[str]


async def users_of(
    unit: Unit,
    connector: Collection[str],
    blocks: dict[str, str],
    *,
    visible: sa.ColumnElement[bool] | None = None,
    everything: bool = False,
    limit: int = 200,
) -> list[Use]:
    """Automations whose newest or live workspace uses one of ``blocks``; with ``everything`` any of the connector.

    ``connector`` holds the names that workspaces know it by (guid, id); ``blocks`` maps the names of a block in
    workspaces (guid, id) to its id. Blocks that name no connector are told by their own name alone.
    """
    sought = [*connector, *list(blocks)[:_SOUGHT]]
    if not sought:
        return []
    workspace = automation_versions.c.workspace
    mentions = sa.or_(*(sa.func.pg_catalog.position(workspace, name.encode()) > 0 for name in sought))
    statement = (
        unit.select(automations, automations.c.id, automations.c.name, automations.c.state, workspace)
        .join(
            automation_versions,
            (automation_versions.c.tenant_id == automations.c.tenant_id)
            & (automation_versions.c.automation_id == automations.c.id),
        )
        .where(mentions, *([visible] if visible is not None else []))
        .order_by(automations.c.id)
        .limit(_PAGE)
    )
    found: dict[str, Use] = {}
    version, pinned = automation_versions.c.version, automations.c.live_version
    for of_interest in (version == automations.c.version, (version == pinned) & (pinned < automations.c.version)):
        for one in await _uses(unit, statement.where(of_interest), connector, blocks, everything, limit):
            known = found.get(one.id)
            found[one.id] = Use(one.id, one.name, one.state, sorted({*one.blocks, *known.blocks})) if known else one
    return [found[name] for name in sorted(found)][:limit]


async def _uses(
    unit: Unit,
    statement: sa.Select[Any],
    connector: Collection[str],
    blocks: dict[str, str],
    everything: bool,
    limit: int,
) -> list[Use]:
    found: list[Use] = []
    last: Any = None
    while len(found) < limit:
        rows = await unit.all(statement if last is None else statement.where(automations.c.id > last))
        for row in rows:
            used = list(_used(row["workspace"], connector, blocks, everything))
            if used:
                found.append(Use(str(row["id"]), row["name"], row["state"], sorted(set(used))))
        if len(rows) < _PAGE:
            break
        last = rows[-1]["id"]
    return found


def _used(workspace: bytes, connector: Collection[str], blocks: dict[str, str], everything: bool) -> Iterator[str]:
    try:
        content = json.loads(workspace)
    except msgspec.MsgspecError:
        return
    listed: Any = content.get("blocks") if isinstance(content, dict) else None
    for block in listed if isinstance(listed, list) else ():
        if not isinstance(block, dict):
            continue
        owner = block.get("datasourcetype_guid") or ""
        called = block.get("endpoint_guid") or block.get("snippet_guid") or ""
        if owner and owner not in connector:
            continue
        if called in blocks:
            yield blocks[called]
        elif everything and owner:
            yield str(called)
