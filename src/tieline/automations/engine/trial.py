"""Test runs: outputs that a person has pinned, a block to end at, sample data to begin with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tieline.automations.engine.registry import Batch, LoopSource

SAMPLE_ITEMS = 100  # of a loop at which a test run ends


@dataclass(frozen=True, slots=True)
class Trial:
    """What is special about a test run.

    ``pins``: output by block id, taken in place of running the block. ``until``: the run ends behind this block; a
    loop is then read for `SAMPLE_ITEMS` items and its body is left out. ``only``: nothing but this block runs, and
    what formulas find is ``sample``: outputs and variables by reference name.
    """

    pins: Mapping[str, Any] = field(default_factory=dict)
    until: str | None = None
    only: str | None = None
    sample: Mapping[str, Any] = field(default_factory=dict)

    @property
    def end(self) -> str | None:
        """Id of the block behind which the run is over."""
        return self.only or self.until

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Trial:
        """The inverse of `as_dict`."""
        return cls(data.get("pins") or {}, data.get("until"), data.get("only"), data.get("sample") or {})

    def as_dict(self) -> dict[str, Any]:
        """As a run keeps it."""
        return {"pins": dict(self.pins), "until": self.until, "only": self.only, "sample": dict(self.sample)}


class PinnedItems(LoopSource):
    """A loop over an output that is pinned."""

    def __init__(self, output: Any) -> None:
        self._items = output if isinstance(output, list) else [output]

    async def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        yield Batch(number, self._items)


class FirstItems(LoopSource):
    """The first items of another source; no pointer moves."""

    def __init__(self, source: LoopSource, most: int) -> None:
        self._source = source
        self._most = most
        self.reads = source.reads

    async def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        left = self._most
        async for batch in self._source.pages(cursor, number):
            records = batch.records[:left]
            left -= len(records)
            following = batch.next if left > 0 else None
            yield Batch(batch.number, records, batch.cursor, following)
            if left <= 0:
                return

    def accept(self, record: Any) -> bool:
        return self._source.accept(record)

    def snapshot(self) -> Any:
        return self._source.snapshot()

    def restore(self, snapshot: Any) -> None:
        self._source.restore(snapshot)
