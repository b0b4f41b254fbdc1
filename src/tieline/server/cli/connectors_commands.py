"""``tieline connectors``."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli import app
from tieline.server.cli.common import (
    AsJson,
    Key,
    Url,
    everything,
    on_server,
    pick,
    read_document,
    say,
    say_json,
    table,
    write_new,
)

if TYPE_CHECKING:
    from tieline.connectors.documents import Bundle
    from tieline.connectors.manifest.model import Manifest
    from tieline.server.cli.api import Api

connectors = typer.Typer(no_args_is_help=True, help="Connectors: made of API documents.")
app.add_typer(connectors, name="connectors")

PATH = "automation-connectors"


@connectors.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="A file, a URL, a folder of documents, or - for standard input.")],
    format: Annotated[str | None, typer.Option("--format", help="The document's format; found out without it.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the connector is to be called.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the manifest to this file only.")] = None,
    further: Annotated[
        list[Path] | None,
        typer.Option("--with", help="A further file of the same documentation, an environment say; may be repeated."),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", help='"Name: value" for fetching from a URL, an API key say; may be repeated.'),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Turn an API document into a connector and keep it on the server.

    Files that the document refers to are read too: below its folder, or from its own server. A ZIP archive is opened.
    A folder is only reported on, one line a document. With -o the manifest goes to a file (YAML, or JSON by its name).
    The address of a GraphQL endpoint is asked for its schema. What --header says is used once and kept nowhere.
    """
    path = Path(source)
    if source != "-" and path.is_dir():
        _folder(path, format, as_json)
        return
    headers = _headers(header or [], source)
    if output is not None:
        _to_file(source, further or [], format, name, output, as_json, headers)
        return
    _to_server(source, further or [], format, name, as_json, url, api_key, headers)


