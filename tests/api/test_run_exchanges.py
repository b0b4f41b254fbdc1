"""Requests and responses of a run's calls, seen over HTTP, with the credentials of its connection masked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant
from tests.api.test_run_history import BASE, everything, output, ran, worker
from tests.automations.engine.documents import block, document
from tests.connectors.runtime.api import Api, answer, serving
from tests.connectors.runtime.support import manifest
from tieline.automations.engine import codec
from tieline.connectors.manifest.model import AuthMethod, Block, Input
from tieline.core import json
from tieline.core.ids import new_id
from tieline.storage.tables import journal, runs

__all__ = ["worker"]
pytestmark = pytest.mark.anyio

CANARY = "canary7Zq4Wv9s+/x"
READ = Block(id="read", kind="get", path="/read", inputs=[Input(id="n", location="query", name="n")])
AUTH = AuthMethod(id="b", kind="bearer", fields=[Input(id="token", secret=True)])


@pytest.fixture
async def site() -> AsyncIterator[Api]:
    """Repeats what it was asked in the body of an error, and in headers."""
    async with serving() as opened:
        yield opened


@pytest.fixture
async def connection(parts: Parts, tenant: Tenant, site: Api) -> UUID:
    about = manifest(site.base, READ, auth=AUTH)
    about.name = f"echo-{new_id().hex}"
    async with parts.database.tenant(tenant.id) as unit:
        row = await parts.connectors.save(unit, about)
        made = await parts.connections.create(
            unit, connector_id=row["id"], name="echo", owner_id=tenant.admin_id, secrets={"token": CANARY}
        )
    found: UUID = made["id"]
    return found


def reading(connection: UUID, name: str = "read", **settings: Any) -> dict[str, Any]:
    settings = {"datasource": str(connection), "blendr_on_error": "ignore", **settings}
    return block("EndpointBlock", name, inputs={"n": "1"}, settings=settings, endpoint_guid="read", endpoint_role="get")


def calling(connection: UUID, url: str, name: str = "called", **settings: Any) -> dict[str, Any]:
    settings = {"datasource": str(connection), "blendr_on_error": "ignore", **settings}
    headers = {"Accept": "text/plain", "X-Whatever": CANARY}
    inputs = {"url": url, "method": "POST", "body": "hello", "retries": 0, "headers": headers}
    return block("CallUrlBlock", name, inputs=inputs, settings=settings)


def echo(site: Api, status: int) -> Any:
    def tell(request: Any) -> Any:
        sent = request.headers["Authorization"]
        other = request.headers.get("X-Whatever", "")
        body = {"told": sent, "again": [CANARY, other], "marker": "visible"} if status >= 400 else {"marker": "visible"}
        return answer(body, status, X_Echo=sent, Set_Cookie=f"sid={CANARY}")

    return tell


async def bytes_of(parts: Parts, tenant: Tenant, run: str) -> tuple[bytes, list[Any]]:
    """The journal of a run unpacked, and its row."""
    run_id = UUID(run.rpartition("/")[2])
    async with parts.database.tenant(tenant.id) as unit:
        rows = await unit.all(unit.select(journal).where(journal.c.run_id == run_id))
        row = await unit.all(unit.select(runs).where(runs.c.id == run_id))
    return b"".join(codec.pack(codec.decode(bytes(one["data"]))) for one in rows), [dict(one) for one in row]


async def test_failed_calls_show_all_but_the_credentials(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None, site: Api, connection: UUID
) -> None:
    site.handler = echo(site, 400)
    run, blocks = await ran(api, parts, tenant, [reading(connection), calling(connection, site.base + "/x")])
    kept, row = await bytes_of(parts, tenant, run)
    assert CANARY.encode() not in kept
    assert CANARY not in str(row)
    for placed in blocks[1:]:
        (one,) = await everything(api, f"{run}/blocks/{placed['id']}/executions")
        (exchange,) = one["exchanges"]
        assert (one["attempts"], exchange["status"]) == (1, 400)
        sent = {entry["name"].lower(): entry["value"] for entry in exchange["request"]["headers"]}
        assert sent["authorization"] == "***"
        assert (sent.get("x-whatever"), sent["accept"]) in ((None, "application/json"), ("***", "text/plain"))
        assert json.loads(exchange["response"]["body"])["marker"] == "visible"
        headers = {entry["name"].lower(): entry["value"] for entry in exchange["response"]["headers"]}
        assert (headers["set-cookie"], headers["x-echo"]) == ("***", "***")
        assert exchange["request"]["body"] == ("hello" if placed["name"] == "called" else None)
    for path in ("blocks", "debug", f"blocks/{blocks[1]['id']}/executions", f"blocks/{blocks[2]['id']}/executions"):
        assert CANARY not in (await api.get(f"{run}/{path}")).text, path


@pytest.mark.parametrize("how", ["plain", "block", "start", "start but not the block", "test run"])
async def test_calls_that_went_well_are_kept_on_demand(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None, site: Api, connection: UUID, how: str
) -> None:
    site.handler = echo(site, 200)
    own = {"block": {"log_requests": "yes"}, "start but not the block": {"log_requests": "no"}}.get(how, {})
    workspace = document(reading(connection, **own), calling(connection, site.base + "/x", **own))
    if how.startswith("start"):
        workspace["blocks"][0]["settings"] = [{"id": "log_requests", "value": "yes"}]
    automation = (await api.post(BASE, json={"name": "A", "workspace": workspace})).json()["id"]
    if how == "test run":
        made = await api.post(f"{BASE}/{automation}/actions/test", json={"wait": 20})
    else:
        made = await api.post(f"{BASE}/{automation}/runs", json={"context": "api"})
    assert made.status_code == 201, made.text
    await parts.runs.wait(tenant.id, UUID(made.json()["id"]), 30)
    run = f"{BASE}/{automation}/runs/{made.json()['id']}"
    for placed in workspace["blocks"][1:]:
        (one,) = await everything(api, f"{run}/blocks/{placed['id']}/executions")
        assert one["output"] == {"marker": "visible"}
        shown = "request" in one["exchanges"][0]
        assert shown is (how in ("block", "start", "test run"))
    kept, _ = await bytes_of(parts, tenant, run)
    assert CANARY.encode() not in kept


async def test_a_block_that_hides_its_data_shows_none(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None, site: Api, connection: UUID
) -> None:
    site.handler = lambda _: answer({"person": "Ada-Hidden"}, 200)
    hidden = {"automations_censor_data": "yes", "log_requests": "yes"}
    entries = [
        calling(connection, site.base + "/Ada-Hidden", **hidden),
        reading(connection, **hidden),
        output("fine"),
    ]
    run, blocks = await ran(api, parts, tenant, entries)
    for placed in blocks[1:3]:
        (one,) = await everything(api, f"{run}/blocks/{placed['id']}/executions")
        assert (one["censored"], one["inputs"], one["output"], one["outputRef"]) == (True, None, None, None)
        assert one["exchanges"][0]["status"] == 200
        assert not {"request", "response", "url"} & one["exchanges"][0].keys()
        assert (await api.get(f"{run}/executions/{one['id']}/output")).status_code == 404
    preview = {"formula": "{$.called.person}", "runId": run.rpartition("/")[2]}
    for answered in (
        await api.get(f"{run}/debug"),
        await api.get(f"{run}/blocks/{blocks[1]['id']}/executions"),
        await api.post("/api/workflows/formulas/actions/preview", json=preview),
    ):
        assert answered.status_code == 200
        assert "Ada-Hidden" not in answered.text


async def test_attempts_are_those_of_the_call_and_each_is_shown(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant, worker: None, site: Api, connection: UUID
) -> None:
    site.script = [answer({"no": 1}, 503), answer({"no": 2}, 500), answer({"ok": 3})]
    run, blocks = await ran(api, parts, tenant, [reading(connection)])
    (one,) = await everything(api, f"{run}/blocks/{blocks[1]['id']}/executions")
    assert one["attempts"] == 3
    assert [(each["status"], each.get("attempt", 1)) for each in one["exchanges"]] == [(503, 1), (500, 2), (200, 3)]
    assert [each.get("response", {}).get("body") for each in one["exchanges"]] == ['{"no":1}', '{"no":2}', None]
