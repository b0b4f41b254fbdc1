"""What changed between two workspace documents, said in the words of the person who builds automations.

    for change in compare(old, new):
        print(change.text())       # block “Get contact”: input Url: 'a' → 'b'

Documents that say the same give no change at all, however their fields and inputs are ordered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from tieline.automations.workspace.changes import Change
from tieline.automations.workspace.fields import compare_fields, listed, readable, same
from tieline.automations.workspace.matching import match
from tieline.automations.workspace.places import APART, BRANCH_NAMES, Chain, block_list, branches, ids_of, places
from tieline.automations.workspace.sequences import outside_longest_run

__all__ = ["Change", "compare"]


def compare(old: Any, new: Any, *, layout: bool = True) -> list[Change]:
    """The changes that lead from ``old`` to ``new``, in the order of ``new``'s blocks; removed blocks come first.

    Any two documents can be compared, broken ones too. Without ``layout``, where blocks stand on the canvas, and the
    order of what has no order, is left out. Time grows with the size of the documents, not with its square.
    """
    return [change for change in _Comparison(old, new).changes() if layout or change.kind != "layout"]


class _Comparison:
    def __init__(self, old: Any, new: Any) -> None:
        self.documents = old, new
        self.old, self.new = block_list(old), block_list(new)
        self.old_places, self.old_chains = places(self.old)
        self.new_places, self.new_chains = places(self.new)
        self.pairs = match(self.old, self.new, self.old_places, self.new_places)
        self.back = {other: one for one, other in self.pairs.items()}
        self.old_ids, self.new_ids = ids_of(self.old), ids_of(self.new)
        # old id -> new id of what has another id now
        self.renumbered = {
            str(self.old[one].get("id")): str(self.new[other].get("id"))
            for one, other in self.pairs.items()
            if self.old[one].get("id") != self.new[other].get("id")
        }

    def changes(self) -> Iterator[Change]:
        for index, block in enumerate(self.old):
            if index not in self.pairs:
                yield Change(
                    "removed",
                    str(block.get("id") or ""),
                    title(block),
                    "",
                    self.place(index, old=True),
                    None,
                    type=str(block.get("type", "")),
                )
        moved, carried = self.moved()
        for index, block in enumerate(self.new):
            about = str(block.get("id") or ""), title(block)
            if index not in self.back:
                where = self.place(index, old=False)
                yield Change("added", *about, "", None, where, type=str(block.get("type", "")))
                continue
            before = self.old[self.back[index]]
            if index in moved:
                places_of = self.place(self.back[index], old=True), self.place(index, old=False)
                yield Change("moved", *about, "", *places_of)
            yield from compare_fields(before, block, about, self.renumbered)
            yield from self.edges(before, block, about, index in carried, carried)
        yield from self.document()

    def moved(self) -> tuple[set[int], set[int]]:
        """(blocks to tell about, all that stand elsewhere), by their place in ``new``.

        A block that still follows the one it followed, which itself stands elsewhere, is carried along silently.
        """
        carried: set[int] = set()
        for chain, line in self.new_chains.items():
            here = [at for at in line if at in self.back]
            same = []
            for at in here:
                if self.chain_in_new(self.old_places[self.back[at]].chain) == chain:
                    same.append(at)
                else:
                    carried.add(at)
            carried |= {same[at] for at in outside_longest_run([self.rank[self.back[at]] for at in same])}
        told = set()
        for at in carried:
            before_new, before_old = self.new_places[at].before, self.old_places[self.back[at]].before
            followed = self.pairs.get(before_old, -2) if before_old >= 0 else -1
            if not (before_new >= 0 and followed == before_new and before_new in carried):
                told.add(at)
        return told, carried

    @property
    def rank(self) -> dict[int, int]:
        if not hasattr(self, "_rank"):
            self._rank = {at: number for line in self.old_chains.values() for number, at in enumerate(line)}
        return self._rank

    def chain_in_new(self, chain: Chain) -> Chain | None:
        holder, branch = chain
        if holder < 0:
            return chain
        if holder not in self.pairs:
            return None
        other = self.pairs[holder]
        if branch.startswith("statement:"):
            # A statement whose id is gone is known by its number.
            names = [name for name, _ in branches(self.new[other])]
            if branch not in names:
                olds = [name for name, _ in branches(self.old[holder]) if name.startswith("statement:")]
                news = [name for name in names if name.startswith("statement:")]
                number = olds.index(branch)
                branch = news[number] if len(olds) == len(news) else branch
        return other, branch

    def place(self, index: int, *, old: bool) -> str:
        """Where a block stands, in words."""
        blocks, where = (self.old, self.old_places[index]) if old else (self.new, self.new_places[index])
        holder, branch = where.chain
        words = []
        if holder >= 0:
            named = BRANCH_NAMES.get(branch) or f"case {branch.partition(':')[2]}"
            words.append(f"in {named} of “{title(blocks[holder])}”")
        if where.before >= 0:
            words.append(f"after “{title(blocks[where.before])}”")
        elif where.chain == APART:
            words.append("on its own")
        else:
            words.append("at the beginning")
        return " ".join(words)

    def edges(
        self,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        about: tuple[str, str],
        moved: bool,
        carried: set[int],
    ) -> Iterator[Change]:
        """Ways that changed although no block was added, removed or moved: to what is not there, or second ones."""
        names = {
            name
            for block in (before, after)
            for name in block
            if name == "childId" or name in BRANCH_NAMES or name == "statementChildrenIds"
        }
        for name in sorted(names):
            one, other = before.get(name), after.get(name)
            ones, others = (one, other) if name == "statementChildrenIds" else ([one], [other])
            ones, others = (entry if isinstance(entry, list) else [entry] for entry in (ones, others))
            for number in range(max(len(ones), len(others))):
                left = ones[number] if number < len(ones) else None
                right = others[number] if number < len(others) else None
                translated = self.renumbered.get(left, left) if isinstance(left, str) else left
                if translated == right and type(translated) is type(right):
                    continue
                if not left and not right:
                    yield Change("layout", *about, readable(name), left, right)
                elif not (name == "childId" and moved) and not self.explained(left, right, carried):
                    yield Change("changed", *about, f"way {readable(name)}", left, right)
            if one != other and len(ones) != len(others):
                yield Change("layout", *about, readable(name), len(ones), len(others))
            elif (name in before) != (name in after) and not one and not other:
                yield Change("layout", *about, readable(name), one, other)

    def explained(self, left: Any, right: Any, carried: set[int]) -> bool:
        """True where the change of a way is the coming, going or moving of a block."""
        one = self.old_ids.get(left, -1) if isinstance(left, str) else -1
        other = self.new_ids.get(right, -1) if isinstance(right, str) else -1
        gone = one >= 0 and (one not in self.pairs or self.pairs[one] in carried)
        come = other >= 0 and (other not in self.back or other in carried)
        return gone or come

    def document(self) -> Iterator[Change]:
        """What is not a block: variables, other fields, ids and order."""
        old, new = self.documents
        if self.renumbered:
            yield Change("renumbered", "", "", "ids", None, len(self.renumbered))
        order = [self.pairs[index] for index in range(len(self.old)) if index in self.pairs]
        if any(one > other for one, other in pairwise(order)):
            yield Change("layout", "", "", "order of the blocks", None, None)
        if not isinstance(old, Mapping) or not isinstance(new, Mapping):
            if not same(old, new):
                yield Change("changed", "", "", "document", old, new)
            return
        yield from _variables(listed(old.get("variables")), listed(new.get("variables")))
        for name in dict.fromkeys((*old, *new)):
            one, other = old.get(name), new.get(name)
            if name == "blocks":
                one, other = _rest(one), _rest(other)
            elif name == "variables":
                one, other = _odd_variables(one), _odd_variables(other)
            if not same(one, other):
                yield Change("changed", "", "", readable(str(name)), one, other)
            elif (name in old) != (name in new) or type(old[name]) is not type(new[name]):
                yield Change("layout", "", "", readable(str(name)), old.get(name), new.get(name))


def title(block: Mapping[str, Any]) -> str:
    """What a person knows a block by."""
    for name in ("displayName", "name", "type"):
        found = block.get(name)
        if isinstance(found, str) and found:
            return found
    return "?"


def _rest(value: Any) -> Any:
    """What the blocks' list holds besides blocks."""
    return [entry for entry in value if not isinstance(entry, Mapping)] if isinstance(value, list) else value


