"""Secrets under a new key: every place that keeps some, while it is used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.api.conftest import Parts, assembled
from tests.api.embed import signing
from tests.api.oem.conftest import Partner, plain
from tests.api.oem.test_datasources import connect, manifest, offered
from tieline.security import resealing
from tieline.security.vault import Vault, VaultError
from tieline.server.settings import Settings
from tieline.storage.database import Database
from tieline.storage.schema import metadata
from tieline.storage.tables import event_webhooks, partners
from tieline.tenancy.partners import key_context

pytestmark = pytest.mark.anyio

OLD, NEW = b"o" * 32, b"n" * 32
CANARY = "carried-canary-4711"
SEALED = ("sealed", "secrets", "execution_token", "api_key_sealed")


@pytest.fixture(scope="module")
async def parts(database: Database, settings: Settings) -> AsyncIterator[Parts]:
    async with assembled(database, settings, Vault([OLD])) as made:
        yield made


async def tallies(parts: Parts, vault: Vault) -> dict[str, resealing.Tally]:
    return {one.place: one for one in await resealing.run(parts.database, vault)}


async def test_everything_goes_under_the_newest_key_and_back(partner: Partner, parts: Parts) -> None:
    connector = await offered(partner, parts, manifest("http://127.0.0.1:9"))
    await partner.account()
    await connect(partner, connector, "key-1")
    await partner.install(await partner.template(plain()))
    hook = {"name": "Ops", "url": "http://127.0.0.1:9/", "event_types": ["com.tieline.account.created"]}
    assert (await partner.api.post("/webhooks", json=hook)).status_code == 200
    token = signing.token(partner.key, signing.claims(inputs={"Region": CANARY}))
    base = str(partner.api.base_url).removesuffix("/oem/v1/")
    entered = await partner.api.post(f"{base}/embed/{partner.app_id}/sessions", json={"jwt": token})
    assert entered.status_code == 201, entered.text

    first = await tallies(parts, Vault([NEW, OLD]))
    kept = {
        "partners.api_key_sealed",
        "event_webhooks.sealed",
        "connections.secrets",
        "embed_sessions.settings.carried",
    }
    assert all(
        first[name].resealed for name in (*kept, "automations.execution_token", "embed_sessions.settings.carried")
    )
    assert {one.broken for one in first.values()} == {0}
    assert all(one.resealed == one.total for one in first.values())
    new = Vault([NEW])
    again = await tallies(parts, new)
    assert {(one.resealed, one.broken) for one in again.values()} == {(0, 0)}
    async with parts.database.system() as unit:
        row = await unit.one(sa.select(partners).where(partners.c.app_id == partner.app_id))
    assert row is not None
    assert new.open(row["api_key_sealed"], context=key_context(row["id"])).decode() == partner.key
    with pytest.raises(VaultError, match="not among"):
        parts.vault.open(row["api_key_sealed"], context=key_context(row["id"]))
    back = await tallies(parts, Vault([OLD, NEW]))
    assert [one.resealed for one in back.values()] == [one.total for one in back.values()]
    assert (await partner.api.get("/webhooks")).json()["data"][0]["has_secret"] is True


async def test_what_was_moved_or_damaged_is_counted_and_left(partner: Partner, parts: Parts) -> None:
    hook = {"url": "http://127.0.0.1:9/", "event_types": ["com.tieline.account.created"]}
    made = [(await partner.api.post("/webhooks", json={**hook, "name": name})).json()["guid"] for name in "ab"]
    first, second = (event_webhooks.c.id == UUID(one) for one in made)
    async with parts.database.system() as unit:
        before = await unit.scalar(sa.select(event_webhooks.c.sealed).where(first))
        own = await unit.scalar(sa.select(event_webhooks.c.sealed).where(second))
        await unit.connection.execute(sa.update(event_webhooks).where(second).values(sealed=before))
    found = (await tallies(parts, Vault([NEW, OLD])))["event_webhooks.sealed"]
    assert found.broken == 1
    async with parts.database.system() as unit:
        assert await unit.scalar(sa.select(event_webhooks.c.sealed).where(second)) == before
        await unit.connection.execute(sa.update(event_webhooks).where(second).values(sealed=own))
    assert (await tallies(parts, Vault([OLD, NEW])))["event_webhooks.sealed"].broken == 0


def test_every_sealed_column_is_known() -> None:
    import tieline.server.app  # noqa: F401

    known = {(one.table.name, one.column.name) for one in resealing.places()}
    columns = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.name in SEALED
    }
    assert columns <= known
    assert len(columns) == 7
