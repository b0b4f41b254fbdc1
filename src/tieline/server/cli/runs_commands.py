"""``tieline runs``."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli import app
from tieline.server.cli.common import AsJson, Key, Url, everything, json_option, on_server, pick, say, say_json, table
from tieline.server.cli.following import ENDED, blocks_of, followed, show_blocks, wait_for

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

__all__ = ["ENDED", "runs", "show_run", "wait_for", "with_output"]

runs = typer.Typer(no_args_is_help=True, help="Runs of automations.")
app.add_typer(runs, name="runs")


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
def show(
    run: str,
    blocks: Annotated[bool, typer.Option("--blocks", help="Also what each block did.")] = False,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Show a run: status, errors, calls, output."""

    async def work(api: Api) -> dict[str, Any]:
        automation, one = await _found(api, run)
        found = await with_output(api, automation, one)
        return {**found, "blocks": await blocks_of(api, automation, str(one["id"]))} if blocks else found

    found = on_server(url, api_key, work)
    if as_json:
        say_json(found)
        return
    show_run(found)
    if blocks:
        show_blocks(found["blocks"])


@runs.command()
def watch(run: str, as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """Follow a run to its end; exit code 1 when it fails."""

    async def work(api: Api) -> dict[str, Any]:
        automation, found = await _found(api, run)
        return await followed(api, automation, found, quiet=as_json)

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


@runs.command()
def pause(run: str, url: Url = None, api_key: Key = None) -> None:
    """Pause a run at its next block or loop item; it holds no worker until it is resumed."""
    _act(run, "pause", url, api_key)


@runs.command()
def resume(run: str, url: Url = None, api_key: Key = None) -> None:
    """Go on with a paused run where it was."""
    _act(run, "resume", url, api_key)


@runs.command()
def rerun(
    run: str,
    inputs: Annotated[
        str | None, typer.Option(metavar="JSON", help="In place of what the run began with; left out: the same.")
    ] = None,
    same_version: Annotated[
        bool, typer.Option("--same-version", help="The version that the run ran, not the current one.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end.")] = True,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Run once more from the start, with the same or other inputs."""
    body: dict[str, Any] = {"version": "same" if same_version else "current"}
    if inputs is not None:
        body["inputs"] = json_option(inputs, "--inputs")

    async def work(api: Api) -> dict[str, Any]:
        automation, one = await _found(api, run)
        started = await api.call("POST", f"automations/{automation}/runs/{one['id']}/actions/rerun", body=body)
        if not wait:
            return dict(started)
        ended = await wait_for(api, automation, started, quiet=as_json)
        return await with_output(api, automation, ended)

    found = on_server(url, api_key, work)
    if as_json:
        say_json(found)
    else:
        show_run(found)
    if wait and not str(found["status"]).startswith("finished"):
        raise typer.Exit(1)


@runs.command()
def purge(
    older_than: Annotated[
        float | None,
        typer.Option(
            "--older-than", min=0, metavar="DAYS", help="Runs that ended so long ago; else as each tenant has set it."
        ),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Only the runs of this tenant (its id).")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would go, and leave it.")] = False,
    reclaim: Annotated[
        bool, typer.Option("--reclaim", help="Then give the space back to the disk; locks the tables meanwhile.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove old runs with all that they kept, in the database of this installation."""
    from uuid import UUID

    from tieline.automations.runs.retention import Report, Retention
    from tieline.server.settings import Settings
    from tieline.storage.database import Database

    try:
        only = UUID(tenant) if tenant else None
    except ValueError:
        raise BadInput(f"{tenant!r} is not the id of a tenant; `tieline doctor` and the OEM API name them") from None

    async def work() -> Report:
        settings = Settings()
        if settings.embedded:
            settings.prepare_data_dir()
        database = await Database.open(settings.database_url, settings.data_dir, pool_size=2)
        async with database:
            retention = Retention(database, settings.run_retention_days)
            if dry_run:
                return await retention.preview(older_than=older_than, tenant=only)
            report = await retention.purge(older_than=older_than, tenant=only)
            if reclaim:
                await retention.reclaim()
            return report

    report = asyncio.run(work())
    if as_json:
        told = {"dryRun": dry_run, "reclaimed": reclaim and not dry_run, "seconds": round(report.seconds, 3)}
        say_json({**told, "tenants": report.tenants, "rows": dict(sorted(report.counts.items()))})
        return
    if not report.total:
        say("nothing to purge")
        return
    table(sorted(report.counts.items()), "WOULD GO" if dry_run else "GONE", "ROWS")


def show_run(run: dict[str, Any]) -> None:
    """A run for people."""
    status = "paused" if run.get("paused") else run["status"]
    say(f"run {run['id']}: {status}" + (f", “{run['title']}”" if run.get("title") else ""))
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
