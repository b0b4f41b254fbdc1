"""Answers of the database that are remembered for less than a second, so that what was taken away ends within one.

self._known = Remembered[Principal](clock)
principal = await self._known.get(hashed, lambda: self._find(hashed))       # what `_find` raises is not remembered
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

Answer = TypeVar("Answer")

REMEMBERED_SECONDS: Final = 0.8
MAX_REMEMBERED: Final = 10_000


class Remembered(Generic[Answer]):
    """Answers by question, on one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: dict[Hashable, tuple[float, Answer]] = {}

    def __len__(self) -> int:
        return len(self._answers)

    async def get(self, question: Hashable, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer, asked for again where it is too old."""
        asked = self._clock()
        known = self._answers.get(question)
        if known is not None and known[0] > asked:
            return known[1]
        self._answers.pop(question, None)
        answer = await ask()
        if len(self._answers) >= MAX_REMEMBERED:
            self._answers.clear()
        # Counted from before the question, so that what was taken away meanwhile is not remembered for longer.
        self._answers[question] = (asked + REMEMBERED_SECONDS, answer)
        return answer
