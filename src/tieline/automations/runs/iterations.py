"""The items of a loop, as one picks them in the view of a run: number, a few words about the item, how it went.

A page of the list covers a range of items; one call reads the rows in which they lie, and of the loop's pages only the
records it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tieline.automations.engine.journal import INTENT, PAGE, RESULT
from tieline.automations.runs.history import LARGEST_READ, known_block
from tieline.automations.runs.layout import Placed, layout_of
from tieline.automations.runs.masking import hidden_text
from tieline.automations.runs.reading import (
    Budget,
    Head,
    at_end,
    blob,
    counted,
    notes_of,
    records,
    row,
    rows,
    value_of,
)
from tieline.automations.runs.service import ACTIVE
from tieline.automations.runs.storable import storable
from tieline.core.errors import BadInput
from tieline.storage.unit import Unit

LABEL = 120  # characters
STRAGGLERS = 64  # rows behind a page of a parallel loop in which its items may still end
SHOWN_AS = ("ok", "failed", "running")
_FIELDS = ("name", "title", "displayname", "fullname", "label", "subject", "email", "mail", "username", "login")
_IDS = ("id", "uuid", "guid", "key", "number", "code", "sku")


class Mark(NamedTuple):
    """Where a list of items goes on: at note ``note`` of row ``seq``, with item ``item``; ``row`` holds page ``page``
    of the loop, whose first record is item ``base``. Written with dots between."""

    seq: int = 0
    note: int = 0
    item: int = 0
    row: int = 0
    page: int = 0
    base: int = 0

    def __str__(self) -> str:
        return ".".join(map(str, self))


def mark_of(text: str, parameter: str = "after") -> Mark:
    """The mark that a client hands back. Raises `BadInput`."""
    parts = text.split(".")
    if len(parts) != len(Mark._fields) or not all(one.isascii() and one.isdigit() and len(one) < 19 for one in parts):
        raise BadInput(
            f"The parameter {parameter} is no place in the list; send one that an answer gave.", parameter=parameter
        )
    return Mark(*map(int, parts))


class _Page(NamedTuple):
    row: int
    number: int
    base: int
    size: int


class _Item:
    __slots__ = ("failed", "seq")

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.failed = False


async def iterations(
    unit: Unit,
    run: Mapping[str, Any],
    block_id: str,
    *,
    iteration: str | None = None,
    visit: int = 1,
    status: str | None = None,
    after: Mark | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """``{data, after, complete}``: {index, path, label, status, page, seq} of the items that the loop has begun.

    ``iteration``: inside of which items of the loops around it; ``visit``: which time the run came to the loop there.
    With ``status`` a page may hold fewer than ``limit``, even none, and the list still go on. Raises `NotFound`.
    """
    layout = await layout_of(unit, run)
    block = known_block(layout, block_id)
    path = (f"{iteration}/" if iteration else "") + block.key + (f"~{visit}" if visit > 1 else "")
    walk = _Walk(block, path, after or Mark(), limit, failed_only=status == "failed")
    complete = await walk.go(unit, run["id"])
    active = run["status"] in ACTIVE and run["worker"] is not None and complete and not walk.over
    highest = max(walk.items, default=-1)
    labels = {} if block.picks or block.censored else await _labels(unit, run["id"], path, walk)
    data = []
    for index in sorted(walk.items):
        item = walk.items[index]
        state = "failed" if item.failed else "running" if active and index == highest else "ok"
        if status is not None and state != status:
            continue
        page = walk.page_of(index)
        data.append(
            {
                "index": index,
                "path": f"{path}.{index}",
                "label": labels.get(index),
                "status": state,
                "page": page.number if page and not block.picks else None,
                "seq": item.seq,
            }
        )
    return {"data": data, "after": str(walk.mark), "complete": complete}


class _Walk:
    """One call's way through the journal."""

    def __init__(self, block: Placed, path: str, start: Mark, limit: int, *, failed_only: bool) -> None:
        self.items: dict[int, _Item] = {}
        self.pages: list[_Page] = []
        self.over = False  # the loop has ended
        self.mark = start  # where the list goes on
        self._block, self._path, self._start = block, path, start
        self._limit = limit
        self._failed_only = failed_only
        self._full = False

    async def go(self, unit: Unit, run_id: UUID) -> bool:
        """Reads; True where the list ends here."""
        if self._start.row:
            await self._page_before(unit, run_id)
        last, behind = self._start.seq - 1, 0
        async for line in rows(unit, run_id, last, Budget()):
            for number, (kind, path, note) in enumerate(notes_of(line.data, Head)):
                if path.startswith(self._path) and (line.seq > self._start.seq or number >= self._start.note):
                    await self._take(unit, run_id, (line.seq, number), kind, path[len(self._path) :], note)
            last = line.seq
            behind += self._full
            if self._full and (not self._block.parallel or self._failed_only or self.over or behind > STRAGGLERS):
                return False
            if self.over:
                self.mark = self._marked((last + 1, 0), max(self.items, default=self._start.item - 1) + 1)
                return True
        if self._full:
            return False
        complete = await at_end(unit, run_id, last)
        self._leave(last, complete)
        return complete

    def _leave(self, last: int, complete: bool) -> None:
        """Where the list goes on when the call ends before its page is full: with the item that is not over yet."""
        if not self.items or (self._failed_only and self._block.parallel):
            self.mark = self._marked((last + 1, 0), self._start.item)
            return
        highest = max(self.items)
        if complete or self._failed_only or self._block.parallel or len(self.items) == 1:
            self.mark = self._marked((last + 1, 0), highest + 1)
            return
        began = self.items.pop(highest).seq
        self.mark = self._marked((began, 0), highest)

    async def _page_before(self, unit: Unit, run_id: UUID) -> None:
        """The page in which the call before this one ended."""
        line = await row(unit, run_id, self._start.row)
        for kind, path, note in notes_of(line.data, Head) if line else ():
            if kind == PAGE and path == f"{self._path}#{self._start.page}":
                count = await counted(unit, run_id, note)
                self.pages.append(_Page(self._start.row, self._start.page, self._start.base, count))

    async def _take(self, unit: Unit, run_id: UUID, at: tuple[int, int], kind: str, rest: str, note: Head) -> None:
        if rest == "":
            self.over = self.over or kind == RESULT
        elif rest[0] == "#" and kind == PAGE and rest[1:].isdigit():
            if not self._full and not any(page.number == int(rest[1:]) for page in self.pages):
                base = self.pages[-1].base + self.pages[-1].size if self.pages else self._start.base
                self.pages.append(_Page(at[0], int(rest[1:]), base, await counted(unit, run_id, note)))
        elif rest[0] == "." and kind != INTENT:
            digits = rest[1:].partition("/")[0]
            if digits.isdigit():
                self._item(at, int(digits), note)

    def _item(self, at: tuple[int, int], index: int, note: Head) -> None:
        if index < self._start.item or (self._failed_only and note.e is None):
            return
        known = self.items.get(index)
        if known is None:
            if self._full:
                return
            end = self._start.item + self._limit
            if len(self.items) >= self._limit if self._failed_only else index >= end:
                self._full = True
                following = index if self._failed_only else end
                if self._block.parallel:
                    following = 0 if self._failed_only else end
                self.mark = self._marked(at if self._failed_only else (at[0], 0), following)
                return
            known = self.items[index] = _Item(at[0])
        known.failed = known.failed or note.e is not None

    def page_of(self, index: int) -> _Page | None:
        """The page that holds an item."""
        return next((page for page in self.pages if page.base <= index < page.base + page.size), None)

    def _marked(self, at: tuple[int, int], index: int) -> Mark:
        holding = self.pages[-1] if self.pages else None
        if self._block.parallel and not self._failed_only and (earlier := self.page_of(index)):
            holding = earlier
            at = min(at, (earlier.row, 0))
        if holding is None:
            return Mark(*at, index, self._start.row, self._start.page, self._start.base)
        return Mark(*at, index, holding.row, holding.number, holding.base)


