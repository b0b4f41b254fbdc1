"""Blocks that decide what runs next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tieline.automations.blocks.conditions import compile_conditions
from tieline.automations.blocks.values import items, number, whole
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import PlanError
from tieline.automations.engine.registry import (
    Batch,
    BlockType,
    Branch,
    Break,
    CompileContext,
    Jump,
    LoopSource,
    Stop,
    Suspend,
    register,
)
from tieline.automations.formulas import evaluate_condition
from tieline.core import clock

SHORT_SLEEP = 2.0  # seconds; longer ones give the worker back
LONGEST_SLEEP = 30 * 24 * 3600


def _child(block: Mapping[str, Any], edge: str) -> str | None:
    target = block.get(edge)
    return target if isinstance(target, str) and target else None


@register
class IfElseBlock(BlockType):
    type = "IfElseBlock"
    pinnable = False
    doc = "Condition: runs the Yes chain when all (or some) conditions hold, else the No chain, then goes on below."

    def compile(self, context: CompileContext) -> Any:
        return compile_conditions(context)

    def branches(self, block: Mapping[str, Any]) -> tuple[str | None, ...]:
        return _child(block, "childTrueId"), _child(block, "childFalseId")

    def inputs(self, program: Any, context: BlockContext) -> Any:
        everything, rules = program
        for left, operator, right in rules:
            holds = evaluate_condition(
                operator, left.evaluate(context.state, context.env), right.evaluate(context.state, context.env)
            )
            if holds is not everything:
                return holds
        return everything

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return Branch(0 if inputs else 1)


@register
class CaseBlock(BlockType):
    type = "CaseBlock"
    pinnable = False
    doc = "Case: runs the chain of the first statement that equals the expression, else the default chain."

    def compile(self, context: CompileContext) -> Any:
        statements = context.block.get("statements")
        if statements is None:
            statements = context.input("statements", [])
        if not isinstance(statements, list):
            raise PlanError("statements must be a list")
        values = [entry.get("value") if isinstance(entry, Mapping) else entry for entry in statements]
        return context.formula(context.input("expression")), [context.formula(value) for value in values]

    def branches(self, block: Mapping[str, Any]) -> tuple[str | None, ...]:
        listed = block.get("statementChildrenIds")
        children = (
            [child if isinstance(child, str) and child else None for child in listed]
            if isinstance(listed, list)
            else []
        )
        return (_child(block, "defaultChildId"), *children)

    def inputs(self, program: Any, context: BlockContext) -> Any:
        expression, statements = program
        wanted = expression.evaluate(context.state, context.env)
        for index, statement in enumerate(statements):
            if evaluate_condition("=", wanted, statement.evaluate(context.state, context.env)):
                return index + 1
        return 0

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return Branch(inputs)


@register
class TryBlock(BlockType):
    type = "TryBlock"
    pinnable = False
    catches = True
    doc = (
        "Try: runs its Try chain; when a block in it fails, the Catch chain, in which `{$.try.error.detail}` says what "
        "failed. Then the run goes on below."
    )

    def compile(self, context: CompileContext) -> Any:
        return None

    def branches(self, block: Mapping[str, Any]) -> tuple[str | None, ...]:
        return _child(block, "tryChildId"), _child(block, "catchChildId")


class LocalList(LoopSource):
    """Items that are in memory already."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    async def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        yield Batch(number, self._values)


@register
class ForEachBlock(BlockType):
    type = "ForEachBlock"
    doc = (
        "Loop: runs its body for each item of a list; `{$.loop.item}` is the item, `{$.loop.index}` its number from 0."
    )

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("input"))

    def iterable(self, program: Any) -> bool:
        return True

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return items(program.evaluate(context.state, context.env))

    async def open(self, program: Any, inputs: Any, context: BlockContext) -> LoopSource:
        return LocalList(list(inputs))


@register
class ForEachBatchBlock(ForEachBlock):
    type = "ForEachBatchBlock"
    doc = "Loop in batches: runs its body for lists of up to `size` items."

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("input")), context.formula(context.input("size", 100))

    def inputs(self, program: Any, context: BlockContext) -> Any:
        values = items(program[0].evaluate(context.state, context.env))
        size = whole(program[1].evaluate(context.state, context.env), "size", least=1)
        return [values[start : start + size] for start in range(0, len(values), size)]


@register
class ForEachBreakBlock(BlockType):
    type = "ForEachBreakBlock"
    pinnable = False
    doc = "Exit loop: leaves the innermost loop."

    def compile(self, context: CompileContext) -> Any:
        return None

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return Break()


@register
class LabelBlock(BlockType):
    type = "LabelBlock"
    pinnable = False
    doc = "Label: a place that goto blocks lead to."

    def compile(self, context: CompileContext) -> Any:
        return context.input("name")

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return None


@register
class GotoBlock(BlockType):
    type = "GotoBlock"
    pinnable = False
    doc = "Go to label: goes on at the label; inside a loop the loop's next item follows when the label's chain ends."

    def compile(self, context: CompileContext) -> Any:
        label = context.input("label")
        if not isinstance(label, str) or (context.index_of and label not in context.index_of):
            raise PlanError("label must name a label block of this workspace")
        return label

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return Jump(program)


@register
class StopBlock(BlockType):
    type = "StopBlock"
    pinnable = False
    doc = "Stop: ends the run; its status is finished."

    def compile(self, context: CompileContext) -> Any:
        return None

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        return Stop()


@register
class ErrorBlock(BlockType):
    type = "ErrorBlock"
    pinnable = False
    doc = "Error: ends the run as failed with a message, or (action continue) warns and goes on."

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("message", "")), context.input("action", "stop")

    def inputs(self, program: Any, context: BlockContext) -> Any:
        message = program[0].evaluate(context.state, context.env)
        return message if isinstance(message, str) else str(message or "")

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        if program[1] == "continue":
            return {"message": inputs}
        return Stop("failed", inputs)

    def apply(self, program: Any, output: Any, context: BlockContext) -> Any:
        context.warn(output["message"])
        return output


@register
class SleepBlock(BlockType):
    type = "SleepBlock"
    pinnable = False
    doc = "Sleep: waits `time` seconds. A long sleep holds no worker."

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("time", 5))

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return number(program.evaluate(context.state, context.env), "time")

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        if context.intent is not None:
            until = datetime.fromisoformat(context.intent)
            return None if until <= clock.now() else Suspend(until)
        seconds = min(max(float(inputs), 0.0), LONGEST_SLEEP)
        if seconds > SHORT_SLEEP:
            return Suspend(clock.now() + timedelta(seconds=seconds))
        await asyncio.sleep(seconds)
        return None
