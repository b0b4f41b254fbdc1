"""Runs that somebody wants to hang, and moments at which they might."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from tests.automations.engine.documents import block, condition, document
from tests.automations.runs.conftest import Api, Bench, working
from tests.automations.runs.test_runs import effects
from tieline.automations.runs import Executor
from tieline.automations.runs.errors import NotRetryable
from tieline.automations.runs.storable import storable
from tieline.core import json
from tieline.core.errors import Unavailable
from tieline.storage.tables import automation_versions, runs

pytestmark = pytest.mark.anyio

BAD_TEXT = "a\0b\x1f\u2028 \U0001f388"


async def status_of(bench: Bench, run: UUID) -> str:
    async with bench.database.tenant(bench.tenant) as unit:
        found: str = (await bench.runs.get(unit, run))["status"]
        return found


async def until(bench: Bench, run: UUID, *wanted: str) -> None:
    for _ in range(500):
        if await status_of(bench, run) in wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"run is {await status_of(bench, run)}, not {wanted}")


async def test_a_nul_in_title_names_errors_and_output_does_not_keep_the_run_open(
    bench: Bench, worker: Executor
) -> None:
    made = document(
        block("UpdateJobBlock", inputs={"title": "{$.start.text}"}),
        block("ShowBlock", inputs={"input": "{$.start.text}"}),
        block("ErrorBlock", "warned\0", inputs={"message": "{$.start.text}", "action": "continue"}),
        block("ErrorBlock", "ended\0", inputs={"message": "{$.start.text}"}),
    )
    row = await bench.run(made, {"text": BAD_TEXT})
    assert row["status"] == "failed"
    assert row["title"] == BAD_TEXT.replace("\0", "\ufffd")
    assert json.loads(row["output"]) == [BAD_TEXT]
    assert [error["code"] for error in row["error"]] == ["error-block", "warning"]
    assert "warned\ufffd" in [entry["name"] for entry in row["metrics"]["blocks"]]


@pytest.mark.parametrize(
    "stored",
    [b"not json", b'{"blocks": [{"id": 5}]}', b"[" * 3000 + b"]" * 3000, b'{"blocks": "x"}', b"null"],
    ids=["not JSON", "bad id", "nested too deep", "wrong type", "null"],
)
async def test_a_version_that_cannot_be_read_ends_the_run(bench: Bench, worker: Executor, stored: bytes) -> None:
    automation = await bench.automation(document())
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.update(
            automation_versions, automation_versions.c.automation_id == automation["id"], workspace=stored
        )
    row = await bench.ended(await bench.start(automation))
    assert row["status"] == "failed"
    assert row["error"][0]["detail"]


async def test_inputs_that_cannot_be_read_end_the_run(bench: Bench) -> None:
    run = await bench.start(await bench.automation(document()))
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.update(runs, runs.c.id == run, inputs=b"\xff")
    async with working(bench.database):
        assert (await bench.ended(run))["status"] == "failed"


async def test_a_sleeping_run_is_stopped_at_once_and_gives_its_place_away(bench: Bench, worker: Executor) -> None:
    sleepy = document(block("SleepBlock", inputs={"time": "{$.start.time}"}))
    automation = await bench.automation(sleepy)
    first = await bench.start(automation, {"time": 3600})
    for _ in range(500):
        async with bench.database.tenant(bench.tenant) as unit:
            row = await bench.runs.get(unit, first)
        if row["status"] == "running" and row["worker"] is None:
            break
        await asyncio.sleep(0.02)
    second = await bench.start(automation, {"time": 0})
    await until(bench, second, "queued")
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.request_stop(unit, first)
    assert await status_of(bench, first) == "stopped"
    assert (await bench.ended(second))["status"] == "finished"


async def test_places_that_become_free_together_go_to_different_runs(bench: Bench, api: Api) -> None:
    """Nobody takes the jobs of the waiting ones meanwhile: each must have one of its own."""
    automation = await bench.automation(effects(api, 1), concurrent=2)
    started = [await bench.start(automation) for _ in range(4)]
    async with bench.database.system() as unit:
        await unit.connection.execute(update(runs).where(runs.c.id.in_(started[:2])).values(status="running"))
        await unit.connection.execute(update(runs).where(runs.c.id.in_(started[2:])).values(status="queued"))
    for run in started[:2]:
        async with bench.database.tenant(bench.tenant) as unit:
            await bench.runs.request_stop(unit, run)
    async with bench.database.system() as unit:
        rows = await unit.all(select(runs.c.id, runs.c.status).where(runs.c.id.in_(started[2:])))
    assert {row["status"] for row in rows} == {"starting"}


async def test_a_run_is_retried_once_when_two_people_ask(bench: Bench, worker: Executor) -> None:
    run = await bench.start(await bench.automation(document(block("MysteryBlock"))))
    row = await bench.ended(run)
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.retry(unit, row)
        with pytest.raises(NotRetryable):
            await bench.runs.retry(unit, row)
    assert (await bench.ended(run))["status"] == "failed"


async def test_a_run_that_the_database_could_not_serve_is_taken_up_again(
    bench: Bench, worker: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tieline.automations.runs.executor.LATER_SECONDS", 0)
    calls = 0
    recorder = worker._recorder

    async def failing(claim: Any) -> Any:
        nonlocal calls
        calls += claim.tenant_id == bench.tenant
        if calls <= 12:
            raise Unavailable("away")
        return await recorder(claim)

    monkeypatch.setattr(worker, "_recorder", failing)
    row = await bench.run(document(condition("1", "=", "1")))
    assert (row["status"], calls) == ("finished", 13)


async def test_one_run_that_breaks_the_watcher_does_not_keep_others_from_being_stopped(
    bench: Bench, api: Api, worker: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look = worker._look

    async def breaking() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ValueError("cannot be stored")
        await look()

    monkeypatch.setattr(worker, "_look", breaking)
    run = await bench.start(await bench.automation(effects(api, 100_000)))
    await asyncio.wait_for(api.arrived.wait(), 10)
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.request_stop(unit, run)
    assert (await bench.ended(run))["status"] == "stopped"


def test_storable_replaces_what_postgresql_refuses() -> None:
    assert storable({"a\0": ["\ud800x", 1, None, {"b": ("ok", "\0")}]}) == {"a�": ["�x", 1, None, {"b": ["ok", "�"]}]}
    assert storable("a\0", nul=True) == "a\0"
