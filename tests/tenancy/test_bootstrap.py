"""The first start, and all later ones."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.fixtures.shared import ROOT
from tieline.core.errors import Misconfigured, Unauthorized
from tieline.storage.database import Database
from tieline.storage.tables import api_keys, partners, tenants, users
from tieline.tenancy.bootstrap import KEY_FILE, bootstrap
from tieline.tenancy.keys import ApiKeys

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def nothing_there(database: Database) -> None:
    async with database.system() as unit:
        await unit.connection.execute(sa.delete(partners))


async def counts(database: Database) -> list[int]:
    async with database.system() as unit:
        return [
            await unit.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (partners, tenants, users, api_keys)
        ]


async def test_a_first_start_makes_an_administrator(database: Database, tmp_path: Path) -> None:
    result = await bootstrap(database, tmp_path)
    assert result.key_file == tmp_path / KEY_FILE
    assert result.key_file is not None
    assert stat.S_IMODE(result.key_file.stat().st_mode) == 0o600
    principal = await ApiKeys(database).authenticate(result.key_file.read_text().strip())
    assert principal.is_admin
    assert (principal.tenant_id, principal.user_id) == (result.tenant_id, result.user_id)
    assert list(tmp_path.iterdir()) == [result.key_file]


async def test_later_starts_find_it(database: Database, tmp_path: Path) -> None:
    first = await bootstrap(database, tmp_path)
    secret = (tmp_path / KEY_FILE).read_text()
    assert await bootstrap(database, tmp_path) == first
    assert (tmp_path / KEY_FILE).read_text() == secret
    assert await counts(database) == [1, 1, 1, 1]


async def test_many_at_once_in_one_process(database: Database, tmp_path: Path) -> None:
    results = await asyncio.gather(*(bootstrap(database, tmp_path) for _ in range(4)))
    assert len(set(results)) == 1
    assert await counts(database) == [1, 1, 1, 1]


PROGRAM = """
import asyncio, sys
from pathlib import Path
from tieline.storage.database import Database
from tieline.tenancy.bootstrap import bootstrap

async def main(dsn, folder):
    async with await Database.open(dsn, Path(folder)) as database:
        result = await bootstrap(database, Path(folder))
        print(result.tenant_id, result.key_file.read_text().strip())

asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_processes_at_once(database: Database, database_dsn: str, tmp_path: Path) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, database_dsn, str(tmp_path), cwd=ROOT, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    outputs = {(await process.communicate())[0] for process in processes}
    assert len(outputs) == 1
    assert await counts(database) == [1, 1, 1, 1]


@pytest.mark.parametrize("damage", ["gone", "empty", "nonsense", "revoked", "readable", "folder"])
async def test_a_key_that_does_not_open_is_replaced(database: Database, tmp_path: Path, damage: str) -> None:
    first = await bootstrap(database, tmp_path)
    file = tmp_path / KEY_FILE
    old = file.read_text().strip()
    if damage == "gone":
        file.unlink()
    elif damage == "empty":
        file.write_text("")
    elif damage == "nonsense":
        file.write_bytes(b"\xff\x00")
    elif damage == "revoked":
        async with database.system() as unit:
            await unit.connection.execute(sa.update(api_keys).values(revoked_at=sa.func.now()))
    elif damage == "readable":
        file.chmod(0o644)
    else:
        file.unlink()
        file.mkdir()
        with pytest.raises(Misconfigured, match="cannot be written"):
            await bootstrap(database, tmp_path)
        return
    assert (await bootstrap(database, tmp_path)).user_id == first.user_id
    new = file.read_text().strip()
    assert new != old
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keys = ApiKeys(database)
    assert (await keys.authenticate(new)).is_admin
    with pytest.raises(Unauthorized):
        await keys.authenticate(old)
    async with database.system() as unit:
        ids = await unit.all(sa.select(api_keys.c.id).where(api_keys.c.user_id == first.user_id))
    assert len(ids) == (2 if damage == "revoked" else 1), "it is the same key: what it has started goes on"


async def test_a_shared_database_gets_no_key_on_disk(database: Database, tmp_path: Path) -> None:
    result = await bootstrap(database, None)
    assert result.key_file is None
    assert await counts(database) == [1, 1, 1, 0]
    assert list(tmp_path.iterdir()) == []


async def test_what_cannot_be_written_leaves_no_key(database: Database, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="administrator"):
        await bootstrap(database, tmp_path / "nothing" / "here")
    assert await counts(database) == [1, 1, 1, 0]
