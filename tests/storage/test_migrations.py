"""The schema that migrations make is the one that the tables describe, and no table lacks its walls."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Uuid, create_engine

from tests.storage.making import make_tenant
from tieline.core.ids import new_id
from tieline.storage import migrations, tables
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.migrations import HEAD, configuration, helpers
from tieline.storage.roles import APP, SYSTEM

pytestmark = pytest.mark.anyio


def test_head_is_the_newest_revision_and_there_is_one_line_of_them() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [HEAD]


async def test_the_migrated_schema_is_what_the_tables_say(database_dsn: str) -> None:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database_dsn))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, tables.metadata)
    engine.dispose()
    assert differences == []


async def test_every_table_with_a_tenant_has_forced_row_level_security_and_both_policies(database: Database) -> None:
    rows = await database.autocommit(
        """
        SELECT relname, relrowsecurity AND relforcerowsecurity,
               ARRAY(
                   SELECT concat(polroles[1]::regrole, ':', polcmd) FROM pg_policy
                   WHERE polrelid = pg_class.oid ORDER BY 1
               )
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'tenant_id'
        WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
        """
    )
    assert {row[0] for row in rows} == {table.name for table in tables.TENANT_TABLES}
    for name, forced, policies in rows:
        assert forced, name
        assert policies == [f"{APP}:*", f"{SYSTEM}:*"], name


async def test_the_system_role_may_work_with_every_table(database: Database) -> None:
    for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
        for name in tables.metadata.tables:
            rows = await database.autocommit("SELECT has_table_privilege(%s, %s, %s)", SYSTEM, name, right)
            assert rows == [((name, right) != ("audit_log", "UPDATE"),)], (name, right)


async def test_records_of_the_audit_log_stay_as_they_are(database: Database) -> None:
    tenant_id, record = await make_tenant(database), {"action": "x.done", "actor_kind": "system"}
    async with database.tenant(tenant_id) as unit:
        await unit.insert(tables.audit_log, id=new_id(), **record)
    log, mine = tables.audit_log, tables.audit_log.c.tenant_id == tenant_id
    changes = (sa.update(log).where(mine).values(action="x.undone"), sa.delete(log).where(mine))
    for change in changes:
        for unit_of in (database.tenant(tenant_id), database.system()):
            with pytest.raises(Exception, match=r"permission denied|stay as they are|may not"):
                async with unit_of as unit:
                    await unit.connection.execute(change)
    async with database.system() as unit:
        await unit.connection.execute(sa.delete(tables.tenants).where(tables.tenants.c.id == tenant_id))
        assert await unit.scalar(sa.select(sa.func.count()).where(mine)) == 0, "records go with their tenant"


async def test_several_processes_migrate_an_empty_database_at_once(postgres: Embedded) -> None:
    name = f"test_{new_id().hex}"
    async with await Database.open(postgres.dsn, postgres.data_dir) as own:
        await own.autocommit(f"CREATE DATABASE {name}")
        program = (
            "import asyncio, sys; from pathlib import Path; from tieline.storage.database import Database\n"
            "async def main():\n"
            "    async with await Database.open(sys.argv[1], Path('.')) as database: await database.ping()\n"
            "asyncio.run(main())"
        )
        command = [sys.executable, "-c", program, postgres.address(name)]
        processes = [
            await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(3)
        ]
        for process in processes:
            _, errors = await process.communicate()
            assert process.returncode == 0, errors.decode()
        await own.autocommit(f"DROP DATABASE {name}")


async def test_the_usual_start_does_not_load_the_migration_tool(database_dsn: str, postgres_dir: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from tieline.storage.database import Database\n"
        "async def main():\n"
        "    async with await Database.open(sys.argv[1], Path('.')) as database: await database.ping()\n"
        "asyncio.run(main()); print([name for name in ('alembic', 'procrastinate') if name in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, database_dsn, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert output.decode().strip() == "[]"


async def test_migrating_again_changes_nothing(database_dsn: str) -> None:
    await asyncio.to_thread(migrations.migrate, database_dsn)


def test_a_table_with_a_tenant_cannot_be_made_without_its_walls() -> None:
    with patch("alembic.op.create_table", lambda name, *columns: tables.metadata.tables[name]):
        with pytest.raises(ValueError, match="use tenant_table"):
            helpers.shared_table("spaces", Column("id", Uuid))
        with pytest.raises(ValueError, match="use shared_table"):
            helpers.tenant_table("partners", Column("id", Uuid))
