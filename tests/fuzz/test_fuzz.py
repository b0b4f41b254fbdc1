"""A short, seeded round of every target. The long one is ``python -m bench fuzz --seconds N``.

Pass line: each input is taken, or refused with an error of ours; each is over in 5 s and raises the peak of memory by
less than 400 MB; what is printed and read again is the same. ``TIELINE_TEST_SEED`` chooses other inputs,
``TIELINE_TEST_ROUNDS`` multiplies them.
"""

from __future__ import annotations

import os

import pytest

import tests.fuzz.targets  # noqa: F401 - registers them
from tests.fuzz.engine import TARGETS, drive

pytestmark = [pytest.mark.battery, pytest.mark.timeout(300)]

SEED = os.environ.get("TIELINE_TEST_SEED", "20261123")
ROUNDS = float(os.environ.get("TIELINE_TEST_ROUNDS", "1"))


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_parser_takes_anything_or_says_why_not(name: str) -> None:
    tally = drive(TARGETS[name], SEED, inputs=max(1, int(TARGETS[name].ci * ROUNDS)))
    print(f"{name}: seed {SEED}, {tally.inputs} inputs, {tally.accepted} taken, {tally.refused} refused, 0 findings")
    assert not tally.findings, "\n".join(one.told() for one in tally.findings)
    assert tally.accepted, "every input was refused: the target tries nothing"
