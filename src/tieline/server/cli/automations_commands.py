"""``tieline automations``."""

from __future__ import annotations

import json
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
    read_json,
    say,
    say_json,
    table,
    write_new,
)
from tieline.server.cli.runs_commands import show_run, wait_for, with_output

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
    found = on_server(url, api_key, lambda api: _whole(api, name))
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


@automations.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A workspace document, as it was exported; - for standard input.")],
    name: Annotated[str | None, typer.Option("--name", help="What the automation is to be called.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Make an automation of an exported workspace and say what needs attention."""
    from tieline.automations.blocks import start  # noqa: F401  registers the blocks
    from tieline.automations.workspace import check

    document = read_json(file)
    if not isinstance(document, dict) or not isinstance(document.get("blocks"), list):
        raise BadInput(f"{file} is no workspace document: it must be an object with a list “blocks”")
    report = check(document)
    wanted = name or (file.stem if str(file) != "-" else "Imported automation")
    made = on_server(url, api_key, lambda api: api.call("POST", PATH, {"name": wanted, "workspace": document}))
    findings = {
        "blocks": report.blocks,
        "unbound": report.unbound,
        "unknown": report.unknown,
        "errors": report.errors,
        "warnings": report.warnings,
    }
    if as_json:
        say_json({"id": made["id"], "name": made["name"], "runMode": report.run_mode, **findings})
        return
    say(f"{made['name']}: {report.blocks} blocks, id {made['id']}")
    for one in report.unbound:
        say(f"  unbound  block “{one['block']}” needs a connection (connector {one['connector']})")
    for one in report.unknown:
        say(f"  unknown  block “{one['block']}” is of type {one['type']}; it is kept, but cannot run")
    for one in [*report.errors, *report.warnings]:
        say(f"  note     {one['block'] or 'workspace'}: {one['detail']}")


@automations.command()
def export(
    name: str,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Print an automation's workspace document, as it was saved."""
    found = on_server(url, api_key, lambda api: _whole(api, name))
    text = json.dumps(found.get("workspace", {}), ensure_ascii=False, indent=2)
    if output is None:
        say(text)
    else:
        write_new(output, text + "\n")


@automations.command()
def run(
    name: str,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end.")] = True,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Run an automation; exit code 1 when the run fails."""

    async def work(api: Api) -> dict[str, Any]:
        one = await _one(api, name)
        started: dict[str, Any] = await api.call("POST", f"{PATH}/{one['id']}/runs", {"context": "api"})
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
        found = await _whole(api, name)
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
        await api.call("DELETE", f"{PATH}/{(await _one(api, name))['id']}")

    on_server(url, api_key, work)


async def _one(api: Api, name: str) -> dict[str, Any]:
    return dict(pick(await everything(api, PATH), name, "automation", "name"))


async def _whole(api: Api, name: str) -> dict[str, Any]:
    found: dict[str, Any] = await api.call("GET", f"{PATH}/{(await _one(api, name))['id']}")
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
        await api.call("POST", f"{PATH}/{(await _one(api, name))['id']}/actions/{action}")

    on_server(url, key, work)


def _made(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(made)
    else:
        say(made["id"])
