"""Keys and moments of a record: primary key, when it was created, when it was last changed."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import plain, singular, split

# Possessive (*+): "datetime" is one word or two, and no name may make a match try all the ways to split it.
_WHEN = r"(?:_?(?:at|on|datetime|date|timestamp|time|utc|ts|gmt|unix|dt))*+"
_ONCE = r"(?:at|on|date|time|datetime|timestamp|d|dt|ts)(?:_?(?:utc|gmt))?"
_UPDATED = (
    rf"(?:date|time|datetime|timestamp|last)?_?(?:updated|modified|changed|edited){_WHEN}",
    rf"last_?(?:update|updated|modified|modification|change|changed|edited|edit){_WHEN}",
    rf"(?:update|modify|modification|change|edit|mod)_?{_ONCE}",
    r"date_?last_?(?:updated|modified|changed)|mtime|modified|updated",
)
_CREATED = (
    rf"(?:date|time|datetime|timestamp)?_?(?:created|inserted|added){_WHEN}",
    rf"(?:create|creation|insert|insertion)_?{_ONCE}",
    r"ctime|inserted|registered_?(?:at|on|date)|creation|published_?at",
)
_UPDATED_PATTERNS = [re.compile(one) for one in _UPDATED]
_CREATED_PATTERNS = [re.compile(one) for one in _CREATED]
KEYS = ("id", "uuid", "guid", "sid", "gid", "key", "resourceid", "objectid", "identifier", "uid", "recordid")


class Chosen(NamedTuple):
    """A field of a record ("" = none) and how sure it is."""

    name: str
    confidence: float


def updated(shapes: Shapes, members: dict[str, Any]) -> Chosen:
    """The field that says when a record was last changed."""
    return _moment(shapes, members, _UPDATED_PATTERNS)


def created(shapes: Shapes, members: dict[str, Any]) -> Chosen:
    """The field that says when a record was made."""
    return _moment(shapes, members, _CREATED_PATTERNS)


def _moment(shapes: Shapes, members: dict[str, Any], patterns: list[re.Pattern[str]]) -> Chosen:
    best = Chosen("", 0.0)
    for rank, pattern in enumerate(patterns):
        for name, node in members.items():
            if not pattern.fullmatch("_".join(split(name))):
                continue
            types = shapes.types(node)
            if types and not types & {"string", "integer", "number"}:
                continue
            sure = 0.9 if shapes.is_time(node) else 0.8 if types & {"integer", "number"} else 0.75
            if "by" in split(name):
                continue
            sure -= rank * 0.02
            if sure > best.confidence:
                best = Chosen(name, round(sure, 2))
    return best


def primary_key(
    shapes: Shapes, members: dict[str, Any], object: str, path_params: list[str]
) -> tuple[list[str], float]:
    """The fields that identify a record. ``path_params`` are the values with which the API itself reads one."""
    by_word = {plain(name): name for name in members}
    whole = plain(object)
    noun = plain(split(object)[-1]) if split(object) else ""
    for param in path_params:
        word = plain(param)
        if word in by_word and _usable(shapes, members[by_word[word]]):
            return [by_word[word]], 0.95
        for key in KEYS:
            if word.endswith(key) and key in by_word and _usable(shapes, members[by_word[key]]):
                return [by_word[key]], 0.95
    for key in KEYS:
        if key in by_word and _usable(shapes, members[by_word[key]]):
            return [by_word[key]], 0.9
    for stem in dict.fromkeys((whole, noun, singular(whole))):
        for key in ("id", "uuid", "guid", "sid", "key", "number", "code"):
            if stem and stem + key in by_word:
                return [by_word[stem + key]], 0.85
    for param in path_params:
        for candidate, name in by_word.items():
            if plain(param).endswith(candidate) and len(candidate) > 3 and _usable(shapes, members[name]):
                return [name], 0.75
    endings = [name for name in members if split(name)[-1:] == ("id",) and _usable(shapes, members[name])]
    if len(endings) == 1:
        return endings, 0.5
    return [], 0.0


def _usable(shapes: Shapes, node: Any) -> bool:
    types = shapes.types(node)
    return not types or bool(types & {"string", "integer", "number"})
