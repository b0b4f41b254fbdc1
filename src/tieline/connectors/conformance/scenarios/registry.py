"""Where scenarios register."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tieline.connectors.conformance.play import Play

Scenario = Callable[[Play], Awaitable[str | None]]
"""Gives a remark or nothing; raises `Failed` or `NotApplicable`, each with its reason."""

SCENARIOS: dict[str, Scenario] = {}


def scenario(name: str) -> Callable[[Scenario], Scenario]:
    """Decorator: this function is run for every block, under this name."""

    def add(function: Scenario) -> Scenario:
        assert name not in SCENARIOS, f"the scenario {name!r} is registered twice"
        SCENARIOS[name] = function
        return function

    return add
