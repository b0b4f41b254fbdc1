"""What a change of what a block asks for means for those who fill it in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from tieline.connectors.drift.changes import Changes
from tieline.connectors.manifest.model import Input

_WIDER = {("integer", "number"), ("integer", "string"), ("number", "string"), ("boolean", "string")}
_TEXTS = ("label", "description", "help", "placeholder", "example", "group")


def compare_inputs(
    changes: Changes, area: str, where: str, block: str, old: Sequence[Input], new: Sequence[Input]
) -> None:
    """Inputs are the same where they go to the same place under the same name, or have the same id."""
    others = {_place(one): one for one in new}
    by_id = {one.id: one for one in new}
    seen: set[str] = set()
    for one in old:
        other = others.get(_place(one)) or by_id.get(one.id)
        if other is None:
            text = f"{where} no longer takes the input {one.id!r} ({one.location} {one.name or 'as a whole'})."
            changes.add("breaking", area, text, block=block, field=one.id)
            continue
        seen.add(other.id)
        _one(changes, area, where, block, one, other)
    for other in new:
        if other.id in seen:
            continue
        if other.required and other.default is UNSET:
            text = f"{where} requires the new input {other.id!r} ({other.location} {other.name or 'as a whole'})."
            changes.add("breaking", area, text, block=block, field=other.id)
        else:
            changes.add("additive", area, f"{where} takes the new input {other.id!r}.", block=block, field=other.id)


def _place(one: Input) -> tuple[str, str]:
    return (str(one.location), one.name or one.id)


def _one(changes: Changes, area: str, where: str, block: str, old: Input, new: Input) -> None:
    here = f"{where}, input {old.id!r},"

    def note(level: Any, text: str, before: Any = None, after: Any = None) -> None:
        changes.add(level, area, f"{here} {text}", block=block, field=old.id, before=before, after=after)

    if _place(old) != _place(new):
        note("breaking", "goes to another place.", f"{old.location} {old.name}", f"{new.location} {new.name}")
    if new.required and not old.required:
        note("breaking" if new.default is UNSET else "additive", "is required now.")
    elif old.required and not new.required:
        note("additive", "is no longer required.")
    if old.type != new.type:
        wider = (old.type, new.type) in _WIDER
        note("additive" if wider else "breaking", f"is {new.type} where it was {old.type}.", old.type, new.type)
    _choices(note, old, new)
    if (old.style, old.explode) != (new.style, new.explode):
        note("breaking", "is written on the wire in another way.", f"{old.style}", f"{new.style}")
    if _plain(old.default) != _plain(new.default):
        note("cosmetic", "has another default.", _plain(old.default), _plain(new.default))
    if any(_plain(getattr(old, name, UNSET)) != _plain(getattr(new, name, UNSET)) for name in _TEXTS):
        note("cosmetic", "is described in other words.")


def _choices(note: Any, old: Input, new: Input) -> None:
    before, after = _values(old), _values(new)
    if before == after:
        return
    if not after:
        note("additive", "is no longer limited to a list of values.")
        return
    if not before:
        note("breaking", f"takes only {', '.join(sorted(after)[:10])} now.", None, sorted(after))
        return
    if gone := before - after:
        note("breaking", f"no longer takes {', '.join(sorted(gone)[:10])}.", sorted(before), sorted(after))
    if fresh := after - before:
        note("additive", f"also takes {', '.join(sorted(fresh)[:10])}.", sorted(before), sorted(after))


def _values(one: Input) -> set[str]:
    choices = msgspec.to_builtins(one.choices) if getattr(one, "choices", None) else []
    return {str(choice.get("value")) if isinstance(choice, dict) else str(choice) for choice in choices}


def _plain(value: Any) -> Any:
    return None if value is UNSET else value
