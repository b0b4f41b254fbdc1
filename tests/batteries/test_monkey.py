"""Runs of every kind while PostgreSQL, server and workers die: the small form of `python -m bench monkey`."""

from __future__ import annotations

import pytest

from bench.monkey import monkey

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.timeout(900)]


async def test_nothing_is_lost_doubled_or_stuck_whatever_dies() -> None:
    # Blows come faster than in the large one, so that some of each kind fall into so few runs.
    verdict = await monkey(total=300, seed=7, slow=0.4)
    assert verdict["good"], verdict
    assert verdict["blows"].get("postgres", 0) >= 1, verdict
    assert verdict["taken_over"] > 0, "the blows fell into runs"
