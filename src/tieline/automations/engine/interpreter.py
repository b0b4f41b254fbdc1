"""The interpreter: walks a plan, notes every result in the journal, and goes on where an earlier claim stopped.

A *chain* is a row of blocks linked by their ``next``; a loop's body and a branch are chains of their own. Each
execution of a block has a path: the loops around it with their item numbers, then the block (``b4.7431/b6``); a jump
that comes back to a block adds a visit (``b6~2``). On a restart the last checkpoint gives the state and the chains
that were open, the notes behind it give results instead of executions, and the first path without a result is where
real work begins again.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tieline.automations.engine import codec
from tieline.automations.engine.context import BlockContext, BlockMetrics, Guard, RunInfo, Services, WatchedEnv
from tieline.automations.engine.errors import ErrorRaised
from tieline.automations.engine.frames import Frame, OpenBranch, OpenJump, OpenLoop, grows
from tieline.automations.engine.journal import INTENT, NOTE, RESULT, Recorder
from tieline.automations.engine.pages import FailedBefore, Fetch, Keep, Pages
from tieline.automations.engine.plan import Plan, Step
from tieline.automations.engine.registry import Branch, Break, Jump, LoopSource, Stop, Suspend
from tieline.automations.engine.results import (
    BlockFailed,
    Outcome,
    blamed,
    control_note,
    passes_through,
    replayed_control,
    weight,
)
from tieline.automations.engine.state import ASIDE_FROM, Aside, LoopList, State
from tieline.core.errors import TielineError

CHECKPOINT_SECONDS = 1.0
CHECKPOINT_SHARE = 0.02  # of the time since the last one that a checkpoint may cost
LONG_REPLAY = 200  # notes behind the last checkpoint from which on the next one comes at once
TURN_SECONDS = 0.02  # for which a run may keep the loop from other runs
NOTED_INPUTS = 4096  # bytes of a block's inputs that the history keeps


Control = Break | Jump | Stop | Suspend | None


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
    ) -> None:
        self.plan = plan
        self.run_info = run
        self.state = State(plan.variables)
        self.metrics: dict[str, BlockMetrics] = {}
        self._recorder = recorder
        self._services = services
        self._keep = keep
        self._fetch = fetch
        self._guard = guard
        self._watch = WatchedEnv()
        self._pages = Pages(recorder, keep, fetch)
        self._open: list[OpenLoop | OpenBranch] = []
        self._last_checkpoint = time.monotonic()
        self._checkpoint_cost = 0.0
        self._turn_began = self._last_checkpoint

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
        try:
            control = await self._chain(self.plan.start, Frame(), resume or [])
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
        await self._recorder.sync()
        return Outcome("finished with warnings" if self.state.warnings else "finished", [])

    async def _chain(
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
                control = await self._loop(step, frame, path, inner)
            else:
                control = await self._single(step, frame, path, inner)
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
        if time.monotonic() - self._turn_began > TURN_SECONDS:
            await asyncio.sleep(0)
            self._turn_began = time.monotonic()

    async def _single(self, step: Step, frame: Frame, path: str, resume: list[dict[str, Any]]) -> Control:
        """One execution of a block that is not a loop, or its replay."""
        if resume:
            return await self._branch(step, frame, resume[0]["branch"], resume[1:])
        context = self._context(step, path)
        noted = self._recorder.replayed(RESULT, path)
        if noted is not None:
            self._recorder.replayed(INTENT, path)  # it has led to the result
            result = await self._replay_result(step, noted, context)
        else:
            result = await self._execute(step, path, context)
        if isinstance(result, Branch):
            return await self._branch(step, frame, result.index, []) if result.index is not None else None
        if isinstance(result, (Jump, Break, Stop, Suspend)):
            return result
        return None

    async def _branch(self, step: Step, frame: Frame, index: int, resume: list[dict[str, Any]]) -> Control:
        target = step.branches[index] if index < len(step.branches) else None
        if target is None:
            return None
        self._open.append(OpenBranch(step, frame, index))
        control = await self._chain(target, frame, resume, top=False)
        self._open.pop()
        return control

    async def _execute(self, step: Step, path: str, context: BlockContext) -> Any:
        """Runs a block for real and notes what came of it."""
        started = time.perf_counter()
        self._watch.touched = False
        kind = step.kind
        visible: Any = None
        size = 0
        try:
            if self.state.asides:
                await self._bring(step)
            inputs = await self._inputs(step, path, context)
            keeps_inputs = step.effect and inputs is not None and weight(inputs) <= NOTED_INPUTS
            result = await kind.run(step.program, inputs, context)
            control = control_note(result)
            if control is None:
                if grows(self._open, step):
                    result = codec.copy(result)
                size = weight(result)
                visible = kind.apply(step.program, result, context)
        except Exception as error:  # noqa: BLE001 - `blamed` logs it
            return await self._failed(step, path, context, blamed(error, step, path), started)
        spent = time.perf_counter() - started
        context.metrics.runs += 1
        context.metrics.seconds += spent
        note: dict[str, Any] = {"t": round(spent * 1000, 3)}
        if context.exchanges:
            note["x"] = context.exchanges
        aside: Aside | None = None
        if control is not None:
            if isinstance(result, Suspend):
                await self._recorder.durable(INTENT, path, {"i": result.until.isoformat()})
            if not control:
                return result  # jumps, breaks and pauses leave no result behind
            note["c"] = control
        else:
            if size > ASIDE_FROM:
                aside = Aside(await self._keep(codec.encode(result)), size)
                note["b"] = [aside.blob, aside.size]
            else:
                note["o"] = result
            if visible is not None or step.name:
                self.state.put(step.name, visible, aside)
        if step.effect:
            if keeps_inputs:
                note["i"] = inputs
            await self._recorder.durable(RESULT, path, note)
        else:
            self._recorder.note(RESULT, path, note, reads=kind.reads or self._watch.touched)
            await self._recorder.breathe()
        return result

    async def _inputs(self, step: Step, path: str, context: BlockContext) -> Any:
        """Evaluated inputs; for an effect, all that they rest on is on disk before this returns."""
        intent = self._recorder.replayed(INTENT, path)
        if not step.effect:
            context.intent = intent["i"] if intent is not None else None
            return step.kind.inputs(step.program, context)
        await self._guard.before_effect()
        if intent is not None:
            return intent["i"]
        inputs = step.kind.inputs(step.program, context)
        if self._watch.touched:
            await self._recorder.durable(INTENT, path, {"i": inputs})
        else:
            await self._recorder.settle()
        return inputs

    async def _failed(self, step: Step, path: str, context: BlockContext, error: TielineError, started: float) -> Any:
        """A block that failed: the end of the run, or a note and an empty output."""
        spent = round((time.perf_counter() - started) * 1000, 3)
        note = {"t": spent, "e": {"code": error.code, "detail": error.detail}, "o": None}
        if context.exchanges:
            note["x"] = context.exchanges
        if step.on_error == "stop":
            self._recorder.note(NOTE, path, note)
            raise BlockFailed(step, path, error)
        if step.on_error == "warning":
            context.warn(error.detail)
        self.state.put(step.name, None)
        if step.effect:
            await self._recorder.durable(RESULT, path, note)
        else:
            self._recorder.note(RESULT, path, note, reads=True)
        return None

    async def _replay_result(self, step: Step, note: dict[str, Any], context: BlockContext) -> Any:
        """Puts a noted result back as if the block had just run."""
        if "c" in note:
            return replayed_control(note["c"])
        if "e" in note:
            if step.on_error == "warning":
                context.warn(note["e"]["detail"])
            self.state.put(step.name, None)
            return None
        aside = None
        if "b" in note:
            aside = Aside(*note["b"])
            value = codec.decode(await self._fetch(aside.blob))
        else:
            value = note.get("o")
        self.state.put(step.name, step.kind.apply(step.program, value, context), aside)
        return None

    async def _loop(self, step: Step, frame: Frame, path: str, resume: list[dict[str, Any]]) -> Control:
        """All items of a loop, from the first or from where a checkpoint was taken."""
        context = self._context(step, path)
        # A loop that is over is walked through again all the same: its body may have changed variables.
        noted = self._recorder.replayed(RESULT, path)
        saved = resume[0] if resume else None
        self._watch.touched = False
        collected: LoopList | None = LoopList() if step.collect else None
        started = time.perf_counter()
        try:
            # What the loop began with: its body, or its end, may have changed what the inputs and pointers say now.
            begun = saved or self._recorder.replayed(INTENT, path)
            if begun is None and self.state.asides:
                await self._bring(step)
            inputs = begun["in"] if begun else step.kind.inputs(step.program, context)
            source = await step.kind.open(step.program, inputs, context)
            if begun is not None:
                source.restore(begun["src"])
            elif source.reads and (self._watch.touched or source.snapshot() is not None):
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
            await self._replay_result(step, noted or {}, context)
            return None
        except TielineError as error:
            if passes_through(error):
                raise
            await self._failed(step, path, context, error, started)
            return None
        await self._loop_done(step, path, context, collected, moved, started)
        return None

    async def _loop_done(
        self, step: Step, path: str, context: BlockContext, collected: list[Any] | None, moved: Any, started: float
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
        fields: dict[str, Any] = {} if collected is None else collected.fields
        view: Any = fields if collected is None else collected
        self.state.put(step.name, view)
        index = saved["i"] if saved else 0
        skip = saved["off"] if saved else 0
        outermost = not any(isinstance(entry, OpenLoop) for entry in self._open)
        async for batch, row in self._pages.batches(path, source, saved, failed, self._watch.touched):
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
                control = await self._chain(step.loop, Frame(f"{path}.{index}/", step.id), resume)
                self._open.pop()
                resume = []
                index += 1
                if outermost:
                    self.state.items += 1
                if control is not None:
                    return control
            skip = 0
        return None

    async def _maybe_checkpoint(self, current: OpenLoop | OpenJump) -> None:
        """Writes a checkpoint where enough has happened since the last one for it to be worth its price."""
        elapsed = time.monotonic() - self._last_checkpoint
        if elapsed < CHECKPOINT_SECONDS or self._checkpoint_cost > elapsed * CHECKPOINT_SHARE:
            return
        if self._recorder.replaying:
            return
        started = time.monotonic()
        await self._recorder.checkpoint(
            {
                "state": self.state.snapshot(),
                "stack": [entry.saved() for entry in (*self._open, current)],
                "metrics": {key: [m.calls, m.sent, m.received, m.runs, m.seconds] for key, m in self.metrics.items()},
            }
        )
        self._last_checkpoint = time.monotonic()
        self._checkpoint_cost = self._last_checkpoint - started

    async def _bring(self, step: Step) -> None:
        for name, aside in self.state.absent(step.roots):
            self.state.restore_value(name, codec.decode(await self._fetch(aside.blob)))

    def _context(self, step: Step, path: str) -> BlockContext:
        metrics = self.metrics.get(step.key)
        if metrics is None:
            metrics = self.metrics[step.key] = BlockMetrics()
        return BlockContext(step, path, self.run_info, self.state, self._watch.env, self._services, metrics)
