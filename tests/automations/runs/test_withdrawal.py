"""Runs of whom the right to act was taken away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from tests.automations.engine.documents import block, document
from tests.automations.runs.conftest import Api, Bench, working
from tieline.automations.runs import Executor
from tieline.automations.runs.errors import NotStartable
from tieline.storage.tables import api_keys, runs, tenants, users
from tieline.tenancy import users as user_rules
from tieline.tenancy.keys import ApiKeys

pytestmark = pytest.mark.anyio

Withdraw = Callable[[Bench, UUID, UUID], Awaitable[None]]


def posting(api: Api) -> dict[str, Any]:
    """Two calls, one after the other."""
    calls = [
        block("CallUrlBlock", name, inputs={"url": api.url, "method": "POST", "body": f'{{"effect": "{name}"}}'})
        for name in ("one", "two")
    ]
    return document(*calls)


async def disable_owner(bench: Bench, starter: UUID, key: UUID) -> None:
    async with bench.database.tenant(bench.tenant) as unit:
        await user_rules.change(unit, bench.user, status="disabled")


async def remove_starter(bench: Bench, starter: UUID, key: UUID) -> None:
    async with bench.database.tenant(bench.tenant) as unit:
        await user_rules.remove(unit, starter)


async def deactivate_tenant(bench: Bench, starter: UUID, key: UUID) -> None:
    async with bench.database.system() as unit:
        await unit.update(tenants, tenants.c.id == bench.tenant, status="disabled")


async def revoke_key(bench: Bench, starter: UUID, key: UUID) -> None:
    async with bench.database.tenant(bench.tenant) as unit:
        await ApiKeys(bench.database).revoke(unit, key)


async def delete_key(bench: Bench, starter: UUID, key: UUID) -> None:
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.delete(api_keys, api_keys.c.id == key)


WAYS = [
    pytest.param(disable_owner, "user that owns", id="owner disabled"),
    pytest.param(remove_starter, "user that started", id="starter removed"),
    pytest.param(deactivate_tenant, "tenant was deactivated", id="tenant deactivated"),
    pytest.param(revoke_key, "API key", id="key revoked"),
    pytest.param(delete_key, "API key", id="key deleted"),
]


async def started(bench: Bench, automation: dict[str, Any]) -> tuple[UUID, UUID, UUID]:
    """Another user starts it by a key; gives the run, the user and the key."""
    async with bench.database.tenant(bench.tenant) as unit:
        starter = await user_rules.create(unit, external_id="starter")
        key, _ = await ApiKeys(bench.database).create(unit, user_id=starter, scopes=["automations"])
        run = await bench.runs.start(
            unit, automation=automation, context="api_async", executed_by=starter, credential=f"api-key:{key['id']}"
        )
    return run["id"], starter, key["id"]


@pytest.mark.parametrize("withdraw, said", WAYS)
async def test_a_running_one_stops_at_its_next_block(
    bench: Bench, api: Api, worker: Executor, withdraw: Withdraw, said: str
) -> None:
    api.gate.clear()
    run, starter, key = await started(bench, await bench.automation(posting(api)))
    await api.arrived.wait()
    await withdraw(bench, starter, key)
    [active] = worker._active.values()
    while not active.guard.withdrawn:
        await worker._look()
    api.gate.set()
    ended = await bench.ended(run)
    assert ended["status"] == "stopped"
    [error] = ended["error"]
    assert error["code"] == "run-withdrawn"
    assert said in error["detail"]
    assert [body["effect"] for body in api.bodies] == ["one"]


@pytest.mark.parametrize("withdraw, said", WAYS)
async def test_a_waiting_one_does_not_begin(bench: Bench, api: Api, withdraw: Withdraw, said: str) -> None:
    run, starter, key = await started(bench, await bench.automation(posting(api)))
    await withdraw(bench, starter, key)
    async with working(bench.database):
        ended = await bench.ended(run)
    assert (ended["status"], ended["error"][0]["code"]) == ("stopped", "run-withdrawn")
    assert said in ended["error"][0]["detail"]
    assert api.bodies == []


@pytest.mark.parametrize("withdraw", [disable_owner, deactivate_tenant])
async def test_nothing_starts_any_more(bench: Bench, api: Api, withdraw: Withdraw) -> None:
    automation = await bench.automation(posting(api))
    await withdraw(bench, bench.user, bench.user)
    with pytest.raises(NotStartable, match="may not run"):
        await bench.start(automation)


async def test_an_expired_key_and_other_keys_stop_nothing(bench: Bench, api: Api, worker: Executor) -> None:
    automation = await bench.automation(posting(api))
    async with bench.database.tenant(bench.tenant) as unit:
        other, _ = await ApiKeys(bench.database).create(unit, user_id=bench.user, scopes=["automations"])
        await ApiKeys(bench.database).revoke(unit, other["id"])
    api.gate.clear()
    run, _, key = await started(bench, automation)
    await api.arrived.wait()
    async with bench.database.tenant(bench.tenant) as unit:
        row = await unit.one(unit.select(api_keys).where(api_keys.c.id == key))
        assert row is not None
        await unit.update(api_keys, api_keys.c.id == key, expires_at=row["created_at"])
    await worker._look()
    api.gate.set()
    assert (await bench.ended(run))["status"] == "finished"


async def test_who_is_let_in_again_runs_again(bench: Bench, api: Api, worker: Executor) -> None:
    automation = await bench.automation(posting(api))
    await disable_owner(bench, bench.user, bench.user)
    async with bench.database.tenant(bench.tenant) as unit:
        await unit.update(users, users.c.id == bench.user, status="active")
    run = await bench.start(automation)
    assert (await bench.ended(run))["status"] == "finished"
    async with bench.database.tenant(bench.tenant) as unit:
        assert await unit.scalar(unit.select(runs, runs.c.start_key).where(runs.c.id == run)) is None


async def test_what_an_oauth_grant_has_started_stops_with_it(bench: Bench, api: Api) -> None:
    automation = await bench.automation(posting(api))
    async with bench.database.tenant(bench.tenant) as unit:
        gone = await bench.runs.start(
            unit, automation=automation, context="api_async", credential=f"oauth-grant:{bench.user}"
        )
    async with working(bench.database):
        ended = await bench.ended(gone["id"])
    assert (ended["status"], ended["error"][0]["code"]) == ("stopped", "run-withdrawn")
    assert "access that started it" in ended["error"][0]["detail"]
