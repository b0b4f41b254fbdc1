"""The interpreter: walks a plan, notes every result in the journal, and goes on where an earlier claim stopped.

A *chain* is a row of blocks linked by their ``next``; a loop's body and a branch are chains of their own. Each
execution of a block has a path: the loops around it with their item numbers, then the block (``b4.7431/b6``); a jump
that comes back to a block adds a visit (``b6~2``). On a restart the last checkpoint gives the state and the chains
that were open, the notes behind it give results instead of executions, and the first path without a result is where
real work begins again.
"""

from __future__ import annotations

import time
from copy import copy
from dataclasses import astuple, replace
from typing import Any

from tieline.automations.engine import codec
from tieline.automations.engine.context import BlockContext, BlockMetrics, Guard, RunInfo, Services
from tieline.automations.engine.errors import ErrorRaised
from tieline.automations.engine.executions import NOTED_INPUTS, Executions
from tieline.automations.engine.frames import Frame, OpenBranch, OpenJump, OpenLoop
from tieline.automations.engine.journal import INTENT, RESULT, Recorder
from tieline.automations.engine.lanes import Lanes
from tieline.automations.engine.pages import FailedBefore, Fetch, Keep, Pages
from tieline.automations.engine.plan import Plan, Step
from tieline.automations.engine.registry import Branch, Break, Control, Jump, LoopSource, Stop, Suspend
from tieline.automations.engine.results import BlockFailed, Outcome, passes_through, weight
from tieline.automations.engine.spans import block_span
from tieline.automations.engine.state import ASIDE_FROM, Aside, LoopList, State
from tieline.automations.engine.trial import SAMPLE_ITEMS, FirstItems, PinnedItems, Trial
from tieline.automations.engine.turns import SHORT_SLICE, Turns
from tieline.core import tracing
from tieline.core.errors import TielineError

CHECKPOINT_SECONDS = 1.0
CHECKPOINT_SHARE = 0.02  # of the time since the last one that a checkpoint may cost
LONG_REPLAY = 200  # notes behind the last checkpoint from which on the next one comes at once


