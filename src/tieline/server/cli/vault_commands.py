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
    open, or a process still seals with an older key.
    """
    found = asyncio.run(_rotated())
    broken, left = (sum(one[name] for one in found) for name in ("broken", "left"))
    if as_json:
        say_json({"places": found, "broken": broken, "left": left})
    else:
        names = ("place", "total", "resealed", "broken", "left")
        table((tuple(one[name] for name in names) for one in found), "PLACE", "ALL", "NEW", "BROKEN", "LEFT")
        say(_verdict(broken, left))
    if broken or left:
        raise typer.Exit(1)


def _verdict(broken: int, left: int) -> str:
    if broken:
        return f"{broken} secrets do not open; the log says which. Keep the older keys, or enter those secrets again."
    if left:
        return (
            f"{left} secrets were sealed with an older key meanwhile: a process runs whose TIELINE_SECRET_KEYS begins "
            "with it. Put the new key first there, and rotate again; keep the older key until then."
        )
    return "Everything is under the newest key; older ones can be taken out of TIELINE_SECRET_KEYS."


async def _rotated() -> list[dict[str, Any]]:
    # Whatever seals has to be imported, or its place is not known.
    import tieline.server.app  # noqa: F401
    from tieline.security import resealing
    from tieline.server.platform import Platform
    from tieline.server.settings import Settings

    async with Platform.open(Settings(), pool_size=1) as platform:
        tallies = await resealing.run(platform.database, platform.vault)
    return [{name: getattr(one, name) for name in one.__struct_fields__} for one in tallies]
