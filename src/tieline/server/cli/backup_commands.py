"""``tieline backup`` and ``tieline restore``: the whole database, on the database itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.server.cli import app
from tieline.server.cli.common import AsJson, say, say_json

if TYPE_CHECKING:
    from tieline.server.settings import Settings

_WARNING = (
    "Warning: {path} holds the keys beside what they seal. Whoever reads it reads every secret of every tenant: keep "
    "it encrypted, and away from backups that others may read."
)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    with_keys: Annotated[bool, typer.Option("--with-keys", help="Put the secret keys into it as well.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite a file of that name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the whole database into one file, while everything goes on; without the secret keys."""
    from tieline.server.settings import Settings
    from tieline.storage import backup as backups

    settings = Settings()
    keys = _keys_of(settings) if with_keys else None
    made = backups.write(settings.database_url, settings.data_dir, file, keys=keys, replace=replace)
    size = sum(part.bytes for part in made.parts)
    if with_keys:
        typer.echo(_WARNING.format(path=file), err=True)
    if as_json:
        say_json(_about(made) | {"file": str(file.absolute()), "bytes": size})
        return
    say(f"{file}: {size / 1e6:.1f} MB, {_contents(made)}, schema {made.schema}.")
    if not with_keys:
        say(f"The keys that open its secrets are not in it. They are in {_where(settings)}; keep a copy elsewhere.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="The file that `tieline backup` wrote.")],
    check: Annotated[bool, typer.Option("--check", help="Only read the file and compare it.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the database that is in the data folder aside.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put the database of a backup into an empty data folder, or into an empty database of TIELINE_DATABASE_URL."""
    from tieline.server.settings import Settings
    from tieline.storage import backup as backups

    if check:
        found = backups.verify(file)
        say_json(_about(found)) if as_json else say(f"{file} is whole: {_contents(found)}, schema {found.schema}.")
        return
    settings = Settings()
    done = backups.restore(settings.database_url, settings.data_dir, file, replace=replace)
    notes = [f"The database that was there lies in {done.kept}; remove it when you are content."] if done.kept else []
    notes += [_put_back(settings, done.keys)] if done.keys else []
    opened, closed, reason = asyncio.run(_open_some(settings))
    if closed:
        notes.append(
            f"The keys at hand do not open {closed} of {opened + closed} secrets that were tried ({reason}) Put the "
            f"keys of the installation that was backed up into {_where(settings)} before a server starts."
        )
    for note in notes:
        typer.echo(note, err=True)
    if as_json:
        about = _about(done.manifest) | {"kept": done.kept and str(done.kept), "notes": notes}
        say_json(about | {"secrets": {"opened": opened, "closed": closed}, "restored_to": done.schema})
    else:
        say(
            f"Restored: {_contents(done.manifest)}; schema {done.schema}; {opened} of {opened + closed} secrets that "
            "were tried open."
        )


def _about(manifest: Any) -> dict[str, Any]:
    return {
        "tieline": manifest.tieline,
        "schema": manifest.schema,
        "postgres": manifest.postgres,
        "made_at": manifest.made_at,
        "with_keys": manifest.with_keys,
        "tables": {name: held.rows for name, held in manifest.tables.items()},
    }


def _contents(manifest: Any) -> str:
    rows = sum(held.rows for held in manifest.tables.values())
    return f"{len(manifest.tables)} tables with {rows} rows, made by Tieline {manifest.tieline} at {manifest.made_at}"


def _where(settings: Settings) -> str:
    return "TIELINE_SECRET_KEYS" if settings.secret_keys or not settings.embedded else str(settings.secret_key_file)


def _keys_of(settings: Settings) -> str:
    return settings.secret_keys or settings.secret_key_file.read_text(encoding="ascii").strip()


def _put_back(settings: Settings, keys: str) -> str:
    """The keys of the backup, where none are; never over others."""
    from tieline.server.secret_file import read_or_make

    if settings.secret_keys:
        return "The keys of the backup were not taken: TIELINE_SECRET_KEYS names others, or the same."
    if read_or_make(settings.secret_key_file, lambda: keys) != keys:
        return f"The keys of the backup were not taken: {settings.secret_key_file} holds others."
    return f"The keys of the backup are in {settings.secret_key_file}."


async def _open_some(settings: Settings) -> tuple[int, int, str]:
    """With the keys that are there; none is made."""
    from tieline.security.vault import Vault
    from tieline.server import sealed
    from tieline.storage.database import Database

    there = settings.secret_keys or settings.secret_key_file.exists()
    vault = Vault(settings.load_secret_keys() if there else [b"\0" * 32])
    opened, closed, reason = 0, 0, ""
    async with await Database.open(settings.database_url, settings.data_dir, pool_size=1) as database:
        for place, asked in sealed.statements():
            async with database.system() as unit:
                looked = sealed.look(vault, place, [dict(row) for row in await unit.all(asked)])
            opened, closed, reason = opened + looked.opened, closed + looked.closed, reason or looked.reason
    return opened, closed, reason
