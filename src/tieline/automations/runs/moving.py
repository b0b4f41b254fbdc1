"""A run that failed goes on with another version of its automation: the one in which somebody has mended it.

What the journal holds is found by place: a block's key is its position in the document, and its path the loops around
it. So the other version must have every block of the run's version at the same place, of the same type, under the same
name and in the same loops; inputs, settings and the order of blocks may differ, and new blocks may stand behind them.

The block that failed is tried as the new version has it, and under another idempotency key where its service has
answered: a service that remembers keys would give the old refusal again, or refuse other data under a key that it
knows. Where nobody knows what became of the call, the key stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tieline.automations.engine import codec
from tieline.automations.engine.journal import GROUP, NOTE
from tieline.automations.runs.errors import NotMovable
from tieline.automations.workspace import document as reading
from tieline.automations.workspace.places import branches
from tieline.core import json
from tieline.core.errors import NotFound
from tieline.storage.documents import workspace_of
from tieline.storage.tables import automations, journal
from tieline.storage.unit import Unit

LAST_ROWS = 20  # of the journal, in which a block that ended the run has left its note


async def moved(unit: Unit, run: Mapping[str, Any], version: int | None) -> dict[str, Any]:
    """The columns of a run that goes on with ``version`` (None: the newest), to be written with its retry.

    Raises `NotFound` for a version that is not there and `NotMovable` where the run's journal does not fit it.
    """
    wanted = version or await unit.scalar(
        unit.select(automations, automations.c.version).where(automations.c.id == run["automation_id"])
    )
    if wanted == run["version"]:
        return {}
    old = await workspace_of(unit, run["automation_id"], run["version"])
    new = await workspace_of(unit, run["automation_id"], wanted)
    if old is None or new is None:
        raise NotFound(f"The automation has no version {wanted if new is None else run['version']}.")
    _check_places(json.loads(old), json.loads(new), wanted)
    failed = await _failed_paths(unit, run["id"])
    return {"version": wanted, "renewed": {**(run["renewed"] or {}), **dict.fromkeys(failed, wanted)}}


def _check_places(old: Any, new: Any, version: int) -> None:
    before, after = reading.blocks(old), reading.blocks(new)
    loops_before, loops_after = _loops(before), _loops(after)
    for index, block in enumerate(before):
        name = reading.name_of(block)
        other = after[index] if index < len(after) else None
        if other is None or other["id"] != block["id"]:
            what = "is gone, or stands at another place of the document"
        elif other["type"] != block["type"]:
            what = f"was a {block['type']} and is a {other['type']}"
        elif reading.name_of(other) != name:
            what = f"is called “{reading.name_of(other)}” now"
        elif loops_after.get(block["id"]) != loops_before.get(block["id"]):
            what = "stands in another loop"
        else:
            continue
        raise NotMovable(
            f"The run cannot go on with version {version}: its block “{name}” {what}. "
            "Retry it with the version it has, or start a new run."
        )
    names = {guid: name for guid, (name, _) in reading.variables(new).items()}
    for guid, (name, _) in reading.variables(old).items():
        if names.get(guid) != name:
            raise NotMovable(
                f"The run cannot go on with version {version}: its variable “{name}” has another name there, or is "
                "gone. Retry it with the version it has, or start a new run."
            )


def _loops(blocks: list[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The loops around each block that the flow reaches, outermost first."""
    by_id = {block["id"]: block for block in blocks}
    targets = {target for block in blocks for _, target in _edges(block)}
    found: dict[str, tuple[str, ...]] = {}
    stack: list[tuple[str, tuple[str, ...]]] = [(block["id"], ()) for block in blocks if block["id"] not in targets]
    while stack:
        identity, around = stack.pop()
        if identity in found or identity not in by_id:
            continue
        found[identity] = around
        for inside, target in _edges(by_id[identity]):
            stack.append((target, (*around, identity) if inside else around))
    return found


def _edges(block: Mapping[str, Any]) -> list[tuple[bool, str]]:
    """(whether it leads into the block's loop, the block it leads to)."""
    found = [(edge == "loopBlockId", target) for edge, target in branches(block)]
    behind = block.get("childId")
    return [(False, behind), *found] if isinstance(behind, str) and behind else found


async def _failed_paths(unit: Unit, run_id: UUID) -> list[str]:
    """Where blocks ended the run with an answer that was definite."""
    statement = (
        unit.select(journal, journal.c.data)
        .where(journal.c.run_id == run_id, journal.c.kind == GROUP)
        .order_by(journal.c.seq.desc())
        .limit(LAST_ROWS)
    )
    notes = [note for row in await unit.all(statement) for note in codec.decode(row["data"])]
    return [path for kind, path, value in notes if kind == NOTE and "e" in value and not value.get("w")]
