"""Migrations that only add come at any time; those that take away wait for older processes, and say so."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from alembic.script import ScriptDirectory

from tests.storage import newer
from tieline.core.errors import Misconfigured
from tieline.storage import migrations
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.errors import DatabaseBusy, SchemaTooNew
from tieline.storage.migrations import phases

pytestmark = pytest.mark.anyio


def scripts() -> list[tuple[str, object]]:
    found = ScriptDirectory.from_config(migrations.configuration()).walk_revisions("base", "head")
    return [(one.revision, one.module) for one in found if one.revision >= phases.FIRST]


def test_every_migration_says_its_phase_and_what_comes_early_only_adds() -> None:
    for revision, module in scripts():
        if not phases.step_of(module, revision).since:
            assert phases.not_additive(phases.statements_of(module)) == [], revision


def test_the_oldest_program_that_fits_is_one_with_phases() -> None:
    assert migrations.BASE <= migrations.HEAD
    assert phases.allowed(phases.comment("0010"), "0099") == "0010"
    assert phases.allowed("nothing of ours", "0099") == "0099"


@pytest.mark.parametrize(
    ("phase", "since"), [(None, ""), ("pre", "0010"), ("post", ""), ("post", "0011"), ("post", "x"), ("later", "")]
)
def test_a_migration_without_a_phase_that_can_be_is_refused(phase: str | None, since: str) -> None:
    with pytest.raises(ValueError, match="0011 needs phase"):
        phases.step_of(SimpleNamespace(phase=phase, since=since), "0011")


MADE = "CREATE TABLE things (id integer)"


@pytest.mark.parametrize(
    "statement",
    [
        MADE,
        "ALTER TABLE runs ADD COLUMN added TEXT",
        "ALTER TABLE runs ADD COLUMN added TEXT DEFAULT 'DROP' NOT NULL",
        "ALTER TABLE things ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE things ADD CONSTRAINT a CHECK (id > 0)",
        "CREATE UNIQUE INDEX a ON things (id)",
        "CREATE INDEX a ON runs (added)",
        "CREATE POLICY own ON things TO app USING (true)",
        "INSERT INTO things VALUES (1)",
        "GRANT SELECT ON things TO app",
        "COMMENT ON COLUMN runs.added IS 'x'",
    ],
)
def test_what_only_adds_is_taken(statement: str) -> None:
    assert phases.not_additive([MADE, statement]) == []


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE runs",
        "ALTER TABLE runs DROP COLUMN trace",
        "ALTER TABLE runs RENAME COLUMN trace TO track",
        "ALTER TABLE runs RENAME TO jobs",
        "ALTER TABLE runs ALTER COLUMN trace SET NOT NULL",
        "ALTER TABLE runs ALTER COLUMN trace TYPE integer",
        "ALTER TABLE runs ADD COLUMN added TEXT NOT NULL",
        "ALTER TABLE runs ADD COLUMN added TEXT UNIQUE",
        "ALTER TABLE runs ADD COLUMN added TEXT, DROP COLUMN trace",
        "ALTER TABLE runs ADD CONSTRAINT a CHECK (trace <> '')",
        "ALTER TABLE runs ADD CONSTRAINT a FOREIGN KEY (id) REFERENCES things (id)",
        "CREATE UNIQUE INDEX a ON runs (trace)",
        "CREATE TRIGGER a BEFORE INSERT ON runs EXECUTE FUNCTION f()",
        "CREATE POLICY own ON runs TO app USING (false)",
        "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS ''",
        "REVOKE UPDATE ON runs FROM app",
        "UPDATE runs SET trace = NULL",
        "DELETE FROM runs",
        "TRUNCATE runs",
        "INSERT INTO runs VALUES (1)",
        "DO $$ BEGIN DROP TABLE runs; END $$",
        "SELECT drop_everything()",
    ],
)
def test_what_older_programs_would_feel_is_refused(statement: str) -> None:
    assert len(phases.not_additive([MADE, statement])) == 1


def test_the_statements_of_a_migration_are_known_without_a_database(tmp_path: Path) -> None:
    for name, wrong in ((newer.ADDS, 0), (newer.TAKES_AWAY, 1)):
        scope: dict[str, object] = {}
        exec(compile(name, "migration", "exec"), scope)
        assert len(phases.not_additive(phases.statements_of(SimpleNamespace(**scope)))) == wrong


@pytest.fixture
def dsn(postgres: Embedded) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE tieline_template STRATEGY file_copy")
        yield postgres.address(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """This process becomes a program of schema 0012."""
    monkeypatch.setattr(migrations, "PLACES", [*migrations.PLACES, str(newer.written(tmp_path / "newer"))])
    monkeypatch.setattr(migrations, "HEAD", "0012")
    return monkeypatch


def state(dsn: str) -> tuple[str, str]:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT version_num, obj_description('alembic_version'::regclass) FROM alembic_version"
        ).fetchone()
    assert row is not None
    return row[0], phases.allowed(row[1], "none")


def test_what_takes_away_waits_for_older_processes(dsn: str, later: pytest.MonkeyPatch) -> None:
    with psycopg.connect(dsn, application_name="tieline 0010"):
        assert migrations.migrate(dsn) == ["0012"]
        assert state(dsn) == ("0011", "0010")
        assert migrations.migrate(dsn) == ["0012"]
    with psycopg.connect(dsn, application_name="tieline 0011"), psycopg.connect(dsn, application_name="psql"):
        assert migrations.migrate(dsn) == []
    assert state(dsn) == ("0012", "0011")


def test_a_program_that_does_not_say_its_schema_counts_as_old(dsn: str, later: pytest.MonkeyPatch) -> None:
    with psycopg.connect(dsn, application_name="tieline"):
        assert migrations.migrate(dsn) == ["0012"]


def test_what_is_needed_may_not_stand_behind_what_waits(dsn: str, later: pytest.MonkeyPatch) -> None:
    later.setattr(migrations, "HEAD", "0013")
    with psycopg.connect(dsn, application_name="tieline 0010"):
        with pytest.raises(Misconfigured, match=r"0013 comes behind 0012, .* 1 connections of older processes"):
            migrations.migrate(dsn)
        assert state(dsn)[0] == "0010"
    assert migrations.migrate(dsn) == []


def test_a_table_that_others_hold_is_not_waited_for_long(dsn: str, later: pytest.MonkeyPatch) -> None:
    later.setattr(migrations, "_LOCK_TIMEOUT", "100ms")
    later.setattr(migrations, "_ATTEMPTS", 2)
    later.setattr(migrations, "_PAUSE_SECONDS", 0.01)
    with psycopg.connect(dsn, application_name="report") as others:
        others.execute("SELECT count(*) FROM runs")
        with pytest.raises(DatabaseBusy, match="end long transactions"):
            migrations.migrate(dsn)
    assert state(dsn)[0] == "0010"
    assert migrations.migrate(dsn) == []


async def test_an_older_program_goes_on_until_something_was_taken_away(
    dsn: str, postgres: Embedded, later: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(dsn, application_name="tieline 0010"):
        await asyncio.to_thread(migrations.migrate, dsn)
    later.setattr(migrations, "HEAD", "0010")
    async with await Database.open(dsn, postgres.data_dir) as database:
        await database.ping()
        assert state(dsn)[0] == "0011"
    later.setattr(migrations, "HEAD", "0012")
    await asyncio.to_thread(migrations.migrate, dsn)
    later.setattr(migrations, "HEAD", "0010")
    with pytest.raises(
        SchemaTooNew, match=r"schema 0012, which needs Tieline of schema 0011 or newer; .* of schema 0010"
    ):
        await Database.open(dsn, postgres.data_dir)
    assert state(dsn) == ("0012", "0011")
