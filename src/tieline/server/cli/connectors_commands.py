"""``tieline connectors``."""

from __future__ import annotations

import asyncio
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
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Turn an API document into a connector and keep it on the server.

    A folder is only reported on, one line a document. With -o the manifest goes to a file (YAML, or JSON by its name).
    """
    path = Path(source)
    if source != "-" and path.is_dir():
        _folder(path, format, as_json)
        return
    if output is not None:
        _to_file(source, format, name, output, as_json)
        return
    _to_server(source, format, name, as_json, url, api_key)


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
    manifest = on_server(url, api_key, lambda api: _manifest(api, name))
    if as_json:
        say_json(manifest)
        return
    import yaml

    say(yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=120).rstrip())


@connectors.command()
def blocks(name: str, as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """List a connector's blocks with their inputs."""
    manifest = on_server(url, api_key, lambda api: _manifest(api, name))
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


async def _manifest(api: Api, name: str) -> dict[str, Any]:
    found: dict[str, Any] = await api.call("GET", f"{PATH}/{await _id(api, name)}/manifest")
    return found


def _folder(path: Path, format: str | None, as_json: bool) -> None:
    from tieline.connectors.importers import reports

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
        raise BadInput(f"{path} holds no JSON or YAML file; name a folder that holds API documents")
    if failed:
        raise typer.Exit(1)


def _to_file(source: str, format: str | None, name: str | None, output: Path, as_json: bool) -> None:
    from tieline.connectors.importers import import_document, summary
    from tieline.connectors.manifest import io

    data = _fetched(source)
    manifest = import_document(data, address="" if source == "-" else source, format=format, name=name)
    write_new(output, io.dump(manifest, "json" if output.suffix == ".json" else "yaml"))
    _told({"file": source, "ok": True, **summary(manifest), "output": str(output)}, as_json)


def _to_server(
    source: str, format: str | None, name: str | None, as_json: bool, url: str | None, key: str | None
) -> None:
    body: dict[str, Any] = {"format": format, "name": name}
    if _is_url(source):
        body["source"] = source
    else:
        from tieline.connectors.manifest.limits import MAX_BYTES

        data = read_document(Path(source))
        if len(data) > MAX_BYTES:
            raise BadInput(f"{source} has {len(data)} bytes; at most {MAX_BYTES} can be imported")
        body["document"] = (
            data.decode("utf-8", errors="surrogateescape") if _utf8(data) else data.decode("cp1252", errors="replace")
        )
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


def _fetched(source: str) -> bytes:
    """A document from a file, standard input or a URL."""
    if not _is_url(source):
        return read_document(Path(source))
    from tieline.security.egress import Egress, Policy
    from tieline.server.settings import Settings

    async def fetch() -> bytes:
        async with Egress(Policy(allow=Settings().egress_allow)) as egress:
            answer = await egress.request("GET", source)
            if answer.status != 200:
                raise BadInput(f"{source} answered {answer.status}; name an address that gives the document")
            return answer.body

    return asyncio.run(fetch())


def _is_url(source: str) -> bool:
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
