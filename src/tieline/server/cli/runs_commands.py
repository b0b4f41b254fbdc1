"""``tieline runs``."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli import app
from tieline.server.cli.common import AsJson, Key, Url, everything, on_server, pick, say, say_json, table

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

runs = typer.Typer(no_args_is_help=True, help="Runs of automations.")
app.add_typer(runs, name="runs")

ENDED = ("finished", "finished with warnings", "failed", "stopped", "exceeded limit")
LOOK_SECONDS = 0.2


@runs.command()
def ls(
    automation: Annotated[str, typer.Argument(help="Name or id of the automation; without it, the runs of all.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Newest runs of each automation.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """List runs, newest first."""

    async def work(api: Api) -> list[dict[str, Any]]:
        listed = await everything(api, "automations")
        chosen = [pick(listed, automation, "automation", "name")] if automation else listed
        found = []
        for one in chosen:
            page = await api.call(
                "GET", f"automations/{one['id']}/runs", query={"sort": "-id", "limit": min(limit, 200)}
            )
            found += [{**run, "automation": one["name"]} for run in page["data"][:limit]]
        return sorted(found, key=lambda run: str(run["id"]), reverse=True)

    found = on_server(url, api_key, work)
    if as_json:
        say_json(found)
        return
    rows = (
        (one["id"], one["automation"], one["status"], one.get("title") or "", one.get("startTime") or "")
        for one in found
    )
    table(rows, "ID", "AUTOMATION", "STATUS", "TITLE", "STARTED")


@runs.command()
def show(run: str, as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """Show a run: status, errors, what each block did."""

    async def work(api: Api) -> dict[str, Any]:
        automation, one = await _found(api, run)
        return await with_output(api, automation, one)

    found = on_server(url, api_key, work)
    if as_json:
        say_json(found)
    else:
        show_run(found)


@runs.command()
def watch(run: str, as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """Follow a run to its end; exit code 1 when it fails."""

    async def work(api: Api) -> dict[str, Any]:
        automation, found = await _found(api, run)
        return await wait_for(api, automation, found, quiet=as_json)

    ended = on_server(url, api_key, work)
    if as_json:
        say_json(ended)
    else:
        show_run(ended)
    if not str(ended["status"]).startswith("finished"):
        raise typer.Exit(1)


@runs.command()
def stop(run: str, url: Url = None, api_key: Key = None) -> None:
    """Stop a run at its next block or loop item."""
    _act(run, "stop", url, api_key)


@runs.command()
def retry(run: str, url: Url = None, api_key: Key = None) -> None:
    """Go on with a run that failed or was stopped, from the block that failed."""
    _act(run, "retry", url, api_key)


async def wait_for(api: Api, automation: str, run: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """The run once it is over; on a terminal its progress shows meanwhile."""
    shows = not quiet and sys.stderr.isatty()
    while run["status"] not in ENDED:
        await asyncio.sleep(LOOK_SECONDS)
        run = await api.call("GET", f"automations/{automation}/runs/{run['id']}")
        if shows:
            items = (run.get("metrics") or {}).get("items", 0)
            sys.stderr.write(f"\r{run['status']}: {items} items ")
            sys.stderr.flush()
    if shows:
        sys.stderr.write("\n")
    return run


def show_run(run: dict[str, Any]) -> None:
    """A run for people."""
    say(f"run {run['id']}: {run['status']}" + (f", “{run['title']}”" if run.get("title") else ""))
    for label, field in (("started", "startTime"), ("stopped", "stopTime")):
        if run.get(field):
            say(f"  {label:8} {run[field]}")
    for error in run.get("error") or []:
        where = f"block “{error['block']}”: " if error.get("block") else ""
        say(f"  {'warning' if error.get('code') == 'warning' else 'error':8} {where}{error.get('detail', '')}")
    for block in (run.get("metrics") or {}).get("blocks") or []:
        if block.get("name"):
            calls, received = block.get("apiCalls", 0), block.get("rxBytes", 0)
            say(f"  block    {block['name']}: {calls} calls, {received} bytes received")
    for shown in run.get("output") or []:
        say(f"  output   {shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)}")


async def with_output(api: Api, automation: str, run: dict[str, Any]) -> dict[str, Any]:
    """The run with what its output blocks have shown."""
    found = await api.call("GET", f"automations/{automation}/runs/{run['id']}/output")
    return {**run, "output": (found or {}).get("output")}


async def _found(api: Api, run: str) -> tuple[str, dict[str, Any]]:
    """(automation id, run): runs live below their automation, so the automations are asked one after the other."""
    from tieline.server.cli.api import ServerRefused

    for one in await everything(api, "automations"):
        try:
            found: dict[str, Any] = await api.call("GET", f"automations/{one['id']}/runs/{run}")
        except ServerRefused as refused:
            if refused.answered not in (400, 404):
                raise
        else:
            return str(one["id"]), found
    raise BadInput(f"there is no run {run!r}; `tieline runs ls` shows what there is")


def _act(run: str, action: str, url: str | None, key: str | None) -> None:
    async def work(api: Api) -> None:
        automation, found = await _found(api, run)
        await api.call("POST", f"automations/{automation}/runs/{found['id']}/actions/{action}")

    on_server(url, key, work)
