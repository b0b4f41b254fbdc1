"""Hostile formulas end in a value or a typed error, in little memory.

How fast, says ``python bench/formulas.py --hostile``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.automations.formulas.hostile import DATA, FORMULAS, HUGE, NUMBERS, PATTERNS
from tests.automations.formulas.hostile_syntax import BROKEN, DATES, ESCAPES, NESTED
from tests.fixtures.shared import ROOT
from tieline.automations.formulas import FormulaError, FormulaSyntaxError, compile_value

MOST_MEMORY_KB = 64 * 1024
MEASURE = """
import resource
from tests.automations.formulas.hostile import DATA, FORMULAS
from tieline.automations.formulas import preview
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for text in FORMULAS:
    preview(text, DATA)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def run(text: str) -> Any:
    try:
        return compile_value(text).evaluate(DATA)
    except FormulaError as error:
        return error


@pytest.mark.parametrize(
    "formulas",
    [HUGE, NUMBERS, PATTERNS, DATES, NESTED, BROKEN, ESCAPES],
    ids="huge numbers patterns dates nested broken escapes".split(),
)
def test_hostile_formulas_end_in_a_value_or_a_typed_error(formulas: list[str]) -> None:
    for text in formulas:
        answer = run(text)
        if isinstance(answer, FormulaError):
            assert answer.detail
            assert answer.position is not None


def test_all_of_them_together_never_take_64_megabytes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert int(done.stdout) < MOST_MEMORY_KB


def test_there_are_at_least_300_of_them() -> None:
    assert len(set(FORMULAS)) >= 300


@pytest.mark.parametrize(
    "text", ["{$.evil}", "{concat: {$.evil}}", "{default: {$.evil}, x}", "{list: {$.evil}}", "{object: a, {$.evil}}"]
)
def test_data_is_never_evaluated(text: str) -> None:
    once = run(text)
    again = compile_value("{$.value}").evaluate({"value": once})
    assert again == once
    assert DATA["evil"] in (
        again if isinstance(again, str) else list(again.values() if isinstance(again, dict) else again)
    )


@pytest.mark.parametrize("name", ["__import__", "eval", "exec", "open", "getattr", "system"])
def test_nothing_of_python_can_be_reached(name: str) -> None:
    with pytest.raises(FormulaSyntaxError, match="there is no function"):
        compile_value(f"{{{name}: 'x'}}")
