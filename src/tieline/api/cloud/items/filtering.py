"""What a list of items can be asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from fastapi import Request
from sqlalchemy import ColumnElement

from tieline.api.cloud.items.schemas import AUTOMATION, CREATOR, TYPES
from tieline.api.edge.ids import parse_id
from tieline.api.edge.lists import one_value, truth
from tieline.api.edge.twoway import Twoway, TwowayQuery
from tieline.core.errors import BadInput, NotFound
from tieline.core.paging import BadLimit
from tieline.storage.tables import automations, spaces

MOST_IDS = 100
SPACE_TYPES: Final = ("shared", "managed", "personal", "data")
_WHOLE = re.compile(r"[0-9]{1,9}")
_KINDS = re.compile(r"([a-z-]+)(\[[^\[\]]*\])?(?:,|$)")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_NONE = sa.false()

# By their names on the wire, with what the published document of ours says of them.
FILTERS: Final[Mapping[str, tuple[dict[str, Any], str]]] = {
    "collectionId": ({"type": "string"}, "There are no collections: finds nothing."),
    "createdByUserId": ({"type": "string"}, "Made by this user."),
    "id": ({"type": "string"}, "The item with this id."),
    "name": ({"type": "string"}, "A part of the name, whatever its capitals."),
    "noActions": ({"type": "boolean", "default": False}, "Leaves out what the caller may do."),
    "notCreatedByUserId": ({"type": "string"}, "Not made by this user."),
    "notOwnerId": ({"type": "string"}, "Of others than this user."),
    "ownerId": ({"type": "string"}, "Of this user."),
    "query": ({"type": "string"}, "A part of the name or the description, whatever its capitals."),
    "resourceId": ({"type": "string"}, "The automation with this id; with `resourceType`."),
    "resourceIds": ({"type": "string"}, f"Up to {MOST_IDS} with commas between them; with `resourceType`."),
    "resourceLink": ({"type": "string", "format": "uri"}, "Finds nothing; with `resourceType`, not with `resourceId`."),
    "resourceSubType": ({"type": "string"}, "Automations have none: finds nothing unless empty."),
    "resourceType": ({"type": "string", "enum": list(TYPES)}, "One or more; only `automation` finds something."),
    "shared": ({"type": "boolean"}, "In a shared space, or not."),
    "spaceId": ({"type": "string"}, "In this space; `personal` is the caller's own."),
    "spaceType": ({"type": "string", "enum": list(SPACE_TYPES)}, "In a space of one or more types."),
}


def reading(twoway: Twoway) -> Callable[[Request], Coroutine[Any, Any, TwowayQuery]]:
    """The dependency of a list, whose limit is a whole number. Raises `BadInput`."""

    async def read(request: Request) -> TwowayQuery:
        limit = one_value(request, "limit")
        if limit is not None and _WHOLE.fullmatch(limit) is None:
            raise BadLimit("The limit is not a whole number from 1 to 100.")
        return await twoway.read(request)

    return read


def conditions(wishes: Mapping[str, str], user_id: UUID) -> list[ColumnElement[bool]]:
    """The conditions on ``automations``. Raises `BadInput` for a filter that breaks its rule."""
    _check(wishes)
    made: dict[str, Callable[[str], ColumnElement[bool]]] = {
        "collectionId": lambda _: _NONE,
        "createdByUserId": lambda text: _is(CREATOR, text),
        "id": lambda text: _is(automations.c.id, text),
        "name": lambda text: _holds(automations.c.name, text),
        "notCreatedByUserId": lambda text: ~_is(CREATOR, text),
        "notOwnerId": lambda text: ~_is(automations.c.owner_id, text),
        "ownerId": lambda text: _is(automations.c.owner_id, text),
        "query": lambda text: _holds(automations.c.name, text) | _holds(automations.c.description, text),
        "resourceId": lambda text: _is(automations.c.id, text),
        "resourceIds": lambda text: sa.or_(_NONE, *(_is(automations.c.id, one.strip()) for one in text.split(","))),
        "resourceLink": lambda _: _NONE,
        "resourceSubType": lambda text: sa.true() if "" in text.split(",") else _NONE,
        "resourceType": lambda text: sa.true() if _wants_automations(text) else _NONE,
        "shared": lambda text: _in("shared") if truth("shared", text) else ~_in("shared"),
        "spaceId": lambda text: _placed(text, user_id),
        "spaceType": lambda text: sa.or_(*(_in(kind) for kind in _space_types(text))),
    }
    return [made[name](text) for name, text in wishes.items() if name in made and text]


def _check(wishes: Mapping[str, str]) -> None:
    for name in ("resourceId", "resourceIds", "resourceLink"):
        if wishes.get(name) and not wishes.get("resourceType"):
            raise BadInput(f"Where {name} is sent, resourceType has to be sent too.", parameter="resourceType")
    if "resourceLink" in wishes and _URI.fullmatch(wishes["resourceLink"]) is None:
        raise BadInput("The parameter resourceLink is no URI (RFC 3986).", parameter="resourceLink")
    if wishes.get("resourceId") and wishes.get("resourceLink"):
        raise BadInput("Send either resourceId or resourceLink, not both.", parameter="resourceLink")
    if wishes.get("resourceIds", "").count(",") >= MOST_IDS:
        raise BadInput(f"The parameter resourceIds holds at most {MOST_IDS} ids.", parameter="resourceIds")
    if "resourceSubType" in wishes and "[" in wishes.get("resourceType", ""):
        raise BadInput(
            "Say the types below resourceType in brackets or in resourceSubType, not both.", parameter="resourceSubType"
        )
    for name in ("shared", "noActions"):
        if name in wishes:
            truth(name, wishes[name])
    if "resourceType" in wishes:
        _wants_automations(wishes["resourceType"])
    if "spaceType" in wishes:
        _space_types(wishes["spaceType"])


def _wants_automations(text: str) -> bool:
    """Whether a list such as ``app[qvd,],automation`` names automations, of which none has a type below that."""
    place, found = 0, False
    while place < len(text) or not place:
        match = _KINDS.match(text, place)
        if match is None or match[1] not in TYPES:
            raise BadInput(
                f"The parameter resourceType is one or more of {', '.join(TYPES)}.", parameter="resourceType"
            )
        below = match[2]
        found = found or (match[1] == AUTOMATION and (below is None or "" in below[1:-1].split(",")))
        place = match.end()
    return found


def _space_types(text: str) -> list[str]:
    kinds = text.split(",")
    if any(kind not in SPACE_TYPES for kind in kinds):
        raise BadInput(f"The parameter spaceType is one or more of {', '.join(SPACE_TYPES)}.", parameter="spaceType")
    return kinds


def _in(kind: str) -> ColumnElement[bool]:
    if kind == "personal":
        return automations.c.space_id.is_(None)
    found = sa.exists().where(
        spaces.c.tenant_id == automations.c.tenant_id, spaces.c.id == automations.c.space_id, spaces.c.type == kind
    )
    return found.correlate_except(spaces)


def _placed(text: str, user_id: UUID) -> ColumnElement[bool]:
    if text == "personal":
        return sa.and_(automations.c.space_id.is_(None), automations.c.owner_id == user_id)
    return _is(automations.c.space_id, text)


def _is(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    try:
        return column == parse_id(text, "id")
    except NotFound:
        return _NONE


def _holds(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return sa.func.lower(column).contains(text.lower(), autoescape=True)
