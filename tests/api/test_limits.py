"""Rate limits: exact, per user and tenant, over all processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.api.conftest import Parts, Tenant, World, client, serving
from tests.fixtures.shared import ROOT
from tieline.server.app import create_app
from tieline.storage.database import Database
from tieline.tenancy import tenants
from tieline.tenancy.limits import Tiers

pytestmark = [pytest.mark.anyio, pytest.mark.battery]

BASE = "/api/v1/automations"


async def settled() -> None:
    """Waits for a minute that is long enough for a test: the counters begin anew with every full one."""
    from tieline.core.clock import now

    left = 60 - now().second
    if left < 15:
        await asyncio.sleep(left + 0.1)


async def statuses(api: httpx.AsyncClient, method: str, times: int) -> Counter[int]:
    answers = [await api.request(method, BASE, json={} if method == "POST" else None) for _ in range(times)]
    return Counter(answer.status_code for answer in answers)


@pytest.mark.timeout(90)
async def test_both_tiers(parts: Parts, world: World, tenant: Tenant) -> None:
    await settled()
    async with serving(create_app(parts, tiers=Tiers(tier1=6, tier2=4))) as where, client(where, tenant.key) as api:
        first = await api.get(BASE)
        assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("6", "5")
        assert await statuses(api, "GET", 9) == {200: 5, 429: 4}
        assert await statuses(api, "POST", 6) == {400: 4, 429: 2}
        over = await api.get(BASE)
        assert (over.headers["x-ratelimit-limit"], over.headers["x-ratelimit-remaining"]) == ("6", "0")
        assert 1 <= int(over.headers["retry-after"]) <= 60
        assert over.json()["errors"][0]["code"] == "too-many-requests"
        again = await world.key(tenant.id, tenant.admin_id, ["admin"])
        async with client(where, again) as same_user:
            assert (await same_user.get(BASE)).status_code == 429, "a user's keys count together"
        _, key = await world.user(tenant.id)
        async with client(where, key) as colleague:
            assert (await colleague.get(BASE)).status_code == 200
        async with client(where, (await world.tenant()).key) as other:
            assert await statuses(other, "GET", 6) == {200: 6}
        async with client(where) as stranger:
            assert (await stranger.get(BASE)).status_code == 401
        assert (await api.get("/healthz")).status_code == 200


@pytest.mark.timeout(90)
async def test_a_tenant_may_have_limits_of_its_own(parts: Parts, database: Database, tenant: Tenant) -> None:
    await settled()
    async with database.system() as unit:
        await tenants.put_settings(unit, tenant.id, rateLimits={"tier1": 3, "tier2": "nonsense"})
    async with serving(create_app(parts, tiers=Tiers(tier1=100, tier2=2))) as where, client(where, tenant.key) as api:
        assert await statuses(api, "GET", 5) == {200: 3, 429: 2}
        assert await statuses(api, "POST", 3) == {400: 2, 429: 1}


SERVER = """
import asyncio, sys
from pathlib import Path
import uvicorn
from tests.api.conftest import assembled
from tieline.security.vault import Vault, parse_keys
from tieline.server.app import create_app
from tieline.server.settings import Settings
from tieline.storage.database import Database

async def main(dsn, data_dir):
    settings = Settings(data_dir=Path(data_dir))
    vault = Vault(parse_keys(Vault.generate_key()))
    async with await Database.open(dsn, Path(data_dir)) as database, assembled(database, settings, vault) as parts:
        server = uvicorn.Server(uvicorn.Config(create_app(parts), port=0, log_config=None, lifespan="off"))
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await task

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def two_processes(database_dsn: str, parts: Parts) -> AsyncIterator[list[str]]:
    """Two servers over the module's database, with the limits as they come."""
    command = [sys.executable, "-c", SERVER, database_dsn, str(parts.settings.data_dir)]
    async with AsyncExitStack() as stack:
        processes = []
        for _ in range(2):
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            processes.append(process)
            stack.push_async_callback(process.wait)
            assert process.stdin is not None
            stack.callback(process.stdin.close)
        where = []
        for process in processes:
            assert process.stdout is not None
            where.append(f"http://127.0.0.1:{int(await process.stdout.readline())}")
        yield where


@pytest.mark.timeout(150)
async def test_limits_are_exact_over_two_processes(two_processes: list[str], tenant: Tenant) -> None:
    """100 changes a minute, however many processes are asked at once."""
    await settled()
    async with client(two_processes[0], tenant.key) as one, client(two_processes[1], tenant.key) as two:

        async def ask(api: httpx.AsyncClient) -> Counter[Any]:
            found: Counter[Any] = Counter()
            for _ in range(35):
                found[(await api.post(BASE, json={})).status_code] += 1
            return found

        counted: Counter[Any] = sum(await asyncio.gather(*(ask(api) for api in (one, two, one, two))), Counter())
    assert counted == {400: 100, 429: 40}
