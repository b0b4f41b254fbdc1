"""What automations do, and that a crash at any moment changes nothing about it."""

from __future__ import annotations

from typing import Any

import pytest

import tieline.automations.blocks  # noqa: F401  registers the blocks
from tests.automations.engine.documents import block, condition, document, variable
from tests.automations.engine.world import World, claim, run_with_crashes

pytestmark = pytest.mark.anyio


def sync_document(**loop: Any) -> dict[str, Any]:
    """Every listed record is read around and sent on; a list variable gathers ids, a counter counts."""
    return document(
        (
            block("TestList", "contacts"),
            {
                "loopBlockId": [
                    *_chain(
                        block("TestRead", "fresh"),
                        variable("ids", "add_item", "{$.contacts.item.id}"),
                        variable("count", "add", "1"),
                        (
                            condition("{$.contacts.item.id}", "=", "r7"),
                            {
                                "childTrueId": _chain(
                                    block("TestEffect", inputs={"body": {"special": "{$.contacts.item}"}})
                                )
                            },
                        ),
                        block(
                            "TestEffect", "sent", inputs={"body": {"record": "{$.contacts.item}", "fresh": "{$.fresh}"}}
                        ),
                    )
                ]
            },
        ),
        block("ShowBlock", inputs={"input": "{$.count} of {implode: {$.ids}, ','}"}),
        variables={"ids": "list", "count": "number"},
    )


def _chain(*entries: Any) -> list[dict[str, Any]]:
    from tests.automations.engine.documents import chain

    return chain(*entries)


def records(count: int) -> list[dict[str, Any]]:
    return [{"id": f"r{number}", "name": f"Name {number}"} for number in range(count)]


async def test_a_run_goes_over_all_pages_and_collects_output() -> None:
    world = World(records=records(25))
    outcome, interpreter, claims = await run_with_crashes(world, sync_document(), [])
    assert (outcome.status, outcome.errors, claims) == ("finished", [], 1)
    assert len(world.effects) == 26
    assert interpreter.state.shown == ["25 of " + ",".join(f"r{n}" for n in range(25))]
    assert world.pages_served == {0: 1, 10: 1, 20: 1}


@pytest.mark.parametrize("shifting", [False, True], ids=["stable list", "list that shifts on every fetch"])
async def test_a_crash_after_any_event_loses_and_doubles_nothing(shifting: bool) -> None:
    calm = World(records=records(25), shifting=shifting)
    outcome, reference, _ = await run_with_crashes(calm, sync_document(), [])
    assert outcome.status == "finished"
    for crash_at in range(1, calm.events + 1):
        world = World(records=records(25), shifting=shifting)
        outcome, interpreter, claims = await run_with_crashes(world, sync_document(), [crash_at])
        assert outcome.status == "finished"
        assert claims == 2
        assert world.conflicts == [], f"an idempotency key came back with another body after a crash at {crash_at}"
        assert len(world.effects) == 26, f"crash at {crash_at}"
        assert interpreter.state.shown[0].startswith("25 of ")
        assert sorted(interpreter.state.variables["ids"]) == sorted(reference.state.variables["ids"])
        assert sum(world.arrivals[key] - 1 for key in world.effects) <= 1, "at most the call in flight is repeated"
        assert sum(world.pages_served.values()) <= 4, "at most one page is fetched again"


async def test_many_crashes_in_one_run_lose_and_double_nothing() -> None:
    world = World(records=records(60))
    outcome, interpreter, claims = await run_with_crashes(world, sync_document(), [7, 1, 1, 13, 2, 29, 3, 3, 41, 5])
    assert outcome.status == "finished"
    assert claims > 8
    assert (len(world.effects), world.conflicts) == (61, [])
    assert interpreter.state.variables["count"] == 60


