"""Rate budgets in the database: what one worker learns about an API's limits holds for all of them.

Of all processes that meet an API for the first time, one call goes ahead and the others wait for what it finds out.
Where that is nothing, a connection costs one look at its row a second. Where the API has spoken, permits are taken
from the row, several at a time while many are left.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType, field
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from tieline.connectors.manifest.model import RateBudget
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.advice import Advice
from tieline.connectors.runtime.budget import Bucket, Lane, Permit, check_wait
from tieline.connectors.runtime.jitter import between
from tieline.storage.database import Database
from tieline.storage.tables import rate_budgets
from tieline.storage.unit import Unit

_LOOK_AGAIN: Final = 1.0  # seconds for which "no limits known" is believed
_LEASE: Final = 5.0  # seconds for which permits that were taken in advance may be used
_MOST_LEASED: Final = 50
_UNLIMITED: Final = 1_000_000
_POLL: Final = 0.15  # seconds, while another process finds out whether the door is open


class _Shared(Struct):
    """What this process holds of one connection's budget."""

    lane: Lane = field(default_factory=Lane)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    leased: int = 0
    lease_until: float = 0.0
    counted: bool = False  # the permits in hand are taken from a number that the API stated
    blocked_until: float = 0.0
    known: float = -1.0  # tokens in the row when we saw it last; below 0 = the API states none
    offset: float = 0.0  # clock of the database minus our monotonic clock
    back: int = 0  # permits of the row that have come back since we wrote to it


