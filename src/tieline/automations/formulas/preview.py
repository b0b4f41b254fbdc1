"""Try a formula on sample data, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tieline.automations.formulas.context import MISSING, Env
from tieline.automations.formulas.errors import FormulaError, FormulaLimit
from tieline.automations.formulas.formula import compile_value
from tieline.automations.formulas.values import text_of

MOST_TEXT = 64 * 1024  # characters of a result that an editor shows as text


def preview(text: str, sample: dict[str, Any], env: Env | None = None) -> dict[str, Any]:
    """``{"value": ...}``, or ``{"error": {"code", "detail", "position"}}``; ``sample`` maps names to values.

    ``position`` counts characters from 0 in ``text``; null when the error has no place.
    """
    try:
        return {"value": compile_value(text).evaluate(sample, env)}
    except FormulaError as error:
        return {"error": {"code": error.code, "detail": error.detail, "position": error.position}}


def explain(formula: str, sample: Mapping[str, Any], env: Env | None = None) -> dict[str, Any]:
    """All that an editor shows of a formula: ``{value, type, text, error, references}``.

    ``error`` is null or {code, detail, position}, and ``position`` null or {offset, line, column}: characters from 0 in
    the formula, lines and columns from 1. ``references``: {name, known} of the names that it reads. Never raises for a
    formula, whatever it is.
    """
    found: dict[str, Any] = {"value": None, "type": None, "text": None, "error": None, "references": []}
    try:
        compiled = compile_value(formula)
        found["references"] = [{"name": name, "known": name in sample} for name in sorted(compiled.roots)]
        value = compiled.evaluate(_Sample(sample), env)
        text = text_of(value)
    except FormulaError as error:
        found["error"] = {"code": error.code, "detail": error.detail, "position": place(formula, error.position)}
        return found
    except RecursionError:
        detail = "the result is nested too deep to be shown"
        found["error"] = {"code": FormulaLimit.code, "detail": detail, "position": None}
        return found
    return found | {"value": value, "type": type_name(value), "text": text[:MOST_TEXT]}


class _Sample:
    """Sample data as formulas see it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def get(self, name: str, /) -> Any:
        return self._values.get(name, MISSING)


def place(text: str, offset: int | None) -> dict[str, int] | None:
    """An offset with the line and column it lies in."""
    if offset is None:
        return None
    offset = min(max(offset, 0), len(text))
    before = text[:offset]
    return {"offset": offset, "line": before.count("\n") + 1, "column": offset - (before.rfind("\n") + 1) + 1}


def type_name(value: Any) -> str:
    """text, number, boolean, list, object or null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, (list, tuple)):
        return "list"
    return "object" if isinstance(value, dict) else "text"
