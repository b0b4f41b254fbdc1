"""How the programs of PostgreSQL reach a database: an address for the driver, one for them, and which they are."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tieline.core.errors import Misconfigured, TielineError
from tieline.storage import binaries
from tieline.storage.binaries import Binaries
from tieline.storage.cluster import SUPERUSER
from tieline.storage.database import connection_error, conninfo
from tieline.storage.embedded import DATABASE, Embedded
from tieline.storage.errors import DatabaseUnavailable, DiskFull
from tieline.storage.location import cluster_of

_LAST_WORDS = 4096


class Reach(NamedTuple):
    """A database. ``owner`` is the address of the login role, ``all_seeing`` of one that sees all tenants' rows."""

    owner: str
    all_seeing: str
    programs: Binaries

    def connect(self) -> psycopg.Connection[Any]:
        """A connection that sees all rows; autocommit, never ended for its length. Raises as `Database.open` does."""
        try:
            connection = psycopg.connect(
                self.all_seeing, autocommit=True, connect_timeout=10, application_name="tieline backup"
            )
        except psycopg.OperationalError as error:
            raise connection_error(error, self.all_seeing) from None
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(sql.SQL("SET {} = 0").format(sql.Identifier(name)))
        if not _sees_all(connection):
            user = connection.info.user
            connection.close()
            raise Misconfigured(
                f'The database user "{user}" does not see the rows of all tenants: for backup and restore it needs '
                f'BYPASSRLS; have an administrator run ALTER ROLE "{user}" BYPASSRLS, and NOBYPASSRLS afterwards.'
            )
        return connection


def _sees_all(connection: psycopg.Connection[Any]) -> bool:
    """Row-level security holds for the owner of the tables too, and would make a backup without rows."""
    row = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user").fetchone()
    return bool(row and row[0])


@contextmanager
def reached(url: str | None, data_dir: Path) -> Iterator[Reach]:
    """The database of these settings; the embedded one is started where it is not running.

    Raises `Misconfigured` where there is none.
    """
    if url is not None:
        address = conninfo(url)
        yield Reach(address, address, binaries.find())
        return
    home = data_dir.expanduser().absolute() / "postgres"
    cluster = cluster_of(home)
    if not (cluster / "PG_VERSION").exists():
        raise Misconfigured(f"There is no database in {data_dir}: set TIELINE_DATA_DIR or TIELINE_DATABASE_URL.")
    with Embedded.join(data_dir) as server:
        yield embedded_reach(server)


def embedded_reach(server: Embedded) -> Reach:
    """The embedded database, which its superuser sees whole."""
    major = int((server.cluster / "PG_VERSION").read_text().strip())
    return Reach(server.dsn, server.address(DATABASE, SUPERUSER), binaries.find(major))


@contextmanager
def running(
    programs: Binaries,
    name: str,
    address: str,
    *arguments: str,
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """One of PostgreSQL's programs at ``address``. The password goes by its environment, which others cannot read.

    Leaving the block waits for its end, and raises where that was not a good one; leaving it by an error kills it.
    """
    parts = conninfo_to_dict(address)
    password = parts.pop("password", None)
    environment = {**os.environ, "LC_ALL": "C", "PGAPPNAME": "tieline backup"}
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    with TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                [
                    programs.program(name),
                    f"--dbname={make_conninfo(**{key: str(value) for key, value in parts.items()})}",
                    "--no-password",
                    *arguments,
                ],
                env=environment,
                stderr=said,
                cwd="/",
                start_new_session=True,  # Ctrl-C reaches us, and we end it
                stdin=stdin,
                stdout=stdout,
            )
        except OSError as error:
            raise DatabaseUnavailable(f"{name} cannot be started: {error.strerror}.") from error
        try:
            yield process
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            code = process.wait()
        except BaseException as error:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            if isinstance(error, BrokenPipeError):
                raise _explained(name, said) from None
            raise
        if code:
            raise _explained(name, said)


def _explained(name: str, said: IO[bytes]) -> TielineError:
    said.seek(0, os.SEEK_END)
    said.seek(max(0, said.tell() - _LAST_WORDS))
    text = said.read().decode(errors="replace")
    if "No space left on device" in text:
        return DiskFull("The database cannot write: no space left on its disk.")
    # Never a DETAIL or a CONTEXT: they quote rows.
    lines = [line for line in text.splitlines() if "error:" in line or "ERROR:" in line or "FATAL:" in line]
    reason = (lines[0] if lines else "it said nothing").removeprefix(f"{name}: ").rstrip(".")
    return DatabaseUnavailable(f"{name} did not come to its end: {reason}.")
