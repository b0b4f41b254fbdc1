"""What a run did, block by block and execution by execution, read from its journal.

    async with database.tenant(tenant_id) as unit:
        run = await runs.get(unit, run_id)
        overview = await history.blocks(unit, run)
        page = await history.executions(unit, run, block_id, limit=50)

One call reads a bounded piece of the journal (`reading.Budget`); where that is not all, the answer says so and where to
go on. Data of blocks is shown with secrets masked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tieline.automations.engine import codec
from tieline.automations.engine.journal import INTENT, NOTE, PAGE, RESULT
from tieline.automations.runs.layout import Layout, Placed, key_of, layout_of
from tieline.automations.runs.masking import hidden
from tieline.automations.runs.reading import (
    START,
    Budget,
    Head,
    Place,
    at_end,
    blob,
    counted,
    notes_of,
    records,
    row,
    rows,
    unpacked,
    value_of,
)
from tieline.automations.runs.seeking import seek
from tieline.automations.runs.service import ACTIVE
from tieline.automations.runs.storable import storable
from tieline.core import clock
from tieline.core.errors import NotFound
from tieline.storage.unit import Unit

DIGESTS_KEPT = 256
INLINE = 16 * 1024  # bytes up to which data stands in the answer itself
LARGEST_SHOWN = 2 * 2**20  # bytes of one value in an answer
LARGEST_READ = 64 * 2**20  # bytes on disk of a value that is looked into at all
_NO_DATA = ("method", "status", "ms", "attempt", "purpose", "error")  # of an exchange
STATUSES = ("ok", "failed", "replayed")


@dataclass(slots=True)
class Tally:
    """What one block did so far."""

    executions: int = 0
    failed: int = 0
    warnings: int = 0
    seconds: float = 0.0
    pages: int = 0
    records: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    first_status: str = ""
    last_status: str = ""


@dataclass(slots=True)
class Digest:
    """The tallies up to row ``seq``; a later call goes on there."""

    seq: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    last: tuple[str, str, Any] = ("", "", None)  # kind, path and control value of the last note


_digests: OrderedDict[tuple[UUID, UUID], Digest] = OrderedDict()


def status_of(note: Any) -> str:
    """How an execution ended: ``failed`` also where a block's setting lets the run go on, ``replayed`` where a pinned
    output stood in for it."""
    return "failed" if note.e is not None else "replayed" if note.pin else "ok"


async def blocks(unit: Unit, run: Mapping[str, Any]) -> dict[str, Any]:
    """``{data, complete}``: one entry for each block that ran, in the order of the workspace. ``complete`` False: the
    journal is longer than one call reads; the next call goes on where this one ended.
    """
    assert unit.tenant_id is not None
    layout = await layout_of(unit, run)
    name = (unit.tenant_id, run["id"])
    digest = _digests.pop(name, None) or Digest()
    complete = await _digested(unit, run["id"], layout, digest)
    _digests[name] = digest
    if len(_digests) > DIGESTS_KEPT:
        _digests.popitem(last=False)
    costs = {block.get("blockId"): block for block in (run["metrics"] or {}).get("blocks", ())}
    running = _running(layout, digest) if run["status"] in ACTIVE and run["worker"] and complete else set()
    shown = []
    for one in layout.by_key.values():
        tally = digest.tallies.get(one.key)
        if tally is None and one.key not in running:
            continue
        shown.append(_overview(one, tally or Tally(), costs.get(storable(one.id), {}), one.key in running))
    return {"data": shown, "complete": complete}


async def _digested(unit: Unit, run_id: UUID, layout: Layout, digest: Digest) -> bool:
    """Goes on with a digest; True where it has all that is on disk."""
    async for line in rows(unit, run_id, digest.seq, Budget()):
        if line.seq <= digest.seq:
            continue  # somebody else's call read it meanwhile
        notes = notes_of(line.data, Head)
        for kind, path, note in notes:
            if kind not in (RESULT, INTENT, PAGE, NOTE):
                continue
            digest.last = (kind, path, note.c)
            if kind == INTENT or (kind == NOTE and note.e is None):
                continue
            key = key_of(path)
            tally = digest.tallies.get(key)
            if tally is None:
                tally = digest.tallies[key] = Tally()
            if kind == PAGE:
                tally.pages += 1
                tally.records += await counted(unit, run_id, note)
                tally.first_at = tally.first_at or line.at
                continue
            _count(tally, layout.by_key.get(key), note, line.at)
        digest.seq = line.seq
    return await at_end(unit, run_id, digest.seq)


def _count(tally: Tally, block: Placed | None, note: Head, at: datetime) -> None:
    status = status_of(note)
    tally.executions += 1
    tally.seconds += note.t / 1000 if isinstance(note.t, (int, float)) else 0.0
    tally.failed += status == "failed"
    tally.warnings += status == "failed" and block is not None and block.on_error == "warning"
    tally.first_at = tally.first_at or at
    tally.last_at = at
    tally.first_status = tally.first_status or status
    tally.last_status = status


def _running(layout: Layout, digest: Digest) -> set[str]:
    """Keys of what is under way: the loops around the last note, and the block that comes after it."""
    kind, path, control = digest.last
    found = {loop.key for loop, _, _ in layout.loops(path) if loop}
    last = layout.block(path)
    if last is None:
        return found
    following: str | None
    if kind in (PAGE, INTENT):
        found.add(last.key)
        following = last.follows[1] if kind == PAGE else None
    elif isinstance(control, list) and control[:1] == ["branch"]:
        branches = last.follows[2:]
        index = control[1] if len(control) > 1 and isinstance(control[1], int) else -1
        following = (branches[index] if 0 <= index < len(branches) else None) or last.follows[0]
    else:
        following = last.follows[0]
    if following in layout.by_id:
        found.add(layout.by_id[following].key)
    return found


def _overview(one: Placed, tally: Tally, cost: Mapping[str, Any], running: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "blockId": one.id,
        "name": one.name,
        "displayName": one.label,
        "type": one.type,
        "path": one.key,
        "executions": tally.executions,
        "failed": tally.failed,
        "warnings": tally.warnings,
        "seconds": round(tally.seconds, 3),
        "apiCalls": cost.get("apiCalls", 0),
        "rxBytes": cost.get("rxBytes", 0),
        "txBytes": cost.get("txBytes", 0),
        "pages": tally.pages,
        "records": tally.records,
        "firstStatus": tally.first_status or None,
        "lastStatus": tally.last_status or None,
        "firstAt": clock.iso(tally.first_at) if tally.first_at else None,
        "lastAt": clock.iso(tally.last_at) if tally.last_at else None,
        "running": running,
    }
    found: dict[str, Any] = storable(shown, nul=True)
    return found


async def executions(
    unit: Unit,
    run: Mapping[str, Any],
    block_id: str,
    *,
    iteration: str | None = None,
    status: str | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """``{data, after, complete}``: executions of a block in the order in which they ended, those in ``iteration`` (a
    path like ``b4.7431``) where it is given. ``after`` is where to go on; ``complete``: there was nothing more on disk.

    Raises `NotFound` for a block that the run's version does not have.
    """
    layout = await layout_of(unit, run)
    block = known_block(layout, block_id)
    within = f"{iteration}/" if iteration else ""
    around = layout.loops(within)
    if any(loop and loop.parallel for loop, _, _ in around):
        around = []  # items overlap: nothing says that one is over
    place = after
    if place is None:
        place = Place(await seek(unit, run["id"], layout, iteration) if iteration else 0, START.note)
    data: list[dict[str, Any]] = []
    reading = Budget()
    last = place
    async for line in rows(unit, run["id"], place.seq - (place.note < START.note), reading):
        for number, (kind, path, raw) in enumerate(notes_of(line.data, msgspec.Raw)):
            if line.seq == place.seq and number <= place.note:
                continue
            here = Place(line.seq, number)
            if around and any(_is_past(kind, path, loop, index) for _, loop, index in around):
                return {"data": data, "after": str(last), "complete": True}
            wanted = kind in (RESULT, NOTE) and path.startswith(within) and key_of(path) == block.key
            if wanted and (note := unpacked(raw)) and (kind == RESULT or "e" in note):
                found = _shown(layout, here, path, note, line.at)
                if status is None or found["status"] == status:
                    if len(data) == limit:
                        return {"data": data, "after": str(last), "complete": False}
                    data.append(found)
            last = here
        last = Place(line.seq, START.note)
    return {"data": data, "after": str(last), "complete": await at_end(unit, run["id"], last.seq)}


def known_block(layout: Layout, block_id: str) -> Placed:
    """A block of the run's version. Raises `NotFound`."""
    found = layout.by_id.get(block_id)
    if found is None:
        raise NotFound("There is no such block in the version that the run is pinned to.")
    return found


