"""Which block of one manifest is which of another: by what it calls, then by its id."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tieline.connectors.manifest.model import Block

_PARAM = re.compile(r"\{[^{}]*\}")
_INCREMENTAL = "_incremental"


def counterparts(old: Sequence[Block], new: Sequence[Block]) -> dict[str, Block]:
    """The block of ``new`` for each id of ``old`` that has one.

    The same id with the same call comes first, then the same call under another id (an operation that was renamed),
    then the same id with another call (an operation that moved). A call that stands twice says nothing.
    """
    found: dict[str, Block] = {}
    by_id = {block.id: block for block in new}
    taken: set[str] = set()

    def match(block: Block, other: Block | None) -> None:
        if other is not None and other.id not in taken:
            found[block.id] = other
            taken.add(other.id)

    for block in old:
        same = by_id.get(block.id)
        if same is not None and call(same) == call(block):
            match(block, same)
    left = [block for block in old if block.id not in found]
    often = Counter(call(block) for block in new)
    by_call = {call(block): block for block in new if often[call(block)] == 1 and block.id not in taken}
    alone = Counter(call(block) for block in left)
    for block in left:
        if alone[call(block)] == 1:
            match(block, by_call.get(call(block)))
    for block in left:
        if block.id not in found:
            match(block, by_id.get(block.id))
    return found


def call(block: Block) -> tuple[str, ...]:
    """What a block calls, without the names of its path parameters.

    Operations of GraphQL and SOAP share one address; there the id tells them apart.
    """
    second = _INCREMENTAL if block.kind == "incremental" and block.id.endswith(_INCREMENTAL) else ""
    if block.transport != "rest":
        return (block.transport, block.id.removesuffix(_INCREMENTAL), second)
    return (block.method, _PARAM.sub("{}", block.path), second)


def former_names(old: Block, new: Block) -> dict[str, str]:
    """Former names of path parameters by their new ones, where only the names in the path are others."""
    if old.path == new.path or _PARAM.sub("{}", old.path) != _PARAM.sub("{}", new.path):
        return {}
    pairs = zip(_PARAM.findall(new.path), _PARAM.findall(old.path), strict=True)
    return {fresh.strip("{}"): former.strip("{}") for fresh, former in pairs if fresh != former}
