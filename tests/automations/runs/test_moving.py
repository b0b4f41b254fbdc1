"""A run that failed goes on with the version in which somebody has mended it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.automations.engine.documents import block, chain, document, variable
from tests.automations.runs.conftest import Api, Bench
from tieline.automations.runs import Executor
from tieline.automations.runs.errors import NotMovable
from tieline.core import json
from tieline.core.errors import NotFound
from tieline.storage.tables import automation_versions, automations

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


def effects(api: Api) -> dict[str, Any]:
    """Posts e0 to e4 in a loop."""
    body = [{"key": "effect", "value": "{$.loop.item}"}]
    call = block("CallUrlBlock", "call", inputs={"url": api.url, "method": "POST", "body": body})
    inside = chain(call, variable("done", "add", 1))
    loop = block("ForEachBlock", "loop", inputs={"input": [f"e{number}" for number in range(5)]})
    return document(
        (loop, {"loopBlockId": inside}),
        block("ShowBlock", "shown", inputs={"input": "{$.done} done"}),
        variables={"done": "number"},
    )


def named(workspace: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in workspace["blocks"] if one["name"] == name)
    return found


def mended(workspace: dict[str, Any]) -> dict[str, Any]:
    """The same, calling for everything but e3 as before, and in its place something that is not refused."""
    other = copy.deepcopy(workspace)
    entry = next(one for one in named(other, "call")["inputs"] if one["id"] == "body")
    entry["value"] = [{"key": "effect", "value": "{if: {$.loop.item} = 'e3', 'mended', {$.loop.item}}"}]
    return other


async def save(bench: Bench, automation: dict[str, Any], version: int, workspace: dict[str, Any]) -> None:
    async with bench.database.tenant(bench.tenant) as unit:
        mine = automations.c.id == automation["id"]
        await unit.update(automations, mine, version=version)
        document = json.dumps(workspace)
        await unit.insert(automation_versions, automation_id=automation["id"], version=version, workspace=document)


async def failed(bench: Bench, api: Api, workspace: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the automation, its run that ended at e3)"""
    api.failing.add("e3")
    automation = await bench.automation(workspace)
    row = await bench.ended(await bench.start(automation))
    assert row["status"] == "failed"
    return automation, row


@pytest.mark.parametrize("version", [2, "newest"])
async def test_it_goes_on_where_it_failed_as_the_new_version_has_it(
    bench: Bench, api: Api, worker: Executor, version: Any
) -> None:
    workspace = effects(api)
    automation, row = await failed(bench, api, workspace)
    await save(bench, automation, 2, mended(workspace))
    async with bench.database.tenant(bench.tenant) as unit:
        assert await bench.runs.retry(unit, row, version=version) == 2
    row = await bench.ended(row["id"])
    assert (row["status"], row["version"]) == ("finished", 2)
    assert [body["effect"] for body in api.bodies] == ["e0", "e1", "e2", "mended", "e4"], "nothing is done twice"
    assert json.loads(row["output"]) == ["5 done"]


async def test_what_was_refused_is_sent_again_under_another_key(bench: Bench, api: Api, worker: Executor) -> None:
    workspace = effects(api)
    automation, row = await failed(bench, api, workspace)
    await save(bench, automation, 2, mended(workspace))
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.retry(unit, row, version="newest")
    row = await bench.ended(row["id"])
    assert list(row["renewed"].values()) == [2]
    assert [path.rpartition("/")[0][-2:] for path in row["renewed"]] == [".3"], "only where it failed"
    assert set(api.keys.values()) == {1}


async def test_a_second_mending_goes_on_too(bench: Bench, api: Api, worker: Executor) -> None:
    workspace = effects(api)
    automation, row = await failed(bench, api, workspace)
    api.failing.add("mended")
    await save(bench, automation, 2, mended(workspace))
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.retry(unit, row, version="newest")
    row = await bench.ended(row["id"])
    assert row["status"] == "failed"
    api.failing.clear()
    await save(bench, automation, 3, mended(workspace))
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.retry(unit, row, version="newest")
    row = await bench.ended(row["id"])
    assert (row["status"], row["version"], list(row["renewed"].values())) == ("finished", 3, [3])
    assert [body["effect"] for body in api.bodies] == ["e0", "e1", "e2", "mended", "e4"]


async def test_new_blocks_may_stand_behind_the_others(bench: Bench, api: Api, worker: Executor) -> None:
    workspace = effects(api)
    automation, row = await failed(bench, api, workspace)
    other = mended(workspace)
    more = block("ShowBlock", "more", inputs={"input": "and more"})
    named(other, "shown")["childId"] = more["id"]
    other["blocks"].append(more)
    await save(bench, automation, 2, other)
    async with bench.database.tenant(bench.tenant) as unit:
        await bench.runs.retry(unit, row, version="newest")
    row = await bench.ended(row["id"])
    assert json.loads(row["output"]) == ["5 done", "and more"]


def gone(workspace: dict[str, Any]) -> None:
    named(workspace, "loop")["childId"] = None
    workspace["blocks"].remove(named(workspace, "shown"))


def renamed(workspace: dict[str, Any]) -> None:
    named(workspace, "call")["name"] = "post"


def another_type(workspace: dict[str, Any]) -> None:
    named(workspace, "shown")["type"] = "UpdateJobBlock"


def out_of_the_loop(workspace: dict[str, Any]) -> None:
    loop, call, shown = (named(workspace, name) for name in ("loop", "call", "shown"))
    loop["loopBlockId"], call["childId"], loop["childId"] = call["childId"], shown["id"], call["id"]


def another_variable(workspace: dict[str, Any]) -> None:
    workspace["variables"][0]["name"] = "count"


def another_order(workspace: dict[str, Any]) -> None:
    workspace["blocks"].reverse()


@pytest.mark.parametrize(
    "change",
    [gone, renamed, another_type, out_of_the_loop, another_variable, another_order],
    ids=lambda one: one.__name__,
)
async def test_a_version_that_the_journal_does_not_fit_is_refused(
    bench: Bench, api: Api, worker: Executor, change: Callable[[dict[str, Any]], None]
) -> None:
    workspace = effects(api)
    automation, row = await failed(bench, api, workspace)
    other = mended(workspace)
    change(other)
    await save(bench, automation, 2, other)
    with pytest.raises(NotMovable, match="cannot go on with version 2"):
        async with bench.database.tenant(bench.tenant) as unit:
            await bench.runs.retry(unit, row, version="newest")
    async with bench.database.tenant(bench.tenant) as unit:
        kept = await bench.runs.get(unit, row["id"])
        assert (kept["status"], kept["version"]) == ("failed", 1)


async def test_a_version_that_is_not_there_is_not_found(bench: Bench, api: Api, worker: Executor) -> None:
    _, row = await failed(bench, api, effects(api))
    with pytest.raises(NotFound, match="no version 7"):
        async with bench.database.tenant(bench.tenant) as unit:
            await bench.runs.retry(unit, row, version=7)
