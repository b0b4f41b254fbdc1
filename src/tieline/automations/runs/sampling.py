"""What formulas saw at one place of a run, put together again from its journal: sample data for the formula editor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, TypeGuard

import msgspec

from tieline.automations import blocks as _registered  # noqa: F401 - plans need the built-in blocks
from tieline.automations.engine import codec
from tieline.automations.engine.journal import PAGE, RESULT
from tieline.automations.engine.plan import Plan, Step
from tieline.automations.engine.state import State
from tieline.automations.runs.layout import Layout, Placed, key_of, layout_of
from tieline.automations.runs.masking import hidden
from tieline.automations.runs.reading import (
    Budget,
    Head,
    blob,
    counted,
    notes_of,
    records,
    rows,
    unpacked,
    value_of,
)
from tieline.automations.workspace import compile_plan
from tieline.core import json
from tieline.core.errors import TielineError
from tieline.storage.documents import workspace_of
from tieline.storage.unit import Unit

LARGEST = 8 * 2**20  # bytes on disk of one value
_FAULTS = (TielineError, TypeError, ValueError, LookupError, AttributeError)


async def sample(unit: Unit, run: Mapping[str, Any], names: Collection[str], path: str | None) -> dict[str, Any]:
    """Values by name, of those in ``names`` that the run had when it came to ``path`` (None: at its end), secrets
    masked. What the journal does not tell within one call is left out.
    """
    layout = await layout_of(unit, run)
    around = layout.loops(path or "")
    plan = await _plan(unit, run) if any(_is_variable(layout, name) for name in names) else None
    search = _Search(layout, names, path, plan)
    items = {lpath: (loop.name, index) for loop, lpath, index in around if _shows(loop, names)}
    found: dict[str, Any] = {}
    bases: dict[str, int] = dict.fromkeys(items, 0)
    async for line in rows(unit, run["id"], 0, Budget(seconds=2.0, size=128 * 2**20)):
        for kind, noted, raw in notes_of(line.data, msgspec.Raw):
            if kind == PAGE and (lpath := noted.partition("#")[0]) in items:
                name, index = items[lpath]
                page = msgspec.msgpack.decode(raw, type=Head)
                size = await counted(unit, run["id"], page)
                if bases[lpath] <= index < bases[lpath] + size:
                    record = await _record(unit, run, page, index - bases[lpath])
                    found[name] = {"item": record, "index": index}
                bases[lpath] += size
            if kind == RESULT:
                if noted == path:
                    return found | await search.values(unit, run)
                search.see(noted, raw)
    return found | await search.values(unit, run)


class _Search:
    """Keeps the last note of each name that the place can see."""

    def __init__(self, layout: Layout, names: Collection[str], path: str | None, plan: Plan | None) -> None:
        self._keys = {one.key: name for name in names for one in layout.by_name.get(name, ()) if not one.censored}
        inside = path.rpartition("/")[0] if path else None
        self._inside = None if inside is None else f"{inside}/" if inside else ""
        self._notes: dict[str, msgspec.Raw] = {}
        self._state = State(plan.variables) if plan else None
        self._steps: dict[str, Step] = (
            {step.key: step for step in plan.steps.values() if step.type == "VariableBlock" and step.name in names}
            if plan
            else {}
        )
        self._names = names

    def see(self, path: str, raw: msgspec.Raw) -> None:
        key = key_of(path)
        step = self._steps.get(key)
        if step is not None and self._state is not None:
            with suppress(*_FAULTS):
                step.kind.apply(step.program, unpacked(raw).get("o"), SimpleNamespace(state=self._state))  # type: ignore[arg-type]
            return
        name = self._keys.get(key)
        if name is None:
            return
        # What was put last is what is seen, from inside of the same items.
        if self._inside is None or self._inside.startswith(path[: path.rfind("/") + 1]):
            self._notes[name] = msgspec.Raw(bytes(raw))

    async def values(self, unit: Unit, run: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, raw in self._notes.items():
            note = unpacked(raw)
            if "b" in note:
                packed = await blob(unit, run["id"], str(note["b"][0]), most=LARGEST)
                if packed is not None:
                    found[name] = hidden(codec.decode(packed))
            else:
                found[name] = hidden(note.get("o"))
        if self._state is not None:
            found |= {name: hidden(value) for name, value in self._state.variables.items() if name in self._names}
        return found


def _shows(loop: Placed | None, names: Collection[str]) -> TypeGuard[Placed]:
    return loop is not None and not loop.censored and loop.name in names


def _is_variable(layout: Layout, name: str) -> bool:
    return any(one.type == "VariableBlock" for one in layout.by_name.get(name, ()))


async def _plan(unit: Unit, run: Mapping[str, Any]) -> Plan | None:
    workspace = await workspace_of(unit, run["automation_id"], run["version"])
    with suppress(TielineError):
        return compile_plan(json.loads(workspace) if workspace else {})
    return None


async def _record(unit: Unit, run: Mapping[str, Any], page: Head, offset: int) -> Any:
    packed = await blob(unit, run["id"], str(page.b), most=LARGEST) if page.b is not None else bytes(value_of(page.r))
    if packed is None:
        return None
    with suppress(msgspec.ValidationError, IndexError):
        return hidden(value_of(records(packed)[offset]))
    return None
