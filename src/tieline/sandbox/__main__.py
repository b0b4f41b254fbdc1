"""``python -m tieline.sandbox``: starts both servers and says where they are."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from tieline.core.errors import TielineError
from tieline.core.json import dumps
from tieline.sandbox.serve import serve
from tieline.sandbox.service import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after a clean end, 1 where a port is taken, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tieline.sandbox", description="Two small SaaS products to play with."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--events-port", type=_whole(65535), default=8410, metavar="N", help="0 = any free port")
    parser.add_argument("--telephony-port", type=_whole(65535), default=8420, metavar="N", help="0 = any free port")
    parser.add_argument(
        "--registrations", type=_whole(1_000_000), default=1000, metavar="N", help="seeded registrations"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same data")
    parser.add_argument("--token-seconds", type=float, default=3600.0, metavar="S", help="life of an access token")
    parser.add_argument(
        "--until-eof", action="store_true", help="end with standard input (a child that must not outlive)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON line instead of text when ready")
    given = parser.parse_args(arguments)
    try:
        serve(
            host=given.host,
            events_port=given.events_port,
            telephony_port=given.telephony_port,
            registrations=given.registrations,
            seed=given.seed,
            settings=Settings(token_seconds=given.token_seconds),
            ready=_print_json if given.json else _print_text,
            until_eof=given.until_eof,
        )
    except TielineError as error:
        sys.stderr.write(f"tieline.sandbox: {error}\n")
        return 1
    return 0


def _whole(most: int) -> Any:
    def whole(text: str) -> int:
        if not text.isdigit() or int(text) > most:
            raise argparse.ArgumentTypeError(f"a whole number from 0 to {most}")
        return int(text)

    return whole


def _print_json(about: dict[str, Any]) -> None:
    _say(dumps(about).decode())


def _print_text(about: dict[str, Any]) -> None:
    events, telephony = about["events"], about["telephony"]
    _say(
        f"Gather    {events['url']}   {events['api_key_header']}: {events['api_key']}\n"
        f"Dialbook  {telephony['url']}   client {telephony['client_id']} / {telephony['client_secret']}\n"
        "Control desk: /_sandbox on both. Stop with Ctrl-C."
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
