"""The parameters that have to do with paging, by their role: names first, then what their descriptions say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tieline.connectors.importers.classify import names
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.description import Param
from tieline.connectors.importers.values import escape

Role = Literal["page", "size", "offset", "cursor", "keyset", "none"]
Place = Literal["query", "header", "body", "path"]

SAYS_CURSOR = re.compile(
    r"\b(?:pagination|paging) (?:token|cursor|key)|(?:next|following) page(?:'s)? (?:token|cursor|of results)|cursor"
    r"|continuation|token (?:for|of|to (?:get|retrieve|fetch)) the next"
    r"|(?:previous|prior|last) (?:call|request|response|page)|next page",
    re.IGNORECASE,
)
_SAYS_PAGE = re.compile(
    r"\bpage (?:number|index|no\b)|\bwhich page\b|\bnumber of the page\b|\bthe page (?:of results )?to\b"
    r"|\bpage of (?:the )?results\b",
    re.IGNORECASE,
)
_SAYS_SIZE = re.compile(
    r"(?:number|count|amount|maximum|max) (?:of )?(?:\w+ ){0,3}"
    r"(?:(?:to (?:return|fetch|retrieve|include|show))|per page"
    r"|(?:per|in (?:a|each|one|the)) (?:page|response|request)|returned)|page size|per page|results per",
    re.IGNORECASE,
)
_SAYS_OFFSET = re.compile(
    r"\b(?:offset|skip|zero-based index"
    r"|start(?:ing)? (?:index|position|from|record|at|with (?:this|the|record|item|number)))\b",
    re.IGNORECASE,
)
_SAYS_FROM_ANSWER = re.compile(r"returned|previous (?:response|page)|cursor|token", re.IGNORECASE)
_SAYS_OTHERWISE = re.compile(r"\b(?:date|time|timestamp|unix|epoch|address|sender)\b", re.IGNORECASE)
_PAGING_HEADER = re.compile(r"page|cursor|offset|limit|continuation|marker|per-page", re.IGNORECASE)
_PAGING_OBJECT = re.compile(r"pag(?:e|ing|ination)|cursor|options|range", re.IGNORECASE)
_STRUCTURED = re.compile(r"pag(?:e|ing|ination)\W", re.IGNORECASE)
_SIZES_BY_RANK = ("perpage", "pagesize", "maxresults", "limit", "top", "size", "count")
_DOUBTFUL_SIZES = frozenset("count size max n num length quantity amount first take number rows top".split())
_FORWARD_KEYSETS = frozenset("startingafter startafter sinceid afterid lastid fromid minid startingid".split())


@dataclass(slots=True, eq=False)
class Mover:
    """A parameter that has to do with paging."""

    name: str  # as the runtime needs it: the name on the wire, or a JSON pointer into a JSON body
    wire: str
    place: Place
    schema: dict[str, Any]
    said: str
    pointer: str
    types: set[str]
    timed: bool
    sized: bool  # another parameter (or this one) says how many

    @property
    def key(self) -> str:
        """The name without case and punctuation."""
        return names.key(self.wire)

    @property
    def inner(self) -> str:
        """``number`` of ``page[number]``; "" for a plain name."""
        return names.last(self.wire) if _STRUCTURED.search(self.wire) else ""

    @property
    def numeric(self) -> bool:
        return bool(self.types & {"integer", "number"})


@dataclass(slots=True)
class Movers:
    """The parameters of one operation by their role."""

    page: Mover | None = None
    size: Mover | None = None
    offset: Mover | None = None
    cursor: Mover | None = None
    keyset: Mover | None = None
    others: list[Mover] = field(default_factory=list)  # ways back, and second names for the same thing

    def all(self) -> list[Mover]:
        """Every parameter that has to do with paging."""
        known = (self.page, self.size, self.offset, self.cursor, self.keyset)
        return [one for one in known if one is not None] + self.others


def find_movers(case: Case, shapes: Shapes) -> Movers:
    """Which parameters of an operation move and which size."""
    movers = Movers()
    everything = list(_everything(case, shapes))
    sized = any(one.key in names.SIZE or names.last(one.wire) in names.SIZE for one in everything)
    for one in everything:
        one.sized = sized
        role = _role(one)
        if role == "none":
            if _goes_back(one):
                movers.others.append(one)
            continue
        known: Mover | None = getattr(movers, role)
        if known is not None:
            movers.others.append(one)
        if (
            known is None
            or (role == "size" and _rank(one) < _rank(known))
            or (role == "cursor" and _tells_more(one, known))
        ):
            setattr(movers, role, one)
    if movers.size is None and (movers.page or movers.offset or movers.cursor):
        # Beside something that moves, "count" is a page's size although it is declared as text.
        movers.size = next((one for one in everything if _counts_as_text(one)), None)
    return movers


def _counts_as_text(one: Mover) -> bool:
    return one.place == "query" and one.key in ("count", "size", "max", "num", "rows", "take") and "string" in one.types


def _goes_back(one: Mover) -> bool:
    return one.key in names.BACKWARD and one.place == "query" and not one.timed and not one.numeric


def _rank(size: Mover) -> int:
    return _SIZES_BY_RANK.index(size.key) if size.key in _SIZES_BY_RANK else len(_SIZES_BY_RANK)


def _tells_more(one: Mover, known: Mover) -> bool:
    return "token" in one.key and "token" not in known.key


def _everything(case: Case, shapes: Shapes) -> Iterator[Mover]:
    def mover(name: str, wire: str, place: Place, schema: Any, said: str, pointer: str) -> Mover:
        resolved = shapes.resolve(schema)
        return Mover(
            name,
            wire,
            place,
            resolved,
            said or shapes.said(resolved),
            pointer,
            shapes.types(resolved),
            shapes.is_time(resolved),
            False,
        )

    for param in case.op.params:
        if param.location == "form":
            yield mover(param.name, param.name, "body", param.schema, param.description, param.pointer)
        elif param.location in ("query", "header", "path"):
            yield mover(param.name, param.name, param.location, param.schema, param.description, param.pointer)
            if param.location == "query" and shapes.is_object(param.schema):
                for wire, schema in _inside(param, shapes):
                    yield mover(wire, wire, "query", schema, "", param.pointer)
    body = case.op.body
    if body is None or case.op.method not in ("POST", "QUERY", "GET"):
        return
    form = "form" in body.media
    for name, one in shapes.members(body.schema).items():
        yield mover(name if form else "/" + escape(name), name, "body", one, "", body.pointer)
        if form:
            continue
        if _PAGING_OBJECT.search(name) and shapes.is_object(one):
            for inner, two in list(shapes.members(one).items())[:20]:
                yield mover(f"/{escape(name)}/{escape(inner)}", f"{name}.{inner}", "body", two, "", body.pointer)


def _inside(param: Param, shapes: Shapes) -> Iterator[tuple[str, Any]]:
    """``page[number]`` declared as one object parameter of style deepObject."""
    if param.style != "deepObject" and not re.search(r"pag(?:e|ing|ination)", param.name, re.IGNORECASE):
        return
    for inner, one in list(shapes.members(param.schema).items())[:20]:
        yield (f"{param.name}[{inner}]" if param.style == "deepObject" else inner), one


def _role(one: Mover) -> Role:
    if not _may_move(one):
        return "none"
    for rule in _RULES:
        role = rule(one)
        if role is not None:
            return role
    return "none"


def _may_move(one: Mover) -> bool:
    if one.place == "path":
        return one.key in ("page", "pagenumber", "pageindex", "pageno")
    if one.place == "header" and (not _PAGING_HEADER.search(one.wire) or "ratelimit" in one.key):
        return False
    if one.types & {"boolean", "object"} or ("array" in one.types and "string" not in one.types):
        return False
    return one.key not in names.BACKWARD or one.key in names.KEYSET


def _as_page(one: Mover) -> Role | None:
    key = one.key
    if key not in names.PAGE and one.inner not in names.PAGE and one.inner not in ("number", "index", "current"):
        return None
    if key == "p" and not one.sized:
        return "none"
    if key == "pageid" and not _SAYS_PAGE.search(one.said):
        return "none"
    by_text = SAYS_CURSOR.search(one.said) and not _SAYS_PAGE.search(one.said)
    if key in ("page", "startpage") and not one.numeric and by_text:
        return "cursor"
    return "page"


def _as_keyset(one: Mover) -> Role | None:
    return "keyset" if one.key in _FORWARD_KEYSETS or one.inner in _FORWARD_KEYSETS else None


def _as_cursor(one: Mover) -> Role | None:
    key = one.key
    if key not in names.CURSOR and one.inner not in names.CURSOR and one.inner not in ("token", "key"):
        return None
    if one.timed and key in ("after", "next", "marker", "position", "nextpage"):
        return "none"
    vague = key in ("after", "next", "position", "pointer")
    if vague and not (one.inner or one.sized or SAYS_CURSOR.search(one.said)):
        return "none"
    return "offset" if key in ("nextoffset", "offsettoken") and one.numeric else "cursor"


def _as_offset(one: Mover) -> Role | None:
    key = one.key
    if key not in names.OFFSET and one.inner not in names.OFFSET:
        return None
    if key in ("from", "start", "begin", "startfrom", "idx"):
        by_place = one.numeric or _SAYS_OFFSET.search(one.said)
        if one.timed or not by_place or _SAYS_OTHERWISE.search(one.said):
            return "none"
    if key == "offset" and not one.numeric and _SAYS_FROM_ANSWER.search(one.said):
        return "cursor"
    return "offset"


def _as_size(one: Mover) -> Role | None:
    key = one.key
    if key not in names.SIZE and one.inner not in names.SIZE:
        return None
    counts = one.numeric or not one.types or _SAYS_SIZE.search(one.said)
    return "none" if key == "last" or (key in _DOUBTFUL_SIZES and not counts) else "size"


def _as_said(one: Mover) -> Role | None:
    """By the description alone, for names that no list holds."""
    if one.place != "query" or len(one.said) >= 400:
        return None
    if one.numeric and _SAYS_PAGE.search(one.said) and not _SAYS_SIZE.search(one.said):
        return "page"
    if "string" in one.types and "token" in one.key and re.search(r"next page|pagination", one.said, re.IGNORECASE):
        return "cursor"
    if one.numeric and one.key.endswith(("limit", "pagesize", "perpage", "maxresults")) and _SAYS_SIZE.search(one.said):
        return "size"
    return None


_RULES: tuple[Callable[[Mover], Role | None], ...] = (_as_page, _as_keyset, _as_cursor, _as_offset, _as_size, _as_said)
