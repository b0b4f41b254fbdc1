"""The second wall: whatever SQL somebody writes, a tenant's unit reaches nothing of another tenant."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Table, exc, text

from tests.storage.making import make_run, make_tenant
from tieline.core.ids import new_id
from tieline.storage import tables
from tieline.storage.database import Database
from tieline.storage.roles import APP, SYSTEM

pytestmark = pytest.mark.anyio


async def with_rows(database: Database, name: str) -> UUID:
    tenant, run = await make_run(database)
    async with database.tenant(tenant) as unit:
        await unit.insert(tables.spaces, id=new_id(), name=name)
        await unit.insert(tables.journal, run_id=run, seq=1, kind=1, path=name, data=b"secret")
    return tenant


async def test_hand_written_sql_without_a_condition_sees_one_tenant(database: Database) -> None:
    mine, other = await with_rows(database, "mine"), await with_rows(database, "other")
    async with database.tenant(mine) as unit:
        for name in ("spaces", "automations", "runs", "journal"):
            assert await unit.all(text(f"SELECT DISTINCT tenant_id FROM {name}")) == [{"tenant_id": mine}]
        assert await unit.all(text("SELECT id FROM tenants")) == [{"id": mine}]
        joined = text("SELECT count(*) FROM spaces AS a CROSS JOIN journal AS b")
        assert await unit.scalar(joined) == 1
        assert await unit.all(text("SELECT * FROM spaces WHERE tenant_id = :other").bindparams(other=other)) == []
    async with database.system() as unit:
        assert await unit.scalar(text("SELECT count(*) FROM spaces WHERE name IN ('mine', 'other')")) == 2


async def test_hand_written_changes_without_a_condition_touch_one_tenant(database: Database) -> None:
    mine, other = await with_rows(database, "mine"), await with_rows(database, "other")
    async with database.tenant(mine) as unit:
        await unit.connection.execute(text("UPDATE spaces SET name = 'changed'"))
        await unit.connection.execute(text("DELETE FROM journal"))
    async with database.tenant(other) as unit:
        assert await unit.all(unit.select(tables.spaces, tables.spaces.c.name)) == [{"name": "other"}]
        assert await unit.scalar(text("SELECT count(*) FROM journal")) == 1


async def test_rows_cannot_be_made_for_or_moved_to_another_tenant(database: Database) -> None:
    mine, other = await with_rows(database, "mine"), await with_rows(database, "other")
    with pytest.raises(exc.ProgrammingError, match="row-level security"):
        async with database.tenant(mine) as unit:
            await unit.insert(tables.spaces, tenant_id=other, id=new_id(), name="smuggled")
    with pytest.raises(exc.ProgrammingError, match="row-level security"):
        async with database.tenant(mine) as unit:
            await unit.connection.execute(text("UPDATE spaces SET tenant_id = :other"), {"other": other})


async def test_helpers_filter_on_the_tenant_even_without_row_level_security(database: Database) -> None:
    tenant = new_id()
    async with database.tenant(tenant) as unit:
        statement = str(unit.select(tables.spaces))
        assert "spaces.tenant_id = " in statement
        assert "tenant_id" not in str(unit.select(tables.partners).whereclause)
    async with database.system() as unit:
        assert unit.select(tables.spaces).whereclause is None


async def test_without_a_tenant_there_are_no_rows(database: Database) -> None:
    await with_rows(database, "mine")
    connection = await database.connect()
    async with connection:
        for role in (APP, None):
            # The login role owns the tables, and yet it sees nothing unless it takes a role.
            await connection.execute(f"SET ROLE {role}" if role else "RESET ROLE")
            for setting in ("", None):
                if setting is not None:
                    await connection.execute("SET tieline.tenant_id = ''")
                cursor = await connection.execute("SELECT count(*) FROM spaces")
                assert await cursor.fetchone() == (0,)


async def test_nothing_of_a_unit_stays_on_its_connection(database: Database) -> None:
    mine = await make_tenant(database)
    for _ in range(10):
        async with database.tenant(mine):
            pass
        rows = await database.autocommit("SELECT current_setting('tieline.tenant_id', true), current_user::text")
        assert rows[0][0] in {"", None}
        assert rows[0][1] not in {APP, SYSTEM}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY VIEW v AS SELECT 1; ALTER TABLE spaces DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE spaces NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON spaces",
        "DROP TABLE spaces",
        "TRUNCATE spaces",
        "SELECT * FROM alembic_version",
        "SELECT * FROM partners",
        "SELECT * FROM rate_windows",
        "INSERT INTO tenants (id, partner_id, external_id, name) SELECT id, id, 'x', 'x' FROM tenants",
        "UPDATE tenants SET name = 'x'",
        "SELECT * FROM procrastinate.procrastinate_jobs",
        "DELETE FROM procrastinate.procrastinate_jobs",
        "SELECT procrastinate.tieline_sweep(0)",
        "CREATE SCHEMA mine",
        "COPY spaces TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
async def test_the_app_role_may_not(statement: str, database: Database) -> None:
    tenant = await make_tenant(database)
    with pytest.raises(exc.DBAPIError) as caught:
        async with database.tenant(tenant) as unit:
            for part in statement.split("; "):
                await unit.connection.execute(text(part))
    assert isinstance(caught.value.orig, psycopg.errors.InsufficientPrivilege)


async def test_both_roles_own_nothing_and_cannot_log_in(database: Database) -> None:
    rows = await database.autocommit(
        """
        SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole,
               (SELECT count(*) FROM pg_class WHERE relowner = pg_roles.oid)
        FROM pg_roles WHERE rolname IN (%s, %s) ORDER BY rolname
        """,
        APP,
        SYSTEM,
    )
    assert rows == [(APP, False, False, False, False, 0), (SYSTEM, False, False, False, False, 0)]


@pytest.mark.parametrize("table", tables.TENANT_TABLES, ids=str)
async def test_every_tenant_table_leads_its_key_with_the_tenant(table: Table) -> None:
    assert next(iter(table.primary_key.columns)).name == "tenant_id"
