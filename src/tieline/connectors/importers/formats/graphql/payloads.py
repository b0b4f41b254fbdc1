"""Results that say themselves that something went wrong: ``userErrors``, ``success: false``, a union with failures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from tieline.connectors.importers.classify.words import plain
from tieline.connectors.importers.formats.graphql.selections import Selector
from tieline.connectors.importers.formats.graphql.types import (
    MAX_LOOKED_AT,
    Field,
    Schema,
    Type,
    entry,
    listed,
    named,
    optional,
)
from tieline.connectors.manifest.model import ErrorRule
from tieline.connectors.manifest.paths import Step, render

_FAILED: Final = re.compile(r"(?:Error|Errors|Failure|Failed|Problem|Exception|Denied|Violation|NotFound|Invalid\w*)$")
_UNREADABLE: Final = re.compile(r"(?:Error|Errors|Exception|Denied|NotFound)$")  # of a query: the read itself failed
_SUCCESS: Final = ("success", "ok", "succeeded", "successful", "issuccess", "issuccessful", "wassuccessful")
_WORDS: Final = ("message", "description", "detail", "reason", "error", "code", "type")
_ASIDE: Final = frozenset("clientmutationid query viewer".split())
_LARGEST_TEXT: Final = 6


@dataclass(slots=True)
class Payload:
    """``steps`` lead from the field to the record of type ``record``; ``beside`` is asked for along with it."""

    record: str
    steps: list[str] = field(default_factory=list)
    errors: list[ErrorRule] = field(default_factory=list)
    beside: list[tuple[list[str], str]] = field(default_factory=list)  # (steps of the holder, text)
    taken: frozenset[str] = frozenset()  # fields of the record's own type that stand in ``beside``
    member: str = ""  # the record is a field (the last step) of this member of a union


def read(schema: Schema, selector: Selector, type: str, at: list[Step], noun: str, *, writes: bool) -> Payload:
    """What a result of ``type`` at ``at`` of the answer is made of. ``noun`` is what the field is about."""
    found = Payload(type)
    holder = schema.composite(type)
    if holder is None or listed(optional(type)):
        return found
    if holder.kind == "union":
        _failures(schema, holder, found, at, [], writes=writes)
        _success(schema, selector, holder, found)
        return found
    if not writes:
        return found
    aside = _errors(schema, selector, holder, found, at)
    main = _main(schema, selector, holder, aside, noun)
    if main is not None:
        found.record, found.steps = main.type, [main.name]
        inner = schema.composite(main.type)
        if inner is not None and inner.kind == "union":
            _failures(schema, inner, found, [*at, main.name], [main.name], writes=writes)
            _success(schema, selector, inner, found)
    else:
        found.taken = frozenset(aside)
    return found


def _errors(schema: Schema, selector: Selector, holder: Type, found: Payload, at: list[Step]) -> set[str]:
    """Takes the fields that tell of failure; gives their names."""
    names: set[str] = set()
    said = next((one.name for one in holder.looked_at() if plain(one.name) in ("message", "errormessage")), "")
    for one in holder.looked_at():
        word = plain(one.name)
        if not one.free or (one.deprecated and word != "usererrors"):
            continue
        place = [*at, one.name]
        if word.endswith("errors") and listed(optional(one.type)):
            inner = schema.composite(entry(optional(one.type)))
            text, message = _message(schema, inner)
            found.errors.append(ErrorRule(then="fail", path=render(place), message=render([*place, 0, *message])))
            found.beside.append(([], f"{one.name} {{ {text} }}" if text else one.name))
        elif word in ("error", "problem", "failure") and not one.type.endswith("!") and not listed(one.type):
            text, message = _message(schema, schema.composite(one.type))
            found.errors.append(ErrorRule(then="fail", path=render(place), message=render([*place, *message])))
            found.beside.append(([], f"{one.name} {{ {text} }}" if text else one.name))
        elif word in _SUCCESS and named(one.type) == "Boolean":
            message_at = render([*at, said]) if said else ""
            found.errors.append(ErrorRule(then="fail", path=render(place), equals=False, message=message_at))
            found.beside.append(([], one.name))
        else:
            continue
        names.add(one.name)
    if said and any(plain(one) in _SUCCESS for one in names) and schema.leaf(holder.fields[said].type):
        found.beside.append(([], said))
        names.add(said)
    # Errors in a list say more than a flag.
    found.errors.sort(key=lambda rule: rule.equals is False)
    return names


def _main(schema: Schema, selector: Selector, holder: Type, aside: set[str], noun: str) -> Field | None:
    """The field that holds the record, None where the payload itself is it."""
    if selector.identity(holder):
        return None
    if holder.name not in selector.payloads:
        selector.payloads[holder.name] = _objects(schema, holder, aside)
    objects = selector.payloads[holder.name]
    wanted = plain(noun)
    for one in objects:
        if wanted and wanted in (plain(one.name), plain(named(one.type))):
            return one
    single = [one for one in objects if not listed(optional(one.type))]
    if len(single) == 1:
        return single[0]
    return objects[0] if len(objects) == 1 else None


def _objects(schema: Schema, holder: Type, aside: set[str]) -> list[Field]:
    """The fields of a payload that may hold the record."""
    return [
        one
        for one in holder.looked_at()
        if one.name not in aside
        and one.free
        and not one.deprecated
        and plain(one.name) not in _ASIDE
        and schema.composite(one.type) is not None
        and named(one.type) not in (schema.query, schema.mutation)
        and not plain(one.name).endswith(("errors", "edge"))
    ]


def _failures(schema: Schema, union: Type, found: Payload, at: list[Step], holder: list[str], *, writes: bool) -> None:
    """Members of a union that stand for failure, told apart by ``__typename``."""
    failed = [
        name for name in union.possible[:MAX_LOOKED_AT] if _is_failure(schema, name, _FAILED if writes else _UNREADABLE)
    ]
    if not failed or len(failed) == len(union.possible[:MAX_LOOKED_AT]):
        return
    for name in failed:
        text, message = _message(schema, schema.types.get(name))
        found.errors.append(
            ErrorRule(then="fail", path=render([*at, "__typename"]), equals=name, message=render([*at, *message]))
        )
        found.beside.append((holder, f"... on {name} {{ {text} }}" if text else f"... on {name} {{ __typename }}"))


def _is_failure(schema: Schema, name: str, pattern: re.Pattern[str]) -> bool:
    one = schema.types.get(name)
    return bool(pattern.search(name)) or (one is not None and any(pattern.search(above) for above in one.interfaces))


def _success(schema: Schema, selector: Selector, union: Type, found: Payload) -> None:
    """Where all members but one stand for failure, and that one only holds the record, the record is the result."""
    failed = {str(rule.equals) for rule in found.errors}
    good = [name for name in union.possible[:MAX_LOOKED_AT] if name not in failed]
    member = schema.types.get(good[0]) if len(good) == 1 and failed else None
    if member is None or selector.identity(member):
        return
    inner = [one for one in member.looked_at() if one.free and schema.composite(one.type) is not None]
    if len(inner) == 1 and len(member.fields) <= 3 and not listed(optional(inner[0].type)):
        found.member, found.record = member.name, inner[0].type
        found.steps = [*found.steps, inner[0].name]


def _message(schema: Schema, type: Type | None, depth: int = 0) -> tuple[str, list[str]]:
    """What to ask an error for, and the steps to its text."""
    if type is None:
        return "", []
    usable = [one for one in type.looked_at() if one.free and not one.deprecated]
    leaves = [one.name for one in usable if schema.leaf(one.type)]
    chosen = [name for word in _WORDS for name in leaves if plain(name) == word]
    chosen += [name for name in leaves if name not in chosen]
    if chosen:
        return " ".join(chosen[:_LARGEST_TEXT]), [chosen[0]]
    if depth < 2:
        for one in usable:
            text, steps = _message(schema, schema.composite(one.type), depth + 1)
            if text:
                return f"{one.name} {{ {text} }}", [one.name, *steps]
    return "__typename", ["__typename"]
