"""How fast a connection may call its API.

A client asks for a permit before each call and gives it back with the advice of the answer. As long as an API says
nothing about limits, permits cost nothing. Once it does, the calls of all workers together keep to it:

* a refusal closes the connection for everybody until the moment that the API named, or for a growing pause when it
  named none;
* when the calls that the API said are left are used up, or a pause is over, one single call goes ahead and the others
  wait for what it finds out, so that a closed door is knocked at once and not by everybody;
* a budget that the manifest declares is kept as a token bucket: over any ``seconds`` at most ``calls``.

`Bucket` is that rule as a pure value, so that it can live in memory (`MemoryBudget`) or in a row of the database
(`tieline.connectors.connections.budget`).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final, Protocol

from msgspec import UNSET, Struct, UnsetType, field

from tieline.connectors.manifest.model import RateBudget
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.advice import Advice
from tieline.connectors.runtime.errors import UpstreamBusy
from tieline.connectors.runtime.jitter import between

MAX_WAIT: Final = 300.0  # longer pauses are for the engine: a worker does not sit through them
FIRST_PAUSE: Final = 2.0  # after a refusal that says nothing
LONGEST_PAUSE: Final = 60.0
PROBE_LEASE: Final = 60.0  # a prober that died is replaced after this
STRAGGLERS: Final = 5.0  # how long a probe waits for the calls before it to come back
FIRST_LEASE: Final = 2.0  # how long the very first call may keep the others waiting


class Permit(Struct):
    """One call that may be made now. ``probe``: others wait for what it finds out."""

    granted_at: float = 0.0
    probe: bool = False
    counted: bool = True  # taken from a number that the API or the manifest states
    limiter: Any = None


class Budget(Protocol):
    """Shared by all clients of a connection."""

    async def acquire(self, account: Account, rate: RateBudget | UnsetType) -> Permit:
        """Wait for a permit; raises UpstreamBusy when the wait would be longer than `MAX_WAIT`."""
        ...

    async def settle(self, account: Account, rate: RateBudget | UnsetType, permit: Permit, advice: Advice) -> None:
        """Give the permit back, with what was learned. Always called, also after a failure."""
        ...


class Bucket(Struct):
    """The state of one budget. Times are seconds of one clock; ``tokens`` None = nobody knows."""

    blocked_until: float = 0.0
    tokens: float | None = None
    refilled_at: float = 0.0
    resets_at: float = 0.0  # when ``tokens`` that were learned stop being true; 0 = not said
    probe_until: float = 0.0
    probed_at: float = 0.0  # which call is the one that goes ahead; one that it replaced tells old news
    strikes: int = 0  # refusals in a row that said nothing
    out: int = 0  # permits that have not come back: the API's count does not hold them yet
    out_at: float = 0.0
    limited: bool = False  # the API has spoken about limits at least once
    asked: bool = False  # at least one call has come back: until then one goes ahead alone, but not for long

    def take(self, now: float, rate: RateBudget | UnsetType, want: int = 1) -> tuple[int, float, bool]:
        """(permits given, seconds to wait when none, whether the one given is a probe)."""
        given, wait, probe = self._take(now, rate, want)
        if probe:
            self.probed_at = now
        if given:
            self.out = given if now - self.out_at > PROBE_LEASE else self.out + given
            self.out_at = now
        return given, wait, probe

    def _take(self, now: float, rate: RateBudget | UnsetType, want: int) -> tuple[int, float, bool]:
        if now < self.blocked_until:
            return 0, self.blocked_until - now, False
        if rate is not UNSET and rate.calls > 0:
            self._refill(now, rate)
        elif self.resets_at and now >= self.resets_at:
            self.tokens, self.resets_at = 0, 0.0
        if self.tokens is None:
            if self.asked:
                return want, 0.0, False
            if now < self.probe_until:
                return 0, self.probe_until - now, False
            self.probe_until = now + FIRST_LEASE
            return 1, 0.0, True
        whole = int(self.tokens + 1e-6)  # refilled in fractions, which do not add up exactly
        if whole >= 1:
            given = min(want, whole)
            self.tokens = max(0.0, self.tokens - given)
            return given, 0.0, False
        if rate is not UNSET and rate.calls > 0:
            return 0, (1 - self.tokens) / self._speed(rate), False
        if self.resets_at:
            return 0, self.resets_at - now, False
        if now < self.probe_until or (self.out and now - self.out_at < STRAGGLERS):
            return 0, 0.0, False  # a call that arrives behind a refused probe would be refused too
        self.probe_until = now + PROBE_LEASE
        return 1, 0.0, True

    def back(self, permits: int) -> None:
        """So many permits have come back, used or not."""
        self.out = max(0, self.out - permits)

    def learn(self, now: float, rate: RateBudget | UnsetType, permit: Permit, advice: Advice) -> None:
        """Take in what an answer said; its permit has come back before."""
        declared = rate is not UNSET and rate.calls > 0
        self.asked = True
        probe = permit.probe and permit.granted_at == self.probed_at
        if probe:
            self.probe_until = 0.0
        if advice.limited:
            self.limited = True
            news = permit.granted_at >= self.blocked_until  # else it was under way when the door closed
            pause = advice.wait
            if pause is None:
                pause = self._pause(news)
            if news or advice.wait is not None:
                self.blocked_until = max(self.blocked_until, now + pause + between(0.05, 0.05 + pause * 0.05))
            self.tokens, self.resets_at = 0, 0.0
            self.refilled_at = self.blocked_until
            return
        if advice.remaining is None:
            if probe:
                self.tokens, self.strikes = None, 0  # open again, and the API does not say how far
            return
        self.limited = True
        self.strikes = 0
        if declared:
            self.tokens = min(
                self.tokens if self.tokens is not None else float(advice.remaining), float(advice.remaining)
            )
        elif probe or self.tokens is None:
            # Calls that are under way may reach the API after this one and are not in its count.
            self.tokens, self.resets_at = float(max(0, advice.remaining - self.out)), 0.0
        elif advice.remaining < self.tokens:
            self.tokens, self.resets_at = float(advice.remaining), 0.0
        if advice.remaining == 0 and advice.reset is not None:
            self.resets_at = now + advice.reset

    def _pause(self, news: bool) -> float:
        if news:
            self.strikes += 1
        base: float = min(LONGEST_PAUSE / 2, FIRST_PAUSE * 2 ** min(max(self.strikes - 1, 0), 10))
        return base + between(0, base)

    def _refill(self, now: float, rate: RateBudget) -> None:
        size = max(1.0, rate.calls / 10)
        if self.tokens is None or not self.refilled_at:
            self.tokens, self.refilled_at = size, now
        elif now > self.refilled_at:
            self.tokens = min(size, self.tokens + (now - self.refilled_at) * self._speed(rate))
            self.refilled_at = now

    @staticmethod
    def _speed(rate: RateBudget) -> float:
        """Calls a second. A tenth is the bucket's size, so that size and refill together stay within the budget."""
        return max(rate.calls - max(1.0, rate.calls / 10), rate.calls / 2) / max(rate.seconds, 0.001)


