"""What a session may do and for how long, which pages may use it, and who ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import NO_LIMIT, Parts, serving
from tests.api.embed import signing
from tests.api.embed.conftest import PAGE, Door
from tests.automations.engine.documents import block, chain
from tieline.automations.runs.withdrawal import Rights, withdrawn
from tieline.automations.workspace.flows import flow_of_key
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, Server
from tieline.core.clock import now
from tieline.oem import running
from tieline.server.app import create_app
from tieline.storage.tables import audit_log, embed_sessions, users
from tieline.tenancy import web_integrations
from tieline.tenancy.limits import Tiers
from tieline.tenancy.principal import TENANT_ADMIN, Principal

pytestmark = pytest.mark.anyio

LIST = "/api/v1/embed-sessions"
READS = "/api/v1/automations"


class Frame:
    """A signed-in frame of ours."""

    def __init__(self, door: Door, made: dict[str, Any]) -> None:
        self.door, self.made, self.id = door, made, made["id"]
        self.headers = {"authorization": f"Bearer {made['token']}"}

    async def call(self, method: str, path: str, *, base: str = "", origin: str = "", **more: Any) -> httpx.Response:
        headers = self.headers | ({"origin": origin} if origin else {})
        return await self.door.http.request(method, f"{base or self.door.base}{path}", headers=headers, **more)

    async def status(self, path: str = READS, **more: Any) -> int:
        return (await self.call("GET", path, **more)).status_code


async def signed_in(
    door: Door, account: str, user: str | dict[str, Any] = "ann", *, origin: str = "", **claims: Any
) -> Frame:
    token = door.token(account, user, jti=f"{account}-{now().timestamp()}-{user}"[:200], **claims)
    return Frame(door, await door.enter(token, **({"origin": origin} if origin else {})))


@pytest.fixture
async def second(parts: Parts) -> AsyncIterator[str]:
    """Another process's server over the same database."""
    async with serving(create_app(parts, tiers=NO_LIMIT)) as address:
        yield address


def automation() -> dict[str, Any]:
    return {"name": "Mine", "workspace": {"blocks": chain(block("StartBlock", inputs={"run_mode": "manual"}))}}


async def test_a_session_works_as_its_user(door: Door) -> None:
    mine = await signed_in(door, "works")
    colleague = await signed_in(door, "works", "bob")
    stranger = await signed_in(door, "works-not")
    made = await mine.call("POST", READS, json=automation())
    assert made.status_code == 201, made.text
    assert made.json()["ownerId"] == mine.made["user"]["id"]
    path = f"{READS}/{made.json()['id']}"
    assert [await one.status(path) for one in (mine, colleague, stranger)] == [200, 404, 404]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/api-keys", {"description": "for ever"}),
        ("GET", "/api/v1/oauth-clients", None),
        ("POST", "/api/v1/web-integrations", {"name": "x", "validOrigins": ["https://evil.example"]}),
        ("POST", "/api/v1/users", {"subject": "eve"}),
        ("GET", "/api/v1/audits", None),
        ("GET", "/oem/v1/accounts", None),
    ],
)
async def test_a_session_cannot_outlive_itself(method: str, path: str, body: Any, door: Door, parts: Parts) -> None:
    frame = await signed_in(door, "bounded")
    async with parts.database.tenant(UUID(frame.made["account"]["guid"])) as unit:
        await unit.update(users, users.c.id == UUID(frame.made["user"]["id"]), roles=[TENANT_ADMIN])
    answer = await frame.call(method, path, json=body)
    assert answer.status_code in {401, 403}, answer.text


async def test_a_token_can_ask_for_less(door: Door) -> None:
    frame = await signed_in(door, "less", scopes=["automations:read"])
    assert frame.made["scopes"] == ["automations:read"]
    assert await frame.status() == 200
    assert (await frame.call("POST", READS, json=automation())).status_code == 403
    assert await frame.status("/api/v1/automation-connections") == 403


