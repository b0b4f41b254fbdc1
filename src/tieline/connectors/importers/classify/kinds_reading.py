"""Kinds of operations that only read."""

from __future__ import annotations

import re

from tieline.connectors.importers.classify import names, verbs
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.naming import (
    asked_by,
    looked_up_by,
    says_one,
    speaks_of_one,
    speaks_of_several,
)
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.surroundings import Surroundings, Verdict
from tieline.connectors.importers.classify.words import is_plural, plain, split

_FIELD_WORDS = frozenset(
    "field fields properties property customfields customfield attributes columns fielddefinitions "
    "customfielddefinitions customattributes customproperties fieldset describe attributedefinitions "
    "propertydefinitions".split()
)
_SAYS_OF_TYPE = frozenset(
    "fields properties attributes labels apislug apiname singularnoun pluralnoun singularname pluralname labelplural "
    "pluralizedname namesingular nameplural primarydisplayproperty primaryfieldid objecttypeid".split()
)
_TYPE_WORDS = frozenset(
    "objecttypes sobjects entitytypes recordtypes objectschemas entitydefinitions objectdefinitions "
    "customobjecttypes".split()
)
_META_WORDS = frozenset("meta metadata schema schemas describe definitions settings types objecttypes".split())
_TYPES_OF_FIELD = frozenset("type datatype fieldtype valuetype kind format inputtype attributetype schema".split())
_NAMES_OF_FIELD = frozenset("name key label id fieldname code title apiname".split())
_ASKED = frozenset("query q term terms keyword keywords search text phrase".split())
_READING_DEEDS = frozenset(
    "calculate check compare compute convert count decrypt download estimate evaluate export extract parse "
    "ping play predict preview print record render report test transform translate validate verify watch "
    "track process generate".split()
)


def reading(case: Case, shapes: Shapes, around: Surroundings) -> Verdict:
    """The kind of a GET (or HEAD, or QUERY)."""
    return (
        _by_name_of_call(case)
        or (_listing(case, shapes, around) if case.found is not None else _undocumented(case, shapes))
        or _single(case)
    )


def _by_name_of_call(case: Case) -> Verdict | None:
    """What the name settles before the answer is looked at."""
    tail, route = case.route.said, case.route
    called = route.tail.verb if tail is not None and tail.verb == "get" and route.tail is not None else ""
    if called and tail is not None and not any(is_plural(word) for word in split(called)[1:]):
        return Verdict("get", 0.85, f"the path ends in {tail.word!r}")
    if (by := looked_up_by(case)) and not (case.found is not None and case.reads_pages()):
        return Verdict("get_by", 0.8, f"its name reads by {by}")
    return None


def _listing(case: Case, shapes: Shapes, around: Surroundings) -> Verdict:
    """The answer holds a list: of records, of search results, of metadata, or of the one record that was asked for."""
    route = case.route
    if _is_field_list(case, shapes):
        return Verdict("list_fields", 0.8, "it lists names and types of fields")
    if _is_type_list(case, shapes) and not (route.ends_in_value and _one_by_key(case)):
        return Verdict("list_types", 0.75, "it lists kinds of objects")
    if _searches(case):
        return Verdict("search", 0.9, "its name says search")
    if route.ends_in_value and (around.lists_the_same(case, shapes) or _one_by_key(case)):
        return Verdict("get", 0.7, "the path ends in the key of a record")
    return Verdict("list", 0.95, "the answer holds a list")


def _searches(case: Case) -> bool:
    tail, said = case.route.said, case.said
    if case.route.under_search and (not case.route.ends_in_value or _asks_in_path(case)):
        return True
    return (tail is not None and tail.verb == "search") or (
        said is not None
        and said.verb == "search"
        and (said.strength == 2 or (said.word == "find" and not case.route.ends_in_value))
    )


def _asks_in_path(case: Case) -> bool:
    """``/search/articles/{term}``: what is looked for stands in the path."""
    tail = case.route.tail
    asked = tail is not None and any(set(split(one)) & _ASKED for one in tail.params)
    return asked and any("search" in split(one.text) for one in case.route.significant if one.fixed)


def _one_by_key(case: Case) -> bool:
    """``GET /pets/{id}`` whose schema is, by mistake or habit, a list."""
    said, found, tail = case.said, case.found, case.route.tail
    if case.reads_pages() or (said is not None and said.verb in ("list", "search")) or found is None or tail is None:
        return False
    if found.steps and plain(str(found.steps[-1])) not in names.LIST_HOLDERS and speaks_of_one(case):
        return True
    param = split(tail.params[-1])[-1:] if tail.params else ()
    by_id = bool(param) and param[0] in ("id", "key", "uuid", "guid", "sid", "identifier")
    shown = said is not None and said.word in ("show", "retrieve", "read", "describe")
    named = ("by" in case.words and case.words[-1] in ("id", "key")) or shown
    return (by_id and (named or speaks_of_one(case))) or says_one(case)


