"""Connections of accounts over the partner's API, and integrations that work with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiohttp import web

from tests.api.conftest import Parts
from tests.api.oem.conftest import Partner, document, says, start
from tests.automations.engine.documents import block
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, Server
from tieline.core.ids import new_id
from tieline.oem import bindings
from tieline.oem.sso import embedding
from tieline.tenancy.remembering import REMEMBERED_SECONDS

pytestmark = pytest.mark.anyio

SECRET = "k-of-acme"


@pytest.fixture(scope="module")
async def site() -> AsyncIterator[str]:
    """Says with which key it is called."""

    async def who(request: web.Request) -> web.Response:
        return web.json_response({"key": request.headers.get("X-Key", "")})

    app = web.Application()
    app.router.add_get("/who", who)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def manifest(site: str, *, oauth: bool = False) -> Manifest:
    key = AuthMethod(
        id="key",
        kind="api_key",
        location="header",
        name="X-Key",
        fields=[Input(id="api_key", label="Key", required=True, secret=True)],
    )
    sign_in = AuthMethod(
        id="oauth",
        kind="oauth2",
        grants=["authorization_code"],
        authorization_url=f"{site}/authorize",
        token_url=f"{site}/token",
        fields=[Input(id="client_id", label="Client id", required=True)],
    )
    return Manifest(
        name="crm-oauth" if oauth else "crm",
        title="CRM",
        guid=str(new_id()),
        servers=[Server(url=site)],
        auth=[sign_in if oauth else key],
        blocks=[Block(id="who", kind="get", path="/who")],
    )


async def offered(partner: Partner, parts: Parts, made: Manifest, account: str = "workshop") -> str:
    """The connector in one account of the partner; every other can have it."""
    await partner.account(account)
    tenant = UUID((await partner.api.get(f"/accounts/{account}")).json()["guid"])
    async with parts.database.tenant(tenant) as unit:
        row = await parts.connectors.save(unit, made)
    guid: str = row["guid"]
    return guid


def calling(connector: str) -> dict[str, Any]:
    asks = block("EndpointBlock", "who", datasourcetype_guid=connector, endpoint_guid="who", endpoint_role="get")
    return document([start(), asks, says("{$.who.key}")])


async def connect(partner: Partner, connector: str, key: str, name: str = "Mine", account: str = "acme") -> str:
    body = {"name": name, "connector_guid": connector, "params": {"api_key": key}}
    made = await partner.api.post(f"/accounts/{account}/datasources", json=body)
    assert made.status_code == 200, made.text
    assert key not in made.text
    guid: str = made.json()["guid"]
    return guid


async def test_an_integration_works_with_the_connection_it_was_given(
    partner: Partner, parts: Parts, site: str, worker: None
) -> None:
    connector = await offered(partner, parts, manifest(site))
    await partner.account()
    template = await partner.template(calling(connector))
    first, second = [await connect(partner, connector, key, f"For {key[-1]}") for key in ("key-1", "key-2")]
    blends = [await partner.install(template, datasources=[one]) for one in (first, second)]
    assert [await partner.run(blend) for blend in blends] == ["key-1", "key-2"]
    unbound = await partner.install(template)
    answer = await partner.api.post(f"/accounts/acme/blends/{unbound}/run")
    assert answer.status_code == 400
    assert "2 connections" in answer.json()["error"]
    await partner.api.post(f"/accounts/acme/blends/{blends[1]}/detach")
    assert await partner.run(blends[1]) == "key-2", "a detached one keeps it"
    used = (await partner.api.get(f"/accounts/acme/datasources/{first}")).json()
    assert ([one["guid"] for one in used["blends"]], used["is_used"]) == ([blends[0]], True)
    refused = await partner.api.delete(f"/accounts/acme/datasources/{first}")
    assert refused.status_code == 400
    assert refused.json()["error"] == "This datasource cannot be deleted because it is in use."
    assert [one["guid"] for one in refused.json()["blends"]] == [blends[0]]
    await partner.api.delete(f"/accounts/acme/blends/{blends[0]}")
    assert (await partner.api.delete(f"/accounts/acme/datasources/{first}")).status_code == 204


async def test_datasources_are_shown_without_secrets(partner: Partner, parts: Parts, site: str) -> None:
    connector = await offered(partner, parts, manifest(site))
    await partner.account()
    guid = await connect(partner, connector, SECRET)
    assert await connect(partner, connector, SECRET) == guid, "sent again it is the same one"
    listed = (await partner.api.get("/accounts/acme/datasources")).json()
    (shown,) = listed["data"]
    assert shown["connector"] == {"guid": connector, "name": "CRM"}
    assert (shown["is_used"], shown["is_connected"], listed["meta"]["total"]) == (False, True, 1)
    assert SECRET not in str(listed)
    renamed = await partner.api.put(f"/accounts/acme/datasources/{guid}", json={"name": "Other"})
    assert renamed.json()["name"] == "Other"
    fixed = await partner.api.put(f"/accounts/acme/datasources/{guid}", json={"connector_guid": str(new_id())})
    assert fixed.status_code == 400
    detail = (await partner.api.get(f"/connectors/{connector}")).json()
    assert [(one["name"], one["is_secret"]) for one in detail["inputs"]] == [("api_key", True)]
    for bad in ({"name": "x"}, {"name": "x", "connector_guid": "nobody"}, {"name": "", "connector_guid": connector}):
        assert (await partner.api.post("/accounts/acme/datasources", json=bad)).status_code == 400
    wrong = {"name": "x", "connector_guid": connector, "params": {"password": "y"}}
    assert (await partner.api.post("/accounts/acme/datasources", json=wrong)).status_code == 400


async def test_who_has_to_sign_in_gets_a_link(partner: Partner, parts: Parts, site: str) -> None:
    connector = await offered(partner, parts, manifest(site, oauth=True))
    await partner.account()
    body = {"name": "Mine", "connector_guid": connector, "params": {"client_id": "c"}}
    made = (await partner.api.post("/accounts/acme/datasources", json=body)).json()
    assert made["is_connected"] is False
    link = made["additional"]["link"]
    async with httpx.AsyncClient(verify=False) as person:
        page = await person.get(link)
        assert page.status_code == 200
        away = await person.post(link, data={})
        assert away.headers["location"].startswith(f"{site}/authorize?")
    detail = (await partner.api.get(f"/accounts/acme/datasources/{made['guid']}")).json()
    assert "/connect/" in detail["link"]


async def test_another_accounts_connection_cannot_be_given(partner: Partner, parts: Parts, site: str) -> None:
    connector = await offered(partner, parts, manifest(site))
    await partner.account()
    theirs = await connect(partner, connector, SECRET, account="workshop")
    template = await partner.template(calling(connector))
    body = {"account": "acme", "datasources": [theirs]}
    answer = await partner.api.post(f"/templates/{template}/install", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "/datasources/0")
    assert (await partner.api.get(f"/accounts/acme/datasources/{theirs}")).status_code == 404


async def registered(partner: Partner, parts: Parts, *origins: str) -> None:
    async with parts.database.system() as unit:
        row = await embedding.find(unit, partner.app_id)
        await embedding.put_origins(unit, row["id"], origins)
    await asyncio.sleep(REMEMBERED_SECONDS)


async def test_who_has_connected_is_sent_back(partner: Partner, parts: Parts, site: str) -> None:
    connector = await offered(partner, parts, manifest(site))
    await partner.account()
    await registered(partner, parts, "https://app.example.com")
    back = "https://app.example.com/done?tab=1#x"
    body = {"name": "Mine", "connector_guid": connector, "redirect_url": back}
    made = (await partner.api.post("/accounts/acme/datasources", json=body)).json()
    assert made["is_connected"] is False
    async with parts.database.tenant(UUID((await partner.api.get("/accounts/acme")).json()["guid"])) as unit:
        row = await bindings.connection(unit, made["guid"])
        assert row is not None
        opened = await parts.connecting.create(
            unit, connector_id=row["connector_id"], connection_id=row["id"], owner_id=row["owner_id"], back=back
        )
    async with httpx.AsyncClient(verify=False) as person:
        host = str(partner.api.base_url).partition("/oem")[0]
        answer = await person.post(f"{host}/connect/{opened.token}", data={"api_key": SECRET})
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == (
        f"https://app.example.com/done?tab=1&status=connected&datasource={made['guid']}#x"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/", "https://app.example.com.evil.example/", "https://app.example.com@evil.example/",
        "https://app.example.com:444/", "http://app.example.com/", "//app.example.com/", "javascript:alert(1)",
        "https:/\\evil.example", "https://app.example.com\\@evil.example/", "https://app.example.com/\n", "/done", "x",
        "https://[", "https://xapp.example.com/",
    ],
)  # fmt: skip
async def test_nobody_is_sent_elsewhere(partner: Partner, parts: Parts, site: str, url: str) -> None:
    connector = await offered(partner, parts, manifest(site))
    await partner.account()
    async with parts.database.system() as unit:
        row = await embedding.find(unit, partner.app_id)
        await embedding.put_origins(unit, row["id"], ["https://app.example.com"])
    body = {"name": "Mine", "connector_guid": connector, "redirect_url": url}
    answer = await partner.api.post("/accounts/acme/datasources", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "/redirect_url"), answer.text
