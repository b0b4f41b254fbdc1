"""Pages of a loop: from the journal where an earlier claim noted them, else from the source and noted at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from tieline.automations.engine import codec
from tieline.automations.engine.journal import PAGE, Recorder
from tieline.automations.engine.registry import Batch, LoopSource

INLINE_PAGE = 1 * 2**20  # bytes on disk; larger pages are kept apart

Keep = Callable[[bytes], Awaitable[str]]
Fetch = Callable[[str], Awaitable[bytes]]


class FailedBefore(Exception):
    """The journal says that a loop could not be read further."""


class Pages:
    """Gives the pages of loops with the journal row that holds each."""

    def __init__(self, recorder: Recorder, keep: Keep, fetch: Fetch) -> None:
        self._recorder = recorder
        self._keep = keep
        self._fetch = fetch

    async def batches(
        self, path: str, source: LoopSource, saved: dict[str, Any] | None, failed: bool, touched: bool
    ) -> AsyncIterator[tuple[Batch, int]]:
        """Pages of a loop with the journal row that holds each: first those on disk, then fresh ones.

        ``failed``: an earlier claim noted that the next fresh page could not be had, and went on without.
        """
        cursor, number, more = None, 0, True
        if saved is not None:
            batch = await self._page_on_disk(path, saved["page"], saved["row"])
            yield batch, saved["row"]
            cursor, number, more = batch.next, batch.number + 1, batch.next is not None
        while more:
            row = self._recorder.replayed_seq(PAGE, f"{path}#{number}")
            noted = self._recorder.replayed(PAGE, f"{path}#{number}")
            if noted is None or row is None:
                break
            batch = await self._page(number, noted)
            yield batch, row
            cursor, number, more = batch.next, number + 1, batch.next is not None
        if not more:
            return
        if failed:
            raise FailedBefore
        reads = source.reads or touched
        async for batch in source.pages(cursor, number):
            note: dict[str, Any] = {"c": batch.cursor, "x": batch.next}
            packed = codec.encode(batch.records)
            if len(packed) > INLINE_PAGE:
                note["b"] = await self._keep(packed)
            else:
                note["r"] = packed
            row = self._recorder.note(PAGE, f"{path}#{batch.number}", note, reads=reads)
            await self._recorder.breathe()
            yield batch, row

    async def _page(self, number: int, note: dict[str, Any]) -> Batch:
        packed = note["r"] if "r" in note else await self._fetch(note["b"])
        return Batch(number, codec.decode(packed), note["c"], note["x"])

    async def _page_on_disk(self, path: str, number: int, row: int) -> Batch:
        """The page that a checkpoint refers to."""
        data = codec.decode(await self._fetch(f"row:{row}"))
        for kind, noted_path, note in data:
            if kind == PAGE and noted_path == f"{path}#{number}":
                return await self._page(number, note)
        raise AssertionError(f"journal row {row} does not hold page {number} of {path}")
