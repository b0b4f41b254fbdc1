"""``tieline studio``: the first administrator, on the database itself."""

from __future__ import annotations

import asyncio

import typer

from tieline.core.errors import Conflict
from tieline.server.cli import app
from tieline.server.cli.common import AsJson, say, say_json

studio = typer.Typer(no_args_is_help=True, help="The studio: its first administrator.")
app.add_typer(studio, name="studio")


@studio.callback()
def group() -> None:
    """The studio: its first administrator."""


@studio.command("setup-code")
def setup_code(as_json: AsJson = False) -> None:
    """Print the address at which the first administrator chooses a password; exit code 1 where there is one already."""
    url = asyncio.run(_address())
    if url is None:
        raise Conflict("This installation has its first administrator; sign in, or ask for an invitation.")
    if as_json:
        say_json({"url": url, "code": url.partition("#code=")[2]})
    else:
        say(url)


async def _address() -> str | None:
    from tieline.server.platform import Platform
    from tieline.server.serving import setup_address
    from tieline.server.settings import Settings

    async with Platform.open(Settings(), pool_size=1) as platform:
        return await setup_address(platform)
