"""``tieline doctor`` and ``tieline db``."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

import typer

from tieline.server.cli import app
from tieline.server.cli.common import AsJson, say, say_json

if TYPE_CHECKING:
    from tieline.server.settings import Settings

_WORDS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}

db = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db, name="db")


@app.command()
def doctor(
    as_json: AsJson = False,
    start: Annotated[
        bool, typer.Option("--start", help="Start a stopped embedded database for as long as it is looked at.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address that the server listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port that the server listens on.")] = 8400,
) -> None:
    """Show every setting and look for what is wrong, without changing anything; exit code 1 where something is."""
    from tieline.server import telemetry
    from tieline.server.doctor import examined, run

    with examined(host, port, start=start) as patient:
        shown = [
            {"variable": one.variable, "value": one.value, "source": one.source, "meaning": one.meaning}
            for one in patient.settings.show()
        ]
        shown += [
            {"variable": name, "value": value, "source": "environment", "meaning": "OpenTelemetry"}
            for name, value in telemetry.shown(os.environ)
        ]
        if not as_json:
            for one in shown:
                say(f"{one['variable']:24} {one['value']}  ({one['source']})")
        findings = []
        for found in run(patient):
            findings.append(found)
            if not as_json:
                mend = f"; {found.mend}" if found.mend else ""
                say(f"{_WORDS[found.status]}  {found.check}: {found.detail}{mend}")
    failed = any(found.status == "fail" for found in findings)
    if as_json:
        checks = [
            {
                "check": found.check,
                "status": found.status,
                "ok": found.status != "fail",
                "detail": found.detail,
                "mend": found.mend,
            }
            for found in findings
        ]
        say_json({"ok": not failed, "settings": shown, "checks": checks})
    if failed:
        raise typer.Exit(1)


@db.command()
def upgrade() -> None:
    """Bring the database up to date. Servers and workers do the same when they start."""
    from tieline.server.settings import Settings

    say(asyncio.run(_upgraded(Settings())))


async def _upgraded(settings: Settings) -> str:
    """Opens the database, which also migrates it."""
    from sqlalchemy import text

    from tieline.storage.database import Database

    if settings.embedded:
        settings.prepare_data_dir()
    settings.load_secret_keys()
    database = await Database.open(settings.database_url, settings.data_dir, pool_size=1)
    async with database, database.system() as unit:
        version = await unit.scalar(text("SELECT current_setting('server_version')"))
    return f"PostgreSQL {version}, schema up to date"