async def test_a_session_ends_by_itself(door: Door, parts: Parts) -> None:
    frame = await signed_in(door, "expires")
    assert frame.made["expiresAt"] > (now() + timedelta(minutes=50)).isoformat()
    tenant = UUID(frame.made["account"]["guid"])
    async with parts.database.tenant(tenant) as unit:
        await unit.update(
            embed_sessions, embed_sessions.c.user_id.is_not(None), expires_at=now() - timedelta(seconds=1)
        )
    assert await frame.status() == 401


async def test_a_new_token_renews_a_session(door: Door) -> None:
    frame = await signed_in(door, "renews")
    token = door.token("renews", jti="renewing")
    made = (await door.post(token, headers=frame.headers)).json()
    assert made["id"] == frame.id
    assert made["token"] != frame.made["token"]
    assert await Frame(door, made).status() == 200
    assert await frame.status() == 401
    other = (await door.post(door.token("renews", "bob"), headers=Frame(door, made).headers)).json()
    assert other["id"] != frame.id
    assert await Frame(door, made).status() == 200


async def test_nobody_sees_or_ends_the_sessions_of_others(door: Door, rival_door: Door) -> None:
    mine = await signed_in(door, "list")
    again = await signed_in(door, "list")
    colleague = await signed_in(door, "list", "bob")
    stranger = await signed_in(rival_door, "list")
    body = (await mine.call("GET", LIST)).json()
    assert [one["id"] for one in body["data"]] == [again.id, mine.id]
    assert mine.made["token"] not in str(body)
    assert await mine.status(f"{LIST}/{again.id}") == 200
    for other in (colleague, stranger):
        assert await mine.status(f"{LIST}/{other.id}") == 404
        assert (await mine.call("DELETE", f"{LIST}/{other.id}")).status_code in {403, 404}
        theirs = await rival_door.partner.api.delete(f"/accounts/list/sessions/{mine.id}")
        assert theirs.status_code == 404
    assert await mine.status() == 200


async def test_a_session_signs_out(door: Door, second: str) -> None:
    frame = await signed_in(door, "leaves")
    assert await frame.status() == 200
    assert (await frame.call("DELETE", f"{LIST}/{frame.id}")).status_code == 204
    await ends(frame)


async def ends(frame: Frame, base: str = "") -> None:
    """Within a second, however long the calls take: what was asked later than that has to be refused."""
    asked = now()
    while await frame.status(base=base) != 401:
        assert now() - asked < timedelta(seconds=10)


@pytest.mark.parametrize("by", ["partner", "administrator"])
async def test_revoking_ends_a_session_on_every_process(by: str, door: Door, parts: Parts, second: str) -> None:
    from tieline.tenancy.keys import ApiKeys

    frame = await signed_in(door, f"revoked-{by}")
    assert [await frame.status(), await frame.status(base=second)] == [200, 200]
    tenant, user = UUID(frame.made["account"]["guid"]), UUID(frame.made["user"]["id"])
    if by == "partner":
        listed = (await door.partner.api.get(f"/accounts/revoked-{by}/sessions")).json()["data"]
        assert [(one["guid"], one["status"], one["how"]) for one in listed] == [(frame.id, "active", "jwt HS256")]
        ended = await door.partner.api.delete(f"/accounts/revoked-{by}/sessions/{frame.id}")
    else:
        async with parts.database.tenant(tenant) as unit:
            await unit.update(users, users.c.id == user, roles=[TENANT_ADMIN])
            _, key = await ApiKeys(parts.database).create(unit, user_id=user, scopes=["admin"])
        ended = await door.http.delete(f"{LIST}/{frame.id}", headers={"authorization": f"Bearer {key}"})
    assert ended.status_code == 204, ended.text
    await ends(frame)
    await ends(frame, second)
    async with parts.database.tenant(tenant) as unit:
        said = await unit.all(unit.select(audit_log).where(audit_log.c.action == "embed-session.revoked"))
    assert len(said) == 1
    renewed = (await door.post(door.token(f"revoked-{by}", jti=f"again-{by}"), headers=frame.headers)).json()
    assert renewed["id"] != frame.id


