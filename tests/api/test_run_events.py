"""The live view of a run, over real HTTP with a real worker."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client, serving
from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import working
from tieline.api.edge import streams
from tieline.api.edge.streams import STREAMS
from tieline.server.app import create_app
from tieline.tenancy.limits import Tiers

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"


@pytest.fixture(scope="module")
async def worker(parts: Parts) -> AsyncIterator[None]:
    async with working(parts.database, vault=parts.vault):
        yield


@asynccontextmanager
async def opened(address: str, key: str, path: str, **more: Any) -> AsyncIterator[httpx.Response]:
    async with (
        # Without the hook of `client`: that one reads answers to their end.
        httpx.AsyncClient(
            base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=20, verify=False
        ) as plain,
        plain.stream("GET", path, **more) as answer,
    ):
        yield answer


async def events(answer: httpx.Response) -> AsyncGenerator[dict[str, Any], None]:
    """{event, id, data} of a stream, as a browser reads it."""
    one: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        if line == "":
            if "data" in one:
                yield {**one, "data": json.loads(one["data"])}
            one = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            one[name] = value


async def started(api: httpx.AsyncClient, *entries: Any, inputs: Any = None) -> str:
    automation = (await api.post(BASE, json={"name": "A", "workspace": document(*entries)})).json()["id"]
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api", "inputs": inputs})).json()["id"]
    return f"{BASE}/{automation}/runs/{run}"


def looping(*body: dict[str, Any]) -> Any:
    for one, following in itertools.pairwise(body):
        one["childId"] = following["id"]
    return block("ForEachBlock", "loop", inputs={"input": "{$.start}"}), {"loopBlockId": list(body)}


def shown(value: str = "{$.loop.item}", name: str = "shown") -> dict[str, Any]:
    return block("ShowBlock", name, inputs={"input": value})


def napping(seconds: float) -> dict[str, Any]:
    return block("SleepBlock", "nap", inputs={"time": seconds})


async def everything(address: str, key: str, path: str, **more: Any) -> list[dict[str, Any]]:
    async with asyncio.timeout(30), opened(address, key, path, **more) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        return [one async for one in events(answer)]


async def test_a_run_is_followed_from_its_start_to_its_end(
    api: httpx.AsyncClient, address: str, tenant: Tenant, worker: None
) -> None:
    title = block("UpdateJobBlock", "title", inputs={"title": "Seven people"})
    code = block("CustomCodeBlock3", "code", inputs={"language": "python", "code": "print('hello')"})
    run = await started(api, title, looping(napping(0.2), shown()), code, inputs=list(range(7)))
    told = await everything(address, tenant.key, f"{run}/events")
    assert [one["event"] for one in told[:1]] == ["run"]
    assert told[-1]["event"] == "end"
    assert told[-1]["data"] == {"status": "finished", "error": None}
    done = [one["data"] for one in told if one["event"] == "block"]
    assert [one["path"] for one in done if one["name"] == "shown"] == [f"b2.{n}/b4" for n in range(7)]
    assert done[0]["type"] == "StartBlock"
    assert all(one["status"] == "ok" and one["error"] is None for one in done)
    assert done[4]["iteration"][0]["name"] == "loop"
    states = [one["data"] for one in told if one["event"] == "run"]
    assert states[-1]["title"] == "Seven people"
    assert states[-1]["status"] == "finished"
    assert [one["data"]["text"] for one in told if one["event"] == "log"] == ["hello\n"]
    assert all("id" in one for one in told if one["event"] in ("block", "end"))


async def test_who_comes_back_misses_nothing_and_sees_nothing_twice(
    api: httpx.AsyncClient, address: str, tenant: Tenant, worker: None
) -> None:
    run = await started(api, looping(napping(0.05), shown()), inputs=list(range(30)))
    seen: list[str] = []
    last, over, visits = "", False, 0
    async with asyncio.timeout(30):
        while not over:
            visits += 1
            headers = {"last-event-id": last} if last else {}
            async with (
                opened(address, tenant.key, f"{run}/events", headers=headers) as answer,
                aclosing(events(answer)) as stream,
            ):
                count = 0
                async for one in stream:
                    last = one.get("id", last)
                    over = one["event"] == "end"
                    count += one["event"] == "block"
                    if one["event"] == "block":
                        seen.append(one["data"]["path"])
                    if count == 5:
                        break
    assert visits > 5
    expected = [path for n in range(30) for path in (f"b1.{n}/b2", f"b1.{n}/b3")]
    assert seen == ["b0", *expected, "b1"]
    assert last.endswith(".end")
    async with opened(address, tenant.key, f"{run}/events", headers={"last-event-id": last}) as answer:
        assert answer.status_code == 204, "a browser that comes back after the end is told to stay away"
    assert [one["event"] for one in await everything(address, tenant.key, f"{run}/events?after=now")] == ["run", "end"]


async def test_failures_and_warnings_are_told(
    api: httpx.AsyncClient, address: str, tenant: Tenant, worker: None
) -> None:
    weak = block(
        "CallUrlBlock",
        "weak",
        inputs={"url": "http://127.0.0.1:9/?token=canaryW4x", "retries": 0},
        settings={"blendr_on_error": "warning"},
    )
    run = await started(api, weak, block("ErrorBlock", "end", inputs={"message": "it is over", "action": "stop"}))
    told = await everything(address, tenant.key, f"{run}/events")
    (failed,) = [one["data"] for one in told if one["event"] == "block" and one["data"]["status"] == "failed"]
    assert failed["name"] == "weak"
    assert failed["error"]["code"] == "call-failed"
    (warned,) = [one["data"] for one in told if one["event"] == "log"]
    assert (warned["level"], warned["text"]) == ("warning", failed["error"]["detail"])
    assert told[-1]["data"]["status"] == "failed"
    assert told[-1]["data"]["error"][0]["detail"] == "it is over"
    assert "canaryW4x" not in json.dumps(told)


async def until(condition: Any) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_client_that_leaves_frees_its_place(
    api: httpx.AsyncClient, address: str, tenant: Tenant, worker: None
) -> None:
    run = await started(api, napping(1.5))
    async with opened(address, tenant.key, f"{run}/events") as answer:
        assert (await anext(events(answer)))["event"] == "run"
        assert STREAMS.count == 1
    await until(lambda: STREAMS.count == 0)


async def test_a_revoked_key_ends_its_streams(
    api: httpx.AsyncClient, address: str, tenant: Tenant, world: World, parts: Parts, worker: None
) -> None:
    run = await started(api, napping(30))
    key = await world.key(tenant.id, tenant.admin_id, ["automations"])
    async with asyncio.timeout(15), opened(address, key, f"{run}/events") as answer:
        stream = events(answer)
        assert (await anext(stream))["event"] == "run"
        async with parts.database.tenant(tenant.id) as unit:
            newest = max(await world.keys.list(unit), key=lambda one: one["created_at"])
            await world.keys.revoke(unit, newest["id"])
        rest = [one["event"] async for one in stream]
    assert "end" not in rest
    await api.post(f"{run}/actions/stop")


async def test_streams_hold_no_connection_and_are_counted(
    api: httpx.AsyncClient,
    address: str,
    tenant: Tenant,
    other: httpx.AsyncClient,
    parts: Parts,
    worker: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(STREAMS, "of_tenant", 12)
    run = await started(api, napping(30))
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        leave = asyncio.Event()
        ready = asyncio.Semaphore(0)

        async def watch() -> None:
            async with opened(address, tenant.key, f"{run}/events") as answer:
                stream = events(answer)  # let go of, it would close the answer
                await anext(stream)
                ready.release()
                await leave.wait()

        for _ in range(12):  # more than the pool has connections
            group.create_task(watch())
        for _ in range(12):
            await ready.acquire()
        refused = await api.get(f"{run}/events")
        assert refused.status_code == 429
        assert refused.json()["errors"][0]["code"] == "too-many-streams"
        assert int(refused.headers["retry-after"]) >= 1
        for _ in range(20):
            assert (await api.get(run)).status_code == 200
        leave.set()
    await until(lambda: STREAMS.count == 0)
    await api.post(f"{run}/actions/stop")


async def test_a_quiet_stream_says_that_it_is_there_and_ends_after_its_time(
    api: httpx.AsyncClient, address: str, tenant: Tenant, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(streams, "LONGEST_SECONDS", 2.0)
    run = await started(api, napping(30))
    async with asyncio.timeout(15), opened(address, tenant.key, f"{run}/events") as answer:
        lines = [line async for line in answer.aiter_lines()]
    assert ": still here" in lines
    assert "event: end" not in lines
    await api.post(f"{run}/actions/stop")


async def test_a_server_that_ends_lets_go_of_its_streams(
    parts: Parts, tenant: Tenant, api: httpx.AsyncClient, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await started(api, napping(30))
    no_limit = Tiers(tier1=10**6, tier2=10**6)
    async with asyncio.timeout(15):
        async with (
            serving(create_app(parts, tiers=no_limit)) as where,
            opened(where, tenant.key, f"{run}/events") as answer,
        ):
            stream = events(answer)
            await anext(stream)
            monkeypatch.setattr(STREAMS, "closing", True)
            assert "end" not in [one["event"] async for one in stream]
    monkeypatch.setattr(STREAMS, "closing", False)
    await api.post(f"{run}/actions/stop")


async def test_a_run_that_is_deleted_ends_the_stream(
    api: httpx.AsyncClient, address: str, tenant: Tenant, parts: Parts, worker: None
) -> None:
    run = await started(api, napping(30))
    async with asyncio.timeout(15), opened(address, tenant.key, f"{run}/events") as answer:
        stream = events(answer)
        await anext(stream)
        assert (await api.delete(run.partition("/runs/")[0])).status_code == 204
        told = [one async for one in stream]
    assert told[-1]["data"]["status"] == "gone"


@pytest.mark.parametrize("place", ["x", "1.2.3", "-4", "1.x", "9" * 60, "end", "1e3", "%00"])
async def test_places_that_are_none_are_refused(api: httpx.AsyncClient, worker: None, place: str) -> None:
    run = await started(api, shown("x"))
    assert (await api.get(f"{run}/events", params={"after": place})).status_code == 400
    if place.isascii():
        assert (await api.get(f"{run}/events", headers={"last-event-id": place})).status_code == 400


async def test_the_stream_is_there_under_both_prefixes(
    api: httpx.AsyncClient, address: str, tenant: Tenant, parts: Parts, worker: None
) -> None:
    run = await started(api, shown("x"))
    await parts.runs.wait(tenant.id, UUID(run.rpartition("/")[2]), 30)
    old = run.replace("/api/workflows/", "/api/v1/")
    assert [one["event"] for one in await everything(address, tenant.key, f"{old}/events")][-1] == "end"
    async with client(address, tenant.key) as plain:
        assert (await plain.post(f"{run}/events")).status_code == 405
