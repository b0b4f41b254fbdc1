"""What a root field does: by the words in its name, the shape of its result and the arguments it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tieline.connectors.importers.classify.words import plain, singular, split
from tieline.connectors.importers.formats.graphql.types import Argument, Field, Schema, Type, listed, named, optional
from tieline.connectors.manifest.model import BlockKind

_CREATE: Final = ("create", "add", "new", "insert", "register", "make")
_UPDATE: Final = ("update", "edit", "modify", "set", "change", "rename", "patch", "upsert", "save", "replace")
_DELETE: Final = ("delete", "remove", "destroy")
_LOOSE: Final = ("add", "set", "remove", "change", "replace", "save")  # may be about a part of the record
_VERBS: Final[dict[str, BlockKind]] = {
    **dict.fromkeys(_CREATE, "create"),
    **dict.fromkeys(_UPDATE, "update"),
    **dict.fromkeys(_DELETE, "delete"),
}
_READS: Final = ("get", "list", "all", "find", "fetch", "search", "query", "read", "retrieve", "lookup", "many", "one")
_SIDE: Final = ("bulk", "many", "one", "batch", "multiple")
_UNIQUE: Final = frozenset(
    "email slug handle domain name code number externalid externalreference sku username login key vatnumber vat phone"
    " url path token title foreignid reference isbn ean barcode iso".split()
)
_TEXTS: Final = frozenset("query q search term text searchterm keyword keywords searchquery".split())


@dataclass(slots=True)
class Lookup:
    """One way to ask for one record: ``needed`` must be given, ``left_out`` are the other ways."""

    kind: BlockKind
    by: str = ""
    needed: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()


@dataclass(slots=True)
class Deed:
    """What a mutation does, and the words for what it does it to."""

    kind: BlockKind
    noun: str
    loose: bool = field(default=False)


def mutation(name: str) -> Deed:
    """By the verb at the beginning (``createContact``) or at the end (``contactCreate``)."""
    words = [word for word in split(name) if word not in _SIDE]
    if not words:
        return Deed("action", "")
    for verb, rest in ((words[0], words[1:]), (words[-1], words[:-1])):
        if verb in _VERBS and rest:
            if verb in _LOOSE and any(word in ("to", "from", "for", "on", "in") for word in rest):
                return Deed("action", _noun(rest))
            return Deed(_VERBS[verb], _noun(rest), verb in _LOOSE)
    return Deed("action", _noun(words[1:] if len(words) > 1 else words))


def _noun(words: list[str]) -> str:
    cut = next(
        (at for at, word in enumerate(words) if word in ("by", "for", "of", "with", "in", "to", "from")), len(words)
    )
    kept = words[:cut] or words
    return "_".join((*kept[:-1], singular(kept[-1])))


def noun_of_query(name: str) -> str:
    """``contact`` of ``allContacts``, ``contactByEmail`` or ``getContact``."""
    words = list(split(name))
    while len(words) > 1 and words[0] in _READS:
        words = words[1:]
    return _noun(words)


def listing(one: Field, schema: Schema) -> BlockKind:
    """``search`` where the name says so or a search text must be given, else ``list``."""
    words = split(one.name)
    texts = any(argument.needed and plain(argument.name) in _TEXTS for argument in one.arguments)
    ids = any(argument.needed and plain(argument.name).endswith("ids") for argument in one.arguments)
    return (
        "search"
        if texts or ids or any(word in ("search", "find", "lookup") for word in words[:1] + words[-1:])
        else "list"
    )


def lookups(schema: Schema, one: Field, record: Type | None) -> list[Lookup]:
    """The ways in which a query that gives one value can be asked, the main one first."""
    arguments = {argument.name: argument for argument in one.arguments}
    needed = frozenset(argument.name for argument in one.arguments if argument.needed)
    if record is None:
        return [Lookup("action" if needed else "get")]
    ids = [name for name, argument in arguments.items() if _is_id(schema, one, record, argument)]
    unique = [
        name
        for name, argument in arguments.items()
        if name not in ids and plain(name).removeprefix("by") in _UNIQUE and _scalar(schema, argument)
    ]
    ways = [name for name in (*ids, *unique) if name not in needed]
    must = [name for name in (*ids, *unique) if name in needed]
    if must:
        kind: BlockKind = "get" if must[0] in ids else "get_by"
        return [Lookup(kind, must[-1], needed)]
    if ways and ids:
        first = ids[0]
        rest = [Lookup("get_by", name, needed | {name}, frozenset(ways) - {name}) for name in ways if name != first]
        return [Lookup("get", first, needed | {first}, frozenset(ways) - {first}), *rest[:4]]
    if ways:
        return [Lookup("get_by", name, needed | {name}, frozenset(ways) - {name}) for name in ways[:4]]
    if not needed:
        return [Lookup("get")]
    if any("unique" in plain(named(arguments[name].type)) or name in ("where", "by") for name in needed):
        return [Lookup("get", "", needed)]
    only = arguments[next(iter(sorted(needed)))]
    telling = len(needed) == 1 and named(only.type) in ("String", "ID", "Int") and plain(only.name) not in _TEXTS
    return [Lookup("get_by" if telling and _scalar(schema, only) else "action", only.name, needed)]


def _is_id(schema: Schema, one: Field, record: Type, argument: Argument) -> bool:
    word = plain(argument.name)
    if listed(optional(argument.type)) or not _scalar(schema, argument):
        return False
    own = {"id", "uuid", "guid", "gid", "nodeid", "globalid"}
    own |= {plain(record.name) + end for end in ("id", "uuid", "guid")} | {
        plain(one.name) + end for end in ("id", "uuid")
    }
    return word in own or (
        named(argument.type) == "ID" and word.endswith("id") and not word.startswith(("external", "foreign"))
    )


def _scalar(schema: Schema, argument: Argument) -> bool:
    return schema.leaf(argument.type) and not listed(optional(argument.type))
