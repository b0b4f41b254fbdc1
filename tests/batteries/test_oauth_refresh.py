"""Twenty callers in two processes through many expiries: one refresh for each, and no grant lost."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from tests.connectors.connections.making import connect, make_tenant, vault
from tests.connectors.connections.processes import Worker, workers
from tieline.connectors.connections import Connections
from tieline.connectors.manifest.authsteps import AuthStep, StepInject, StepRequest
from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, Server
from tieline.connectors.runtime.auth.interactive import begin, finish
from tieline.security.egress import Egress, Policy, parse_allow
from tieline.storage.database import Database

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(120)]
REDIRECT = "https://tieline.example/connect/callback"
EXPIRIES = 5


def document(base: str) -> Manifest:
    return Manifest(
        name="crm",
        title="CRM",
        servers=[Server(url=base)],
        auth=[
            AuthMethod(
                id="oauth",
                kind="oauth2",
                grants=["authorization_code"],
                discovery_url="/.well-known/oauth-authorization-server",
                fields=[Input(id="client_id", required=True), Input(id="client_secret", required=True, secret=True)],
            )
        ],
        blocks=[Block(id="whoami", kind="get", path="/oauth2/resource")],
    )


async def connected(
    database: Database, connections: Connections, egress: Egress, upstream: str, personality: str
) -> tuple[UUID, UUID]:
    """A tenant with a connection that a person has consented to."""
    tenant = await make_tenant(database)
    secrets = {"client_id": personality, "client_secret": "secret"}
    identity = await connect(database, connections, tenant, document(upstream), secrets=secrets)
    account = await connections.account(tenant, identity)
    begun = await begin(account, egress=egress, redirect_uri=REDIRECT, state="st4te")
    page = await egress.request("GET", begun.url, follow_redirects=False)
    query = dict(parse_qsl(urlsplit(page.headers["Location"]).query))
    done = await finish(account, egress=egress, redirect_uri=REDIRECT, kept=begun.kept, answer=query)
    assert done.token is not None
    async with database.tenant(tenant) as unit:
        await connections.tokens.put(unit, identity, done.token)
    return tenant, identity


async def state(egress: Egress, upstream: str) -> Any:
    return (await egress.request("GET", f"{upstream}/_ctl/oauth2")).json()


async def wave(both: list[Worker], identity: UUID) -> None:
    outcomes = await asyncio.gather(*(worker.calls([str(identity)], "whoami", 10) for worker in both))
    assert outcomes == [["ok"], ["ok"]]


@pytest.mark.parametrize("personality", ["rotate", "rotate-grace", "rotate-slow", "short"])
async def test_one_refresh_per_expiry(database: Database, database_dsn: str, upstream: str, personality: str) -> None:
    connections = Connections(database, vault())
    async with Egress(Policy(allow=parse_allow("127.0.0.1"))) as egress:
        await egress.request("POST", f"{upstream}/_ctl/reset")
        tenant, identity = await connected(database, connections, egress, upstream, personality)
        async with workers(2, database_dsn, str(tenant)) as both:
            # The server's clock moves, ours does not: twenty callers learn of the expiry by a refusal, all at once.
            for expiry in range(1, EXPIRIES + 1):
                await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 4000}')
                await wave(both, identity)
                counts = (await state(egress, upstream))["counts"]
                # A token of two seconds may also end by itself between two waves.
                assert counts["refresh_ok"] == expiry or (personality == "short" and counts["refresh_ok"] > expiry)
            # And by the clock of both, as tokens end in real life.
            begun = (await state(egress, upstream))["counts"]["refresh_ok"]
            while (await state(egress, upstream))["counts"]["refresh_ok"] < begun + EXPIRIES:
                await wave(both, identity)
        seen = await state(egress, upstream)
        counts = seen["counts"]
        assert counts["refresh_calls"] == counts["refresh_ok"]
        wrong = ("refresh_races", "refresh_too_early", "reuse_detected", "reuse_in_grace", "token_in_query")
        assert {name: counts.get(name, 0) for name in wrong} == dict.fromkeys(wrong, 0)
        assert seen["dead_families"] == 0


async def test_one_login_for_everybody(database: Database, database_dsn: str, upstream: str) -> None:
    """A session that ends, and a server that ends it when somebody else logs in."""
    connections = Connections(database, vault())
    manifest = document(upstream)
    login = StepRequest(url="/auth/login/session?ttl=30", json={"login": "{login}", "password": "{password}"})
    manifest.auth[0] = AuthMethod(
        id="login",
        kind="session",
        fields=[Input(id="login", required=True), Input(id="password", required=True, secret=True)],
        steps=[
            AuthStep(request=login, extract={"session": "$.session_token"}),
            AuthStep(inject=[StepInject(name="X-Session", value="{session}")]),
        ],
    )
    manifest.blocks[0].path = "/auth/login/whoami"
    async with Egress(Policy(allow=parse_allow("127.0.0.1"))) as egress:
        await egress.request("POST", f"{upstream}/_ctl/reset")
        tenant = await make_tenant(database)
        answers = {"login": "user", "password": "pa:ss wörd"}
        identity = await connect(database, connections, tenant, manifest, secrets=answers)
        async with workers(2, database_dsn, str(tenant)) as both:
            for logins in range(1, EXPIRIES + 1):
                await wave(both, identity)
                seen = (await egress.request("GET", f"{upstream}/_ctl/requests?path=/auth/login/session")).json()
                assert seen["count"] == logins
                await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 60}')


async def test_a_withdrawn_consent_is_noticed_once_by_all(database: Database, database_dsn: str, upstream: str) -> None:
    """invalid_grant: twenty callers in two processes hear of it, the server is asked once, also by later callers."""
    connections = Connections(database, vault())
    async with Egress(Policy(allow=parse_allow("127.0.0.1"))) as egress:
        await egress.request("POST", f"{upstream}/_ctl/reset")
        tenant, identity = await connected(database, connections, egress, upstream, "invalid-grant")
        async with workers(2, database_dsn, str(tenant)) as both:
            await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 4000}')
            for _ in range(3):
                calls = (worker.calls([str(identity)], "whoami", 10) for worker in both)
                for outcomes in await asyncio.gather(*calls):
                    assert len(outcomes) == 1
                    assert outcomes[0].startswith("ReconnectNeeded: the refresh token is not accepted any more")
        assert (await state(egress, upstream))["counts"]["refresh_calls"] == 1
        again = await connections.check(tenant, identity, egress)
        assert not again.ok
        async with database.tenant(tenant) as unit:
            row = await connections.get(unit, identity)
        assert (row["is_connected"], "connect again" in row["error"]) == (False, True)
