"""Runs that compute take turns, by tenant, and leave time for others."""

from __future__ import annotations

import asyncio

import pytest

from tieline.automations.engine.turns import SHORT_SLICE, SLICE, Turns
from tieline.core.ids import new_id

pytestmark = pytest.mark.anyio


async def test_a_tenant_with_many_computing_runs_gets_no_more_turns_than_one_with_one() -> None:
    turns, noisy, quiet = Turns(), new_id(), new_id()
    order: list[str] = []

    async def compute(who: str, times: int) -> None:
        for _ in range(times):
            await turns.next(noisy if who == "noisy" else quiet)
            order.append(who)

    many = [asyncio.create_task(compute("noisy", 20)) for _ in range(10)]
    await compute("quiet", 20)
    assert order.count("noisy") <= 25, "the ten of them together as often as the one"
    await asyncio.gather(*many)
    assert order.count("noisy") == 200, "each came to its end"


async def test_one_run_at_a_time_leaves_the_line_and_the_rest_goes_on_between_two() -> None:
    turns, tenants = Turns(), [new_id() for _ in range(5)]
    seen: list[int] = []

    async def compute(number: int) -> None:
        await turns.next(tenants[number])
        seen.append(number)

    tasks = [asyncio.create_task(compute(number)) for number in range(5)]
    most = 0
    while not all(task.done() for task in tasks):
        before = len(seen)
        await asyncio.sleep(0)
        most = max(most, len(seen) - before)
    assert seen == [0, 1, 2, 3, 4]
    assert most == 1


async def test_who_computes_alone_gets_long_slices_until_somebody_else_comes() -> None:
    turns, one, other = Turns(), new_id(), new_id()
    turns.seen(one)
    assert await turns.next(one) == SLICE
    turns.seen(other)
    assert await turns.next(one) == SHORT_SLICE
    assert await turns.next(other) == SHORT_SLICE


async def test_a_run_that_was_cancelled_in_the_line_keeps_nobody_waiting() -> None:
    turns, one, other = Turns(), new_id(), new_id()
    gone = asyncio.create_task(turns.next(one))
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(5):
        await turns.next(other)
