"""Arguments that ask for what was changed or made since a moment."""

from __future__ import annotations

import re
from typing import Final

from tieline.connectors.importers.classify.words import plain
from tieline.connectors.importers.formats.graphql.types import Argument, Schema, Type, listed, named, optional
from tieline.connectors.manifest.model import Fact, Incremental

_CHANGED: Final = r"(?:date|last)?(?:updated|modified|changed|edited|update|modification)(?:at|on|date|time|datetime)?"
_MADE: Final = r"(?:date)?(?:created|creation|inserted)(?:at|on|date|time|datetime)?"
_STEM: Final = re.compile(f"{_CHANGED}|{_MADE}")
_BOUND: Final = r"(?:since|after|from|gte|gt|min|start|greaterthan|greaterthanorequal)"
_FILTERS: Final = ("filter", "where", "filterby", "filters", "condition", "criteria")
_LOWER: Final = ("gte", "since", "from", "min", "start", "greaterthanorequal", "ge", "gt", "after", "greaterthan")
_EXCLUSIVE: Final = ("gt", "after", "greaterthan")


def detect(schema: Schema, arguments: list[Argument], updated: str, created: str, where: str) -> Incremental | None:
    """How a list is asked for changes; ``updated`` and ``created`` are the fields that a record has ("" = none)."""
    places = _places(schema, arguments)
    for stem, field in ((_CHANGED, updated), (_MADE, created)):
        pattern = re.compile(rf"(?:{stem}{_BOUND}|(?:min|from|start|since){stem})")
        for pointer, one, outer in places:
            word = outer + plain(one.name)
            generic = stem is _CHANGED and word in ("since", "modifiedsince")
            if not field or not (generic or pattern.fullmatch(word)):
                continue
            found = Incremental(
                by="param",
                param=pointer,
                location="body",
                format=_format(one),
                field=field,
                created_field=created if field == updated else "",
                inclusive=not plain(one.name).endswith(_EXCLUSIVE),
            )
            sure = 0.9 if not generic else 0.75
            found.facts["param"] = Fact(evidence=[f"{where}({pointer.split('/')[2]}:)"], confidence=sure)
            found.facts["field"] = Fact(evidence=[where], confidence=sure)
            return found
    return None


def _places(schema: Schema, arguments: list[Argument]) -> list[tuple[str, Argument, str]]:
    """Scalars among the arguments, in their filters, and the lower bounds of ranges in them."""
    found = [(f"/variables/{one.name}", one, "") for one in arguments if _scalar(schema, one)]
    for one in arguments:
        holder = schema.get(one.type)
        if holder is None or holder.kind != "input" or listed(optional(one.type)):
            continue
        at = f"/variables/{one.name}"
        if plain(one.name) not in _FILTERS:
            found += [(f"{at}/{each.name}", each, plain(one.name)) for each in _bounds(schema, holder)]
            continue
        for member in holder.members():
            if _scalar(schema, member):
                found.append((f"{at}/{member.name}", member, ""))
                continue
            inner = schema.get(member.type) if _STEM.fullmatch(plain(member.name)) else None
            if inner is not None and inner.kind == "input" and not listed(optional(member.type)):
                found += [
                    (f"{at}/{member.name}/{each.name}", each, plain(member.name)) for each in _bounds(schema, inner)
                ]
    return found


def _bounds(schema: Schema, holder: Type) -> list[Argument]:
    """The lower bounds of a range, "at or after" before "after"."""
    usable = {plain(one.name): one for one in holder.members() if _scalar(schema, one)}
    return [usable[word] for word in _LOWER if word in usable]


def _scalar(schema: Schema, one: Argument) -> bool:
    return not listed(optional(one.type)) and schema.leaf(one.type) and named(one.type) != "Boolean"


def _format(one: Argument) -> str:
    name = named(one.type)
    if name in ("Int", "Float", "Long", "BigInt"):
        return "unix_ms" if re.search(r"(?i)millisecond", one.description) else "unix"
    return "date" if name == "Date" else "iso"
