"""How a list is paged: which style, with which parameters, where the next page is told and when to stop."""

from __future__ import annotations

import re
from typing import Literal

from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.fields import KEYS
from tieline.connectors.importers.classify.movers import Mover, Movers, find_movers
from tieline.connectors.importers.classify.paging_hints import by_hint
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.signs import LINK_HEADER, Signs, read_signs
from tieline.connectors.importers.classify.words import plain, split
from tieline.connectors.importers.values import text
from tieline.connectors.manifest.model import Fact, Paging, PagingStyle
from tieline.connectors.manifest.paths import parse

Stop = Literal["empty", "short", "no_next", "has_more", "total"]

_ASK_FOR = 250
_ZERO = re.compile(
    r"(?:zero|0)[- ]?(?:based|indexed|index)|(?:start|begin)(?:s|ing)?(?: (?:at|from|with|index))* (?:at |from "
    r"|with )?(?:page )?(?:0|zero)\b|first page is (?:page )?(?:0|zero)"
    r"|base[- ]?(?:0|zero)\b|indexed from (?:0|zero)",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"(?:one|1)[- ]?(?:based|indexed)|(?:start|begin)(?:s|ing)? (?:at|from|with) (?:page )?(?:1|one)\b"
    r"|first page is (?:page )?1",
    re.IGNORECASE,
)
_MAXIMUM = re.compile(
    r"(?:max(?:imum)?(?: (?:value|number|size|allowed|limit|is|of|page size|results|per page))*|up to|at most"
    r"|no more than|cannot exceed|not exceed|"
    r"less than or equal to|limited to|<=)\D{0,20}?(?P<a>\d[\d,]{0,6})|(?:between \d+ and|\b[01]\s*(?:-|–|to"
    r"|\.\.)) ?(?P<b>\d[\d,]{0,6})",
    re.IGNORECASE,
)


def detect(case: Case, shapes: Shapes) -> Paging | None:
    """The paging of a list operation, None where it comes in one piece as far as the source tells."""
    movers, signs = find_movers(case, shapes), read_signs(case, shapes)
    if not signs.link_header and any(LINK_HEADER.search(one.said) for one in movers.all()):
        signs.link_header = signs.link_certain = True
    paging = _decide(case, shapes, movers, signs)
    if paging is not None and paging.param:
        # Parameters that the runtime fills in, or that would only get in its way.
        case.used |= {one.pointer for one in movers.all() if one.place in ("query", "header") and "[" not in one.wire}
    hinted = by_hint(case, paging, signs)
    return paging if hinted is None else (None if hinted.style == "none" else hinted)


def _decide(case: Case, shapes: Shapes, movers: Movers, signs: Signs) -> Paging | None:
    """The surest way first: what the server itself names as the next step, then counting pages or records."""
    make = _Maker(case, shapes, movers, signs)
    asked = movers.cursor or (movers.keyset if signs.next_cursor else None)
    if asked is not None and (signs.next_cursor or signs.cursor_header or signs.next_any):
        return make.cursor(asked)
    if movers.offset is not None and not movers.offset.numeric and signs.same_offset:
        return make.cursor(movers.offset, signs.same_offset)
    if signs.next_url:
        return make.base("next_url", signs.next_url, ["no_next"], 0.92)
    if movers.keyset is not None and (movers.cursor is None or signs.has_more) and not signs.next_cursor:
        return make.keyset(movers.keyset, 0.9 if signs.has_more else 0.75)
    if _next_is_address(movers, signs):
        return make.base("next_url", signs.next_any, ["no_next"], 0.8)
    if signs.link_header and (signs.link_certain or movers.page or movers.offset or movers.cursor or movers.size):
        return make.base("link_header", "Link", ["no_next"], 0.9)
    if movers.page is not None:
        return make.page(movers.page)
    if movers.offset is not None and (movers.size or signs.any or movers.offset.key in ("offset", "skip")):
        return make.offset(movers.offset)
    if movers.cursor is not None:
        return make.blind_cursor(movers.cursor)
    if signs.next_cursor:
        return make.answered_cursor()
    return None


