"""The folder from which manifests are picked up: every tenant gets them, and a broken file stops nothing."""

from __future__ import annotations

import logging
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from tests.connectors.connections.making import make_tenant
from tieline.connectors.kit import Offering, read_folder, scaffold
from tieline.connectors.library import Library
from tieline.connectors.manifest.model import Manifest
from tieline.storage.database import Database

pytestmark = pytest.mark.anyio


async def names(database: Database, tenant: UUID) -> dict[str, tuple[str, int]]:
    async with database.tenant(tenant) as unit:
        return {row["name"]: (row["version"], row["revision"]) for row in await Library(database).list(unit)}


async def test_every_tenant_gets_what_lies_in_the_folder(database: Database, tmp_path: Path) -> None:
    one, other = await make_tenant(database), await make_tenant(database)
    offering = Offering(tmp_path / "connectors", database, Library(database))
    assert await offering.look() == 0
    file, _ = scaffold("folder-crm", tmp_path / "connectors")
    assert await offering.look() >= 2
    assert (await names(database, one))["folder-crm"] == ("0.1.0", 1)
    assert await offering.look() == 0
    late = await make_tenant(database)
    await offering.look()
    assert (await names(database, late))["folder-crm"] == ("0.1.0", 1)
    file.write_text(file.read_text().replace("version: 0.1.0", "version: 0.2.0"))
    await offering.look()
    for tenant in (one, other, late):
        assert (await names(database, tenant))["folder-crm"] == ("0.2.0", 2)


async def test_what_a_tenant_made_or_changed_himself_stays(database: Database, tmp_path: Path) -> None:
    tenant, library = await make_tenant(database), Library(database)
    async with database.tenant(tenant) as unit:
        await library.save(unit, Manifest(name="own-crm", title="Mine"))
    scaffold("own-crm", tmp_path)
    scaffold("given-crm", tmp_path)
    await Offering(tmp_path, database, library).look()
    found = await names(database, tenant)
    assert found["own-crm"] == ("1.0.0", 1)
    async with database.tenant(tenant) as unit:
        row = await library.find(unit, "given-crm")
        mine = msgspec.structs.replace(await library.manifest(unit, row["id"]), title="Changed by me")
        await library.save(unit, mine)
    await Offering(tmp_path, database, library).look()
    async with database.tenant(tenant) as unit:
        assert (await library.find(unit, "given-crm"))["title"] == "Changed by me"


async def test_a_broken_file_is_a_warning_with_file_line_and_reason(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = await make_tenant(database)
    scaffold("good-crm", tmp_path)
    (tmp_path / "broken.yaml").write_text("schema: tieline.connector/1\nname: broken\npaging:\n  style: spiral\n")
    (tmp_path / "torn.yaml").write_text("name: torn\nblocks: [\n")
    (tmp_path / "noise.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "notes.txt").write_text("not looked at")
    with caplog.at_level(logging.WARNING):
        await Offering(tmp_path, database, Library(database)).look()
    assert "good-crm" in await names(database, tenant)
    told = "\n".join(caplog.messages)
    assert "broken.yaml" in told
    assert "line=4" in told
    assert "Invalid enum value" in told
    assert "torn.yaml" in told
    assert "noise.json" in told
    assert "notes.txt" not in told


async def test_of_several_versions_the_highest_counts(tmp_path: Path) -> None:
    file, _ = scaffold("many", tmp_path)
    text = file.read_text()
    for version in ("0.9.0", "0.10.0", "0.10.0-rc1"):
        (tmp_path / f"many-{version}.yaml").write_text(text.replace("version: 0.1.0", f"version: {version}"))
    (tmp_path / "again.yaml").write_text(text.replace("version: 0.1.0", "version: 0.10.0"))
    found = read_folder(tmp_path)
    assert found.connectors["many"].manifest.version == "0.10.0"
    assert any("raise one of the versions" in problem.reason for problem in found.problems)
