"""A new import of a document that was imported before: what a person said stays said.

A value belongs to a person where its fact says ``by="human"``. Such values go into the new manifest with their facts,
on the connector itself, on auth methods, objects, blocks, paging, incremental settings, rate budgets and webhooks. What
a probe found stays unless the document changed its own word for it. More that is kept:

* things that a person made outright (fact ``*``), although no document knows them;
* one input or field of an auth method: fact ``inputs.<id>`` or ``fields.<id>`` of its owner;
* what a person took out: fact ``blocks.<id>`` (``auth.``, ``objects.``, ``webhooks.``) of the manifest; what the
  document still has of it stays out;
* ids: an operation that the document calls something else now keeps the id and the GUID that automations know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct

from tieline.connectors.importers.matching import counterparts, former_names
from tieline.connectors.manifest.model import Block, Fact, Manifest, Notice
from tieline.connectors.manifest.shapes import PREFIX, name_of

_T = TypeVar("_T", bound=Struct)
_WHOLE = "*"  # facts["*"]: the whole thing was made by a person
_PARTS = ("paging", "incremental", "rate")
_SECTIONS = {"blocks": "id", "auth": "id", "objects": "name", "webhooks": "id"}
_BLOCK_NAMES = ("subscribe", "unsubscribe", "list", "renew", "fetch")


def merge(old: Manifest, new: Manifest) -> Manifest:
    """``new`` with everything of ``old`` that a person (or an unshaken probe) said. Neither argument is changed."""
    old, result = _copy(old), _copy(new)
    _keep_ids(old, result)
    _values(old, result)
    _parts(old, result)
    result.auth = _lists(old.auth, result.auth, lambda one: one.id)
    result.objects = _lists(old.objects, result.objects, lambda one: one.name)
    result.blocks = _lists(old.blocks, result.blocks, lambda one: one.id)
    result.webhooks = _lists(old.webhooks, result.webhooks, lambda one: one.id)
    result.name, result.guid = old.name, old.guid or result.guid
    known = {one.id: one for one in old.blocks}
    for block in result.blocks:
        if block.id in known and known[block.id].guid:
            block.guid = known[block.id].guid
    _take_out(old, result)
    _needed_schemas(old, result)
    return result


def _copy(manifest: Manifest) -> Manifest:
    return msgspec.convert(msgspec.to_builtins(manifest), Manifest)


def _keep_ids(old: Manifest, new: Manifest) -> None:
    """Give renamed operations (and their path inputs) their former ids, and everything that names them with it."""
    pairs = counterparts(old.blocks, new.blocks)
    for known in old.blocks:
        if known.id in pairs:
            _keep_path_inputs(known, pairs[known.id])
    final = {block.id: former for former, block in pairs.items() if block.id != former}
    if not final:
        return
    taken = {block.id for block in new.blocks} | set(final.values())
    for block in new.blocks:
        if block.id not in final and block.id in final.values():
            # A new operation was given the id of one that goes on under it.
            fresh = next(name for number in range(2, 10_000) if (name := f"{block.id}_{number}") not in taken)
            taken.add(fresh)
            final[block.id] = fresh
    for block in new.blocks:
        block.id = final.get(block.id, block.id)
        for entry in block.inputs:
            entry.options_from = final.get(entry.options_from, entry.options_from)
    for event in new.webhooks:
        for name in _BLOCK_NAMES:
            setattr(event, name, final.get(getattr(event, name), getattr(event, name)))
    for one in new.objects:
        one.fields_block = final.get(one.fields_block, one.fields_block)


def _keep_path_inputs(old: Block, new: Block) -> None:
    """``/things/{id}`` and ``/things/{thingId}`` ask for the same: automations go on filling in ``id``."""
    ids = {one.name: one.id for one in old.inputs if one.location == "path"}
    former = former_names(old, new)
    taken = {one.id for one in new.inputs}
    for one in new.inputs:
        known = ids.get(former.get(one.name, ""))
        if one.location == "path" and known and known not in taken:
            one.id = known


def _take_out(old: Manifest, new: Manifest) -> None:
    """Leave out what a person took out, unless somebody put it back into ``old``."""
    for name, fact in old.facts.items():
        section, _, id_ = name.partition(".")
        if fact.by != "human" or section not in _SECTIONS or not id_:
            continue
        key = _SECTIONS[section]
        kept_by_hand = any(getattr(one, key) == id_ for one in getattr(old, section))
        new.facts[name] = fact
        if not kept_by_hand:
            setattr(new, section, [one for one in getattr(new, section) if getattr(one, key) != id_])
    _drop_loose_ends(new)


def _drop_loose_ends(manifest: Manifest) -> None:
    """Names of blocks and auth methods that are gone."""
    blocks, methods = {one.id for one in manifest.blocks}, {one.id for one in manifest.auth}
    for event in manifest.webhooks:
        for name in _BLOCK_NAMES:
            if getattr(event, name) not in blocks:
                setattr(event, name, "")
    for one in manifest.objects:
        if one.fields_block not in blocks:
            one.fields_block = ""
    for block in manifest.blocks:
        if block.auth is not UNSET and not methods.issuperset(block.auth):
            left = [one for one in block.auth if one in methods]
            block.auth = left or UNSET


def _values(old: Any, new: Any) -> None:
    """Fields with a fact that outranks the importer's, from ``old`` to ``new``."""
    for name, fact in old.facts.items():
        if name == _WHOLE or name in _PARTS or not hasattr(new, name):
            if fact.by == "human" and name not in new.facts:
                new.facts[name] = fact
            continue
        if fact.by == "human" or (fact.by == "probe" and not _changed_its_word(old, new, name)):
            setattr(new, name, getattr(old, name))
            new.facts[name] = fact


