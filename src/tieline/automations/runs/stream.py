"""A run as it happens: what `tieline runs watch` and the live view of the API are told.

Server and worker are different processes that share only the database, so the journal is asked again and again: often
while something happens, seldom while nothing does. Between two questions nothing of the database is held.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from tieline.automations.engine.journal import NOTE, RESULT
from tieline.automations.runs.history import status_of
from tieline.automations.runs.layout import Layout, layout_of
from tieline.automations.runs.masking import hidden
from tieline.automations.runs.reading import START, Budget, Logged, Place, Row, notes_of, rows
from tieline.automations.runs.service import ENDED
from tieline.automations.runs.storable import storable
from tieline.core.errors import BadInput
from tieline.storage.database import Database
from tieline.storage.tables import journal, runs
from tieline.storage.unit import Unit

SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
GONE = "gone"  # the status that is told of a run that was deleted meanwhile
END = "end"  # in place of a note's number, in the id of the last event


_SHOWN = (
    runs.c.automation_id,
    runs.c.version,
    runs.c.status,
    runs.c.title,
    runs.c.started_at,
    runs.c.stopped_at,
    runs.c.metrics,
    runs.c.error,
)


class Event(NamedTuple):
    """One thing to tell: ``run``, ``block``, ``log`` or ``end``. ``id`` is where to go on behind it, "" = where the one
    before it said."""

    name: str
    data: dict[str, Any]
    id: str = ""


async def newest(unit: Unit, run_id: UUID) -> Place:
    """Behind all that is on disk."""
    seq = await unit.scalar(
        unit.select(journal, journal.c.seq).where(journal.c.run_id == run_id).order_by(journal.c.seq.desc()).limit(1)
    )
    return Place(seq or 0, START.note)


async def follow(
    database: Database, tenant_id: UUID, run_id: UUID, after: Place, *, shortest_pause: float = SHORTEST_PAUSE
) -> AsyncIterator[Event | None]:
    """The events of a run behind a place, to its end; None each time that there was nothing to tell."""
    pause = shortest_pause
    shown: dict[str, Any] | None = None
    place = after
    while True:
        events: list[Event] = []
        over = more = False
        async with database.tenant(tenant_id) as unit:
            # The row before the journal: a run is only over when its last note is on disk.
            run = await _row(unit, run_id)
            if run is None:
                over = True
                ended = Event(END, {"status": GONE, "error": None}, f"{place.seq}.{END}")
            else:
                state = _state(run)
                if state != shown:
                    shown = state
                    events.append(Event("run", state))
                layout = await layout_of(unit, run)
                async for line in rows(unit, run_id, place.seq - (place.note < START.note), _piece()):
                    events += _events(layout, line, place)
                    place = Place(line.seq, START.note)
                    more = True
                over = run["status"] in ENDED and not more
                ended = Event(END, _plain({"status": run["status"], "error": run["error"]}), f"{place.seq}.{END}")
        for event in events:
            yield event
        if over:
            yield ended
            return
        if events:
            pause = shortest_pause
            if more:
                continue
        else:
            yield None
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, max(LONGEST_PAUSE, shortest_pause))


def _piece() -> Budget:
    return Budget(seconds=0.2, size=2**20)


async def _row(unit: Unit, run_id: UUID) -> dict[str, Any] | None:
    return await unit.one(unit.select(runs, *_SHOWN).where(runs.c.id == run_id))


def _state(run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": run["status"],
        "title": run["title"],
        "startedAt": run["started_at"],
        "stoppedAt": run["stopped_at"],
        "metrics": run["metrics"],
    }


def _events(layout: Layout, line: Row, after: Place) -> list[Event]:
    """What one row tells."""
    found = []
    for number, (kind, path, note) in enumerate(notes_of(line.data, Logged)):
        if kind not in (RESULT, NOTE) or (line.seq == after.seq and number <= after.note):
            continue
        block = layout.block(path)
        about = {"path": path, "blockId": block.id if block else "", "name": block.name if block else ""}
        here = str(Place(line.seq, number))
        told_of = note.x if isinstance(note.x, list) and not (block and block.censored) else ()
        for exchange in told_of:
            if isinstance(exchange, dict) and "printed" in exchange:
                found.append(Event("log", _plain({"level": "info", "text": exchange["printed"], **about})))
        if note.e is not None and block is not None and block.on_error == "warning":
            detail = note.e.get("detail", "") if isinstance(note.e, dict) else ""
            found.append(Event("log", _plain({"level": "warning", "text": detail, **about})))
        if kind == NOTE and note.e is None:
            continue
        told = {
            **about,
            "type": block.type if block else "",
            "iteration": layout.iteration(path),
            "status": status_of(note),
            "milliseconds": note.t,
            "error": note.e,
        }
        found.append(Event("block", _plain(told), here))
    return found


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = storable(hidden(data), nul=True)
    return shown


def resume_at(text: str) -> tuple[Place, bool]:
    """The place that the id of an event names, and whether that event was the end. Raises `BadInput` for what is no
    such id."""
    seq, _, note = text.strip().partition(".")
    if not (seq.isascii() and seq.isdigit() and len(seq) < 19) or (note and note != END and not note.isdigit()):
        raise BadInput(
            "Last-Event-ID is no id of an event of this run; send one that the stream gave.", parameter="after"
        )
    if note in ("", END):
        return Place(int(seq), START.note), note == END
    return Place(int(seq), min(int(note[:18]), START.note)), False
