"""A zero-downtime upgrade: runs that an older schema has left are in work while a newer program brings its schema in.

Pass line: the older worker goes on, every run ends with each effect once, what takes away waits for it, and afterwards
the older program is refused with a sentence, and nothing is changed by it.
"""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.automations.runs.conftest import working
from tests.automations.runs.test_stored_runs import all_ended, as_expected, called, migrated
from tests.fixtures.runs import dump
from tests.fixtures.runs.ledger import Ledger, serving
from tests.fixtures.runs.scenes import scenes
from tests.storage import newer
from tieline.security.vault import Vault, parse_keys
from tieline.storage.cluster import SUPERUSER
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.errors import SchemaTooNew
from tieline.storage.tables import runs

pytestmark = [pytest.mark.anyio, pytest.mark.battery, pytest.mark.timeout(180)]


async def newer_program(dsn: str, head: str, folder: Path) -> str:
    """What a program of a newer version finds, in a process of its own."""
    command = [sys.executable, "-m", "tests.storage.newer", dsn, head, str(folder)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().strip().splitlines()[-1]  # behind what it logs


async def test_the_schema_comes_in_while_an_older_worker_works(postgres: Embedded, tmp_path: Path) -> None:
    stored, name, folder = dump.read("0008"), f"test_{secrets.token_hex(6)}", newer.written(tmp_path / "newer")
    made = {scene.name: scene for scene in scenes("", "", "") if scene.name in stored["scenes"]}
    await asyncio.to_thread(migrated, postgres, name, "0008")
    kept, dsn = stored["ledger"], postgres.address(name)
    ledger = Ledger(
        done={key: tuple(what) for key, what in kept["done"].items()},
        asked={key: tuple(what) for key, what in kept["asked"].items()},
    )
    async with serving(ledger):
        port = urlsplit(ledger.url).port
        assert port is not None
        with psycopg.connect(postgres.address(name, SUPERUSER)) as connection:
            dump.load(connection, stored, port)
        async with await Database.open(dsn, postgres.data_dir) as database:
            async with working(database, vault=Vault(parse_keys(stored["vault_key"]))):
                # In the midst of the runs: what adds comes in, what takes away has to wait.
                assert await newer_program(dsn, "0012", folder) == "0011"
                ended = await all_ended(database)
                assert (await newer_program(dsn, "0013", folder)).startswith(
                    "misconfigured: Migration 0013 comes behind"
                )
            # The older program still reads and writes all of its columns.
            async with database.system() as unit:
                assert all("trace" in row for row in await unit.all(runs.select()))
    assert {names: status for names, status, _ in ended} == dict.fromkeys([*made, *called(made)], "finished"), ended
    assert ledger.changed == [], "what was asked for again was asked for in the same words"
    as_expected(ledger, list(made.values()))
    print(f"{len(ended)} runs of schema 0008 ended while 0011 came in; 0 lost, 0 doubled")

    assert await newer_program(dsn, "0012", folder) == "0012"
    with psycopg.connect(dsn) as connection:
        before = connection.execute("SELECT count(*), max(version_num) FROM runs, alembic_version").fetchone()
    with pytest.raises(SchemaTooNew, match=r"needs Tieline of schema 0011 or newer; this one is of schema 0010"):
        await Database.open(dsn, postgres.data_dir)
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*), max(version_num) FROM runs, alembic_version").fetchone() == before
    assert await newer_program(dsn, "0013", folder) == "0013"
