"""The command line: ``tieline``.

Exit codes: 0 done, 1 failed, 2 used wrongly; one line on standard error says why. Modules of commands are imported when
their command is asked for, and import what they need when they run, so that ``tieline --help`` is quick.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tieline.core.errors import TielineError
from tieline.server.cli.root import Root

app = typer.Typer(
    name="tieline",
    cls=Root,
    help="Tieline: turn API documents into connectors, build automations, run them durably.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Without boxes: they take longer to draw than most commands, and do not read well in a pipe.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"tieline {version('tieline')}\n")
        raise typer.Exit


@app.callback()
def tieline(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Tieline: turn API documents into connectors, build automations, run them durably."""


def main() -> None:
    """Entry point: errors of ours and wrong use become one line, Ctrl-C ends quietly."""
    from typer._click.exceptions import NoArgsIsHelpError, UsageError

    try:
        code = app(prog_name="tieline", standalone_mode=False)
    except NoArgsIsHelpError as bare:
        bare.show()
        sys.exit(bare.exit_code)
    except UsageError as wrong:
        # What we find ourselves names its option already.
        said = wrong.message if getattr(wrong, "param", wrong) is None else wrong.format_message()
        where = f" (see `{wrong.ctx.command_path} --help`)" if wrong.ctx else ""
        fail(said.replace("Value error, ", "").rstrip(".") + where, wrong.exit_code)
    except typer.Abort:
        fail("given up")
    except TielineError as error:
        fail(error.detail)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    else:
        if isinstance(code, int) and code:
            sys.exit(code)


def fail(message: str, code: int = 1) -> None:
    """One line on standard error, then the end."""
    sys.stderr.write(f"tieline: {' '.join(message.split())}\n")
    sys.exit(code)
