"""Connect sessions under attack: links in wrong hands, secrets that must not move, things that vanish in the middle."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant
from tests.api.test_connect_sessions import KEY, connector, oauth, session, status
from tests.connectors.runtime.api import Api, answer, serving
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, Server, ServerVariable
from tieline.core.clock import now
from tieline.storage.tables import connect_sessions, connectors, spaces

pytestmark = pytest.mark.anyio

CONNECTIONS = "/api/v1/automation-connections"
PROBED = "/api/workflows/automation-connections"


@pytest.fixture
async def person(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=False, timeout=30) as opened:
        yield opened


@pytest.fixture
async def thief() -> AsyncIterator[Api]:
    """Another origin, which answers everything."""
    async with serving() as started:
        yield started


async def connected(api: httpx.AsyncClient, person: httpx.AsyncClient, connector_id: str, **data: str) -> str:
    made = await session(api, connectorId=connector_id)
    good = await person.post(made["link"], data={"api_key": "key-123", **data})
    assert good.status_code == 200, good.text
    identity: str = (await status(api, made))["connectionId"]
    return identity


async def away(person: httpx.AsyncClient, link: str) -> dict[str, str]:
    """Leave for the sign-in page; what was asked of it."""
    leaves = await person.post(link, data={})
    assert leaves.status_code == 303, leaves.text
    return {name: values[0] for name, values in parse_qs(urlsplit(leaves.headers["location"]).query).items()}


async def test_renewing_at_another_address_does_not_take_the_secrets_there(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, thief: Api
) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    connection_id = await connected(api, person, connector_id)
    made = await session(api, connectionId=connection_id, server=thief.base)
    refused = await person.post(made["link"], data={})
    assert refused.status_code == 400
    assert thief.asked == []
    assert (await person.post(made["link"], data={"api_key": "another"})).status_code == 200
    assert "key-123" not in json.dumps([one.headers for one in thief.asked])


async def test_renewing_with_another_host_in_a_variable_does_not_take_the_secrets_there(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, thief: Api
) -> None:
    server = Server(url="http://{host}", variables={"host": ServerVariable(description="Your host")})
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami", servers=[server])
    connection_id = await connected(api, person, connector_id, host=urlsplit(upstream).netloc)
    elsewhere = urlsplit(thief.base).netloc
    by_maker = await session(api, connectionId=connection_id, params={"host": elsewhere})
    assert (await person.post(by_maker["link"], data={})).status_code == 400
    by_person = await session(api, connectionId=connection_id)
    assert (await person.post(by_person["link"], data={"host": elsewhere})).status_code == 400
    assert thief.asked == []


async def test_what_was_given_with_the_session_cannot_be_replaced_by_who_has_the_link(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, thief: Api
) -> None:
    server = Server(url="http://{host}", variables={"host": ServerVariable(description="Your host")})
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami", servers=[server])
    known = {"host": urlsplit(upstream).netloc, "api_key": "key-123"}
    made = await session(api, connectorId=connector_id, params=known)
    refused = await person.post(made["link"], data={"host": urlsplit(thief.base).netloc})
    assert refused.status_code == 400
    assert thief.asked == []
    assert (await person.post(made["link"], data={})).status_code == 200


async def test_secrets_that_no_field_declares_are_kept_as_secrets(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    method = oauth(upstream)
    method.fields = []
    connector_id = await connector(api, upstream, method, "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    leaves = await person.post(made["link"], data={})
    back = await person.get((await person.get(leaves.headers["location"])).headers["location"])
    assert back.status_code == 200, back.text
    shown = await api.get(f"{CONNECTIONS}/{(await status(api, made))['connectionId']}")
    assert '"secret"' not in shown.text


@pytest.mark.parametrize("url", ["javascript:alert(document.domain)", "data:text/html,hi", "file:///etc/passwd"])
async def test_a_sign_in_page_is_a_web_page(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, url: str
) -> None:
    method = oauth(upstream)
    method.authorization_url = url
    connector_id = await connector(api, upstream, method, "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    answered = await person.post(made["link"], data={})
    assert answered.status_code == 400
    assert "location" not in answered.headers


async def test_a_manifest_cannot_replace_what_protects_the_sign_in(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    chosen = {"state": "mine", "code_challenge": "mine", "redirect_uri": "https://thief.example/", "prompt": "consent"}
    connector_id = await connector(api, upstream, oauth(upstream, authorize_params=chosen), "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    asked = await away(person, made["link"])
    assert asked["prompt"] == "consent"
    assert asked["state"].startswith("tls_")
    assert asked["code_challenge"] != "mine"
    assert asked["redirect_uri"].endswith("/connect/callback")


async def test_a_later_try_is_not_spoilt_by_the_callback_of_an_earlier_one(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    first, second = await away(person, made["link"]), await away(person, made["link"])
    old = await person.get(first["redirect_uri"], params={"state": first["state"], "error": "access_denied"})
    assert old.status_code == 404
    assert (await status(api, made))["status"] == "waiting"
    consent = await person.get(f"{upstream}/oauth2/authorize", params=second)
    assert (await person.get(consent.headers["location"])).status_code == 200


async def test_two_windows_that_send_credentials_at_once_make_one_connection(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    made = await session(api, connectorId=await connector(api, upstream, KEY, "/auth/key-header/whoami"))
    both = await asyncio.gather(*(person.post(made["link"], data={"api_key": "key-123"}) for _ in range(6)))
    assert {one.status_code for one in both} <= {200, 400, 409}
    assert len((await api.get(CONNECTIONS)).json()["data"]) == 1


async def test_a_cancelled_session_sends_nobody_away(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    asked = await away(person, made["link"])
    assert (await api.delete(f"/api/v1/connect-sessions/{made['id']}")).status_code == 204
    back = await person.get(asked["redirect_uri"], params={"state": asked["state"], "code": "x"})
    assert back.status_code == 404
    assert (await person.get(made["link"])).status_code == 404


async def test_a_connection_that_goes_away_while_it_is_renewed(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    params = {"client_id": "app", "client_secret": "secret"}
    first = await session(api, connectorId=connector_id, params=params)
    consent = await person.get(f"{upstream}/oauth2/authorize", params=await away(person, first["link"]))
    await person.get(consent.headers["location"])
    connection_id = (await status(api, first))["connectionId"]
    made = await session(api, connectionId=connection_id)
    consent = await person.get(f"{upstream}/oauth2/authorize", params=await away(person, made["link"]))
    assert (await api.delete(f"{CONNECTIONS}/{connection_id}")).status_code == 204
    back = await person.get(consent.headers["location"])
    assert back.status_code == 404
    told = await status(api, made)
    assert told["status"] == "failed"
    assert told["error"]
    assert (await person.get(made["link"])).status_code in (200, 404)


async def test_a_space_that_goes_away_in_the_middle_is_said(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, parts: Parts, tenant: Tenant, world: Any
) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    space_id = await world.space(tenant.id)
    made = await session(api, connectorId=connector_id, spaceId=str(space_id))
    async with parts.database.tenant(tenant.id) as unit:
        await unit.delete(spaces, spaces.c.id == space_id)
    refused = await person.post(made["link"], data={"api_key": "key-123"})
    assert refused.status_code == 400
    assert "space" in refused.text
    assert (await api.get(CONNECTIONS)).json()["data"] == []


async def test_a_connector_that_goes_away_in_the_middle(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, parts: Parts, tenant: Tenant
) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    made = await session(api, connectorId=connector_id)
    async with parts.database.tenant(tenant.id) as unit:
        await unit.delete(connectors, connectors.c.id == UUID(connector_id))
    assert (await person.get(made["link"])).status_code == 404
    assert (await person.post(made["link"], data={"api_key": "key-123"})).status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        {"user": "a\x00b", "api_key": "key-123"},
        {"user": "\U0001f600" * 5000, "api_key": "key-123"},
        {"user": "a" * 900_000, "api_key": "key-123"},
        {"user": "x", "api_key": "k\x00y"},
        {"user": "x", "api_key": "line\r\nX-Evil: 1"},
        {"user": "x", "api_key": "ключ"},
        {"us\x00er": "x", "api_key": "key-123"},
        {"user": "\u202e</title><script>alert(1)</script>", "api_key": "bad"},
    ],
    ids=["nul", "emoji", "huge", "nul-secret", "header", "cyrillic", "nul-name", "script"],
)
async def test_odd_answers_are_taken_or_refused_but_never_break(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, data: dict[str, str]
) -> None:
    method = AuthMethod(
        id="key",
        kind="api_key",
        location="header",
        name="X-Api-Key",
        fields=[Input(id="user", required=True), Input(id="api_key", required=True, secret=True)],
    )
    made = await session(api, connectorId=await connector(api, upstream, method, "/auth/key-header/whoami"))
    answered = await person.post(made["link"], data=data)
    assert answered.status_code in (200, 400, 413), answered.text
    assert "<script>alert" not in answered.text
    assert "Traceback" not in answered.text


@pytest.mark.parametrize(
    "answer_of",
    [
        {"code": "a\x00b"},
        {"error": "a\x00b", "error_description": "c\x00d"},
        {"code": "x" * 20_000},
        {"iss": "http://[", "code": "x"},
        {"iss": "javascript:alert(1)", "code": "x"},
        {},
    ],
    ids=["nul-code", "nul-error", "long", "odd-iss", "script-iss", "empty"],
)
async def test_odd_callbacks_fail_with_a_sentence_and_can_be_tried_again(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, answer_of: dict[str, str]
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    asked = await away(person, made["link"])
    posted = await person.post(asked["redirect_uri"], data={"state": asked["state"], **answer_of})
    assert posted.status_code in (400, 401, 409, 422, 502), posted.text
    assert posted.headers["content-type"].startswith("text/html")
    told = await status(api, made)
    assert told["status"] in ("failed", "waiting")
    consent = await person.get(f"{upstream}/oauth2/authorize", params=await away(person, made["link"]))
    assert (await person.get(consent.headers["location"])).status_code == 200


async def test_what_came_with_the_token_cannot_break_the_database(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, thief: Api
) -> None:
    method = oauth(upstream)
    method.token_url = f"{thief.base}/token"
    server = Server(url=upstream, variables={"instance_url": ServerVariable(default="x")})
    connector_id = await connector(api, upstream, method, "/oauth2/resource", servers=[server])
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    asked = await away(person, made["link"])
    thief.handler = answer({"access_token": "t", "token_type": "Bearer", "instance_url": "a\x00b"})  # type: ignore[assignment]
    back = await person.get(asked["redirect_uri"], params={"state": asked["state"], "code": "x", "instance_url": "c"})
    assert back.status_code == 200, back.text


async def test_read_only_keys_start_nothing(
    api: httpx.AsyncClient, person: httpx.AsyncClient, world: Any, tenant: Tenant, address: str, upstream: str
) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    connection_id = await connected(api, person, connector_id)
    key = await world.key(tenant.id, tenant.admin_id, ["connections:read"])
    async with httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as reader:
        for path, body in (
            ("/api/v1/connect-sessions", {"connectorId": connector_id}),
            ("/api/v1/connect-sessions", {"connectionId": connection_id}),
            (f"{PROBED}/{connection_id}/actions/probe", {}),
        ):
            assert (await reader.post(path, json=body)).status_code == 403, path


async def test_a_key_for_connections_alone_does_not_change_connectors_by_probing(
    api: httpx.AsyncClient, person: httpx.AsyncClient, world: Any, tenant: Tenant, address: str, upstream: str
) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    connection_id = await connected(api, person, connector_id)
    key = await world.key(tenant.id, tenant.admin_id, ["connections"])
    async with httpx.AsyncClient(base_url=address, headers={"authorization": f"Bearer {key}"}) as writer:
        assert (await writer.post(f"{PROBED}/{connection_id}/actions/probe", json={})).status_code == 403


async def test_who_is_sent_to_the_sign_in_page_by_somebody_else_is_asked_first(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    made = await session(api, connectorId=connector_id, params={"client_id": "app", "client_secret": "secret"})
    asked = await away(person, made["link"])  # the attacker stops here, and sends the address to somebody
    async with httpx.AsyncClient(verify=False, timeout=30) as victim:
        consent = await victim.get(f"{upstream}/oauth2/authorize", params=asked)
        back = await victim.get(consent.headers["location"] + "&extra=%22%3E%3Cscript%3E")
        assert "Connect The &lt;CRM&gt;?" in back.text
        assert "<script>" not in back.text
        assert (await status(api, made))["status"] == "waiting"
        hidden = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', back.text))
        agreed = await victim.post(asked["redirect_uri"], data=hidden)
        assert "is connected" in agreed.text, agreed.text
    assert (await status(api, made))["status"] == "connected"


async def test_the_mark_of_one_session_is_no_mark_for_another(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str
) -> None:
    connector_id = await connector(api, upstream, oauth(upstream), "/oauth2/resource")
    params = {"client_id": "app", "client_secret": "secret"}
    mine, theirs = [await session(api, connectorId=connector_id, params=params) for _ in range(2)]
    await away(person, mine["link"])
    async with httpx.AsyncClient(verify=False, timeout=30) as attacker:
        asked = await away(attacker, theirs["link"])
    back = await person.get(asked["redirect_uri"], params={"state": asked["state"], "code": "x"})
    assert "Connect The &lt;CRM&gt;?" in back.text


async def test_renewing_with_another_way_to_sign_in_leaves_nothing_of_the_old_one(
    api: httpx.AsyncClient, person: httpx.AsyncClient, upstream: str, parts: Parts, tenant: Tenant
) -> None:
    bearer = AuthMethod(id="token", kind="bearer", fields=[Input(id="token", required=True, secret=True)])
    document = io.dump(
        Manifest(
            name="crm",
            servers=[Server(url=upstream)],
            auth=[KEY, bearer],
            blocks=[Block(id="whoami", kind="get", path="/auth/key-header/whoami", auth=["key"])],
        ),
        "json",
    )
    connector_id = (await api.post("/api/workflows/automation-connectors", json={"document": document})).json()["id"]
    first = await session(api, connectorId=connector_id, authMethod="key", params={"api_key": "key-123"})
    assert (await person.post(first["link"], data={})).status_code == 200
    connection_id = (await status(api, first))["connectionId"]
    made = await session(api, connectionId=connection_id, authMethod="token")
    assert (await person.post(made["link"], data={})).status_code == 400
    async with parts.database.tenant(tenant.id) as unit:
        await parts.connections.update(unit, UUID(connection_id), auth_method="token", secrets={"token": "t"})
    account = await parts.connections.account(tenant.id, UUID(connection_id))
    assert account.secrets == {"token": "t"}


async def test_what_an_abandoned_session_held_does_not_stay(
    api: httpx.AsyncClient, upstream: str, parts: Parts, tenant: Tenant
) -> None:
    connector_id = await connector(api, upstream, KEY, "/auth/key-header/whoami")
    left = await session(api, connectorId=connector_id, params={"api_key": "key-123"})
    async with parts.database.tenant(tenant.id) as unit:
        await unit.update(connect_sessions, expires_at=now() - timedelta(days=2))
    made = await session(api, connectorId=connector_id)
    assert (await api.get(f"/api/v1/connect-sessions/{left['id']}")).status_code == 404
    assert (await status(api, made))["status"] == "open"
