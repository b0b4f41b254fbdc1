"""Accounts whose time is over: removed by a sweep, with nothing left of them in any table."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from tests.api.conftest import Parts, World
from tests.api.oem.conftest import Partner, with_settings
from tests.api.oem.test_datasources import connect, manifest, offered
from tieline.core.clock import now
from tieline.core.errors import NotFound
from tieline.oem import accounts
from tieline.oem.purging import SWEEP, Purger
from tieline.storage.tables import TENANT_TABLES, rate_budgets, tenants
from tieline.storage.unit import Unit
from tieline.tenancy import audit, notices
from tieline.tenancy import tenants as service

pytestmark = pytest.mark.anyio


async def left(parts: Parts, tenant: UUID) -> dict[str, int]:
    """Rows of a tenant, by table."""
    async with parts.database.system() as unit:
        counts = {
            table.name: await unit.scalar(select(func.count()).where(table.c.tenant_id == tenant))
            for table in TENANT_TABLES
        }
        counts["tenants"] = await unit.scalar(select(func.count()).where(tenants.c.id == tenant))
    return {name: count for name, count in counts.items() if count}


async def furnished(partner: Partner, parts: Parts, world: World, account: str) -> UUID:
    """An account with something in many tables."""
    connector = await offered(partner, parts, manifest("http://127.0.0.1:9"), account)
    await connect(partner, connector, "key-1", account=account)
    blend = await partner.install(await partner.template(with_settings()), account, inputs={"Project": "A"})
    await partner.api.post(f"/accounts/{account}/blends/{blend}/run?async=true")
    tenant = UUID((await partner.api.get(f"/accounts/{account}")).json()["guid"])
    await world.user(tenant)
    async with parts.database.tenant(tenant) as unit:
        await audit.record(unit, None, action="x.y", subject="x:1")
        await notices.open(unit, kind="x", subject="x:1", title="x")
        await unit.insert(rate_budgets, connection_id=tenant, scope="")
    return tenant


async def test_a_deactivated_account_is_purged_when_its_time_is_over(
    partner: Partner, parts: Parts, world: World
) -> None:
    gone = await furnished(partner, parts, world, "gone")
    kept = await furnished(partner, parts, world, "kept")
    before = await left(parts, kept)
    assert len(before) > 10, before
    async with parts.database.system() as unit:
        await service.deactivate(unit, gone, purge_after=timedelta(days=30))
    purger = Purger(parts.database, parts.automations)
    await purger.purge()
    assert await left(parts, gone), "not before its time"
    async with parts.database.system() as unit:
        await service.reactivate(unit, gone)
    later = Purger(parts.database, parts.automations, clock=lambda: now() + timedelta(days=31))
    await later.purge()
    assert await left(parts, gone), "not when it was opened again"
    async with parts.database.system() as unit:
        await service.deactivate(unit, gone, purge_after=timedelta(days=30))
    assert await later.purge() >= 1
    assert await left(parts, gone) == {}
    assert await left(parts, kept) == before
    assert await later.purge() == 0


async def test_one_that_cannot_be_removed_keeps_no_other(partner: Partner, parts: Parts, world: World) -> None:
    stuck, gone = [await furnished(partner, parts, world, name) for name in ("stuck", "free")]
    async with parts.database.system() as unit:
        for tenant in (stuck, gone):
            await service.deactivate(unit, tenant, purge_after=timedelta(0))

    class Library:
        async def delete(self, unit: Unit, *args: Any, **more: Any) -> None:
            if unit.tenant_id == stuck:
                raise RuntimeError("broken")
            await parts.automations.delete(unit, *args, **more)

    await Purger(parts.database, Library()).purge()  # type: ignore[arg-type]
    assert await left(parts, gone) == {}
    assert await left(parts, stuck)
    # Half gone as it is, nobody opens it again, or puts its end off.
    for change in (service.reactivate, partial(service.deactivate, purge_after=timedelta(days=9))):
        with pytest.raises(NotFound, match="time is over"):
            async with parts.database.system() as unit:
                await change(unit, stuck)
    await Purger(parts.database, parts.automations).purge()
    assert await left(parts, stuck) == {}


async def test_who_was_opened_at_the_last_moment_is_not_purged(partner: Partner, parts: Parts, world: World) -> None:
    tenant = await furnished(partner, parts, world, "saved")
    before = await left(parts, tenant)
    assert not await accounts.remove(parts.database, parts.automations, {"id": tenant}, due=now())
    assert await left(parts, tenant) == before
    assert (await partner.api.get("/accounts/saved")).status_code == 200


async def test_the_id_of_the_partners_own_row_is_nobody_elses(partner: Partner) -> None:
    body = {"name": "Mine", "externalid": "tieline:partner"}
    assert (await partner.api.post("/accounts", json=body)).status_code == 400
    await partner.account()
    assert (await partner.api.put("/accounts/acme", json={"externalid": "tieline:partner"})).status_code == 400
    wanted = {"name": "Ops", "url": "http://127.0.0.1:9/", "event_types": ["com.tieline.account.created"]}
    assert (await partner.api.post("/webhooks", json=wanted)).status_code == 200


async def test_a_deletion_that_was_cut_off_is_finished(partner: Partner, parts: Parts, world: World) -> None:
    tenant = await furnished(partner, parts, world, "half")

    class Cut(Exception):
        pass

    class Library:
        async def delete(self, *_: object) -> None:
            raise Cut

    with pytest.raises(Cut):
        await accounts.remove(parts.database, Library(), {"id": tenant})  # type: ignore[arg-type]
    assert (await partner.api.get("/accounts/half")).status_code == 404, "it is shut at once"
    again = await partner.api.post("/accounts", json={"name": "Half", "externalid": "half"})
    assert again.status_code == 409
    await Purger(parts.database, parts.automations).purge()
    assert await left(parts, tenant) == {}
    assert (await partner.api.post("/accounts", json={"name": "Half", "externalid": "half"})).status_code == 200


async def test_an_account_that_is_deleted_leaves_nothing(partner: Partner, parts: Parts, world: World) -> None:
    tenant = await furnished(partner, parts, world, "acme")
    assert (await partner.api.delete("/accounts/acme")).status_code == 204
    assert await left(parts, tenant) == {}


async def test_the_partners_own_row_is_never_purged(partner: Partner, parts: Parts) -> None:
    wanted = {"name": "Ops", "url": "http://127.0.0.1:9/", "event_types": ["com.tieline.account.created"]}
    made = (await partner.api.post("/webhooks", json=wanted)).json()
    await Purger(parts.database, parts.automations, clock=lambda: now() + timedelta(days=9999)).purge()
    assert (await partner.api.get(f"/webhooks/{made['guid']}")).status_code == 200


async def test_each_slot_queues_the_next_one(parts: Parts) -> None:
    purger = Purger(parts.database, parts.automations)
    await purger.begin()
    await purger.sweep(slot=0)
    rows = await parts.database.autocommit(
        "SELECT queueing_lock FROM procrastinate.procrastinate_jobs WHERE task_name = %s", SWEEP
    )
    assert len(rows) == 1