async def test_checkpoints_at_every_item_resume_nested_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.automations.engine.interpreter.CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr("tieline.automations.engine.interpreter.CHECKPOINT_SHARE", 1e9)
    nested = document(
        variable("seen", "set_value", [1, 2, 3]),
        (
            block("TestList", "outer"),
            {
                "loopBlockId": _chain(
                    (
                        condition("{$.outer.item.id}", "!=", "r1"),
                        {
                            "childTrueId": _chain(
                                (
                                    block("ForEachBlock", "inner", inputs={"input": "{$.seen}"}),
                                    {
                                        "loopBlockId": _chain(
                                            block("TestEffect", inputs={"body": "{$.outer.item.id}/{$.inner.item}"}),
                                            variable("log", "append", "{$.outer.index}.{$.inner.index} "),
                                        )
                                    },
                                )
                            ),
                            "childFalseId": _chain(block("TestEffect", inputs={"body": "skipped {$.outer.item.id}"})),
                        },
                    ),
                    block("TestEffect", inputs={"body": "after {$.outer.item.id}"}),
                )
            },
        ),
        block("ShowBlock", inputs={"input": "{$.log}"}),
        variables={"seen": "list", "log": "string"},
    )
    calm = World(records=records(4), page_size=3)
    _, reference, _ = await run_with_crashes(calm, nested, [])
    assert len(calm.effects) == 3 * 3 + 1 + 4
    for crash_at in range(1, calm.events + 1):
        world = World(records=records(4), page_size=3)
        outcome, interpreter, _ = await run_with_crashes(world, nested, [crash_at, crash_at])
        assert outcome.status == "finished"
        assert (len(world.effects), world.conflicts) == (14, [])
        assert interpreter.state.shown == reference.state.shown, f"crash at {crash_at}"


async def test_jumps_go_back_to_a_label_until_a_condition_holds() -> None:
    label = block("LabelBlock", "again")
    looping = document(
        label,
        variable("n", "add", 1),
        block("TestEffect", inputs={"body": "{$.n}"}),
        (condition("{$.n}", "<", 5), {"childTrueId": _chain(block("GotoBlock", inputs={"label": label["id"]}))}),
        block("ShowBlock", inputs={"input": "done at {$.n}"}),
        variables={"n": "number"},
    )
    calm = World()
    _, interpreter, _ = await run_with_crashes(calm, looping, [])
    assert interpreter.state.shown == ["done at 5"]
    assert list(calm.effects.values()) == [1, 2, 3, 4, 5]
    for crash_at in range(1, calm.events + 1):
        world = World()
        _, interpreter, _ = await run_with_crashes(world, looping, [crash_at])
        assert interpreter.state.shown == ["done at 5"]
        assert (len(world.effects), world.conflicts) == (5, [])


async def test_a_break_leaves_the_innermost_loop_only() -> None:
    breaking = document(
        (
            block("ForEachBlock", "outer", inputs={"input": "[1,2]"}),
            {
                "loopBlockId": _chain(
                    (
                        block("ForEachBlock", "inner", inputs={"input": '["a","b","c"]'}),
                        {
                            "loopBlockId": _chain(
                                (
                                    condition("{$.inner.item}", "=", "b"),
                                    {"childTrueId": _chain(block("ForEachBreakBlock"))},
                                ),
                                block("ShowBlock", inputs={"input": "{$.outer.item}{$.inner.item}"}),
                            )
                        },
                    ),
                    block("ShowBlock", inputs={"input": "end {$.outer.item}"}),
                )
            },
        ),
    )
    _, interpreter, _ = await run_with_crashes(World(), breaking, [])
    assert interpreter.state.shown == ["1a", "end 1", "2a", "end 2"]


async def test_case_takes_the_first_equal_statement_and_else_the_default() -> None:
    def deciding(value: str) -> dict[str, Any]:
        case = block("CaseBlock", inputs={"expression": value}, statements=["a", "b"])
        branches = {
            "statementChildrenIds": [
                _chain(block("ShowBlock", inputs={"input": "is a"})),
                _chain(block("ShowBlock", inputs={"input": "is b"})),
            ],
            "defaultChildId": _chain(block("ShowBlock", inputs={"input": "other"})),
        }
        return document((case, branches))

    shown = []
    for value in ("a", "b", "c"):
        _, interpreter, _ = await run_with_crashes(World(), deciding(value), [])
        shown += interpreter.state.shown
    assert shown == ["is a", "is b", "other"]


async def test_an_unknown_block_fails_only_when_it_is_reached() -> None:
    unreached = document((condition("1", "=", "2"), {"childTrueId": _chain(block("MysteryBlock", "mystery"))}))
    outcome, _, _ = await run_with_crashes(World(), unreached, [])
    assert outcome.status == "finished"
    outcome, _, _ = await run_with_crashes(World(), document(block("MysteryBlock", "mystery")), [])
    assert outcome.status == "failed"
    assert outcome.errors[0]["code"] == "block-type-unknown"
    assert "mystery" in outcome.errors[0]["detail"]


