"""``tieline specs``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from tieline.core.errors import BadInput
from tieline.server.cli import app
from tieline.server.cli.common import AsJson, read_document, say, say_json, write_new

if TYPE_CHECKING:
    from tieline.api.published.changes import Change, Surface

specs = typer.Typer(no_args_is_help=True, help="The published API documents: build, fetch and compare them.")
app.add_typer(specs, name="specs")

SURFACE = "api.surface.json"
LOG = "CHANGES.md"


class FailOn(StrEnum):
    """What makes a comparison fail."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    ANY = "any"


@specs.callback()
def about() -> None:
    """The published API documents: build, fetch and compare them."""


@specs.command()
def build(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write to; made where there is none.")
    ] = Path("specs"),
    base_url: Annotated[
        str, typer.Option("--base-url", help="The address of the server that the documents are to name.")
    ] = "http://127.0.0.1:8400",
    as_json: AsJson = False,
) -> None:
    """Write every document of this version's API, and its surface.

    Asks no server; the same code gives the same bytes.
    """
    from tieline.api.published.changes import surface, written
    from tieline.api.published.kept import assemble
    from tieline.server.offline import offline_document

    address = _address(base_url, "--base-url")
    whole = offline_document(address)
    made = {name: _pretty(document) for name, document in assemble(whole, address).items()}
    made[SURFACE] = written(surface(whole))
    for name, text in made.items():
        _write(output / name, text)
    if as_json:
        say_json({"output": str(output), "files": sorted(made)})
    else:
        say(f"{len(made)} files in {output}")


@specs.command()
def sync(
    source: Annotated[str, typer.Argument(help="Address of a Tieline server, or of one OpenAPI document in JSON.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to keep them in; made where there is none.")],
    as_json: AsJson = False,
) -> None:
    """Fetch published documents into a folder, and write down in its CHANGES.md what changed since the last time."""
    from tieline.core.clock import now

    entries: list[str] = []
    told: list[dict[str, Any]] = []
    for name, content in _fetched(_address(source, "SOURCE")).items():
        path = output / name
        before = path.read_bytes() if path.is_file() else None
        document = _parsed(content, name)
        if name.startswith("postman/"):
            _write(path, _pretty(document))
            continue
        if not isinstance(document.get("paths"), dict):
            raise BadInput(f"{name} of {source} is no OpenAPI document; name a Tieline server, or a document's address")
        changes = _compared(before, document, name)
        told.append({"file": name, "new": before is None, "changes": [_shown(one) for one in changes]})
        if changes:
            entries.append(_entry(changes, f"{now():%Y-%m-%d}: {name}"))
        elif before is None:
            entries.append(f"## {now():%Y-%m-%d}: {name}\n\nFetched for the first time.\n")
        _write(path, _pretty(document))
    if entries:
        _prepend(output / LOG, entries)
    if as_json:
        say_json({"output": str(output), "documents": told})
        return
    changed = sum(1 for one in told if one["changes"])
    say(f"{len(told)} documents in {output}; {changed} changed{f', see {output / LOG}' if entries else ''}")


@specs.command()
def diff(
    old: Annotated[Path, typer.Argument(help="An OpenAPI document or a surface, in JSON; - for standard input.")],
    new: Annotated[Path, typer.Argument(help="Another, which came after.")],
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="End with exit code 1 where there is a change of this weight.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two documents by what programs rely on, as an entry of a change log."""
    from tieline.api.published.changes import BREAKING, COMPATIBLE, compare, summary

    changes = compare(_surface(read_document(old), str(old)), _surface(read_document(new), str(new)))
    counted = summary(changes)
    if as_json:
        say_json({"summary": counted, "changes": [_shown(one) for one in changes]})
    else:
        say(_entry(changes, "Changes").rstrip())
    heavy = {
        None: 0,
        FailOn.BREAKING: counted[BREAKING],
        FailOn.COMPATIBLE: counted[BREAKING] + counted[COMPATIBLE],
        FailOn.ANY: len(changes),
    }[fail_on]
    if heavy:
        raise typer.Exit(1)


def _address(text: str, option: str) -> str:
    """An absolute address without its last slash. Raises `BadInput`."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise BadInput(f"{option} is {text!r}, which is no address; write one like https://tieline.example.com")
    return text.rstrip("/")


def _fetched(source: str) -> dict[str, bytes]:
    """What a server publishes, or the one document, by the name of its file."""
    import asyncio

    from tieline.security.egress import Egress
    from tieline.server.cli.api import ANYWHERE

    async def fetch() -> dict[str, bytes]:
        async with Egress(ANYWHERE) as egress:

            async def get(url: str) -> bytes | None:
                answer = await egress.request("GET", url, headers={"accept": "application/json"})
                if answer.status == 404:
                    return None
                if answer.status != 200:
                    raise BadInput(f"{url} answered {answer.status}; name an address that gives the document")
                return answer.body

            parts = urlsplit(source)
            if parts.query or parts.path.endswith(".json"):
                found = {f"{parts.path.rpartition('/')[2].removesuffix('.json') or 'document'}.json": await get(source)}
            else:
                from tieline.api.published.kept import names

                # A server of another version may have fewer families.
                found = {name: await get(f"{source}/{name}") for name in names()}
        return {name: content for name, content in found.items() if content is not None}

    documents = asyncio.run(fetch())
    if not documents:
        raise BadInput(f"{source} publishes no documents; name a Tieline server, or the address of a document")
    return documents


def _compared(before: bytes | None, document: dict[str, Any], name: str) -> list[Change]:
    if before is None:
        return []
    from tieline.api.published.changes import compare, surface

    return compare(_surface(before, name), surface(document))


def _surface(content: bytes, name: str) -> Surface:
    from tieline.api.published.changes import is_surface, surface

    document = _parsed(content, name)
    if is_surface(document):
        return document
    if not isinstance(document.get("paths"), dict):
        raise BadInput(f"{name} is neither an OpenAPI document nor a surface; `tieline specs build` writes both")
    return surface(document)


def _parsed(content: bytes, name: str) -> dict[str, Any]:
    import json

    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadInput(f"{name} is not an object in JSON; name an OpenAPI document")
    return document


def _entry(changes: list[Change], title: str) -> str:
    from tieline.api.published.changes import markdown

    return markdown(changes, title)


def _shown(change: Change) -> dict[str, str]:
    return {"weight": change.weight, "subject": change.subject, "where": change.where, "what": change.what}


def _prepend(path: Path, entries: list[str]) -> None:
    """The newest stands first."""
    title = "# Changes of the fetched documents\n\n"
    known = path.read_text(encoding="utf-8") if path.is_file() else title
    _write(path, title + "\n".join(entries) + "\n" + known.removeprefix(title))


def _pretty(document: Any) -> str:
    import json

    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{path.parent} cannot be made ({error.strerror}); name another folder") from None
    write_new(path, text)
