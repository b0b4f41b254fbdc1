"""Rate budgets over processes."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from msgspec import UNSET
from sqlalchemy import text

from tests.connectors.connections.making import connect, key_manifest, make_tenant, vault
from tests.connectors.connections.processes import workers
from tieline.connectors.connections import Connections, DatabaseBudget
from tieline.connectors.manifest.model import Block, RateBudget
from tieline.connectors.runtime.advice import NOTHING, Advice
from tieline.connectors.runtime.errors import UpstreamBusy
from tieline.core.ids import new_id
from tieline.security.egress import Egress, Policy, parse_allow
from tieline.storage.database import Database

pytestmark = [pytest.mark.anyio, pytest.mark.battery]
DIALECTS = (
    "seconds date past-date none zero negative garbage float huge reset-epoch reset-delta draft draft-old qlik"
).split()


async def connection_of(database: Database, upstream: str, block: Block) -> tuple[str, str]:
    tenant, connections = await make_tenant(database), Connections(database, vault())
    manifest = key_manifest(upstream)
    manifest.blocks.append(block)
    identity = await connect(database, connections, tenant, manifest, secrets={"api_key": "key-123"})
    return str(tenant), str(identity)


async def test_where_nothing_is_known_nothing_is_written_but_that(database: Database, upstream: str) -> None:
    tenant, identity = await connection_of(database, upstream, Block(id="more", path="/x"))
    connections = Connections(database, vault())
    account = await connections.account(UUID(tenant), UUID(identity))
    budget = connections.budget
    await budget.settle(account, UNSET, await budget.acquire(account, UNSET), NOTHING)
    query = text("SELECT xmin::text, * FROM rate_budgets WHERE connection_id = :identity")
    async with database.tenant(UUID(tenant)) as unit:
        first = await unit.one(query.bindparams(identity=UUID(identity)))
    assert first is not None
    assert first["tokens"] is None
    for _ in range(500):
        await budget.settle(account, UNSET, await budget.acquire(account, UNSET), NOTHING)
    async with database.tenant(UUID(tenant)) as unit:
        assert await unit.one(query.bindparams(identity=UUID(identity))) == first


async def test_at_the_first_meeting_one_process_goes_ahead(database: Database, upstream: str) -> None:
    tenant, identity = await connection_of(database, upstream, Block(id="more", path="/x"))
    account = await Connections(database, vault()).account(UUID(tenant), UUID(identity))
    one, two = DatabaseBudget(database), DatabaseBudget(database)
    first = await one.acquire(account, UNSET)
    assert first.probe
    waiting = asyncio.create_task(two.acquire(account, UNSET))
    await asyncio.sleep(0.4)
    assert not waiting.done()
    await one.settle(account, UNSET, first, NOTHING)
    assert not (await waiting).probe


async def test_a_refusal_in_one_process_closes_the_door_for_another(database: Database, upstream: str) -> None:
    tenant, identity = await connection_of(database, upstream, Block(id="more", path="/x"))
    account = await Connections(database, vault()).account(UUID(tenant), UUID(identity))
    one, two = DatabaseBudget(database), DatabaseBudget(database)
    permit = await one.acquire(account, UNSET)
    await one.settle(account, UNSET, permit, Advice(limited=True, wait=500.0))
    with pytest.raises(UpstreamBusy) as caught:
        await two.acquire(account, UNSET)
    assert 400 < caught.value.retry_after < 600


async def test_what_is_left_is_shared_and_then_one_goes_ahead(database: Database, upstream: str) -> None:
    tenant, identity = await connection_of(database, upstream, Block(id="more", path="/x"))
    account = await Connections(database, vault()).account(UUID(tenant), UUID(identity))
    one, two = DatabaseBudget(database), DatabaseBudget(database)
    first = await one.acquire(account, UNSET)
    await one.settle(account, UNSET, first, Advice(remaining=3))
    permits = [await budget.acquire(account, UNSET) for budget in (one, two, two)]
    assert [permit.probe for permit in permits] == [False, False, False]
    for budget, permit in zip((one, two, two), permits, strict=True):
        await budget.settle(account, UNSET, permit, NOTHING)
    probe = await two.acquire(account, UNSET)
    assert probe.probe
    waiting = asyncio.create_task(one.acquire(account, UNSET))
    await asyncio.sleep(0.4)
    assert not waiting.done()
    await two.settle(account, UNSET, probe, Advice(remaining=9))
    assert not (await waiting).probe


async def test_a_declared_budget_is_kept_over_two_processes(database: Database, upstream: str) -> None:
    tenant, identity = await connection_of(database, upstream, Block(id="more", path="/x"))
    account = await Connections(database, vault()).account(UUID(tenant), UUID(identity))
    rate = RateBudget(calls=100, seconds=360_000)
    budgets = [DatabaseBudget(database), DatabaseBudget(database)]
    given = 0
    with pytest.raises(UpstreamBusy):
        while given < 100:
            await asyncio.gather(*(budget.acquire(account, rate) for budget in budgets))
            given += 2
    assert given <= 10


async def test_an_unknown_connection_is_no_problem(database: Database, upstream: str) -> None:
    tenant, identity = await connection_of(database, upstream, Block(id="more", path="/x"))
    account = await Connections(database, vault()).account(UUID(tenant), UUID(identity))
    account.connection_id = str(new_id())
    budget = DatabaseBudget(database)
    await budget.settle(account, UNSET, await budget.acquire(account, UNSET), Advice(remaining=1))


@pytest.mark.battery
@pytest.mark.timeout(180)
@pytest.mark.alone
async def test_ten_processes_never_call_early(database: Database, database_dsn: str, upstream: str) -> None:
    tenant, connections = await make_tenant(database), Connections(database, vault())
    identities = []
    for dialect in DIALECTS:
        manifest = key_manifest(upstream)
        manifest.name = dialect
        manifest.blocks.append(Block(id="limited", kind="get", path=f"/limited/{dialect}?limit=15&window=2&key=ten"))
        identity = await connect(database, connections, tenant, manifest, secrets={"api_key": "key-123"})
        identities.append(str(identity))
    async with (
        Egress(Policy(allow=parse_allow("127.0.0.1"))) as egress,
        workers(10, database_dsn, str(tenant)) as started,
    ):
        outcomes = await asyncio.gather(*(worker.calls(identities, "limited", 3) for worker in started))
        book = (await egress.request("GET", f"{upstream}/_ctl/ratelimit")).json()
    assert outcomes == [["ok"]] * 10
    found = {dialect: book[f"{dialect}:ten"] for dialect in DIALECTS}
    assert {dialect: entry["early"] for dialect, entry in found.items()} == dict.fromkeys(DIALECTS, 0)
    assert {dialect: entry["allowed"] for dialect, entry in found.items()} == dict.fromkeys(DIALECTS, 30)
