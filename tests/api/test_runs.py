"""Runs over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant
from tieline.automations.engine import codec
from tieline.core import json
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.storage.tables import journal, runs

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"
BASES = [BASE, "/api/v1/automations"]
GUID = "61a87510-c7a3-11ea-95da-0fb0c241e75c"


@pytest.fixture
async def automation(api: httpx.AsyncClient) -> str:
    identity: str = (await api.post(BASE, json={"name": "Sync"})).json()["id"]
    return identity


async def end(parts: Parts, tenant: Tenant, run: dict[str, Any], status: str, **values: Any) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        await unit.update(
            runs, runs.c.id == UUID(run["id"]), status=status, started_at=now(), stopped_at=now(), **values
        )


@pytest.mark.parametrize("base", BASES)
async def test_a_run_is_queued_and_shown(api: httpx.AsyncClient, automation: str, tenant: Tenant, base: str) -> None:
    started = await api.post(f"{base}/{automation}/runs", json={"context": "api", "inputs": {"a": [1]}})
    assert started.status_code == 201
    run = started.json()
    assert (run["status"], run["context"], run["isTestRun"]) == ("not started", "api_async", False)
    assert (run["ownerId"], run["executedById"]) == (str(tenant.admin_id),) * 2
    assert (await api.get(f"{base}/{automation}/runs/{run['id']}")).json() == run
    listed = (await api.get(f"{base}/{automation}/runs")).json()["data"]
    assert [item["id"] for item in listed] == [run["id"]]
    shown = (await api.get(f"{base}/{automation}")).json()
    assert shown["lastRunStatus"] == "not started"
    assert shown["lastRun"]["id"] == run["id"]


async def test_the_job_and_the_row_come_together(
    api: httpx.AsyncClient, automation: str, parts: Parts, tenant: Tenant
) -> None:
    before = await parts.queue.depth()
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api", "inputs": 5})).json()
    assert (await parts.queue.depth()).waiting == before.waiting + 1
    async with parts.database.tenant(tenant.id) as unit:
        row = await parts.runs.get(unit, UUID(run["id"]))
    assert json.loads(row["inputs"]) == 5


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({}, "/context"),
        ({"context": "editor"}, "/context"),
        ({"context": None}, "/context"),
        ({"context": ["api"]}, "/context"),
        ({"context": "api", "inputs": {"a": "\0"}}, "/inputs/a"),
    ],
)
async def test_bad_runs(api: httpx.AsyncClient, automation: str, body: Any, pointer: str) -> None:
    answer = await api.post(f"{BASE}/{automation}/runs", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"] == {"pointer": pointer}


async def test_nobody_sets_what_is_ours_to_set(api: httpx.AsyncClient, automation: str) -> None:
    wanted = {
        "id": str(new_id()),
        "status": "finished",
        "ownerId": str(new_id()),
        "executedById": str(new_id()),
        "isTestRun": True,
        "title": "mine",
        "version": 9,
    }
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api", **wanted})).json()
    assert run["id"] != wanted["id"]
    assert (run["status"], run["isTestRun"], run["title"]) == ("not started", False, "")


async def test_a_waiting_run_is_stopped_once(api: httpx.AsyncClient, automation: str) -> None:
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api"})).json()
    where = f"{BASE}/{automation}/runs/{run['id']}"
    stopped = await api.post(f"{where}/actions/stop")
    assert (stopped.status_code, stopped.content) == (204, b"")
    assert (await api.get(where)).json()["status"] == "stopped"
    again = await api.post(f"{where}/actions/stop")
    assert again.status_code == 400
    assert again.json()["errors"][0]["code"] == "run-not-running"


async def test_only_what_ended_badly_is_retried(
    api: httpx.AsyncClient, automation: str, parts: Parts, tenant: Tenant
) -> None:
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api"})).json()
    where = f"{BASE}/{automation}/runs/{run['id']}"
    refused = await api.post(f"{where}/actions/retry")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "run-not-retryable"
    await end(parts, tenant, run, "failed", error=[{"code": "x", "title": "X", "detail": "It broke."}])
    failed = (await api.get(where)).json()
    assert failed["error"][0]["detail"] == "It broke."
    assert failed["stopTime"] >= failed["startTime"]
    assert (await api.post(f"{where}/actions/retry")).status_code == 204
    assert (await api.get(where)).json()["status"] == "not started"


async def test_metrics_are_shown_in_the_vendors_form(
    api: httpx.AsyncClient, automation: str, parts: Parts, tenant: Tenant
) -> None:
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api"})).json()
    block = {"blockId": "B", "name": "list", "apiCalls": 2, "rxBytes": 10, "txBytes": 5}
    metrics = {
        "network": {"apiCalls": 3, "rxBytes": 12, "txBytes": 6},
        "blocks": [{"type": "endpointBlock", **block, "connectorGuid": GUID}, {"type": "startBlock", **block}],
        "items": 40,
    }
    await end(parts, tenant, run, "finished", metrics=metrics)
    shown = (await api.get(f"{BASE}/{automation}/runs/{run['id']}")).json()["metrics"]
    assert shown["network"] == {"rxBytes": 12, "txBytes": 6}
    assert shown["totalApiCalls"] == 3
    assert [entry["type"] for entry in shown["blocks"]] == ["endpointBlock"]
    assert shown["blocks"][0]["connectorGuid"] == GUID


@pytest.mark.parametrize("status", ["queued", "starting", "running", "must stop", "exceeded limit", "paused"])
async def test_every_status_is_one_that_clients_know(
    api: httpx.AsyncClient, automation: str, parts: Parts, tenant: Tenant, status: str
) -> None:
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api"})).json()
    async with parts.database.tenant(tenant.id) as unit:
        await unit.update(runs, runs.c.id == UUID(run["id"]), status=status, context="schedule", executed_by=None)
    for where in (f"{BASE}/{automation}/runs/{run['id']}", f"{BASE}/{automation}/runs", f"{BASE}/{automation}"):
        assert (await api.get(where)).status_code == 200  # the hook holds it against the documents


async def test_the_debug_log(api: httpx.AsyncClient, automation: str, parts: Parts, tenant: Tenant) -> None:
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api"})).json()
    where = f"{BASE}/{automation}/runs/{run['id']}"
    empty = await api.get(f"{where}/debug")
    assert (empty.status_code, empty.text) == (200, "")
    assert empty.headers["content-type"].startswith("text/plain")
    async with parts.database.tenant(tenant.id) as unit:
        for seq in range(1, 4):
            data = codec.encode([("r", f"block{seq}", {"t": seq, "o": {"n": seq}})])
            await unit.insert(journal, run_id=UUID(run["id"]), seq=seq, kind=1, path=f"block{seq}", data=data)
    lines = (await api.get(f"{where}/debug")).text.splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["block1", "block2", "block3"]
    exported = await api.post(f"{where}/actions/export")
    assert exported.status_code == 200
    assert (await api.get(exported.json()["url"])).text.splitlines() == lines


async def test_the_output(api: httpx.AsyncClient, automation: str, parts: Parts, tenant: Tenant) -> None:
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api"})).json()
    where = f"{BASE}/{automation}/runs/{run['id']}/output"
    assert (await api.get(where)).json() == {"status": "not started", "output": None}
    await end(parts, tenant, run, "finished", output=b'[{"n":1.50}]')
    answer = await api.get(where)
    assert answer.content == b'{"status":"finished","output":[{"n":1.50}]}'
