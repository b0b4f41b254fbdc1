"""Forms on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class FormOption(_Wire):
    """One of the answers to choose from."""

    value: str
    label: str


class FormField(_Wire):
    """One question."""

    id: str
    kind: str = Field(description="input, select, object, multi_select, field_mapping or button.")
    label: str = Field(description="The name of the answer in `inputs` of a run.")
    required: bool
    help_text: str
    default: Any
    options: list[FormOption] | None = Field(description="What can be chosen; null = anything.")
    options_from: Any = Field(description="Where the choices come from, as the workspace says it.")
    kept: bool = Field(description="There is an answer from an earlier run; it holds where none is sent.")
    answer: Any = Field(description="That answer, unless it looks like a secret.")


class FormBlockShown(_Wire):
    """One form block."""

    block_id: str
    name: str
    display_name: str
    always: bool = Field(description="Every run comes to it, so its required answers are asked for at the start.")
    persists: bool
    error: str | None = Field(description="Why it cannot be shown.")
    fields: list[FormField]


class AutomationForm(_Wire):
    """What a run that is started now asks for."""

    version: int
    forms: list[FormBlockShown]
