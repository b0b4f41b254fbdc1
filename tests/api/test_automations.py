"""Automations over HTTP. Every answer is also held against the vendor's documents, see ``contracts.hook``."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.api.conftest import Parts, Tenant, World, client
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.storage.tables import automation_versions, journal, pointers, run_blobs, runs

pytestmark = pytest.mark.anyio

BASES = ["/api/workflows/automations", "/api/v1/automations"]
BASE = BASES[0]
GUID = "61a87510-c7a3-11ea-95da-0fb0c241e75c"


def workspace(mode: str = "manual", **extra: Any) -> dict[str, Any]:
    start = {"id": "A", "type": "StartBlock", "name": "Start", "inputs": [{"id": "run_mode", "value": mode}]}
    return {"blocks": [start], "variables": [], **extra}


async def make(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post(BASE, json={"name": "Sync", **values})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("base", BASES)
async def test_a_life(api: httpx.AsyncClient, tenant: Tenant, base: str) -> None:
    made = await api.post(base, json={"name": "My sync", "description": "d", "workspace": workspace("triggered")})
    assert made.status_code == 201
    shown = made.json()
    assert (shown["name"], shown["description"], shown["runMode"], shown["state"]) == (
        "My sync",
        "d",
        "triggered",
        "available",
    )
    assert shown["ownerId"] == str(tenant.admin_id)
    assert shown["importReport"]["blocks"] == 1
    where = f"{base}/{shown['id']}"

    read = await api.get(where)
    assert read.status_code == 200
    assert {name: shown[name] for name in read.json()} == read.json()

    echoed = await api.put(where, json={**read.json(), "name": "Ours"})
    assert echoed.status_code == 200
    assert echoed.json()["name"] == "Ours"
    assert echoed.json()["version"] == 1

    listed = (await api.get(base)).json()
    assert [item["name"] for item in listed["data"]] == ["Ours"]

    gone = await api.delete(where)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api.get(where)).status_code == 404
    assert (await api.delete(where)).status_code == 404


async def test_both_prefixes_show_the_same(api: httpx.AsyncClient) -> None:
    made = await make(api)
    one, other = [(await api.get(f"{base}/{made['id']}")).json() for base in BASES]
    assert one == other


async def test_a_workspace_comes_back_byte_for_byte(api: httpx.AsyncClient) -> None:
    odd = b'{"blocks" : [ ],"n":1.0,"big":123456789012345678901234567890,"u":"\\u00e9\xc3\xa9","e":1E5,"variables":[]}'
    made = await api.post(BASE, content=b'{"name":"Odd","workspace":' + odd + b"}", headers=JSON)
    assert made.status_code == 201
    assert odd in (await api.get(f"{BASE}/{made.json()['id']}")).content


async def test_an_export_of_the_original_product_imports(api: httpx.AsyncClient, example_workspace: bytes) -> None:
    made = await api.post(BASE, content=b'{"name":"Export","workspace":' + example_workspace + b"}", headers=JSON)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert shown["runMode"] == "webhook"
    assert GUID in shown["connectorIds"]
    assert "272d9c70-6d31-11eb-870f-67624392ed86" in shown["endpointIds"]
    assert shown["workspace"] == json.loads(example_workspace)


JSON = {"content-type": "application/json"}


async def test_another_workspace_is_another_version(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await make(api, workspace=workspace())
    where = f"{BASE}/{made['id']}"
    same = await api.put(where, content=json.dumps({"workspace": workspace()}, indent=3), headers=JSON)
    assert same.json()["version"] == 1
    other = await api.put(where, json={"workspace": workspace("scheduled")})
    assert (other.json()["version"], other.json()["runMode"]) == (2, "scheduled")
    async with parts.database.tenant(tenant.id) as unit:
        kept = await unit.all(
            unit.select(automation_versions, automation_versions.c.version, automation_versions.c.saved_by).where(
                automation_versions.c.automation_id == UUID(made["id"])
            )
        )
    assert [row["version"] for row in kept] == [1, 2]
    assert {row["saved_by"] for row in kept} == {tenant.admin_id}


@pytest.mark.parametrize(
    "broken, pointer",
    [
        ({"blocks": {}}, "/workspace/blocks"),
        ({"blocks": ["x"]}, "/workspace/blocks/0"),
        ({"blocks": [{"id": "A"}]}, "/workspace/blocks/0/type"),
        ({"blocks": [{"id": "A", "type": "X"}, {"id": "A", "type": "X"}]}, "/workspace/blocks/1/id"),
    ],
)
async def test_what_is_no_workspace_is_refused(api: httpx.AsyncClient, broken: Any, pointer: str) -> None:
    answer = await api.post(BASE, json={"name": "x", "workspace": broken})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"]["pointer"] == pointer


async def test_what_is_only_odd_is_reported(api: httpx.AsyncClient) -> None:
    odd = workspace()
    odd["blocks"][0]["childId"] = "NOBODY"
    odd["blocks"].append({"id": "B", "type": "BlockOfTheFuture", "name": "f"})
    report = (await make(api, workspace=odd))["importReport"]
    assert [finding["code"] for finding in report["warnings"]] == ["dangling-reference", "unreachable"]
    assert report["unknown"][0]["type"] == "BlockOfTheFuture"


async def test_only_one_of_two_savers_wins(api: httpx.AsyncClient) -> None:
    made = await make(api)
    where = f"{BASE}/{made['id']}"
    tag = (await api.get(where)).headers["etag"]
    answers = await asyncio.gather(
        *(api.put(where, json={"name": f"by {n}"}, headers={"if-match": tag}) for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert lost.json()["errors"][0]["code"] == "version-conflict"
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert (await api.put(where, json={}, headers={"if-match": winner.headers["etag"]})).status_code == 200
    assert (await api.put(where, json={}, headers={"if-match": "*"})).status_code == 200
    assert (await api.put(where, json={}, headers={"if-match": "1"})).status_code == 200
    assert (await api.put(where, json={}, headers={"if-match": "2"})).status_code == 409


async def test_what_is_not_sent_stays(api: httpx.AsyncClient) -> None:
    made = await make(api, description="kept", maxConcurrentRuns=3, schedules=[{"interval": 60}])
    changed = (await api.put(f"{BASE}/{made['id']}", json={})).json()
    for name in ("name", "description", "maxConcurrentRuns", "schedules", "updatedAt"):
        assert changed[name] == made[name]


@pytest.mark.parametrize("method", ["post", "put"])
async def test_nobody_sets_what_is_ours_to_set(
    api: httpx.AsyncClient, world: World, tenant: Tenant, method: str
) -> None:
    stranger, _ = await world.user(tenant.id)
    ours = {
        "id": str(new_id()),
        "ownerId": str(stranger),
        "owner_id": str(stranger),
        "tenantId": str(new_id()),
        "tenant_id": str(new_id()),
        "createdAt": "2001-01-01T00:00:00Z",
        "created_at": "2001-01-01T00:00:00Z",
        "updatedAt": "2001-01-01T00:00:00Z",
        "version": 99,
        "state": "disabled",
        "runMode": "webhook",
        "lastRunStatus": "finished",
        "lastRunAt": "2001-01-01T00:00:00Z",
        "executionToken": "mine",
        "execution_token": "mine",
        "snippetIds": ["x"],
    }
    made = await make(api)
    if method == "post":
        answer = await api.post(BASE, json={"name": "x", **ours})
    else:
        answer = await api.put(f"{BASE}/{made['id']}", json=ours)
    assert answer.status_code in {200, 201}
    shown = answer.json()
    assert shown["ownerId"] == str(tenant.admin_id)
    assert (shown["version"], shown["state"], shown["runMode"], shown["snippetIds"]) == (1, "available", "manual", [])
    assert shown["executionToken"].startswith("tlx_")
    assert shown["createdAt"] > "2026"
    assert "lastRunStatus" not in shown
    if method == "put":
        assert shown["id"] == made["id"]
    else:
        assert shown["id"] != ours["id"]


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({}, "/name"),
        ({"name": None}, "/name"),
        ({"name": 5}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": " \t"}, "/name"),
        ({"name": "x" * 256}, "/name"),
        ({"name": "a\0b"}, "/name"),
        ({"name": "x", "description": 1}, "/description"),
        ({"name": "x", "description": "x" * 10_001}, "/description"),
        ({"name": "x", "workspace": []}, "/workspace"),
        ({"name": "x", "workspace": None}, "/workspace"),
        ({"name": "x", "workspace": "{}"}, "/workspace"),
        ({"name": "x", "schedules": [{"a/b": "\0"}]}, "/schedules/0/a~1b"),
        ({"name": "x", "maxConcurrentRuns": 0}, "/maxConcurrentRuns"),
        ({"name": "x", "maxConcurrentRuns": "1"}, "/maxConcurrentRuns"),
        ({"name": "x", "maxConcurrentRuns": True}, "/maxConcurrentRuns"),
        ({"name": "x", "maxConcurrentRuns": 1.5}, "/maxConcurrentRuns"),
        ({"name": "x", "maxConcurrentRuns": 11}, "/maxConcurrentRuns"),
        ({"name": "x", "maxConcurrentRuns": 10**40}, "/maxConcurrentRuns"),
        ({"name": "x", "spaceId": 5}, "/spaceId"),
        ({"name": "x", "spaceId": None}, "/spaceId"),
        ({"name": "x", "spaceId": "5f0f78b239ff4f0001234567"}, "/spaceId"),
        ({"name": "x", "spaceId": str(new_id())}, "/spaceId"),
        ({"name": "x", "schedules": {}}, "/schedules"),
        ({"name": "x", "schedules": [5]}, "/schedules/0"),
        ({"name": "x", "schedules": [{"interval": 60}] * 21}, "/schedules"),
        ({"name": "x", "schedules": [{"interval": "60"}]}, "/schedules/0/interval"),
        ({"name": "x", "schedules": [{"interval": -60}]}, "/schedules/0/interval"),
        ({"name": "x", "schedules": [{"interval": 29}]}, "/schedules/0/interval"),
        ({"name": "x", "schedules": [{"interval": 10**30}]}, "/schedules/0/interval"),
        ({"name": "x", "schedules": [{"startAt": "soon"}]}, "/schedules/0/startAt"),
        ({"name": "x", "schedules": [{"timezone": "Mars/Olympus"}]}, "/schedules/0/timezone"),
        ({"name": "x", "schedules": [{"timezone": "../../etc/passwd"}]}, "/schedules/0/timezone"),
        ({"name": "x", "schedules": [{"timezone": None}]}, "/schedules/0/timezone"),
        ({"name": "x", "schedules": [{"recurrence": "FREQ=NEVER"}]}, "/schedules/0/recurrence"),
        (
            {"name": "x", "schedules": [{"startAt": "2026-01-02 00:00:00", "stopAt": "2026-01-01 00:00:00"}]},
            "/schedules/0/stopAt",
        ),
    ],
)
async def test_bad_fields_are_named(api: httpx.AsyncClient, body: Any, pointer: str) -> None:
    answer = await api.post(BASE, json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["errors"][0]
    assert error["source"] == {"pointer": pointer}
    assert error["detail"].endswith(".")
    assert (await api.get(BASE)).json()["data"] == []


async def test_every_broken_field_has_its_own_error(api: httpx.AsyncClient) -> None:
    answer = await api.post(BASE, json={"name": 1, "description": 2, "workspace": 3})
    assert [error["source"]["pointer"] for error in answer.json()["errors"]] == ["/name", "/description", "/workspace"]


async def test_numbers_are_one_kind_in_json(api: httpx.AsyncClient) -> None:
    assert (await make(api, maxConcurrentRuns=2.0))["maxConcurrentRuns"] == 2


@pytest.mark.parametrize("sent, kept", [(60, 60), (90, 120), (89, 60), (30, 30), (31, 60), (44, 60), (3600, 3600)])
async def test_intervals_are_whole_minutes_or_half_a_one(api: httpx.AsyncClient, sent: int, kept: int) -> None:
    assert (await make(api, schedules=[{"interval": sent}]))["schedules"][0]["interval"] == kept


async def test_schedules_keep_their_ids(api: httpx.AsyncClient) -> None:
    wanted = {
        "interval": 60,
        "startAt": "2026-01-01 00:00:00",
        "stopAt": "2026-12-01T00:00:00",
        "timezone": "Europe/Stockholm",
        "recurrence": "FREQ=DAILY;BYHOUR=6",
    }
    made = await make(api, schedules=[wanted, {"interval": 120}])
    first = made["schedules"][0]
    assert first | {"id": ""} == wanted | {
        "id": "",
        "stopAt": "2026-12-01 00:00:00",
        "recurrence": "RRULE:FREQ=DAILY;BYHOUR=6",
    }
    echoed = [first, {"id": str(new_id()), "interval": 180, "lastStartedAt": "2001-01-01T00:00:00Z"}]
    kept = (await api.put(f"{BASE}/{made['id']}", json={"schedules": echoed})).json()["schedules"]
    assert kept[0] == first
    assert kept[1]["id"] != echoed[1]["id"]
    assert "lastStartedAt" not in kept[1]


async def test_the_vendors_python_client_writes_nulls_into_lists(api: httpx.AsyncClient) -> None:
    body = {"name": "x", "schedules": [{"interval": 60, "startAt": None, "stopAt": None, "timezone": None}]}
    sent = await api.post(BASE, json=body, headers={"user-agent": "qlik-sdk-python/0.17.0 (Linux)"})
    assert sent.status_code == 201
    assert set(sent.json()["schedules"][0]) == {"id", "interval"}
    assert (await api.post(BASE, json=body)).status_code == 400


async def test_a_copy(api: httpx.AsyncClient, address: str, world: World, tenant: Tenant) -> None:
    space = await world.space(tenant.id)
    made = await make(api, workspace=workspace("triggered"), schedules=[{"interval": 60}], spaceId=str(space))
    assert made["spaceId"] == str(space)
    user, key = await world.user(tenant.id)
    async with client(address, key) as colleague:
        copied = await colleague.post(f"{BASE}/{made['id']}/actions/copy", json={"name": "Copy"})
        assert copied.status_code == 201
        assert set(copied.json()) == {"id"}
        shown = (await colleague.get(f"{BASE}/{copied.json()['id']}")).json()
    assert shown["workspace"] == made["workspace"]
    assert (shown["ownerId"], shown["schedules"], shown.get("spaceId")) == (str(user), [], None)
    assert shown["executionToken"] != made["executionToken"]


@pytest.mark.parametrize("action", ["change-owner", "move"])
async def test_another_owner(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant, parts: Parts, action: str
) -> None:
    made = await make(api)
    where = f"{BASE}/{made['id']}"
    started = await api.post(f"{where}/runs", json={"context": "api"})
    assert started.status_code == 201
    user, key = await world.user(tenant.id)
    moved = await api.post(f"{where}/actions/{action}", json={"userId": str(user)})
    assert (moved.status_code, moved.content) == (204, b"")
    assert (await api.get(where)).json()["ownerId"] == str(user)
    [kept] = (await api.get(f"{where}/runs")).json()["data"]
    assert (kept["id"], kept["ownerId"]) == (started.json()["id"], str(tenant.admin_id))
    assert (await api.get(where)).json()["lastRun"]["id"] == kept["id"]
    async with client(address, key) as owner:
        assert (await owner.get(f"{where}/versions")).json()["data"][0]["savedBy"] == str(tenant.admin_id)
        assert (await owner.get(where)).status_code == 200
        refused = await owner.post(f"{where}/actions/{action}", json={"userId": str(tenant.admin_id)})
        assert refused.status_code == 403
    for nobody in ("nobody", str(new_id()), ""):
        refused = await api.post(f"{where}/actions/{action}", json={"userId": nobody})
        assert refused.status_code == 404
        assert refused.json()["errors"][0]["detail"] == "There is no such user."


async def test_another_space(api: httpx.AsyncClient, address: str, world: World, tenant: Tenant) -> None:
    made = await make(api)
    where = f"{BASE}/{made['id']}"
    space = await world.space(tenant.id)
    _, key = await world.user(tenant.id)
    async with client(address, key) as colleague:
        assert (await colleague.get(where)).status_code == 404
        assert (await api.post(f"{where}/actions/change-space", json={"spaceId": str(space)})).status_code == 204
        assert (await colleague.get(where)).json()["spaceId"] == str(space)
        assert [item["id"] for item in (await colleague.get(BASE)).json()["data"]] == [made["id"]]
        assert (await api.post(f"{where}/actions/change-space", json={"spaceId": ""})).status_code == 204
        assert (await colleague.get(where)).status_code == 404
    missing = await api.post(f"{where}/actions/change-space", json={"spaceId": str(new_id())})
    assert missing.status_code == 404


async def test_a_disabled_automation_does_not_start(api: httpx.AsyncClient) -> None:
    where = f"{BASE}/{(await make(api))['id']}"
    assert (await api.post(f"{where}/actions/disable")).status_code == 204
    assert (await api.get(where)).json()["state"] == "disabled"
    refused = await api.post(f"{where}/runs", json={"context": "api"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "automation-not-startable"
    assert (await api.post(f"{where}/actions/enable")).status_code == 204
    assert (await api.post(f"{where}/runs", json={"context": "api"})).status_code == 201


async def test_deleting_leaves_nothing(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await make(api)
    run = (await api.post(f"{BASE}/{made['id']}/runs", json={"context": "api"})).json()
    run_id = UUID(run["id"])
    async with parts.database.tenant(tenant.id) as unit:
        await unit.insert(journal, run_id=run_id, seq=1, kind=1, path="", data=b"")
        await unit.insert(run_blobs, run_id=run_id, id=new_id(), data=b"x")
    assert (await api.delete(f"{BASE}/{made['id']}")).status_code == 204
    async with parts.database.tenant(tenant.id) as unit:
        for table in (runs, journal, run_blobs, automation_versions, pointers):
            assert await unit.scalar(sa.select(sa.func.count()).select_from(table)) == 0


async def test_settings_bound_concurrency(api: httpx.AsyncClient, address: str, world: World, tenant: Tenant) -> None:
    assert (await api.get(f"{BASE}/settings")).json() == {"maxConcurrentRunsPerAutomation": 10}
    changed = await api.put(f"{BASE}/settings", json={"maxConcurrentRunsPerAutomation": 20})
    assert changed.json() == {"maxConcurrentRunsPerAutomation": 20}
    assert (await api.get("/api/v1/automations/settings")).json() == changed.json()
    assert (await make(api, maxConcurrentRuns=20))["maxConcurrentRuns"] == 20
    kept = await make(api, maxConcurrentRuns=15)
    await api.put(f"{BASE}/settings", json={"maxConcurrentRunsPerAutomation": 5})
    echoed = await api.put(f"{BASE}/{kept['id']}", json={"maxConcurrentRuns": 15, "name": "Echo"})
    assert echoed.status_code == 200
    assert (await api.put(f"{BASE}/{kept['id']}", json={"maxConcurrentRuns": 14})).status_code == 400
    assert (await api.put(f"{BASE}/settings", json={})).json() == {"maxConcurrentRunsPerAutomation": 5}
    for wrong in (0, -1, 1001, "5", None, 2**70):
        assert (await api.put(f"{BASE}/settings", json={"maxConcurrentRunsPerAutomation": wrong})).status_code == 400
    _, key = await world.user(tenant.id)
    async with client(address, key) as person:
        assert (await person.get(f"{BASE}/settings")).status_code == 200
        refused = await person.put(f"{BASE}/settings", json={"maxConcurrentRunsPerAutomation": 6})
        assert refused.status_code == 403


async def test_pointers_are_read_and_reset(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    made = await make(api)
    where = f"{BASE}/{made['id']}/pointers"
    async with parts.database.tenant(tenant.id) as unit:
        for block, inputs in (("A", "1"), ("A", "2"), ("B", "1")):
            await unit.insert(
                pointers, automation_id=UUID(made["id"]), block_id=block, inputs_hash=inputs, value={"since": "x"}
            )
    shown = (await api.get(where)).json()["data"]
    assert [(pointer["blockId"], pointer["inputs"]) for pointer in shown] == [("A", "1"), ("A", "2"), ("B", "1")]
    assert shown[0]["value"] == {"since": "x"}
    assert (await api.delete(where, params={"blockId": "A"})).status_code == 204
    assert [pointer["blockId"] for pointer in (await api.get(where)).json()["data"]] == ["B"]
    assert (await api.delete(where)).status_code == 204
    assert (await api.get(where)).json()["data"] == []


async def test_usage_counts_runs_by_day(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, address: str, world: World
) -> None:
    where = f"{BASE}/usage"
    manual, scheduled = await make(api, name="A"), await make(api, name="B", workspace=workspace("scheduled"))
    today = now().date().isoformat()
    for made in (manual, scheduled, scheduled):
        await api.post(f"{BASE}/{made['id']}/runs", json={"context": "api"})
    async with parts.database.tenant(tenant.id) as unit:
        await unit.update(
            runs,
            started_at=sa.func.now() - sa.text("interval '10 seconds'"),
            stopped_at=sa.func.now(),
            metrics={"network": {"rxBytes": 100, "txBytes": 7, "apiCalls": 1}},
        )
    every = (await api.get(where, params={"filter": f'date eq "{today}"'})).json()["data"]
    assert {figure["name"]: figure["value"] for figure in every} == {
        "runs": 3,
        "scheduledRun": 2,
        "triggeredRun": 0,
        "webhookRuns": 0,
        "duration": 30,
        "bandwidthIn": 300,
        "bandwidthOut": 21,
    }
    chosen = 'name eq "scheduledRuns" and date ge "2025-01-01"'
    assert (await api.get(where, params={"filter": chosen})).json()["data"] == [
        {"date": today, "name": "scheduledRun", "value": 2}
    ]
    assert (await api.get(where, params={"filter": 'name eq "runs" and date lt "2025-01-01"'})).json()["data"] == []
    split = await api.get(where, params={"filter": 'name eq "runs"', "breakdownBy": "automation"})
    assert {figure["automation"]["name"]: figure["value"] for figure in split.json()["data"]} == {"A": 1, "B": 2}
    for wrong in ({}, {"filter": 'name eq "nothing"'}, {"filter": "x"}, {"filter": "name pr", "breakdownBy": "day"}):
        assert (await api.get(where, params=wrong)).status_code == 400
    _, key = await world.user(tenant.id)
    async with client(address, key) as person:
        assert (await person.get(where, params={"filter": "name pr"})).status_code == 403


async def test_the_execution_token_is_for_those_who_may_edit(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    made = await make(api)
    assert made["executionToken"]
    assert "executionToken" not in (await api.get(BASE)).json()["data"][0]
    key = await world.key(tenant.id, tenant.admin_id, ["automations:read"])
    async with client(address, key) as reader:
        assert "executionToken" not in (await reader.get(f"{BASE}/{made['id']}")).json()


async def test_a_schedule_shows_its_next_start(api: httpx.AsyncClient) -> None:
    entry = {"recurrence": "0 6 * * 1-5", "timezone": "Europe/Stockholm", "misfire": "skip"}
    made = await make(api, workspace=workspace("scheduled"), schedules=[entry, {"interval": 30}, {"timezone": "UTC"}])
    shown = made["schedules"]
    assert entry.items() <= shown[0].items()
    assert shown[0]["nextStartAt"].endswith(":00:00.000000Z")
    assert "nextStartAt" in shown[1]
    assert "nextStartAt" not in shown[2], "it says nothing"
    where = f"{BASE}/{made['id']}"
    echoed = (await api.put(where, json={"schedules": shown})).json()["schedules"]
    assert echoed == shown
    assert (await api.post(f"{where}/actions/disable")).status_code == 204
    assert not any("nextStartAt" in one for one in (await api.get(where)).json()["schedules"])


@pytest.mark.parametrize(
    "body, pointer",
    [
        ({"schedules": [{"interval": 60, "misfire": "later"}]}, "/schedules/0/misfire"),
        ({"schedules": [{"recurrence": "61 * * * *"}]}, "/schedules/0/recurrence"),
        ({"schedules": [{"recurrence": "FREQ=SECONDLY"}]}, "/schedules/0/recurrence"),
        ({"schedules": [{"interval": 60, "startAt": "0001-01-01 00:00:00"}]}, "/schedules/0/startAt"),
        ({"follows": [{"automationId": "x"}]}, "/follows/0/automationId"),
        ({"follows": [{"automationId": str(new_id())}]}, "/follows/0/automationId"),
        ({"follows": [{"automationId": str(new_id()), "on": "sometimes"}]}, "/follows/0/on"),
    ],
)
async def test_triggers_that_cannot_be(api: httpx.AsyncClient, body: dict[str, Any], pointer: str) -> None:
    answer = await api.post(BASE, json={"name": "x", **body})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["source"]["pointer"] == pointer


async def test_an_automation_may_follow_another(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    first = await make(api)
    wanted = [{"automationId": first["id"], "on": "failed"}]
    made = await make(api, follows=wanted)
    assert made["follows"] == wanted
    assert (await other.post(BASE, json={"name": "x", "follows": wanted})).status_code == 400
    where = f"{BASE}/{made['id']}"
    assert (await api.put(where, json={"name": "y"})).json()["follows"] == wanted
    assert "follows" not in (await api.put(where, json={"follows": []})).json()


async def test_a_webhook_automation_shows_its_address_to_those_who_may_edit(api: httpx.AsyncClient) -> None:
    made = await make(api, workspace=workspace("webhook"))
    assert made["webhook"]["status"] == "active"
    assert "/hooks/" in made["webhook"]["url"]
    assert (await api.get(f"{BASE}/{made['id']}")).json()["webhook"] == made["webhook"]
    assert (await api.delete(f"{BASE}/{made['id']}")).status_code == 204
