"""Units of work: transactions, roles, and what happens when the database is not there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import exc, func, text

from tests.storage.making import make_tenant
from tieline.core.errors import Misconfigured
from tieline.core.ids import new_id
from tieline.storage import cluster, migrations, tables
from tieline.storage import database as module
from tieline.storage.cluster import SUPERUSER
from tieline.storage.database import Database
from tieline.storage.embedded import Embedded
from tieline.storage.errors import DatabaseUnavailable, SchemaTooNew, UnitAborted
from tieline.storage.migrations import phases

pytestmark = pytest.mark.anyio

KILL_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


async def test_rows_are_made_read_changed_and_removed(database: Database) -> None:
    tenant, space = await make_tenant(database), new_id()
    async with database.tenant(tenant) as unit:
        await unit.insert(tables.spaces, id=space, name="Sälés 🙂")
        assert await unit.update(tables.spaces, tables.spaces.c.id == space, name="new") == 1
        assert await unit.update(tables.spaces, tables.spaces.c.id == new_id(), name="none") == 0
    async with database.tenant(tenant) as unit:
        row = await unit.one(unit.select(tables.spaces))
        assert row is not None
        assert (row["id"], row["name"], row["tenant_id"]) == (space, "new", tenant)
        assert await unit.all(unit.select(tables.spaces, tables.spaces.c.name)) == [{"name": "new"}]
        assert await unit.scalar(unit.select(tables.spaces, func.count())) == 1
        assert await unit.one(unit.select(tables.spaces).where(tables.spaces.c.id == new_id())) is None
        assert await unit.delete(tables.spaces, tables.spaces.c.id == space) == 1
        assert await unit.all(unit.select(tables.spaces)) == []


async def test_json_columns_take_what_json_can_say(database: Database) -> None:
    settings: dict[str, Any] = {"text": "ü\u0001'\"\\", "list": [1, 2.5, None, True], "deep": {"a": {}}}
    tenant = await make_tenant(database)
    async with database.system() as unit:
        await unit.update(tables.tenants, tables.tenants.c.id == tenant, settings=settings)
    async with database.tenant(tenant) as unit:
        assert await unit.scalar(unit.select(tables.tenants, tables.tenants.c.settings)) == settings


async def test_an_error_rolls_everything_back(database: Database) -> None:
    tenant = await make_tenant(database)
    with pytest.raises(ZeroDivisionError):
        async with database.tenant(tenant) as unit:
            await unit.insert(tables.spaces, id=new_id(), name="gone")
            raise ZeroDivisionError
    async with database.tenant(tenant) as unit:
        assert await unit.all(unit.select(tables.spaces)) == []


async def test_a_cancelled_unit_rolls_back_and_gives_its_connection_back(database: Database) -> None:
    tenant, inside = await make_tenant(database), asyncio.Event()

    async def work() -> None:
        async with database.tenant(tenant) as unit:
            await unit.insert(tables.spaces, id=new_id(), name="gone")
            inside.set()
            await unit.scalar(text("SELECT pg_sleep(60)"))

    task = asyncio.create_task(work())
    await inside.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.tenant(tenant) as unit:
        assert await unit.all(unit.select(tables.spaces)) == []


async def test_a_swallowed_error_does_not_pass_for_a_commit(database: Database) -> None:
    tenant = await make_tenant(database)
    with pytest.raises(UnitAborted, match="begin_nested"):
        async with database.tenant(tenant) as unit:
            await unit.insert(tables.spaces, id=new_id(), name="gone")
            with pytest.raises(exc.DBAPIError):
                await unit.scalar(text("SELECT 1 / 0"))
    async with database.tenant(tenant) as unit:
        async with unit.connection.begin_nested():
            await unit.insert(tables.spaces, id=new_id(), name="kept")
        with pytest.raises(exc.DBAPIError):
            async with unit.connection.begin_nested():
                await unit.scalar(text("SELECT 1 / 0"))
    async with database.tenant(tenant) as unit:
        assert await unit.all(unit.select(tables.spaces, tables.spaces.c.name)) == [{"name": "kept"}]


async def test_a_rule_of_the_schema_that_was_broken_is_told_as_it_is(database: Database) -> None:
    tenant = await make_tenant(database)
    with pytest.raises(exc.IntegrityError):
        async with database.system() as unit:
            await unit.insert(tables.tenants, id=tenant, partner_id=new_id(), external_id="x", name="x")


async def test_more_units_than_connections_wait_for_each_other(database: Database) -> None:
    tenant = await make_tenant(database)

    async def work(number: int) -> None:
        async with database.tenant(tenant) as unit:
            await unit.insert(tables.spaces, id=new_id(), name=str(number))

    await asyncio.gather(*(work(number) for number in range(60)))
    async with database.tenant(tenant) as unit:
        assert await unit.scalar(unit.select(tables.spaces, func.count())) == 60


async def test_the_tenant_must_be_a_uuid(database: Database) -> None:
    for wrong in ("'; DROP TABLE tenants; --", None, 7):
        with pytest.raises(TypeError, match="UUID"):
            database.tenant(wrong)  # type: ignore[arg-type]


async def test_connections_that_died_in_the_pool_are_replaced_unnoticed(database: Database) -> None:
    tenant = await make_tenant(database)
    await asyncio.gather(*(database.ping() for _ in range(5)))
    await database.autocommit(KILL_OTHERS)
    await asyncio.gather(*(database.ping() for _ in range(5)))
    async with database.tenant(tenant) as unit:
        assert await unit.all(unit.select(tables.spaces)) == []


async def test_a_connection_that_dies_inside_a_unit_is_transient(database: Database) -> None:
    tenant = await make_tenant(database)
    with pytest.raises(DatabaseUnavailable):
        async with database.tenant(tenant) as unit:
            await unit.insert(tables.spaces, id=new_id(), name="gone")
            await database.autocommit(KILL_OTHERS)
            await unit.all(unit.select(tables.spaces))
    with pytest.raises(DatabaseUnavailable):
        async with database.tenant(tenant) as unit:
            await unit.insert(tables.spaces, id=new_id(), name="gone")
            await database.autocommit(KILL_OTHERS)
    async with database.tenant(tenant) as unit:
        assert await unit.all(unit.select(tables.spaces)) == []


async def test_an_embedded_server_that_died_is_started_again(database: Database, postgres: Embedded) -> None:
    async with await Database.open(None, postgres.data_dir) as opened:
        await opened.ping()
        assert cluster.ask_to_stop(postgres.cluster, immediate=True)
        while cluster.process(postgres.cluster) is not None:
            await asyncio.sleep(0.01)  # as long as it dies it may answer
        try:
            await opened.ping()
        finally:
            postgres.ensure()  # the other tests want it back, whatever this one finds
    await database.ping()


async def test_a_full_pool_is_transient(database_dsn: str, postgres_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS_FOR_A_FREE_CONNECTION", 0.05)
    async with await Database.open(database_dsn, postgres_dir, pool_size=1) as small:
        async with small.system(), small.system():
            with pytest.raises(DatabaseUnavailable, match="in use"):
                await small.ping()


@pytest.mark.parametrize(
    "url, error, words",
    [
        ("postgresql://u:s3cret@127.0.0.1:1/db", DatabaseUnavailable, "127.0.0.1:1: Connection refused"),
        ("postgres://u:s3cret@nowhere.invalid/db", DatabaseUnavailable, "nowhere.invalid"),
        ("host=/nowhere user=u password=s3cret", DatabaseUnavailable, "/nowhere"),
        ("mysql://u:s3cret@127.0.0.1/db", Misconfigured, "must start with postgresql://"),
        ("postgresql://u:s3cret@host:port/db", Misconfigured, "must|cannot be read|invalid|port"),
        ("s3cret", Misconfigured, "cannot be read"),
        ("postgresql://u:s3cret%zz@127.0.0.1/db", Misconfigured, "cannot be read"),
    ],
    ids=["refused", "no such host", "no socket", "other database", "port", "garbage", "escape"],
)
async def test_a_wrong_address_gets_one_clear_line_without_the_password(
    url: str, error: type[Exception], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=words) as caught:
        await Database.open(url, tmp_path)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_user_or_database_that_is_not_there_is_a_wrong_setting(postgres: Embedded) -> None:
    for address in (postgres.address(database="missing"), postgres.address(user="missing")):
        with pytest.raises(Misconfigured, match="refuses the connection"):
            await Database.open(address, postgres.data_dir)


async def test_a_server_that_is_too_old_is_refused(
    database_dsn: str, postgres_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_OLDEST_SERVER", 990000)
    with pytest.raises(Misconfigured, match=r"PostgreSQL \d+ is too old"):
        await Database.open(database_dsn, postgres_dir)


async def test_a_newer_schema_is_refused(database: Database, database_dsn: str, postgres_dir: Path) -> None:
    await database.autocommit("UPDATE alembic_version SET version_num = '9999'")
    try:
        # What only added to it leaves this program in peace; what took away says so.
        async with await Database.open(database_dsn, postgres_dir) as opened:
            await opened.ping()
        await database.autocommit(f"COMMENT ON TABLE alembic_version IS '{phases.comment('9998')}'")
        with pytest.raises(SchemaTooNew, match=r"needs Tieline of schema 9998 or newer; .* Update Tieline"):
            await Database.open(database_dsn, postgres_dir)
        await database.autocommit("COMMENT ON TABLE alembic_version IS NULL")
        with pytest.raises(SchemaTooNew, match="Update Tieline"):
            await Database.open(database_dsn, postgres_dir)
    finally:
        await database.autocommit(f"COMMENT ON TABLE alembic_version IS '{phases.comment(migrations.BASE)}'")
        await database.autocommit("UPDATE alembic_version SET version_num = %s", migrations.HEAD)


@pytest.mark.parametrize("owner", [True, False], ids=["without CREATEROLE", "without CREATE"])
async def test_a_user_without_the_rights_to_set_up_is_told_which(
    owner: bool, database: Database, postgres: Embedded
) -> None:
    user, name = f"u{new_id().hex}", f"test_{new_id().hex}"
    with psycopg.connect(postgres.address("postgres", SUPERUSER), autocommit=True) as admin:
        password = (postgres.home / "pgpass").read_text().strip().rsplit(":", 1)[1]
        admin.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
        admin.execute(f"CREATE DATABASE {name}" + (f" OWNER {user}" if owner else ""))
        if not owner:
            admin.execute(f"GRANT tieline_app, tieline_system TO {user}")
    words = "CREATEROLE" if owner else "must own the database"
    with pytest.raises(Misconfigured, match=words):
        await Database.open(postgres.address(name, user), postgres.data_dir)
    with psycopg.connect(postgres.address("postgres", SUPERUSER), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name}")
        admin.execute(f"DROP ROLE {user}")


async def test_addresses_in_the_form_of_other_tools_are_understood(
    database: Database, postgres: Embedded, database_dsn: str
) -> None:
    password = (postgres.home / "pgpass").read_text().strip().rsplit(":", 1)[1]
    parts = psycopg.conninfo.conninfo_to_dict(database_dsn)
    query = f"{parts['dbname']}?host={parts['host']}"
    for scheme in ("postgresql", "postgres", "postgresql+psycopg", "postgresql+asyncpg"):
        url = f"{scheme}://tieline:{password}@/{query}"
        async with await Database.open(url, postgres.data_dir) as opened:
            await opened.ping()
    async with await Database.open(make_conninfo(database_dsn, application_name="x"), postgres.data_dir) as opened:
        await opened.ping()
