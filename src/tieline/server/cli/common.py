"""What the commands share: options, output, one way to run a coroutine against the server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from tieline.core.errors import BadInput

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

T = TypeVar("T")

Url = Annotated[str | None, typer.Option("--url", help="Address of the server; else TIELINE_URL, else the local one.")]
Key = Annotated[str | None, typer.Option("--api-key", help="API key; else TIELINE_API_KEY, else the local admin key.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def on_server(url: str | None, key: str | None, work: Callable[[Api], Awaitable[T]]) -> T:
    """Runs ``work`` with a client of the chosen server."""
    from tieline.server.cli.api import Api

    async def run() -> T:
        async with Api.local(url, key) as api:
            return await work(api)

    return asyncio.run(run())


async def everything(api: Api, path: str, **query: Any) -> list[dict[str, Any]]:
    """All entries of a list."""
    return [entry async for entry in api.all(path, **query)]


def pick(entries: Sequence[Mapping[str, Any]], wanted: str, what: str, *fields: str) -> Mapping[str, Any]:
    """The entry whose id, or one of ``fields``, is ``wanted``. Raises `BadInput` where there is none, or several."""
    for names in (("id",), fields):
        found = [entry for entry in entries if any(entry.get(name) == wanted for name in names)]
        if len(found) == 1:
            return found[0]
        if found:
            raise BadInput(f"there are {len(found)} {what}s called {wanted!r}; name one by its id")
    raise BadInput(f"there is no {what} {wanted!r}; `tieline {what}s ls` shows what there is")


def say(text: str) -> None:
    """A line on standard output."""
    sys.stdout.write(text + "\n")


def say_json(value: Any) -> None:
    """One line of JSON on standard output."""
    say(json.dumps(value, ensure_ascii=False, default=str))


def table(rows: Iterable[Sequence[Any]], *columns: str) -> None:
    """A table that also reads well when it is piped."""
    from rich.console import Console
    from rich.table import Table

    made = Table(box=None, pad_edge=False, show_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 200)
    console.print(made)


def read_document(path: Path) -> bytes:
    """A file's content, or standard input for ``-``. Raises `BadInput`."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); name a file that can") from None


def read_json(path: Path) -> Any:
    """A JSON file. Raises `BadInput` with the place of the fault."""
    try:
        return json.loads(read_document(path))
    except ValueError as error:
        raise BadInput(f"{path} is not JSON: {error}") from None


def json_option(text: str | None, option: str) -> Any:
    """The value of an option that takes JSON; None where it was not given. Raises `BadInput`."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput(f"{option} is not JSON: {error}") from None


def write_new(path: Path, text: str) -> None:
    """Writes a file whole or not at all. Raises `BadInput`."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise BadInput(f"{path} cannot be written ({error.strerror}); name a folder that you may write to") from None


def write_package(folder: Path, files: Mapping[str, str]) -> None:
    """Writes these files below ``folder``, making what is missing. Raises `BadInput`."""
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"{path.parent} cannot be made ({error.strerror}); name a folder that you may write to"
            ) from None
        write_new(path, text)
