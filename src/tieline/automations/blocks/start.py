"""Start: where a run begins; its output is what started the run."""

from __future__ import annotations

from typing import Any

from tieline.automations.blocks.values import decoded
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.registry import BlockType, CompileContext, register


@register
class StartBlock(BlockType):
    type = "StartBlock"
    doc = "Where the run begins. Its output is the payload: `{$.start.email}` reads a field of it."

    def compile(self, context: CompileContext) -> Any:
        return decoded(context.input("test_payload"))

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        if context.run.inputs is not None:
            return context.run.inputs
        return program if context.run.is_test or context.run.context == "editor" else {}


@register
class FormBlock(BlockType):
    type = "FormBlock"
    doc = "Inputs: asks the person who starts the run; `{$.inputs.Name}` reads the answer, else the field's default."

    def compile(self, context: CompileContext) -> Any:
        form = context.block.get("form")
        return [entry for entry in form if isinstance(entry, dict)] if isinstance(form, list) else []

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        given = context.run.inputs if isinstance(context.run.inputs, dict) else {}
        answers: dict[str, Any] = {}
        for field in program:
            label = str(field.get("label") or field.get("id"))
            fallback = field.get("values") if field.get("type") != "button" else None
            answers[label] = given.get(label, given.get(str(field.get("id")), fallback))
        return answers
