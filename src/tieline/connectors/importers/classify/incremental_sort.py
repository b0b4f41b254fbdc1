"""Lists without a parameter for a moment that can be read newest first and left where they become known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tieline.connectors.importers.classify import fields
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import plain, split
from tieline.connectors.importers.description import Param
from tieline.connectors.manifest.model import Fact, Incremental

_SORTS = frozenset("sort orderby order sortby ordering sorting".split())
_DOWN = frozenset(("desc", "descending"))
_ORDERED = frozenset(("asc", "ascending", *_DOWN))
_MINUS = re.compile(
    r"(?:minus|hyphen|dash|prefix\w*|preced\w*|`?-`?)[^.]{0,60}\b(?:desc|reverse)"
    r"|\bdesc\w*[^.]{0,60}(?:minus|hyphen|dash|`-`|'-'|\"-\"|\(-\))",
    re.IGNORECASE,
)


def by_sort(case: Case, shapes: Shapes) -> Incremental | None:
    """Read newest first until what is known comes; None where no one parameter asks for that order."""
    if case.found is None or case.op.transport != "rest":
        return None
    members = shapes.members(case.found.item)
    updated, created = fields.updated(shapes, members), fields.created(shapes, members)
    for chosen, other in ((updated, created), (created, None)):
        if not chosen.name:
            continue
        for param in _sorting(case):
            value = _newest_first(param, chosen.name, shapes)
            if value:
                return _made(case, param, value, chosen.name, other.name if other is not None else "")
    return None


def _sorting(case: Case) -> Iterator[Param]:
    return (one for one in case.op.params if one.location == "query" and plain(one.name) in _SORTS)


def _newest_first(param: Param, field: str, shapes: Shapes) -> str:
    """The value of the parameter that asks for the newest first, "" where none is known."""
    schema = shapes.resolve(param.schema)
    given: list[Any] = schema.get("enum") or []
    choices = [one for one in given if isinstance(one, str)]
    for choice in choices:
        if _descends(choice, field):
            return choice
    said = f"{param.description or shapes.said(schema)}"[:1000]
    named = re.search(rf"(?<![\w-]){re.escape(field)}(?!\w)", said)
    # "Prefix with - for descending order", and the field is named.
    return f"-{field}" if not choices and named and _MINUS.search(said) else ""


def _descends(choice: str, field: str) -> bool:
    """True for ``-updated_at``, ``updated_at:desc``, ``updatedAt DESC`` and ``desc(updated_at)``."""
    words = split(choice)
    wanted = split(field)
    if choice.startswith("-"):
        return words == wanted
    order = [one for one in words if one in _ORDERED]
    return order[:1] in (["desc"], ["descending"]) and tuple(one for one in words if one not in _ORDERED) == wanted


def _made(case: Case, param: Param, value: str, field: str, created: str) -> Incremental:
    evidence = [param.pointer]
    note = "the list can be read newest first"
    return Incremental(
        by="sort",
        field=field,
        created_field=created if created != field else "",
        sort_param=param.name,
        sort_value=value,
        facts={
            "param": Fact(evidence=evidence, confidence=0.6, note=note),
            "sort_param": Fact(evidence=evidence, confidence=0.8, note=note),
            "field": Fact(evidence=[case.schema_pointer], confidence=0.85),
        },
    )
