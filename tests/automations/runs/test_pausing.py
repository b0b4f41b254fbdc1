"""Runs that are paused and resumed, and test runs, on the real database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import Api, Bench
from tests.automations.runs.test_runs import effects
from tieline.automations.runs import Executor, pausing, trials
from tieline.automations.runs.errors import NotPausable, NotPaused
from tieline.core import json
from tieline.core.errors import BadInput, NotFound

pytestmark = pytest.mark.anyio


async def row_when(bench: Bench, run_id: UUID, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for _ in range(600):
        async with bench.database.tenant(bench.tenant) as unit:
            row = await bench.runs.get(unit, run_id)
        if holds(row):
            return row
        await asyncio.sleep(0.02)
    raise AssertionError(row)


async def pause(bench: Bench, run_id: UUID) -> None:
    async with bench.database.tenant(bench.tenant) as unit:
        await pausing.pause(unit, await bench.runs.get(unit, run_id))


async def resume(bench: Bench, run_id: UUID) -> None:
    async with bench.database.tenant(bench.tenant) as unit:
        await pausing.resume(unit, await bench.runs.get(unit, run_id))


async def test_a_paused_run_lets_others_run_and_goes_on_where_it_was(bench: Bench, api: Api, worker: Executor) -> None:
    api.gate.clear()
    automation = await bench.automation(effects(api, 6))
    first = await bench.start(automation)
    await asyncio.wait_for(api.arrived.wait(), 10)
    await pause(bench, first)
    await row_when(bench, first, lambda row: row["pause_requested_at"] is not None)
    await asyncio.sleep(1.2)  # the worker looks once a second
    api.gate.set()
    paused = await row_when(bench, first, lambda row: row["status"] == "paused")
    assert paused["worker"] is None
    sent = len(api.bodies)
    assert 1 <= sent < 6
    assert (await bench.ended(await bench.start(automation)))["status"] == "finished"
    with pytest.raises(NotPausable):
        await pause(bench, first)
    await resume(bench, first)
    assert (await bench.ended(first))["status"] == "finished"
    assert [body["effect"] for body in api.bodies[sent + 6 :]] == [f"e{number}" for number in range(sent, 6)]
    assert max(api.keys.values()) == 1
    with pytest.raises(NotPaused):
        await resume(bench, first)


async def test_a_run_that_sleeps_pauses_at_once_and_sleeps_on(bench: Bench, worker: Executor) -> None:
    asleep = document(block("SleepBlock", inputs={"time": 600}))
    run_id = await bench.start(await bench.automation(asleep))
    await row_when(bench, run_id, lambda row: row["status"] == "running" and row["worker"] is None)
    await pause(bench, run_id)
    assert (await row_when(bench, run_id, lambda row: True))["status"] == "paused"
    await resume(bench, run_id)
    again = await row_when(bench, run_id, lambda row: row["status"] == "running" and row["worker"] is None)
    assert again["fence"] > 1
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.request_stop(unit, run_id)
    assert (await bench.ended(run_id))["status"] == "stopped"


async def test_a_waiting_run_is_paused_before_it_begins_and_can_be_stopped(bench: Bench, database: Any) -> None:
    run_id = await bench.start(await bench.automation(document()))
    await pause(bench, run_id)
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.request_stop(unit, run_id)
        assert (await bench.runs.get(unit, run_id))["status"] == "stopped"


async def test_a_test_run_takes_pins_and_tells_what_its_last_block_gave(
    bench: Bench, api: Api, worker: Executor
) -> None:
    call = block("CallUrlBlock", "call", inputs={"url": api.url, "method": "POST", "body": '{"effect": "real"}'})
    listed = block("FilterListBlock", "some", inputs={"input": "{$.call.list}", "conditions": {"conditions": []}})
    automation = await bench.automation(document(call, listed, block("ErrorBlock", inputs={"message": "too far"})))
    async with bench.database.tenant(bench.tenant) as unit:
        await trials.pin(unit, automation, call["id"], {"list": [1, 2]}, by=bench.user)
        with pytest.raises(NotFound):
            await trials.pin(unit, automation, "nothing", 1, by=bench.user)
        trial = await trials.trial(unit, automation, until=listed["id"])
        run = await bench.runs.start(unit, automation=automation, context="test_run", test=True, trial=trial)
    ended = await bench.ended(run["id"])
    assert (ended["status"], api.bodies) == ("finished", [])
    async with bench.database.tenant(bench.tenant) as unit:
        assert await trials.output(unit, ended, listed["id"]) == [1, 2]
        with pytest.raises(BadInput):
            await trials.trial(unit, automation, until="nothing")
        plain = await bench.runs.start(unit, automation=automation, context="api_async")
    assert (await bench.ended(plain["id"]))["status"] == "failed"
    assert [body["effect"] for body in api.bodies] == ["real"]


async def test_one_block_alone_takes_its_data_from_an_earlier_run(bench: Bench, worker: Executor) -> None:
    first = block("FilterListBlock", "first", inputs={"input": "{$.start.list}"})
    second = block("ReverseListBlock", "second", inputs={"input": "{$.first}"})
    automation = await bench.automation(document(first, second))
    earlier = await bench.ended(await bench.start(automation, {"list": [1, 2, 3]}))
    async with bench.database.tenant(bench.tenant) as unit:
        trial = await trials.trial(unit, automation, only=second["id"], like=earlier)
        run = await bench.runs.start(unit, automation=automation, context="test_run", test=True, trial=trial)
    ended = await bench.ended(run["id"])
    async with bench.database.tenant(bench.tenant) as unit:
        assert await trials.output(unit, ended, second["id"]) == [3, 2, 1]


async def test_a_parallel_loop_keeps_its_calls_side_by_side(bench: Bench, api: Api, worker: Executor) -> None:
    api.gate.clear()
    workspace = effects(api, 8)
    loop = next(entry for entry in workspace["blocks"] if entry["type"] == "ForEachBlock")
    loop["settings"] = [{"id": "parallel", "value": "4"}]
    run_id = await bench.start(await bench.automation(workspace))
    await asyncio.wait_for(api.arrived.wait(), 10)
    api.gate.set()
    row = await bench.ended(run_id)
    assert (row["status"], json.loads(row["output"])) == ("finished", ["8 done"])
    assert sorted(body["effect"] for body in api.bodies) == [f"e{number}" for number in range(8)]
    assert len(api.keys) == 8