def _undocumented(case: Case, shapes: Shapes) -> Verdict | None:
    """No list is documented; parameters and names may still say that there is one."""
    route, said, tail = case.route, case.said, case.route.said
    opaque = case.schema is None or _opaque(case, shapes)
    if _names_fields(case) and (opaque or _opaque_inside(case, shapes)):
        return Verdict("list_fields", 0.6, "its path and its name say fields; the answer is not documented")
    if _searches(case) and not route.ends_in_value and not route.by_field and (opaque or case.reads_pages()):
        return Verdict("search", 0.8, "its name says search")
    if route.by_field:
        return Verdict("get_by", 0.9, f"the path reads by {route.by_field}")
    if case.reads_pages() and not (route.ends_in_value and not case.paged_by_path):
        return Verdict("list", 0.75, "its parameters ask for pages")
    if tail is not None and tail.verb == "get" and not route.tail_is_plural:
        return Verdict("get", 0.85, f"the path ends in {tail.word!r}")
    agreed = said is None or (tail is not None and tail.verb in ("list", said.verb))
    if tail is not None and agreed and tail.strength == 2 and tail.verb in ("create", "update", "delete", "list"):
        return Verdict(tail.verb, 0.75, f"the path ends in {tail.word!r}")
    named = said is not None and said.verb == "list" and said.strength == 2 and not says_one(case)
    if named and (opaque or not route.ends_in_value):
        return Verdict("list", 0.75, "its name says list")
    if opaque and not _is_deed(case) and not (said is not None and said.word in _READING_DEEDS):
        if route.tail_is_plural and not speaks_of_one(case) and not _one_by_nature(case):
            return Verdict("list", 0.6, "the path is a collection; the answer is not documented")
        if speaks_of_several(case) and not says_one(case):
            return Verdict("list", 0.55, "its name speaks of several; the answer is not documented")
    return None


def _names_fields(case: Case) -> bool:
    tail = case.route.tail
    if tail is None or tail.params or plain(tail.text) not in ("fields", "customfields", "fielddefinitions"):
        return False
    return len(case.route.significant) > 1 and not speaks_of_one(case)


def _opaque_inside(case: Case, shapes: Shapes) -> bool:
    """True for an envelope that holds an object (or anything) of which nothing more is said."""
    members = shapes.members(case.schema)
    held = [one for name, one in members.items() if plain(name) in names.HOLDERS]
    return bool(held) and not any(shapes.members(one) or shapes.is_scalar(one) for one in held)


def _one_by_nature(case: Case) -> bool:
    """Statistics, settings and the like are one record although their name is a plural."""
    tail = case.route.tail
    words = split(tail.text) if tail is not None else ()
    return (bool(words) and words[-1] in names.WHOLES) or says_one(case)


def _opaque(case: Case, shapes: Shapes) -> bool:
    """True for a schema that says no more than "an object"."""
    if shapes.values_of_map(case.schema) or shapes.members(case.schema):
        return False
    return not shapes.types(case.schema) - {"object", "array"}


def _single(case: Case) -> Verdict:
    if _is_deed(case):
        return Verdict("action", 0.7, "its name is a deed")
    if by := asked_by(case):
        return Verdict("get_by", 0.7, f"it reads by {by}")
    return Verdict("get", 0.9 if case.route.ends_in_value else 0.8, "the answer is one record")


def _is_deed(case: Case) -> bool:
    """A GET that changes something: ``GET /apps.uninstall``."""
    said = case.said
    if said is None or case.route.ends_in_value or said.word in _READING_DEEDS:
        return False
    if not case.said_by_id and not any(
        said.word == split(one.text)[:1][0] for one in case.route.significant if split(one.text)
    ):
        return False
    plainly = not verbs.is_noun(said.word) or case.route.said is not None
    return said.verb == "action" and said.strength == 2 and plainly


def _is_field_list(case: Case, shapes: Shapes) -> bool:
    fixed = [one.text for one in case.route.significant if one.fixed]
    if not fixed or case.found is None:
        return False
    last = split(fixed[-1])
    whole = plain(fixed[-1]) in _FIELD_WORDS
    if not whole and last[-1:] not in (("fields",), ("properties",), ("describe",)):
        return False
    if whole and not case.route.ends_in_value and {plain(one) for one in fixed[:-1]} & _META_WORDS:
        return True
    members = {plain(name) for name in shapes.members(case.found.item)}
    return bool(members & _TYPES_OF_FIELD and members & _NAMES_OF_FIELD) and not says_one(case)


def _is_type_list(case: Case, shapes: Shapes) -> bool:
    fixed = [plain(one.text) for one in case.route.significant if one.fixed]
    if not fixed:
        return False
    if case.route.ends_in_value and not speaks_of_several(case):
        return False
    if fixed[-1] in _TYPE_WORDS:
        return True
    kinds = r"objects|types|entities|tables|modules|resources|models|schemas|kinds"
    if not re.fullmatch(kinds, fixed[-1]):
        return False
    if set(fixed[:-1]) & {"meta", "metadata", "schema", "describe", "settings"}:
        return True
    if fixed[-1] in ("types", "kinds"):
        return False
    # What describes things rather than being one of them.
    members = {plain(name) for name in shapes.members(case.found.item)} if case.found is not None else set()
    return bool(members & _SAYS_OF_TYPE)
