"""Where a field's result holds a list of records, and what stands beside it about further pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from tieline.connectors.importers.classify.words import is_plural, plain, split
from tieline.connectors.importers.formats.graphql.types import Field, Schema, Type, entry, listed

Tree = dict[str, Any]  # field -> None, "*" (the records' own fields) or another tree

_HOLDERS: Final = (
    "items",
    "nodes",
    "data",
    "results",
    "records",
    "entries",
    "list",
    "rows",
    "values",
    "content",
    "objects",
)
_SUFFIXES: Final = frozenset(
    "connection list page pages result results response collection paginator pagination set".split()
)
_SIDES: Final = frozenset("pageinfo info meta pagination paginatorinfo paging cursor cursors pageinformation".split())
_HAS_MORE: Final = ("hasnextpage", "hasmore", "hasnext", "hasmorepages", "hasmoreitems", "more")
_NEXT: Final = ("endcursor", "nextcursor", "nexttoken", "nextpagetoken", "continuationtoken", "aftercursor", "after")
_TOTAL: Final = ("totalcount", "total", "totalitems", "totalelements", "totalresults", "totalrecords", "totalrows")
_PAGES: Final = ("totalpages", "pagecount", "lastpage", "pages", "pagestotal", "numpages")
_ERRORS: Final = ("errors", "usererrors", "error")


@dataclass(slots=True)
class Listing:
    """``steps`` lead from the field to the list, ``item`` from an entry to its record; the rest are paging's places."""

    record: str  # type of one record, as GraphQL writes it
    steps: list[str] = field(default_factory=list)
    item: list[str] = field(default_factory=list)
    relay: bool = False
    has_more: list[str] = field(default_factory=list)
    next: list[str] = field(default_factory=list)
    total: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    edge_cursor: bool = False

    def tree(self) -> Tree:
        """What to ask for around the records."""
        root: Tree = {}
        for place in ([*self.steps, *self.item], self.has_more, self.next, self.total, self.pages):
            if place and place[-1] != "cursor":
                _hang(root, place)
        if self.edge_cursor and self.steps:
            _hang(root, [*self.steps, "cursor"])
        return root


def _hang(root: Tree, place: list[str]) -> None:
    for name in place[:-1]:
        root = root.setdefault(name, {})
    root.setdefault(place[-1], None)


def find(schema: Schema, type: str) -> Listing | None:
    """The list in the result type of a field: a plain one, a Relay connection, or an object around a list."""
    if listed(type):
        return Listing(entry(type))
    holder = schema.get(type)
    if holder is None or holder.kind not in ("object", "interface"):
        return None
    found = _relay(schema, holder) or _wrapped(schema, holder)
    if found is not None:
        _beside(schema, holder, found)
    return found


def _relay(schema: Schema, holder: Type) -> Listing | None:
    edges = holder.fields.get("edges")
    if edges is None or not edges.free or not listed(edges.type):
        return None
    edge = schema.get(edges.type)
    node = edge.fields.get("node") if edge is not None else None
    if edge is None or node is None or listed(node.type):
        return None
    return Listing(node.type, ["edges"], ["node"], relay=True, edge_cursor="cursor" in edge.fields)


def _wrapped(schema: Schema, holder: Type) -> Listing | None:
    words = split(holder.name)
    if any(plain(name) in ("id", "uuid") for name in holder.fields):
        return None
    lists = [
        one
        for one in holder.fields.values()
        if listed(one.type) and not listed(entry(one.type)) and one.free and plain(one.name) not in _ERRORS
    ]
    usual = [one for one in lists if plain(one.name) in _HOLDERS]
    objects = [
        one for one in lists if schema.composite(one.type) is not None and not plain(one.name).endswith("errors")
    ]
    signs = any(
        plain(name) in _SIDES or plain(name) in (*_TOTAL, *_HAS_MORE, *_PAGES, *_NEXT) for name in holder.fields
    )
    named_so = bool(words) and words[-1] in _SUFFIXES
    if len(usual) == 1 and (signs or named_so or len(holder.fields) <= 2):
        return Listing(entry(usual[0].type), [usual[0].name])
    if len(objects) == 1 and (signs or named_so) and is_plural(split(objects[0].name)[-1]):
        return Listing(entry(objects[0].type), [objects[0].name])
    return None


def _beside(schema: Schema, holder: Type, found: Listing) -> None:
    """Where the holder, or an object like ``pageInfo`` in it, says how far the list goes."""
    places: list[tuple[list[str], Field]] = [([one.name], one) for one in holder.fields.values() if one.free]
    for one in list(holder.fields.values()):
        inner = schema.composite(one.type)
        if plain(one.name) in _SIDES and inner is not None and inner.kind == "object" and one.free:
            places += [([one.name, each.name], each) for each in inner.fields.values() if each.free]
    leaves = [(place, one) for place, one in places if schema.leaf(one.type) and not listed(one.type)]

    def first(names: tuple[str, ...], *types: str) -> list[str]:
        for name in names:
            for place, one in leaves:
                if plain(one.name) == name and (not types or one.type.removesuffix("!") in types):
                    return place
        return []

    found.has_more = first(_HAS_MORE, "Boolean")
    found.next = first(_NEXT)
    if not found.next:
        found.next = first(("next", "cursor", "offset"), "String", "ID")
    found.total = first(_TOTAL, "Int", "Long", "BigInt", "Float", "UnsignedInt")
    found.pages = first(_PAGES, "Int", "Long", "BigInt")
    if not found.total and found.pages:
        found.total = first(("count",), "Int")
    if found.next or found.has_more:
        found.edge_cursor = found.edge_cursor and not found.next


def render(tree: Tree, selection: str) -> str:
    """A tree as GraphQL text; ``*`` stands in the braces of the records where they have fields."""
    parts = []
    for name, below in tree.items():
        if isinstance(below, dict):
            parts.append(f"{name} {{ {render(below, selection)} }}")
        elif below == "*" and selection:
            parts.append(f"{name} {{ * }}")
        else:
            parts.append(name)
    return " ".join(parts)


def wrap(found: Listing, selection: str) -> str:
    """The text around the records of a listing, ``""`` for a plain list."""
    if not found.steps:
        return ""
    tree = found.tree()
    below = tree
    path = [*found.steps, *found.item]
    for name in path[:-1]:
        below = below[name]
    below[path[-1]] = "*"
    return render(tree, selection)
