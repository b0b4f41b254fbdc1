"""Agents: the official client over HTTP, against the running API with a real worker and the sandbox's services."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import httpx
import httpx2
import pytest
from aiohttp import web
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent

from tests.api import oauth_world
from tests.api.conftest import NO_LIMIT, Parts, Tenant, World, client, serving
from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import working
from tieline.api.edge.access import Call
from tieline.api.mcp import sessions
from tieline.automations.runs.withdrawal import withdrawn
from tieline.automations.tools import blocks
from tieline.connectors.importers import import_document
from tieline.sandbox import Running, running
from tieline.server.app import create_app
from tieline.storage.tables import audit_log, runs
from tieline.tenancy.limits import Tiers
from tieline.tenancy.principal import Principal

pytestmark = pytest.mark.anyio

API = "/api/v1"
MODES = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"], ids=["sessions", "stateless"])
FIELDS = [
    {"id": "a", "type": "input", "label": "E-mail address", "isRequired": True},
    {"id": "b", "type": "select", "label": "size", "options": ["S", "L"]},
]
GREETING = document(
    {**block("FormBlock", "form"), "form": FIELDS},
    block("ShowBlock", inputs={"input": "hello {$.form['E-mail address']}"}),
)
FAILING = document(block("ErrorBlock", inputs={"message": "no luck"}))
SLOW = document(block("SleepBlock", inputs={"seconds": "600"}))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running(registrations=60) as started:
        yield started


@dataclass
class Shop:
    """A tenant with connections to both services of the sandbox."""

    api: httpx.AsyncClient
    tenant: Tenant
    gather: str
    dialbook: str
    secret: str

    async def automation(self, workspace: dict[str, Any], name: str, mode: str = "triggered") -> str:
        """A new automation, offered as a tool of this name."""
        start = {"type": "StartBlock", "inputs": [{"id": "run_mode", "value": mode}]}
        listed = [{**one, **start} if one["type"] == "StartBlock" else one for one in workspace["blocks"]]
        made = await self.api.post(
            f"{API}/automations", json={"name": name, "workspace": {**workspace, "blocks": listed}}
        )
        assert made.status_code == 201, made.text
        identity: str = made.json()["id"]
        put = await self.api.put(f"{API}/automations/{identity}/tool", json={"enabled": True, "name": name})
        assert put.status_code == 200, put.text
        return identity

    async def offer(self, connection: str, **body: Any) -> dict[str, Any]:
        answer = await self.api.put(f"{API}/automation-connections/{connection}/tools", json={"enabled": True, **body})
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown


@pytest.fixture
async def shop(api: httpx.AsyncClient, tenant: Tenant, parts: Parts, sandbox: Running) -> Shop:
    sandbox.reset(registrations=60)
    made = []
    async with parts.database.tenant(tenant.id) as unit:
        for name, product, answers in (
            ("gather", sandbox.events, {"api_key": sandbox.events.api_key}),
            (
                "dialbook",
                sandbox.telephony,
                {"client_id": sandbox.telephony.client_id, "client_secret": sandbox.telephony.client_secret},
            ),
        ):
            with urlopen(product.openapi, timeout=10) as answer:
                row = await parts.connectors.save(
                    unit, import_document(answer.read(), address=product.openapi, name=name)
                )
            connection = await parts.connections.create(
                unit, connector_id=row["id"], name=name, owner_id=tenant.admin_id, params=answers
            )
            made.append(str(connection["id"]))
    gather, dialbook = made
    return Shop(api, tenant, gather, dialbook, sandbox.events.api_key)


@pytest.fixture(scope="module")
async def worker(parts: Parts) -> AsyncIterator[None]:
    async with working(parts.database, vault=parts.vault):
        yield


@asynccontextmanager
async def agent(address: str, key: str, mode: str = "legacy", **options: Any) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=30, verify=False) as http:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            async with Client(
                streamable_http_client(f"{address}/mcp", http_client=http), mode=mode, cache=None, **options
            ) as opened:
                yield opened


async def names(opened: Client) -> list[str]:
    """All pages of the list."""
    found, cursor = [], None
    while True:
        page = await opened.list_tools(cursor=cursor)
        found += [tool.name for tool in page.tools]
        cursor = page.next_cursor
        if cursor is None:
            return found


async def audited(parts: Parts, tenant: Tenant, action: str) -> list[dict[str, Any]]:
    async with parts.database.tenant(tenant.id) as unit:
        return await unit.all(unit.select(audit_log).where(audit_log.c.action == action).order_by(audit_log.c.id))


@MODES
async def test_reads_of_a_connection_are_tools(
    shop: Shop, address: str, tenant: Tenant, parts: Parts, mode: str
) -> None:
    shown = await shop.offer(shop.gather, name="gather")
    async with agent(address, tenant.key, mode) as opened:
        listed = (await opened.list_tools()).tools
        assert [tool.name for tool in listed] == shown["tools"]
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed)
        assert all(len(tool.name) <= 64 for tool in listed)
        first = await opened.call_tool("gather__list_registrations", {blocks.LIMIT: 25})
        assert not first.is_error, first.content
        seen = first.structured_content["records"]
        cursor = first.structured_content["cursor"]
        while cursor:
            answer = await opened.call_tool("gather__list_registrations", {blocks.LIMIT: 25, blocks.CURSOR: cursor})
            assert not answer.is_error, answer.content
            seen += answer.structured_content["records"]
            cursor = answer.structured_content["cursor"]
    assert len(seen) == len({one["id"] for one in seen}) == 60
    assert shop.secret not in json.dumps(seen)
    called = await audited(parts, tenant, "connection.tool-called")
    assert called[0]["detail"]["block"] == "list_registrations"
    assert called[0]["subject"] == f"connection:{shop.gather}"


async def test_writes_are_offered_one_by_one(shop: Shop, address: str, tenant: Tenant) -> None:
    reads = (await shop.offer(shop.dialbook, name="dialbook"))["tools"]
    assert not [name for name in reads if "upsert" in name or "delete" in name]
    [name] = (await shop.offer(shop.dialbook, blocks=["contacts_upsert"]))["tools"]
    async with agent(address, tenant.key) as opened:
        [tool] = (await opened.list_tools()).tools
        assert tool.annotations is not None
        assert (tool.annotations.read_only_hint, tool.annotations.destructive_hint) == (False, True)
        given = {"external_id": "x-1", "name": "Ada", "email": "ada@example.com"}
        answer = await opened.call_tool(
            name, {key: given[key] for key in given if key in tool.input_schema["properties"]}
        )
        assert not answer.is_error, answer.content
        bad = await opened.call_tool(name, {**given, "name": 5, "nonsense": 1})
        assert bad.is_error
        assert [one["pointer"] for one in bad.structured_content["errors"]] == ["/name", "/nonsense"]


@MODES
async def test_an_automation_is_a_tool(
    shop: Shop, address: str, tenant: Tenant, parts: Parts, worker: None, mode: str
) -> None:
    identity = await shop.automation(GREETING, "greet", "manual")
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async with agent(address, tenant.key, mode) as opened:
        [tool] = (await opened.list_tools()).tools
        assert tool.input_schema["required"] == ["E-mail_address"]
        assert tool.input_schema["properties"]["size"]["enum"] == ["S", "L"]
        answer = await opened.call_tool("greet", {"E-mail_address": "ada@example.com"}, progress_callback=hear)
        assert not answer.is_error, answer.content
        assert answer.structured_content["output"] == ["hello ada@example.com"]
        wrong = await opened.call_tool("greet", {"size": "XL", "more": 1})
        assert sorted(one["pointer"] for one in wrong.structured_content["errors"]) == [
            "/E-mail_address",
            "/more",
            "/size",
        ]
    assert heard == sorted(heard)
    assert heard
    async with parts.database.tenant(tenant.id) as unit:
        [row] = await unit.all(unit.select(runs).where(runs.c.automation_id == UUID(identity)))
    assert (str(row["id"]), row["context"]) == (answer.structured_content["run"], "api_sync")
    assert [one["detail"]["run"] for one in await audited(parts, tenant, "automation.tool-called")] == [str(row["id"])]


async def test_a_run_that_fails_is_a_tool_error_with_its_id(
    shop: Shop, address: str, tenant: Tenant, worker: None
) -> None:
    await shop.automation(FAILING, "fails")
    async with agent(address, tenant.key) as opened:
        answer = await opened.call_tool("fails", {})
    assert answer.is_error
    assert isinstance(answer.content[0], TextContent)
    assert answer.structured_content["run"] in answer.content[0].text
    assert "no luck" in answer.content[0].text


@MODES
async def test_a_call_that_is_cancelled_stops_its_run(
    shop: Shop, address: str, tenant: Tenant, parts: Parts, worker: None, mode: str
) -> None:
    identity = UUID(await shop.automation(SLOW, "slow"))

    async def status() -> str:
        async with parts.database.tenant(tenant.id) as unit:
            found = await unit.scalar(unit.select(runs, runs.c.status).where(runs.c.automation_id == identity))
            return str(found)

    async def until(*wanted: str) -> None:
        async with asyncio.timeout(20):
            while await status() not in wanted:
                await asyncio.sleep(0.05)

    async with agent(address, tenant.key, mode) as opened:
        calling = asyncio.create_task(opened.call_tool("slow", {}))
        await until("running")
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        await until("stopped")


async def test_who_may_not(shop: Shop, address: str, tenant: Tenant, world: World, parts: Parts) -> None:
    await shop.offer(shop.gather, name="gather")
    await shop.automation(GREETING, "greet", "manual")
    reader = await world.key(tenant.id, tenant.admin_id, ["automations:read", "connections:read"])
    async with agent(address, reader) as opened:
        assert "greet" in await names(opened)
        for name, given in (("greet", {"E-mail_address": "a"}), ("gather__list_registrations", {})):
            answer = await opened.call_tool(name, given)
            assert answer.is_error
            assert answer.structured_content["errors"][0]["code"] == "forbidden"
    _, colleague = await world.user(tenant.id)
    for key in (colleague, (await world.tenant()).key):
        async with agent(address, key) as opened:
            assert await names(opened) == []
            for name in ("greet", "gather__list_registrations", "nothing", "x" * 5000, "gather__", "__"):
                with pytest.raises(MCPError, match="no tool"):
                    await opened.call_tool(name, {})
    assert not await audited(parts, tenant, "connection.tool-called")


async def post(address: str, key: str | None, message: Any, **headers: str) -> httpx.Response:
    sent = {"accept": "application/json, text/event-stream", "content-type": "application/json", **headers}
    if key is not None:
        sent["authorization"] = f"Bearer {key}"
    async with httpx.AsyncClient(base_url=address, timeout=30, verify=False) as http:
        content = message if isinstance(message, bytes) else json.dumps(message)
        return await http.post("/mcp", content=content, headers=sent)


HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.mark.parametrize(
    "headers, status, code",
    [
        ({"origin": "https://evil.example"}, 403, "unknown-origin"),
        ({"origin": "null"}, 403, "unknown-origin"),
        ({"host": "evil.example"}, 421, "unknown-host"),
        ({"mcp-session-id": "guessed"}, 404, "unknown-session"),
        ({"content-type": "text/plain"}, 415, "unsupported-media-type"),
        ({}, 200, ""),
    ],
    ids=["strange origin", "null origin", "strange host", "guessed session", "no JSON", "good"],
)
async def test_what_the_transport_refuses(
    address: str, tenant: Tenant, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await post(address, tenant.key, LIST, **headers)
    assert answer.status_code == status
    if code:
        assert answer.json()["errors"][0]["code"] == code


async def test_nobody_without_a_key(address: str, tenant: Tenant, world: World) -> None:
    for key in (None, "tln_nonsense"):
        answer = await post(address, key, LIST)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    users_only = await world.key(tenant.id, tenant.admin_id, ["users"])
    assert (await post(address, users_only, LIST)).status_code == 403
    async with client(address, tenant.key) as http:
        for method in ("GET", "DELETE"):
            assert (await http.request(method, "/mcp")).status_code == 405


@pytest.mark.parametrize(
    "message",
    [b"{", b"[]", [LIST], 5, {}, {"method": 5}, {"method": "tools/call"}, {**LIST, "id": {}}, b"[" * 10_000],
    ids=["half", "no messages", "batch", "number", "nothing", "no method", "no id", "odd id", "deep"],
)
async def test_what_is_no_message(address: str, tenant: Tenant, message: Any) -> None:
    assert (await post(address, tenant.key, message)).status_code in (202, 400)


async def test_huge_arguments(address: str, tenant: Tenant) -> None:
    message = {**LIST, "method": "tools/call", "params": {"name": "x", "arguments": {"a": "x" * 2**20}}}
    assert (await post(address, tenant.key, message)).status_code == 413


async def test_a_session_is_its_callers(address: str, tenant: Tenant, world: World) -> None:
    ids = {(await post(address, tenant.key, HELLO)).headers["mcp-session-id"] for _ in range(2)}
    assert len(ids) == 2
    another = await world.key(tenant.id, tenant.admin_id, ["admin"])
    for session in ids:
        assert (await post(address, tenant.key, LIST, **{"mcp-session-id": session})).status_code == 200
        assert (await post(address, another, LIST, **{"mcp-session-id": session})).status_code == 404


async def test_calls_are_tier_2_and_lists_tier_1(parts: Parts, tenant: Tenant) -> None:
    app = create_app(parts, tiers=Tiers(tier1=NO_LIMIT.tier1, tier2=1))
    call = {**LIST, "method": "tools/call", "params": {"name": "nothing", "arguments": {}}}
    async with serving(app) as address:
        answers = [(await post(address, tenant.key, one)).status_code for one in (LIST, call, LIST, call, LIST)]
    assert answers == [200, 200, 200, 429, 200]


async def test_hundreds_of_tools_come_in_pages(shop: Shop, address: str, tenant: Tenant, parts: Parts) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        paths = {f"/things/{n}": {"get": {"operationId": f"get thing {n}", "responses": {}}} for n in range(250)}
        big = {
            "openapi": "3.1.0",
            "info": {"title": "Big", "version": "1"},
            "paths": paths,
            "servers": [{"url": "https://big.example"}],
        }
        saved = await parts.connectors.save(unit, import_document(json.dumps(big).encode(), name="big"))
        made = await parts.connections.create(unit, connector_id=saved["id"], name="big", owner_id=tenant.admin_id)
    shown = await shop.offer(str(made["id"]), name="big")
    await shop.offer(shop.gather, name="a-gather")
    await shop.automation(GREETING, "greet", "manual")
    async with agent(address, tenant.key) as opened:
        found = await names(opened)
        assert len((await opened.list_tools()).tools) == 100
        with pytest.raises(MCPError, match="cursor"):
            await opened.list_tools(cursor="nonsense")
    assert len(found) == len(set(found))
    assert set(shown["tools"]) < set(found)
    assert len(shown["tools"]) == 250
    assert found[0] == "greet"


async def test_another_process_cancels_and_another_client_does_not(
    shop: Shop, address: str, tenant: Tenant, parts: Parts, worker: None
) -> None:
    identity = UUID(await shop.automation(SLOW, "slow"))
    session, other = [(await post(address, tenant.key, HELLO)).headers["mcp-session-id"] for _ in range(2)]
    call = {**LIST, "id": 7, "method": "tools/call", "params": {"name": "slow", "arguments": {}}}
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}

    async def status() -> str | None:
        async with parts.database.tenant(tenant.id) as unit:
            found = await unit.one(unit.select(runs, runs.c.status).where(runs.c.automation_id == identity))
            return None if found is None else str(found["status"])

    async with serving(create_app(parts, tiers=NO_LIMIT)) as second:
        calling = asyncio.create_task(post(address, tenant.key, call, **{"mcp-session-id": session}))
        async with asyncio.timeout(20):
            while await status() != "running":
                await asyncio.sleep(0.05)
        for stranger in (other, None):
            headers = {"mcp-session-id": stranger} if stranger else {}
            assert (await post(second, tenant.key, cancel, **headers)).status_code == 202
        async with parts.database.tenant(tenant.id) as unit:
            row = await unit.one(unit.select(runs).where(runs.c.automation_id == identity))
        assert row is not None
        assert row["stop_requested_at"] is None
        assert (await post(second, tenant.key, cancel, **{"mcp-session-id": session})).status_code == 202
        answer = await calling
        again = await post(second, tenant.key, call, **{"mcp-session-id": session})
    assert "ended as stopped" in answer.text
    assert "ended as stopped" in again.text
    async with parts.database.tenant(tenant.id) as unit:
        [row] = await unit.all(unit.select(runs).where(runs.c.automation_id == identity))
    assert row["status"] == "stopped"


async def test_secrets_that_an_api_repeats_are_not_in_the_answer(
    parts: Parts, tenant: Tenant, shop: Shop, address: str
) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"sent": dict(request.headers), "long": "x" * 200_000})

    app = web.Application()
    app.router.add_get("/echo", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Echo", "version": "1"},
        "servers": [{"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}],
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
        "paths": {"/echo": {"get": {"operationId": "echo", "summary": "Echo\u200b\u202e it\u0007"}}},
    }
    async with parts.database.tenant(tenant.id) as unit:
        saved = await parts.connectors.save(unit, import_document(json.dumps(document).encode(), name="echo"))
        manifest = await parts.connectors.manifest(unit, saved["id"])
        field = manifest.auth[0].fields[0].id
        made = await parts.connections.create(
            unit, connector_id=saved["id"], name="echo", owner_id=tenant.admin_id, secrets={field: "s3cret-of-mine"}
        )
    [name] = (await shop.offer(str(made["id"]), name="echo"))["tools"]
    async with agent(address, tenant.key) as opened:
        [tool] = (await opened.list_tools()).tools
        answer = await opened.call_tool(name, {})
    await runner.cleanup()
    assert tool.description == "echo (Echo): Echo it."
    assert not answer.is_error, answer.content
    told = json.dumps(answer.structured_content)
    assert "authorization" in told.lower()
    assert "s3cret-of-mine" not in told
    assert len(told) < 2 * blocks.MOST_BYTES


async def test_what_cannot_be_offered(shop: Shop, parts: Parts, tenant: Tenant, world: World, address: str) -> None:
    made = (await shop.api.post(f"{API}/automations", json={"name": "By hand"})).json()["id"]
    tool, tools = f"{API}/automations/{made}/tool", f"{API}/automation-connections/{shop.gather}/tools"
    for where, body, status, code in (
        (tool, {"enabled": True}, 400, "not-a-tool"),
        (tools, {"enabled": True, "name": "two__of"}, 400, "bad-input"),
        (tools, {"enabled": True, "name": "späti"}, 400, "bad-input"),
        (tools, {"enabled": True, "blocks": ["nothing"]}, 400, "bad-input"),
        (tools, {"enabled": True, "blocks": 5}, 400, "invalid-field"),
        (tools, {}, 400, "invalid-field"),
    ):
        answer = await shop.api.put(where, json=body)
        assert answer.status_code == status, (body, answer.text)
        assert answer.json()["errors"][0]["code"] == code, body
    await shop.automation(GREETING, "greet", "manual")
    second = (await shop.api.post(f"{API}/automations", json={"name": "2", "workspace": FAILING})).json()["id"]
    assert (await shop.api.get(f"{API}/automations/{second}/tool")).json()["enabled"] is False
    await shop.offer(shop.gather, name="gather")
    taken = await shop.api.put(
        f"{API}/automation-connections/{shop.dialbook}/tools", json={"enabled": True, "name": "gather"}
    )
    assert taken.status_code == 409, taken.text
    assert taken.json()["errors"][0]["code"] == "tool-name-taken"
    _, stranger = await world.user(tenant.id)
    reader = await world.key(tenant.id, tenant.admin_id, ["connections:read"])
    for key, status in ((stranger, 404), ((await world.tenant()).key, 404), (reader, 403)):
        async with client(address, key) as http:
            assert (await http.put(tools, json={"enabled": False})).status_code == status
    assert (await shop.api.put(tools, json={"enabled": False})).json()["tools"] == []
    async with agent(address, tenant.key) as opened:
        assert await names(opened) == ["greet"]


async def test_a_name_is_free_again_when_its_automation_is_gone_or_given_away(
    shop: Shop, tenant: Tenant, world: World, address: str
) -> None:
    first = await shop.automation(GREETING, "greet", "manual")
    assert (await shop.api.delete(f"{API}/automations/{first}")).status_code == 204
    second = await shop.automation(GREETING, "greet", "manual")
    another, _ = await world.user(tenant.id)
    given = await shop.api.post(f"{API}/automations/{second}/actions/change-owner", json={"userId": str(another)})
    assert given.status_code == 204, given.text
    async with agent(address, tenant.key) as opened:
        assert await names(opened) == []
    assert (await shop.api.get(f"{API}/automations/{second}/tool")).json()["enabled"] is False
    await shop.automation(GREETING, "greet", "manual")


async def test_an_access_token_does_as_well_as_a_key(shop: Shop, address: str) -> None:
    await shop.offer(shop.gather, name="gather")
    made = await oauth_world.make(shop.api, allowedScopes=["connections"])
    answer = await oauth_world.token(
        address, "client_credentials", {**oauth_world.named(made), "scope": "connections:read"}
    )
    async with agent(address, answer.json()["access_token"]) as opened:
        assert "gather__list_registrations" in await names(opened)
        refused = await opened.call_tool("gather__list_registrations", {})
    assert refused.structured_content["errors"][0]["code"] == "forbidden"


async def test_a_revoked_key_ends_a_clients_work(
    shop: Shop, address: str, tenant: Tenant, world: World, parts: Parts
) -> None:
    async with parts.database.tenant(tenant.id) as unit:
        made, key = await world.keys.create(unit, user_id=tenant.admin_id, scopes=["admin"])
    async with agent(address, key) as opened:
        assert await names(opened) == []
        async with parts.database.tenant(tenant.id) as unit:
            await world.keys.revoke(unit, made["id"])
        await asyncio.sleep(1)
        with pytest.raises(MCPError):
            await opened.list_tools()


@pytest.mark.parametrize("kind", ["key_id", "grant_id", "session_id"])
def test_a_run_names_what_let_the_caller_in(kind: str) -> None:
    identity = UUID(int=7)
    who = Principal(tenant_id=UUID(int=1), user_id=UUID(int=2), **{kind: identity})  # type: ignore[arg-type]
    call = Call(request=None, principal=who, edge=None)  # type: ignore[arg-type]
    assert sessions.start_key(call, "s", 1).startswith(f"{who.credential}:mcp:")
    assert who.credential is not None
    assert who.credential.endswith(str(identity))


async def test_a_run_stops_when_the_key_that_called_is_revoked(
    shop: Shop, address: str, tenant: Tenant, world: World, parts: Parts, worker: None
) -> None:
    identity = UUID(await shop.automation(SLOW, "slow"))
    async with parts.database.tenant(tenant.id) as unit:
        made, key = await world.keys.create(unit, user_id=tenant.admin_id, scopes=["automations"])
    call = {**LIST, "method": "tools/call", "params": {"name": "slow", "arguments": {}}}
    session = (await post(address, key, HELLO)).headers["mcp-session-id"]
    calling = asyncio.create_task(post(address, key, call, **{"mcp-session-id": session}))
    async with asyncio.timeout(20):
        while True:
            async with parts.database.tenant(tenant.id) as unit:
                row = await unit.one(unit.select(runs).where(runs.c.automation_id == identity))
            if row is not None and row["status"] == "running":
                break
            await asyncio.sleep(0.05)
    assert row["start_key"].startswith(f"api-key:{made['id']}:mcp:")
    async with parts.database.system() as system:
        assert await withdrawn(system, [tenant.id], [row["id"]]) == {}
    async with parts.database.tenant(tenant.id) as unit:
        await world.keys.revoke(unit, made["id"])
    async with parts.database.system() as system:
        assert await withdrawn(system, [tenant.id], [row["id"]]) == {row["id"]: "key"}
    await shop.api.post(f"{API}/automations/{identity}/runs/{row['id']}/actions/stop")
    assert "ended as stopped" in (await calling).text
