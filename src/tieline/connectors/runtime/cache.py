"""Answers that a block allows to be used again: for a while, within this process, by the same connection."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_MOST: Final = 1_000
_LARGEST: Final = 1_000_000  # bytes of one answer
_ALL: Final = 32_000_000  # bytes of all


class ReadCache(Generic[T]):
    """Bounded in number and size; of several that ask at once, one calls and the others get what it got."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, int, T]] = OrderedDict()
        self._size = 0
        self._asking: dict[str, asyncio.Task[tuple[T, int]]] = {}

    async def get(self, key: str, seconds: float, ask: Callable[[], Awaitable[tuple[T, int]]]) -> T:
        """What is kept under ``key`` and not older than ``seconds``, else what ``ask`` gives (with its size in bytes).

        All get the same object: who changes it changes it for the others. An error of ``ask`` reaches all who wait for
        it and is not kept.
        """
        kept = self._kept.get(key)
        if kept is not None and self._clock() - kept[0] < seconds:
            self._kept.move_to_end(key)
            return kept[2]
        task = self._asking.get(key)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = self._asking[key] = asyncio.ensure_future(self._ask(key, ask))
            task.add_done_callback(_told)
        # One who gives up must not take the answer from the others.
        return (await asyncio.shield(task))[0]

    async def _ask(self, key: str, ask: Callable[[], Awaitable[tuple[T, int]]]) -> tuple[T, int]:
        try:
            begun = self._clock()
            value, size = await ask()
            self._drop(key)
            if size <= _LARGEST:
                self._kept[key] = (begun, size, value)
                self._size += size
                while self._size > _ALL or len(self._kept) > _MOST:
                    self._drop(next(iter(self._kept)))
            return value, size
        finally:
            if self._asking.get(key) is asyncio.current_task():
                del self._asking[key]

    def _drop(self, key: str) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._size -= gone[1]


def _told(task: asyncio.Task[tuple[T, int]]) -> None:
    """Nobody may be left to hear of an error: asyncio would log it as never retrieved."""
    if not task.cancelled():
        task.exception()
