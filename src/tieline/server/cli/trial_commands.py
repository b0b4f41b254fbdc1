"""``tieline automations test``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli.automations_commands import automations
from tieline.server.cli.common import AsJson, Key, Url, everything, json_option, on_server, pick, say, say_json
from tieline.server.cli.following import wait_for
from tieline.server.cli.runs_commands import show_run

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

LONGEST_WAIT = 60


@automations.command("test")
def try_out(
    name: str,
    until: Annotated[str, typer.Option(metavar="BLOCK", help="The block behind which the run ends.")] = "",
    only: Annotated[str, typer.Option(metavar="BLOCK", help="The one block that runs.")] = "",
    inputs: Annotated[str | None, typer.Option(metavar="JSON", help="What the start block gets.")] = None,
    sample: Annotated[
        str | None, typer.Option(metavar="JSON", help="With --only: outputs and variables by reference name.")
    ] = None,
    pins: Annotated[bool, typer.Option("--pins/--no-pins", help="Take pinned outputs.")] = True,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Run the newest version as a test, up to one block or only one block; calls are real."""
    if until and only:
        raise BadInput("--until and --only exclude each other; give one of them")
    data = json_option(sample, "--sample")

    async def work(api: Api) -> dict[str, Any]:
        one = pick(await everything(api, "automations"), name, "automation", "name")
        where = f"automations/{one['id']}"
        body: dict[str, Any] = {"pins": pins, "wait": LONGEST_WAIT}
        if inputs is not None:
            body["inputs"] = json_option(inputs, "--inputs")
        if data is not None:
            body["sample"] = data
        if until or only:
            body["until" if until else "only"] = _block(await api.call("GET", where), until or only)
        started = await api.call("POST", f"{where}/actions/test", body)
        ended = await wait_for(api, str(one["id"]), started, quiet=as_json)
        return {**started, **ended}

    ended = on_server(url, api_key, work)
    if as_json:
        say_json(ended)
    else:
        given = ended.pop("output", None)
        show_run(ended)
        if until or only:
            say(f"  gave     {json.dumps(given, ensure_ascii=False)}")
    if not str(ended["status"]).startswith("finished"):
        raise typer.Exit(1)


def _block(automation: dict[str, Any], wanted: str) -> str:
    """The id of a block by its id or reference name. Raises `BadInput`."""
    blocks = [entry for entry in automation.get("workspace", {}).get("blocks", []) if isinstance(entry, dict)]
    for field in ("id", "name"):
        found = [str(block["id"]) for block in blocks if block.get(field) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise BadInput(f"{len(found)} blocks are called {wanted!r}; name one by its id: {', '.join(found)}")
    names = ", ".join(sorted({str(block.get("name")) for block in blocks}))
    raise BadInput(f"there is no block {wanted!r}; the automation has {names}")
