"""What is tried with each block: every file registers its scenarios. Add a scenario by adding a function."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tieline.connectors.conformance.scenarios.registry import SCENARIOS, Scenario, scenario

for _module in sorted(iter_modules(__path__), key=lambda found: found.name):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["SCENARIOS", "Scenario", "scenario"]
