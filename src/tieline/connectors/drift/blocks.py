"""What a change of one block means for the automations that use it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from tieline.connectors.drift.changes import Changes, Level
from tieline.connectors.drift.inputs import compare_inputs
from tieline.connectors.drift.schemas import Fields, compare_fields
from tieline.connectors.importers.matching import former_names
from tieline.connectors.manifest.model import Block, Idempotency, Input, Manifest, Paging

# What the block does with a record, or how its call is written: another value is another call.
_CALL = {
    "method": "the method",
    "server": "the server",
    "transport": "the transport",
    "body_type": "the form of the body",
    "graphql": "the GraphQL operation",
    "soap": "the SOAP operation",
}
_ANSWER = {"records": "the record path", "item_path": "the path from an entry to its record"}
_PAGING_SURE = {
    "param": "the parameter that moves",
    "location": "the place of the parameter that moves",
    "size_param": "the parameter of the page's size",
    "size_location": "the place of the page's size",
    "start": "the first page",
    "step": "the step",
    "next": "the place of the next page",
    "next_in": "the place of the next page",
    "key": "the field that the next page starts behind",
}
_PAGING_SIGNS = {"has_more": "the flag for more pages", "total": "the total", "total_pages": "the number of pages"}
_INCREMENTAL = {
    "by": "how changes are asked for",
    "param": "the parameter for the moment",
    "location": "the place of the parameter for the moment",
    "format": "the format of the moment",
    "field": "the field that the pointer follows",
    "sort_param": "the parameter for the order",
    "sort_value": "the order",
}


def named(block: Block) -> str:
    """A block as messages call it."""
    return f"Block {block.id!r}"


def compare_block(changes: Changes, old: Block, new: Block, before: Manifest, after: Manifest) -> None:
    """All differences between two states of one block."""
    _call(changes, old, new)
    _kind(changes, old, new)
    _auth(changes, old, new)
    compare_inputs(changes, "input", named(old), old.id, old.inputs, _as_before(old, new))
    _nested(changes, old, new, before, after)
    _table(changes, "output", old, new, _ANSWER, _ANSWER.keys())
    fields = Fields(before, old.output), Fields(after, new.output)
    compare_fields(changes, "output", f"The output of block {old.id!r}", old.id, *fields, known=bool(new.output))
    _paging(changes, old, new)
    _incremental(changes, old, new)
    _promises(changes, old, new)
    for name, words in (("name", "is called something else"), ("description", "is described in other words")):
        if getattr(old, name) != getattr(new, name):
            changes.add("cosmetic", "block", f"{named(old)} {words}.", block=old.id, field=name)


def _as_before(old: Block, new: Block) -> list[Input]:
    """The newer inputs, those in the path under the names that they had."""
    former = former_names(old, new)
    ids = {one.name: one.id for one in old.inputs if one.location == "path"}
    return [
        replace(one, name=former[one.name], id=ids.get(former[one.name], one.id))
        if one.location == "path" and one.name in former
        else one
        for one in new.inputs
    ]


def _call(changes: Changes, old: Block, new: Block) -> None:
    if old.path != new.path:
        shown = f"{named(old)} is at {new.path} where it was at {old.path}."
        same = _without_names(old.path) == _without_names(new.path)
        text = f"{named(old)} calls a path parameter by another name." if same else shown
        level: Level = "cosmetic" if same else "breaking"
        changes.add(level, "block", text, block=old.id, field="path", before=old.path, after=new.path)
    _table(changes, "block", old, new, _CALL, _CALL.keys())
    if old.headers != new.headers:
        names = sorted(name for name in old.headers.keys() | new.headers.keys() if _differs(name, old, new))
        text = f"{named(old)} sends other constant headers: {', '.join(names)}."
        changes.add("breaking", "block", text, block=old.id, field="headers")
    if new.deprecated and not old.deprecated:
        changes.add("additive", "block", f"{named(old)} is deprecated now.", block=old.id, field="deprecated")


def _differs(name: str, old: Block, new: Block) -> bool:
    return old.headers.get(name) != new.headers.get(name)


def _without_names(path: str) -> str:
    return "".join(part.partition("}")[2] if "}" in part else part for part in path.split("{"))


def _kind(changes: Changes, old: Block, new: Block) -> None:
    if old.kind == new.kind:
        return
    level: Level = "breaking" if old.iterable != new.iterable or "webhook" in f"{old.kind}{new.kind}" else "cosmetic"
    text = f"{named(old)} is of the kind {new.kind} where it was {old.kind}."
    changes.add(level, "block", text, block=old.id, field="kind", before=old.kind, after=new.kind)


def _auth(changes: Changes, old: Block, new: Block) -> None:
    before = None if old.auth is UNSET else set(old.auth)
    after = None if new.auth is UNSET else set(new.auth)
    if before == after:
        return

    def note(level: Level, text: str) -> None:
        changes.add(
            level,
            "auth",
            f"{named(old)} {text}",
            block=old.id,
            field="auth",
            before=None if before is None else sorted(before),
            after=None if after is None else sorted(after),
        )

    if before == set():
        note("breaking", "needs authentication now.")
    elif after == set():
        note("additive", "needs no authentication any more.")
    elif after is None:
        note("additive", "takes every way to authenticate now.")
    elif before is None:
        note("breaking", f"takes only {', '.join(sorted(after))} now.")
    else:
        if gone := before - after:
            note("breaking", f"no longer takes {', '.join(sorted(gone))} to authenticate.")
        if fresh := after - before:
            note("additive", f"also takes {', '.join(sorted(fresh))} to authenticate.")


def _nested(changes: Changes, old: Block, new: Block, before: Manifest, after: Manifest) -> None:
    """Fields inside of inputs that are objects or lists."""
    others = {one.id: one for one in new.inputs}
    for one in old.inputs:
        other = others.get(one.id)
        if other is None or not one.schema or not other.schema or (one.schema == other.schema and before is after):
            continue
        fields = Fields(before, one.schema), Fields(after, other.schema)
        where = f"{named(old)}, input {one.id!r},"
        compare_fields(changes, "input", where, old.id, *fields, known=True)


def _paging(changes: Changes, old: Block, new: Block) -> None:
    one = old.paging if old.paging is not UNSET else Paging()
    other = new.paging if new.paging is not UNSET else Paging()

    def note(level: Level, text: str, field: str, before: Any = None, after: Any = None) -> None:
        changes.add(
            level, "paging", f"{named(old)} {text}", block=old.id, field=f"paging.{field}", before=before, after=after
        )

    if one.style != other.style:
        text = f"pages by {other.style} where it paged by {one.style}."
        if one.style == "none":
            text = f"comes in pages now ({other.style}), which the connector does not ask for."
        elif other.style == "none":
            text = f"comes in one piece where it paged by {one.style}."
        note("breaking", text, "style", one.style, other.style)
        return
    for name, words in _PAGING_SURE.items():
        before, after = getattr(one, name), getattr(other, name)
        if before != after:
            level: Level = "breaking" if before not in ("", 0) or name in ("start", "step") else "additive"
            note(level, f"pages in another way: {words} is {after!r} where it was {before!r}.", name, before, after)
    for name, words in _PAGING_SIGNS.items():
        before, after = getattr(one, name), getattr(other, name)
        if before != after:
            level = "breaking" if before else "additive"
            note(level, f"pages in another way: {words} is at {after!r} where it was at {before!r}.", name)
    if one.size and other.size_max and other.size_max < one.size:
        text = f"gives at most {other.size_max} records a page; the connector asks for {one.size}."
        note("breaking", text, "size_max", one.size_max, other.size_max)
    elif one.size_max != other.size_max:
        note("cosmetic", "has another largest page.", "size_max", one.size_max, other.size_max)
    if one.stop != other.stop:
        note("cosmetic", "has other rules for the last page.", "stop", one.stop, other.stop)


def _incremental(changes: Changes, old: Block, new: Block) -> None:
    if old.incremental is UNSET:
        if new.incremental is not UNSET:
            text = f"{named(old)} can be asked for what is new since a moment."
            changes.add("additive", "incremental", text, block=old.id, field="incremental")
        return
    if new.incremental is UNSET:
        text = f"{named(old)} can no longer be asked for what is new since a moment."
        changes.add("breaking", "incremental", text, block=old.id, field="incremental")
        return
    for name, words in _INCREMENTAL.items():
        before, after = getattr(old.incremental, name), getattr(new.incremental, name)
        if before != after:
            text = f"{named(old)}: {words} is {after!r} where it was {before!r}."
            level: Level = "breaking" if before else "additive"
            changes.add(
                level, "incremental", text, block=old.id, field=f"incremental.{name}", before=before, after=after
            )


def _promises(changes: Changes, old: Block, new: Block) -> None:
    """Idempotency, rates and rules for errors."""
    before = old.idempotency if old.idempotency is not UNSET else Idempotency()
    after = new.idempotency if new.idempotency is not UNSET else Idempotency()
    if (before.kind, before.header, before.conflict) != (after.kind, after.header, after.conflict):
        lost = before.kind != "none"
        text = f"{named(old)} can be sent twice {'in another way, or no longer' if lost else 'safely'}."
        changes.add(
            "breaking" if lost else "additive",
            "block",
            text,
            block=old.id,
            field="idempotency",
            before=before.kind,
            after=after.kind,
        )
    for name, words in (("rate", "has another limit of calls"), ("errors", "has other rules for errors")):
        if _said(getattr(old, name)) != _said(getattr(new, name)):
            changes.add("cosmetic", "block", f"{named(old)} {words}.", block=old.id, field=name)


def _said(value: Any) -> Any:
    """A value without its evidence."""
    data = None if value is UNSET else msgspec.to_builtins(value)
    return {key: one for key, one in data.items() if key != "facts"} if isinstance(data, dict) else data


def _table(changes: Changes, area: str, old: Block, new: Block, words: dict[str, str], names: Any) -> None:
    for name in names:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        level: Level = "additive" if area == "output" and not before else "breaking"
        text = f"{named(old)}: {words[name]} is {_shown(after)} where it was {_shown(before)}."
        changes.add(level, area, text, block=old.id, field=name, before=before, after=after)


def _shown(value: Any) -> str:
    return "not the same" if isinstance(value, dict) else repr(value) if value else "nothing"
