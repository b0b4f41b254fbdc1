"""One refresh for everybody, over processes, and what happens when it fails."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from tests.connectors.connections.making import connect, make_tenant, oauth_manifest, vault
from tests.connectors.connections.processes import workers
from tieline.connectors.connections import Connections, DatabaseTokens
from tieline.connectors.library import Library
from tieline.connectors.manifest.authsteps import AuthStep, StepInject, StepRequest
from tieline.connectors.manifest.model import AuthMethod
from tieline.connectors.runtime import Account, StoredToken
from tieline.connectors.runtime.errors import ReconnectNeeded
from tieline.core.clock import now
from tieline.security.egress import Egress, Policy, parse_allow
from tieline.storage import tables
from tieline.storage.database import Database

pytestmark = [pytest.mark.anyio, pytest.mark.battery]


async def make_account(database: Database) -> tuple[Connections, Account]:
    tenant, connections = await make_tenant(database), Connections(database, vault())
    identity = await connect(
        database,
        connections,
        tenant,
        oauth_manifest("https://api.example.com"),
        secrets={"client_id": "app", "client_secret": "secret"},
    )
    return connections, await connections.account(tenant, identity)


class Server:
    """An authorization server that counts."""

    def __init__(self, **token: object) -> None:
        self.calls = 0
        self.token = token
        self.error: Exception | None = None

    async def fetch(self, old: StoredToken | None) -> StoredToken:
        self.calls += 1
        await asyncio.sleep(0.05)
        if self.error is not None:
            raise self.error
        return msgspec.convert({"value": f"at-{self.calls}", **self.token}, StoredToken)


async def test_twenty_at_once_in_two_stores_fetch_once(database: Database) -> None:
    first, account = await make_account(database)
    second = DatabaseTokens(database, vault())
    server = Server()
    stores = [first.tokens, second] * 10
    tokens = await asyncio.gather(*(store.token(account, server.fetch, min_valid=60) for store in stores))
    assert server.calls == 1
    assert {token.value for token in tokens} == {"at-1"}
    async with database.tenant(UUID(account.tenant_id)) as unit:
        row = await unit.one(unit.select(tables.connection_tokens))
    assert row is not None
    assert b"at-1" not in row["sealed"]


async def test_a_rejected_token_is_replaced_once_and_later_only_read_again(database: Database) -> None:
    connections, account = await make_account(database)
    server, store = Server(), connections.tokens
    first = await store.token(account, server.fetch, min_valid=60)
    stores = [store, DatabaseTokens(database, vault())] * 5
    again = await asyncio.gather(
        *(one.token(account, server.fetch, min_valid=60, rejected=first.value) for one in stores)
    )
    assert {token.value for token in again} == {"at-2"}
    assert server.calls == 2
    late = await store.token(account, server.fetch, min_valid=60, rejected=first.value)
    assert (late.value, server.calls) == ("at-2", 2)


@pytest.mark.parametrize(
    "age, life, calls",
    [(0, 3600, 0), (3400, 3600, 0), (3541, 3600, 1), (25, 30, 0), (28, 30, 1), (40, 30, 1)],
    ids=["new", "two thirds of the margin left", "inside the minute", "short", "inside a tenth", "expired"],
)
async def test_it_is_renewed_early_by_a_share_of_its_life(database: Database, age: int, life: int, calls: int) -> None:
    connections, account = await make_account(database)
    begun = now() - timedelta(seconds=age)
    old = Server(obtained_at=begun, expires_at=begun + timedelta(seconds=life))
    await connections.tokens.token(account, old.fetch, min_valid=60)
    server = Server()
    await connections.tokens.token(account, server.fetch, min_valid=60)
    assert server.calls == calls


async def test_a_failed_fetch_reaches_all_who_waited_and_leaves_the_old_token(database: Database) -> None:
    connections, account = await make_account(database)
    server, store = Server(), connections.tokens
    first = await store.token(account, server.fetch, min_valid=60)
    server.error = ReconnectNeeded("no")
    outcomes = await asyncio.gather(
        *(store.token(account, server.fetch, min_valid=60, rejected=first.value) for _ in range(10)),
        return_exceptions=True,
    )
    assert all(isinstance(outcome, ReconnectNeeded) for outcome in outcomes)
    assert server.calls == 2
    server.error = None
    assert (await store.token(account, server.fetch, min_valid=60)).value == "at-1"


async def test_who_started_the_fetch_may_go_away_without_harm_to_the_others(database: Database) -> None:
    connections, account = await make_account(database)
    server, store = Server(), connections.tokens
    starter = asyncio.create_task(store.token(account, server.fetch, min_valid=60))
    while not server.calls:
        await asyncio.sleep(0.005)
    other = asyncio.create_task(store.token(account, server.fetch, min_valid=60))
    await asyncio.sleep(0)
    starter.cancel()
    assert (await other).value == "at-1"
    assert server.calls == 1


async def test_a_token_that_is_dead_is_told_to_everybody_without_another_fetch(database: Database) -> None:
    connections, account = await make_account(database)
    server, other = Server(dead="the refresh token is not accepted any more"), DatabaseTokens(database, vault())
    for store in (connections.tokens, other, connections.tokens):
        with pytest.raises(ReconnectNeeded, match="not accepted any more"):
            await store.token(account, server.fetch, min_valid=60)
    assert server.calls == 1
    async with database.tenant(UUID(account.tenant_id)) as unit:
        await connections.tokens.put(unit, UUID(account.connection_id), StoredToken(value="at-new"))
    assert (await other.token(account, server.fetch, min_valid=60)).value == "at-new"
    assert server.calls == 1


async def test_the_first_token_of_a_consent_is_kept_sealed_and_belongs_to_its_tenant(database: Database) -> None:
    connections, account = await make_account(database)
    token = StoredToken(value="at-secret", refresh_token="rt-secret", secret="ts-secret", grant="authorization_code")
    assert "secret" not in repr(token)
    server, identity = Server(), UUID(account.connection_id)
    async with database.tenant(UUID(account.tenant_id)) as unit:
        await connections.tokens.put(unit, identity, token)
        row = await unit.one(unit.select(tables.connection_tokens))
    assert row is not None
    assert b"secret" not in row["sealed"]
    kept = await connections.tokens.token(account, server.fetch, min_valid=60)
    assert (kept, server.calls) == (token, 0)
    stranger = await make_tenant(database)
    with pytest.raises(IntegrityError):
        async with database.tenant(stranger) as unit:
            await connections.tokens.put(unit, identity, token)


async def test_a_rotated_token_is_kept_though_the_database_connection_dies_meanwhile(database: Database) -> None:
    """The server has replaced the refresh token: what it gave must not be lost with our transaction."""
    connections, account = await make_account(database)

    async def fetch(old: StoredToken | None) -> StoredToken:
        await database.autocommit(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE state = 'idle in transaction' AND datname = current_database() AND pid <> pg_backend_pid()"
        )
        return StoredToken(value="at-new", refresh_token="rt-new")

    assert (await connections.tokens.token(account, fetch, min_valid=60)).value == "at-new"
    server, other = Server(), DatabaseTokens(database, vault())
    assert (await other.token(account, server.fetch, min_valid=60)).refresh_token == "rt-new"
    assert server.calls == 0


@pytest.mark.parametrize(
    "name", ["authorization_url", "refresh_url", "device_url", "request_token_url", "discovery_url", "revoke_url"]
)
async def test_secrets_are_bound_to_every_address_of_the_method(database: Database, name: str) -> None:
    tenant, connections = await make_tenant(database), Connections(database, vault())
    document = oauth_manifest("https://api.example.com")
    answers = {"client_id": "app", "client_secret": "secret"}
    identity = await connect(database, connections, tenant, document, secrets=answers)
    assert (await connections.account(tenant, identity)).secrets["client_secret"] == "secret"
    setattr(document.auth[0], name, "https://api.example.com/same-origin")
    async with database.tenant(tenant) as unit:
        await Library(database).save(unit, document)
    assert (await connections.account(tenant, identity)).secrets["client_secret"] == "secret"
    setattr(document.auth[0], name, "https://evil.example/x")
    async with database.tenant(tenant) as unit:
        await Library(database).save(unit, document)
    with pytest.raises(ReconnectNeeded, match="addresses of the connector"):
        await connections.account(tenant, identity)


async def test_secrets_are_bound_to_the_hosts_of_login_steps(database: Database) -> None:
    tenant, connections = await make_tenant(database), Connections(database, vault())
    document = oauth_manifest("https://api.example.com")
    step = AuthStep(request=StepRequest(url="/login/{client_id}"), extract={"s": "$.s"})
    inject = AuthStep(inject=[StepInject(name="X", value="{s}")])
    document.auth[0] = AuthMethod(id="oauth", kind="session", fields=document.auth[0].fields, steps=[step, inject])
    answers = {"client_id": "app", "client_secret": "secret"}
    identity = await connect(database, connections, tenant, document, secrets=answers)
    await connections.account(tenant, identity)
    step.request = StepRequest(url="https://evil.example/login/{client_id}")
    async with database.tenant(tenant) as unit:
        await Library(database).save(unit, document)
    with pytest.raises(ReconnectNeeded, match="addresses of the connector"):
        await connections.account(tenant, identity)


async def test_an_unreadable_token_is_fetched_anew(database: Database) -> None:
    connections, account = await make_account(database)
    server = Server()
    await connections.tokens.token(account, server.fetch, min_valid=60)
    async with database.tenant(UUID(account.tenant_id)) as unit:
        await unit.update(tables.connection_tokens, sealed=b"damaged")
    assert (await connections.tokens.token(account, server.fetch, min_valid=60)).value == "at-2"


@pytest.mark.parametrize("personality", ["app", "no-expires"])
async def test_two_processes_and_twenty_calls_make_one_refresh_per_expiry(
    database: Database, database_dsn: str, upstream: str, personality: str
) -> None:
    tenant, connections = await make_tenant(database), Connections(database, vault())
    identity = await connect(
        database,
        connections,
        tenant,
        oauth_manifest(upstream),
        secrets={"client_id": personality, "client_secret": "secret"},
    )
    async with (
        Egress(Policy(allow=parse_allow("127.0.0.1"))) as egress,
        workers(2, database_dsn, str(tenant)) as (one, two),
    ):
        await egress.request("POST", f"{upstream}/_ctl/reset")
        for expiry in range(1, 4):
            both = await asyncio.gather(*(worker.calls([str(identity)], "whoami", 10) for worker in (one, two)))
            assert both == [["ok"], ["ok"]]
            counts = (await egress.request("GET", f"{upstream}/_ctl/oauth2")).json()["counts"]
            assert counts["issued"] == expiry
            assert counts["resource_ok"] == 20 * expiry
            # The upstream's clock moves, ours does not: all learn of the expiry by a refusal at the same time.
            await egress.request("POST", f"{upstream}/_ctl/clock", body=b'{"advance": 4000}')
