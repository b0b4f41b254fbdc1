"""Who was here of late."""

from __future__ import annotations

import time
from collections.abc import Hashable


class Lately:
    """Knows the last two that came, which is enough to tell whether somebody else did."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._newest: tuple[Hashable, float] = ("", float("-inf"))
        self._before: tuple[Hashable, float] = self._newest

    def came(self, who: Hashable) -> None:
        if who != self._newest[0]:
            self._before = self._newest
        self._newest = (who, time.monotonic())

    def others_than(self, who: Hashable) -> bool:
        """Whether another one came within the last so many seconds."""
        other = self._before if self._newest[0] == who else self._newest
        return time.monotonic() - other[1] < self._seconds
