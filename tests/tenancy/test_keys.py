"""API keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from tieline.core.clock import now
from tieline.core.errors import BadInput, Forbidden, NotFound, Unauthorized
from tieline.core.ids import new_id
from tieline.security.tokens import hash_token, new_token
from tieline.storage.database import Database
from tieline.storage.tables import api_keys
from tieline.tenancy import partners, remembering, tenants, users
from tieline.tenancy.keys import ApiKeys
from tieline.tenancy.principal import TENANT_ADMIN, Principal

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tenant(database: Database) -> UUID:
    async with database.system() as unit:
        partner = await partners.create(unit, name="P", app_id=str(new_id()))
        return await tenants.create(unit, partner_id=partner, external_id="t", name="T")


@pytest.fixture
async def person(database: Database, tenant: UUID) -> UUID:
    async with database.tenant(tenant) as unit:
        return await users.create(unit, external_id="person")


@pytest.fixture
async def admin(database: Database, tenant: UUID) -> UUID:
    async with database.tenant(tenant) as unit:
        return await users.create(unit, external_id="admin", roles=[TENANT_ADMIN])


async def make(database: Database, tenant: UUID, user: UUID, **values: Any) -> tuple[dict[str, Any], str]:
    async with database.tenant(tenant) as unit:
        return await ApiKeys(database).create(unit, user_id=user, **{"scopes": ["automations"], **values})


async def test_a_key_says_who_it_is(database: Database, tenant: UUID, person: UUID) -> None:
    key, secret = await make(database, tenant, person, description="laptop")
    principal = await ApiKeys(database).authenticate(secret)
    assert (principal.tenant_id, principal.user_id, principal.key_id) == (tenant, person, key["id"])
    assert principal.scopes == frozenset({"automations"})
    assert principal.roles == frozenset()
    assert key["description"] == "laptop"


async def test_the_secret_is_nowhere_but_with_its_owner(database: Database, tenant: UUID, person: UUID) -> None:
    key, secret = await make(database, tenant, person)
    assert secret not in str(key)
    assert "hash" not in key
    async with database.tenant(tenant) as unit:
        [listed] = await ApiKeys(database).list(unit)
        row = await unit.one(select(api_keys))
    assert "hash" not in listed
    assert row is not None
    assert row["hash"] == hash_token(secret)


@pytest.mark.parametrize(
    "wrong",
    ["", "x", "tln_", "Bearer x", "tln_" + "A" * 49, new_token("tln_"), new_token("tlx_"), "é" * 60],
    ids=["empty", "short", "prefix", "with scheme", "no checksum", "never given out", "other prefix", "not ASCII"],
)
async def test_anything_else_is_nobody(database: Database, wrong: str) -> None:
    with pytest.raises(Unauthorized):
        await ApiKeys(database).authenticate(wrong)


async def test_one_question_a_second(
    database: Database, tenant: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await make(database, tenant, person)
    asked = 0
    system = database.system

    def counting() -> Any:
        nonlocal asked
        asked += 1
        return system()

    monkeypatch.setattr(database, "system", counting)
    moment = 1000.0
    keys = ApiKeys(database, clock=lambda: moment)
    for _ in range(5):
        await keys.authenticate(secret)
    assert asked == 1
    moment += remembering.REMEMBERED_SECONDS
    await keys.authenticate(secret)
    assert asked == 2
    assert remembering.REMEMBERED_SECONDS < 1


async def test_a_revoked_key_is_nobody(database: Database, tenant: UUID, person: UUID) -> None:
    key, secret = await make(database, tenant, person)
    keys = ApiKeys(database)
    async with database.tenant(tenant) as unit:
        await keys.revoke(unit, key["id"])
        await keys.revoke(unit, key["id"])
        assert (await keys.get(unit, key["id"]))["revoked_at"] is not None
    with pytest.raises(Unauthorized):
        await keys.authenticate(secret)


async def test_an_expired_key_is_nobody_even_where_it_is_remembered(
    database: Database, tenant: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires = now() + timedelta(hours=1)
    _, secret = await make(database, tenant, person, expires_at=expires)
    keys = ApiKeys(database)
    await keys.authenticate(secret)
    monkeypatch.setattr("tieline.tenancy.keys.now", lambda: expires)
    with pytest.raises(Unauthorized):
        await keys.authenticate(secret)


async def test_what_is_remembered_has_a_bound(
    database: Database, tenant: UUID, person: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "MAX_REMEMBERED", 2)
    keys = ApiKeys(database)
    for _ in range(5):
        await keys.authenticate((await make(database, tenant, person))[1])
    assert len(keys._remembered) <= 2


async def test_keys_of_other_tenants_do_not_exist(database: Database, tenant: UUID, person: UUID) -> None:
    key, _ = await make(database, tenant, person)
    async with database.system() as unit:
        partner = await partners.create(unit, name="P", app_id=str(new_id()))
        other = await tenants.create(unit, partner_id=partner, external_id="t", name="T")
    keys = ApiKeys(database)
    async with database.tenant(other) as unit:
        assert await keys.list(unit) == []
        with pytest.raises(NotFound):
            await keys.revoke(unit, key["id"])
        with pytest.raises(NotFound):
            await keys.create(unit, user_id=person, scopes=["automations"])


async def test_what_a_key_cannot_be(database: Database, tenant: UUID, person: UUID) -> None:
    with pytest.raises(BadInput, match="future"):
        await make(database, tenant, person, expires_at=now() - timedelta(seconds=1))
    with pytest.raises(BadInput, match="does not exist"):
        await make(database, tenant, person, scopes=["everything"])
    with pytest.raises(Forbidden, match=TENANT_ADMIN):
        await make(database, tenant, person, scopes=["admin"])


async def test_nobody_makes_keys_beyond_himself(database: Database, tenant: UUID, person: UUID, admin: UUID) -> None:
    small = Principal(tenant_id=tenant, user_id=person, scopes=frozenset({"automations"}))
    with pytest.raises(Forbidden, match="for others"):
        await make(database, tenant, admin, by=small)
    with pytest.raises(Forbidden, match="give away"):
        await make(database, tenant, person, scopes=["connections"], by=small)
    await make(database, tenant, person, scopes=["automations:read"], by=small)
    great = Principal(tenant_id=tenant, user_id=admin, scopes=frozenset({"admin"}), roles=frozenset({TENANT_ADMIN}))
    await make(database, tenant, person, scopes=["user_default"], by=great)
