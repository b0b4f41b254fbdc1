"""``tieline serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from tieline.server.cli import app


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8400,
    workers: Annotated[
        int, typer.Option(min=0, max=64, help="Worker processes to keep running beside the server.")
    ] = 1,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Runs at a time in each worker.")] = 16,
) -> None:
    """Start the API and its workers on the embedded database, or on TIELINE_DATABASE_URL."""
    from tieline.server.event_loop import run
    from tieline.server.serving import serve as serving

    run(serving(host, port, workers=workers, concurrency=concurrency))
