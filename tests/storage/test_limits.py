"""Rate windows: exact, whoever counts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tieline.storage.database import Database
from tieline.storage.limits import Limiter

pytestmark = pytest.mark.anyio


async def test_exactly_the_limit_is_allowed_over_two_processes_worth_of_pools(
    database: Database, database_dsn: str, postgres_dir: Path
) -> None:
    async with await Database.open(database_dsn, postgres_dir) as other:
        limiters = [Limiter(database), Limiter(other)]
        # A window of days: the test cannot fall on its border.
        answers = await asyncio.gather(
            *(limiters[number % 2].take("tier2:a", 40, window=10**6) for number in range(100))
        )
    assert sum(answer.allowed for answer in answers) == 40
    assert sorted(answer.remaining for answer in answers if answer.allowed) == list(range(40))


async def test_keys_and_windows_are_counted_apart(database: Database) -> None:
    limiter = Limiter(database)
    assert (await limiter.take("one", 1, window=10**6)).allowed
    assert not (await limiter.take("one", 1, window=10**6)).allowed
    assert (await limiter.take("two", 1, window=10**6)).allowed
    await database.autocommit("UPDATE rate_windows SET window_start = window_start - 1000000")
    assert (await limiter.take("one", 1, window=10**6)).allowed


async def test_the_answer_says_when_to_come_back(database: Database) -> None:
    limiter = Limiter(database)
    usage = await limiter.take("soon", 5, window=100, cost=6)
    assert not usage.allowed
    assert usage.remaining == 0
    assert 0 < usage.retry_after <= 100


@pytest.mark.parametrize("arguments", [{"limit": 0}, {"limit": 1, "window": 0}, {"limit": 1, "cost": 0}], ids=str)
async def test_senseless_limits_are_refused(database: Database, arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        await Limiter(database).take("key", **arguments)
