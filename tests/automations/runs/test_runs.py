"""Runs on the real database: started, queued, stopped, retried, taken over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.automations.engine.documents import block, chain, document, variable
from tests.automations.runs.conftest import Api, Bench, working
from tieline.automations.runs import Executor
from tieline.automations.runs.errors import NotRetryable, NotRunning, QueueFull
from tieline.core import json
from tieline.storage.database import Database
from tieline.storage.errors import FenceLost
from tieline.storage.journal import Entry, JournalStore
from tieline.storage.tables import runs

pytestmark = pytest.mark.anyio


def effects(api: Api, count: int) -> dict[str, Any]:
    """Posts e0..e<count-1>, one after the other."""
    call = block(
        "CallUrlBlock", inputs={"url": api.url, "method": "POST", "body": [{"key": "effect", "value": "{$.loop.item}"}]}
    )
    names = [f"e{number}" for number in range(count)]
    return document(
        (
            block("ForEachBlock", "loop", inputs={"input": names}),
            {"loopBlockId": chain(call, variable("done", "add", 1))},
        ),
        block("ShowBlock", inputs={"input": "{$.done} done"}),
        block("UpdateJobBlock", inputs={"title": "{$.done} effects"}),
        variables={"done": "number"},
    )


async def test_a_run_leaves_output_title_metrics_and_times(bench: Bench, api: Api, worker: Executor) -> None:
    row = await bench.run(effects(api, 5))
    assert (row["status"], row["error"], row["title"]) == ("finished", None, "5 effects")
    assert json.loads(row["output"]) == ["5 done"]
    assert row["metrics"]["network"]["apiCalls"] == 5
    assert row["metrics"]["items"] == 5
    assert row["started_at"] <= row["stopped_at"]
    assert [body["effect"] for body in api.bodies] == ["e0", "e1", "e2", "e3", "e4"]


async def test_the_payload_is_the_start_blocks_output(bench: Bench, worker: Executor) -> None:
    shown = document(block("ShowBlock", inputs={"input": "{$.start.who} {$.start.list[1]}"}))
    row = await bench.run(shown, {"who": "Zoë 🎈", "list": [1, 2]})
    assert json.loads(row["output"]) == ["Zoë 🎈 2"]


async def test_a_second_run_waits_for_its_turn(bench: Bench, api: Api, worker: Executor) -> None:
    api.gate.clear()
    automation = await bench.automation(effects(api, 1))
    first = await bench.start(automation)
    await asyncio.wait_for(api.arrived.wait(), 10)
    second = await bench.start(automation)
    waiting = ""
    for _ in range(200):
        async with bench.database.tenant(bench.tenant) as unit:
            waiting = (await bench.runs.get(unit, second))["status"]
        if waiting == "queued":
            break
        await asyncio.sleep(0.02)
    assert waiting == "queued"
    api.gate.set()
    assert (await bench.ended(first))["status"] == "finished"
    assert (await bench.ended(second))["status"] == "finished"
    assert len(api.bodies) == 2


async def test_a_running_run_stops_on_request_and_an_ended_one_refuses(
    bench: Bench, api: Api, worker: Executor
) -> None:
    automation = await bench.automation(effects(api, 100_000))
    run = await bench.start(automation)
    await asyncio.wait_for(api.arrived.wait(), 10)
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.request_stop(unit, run)
    row = await bench.ended(run)
    assert row["status"] == "stopped"
    assert 0 < len(api.bodies) < 100_000
    with pytest.raises(NotRunning):
        async with bench.database.tenant(bench.tenant) as unit:
            await bench.runs.request_stop(unit, run)


async def test_a_waiting_run_stops_at_once(bench: Bench, api: Api) -> None:
    run = await bench.start(await bench.automation(effects(api, 1)))
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.request_stop(unit, run)
        row = await bench.runs.get(unit, run)
    assert row["status"] == "stopped"
    async with working(bench.database):
        await bench.run(document(block("StopBlock")))
    assert api.bodies == []


async def test_a_retry_goes_on_from_the_block_that_failed(bench: Bench, api: Api, worker: Executor) -> None:
    api.failing.add("e3")
    run = await bench.start(await bench.automation(effects(api, 6)))
    row = await bench.ended(run)
    assert row["status"] == "failed"
    error = row["error"][0]
    assert error["code"] == "call-refused"
    assert "answered 400" in error["detail"]
    assert error["path"].endswith("b2")
    api.failing.clear()
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.retry(unit, row)
    row = await bench.ended(run)
    assert row["status"] == "finished"
    assert [body["effect"] for body in api.bodies] == [f"e{number}" for number in range(6)], "nothing is done twice"
    assert json.loads(row["output"]) == ["6 done"]
    with pytest.raises(NotRetryable):
        async with bench.database.tenant(bench.tenant) as unit:
            await bench.runs.retry(unit, row)


async def test_at_most_200_runs_wait(bench: Bench, api: Api) -> None:
    automation = await bench.automation(effects(api, 1))
    async with bench.database.tenant(bench.tenant) as unit:
        for _ in range(200):
            await bench.runs.start(unit, automation=automation, context="api_async")
        with pytest.raises(QueueFull, match="at most 200"):
            await bench.runs.start(unit, automation=automation, context="api_async")
        await unit.delete(runs)


async def test_whoever_lost_a_claim_writes_nothing_more(bench: Bench, api: Api) -> None:
    run = await bench.start(await bench.automation(effects(api, 1)))
    async with JournalStore(bench.database) as store:
        old = await store.claim(bench.tenant, run, "old")
        await store.append(old, [Entry(1, 1, "a", b"kept")])
        new = await store.claim(bench.tenant, run, "new")
        with pytest.raises(FenceLost):
            await store.append(old, [Entry(2, 1, "b", b"refused")])
        await store.append(new, [Entry(2, 1, "c", b"written")])
        assert [entry.path async for entry in store.load(new)] == ["a", "c"]


async def test_a_claim_that_was_written_twice_leaves_no_run_behind(bench: Bench, api: Api, worker: Executor) -> None:
    api.gate.clear()
    run = await bench.start(await bench.automation(effects(api, 3)))
    await asyncio.wait_for(api.arrived.wait(), 10)
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.update(runs, runs.c.id == run, fence=runs.c.fence + 1)  # the same worker, another fence
    api.gate.set()
    assert (await bench.ended(run))["status"] == "finished"
    assert len(api.keys) == 3


async def test_a_sleeping_run_holds_no_task_and_wakes_by_itself(bench: Bench, worker: Executor) -> None:
    sleepy = document(block("SleepBlock", inputs={"time": "2.5"}), block("ShowBlock", inputs={"input": "awake"}))
    run = await bench.start(await bench.automation(sleepy))
    for _ in range(500):
        async with bench.database.tenant(bench.tenant) as unit:
            row = await bench.runs.get(unit, run)
        if row["status"] == "running" and row["worker"] is None:
            break
        await asyncio.sleep(0.01)
    assert worker.active == 0
    row = await bench.ended(run)
    assert (row["status"], json.loads(row["output"]), row["attempts"]) == ("finished", ["awake"], 2)


async def test_runs_of_another_tenant_cannot_be_seen_or_stopped(bench: Bench, api: Api, database: Database) -> None:
    run = await bench.start(await bench.automation(effects(api, 1)))
    other = Bench(database, bench.user, bench.user, bench.runs)
    with pytest.raises(Exception, match="does not exist"):
        async with database.tenant(other.tenant) as unit:
            await bench.runs.request_stop(unit, run)


async def test_starts_at_one_moment_under_one_key_give_one_run(bench: Bench) -> None:
    automation = await bench.automation(document())
    ready = asyncio.Barrier(8)

    async def start() -> Any:
        async with bench.database.tenant(bench.tenant) as unit:
            await bench.runs.started_by(unit, automation["id"], "slot")
            await ready.wait()
            return (await bench.runs.start(unit, automation=automation, context="schedule", key="slot"))["id"]

    assert len(set(await asyncio.gather(*[start() for _ in range(8)]))) == 1
