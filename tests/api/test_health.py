"""What operators look at."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import NO_LIMIT, Parts, Tenant, client, serving
from tieline.api.health import figures
from tieline.core.clock import now
from tieline.server.app import create_app
from tieline.storage.database import Database
from tieline.storage.errors import DatabaseUnavailable
from tieline.storage.tables import runs

pytestmark = pytest.mark.anyio


async def test_alive(address: str) -> None:
    async with client(address) as anybody:
        assert (await anybody.get("/healthz")).json()["status"] == "ok"


async def test_ready(address: str) -> None:
    async with client(address) as anybody:
        answer = await anybody.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert [check["name"] for check in answer.json()["checks"]] == ["database", "migrations", "queue", "workers"]


async def test_not_ready_says_why(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise DatabaseUnavailable("No connection to PostgreSQL at db:5432: refused.")

    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where) as anybody:
        monkeypatch.setattr(parts.database, "ping", away)
        monkeypatch.setattr(parts.queue, "depth", away)
        answer = await anybody.get("/readyz")
        assert answer.status_code == 503
        assert [check["ok"] for check in answer.json()["checks"]] == [False, True, False, True]
        assert "refused" in answer.json()["errors"][0]["detail"]
        assert (await anybody.get("/healthz")).status_code == 200


async def test_another_schema_is_not_ready(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    from tieline.api.health import endpoints

    monkeypatch.setattr(endpoints, "HEAD", "9999")
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where) as anybody:
        answer = await anybody.get("/readyz")
    assert answer.status_code == 503
    assert "this program needs 9999" in answer.json()["errors"][0]["detail"]


async def test_figures(parts: Parts, tenant: Tenant) -> None:
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where, tenant.key) as api:
        made = (await api.post("/api/v1/automations", json={"name": "x"})).json()
        for _ in range(3):
            await api.get(f"/api/v1/automations/{made['id']}")
        await api.get("/nothing/at/all")
        await api.get("/specs/made-up.json")
        await api.post(f"/api/v1/automations/{made['id']}/runs", json={"context": "api"})
        answer = await api.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        text = answer.text
        counted = 'tieline_http_requests_total{method="GET",route="/api/v1/automations/{id}",status="200"} 3.0'
        assert counted in text
        assert 'route="none",status="404"' in text
        assert made["id"] not in text
        assert "made-up" not in text
        assert 'tieline_http_request_seconds_count{method="POST",route="/api/v1/automations"} 1.0' in text
        assert 'tieline_runs{status="not started"}' in text
        assert 'tieline_queue_jobs{status="waiting"}' in text
        assert "tieline_connector_api_calls 0.0" in text
        assert 'tieline_runs_active{status="not started"} 1.0' in text
        assert float(value(text, 'tieline_runs_waiting_seconds{status="not started"}')) >= 0
        assert float(value(text, 'tieline_database_connections{state="most"}')) >= 20
        assert float(value(text, "process_resident_memory_bytes")) > 10_000_000
        assert "tieline_database_up 1.0" in text


def value(text: str, name: str) -> str:
    """What a metric says; an error where it is not there."""
    [line] = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return line.rpartition(" ")[2]


async def test_figures_of_what_ended_lately(
    parts: Parts, tenant: Tenant, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(figures, "SHARE", 0)
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where, tenant.key) as api:
        before = (await api.get("/metrics")).text
        made = (await api.post("/api/v1/automations", json={"name": "x"})).json()
        ids = [
            (await api.post(f"/api/v1/automations/{made['id']}/runs", json={"context": "api"})).json()["id"]
            for _ in range(3)
        ]
        async with database.tenant(tenant.id) as unit:
            for number, (run, minutes) in enumerate(zip(ids, (1, 2, 20), strict=True)):
                status = ("failed", "finished", "failed")[number]
                moment = now() - timedelta(minutes=minutes)
                await unit.update(runs, runs.c.id == UUID(run), status=status, stopped_at=moment)
        after = (await api.get("/metrics")).text
    for status in ("failed", "finished"):
        name = f'tieline_runs_ended_15m{{status="{status}"}}'
        assert float(value(after, name)) - float(value(before, name)) == 1
    assert value(after, "tieline_schedule_late_seconds") == "0.0"


async def test_a_slow_figure_is_asked_for_seldom(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for the figures all the time costs the database a fiftieth of its time at most."""
    clock, asked = [1000.0], []
    monkeypatch.setattr(figures, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    async def slow(_: Any) -> None:
        asked.append(clock[0])
        clock[0] += 2.0

    monkeypatch.setattr(figures, "_ever", slow)
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where) as anybody:
        for _ in range(30):
            await anybody.get("/metrics")
            clock[0] += 10
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert len(pauses) == 2
    assert min(pauses) >= 100


async def test_figures_without_a_database(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(figures, "FRESH_SECONDS", 0.0)
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where, client(where) as anybody:
        monkeypatch.setattr(parts.queue, "depth", away)
        answer = await anybody.get("/metrics")
    assert answer.status_code == 200
    assert "tieline_database_up 0.0" in answer.text


async def test_what_clients_of_the_original_ask_first(address: str) -> None:
    async with client(address) as anybody:
        answer = await anybody.get("/resources/autogenerated/product-info.json")
        assert answer.status_code == 200
        assert answer.json()["composition"]["externalUrl"] == address
        front = (await anybody.get("/")).json()
        assert front["name"] == "Tieline"
        for place in ("openapi", "health", "readiness", "metrics"):
            assert (await anybody.get(front[place])).status_code == 200
        assert json.dumps(front).count(address) == 5


async def test_nothing_here_needs_a_key_or_a_limit(parts: Parts) -> None:
    from tieline.tenancy.limits import Tiers

    async with serving(create_app(parts, tiers=Tiers(tier1=1, tier2=1))) as where, client(where) as anybody:
        for path in ("/", "/healthz", "/readyz", "/metrics", "/openapi.json"):
            for _ in range(3):
                answer: httpx.Response = await anybody.get(path)
                assert answer.status_code == 200