async def test_revoking_stops_what_the_session_started(door: Door, parts: Parts) -> None:
    frame = await signed_in(door, "starts")
    made = (await frame.call("POST", READS, json=automation())).json()
    run = await frame.call("POST", f"{READS}/{made['id']}/runs", json={"context": "api"})
    assert run.status_code == 201, run.text
    tenant, run_id = UUID(frame.made["account"]["guid"]), UUID(run.json()["id"])
    async with parts.database.system() as unit:
        assert await withdrawn(unit, [tenant], [run_id]) == {}
    await door.partner.api.delete(f"/accounts/starts/sessions/{frame.id}")
    async with parts.database.system() as unit:
        assert await withdrawn(unit, [tenant], [run_id]) == {run_id: "session"}
    async with parts.database.tenant(tenant) as unit:
        await unit.delete(embed_sessions, embed_sessions.c.id == UUID(frame.id))
    async with parts.database.system() as unit:
        assert await withdrawn(unit, [tenant], [run_id]) == {}


async def test_only_our_page_and_the_page_it_was_begun_for_may_use_a_session(door: Door) -> None:
    bound = await signed_in(door, "bound", origin=PAGE)
    assert bound.made["origin"] == PAGE
    for origin, status in (("", 200), (door.base, 200), (PAGE, 200), ("https://evil.example", 403), ("null", 403)):
        assert await bound.status(origin=origin) == status, origin
    free = await signed_in(door, "bound")
    assert [await free.status(origin=origin) for origin in (door.base, PAGE)] == [200, 403]


async def test_a_session_ends_with_the_permission_of_its_page(door: Door) -> None:
    more = "https://more.partner.example"
    await door.partner.api.put("/embed", json={"origins": [PAGE, more]})
    frame, other = await signed_in(door, "page", origin=more), await signed_in(door, "page", origin=PAGE)
    assert [await one.status() for one in (frame, other)] == [200, 200]
    await door.partner.api.put("/embed", json={"origins": [PAGE]})
    await ends(frame)
    assert await other.status() == 200


async def test_a_token_for_one_page_is_refused_on_another(door: Door) -> None:
    for claimed, sent, status in (
        (PAGE, PAGE, 201),
        (PAGE, "", 403),
        (None, "https://evil.example", 403),
        (None, "no origin", 400),
    ):
        more: dict[str, Any] = {"origin": claimed} if claimed else {}
        token = door.token("paged", jti=f"{claimed}{sent}", **more)
        body: dict[str, Any] = {"origin": sent} if sent else {}
        answer = await door.post(token, **body)
        assert answer.status_code == status, (claimed, sent, answer.text)


@pytest.mark.parametrize("origin", ["https://evil.example", PAGE, "null"])
async def test_pages_of_others_cannot_begin_sessions(origin: str, door: Door) -> None:
    token = door.token("pages", jti=origin)
    refused = await door.post(token, headers={"origin": origin})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "foreign-page")
    assert "access-control-allow-origin" not in refused.headers
    assert (await door.post(token, headers={"origin": door.base})).status_code == 201


@pytest.mark.parametrize(
    "body",
    [{}, {"jwt": None}, {"jwt": "a.b.c", "code": "x"}, {"jwt": 5}, {"jwt": ""}, {"code": ""}, {"code": ["a"]}],
)
async def test_a_body_that_says_nothing_is_refused(body: dict[str, Any], door: Door) -> None:
    answer = await door.http.post(f"{door.path}/sessions", json=body)
    assert answer.status_code == 400


def policy(answer: httpx.Response) -> dict[str, str]:
    header = answer.headers["content-security-policy"]
    return {name: value for name, _, value in (part.strip().partition(" ") for part in header.split(";"))}


