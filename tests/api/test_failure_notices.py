"""Failure notices over HTTP: secrets shown once, addresses checked, tenants apart."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client
from tests.automations.blocks.servers import serving_web
from tieline.storage.tables import automations

pytestmark = pytest.mark.anyio

BASE = "/api/workflows/automations"
TENANTS = f"{BASE}/settings/failure-notice"


async def make(api: httpx.AsyncClient) -> str:
    answer = await api.post(BASE, json={"name": "Sync", "workspace": {"blocks": [], "variables": []}})
    assert answer.status_code == 201
    return f"{BASE}/{answer.json()['id']}/failure-notice"


async def test_the_secret_of_a_webhook_is_shown_once_and_kept_sealed(
    api: httpx.AsyncClient, parts: Parts, tenant: Tenant
) -> None:
    where = await make(api)
    body: dict[str, Any] = {"on": ["failed", "recovered"], "webhook": {"url": "http://127.0.0.1:9/x"}}
    made = (await api.put(where, json=body)).json()
    secret = made["webhook"]["secret"]
    assert secret.startswith("whsec_")
    assert (made["everySeconds"], made["on"], made["mail"]) == (900, ["failed", "recovered"], [])
    shown = (await api.get(where)).json()
    assert shown["webhook"] == {"url": "http://127.0.0.1:9/x"}
    assert (shown["inherited"], shown["untold"]) == (False, 0)
    again = (await api.put(where, json={**body, "everySeconds": 60})).json()
    assert "secret" not in again["webhook"]
    other = (await api.put(where, json={**body, "webhook": {**body["webhook"], "newSecret": True}})).json()
    assert other["webhook"]["secret"] != secret
    async with parts.database.tenant(tenant.id) as unit:
        kept = await unit.scalar(
            unit.select(automations, automations.c.failure_notice).where(automations.c.id == UUID(where.split("/")[4]))
        )
    assert secret not in str(kept)
    assert (await api.delete(where)).status_code == 204
    assert (await api.get(where)).json()["inherited"] is True


async def test_the_tenants_is_for_administrators_and_inherited(
    api: httpx.AsyncClient, address: str, world: World, tenant: Tenant
) -> None:
    where = await make(api)
    body = {"on": ["failed"], "webhook": {"url": "http://127.0.0.1:9/y"}}
    assert (await api.put(TENANTS, json=body)).json()["webhook"]["secret"].startswith("whsec_")
    shown = (await api.get(where)).json()
    assert (shown["inherited"], shown["webhook"]) == (True, {"url": "http://127.0.0.1:9/y"})
    assert (await api.get(f"{BASE}/settings")).json() == {"maxConcurrentRunsPerAutomation": 10}
    _, key = await world.user(tenant.id)
    async with client(address, key) as person:
        assert (await person.get(TENANTS)).json()["webhook"] == {"url": "http://127.0.0.1:9/y"}
        assert (await person.put(TENANTS, json=body)).status_code == 403
        assert (await person.delete(TENANTS)).status_code == 403
        assert (await person.get(where)).status_code == 404  # somebody else's personal automation
    assert (await api.delete(TENANTS)).status_code == 204
    assert (await api.get(where)).json()["on"] == []


async def test_another_tenant_reaches_none_of_it(api: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    where = await make(api)
    await api.put(where, json={"webhook": {"url": "http://127.0.0.1:9/z"}})
    assert (await other.get(where)).status_code == 404
    assert (await other.put(where, json={"on": []})).status_code == 404
    assert (await other.delete(where)).status_code == 404
    assert (await other.post(f"{where}/actions/test")).status_code == 404
    assert (await other.get(TENANTS)).json()["on"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param({"on": ["finished"]}, "/on/0", id="ending"),
        pytest.param({"on": "failed"}, "/on", id="no-list"),
        pytest.param({"on": ["failed"] * 100}, "/on", id="endings"),
        pytest.param({"mail": ["ada@example.com"]}, "/mail", id="no-mail-server"),
        pytest.param({"mail": [7]}, "/mail/0", id="number"),
        pytest.param({"webhook": "http://a.example"}, "/webhook", id="text"),
        pytest.param({"webhook": {}}, "/webhook/url", id="no-address"),
        pytest.param({"webhook": {"url": "http://192.168.0.1/"}}, "/webhook/url", id="internal"),
        pytest.param({"webhook": {"url": "javascript:alert(1)"}}, "/webhook/url", id="script"),
        pytest.param({"everySeconds": 1}, "/everySeconds", id="too-often"),
        pytest.param({"everySeconds": "900"}, "/everySeconds", id="text-for-number"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_field(
    api: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await api.put(await make(api), json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"]["pointer"] == pointer


async def test_a_test_says_what_became_of_it(api: httpx.AsyncClient) -> None:
    where = await make(api)
    assert (await api.post(f"{where}/actions/test")).json() == {"data": []}
    async with serving_web() as web:
        await api.put(where, json={"webhook": {"url": f"{web.url}/echo"}})
        assert (await api.post(f"{where}/actions/test")).json() == {"data": [{"channel": "webhook", "ok": True}]}
        assert '"type":"test"' in web.seen[0]["body"]
        await api.put(where, json={"webhook": {"url": f"{web.url}/status/410"}})
        ((tried),) = (await api.post(f"{where}/actions/test")).json()["data"]
        assert (tried["ok"], "410" in tried["detail"]) == (False, True)


async def test_retention_is_set_for_the_tenant(api: httpx.AsyncClient) -> None:
    where = f"{BASE}/settings"
    changed = await api.put(where, json={"runRetentionDays": 7, "successDataHours": 0})
    assert changed.json() == {"maxConcurrentRunsPerAutomation": 10, "runRetentionDays": 7, "successDataHours": 0}
    assert (await api.get(where)).json() == changed.json()
    reset = await api.put(where, json={"runRetentionDays": None})
    assert reset.json() == {"maxConcurrentRunsPerAutomation": 10, "successDataHours": 0}
    for wrong in (-1, 36_501, "7", 1.5, True):
        assert (await api.put(where, json={"runRetentionDays": wrong})).status_code == 400
    answers = await asyncio.gather(*(api.put(where, json={"runRetentionDays": n}) for n in range(1, 6)))
    assert {answer.status_code for answer in answers} == {200}
