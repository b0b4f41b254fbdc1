"""Which of an API's objects is which canonical one."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from tieline.connectors.manifest.model import Block, Manifest, ObjectType
from tieline.connectors.manifest.shapes import properties_of
from tieline.connectors.verticals.model import Thing, Vertical
from tieline.connectors.verticals.names import best_name, holds_word, singular

_ENOUGH: Final = 0.55


class Match(Struct, frozen=True):
    """``score`` from 0 to 1: two thirds the name's, one third the fields'."""

    object: str
    score: float


def match(manifest: Manifest, vertical: Vertical) -> dict[str, Match]:
    """The best object for each canonical one; each object serves once, and those that nothing fits are missing."""
    objects = {one.name: one for one in manifest.objects}
    for block in manifest.blocks:
        if block.object and block.object not in objects:
            objects[block.object] = ObjectType(name=block.object, schema=block.output)
    scored = [
        (score, -position, thing.name, name)
        for position, thing in enumerate(vertical.things)
        for name, one in objects.items()
        if (score := _score(thing, one, manifest)) >= _ENOUGH
    ]
    own = [row for row in scored if not _shared(vertical.thing(row[2]), row[3])]
    if not own:
        return {}
    found: dict[str, Match] = {}
    taken: set[str] = set()
    for score, _, thing_name, name in sorted(scored, reverse=True):
        if _shared(vertical.thing(thing_name), name) and not any(other != thing_name for _, _, other, _ in own):
            continue
        if thing_name not in found and name not in taken:
            found[thing_name] = Match(name, round(score, 3))
            taken.add(name)
    return found


def fields_of(manifest: Manifest, name: str) -> dict[str, Any]:
    """What the records of an object hold: by its schema, or by what its blocks give and take."""
    for one in manifest.objects:
        if one.name == name and (known := properties_of(manifest, one.schema)):
            return known
    found: dict[str, Any] = {}
    for block in blocks_of(manifest, name):
        found |= properties_of(manifest, block.output)
    return found or {spec.name.strip("/"): spec.schema for b in blocks_of(manifest, name) for spec in b.inputs}


def blocks_of(manifest: Manifest, name: str) -> list[Block]:
    """The blocks of an object."""
    return [block for block in manifest.blocks if block.object == name]


def _score(thing: Thing, one: ObjectType, manifest: Manifest) -> float:
    name = singular(one.name)
    if holds_word(name, thing.never):
        return 0.0
    by_name = _name_score(thing, name)
    if not by_name:
        return 0.0
    known = list(fields_of(manifest, one.name))
    if not known:
        return by_name * 0.67 + 0.1
    told = [field for field in thing.fields if field.name in thing.telling.split()]
    if told and not any(best_name(field, known, owner=name)[0] for field in told):
        return 0.0
    sure = {field.name: best_name(field, known, owner=name)[1] for field in thing.fields}
    required = [field.name for field in thing.fields if field.required]
    share = sum(sure.values()) / len(sure)
    lacking = sum(not sure[field] for field in required) / len(required) if required else 0.0
    return by_name * 0.67 + 0.33 * min(1.0, share * 2) - 0.15 * lacking


def _shared(thing: Thing, name: str) -> bool:
    """Whether only a name that other trades have too speaks for it."""
    bare = singular(name)
    return any(bare == word or bare.endswith(f"_{word}") for word in thing.shared.split()) and not any(
        bare == word for word in (thing.name, *thing.also.split()) if word not in thing.shared.split()
    )


def _name_score(thing: Thing, name: str) -> float:
    if name == thing.name or name.replace("_", "") == thing.name.replace("_", ""):
        return 1.0
    if name in thing.also.split():
        return 0.85
    if name.endswith(f"_{thing.name}"):
        return 0.9
    return 0.75 if any(name.endswith(f"_{other}") for other in thing.also.split()) else 0.0