def _odd_variables(value: Any) -> Any:
    if not isinstance(value, list):
        return value or []
    return [entry for entry in value if not isinstance(entry, Mapping)]


def _variables(old: list[Any], new: list[Any]) -> Iterator[Change]:
    ones = [entry for entry in old if isinstance(entry, Mapping)]
    others = [entry for entry in new if isinstance(entry, Mapping)]
    pairs: dict[int, int] = {}
    for key in ("guid", "name"):
        known: dict[str, int] = {}
        taken = set(pairs.values())
        for index, entry in enumerate(others):
            if index not in taken and isinstance(entry.get(key), str):
                known.setdefault(entry[key], index)
        for index, entry in enumerate(ones):
            if index not in pairs and isinstance(entry.get(key), str) and entry[key] in known:
                pairs[index] = known.pop(entry[key])
    for index, entry in enumerate(ones):
        if index not in pairs:
            yield Change("variable-removed", "", str(entry.get("name", "")), "", entry.get("type"), None)
    back = {other: one for one, other in pairs.items()}
    for index, entry in enumerate(others):
        name = str(entry.get("name", ""))
        if index not in back:
            yield Change("variable-added", "", name, "", None, entry.get("type"))
            continue
        before = ones[back[index]]
        for key in dict.fromkeys((*before, *entry)):
            if not same(before.get(key), entry.get(key)) or (key in before) != (key in entry):
                kind = "variable-renamed" if key == "name" else "variable-changed"
                yield Change(kind, "", name, readable(str(key)), before.get(key), entry.get(key))
    order = [pairs[index] for index in sorted(pairs)]
    if order != sorted(order):
        yield Change("layout", "", "", "order of the variables", None, None)
