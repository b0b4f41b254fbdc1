"""Custom code: Python in a sandbox."""

from __future__ import annotations

from typing import Any

from tieline.automations.blocks.listing import choice, evaluated, given, raw
from tieline.automations.blocks.sandbox import LONGEST_SECONDS, Sandbox
from tieline.automations.blocks.values import decoded, number, pairs
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import BlockInputInvalid, PlanError
from tieline.automations.engine.registry import BlockType, CompileContext, register

SECONDS = 5.0
LOGGED = 4000  # characters of what was printed, in the history of the run


@register
class CustomCodeBlock(BlockType):
    """``code`` is taken as it is: formulas in it are not evaluated, run data comes by ``inputs`` only."""

    type = "CustomCodeBlock3"
    doc = "Custom code: runs Python on `inputs`; what it prints is the output, or the value of its last expression."
    reads = True

    def compile(self, context: CompileContext) -> Any:
        language = raw(context, "language", default="python")
        if language != "python":
            raise PlanError(f"language {language!r:.40} cannot be run; write the code in Python and choose python")
        code = raw(context, "code", default="")
        if not isinstance(code, str):
            raise PlanError("code must be text")
        result = choice(context, ("result",), ("printed", "value", "full"), "printed")
        return code, context.formula(pairs(raw(context, "inputs", default={}))), given(context, "timeout"), result

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        code, formula, timeout, result = program
        given_inputs = decoded(pairs(evaluated(formula, context)))
        if given_inputs in (None, "", []):
            given_inputs = {}
        if not isinstance(given_inputs, dict):
            raise BlockInputInvalid("inputs must be an object, or a list of key and value")
        wanted = evaluated(timeout, context)
        seconds = SECONDS if wanted in (None, "") else float(number(wanted, "timeout"))
        if not 0 < seconds <= LONGEST_SECONDS:
            raise BlockInputInvalid(f"timeout must be more than 0 and at most {LONGEST_SECONDS:g} seconds")
        printed: list[str] = []
        try:
            ran = await context.services.get(Sandbox).run(code, given_inputs, seconds=seconds, printed=printed)
        finally:
            log = "".join(printed)
            if log:
                kept = log if len(log) <= LOGGED else f"{log[:LOGGED]}... ({len(log)} characters)"
                context.exchanges.append({"printed": kept})
        if result == "full":
            return {"value": ran.value, "printed": ran.printed.splitlines()}
        if result == "value" or not ran.printed:
            return ran.value
        return decoded(ran.printed.removesuffix("\n"))
