"""Limits and revocation over two servers and two workers on one database: exact, and for nobody else."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from aiohttp import web
from sqlalchemy import func

from tests.api import oauth_world
from tests.api.conftest import World
from tests.automations.engine.documents import block, chain, document
from tests.fixtures.shared import free_port
from tieline.core.clock import now
from tieline.core.ids import new_id
from tieline.security.vault import Vault, parse_keys
from tieline.storage.cluster import SUPERUSER
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.tables import runs
from tieline.tenancy import embed_sessions, partners, tenants
from tieline.tenancy.principal import TENANT_ADMIN

pytestmark = [pytest.mark.alone, pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(300)]

AUTOMATIONS = "/api/v1/automations"
ENDED = ("finished", "failed", "stopped")
MORE = 60  # requests beyond a limit
Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


@dataclass
class Two:
    """Addresses of two servers over one database, and what the tests work on it with."""

    addresses: list[str]
    database: Database
    world: World
    vault: Vault
    superuser: str
    environment: dict[str, str]

    async def tenant(self, **settings: Any) -> tuple[Account, Account]:
        """An administrator and a colleague of a new tenant of a new partner."""
        app_id, external = f"app-{new_id()}", f"ext-{new_id()}"
        async with self.database.system() as unit:
            partner = await partners.create(unit, name="P", app_id=app_id)
            secret = await partners.issue_key(unit, self.vault, partner)
            tenant = await tenants.create(unit, partner_id=partner, external_id=external, name="T", **settings)
        found = []
        for scopes, roles in ((["admin"], [TENANT_ADMIN]), (["user_default"], [])):
            user, key = await self.world.user(tenant, scopes=scopes, roles=roles)
            headers = {"authorization": f"Bearer {key}", "x-app-id": app_id, "x-api-key": secret}
            found.append(Account(tenant, user, external, headers))
        return found[0], found[1]

    def a_minute_later(self) -> None:
        """Every window that has begun is over."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute("DELETE FROM rate_windows WHERE window_start < extract(epoch FROM now()) - 600")
            connection.execute("UPDATE rate_windows SET window_start = window_start - 3600")

    @asynccontextmanager
    async def clients(self, account: Account) -> AsyncIterator[list[httpx.AsyncClient]]:
        opened = [
            httpx.AsyncClient(base_url=where, headers=account.headers, timeout=60, verify=False)
            for where in self.addresses
        ]
        try:
            yield opened
        finally:
            for one in opened:
                await one.aclose()


@dataclass
class Account:
    tenant: UUID
    user: UUID
    external: str
    headers: dict[str, str]


