"""The formula language: text with ``{$.references}`` and ``{functions: ...}``, parsed once, compiled to closures.

    formula = compile_value("Hello {uppercase: $.user.name}")
    formula.evaluate({"user": {"name": "ada"}})        # 'Hello ADA'

The language is total: every formula ends in a value or a typed error, within limits of work and size. Data is never
evaluated: braces in a value are characters like any other. The reference is docs/reference/formulas.md.
"""

from tieline.automations.formulas.conditions import OPERATORS, evaluate_condition
from tieline.automations.formulas.context import DEFAULT_ENV, MISSING, Env, Limits, Scope
from tieline.automations.formulas.errors import FormulaError, FormulaLimit, FormulaSyntaxError, FormulaValueError
from tieline.automations.formulas.formula import Formula, compile_json, compile_value
from tieline.automations.formulas.preview import preview
from tieline.automations.formulas.registry import FUNCTIONS
from tieline.automations.formulas.values import text_of

__all__ = [
    "DEFAULT_ENV",
    "FUNCTIONS",
    "MISSING",
    "OPERATORS",
    "Env",
    "Formula",
    "FormulaError",
    "FormulaLimit",
    "FormulaSyntaxError",
    "FormulaValueError",
    "Limits",
    "Scope",
    "compile_json",
    "compile_value",
    "evaluate_condition",
    "preview",
    "text_of",
]
