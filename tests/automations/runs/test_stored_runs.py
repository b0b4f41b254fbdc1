"""Runs that were interrupted under every earlier schema go on under today's code, and end as if nothing had been."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine, select

from tests.automations.runs.conftest import working
from tests.fixtures.runs import dump
from tests.fixtures.runs.ledger import Ledger, serving
from tests.fixtures.runs.scenes import Scene, scenes
from tieline.automations.runs.service import ENDED
from tieline.security.vault import Vault, parse_keys
from tieline.storage.cluster import SUPERUSER
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.migrations import HEAD, configuration
from tieline.storage.tables import automations, runs

pytestmark = pytest.mark.anyio


def test_each_release_has_added_its_stored_runs() -> None:
    assert HEAD in dump.stored(), (
        f"There are no stored runs of schema {HEAD}: make them with `python -m tests.fixtures.runs.make`."
    )


def migrated(postgres: Embedded, name: str, schema: str) -> None:
    """A new database as that schema had it."""
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(postgres.address(name)))
    with engine.begin() as work:
        config = configuration()
        config.attributes["connection"] = work
        command.upgrade(config, schema)
    engine.dispose()


@pytest.mark.parametrize("schema", dump.stored())
async def test_a_run_that_was_interrupted_then_ends_now(postgres: Embedded, schema: str) -> None:
    stored, name = dump.read(schema), f"test_{secrets.token_hex(6)}"
    made = {scene.name: scene for scene in scenes("", "", "") if scene.name in stored["scenes"]}
    assert {scene.name for scene in scenes("", "", "") if scene.since <= schema} == set(made)
    await asyncio.to_thread(migrated, postgres, name, schema)
    kept = stored["ledger"]
    ledger = Ledger(
        done={key: tuple(what) for key, what in kept["done"].items()},
        asked={key: tuple(what) for key, what in kept["asked"].items()},
    )
    async with serving(ledger):
        port = urlsplit(ledger.url).port
        assert port is not None
        with psycopg.connect(postgres.address(name, SUPERUSER)) as connection:
            dump.load(connection, stored, port)
        async with await Database.open(postgres.address(name), postgres.data_dir) as database:
            async with working(database, vault=Vault(parse_keys(stored["vault_key"]))):
                ended = await all_ended(database)
    assert {names: status for names, status, _ in ended} == dict.fromkeys([*made, *called(made)], "finished"), ended
    assert ledger.changed == [], "what was asked for again was asked for in the same words"
    as_expected(ledger, list(made.values()))
    assert set(ledger.pages) <= {4, 5}, "pages that were read are not read again"


def called(made: dict[str, Scene]) -> list[str]:
    return ["child"] if "called" in made else []


def as_expected(ledger: Ledger, made: list[Scene]) -> None:
    expected = {effect: value for scene in made for effect, value in scene.effects.items()}
    assert dict(ledger.effects) == dict.fromkeys(expected, 1)
    for effect, value in expected.items():
        if value is not None:
            assert str(ledger.value(effect)) == str(value), effect
    assert ledger.value("after.second") == ledger.value("after.first")


async def all_ended(database: Database) -> list[tuple[str, str, Any]]:
    """(automation, status, error) of each run, once all are over."""
    async with asyncio.timeout(60):
        while True:
            async with database.system() as unit:
                rows = await unit.all(
                    select(automations.c.name, runs.c.status, runs.c.error).join(
                        runs,
                        (runs.c.tenant_id == automations.c.tenant_id) & (runs.c.automation_id == automations.c.id),
                    )
                )
            if all(row["status"] in ENDED for row in rows):
                return [(row["name"], row["status"], row["error"]) for row in rows]
            await asyncio.sleep(0.05)
