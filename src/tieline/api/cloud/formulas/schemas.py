"""Formulas on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body
from tieline.automations.formulas.registry import GROUPS, Example, Function
from tieline.automations.runs.storable import storable

LONGEST_FORMULA = 80_000  # characters; of twelve bytes each, as JSON may write them, they fit into a body


class PreviewFormula(Body):
    """A formula and the data to try it on."""

    formula: Annotated[str, StringConstraints(max_length=LONGEST_FORMULA)]
    sample: dict[str, Any] = Field(default_factory=dict, description="Values by the names that the formula reads.")
    variables: dict[str, Any] = Field(default_factory=dict, description="The same for variables, which win.")
    runId: str | None = Field(default=None, description="Take what is not in `sample` from this run.")  # noqa: N815
    path: str | None = Field(default=None, description="As it was when the run came to this execution, like `b4.7/b6`.")


class FormulaPosition(BaseModel):
    """A place in the formula."""

    offset: int = Field(description="Characters from 0.")
    line: int = Field(description="From 1.")
    column: int = Field(description="From 1.")


class FormulaProblem(BaseModel):
    """Why there is no value."""

    code: str
    detail: str
    position: FormulaPosition | None


class FormulaReference(BaseModel):
    """A name that the formula reads."""

    name: str
    known: bool = Field(description="The data has it; else it is null.")


class FormulaPreview(BaseModel):
    """What a formula gives."""

    value: Any
    type: Literal["text", "number", "boolean", "list", "object", "null"] | None
    text: str | None = Field(
        description="The value as it would stand inside of other text; its first 65,536 characters."
    )
    cut: bool = Field(description="The value is larger than an answer may be; it is null here.")
    error: FormulaProblem | None
    references: list[FormulaReference]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class FormulaParameter(_Wire):
    """What a function takes."""

    name: str
    kind: str
    required: bool
    rest: bool = Field(description="Any number of them.")


class FormulaExample(_Wire):
    """A formula, the data it runs on, and what it gives."""

    formula: str
    data: dict[str, Any]
    result: Any
    like: str | None = Field(description="A regular expression for a result that is not always the same.")
    error: str | None = Field(description="The code of the error that it ends in.")


class FormulaFunction(_Wire):
    """A function of the formula language."""

    name: str
    aliases: list[str]
    category: str
    category_title: str
    signature: str
    doc: str
    parameters: list[FormulaParameter]
    examples: list[FormulaExample]


class FormulaOperator(_Wire):
    """An operator of conditions."""

    name: str
    aliases: list[str]
    unary: bool
    doc: str


class FormulaLibrary(_Wire):
    """All functions, by category and name, and the operators of conditions."""

    functions: list[FormulaFunction]
    operators: list[FormulaOperator]


def show_function(function: Function) -> dict[str, Any]:
    """A function."""
    return {
        "name": function.name,
        "aliases": list(function.aliases),
        "category": function.group,
        "categoryTitle": GROUPS[function.group],
        "signature": function.signature,
        "doc": function.doc,
        "parameters": [
            {"name": one.name, "kind": one.kind, "required": one.required, "rest": one.rest}
            for one in function.parameters
        ],
        "examples": [_show_example(one) for one in function.examples],
    }


def _show_example(one: Example) -> dict[str, Any]:
    return {
        "formula": storable(one.formula, nul=True),
        "data": storable(one.data, nul=True),
        "result": storable(one.result, nul=True),
        "like": one.like or None,
        "error": one.error or None,
    }