def started(environment: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    """A process of Tieline; what it says is kept beside the data folder."""
    with Path(f"{environment['TIELINE_DATA_DIR']}-said").open("ab") as said:
        return subprocess.Popen([sys.executable, "-m", "tieline", *words], env=environment, stdout=said, stderr=said)


@pytest.fixture(scope="module")
def environment(database_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        **os.environ,
        "TIELINE_DATABASE_URL": database_dsn,
        "TIELINE_SECRET_KEYS": Vault.generate_key(),
        "TIELINE_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "TIELINE_EGRESS_ALLOW": "127.0.0.0/8",
    }


@pytest.fixture(scope="module")
async def servers(environment: dict[str, str]) -> AsyncIterator[list[str]]:
    ports = [free_port(), free_port()]
    processes = [started(environment, "serve", "--port", str(port), "--workers", "0") for port in ports]
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        async with httpx.AsyncClient(verify=False) as client, asyncio.timeout(120):
            for address, process in zip(addresses, processes, strict=True):
                while not await _ready(client, address):
                    said = Path(f"{environment['TIELINE_DATA_DIR']}-said")
                    assert process.poll() is None, said.read_text()[-4000:]
                    await asyncio.sleep(0.1)
        yield addresses
    finally:
        _end(processes)


async def _ready(client: httpx.AsyncClient, address: str) -> bool:
    try:
        return (await client.get(f"{address}/readyz")).status_code == 200
    except httpx.HTTPError:
        return False


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait(30)


@pytest.fixture(scope="module")
def two(
    servers: list[str], database: Database, database_dsn: str, postgres: Embedded, environment: dict[str, str]
) -> Two:
    name = psycopg.conninfo.conninfo_to_dict(database_dsn)["dbname"]
    vault = Vault(parse_keys(environment["TIELINE_SECRET_KEYS"]))
    superuser = postgres.address(str(name), SUPERUSER)
    return Two(servers, database, World(database), vault, superuser, environment)


@pytest.fixture
def workers(environment: dict[str, str]) -> Iterator[None]:
    processes = [started(environment, "worker") for _ in range(2)]
    yield
    _end(processes)


async def burst(clients: list[httpx.AsyncClient], ask: Ask, times: int) -> list[httpx.Response]:
    """So many requests, spread over the servers, 16 at a time on each."""
    left = iter(range(times))

    async def some(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await ask(client) for _ in left]

    found = await asyncio.gather(*(some(client) for client in clients for _ in range(16)))
    return [answer for part in found for answer in part]


def tier1(account: Account) -> Ask:
    assert account
    return lambda client: client.get(f"{AUTOMATIONS}?limit=1")


def tier2(account: Account) -> Ask:
    assert account
    return lambda client: client.post(AUTOMATIONS, json={})


def oem(account: Account) -> Ask:
    return lambda client: client.get(f"/oem/v1/accounts/{account.external}")


@pytest.mark.parametrize(
    "ask, limit, counted_for", [(tier1, 1000, "user"), (tier2, 100, "user"), (oem, 300, "account")]
)
async def test_exactly_so_many_a_minute(two: Two, ask: Callable[[Account], Ask], limit: int, counted_for: str) -> None:
    mine, colleague = await two.tenant()
    other, _ = await two.tenant()
    async with two.clients(mine) as clients, two.clients(other) as others, two.clients(colleague) as colleagues:
        # Who is not let in takes nothing of the budget.
        for headers in (
            {"authorization": "Bearer nonsense", "x-api-key": "nonsense"},
            {"authorization": other.headers["authorization"], "x-app-id": other.headers["x-app-id"]},
            other.headers,
        ):
            for client in clients:
                await client.request("GET", f"/oem/v1/accounts/{mine.external}", headers=headers)
                wrong = {"authorization": "Bearer nonsense"} | {"x-app-id": mine.headers["x-app-id"]}
                assert (await client.get(AUTOMATIONS, headers=wrong)).status_code == 401
        for _ in range(2):
            answers, elsewhere = await _within_a_minute(two, clients, others, ask(mine), ask(other), limit)
            statuses = Counter(answer.status_code == 429 for answer in answers)
            assert statuses == {False: limit, True: MORE}
            assert not any(answer.status_code == 429 for answer in elsewhere)
            for answer in answers:
                assert answer.headers["x-ratelimit-limit"] == str(limit)
                if answer.status_code == 429:
                    assert answer.headers["x-ratelimit-remaining"] == "0"
                    assert 1 <= int(answer.headers["retry-after"]) <= 60
            left = sorted(int(one.headers["x-ratelimit-remaining"]) for one in answers if one.status_code != 429)
            assert left == list(range(limit)), "each remaining is told once"
            again = [(await ask(mine)(client)).status_code for client in colleagues]
            assert again == ([429, 429] if counted_for == "account" else again)
            assert counted_for == "account" or 429 not in again
            two.a_minute_later()


async def _within_a_minute(
    two: Two,
    clients: list[httpx.AsyncClient],
    others: list[httpx.AsyncClient],
    ask: Ask,
    ask_others: Ask,
    limit: int,
) -> tuple[list[httpx.Response], list[httpx.Response]]:
    """More requests than are allowed, all in one window."""
    while True:
        begun = now().replace(second=0, microsecond=0)
        answers, elsewhere = await asyncio.gather(burst(clients, ask, limit + MORE), burst(others, ask_others, 40))
        if now().replace(second=0, microsecond=0) == begun:
            return answers, elsewhere
        # The tail of that burst has used up some of the minute that has begun.
        two.a_minute_later()
        two.a_minute_later()


UNLIMITED = {"rateLimits": {"tier1": 10**6, "tier2": 10**6, "oem": 10**6}}


async def triggered(client: httpx.AsyncClient, workspace: dict[str, Any], **more: Any) -> str:
    answer = await client.post(AUTOMATIONS, json={"name": "A", "workspace": workspace, **more})
    assert answer.status_code == 201, answer.text
    return f"{AUTOMATIONS}/{answer.json()['id']}"


async def waiting(two: Two, account: Account) -> int:
    async with two.database.tenant(account.tenant) as unit:
        wanted = unit.select(runs, func.count()).where(runs.c.status.in_(("not started", "queued")))
        count: int = await unit.scalar(wanted)
    return count


async def test_two_hundred_runs_wait(two: Two) -> None:
    mine, _ = await two.tenant(**UNLIMITED)
    other, _ = await two.tenant(**UNLIMITED)
    async with two.clients(mine) as clients, two.clients(other) as others:
        where = [await triggered(some[0], document()) for some in (clients, others)]

        def start(place: str) -> Ask:
            return lambda client: client.post(f"{place}/runs", json={"context": "api"})

        answers, elsewhere = await asyncio.gather(
            burst(clients, start(where[0]), 400), burst(others, start(where[1]), 60)
        )
        assert Counter(one.status_code for one in answers) == {201: 200, 429: 200}
        assert Counter(one.status_code for one in elsewhere) == {201: 60}
        assert await waiting(two, mine) == 200
        refused = next(one for one in answers if one.status_code == 429)
        assert refused.json()["errors"][0]["code"] == "run-queue-full"
        assert int(refused.headers["retry-after"]) >= 1
        made = [one.json()["id"] for one in answers if one.status_code == 201]
        for run in made[:7]:
            assert (await clients[0].post(f"{where[0]}/runs/{run}/actions/stop")).status_code == 204
        again = await burst(clients, start(where[0]), 14)
        assert Counter(one.status_code for one in again) == {201: 7, 429: 7}
        # Another way to a waiting run is to retry one that ended, or to let a paused one go on.
        retried = [(await clients[0].post(f"{where[0]}/runs/{run}/actions/retry")).status_code for run in made[:7]]
        assert retried == [429] * 7
        for run in made[10:15]:
            assert (await clients[0].post(f"{where[0]}/runs/{run}/actions/pause")).status_code == 204
        assert Counter(one.status_code for one in await burst(clients, start(where[0]), 10)) == {201: 5, 429: 5}
        resumed = [(await clients[0].post(f"{where[0]}/runs/{run}/actions/resume")).status_code for run in made[10:15]]
        assert resumed == [429] * 5
        assert await waiting(two, mine) == 200


@dataclass
class Held:
    """An API that answers when it is told to."""

    url: str = ""
    inside: int = 0
    most: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        self.seen[request.path] += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.gate.wait()
        self.inside -= 1
        return web.json_response({})


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    found = Held()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", found.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    found.gate.set()
    await runner.cleanup()


def calling(*urls: str) -> dict[str, Any]:
    calls = [block("CallUrlBlock", inputs={"url": url, "method": "POST", "timeout": "120"}) for url in urls]
    start = block("StartBlock", "start", inputs={"run_mode": "manual"})
    return {"blocks": chain(start, *calls), "variables": []}


async def statuses(two: Two, account: Account) -> Counter[str]:
    async with two.database.tenant(account.tenant) as unit:
        return Counter(row["status"] for row in await unit.all(unit.select(runs, runs.c.status)))


async def until(two: Two, account: Account, wanted: Callable[[Counter[str]], bool]) -> Counter[str]:
    async with asyncio.timeout(60):
        while not wanted(found := await statuses(two, account)):
            await asyncio.sleep(0.1)
    return found


@pytest.mark.parametrize("limit", [1, 3])
async def test_so_many_runs_at_once(two: Two, workers: None, held: Held, limit: int) -> None:
    mine, _ = await two.tenant(**UNLIMITED)
    async with two.clients(mine) as clients:
        where = await triggered(clients[0], calling(f"{held.url}/a"), maxConcurrentRuns=limit)
        answers = await burst(clients, lambda one: one.post(f"{where}/runs", json={"context": "api"}), 12)
        assert {one.status_code for one in answers} == {201}
        # Every run was looked at: so many go on, all others wait for their turn.
        await until(two, mine, lambda found: found["queued"] == 12 - limit and held.inside == limit)
        held.gate.set()
        await until(two, mine, lambda found: sum(found[one] for one in ENDED) == 12)
    assert held.most == limit
    assert held.seen["/a"] == 12


async def _revoke_key(api: httpx.AsyncClient, made: dict[str, Any]) -> None:
    assert (await api.delete(f"/api/v1/api-keys/{made['id']}")).status_code == 204


async def _revoke_grant(api: httpx.AsyncClient, made: dict[str, Any]) -> None:
    [row] = (await api.get("/api/v1/oauth-tokens")).json()["data"]
    assert made
    assert (await api.delete(f"/api/v1/oauth-tokens/{row['id']}")).status_code == 204


async def _disable_user(api: httpx.AsyncClient, made: dict[str, Any]) -> None:
    body = [{"op": "replace", "path": "/status", "value": "disabled"}]
    assert (await api.patch(f"/api/v1/users/{made['sub']}", json=body)).status_code == 204


async def _end_session(api: httpx.AsyncClient, made: dict[str, Any]) -> None:
    assert (await api.delete(f"/api/v1/embed-sessions/{made['id']}")).status_code == 204


async def _credentials(two: Two, admin: Account, api: httpx.AsyncClient, kind: str) -> tuple[str, dict[str, Any]]:
    if kind == "grant":
        made = await oauth_world.make(api, allowedScopes=["admin"])
        answer = await oauth_world.token(two.addresses[0], "client_credentials", oauth_world.named(made))
        return answer.json()["access_token"], made
    user, _ = await two.world.user(admin.tenant)
    if kind == "session":
        async with two.database.tenant(admin.tenant) as unit:
            row, token = await embed_sessions.begin(
                unit, user_id=user, scopes=embed_sessions.SCOPES, settings={}, lifetime=timedelta(hours=1)
            )
        return token, {"id": str(row["id"])}
    answer = await api.post("/api/v1/api-keys", json={"description": "x", "sub": str(user)})
    assert answer.status_code == 201, answer.text
    return answer.json()["token"], answer.json()


REVOKING = {"key": _revoke_key, "grant": _revoke_grant, "user": _disable_user, "session": _end_session}


@pytest.mark.parametrize("kind", REVOKING)
async def test_what_is_revoked_ends_everywhere(two: Two, workers: None, held: Held, kind: str) -> None:
    """Within a second on both servers, and at the next block of what runs."""
    admin, _ = await two.tenant(**UNLIMITED)
    async with two.clients(admin) as (api, *_):
        secret, made = await _credentials(two, admin, api, kind)
        person = Account(admin.tenant, admin.user, "", {"authorization": f"Bearer {secret}"})
        async with two.clients(person) as clients:
            where = await triggered(clients[0], calling(f"{held.url}/first", f"{held.url}/second"))
            assert (await clients[1].post(f"{where}/runs", json={"context": "api"})).status_code == 201
            await until(two, admin, lambda _: held.inside == 1)
            assert [(await one.get(AUTOMATIONS)).status_code for one in clients] == [200, 200]
            await REVOKING[kind](api, made)
            await asyncio.sleep(1.0)
            assert [(await one.get(AUTOMATIONS)).status_code for one in clients] == [401, 401]
        held.gate.set()
        found = await until(two, admin, lambda found: not found["running"])
    assert found == {"stopped": 1}
    assert held.seen == {"/first": 1}
