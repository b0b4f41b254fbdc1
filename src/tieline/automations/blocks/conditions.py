"""The conditions of if-else, filter and lookup blocks: `{mode, conditions: [{input1, operator, input2}]}`."""

from __future__ import annotations

from collections.abc import Mapping

from tieline.automations.engine.errors import PlanError
from tieline.automations.engine.registry import CompileContext
from tieline.automations.formulas import OPERATORS, Formula
from tieline.automations.formulas.conditions import find_operator

Rule = tuple[Formula, str, Formula]


def compile_conditions(context: CompileContext) -> tuple[bool, list[Rule]]:
    """(whether all must hold, the rules). Raises `PlanError` for what is no condition."""
    value = context.input("conditions") or {}
    if not isinstance(value, Mapping) or not isinstance(value.get("conditions", []), list):
        raise PlanError("conditions must be an object with a list “conditions”")
    rules: list[Rule] = []
    for rule in value.get("conditions", []):
        operator = rule.get("operator", "=") if isinstance(rule, Mapping) else None
        found = find_operator(operator.strip()) if isinstance(operator, str) else None
        if found is None:
            raise PlanError(f"operator {operator!r:.60} is unknown; use one of {', '.join(sorted(OPERATORS))}")
        rules.append((context.formula(rule.get("input1")), found.name, context.formula(rule.get("input2"))))
    return value.get("mode", "all") != "some", rules
