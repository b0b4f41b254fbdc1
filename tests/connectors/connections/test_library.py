"""Connectors of a tenant: revisions, names, other tenants."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.connectors.connections.making import connect, key_manifest, make_tenant, vault
from tieline.connectors.connections import Connections
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import Block
from tieline.core.errors import BadInput, Conflict, NotFound
from tieline.storage.database import Database

pytestmark = pytest.mark.anyio


async def test_a_new_revision_is_made_only_when_the_manifest_changed(database: Database) -> None:
    tenant, library = await make_tenant(database), Library(database)
    manifest = key_manifest("https://a.example")
    async with database.tenant(tenant) as unit:
        first = await library.save(unit, manifest)
        again = await library.save(unit, manifest)
        assert (first["revision"], again["revision"]) == (1, 1)
        assert first["id"] == again["id"]
        changed = msgspec.structs.replace(manifest, blocks=[*manifest.blocks, Block(id="more")])
        second = await library.save(unit, changed)
        assert second["revision"] == 2
        assert second["guid"] == first["guid"]
        assert [row["revision"] for row in await library.revisions(unit, first["id"])] == [2, 1]
        assert len((await library.manifest(unit, first["id"])).blocks) == 2
        assert len((await library.manifest(unit, first["id"], revision=1)).blocks) == 1
        assert "manifest" not in second


async def test_a_connector_is_found_by_name_guid_and_id_but_not_by_another_tenant(database: Database) -> None:
    tenant, other, library = await make_tenant(database), await make_tenant(database), Library(database)
    async with database.tenant(tenant) as unit:
        row = await library.save(unit, key_manifest("https://a.example"))
        assert (await library.find(unit, "events"))["id"] == row["id"]
        assert (await library.find(unit, row["guid"]))["id"] == row["id"]
        assert [entry["id"] for entry in await library.list(unit)] == [row["id"]]
        assert await library.list(unit, after=row["id"]) == []
    async with database.tenant(other) as unit:
        assert await library.list(unit) == []
        for attempt in (
            library.get(unit, row["id"]),
            library.find(unit, "events"),
            library.manifest(unit, row["id"]),
            library.delete(unit, row["id"]),
        ):
            with pytest.raises(NotFound):
                await attempt


@pytest.mark.parametrize("name", ["", "Two Words", "a_b", "../x", "x" * 101, "é", "a--b", "-a"])
async def test_a_bad_name_is_refused(database: Database, name: str) -> None:
    tenant = await make_tenant(database)
    async with database.tenant(tenant) as unit:
        with pytest.raises(BadInput, match="name"):
            await Library(database).save(unit, msgspec.structs.replace(key_manifest("https://a.example"), name=name))


async def test_a_connector_in_use_is_not_deleted(database: Database) -> None:
    tenant, library = await make_tenant(database), Library(database)
    connections = Connections(database, vault())
    connection = await connect(
        database, connections, tenant, key_manifest("https://a.example"), secrets={"api_key": "k"}
    )
    async with database.tenant(tenant) as unit:
        connector = (await library.find(unit, "events"))["id"]
        with pytest.raises(Conflict, match="'mine'"):
            await library.delete(unit, connector)
        await connections.delete(unit, connection)
        await library.delete(unit, connector)
        assert await library.list(unit) == []


async def test_two_who_save_the_same_new_name_at_once_get_one_connector(database: Database) -> None:
    tenant, library = await make_tenant(database), Library(database)

    async def save(version: str) -> str:
        try:
            async with database.tenant(tenant) as unit:
                await library.save(unit, key_manifest("https://a.example", version=version))
        except Conflict:
            return "conflict"
        return "saved"

    outcomes = await asyncio.gather(*(save(f"1.0.{n}") for n in range(4)))
    assert "saved" in outcomes
    async with database.tenant(tenant) as unit:
        assert len(await library.list(unit)) == 1
