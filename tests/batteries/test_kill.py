"""Worker and server die by SIGKILL at random moments of a run; the upstream's ledger says what came of it."""

from __future__ import annotations

import pytest

from bench.kill_battery import MODES, battery

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(420)]


@pytest.mark.parametrize("mode", MODES)
async def test_nothing_is_lost_and_nothing_happens_twice(mode: str, upstream: str) -> None:
    # The upstream answers upserts without delay, so there have to be more of them for the kills to fall into the run.
    effects = 3000 if mode == "upsert" else 200
    report = await battery(upstream, mode, effects=effects, kills=3, seed=7, limit=300, delay=0.01)
    assert report["status"] == "finished", report
    assert (report["lost"], report["unexpected"], report["conflicts"]) == (0, 0, 0), report
    assert report["duplicates"] <= (report["ambiguous"] if mode == "naive" else 0), report
    assert report["kills"] >= 3, "the kills fell into the run"
