"""Who computes next: the runs of a worker share one thread.

A run that has computed for a slice of time without waiting for anything stands in line. One run at a time gets out of
it, the tenants taking turns, and between two of them everything else that is ready goes on: answers of the database and
of called APIs, runs that have just begun. So a step of a short run waits for one slice at most, however many runs
compute, and a tenant with many of them gets no more than one with a single one.

A tenant that computes alone while others have runs here as well leaves twice as much time free as it takes: a process
that always computes is served late by its operating system when something comes in for the others.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import Final
from uuid import UUID

from tieline.core.lately import Lately

SLICE: Final = 0.01
SHORT_SLICE: Final = 0.001
"""While others have runs here as well: to begin one takes some fifteen rounds of the loop, each with a slice in it."""
RECENT: Final = 2.0  # seconds for which a tenant that had a run here counts as one that has runs


class Turns:
    """The line. One for each event loop."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[UUID, deque[asyncio.Future[None]]] = OrderedDict()
        self._handing = False
        self._last: UUID | None = None
        self._lately = Lately(RECENT)

    def seen(self, tenant_id: UUID) -> None:
        """A run of this tenant begins here."""
        self._lately.came(tenant_id)

    async def next(self, tenant_id: UUID) -> float:
        """Returns when it is the caller's turn; gives the seconds for which it may compute."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(tenant_id, deque()).append(turn)
        if not self._handing:
            self._handing = True
            loop.call_soon(self._hand_over)
        await turn
        return SHORT_SLICE if self._lately.others_than(tenant_id) else SLICE

    def _hand_over(self) -> None:
        """Lets the next one go; the one after it when the loop has been round."""
        while self._waiting:
            tenant_id, line = self._waiting.popitem(last=False)
            turn = line.popleft()
            others = bool(self._waiting)
            if line:
                self._waiting[tenant_id] = line
            if not turn.done():
                turn.set_result(None)
                loop = asyncio.get_running_loop()
                if tenant_id == self._last and not others and self._lately.others_than(tenant_id):
                    loop.call_later(3 * SHORT_SLICE, self._hand_over)  # the slice, and twice as much
                else:
                    loop.call_soon(self._hand_over)
                self._last = tenant_id
                return
        self._handing = False