async def test_the_frame_may_be_framed_by_the_partners_pages_only(door: Door, rival_door: Door) -> None:
    answer = await door.http.get(door.path)
    assert answer.status_code == 200
    said = policy(answer)
    assert said["frame-ancestors"] == PAGE
    assert said["default-src"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "x-frame-options" not in answer.headers
    assert "set-cookie" not in answer.headers
    await rival_door.partner.api.put("/embed", json={"origins": []})
    assert policy(await rival_door.http.get(rival_door.path))["frame-ancestors"] == "'none'"
    many = ["https://a.example", "http://localhost:3000", "https://xn--bcher-kva.example"]
    kept = await rival_door.partner.api.put(
        "/embed", json={"origins": ["https://A.example:443", "http://localhost:3000", "https://bücher.example"]}
    )
    assert kept.json() == {"origins": many}
    assert policy(await rival_door.http.get(rival_door.path))["frame-ancestors"] == " ".join(many)
    assert policy(await door.http.get(door.path))["frame-ancestors"] == PAGE
    nobody = await door.http.get("/embed/nobody")
    assert (nobody.status_code, policy(nobody)["frame-ancestors"]) == (404, "'none'")


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.example.com",
        "null",
        "https://a.example;script-src *",
        "https://a.example script-src",
        "https://a.example, https://b.example",
        "https://a.example\r\nset-cookie: a=b",
        "https://a.example/path",
        "https://a.example?x",
        "https://user@a.example",
        "https://a.example:0",
        "https://a.example:99999",
        "javascript:alert(1)",
        "data:text/html,x",
        "'self'",
        "a.example",
        "https://",
        "",
        "https://[::1",
        "https://127.1",
        "https://a\u2028b.example",
    ],
)
async def test_what_is_no_origin_gets_into_no_header(origin: str, door: Door) -> None:
    refused = await door.partner.api.put("/embed", json={"origins": [origin]})
    assert refused.status_code == 400
    assert policy(await door.http.get(door.path))["frame-ancestors"] == PAGE


async def test_settings_that_were_written_by_hand_get_into_no_header(rival_door: Door, parts: Parts) -> None:
    from tieline.storage.tables import partners

    bad = {"embed": {"origins": ["https://a.example; script-src *", 5, "*", "https://good.example"]}}
    async with parts.database.system() as unit:
        await unit.update(partners, partners.c.app_id == rival_door.partner.app_id, settings=bad)
    assert policy(await rival_door.http.get(rival_door.path))["frame-ancestors"] == "https://good.example"
    async with parts.database.system() as unit:
        await unit.update(partners, partners.c.app_id == rival_door.partner.app_id, settings={"embed": "x"})
    assert policy(await rival_door.http.get(rival_door.path))["frame-ancestors"] == "'none'"


async def test_a_frame_connects_an_account_and_learns_of_it_by_polling(door: Door, parts: Parts) -> None:
    frame = await signed_in(door, "connects", origin=PAGE)
    key = AuthMethod(
        id="key", kind="api_key", location="header", name="X-Api-Key", fields=[Input(id="api_key", secret=True)]
    )
    document = io.dump(
        Manifest(
            name="crm",
            title="The CRM",
            servers=[Server(url=door.base)],
            auth=[key],
            blocks=[Block(id="ready", kind="get", path="/readyz")],
        ),
        "json",
    )
    connector = await frame.call("POST", "/api/workflows/automation-connectors", json={"document": document})
    assert connector.status_code == 201, connector.text
    body = {"connectorId": connector.json()["id"], "name": "Ours"}
    made = (await frame.call("POST", "/api/v1/connect-sessions", json=body, origin=door.base)).json()
    path = f"/api/v1/connect-sessions/{made['id']}"
    assert (await frame.call("GET", path)).json()["status"] == "open"
    # The window is nobody's frame, and knows nothing of the session that asked for it.
    window = httpx.AsyncClient(verify=False, timeout=30)
    async with window:
        assert (await window.post(made["link"], data={"api_key": "k3y"})).status_code == 200
    told = (await frame.call("GET", path)).json()
    assert told["status"] == "connected"
    connections = (await frame.call("GET", "/api/v1/automation-connections")).json()["data"]
    assert [one["id"] for one in connections] == [told["connectionId"]]
    colleague = await signed_in(door, "connects", "bob")
    assert await colleague.status(path) == 404


