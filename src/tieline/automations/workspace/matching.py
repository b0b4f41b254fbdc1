"""Which block of one document is which block of another."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from tieline.automations.workspace.places import Place, branches, ids_of

# What a copy of a block may have otherwise than the block it was made from.
_PERSONAL = frozenset({"id", "childId", "statementChildrenIds", "defaultChildId", "x", "y", "collapsed", "comment"})
_EDGES_IN = frozenset({"loopBlockId", "childTrueId", "childFalseId", "tryChildId", "catchChildId"})

Blocks = Sequence[Mapping[str, Any]]


def match(old: Blocks, new: Blocks, old_places: Sequence[Place], new_places: Sequence[Place]) -> dict[int, int]:
    """Place in ``new`` of each block of ``old`` that is still there.

    The same id is the same block. Blocks whose id is gone are sought by their content, then by their name; where most
    ids are gone (a copy, a second import), by the place they stand in as well.
    """
    pairs: dict[int, int] = {}
    taken: set[int] = set()

    def pair(one: int, other: int) -> None:
        pairs[one] = other
        taken.add(other)

    known = ids_of(new)
    for identity, index in ids_of(old).items():
        if identity in known:
            pair(index, known[identity])
    wholesale = len(pairs) * 2 < min(len(old), len(new))

    def by(key: Callable[[Mapping[str, Any]], Hashable], *, alone: bool) -> None:
        lost, found = defaultdict(list), defaultdict(list)
        for index, block in enumerate(old):
            if index not in pairs:
                lost[key(block)].append(index)
        if not lost:
            return
        for index, block in enumerate(new):
            if index not in taken:
                found[key(block)].append(index)
        for name, indexes in lost.items():
            others = found.get(name, [])
            if name is not None and (not alone or len(indexes) == len(others) == 1):
                for one, other in zip(indexes, others, strict=False):
                    pair(one, other)

    by(_content, alone=not wholesale)
    by(_name, alone=True)
    if wholesale:
        _by_place(old, new, old_places, new_places, pairs, taken)
        by(_name, alone=False)
    return pairs


def _content(block: Mapping[str, Any]) -> Hashable:
    kept = {name: value for name, value in block.items() if name not in _PERSONAL and name not in _EDGES_IN}
    if block.get("type") == "GotoBlock":
        kept.pop("inputs", None)
    return json.dumps(kept, sort_keys=True, default=str)


def _name(block: Mapping[str, Any]) -> Hashable:
    kind, name = block.get("type"), block.get("name")
    return (kind, name) if isinstance(kind, str) and isinstance(name, str) and name else None


def _by_place(
    old: Blocks,
    new: Blocks,
    old_places: Sequence[Place],
    new_places: Sequence[Place],
    pairs: dict[int, int],
    taken: set[int],
) -> None:
    """Pairs what follows a pair, or begins the same branch of a pair, and is of one type; then what begins alike."""
    old_ids, new_ids = ids_of(old), ids_of(new)

    def targets(block: Mapping[str, Any], known: Mapping[str, int]) -> dict[str, int]:
        number = 0
        found: dict[str, int] = {}
        for branch, target in [("childId", block.get("childId")), *branches(block)]:
            if branch.startswith("statement:"):
                number += 1
                branch = f"statement:{number}"
            if isinstance(target, str) and target in known:
                found[branch] = known[target]
        return found

    pending = list(pairs.items())
    heads: dict[str, deque[int]] = defaultdict(deque)
    for index, place in enumerate(new_places):
        if index not in taken and place.before < 0 and place.chain[0] < 0:
            heads[str(new[index].get("type"))].append(index)
    for index, place in enumerate(old_places):
        if index not in pairs and place.before < 0 and place.chain[0] < 0:
            waiting = heads[str(old[index].get("type"))]
            if waiting:
                pairs[index] = waiting.popleft()
                taken.add(pairs[index])
                pending.append((index, pairs[index]))
    while pending:
        one, other = pending.pop()
        there = targets(new[other], new_ids)
        for branch, child in targets(old[one], old_ids).items():
            twin = there.get(branch, -1)
            if twin < 0 or child in pairs or twin in taken or old[child].get("type") != new[twin].get("type"):
                continue
            pairs[child] = twin
            taken.add(twin)
            pending.append((child, twin))
