"""``tieline clients``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tieline.server.cli import app
from tieline.server.cli.common import AsJson, say, say_json

clients = typer.Typer(no_args_is_help=True, help="Typed clients for programs in Python and TypeScript.")
app.add_typer(clients, name="clients")


@clients.callback()
def about() -> None:
    """Typed clients for programs in Python and TypeScript."""


class Language(StrEnum):
    """What a client can be written in."""

    PYTHON = "python"
    TYPESCRIPT = "typescript"


@clients.command()
def build(
    language: Annotated[Language, typer.Option("--language", "-l", help="What the client is written in.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to; made where there is none.")],
    as_json: AsJson = False,
) -> None:
    """Write a typed client of this version's API as a package, ready to install. Asks no server."""
    from tieline.clients import package
    from tieline.server.cli.common import write_package
    from tieline.server.offline import offline_document

    files = package(language.value, offline_document())
    write_package(output, files)
    if as_json:
        say_json({"language": language.value, "output": str(output), "files": sorted(files)})
    else:
        say(f"{len(files)} files in {output}")
