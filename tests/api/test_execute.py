"""The address that starts a triggered automation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, client
from tests.api.test_automations import workspace
from tieline.api.ingress.execute import endpoints
from tieline.core import json
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.storage.tables import runs

pytestmark = pytest.mark.anyio

BASE = "/api/v1/automations"


class Door:
    """A triggered automation, and a caller who has its token only."""

    def __init__(self, caller: httpx.AsyncClient, made: dict[str, Any]) -> None:
        self.id = UUID(made["id"])
        self.where = f"{BASE}/{made['id']}/actions/execute"
        self.token: str = made["executionToken"]
        self.caller = caller

    async def knock(self, **values: Any) -> httpx.Response:
        headers = {"x-execution-token": self.token, **values.pop("headers", {})}
        return await self.caller.post(self.where, headers=headers, **values)


@pytest.fixture
async def door(api: httpx.AsyncClient, address: str) -> AsyncIterator[Door]:
    made = await api.post(BASE, json={"name": "Door", "workspace": workspace("triggered")})
    async with client(address) as caller:
        yield Door(caller, made.json())


async def inputs(parts: Parts, tenant: Tenant, run_id: str) -> Any:
    async with parts.database.tenant(tenant.id) as unit:
        row = await parts.runs.get(unit, UUID(run_id))
    return None if row["inputs"] is None else json.loads(row["inputs"])


@pytest.mark.parametrize(
    "sent, got",
    [
        ({"json": {"a": 1}}, {"a": 1}),
        ({"json": [1, 2]}, [1, 2]),
        ({"content": b'"x"'}, "x"),
        ({"data": {"a": "1", "b": "ü"}}, {"a": "1", "b": "ü"}),
        ({}, None),
    ],
)
async def test_a_call_starts_a_run(door: Door, parts: Parts, tenant: Tenant, sent: Any, got: Any) -> None:
    answer = await door.knock(**sent)
    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"id", "status"}
    assert await inputs(parts, tenant, answer.json()["id"]) == got


async def test_both_prefixes_have_the_door(door: Door) -> None:
    door.where = door.where.replace("/api/v1/", "/api/workflows/")
    assert (await door.knock()).status_code == 201


async def test_a_caller_may_wait_for_the_end(door: Door, parts: Parts, tenant: Tenant) -> None:
    waiting = asyncio.create_task(door.knock(params={"async": "false"}, json={"n": 1}))
    async with asyncio.timeout(20):
        while True:
            async with parts.database.tenant(tenant.id) as unit:
                done = await unit.update(
                    runs, runs.c.automation_id == door.id, status="finished", stopped_at=now(), output=b'{"n":1.0}'
                )
            if done:
                break
            await asyncio.sleep(0.02)
    answer = await waiting
    assert answer.status_code == 200
    assert answer.json() | {"id": ""} == {"id": "", "status": "finished", "output": {"n": 1.0}, "error": None}
    assert b'"output":{"n":1.0}' in answer.content


async def test_a_caller_does_not_wait_for_ever(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "WAIT_SECONDS", 0.1)
    answer = await door.knock(params={"async": "false"})
    assert (answer.status_code, answer.json()["status"], answer.json()["output"]) == (202, "not started", None)


@pytest.mark.parametrize("token", ["", "x", "tlx_" + "A" * 49, "ü"])
async def test_no_token_no_run(door: Door, api: httpx.AsyncClient, token: str) -> None:
    answer = await door.caller.post(door.where, headers=[(b"x-execution-token", token.encode())])
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"] == "invalid-execution-token"
    missing = await door.caller.post(door.where)
    unknown = await door.caller.post(f"{BASE}/{new_id()}/actions/execute", headers={"x-execution-token": door.token})
    twice = await door.caller.post(door.where, headers=[("x-execution-token", door.token)] * 2)
    assert missing.json()["errors"] == unknown.json()["errors"] == twice.json()["errors"] == answer.json()["errors"]
    by_key = await api.post(door.where)
    assert by_key.status_code == 401
    in_the_address = await door.caller.post(door.where, params={"X-Execution-Token": door.token})
    assert in_the_address.status_code == 401
    assert (await api.get(f"{BASE}/{door.id}/runs")).json()["data"] == []


async def test_a_token_opens_its_own_door_only(door: Door, api: httpx.AsyncClient) -> None:
    made = await api.post(BASE, json={"name": "Other", "workspace": workspace("triggered")})
    other = Door(door.caller, made.json())
    other.token = door.token
    assert (await other.knock()).status_code == 401


async def test_only_a_triggered_automation_has_a_door(door: Door, api: httpx.AsyncClient) -> None:
    await api.put(f"{BASE}/{door.id}", json={"workspace": workspace("manual")})
    answer = await door.knock()
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "automation-not-triggered"


async def test_a_disabled_automation_does_not_start(door: Door, api: httpx.AsyncClient) -> None:
    await api.post(f"{BASE}/{door.id}/actions/disable")
    assert (await door.knock()).status_code == 409
    await api.post(f"{BASE}/{door.id}/actions/enable")
    assert (await door.knock()).status_code == 201


@pytest.mark.parametrize(
    "sent, status",
    [
        ({"content": b"{"}, 400),
        ({"content": b'{"a":"\\u0000"}'}, 400),
        ({"content": b"\xff", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
        ({"content": b"a=%00", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
        ({"content": b"a=%ff", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
        ({"content": b"a=1&" * 2000, "headers": {"content-type": "application/x-www-form-urlencoded"}}, 400),
        ({"content": b"<a/>", "headers": {"content-type": "text/xml"}}, 415),
        ({"content": b" " * (2**20 + 1)}, 413),
        ({"params": {"async": "maybe"}}, 400),
    ],
)
async def test_payloads_that_are_none(door: Door, api: httpx.AsyncClient, sent: Any, status: int) -> None:
    assert (await door.knock(**sent)).status_code == status
    assert (await api.get(f"{BASE}/{door.id}/runs")).json()["data"] == []
