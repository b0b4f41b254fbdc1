"""Loops whose items are in work side by side: everything as one by one would give it, after any crash."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.automations.engine.documents import block, chain, condition, document, variable
from tests.automations.engine.world import World, claim, run_with_crashes
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.registry import BlockType, CompileContext, register

pytestmark = pytest.mark.anyio


class Meeting:
    """Counts who is inside at once; lets items through in an order of its own."""

    def __init__(self, *, order: list[str] | None = None) -> None:
        self.inside = 0
        self.most = 0
        self.order = order or []
        self.left: list[str] = []

    async def visit(self, who: str) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        for _ in range(200):
            if self.order and self.order[0] == who:
                break
            await asyncio.sleep(0)
        self.order = [other for other in self.order if other != who]
        self.left.append(who)
        self.inside -= 1


@register
class TestMeet(BlockType):
    """Stays for a while."""

    type = "TestMeet"

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("who"))

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return program.evaluate(context.state, context.env)

    async def run(self, program: Any, inputs: Any, context: BlockContext) -> Any:
        await context.services.get(Meeting).visit(inputs)
        return inputs


def records(count: int) -> list[dict[str, Any]]:
    return [{"id": f"r{number}"} for number in range(count)]


def parallel(*body: Any, n: int = 4, order: str = "yes", **variables: str) -> dict[str, Any]:
    return document(
        (
            block("TestList", "contacts", settings={"parallel": n, "keep_order": order}),
            {"loopBlockId": chain(*body)},
        ),
        block("ShowBlock", inputs={"input": "{$.count} of {implode: {$.ids}, ','}"}),
        block("TestEffect", "last", inputs={"body": {"ids": "{$.ids}", "count": "{$.count}"}}),
        variables={"ids": "list", "count": "number", **variables},
    )


BODY = (
    block("TestRead", "fresh"),
    variable("ids", "add_item", "{$.contacts.item.id}"),
    variable("count", "add", "1"),
    block(
        "TestEffect",
        "sent",
        inputs={"body": {"record": "{$.contacts.item}", "fresh": "{$.fresh}", "so far": "{$.count}"}},
    ),
)


@pytest.mark.parametrize("order", ["yes", "no"], ids=["order kept", "order free"])
async def test_as_many_items_as_allowed_are_in_work_and_variables_add_up(order: str) -> None:
    world, meeting = World(records=records(25)), Meeting()
    body = (block("TestMeet", inputs={"who": "{$.contacts.item.id}"}), *BODY)
    outcome, interpreter = await claim(world, parallel(*body, order=order), fence=1, services=[(Meeting, meeting)])
    assert outcome.status == "finished"
    assert meeting.most == 4
    assert len(world.effects) == 26
    count, ids = interpreter.state.shown[0].split(" of ")
    assert count == "25"
    assert sorted(ids.split(",")) == sorted(f"r{number}" for number in range(25))
    assert interpreter.state.items == 25


async def test_with_the_order_kept_changes_come_in_the_order_of_the_list() -> None:
    world, meeting = World(records=records(8)), Meeting(order=["r3", "r2", "r1", "r0", "r7", "r6", "r5", "r4"])
    body = (block("TestMeet", inputs={"who": "{$.contacts.item.id}"}), *BODY)
    _, interpreter = await claim(world, parallel(*body), fence=1, services=[(Meeting, meeting)])
    assert meeting.left[:4] == ["r3", "r2", "r1", "r0"]
    assert interpreter.state.shown == ["8 of r0,r1,r2,r3,r4,r5,r6,r7"]


async def test_without_it_changes_come_as_items_end() -> None:
    world, meeting = World(records=records(4)), Meeting(order=["r3", "r2", "r1", "r0"])
    body = (block("TestMeet", inputs={"who": "{$.contacts.item.id}"}), *BODY)
    _, interpreter = await claim(world, parallel(*body, order="no"), fence=1, services=[(Meeting, meeting)])
    assert interpreter.state.shown == ["4 of r3,r2,r1,r0"]


@pytest.mark.parametrize("order", ["yes", "no"], ids=["order kept", "order free"])
async def test_a_crash_after_any_event_loses_and_doubles_nothing(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.automations.engine.interpreter.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("tieline.automations.engine.interpreter.CHECKPOINT_SHARE", 1e9)
    calm = World(records=records(23), shifting=True)
    await run_with_crashes(calm, parallel(*BODY, order=order), [])
    for crash_at in range(1, calm.events + 1):
        world = World(records=records(23), shifting=True)
        outcome, interpreter, claims = await run_with_crashes(world, parallel(*BODY, order=order), [crash_at])
        assert (outcome.status, claims) == ("finished", 2)
        assert world.conflicts == [], f"another body under the same key after a crash at {crash_at}"
        assert len(world.effects) == 24, f"crash at {crash_at}"
        count, ids = interpreter.state.shown[0].split(" of ")
        assert (count, len(set(ids.split(",")))) == ("23", 23)


async def test_repeated_crashes_without_checkpoints_keep_the_order_in_which_items_ended() -> None:
    for gap in range(3, 40):
        world = World(records=records(30))
        outcome, interpreter, _ = await run_with_crashes(world, parallel(*BODY, order="no"), [gap, gap, gap])
        assert outcome.status == "finished"
        assert world.conflicts == []
        assert interpreter.state.shown[0].startswith("30 of ")


async def test_an_item_that_fails_lets_those_in_work_end_and_no_other_begin() -> None:
    world = World(records=records(20))
    body = (
        block("TestEffect", "sent", inputs={"body": "{$.contacts.item.id}"}),
        (
            condition("{$.contacts.item.id}", "=", "r5"),
            {"childTrueId": chain(block("ErrorBlock", inputs={"message": "five"}))},
        ),
    )
    outcome, _ = await claim(world, parallel(*body), fence=1)
    assert outcome.status == "failed"
    assert outcome.errors[0]["detail"] == "five"
    sent = set(world.effects.values())
    assert {f"r{number}" for number in range(6)} <= sent
    assert len(sent) <= 9


async def test_a_break_ends_the_loop_as_if_items_had_come_one_by_one() -> None:
    world = World(records=records(20))
    body = (
        variable("ids", "add_item", "{$.contacts.item.id}"),
        (condition("{$.contacts.item.id}", "=", "r5"), {"childTrueId": chain(block("ForEachBreakBlock"))}),
        variable("count", "add", "1"),
    )
    outcome, interpreter = await claim(world, parallel(*body), fence=1)
    assert outcome.status == "finished"
    assert interpreter.state.shown == ["5 of r0,r1,r2,r3,r4,r5"]
    assert world.pointer is None


async def test_items_that_sleep_give_the_worker_back_and_go_on() -> None:
    world = World(records=records(6))
    body = (
        block("SleepBlock", inputs={"time": 3600}),
        block("TestEffect", "sent", inputs={"body": "{$.contacts.item.id}"}),
    )
    outcome, _ = await claim(world, parallel(*body, n=3), fence=1)
    assert outcome.status == "suspended"
    assert world.effects == {}


async def test_a_parallel_loop_inside_another_runs_one_by_one() -> None:
    world, meeting = World(records=records(3)), Meeting()
    inner = (
        block("ForEachBlock", "inner", inputs={"input": ["a", "b", "c"]}, settings={"parallel": 3}),
        {"loopBlockId": chain(block("TestMeet", inputs={"who": "{$.inner.item}"}))},
    )
    await claim(world, parallel(inner, n=2), fence=1, services=[(Meeting, meeting)])
    assert meeting.most == 2
    assert len(meeting.left) == 9


async def test_items_do_not_see_what_items_beside_them_change() -> None:
    world = World(records=records(12))
    body = (
        variable("ids", "add_item", "{$.contacts.item.id}"),
        block("TestEffect", "sent", inputs={"body": "{count: {$.ids}}"}),
    )
    await claim(world, parallel(*body), fence=1)
    assert [body for body in world.effects.values() if not isinstance(body, dict)] == [1] * 12
