"""``tieline connectors eval`` and ``diff``: how well documents are understood, and what has changed in them."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli.common import AsJson, Key, Url, everything, on_server, pick, read_document, say, say_json, table
from tieline.server.cli.connectors_commands import PATH, connectors, is_url

if TYPE_CHECKING:
    from tieline.connectors.documents import Bundle
    from tieline.connectors.drift import Diff
    from tieline.connectors.evaluation import Evaluation
    from tieline.connectors.manifest.model import Manifest
    from tieline.server.cli.api import Api

_MISSES = 20


@connectors.command("eval")
def evaluation(
    labels: Annotated[Path | None, typer.Argument(help="A file of labels, or a folder of such files.")] = None,
    from_vendor: Annotated[
        Path | None, typer.Option("--from-vendor", help="Build labels from the vendor extensions in these documents.")
    ] = None,
    documents: Annotated[
        list[Path] | None, typer.Option("--documents", help="Where the labelled documents lie; else beside the labels.")
    ] = None,
    misses: Annotated[int, typer.Option("--misses", min=0, help="How many wrong answers to show.")] = _MISSES,
    as_json: AsJson = False,
) -> None:
    """Print recall and precision of what the importer finds out, against labelled operations.

    Nothing is sent anywhere. Vendor extensions that say the answer are hidden from the importer.
    """
    from tieline.connectors.evaluation import evaluate, read_labels, vendor_labels

    if (labels is None) == (from_vendor is None):
        raise BadInput("name either a file (or folder) of labels, or a folder of documents with --from-vendor")
    chosen = read_labels(labels) if labels is not None else vendor_labels(from_vendor or Path())
    result = _watched(chosen, lambda told: evaluate(chosen, documents or (), told))
    if as_json:
        say_json(result.as_data())
        return
    _show(result, misses)


@connectors.command()
def diff(
    old: Annotated[str, typer.Argument(help="A connector of the server, or a document or manifest (file or URL).")],
    new: Annotated[
        str | None, typer.Argument(help="The newer document or manifest; without it the connector's own address.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Say what a newer document changes: breaking, additive, cosmetic, and the version it calls for.

    A connector of the server is compared as an import would change it, so that what a person corrected counts; the
    automations that a breaking change touches are named.
    """
    if _local(old):
        if new is None:
            raise BadInput("name two documents, or a connector of the server")
        before, after = _state(old), _state(new)
        found = _compared(before, after).as_data(before.version)
    else:
        found = on_server(url, api_key, lambda api: _from_server(api, old, new))
    if as_json:
        say_json(found)
        return
    _show_diff(found)


def _watched(labels: Any, work: Any) -> Any:
    """A progress bar where somebody looks at it."""
    import sys

    if not sys.stderr.isatty():
        return work(None)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("documents", total=len(labels.documents))
        return work(lambda _: progress.advance(task))


def _show(result: Evaluation, misses: int) -> None:
    say(f"{result.operations} operations of {result.documents} documents in {result.seconds:.1f} s")
    for origin, count in sorted(result.origins.items(), key=lambda one: -one[1]):
        say(f"  {count} labels from {origin}")
    say("")
    rows = (
        (
            name,
            _percent(one.recall),
            _percent(one.precision),
            one.right + one.missed,
            one.quiet + one.only_wrong,
            one.missed,
            one.wrong,
        )
        for name, one in result.scores.of.items()
        if one.asked
    )
    table(rows, "QUESTION", "RECALL", "PRECISION", "LABELLED", "LABELLED NONE", "MISSED", "WRONG")
    say("")
    kinds = (
        (kind, _percent(one.recall), _percent(one.precision), one.right + one.missed)
        for kind, one in sorted(result.scores.kinds.items(), key=lambda pair: -(pair[1].right + pair[1].missed))
    )
    table(kinds, "KIND", "RECALL", "PRECISION", "LABELLED")
    _show_misses(result, misses)
    notes = [*result.notes, *(f"{name} was not found and is not scored" for name in result.not_found)]
    for note in [*notes, *(f"{name} could not be imported: {why}" for name, why in result.failed.items())]:
        say(f"note: {note}")


def _show_misses(result: Evaluation, most: int) -> None:
    all_of_them = [(name, miss) for name, one in result.scores.of.items() for miss in one.misses]
    if all_of_them and most:
        say("")
    for name, miss in all_of_them[:most]:
        say(f"{name}: {miss.document} {miss.operation}: expected {miss.expected}, found {miss.found}")
    if most and len(all_of_them) > most:
        say(f"and {len(all_of_them) - most} more, see --misses or --json")


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _local(source: str) -> bool:
    return is_url(source) or source == "-" or Path(source).is_file()


def _state(source: str) -> Manifest:
    from tieline.connectors.drift import read_state

    bundle = asyncio.run(_downloaded(source)) if is_url(source) else _read(source)
    return read_state(bundle.data, address=bundle.address, parts=bundle.parts)


def _read(source: str) -> Bundle:
    """A file with what it refers to, or standard input."""
    from tieline.connectors.documents import Bundle, gather_file, is_archive, open_archive
    from tieline.connectors.manifest.limits import MAX_BYTES

    path = Path(source)
    if path.is_file():
        try:
            if path.stat().st_size <= MAX_BYTES:
                return gather_file(path)
        except OSError as error:
            raise BadInput(f"{source} cannot be read ({error.strerror}); name a file that may be read") from None
        raise BadInput(f"{source} is larger than {MAX_BYTES} bytes; that is no API document")
    data = read_document(path)
    return open_archive(data) if is_archive(data) else Bundle(data)


async def _downloaded(source: str) -> Bundle:
    from tieline.connectors.documents import fetch, gather_url
    from tieline.security.egress import Egress, Policy
    from tieline.server.settings import Settings

    async with Egress(Policy(allow=Settings().egress_allow)) as egress:
        answer = await fetch(egress, source)
        if answer.status != 200:
            raise BadInput(f"{source} answered {answer.status}; name an address that gives the document")
        return await gather_url(egress, answer.body, answer.url)


def _compared(before: Manifest, after: Manifest) -> Diff:
    from tieline.connectors.drift import compare

    return compare(before, after)


async def _from_server(api: Api, name: str, source: str | None) -> dict[str, Any]:
    identity = pick(await everything(api, PATH), name, "connector", "slug", "guid", "name")["id"]
    if source is None:
        found: dict[str, Any] = await api.call("GET", f"{PATH}/{identity}/drift", timeout=120)
    else:
        found = await api.call("POST", f"{PATH}/{identity}/diff", _body(source), timeout=120)
    return found


def _body(source: str) -> dict[str, Any]:
    """A document as the server takes it: its address, or its bytes with the files beside it."""
    if is_url(source):
        return {"source": source}
    bundle = _read(source)

    def written(data: bytes) -> str:
        return base64.b64encode(data).decode()

    parts = {name: written(data) for name, data in bundle.parts.items()}
    return {"document": written(bundle.data), "encoding": "base64", **({"parts": parts} if parts else {})}


def _show_diff(found: dict[str, Any]) -> None:
    for one in found["changes"]:
        say(f"{one['level']:9}  {one['message']}")
    counts = ", ".join(f"{found[level]} {level}" for level in ("breaking", "additive", "cosmetic") if found[level])
    if not counts:
        say("Nothing that the connector uses has changed.")
        return
    say(f"\n{counts}: a {found['bump']} version, {found['version']} -> {found['next_version']}")
    for one in found.get("automations", ()):
        say(f"touches automation {one['name']!r} ({one['id']}): {', '.join(one['blocks'])}")
