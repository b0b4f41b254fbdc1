"""The way back: into a new cluster beside the data folder's, or into an empty external database.

Nothing that is there is touched before the file has been read whole and compared with its manifest. The embedded
database is built in a folder of its own, checked table by table, migrated, and moved into place at the end; an external
one is filled in one transaction.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct

from tieline.core.clock import now
from tieline.core.errors import Misconfigured, TielineError
from tieline.storage import cluster as clusters
from tieline.storage import embedded, location, roles
from tieline.storage.backup import archive, prints
from tieline.storage.backup.archive import BackupInvalid, Manifest
from tieline.storage.backup.reach import Reach, embedded_reach, reached, running
from tieline.storage.embedded import Embedded
from tieline.storage.migrations import HEAD, migrate

_STAGING = ".restoring-"
# May lie in a folder that a backup is restored into: the keys are put there first, the rest is not the database's.
_WELCOME = frozenset(("secret.key", "connectors", "files"))
_OLDEST_TARGET = 170000  # what pg_restore 18 sets first is not known to older ones


class Restored(Struct, frozen=True):
    """What was done. ``kept`` is where the former database of the folder lies; ``keys`` is the part of that name."""

    manifest: Manifest
    schema: str
    kept: Path | None
    keys: str | None


def restore(url: str | None, data_dir: Path, path: Path, *, replace: bool = False) -> Restored:
    """Puts the backup in ``path`` in the place of nothing, or (``replace``) of the embedded database that is there.

    Blocks. Raises `BackupInvalid`, `SchemaTooNew`, `Misconfigured`, `DiskFull`, `DatabaseUnavailable`; then everything
    is as it was.
    """
    manifest = archive.verify(path)
    if url is not None:
        with reached(url, data_dir) as reach:
            _into_empty(reach, path, manifest)
        kept = None
    else:
        kept = _into_folder(data_dir.expanduser().absolute(), path, manifest, replace=replace)
    keys = None
    if manifest.with_keys:
        with archive.opened(path) as file:
            keys = file.read(archive.KEYS).decode("ascii", errors="replace")
    return Restored(manifest, HEAD, kept, keys)


def _into_empty(reach: Reach, path: Path, manifest: Manifest) -> None:
    with reach.connect() as connection:
        if connection.info.server_version < _OLDEST_TARGET:
            raise Misconfigured("Backups are restored into PostgreSQL 17 or newer; change TIELINE_DATABASE_URL.")
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchone()
        if row and row[0]:
            raise Misconfigured(
                "The database of TIELINE_DATABASE_URL holds tables: name an empty one; it is not overwritten."
            )
    _fill(reach, path, manifest)


def _into_folder(data_dir: Path, path: Path, manifest: Manifest, *, replace: bool) -> Path | None:
    embedded.make_data_dir(data_dir)
    _forget_stagings(data_dir)
    there = sorted(entry.name for entry in data_dir.iterdir() if entry.name not in _WELCOME)
    if there and not replace:
        raise Misconfigured(
            f"{data_dir} is not empty ({', '.join(there[:5])}): choose another TIELINE_DATA_DIR, or say --replace to "
            "put the database there aside."
        )
    home = data_dir / "postgres"
    if home.exists():
        embedded.check_unused(data_dir)
    staging = data_dir / f"{_STAGING}{os.urandom(4).hex()}"
    try:
        staging.mkdir(mode=data_dir.stat().st_mode & 0o777)
        if os.geteuid() == 0:
            owner = data_dir.stat()
            os.chown(staging, owner.st_uid, owner.st_gid)
        with Embedded.join(staging) as server:
            _fill(embedded_reach(server), path, manifest)
        return _moved(staging, home)
    except OSError as error:
        raise clusters.of_os_error(error, data_dir) from error
    finally:
        _forget(staging)


def _fill(reach: Reach, path: Path, manifest: Manifest) -> None:
    """The tables, their rows and their rights; compared with the manifest, then brought up to date."""
    with psycopg.connect(reach.owner, autocommit=True) as connection:
        roles.ensure(connection)
    with (
        archive.opened(path) as file,
        file.open(archive.DUMP) as dump,
        running(
            reach.programs,
            "pg_restore",
            reach.owner,
            "--no-owner",
            "--exit-on-error",
            "--single-transaction",
            stdin=subprocess.PIPE,
        ) as program,
    ):
        assert program.stdin is not None  # asked for above
        shutil.copyfileobj(dump, program.stdin, archive.CHUNK)
    with reach.connect() as connection:
        _compare(connection, manifest)
    migrate(reach.owner)
    with psycopg.connect(reach.owner, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _compare(connection: psycopg.Connection[Any], manifest: Manifest) -> None:
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    found = prints.of(connection)
    connection.execute("COMMIT")
    wrong = sorted(name for name in {*found, *manifest.tables} if found.get(name) != manifest.tables.get(name))
    if wrong:
        raise BackupInvalid(
            f"What was restored differs from what was backed up in {', '.join(wrong[:5])}: take another backup."
        )


def _moved(staging: Path, home: Path) -> Path | None:
    """The finished database to its place; the one before it stays beside, under another name."""
    kept = None
    if home.exists():
        embedded.check_unused(home.parent)
        kept = home.with_name(f"postgres.before-{now():%Y%m%dT%H%M%S}-{os.urandom(2).hex()}")
        home.rename(kept)
    try:
        (staging / "postgres").rename(home)
    except OSError:
        if kept is not None:
            kept.rename(home)
        raise
    location.moved(home)
    clusters.sync_directory(home.parent)
    return kept


def _forget_stagings(data_dir: Path) -> None:
    """What a restore that was killed has left. One that still works is left alone: its database is in use."""
    for stale in data_dir.glob(f"{_STAGING}*"):
        _forget(stale)


def _forget(staging: Path) -> None:
    with suppress(TielineError, OSError):
        embedded.destroy(staging)
        shutil.rmtree(staging, ignore_errors=True)