@pytest.mark.parametrize(
    ("setting", "status"), [("stop", "failed"), ("warning", "finished with warnings"), ("ignore", "finished")]
)
async def test_on_error_decides_what_a_failing_block_does(setting: str, status: str) -> None:
    failing = document(
        block("LimitBlock", "cut", inputs={"input": "[1]", "limit": "many"}, settings={"blendr_on_error": setting}),
        block("ShowBlock", inputs={"input": "went on"}),
    )
    outcome, interpreter, _ = await run_with_crashes(World(), failing, [])
    assert outcome.status == status
    assert interpreter.state.shown == ([] if setting == "stop" else ["went on"])


async def test_a_collected_list_can_be_looped_over_and_used_whole() -> None:
    both = document(
        (
            block("TestList", "people"),
            {"loopBlockId": _chain(block("TestEffect", inputs={"body": "{$.people.item.id}"}))},
        ),
        block("ShowBlock", inputs={"input": "{count: {$.people}} people, the first is {$.people[0].id}"}),
    )
    world = World(records=records(15))
    _, interpreter, _ = await run_with_crashes(world, both, [4, 9])
    assert interpreter.state.shown == ["15 people, the first is r0"]
    assert list(world.effects.values()) == [f"r{number}" for number in range(15)]


async def test_a_large_output_lies_apart_and_comes_back() -> None:
    big = [{"id": f"r{n}", "text": "x" * 2000} for n in range(300)]
    world = World(records=big, page_size=100)
    wide = document(
        block("TestList", "people"),
        block("TestEffect", inputs={"body": "{count: {$.people}}"}),
        block("ShowBlock", inputs={"input": "{$.people[299].id}"}),
    )
    calm_outcome, interpreter, _ = await run_with_crashes(world, wide, [6, 2])
    assert calm_outcome.status == "finished"
    assert interpreter.state.shown == ["r299"]
    assert list(world.effects.values()) == [300]
    assert world.blobs


async def test_a_long_sleep_gives_the_worker_back_and_goes_on_where_it_was() -> None:
    sleepy = document(
        block("TestEffect", inputs={"body": "before"}),
        block("SleepBlock", inputs={"time": "3600"}),
        block("TestEffect", inputs={"body": "after"}),
    )
    world = World()
    outcome, _ = await claim(world, sleepy, fence=1)
    assert outcome.status == "suspended"
    assert outcome.suspended is not None
    first = outcome.suspended.until
    outcome, _ = await claim(world, sleepy, fence=2)
    assert outcome.suspended is not None
    assert outcome.suspended.until == first, "waking early does not start the sleep anew"
    assert list(world.effects.values()) == ["before"]


async def test_data_with_braces_is_never_evaluated() -> None:
    payload = {"name": "{$.start.secret}", "secret": "s3cret", "also": "{{7*7}} {uppercase: 'x'}"}
    passing = document(
        variable("held", "set_value", "{$.start.name}"),
        variable("held", "append", "{$.start.also}"),
        block("TestEffect", inputs={"body": "{$.held}"}),
    )
    passing["variables"] = [{"guid": "guid-held", "name": "held", "type": "string"}]
    world = World()
    await run_with_crashes(world, passing, [], inputs=payload)
    assert list(world.effects.values()) == ["{$.start.secret}{{7*7}} {uppercase: 'x'}"]


async def test_a_cycle_of_child_edges_is_refused() -> None:
    circle = document(block("StopBlock", "one"))
    circle["blocks"][1]["childId"] = circle["blocks"][0]["id"]
    with pytest.raises(Exception, match="follows itself"):
        await claim(World(), circle, fence=1)


async def test_a_loop_that_is_left_early_does_not_move_its_pointer() -> None:
    def reading(*body: Any) -> dict[str, Any]:
        return document((block("TestList", "people"), {"loopBlockId": _chain(*body)}))

    whole, early = World(records=records(15)), World(records=records(15))
    await run_with_crashes(whole, reading(block("TestEffect", inputs={"body": "{$.people.index}"})), [])
    await run_with_crashes(early, reading(block("ForEachBreakBlock")), [])
    assert (whole.pointer, early.pointer) == (True, None)
