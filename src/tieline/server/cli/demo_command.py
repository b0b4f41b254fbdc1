"""``tieline demo``."""

from __future__ import annotations

from typing import Annotated

import typer

from tieline.server.cli import app


@app.command()
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="End after the story instead of serving on.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object with the figures (implies --headless).")
    ] = False,
    registrations: Annotated[
        int, typer.Option(min=20, max=100_000, help="How many registrations the sandbox holds.")
    ] = 1000,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the server; another one where it is taken.")
    ] = 8400,
) -> None:
    """The main job, end to end, on the embedded database: import, connect, run, kill, resume, run again."""
    import asyncio
    import json
    import sys

    from tieline.server.demo import run_demo
    from tieline.server.demo.screen import Silent, Terminal
    from tieline.server.logging import configure

    configure("warning")
    stay = not (headless or as_json)
    screen = Silent() if as_json else Terminal(stays=stay)
    result = asyncio.run(run_demo(screen, registrations=registrations, port=port, stay=stay))
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
