"""Documents, data and moments that no sensible person would choose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.automations.engine.documents import block, chain, condition, document, variable
from tests.automations.engine.world import Crash, World, claim, run_with_crashes
from tieline.automations.blocks.high_water import MAX_SEEN, HighWater, moment
from tieline.automations.engine.context import BlockContext
from tieline.automations.engine.errors import PlanError, RunStopped
from tieline.automations.engine.registry import Batch, BlockType, CompileContext, LoopSource, register
from tieline.automations.engine.state import OUTPUT_LIMIT, State
from tieline.automations.workspace import check, compile_plan

pytestmark = pytest.mark.anyio

RECORDS = [{"id": f"r{number}"} for number in range(12)]


@pytest.fixture
def checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint at every item."""
    monkeypatch.setattr("tieline.automations.engine.interpreter.CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr("tieline.automations.engine.interpreter.CHECKPOINT_SHARE", 1e9)


@register
class TestIncremental(BlockType):
    """Lists what the world's pointer has not seen; its end moves the pointer. Its input is part of each record."""

    type = "TestIncremental"
    reads = True

    def compile(self, context: CompileContext) -> Any:
        return context.formula(context.input("query"))

    def iterable(self, program: Any) -> bool:
        return True

    def inputs(self, program: Any, context: BlockContext) -> Any:
        return program.evaluate(context.state, context.env)

    async def open(self, program: Any, inputs: Any, context: BlockContext) -> LoopSource:
        return Incremental(context.services.get(World), inputs)


class Incremental(LoopSource):
    reads = True

    def __init__(self, world: World, query: Any) -> None:
        self.world, self.query = world, query
        self.seen: list[str] = list(world.pointer or [])

    async def pages(self, cursor: dict[str, Any] | None, number: int) -> AsyncIterator[Batch]:
        start = cursor["at"] if cursor else 0
        while True:
            self.world.event()
            page = [{**record, "query": self.query} for record in self.world.records[start : start + 3]]
            following = {"at": start + 3} if start + 3 < len(self.world.records) else None
            yield Batch(number, page, {"at": start}, following)
            if following is None:
                return
            start, number = start + 3, number + 1

    def accept(self, record: Any) -> bool:
        return record["id"] not in self.seen

    def snapshot(self) -> Any:
        return self.seen

    def restore(self, snapshot: Any) -> None:
        self.seen = snapshot

    async def finished(self) -> Any:
        self.world.pointer = [record["id"] for record in self.world.records]
        self.world.event()
        return {"since": "now"}


async def same_after_every_crash(made: dict[str, Any], records: list[dict[str, Any]]) -> None:
    calm = World(records=records)
    outcome, reference, _ = await run_with_crashes(calm, made, [])
    assert outcome.status == "finished", outcome.errors
    for crash_at in range(1, calm.events + 1):
        world = World(records=records)
        outcome, interpreter, _ = await run_with_crashes(world, made, [crash_at])
        assert outcome.status == "finished", outcome.errors
        assert interpreter.state.shown == reference.state.shown, f"crash at {crash_at}"
        assert list(world.effects.items()) == list(calm.effects.items()), f"crash at {crash_at}"
        assert world.conflicts == []


async def test_a_pointer_that_moved_does_not_change_what_is_replayed() -> None:
    made = document(
        (
            block("TestIncremental", "fresh", inputs={"query": "all"}),
            {"loopBlockId": chain(variable("ids", "add_item", "{$.fresh.item.id}"))},
        ),
        block("TestEffect", inputs={"body": "{implode: {$.ids}, ','}"}),
        block("ShowBlock", inputs={"input": "{implode: {$.ids}, ','}"}),
        variables={"ids": "list"},
    )
    await same_after_every_crash(made, RECORDS)


async def test_a_resumed_loop_asks_with_the_inputs_it_began_with(checkpoints: None) -> None:
    made = document(
        variable("query", "set_value", "first"),
        (
            block("TestIncremental", "fresh", inputs={"query": "{$.query}"}),
            {
                "loopBlockId": chain(
                    variable("query", "set_value", "changed by {$.fresh.item.id}"),
                    block("TestEffect", inputs={"body": "{$.fresh.item.query}"}),
                )
            },
        ),
        variables={"query": "string"},
    )
    await same_after_every_crash(made, RECORDS)


async def test_the_last_item_of_a_collected_loop_is_the_same_after_a_crash(checkpoints: None) -> None:
    made = document(
        (block("TestList", "people"), {"loopBlockId": chain(block("TestEffect", inputs={"body": "{$.people.index}"}))}),
        (
            block("ForEachBlock", "again", inputs={"input": "[1,2,3]"}),
            {"loopBlockId": chain(block("TestEffect", inputs={"body": "{$.people.item.id} {$.again.item}"}))},
        ),
        block("ShowBlock", inputs={"input": "{count: {$.people}} {$.people.item.id}"}),
    )
    await same_after_every_crash(made, RECORDS)


async def test_what_a_block_made_of_a_growing_list_does_not_grow_with_it() -> None:
    made = document(
        (
            block("TestList", "people"),
            {
                "loopBlockId": chain(
                    (
                        condition("{$.people.index}", "=", "1"),
                        {
                            "childTrueId": chain(
                                block("ShowBlock", inputs={"input": "{$.people}"}),
                                variable("kept", "add_item", "{$.people}"),
                                variable("held", "set_key_value", {"all": "{$.people}"}),
                            )
                        },
                    ),
                    block("TestEffect", inputs={"body": "{$.people.index}"}),
                )
            },
        ),
        block("ShowBlock", inputs={"input": "{count: {$.kept[0]}} {count: {$.held.all}}"}),
        variables={"kept": "list", "held": "object"},
    )
    await same_after_every_crash(made, RECORDS)
    _, interpreter, _ = await run_with_crashes(World(records=RECORDS), made, [])
    assert interpreter.state.shown == [RECORDS[:2], "2 2"]


@pytest.mark.parametrize("setting", ["ignore", "warning"])
async def test_a_variable_that_cannot_be_changed_fails_its_own_block_and_not_the_loop_around(setting: str) -> None:
    broken = block(
        "VariableBlock",
        "sum",
        variableGuid="guid-sum",
        operations=[{"id": "add", "value": "{$.people.item.id}"}],
        settings={"blendr_on_error": setting},
    )
    made = document(
        (block("TestList", "people"), {"loopBlockId": chain(broken, block("TestEffect", inputs={"body": "x"}))}),
        variables={"sum": "number"},
    )
    world = World(records=RECORDS)
    outcome, _, _ = await run_with_crashes(world, made, [])
    assert outcome.status == ("finished" if setting == "ignore" else "finished with warnings")
    assert len(world.effects) == len(RECORDS)


async def test_a_variable_that_cannot_be_changed_names_its_block() -> None:
    made = document(variable("sum", "divide", 0), variables={"sum": "number"})
    outcome, _, _ = await run_with_crashes(World(), made, [])
    assert (outcome.status, outcome.errors[0]["block"]) == ("failed", "sum")


async def test_everything_noted_is_used_up_by_a_resumed_or_retried_run() -> None:
    made = document(
        block("TestEffect", inputs={"body": "{date: 'now', 'U'} {random: 1, 1000000}"}),
        block("LimitBlock", "cut", inputs={"input": "[1]", "limit": "many"}),
    )
    world = World()
    for fence in (1, 2, 3):
        outcome, interpreter = await claim(world, made, fence=fence)
        assert outcome.status == "failed"
        assert not interpreter._recorder.replaying, "what is left keeps checkpoints from being written"
    assert len(world.effects) == 1


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", float("nan"), "1" * 399], ids=repr)
async def test_a_sleep_of_no_number_of_seconds_is_refused(time: Any) -> None:
    outcome, _, _ = await run_with_crashes(World(), document(block("SleepBlock", inputs={"time": time})), [])
    assert (outcome.status, outcome.errors[0]["code"]) == ("failed", "block-input-invalid")


def going_round(*body: Any, times: int, variables: dict[str, str]) -> dict[str, Any]:
    label = block("LabelBlock", "again")
    return document(
        label,
        *body,
        variable("n", "add", 1),
        (condition("{$.n}", "<", times), {"childTrueId": chain(block("GotoBlock", inputs={"label": label["id"]}))}),
        variables={"n": "number", **variables},
    )


@pytest.mark.parametrize(
    ("kind", "start", "operation", "operand"),
    [
        ("number", 3, "multiply", "{$.x}"),
        ("string", "abcdefgh", "append", "{$.x}"),
        ("list", [1, 2], "merge", "{$.x}"),
    ],
    ids=["number that is squared", "text that doubles", "list that doubles"],
)
async def test_a_variable_that_explodes_ends_the_run_and_not_the_process(
    kind: str, start: Any, operation: str, operand: str
) -> None:
    made = going_round(variable("x", operation, operand), times=60, variables={"x": kind})
    first = made["blocks"][0]
    setting = variable("x", "set_value", start)
    setting["childId"], first["childId"] = first["childId"], setting["id"]
    made["blocks"].append(setting)
    outcome, _, _ = await run_with_crashes(World(), made, [])
    assert outcome.status == "failed"
    assert outcome.errors[0]["code"] in ("block-input-invalid", "formula-limit")


async def test_a_number_beyond_64_bits_is_kept_as_a_float(checkpoints: None) -> None:
    made = document(
        variable("x", "set_value", "9223372036854775807"),
        variable("x", "multiply", 16),
        (block("TestList", "people"), {"loopBlockId": chain(block("TestEffect", inputs={"body": "{$.x}"}))}),
        variables={"x": "number"},
    )
    await same_after_every_crash(made, RECORDS)


@pytest.mark.parametrize("value", [2**70, "\ud800", {"deep": "\udfff"}], ids=["huge number", "surrogate", "inside"])
async def test_an_output_that_cannot_be_kept_fails_its_block(value: Any) -> None:
    made = document(block("ShowBlock", "shown", inputs={"input": "{$.start.value}"}))
    made["blocks"][0]["settings"] = [{"id": "blendr_on_error", "value": "ignore"}]
    outcome, _, _ = await run_with_crashes(World(), made, [], inputs={"value": value})
    assert outcome.status == "finished"


class Stopping(World):
    def check(self) -> None:
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked > 50:
            raise RunStopped("stop")


async def test_a_jump_that_goes_round_can_be_stopped() -> None:
    made = going_round(times=10**9, variables={})
    with pytest.raises(RunStopped):
        await claim(Stopping(), made, fence=1)


async def test_rounds_of_a_jump_are_not_replayed_from_the_first(checkpoints: None) -> None:
    made = going_round(block("TestEffect", inputs={"body": "{$.n}"}), times=20, variables={})
    world = World()
    world.crash_at = 60
    with pytest.raises(Crash):
        await claim(world, made, fence=1)
    world.crash_at = -1
    outcome, interpreter = await claim(world, made, fence=2)
    assert outcome.status == "finished"
    assert list(world.effects.values()) == list(range(20))
    assert any(entry.kind == 2 for entry in world.disk.values())
    assert interpreter.state.variables["n"] == 20


async def test_two_ways_to_one_block_are_two_executions() -> None:
    shared = block("TestEffect", "shared", inputs={"body": "{$.n}"})
    fork = condition("1", "=", "1")
    made = document(
        variable("n", "add", 1),
        (fork, {"childTrueId": chain(variable("n", "add", 1), shared)}),
        variables={"n": "number"},
    )
    made["blocks"].append({**variable("n", "add", 1), "childId": shared["id"]})
    fork["childId"] = made["blocks"][-1]["id"]
    calm = World()
    await run_with_crashes(calm, made, [])
    assert (list(calm.effects.values()), calm.conflicts) == ([2, 3], [])
    for crash_at in range(1, calm.events + 1):
        world = World()
        await run_with_crashes(world, made, [crash_at])
        assert (list(world.effects.values()), world.conflicts) == ([2, 3], [])


def test_nesting_that_would_exhaust_the_stack_is_refused() -> None:
    forks = [condition("1", "=", "1") for _ in range(5000)]
    for outer, inner in pairwise(forks):
        outer["childTrueId"] = inner["id"]
    made = document(forks[0])
    made["blocks"] += forks[1:]
    with pytest.raises(PlanError, match="nested"):
        compile_plan(made)
    assert any("nested" in error["detail"] for error in check(made).errors)


async def test_the_deepest_nesting_that_is_allowed_runs() -> None:
    forks = [condition("1", "=", "1") for _ in range(99)]
    for outer, inner in pairwise(forks):
        outer["childTrueId"] = inner["id"]
    last = block("TestEffect", inputs={"body": "deep"})
    forks[-1]["childTrueId"] = last["id"]
    made = document(forks[0])
    made["blocks"] += [*forks[1:], last]
    world = World()
    outcome, _, _ = await run_with_crashes(world, made, [])
    assert (outcome.status, len(world.effects)) == ("finished", 1)


def test_20_000_blocks_with_10_000_labels_compile() -> None:
    labels = [block("LabelBlock") for _ in range(10_000)]
    jumps = [block("GotoBlock", inputs={"label": label["id"]}) for label in labels]
    made = document(*[entry for pair in zip(labels, jumps, strict=True) for entry in pair][:-1])
    assert len(compile_plan(made).labels) == 9_999


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": {"conditions": 1}},
        {"inputs": "text", "settings": 3},
        {"settings": [{"id": "blendr_on_error", "value": ["stop"]}, None, 7]},
        {"inputs": [{"id": "conditions", "value": {"conditions": [{"operator": ["="]}]}}]},
        {"inputs": [{"id": "conditions", "value": {"conditions": [None]}}]},
        {"inputs": [{"id": "conditions", "value": {"conditions": 5, "mode": {}}}]},
        {"operations": [{"id": {"a": 1}}], "type": "VariableBlock", "variableGuid": "guid-v"},
        {"operations": {"id": "add"}, "type": "VariableBlock", "variableGuid": ["guid-v"]},
        {"type": "CaseBlock", "statements": 5, "statementChildrenIds": {"a": 1}},
        {"type": "CaseBlock", "statements": [[], {}, None], "statementChildrenIds": [1, None, []]},
        {"type": "FormBlock", "form": [{"label": ["x"], "id": {}, "values": 1}, None]},
        {"type": "GotoBlock", "inputs": [{"id": "label", "value": {"a": 1}}]},
        {"type": "EndpointBlock", "endpoint_role": ["list"], "inputs": [{"id": [], "value": {"a": []}}]},
        {"type": "CallUrlBlock", "inputs": [{"id": "method", "value": {}}, {"id": "timeout", "value": []}]},
        {"type": "TransformListBlock", "inputs": [{"id": "fields", "value": 5}]},
        {"type": "ErrorBlock", "inputs": [{"id": "action", "value": ["x"]}], "settings": [[]]},
        {"type": "ShowBlock", "settings": [{"id": "display_mode", "value": ["set"]}]},
        {"childId": 5, "childTrueId": [], "loopBlockId": {}, "disabled": "perhaps", "name": 7, "displayName": {}},
        {"type": "ForEachBatchBlock", "inputs": [{"id": "size", "value": {"a": 1}}], "loopBlockId": "nowhere"},
    ],
    ids=str,
)
async def test_a_document_of_wrong_types_ends_in_an_error_that_names_the_block(change: dict[str, Any]) -> None:
    made = document({**condition("1", "=", "1"), **change}, variables={"v": "number"})
    check(made)
    outcome, _, _ = await run_with_crashes(World(), made, [])
    assert outcome.status in ("finished", "finished with warnings", "failed")
    assert all(error["code"] != "internal-error" for error in outcome.errors), outcome.errors


