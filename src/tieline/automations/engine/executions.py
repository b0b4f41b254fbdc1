"""One execution of a block that is no loop: for real, or from the note of an earlier claim."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tieline.automations.engine import codec
from tieline.automations.engine.context import BlockContext, BlockMetrics, Guard, RunInfo, Services, WatchedEnv
from tieline.automations.engine.frames import OpenBranch, OpenLoop, grows
from tieline.automations.engine.journal import INTENT, NOTE, RESULT, Recorder
from tieline.automations.engine.pages import Fetch, Keep
from tieline.automations.engine.plan import Step
from tieline.automations.engine.registry import Branch, Stop, Suspend
from tieline.automations.engine.results import (
    BlockFailed,
    NotedFailure,
    blamed,
    control_note,
    replayed_control,
    weight,
)
from tieline.automations.engine.spans import block_span
from tieline.automations.engine.state import ASIDE_FROM, Aside, State
from tieline.automations.engine.trial import Trial
from tieline.core import tracing
from tieline.core.errors import TielineError, Transient

NOTED_INPUTS = 4096  # bytes of a block's inputs that the history keeps


class Executions:
    """Runs blocks against one state and notes what comes of them.

    ``applied`` remembers what changed variables and the run's output, so that an item of a parallel loop, which has a
    state of its own, can tell the loop's.
    """

    def __init__(
        self,
        run: RunInfo,
        recorder: Recorder,
        services: Services,
        state: State,
        metrics: dict[str, BlockMetrics],
        *,
        keep: Keep,
        fetch: Fetch,
        guard: Guard,
        trial: Trial | None,
    ) -> None:
        self.run_info = run
        self.recorder = recorder
        self.services = services
        self.state = state
        self.metrics = metrics
        self.keep = keep
        self.fetch = fetch
        self.guard = guard
        self.trial = trial
        self.watch = WatchedEnv(run)
        self.catching = 0  # blocks around that catch failures
        self.applied: list[tuple[Step, Any, str]] | None = None

    def fork(self) -> Executions:
        """The same for one item of a parallel loop: nothing that it changes is seen outside."""
        other = Executions(
            self.run_info,
            self.recorder,
            self.services,
            self.state.fork(),
            self.metrics,
            keep=self.keep,
            fetch=self.fetch,
            guard=self.guard,
            trial=self.trial,
        )
        other.catching = self.catching
        other.applied = []
        return other

    def absorb(self, item: Executions) -> None:
        """Takes over what an item of a parallel loop has changed."""
        for step, output, path in item.applied or ():
            step.kind.apply(step.program, output, self.context(step, path))
        self.state.absorb(item.state)

    def context(self, step: Step, path: str) -> BlockContext:
        metrics = self.metrics.get(step.key)
        if metrics is None:
            metrics = self.metrics[step.key] = BlockMetrics()
        return BlockContext(
            step, path, self.run_info, self.state, self.watch.env, self.services, metrics, guard=self.guard
        )

    async def bring(self, step: Step) -> None:
        """Fetches the large outputs that a block refers to."""
        for name, aside in self.state.absent(step.roots):
            self.state.restore_value(name, codec.decode(await self.fetch(aside.blob)))

    async def once(self, step: Step, path: str, around: Sequence[OpenLoop | OpenBranch]) -> Any:
        """The block's output or control value, from the journal where it is there; ``around``: what is open."""
        context = self.context(step, path)
        noted = self.recorder.replayed(RESULT, path)
        if noted is None:
            if tracing.tracer is None:
                return await self._execute(step, path, context, around)
            with block_span(step, path):
                return await self._execute(step, path, context, around)
        self.recorder.replayed(INTENT, path)  # it has led to the result
        return await self.replay(step, path, noted, context)

    async def _execute(
        self, step: Step, path: str, context: BlockContext, around: Sequence[OpenLoop | OpenBranch]
    ) -> Any:
        """Runs a block for real and notes what came of it."""
        started = time.perf_counter()
        self.watch.touched = False
        kind = step.kind
        visible: Any = None
        noted_inputs: Any = None
        size = 0
        pinned = self.trial is not None and kind.pinnable and step.id in self.trial.pins
        try:
            if self.state.asides:
                await self.bring(step)
            inputs = None if pinned else await self._inputs(step, path, context)
            noted_inputs = step.effect or kind.reads or self.trial is not None
            noted_inputs = noted_inputs and inputs is not None and weight(inputs) <= NOTED_INPUTS
            result = (
                self.trial.pins[step.id] if pinned and self.trial else await kind.run(step.program, inputs, context)
            )
            control = control_note(result)
            if control is None:
                if grows(around, step):
                    result = codec.copy(result)
                size = weight(result)
                visible = result if pinned else kind.apply(step.program, result, context)
        except Exception as error:  # noqa: BLE001 - `blamed` logs it
            return await self.failed(step, path, context, blamed(error, step, path), started)
        spent = time.perf_counter() - started
        context.metrics.runs += 1
        context.metrics.seconds += spent
        note: dict[str, Any] = {"t": round(spent * 1000, 3)}
        if context.exchanges:
            note["x"] = context.exchanges
        if control is not None:
            if isinstance(result, Suspend):
                await self.recorder.durable(INTENT, path, {"i": result.until.isoformat()})
            if not control:
                return result  # jumps, breaks and pauses leave no result behind
            note["c"] = control
        else:
            aside = await self._noted_output(note, result, size)
            if visible is not None or step.name:
                self.state.put(step.name, visible, aside)
            if kind.shared and self.applied is not None:
                self.applied.append((step, result, path))
        if pinned:
            note["pin"] = True
        if noted_inputs is not None:
            note["i"] = noted_inputs
        if step.effect and not pinned:
            await self.recorder.durable(RESULT, path, note)
        else:
            self.recorder.note(RESULT, path, note, reads=kind.reads or self.watch.touched)
            await self.recorder.breathe()
        return result

    async def _inputs(self, step: Step, path: str, context: BlockContext) -> Any:
        """Evaluated inputs; for an effect, all that they rest on is on disk before this returns."""
        intent = self.recorder.replayed(INTENT, path)
        if path in self.run_info.renewed:
            intent = None  # what it was about to do is what somebody has mended
        if not step.effect:
            context.intent = intent["i"] if intent is not None else None
            return step.kind.inputs(step.program, context)
        await self.guard.before_effect()
        if intent is not None:
            return intent["i"]
        inputs = step.kind.inputs(step.program, context)
        if self.watch.touched:
            await self.recorder.durable(INTENT, path, {"i": inputs})
        else:
            await self.recorder.settle()
        return inputs

    async def _noted_output(self, note: dict[str, Any], result: Any, size: int) -> Aside | None:
        """Puts an output into its note; a large one goes elsewhere."""
        if size <= ASIDE_FROM:
            note["o"] = result
            return None
        aside = Aside(await self.keep(codec.encode(result)), size)
        note["b"] = [aside.blob, aside.size]
        return aside

    def _noted_inputs(self, step: Step, inputs: Any) -> Any:
        """Inputs as the history keeps them (before the block runs, which may change them in place); None: not kept."""
        wanted = step.effect or step.kind.reads or self.trial is not None
        return inputs if wanted and inputs is not None and weight(inputs) <= NOTED_INPUTS else None

    async def failed(self, step: Step, path: str, context: BlockContext, error: TielineError, started: float) -> None:
        """A block that failed: the end of the run, something for a block around it to catch, or a note and an empty
        output.
        """
        spent = time.perf_counter() - started
        if tracing.tracer is not None:
            tracing.failed(error)
        context.metrics.failures += 1
        context.metrics.seconds += spent
        note = {"t": round(spent * 1000, 3), "e": {"code": error.code, "title": error.title, "detail": error.detail}}
        if context.exchanges:
            note["x"] = context.exchanges
        if step.on_error == "stop":
            if self.catching:
                # What catches it goes on from here: after a restart the block must fail in the same way.
                await self.recorder.durable(RESULT, path, note | {"raise": True})
            else:
                # ``w``: nobody knows what became of the call.
                self.recorder.note(NOTE, path, note | {"w": 1} if isinstance(error, Transient) else note)
            raise BlockFailed(step, path, error)
        note["o"] = None
        if step.on_error == "warning":
            context.warn(error.detail)
        self.state.put(step.name, None)
        if step.effect:
            await self.recorder.durable(RESULT, path, note)
        else:
            self.recorder.note(RESULT, path, note, reads=True)

    async def replay(self, step: Step, path: str, note: dict[str, Any], context: BlockContext) -> Any:
        """Puts a noted result back as if the block had just run."""
        if "c" in note:
            return replayed_control(note["c"])
        if "e" in note:
            if note.get("raise"):
                noted = note["e"]
                raise BlockFailed(step, path, NotedFailure(noted["code"], noted["title"], noted["detail"]))
            if step.on_error == "warning":
                context.warn(note["e"]["detail"])
            self.state.put(step.name, None)
            return None
        aside = None
        if "b" in note:
            aside = Aside(*note["b"])
            value = codec.decode(await self.fetch(aside.blob))
        else:
            value = note.get("o")
        visible = value if note.get("pin") else step.kind.apply(step.program, value, context)
        self.state.put(step.name, visible, aside)
        if step.kind.shared and self.applied is not None:
            self.applied.append((step, value, path))
        return None

    def ends_here(self, step: Step, result: Any = None) -> Stop | None:
        """The end of a test run that goes no further than this block."""
        if self.trial is None or self.trial.end != step.id:
            return None
        if isinstance(result, Branch):
            self.state.put(step.name, {"branch": result.index})
        return Stop()