def _is_past(kind: str, path: str, loop: str, index: int) -> bool:
    """Whether a note comes after item ``index`` of a loop whose items run one by one."""
    if not path.startswith(loop):
        return False
    rest = path[len(loop) :]
    if rest == "":
        return kind == RESULT  # the loop is over
    item = rest[1:].partition("/")[0]
    return rest[0] == "." and item.isdigit() and int(item) > index


def _shown(layout: Layout, place: Place, path: str, note: dict[str, Any], at: datetime) -> dict[str, Any]:
    """One execution."""
    block = layout.block(path)
    exchanges = [one for one in note.get("x") or () if isinstance(one, dict)]
    censored = block is not None and block.censored
    if censored:
        exchanges = [{name: one[name] for name in _NO_DATA if name in one} for one in exchanges if "printed" not in one]
    error = note.get("e")
    shown: dict[str, Any] = {
        "id": str(place),
        "path": path,
        "iteration": layout.iteration(path),
        "status": "failed" if error is not None else "replayed" if note.get("pin") else "ok",
        "onError": block.on_error if block and error is not None else None,
        "at": clock.iso(at),
        "milliseconds": note.get("t"),
        "attempts": max([one.get("attempt", 1) for one in exchanges if one.get("purpose") != "token"] or [1]),
        "error": hidden(error),
        "exchanges": [hidden(one) for one in exchanges if "printed" not in one],
        "printed": [one["printed"] for one in exchanges if "printed" in one],
        "censored": censored,
    }
    if "c" in note:
        shown["went"] = note["c"]
    if "p" in note and not censored:
        shown["pointer"] = hidden(note["p"])
    for name, key in (("inputs", "i"), ("output", "o")):
        shown[name] = None
        shown[f"{name}Ref"] = None
        if censored:
            continue
        if key == "o" and "b" in note:
            shown["outputRef"] = {"bytes": note["b"][1]}
        elif key in note:
            size = codec.size(note[key])
            if size <= INLINE:
                shown[name] = hidden(note[key])
            else:
                shown[f"{name}Ref"] = {"bytes": size}
    found: dict[str, Any] = storable(shown, nul=True)
    return found


