"""Test runs, pins, pauses and re-runs over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tests.automations.engine.documents import block, document
from tieline.core import json
from tieline.storage.tables import runs

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"
WORKSPACE = document(
    block("FilterListBlock", "some", inputs={"input": "{$.start.list}"}),
    block("ShowBlock", inputs={"input": "{$.some}"}),
)
SOME = WORKSPACE["blocks"][1]["id"]
SHOWN = WORKSPACE["blocks"][2]["id"]


@pytest.fixture
async def automation(api: httpx.AsyncClient) -> str:
    identity: str = (await api.post(BASE, json={"name": "Sync", "workspace": WORKSPACE})).json()["id"]
    return identity


async def test_pins_are_kept_replaced_shown_and_removed(
    api: httpx.AsyncClient, automation: str, tenant: Tenant
) -> None:
    where = f"{BASE}/{automation}/pins/{SOME}"
    assert (await api.put(where, json={"output": [1]})).status_code == 204
    assert (await api.put(where, json={"output": {"a": None, "ü": "🎈"}})).status_code == 204
    [pin] = (await api.get(f"{BASE}/{automation}/pins")).json()["data"]
    assert (pin["blockId"], pin["output"], pin["pinnedBy"]) == (SOME, {"a": None, "ü": "🎈"}, str(tenant.admin_id))
    assert (await api.delete(where)).status_code == 204
    assert (await api.delete(where)).status_code == 404
    assert (await api.get(f"{BASE}/{automation}/pins")).json() == {"data": []}


@pytest.mark.parametrize(
    "block_id, output, status, word",
    [
        ("nothing", 1, 404, "no block"),
        (SHOWN, 1, 400, "cannot be pinned"),
        (SOME, "x" * (2**19 + 1), 400, "at most"),
    ],
    ids=["unknown block", "block that shows", "too large"],
)
async def test_what_cannot_be_pinned_is_refused(
    api: httpx.AsyncClient, automation: str, block_id: str, output: Any, status: int, word: str
) -> None:
    answer = await api.put(f"{BASE}/{automation}/pins/{block_id}", json={"output": output})
    assert answer.status_code == status
    assert word in answer.json()["errors"][0]["detail"]


async def test_a_test_run_is_queued_with_its_pins(
    api: httpx.AsyncClient, automation: str, parts: Parts, tenant: Tenant
) -> None:
    await api.put(f"{BASE}/{automation}/pins/{SOME}", json={"output": [5]})
    started = (
        await api.post(f"{BASE}/{automation}/actions/test", json={"until": SHOWN, "inputs": {"list": []}})
    ).json()
    assert (started["isTestRun"], started["context"], started["status"]) == (True, "test_run", "not started")
    async with parts.database.tenant(tenant.id) as unit:
        row = await parts.runs.get(unit, UUID(started["id"]))
    assert json.loads(row["trial"]) == {"pins": {SOME: [5]}, "until": SHOWN, "only": None, "sample": {}}


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({"until": "nothing"}, "/until"),
        ({"only": "nothing"}, "/only"),
        ({"until": SOME, "only": SOME}, "/only"),
        ({"until": 5}, "/until"),
        ({"wait": 61}, "/wait"),
        ({"wait": -1}, "/wait"),
        ({"sample": []}, "/sample"),
    ],
    ids=str,
)
async def test_bad_test_runs(api: httpx.AsyncClient, automation: str, body: Any, pointer: str) -> None:
    answer = await api.post(f"{BASE}/{automation}/actions/test", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"] == {"pointer": pointer}


async def test_a_waiting_run_pauses_and_resumes_once(api: httpx.AsyncClient, automation: str) -> None:
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api"})).json()
    where = f"{BASE}/{automation}/runs/{run['id']}"
    assert (await api.post(f"{where}/actions/resume")).json()["errors"][0]["code"] == "run-not-paused"
    assert (await api.post(f"{where}/actions/pause")).status_code == 204
    shown = (await api.get(where)).json()
    assert (shown["status"], shown["paused"]) == ("queued", True)
    assert (await api.get(f"{BASE}/{automation}")).json()["lastRunStatus"] == "paused"
    again = await api.post(f"{where}/actions/pause")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "run-not-pausable")
    assert (await api.post(f"{where}/actions/resume")).status_code == 204
    shown = (await api.get(where)).json()
    assert (shown["status"], shown["paused"]) == ("not started", False)


async def test_a_rerun_takes_the_inputs_or_others(
    api: httpx.AsyncClient, automation: str, parts: Parts, tenant: Tenant
) -> None:
    first = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api", "inputs": {"n": 1}})).json()
    where = f"{BASE}/{automation}/runs/{first['id']}/actions/rerun"
    async with parts.database.tenant(tenant.id) as unit:
        await unit.update(runs, runs.c.id == UUID(first["id"]), status="finished", version=1)
    await api.put(f"{BASE}/{automation}", json={"workspace": {"blocks": [], "variables": []}})
    found = []
    for body in ({}, {"inputs": {"n": 2}}, {"inputs": None}, {"version": "same"}):
        answer = await api.post(where, json=body)
        assert answer.status_code == 201, answer.text
        async with parts.database.tenant(tenant.id) as unit:
            row = await parts.runs.get(unit, UUID(answer.json()["id"]))
        assert row["rerun_of"] == UUID(first["id"])
        found.append((row["version"], row["inputs"] and json.loads(row["inputs"])))
    assert found == [(2, {"n": 1}), (2, {"n": 2}), (2, None), (1, {"n": 1})]
    assert (await api.post(where, json={"version": "old"})).status_code == 400


ACTIONS = [
    ("POST", "/actions/test", {}),
    ("GET", "/pins", None),
    ("PUT", f"/pins/{SOME}", {"output": 1}),
    ("DELETE", f"/pins/{SOME}", None),
    ("POST", "/runs/{run}/actions/pause", None),
    ("POST", "/runs/{run}/actions/resume", None),
    ("POST", "/runs/{run}/actions/rerun", {}),
]


@pytest.mark.parametrize("method, path, body", ACTIONS, ids=[path for _, path, _ in ACTIONS])
async def test_nobody_else_reaches_them(
    api: httpx.AsyncClient,
    other: httpx.AsyncClient,
    automation: str,
    address: str,
    world: World,
    tenant: Tenant,
    method: str,
    path: str,
    body: Any,
) -> None:
    run = (await api.post(f"{BASE}/{automation}/runs", json={"context": "api"})).json()
    where = f"{BASE}/{automation}{path.format(run=run['id'])}"
    before = (await api.get(f"{BASE}/{automation}/runs/{run['id']}")).json()
    assert (await other.request(method, where, json=body)).status_code == 404
    async with client(address) as nobody:
        assert (await nobody.request(method, where, json=body)).status_code == 401
    key = await world.key(tenant.id, tenant.admin_id, ["automations:read"])
    async with client(address, key) as reader:
        assert (await reader.request(method, where, json=body)).status_code == (200 if method == "GET" else 403)
    assert (await api.get(f"{BASE}/{automation}/runs/{run['id']}")).json() == before
