"""The runtime's surroundings with time made up: nothing is slept through, and who comes too early is seen."""

from __future__ import annotations

from msgspec import UnsetType

from tieline.connectors.manifest.model import RateBudget
from tieline.connectors.runtime import Account, RetryPolicy, StoredToken
from tieline.connectors.runtime.advice import Advice
from tieline.connectors.runtime.budget import Bucket, Permit, check_wait
from tieline.connectors.runtime.tokens import Fetch


class NoPauses(RetryPolicy, frozen=True, kw_only=True):
    """As many attempts as ever, without the waiting between them."""

    def pause(self, attempt: int, told: float | None = None) -> float:
        return 0.0


class VirtualBudget:
    """The runtime's own rule for budgets (`Bucket`) under a clock that only moves where somebody waits."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._bucket = Bucket()

    async def acquire(self, account: Account, rate: RateBudget | UnsetType) -> Permit:
        waited = 0.0
        while True:
            given, wait, probe = self._bucket.take(self.now, rate)
            if given:
                return Permit(granted_at=self.now, probe=probe)
            wait = wait or 1.0
            waited += wait
            check_wait(waited)
            self.now += wait

    async def settle(self, account: Account, rate: RateBudget | UnsetType, permit: Permit, advice: Advice) -> None:
        self._bucket.back(1)
        if permit.probe or not advice.silent:
            self._bucket.learn(self.now, rate, permit, advice)


class Tokens:
    """A token store in memory that may begin with a token, as after a person has connected."""

    def __init__(self, first: StoredToken | None = None) -> None:
        self.stored = first

    async def token(
        self, account: Account, fetch: Fetch, *, min_valid: float, rejected: str | None = None
    ) -> StoredToken:
        stored = self.stored
        if stored is None or stored.value == rejected or not stored.fresh(min_valid):
            self.stored = stored = await fetch(stored)
        return stored
