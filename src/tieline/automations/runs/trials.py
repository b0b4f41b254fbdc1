"""Test runs, and outputs pinned for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from tieline.automations.engine import codec
from tieline.automations.engine.journal import GROUP, RESULT
from tieline.automations.engine.registry import block_type
from tieline.automations.engine.trial import Trial
from tieline.automations.runs import sampling
from tieline.automations.runs.layout import key_of, layout_of
from tieline.automations.workspace import document as reading
from tieline.core import clock, json
from tieline.core.errors import BadInput, NotFound
from tieline.storage.documents import workspace_of
from tieline.storage.tables import block_pins, journal, run_blobs
from tieline.storage.unit import Unit

LARGEST_PIN = 512 * 1024  # bytes of JSON
MOST_PINS = 100  # of one automation
LARGEST_PINS = 8 * 2**20  # bytes, together
ROWS_SEARCHED = 500  # of the journal, from its end


async def pins(unit: Unit, automation_id: UUID) -> list[dict[str, Any]]:
    """Rows of `block_pins`, by block."""
    statement = unit.select(block_pins).where(block_pins.c.automation_id == automation_id)
    return await unit.all(statement.order_by(block_pins.c.block_id))


async def pin(unit: Unit, automation: Mapping[str, Any], block_id: str, output: Any, *, by: UUID) -> None:
    """Pins an output to a block of the newest version; replaces what was pinned.

    Raises `NotFound` for an unknown block, `BadInput` for one whose output is not all that it does, and for too much
    data.
    """
    block = await _block(unit, automation, block_id)
    kind = block_type(block["type"])
    name = reading.name_of(block)
    if kind is None or not kind.pinnable:
        raise BadInput(
            f"block “{name}” is of type {block['type']}, whose output cannot be pinned; pin the output of a block "
            "that brings data",
            pointer="/output",
        )
    data = json.dumps(output)
    if len(data) > LARGEST_PIN:
        raise BadInput(
            f"output has {len(data)} bytes; at most {LARGEST_PIN} can be pinned. Pin a shorter sample",
            pointer="/output",
        )
    others = unit.select(block_pins, func.count(), func.coalesce(func.sum(func.length(block_pins.c.output)), 0)).where(
        block_pins.c.automation_id == automation["id"], block_pins.c.block_id != block_id
    )
    count, size = (await unit.connection.execute(others)).one()
    if count >= MOST_PINS or size + len(data) > LARGEST_PINS:
        raise BadInput(
            f"the automation has {count} pinned outputs of {size} bytes; at most {MOST_PINS} of {LARGEST_PINS} bytes "
            "are kept. Unpin another block first",
            pointer="/output",
        )
    values = {"output": data, "pinned_by": by, "updated_at": clock.now()}
    statement = insert(block_pins).values(
        tenant_id=unit.tenant_id, automation_id=automation["id"], block_id=block_id, **values
    )
    await unit.connection.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "automation_id", "block_id"], set_=values)
    )


async def unpin(unit: Unit, automation_id: UUID, block_id: str) -> None:
    """Lets the block run again. Raises `NotFound` where nothing is pinned."""
    if not await unit.delete(
        block_pins, block_pins.c.automation_id == automation_id, block_pins.c.block_id == block_id
    ):
        raise NotFound(f"Nothing is pinned to block {block_id[:100]}.")


async def trial(
    unit: Unit,
    automation: Mapping[str, Any],
    *,
    until: str | None = None,
    only: str | None = None,
    sample: Mapping[str, Any] | None = None,
    like: Mapping[str, Any] | None = None,
    pinned: bool = True,
) -> Trial:
    """What a test run of the newest version does. The block that it ends at runs, whatever is pinned to it.

    ``sample`` fills what the blocks before ``only`` would have put out; so do pinned outputs, and before them what a
    run had in the end, whose row is ``like``.
    """
    if until is not None and only is not None:
        raise BadInput("until and only exclude each other; give one of them", pointer="/only")
    end = only if only is not None else until
    if end is not None:
        field = "/only" if only is not None else "/until"
        block = await _block(unit, automation, end, pointer=field)
        if block.get("disabled") is True:
            raise BadInput(f"block “{reading.name_of(block)}” is disabled; enable it to test it", pointer=field)
    kept = {}
    if pinned:
        kept = {row["block_id"]: json.loads(row["output"]) for row in await pins(unit, automation["id"])}
        kept.pop(end or "", None)
    given: dict[str, Any] = {}
    if only is not None:
        names = {block["id"]: reading.name_of(block) for block in await _blocks(unit, automation)}
        if like is not None:
            given = await sampling.sample(unit, like, set((await layout_of(unit, like)).by_name), None)
        given |= {names[block_id]: _seen(output) for block_id, output in kept.items() if block_id in names}
        given |= sample or {}
    return Trial(pins=kept, until=until, only=only, sample=given)


async def shown(unit: Unit, run: Mapping[str, Any], block_id: str) -> Any:
    """`output` for people: null where a setting of the block hides its data."""
    placed = (await layout_of(unit, run)).by_id[block_id]
    return None if placed.censored else await output(unit, run, block_id)


async def output(unit: Unit, run: Mapping[str, Any], block_id: str) -> Any:
    """What a block put out last in a run; None where it did not, or where that is over `LARGEST_PIN` bytes."""
    key = (await layout_of(unit, run)).by_id[block_id].key
    rows = unit.select(journal, journal.c.data).where(journal.c.run_id == run["id"], journal.c.kind == GROUP)
    for row in await unit.all(rows.order_by(journal.c.seq.desc()).limit(ROWS_SEARCHED)):
        for kind, path, note in reversed(codec.decode(row["data"])):
            if kind != RESULT or key_of(path) != key:
                continue
            if "b" not in note:
                return {"branch": note["c"][1]} if note.get("c", ("",))[0] == "branch" else note.get("o")
            kept = unit.select(run_blobs, run_blobs.c.data).where(
                run_blobs.c.run_id == run["id"],
                run_blobs.c.id == UUID(note["b"][0]),
                func.length(run_blobs.c.data) <= LARGEST_PIN,
            )
            data = await unit.scalar(kept)
            return None if data is None else codec.decode(bytes(data))
    return None


def _seen(output: Any) -> Any:
    """What formulas in the body of a loop would see of a pinned list: its first item."""
    if isinstance(output, list) and output:
        return {"item": output[0], "index": 0}
    return output


async def _blocks(unit: Unit, automation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    workspace = await workspace_of(unit, automation["id"], automation["version"])
    return reading.blocks(json.loads(workspace)) if workspace else []


async def _block(
    unit: Unit, automation: Mapping[str, Any], block_id: str, *, pointer: str | None = None
) -> Mapping[str, Any]:
    for block in await _blocks(unit, automation):
        if block["id"] == block_id:
            return block
    detail = f"The automation's newest version has no block {block_id[:100]}."
    if pointer is not None:
        raise BadInput(detail, pointer=pointer)
    raise NotFound(detail)