def test_the_size_of_the_output_survives_a_checkpoint() -> None:
    state = State({})
    state.shown_bytes = OUTPUT_LIMIT
    other = State({})
    other.restore(state.snapshot())
    assert other.shown_bytes == OUTPUT_LIMIT


async def test_a_merged_output_has_the_same_limit() -> None:
    grow = block("ShowBlock", inputs={"input": {"{$.n}": "x" * 900_000}}, settings={"display_mode": "merge"})
    grow["inputs"][0]["value"] = '{"k{$.n}": "' + "x" * 900_000 + '"}'
    made = going_round(grow, times=12, variables={})
    outcome, interpreter, _ = await run_with_crashes(World(), made, [])
    assert outcome.status == "finished with warnings"
    assert 1 < len(interpreter.state.shown[0]) < 7


def test_many_records_of_one_moment_cost_no_more_than_others() -> None:
    class Counting(HighWater):
        shrunk = 0

        def _shrink(self) -> None:
            type(self).shrunk += 1
            super()._shrink()

    water = Counting("day", "", ["id"], None)
    for number in range(MAX_SEEN + 1000):
        water.accept({"id": number, "day": "2024-01-01"})
    assert Counting.shrunk <= 2
    assert len(water.value()["seen"]) == MAX_SEEN + 1000


@pytest.mark.parametrize("value", ["²²²²²²²²²", 10**400, "9" * 500, "9999-12-31T23:59:59-23:59", [], {}], ids=str)
def test_a_moment_that_is_none_is_none(value: Any) -> None:
    found = moment(value)
    assert found is None or isinstance(found, float)
