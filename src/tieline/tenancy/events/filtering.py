"""Filters of webhooks: SCIM expressions (RFC 7644 section 3.4.2.2) over the attributes of an event."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from tieline.core.errors import BadInput
from tieline.core.filters import Attribute, BadFilter, Both, Comparison, Either, Negation, Node, parse

ATTRIBUTES: Final = {
    name: Attribute(exact=True)
    for name in ("id", "spaceId", "topLevelResourceId", "ownerId", "userId", "data.status", "data.context")
}


def checked(text: str, *, pointer: str = "/filter") -> str:
    """The filter, if it can be one. Raises `BadInput` at ``pointer``."""
    try:
        if text.strip():
            _check(_tree(text))
    except BadFilter as error:
        error.pointer, error.parameter = pointer, None
        raise
    return text


def matches(text: str, event: Mapping[str, Any]) -> bool:
    """Whether an event with these attributes (by the names in `ATTRIBUTES`) passes; an empty filter lets all pass."""
    return not text.strip() or _holds(_tree(text), event)


@lru_cache(maxsize=512)
def _tree(text: str) -> Node:
    return parse(text, ATTRIBUTES)


def _check(node: Node) -> None:
    match node:
        case Both(parts) | Either(parts):
            for part in parts:
                _check(part)
        case Comparison(_, "eq" | "ne", str()):
            return
        case Comparison(name):
            raise BadFilter(f'The filter compares {name} in a way that it cannot; write {name} eq "..." or ne "...".')
        case _:
            raise BadFilter("The filter knows eq and ne, joined by and and or; it has something else.")


def _holds(node: Node, event: Mapping[str, Any]) -> bool:
    match node:
        case Both(parts):
            return all(_holds(part, event) for part in parts)
        case Either(parts):
            return any(_holds(part, event) for part in parts)
        case Comparison(name, operator, value):
            same = event.get(name, "") == value
            return same if operator == "eq" else not same
        case Negation():
            raise BadInput("The filter has a not, which it never was saved with.")
        case _:
            return False
