"""What an answer itself says about paging: next links, cursors, totals, flags, headers."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Any

from tieline.connectors.importers.classify import names
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import plain
from tieline.connectors.manifest.paths import render

_DEEPEST = 4
_MAX_LOOKED_AT = 150
_LINKISH = re.compile(r"\b(?:url|uri|link|href|https?:)", re.IGNORECASE)
LINK_HEADER = re.compile(
    r"\blink header|`link`(?: response)? header|rel=.?.?next|header.{0,40}\blink\b.{0,80}\b(?:next|pag)"
    r"|\blinks? in the (?:response )?headers?\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"\btotal\b|\ball\b|\boverall\b|matching", re.IGNORECASE)
_PART = re.compile(
    r"this page|current page|per page|page size|in the (?:response|list|page|array)|returned|in this", re.IGNORECASE
)
_TOTAL_HEADERS = frozenset(
    "totalcount total totalrecords count totalresults totalitems paginationtotal paginationtotalcount wptotal".split()
)
_PAGES_HEADERS = frozenset(
    "totalpages pagecount pages wptotalpages paginationpagecount paginationtotalpages paginationpages "
    "lastpage pagetotal".split()
)
_CURSOR_HEADERS = frozenset(
    "nextcursor nextpage nextpagetoken nexttoken continuationtoken cursor nextmarker mscontinuation "
    "mscontinuationtoken paginationnext cursornext".split()
)
_HOLDERS = frozenset(
    "meta metadata pagination paging page pages pageinfo links link cursors cursor responsemetadata data "
    "result results response next payload pager paginator d envelope resultset search nextpage list body "
    "info summary paginationinfo pagingmetadata paginationmetadata metapagination pagemeta header range "
    "resultinfo searchinfo pageable pagedata navigation".split()
)
_HOLDERS_OF_NEXT = frozenset(("cursors", "next", "nextpage"))
_HOLDERS_OF_PAGING = _HOLDERS_OF_NEXT | frozenset("paging pagination responsemetadata meta pageinfo pages page".split())
_CURSOR_WORDS = frozenset(
    "after cursor marker endingcursor iterator startingafter offset position lastid token pagetoken".split()
)
# A cursor by its name alone, wherever it stands; "next..." is one too.
_SURE_CURSORS = frozenset(
    "continuationtoken continuation scrollid scrollparam bookmark pagetoken pagingtoken paginationtoken "
    "nextpagetoken".split()
)


@dataclass(slots=True)
class Signs:
    """Places in the answer, as ``$``-paths, or names of headers. "" = not there."""

    next_url: str = ""
    next_cursor: str = ""
    same_offset: str = ""  # "offset" as text in the answer: a cursor by another name
    same_cursor: str = ""  # a member of the answer's top that is called like the parameter
    next_any: str = ""  # "next" of unknown nature
    next_any_is_link: bool = False
    next_any_is_number: bool = False
    has_more: str = ""
    total: str = ""
    total_pages: str = ""
    link_header: bool = False
    link_certain: bool = False
    cursor_header: str = ""
    total_header: str = ""
    pages_header: str = ""
    evidence: str = ""

    @property
    def totals(self) -> bool:
        """True where the answer says how many there are."""
        return bool(self.total or self.total_pages or self.total_header or self.pages_header)

    @property
    def any(self) -> bool:
        """True where the answer speaks of paging at all."""
        return self.totals or bool(
            self.next_url
            or self.next_cursor
            or self.next_any
            or self.has_more
            or self.link_header
            or self.cursor_header
        )


@dataclass(slots=True)
class _Member:
    """One scalar of the answer."""

    word: str
    holder: str  # the name of the object around it
    place: str
    node: Any
    types: set[str]
    said: str

    @property
    def number(self) -> bool:
        return bool(self.types & {"integer", "number"}) and "string" not in self.types


def read_signs(case: Case, shapes: Shapes) -> Signs:
    """Everything that the good answer of an operation says about paging."""
    signs = Signs()
    _headers(case, signs)
    if case.schema is not None:
        _Body(case, shapes, signs).read()
    return signs


def _headers(case: Case, signs: Signs) -> None:
    answer = case.op.answer()
    for one in case.op.answers:
        if not one.good:
            continue
        for name, said in one.headers.items():
            word = plain(name)
            bare = word.removeprefix("x")
            if word == "link":
                signs.link_header, signs.evidence = True, f"{one.pointer}/headers/{name}"
                signs.link_certain = bool(re.search(r"next|pag", said, re.IGNORECASE))
            elif bare in _TOTAL_HEADERS:
                signs.total_header = signs.total_header or name
            elif bare in _PAGES_HEADERS:
                signs.pages_header = signs.pages_header or name
            elif bare in _CURSOR_HEADERS:
                signs.cursor_header = signs.cursor_header or name
                signs.evidence = signs.evidence or f"{one.pointer}/headers/{name}"
    said = case.op.description[:4000] + " " + (answer.description if answer else "")
    if not signs.link_header and LINK_HEADER.search(said) and re.search(r"pag(?:e|ing|inat)", said, re.IGNORECASE):
        signs.link_header = signs.link_certain = True
        signs.evidence = case.op.pointer + "/description"


class _Body:
    """Walks the answer from the outside in, past the list of records itself."""

    def __init__(self, case: Case, shapes: Shapes, signs: Signs) -> None:
        self.case, self.shapes, self.signs = case, shapes, signs
        self.params = {names.key(one.name) for one in case.op.params if one.location == "query"}
        if case.op.body is not None:
            self.params |= {names.key(name) for name in shapes.members(case.op.body.schema)}

    def read(self) -> None:
        signs = self.signs
        pending: deque[tuple[list[str], Any]] = deque([([], self.case.schema)])
        seen: set[str] = set()
        for _ in range(_MAX_LOOKED_AT):
            if not pending:
                break
            steps, node = pending.popleft()
            ref = node.get("$ref") if type(node) is dict else None
            if type(ref) is str:
                if ref in seen:
                    continue
                seen.add(ref)
            if self.shapes.items(node) is None:
                pending.extend(self._object(steps, node))
        signs.next_cursor = signs.next_cursor or signs.same_cursor
        if not signs.evidence and (signs.next_url or signs.next_cursor or signs.next_any):
            signs.evidence = self.case.schema_pointer

    def _object(self, steps: list[str], node: Any) -> list[tuple[list[str], Any]]:
        """Look at the members of one object; gives back those to look into."""
        shapes, further = self.shapes, []
        for name, one in shapes.members(node).items():
            word, path = plain(name), [*steps, name]
            if shapes.items(one) is not None:
                continue
            if shapes.is_object(one):
                inner = {plain(name) for name in shapes.members(one)} if word in ("next", "nextpage") else set()
                if inner and not inner & self.params and (target := self._link_in(one)):
                    self.signs.next_url = self.signs.next_url or render([*path, target])
                elif len(path) < _DEEPEST and (_may_hold(word) or (not steps and self._speaks_of_pages(one))):
                    further.append((path, one))
                continue
            holder = plain(steps[-1]) if steps else ""
            self._member(_Member(word, holder, render(list(path)), one, shapes.types(one), shapes.said(one)))
        return further

    def _speaks_of_pages(self, node: Any) -> bool:
        """True for an object of any name that holds the paging: ``additional_data.pagination``."""
        members = self.shapes.members(node)
        return len(members) <= 20 and any("paging" in plain(name) or "paginat" in plain(name) for name in members)

    def _link_in(self, node: Any) -> str:
        """HAL and JSON:API: a link object with its address in ``href``."""
        return next((name for name in self.shapes.members(node) if plain(name) in ("href", "url", "uri", "link")), "")

    def _member(self, one: _Member) -> None:
        signs, word = self.signs, one.word
        if word in names.HAS_MORE and ("boolean" in one.types or not one.types):
            signs.has_more = signs.has_more or one.place
        elif "boolean" in one.types:
            if word in names.LAST and not signs.has_more:
                # The runtime reads "!" as "not": this flag says that there is no more.
                signs.has_more = "!" + one.place
        elif word in names.NEXT_URL or (word == "href" and one.holder == "next"):
            signs.next_url = signs.next_url or one.place
        elif word in names.NEXT_CURSOR:
            self._named_cursor(one)
        elif word in ("next", "nextpage"):
            self._next(one)
        elif word == "offset" and not one.holder and one.types == {"string"} and word in self.params:
            signs.same_offset = one.place
        elif word in _CURSOR_WORDS | names.CURSOR and self._is_cursor_here(one):
            if one.holder:
                signs.next_cursor = signs.next_cursor or one.place
            else:
                signs.same_cursor = signs.same_cursor or one.place
        else:
            self._total(one)

    def _named_cursor(self, one: _Member) -> None:
        if one.word == "nextoffset" and one.number and not self.params & {"nextoffset", "offset"}:
            return
        sure = one.word in _SURE_CURSORS or one.word.startswith("next")
        if sure or one.holder or one.word in self.params:
            self.signs.next_cursor = self.signs.next_cursor or one.place

    def _next(self, one: _Member) -> None:
        """``next`` alone may be an address, a cursor or a page number."""
        signs = self.signs
        if one.word in self.params and not one.number:
            # The parameter has the very name.
            signs.next_cursor = one.place
            return
        linked = one.holder in ("links", "link") or self._is_link(one)
        if linked and not one.number:
            signs.next_url = signs.next_url or one.place
        elif one.holder in ("cursors", "cursor") or re.search(r"cursor|token", one.said, re.IGNORECASE):
            signs.next_cursor = signs.next_cursor or one.place
        elif not signs.next_any:
            signs.next_any, signs.next_any_is_number = one.place, one.number
            signs.next_any_is_link = _probably_link(one)

    def _is_cursor_here(self, one: _Member) -> bool:
        asked = one.word in self.params
        if not one.holder:
            return asked and not one.number and one.word not in ("after", "next")
        if (
            one.word == "offset"
            and one.holder not in _HOLDERS_OF_NEXT
            and not re.search(r"next", one.said, re.IGNORECASE)
        ):
            return False
        if one.holder in _HOLDERS_OF_NEXT and not one.number:
            return True
        return asked and one.holder in _HOLDERS_OF_PAGING

    def _total(self, one: _Member) -> None:
        signs, word = self.signs, one.word
        if word in names.TOTAL_PAGES and (one.number or not one.types):
            signs.total_pages = signs.total_pages or one.place
        elif word in names.TOTAL:
            if one.number or word != "total" or one.holder:
                signs.total = signs.total or one.place
        elif word in names.TOTAL_MAYBE and one.number and _WHOLE.search(one.said) and not _PART.search(one.said):
            signs.total = signs.total or one.place

    def _is_link(self, one: _Member) -> bool:
        schema = self.shapes.resolve(one.node)
        if schema.get("format") in ("uri", "url", "uri-reference", "iri"):
            return True
        example = schema.get("example")
        if isinstance(example, str) and re.match(r"https?://|/\w", example):
            return True
        return bool(_LINKISH.search(one.said))


def _may_hold(word: str) -> bool:
    return (
        word in _HOLDERS
        or word in names.HOLDERS
        or word == "embedded"
        or "pag" in word
        or "cursor" in word
        or word.endswith(("meta", "links", "info"))
    )


def _probably_link(one: _Member) -> bool:
    """A text called "next" is an address in most frameworks (Django REST, Laravel), unless it is said to be a token."""
    if one.types != {"string"} or one.holder not in ("", "links", "paging", "pagination", "meta", "data"):
        return False
    return not re.search(r"token|cursor|offset|\bid\b|number", one.said, re.IGNORECASE)