def _changed_its_word(old: Any, new: Any, name: str) -> bool:
    """The document says with certainty something else than what the probe found."""
    fact = new.facts.get(name)
    return fact is not None and fact.confidence >= 0.9 and getattr(old, name) != getattr(new, name)


def _parts(old: Any, new: Any) -> None:
    for name in _PARTS:
        before = getattr(old, name, UNSET)
        if before is UNSET:
            continue
        fact = old.facts.get(name)
        after = getattr(new, name, UNSET)
        if fact is not None and fact.by == "human":
            setattr(new, name, before)
            new.facts[name] = fact
        elif after is UNSET:
            if any(one.by == "human" for one in before.facts.values()):
                setattr(new, name, before)
        else:
            _values(before, after)


def _lists(old: Sequence[_T], new: Sequence[_T], key: Callable[[_T], str]) -> list[_T]:
    before = {key(one): one for one in old}
    result: list[_T] = []
    for one in new:
        known = before.pop(key(one), None)
        if known is not None:
            if _made_by_person(known):
                result.append(known)
                continue
            _values(known, one)
            _parts(known, one)
            _inputs(known, one)
        result.append(one)
    result += [one for one in before.values() if _made_by_person(one)]
    return result


def _made_by_person(one: Any) -> bool:
    fact = one.facts.get(_WHOLE)
    return fact is not None and fact.by == "human"


def _inputs(old: Any, new: Any) -> None:
    """A person's word about one input has the fact ``inputs.<id>`` of its block; for a field of an auth method it is
    ``fields.<id>``.
    """
    for section in ("inputs", "fields"):
        before = {one.id: one for one in getattr(old, section, [])}
        kept = {
            name.partition(".")[2]: fact
            for name, fact in old.facts.items()
            if name.startswith(section + ".") and fact.by == "human"
        }
        if not kept:
            continue
        after = [before.get(one.id, one) if one.id in kept else one for one in getattr(new, section)]
        present = {one.id for one in after}
        after += [before[name] for name in kept if name in before and name not in present]
        setattr(new, section, after)
        for name, fact in kept.items():
            new.facts[f"{section}.{name}"] = fact


def _needed_schemas(old: Manifest, new: Manifest) -> None:
    """Schemas that kept values still point to."""
    pending = [new.objects, new.blocks, new.webhooks]
    wanted: list[str] = []
    seen: set[str] = set()
    stack: list[Any] = [msgspec.to_builtins(part) for part in pending]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            ref = node.get("$ref")
            if isinstance(ref, str) and ref.startswith(PREFIX):
                name = name_of(ref)
                if name not in seen:
                    seen.add(name)
                    wanted.append(name)
                    if name not in new.schemas and name in old.schemas:
                        new.schemas[name] = old.schemas[name]
                        stack.append(old.schemas[name])
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    missing = [name for name in wanted if name not in new.schemas]
    if missing:
        new.warnings.append(
            Notice(code="missing-schema", message=f"{len(missing)} kept references lead to schemas that are gone.")
        )


__all__ = ["Fact", "merge"]
