"""How a list field is paged, concluded from its arguments and from what stands beside the records."""

from __future__ import annotations

import re
from typing import Any, Final

from tieline.connectors.importers.classify.words import plain
from tieline.connectors.importers.formats.graphql.listings import Listing
from tieline.connectors.importers.formats.graphql.types import Argument, Schema, listed, named
from tieline.connectors.manifest.model import Fact, Paging
from tieline.connectors.manifest.paths import Step, render

PAGE_SIZE: Final = 50
_CURSOR: Final = (
    "after",
    "cursor",
    "aftercursor",
    "nexttoken",
    "pagetoken",
    "nextcursor",
    "continuationtoken",
    "continuation",
)
_PAGE: Final = ("page", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage")
_OFFSET: Final = ("offset", "skip", "startindex", "from", "start")
_SIZE: Final = (
    *(
        "first",
        "limit",
        "take",
        "perpage",
        "pagesize",
        "size",
        "maxresults",
        "itemsperpage",
        "pagelimit",
        "top",
        "count",
    ),
    *("amount", "num", "max"),
)
_BACKWARDS: Final = ("before", "last", "beforecursor")
_HOLDERS: Final = (
    "page",
    "paging",
    "pagination",
    "paginate",
    "pageinfo",
    "pageoptions",
    "options",
    "pageinput",
    "paginationinput",
)
_LARGEST: Final = re.compile(
    r"(?i)\b(?:max(?:imum)?|up to|at most|between 1 and|not exceed|limit of)\D{0,30}(\d{2,4})\b"
)


def detect(
    schema: Schema, arguments: list[Argument], listing: Listing, at: list[Step], where: str
) -> tuple[Paging, set[str]]:
    """The paging of a list whose result lies at ``at`` of the answer, and the pointers of arguments not to ask for.

    A variable has the name of its argument; ``where`` is the field's coordinate, for evidence.
    """
    places = _places(schema, arguments)
    moving, style = None, ""
    for names, called in ((_CURSOR, "cursor"), (_PAGE, "page"), (_OFFSET, "offset")):
        moving = _first(places, names, called)
        if moving is not None:
            style = called
            break
    hidden = {pointer for pointer, one in places if plain(one.name) in _BACKWARDS and not one.needed}
    if moving is None:
        return Paging(style="none", facts={"style": Fact(evidence=[where], confidence=0.8)}), set()
    pointer, argument = moving
    page = Paging(style="none", param=pointer, location="body", stop=["empty"])
    for name, steps in (("has_more", listing.has_more), ("total", listing.total), ("total_pages", listing.pages)):
        if steps:
            setattr(page, name, render([*at, *steps]))
    sure = 0.9
    if style == "cursor":
        sure = _cursor(page, listing, at, argument)
    else:
        page.style = "page" if style == "page" else "offset"
        page.start = _start(argument, style)
        page.stop = ["has_more", "empty"] if page.has_more else ["empty"]
    size = _first(places, _SIZE, "size", beside=pointer)
    if size is not None:
        page.size_param, page.size_location = size[0], "body"
        page.size, page.size_max = _size(size[1])
    if page.style == "none":
        return Paging(style="none", facts={"style": Fact(evidence=[where], confidence=0.5)}), set()
    evidence = f"{where}({argument.name}:)"
    page.facts["style"] = Fact(evidence=[evidence], confidence=sure if size is not None else sure - 0.1)
    page.facts["param"] = Fact(evidence=[evidence], confidence=sure)
    if page.next:
        page.facts["next"] = Fact(evidence=[where], confidence=sure)
    return page, hidden | {pointer}


def _cursor(page: Paging, listing: Listing, at: list[Step], argument: Argument) -> float:
    page.style = "cursor"
    if listing.next:
        page.next = render([*at, *listing.next])
        page.stop = ["has_more", "no_next"] if listing.has_more else ["no_next"]
        return 0.98 if listing.relay else 0.9
    if listing.edge_cursor:
        page.next = render([*at, *listing.steps, -1, "cursor"])
        page.stop = ["has_more", "no_next"] if listing.has_more else ["no_next"]
        return 0.8
    # A cursor that no answer gives can only be the key of the last record.
    page.style, page.key = "keyset", "id"
    return 0.5


def is_size(name: str) -> bool:
    """Whether an argument says how many records to give."""
    return plain(name) in _SIZE


def _places(schema: Schema, arguments: list[Argument]) -> list[tuple[str, Argument]]:
    """Arguments, and the fields of arguments that hold nothing but paging."""
    found = [(f"/variables/{one.name}", one) for one in arguments if _simple(schema, one)]
    for one in arguments:
        holder = schema.get(one.type)
        if holder is None or holder.kind != "input" or listed(one.type) or plain(one.name) not in _HOLDERS:
            continue
        found += [(f"/variables/{one.name}/{each.name}", each) for each in holder.members() if _simple(schema, each)]
    return found


def _simple(schema: Schema, one: Argument) -> bool:
    return not listed(one.type) and schema.leaf(one.type)


def _first(
    places: list[tuple[str, Argument]], names: tuple[str, ...], called: str, beside: str = ""
) -> tuple[str, Argument] | None:
    for name in names:
        for pointer, one in places:
            if plain(one.name) != name or pointer == beside:
                continue
            number = named(one.type) in (
                "Int",
                "Float",
                "Long",
                "BigInt",
                "UnsignedInt",
                "NonNegativeInt",
                "PositiveInt",
            )
            if called in ("page", "offset", "size") and not number:
                continue
            return pointer, one
    return None


def _start(argument: Argument, style: str) -> int:
    if isinstance(argument.default, int) and not isinstance(argument.default, bool) and 0 <= argument.default <= 1:
        return argument.default
    if style == "offset" or plain(argument.name) == "pageindex":
        return 0
    return 0 if re.search(r"(?i)zero|0-based|starts? (?:at|from|with) 0", argument.description) else 1


def _size(argument: Argument) -> tuple[int, int]:
    """What to ask for, and the most that may be asked for (0 = nobody said)."""
    said = _LARGEST.search(argument.description)
    largest = int(said.group(1)) if said else 0
    default: Any = argument.default
    usual = default if isinstance(default, int) and not isinstance(default, bool) and default > PAGE_SIZE else PAGE_SIZE
    return min(usual, largest or 100, 100), largest
