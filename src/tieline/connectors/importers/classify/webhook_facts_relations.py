"""What belongs to what: an event to its object and to the call that subscribes, and that call to those that undo it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tieline.connectors.importers.classify.webhook_facts import Conclusion
from tieline.connectors.importers.classify.words import singular, singular_name, split
from tieline.connectors.importers.description import Event
from tieline.connectors.importers.references import last_word
from tieline.connectors.manifest.model import Block, ObjectType

_NO_OBJECT = frozenset(
    "webhook hook subscription callback created updated deleted new event_subscription trigger".split()
)
_DEEDS = frozenset(
    "created create updated update deleted delete changed change added removed when new trigger"
    " triggered event events on"
    " is was a an the webhook notification post changed modified".split()
)
_PLACE = re.compile(r"\{[^{}]*\}")


def object_of(
    event: str, tags: list[str], refs: Iterable[str], path: str, objects: list[ObjectType], at: str
) -> Conclusion | None:
    """``contact.created`` is about contacts; of several kinds of contact the schema, the tag or the path decide."""
    words = [singular(word) for word in split(event)]
    nouns = [word for word in words if word not in _DEEDS]
    shown = {singular_name(ref) for ref in refs if ref}
    around = {singular(word) for text in (*tags, _PLACE.sub("", path)) for word in split(text)}
    scored: list[tuple[float, str]] = []
    for one in objects:
        own = one.name.split("_")
        score = 0.0
        if one.name in _NO_OBJECT and one.name not in shown:
            continue
        for start in range(len(words) - len(own) + 1):
            if words[start : start + len(own)] == own:
                score = max(score, 10.0 + 2 * len(own) + (1.0 if start == 0 else 0.5 / (start + 1)))
        named = last_word(str(one.schema.get("$ref", "")))
        by_schema = bool({one.name, singular_name(named) if named else ""} & shown)
        ends = any(own[-size:] == nouns[:size] for size in range(1, len(nouns) + 1)) and len(own) > 1
        if ends and not score:
            score = 6.0
        if by_schema:
            score += 8.0
        if score:
            extra = set(own) - set(nouns)
            score += 3.0 if extra and extra & around else 0.0
            scored.append((score, one.name))
    if not scored:
        return None
    scored.sort(key=lambda pair: -pair[0])
    best = [name for score, name in scored if score == scored[0][0]]
    if len(best) > 1:
        ask = f"is the event {event!r} about {' or '.join(sorted(best))}?"
        return Conclusion({}, 0.3, at, "", ask)
    sure = 0.9 if scored[0][0] >= 10 else 0.8 if scored[0][0] >= 8 else 0.6
    return Conclusion({"object": best[0]}, sure, at, "by its name" if sure != 0.8 else "by its schema")


def adder_of(
    event: Event, adders: list[Block], choices: dict[str, list[str]], about: str
) -> tuple[Block | None, float]:
    """The block that subscribes to an event, and how sure that is; None where several might."""
    listing = [one for one in adders if event.name in choices.get(one.id, ())]
    if len(listing) == 1:
        return listing[0], 0.9
    if len(adders) == 1:
        return adders[0], 0.6
    wanted = {word for word in map(singular, split(event.name)) if word not in _DEEDS} | set(about.split("_")) - {""}
    tags = {singular(word) for tag in event.tags for word in split(tag)}
    scored = []
    for one in listing or adders:
        words = {singular(word) for word in split(_PLACE.sub("", one.path))}
        own = {singular(word) for tag in one.tags for word in split(tag)}
        scored.append((2 * len(wanted & words) + len(tags & own), one))
    top = max((score for score, _ in scored), default=0)
    best = [one for score, one in scored if score == top]
    return (best[0], 0.75) if top > 0 and len(best) == 1 else (None, 0.0)


def partner_of(adder: Block, blocks: list[Block], kind: str) -> tuple[Block | None, float]:
    """The block of a kind (``webhook_remove``, ``webhook_list``) for the same subscriptions, by its path."""
    found = [block for block in blocks if block.kind == kind]
    if not found:
        return None, 0.0
    scored = sorted(((_near(adder, one), -index, one) for index, one in enumerate(found)), key=lambda entry: entry[:2])
    score, _, best = scored[-1]
    if len(found) == 1:
        return best, 0.95 if score >= 8 else 0.7
    if score <= 0 or (
        len(scored) > 1 and scored[-2][0] == score and scored[-2][2].object != adder.object == best.object
    ):
        return None, 0.0
    return best, 0.95 if score >= 8 else 0.7


def _near(adder: Block, other: Block) -> float:
    own, its = _segments(adder.path), _segments(other.path)
    shared = 0
    for one, two in zip(own, its, strict=False):
        if one != two:
            break
        shared += 1
    score = float(shared) if any(one != "{}" for one in own[:shared]) else 0.0
    if its[: len(own)] == own and len(its) <= len(own) + 1:
        score += 8.0
    elif shared >= len(own) - 1 and len(its) <= len(own) + 1 and own[:-1] and shared:
        score += 2.0
    if other.object and other.object == adder.object:
        score += 2.0
    if set(other.tags) & set(adder.tags):
        score += 0.5
    words = set(split(adder.id)) & set(split(other.id)) - {
        "post",
        "delete",
        "get",
        "by",
        "id",
        "webhook",
        "hook",
        "trigger",
    }
    return score + 0.2 * len(words)


def _segments(path: str) -> list[str]:
    return [_PLACE.sub("{}", one).lower() for one in path.strip("/").split("/") if one]


def renewers_of(adder: Block, blocks: list[Block]) -> list[Block]:
    """Blocks that may prolong a subscription, the telling ones first."""
    own = _segments(adder.path)
    near = [one for one in blocks if one.kind in ("update", "action") and _segments(one.path)[: len(own)] == own]
    told = [one for one in near if set(split(f"{one.id} {one.path}")) & {"renew", "extend", "prolong", "reauthorize"}]
    return told + [
        one for one in near if one.kind == "update" and len(_segments(one.path)) == len(own) + 1 and one not in told
    ]
