"""What an automation says of how it is started: in its start block, and of the automations that it follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from tieline.automations.engine.registry import lookup
from tieline.automations.workspace.document import start_block
from tieline.core import json
from tieline.core.errors import BadInput, TielineError
from tieline.storage.tables import automations
from tieline.storage.unit import Unit

ENDINGS: Final = {
    "finished": ("finished", "finished with warnings"),
    "failed": ("failed", "exceeded limit"),
    "any": ("finished", "finished with warnings", "failed", "exceeded limit", "stopped"),
}
MOST_FOLLOWED: Final = 20
_NOT_OF_THE_EVENT: Final = frozenset(
    "run_mode async test_payload datasourcetype_guid webhook_event_guid webhook_documentation datasource".split()
)


def read(workspace: bytes) -> dict[str, Any]:
    """From the start block: ``sync`` (its ``async`` says no), and of a webhook ``connector``, ``event``,
    ``connection`` and ``inputs``. Only what is said; nothing for a document that cannot be read.
    """
    try:
        start = start_block(json.loads(workspace))
    except (TielineError, msgspec.MsgspecError):
        return {}
    if start is None:
        return {}
    inputs, settings = start.get("inputs"), start.get("settings")
    said = {
        "connector": _text(lookup(inputs, "datasourcetype_guid")) or _text(start.get("datasourcetype_guid")),
        "event": _text(lookup(inputs, "webhook_event_guid")) or _text(start.get("webhook_event_guid")),
        "connection": _text(lookup(settings, "datasource")) or _text(lookup(inputs, "datasource")),
        "inputs": {
            entry["id"]: entry["value"]
            for entry in (inputs if isinstance(inputs, list) else ())
            if isinstance(entry, dict)
            and isinstance(entry.get("id"), str)
            and entry["id"] not in _NOT_OF_THE_EVENT
            and entry.get("value") not in (None, "")
        },
    }
    wanted = lookup(inputs, "async", lookup(settings, "async"))
    found: dict[str, Any] = {name: value for name, value in said.items() if value}
    if wanted in (False, "no", "false", "0", 0):
        found["sync"] = True
    kept: dict[str, Any] = _storable(found)
    return kept


async def check_follows(unit: Unit, automation_id: UUID, wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """``{automationId, on}`` as it is stored. Raises `BadInput` for what does not exist, and for itself."""
    if len(wanted) > MOST_FOLLOWED:
        raise BadInput(f"An automation can follow at most {MOST_FOLLOWED} others.", pointer="/follows")
    found: list[dict[str, str]] = []
    for index, entry in enumerate(wanted):
        where = f"/follows/{index}"
        on = entry.get("on") or "finished"
        if on not in ENDINGS:
            raise BadInput(f"on has to be one of {', '.join(ENDINGS)}.", pointer=f"{where}/on")
        try:
            other = UUID(str(entry.get("automationId")))
        except ValueError:
            raise BadInput("automationId is no id of an automation.", pointer=f"{where}/automationId") from None
        known = await unit.scalar(unit.select(automations, automations.c.id).where(automations.c.id == other))
        if known is None or other == automation_id:
            raise BadInput("automationId has to name another automation.", pointer=f"{where}/automationId")
        found.append({"automationId": str(other), "on": on})
    return found


async def forget(unit: Unit, automation_id: UUID) -> None:
    """Nothing follows an automation that is gone."""
    mine = [{"automationId": str(automation_id)}]
    statement = unit.select(automations, automations.c.id, automations.c.follows)
    statement = statement.where(text("follows <> '[]'::jsonb"), automations.c.follows.contains(mine))
    for row in await unit.all(statement.order_by(automations.c.id).with_for_update()):
        kept = [one for one in row["follows"] if one.get("automationId") != str(automation_id)]
        await unit.update(automations, automations.c.id == row["id"], follows=kept)


def _storable(value: Any) -> Any:
    """Without NUL characters, which a document may hold, and columns may not."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {_storable(key): _storable(entry) for key, entry in value.items()}
    return [_storable(entry) for entry in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 200 else ""
