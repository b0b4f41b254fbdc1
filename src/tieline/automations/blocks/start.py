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
