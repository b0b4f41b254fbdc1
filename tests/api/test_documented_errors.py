"""Every error status of every operation, of our document and of the vendor's, is brought about and has the envelope."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.api.conftest import Parts, World, assembled, client, serving
from tests.api.oem.conftest import signed_in
from tests.api.provocations import OUT_OF_REACH, SPECIAL, furnish, least_document, out_of_reach
from tests.api.provoking import Faulty, Operation, Stage, held, operations, rules, stopped_database
from tieline.api.edge.intake import Intake
from tieline.server.app import create_app
from tieline.tenancy.limits import Tiers
from tieline.tenancy.principal import PARTNER_ADMIN, TENANT_ADMIN

pytestmark = [pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(570)]

STATUSES = (400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415, 422, 429, 500, 502, 503, 504)
UNLIMITED = Tiers(10**6, 10**6, 10**6)


@asynccontextmanager
async def documents(modes: dict[str, str]) -> AsyncIterator[str]:
    """A server of API documents that answers for each as ``modes`` says."""

    async def give(request: web.Request) -> web.Response:
        mode = modes.get(request.path.strip("/"))
        if mode == "hang":
            await asyncio.sleep(120)
        if mode == "cut" and request.transport is not None:
            request.transport.abort()
        return web.Response(body=b'{"not": "an API"}' if mode == "bad" else least_document())

    app = web.Application()
    app.router.add_get("/{name}", give)
    async with TestServer(app, host="127.0.0.1", shutdown_timeout=0.1) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture(scope="module")
async def stage(parts: Parts, world: World) -> AsyncIterator[Stage]:
    """Four servers: as it should be, with one request a minute, with a fault, and without its database."""
    tenant = await world.tenant()
    _, admin = await world.user(tenant.id, scopes=["admin"], roles=[TENANT_ADMIN, PARTNER_ADMIN])
    narrow = [await world.key(tenant.id, tenant.admin_id, [scope]) for scope in ("items:read", "spaces:read")]
    async with AsyncExitStack() as opened:
        faulty = await opened.enter_async_context(
            assembled(Faulty(parts.database.dsn, pool_size=1, embedded=None), parts.settings, parts.vault)
        )
        stopped = await opened.enter_async_context(
            assembled(await opened.enter_async_context(stopped_database()), parts.settings, parts.vault)
        )
        intake = Intake(body_pause=0.5, body_total=2.0)
        plain, limited, broken, away = [
            await opened.enter_async_context(serving(create_app(platform, tiers=tiers, intake=intake)))
            for platform, tiers in (
                (parts, UNLIMITED),
                (parts, Tiers(1, 1, 1)),
                (faulty, UNLIMITED),
                (stopped, UNLIMITED),
            )
        ]
        partner = await opened.enter_async_context(signed_in(plain, parts))
        headers = {"x-app-id": partner.app_id, "x-api-key": partner.key}
        made = Stage(
            plain, limited, broken, away, admin, (narrow[0], narrow[1]), headers, {"account": await partner.account()}
        )
        made.documents = await opened.enter_async_context(documents(made.modes))
        async with client(limited, admin) as used_up, made.client:
            await furnish(made)
            await used_up.get("/api/v1/users")
            await used_up.post("/api/v1/users", json={})
            await used_up.get("/oem/v1/accounts", headers=headers)
            await used_up.get("/oem/v1/accounts/acme", headers=headers)
            yield made


@pytest.fixture(scope="module")
async def known(stage: Stage) -> list[Operation]:
    async with httpx.AsyncClient(verify=False, timeout=60) as anybody:
        return operations((await anybody.get(f"{stage.plain}/openapi.json")).json())


async def provoked(stage: Stage, operation: Operation, status: int) -> str:
    """ "" where the operation answers with this status as it should; what is wrong otherwise."""
    special = SPECIAL.get((operation.family, status))
    met = []
    for provocation in [special] if special else rules(operation, status):
        answer = await provocation(stage, operation)
        met.append(f"{provocation.__name__}: {answer.status} {answer.content[:300]!r}")
        if answer.status == status:
            try:
                held(operation, status, answer)
            except AssertionError as error:
                return f"{operation.name} {status}: {error}"
            return ""
    return f"{operation.name} {status}: " + ("; ".join(met) or "nothing is known to bring it about")


@pytest.mark.parametrize("status", STATUSES)
async def test_every_documented_status_is_met(stage: Stage, known: list[Operation], status: int) -> None:
    having = [operation for operation in known if status in operation.statuses and not out_of_reach(operation, status)]
    assert having
    found = await asyncio.gather(*(provoked(stage, operation, status) for operation in having))
    wrong = [line for line in found if line]
    assert not wrong, f"{len(wrong)} of {len(having)}:\n" + "\n".join(wrong)


async def test_no_other_status_is_documented(known: list[Operation]) -> None:
    assert {status for operation in known for status in operation.statuses} == set(STATUSES)


async def test_what_is_out_of_reach_is_documented(known: list[Operation]) -> None:
    """Nothing is listed that no document has (any more)."""
    documented = {(operation.family, status) for operation in known for status in operation.statuses}
    assert {*SPECIAL, *OUT_OF_REACH} <= documented
