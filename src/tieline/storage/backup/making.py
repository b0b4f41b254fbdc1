"""Making a backup: one snapshot of the database, in which the tables are counted and which ``pg_dump`` reads.

A snapshot sees what was committed when it was taken, all of it and nothing else; whoever works goes on. It holds no
lock that a program of ours would wait for, other than changes of the schema.
"""

from __future__ import annotations

import subprocess
from importlib.metadata import version as version_of
from pathlib import Path

from tieline.core.clock import now
from tieline.storage.backup import archive, prints
from tieline.storage.backup.archive import Manifest, Writer
from tieline.storage.backup.reach import Reach, reached, running
from tieline.storage.errors import DatabaseUnavailable

_ARGUMENTS = ("--format=custom", "--compress=gzip:4", "--no-owner", "--no-tablespaces", "--encoding=UTF8")


def write(url: str | None, data_dir: Path, target: Path, *, keys: str | None = None, replace: bool = False) -> Manifest:
    """A backup in ``target``, which is there whole, on the disk, or not at all. ``keys`` go into it when given.

    Blocks. Raises `Misconfigured`, `DatabaseUnavailable`, `DiskFull`; one line each.
    """
    with (
        archive.whole_or_not_at_all(target, replace=replace) as file,
        reached(url, data_dir) as reach,
        Writer(file) as writer,
    ):
        schema, postgres, tables = _dumped(reach, writer)
        if keys is not None:
            with writer.part(archive.KEYS) as take:
                take(keys.encode())
        manifest = Manifest(
            format=archive.FORMAT,
            format_version=archive.FORMAT_VERSION,
            tieline=version_of("tieline"),
            schema=schema,
            postgres=postgres,
            made_at=now().isoformat(timespec="seconds"),
            parts=writer.parts,
            tables=tables,
        )
        writer.finish(manifest)
    return manifest


def _dumped(reach: Reach, writer: Writer) -> tuple[str, int, dict[str, archive.Held]]:
    with reach.connect() as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot(), to_regclass('public.alembic_version')").fetchone()
        snapshot, versions = row or (None, None)
        if versions is None:
            raise DatabaseUnavailable("The database holds nothing of Tieline's: start a server once, then back it up.")
        version = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
        tables = prints.of(connection)
        with (
            running(
                reach.programs,
                "pg_dump",
                reach.all_seeing,
                *_ARGUMENTS,
                f"--snapshot={snapshot}",
                stdout=subprocess.PIPE,
            ) as program,
            writer.part(archive.DUMP) as take,
        ):
            assert program.stdout is not None  # asked for above
            while chunk := program.stdout.read(archive.CHUNK):
                take(chunk)
        return (version or ("",))[0], connection.info.server_version, tables
