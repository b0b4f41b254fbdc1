"""The runs of all automations of an account, and their statistics."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import insert

from tests.api.conftest import Parts, Tenant
from tests.api.test_automations import workspace
from tieline.automations.runs.statistics import first_id
from tieline.core.ids import new_id
from tieline.storage.tables import runs

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/runs"
START = datetime(2026, 3, 1, tzinfo=UTC)


async def automation(api: httpx.AsyncClient, name: str = "A") -> UUID:
    made = await api.post("/api/workflows/automations", json={"name": name, "workspace": workspace("manual")})
    assert made.status_code == 201, made.text
    return UUID(made.json()["id"])


async def ran(
    parts: Parts, tenant: Tenant, automation_id: UUID, at: datetime, status: str = "finished", **more: Any
) -> UUID:
    """A run of that moment, as it is kept."""
    run_id = UUID(int=first_id(at).int | new_id().int & (1 << 70) - 1)
    seconds = more.pop("seconds", 1)
    values = {
        "id": run_id,
        "automation_id": automation_id,
        "version": 1,
        "status": status,
        "context": "api",
        "owner_id": tenant.admin_id,
        "created_at": at,
        "started_at": at,
        "stopped_at": at + timedelta(seconds=seconds),
        "metrics": {"network": {"apiCalls": more.pop("calls", 0), "rxBytes": 0, "txBytes": 0}},
        **more,
    }
    async with parts.database.tenant(tenant.id) as unit:
        await unit.connection.execute(insert(runs).values(tenant_id=tenant.id, **values))
    return run_id


async def get(api: httpx.AsyncClient, path: str = "", **query: Any) -> Any:
    query = {
        name.rstrip("_"): value.isoformat() if isinstance(value, datetime) else value for name, value in query.items()
    }
    answer = await api.get(BASE + path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_runs_of_all_automations_are_listed_newest_first_page_by_page(
    api: httpx.AsyncClient, tenant: Tenant, parts: Parts
) -> None:
    one, two = await automation(api, "One"), await automation(api, "Two")
    made = [await ran(parts, tenant, (one, two)[n % 2], START + timedelta(minutes=n)) for n in range(7)]
    seen: list[dict[str, Any]] = []
    page = await get(api, limit=3, from_=START + timedelta(minutes=1))
    while True:
        seen += page["data"]
        if page["links"]["next"]["href"] is None:
            break
        page = (await api.get(page["links"]["next"]["href"])).json()
    assert [entry["id"] for entry in seen] == [str(run_id) for run_id in reversed(made[1:])]
    assert [entry["automationName"] for entry in seen[:2]] == ["One", "Two"]
    assert seen[0]["automationId"] == str(one)


async def test_a_cursor_belongs_to_its_stretch_of_time(api: httpx.AsyncClient, tenant: Tenant, parts: Parts) -> None:
    one = await automation(api)
    for n in range(3):
        await ran(parts, tenant, one, START + timedelta(minutes=n))
    page = await get(api, limit=1, from_=START)
    cursor = httpx.URL(page["links"]["next"]["href"]).params["cursor"]
    assert (await api.get(BASE, params={"cursor": cursor, "limit": 1})).status_code == 400


@pytest.mark.parametrize("filter, wanted", [
    ('status eq "failed"', 2), ('errorCode eq "call-refused"', 1), ('automationName co "wo"', 2),
    ('status eq "failed" and automationId eq "{two}"', 1), ("isTestRun eq true", 1),
])  # fmt: skip
async def test_the_list_can_be_filtered(
    api: httpx.AsyncClient, tenant: Tenant, parts: Parts, filter: str, wanted: int
) -> None:
    one, two = await automation(api, "One"), await automation(api, "Two")
    await ran(parts, tenant, one, START, "failed", error=[{"code": "call-refused", "title": "x"}])
    await ran(parts, tenant, two, START, "failed", error=[{"code": "code-failed", "title": "x"}])
    await ran(parts, tenant, two, START, is_test=True)
    await ran(parts, tenant, one, START, "running", stopped_at=None)
    assert len((await get(api, filter=filter.replace("{two}", str(two))))["data"]) == wanted
    assert len((await get(api))["data"]) == 4


async def test_statistics_count_by_hour_without_gaps(api: httpx.AsyncClient, tenant: Tenant, parts: Parts) -> None:
    one, two = await automation(api), await automation(api)
    for seconds in range(1, 21):
        await ran(parts, tenant, one, START + timedelta(minutes=seconds), seconds=seconds, calls=2)
    await ran(parts, tenant, one, START + timedelta(hours=2), "failed", error=[{"code": "call-refused"}], is_test=True)
    await ran(parts, tenant, two, START + timedelta(hours=2), "queued", started_at=None, stopped_at=None)
    await ran(parts, tenant, two, START + timedelta(hours=4))  # behind the end
    found = await get(api, "/statistics", from_=START + timedelta(minutes=0), to=START + timedelta(hours=4))
    assert (found["step"], len(found["points"])) == ("hour", 4)
    first, empty, third, _ = found["points"]
    assert (first["runs"], first["finished"], first["apiCalls"], first["p50"], first["p95"]) == (
        20, 20, 40, 10500.0, 19050.0,
    )  # fmt: skip
    assert (empty["runs"], empty["p50"]) == (0, None)
    assert (third["runs"], third["failed"], third["active"], third["tests"]) == (2, 1, 1, 1)
    assert found["errors"] == [{"code": "call-refused", "count": 1}]
    sums = Counter[str]()
    for point in found["points"]:
        sums.update({name: point[name] for name in ("runs", "finished", "failed", "active", "apiCalls")})
    assert dict(sums) == {name: found["total"][name] for name in sums}
    mine = await get(api, "/statistics", from_=START, to=START + timedelta(hours=4), automationId=str(two))
    assert mine["total"]["runs"] == 1


async def test_days_hold_what_was_purged(api: httpx.AsyncClient, tenant: Tenant, parts: Parts) -> None:
    one = await automation(api)
    kept = await ran(parts, tenant, one, START + timedelta(days=1), calls=3)
    gone = await ran(parts, tenant, one, START + timedelta(days=1), calls=4)
    from tieline.automations.runs import usage

    async with parts.database.tenant(tenant.id) as unit:
        await usage.keep(unit, [gone])
        await unit.delete(runs, runs.c.id == gone)
    found = await get(api, "/statistics", from_=START, to=START + timedelta(days=10))
    assert (found["step"], len(found["points"])) == ("day", 10)
    day = found["points"][1]
    assert (day["runs"], day["finished"], day["purged"], day["apiCalls"]) == (2, 1, 1, 7)
    assert kept != gone


@pytest.mark.parametrize("query, status", [
    ({"from": "yesterday"}, 400), ({"step": "minute"}, 400),
    ({"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, 400),
    ({"from": "2020-01-01T00:00:00Z"}, 400), ({"automationId": "x"}, 404), ({"automationId": str(new_id())}, 404),
    ({"from": "0001-01-01T00:00:00Z"}, 400), ({"from": "9999-12-31T23:59:59Z"}, 400),
    ({"step": "hour", "from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}, 400),
    ({}, 200), ({"from": "2026-03-01", "to": "2026-03-02"}, 200),
    ({"from": "2026-03-01T00:00:00+05:30", "to": "2026-03-02"}, 200),
])  # fmt: skip
async def test_a_question_that_cannot_be_answered_is_refused(
    api: httpx.AsyncClient, query: dict[str, str], status: int
) -> None:
    assert (await api.get(f"{BASE}/statistics", params=query)).status_code == status


async def test_nobody_sees_runs_of_others(
    api: httpx.AsyncClient, other: httpx.AsyncClient, tenant: Tenant, parts: Parts
) -> None:
    one = await automation(api)
    await ran(parts, tenant, one, START)
    assert (await get(other))["data"] == []
    there = {"from_": START, "to": START + timedelta(hours=1)}
    assert (await get(other, "/statistics", **there))["total"]["runs"] == 0
    assert (await get(api, "/statistics", **there))["total"]["runs"] == 1
    assert (await other.get(f"{BASE}/statistics", params={"automationId": str(one)})).status_code == 404
