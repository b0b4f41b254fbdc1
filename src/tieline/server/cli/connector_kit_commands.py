"""``tieline connectors test``, ``new``, ``publish`` and ``catalog``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput, Misconfigured, NotFound
from tieline.server.cli.common import AsJson, Key, Url, everything, on_server, pick, say, say_json, table
from tieline.server.cli.connectors_commands import PATH, connectors, stored_manifest

if TYPE_CHECKING:
    from tieline.connectors.manifest.model import Manifest
    from tieline.server.cli.api import Api

catalog = typer.Typer(no_args_is_help=True, help="Connectors that come with Tieline.")
connectors.add_typer(catalog, name="catalog")


@connectors.command("test")
def conformance(
    connector: Annotated[str, typer.Argument(help="A connector of the server or of the catalog, or a manifest file.")],
    block: Annotated[str | None, typer.Option("--block", help="This block only.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Show every scenario, not only those that failed.")] = False,
    probe: Annotated[bool, typer.Option("--probe", help="Ask a live account instead; only reads.")] = False,
    connection: Annotated[
        str | None, typer.Option("--connection", help="With --probe: which connection, where there are several.")
    ] = None,
    writes: Annotated[
        bool, typer.Option("--writes", help="With --probe: also make and delete records of its own.")
    ] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Run every block against a mock made of the manifest, and print a certificate.

    Nothing leaves this machine. Exit code 1 when a scenario failed. With --probe the account of a connection is asked
    what the documentation left open, and the connector keeps the answers as facts; exit code 1 when it contradicts.
    """
    if probe:
        _probe(connector, connection, writes, as_json, url, api_key)
        return
    if connection is not None or writes:
        raise typer.BadParameter("--connection and --writes go with --probe")
    from tieline.connectors.conformance import conform

    made = asyncio.run(conform(_wanted(connector, url, api_key), block=block))
    if as_json:
        import msgspec

        say_json(msgspec.to_builtins(made))
    else:
        for line in made.lines(full=full):
            say(line)
    if not made.ok:
        raise typer.Exit(1)


def _probe(
    connector: str, connection: str | None, writes: bool, as_json: bool, url: str | None, api_key: str | None
) -> None:
    async def work(api: Api) -> dict[str, Any]:
        chosen = pick(await everything(api, PATH), connector, "connector", "slug", "guid", "name")
        made = [one for one in await everything(api, "automation-connections") if one["connectorId"] == chosen["id"]]
        if not made:
            raise BadInput(f"{connector!r} has no connection; make one with `tieline connections connect {connector}`")
        if connection is None and len(made) > 1:
            raise BadInput(f"{connector!r} has {len(made)} connections; choose one with --connection")
        one = made[0] if connection is None else pick(made, connection, "connection", "name")
        where = f"automation-connections/{one['id']}/actions/probe"
        report: dict[str, Any] = await api.call("POST", where, {"writes": writes}, timeout=300)
        return report

    report = on_server(url, api_key, work)
    if as_json:
        say_json(report)
    else:
        for one in report["findings"]:
            say(f"  {one['verdict']:<9}  {one['block']}  {one['what']}: {one['said']}")
        say(", ".join(f"{verdict} {number}" for verdict, number in report["counts"].items()))
        say(f"kept as revision {report['revision']}")
    if report["counts"].get("doubtful"):
        raise typer.Exit(1)


@connectors.command()
def new(
    name: Annotated[str, typer.Argument(help="Lower-case words joined by hyphens.")],
    folder: Annotated[Path, typer.Option("--in", help="Where to write it.")] = Path(),
) -> None:
    """Write a commented manifest to begin with, and the schema by which editors check it."""
    from tieline.connectors.kit import scaffold

    file, schema = scaffold(name, folder)
    say(f"wrote {file} and {schema}")
    say(f"next  tieline connectors test {file}")


@connectors.command()
def publish(
    file: Annotated[Path, typer.Argument(help="A manifest.")],
    to: Annotated[Path, typer.Option("--to", help="A folder; in a git work tree the files are committed.")],
    untested: Annotated[bool, typer.Option("--untested", help="Without the offline test.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a manifest that conforms into a folder, under its version, with an index of hashes."""
    from tieline.connectors.conformance import conform
    from tieline.connectors.kit import publish as put
    from tieline.connectors.kit import read_file

    if not untested:
        made = asyncio.run(conform(read_file(file)))
        if not made.ok:
            raise BadInput(f"{file} does not conform ({made.failed} scenarios failed); see `tieline connectors test`")
    done = put(file, to)
    if as_json:
        say_json(
            {
                "name": done.name,
                "version": done.version,
                "file": str(done.file),
                "sha256": done.sha256,
                "changed": done.changed,
                "commit": done.commit,
            }
        )
        return
    say(f"{'published' if done.changed else 'unchanged'} {done.name} {done.version}: {done.file}")
    say(f"  sha256  {done.sha256}")
    if done.commit:
        say(f"  commit  {done.commit}")


@catalog.command("ls")
def list_catalog(as_json: AsJson = False) -> None:
    """List the connectors that come with Tieline."""
    from tieline.connectors import catalog as shelf

    found = shelf.entries()
    if as_json:
        import msgspec

        say_json(msgspec.to_builtins(found))
        return
    table(
        (
            (one.name, one.title, one.version, ", ".join(one.auth), ", ".join(one.paging), one.blocks, one.events)
            for one in found
        ),
        "NAME",
        "TITLE",
        "VERSION",
        "AUTH",
        "PAGING",
        "BLOCKS",
        "EVENTS",
    )


@catalog.command()
def add(
    name: Annotated[str, typer.Argument(help="A name of `tieline connectors catalog ls`.")],
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Give the tenant a connector of the catalog; adding it again brings a newer version."""
    from tieline.connectors import catalog as shelf

    body: dict[str, Any] = {"format": "manifest", "document": shelf.text(name)}
    made = on_server(url, api_key, lambda api: api.call("POST", PATH, body, timeout=60))
    if as_json:
        say_json(made)
        return
    say(f"{made['slug']} {made['version']}: revision {made['revision']}, id {made['id']}")


def _wanted(connector: str, url: str | None, key: str | None) -> Manifest:
    """A file, else a connector of the server, else one of the catalog."""
    from tieline.connectors import catalog as shelf
    from tieline.connectors.kit import read_file
    from tieline.connectors.manifest import io
    from tieline.core import json
    from tieline.server.cli.api import ServerUnreachable

    path = Path(connector)
    if path.is_file() or path.suffix in (".yaml", ".yml", ".json"):
        return read_file(path)
    try:
        return io.load(json.dumps(on_server(url, key, lambda api: stored_manifest(api, connector))))
    except (ServerUnreachable, Misconfigured, BadInput, NotFound):
        if url is None and connector in shelf.names():
            return shelf.load(connector)
        raise
