"""What a loop went through: the records of its source, a page at a time, as the journal has kept them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import func

from tieline.automations.engine.journal import GROUP, PAGE
from tieline.automations.runs.history import LARGEST_READ, fitting
from tieline.automations.runs.layout import layout_of
from tieline.automations.runs.reading import START, Budget, Head, Place, blob, notes_of, rows, value_of
from tieline.core.errors import NotFound
from tieline.storage.tables import journal
from tieline.storage.unit import Unit


async def records_of(unit: Unit, run: Mapping[str, Any], path: str, after: Place = START) -> dict[str, Any]:
    """``{data, page, cut, after, complete}``: the records of the next page of the loop at ``path`` behind a place.

    ``page`` is null where none was found: with ``complete`` there is none (yet), else the search goes on at ``after``.
    Of an incremental block these are all records that its service gave, also those that an earlier run has dealt with.
    Secrets are masked; of more than 2 MB a beginning. Raises `NotFound` where the block hides its data.
    """
    block = (await layout_of(unit, run)).block(path)
    if block is None:
        raise NotFound("There is no such block in the version that the run is pinned to.")
    if block.censored:
        raise NotFound("The block's setting automations_censor_data hides its records.")
    place, begin = after, f"{path}#"
    # The row of the place is looked at again: other pages may stand in it behind the one that was given.
    async for row in rows(unit, run["id"], max(0, after.seq - 1), Budget()):
        for number, (kind, noted, note) in enumerate(notes_of(row.data, Head)):
            if kind != PAGE or not noted.startswith(begin) or (row.seq == after.seq and number <= after.note):
                continue
            found = await _shown(unit, run, note)
            here = Place(row.seq, number)
            return {**found, "page": int(noted[len(begin) :]), "after": str(here), "complete": False}
        place = Place(row.seq, START.note)
    last = await _last(unit, run)
    return {"data": [], "page": None, "cut": False, "after": str(place), "complete": place.seq >= last}


async def _shown(unit: Unit, run: Mapping[str, Any], note: Head) -> dict[str, Any]:
    packed = await blob(unit, run["id"], str(note.b), most=LARGEST_READ) if note.b is not None else value_of(note.r)
    if packed is None:
        return {"data": [], "cut": True}
    try:
        shown = fitting(bytes(packed), len(packed))
    except (msgspec.ValidationError, TypeError):
        return {"data": [], "cut": True}
    listed = shown["value"] if isinstance(shown["value"], list) else []
    return {"data": listed, "cut": shown["cut"]}


async def _last(unit: Unit, run: Mapping[str, Any]) -> int:
    """The last row with notes; a run that goes on may write more in a moment."""
    mine = (journal.c.run_id == run["id"], journal.c.kind == GROUP)
    return int(await unit.scalar(unit.select(journal, func.max(journal.c.seq)).where(*mine)) or 0)
