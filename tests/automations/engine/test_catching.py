"""Try blocks, and test runs with pins, ends and samples."""

from __future__ import annotations

from typing import Any

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.automations.engine.documents import block, chain, document, variable
from tests.automations.engine.world import AUTOMATION, RUN, TENANT, FakeClaim, World, claim, run_with_crashes
from tieline.automations.engine.context import BlockContext, RunInfo, Services
from tieline.automations.engine.interpreter import Interpreter
from tieline.automations.engine.journal import Recorder
from tieline.automations.engine.registry import BlockType, CompileContext, register
from tieline.automations.engine.trial import Trial
from tieline.automations.workspace import compile_plan
from tieline.core.errors import Terminal

pytestmark = pytest.mark.anyio


class Refused(Terminal):
    code = "refused"
    title = "Refused"


@register
class TestFail(BlockType):
    """Fails, with another text each time, after it has sent something."""

    type = "TestFail"

    def compile(self, context: CompileContext) -> Any:
        return None

    def effect(self, program: Any) -> bool:
        return True

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        world = context.services.get(World)
        world.arrivals["failures"] += 1
        world.event()
        raise Refused(f"no, for the {world.arrivals['failures']}th time")


def caught(*, items: int = 4, **loop: Any) -> dict[str, Any]:
    return document(
        (
            block("ForEachBlock", "loop", inputs={"input": list(range(items))}, settings=loop),
            {
                "loopBlockId": chain(
                    (
                        block("TryBlock", "try"),
                        {
                            "tryChildId": chain(
                                block("TestEffect", inputs={"body": "before {$.loop.item}"}),
                                variable("seen", "add", "1"),
                                block("TestFail"),
                                block("TestEffect", inputs={"body": "never"}),
                            ),
                            "catchChildId": chain(
                                block("TestEffect", inputs={"body": "{$.loop.item}: {$.try.error.detail}"}),
                                variable("failed", "add", "1"),
                            ),
                        },
                    ),
                    block("TestEffect", inputs={"body": "after {$.loop.item}, {$.try.failed}"}),
                )
            },
        ),
        block("ShowBlock", inputs={"input": "{$.seen} seen, {$.failed} failed"}),
        variables={"seen": "number", "failed": "number"},
    )


async def test_a_failure_runs_the_catch_chain_and_the_run_goes_on() -> None:
    world = World()
    outcome, interpreter = await claim(world, caught(items=1), fence=1)
    assert outcome.status == "finished"
    assert list(world.effects.values()) == ["before 0", "0: no, for the 1th time", "after 0, true"]
    assert interpreter.state.shown == ["1 seen, 1 failed"]


@pytest.mark.parametrize("loop", [{}, {"parallel": 3}, {"parallel": 3, "keep_order": "no"}], ids=str)
async def test_after_any_crash_what_was_caught_stays_caught(loop: dict[str, Any]) -> None:
    calm = World()
    await run_with_crashes(calm, caught(**loop), [])
    for crash_at in range(1, calm.events + 1):
        world = World()
        outcome, interpreter, _ = await run_with_crashes(world, caught(**loop), [crash_at])
        assert outcome.status == "finished"
        assert world.conflicts == [], f"crash at {crash_at}"
        assert len(world.effects) == 12, f"crash at {crash_at}"
        assert interpreter.state.shown == ["4 seen, 4 failed"]


async def test_an_error_block_is_caught_too_and_a_failure_in_the_catch_chain_is_not() -> None:
    inner = {
        "tryChildId": chain(block("ErrorBlock", inputs={"message": "on purpose"})),
        "catchChildId": chain(block("TestEffect", inputs={"body": "{$.try.error.detail}"}), block("TestFail")),
    }
    world = World()
    outcome, _ = await claim(world, document((block("TryBlock", "try"), inner)), fence=1)
    assert outcome.status == "failed"
    assert list(world.effects.values()) == ["on purpose"]
    assert outcome.errors[0]["code"] == "refused"


async def test_a_try_around_a_try_catches_what_the_inner_one_lets_through() -> None:
    inner = {"tryChildId": chain(block("TestFail")), "catchChildId": chain(block("TestFail"))}
    outer = {
        "tryChildId": chain((block("TryBlock", "inner"), inner)),
        "catchChildId": chain(block("TestEffect", inputs={"body": "{$.outer.error.detail}"})),
    }
    world = World()
    outcome, _ = await claim(world, document((block("TryBlock", "outer"), outer)), fence=1)
    assert (outcome.status, list(world.effects.values())) == ("finished", ["no, for the 2th time"])


async def trial(world: World, document: dict[str, Any], trial: Trial) -> tuple[Any, Interpreter]:
    interpreter = Interpreter(
        compile_plan(document),
        RunInfo(TENANT, RUN, AUTOMATION, is_test=True),
        Recorder(world, FakeClaim(), next_seq=1),
        Services((World, world)),
        keep=world.keep,
        fetch=world.fetch,
        guard=world,
        trial=trial,
    )
    return await interpreter.run(), interpreter


def pinned_document() -> dict[str, Any]:
    return document(
        block("TestEffect", "made", inputs={"body": "real"}),
        (
            block("TestList", "contacts"),
            {"loopBlockId": chain(block("TestEffect", "sent", inputs={"body": "{$.contacts.item.id} {$.made.id}"}))},
        ),
        block("TestEffect", "last", inputs={"body": "{$.made.id}"}),
    )


def identity(document: dict[str, Any], name: str) -> str:
    return next(entry["id"] for entry in document["blocks"] if entry["name"] == name)


async def test_pinned_outputs_take_the_place_of_what_blocks_would_do() -> None:
    workspace, world = pinned_document(), World(records=[{"id": "real"}])
    pins = {identity(workspace, "made"): {"id": "pin"}, identity(workspace, "contacts"): [{"id": "a"}, {"id": "b"}]}
    outcome, _ = await trial(world, workspace, Trial(pins=pins))
    assert outcome.status == "finished"
    assert list(world.effects.values()) == ["a pin", "b pin", "pin"]
    assert world.pages_served == {}
    assert world.pointer is None


async def test_a_test_run_ends_behind_its_block_and_leaves_out_the_body_of_a_loop() -> None:
    workspace, world = pinned_document(), World(records=[{"id": f"r{number}"} for number in range(250)])
    outcome, interpreter = await trial(world, workspace, Trial(until=identity(workspace, "contacts")))
    assert outcome.status == "finished"
    assert list(world.effects.values()) == ["real"]
    assert len(interpreter.state.outputs["contacts"]) == 100
    assert world.pointer is None


async def test_one_block_alone_runs_on_sample_data() -> None:
    workspace, world = pinned_document(), World()
    only = Trial(only=identity(workspace, "sent"), sample={"made": {"id": "m"}, "contacts": {"item": {"id": "s"}}})
    outcome, interpreter = await trial(world, workspace, only)
    assert outcome.status == "finished"
    assert list(world.effects.values()) == ["s m"]
    assert interpreter.state.outputs["sent"]["echo"] == "s m"
