"""Try a formula on sample data, for editors."""

from __future__ import annotations

from typing import Any

from tieline.automations.formulas.context import Env
from tieline.automations.formulas.errors import FormulaError
from tieline.automations.formulas.formula import compile_value


def preview(text: str, sample: dict[str, Any], env: Env | None = None) -> dict[str, Any]:
    """``{"value": ...}``, or ``{"error": {"code", "detail", "position"}}``; ``sample`` maps names to values.

    ``position`` counts characters from 0 in ``text``; null when the error has no place.
    """
    try:
        return {"value": compile_value(text).evaluate(sample, env)}
    except FormulaError as error:
        return {"error": {"code": error.code, "detail": error.detail, "position": error.position}}
