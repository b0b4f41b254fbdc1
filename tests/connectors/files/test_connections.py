"""Connections to storages: made from the catalog, checked, used by file blocks."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.automations.engine.documents import block, chain, document
from tests.automations.runs.conftest import Bench, bench, working
from tests.connectors.files.conftest import Shelf
from tieline.connectors import catalog
from tieline.connectors.connections import Connections
from tieline.connectors.library import Library
from tieline.core import json
from tieline.core.errors import BadInput
from tieline.security.egress import Egress, Policy
from tieline.security.vault import Vault, parse_keys

__all__ = ["bench"]

pytestmark = pytest.mark.anyio

NAMES = {"s3": "file-s3", "gcs": "file-gcs", "azure_blob": "file-azure-blob", "ftp": "file-ftp", "sftp": "file-sftp"}


class Office:
    """A tenant that makes connections."""

    def __init__(self, bench: Bench, vault: Vault, sandbox: Path, egress: Egress) -> None:
        self.bench, self.egress, self.vault = bench, egress, vault
        self.connections = Connections(bench.database, vault, sandbox=sandbox)

    async def connect(self, name: str, method: str, answers: dict[str, Any]) -> UUID:
        async with self.bench.database.tenant(self.bench.tenant) as unit:
            connector = await Library(self.bench.database).save(unit, catalog.load(name))
            row = await self.connections.create(
                unit,
                connector_id=connector["id"],
                name=name,
                owner_id=self.bench.user,
                auth_method=method,
                params=answers,
            )
        found: UUID = row["id"]
        return found

    async def row(self, connection: UUID) -> dict[str, Any]:
        async with self.bench.database.tenant(self.bench.tenant) as unit:
            return await self.connections.get(unit, connection)

    async def check(self, connection: UUID) -> Any:
        return await self.connections.check(self.bench.tenant, connection, self.egress)


@pytest.fixture
async def office(bench: Bench, egress: Egress, tmp_path: Path) -> Office:
    return Office(bench, Vault(parse_keys(Vault.generate_key())), tmp_path / "files", egress)


async def connected(office: Office, shelf: Shelf, **changed: Any) -> UUID:
    methods = {"sftp": "password", "gcs": shelf.method or "service_account", "azure_blob": "key"}
    return await office.connect(NAMES[shelf.kind], methods.get(shelf.kind, ""), {**shelf.answers, **changed})


@pytest.mark.parametrize("kind", ["s3", "gcs", "gcs-hmac", "azure_blob", "ftp", "sftp"])
async def test_a_connection_is_checked_and_hides_its_secrets(
    office: Office, shelves: Callable[[str], Any], kind: str
) -> None:
    shelf: Shelf = await shelves(kind)
    connection = await connected(office, shelf)
    assert (await office.check(connection)).ok
    row = await office.row(connection)
    assert row["is_connected"]
    secrets = {"password", "secret_key", "service_account", "account_key"}
    assert not secrets & set(row["params"])
    wrong = dict.fromkeys(secrets & set(shelf.answers), "d3Jvbmc=")
    result = await office.check(await connected(office, shelf, **wrong))
    assert not result.ok
    assert "d3Jvbmc=" not in result.detail


async def test_the_sandbox_is_connected_at_once(office: Office) -> None:
    connection = await office.connect("file-sandbox", "", {})
    assert (await office.check(connection)).ok


async def test_the_first_check_pins_the_host_key(office: Office, shelves: Callable[[str], Any]) -> None:
    shelf: Shelf = await shelves("sftp")
    assert shelf.served is not None
    connection = await connected(office, shelf, host_key="")
    result = await office.check(connection)
    assert shelf.served.key in result.note
    assert (await office.row(connection))["params"]["host_key"] == shelf.served.key
    other = await connected(office, shelf, host_key="SHA256:other")
    result = await office.check(other)
    assert not result.ok
    assert "not the known one" in result.detail
    assert (await office.row(other))["params"]["host_key"] == "SHA256:other"


async def test_another_host_needs_the_password_again(office: Office, shelves: Callable[[str], Any]) -> None:
    shelf: Shelf = await shelves("ftp")
    connection = await connected(office, shelf)
    async with office.bench.database.tenant(office.bench.tenant) as unit:
        params = (await office.connections.get(unit, connection))["params"]
        await office.connections.update(unit, connection, params={**params, "host": "evil.example.com"})
    account = await office.connections.account(office.bench.tenant, connection)
    assert account.secrets == {}


async def test_a_storage_that_nobody_may_reach_is_not_connected(office: Office, shelves: Callable[[str], Any]) -> None:
    shelf: Shelf = await shelves("s3")
    connection = await connected(office, shelf)
    async with Egress(Policy()) as strict:
        result = await office.connections.check(office.bench.tenant, connection, strict)
    assert not result.ok
    assert "TIELINE_EGRESS_ALLOW" in result.detail


async def test_answers_that_make_no_sense_are_said(office: Office) -> None:
    answers = {"bucket": "b", "access_key": "a", "secret_key": "s", "endpoint": "ftp://x"}
    result = await office.check(await office.connect("file-s3", "", answers))
    assert not result.ok
    assert "endpoint" in result.detail
    with pytest.raises(BadInput, match="auth method"):
        await office.connect("file-sftp", "", {})


@pytest.mark.parametrize("kind", ["s3", "sftp"])
async def test_a_run_writes_reads_and_copies_over_a_connection(
    office: Office, shelves: Callable[[str], Any], kind: str, tmp_path: Path
) -> None:
    shelf: Shelf = await shelves(kind)
    await connected(office, shelf)
    bench = office.bench
    adapter: dict[str, Any] = {"datasourcetype": {"s3": "Amazon S3", "sftp": "SFTP"}[kind]}
    local: dict[str, Any] = {"datasourcetype": "local"}
    steps = [
        block("CreateFileBlock", "out", inputs={"path": "out/a.csv"}, **adapter),
        block("WriteLineToFileBlock", inputs={"file": "{$.out}", "data": '{"n": "Ada"}'}),
        block("SaveAndCloseFileBlock", "saved", inputs={"file": "{$.out}"}),
        (
            block("ReadDataFromFileBlock", "rows", inputs={"file": "{$.saved}"}),
            {"loopBlockId": chain(block("ShowBlock", inputs={"input": "{$.rows.item.n}"}))},
        ),
        block("CopyFileBlock", "mine", inputs={"file": "{$.saved}", "path": "mine.csv"}, **local),
        block("ShowBlock", inputs={"input": "{$.mine.path}"}),
    ]
    policy = Policy(allow=(ip_network("127.0.0.0/8"),))
    async with working(bench.database, vault=office.vault, policy=policy, sandbox=tmp_path / "files"):
        row = await bench.run(document(*steps))
    assert (row["error"], json.loads(row["output"])) == (None, ["Ada", "mine.csv"])
    (copied,) = (tmp_path / "files").rglob("mine.csv")
    assert copied.read_text() == "n\nAda\n"
