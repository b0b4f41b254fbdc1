"""``python -m tieline.sandbox.host``: serves Fairground."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from tieline.core.errors import Misconfigured, TielineError
from tieline.sandbox.host.app import fairground
from tieline.sandbox.host.signing import Signer


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after a clean end, 1 where something that is given is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tieline.sandbox.host",
        description="A made-up vendor's product that embeds Tieline.",
        epilog="tieline partners origins add PARTNER http://127.0.0.1:8430 allows its pages to.",
    )
    parser.add_argument("--server", default="http://127.0.0.1:8400", help="Tieline's address (default %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8430, help="default %(default)s")
    parser.add_argument(
        "--credentials",
        type=argparse.FileType(),
        default=sys.stdin,
        metavar="FILE",
        help="what `tieline partners key PARTNER` prints (default: standard input)",
    )
    parser.add_argument("--ed25519", type=Path, metavar="PEM", help="sign with this key in place of the API key")
    parser.add_argument("--kid", default="", help="by which name Tieline knows its public half")
    given = parser.parse_args(arguments)
    try:
        app_id, key = credentials(given.credentials.read())
        if given.ed25519 is None:
            signer = Signer.with_api_key(app_id, key)
        else:
            signer = Signer.with_ed25519(app_id, given.ed25519, given.kid)
    except TielineError as error:
        sys.stderr.write(f"tieline.sandbox.host: {error}\n")
        return 1
    sys.stdout.write(f"Fairground  http://{given.host}:{given.port}   Stop with Ctrl-C.\n")
    sys.stdout.flush()
    app = fairground(given.server.rstrip("/"), app_id, signer)
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning", access_log=False, server_header=False)
    return 0


def credentials(text: str) -> tuple[str, str]:
    """(app id, API key) of the two header lines. Raises `Misconfigured`."""
    lines = (line.partition(":") for line in text.splitlines())
    found = {name.strip().lower(): value.strip() for name, _, value in lines}
    if not found.get("x-app-id") or not found.get("x-api-key"):
        raise Misconfigured("Give the two lines that `tieline partners key PARTNER` prints.")
    return found["x-app-id"], found["x-api-key"]


if __name__ == "__main__":
    sys.exit(main())
