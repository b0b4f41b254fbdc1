"""The database that everything else works with: connections, transactions, roles.

::

    async with await Database.open(None, Path(".tieline")) as database:
        async with database.tenant(tenant_id) as unit:
            await unit.insert(tables.spaces, id=new_id(), name="Sales")
            await unit.defer("greet", name="world")
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, LiteralString, NamedTuple, Self, cast
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from sqlalchemy import QueuePool, exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tieline.core.errors import Misconfigured
from tieline.core.json import dumps, loads
from tieline.storage import migrations, roles
from tieline.storage.embedded import Embedded
from tieline.storage.errors import DatabaseUnavailable, DiskFull, UnitAborted
from tieline.storage.migrations.phases import application_name
from tieline.storage.unit import Unit

_OLDEST_SERVER = 150000
_SECONDS_TO_CONNECT = 10
_SECONDS_FOR_A_FREE_CONNECTION = 30

# A process that is stopped in the midst of a transaction must not keep its locks for ever: the server ends it.
_IDLE = "SET LOCAL idle_in_transaction_session_timeout = '60s'"
_BEGIN_SYSTEM = f"BEGIN; SET LOCAL ROLE {roles.SYSTEM}; SET LOCAL {roles.TENANT_SETTING} = ''; {_IDLE}"
_BEGIN_TENANT = f"BEGIN; SET LOCAL ROLE {roles.APP}; SET LOCAL {roles.TENANT_SETTING} = '%s'; {_IDLE}"

# One look tells whether the schema is ours and current, and whether the roles are there and may be taken.
_STATE = """
    SELECT (SELECT version_num FROM public.alembic_version), obj_description('public.alembic_version'::regclass),
           (SELECT count(*) FROM pg_roles WHERE rolname IN (%s, %s) AND pg_has_role(current_user, oid, 'MEMBER'))
"""

# Another attempt may cure these. The second is said to be internal, but is the server's word on ending a session.
_LOST = (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout)

# What libpq says when trying again will not help.
_WRONG_FOR_GOOD = (
    "authentication failed",
    "does not exist",
    "no pg_hba.conf entry",
    "permission denied for database",
    "Servname not supported",
    "not permitted to log in",
)


class Pool(NamedTuple):
    """Connections of a pool: handed out, open, and how many there may be."""

    used: int
    open: int
    most: int


class Database:
    """A pool of connections to one PostgreSQL database, embedded or external."""

    def __init__(self, dsn: str, *, pool_size: int, embedded: Embedded | None) -> None:
        self.dsn = dsn
        self._embedded = embedded
        self._pool_size = pool_size
        self._engine: AsyncEngine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=self.connect,
            # Units send their own BEGIN together with the role and the tenant, in one round trip.
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=_SECONDS_FOR_A_FREE_CONNECTION,
            json_serializer=lambda value: dumps(value).decode(),
            json_deserializer=loads,
        )

    @classmethod
    async def open(cls, url: str | None, data_dir: Path, *, pool_size: int = 5) -> Self:
        """Connect and bring the schema up to date. ``url`` None means the embedded PostgreSQL in ``data_dir``.

        Raises `DatabaseUnavailable`, `DiskFull` (both Transient), `Misconfigured` or `SchemaTooNew`; one line each.
        """
        embedded = None if url else await asyncio.to_thread(Embedded.join, data_dir)
        self = cls(embedded.dsn if embedded else conninfo(url or ""), pool_size=pool_size, embedded=embedded)
        try:
            await self._check_schema()
        except BaseException:
            await self.close()
            raise
        return self

    async def close(self) -> None:
        """Give back all connections; the last user of an embedded server stops it."""
        await self._engine.dispose()
        if self._embedded:
            await asyncio.to_thread(self._embedded.leave)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def tenant(self, tenant_id: UUID) -> AbstractAsyncContextManager[Unit]:
        """One transaction that sees the rows of this tenant only; commits at the end, rolls back on an error."""
        if not isinstance(tenant_id, UUID):
            raise TypeError(f"tenant_id must be a UUID, not {type(tenant_id).__name__}")
        return self._unit(_BEGIN_TENANT % tenant_id, tenant_id)

    def system(self) -> AbstractAsyncContextManager[Unit]:
        """One transaction that sees all tenants: for authentication, workers and schedulers."""
        return self._unit(_BEGIN_SYSTEM, None)

    @property
    def pool(self) -> Pool:
        """How the pool stands now."""
        pool = cast("QueuePool", self._engine.sync_engine.pool)
        used = pool.checkedout()
        return Pool(used, used + pool.checkedin(), 2 * self._pool_size)

    async def ping(self) -> None:
        """One round trip; raises `DatabaseUnavailable` when there is no answer."""
        async with self.system():
            pass

    async def connect(self, **options: Any) -> psycopg.AsyncConnection[Any]:
        """A new connection of the login role, in autocommit mode, outside of the pool: for journal and queue.

        Starts the embedded server again if it has died.
        """
        options.setdefault("autocommit", True)
        options.setdefault("connect_timeout", _SECONDS_TO_CONNECT)
        options.setdefault("application_name", application_name(migrations.HEAD))
        try:
            return await psycopg.AsyncConnection.connect(self.dsn, **options)
        except psycopg.OperationalError as error:
            if self._embedded is None:
                raise connection_error(error, self.dsn) from None
        await asyncio.to_thread(self._embedded.ensure)
        try:
            return await psycopg.AsyncConnection.connect(self.dsn, **options)
        except psycopg.OperationalError as error:
            raise connection_error(error, self.dsn) from None

    async def autocommit(self, statement: LiteralString, *parameters: Any) -> list[Any]:
        """One statement in its own transaction as the login role, in one round trip; for tables without tenants."""
        with _translated():
            async with self._checkout(statement, parameters) as (_, cursor):
                return await cursor.fetchall() if cursor.description else []

    @asynccontextmanager
    async def _unit(self, begin: LiteralString, tenant_id: UUID | None) -> AsyncIterator[Unit]:
        with _translated():
            async with self._checkout(begin) as (connection, cursor):
                yield Unit(connection, tenant_id)
                if cursor.connection.info.transaction_status == TransactionStatus.INERROR:
                    raise UnitAborted(
                        "An SQL error inside this unit of work was caught and ignored; PostgreSQL has rolled it back. "
                        "Wrap the statement that may fail in connection.begin_nested()."
                    )
                await cursor.connection.execute("COMMIT", prepare=False)

    @asynccontextmanager
    async def _checkout(
        self, statement: LiteralString, parameters: tuple[Any, ...] = ()
    ) -> AsyncIterator[tuple[AsyncConnection, psycopg.AsyncCursor[Any]]]:
        """A connection of the pool on which ``statement`` has run. What comes back to the pool is rolled back."""
        # When the server went away, every connection in the pool is dead and has to be found out.
        for attempts_left in range(2 * self._pool_size, -1, -1):
            async with self._engine.connect() as connection:
                driver = await _driver_of(connection)
                cursor: psycopg.AsyncCursor[Any] | None = None
                try:
                    cursor = await driver.execute(statement, parameters or None, prepare=False)
                except psycopg.OperationalError:
                    if not (driver.closed and attempts_left):
                        raise
                    await connection.invalidate()
                if cursor is not None:
                    async with _discarded_when_dead(connection, driver):
                        yield connection, cursor
                    return

    async def _check_schema(self) -> None:
        # On a connection of the pool, which stays: from here on a migration sees that this process is there.
        async with self._engine.connect() as pooled:
            connection = await _driver_of(pooled)
            if connection.info.server_version < _OLDEST_SERVER:
                raise Misconfigured(
                    f"PostgreSQL {connection.info.server_version // 10000} is too old: Tieline needs 15 or newer. "
                    "Change TIELINE_DATABASE_URL."
                )
            try:
                cursor = await connection.execute(_STATE, [roles.APP, roles.SYSTEM])
                version, comment, taken = await cursor.fetchone() or (None, None, 0)
            except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
                version, comment, taken = None, None, 0
            if taken != 2 or not migrations.fits(version, comment):
                await asyncio.to_thread(migrations.migrate, self.dsn)


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of driver and pool that another attempt may cure become `DatabaseUnavailable`; the others stay."""
    try:
        yield
    except exc.TimeoutError:
        raise DatabaseUnavailable("All connections to the database are in use: try again in a moment.") from None
    except exc.DBAPIError as error:
        if isinstance(error.orig, _LOST):
            raise operational_error(error.orig) from error
        raise
    except _LOST as error:
        raise operational_error(error) from error


