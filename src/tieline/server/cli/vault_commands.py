"""``tieline keys``: the keys of ``TIELINE_SECRET_KEYS``, on the database itself."""

from __future__ import annotations

import asyncio
from typing import Any

import typer

from tieline.server.cli import app
from tieline.server.cli.common import AsJson, say, say_json, table

keys = typer.Typer(no_args_is_help=True, help="The keys that seal secrets.")
app.add_typer(keys, name="keys")


@keys.callback()
def group() -> None:
    """The keys that seal secrets."""


@keys.command()
def rotate(as_json: AsJson = False) -> None:
    """Seal every secret anew that is not under the newest key, while everything runs; exit code 1 where one does not
    open.
    """
    found = asyncio.run(_rotated())
    broken = sum(one["broken"] for one in found)
    if as_json:
        say_json({"places": found, "broken": broken})
    else:
        table(
            ((one["place"], one["total"], one["resealed"], one["broken"]) for one in found),
            "PLACE",
            "ALL",
            "NEW",
            "BROKEN",
        )
        say(
            "Everything is under the newest key; older ones can be taken out of TIELINE_SECRET_KEYS."
            if not broken
            else f"{broken} secrets do not open; the log says which. Keep the older keys, or enter those secrets again."
        )
    if broken:
        raise typer.Exit(1)


async def _rotated() -> list[dict[str, Any]]:
    # Whatever seals has to be imported, or its place is not known.
    import tieline.server.app  # noqa: F401
    from tieline.security import resealing
    from tieline.server.platform import Platform
    from tieline.server.settings import Settings

    async with Platform.open(Settings(), pool_size=1) as platform:
        tallies = await resealing.run(platform.database, platform.vault)
    return [{name: getattr(one, name) for name in one.__struct_fields__} for one in tallies]
