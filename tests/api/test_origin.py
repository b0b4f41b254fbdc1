"""The address in links: never one that a stranger made up."""

from __future__ import annotations

import pytest

from tests.api.conftest import NO_LIMIT, Parts, Tenant, client, serving
from tieline.server.app import create_app
from tieline.server.settings import Settings

pytestmark = pytest.mark.anyio

BASE = "/api/v1/automations"


async def link(where: str, key: str, headers: dict[str, str]) -> str:
    async with client(where, key) as api:
        for name in ("a", "b"):
            assert (await api.post(BASE, json={"name": name})).status_code == 201
        answer = await api.get(BASE, params={"limit": 1}, headers=headers)
        assert answer.status_code == 200
        href: str = answer.json()["links"]["next"]["href"]
        return href.partition(BASE)[0]


FORGED = [
    {"host": "evil.example.com"},
    {"host": "evil.example.com:80"},
    {"host": "127.0.0.1.evil.example.com"},
    {"host": "localhost.evil.example.com"},
    {"host": "evil.example.com#127.0.0.1"},
    {"host": "evil@127.0.0.1"},
    {"host": "127.0.0.1/x"},
    {"host": "127.0.0.1:99999"},
    {"host": "127.0.0.1:0"},
    {"host": "127.0.0.1:x"},
    {"host": "10.1.2.3"},
    {"host": ""},
    {"x-forwarded-host": "evil.example.com", "x-forwarded-proto": "https", "x-forwarded-port": "1"},
    {"x-forwarded-prefix": "/evil", "x-original-host": "evil.example.com", "x-host": "evil.example.com"},
    {"forwarded": "host=evil.example.com;proto=https"},
]


@pytest.mark.parametrize("headers", FORGED, ids=[str(number) for number in range(len(FORGED))])
async def test_a_forged_host_changes_nothing(address: str, tenant: Tenant, headers: dict[str, str]) -> None:
    assert await link(address, tenant.key, headers) == address


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1:1234", "[::1]:1234", "LOCALHOST", "127.1.2.3"])
async def test_loopback_is_believed(address: str, tenant: Tenant, host: str) -> None:
    assert await link(address, tenant.key, {"host": host}) == f"http://{host}"


@pytest.mark.parametrize("host", ["evil.example.com", "localhost", "127.0.0.1", "tieline.example.com"])
async def test_a_public_base_address_always_wins(
    parts: Parts, settings: Settings, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    public = "https://tieline.example.com/base"
    changed = Settings(data_dir=settings.data_dir, base_url=public)
    monkeypatch.setattr(parts, "settings", changed)
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where:
        assert await link(where, tenant.key, {"host": host}) == public
        async with client(where) as anybody:
            headers = (await anybody.get("/healthz")).headers
            assert "max-age" in headers["strict-transport-security"]


async def test_a_server_that_knows_its_own_address(
    parts: Parts, settings: Settings, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `tieline serve` does it: the base address is the one that it listens on."""
    monkeypatch.setattr(parts, "settings", settings.listening_on("127.0.0.1", 8400))
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where:
        assert await link(where, tenant.key, {}) == where
        assert await link(where, tenant.key, {"host": "evil.example.com"}) == "http://127.0.0.1:8400"
        assert await link(where, tenant.key, {"host": "localhost:8400"}) == "http://localhost:8400"
