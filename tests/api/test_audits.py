"""The audit log: every change leaves a record, which says who did what from where and never a secret."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from tests.api.conftest import Parts, Tenant, World, client
from tests.api.test_connectors import DOCUMENT
from tests.api.test_trials import SOME, WORKSPACE
from tests.connectors.webhooks.making import hooks_manifest
from tieline.core.ids import new_id
from tieline.storage.tables import audit_log, runs
from tieline.storage.unit import Unit
from tieline.tenancy import audit, notices
from tieline.tenancy.principal import Principal

pytestmark = pytest.mark.anyio

BASE = "/api/v1/audits"
FLOWS = "/api/workflows"

# Operations that may succeed without a record, by method and path below the prefix.
EXCEPTIONS = {
    "POST /automations/{id}/actions/execute": "nobody of the tenant asks; the run itself is the record",
    "POST /automations/{id}/runs/{runId}/actions/export": "reads: it gives the address of the debug log",
    "POST /formulas/actions/preview": "computes and keeps nothing",
    "POST /automation-connections/{id}/blocks/{block}/inputs/{input}/actions/options": "reads the connected API",
    "POST /automation-connections/{id}/blocks/{block}/actions/call": "what changes something: test_block_calls",
    "POST /automation-connectors/{connectorId}/diff": "compares and keeps nothing",
    "POST /automation-connectors/actions/preview": "reads a document and keeps nothing",
    "POST /automation-connectors/{connectorId}/actions/certify": "tries the manifest on this machine alone",
    "POST /connect/{token}": "no one of the tenant asks; the session that it belongs to is recorded",
    "POST /connect/callback": "no one of the tenant asks; the session that it belongs to is recorded",
    "POST /hooks/{token}": "the delivery itself is the record",
    "POST /users/actions/filter": "reads",
    "POST /spaces/filter": "reads",
    "POST /items/filter": "reads",
}
# Walked by tests/api/oem/test_audit_coverage.py.
ELSEWHERE = (
    "/api-keys",
    "/users",
    "/tenants",
    "/oauth-clients",
    "/oauth-tokens",
    "/oauth/",
    "/webhooks",
    "/spaces",
    "/items",
    "/templates",
    "/integrations",
    "/oem/",
    "/sso",
    "/embed",
    "/mcp",
)


class Walker:
    """A client that remembers which operation each of its requests was, and how its answer can be found in the log."""

    def __init__(self, api: httpx.AsyncClient, document: dict[str, Any]) -> None:
        self.api = api
        self.seen: list[tuple[str, str]] = []
        self.operations: dict[str, re.Pattern[str]] = {}
        for path, item in document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)))
            for method in item.keys() - {"get"}:
                self.operations[f"{method.upper()} {path}"] = pattern

    def named(self, path: str) -> str:
        """The path as the document has it."""
        return path

    async def __call__(self, method: str, path: str, status: int = 204, **more: Any) -> Any:
        answer = await self.api.request(method, path, **more)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        path = self.named(path)
        # A path without parameters goes before one with.
        known = [
            name
            for name, pattern in self.operations.items()
            if name.startswith(f"{method} ") and pattern.fullmatch(path)
        ]
        self.seen.append((min(known, key=lambda name: name.count("{")), answer.headers["x-trace-id"]))
        return json.loads(answer.content or b"null")


@pytest.fixture
async def walk(api: httpx.AsyncClient) -> Walker:
    return Walker(api, (await api.get("/openapi.json")).json())


def short(operation: str) -> str:
    """The same under each prefix."""
    return operation.replace(" /api/workflows/", " /").replace(" /api/v1/", " /")


async def test_every_change_leaves_a_record(
    walk: Walker, parts: Parts, world: World, tenant: Tenant, upstream: str
) -> None:
    await _walk_automations(walk, world, tenant)
    await _walk_runs(walk, parts, tenant)
    await _walk_connections(walk, parts, world, tenant, upstream)
    await _walk_rest(walk, parts, tenant)
    async with parts.database.tenant(tenant.id) as unit:
        recorded = {row["trace_id"] for row in await unit.all(unit.select(audit_log, audit_log.c.trace_id))}
    silent = {short(name) for name, trace in walk.seen if trace not in recorded} - EXCEPTIONS.keys()
    assert not silent, f"these succeed and leave no record: {sorted(silent)}"
    walked = {short(name) for name, _ in walk.seen}
    rest = {short(name) for name in walk.operations} - walked - EXCEPTIONS.keys()
    rest = {name for name in rest if not name.partition(" ")[2].startswith(ELSEWHERE)}
    assert not rest, f"walk these, or say why they need no record: {sorted(rest)}"


async def _walk_automations(walk: Walker, world: World, tenant: Tenant) -> None:
    base = f"{FLOWS}/automations"
    user_id, _ = await world.user(tenant.id)
    where = f"{base}/{(await walk('POST', base, 201, json={'name': 'One', 'workspace': WORKSPACE}))['id']}"
    await walk("PUT", f"{base}/settings", 200, json={"maxConcurrentRunsPerAutomation": 7})
    await walk("PUT", where, 200, json={"name": "Two", "workspace": {**WORKSPACE, "x": 1}})
    await walk("POST", f"{where}/actions/copy", 201, json={"name": "Three"})
    await walk("POST", f"{where}/actions/disable")
    await walk("POST", f"{where}/actions/enable")
    await walk("PATCH", f"{where}/versions/1", json={"note": "First"})
    await walk("POST", f"{where}/versions/1/actions/restore", 201)
    await walk("POST", f"{where}/versions/1/actions/publish")
    await walk("POST", f"{where}/actions/unpin")
    await walk("PUT", f"{where}/pins/{SOME}", json={"output": [1]})
    await walk("DELETE", f"{where}/pins/{SOME}")
    await walk("DELETE", f"{where}/pointers")
    await walk("PUT", f"{where}/tool", 200, json={"enabled": False})
    rule = {"on": ["failed"], "webhook": {"url": "http://127.0.0.1:9/x"}}
    for place in (f"{base}/settings/failure-notice", f"{where}/failure-notice"):
        await walk("PUT", place, 200, json=rule)
    await walk("POST", f"{where}/failure-notice/actions/test", 200)
    for place in (f"{where}/failure-notice", f"{base}/settings/failure-notice"):
        await walk("DELETE", place)
    space_id = await world.space(tenant.id)
    await walk("POST", f"{where}/actions/change-space", json={"spaceId": str(space_id)})
    await walk("POST", f"{where}/actions/change-owner", json={"userId": str(user_id)})
    await walk("POST", f"{where}/actions/move", json={"userId": str(tenant.admin_id)})
    await walk("DELETE", where)


async def _walk_runs(walk: Walker, parts: Parts, tenant: Tenant) -> None:
    base = f"{FLOWS}/automations"
    where = f"{base}/{(await walk('POST', base, 201, json={'name': 'Runs', 'workspace': WORKSPACE}))['id']}"
    run = await walk("POST", f"{where}/runs", 201, json={"context": "api"})
    place = f"{where}/runs/{run['id']}"
    await walk("POST", f"{place}/actions/export", 200)
    await walk("POST", f"{place}/actions/pause")
    await walk("POST", f"{place}/actions/resume")
    await walk("POST", f"{place}/actions/stop")
    await walk("POST", f"{place}/actions/rerun", 201, json={})
    async with parts.database.tenant(tenant.id) as unit:
        await unit.update(runs, runs.c.id == UUID(run["id"]), status="failed")
    await walk("POST", f"{place}/actions/retry")
    await walk("POST", f"{where}/actions/test", 201, json={})


async def _walk_connections(walk: Walker, parts: Parts, world: World, tenant: Tenant, upstream: str) -> None:
    connectors, base = f"{FLOWS}/automation-connectors", f"{FLOWS}/automation-connections"
    connector = f"{connectors}/{(await walk('POST', connectors, 201, json={'document': DOCUMENT}))['id']}"
    await walk("PUT", connector, 200, json={"document": DOCUMENT})
    await walk("PATCH", f"{connector}/facts", 200, json={"facts": [{"path": "/title", "value": "Ours"}]})
    await walk("DELETE", connector)
    await walk("POST", f"{connectors}/catalog/hubspot/actions/add", 201)
    async with parts.database.tenant(tenant.id) as unit:
        connector_id = str((await parts.connectors.save(unit, hooks_manifest(upstream)))["id"])
    made = await walk("POST", base, 201, json={"connectorId": connector_id, "name": "One"})
    where = f"{base}/{made['id']}"
    sub = await walk(
        "POST",
        f"{FLOWS}/webhook-subscriptions",
        201,
        json={"connectionId": made["id"], "event": "unsigned", "inputs": {"schedule": [0]}},
    )
    await walk("POST", f"{where}/actions/reconcile-webhooks", 200)
    await walk("DELETE", f"{FLOWS}/webhook-subscriptions/{sub['id']}")
    await walk("PUT", where, 200, json={"name": "Two"})
    await walk("POST", f"{where}/actions/check", 200)
    await walk("PUT", f"{where}/tools", 200, json={"enabled": False})
    await walk("POST", f"{where}/actions/probe", 200, json={})
    session = await walk("POST", f"{FLOWS}/connect-sessions", 201, json={"connectorId": connector_id})
    await walk("DELETE", f"{FLOWS}/connect-sessions/{session['id']}")
    user_id, _ = await world.user(tenant.id)
    await walk("POST", f"{where}/actions/change-space", json={"spaceId": str(await world.space(tenant.id))})
    await walk("POST", f"{where}/actions/change-owner", json={"userId": str(user_id)})
    await walk("DELETE", where)


async def _walk_rest(walk: Walker, parts: Parts, tenant: Tenant) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        await notices.open(unit, kind="document-changed", subject="connector:x", title="Changed", detail="Much.")
    (notice,) = (await walk.api.get(f"{FLOWS}/notices")).json()["data"]
    await walk("POST", f"{FLOWS}/notices/{notice['id']}/actions/dismiss")
    base = "/api/v1/web-integrations"
    where = f"{base}/{(await walk('POST', base, 201, json={'name': 'App'}))['id']}"
    await walk("PATCH", where, json=[{"op": "replace", "path": "/name", "value": "New"}])
    await walk("DELETE", where)
    base = "/api/v1/csp-origins"
    where = f"{base}/{(await walk('POST', base, 201, json={'origin': 'a.example'}))['id']}"
    await walk("PUT", where, 200, json={"origin": "b.example"})
    await walk("DELETE", where)


async def log(api: httpx.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    """The records, without those of the keys that the tests themselves work with."""
    answer = await api.get(BASE, params=parameters)
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["data"] if not one["action"].startswith(("api-key.", "user.", "space."))]


@pytest.fixture
async def recorded(api: httpx.AsyncClient) -> dict[str, Any]:
    """A web integration that was made, renamed and removed."""
    base = "/api/v1/web-integrations"
    made: dict[str, Any] = (await api.post(base, json={"name": "App", "validOrigins": ["https://a.example"]})).json()
    renamed = [{"op": "replace", "path": "/name", "value": "New"}]
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    await api.patch(f"{base}/{made['id']}", json=renamed, headers=trace)
    await api.delete(f"{base}/{made['id']}")
    return made


async def test_a_record_says_who_did_what_from_where(
    api: httpx.AsyncClient, tenant: Tenant, recorded: dict[str, Any]
) -> None:
    deleted, updated, created = await log(api)
    assert [one["action"] for one in (created, updated, deleted)] == [
        "web-integration.created",
        "web-integration.updated",
        "web-integration.deleted",
    ]
    assert {one["subject"] for one in (created, updated, deleted)} == {f"web-integration:{recorded['id']}"}
    assert [one["name"] for one in (created, updated, deleted)] == ["App", "New", "New"]
    assert created["detail"] == {"validOrigins": ["https://a.example"]}
    assert updated["detail"] == {"name": ["App", "New"]}
    assert updated["traceId"] == "0af7651916cd43dd8448eb211c80319c"
    assert (updated["actorKind"], updated["userId"]) == ("api key", str(tenant.admin_id))
    assert updated["address"] == "127.0.0.1"
    assert tenant.key not in json.dumps([created, updated, deleted])
    assert (await api.get(f"{BASE}/{updated['id']}")).json() == updated


async def test_records_are_filtered_and_paged(api: httpx.AsyncClient, tenant: Tenant, recorded: dict[str, Any]) -> None:
    async def actions(expression: str) -> list[str]:
        return [one["action"].rpartition(".")[2] for one in await log(api, filter=expression, sort="time")]

    everything = ["created", "updated", "deleted"]
    assert await actions('action eq "web-integration.updated"') == ["updated"]
    assert await actions('action sw "web-integration."') == everything
    assert await actions(f'subject eq "web-integration:{recorded["id"]}"') == everything
    assert await actions(f'userId eq "{tenant.admin_id}"') == everything
    assert await actions(f'userId eq "{new_id()}"') == []
    assert await actions('traceId eq "0af7651916cd43dd8448eb211c80319c"') == ["updated"]
    moment = (await log(api, sort="time"))[1]["time"]
    assert await actions(f'time gt "{moment}"') == ["deleted"]
    assert await actions('time ge "2000-01-01T00:00:00Z" and not (action ew "created")') == ["updated", "deleted"]
    pages = [(await api.get(BASE, params={"limit": 1, "filter": 'action sw "web-integration."'})).json()]
    while pages[-1]["links"]["next"]["href"]:
        pages.append((await api.get(pages[-1]["links"]["next"]["href"])).json())
    assert [one["action"].rpartition(".")[2] for page in pages for one in page["data"]] == everything[::-1]


async def test_only_administrators_of_the_tenant_read_it(
    api: httpx.AsyncClient, other: httpx.AsyncClient, address: str, world: World, tenant: Tenant, recorded: Any
) -> None:
    assert recorded
    one = (await log(api))[0]["id"]
    _, person = await world.user(tenant.id)
    reading = await world.key(tenant.id, tenant.admin_id, ["automations"])
    for key in (person, reading):
        async with client(address, key) as caller:
            assert (await caller.get(BASE)).status_code == 403
            assert (await caller.get(f"{BASE}/{one}")).status_code == 403
    assert await log(other) == []
    assert (await other.get(f"{BASE}/{one}")).status_code == 404
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await api.request(method, f"{BASE}/{one}", json={})).status_code == 405


async def test_what_did_not_happen_is_not_recorded(api: httpx.AsyncClient, parts: Parts, tenant: Tenant) -> None:
    refused = [
        await api.post("/api/v1/web-integrations", json={"name": "x", "validOrigins": ["x"]}),
        await api.delete(f"/api/v1/web-integrations/{new_id()}"),
        await api.put(f"{FLOWS}/automations/{new_id()}", json={"name": "x"}),
    ]
    assert [answer.status_code for answer in refused] == [400, 404, 404]
    assert await log(api) == []

    async def fails(unit: Unit) -> None:
        await audit.record(unit, None, action="x.done", subject="x:1")
        raise LookupError

    with pytest.raises(LookupError):
        async with parts.database.tenant(tenant.id) as unit:
            await fails(unit)
    assert await log(api) == []


async def test_secrets_and_odd_texts_are_masked_and_cut(parts: Parts, api: httpx.AsyncClient, tenant: Tenant) -> None:
    who = Principal(tenant_id=tenant.id, user_id=tenant.admin_id)
    before = {"name": "a", "clientSecret": "hunter2-hunter2", "updated_at": 1}
    after = {"name": "b\0", "clientSecret": "hunter3-hunter3", "updated_at": 2, "long": "x" * 5000}
    token = tenant.key
    async with parts.database.tenant(tenant.id) as unit:
        await audit.record(
            unit,
            who,
            action="x.changed",
            subject="x:1",
            name=f"Bearer {token}" + "y" * 1000,
            detail={
                **audit.changes(before, after),
                "password": "hunter4-hunter4",
                "deep": {"token": "hunter5-hunter5"},
            },
        )
    async with parts.database.system() as unit:
        # Without a tenant's unit the log is that of the principal.
        await audit.record(unit, who, action="x.big", subject="x:2", detail={"a": ["z" * 900] * 100})
        with pytest.raises(Exception, match="needs a tenant"):
            await audit.record(unit, None, action="x.lost", subject="x:3")
        mine = (audit_log.c.tenant_id == tenant.id, audit_log.c.action.like("x.%"))
        kept = await unit.all(select(audit_log).where(*mine))
    text = str(kept)
    assert "hunter" not in text
    assert token not in text
    changed, big = sorted(kept, key=lambda row: str(row["subject"]))
    assert changed["detail"]["clientSecret"] == ["***", "***"]
    assert changed["detail"]["name"] == ["a", "b\N{REPLACEMENT CHARACTER}"]
    assert len(changed["detail"]["long"][1]) == 1000
    assert "updated_at" not in changed["detail"]
    assert len(changed["name"]) <= 256
    assert (changed["actor_kind"], changed["actor_id"]) == ("user", str(tenant.admin_id))
    assert big["detail"]["fields"] == ["a"]
    assert len(await log(api)) == 2
