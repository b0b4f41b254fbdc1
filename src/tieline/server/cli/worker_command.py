"""``tieline worker``."""

from __future__ import annotations

from typing import Annotated

import typer

from tieline.server.cli import app


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Runs at a time.")] = 16,
    parent: Annotated[int, typer.Option(hidden=True, help="End when this process does.")] = 0,
) -> None:
    """Start one more worker, on any machine that reaches the database."""
    from tieline.server.event_loop import run
    from tieline.server.logging import configure
    from tieline.server.settings import Settings
    from tieline.server.worker import work

    settings = Settings()
    configure(settings.log_level)
    run(work(settings, concurrency=concurrency, parent=parent or None))
