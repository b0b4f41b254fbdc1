"""Reading a list page by page: lazily, from any page on, and never in a circle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from operator import itemgetter
from typing import Any, Final

from msgspec import UNSET, Struct, ValidationError, convert

from tieline.connectors.manifest.model import Block, Manifest, Paging
from tieline.connectors.manifest.paths import MISSING
from tieline.connectors.runtime.errors import BadAnswer, PagingError, PagingIncomplete, PagingLoop, UpstreamRefused
from tieline.connectors.runtime.exchange import Reply
from tieline.connectors.runtime.incremental import Since, mark, primary_key
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.paging import View, open_pager
from tieline.connectors.runtime.paging.keyset import key_of
from tieline.connectors.runtime.records import NoRecords, records
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.transports import transport_of
from tieline.core import json
from tieline.core.errors import BadInput

PAGE_BUDGET: Final = 100_000
_EMPTY_PAGES: Final = 100  # in a row, while the API names a next page
_EMPTY_COUNTED: Final = 10  # in a row, while only a total says that there is more
_CURSOR_VERSION: Final = 1

Send = Callable[[Request], Awaitable[Reply]]


class Page(Struct):
    """``cursor`` fetches this very page again, ``next`` the one after it (None = this is the last). Both are small
    JSON.

    ``number`` counts from 1 over all resumptions; ``total`` is what the API says that there is, if it says it.
    """

    records: list[Any]
    cursor: dict[str, Any]
    next: dict[str, Any] | None
    number: int
    total: int | None = None


class Step(Struct):
    """A page, the place of the next one, and the error that reading on would meet: the page itself is good and is
    handed over first.
    """

    page: Page
    following: Place | None = None
    problem: PagingError | None = None


class Place(Struct, omit_defaults=True):
    """What a cursor holds: the page's number, the style's state, and what the guards have to remember."""

    page: int = 1
    at: Any = None
    seen: int = 0
    ties: list[str] = []
    again: bool = False  # the API repeats the records at the key: "at or after"
    shrunk: bool = False  # a page in the middle was shorter than asked
    empty: int = 0  # empty pages in a row
    v: int = 0


class Walk:
    """One reading of one block's list."""

    def __init__(
        self,
        block: Block,
        manifest: Manifest,
        base: Base,
        inputs: Mapping[str, Any],
        since: Any,
        *,
        page_budget: int,
    ) -> None:
        paging = block.paging if block.paging is not UNSET else manifest.paging
        if paging is UNSET or not block.iterable:
            paging = Paging()
        self.block = block
        self.page_budget = page_budget
        self.pager = open_pager(paging, base)
        self.style = self.pager.style
        self.trusted_total = "total" in paging.stop or paging.style == "total"
        self.keys = primary_key(block, manifest)
        self.since = Since(block, since) if since is not None or block.incremental is not UNSET else None
        later = {paging.param, paging.size_param} if paging.style != "none" else set()
        if self.since is not None:
            later |= {self.since.rule.param, self.since.rule.sort_param}
        self.request = transport_of(block, manifest).build(block, inputs, base, frozenset(later - {""}))
        if self.since is not None:
            self._ask_since(inputs)
        self.pager.prepare(self.request)
        self.start = self.pager.first(self.request)
        self._asked: set[bytes] = set()
        self._previous: list[Any] = []
        self._ids_before: set[Any] = set()
        self._ids_now: set[Any] = set()
        self._same = 0

    def _ask_since(self, inputs: Mapping[str, Any]) -> None:
        since = self.since
        assert since is not None
        rule = since.rule
        if rule.by == "sort":
            if rule.sort_param and since.given is not None:
                self.pager.set(self.request, rule.sort_param, rule.sort_value, rule.location)
            return
        if not rule.param:
            return
        value = since.value()
        if value is None:
            required = any(spec.required and (spec.name or spec.id) == rule.param for spec in self.block.inputs)
            if not required or self.pager.value(self.request, rule.param, rule.location) is not None:
                return
            value = since.floor()
        self.pager.set(self.request, rule.param, value, rule.location)

    def begin(self, cursor: dict[str, Any] | None) -> Place:
        """The place to start at; raises BadInput for a cursor that is none of ours."""
        if cursor is None:
            return Place(at=self.start)
        try:
            place: Place = place_of(cursor)
        except ValueError:
            raise BadInput(f"the page cursor of block {self.block.id!r} is not one that this runtime made") from None
        if place.page < 1:
            raise BadInput(f"the page cursor of block {self.block.id!r} is not one that this runtime made")
        return place

    async def step(self, place: Place, send: Send) -> Step:
        """Fetch one page and find out what comes after it."""
        if place.page > self.page_budget:
            raise PagingLoop(
                f"the list of block {self.block.id!r} has more than {self.page_budget} pages; raise the page size"
                " or the page budget"
            )
        request = self.request.copy()
        self.pager.place(request, place.at)
        self._asked.add(json.dumps(place.at))
        try:
            reply = await send(request)
        except UpstreamRefused as error:
            if not self._beyond_the_end(error, place):
                raise
            return Step(Page(records=[], cursor=self._cursor(place), next=None, number=place.page))
        try:
            found = records(self.block, reply.body)
        except NoRecords as error:
            raise BadAnswer(str(error), upstream_status=reply.status) from None
        fresh, again = self._fresh(found, place)
        view = View(
            request=request,
            body=reply.body,
            headers=reply.headers,
            count=len(fresh),
            raw_count=len(found),
            last=found[-1] if found else None,
            number=place.page,
            size=self.pager.size,
            seen=place.seen + len(fresh),
        )
        problem: PagingError | None = None
        following: Place | None = None
        ignored = self._ignores_paging(place, view, found)
        if ignored:
            fresh = []
        else:
            try:
                following = self._following(place, view, found, again)
            except PagingError as error:
                problem = error
        self._remember(found)
        kept = self.since.keep(fresh) if self.since is not None else fresh
        if self.since is not None and self.since.done:
            problem = following = None
        page = Page(
            records=kept,
            cursor=self._cursor(place),
            next=None if following is None else self._cursor(following),
            number=place.page,
            total=self.pager.total(view),
        )
        return Step(page, following, problem)

    def _beyond_the_end(self, error: UpstreamRefused, place: Place) -> bool:
        """Some servers say "no such page" after the last one instead of an empty list."""
        counts = self.style in ("page", "offset", "total")
        return counts and (error.upstream_status == 416 or (error.upstream_status == 404 and place.page > 1))

    def _fresh(self, found: list[Any], place: Place) -> tuple[list[Any], bool]:
        """The records without those that the page before had already, and whether the API repeats the ones at the
        key.
        """
        fresh = found
        ids = self._ids(found)
        if ids and self._ids_before and not ids.isdisjoint(self._ids_before):
            before = {self._id(r): r for r in self._previous if isinstance(r, dict)}
            fresh = [r for r in found if not (isinstance(r, dict) and before.get(self._id(r), MISSING) == r)]
        self._ids_now = ids
        if self.style != "keyset" or place.at is None or not place.ties:
            return fresh, False
        ties = set(place.ties)
        name = self.pager.paging.key
        kept = [r for r in fresh if key_of(r, name) != place.at or mark(r, self.keys) not in ties]
        return kept, any(key_of(r, name) == place.at and mark(r, self.keys) in ties for r in found)

    def _following(self, place: Place, view: View, found: list[Any], again: bool) -> Place | None:
        if self.style == "keyset":
            self._check_keyset(place, view)
        at = self.pager.following(place.at, view)
        if at is None:
            self._check_complete(place, view)
            return None
        if self.style == "keyset" and at == place.at and view.raw_count < (view.size or len(self._previous)):
            return None  # the page is not full, and all that it holds shares the key: nothing comes after it
        if json.dumps(at) in self._asked:
            raise PagingLoop(
                f"the page after page {view.number} of block {self.block.id!r} is one that was read before; the"
                " list has no end"
            )
        following = Place(
            page=place.page + 1,
            at=at,
            seen=view.seen,
            again=place.again or again,
            shrunk=place.shrunk or bool(view.size and 0 < view.raw_count < view.size),
            empty=place.empty + 1 if view.raw_count == 0 else 0,
        )
        if following.empty:
            counted = self.pager.evidence(view).counted
            if following.empty >= (_EMPTY_COUNTED if counted else _EMPTY_PAGES):
                if counted:
                    self._check_complete(place, view)
                    return None
                raise PagingLoop(f"{following.empty} pages in a row were empty, and the API still names a next one")
        if self.style == "keyset":
            name = self.pager.paging.key
            following.ties = [mark(r, self.keys) for r in found if key_of(r, name) == at]
        return following

    def _ignores_paging(self, place: Place, view: View, found: list[Any]) -> bool:
        """Guard against the same page under ever new addresses.

        True where the API takes no notice of the page parameter at all: it gave everything in the first answer.
        """
        if not found or found != self._previous or self.style == "keyset":
            self._same = 0
            return False
        self._same += 1
        counts = self.style in ("page", "offset")
        if counts and place.page == 2 and view.raw_count != view.size and self.pager.evidence(view).more is None:
            return True
        if len(found) > 1 or self.keys or self._same >= 3:
            raise PagingLoop(
                f"page {view.number} of block {self.block.id!r} has the same records as the page before; the list"
                " has no end"
            )
        return False

    def _check_keyset(self, place: Place, view: View) -> None:
        if view.raw_count == 0 and place.again:
            raise PagingIncomplete(
                f"page {view.number} is empty, but the API should at least repeat the record that the page before"
                " ended with"
            )
        if view.raw_count and view.count == 0 and view.size and view.raw_count >= view.size:
            raise PagingLoop(
                f"{view.raw_count} records share the same {self.pager.paging.key!r}, as many as fit on a page;"
                " raise the page size"
            )

    def _check_complete(self, place: Place, view: View) -> None:
        """A walk that comes to its end far before the total that the API states has lost something on the way."""
        total = self.pager.total(view)
        if total is None or not (self.trusted_total or place.shrunk):
            return
        if total - view.seen > max(view.size, view.raw_count, 1):
            raise PagingIncomplete(
                f"the API states {total} records, but its pages gave {view.seen}; if the stated number is wrong,"
                " take 'total' out"
                " of the block's paging"
            )

    def _remember(self, found: list[Any]) -> None:
        self._previous, self._ids_before = found, self._ids_now

    def _ids(self, found: list[Any]) -> set[Any]:
        """The primary keys on a page; empty where there are none. Runs for each record, hence the short way first."""
        keys = self.keys
        if len(keys) == 1:
            key = keys[0]
            try:
                return set(map(itemgetter(key), found))
            except (KeyError, TypeError):
                pass
        return {self._id(record) for record in found if isinstance(record, dict)} if keys else set()

    def _id(self, record: dict[str, Any]) -> Any:
        """The primary key of one record, or something that equals no other one where it has none."""
        found = [record.get(key) for key in self.keys]
        if not found or any(value is None or isinstance(value, dict | list) for value in found):
            return id(record)
        return found[0] if len(found) == 1 else tuple(found)

    def _cursor(self, place: Place) -> dict[str, Any]:
        """The place as plain data, without what has its default."""
        cursor: dict[str, Any] = {"v": _CURSOR_VERSION, "page": place.page}
        if place.at is not None:
            cursor["at"] = place.at
        if place.seen:
            cursor["seen"] = place.seen
        if place.ties:
            cursor["ties"] = place.ties
        if place.again:
            cursor["again"] = True
        if place.shrunk:
            cursor["shrunk"] = True
        if place.empty:
            cursor["empty"] = place.empty
        return cursor


