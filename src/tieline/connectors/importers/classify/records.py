"""Where the records lie in an answer: the list of a list operation, the one record of the others."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.importers.classify import names
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import plain, singular, split
from tieline.connectors.importers.values import mapping

_DEEPEST = 4
_ENOUGH = 9.0
_MAX_LOOKED_AT = 400
# What may stand beside the one record of an envelope, and belongs to the answer rather than to the record.
_ENVELOPE = frozenset(
    "stat status success ok code message messages msg error errors errorcode errormessage requestid statuscode "
    "statusmessage resultcode resultmessage responsecode warnings warning meta links jsonapi issuccess".split()
)
_AROUND = names.META | names.PAGING_SIGNS | names.SIZE | names.OFFSET | names.PAGE
_BEARERS = frozenset("info details data record object result response resource entity".split())
_THINGS_TOO = frozenset("roles permissions columns filters actions operations scopes".split())


@dataclass(slots=True)
class Found:
    """A place in an answer.

    ``steps`` may hold None for "every value of a map" and 0 for "the first"; ``item_steps`` lead from entry to record.
    """

    steps: list[str | int | None]
    item: Any
    item_steps: list[str] = field(default_factory=list)
    score: float = 0.0
    why: str = ""

    @property
    def confidence(self) -> float:
        """0..1 from the score of the candidate."""
        return round(min(0.99, 0.5 + (self.score - _ENOUGH) / 24), 2)


def find_list(shapes: Shapes, schema: Any, subject: frozenset[str], listing: float = 0.0) -> Found | None:
    """The list of records in an answer, None where it holds none.

    ``subject`` holds the words for what the operation is about, ``listing`` says how much else speaks for a list
    (0..6).
    """
    items = shapes.items(schema)
    if items is not None:
        item, item_steps = _unwrap_item(shapes, items)
        return Found([], item, item_steps, 30.0, "the answer itself is a list")
    candidates = [*_candidates(shapes, schema, subject, listing)]
    best = max(candidates, key=lambda one: one.score, default=None)
    if best is None or best.score < _ENOUGH:
        return None
    best.item, best.item_steps = _unwrap_item(shapes, best.item)
    return best


def _candidates(shapes: Shapes, schema: Any, subject: frozenset[str], listing: float) -> list[Found]:
    found: list[Found] = []
    pending: deque[tuple[list[str | int | None], Any, float]] = deque([([], schema, 0.0)])
    seen: set[str] = set()
    looked_at = 0
    while pending and looked_at < _MAX_LOOKED_AT:
        steps, node, penalty = pending.popleft()
        ref = node.get("$ref") if type(node) is dict else None
        if type(ref) is str:
            if ref in seen:
                continue
            seen.add(ref)
        looked_at += 1
        members = shapes.members(node)
        recordlike = _recordlike(members, subject, shapes)
        arrays = [(name, items) for name, one in members.items() if (items := shapes.items(one)) is not None]
        main_arrays = [name for name, items in arrays if _is_main(shapes, name, items)]
        others = {plain(name) for name in members} - {plain(name) for name, _ in arrays}
        all_meta = all(other in _AROUND or _meta_like(other) for other in others)
        signs = sum(1 for other in others if other in names.PAGING_SIGNS)
        # A call that is plainly named a list may have facts about the whole beside its one list.
        aside = 0.0 if not recordlike else 3.0 if listing >= 3.0 and len(arrays) == 1 else 8.0
        for name, items in arrays:
            score = penalty + listing + _name_score(name, subject, len(arrays) == 1) - aside
            score += 3.0 if shapes.is_object(items) else 1.0 if not shapes.types(items) else -2.0
            if main_arrays == [name] or len(arrays) == 1:
                score += 3.0
            if len(main_arrays) > 1 and not all_meta and not signs:
                score -= 5.0  # Several lists beside something else: one record with parts.
            score += (
                (3.0 if all_meta and len(main_arrays) < 2 else 0.0)
                + min(signs, 3) * 1.5
                - 2.0 * min(len(main_arrays) - 1, 3)
            )
            found.append(Found([*steps, name], items, [], score, f"{name!r} holds a list"))
        if len(steps) >= _DEEPEST or recordlike:
            continue
        for name, one in members.items():
            word = plain(name)
            known = word in names.HOLDERS or word in names.LIST_HOLDERS or _is_subject(name, subject)
            if shapes.items(one) is not None or not shapes.is_object(one):
                continue
            known = known or any(plain(inner) in ("paging", "pagination") for inner in shapes.members(one))
            if not known and (word in names.META or (steps and len(members) > 1)):
                continue
            values = shapes.values_of_map(one)
            if values is not None and not arrays:
                score = penalty + listing + _name_score(name, subject) - 2.0
                score += (2.0 if shapes.is_object(values) else -4.0) + (3.0 if all_meta or len(members) == 1 else 0.0)
                found.append(Found([*steps, name, None], values, [], score, f"{name!r} holds records by key"))
            cost = 0.5 if known else 3.0 if len(members) == 1 else 6.0
            pending.append(([*steps, name], one, penalty - cost))
    return found


def _is_main(shapes: Shapes, name: str, items: Any) -> bool:
    """False for lists that only accompany records; roles and the like are things where they have ids of their own."""
    word = plain(name)
    if word in names.SIDE_LISTS:
        return word in _THINGS_TOO and any(plain(one) in ("id", "uuid", "guid") for one in shapes.members(items))
    return True


def _name_score(name: str, subject: frozenset[str], alone: bool = False) -> float:
    word = plain(name)
    if word in names.SIDE_LISTS:
        return 6.0 if word in subject or singular(word) in subject else -5.0 if alone else -12.0
    held = names.LIST_HOLDERS.get(word, 0)
    if _is_subject(name, subject):
        return max(12.0, held)
    words = split(name)
    if words and (words[-1] in subject or singular(words[-1]) in subject):
        return max(8.0 if len(words) > 1 else 9.0, held)
    if words and any(one in subject or singular(one) in subject for one in words):
        return max(5.0, held)
    if len(words) > 1 and words[-1] in ("list", "items", "results", "records", "array", "collection", "data"):
        return max(7.0, held)
    return float(held)


def _bears(name: str, subject: frozenset[str]) -> bool:
    """``order_info`` and ``configurationDetails`` hold the order and the configuration."""
    words = split(name)
    return len(words) > 1 and words[-1] in _BEARERS and _is_subject("_".join(words[:-1]), subject)


def _is_subject(name: str, subject: frozenset[str]) -> bool:
    words = split(name)
    if not words:
        return False
    return plain(name) in subject or "".join((*words[:-1], singular(words[-1]))) in subject


def _recordlike(members: dict[str, Any], subject: frozenset[str], shapes: Shapes) -> bool:
    """True for an object that looks like a record of its own, so that a list in it is one of its fields."""
    words = {plain(name) for name in members}
    if words & {"id", "uuid", "guid", "sid", "href", "key"} and not words & {"nextcursor", "hasmore", "nextpage"}:
        return True
    if words & names.HAS_MORE or words & names.NEXT_CURSOR or words & names.NEXT_URL or words & names.TOTAL:
        return False
    own = [
        name
        for name in members
        if plain(name) not in names.META and plain(name) not in names.PAGING_SIGNS and not _meta_like(plain(name))
    ]
    scalars = sum(1 for name in own if shapes.is_scalar(members[name]))
    return scalars >= 3


def _meta_like(word: str) -> bool:
    return word.startswith(
        ("odata", "page", "total", "next", "prev", "request", "response", "paging", "xs", "xmlns")
    ) or word.endswith(
        ("count", "total", "cursor", "token", "url", "uri", "href", "page", "link", "links", "timestamp")
    )


def _unwrap_item(shapes: Shapes, items: Any) -> tuple[Any, list[str]]:
    """GraphQL-like edges hold the record in ``node``, search engines theirs in ``_source``."""
    members = shapes.members(items)
    if "node" in members and len(members) <= 3 and shapes.is_object(members["node"]):
        return members["node"], ["node"]
    return items, []


def find_record(shapes: Shapes, schema: Any, subject: frozenset[str]) -> Found:
    """The one record in an answer: the whole, or what an envelope holds."""
    steps: list[str | int | None] = []
    node: Any = schema
    why, score = "the answer itself is the record", 24.0
    for _ in range(3):
        if shapes.items(node) is not None:
            break
        members = shapes.members(node)
        words = {plain(name): name for name in members}
        if not members or words.keys() & {"id", "uuid", "guid", "sid"}:
            break
        held = [
            name
            for name, one in members.items()
            if (shapes.is_object(one) or (not shapes.types(one) and plain(name) in names.RECORD_HOLDERS))
            and plain(name) not in ("error", "errors", "meta", "metadata", "links", "pagination", "paging", "warning")
            and shapes.values_of_map(one) is None
        ]
        named = [name for name in held if _is_subject(name, subject) or _bears(name, subject)]
        known = named or [name for name in held if plain(name) in names.RECORD_HOLDERS]
        rest = [name for name in members if name not in held]
        quiet = all(plain(name) in names.META or _meta_like(plain(name)) for name in rest)
        if not known and len(held) == 1 and all(plain(name) in _ENVELOPE for name in rest):
            known = held
        if len(known) != 1 or not quiet or (len(held) > 1 and not named and len(held) > 2):
            break
        steps.append(known[0])
        node = mapping(members[known[0]])
        why, score = f"{known[0]!r} is the only thing in its envelope", 19.0
    return Found(steps, node, [], score, why)
