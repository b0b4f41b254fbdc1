"""Where each block of a document stands: in which chain, behind which block. Broken documents have places too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BODY_EDGES = ("loopBlockId", "childTrueId", "childFalseId", "tryChildId", "catchChildId")
BRANCH_NAMES = {
    "loopBlockId": "the loop",
    "childTrueId": "then",
    "childFalseId": "else",
    "tryChildId": "try",
    "catchChildId": "catch",
    "defaultChildId": "default",
}

Chain = tuple[int, str]  # (the block that holds the chain, by its place in the list; -1 = none, the branch)
MAIN: Chain = (-1, "main")
APART: Chain = (-1, "apart")


@dataclass(frozen=True, slots=True)
class Place:
    """``before``: the block in front of it, by its place in the list; -1 = it begins the chain."""

    chain: Chain
    before: int


def block_list(document: Any) -> list[Mapping[str, Any]]:
    """The entries of ``blocks`` that are objects; never an error."""
    listed = document.get("blocks") if isinstance(document, Mapping) else None
    return [block for block in listed if isinstance(block, Mapping)] if isinstance(listed, list) else []


def ids_of(blocks: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """id -> place in the list; the first bearer of an id has it."""
    found: dict[str, int] = {}
    for index, block in enumerate(blocks):
        identity = block.get("id")
        if isinstance(identity, str) and identity:
            found.setdefault(identity, index)
    return found


def branches(block: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(branch, id of its first block) of the chains inside a block; branches of a case are ``statement:<its id>``."""
    found = []
    for edge in BODY_EDGES:
        target = block.get(edge)
        if isinstance(target, str) and target:
            found.append((edge, target))
    listed = block.get("statementChildrenIds")
    if isinstance(listed, list):
        for index, target in enumerate(listed):
            if isinstance(target, str) and target:
                found.append((f"statement:{statement_key(block, index)}", target))
    target = block.get("defaultChildId")
    if isinstance(target, str) and target:
        found.append(("defaultChildId", target))
    return found


def statement_key(block: Mapping[str, Any], index: int) -> str:
    """What tells a statement of a case from the others: its id, else its number from 1."""
    listed = block.get("statements")
    if isinstance(listed, list) and index < len(listed) and isinstance(listed[index], Mapping):
        identity = listed[index].get("id")
        if isinstance(identity, str) and identity:
            return identity
    return str(index + 1)


def places(blocks: Sequence[Mapping[str, Any]]) -> tuple[list[Place], dict[Chain, list[int]]]:
    """(the place of each block, the chains in their order). A block has one place; a second way to it is none."""
    known = ids_of(blocks)
    targets: set[int] = set()
    for block in blocks:
        for target in (block.get("childId"), *(head for _, head in branches(block))):
            if isinstance(target, str) and target in known:
                targets.add(known[target])
    placed: list[Place | None] = [None] * len(blocks)
    chains: dict[Chain, list[int]] = {}

    def follow(chain: Chain, head: int) -> None:
        pending = [(chain, head)]
        while pending:
            where, at = pending.pop()
            behind = -1
            line = chains.setdefault(where, [])
            while at >= 0 and placed[at] is None:
                placed[at] = Place(where, behind)
                line.append(at)
                for branch, target in reversed(branches(blocks[at])):
                    if target in known:
                        pending.append(((at, branch), known[target]))
                behind = at
                following = blocks[at].get("childId")
                at = known.get(following, -1) if isinstance(following, str) else -1

    start = next((index for index, block in enumerate(blocks) if block.get("type") == "StartBlock"), -1)
    if start >= 0 and start not in targets:
        follow(MAIN, start)
    for index in range(len(blocks)):
        if index not in targets:
            follow(APART, index)
    for index in range(len(blocks)):  # what only a circle leads to
        follow(APART, index)
    return [place or Place(APART, -1) for place in placed], chains
