"""A long run goes on elsewhere when its worker is killed, and when PostgreSQL was away for longer than a heartbeat."""

from __future__ import annotations

import pytest

from bench.takeover import takeover

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.timeout(600)]


async def test_a_run_goes_on_with_each_effect_once() -> None:
    figures = await takeover(rounds=1, outage=20.0, effects=600)
    assert figures["status"] == "finished", figures
    assert (figures["lost"], figures["duplicated"], figures["conflicts"]) == (0, 0, 0), figures
