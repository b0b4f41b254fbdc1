"""The command line: ``tieline``.

Exit codes: 0 done, 1 failed (one line on standard error says why), 2 used wrongly. Modules of commands import what they
need when they run, so that ``tieline --help`` is quick.
"""

from __future__ import annotations

import sys

import typer

from tieline.core.errors import TielineError

app = typer.Typer(
    name="tieline",
    help="Tieline: turn API documents into connectors, build automations, run them durably.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Entry point: errors of ours become one line, Ctrl-C ends quietly."""
    from tieline.server.cli import commands  # noqa: F401  registers the commands

    try:
        app()
    except TielineError as error:
        fail(error.detail)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)


def fail(message: str, code: int = 1) -> None:
    """One line on standard error, then the end."""
    sys.stderr.write(f"tieline: {' '.join(message.split())}\n")
    sys.exit(code)