class DatabaseBudget:
    """A `Budget` shared by all processes on one database. Times are the database's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[str, str], _Shared] = {}

    async def acquire(self, account: Account, rate: RateBudget | UnsetType) -> Permit:
        shared = self._shared(account)
        slot = shared.lane.slot(rate)
        if slot is not None:
            await slot.acquire()
        try:
            waited = 0.0
            while True:
                permit, wait = await self._permit(account, rate, shared)
                if permit is not None:
                    permit.limiter = slot
                    return permit
                check_wait(waited + wait)
                waited += await shared.lane.pause(wait or between(_POLL / 2, _POLL))
        except BaseException:
            if slot is not None:
                slot.release()
            raise

    async def _permit(
        self, account: Account, rate: RateBudget | UnsetType, shared: _Shared
    ) -> tuple[Permit | None, float]:
        now = time.monotonic()
        if shared.leased > 0 and shared.blocked_until <= now < shared.lease_until:
            shared.leased -= 1
            return Permit(granted_at=now + shared.offset, counted=shared.counted), 0.0
        async with shared.lock:
            now = time.monotonic()
            if now < shared.blocked_until:
                return None, shared.blocked_until - now
            if shared.leased > 0 and now < shared.lease_until:
                shared.leased -= 1
                return Permit(granted_at=now + shared.offset, counted=shared.counted), 0.0
            self._give_back(shared)
            back = shared.back
            async with self._database.tenant(UUID(account.tenant_id)) as unit:
                bucket, moment = await self._load(unit, account)
                bucket.back(back)
                free = bucket.tokens is None and bucket.asked and not _declared(rate)
                want = _UNLIMITED if free else max(1, min(_MOST_LEASED, int((bucket.tokens or 0) // 20)))
                out = bucket.out, bucket.out_at
                given, wait, probe = bucket.take(moment, rate, want)
                free = given == _UNLIMITED
                if free:
                    bucket.out, bucket.out_at = out  # what nobody counts needs no counting
                if back or (given and not free):
                    await self._save(unit, account, bucket)
            shared.back -= back
            shared.offset = moment - time.monotonic()
            self._note(shared, bucket, moment)
            if not given:
                return None, wait
            shared.leased, shared.counted = given - 1, not free
            shared.lease_until = now + (_LOOK_AGAIN if free else _LEASE)
            return Permit(granted_at=moment, probe=probe, counted=not free), 0.0

    async def settle(self, account: Account, rate: RateBudget | UnsetType, permit: Permit, advice: Advice) -> None:
        if permit.limiter is not None:
            permit.limiter.release()
        shared = self._shared(account)
        if permit.counted:
            shared.back += 1
        if not permit.probe and (advice.silent or not self._news(shared, advice)):
            return
        async with shared.lock:
            if advice.limited:
                self._give_back(shared)
            back = shared.back
            async with self._database.tenant(UUID(account.tenant_id)) as unit:
                bucket, moment = await self._load(unit, account)
                bucket.back(back)
                bucket.learn(moment, rate, permit, advice)
                await self._save(unit, account, bucket)
            shared.back -= back
            if bucket.tokens is not None and not shared.counted:
                shared.leased = 0  # permits of a time when there seemed to be no limit
            self._note(shared, bucket, moment)
        shared.lane.wake()

    @staticmethod
    def _give_back(shared: _Shared) -> None:
        if shared.counted:
            shared.back += shared.leased
        shared.leased = 0

    @staticmethod
    def _note(shared: _Shared, bucket: Bucket, moment: float) -> None:
        shared.known = bucket.tokens if bucket.tokens is not None else -1.0
        shared.blocked_until = time.monotonic() + max(0.0, bucket.blocked_until - moment)

    @staticmethod
    def _news(shared: _Shared, advice: Advice) -> bool:
        """Whether an answer says less than we believed: what it counts down with us is no news."""
        if advice.limited or shared.known < 0:
            return True
        return advice.remaining is not None and advice.remaining < shared.known

    async def _load(self, unit: Unit, account: Account) -> tuple[Bucket, float]:
        """The row, locked, and the database's clock."""
        row = await self._locked(unit, account)
        if row is None:
            await unit.connection.execute(
                insert(rate_budgets)
                .values(tenant_id=UUID(account.tenant_id), connection_id=UUID(account.connection_id), scope="")
                .on_conflict_do_nothing()
            )
            row = await self._locked(unit, account)
        if row is None:
            raise RuntimeError("the row of a rate budget vanished in its own transaction")
        moment = float(row["moment"])
        learned = row["learned"]
        bucket = Bucket(
            blocked_until=_seconds(row["blocked_until"]),
            tokens=row["tokens"],
            refilled_at=_seconds(row["refilled_at"]),
            resets_at=float(learned.get("resets_at", 0.0)),
            probe_until=float(learned.get("probe_until", 0.0)),
            probed_at=float(learned.get("probed_at", 0.0)),
            strikes=int(learned.get("strikes", 0)),
            asked=bool(learned.get("asked", False)),
            out=int(learned.get("out", 0)),
            out_at=float(learned.get("out_at", 0.0)),
        )
        return bucket, moment

    async def _locked(self, unit: Unit, account: Account) -> dict[str, Any] | None:
        clock = func.extract("epoch", func.clock_timestamp()).label("moment")
        return await unit.one(unit.select(rate_budgets, *rate_budgets.c, clock).where(_of(account)).with_for_update())

    async def _save(self, unit: Unit, account: Account, bucket: Bucket) -> None:
        await unit.update(
            rate_budgets,
            _of(account),
            blocked_until=_moment(bucket.blocked_until),
            tokens=bucket.tokens,
            refilled_at=_moment(bucket.refilled_at),
            learned={
                "resets_at": bucket.resets_at,
                "probe_until": bucket.probe_until,
                "probed_at": bucket.probed_at,
                "strikes": bucket.strikes,
                "asked": bucket.asked,
                "out": bucket.out,
                "out_at": bucket.out_at,
            },
        )

    async def forget(self, unit: Unit, connection_id: UUID) -> None:
        """Drop what was learned about a connection."""
        await unit.delete(rate_budgets, rate_budgets.c.connection_id == connection_id)

    def _shared(self, account: Account) -> _Shared:
        key = (account.tenant_id, account.connection_id)
        shared = self._known.get(key)
        if shared is None:
            shared = self._known[key] = _Shared()
        return shared


def _declared(rate: RateBudget | UnsetType) -> bool:
    return rate is not UNSET and rate.calls > 0


def _of(account: Account) -> Any:
    return rate_budgets.c.connection_id == UUID(account.connection_id)


def _seconds(moment: datetime | None) -> float:
    return 0.0 if moment is None else moment.timestamp()


def _moment(seconds: float) -> datetime | None:
    return None if seconds <= 0 else datetime.fromtimestamp(seconds, UTC)