class MemoryBudget:
    """For use without a database: exact within this process."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str], Lane] = {}

    async def acquire(self, account: Account, rate: RateBudget | UnsetType) -> Permit:
        lane = self._lane(account)
        slot = lane.slot(rate)
        if slot is not None:
            await slot.acquire()
        try:
            waited = 0.0
            while True:
                now = time.monotonic()
                given, wait, probe = lane.bucket.take(now, rate)
                if given:
                    return Permit(granted_at=now, probe=probe, limiter=slot)
                check_wait(waited + wait)
                waited += await lane.pause(wait)
        except BaseException:
            if slot is not None:
                slot.release()
            raise

    async def settle(self, account: Account, rate: RateBudget | UnsetType, permit: Permit, advice: Advice) -> None:
        if permit.limiter is not None:
            permit.limiter.release()
        lane = self._lane(account)
        lane.bucket.back(1)
        if not permit.probe and advice.silent:
            return
        lane.bucket.learn(time.monotonic(), rate, permit, advice)
        lane.wake()

    def _lane(self, account: Account) -> Lane:
        key = (account.tenant_id, account.connection_id)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane()
        return lane


class Lane(Struct):
    """One connection's bucket in this process, and the tasks that wait for it."""

    bucket: Bucket = field(default_factory=Bucket)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    semaphore: asyncio.Semaphore | None = None

    def slot(self, rate: RateBudget | UnsetType) -> asyncio.Semaphore | None:
        """The place among the calls that may be under way at once, if that is limited."""
        if rate is UNSET or rate.concurrent <= 0:
            return None
        if self.semaphore is None:
            self.semaphore = asyncio.Semaphore(rate.concurrent)
        return self.semaphore

    async def pause(self, wait: float) -> float:
        """Sleep until somebody settles or ``wait`` seconds are over (0 = look again soon); gives the seconds slept."""
        begun = time.monotonic()
        event = self.changed
        try:
            async with asyncio.timeout(wait or 1.0):
                await event.wait()
        except TimeoutError:
            pass
        return time.monotonic() - begun

    def wake(self) -> None:
        """Let everybody who waits look again."""
        event, self.changed = self.changed, asyncio.Event()
        event.set()


def check_wait(wait: float) -> None:
    """Raise UpstreamBusy for a wait that a worker should not sit through."""
    if wait > MAX_WAIT:
        raise UpstreamBusy(
            f"the API asks for a pause of {round(wait)} s; the call is put off until then", retry_after=wait
        )
