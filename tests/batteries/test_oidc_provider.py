"""A person signs in at a server that we did not write, in a real browser; then 20 callers outlive five tokens."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import pytest

from tests.api.conftest import NO_LIMIT, Parts, World, assembled, client, serving
from tests.api.test_connect_sessions import session, status
from tests.connectors.connections.making import vault
from tests.connectors.connections.processes import workers
from tests.fixtures.shared import ROOT, free_port
from tests.peers.installing import installed, node
from tieline.connectors.manifest import io
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, Server
from tieline.core import json
from tieline.server.app import create_app
from tieline.server.settings import Settings
from tieline.storage.database import Database

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.timeout(300)]

TOKEN_SECONDS = 3
EXPIRIES = 5
CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-quic"]


class Provider:
    """A running oidc-provider."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def counts(self) -> dict[str, int]:
        with urlopen(f"{self.issuer}/counts", timeout=10) as answer:
            found: dict[str, int] = json.loads(answer.read())
        return found


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> AsyncIterator[Parts]:
    async with assembled(database, Settings(data_dir=tmp_path), vault()) as made:
        yield made


@pytest.fixture
async def address(parts: Parts) -> AsyncIterator[str]:
    async with serving(create_app(parts, tiers=NO_LIMIT)) as where:
        yield where


@pytest.fixture
def provider(address: str) -> Iterator[Provider]:
    folder = installed("oidc-provider", npm=("oidc-provider@9",))
    script = shutil.copy(ROOT / "tests" / "peers" / "oidc.mjs", folder / "oidc.mjs")
    port = free_port()
    command = [node(folder), script, str(port), f"{address}/connect/callback", str(TOKEN_SECONDS)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            while (line := process.stdout.readline().strip()) != b"ready":
                assert line or process.poll() is None
            yield Provider(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def manifest(issuer: str) -> Manifest:
    return Manifest(
        name="oidc",
        title="OIDC",
        servers=[Server(url=issuer)],
        auth=[
            AuthMethod(
                id="oauth",
                kind="oauth2",
                grants=["authorization_code", "refresh_token"],
                discovery_url=f"{issuer}/.well-known/openid-configuration",
                fields=[
                    Input(id="client_id", label="Client id", required=True),
                    Input(id="client_secret", label="Client secret", required=True, secret=True),
                    Input(id="scope", label="Scope", default="openid email offline_access"),
                ],
            )
        ],
        blocks=[Block(id="me", kind="get", path="/me")],
    )


def in_a_browser(link: str, profile: Path) -> list[str]:
    """What a person does; the headings of the pages that he saw."""
    from playwright.sync_api import sync_playwright

    seen: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, headless=True, args=QUIET
        )
        page = browser.new_page()
        page.goto(link)
        seen.append(page.inner_text("h1"))
        page.fill("input[name=client_id]", "tieline")
        page.fill("input[name=client_secret]", "an-oidc-secret")
        page.click("button[type=submit]")
        page.fill("input[name=login]", "ada")
        page.fill("input[name=password]", "any")
        seen.append(page.inner_text("h1"))
        page.click("button[type=submit]")
        page.wait_for_url("**/interaction/**")
        seen.append(page.inner_text("h1"))
        page.click("button[type=submit]")
        page.wait_for_url("**/connect/callback**")
        seen.append(page.inner_text("h1"))
        browser.close()
    return seen


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium on this machine; .ci/run installs it")
async def test_three_legged_connect_and_one_refresh_per_expiry(
    parts: Parts, address: str, provider: Provider, database_dsn: str, tmp_path: Path
) -> None:
    tenant = await World(parts.database).tenant()
    async with client(address, tenant.key) as api:
        document = io.dump(manifest(provider.issuer), "json")
        connector = (await api.post("/api/workflows/automation-connectors", json={"document": document})).json()
        made = await session(api, connectorId=connector["id"], params={"scope": "openid email offline_access"})
        seen = await asyncio.to_thread(in_a_browser, made["link"], tmp_path / "profile")
        assert (seen[0], seen[-1]) == ("Connect OIDC", "OIDC is connected"), seen
        done: dict[str, Any] = await status(api, made)
    assert done["status"] == "connected"
    assert provider.counts() == {"code": 1, "refresh": 0, "refused": 0, "revoked": 0}
    connection_id = str(UUID(done["connectionId"]))
    async with workers(2, database_dsn, str(tenant.id)) as both:
        for expiry in range(1, EXPIRIES + 1):
            await asyncio.sleep(TOKEN_SECONDS + 0.1)  # what is waited for is the token's end
            outcomes = await asyncio.gather(*(worker.calls([connection_id], "me", 10) for worker in both))
            assert outcomes == [["ok"], ["ok"]]
            assert provider.counts() == {"code": 1, "refresh": expiry, "refused": 0, "revoked": 0}