async def walk(
    reading: Walk, send: Send, cursor: dict[str, Any] | None, limit: int | None, prefetch: bool
) -> AsyncIterator[Page]:
    """The pages from ``cursor`` on, at most ``limit`` records; with ``prefetch`` the next one is fetched meanwhile."""
    place: Place | None = reading.begin(cursor)
    left = limit
    ahead: asyncio.Task[Step] | None = None
    try:
        while place is not None and (left is None or left > 0):
            step = await ahead if ahead is not None else await reading.step(place, send)
            ahead, page = None, step.page
            if left is not None:
                if len(page.records) >= left:
                    page.records, page.next = page.records[:left], None
                left -= len(page.records)
            place = None if page.next is None else step.following
            if prefetch and place is not None:
                ahead = asyncio.create_task(reading.step(place, send), name="next page")
            yield page
            if step.problem is not None and (left is None or left > 0):
                raise step.problem
    finally:
        if ahead is not None and not ahead.done():
            ahead.cancel()
        if ahead is not None:
            await asyncio.gather(ahead, return_exceptions=True)


def place_of(cursor: dict[str, Any]) -> Place:
    """A stored cursor as a place; raises ValueError for anything else."""
    try:
        return convert(cursor, Place)
    except ValidationError as error:
        raise ValueError(str(error)) from None
