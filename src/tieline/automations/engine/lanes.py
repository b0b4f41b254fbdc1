"""A loop whose items are in work side by side.

Each item runs in a *lane*: an interpreter with a state of its own. It begins with what the loop began with, or with
what was so when the last checkpoint was taken: never with what an item beside it is changing. What an item changes
(variables, the run's output, outputs of blocks) is taken over when its turn comes: in the list's order, or, for a loop
that does not keep it, in the order in which items end. That order is noted, so a resumed run puts everything together
in the same way.

An item that fails, breaks the loop or stops the run lets no further item begin; those in work go on to their end. With
the order kept, nothing of an item behind it is taken over: as in a loop that goes one by one, but that up to
``parallel - 1`` later items may have done their calls.

Checkpoints are taken with no item in work, so that what is open is one place in the list.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tieline.automations.engine.errors import ErrorRaised, RunawayRun, RunPaused, RunStopped
from tieline.automations.engine.frames import Frame, OpenLoop
from tieline.automations.engine.journal import DONE, Recorder
from tieline.automations.engine.plan import Step
from tieline.automations.engine.registry import Batch, Control, LoopSource, Suspend
from tieline.automations.engine.results import BlockFailed
from tieline.automations.engine.state import LoopList

if TYPE_CHECKING:
    from tieline.automations.engine.interpreter import Interpreter

AHEAD = 4  # times ``parallel``: how far a lane may be ahead of the slowest one while the order is kept

ENDS_LOOP = (BlockFailed, ErrorRaised, RunawayRun)


@dataclass(slots=True, eq=False)
class Lane:
    """One item in work. ``turn``: the place in the order of ends that an earlier claim noted."""

    index: int
    interpreter: Interpreter
    task: asyncio.Task[Control]
    collected: int
    turn: int | None
    began: float = field(default_factory=time.monotonic)

    @property
    def error(self) -> BaseException | None:
        return self.task.exception()

    @property
    def pause(self) -> Suspend | None:
        result = None if self.error is not None else self.task.result()
        return result if isinstance(result, Suspend) else None

    @property
    def ends_loop(self) -> bool:
        """True where no further item may begin."""
        return self.error is not None or self.task.result() is not None


class Lanes:
    """Runs one loop."""

    def __init__(
        self,
        owner: Interpreter,
        recorder: Recorder,
        step: Step,
        frame: Frame,
        path: str,
        source: LoopSource,
        inputs: Any,
        collected: LoopList | None,
    ) -> None:
        self._owner = owner
        self._recorder = recorder
        self._step = step
        self._frame = frame
        self._path = path
        self._source = source
        self._inputs = inputs
        self._collected = collected
        self._running: set[Lane] = set()
        self._arrived: list[Lane] = []  # ended, in that order
        self._ended: dict[int, Lane] = {}  # by place in the order of merging, or by index while there is none
        self._next = 0  # index, or turn, that is merged next
        self._noted = recorder.count_noted(DONE, f"{path}.", "/")  # turns of an earlier claim still to come
        self._slowest = 0.0  # seconds that an item took of late: what it costs to wait for those in work
        self._leaving: Lane | None = None  # the first item of the list that ends the loop
        self._pauses: list[Suspend] = []
        self._base = owner.fork()

    async def run(self, batches: AsyncIterator[tuple[Batch, int]], saved: dict[str, Any] | None) -> Control:
        """All items; gives what the body asks for beyond the loop, raises what ended it."""
        index = saved["i"] if saved else 0
        skip = saved["off"] if saved else 0
        self._next = index if self._step.ordered else 0
        self._owner.state.put(self._step.name, {} if self._collected is None else self._collected)
        left = self._recorder.replayed(DONE, f"{self._path}!")
        try:
            async for batch, row in batches:
                for offset, record in enumerate(batch.records):
                    if offset < skip or not self._source.accept(record):
                        continue
                    if left is not None and index >= left["n"]:
                        left = None
                        await self._drain()
                    elif self._owner.checkpoint_due(self._slowest):
                        await self._drain()
                        if self._leaving is None:
                            await self._checkpoint(batch, offset, index, row)
                    await self._room(index)
                    if self._leaving is not None:
                        return await self._leave(index)
                    self._begin(record, index)
                    index += 1
                skip = 0
            await self._drain()
            return await self._leave(index) if self._leaving is not None else None
        finally:
            await self._abandon()

    async def _checkpoint(self, batch: Batch, offset: int, index: int, row: int) -> None:
        await self._owner.checkpoint(
            OpenLoop(self._step, self._frame, batch, offset, index, self._source, self._inputs, row, self._collected)
        )
        await self._recorder.sync()  # items begin with another state from here on
        self._base = self._owner.fork()
        if not self._step.ordered:
            self._next = 0

    def _begin(self, record: Any, index: int) -> None:
        if self._collected is not None:
            self._collected.append(record)
        lane = self._base.fork()
        lane.state.put(self._step.name, {"item": record, "index": index})
        place = f"{self._path}.{index}"
        noted = self._recorder.replayed(DONE, place)
        body = lane.chain(self._step.loop, Frame(f"{place}/", self._step.id), [])
        task = asyncio.create_task(body, name=f"item {index}")
        collected = len(self._collected) if self._collected is not None else 0
        turn = noted["n"] if noted is not None else None
        one = Lane(index, lane, task, collected, turn)
        task.add_done_callback(lambda _: self._arrived.append(one))
        self._running.add(one)

    async def _room(self, index: int) -> None:
        """Returns when another item may begin, or none may."""
        while self._leaving is None and (
            len(self._running) >= self._step.parallel
            or (self._step.ordered and index - self._next >= self._step.parallel * AHEAD and self._running)
        ):
            await self._wait()

    async def _drain(self) -> None:
        """Returns when no item is in work."""
        while self._running:
            await self._wait()

    async def _wait(self) -> None:
        """Waits for an item to end, and merges those whose turn has come."""
        await asyncio.wait([lane.task for lane in self._running], return_when=asyncio.FIRST_COMPLETED)
        arrived, self._arrived = self._arrived, []
        for lane in arrived:
            self._running.discard(lane)
            if lane.error is not None and not isinstance(lane.error, (*ENDS_LOOP, RunStopped, RunPaused)):
                raise lane.error  # the claim, the database, the process: nothing else counts any more
            self._slowest = max(self._slowest * 0.9, time.monotonic() - lane.began)
            if lane.pause is not None:
                self._pauses.append(lane.pause)
            if lane.ends_loop and (self._leaving is None or lane.index < self._leaving.index):
                self._leaving = lane
            self._ended[self._place_in_order(lane)] = lane
        self._merge()

    def _place_in_order(self, lane: Lane) -> int:
        if self._step.ordered:
            return lane.index
        return lane.turn if lane.turn is not None else -1 - lane.index

    def _merge(self) -> None:
        """Takes over what ended items have changed, as far as their turn has come."""
        while (lane := self._ended.pop(self._next, None)) is not None:
            self._take_over(lane)
        if self._step.ordered or self._noted:
            return
        for place in [place for place in self._ended if place < 0]:
            lane = self._ended.pop(place)
            if lane.pause is None and not _passes(lane.error):
                self._recorder.note(DONE, f"{self._path}.{lane.index}", {"n": self._next})
                self._take_over(lane)

    def _take_over(self, lane: Lane) -> None:
        self._next += 1
        if lane.turn is not None and not self._step.ordered:
            self._noted -= 1
        if self._step.ordered and self._leaving is not None and lane.index > self._leaving.index:
            return
        self._owner.absorb(lane.interpreter)
        self._owner.item_done()

    async def _leave(self, begun: int) -> Control:
        """The loop ends early: with the control value or the error of the item that comes first in the list."""
        await self._drain()
        lane = self._leaving
        assert lane is not None
        if lane.error is not None and _passes(lane.error):
            raise lane.error
        if self._pauses:
            return min(self._pauses, key=lambda pause: pause.until)
        self._recorder.note(DONE, f"{self._path}!", {"n": begun}, reads=True)
        if lane.error is not None:
            raise lane.error
        if self._collected is not None and self._step.ordered:
            del self._collected[lane.collected :]
        return lane.task.result()

    async def _abandon(self) -> None:
        """Nothing of this loop goes on behind its back."""
        tasks = [lane.task for lane in self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _passes(error: BaseException | None) -> bool:
    """Whether it is the run that ends, not the loop."""
    return isinstance(error, (RunStopped, RunPaused))