class Interpreter:
    """Runs one plan for one claim."""

    def __init__(
        self,
        plan: Plan,
        run: RunInfo,
        recorder: Recorder,
        services: Services,
        *,
        keep: Keep,
        fetch: Fetch,
        guard: Guard,
        trial: Trial | None = None,
        turns: Turns | None = None,
        leaves_end: bool = False,
    ) -> None:
        """``leaves_end``: who gets a "finished" writes what the recorder still holds."""
        self.plan = plan
        self.recorder = recorder
        self._leaves_end = leaves_end
        self.metrics: dict[str, BlockMetrics] = {}
        self.state = State(plan.variables)
        self._trial = trial
        self._blocks = Executions(
            run, recorder, services, self.state, self.metrics, keep=keep, fetch=fetch, guard=guard, trial=trial
        )
        self._recorder = recorder
        self._keep = keep
        self._guard = guard
        self._pages = Pages(recorder, keep, fetch)
        self._open: list[OpenLoop | OpenBranch] = []
        self._lane = False  # of a parallel loop
        self._last_checkpoint = time.monotonic()
        self._checkpoint_cost = 0.0
        self._turn_began = self._last_checkpoint
        self._turns = turns or Turns()
        self._tenant = run.tenant_id
        self._slice = SHORT_SLICE

    def fork(self) -> Interpreter:
        """An interpreter for one item of a parallel loop, with a state of its own."""
        lane = copy(self)
        lane._blocks = self._blocks.fork()
        lane.state = lane._blocks.state
        lane._open = list(self._open)
        lane._lane = True
        return lane

    def absorb(self, lane: Interpreter) -> None:
        """Takes over what an item of a parallel loop has changed."""
        self._blocks.absorb(lane._blocks)

    def restore(self, checkpoint: bytes) -> list[dict[str, Any]]:
        """Takes a checkpoint; gives the chains to re-enter, outermost first."""
        data = codec.decode(checkpoint)
        self.state.restore(data["state"])
        for key, values in data["metrics"].items():
            self.metrics[key] = BlockMetrics(*values)
        stack: list[dict[str, Any]] = data["stack"]
        return stack

    async def run(self, resume: list[dict[str, Any]] | None = None) -> Outcome:
        """Runs to the end, to a long pause or to a failure. Lost claims and lost databases pass through as
        exceptions.
        """
        if self._recorder.fed > LONG_REPLAY:
            self._last_checkpoint -= 1e6
        start = self.plan.start
        if self._trial is not None and self._trial.only is not None:
            start = self._trial.only
            self.state.begin_with(self._trial.sample)
        try:
            control = await self.chain(start, Frame(), resume or [])
            if isinstance(control, Suspend):
                await self._recorder.sync()
                return Outcome("suspended", [], control)
            if isinstance(control, Stop) and control.status == "failed":
                raise ErrorRaised(control.error or "an error block ended the run")
            if isinstance(control, Jump):
                raise ErrorRaised("a goto block leads into a loop from outside of it; put its label elsewhere")
        except BlockFailed as failed:
            await self._recorder.sync()
            return Outcome("failed", [failed.as_error()])
        except ErrorRaised as raised:
            await self._recorder.sync()
            return Outcome("failed", [{"code": raised.code, "title": raised.title, "detail": raised.detail}])
        outcome = Outcome("finished with warnings" if self.state.warnings else "finished", [])
        if not self._leaves_end:
            await self._recorder.sync()
        return outcome

    async def chain(
        self, first: str | None, frame: Frame, resume: list[dict[str, Any]], *, top: bool = True
    ) -> Control:
        """Runs blocks one after the other; gives what its owner must obey. ``top``: the chain is no branch."""
        steps = self.plan.steps
        step = steps.get(first) if first else None
        if resume:
            step = steps.get(resume[0]["k"])
            frame.restore(resume[0]["frame"])
            if "jump" in resume[0]:
                resume = []
        while step is not None or (top and frame.after):
            if step is None:
                following = frame.after.pop(0)
                step = steps.get(following) if following else None
                continue
            inner, resume = resume, []
            await self._turn()
            path = frame.visit(step, again=bool(inner)) if self.plan.revisits else frame.prefix + step.key
            if step.disabled:
                step = steps.get(step.next) if step.next else None
                continue
            control: Control
            if step.loop is not None or step.kind.iterable(step.program):
                if tracing.tracer is None:
                    control = await self._loop(step, frame, path, inner)
                else:
                    with block_span(step, path):
                        control = await self._loop(step, frame, path, inner)
            elif step.kind.catches:
                control = await self._catching(step, frame, path, inner)
            else:
                control = await self._single(step, frame, path, inner)
            if self._trial is not None and control is None:
                control = self._blocks.ends_here(step)
            if isinstance(control, Jump) and top:
                label = self.plan.labels[control.target]
                if label.orphan or label.loop == frame.loop:
                    step, frame.after = steps.get(control.target), list(label.after)
                    if step is not None:
                        await self._maybe_checkpoint(OpenJump(step, frame))
                    continue
            if control is not None:
                return control
            step = steps.get(step.next) if step.next else None
        return None

    async def _turn(self) -> None:
        """Ends the run where somebody asked for it; lets others run where this one has had the loop for long."""
        self._guard.check()
        if time.monotonic() - self._turn_began > self._slice:
            self._slice = await self._turns.next(self._tenant)
            self._turn_began = time.monotonic()

    async def _single(self, step: Step, frame: Frame, path: str, resume: list[dict[str, Any]]) -> Control:
        """One execution of a block that is not a loop, or its replay."""
        if resume:
            return await self._branch(step, frame, resume[0]["branch"], resume[1:])
        result = await self._blocks.once(step, path, self._open)
        if isinstance(result, Branch):
            if (end := self._blocks.ends_here(step, result)) is not None:
                return end
            return await self._branch(step, frame, result.index, []) if result.index is not None else None
        if isinstance(result, (Jump, Break, Stop, Suspend)):
            return result
        return None

    async def _catching(self, step: Step, frame: Frame, path: str, resume: list[dict[str, Any]]) -> Control:
        """A block whose second branch runs when the first one fails."""
        if resume and resume[0]["branch"] == 1:
            return await self._branch(step, frame, 1, resume[1:])
        depth = len(self._open)
        caught: dict[str, Any] | None = None
        control: Control = None
        self._blocks.catching += 1
        try:
            control = await self._branch(step, frame, 0, resume[1:])
        except BlockFailed as failed:
            caught = failed.as_error()
        finally:
            self._blocks.catching -= 1
        if isinstance(control, Stop) and control.status == "failed":
            caught = {"code": ErrorRaised.code, "title": ErrorRaised.title, "detail": control.error or ""}
        self.state.put(step.name, {"failed": caught is not None, "error": caught})
        if caught is None:
            return control
        del self._open[depth:]
        return await self._branch(step, frame, 1, [])

    async def _branch(self, step: Step, frame: Frame, index: int, resume: list[dict[str, Any]]) -> Control:
        target = step.branches[index] if index < len(step.branches) else None
        if target is None:
            return None
        self._open.append(OpenBranch(step, frame, index))
        control = await self.chain(target, frame, resume, top=False)
        self._open.pop()
        return control

    async def _loop(self, step: Step, frame: Frame, path: str, resume: list[dict[str, Any]]) -> Control:
        """All items of a loop, from the first or from where a checkpoint was taken."""
        blocks = self._blocks
        context = blocks.context(step, path)
        # A loop that is over is walked through again all the same: its body may have changed variables.
        noted = self._recorder.replayed(RESULT, path)
        saved = resume[0] if resume else None
        blocks.watch.touched = False
        if self._trial is not None and self._trial.end == step.id:
            step = replace(step, loop=None, collect=True)
        collected: LoopList | None = LoopList() if step.collect else None
        started = time.perf_counter()
        try:
            # What the loop began with: its body, or its end, may have changed what the inputs and pointers say now.
            begun = saved or self._recorder.replayed(INTENT, path)
            if begun is None and self.state.asides:
                await blocks.bring(step)
            inputs, source = await self._source(step, context, begun)
            if begun is None and source.reads and (blocks.watch.touched or source.snapshot() is not None):
                self._recorder.note(INTENT, path, {"in": inputs, "src": source.snapshot()}, reads=True)
            if saved is not None and collected is not None:
                collected.extend(saved["col"] or [])
            failed = noted is not None and "e" in noted
            control = await self._items(step, frame, path, source, inputs, collected, saved, resume[1:], failed)
            if control is not None and not isinstance(control, Break):
                return control
            if noted is not None:
                if collected is not None:
                    self.state.put(step.name, collected, Aside(*noted["b"]) if "b" in noted else None)
                return None
            # A loop that was left early has not seen all of its list: the pointer stays where it is.
            moved = None
            if control is None:
                if source.reads:
                    await self._recorder.settle()  # a pointer must not pass what is not yet on disk
                moved = await source.finished()
        except FailedBefore:
            await blocks.replay(step, path, noted or {}, context)
            return None
        except TielineError as error:
            if passes_through(error):
                raise
            await blocks.failed(step, path, context, error, started)
            return None
        await self._loop_done(step, path, context, inputs, collected, moved, started)
        return None

    async def _source(self, step: Step, context: BlockContext, begun: dict[str, Any] | None) -> tuple[Any, LoopSource]:
        """Evaluated inputs of a loop, and where its items come from; ``begun``: what it began with before a restart."""
        trial = self._trial
        if trial is not None and step.id in trial.pins:
            return [], PinnedItems(trial.pins[step.id])
        inputs = begun["in"] if begun else step.kind.inputs(step.program, context)
        source = await step.kind.open(step.program, inputs, context)
        if trial is not None and trial.end == step.id:
            source = FirstItems(source, SAMPLE_ITEMS)
        if begun is not None:
            source.restore(begun["src"])
        return inputs, source

    async def _loop_done(
        self,
        step: Step,
        path: str,
        context: BlockContext,
        inputs: Any,
        collected: list[Any] | None,
        moved: Any,
        started: float,
    ) -> None:
        """Notes the end of a loop; what `LoopSource.finished` moved goes in the same note."""
        spent = time.perf_counter() - started
        context.metrics.runs += 1
        context.metrics.seconds += spent
        note: dict[str, Any] = {"t": round(spent * 1000, 3), "o": None}
        aside: Aside | None = None
        if collected is not None:
            size = weight(collected)
            if size > ASIDE_FROM:
                aside = Aside(await self._keep(codec.encode(list(collected))), size)
                note = {"t": note["t"], "b": [aside.blob, aside.size]}
            else:
                note["o"] = list(collected)
            self.state.put(step.name, collected, aside)
        if context.exchanges:
            note["x"] = context.exchanges
        if (step.kind.reads or self._trial is not None) and inputs and weight(inputs) <= NOTED_INPUTS:
            note["i"] = inputs
        if moved is not None:
            note["p"] = moved
            await self._recorder.durable(RESULT, path, note)
        else:
            self._recorder.note(RESULT, path, note, reads=True)
            await self._recorder.breathe()

    async def _items(
        self,
        step: Step,
        frame: Frame,
        path: str,
        source: LoopSource,
        inputs: Any,
        collected: LoopList | None,
        saved: dict[str, Any] | None,
        resume: list[dict[str, Any]],
        failed: bool,
    ) -> Control:
        """The body, once per item; gives what the body asks for beyond this loop."""
        batches = self._pages.batches(path, source, saved, failed, self._blocks.watch.touched)
        if step.parallel > 1 and step.loop is not None and not self._lane:
            return await Lanes(self, self._recorder, step, frame, path, source, inputs, collected).run(batches, saved)
        fields: dict[str, Any] = {} if collected is None else collected.fields
        view: Any = fields if collected is None else collected
        self.state.put(step.name, view)
        index = saved["i"] if saved else 0
        skip = saved["off"] if saved else 0
        async for batch, row in batches:
            if step.loop is None:
                self._guard.check()
                if collected is not None:
                    collected.extend(record for record in batch.records[skip:] if source.accept(record))
                skip = 0
                continue
            for offset, record in enumerate(batch.records):
                if offset < skip:
                    continue
                if not resume and not source.accept(record):
                    continue
                current = OpenLoop(step, frame, batch, offset, index, source, inputs, row, collected)
                if not resume:
                    await self._maybe_checkpoint(current)
                    await self._turn()
                    if collected is not None:
                        collected.append(record)
                fields["item"], fields["index"] = record, index
                if self.state.outputs.get(step.name) is not view:
                    self.state.put(step.name, view)
                self._open.append(current)
                control = await self.chain(step.loop, Frame(f"{path}.{index}/", step.id), resume)
                self._open.pop()
                resume = []
                index += 1
                self.item_done()
                if control is not None:
                    return control
            skip = 0
        return None

    def item_done(self) -> None:
        """Counts an item, if its loop is the outermost one."""
        if not any(isinstance(entry, OpenLoop) for entry in self._open):
            self.state.items += 1

    async def _maybe_checkpoint(self, current: OpenLoop | OpenJump) -> None:
        """Writes a checkpoint where enough has happened since the last one for it to be worth its price."""
        if self.checkpoint_due():
            await self.checkpoint(current)

    def checkpoint_due(self, price: float = 0.0) -> bool:
        """Whether a checkpoint is worth its price; ``price``: seconds that it costs besides writing it."""
        elapsed = time.monotonic() - self._last_checkpoint
        cost = self._checkpoint_cost + price
        if self._lane or elapsed < CHECKPOINT_SECONDS or cost > elapsed * CHECKPOINT_SHARE:
            return False
        return not self._recorder.replaying

    async def checkpoint(self, current: OpenLoop | OpenJump) -> None:
        """Writes the whole state, to be gone on from at ``current``."""
        started = time.monotonic()
        await self._recorder.checkpoint(
            {
                "state": self.state.snapshot(),
                "stack": [entry.saved() for entry in (*self._open, current)],
                "metrics": {key: list(astuple(m)) for key, m in self.metrics.items()},
            }
        )
        self._last_checkpoint = time.monotonic()
        self._checkpoint_cost = self._last_checkpoint - started