@connectors.command()
def ls(as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """List the connectors."""
    found = on_server(url, api_key, lambda api: everything(api, PATH))
    if as_json:
        say_json(found)
        return
    table(
        ((one["slug"], one["name"], one["version"], one["revision"], one["id"]) for one in found),
        "NAME",
        "TITLE",
        "VERSION",
        "REVISION",
        "ID",
    )


@connectors.command()
def show(name: str, as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """Show a connector's manifest: every value with its evidence and confidence."""
    manifest = on_server(url, api_key, lambda api: stored_manifest(api, name))
    if as_json:
        say_json(manifest)
        return
    import yaml

    say(yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=120).rstrip())


@connectors.command()
def blocks(name: str, as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """List a connector's blocks with their inputs."""
    manifest = on_server(url, api_key, lambda api: stored_manifest(api, name))
    listed = manifest.get("blocks", [])
    if as_json:
        say_json(listed)
        return
    rows = (
        (
            block["id"],
            block.get("kind", "action"),
            block.get("object", ""),
            f"{block.get('method', 'GET')} {block.get('path', '')}",
            block.get("paging", {}).get("style", ""),
            " ".join(entry["id"] + ("*" if entry.get("required") else "") for entry in block.get("inputs", [])),
        )
        for block in listed
    )
    table(rows, "BLOCK", "KIND", "OBJECT", "CALL", "PAGING", "INPUTS (* = required)")


@connectors.command()
def rm(name: str, url: Url = None, api_key: Key = None) -> None:
    """Remove a connector that no connection uses."""

    async def work(api: Api) -> None:
        await api.call("DELETE", f"{PATH}/{await _id(api, name)}")

    on_server(url, api_key, work)


async def _id(api: Api, name: str) -> str:
    return str(pick(await everything(api, PATH), name, "connector", "slug", "guid", "name")["id"])


async def stored_manifest(api: Api, name: str) -> dict[str, Any]:
    """The manifest of a connector by its name, guid or id."""
    found: dict[str, Any] = await api.call("GET", f"{PATH}/{await _id(api, name)}/manifest")
    return found


def _folder(path: Path, format: str | None, as_json: bool) -> None:
    from tieline.connectors.documents import reports

    failed = count = 0
    for entry in reports(path, format=format):
        count += 1
        failed += not entry["ok"]
        if as_json:
            say_json(entry)
        elif entry["ok"]:
            kinds = ", ".join(f"{kind} {number}" for kind, number in entry["blocks"].items())
            say(f"ok    {entry['file']}: {entry['format']} {entry['version']}, {kinds} ({entry['seconds']:.2f} s)")
        else:
            say(f"FAIL  {entry['file']}: {entry['error']['detail']}")
    if not count:
        raise BadInput(f"{path} holds no documentation; name a folder with API documents")
    if failed:
        raise typer.Exit(1)


def _to_file(
    source: str,
    further: list[Path],
    format: str | None,
    name: str | None,
    output: Path,
    as_json: bool,
    headers: dict[str, str],
) -> None:
    from tieline.connectors.importers import summary
    from tieline.connectors.manifest import io

    manifest = _imported(source, further, format, name, headers)
    write_new(output, io.dump(manifest, "json" if output.suffix == ".json" else "yaml"))
    _told({"file": source, "ok": True, **summary(manifest), "output": str(output)}, as_json)


def _imported(
    source: str, further: list[Path], format: str | None, name: str | None, headers: dict[str, str]
) -> Manifest:
    from tieline.connectors.importers import import_document

    bundle = _with(_gathered(source, format, headers), source, further)
    address = source if is_url(source) else bundle.address
    return import_document(bundle.data, address=address, format=format, name=name, parts=bundle.parts)


def _to_server(
    source: str,
    further: list[Path],
    format: str | None,
    name: str | None,
    as_json: bool,
    url: str | None,
    key: str | None,
    headers: dict[str, str],
) -> None:
    from tieline.connectors.documents import Bundle
    from tieline.connectors.manifest import io

    if headers:
        # Credentials for the document do not travel: it is read here, and the server gets the manifest.
        manifest = _imported(source, further, format, name, headers)
        bundle = Bundle(io.dump(manifest, "json").encode())
    else:
        bundle = Bundle(b"") if is_url(source) else _gathered(source)
        bundle = _with(bundle, source, further)
    body: dict[str, Any] = {"format": "manifest" if headers else format, "name": name}
    plain = all(_utf8(data) for data in (bundle.data, *bundle.parts.values()))
    if is_url(source) and not headers:
        body["source"] = source
    else:
        body["document"] = _written(bundle.data, plain)
    if bundle.parts:
        body["parts"] = {part: _written(data, plain) for part, data in bundle.parts.items()}
    if not plain:
        body["encoding"] = "base64"
    chosen = {key_: value for key_, value in body.items() if value is not None}
    made = on_server(url, key, lambda api: api.call("POST", PATH, chosen, timeout=120))
    _told(
        {
            "file": source,
            "ok": True,
            **made["report"],
            "id": made["id"],
            "name": made["slug"],
            "revision": made["revision"],
        },
        as_json,
    )


def _gathered(source: str, format: str | None = None, headers: dict[str, str] | None = None) -> Bundle:
    """A document from a file, standard input or a URL, with the files that it refers to."""
    from tieline.connectors.documents import Bundle, gather_file, is_archive, open_archive
    from tieline.connectors.manifest.limits import MAX_BYTES

    if is_url(source):
        return _downloaded(source, format, headers or {})
    path = Path(source)
    if source == "-" or not path.is_file():
        data = read_document(path)
        return open_archive(data) if is_archive(data) else Bundle(data)
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise BadInput(f"{source} has {size} bytes; at most {MAX_BYTES} can be imported")
        return gather_file(path)
    except OSError as error:
        raise BadInput(f"{source} cannot be read ({error.strerror}); name a file that may be read") from None


def _downloaded(source: str, format: str | None, headers: dict[str, str]) -> Bundle:
    from tieline.connectors.documents import fetch, gather_url
    from tieline.security.egress import Egress, Policy
    from tieline.server.settings import Settings

    async def download() -> Bundle:
        async with Egress(Policy(allow=Settings().egress_allow)) as egress:
            answer = await fetch(egress, source, format=format, headers=headers)
            if answer.status != 200:
                raise BadInput(f"{source} answered {answer.status}; name an address that gives the document")
            return await gather_url(egress, answer.body, answer.url, asked=source, headers=headers)

    return asyncio.run(download())


def _with(bundle: Bundle, source: str, further: list[Path]) -> Bundle:
    """``further`` files under their path relative to the document, or their name where they do not lie below it."""
    folder = Path(source).resolve().parent if source != "-" and not is_url(source) else None
    for path in further:
        whole = path.resolve()
        below = folder is not None and whole.is_relative_to(folder)
        name = whole.relative_to(folder).as_posix() if folder is not None and below else path.name
        bundle.parts[name] = read_document(path)
    return bundle


def _written(data: bytes, plain: bool) -> str:
    return data.decode() if plain else base64.b64encode(data).decode()


def _headers(given: list[str], source: str) -> dict[str, str]:
    """``Name: value`` as headers. Raises `BadInput` without repeating a value."""
    found: dict[str, str] = {}
    for number, one in enumerate(given, 1):
        name, colon, value = one.partition(":")
        if not colon or not name.strip() or not value.strip() or not (name + value).isprintable():
            raise BadInput(f"--header number {number} is not of the form 'Name: value'")
        found[name.strip()] = value.strip()
    if found and not is_url(source):
        raise BadInput("--header is for fetching from a URL; leave it out for a file")
    return found


def is_url(source: str) -> bool:
    """True for an address; here and not asked of `documents`, which takes long to load."""
    return source.startswith(("http://", "https://"))


def _utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _told(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(report)
        return
    say(f"{report['name']}: {report['format']} {report['version']}".rstrip())
    say("  blocks  " + ", ".join(f"{kind} {number}" for kind, number in report["blocks"].items()))
    say("  auth    " + (", ".join(report["auth"]) or "none"))
    say("  paging  " + (", ".join(f"{style} {number}" for style, number in report["paging"].items()) or "none"))
    for warning in report["warnings"][:10]:
        say(f"  note    {warning}")
    if len(report["warnings"]) > 10:
        say(f"  note    and {len(report['warnings']) - 10} more, see --json")
    if "id" in report:
        say(f"  kept    as revision {report['revision']}, id {report['id']}")
    if "output" in report:
        say(f"  wrote   {report['output']}")