def operational_error(error: psycopg.Error) -> DatabaseUnavailable:
    """What a failing server says about a statement, as our error. Never quotes the statement or its values."""
    if isinstance(error, psycopg.errors.DiskFull):
        return DiskFull("The database cannot write: no space left on its disk.")
    reason = error.diag.message_primary or "the connection was lost"
    return DatabaseUnavailable(f"The database could not do the work: {reason}.")


def connection_error(error: psycopg.OperationalError, dsn: str) -> DatabaseUnavailable | Misconfigured:
    """Why there is no connection: one line with host and reason, without the password."""
    parts = conninfo_to_dict(dsn)
    host, port = parts.get("host") or parts.get("hostaddr") or "the default socket", parts.get("port") or 5432
    where = f"{host}:{port}" if not str(host).startswith("/") else str(host)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no answer"]
    # libpq repeats where it tried to connect to; what follows the last "failed:" is the reason.
    reason = lines[0].rsplit("failed: ", 1)[-1].removeprefix("FATAL:").strip().rstrip(".")
    password = parts.get("password")
    if password:
        reason = reason.replace(str(password), "***")
    if any(words in reason for words in _WRONG_FOR_GOOD):
        return Misconfigured(f"PostgreSQL at {where} refuses the connection: {reason}. Check TIELINE_DATABASE_URL.")
    return DatabaseUnavailable(f"No connection to PostgreSQL at {where}: {reason}.")


def conninfo(url: str) -> str:
    """libpq conninfo of a URL (``postgresql://``, ``postgres://``, ``postgresql+psycopg://``) or of a conninfo."""
    scheme, separator, rest = url.strip().partition("://")
    if separator:
        if scheme.split("+")[0] not in {"postgresql", "postgres"}:
            raise Misconfigured(
                "TIELINE_DATABASE_URL must start with postgresql://; Tieline keeps its data in PostgreSQL only."
            )
        url = f"postgresql://{rest}"
    try:
        return make_conninfo(url)
    except psycopg.Error:
        # libpq's own message quotes the part that it could not read, which may be the password.
        raise Misconfigured(
            "TIELINE_DATABASE_URL cannot be read: it looks like postgresql://user:password@host:5432/database, with "
            "special characters of the password percent-encoded."
        ) from None


@asynccontextmanager
async def _discarded_when_dead(
    connection: AsyncConnection, driver: psycopg.AsyncConnection[Any]
) -> AsyncIterator[None]:
    """The pool would try to roll back on a connection that has died, and log that it could not."""
    try:
        yield
    except BaseException:
        if driver.closed and not connection.invalidated:
            await connection.invalidate()
        raise


async def _driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    raw = await connection.get_raw_connection()
    return cast("psycopg.AsyncConnection[Any]", raw.driver_connection)
