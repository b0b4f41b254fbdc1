"""What other measurements of ``bench`` find, as lines of the same table."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bench.versus.contenders.base import Failed, run
from bench.versus.results import Figure, Results

ROOT = Path(__file__).parents[3]
SECONDS = 900.0


def _lists(told: str, results: Results) -> None:
    """JSON lines of sides, then one of ratios."""
    figure = Figure("API list of 100 automations", "requests/s of processor time")
    for line in told.splitlines():
        row = json.loads(line)
        if "side" in row:
            results.add(figure, row["side"].replace("bare dict", "FastAPI, no database"), row["per_second_and_core"])


def _formulas(told: str, results: Results) -> None:
    figure = Figure("formula template of 5 fields", "us", more_is_better=False, goal="<= 20 us")
    row = json.loads(told)["5-field template"]
    results.add(figure, "tieline", row["us"])
    results.add(figure, "bare", row["f_string_us"])


def _journal(told: str, results: Results) -> None:
    for name, row in json.loads(told).items():
        figure = Figure(f"journal: {name}", "us a block", more_is_better=False, goal="<= 2x the bare insert")
        results.add(figure, "tieline", row["us_per_block"])
        results.add(figure, "bare", row["bare_us_per_block"])


MODULES: dict[str, tuple[list[str], Callable[[str, Results], None]]] = {
    "lists": (["lists"], _lists),
    "formulas": (["formulas", "--json"], _formulas),
    "journal": (["journal"], _journal),
}


def measure(name: str, results: Results, *, quick: bool) -> None:
    """One run of the measurement, which has rounds of its own; a failure becomes a note."""
    arguments, take = MODULES[name]
    fewer = ["--rounds", "2"] if quick and name != "formulas" else []
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    try:
        told = run(
            [sys.executable, "-m", "bench", *arguments, *fewer],
            environment={"PYTHONPATH": path},
            folder=ROOT,
            seconds=SECONDS,
        )
        take(told, results)
    except (Failed, ValueError, KeyError) as error:
        results.failed("tieline", name, f"{type(error).__name__}: {error}")
