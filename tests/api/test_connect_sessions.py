"""A person connects an account in a window of his own; whoever asked for it learns of it on the server."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tieline.connectors.drift.nightly import Nightly
from tieline.connectors.drift.watch import Watch
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, Server, ServerVariable
from tieline.core.clock import now
from tieline.storage.tables import connect_sessions
from tieline.tenancy import notices

pytestmark = pytest.mark.anyio

BASE = "/api/v1/connect-sessions"
SECRET = "s3cr3t-of-the-test"
KEY = AuthMethod(
    id="key",
    kind="api_key",
    location="header",
    name="X-Api-Key",
    fields=[Input(id="api_key", label="API <key>", required=True, secret=True, description='Below "Settings".')],
)


def oauth(upstream: str, **more: Any) -> AuthMethod:
    return AuthMethod(
        id="oauth",
        kind="oauth2",
        grants=["authorization_code", "refresh_token"],
        authorization_url=f"{upstream}/oauth2/authorize",
        token_url=f"{upstream}/oauth2/token",
        fields=[
            Input(id="client_id", label="Client id", required=True),
            Input(id="client_secret", label="Client secret", required=True, secret=True),
        ],
        **more,
    )


async def connector(api: httpx.AsyncClient, upstream: str, auth: AuthMethod, path: str, **more: Any) -> str:
    values = {"name": "crm", "title": "The <CRM>", "servers": [Server(url=upstream)], **more}
    document = io.dump(Manifest(auth=[auth], blocks=[Block(id="whoami", kind="get", path=path)], **values), "json")
    made = await api.post("/api/workflows/automation-connectors", json={"document": document})
    assert made.status_code == 201, made.text
    identity: str = made.json()["id"]
    return identity


async def session(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    made = await api.post(BASE, json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def status(api: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, Any]:
    answer = await api.get(f"{BASE}/{made['id']}")
    assert answer.status_code == 200
    assert "link" not in answer.json()
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def person(address: str) -> Any:
    """A browser without keys that follows no redirects by itself."""
    async with httpx.AsyncClient(verify=False, timeout=30) as opened:
        yield opened


async def test_typed_in_credentials_are_tried_before_they_are_kept(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    made = await session(api, connectorId=connector_id, name="Mine")
    page = await person.get(made["link"])
    assert page.status_code == 200
    assert "The &lt;CRM&gt;" in page.text
    assert "API &lt;key&gt;" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    empty = await person.post(made["link"], data={})
    assert empty.status_code == 400
    assert "API &lt;key&gt;" in re.search(r'role="alert">([^/]*)', empty.text)[1]  # type: ignore[index]
    wrong = await person.post(made["link"], data={"api_key": SECRET})
    assert wrong.status_code == 400
    assert "401" in wrong.text
    assert SECRET not in wrong.text
    assert (await status(api, made))["status"] == "open"
    assert (await api.get("/api/v1/automation-connections")).json()["data"] == []
    good = await person.post(made["link"], data={"api_key": "key-123"})
    assert good.status_code == 200, good.text
    assert "is connected" in good.text
    done = await status(api, made)
    assert done["status"] == "connected"
    connection = (await api.get(f"/api/v1/automation-connections/{done['connectionId']}")).json()
    assert (connection["name"], connection["isConnected"]) == ("Mine", True)
    assert (await person.post(made["link"], data={"api_key": "other"})).status_code == 200  # says that it is connected
    assert (await person.get(made["link"] + "/status")).json() == {"status": "connected", "error": None}


async def test_three_legged_sign_in_ends_in_a_connection_that_calls(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, parts: Parts, tenant: Tenant
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "rotate", "client_secret": "secret"})
    page = await person.get(made["link"])
    assert "client_secret" not in page.text
    assert urlsplit(upstream).netloc in page.text
    leaves = await person.post(made["link"], data={})
    assert leaves.status_code == 303, leaves.text
    asked = parse_qs(urlsplit(leaves.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"][0].endswith("/connect/callback")
    assert (await status(api, made))["status"] == "waiting"
    consent = await person.get(leaves.headers["location"])
    back = await person.get(consent.headers["location"])
    assert back.status_code == 200, back.text
    assert "is connected" in back.text
    done = await status(api, made)
    assert done["status"] == "connected"
    result = await parts.connections.check(tenant.id, UUID(done["connectionId"]), parts.egress)
    assert result.ok
    again = await person.get(consent.headers["location"])
    assert again.status_code == 404
    assert "open your link once more" in again.text


async def test_a_refusal_is_told_and_can_be_tried_again(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    made = await session(api, connectorId=connector_id)
    leaves = await person.post(made["link"], data={"client_id": "app", "client_secret": "wrong"})
    consent = await person.get(leaves.headers["location"])
    back = await person.get(consent.headers["location"])
    assert back.status_code >= 400
    assert "wrong" not in back.text
    failed = await status(api, made)
    assert failed["status"] == "failed"
    assert failed["error"]
    assert 'name="client_secret"' in (await person.get(made["link"])).text
    leaves = await person.post(made["link"], data={"client_id": "app", "client_secret": "secret"})
    consent = await person.get(leaves.headers["location"])
    assert (await person.get(consent.headers["location"])).status_code == 200
    assert (await status(api, made))["status"] == "connected"


async def test_a_denied_consent_is_told_in_the_servers_words(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    leaves = await person.post(made["link"], data={})
    asked = parse_qs(urlsplit(leaves.headers["location"]).query)
    denied = await person.get(
        asked["redirect_uri"][0],
        params={"error": "access_denied", "error_description": "<b>No</b>", "state": asked["state"][0]},
    )
    assert denied.status_code >= 400
    assert "<b>No</b>" not in denied.text
    assert "access_denied" in denied.text
    assert (await status(api, made))["status"] == "failed"


async def test_two_callbacks_with_one_state_make_one_connection(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    leaves = await person.post(made["link"], data={})
    consent = await person.get(leaves.headers["location"])
    both = await asyncio.gather(*(person.get(consent.headers["location"]) for _ in range(5)))
    assert sorted(one.status_code for one in both) == [200, 404, 404, 404, 404]
    assert len((await api.get("/api/v1/automation-connections")).json()["data"]) == 1


async def test_reconnecting_keeps_the_connection_and_settles_its_notice(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, parts: Parts, tenant: Tenant
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    first = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    leaves = await person.post(first["link"], data={})
    await person.get((await person.get(leaves.headers["location"])).headers["location"])
    connection_id = (await status(api, first))["connectionId"]
    await parts.connections.report(tenant.id, UUID(connection_id), "the grant was revoked")
    async with parts.database.tenant(tenant.id) as unit:
        [told] = await notices.still_open(unit, subject=f"connection:{connection_id}")
    assert told["kind"] == "reconnect"
    assert told["detail"] == "the grant was revoked"
    shown = (await api.get(f"/api/v1/automation-connections/{connection_id}")).json()
    assert (shown["isConnected"], shown["error"]["message"]) == (False, "the grant was revoked")
    renewed = await session(api, connectionId=connection_id)
    assert "client_secret" not in (await person.get(renewed["link"])).text
    leaves = await person.post(renewed["link"], data={})
    await person.get((await person.get(leaves.headers["location"])).headers["location"])
    assert (await status(api, renewed))["connectionId"] == connection_id
    assert (await api.get(f"/api/v1/automation-connections/{connection_id}")).json()["isConnected"]
    async with parts.database.tenant(tenant.id) as unit:
        assert await notices.still_open(unit, subject=f"connection:{connection_id}") == []


async def test_a_code_entered_on_another_device(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    method = oauth(upstream, device_url=f"{upstream}/oauth2/device")
    method.grants = ["device_code", "refresh_token"]
    connector_id = await connector(api, upstream, method, "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    page = await person.post(made["link"], data={})
    assert page.status_code == 200
    code = re.search(r'aria-label="Code">([^<]+)<', page.text)[1]  # type: ignore[index]
    assert 'http-equiv="refresh"' in page.text
    assert (await status(api, made))["status"] == "waiting"
    approved = await person.post(f"{upstream}/oauth2/device/approve", json={"user_code": code, "approve": True})
    assert approved.status_code == 200
    for _ in range(3):  # the server may want a slower pace
        if "is connected" in (await person.get(made["link"])).text:
            break
        await asyncio.sleep(1)
    assert (await status(api, made))["status"] == "connected"


async def test_oauth1_in_three_legs(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, parts: Parts, tenant: Tenant
) -> None:
    method = AuthMethod(
        id="oauth1",
        kind="oauth1",
        signature="HMAC-SHA256",
        request_token_url="/oauth1/initiate",
        authorization_url="/oauth1/authorize",
        token_url="/oauth1/token",
        fields=[Input(id="consumer_key", required=True), Input(id="consumer_secret", required=True, secret=True)],
    )
    await person.post(f"{upstream}/_ctl/reset")  # its clock may stand elsewhere: OAuth 1 signs the time
    known = (await person.get(f"{upstream}/_ctl/oauth1")).json()
    connector_id = await connector(api, upstream, method, "/oauth1/resource")
    params = {"consumer_key": known["client_key"], "consumer_secret": known["client_secret"]}
    made = await session(api, connectorId=connector_id, params=params)
    leaves = await person.post(made["link"], data={})
    assert leaves.status_code == 303, leaves.text
    consent = await person.get(leaves.headers["location"])
    back = await person.get(consent.headers["location"])
    assert back.status_code == 200, back.text
    done = await status(api, made)
    assert (await parts.connections.check(tenant.id, UUID(done["connectionId"]), parts.egress)).ok


async def test_an_expired_link_asks_for_nothing(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, parts: Parts, tenant: Tenant
) -> None:
    made = await session(api, connectorId=await connector(api, upstream, KEY, "/auth/key-header/whoami"))
    async with parts.database.tenant(tenant.id) as unit:
        await unit.update(
            connect_sessions, connect_sessions.c.id == UUID(made["id"]), expires_at=now() - timedelta(seconds=1)
        )
    assert (await person.get(made["link"])).status_code == 410
    assert (await person.post(made["link"], data={"api_key": "key-123"})).status_code == 410
    assert (await status(api, made))["status"] == "expired"
    assert (await api.get("/api/v1/automation-connections")).json()["data"] == []


async def test_variables_of_the_server_are_asked_for(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    host = urlsplit(upstream).netloc
    server = Server(url="http://{host}", variables={"host": ServerVariable(description="Your host")})
    made = await session(
        api, connectorId=await connector(api, upstream, KEY, "/auth/key-header/whoami", servers=[server])
    )
    assert 'name="host"' in (await person.get(made["link"])).text
    good = await person.post(made["link"], data={"api_key": "key-123", "host": host})
    assert good.status_code == 200, good.text
    assert (await status(api, made))["status"] == "connected"


@pytest.mark.parametrize(
    "link",
    [
        "tlc_short",
        "x" * 5000,
        "%00",
        "tlc_" + "0" * 49,
        "callback",
        "callback?state=tls_x",
        "callback?state=" + "a" * 3000,
    ],
)
async def test_links_that_lead_nowhere(person: httpx.AsyncClient, address: str, link: str) -> None:
    answer = await person.get(f"{address}/connect/{link}")
    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text


async def test_a_form_is_bounded(api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str) -> None:
    made = await session(api, connectorId=await connector(api, upstream, KEY, "/auth/key-header/whoami"))
    for data, kind in [
        ("&".join(f"a{n}=1" for n in range(5000)), "application/x-www-form-urlencoded"),
        ("api_key=%ff%fe", "application/x-www-form-urlencoded"),
        ("nobody_asked=1", "application/x-www-form-urlencoded"),
        ('{"api_key":"key-123"}', "application/json"),
    ]:
        answer = await person.post(made["link"], content=data, headers={"content-type": kind})
        assert answer.status_code == 400, data[:20]
    assert (await status(api, made))["status"] == "open"


async def test_sessions_belong_to_their_tenant_and_their_maker(
    api: httpx.AsyncClient, other: httpx.AsyncClient, world: World, tenant: Tenant, address: str, upstream: str
) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    made = await session(api, connectorId=connector_id)
    assert (await other.get(f"{BASE}/{made['id']}")).status_code == 404
    assert (await other.delete(f"{BASE}/{made['id']}")).status_code == 404
    assert (await other.post(BASE, json={"connectorId": connector_id})).status_code == 400
    _, key = await world.user(tenant.id)
    async with client(address, key) as colleague:
        assert (await colleague.get(f"{BASE}/{made['id']}")).status_code == 404
    assert (await api.delete(f"{BASE}/{made['id']}")).status_code == 204
    assert (await api.get(f"{BASE}/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"connectorId": "x"},
        {"connectionId": "x"},
        {"connectorId": "0199d0e2-6b1c-7c5e-9a54-0d3e5c9a7b10"},
        {"connectionId": "0199d0e2-6b1c-7c5e-9a54-0d3e5c9a7b10"},
        {"connectorId": 7},
        {"connectorId": "0199d0e2-6b1c-7c5e-9a54-0d3e5c9a7b10", "connectionId": "0199d0e2-6b1c-7c5e-9a54-0d3e5c9a7b10"},
    ],
)
async def test_what_cannot_be_connected_is_refused_with_its_field(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await api.post(BASE, json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"]["pointer"]


async def test_unknown_answers_and_methods_are_refused(api: httpx.AsyncClient, upstream: str) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    for more in ({"authMethod": "nope"}, {"server": "ftp://x"}, {"spaceId": "0199d0e2-6b1c-7c5e-9a54-0d3e5c9a7b10"}):
        answer = await api.post(BASE, json={"connectorId": connector_id, **more})
        assert answer.status_code == 400, more


async def test_sessions_that_ended_long_ago_are_cleared_away_at_night(
    api: httpx.AsyncClient, upstream: str, parts: Parts, tenant: Tenant
) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    old, fresh = [await session(api, connectorId=connector_id) for _ in range(2)]
    async with parts.database.tenant(tenant.id) as unit:
        mine = connect_sessions.c.id == UUID(old["id"])
        await unit.update(connect_sessions, mine, expires_at=now() - timedelta(days=2))
    watch = Watch(parts.database, parts.connectors, parts.egress)
    await Nightly(parts.database, watch, also=[parts.connecting.purge]).run(slot=now().isoformat())
    assert (await api.get(f"{BASE}/{old['id']}")).status_code == 404
    assert (await status(api, fresh))["status"] == "open"
