"""Spans over request, run, block and outbound call: one trace, which says what happened and none of the data."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiohttp import web
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from tests.api.conftest import Parts, Tenant
from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import working
from tieline.core import tracing
from tieline.server import telemetry
from tieline.storage.tables import runs

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"
CALLER = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{CALLER}-b7ad6b7169203331-00"
CANARY = "canary-4711-secret"


@dataclass
class Outside:
    """An API that remembers the headers of its calls."""

    url: str = ""
    seen: list[set[str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append({name.lower() for name in request.headers})
        return web.json_response({"ok": True}, status=201)


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    found = Outside()
    app = web.Application()
    app.router.add_post("/effects", found.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/effects"
    yield found
    await runner.cleanup()


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Spans as they are sent."""
    exporter = InMemorySpanExporter()
    provider = telemetry.provide("test", [exporter], batched=False)
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def place_of(span: ReadableSpan) -> SpanContext:
    found = span.get_span_context()
    assert found is not None
    return found


def trace_of(span: ReadableSpan) -> str:
    return f"{place_of(span).trace_id:032x}"


async def ended(api: httpx.AsyncClient, place: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for _ in range(600):
        row = (await api.get(place)).json()
        if row["status"] in {"finished", "failed", "stopped", "finished with warnings"}:
            return row
        await asyncio.sleep(0.05)
    raise AssertionError(row)


def calling(url: str) -> dict[str, Any]:
    return document(
        block(
            "CallUrlBlock",
            inputs={
                "url": f"{url}?token={CANARY}",
                "method": "POST",
                "headers": [{"key": "X-Secret", "value": CANARY}],
                "body": '{"effect": "' + CANARY + '"}',
            },
        )
    )


async def test_request_run_block_and_call_are_one_trace(
    api: httpx.AsyncClient, parts: Parts, exported: InMemorySpanExporter, outside: Outside
) -> None:
    made = (await api.post(BASE, json={"name": "Traced", "workspace": calling(outside.url)})).json()
    exported.clear()
    place = f"{BASE}/{made['id']}/runs"
    async with working(parts.database, vault=parts.vault):
        sent = {"traceparent": PARENT}
        answer = await api.post(f"{place}?token={CANARY}", json={"context": "api"}, headers=sent)
        run = await ended(api, f"{place}/{answer.json()['id']}")
    assert run["status"] == "finished", run
    (request,) = named(exported, "POST /api/workflows/automations/{id}/runs")
    (worked,) = named(exported, "run")
    (done,) = named(exported, "block CallUrlBlock")
    (called,) = [span for span in named(exported, "POST") if span.kind.name == "CLIENT"]
    assert {trace_of(span) for span in (request, worked, done, called)} == {CALLER}
    assert answer.headers["x-trace-id"] == CALLER
    # The caller's own span is linked, and its wish not to be recorded not obeyed.
    assert request.parent is None
    assert [f"{link.context.span_id:016x}" for link in request.links] == ["b7ad6b7169203331"]
    for child, parent in ((worked, request), (done, worked), (called, done)):
        assert child.parent is not None
        assert child.parent.span_id == place_of(parent).span_id
    attributes: dict[str, Any] = dict(request.attributes or {})
    assert attributes["http.request.method"] == "POST"
    assert attributes["http.response.status_code"] == 201
    assert attributes["url.path"] == place
    attributes = dict(worked.attributes or {})
    assert attributes["tieline.run.id"] == answer.json()["id"]
    assert attributes["tieline.automation.id"] == made["id"]
    assert attributes["tieline.run.status"] == run["status"]
    assert attributes["tieline.run.attempt"] == 1
    attributes = dict(called.attributes or {})
    assert attributes["server.address"] == "127.0.0.1"
    assert attributes["http.response.status_code"] == 201
    assert attributes["http.request.body.size"] > len(CANARY)
    assert attributes["http.response.body.size"] > 0
    assert CANARY not in "".join(span.to_json() for span in exported.get_finished_spans())
    assert outside.seen, "the call was made"
    assert all("traceparent" not in headers for headers in outside.seen), "connected APIs are told nothing of it"


async def test_a_claim_links_the_one_before(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, exported: InMemorySpanExporter
) -> None:
    workspace = document(block("ErrorBlock", inputs={"message": CANARY}))
    made = (await api.post(BASE, json={"name": "Twice", "workspace": workspace})).json()
    async with working(parts.database, vault=parts.vault):
        started = (await api.post(f"{BASE}/{made['id']}/runs", json={"context": "api"})).json()
        place = f"{BASE}/{made['id']}/runs/{started['id']}"
        assert (await ended(api, place))["status"] == "failed"
        await api.post(f"{place}/actions/retry")
        for _ in range(600):
            if len(named(exported, "run")) == 2:
                break
            await asyncio.sleep(0.05)
    first, second = named(exported, "run")
    assert trace_of(first) == trace_of(second)
    assert [link.context.span_id for link in second.links] == [place_of(first).span_id]
    assert first.status.status_code.name == "ERROR"
    assert CANARY not in first.to_json(), "what an error says is data"
    async with parts.database.tenant(tenant.id) as unit:
        kept = await unit.scalar(unit.select(runs, runs.c.trace).where(runs.c.id == UUID(started["id"])))
    assert kept.split("-")[1] == trace_of(first)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/sso?jwt=a.{CANARY}.c", None),
        ("HEAD", f"/sso?jwt={CANARY}", None),
        ("GET", f"/sso/templates?accountid=a&userid=b&timestamp=1&hash={CANARY}", None),
        ("GET", f"/sso/templates/sync/install?jwt={CANARY}&appid=x", None),
        ("GET", f"/sso/integrations/0190e5b2-0000-7000-8000-000000000000/settings?ticket={CANARY}", None),
        ("GET", f"/embed/nobody?jwt={CANARY}", None),
        ("POST", "/embed/nobody/sessions", {"jwt": f"a.{CANARY}.c"}),
        ("POST", "/embed/nobody/sessions", {"code": f"tlec_{CANARY}"}),
        ("GET", f"/connect/{CANARY}", None),
        ("GET", f"/connect/{CANARY.title()}/status", None),
        ("GET", f"/connect/{CANARY}/nothing", None),
        ("POST", f"/connect/{CANARY}", {}),
        ("GET", f"/hooks/{CANARY}?hub.challenge={CANARY}", None),
        ("POST", f"/hooks/{CANARY}?key={CANARY}", {"a": 1}),
        ("POST", f"//hooks/{CANARY}", {"a": 1}),
        ("PATCH", f"/hooks/{CANARY}", None),
        ("GET", f"/oauth/authorize?client_id={CANARY}&state={CANARY}", None),
        ("GET", f"/oauth/callback?code={CANARY}&state={CANARY}", None),
        ("GET", f"/oauth/consent?request={CANARY}", None),
    ],
)
async def test_neither_spans_nor_log_lines_tell_of_tokens(
    method: str,
    path: str,
    body: Any,
    api: httpx.AsyncClient,
    exported: InMemorySpanExporter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    answer = await api.request(method, f"{api.base_url.copy_with(path='')}{path}", json=body)
    assert answer.status_code >= 300 or "/connect" in path
    for _ in range(100):
        if exported.get_finished_spans():
            break
        await asyncio.sleep(0.01)
    span, *_ = exported.get_finished_spans()
    # The server of the tests writes an access log; ours has none (see `server.protocol`).
    text = "".join(record.getMessage() for record in caplog.records if record.name.startswith("tieline."))
    assert span.attributes is not None
    assert span.attributes["http.request.method"]
    assert "request." in text
    told = text.lower() + "".join(one.to_json() for one in exported.get_finished_spans()).lower()
    assert CANARY not in told


async def test_malformed_traceparents_name_nothing(api: httpx.AsyncClient, exported: InMemorySpanExporter) -> None:
    for wrong in ("x", f"00-{'0' * 32}-b7ad6b7169203331-01", f"ff-{CALLER}-b7ad6b7169203331-01", PARENT + "-x", "é"):
        exported.clear()
        await api.get(BASE, headers={b"traceparent": wrong.encode()})
        (span,) = named(exported, "GET /api/workflows/automations")
        assert trace_of(span) != CALLER
        assert not span.links


async def test_an_exporter_that_fails_costs_nothing_but_spans(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(InMemorySpanExporter):
        asked = 0

        def export(self, spans: Any) -> SpanExportResult:
            Broken.asked += 1
            raise ConnectionError(CANARY)

    provider = telemetry.provide("test", [Broken()])
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    answers = await asyncio.gather(*(api.get(BASE) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    await asyncio.to_thread(provider.shutdown)
    assert Broken.asked == 1


async def test_nothing_is_recorded_where_nobody_asked(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    assert tracing.tracer is None
    made = (await api.post(BASE, json={"name": "Plain", "workspace": document(block("ShowBlock"))})).json()
    answer = await api.post(f"{BASE}/{made['id']}/runs", json={"context": "api"})
    async with parts.database.tenant(tenant.id) as unit:
        kept = await unit.scalar(unit.select(runs, runs.c.trace).where(runs.c.id == UUID(answer.json()["id"])))
    assert kept == answer.headers["x-trace-id"], "a run's log lines are found by the request's trace id all the same"
