"""A look at a database that changes nothing: no server is started, nothing is made or migrated, and PostgreSQL refuses
to write."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
from sqlalchemy import Engine, Executable, NullPool, create_engine, exc, text

from tieline.core.errors import TielineError
from tieline.storage import embedded, roles
from tieline.storage.database import connection_error, conninfo, operational_error
from tieline.storage.location import cluster_of

_OPTIONS = "-c default_transaction_read_only=on -c statement_timeout=5000 -c lock_timeout=1000"


class Visit:
    """A database that answers. Every question is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, question: str | Executable, *, of_all_tenants: bool = False) -> list[Mapping[str, Any]]:
        """Rows, asked as the login role, or as the one that sees all tenants. Raises `TielineError` where it cannot."""
        try:
            with self._engine.connect() as connection:
                if of_all_tenants:
                    connection.execute(text(f"SET LOCAL ROLE {roles.SYSTEM}"))
                asked = text(question) if isinstance(question, str) else question
                return [dict(row) for row in connection.execute(asked).mappings()]
        except exc.DBAPIError as error:
            if isinstance(error.orig, psycopg.OperationalError):
                raise operational_error(error.orig) from None
            reason = getattr(getattr(error.orig, "diag", None), "message_primary", None) or type(error.orig).__name__
            raise TielineError(f"the database refuses the question: {reason}") from None

    def ahead(self) -> float:
        """Seconds by which the database's clock is ahead of this machine's."""
        before = time.time()
        row = self.ask("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")[0]
        return float(row["now"]) - (before + time.time()) / 2

    @classmethod
    @contextmanager
    def of(cls, address: str) -> Iterator[Self]:
        """Of the database at this address. Raises `DatabaseUnavailable` or `Misconfigured`."""

        def connected() -> psycopg.Connection[Any]:
            return psycopg.connect(address, connect_timeout=5, options=_OPTIONS, application_name="tieline doctor")

        try:
            connected().close()
        except psycopg.OperationalError as error:
            raise connection_error(error, address) from None
        engine = create_engine("postgresql+psycopg://", creator=connected, poolclass=NullPool)
        try:
            yield cls(engine)
        finally:
            engine.dispose()


def address_of(url: str | None, data_dir: Path) -> str | None:
    """Where the database of these settings is; None where the embedded one is not running. Raises `Misconfigured`."""
    if url is not None:
        return conninfo(url)
    running = embedded.running(data_dir)
    return running.dsn if running else None


def cluster_in(data_dir: Path) -> Path | None:
    """The folder of the embedded database; None where there is none yet."""
    cluster = cluster_of(data_dir / "postgres")
    return cluster if (cluster / "PG_VERSION").exists() else None