@pytest.mark.parametrize(
    "key",
    [
        "",
        "text",
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "OKP", "crv": "X25519", "x": signing.jwk()["x"]},
        {"kty": "OKP", "crv": "Ed25519", "x": "short"},
        {"kty": "OKP", "crv": "Ed25519", "x": 5},
        {**signing.jwk(), "d": signing.jwk()["x"]},
        {**signing.jwk(), "use": "enc"},
        {**signing.jwk(), "alg": "RS256"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "a", "y": "b"},
        "-----BEGIN {0} KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END {0} KEY-----".format("PRIVATE"),
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "x" * 9000,
        ["a"],
        None,
    ],
    ids=lambda key: str(key)[:24] or "empty",
)
async def test_what_is_no_public_key_is_not_registered(key: Any, door: Door) -> None:
    before = (await door.partner.api.get("/keys")).json()
    refused = await door.partner.api.post("/keys", json={"public_key": key, "kid": "bad"})
    assert refused.status_code == 400, refused.text
    assert (await door.partner.api.get("/keys")).json() == before


async def test_keys_are_the_partners_own(door: Door, rival_door: Door) -> None:
    first = await door.partner.api.post("/keys", json={"public_key": signing.jwk(), "kid": "ed"})
    assert first.status_code == 201  # the same key once more
    listed = (await door.partner.api.get("/keys")).json()
    assert [one["kid"] for one in listed if one["revoked_at"] is None][:2] == ["ed", "rsa"]
    identity = next(one["id"] for one in listed if one["kid"] == "ed")
    for name in ("ed", identity, "ghost"):
        assert (await rival_door.partner.api.delete(f"/keys/{name}")).status_code == 404
    assert (
        await door.partner.api.post("/keys", json={"public_key": signing.jwk("new"), "kid": "ed"})
    ).status_code == 409
    thumb = await rival_door.partner.api.post("/keys", json={"public_key": signing.jwk()})
    assert thumb.json()["kid"] != "ed"
    token = signing.assembled({"alg": "EdDSA"}, signing.claims("thumbed"), signing.eddsa())
    assert (await rival_door.post(token)).status_code == 201


async def test_sessions_of_one_user_share_its_limit(door: Door, parts: Parts) -> None:
    first, second = await signed_in(door, "limited"), await signed_in(door, "limited")
    colleague = await signed_in(door, "limited", "bob")
    few = Tiers(tier1=3, tier2=1, oem=1000)
    async with serving(create_app(parts, tiers=few)) as address:
        assert [await one.status(base=address) for one in (first, second, first, second)] == [200, 200, 200, 429]
        assert await colleague.status(base=address) == 200


async def test_revoking_stops_a_setup_flow_that_the_session_started(door: Door, parts: Parts) -> None:
    frame = await signed_in(door, "flows")
    made = (await frame.call("POST", READS, json=automation())).json()
    tenant, session = UUID(frame.made["account"]["guid"]), UUID(frame.id)
    by = Principal(tenant_id=tenant, user_id=UUID(frame.made["user"]["id"]), session_id=session)
    async with parts.database.tenant(tenant) as unit:
        row = await parts.automations.get(unit, UUID(made["id"]))
        run = await running.start(unit, parts.runs, row, None, waits=True, flow="setup", by=by)
    assert flow_of_key(run["start_key"]) == "setup"
    assert run["executed_by"] == by.user_id
    rights = Rights(parts.database)
    await rights.check(run)
    async with parts.database.system() as unit:
        assert await withdrawn(unit, [tenant], [run["id"]]) == {}
    await door.partner.api.delete(f"/accounts/flows/sessions/{frame.id}")
    async with parts.database.system() as unit:
        assert await withdrawn(unit, [tenant], [run["id"]]) == {run["id"]: "session"}


async def test_an_agents_page_that_the_tenant_knows_cannot_use_a_session_of_another(door: Door, parts: Parts) -> None:
    registered = "https://agents.example"
    bound = await signed_in(door, "agents", origin=PAGE)
    tenant = UUID(bound.made["account"]["guid"])
    async with parts.database.tenant(tenant) as unit:
        boss = Principal(tenant_id=tenant, user_id=UUID(bound.made["user"]["id"]))
        await web_integrations.create(unit, boss, name="Agents", valid_origins=[registered])
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    statuses = {}
    for origin in (registered, PAGE, ""):
        answer = await bound.call("POST", "/mcp", origin=origin, json=message)
        statuses[origin] = (answer.status_code, "foreign-page" in answer.text)
    assert statuses[registered] == (403, True)
    assert not statuses[""][1]
