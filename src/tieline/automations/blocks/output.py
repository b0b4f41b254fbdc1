"""Output and run title."""

from __future__ import annotations

from typing import Any

from tieline.automations.blocks.values import decoded
from tieline.automations.engine import codec
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.registry import BlockType, CompileContext, register
from tieline.automations.engine.state import OUTPUT_LIMIT
from tieline.automations.formulas import text_of

LONGEST_TITLE = 500


@register
class ShowBlock(BlockType):
    type = "ShowBlock"
    doc = "Output: adds a value to the run's output (`display_mode` add), replaces it (set) or merges objects (merge)."

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("input")), context.setting("display_mode", "add")

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return program[0].evaluate(context.state, context.env)

    def apply(self, program: Any, output: Any, context: BlockContext) -> Any:
        state, mode = context.state, program[1]
        if mode in ("set", "merge"):
            value = decoded(output)
            last = state.shown[-1] if state.shown else None
            if mode == "merge" and isinstance(last, dict) and isinstance(value, dict):
                value = {**last, **value}
            value = value if mode == "merge" else output
            size = codec.size(value)
            if size > OUTPUT_LIMIT:
                context.warn(f"the run's output is over {OUTPUT_LIMIT // 2**20} MB; what comes after is left out")
                return output
            state.shown, state.shown_bytes = [value], size
            return output
        state.shown_bytes += codec.size(output)
        if state.shown_bytes > OUTPUT_LIMIT:
            if state.shown_bytes - codec.size(output) <= OUTPUT_LIMIT:
                context.warn(f"the run's output is over {OUTPUT_LIMIT // 2**20} MB; what comes after is left out")
            return output
        state.shown.append(output)
        return output


@register
class UpdateJobBlock(BlockType):
    type = "UpdateJobBlock"
    doc = "Update run title: sets the title that the list of runs shows."

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("title", ""))

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return text_of(program.evaluate(context.state, context.env))[:LONGEST_TITLE]

    def apply(self, program: Any, output: Any, context: BlockContext) -> Any:
        context.state.title = output
        return output