async def logged(unit: Unit, run: Mapping[str, Any], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries of `Runs.debug` as people may see them: secrets masked, without the data of blocks that hide it."""
    layout = await layout_of(unit, run)
    shown = []
    for entry in entries:
        block = layout.block(entry["path"])
        if block is not None and block.censored:
            entry = {
                name: one for name, one in entry.items() if name not in ("inputs", "output", "exchanges", "cursor")
            }
            entry["censored"] = True
        found: dict[str, Any] = storable(hidden(entry), nul=True)
        shown.append(found)
    return shown


async def value(unit: Unit, run: Mapping[str, Any], execution: Place, part: str) -> dict[str, Any]:
    """``{bytes, items, cut, value}`` of the ``inputs`` or the ``output`` of an execution. ``cut``: the value is larger
    than an answer may be, and a list has its first items, anything else is null. Raises `NotFound`.
    """
    path, found = await note_at(unit, run["id"], execution)
    block = (await layout_of(unit, run)).block(path)
    if block is not None and block.censored:
        raise NotFound("The block's setting automations_censor_data hides its inputs and output.")
    key = {"inputs": "i", "output": "o"}[part]
    if found is None or not (key in found or (part == "output" and "b" in found)):
        raise NotFound(f"The run has kept no {part} there.")
    if key in found and not (part == "output" and "b" in found):
        packed = b"\x00" + codec.pack(found[key])
        size = len(packed) - 1
    else:
        name, size = str(found["b"][0]), int(found["b"][1])
        kept = await blob(unit, run["id"], name, most=LARGEST_READ)
        if kept is None:
            return {"bytes": size, "items": None, "cut": True, "value": None}
        packed = kept
    return fitting(packed, size)


def fitting(packed: bytes, size: int) -> dict[str, Any]:
    """As much of a packed value as an answer may have."""
    try:
        entries = records(packed)
    except msgspec.ValidationError:
        whole = size <= LARGEST_SHOWN
        shown = storable(hidden(codec.decode(packed)), nul=True) if whole else None
        return {"bytes": size, "items": None, "cut": not whole, "value": shown}
    room, listed = LARGEST_SHOWN, []
    for raw in entries:
        room -= len(bytes(raw))
        if room < 0:
            break
        listed.append(storable(hidden(value_of(raw)), nul=True))
    return {"bytes": size, "items": len(entries), "cut": len(listed) < len(entries), "value": listed}


async def note_at(unit: Unit, run_id: UUID, place: Place) -> tuple[str, dict[str, Any] | None]:
    """The path and the note at a place; None where there is none."""
    line = await row(unit, run_id, place.seq)
    notes = notes_of(line.data, msgspec.Raw) if line is not None else []
    if place.note >= len(notes):
        return "", None
    _, path, raw = notes[place.note]
    return path, unpacked(raw)