def _next_is_address(movers: Movers, signs: Signs) -> bool:
    """``next`` of unknown nature, taken for an address where nothing else moves or it looks like one."""
    if not signs.next_any or signs.next_any_is_number:
        return False
    if signs.next_any_is_link:
        return True
    alone = movers.page is None and movers.cursor is None
    return alone and bool(signs.totals or movers.offset or movers.size)


class _Maker:
    """Builds the configuration of each style for one operation."""

    def __init__(self, case: Case, shapes: Shapes, movers: Movers, signs: Signs) -> None:
        self.case, self.shapes, self.movers, self.signs = case, shapes, movers, signs

    def cursor(self, mover: Mover, place: str = "") -> Paging:
        signs = self.signs
        place = place or signs.next_cursor or signs.next_any
        stop: list[Stop] = ["has_more", "no_next"] if signs.has_more else ["no_next"]
        sure = 0.95 if signs.next_cursor else 0.85
        paging = self._moved(self.base("cursor", place or signs.cursor_header, stop, sure), mover)
        paging.next_in = "body" if place else "header"
        paging.start, paging.step = 1, "page"
        return paging

    def keyset(self, mover: Mover, sure: float) -> Paging:
        stop: list[Stop] = ["has_more", "empty"] if self.signs.has_more else ["empty"]
        paging = self._moved(self.base("keyset", "", stop, sure), mover)
        members = self.shapes.members(self.case.found.item) if self.case.found is not None else {}
        by_word = {plain(name): name for name in members}
        found = next((by_word[key] for key in KEYS if key in by_word), "")
        paging.key = found or "id"
        paging.facts["key"] = Fact(evidence=[self.case.schema_pointer], confidence=0.85 if found else 0.6)
        return paging

    def page(self, mover: Mover) -> Paging:
        sure = 0.95 if self.movers.size or self.signs.any else 0.85
        paging = self._moved(self.base("page", self.signs.next_any, self._stops(), sure), mover)
        start, certain = _first_page(mover)
        paging.start = start
        paging.facts["start"] = Fact(evidence=[mover.pointer], confidence=certain)
        return paging

    def offset(self, mover: Mover) -> Paging:
        paging = self._moved(self.base("offset", "", self._stops(), 0.95 if self.movers.size else 0.8), mover)
        by_one = mover.schema.get("minimum") == 1 or mover.schema.get("default") == 1 or _ONE.search(mover.said)
        paging.start, paging.step = 1 if by_one else 0, "records"
        return paging

    def blind_cursor(self, mover: Mover) -> Paging | None:
        """A cursor goes in, but the answer does not say where the next one is."""
        vague = mover.key in ("after", "position", "startkey", "marker", "searchafter", "next")
        if vague and not self.signs.any:
            if self.movers.size is None:
                return None
            if re.search(r"\b(?:id|identifier|key)\b", mover.said, re.IGNORECASE):
                return self.keyset(mover, 0.65)
        paging = self._moved(self.base("cursor", "", ["no_next"], 0.6), mover)
        note = "the answer's schema does not say where the next cursor is"
        paging.facts["next"] = Fact(evidence=[self.case.schema_pointer], confidence=0.2, note=note)
        return paging

    def answered_cursor(self) -> Paging:
        """The answer brings a cursor, but no parameter takes it: the same name is usual, which a person confirms."""
        stop: list[Stop] = ["has_more", "no_next"] if self.signs.has_more else ["no_next"]
        paging = self.base("cursor", self.signs.next_cursor, stop, 0.5)
        paging.param = _without_next(str(parse(self.signs.next_cursor)[-1]))
        note = "no parameter is documented that takes the cursor"
        paging.facts["param"] = Fact(evidence=[self.case.schema_pointer], confidence=0.3, note=note)
        return paging

    def base(self, style: PagingStyle, next: str, stop: list[Stop], sure: float) -> Paging:
        """What all styles have in common; parameters that another style would move are noted too."""
        movers, signs = self.movers, self.signs
        paging = Paging(style=style, next=next, stop=stop)
        other = movers.cursor or movers.page or movers.offset
        if other is not None:
            self._moved(paging, other)
            if other is movers.offset:
                paging.start, paging.step = 0, "records"
            elif other is movers.page:
                paging.start = _first_page(other)[0]
        if movers.size is not None and movers.size.place != "path":
            paging.size_param, paging.size_location = movers.size.name, movers.size.place
            paging.size_max, certain = _largest(movers.size)
            paging.size = min(paging.size_max, _ASK_FOR)
            paging.facts["size_param"] = Fact(evidence=[movers.size.pointer], confidence=0.95)
            if paging.size_max:
                paging.facts["size_max"] = Fact(evidence=[movers.size.pointer], confidence=certain)
        paging.has_more, paging.total, paging.total_pages = signs.has_more, signs.total, signs.total_pages
        if not paging.total and not paging.total_pages and (signs.total_header or signs.pages_header):
            paging.total, paging.total_pages, paging.total_in = signs.total_header, signs.pages_header, "header"
        evidence = [one.pointer for one in (movers.cursor, movers.page, movers.offset, movers.keyset) if one][:1]
        if style in ("next_url", "link_header", "cursor") and signs.evidence:
            evidence.append(signs.evidence)
        paging.facts["style"] = Fact(evidence=evidence, confidence=sure)
        if next:
            paging.facts["next"] = Fact(evidence=[signs.evidence or self.case.schema_pointer], confidence=sure)
        return paging

    @staticmethod
    def _moved(paging: Paging, mover: Mover) -> Paging:
        paging.param, paging.location = mover.name, mover.place
        paging.facts["param"] = Fact(evidence=[mover.pointer], confidence=0.93)
        return paging

    def _stops(self) -> list[Stop]:
        stop: list[Stop] = ["has_more"] if self.signs.has_more else []
        if self.signs.totals:
            stop.append("total")
        if self.signs.next_any:
            stop.append("no_next")
        return [*stop, "empty"]


