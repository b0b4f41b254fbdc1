"""``tieline doctor`` and ``tieline db``."""

from __future__ import annotations

import asyncio
import os
import platform as machine
from typing import Any

import typer

from tieline.core.errors import TielineError
from tieline.server.cli import app
from tieline.server.cli.common import AsJson, say, say_json

db = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db, name="db")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Show every setting and check that this installation can work; exit code 1 when it cannot."""
    from tieline.server import telemetry
    from tieline.server.settings import Settings, misspelt

    settings = Settings()
    shown = [
        {"variable": one.variable, "value": one.value, "source": one.source, "meaning": one.meaning}
        for one in settings.show()
    ]
    shown += [
        {"variable": name, "value": value, "source": "environment", "meaning": "OpenTelemetry"}
        for name, value in telemetry.shown(os.environ)
    ]
    checks: list[dict[str, Any]] = [{"check": "python", "ok": True, "detail": machine.python_version()}]
    checks += [{"check": "settings", "ok": False, "detail": sentence} for sentence in misspelt(os.environ)]
    if (spans := telemetry.check(os.environ)) is not None:
        checks.append({"check": "tracing", "ok": spans[0], "detail": spans[1]})
    checks.append(asyncio.run(_database(settings)))
    if as_json:
        say_json({"settings": shown, "checks": checks})
    else:
        for one in shown:
            say(f"{one['variable']:24} {one['value']}  ({one['source']})")
        for check in checks:
            say(f"{'ok  ' if check['ok'] else 'FAIL'}  {check['check']}: {check['detail']}")
    if not all(check["ok"] for check in checks):
        raise typer.Exit(1)


@db.command()
def upgrade() -> None:
    """Bring the database up to date. Servers and workers do the same when they start."""
    from tieline.server.settings import Settings

    found = asyncio.run(_database(Settings(), raising=True))
    say(found["detail"])


async def _database(settings: Any, *, raising: bool = False) -> dict[str, Any]:
    """Opens the database, which also migrates it."""
    from sqlalchemy import text

    from tieline.storage.database import Database

    try:
        if settings.embedded:
            settings.prepare_data_dir()
        settings.load_secret_keys()
        database = await Database.open(settings.database_url, settings.data_dir, pool_size=1)
        async with database, database.system() as unit:
            version = await unit.scalar(text("SELECT current_setting('server_version')"))
        return {"check": "database", "ok": True, "detail": f"PostgreSQL {version}, schema up to date"}
    except TielineError as error:
        if raising:
            raise
        return {"check": "database", "ok": False, "detail": error.detail}
