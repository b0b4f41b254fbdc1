"""A world in memory for crash tests of the interpreter: a disk that keeps what was committed, and an API that counts
effects.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tieline.automations.engine.context import BlockContext, RunInfo, Services
from tieline.automations.engine.interpreter import Interpreter
from tieline.automations.engine.journal import CHECKPOINT, Entry, Recorder
from tieline.automations.engine.registry import Batch, BlockType, CompileContext, LoopSource, register
from tieline.automations.engine.results import Outcome
from tieline.automations.workspace import compile_plan
from tieline.storage.errors import FenceLost

TENANT, RUN, AUTOMATION = UUID(int=1), UUID(int=2), UUID(int=3)


class Crash(BaseException):
    """The process is gone: nothing of ours may catch it."""


@dataclass
class FakeClaim:
    tenant_id: UUID = TENANT
    run_id: UUID = RUN
    fence: int = 1
    lost: bool = False


@dataclass
class World:
    """``crash_at``: after that many events (effects seen, rows committed) the process dies."""

    disk: dict[int, Entry] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    effects: dict[str, Any] = field(default_factory=dict)  # idempotency key -> body
    arrivals: Counter[str] = field(default_factory=Counter)
    conflicts: list[str] = field(default_factory=list)
    pages_served: Counter[int] = field(default_factory=Counter)
    records: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 10
    shifting: bool = False  # records move between pages on every fetch
    events: int = 0
    crash_at: int = -1
    pointer: Any = None

    def event(self) -> None:
        self.events += 1
        if 0 < self.crash_at <= self.events:  # what has died stays dead, also where a timer swallowed that
            raise Crash

    def append(self, run: FakeClaim, entries: Sequence[Entry]) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if run.lost:
            future.set_exception(FenceLost("lost"))
            return future
        self.event()
        for entry in entries:
            assert entry.seq not in self.disk
            self.disk[entry.seq] = entry
        future.set_result(None)
        return future

    async def load(self, run: FakeClaim, since: int = 0) -> AsyncIterator[Entry]:
        for seq in sorted(self.disk):
            if seq > since:
                yield self.disk[seq]

    async def keep(self, data: bytes) -> str:
        self.event()
        name = f"blob{len(self.blobs)}"
        self.blobs[name] = data
        return name

    async def fetch(self, name: str) -> bytes:
        if name.startswith("row:"):
            data = self.disk[int(name[4:])].data
            assert data is not None
            return data
        return self.blobs[name]

    def send(self, key: str, body: Any) -> dict[str, Any]:
        """An effect under an idempotency key: once per key, a conflict when the same key brings another body."""
        self.arrivals[key] += 1
        if key in self.effects:
            if self.effects[key] != body:
                self.conflicts.append(key)
        else:
            self.effects[key] = body
        self.event()
        return {"id": key, "echo": body}

    # the guard
    def check(self) -> None: ...

    async def before_effect(self) -> None: ...


@register
class TestEffect(BlockType):
    """Sends its input."""

    type = "TestEffect"

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("body"))

    def effect(self, program: Any) -> bool:
        return True

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return program.evaluate(context.state, context.env)

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        context.metrics.calls += 1
        return context.services.get(World).send(context.idempotency_key, inputs)


@register
class TestRead(BlockType):
    """Reads something that differs on every call."""

    type = "TestRead"
    reads = True

    def compile(self, context: CompileContext) -> Any:
        return None

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        world = context.services.get(World)
        world.arrivals["reads"] += 1
        return world.arrivals["reads"]


@register
class TestList(BlockType):
    """Lists the world's records, page by page."""

    type = "TestList"
    reads = True

    def compile(self, context: CompileContext) -> Any:
        return None

    def iterable(self, program: Any) -> bool:
        return True

    async def open(self, program: Any, inputs: Any, context: BlockContext) -> LoopSource:
        return WorldList(context.services.get(World))


class WorldList(LoopSource):
    reads = True

    def __init__(self, world: World) -> None:
        self.world = world
        self.accepted = 0

    async def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        start = cursor["at"] if cursor else 0
        while True:
            self.world.pages_served[start] += 1
            self.world.event()
            size = self.world.page_size
            page = [dict(record) for record in self.world.records[start : start + size]]
            if self.world.shifting:
                page = [{**record, "seen": self.world.pages_served[start]} for record in reversed(page)]
            more = start + size < len(self.world.records)
            yield Batch(number, page, {"at": start}, {"at": start + size} if more else None)
            if not more:
                return
            start += size
            number += 1

    def accept(self, record: Any) -> bool:
        self.accepted += 1
        return True

    def snapshot(self) -> Any:
        return self.accepted

    def restore(self, snapshot: Any) -> None:
        self.accepted = snapshot

    async def finished(self) -> Any:
        self.world.pointer = True
        return {"done": True}


async def claim(
    world: World,
    document: dict[str, Any],
    *,
    fence: int,
    inputs: Any = None,
    services: Sequence[tuple[type[Any], Any]] = (),
    run: RunInfo | None = None,
) -> tuple[Outcome, Interpreter]:
    """One claim of the run: restores what is on disk and goes on."""
    mine = FakeClaim(fence=fence)
    last = max((seq for seq, entry in world.disk.items() if entry.kind == CHECKPOINT), default=0)
    recorder = Recorder(world, mine, next_seq=max(world.disk, default=0) + 1)
    interpreter = Interpreter(
        compile_plan(document),
        run or RunInfo(TENANT, RUN, AUTOMATION, inputs=inputs, fence=fence),
        recorder,
        Services((World, world), *services),
        keep=world.keep,
        fetch=world.fetch,
        guard=world,
    )
    stack = None
    if last:
        checkpoint = world.disk[last].data
        assert checkpoint is not None
        stack = interpreter.restore(checkpoint)
    async for entry in world.load(mine, last):
        if entry.kind != CHECKPOINT:
            assert entry.data is not None
            recorder.feed(entry.seq, entry.data)
    try:
        return await interpreter.run(stack), interpreter
    except Crash:
        recorder.abandon()
        mine.lost = True
        raise


async def run_with_crashes(
    world: World,
    document: dict[str, Any],
    crashes: Sequence[int],
    *,
    inputs: Any = None,
    services: Sequence[tuple[type[Any], Any]] = (),
    run: RunInfo | None = None,
) -> tuple[Outcome, Interpreter, int]:
    """Runs until it ends; the process dies after each of ``crashes`` more events. Gives the number of claims, too."""
    fence = 0
    for gap in [*crashes, -1]:
        fence += 1
        world.events, world.crash_at = 0, gap
        try:
            outcome, interpreter = await claim(world, document, fence=fence, inputs=inputs, services=services, run=run)
        except Crash:
            continue
        return outcome, interpreter, fence
    raise AssertionError("the last claim has no crash")