def _without_next(name: str) -> str:
    """``next_page_token`` as ``page_token``, ``nextCursor`` as ``cursor``."""
    if split(name)[:1] != ("next",) or len(split(name)) < 2:
        return name
    rest = name[4:].lstrip("_-")
    return rest[:1].lower() + rest[1:] if name[:1].islower() else rest


def _first_page(mover: Mover) -> tuple[int, float]:
    """The number of the first page and how sure that is."""
    schema, said = mover.schema, mover.said + " " + text(mover.schema.get("title"), 200)
    for key, sure in (("default", 0.95), ("minimum", 0.85)):
        value = schema.get(key)
        value = int(value) if value in ("0", "1") else value
        if isinstance(value, int) and not isinstance(value, bool) and value in (0, 1):
            if key == "minimum" and value == 0 and _ONE.search(said):
                continue
            return value, sure
    if _ZERO.search(said):
        return 0, 0.9
    if _ONE.search(said):
        return 1, 0.9
    return (0, 0.6) if mover.key in ("pageindex", "pageidx") else (1, 0.75)


def _largest(mover: Mover) -> tuple[int, float]:
    """The largest page that may be asked for, 0 where nothing says."""
    maximum = mover.schema.get("maximum")
    if isinstance(maximum, int | float) and not isinstance(maximum, bool) and 1 <= maximum <= 100_000:
        return int(maximum), 0.98
    best = 0
    for match in _MAXIMUM.finditer(mover.said[:1000]):
        number = int((match["a"] or match["b"]).replace(",", "") or 0)
        if 1 < number <= 100_000:
            best = max(best, number)
    return best, 0.8