async def _labels(unit: Unit, run_id: UUID, path: str, walk: _Walk) -> dict[int, str]:
    """A few words about each item, from the pages that hold them."""
    found: dict[int, str] = {}
    for page in walk.pages:
        wanted = [index for index in walk.items if page.base <= index < page.base + page.size]
        if not wanted:
            continue
        line = await row(unit, run_id, page.row)
        packed: bytes | None = None
        for kind, noted, note in notes_of(line.data, Head) if line else ():
            if kind == PAGE and noted == f"{path}#{page.number}":
                packed = (
                    await blob(unit, run_id, str(note.b), most=LARGEST_READ)
                    if note.b is not None
                    else bytes(value_of(note.r))
                )
        if packed is None:
            continue
        try:
            listed = records(packed)
        except msgspec.ValidationError:
            continue
        found |= {index: label_of(value_of(listed[index - page.base])) for index in wanted}
    return found


def label_of(item: Any) -> str:
    """A short text by which a person knows an item."""
    if isinstance(item, dict):
        names = {str(name).lower().replace("_", "").replace("-", ""): name for name in item}
        for field in (*_FIELDS, *_IDS):
            text = _short(item.get(names.get(field, "")))
            if text:
                return text
        parts = (f"{name}: {_short(value)}" for name, value in list(item.items())[:8] if _short(value))
        return _cut(", ".join(parts))
    if isinstance(item, list):
        return f"{len(item)} items"
    return _short(item)


def _short(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return ""
    return _cut(value if isinstance(value, str) else str(value))


def _cut(text: str) -> str:
    line = " ".join(hidden_text(str(storable(text[:1000], nul=False))).split())
    return line if len(line) <= LABEL else line[: LABEL - 3] + "..."
