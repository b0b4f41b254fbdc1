"""``tieline automations``."""

from __future__ import annotations

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
    json_option,
    on_server,
    pick,
    read_json,
    say,
    say_json,
    table,
)
from tieline.server.cli.following import wait_for
from tieline.server.cli.runs_commands import show_run, with_output

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

automations = typer.Typer(no_args_is_help=True, help="Automations: trees of blocks.")
app.add_typer(automations, name="automations")

PATH = "automations"


@automations.command()
def ls(as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """List the automations."""
    found = on_server(url, api_key, lambda api: everything(api, PATH))
    if as_json:
        say_json(found)
        return
    rows = ((one["name"], one["state"], one["runMode"], one.get("lastRunStatus") or "", one["id"]) for one in found)
    table(rows, "NAME", "STATE", "MODE", "LAST RUN", "ID")


@automations.command()
def show(name: str, as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """Show an automation and its blocks."""
    found = on_server(url, api_key, lambda api: whole(api, name))
    if as_json:
        say_json(found)
        return
    say(f"{found['name']} ({found['state']}, {found['runMode']}), id {found['id']}")
    for block in found.get("workspace", {}).get("blocks", []):
        say(f"  {block.get('type', ''):22} {block.get('name', '')}  {block.get('displayName', '')}")


@automations.command()
def create(
    name: str,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", "-w", help="File with the workspace document.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Make an automation, empty or from a workspace document."""
    body: dict[str, Any] = {"name": name}
    if workspace is not None:
        body["workspace"] = read_json(workspace)
    _made(on_server(url, api_key, lambda api: api.call("POST", PATH, body)), as_json)


@automations.command()
def run(
    name: str,
    inputs: Annotated[str | None, typer.Option(metavar="JSON", help="What the start block and forms get.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end.")] = True,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Run an automation; exit code 1 when the run fails."""
    body = {"context": "api"} | ({} if inputs is None else {"inputs": json_option(inputs, "--inputs")})

    async def work(api: Api) -> dict[str, Any]:
        one = await find(api, name)
        started: dict[str, Any] = await api.call("POST", f"{PATH}/{one['id']}/runs", body)
        if not wait:
            return started
        return await with_output(api, str(one["id"]), await wait_for(api, str(one["id"]), started, quiet=as_json))

    ended = on_server(url, api_key, work)
    if as_json:
        say_json(ended)
    else:
        show_run(ended)
    if wait and not str(ended["status"]).startswith("finished"):
        raise typer.Exit(1)


@automations.command()
def enable(name: str, url: Url = None, api_key: Key = None) -> None:
    """Let an automation run."""
    _act(name, "enable", url, api_key)


@automations.command()
def disable(name: str, url: Url = None, api_key: Key = None) -> None:
    """Keep an automation from running."""
    _act(name, "disable", url, api_key)


@automations.command()
def schedule(
    name: str,
    every: Annotated[int | None, typer.Option("--every", help="Seconds between two runs; 30 at least.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="An RRULE, or cron's five fields.")] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="As in Europe/Stockholm; UTC if not given.")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="2026-01-31 12:00:00, in the time zone.")] = None,
    stop: Annotated[str | None, typer.Option("--stop", help="Until when, in the same form.")] = None,
    misfire: Annotated[str | None, typer.Option("--misfire", help="once, skip or all.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove the schedules.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Show when an automation runs by itself, or set that."""
    given = {"interval": every, "recurrence": rule, "timezone": timezone, "startAt": start, "stopAt": stop}
    entry = {key: value for key, value in {**given, "misfire": misfire}.items() if value is not None}
    if clear and entry:
        raise BadInput("--clear removes the schedules; leave out the rest")
    if entry and every is None and rule is None:
        raise BadInput("say when: --every SECONDS or --rule RULE")

    async def work(api: Api) -> dict[str, Any]:
        found = await whole(api, name)
        if not entry and not clear:
            return found
        body: dict[str, Any] = {"schedules": [] if clear else [entry]}
        if entry:
            body["workspace"] = _scheduled(found.get("workspace", {}))
        changed: dict[str, Any] = await api.call("PUT", f"{PATH}/{found['id']}", body)
        return changed

    def idle(found: dict[str, Any]) -> str:
        if found["runMode"] != "scheduled":
            return f"run mode is {found['runMode']}"
        return "never" if found["state"] == "available" else str(found["state"])

    found = on_server(url, api_key, work)
    if as_json:
        say_json(found["schedules"])
        return
    rows = (
        (
            one.get("recurrence") or f"every {one.get('interval', 0)} s",
            one.get("timezone", "UTC"),
            one.get("error") or one.get("nextStartAt") or idle(found),
            one.get("lastStartedAt", ""),
        )
        for one in found["schedules"]
    )
    table(rows, "WHEN", "TIME ZONE", "NEXT", "LAST")


@automations.command()
def rm(name: str, url: Url = None, api_key: Key = None) -> None:
    """Remove an automation with its runs."""

    async def work(api: Api) -> None:
        await api.call("DELETE", f"{PATH}/{(await find(api, name))['id']}")

    on_server(url, api_key, work)


async def find(api: Api, name: str) -> dict[str, Any]:
    """The automation of that id or name, as lists show it. Raises `BadInput`."""
    return dict(pick(await everything(api, PATH), name, "automation", "name"))


async def whole(api: Api, name: str) -> dict[str, Any]:
    """The automation of that id or name, with its workspace. Raises `BadInput`."""
    found: dict[str, Any] = await api.call("GET", f"{PATH}/{(await find(api, name))['id']}")
    return found


def _scheduled(workspace: dict[str, Any]) -> dict[str, Any]:
    """The workspace with a start block that says scheduled; without that no schedule starts it."""
    for block in workspace.get("blocks", []):
        if block.get("type") != "StartBlock" or block.get("disabled"):
            continue
        inputs = block.setdefault("inputs", [])
        mode = next((one for one in inputs if isinstance(one, dict) and one.get("id") == "run_mode"), None)
        if mode is None:
            inputs.append({"id": "run_mode", "type": "select", "value": "scheduled", "structure": {}})
        else:
            mode["value"] = "scheduled"
        return workspace
    raise BadInput("the automation has no start block; add one first")


def _act(name: str, action: str, url: str | None, key: str | None) -> None:
    async def work(api: Api) -> None:
        await api.call("POST", f"{PATH}/{(await find(api, name))['id']}/actions/{action}")

    on_server(url, key, work)


def _made(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(made)
    else:
        say(made["id"])
