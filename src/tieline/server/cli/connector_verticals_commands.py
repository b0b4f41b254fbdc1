"""``tieline connectors vertical``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli.common import AsJson, Key, Url, on_server, read_document, say, say_json
from tieline.server.cli.connectors_commands import connectors, stored_manifest

if TYPE_CHECKING:
    from tieline.connectors.manifest.model import Manifest


@connectors.command()
def vertical(
    source: Annotated[str, typer.Argument(help="A connector on the server, or a manifest or API document in a file.")],
    name: Annotated[str | None, typer.Option("--vertical", help="eventtech or telephony; both without.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Say what an API can do of a trade: whether it can check an attendee in, update a live call and so on.

    Exit code 1 when something is missing without which an integration of the (named) trade is of little use.
    """
    from tieline.connectors.verticals import check, verticals

    known = verticals()
    if name is not None and name not in known:
        raise BadInput(f"there is no vertical {name!r}; there are: {', '.join(known)}")
    manifest = _manifest(source, url, api_key)
    reports = [check(manifest, one) for one in known.values() if name in (None, one.name)]
    for report in reports:
        if as_json:
            say_json(report.plain())
            continue
        plain = report.plain()
        say(f"{plain['connector']} as {plain['vertical']}: {plain['can']} of {plain['of']}")
        for finding in report.findings:
            told = ", ".join(finding.by) if finding.ok else finding.lacks
            say(f"  {'yes' if finding.ok else 'no '}  {finding.sentence}{'  *' if finding.core else ''}  ({told})")
    if name is not None and not reports[0].fits:
        raise typer.Exit(1)


def _manifest(source: str, url: str | None, api_key: str | None) -> Manifest:
    from tieline.connectors.importers import import_document
    from tieline.connectors.manifest import io
    from tieline.connectors.manifest.model import SCHEMA

    path = Path(source)
    if not path.is_file():
        stored: dict[str, Any] = on_server(url, api_key, lambda api: stored_manifest(api, source))
        from tieline.core import json

        return io.load(json.dumps(stored))
    data = read_document(path)
    if SCHEMA.encode() in data[:4096]:
        return io.load(data)
    return import_document(data, address=source)
