"""``tieline connections``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli import app
from tieline.server.cli.common import AsJson, Key, Url, everything, on_server, pick, say, say_json, table

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

connections = typer.Typer(no_args_is_help=True, help="Connections: accounts at connected APIs.")
app.add_typer(connections, name="connections")

PATH = "automation-connections"


@connections.command()
def ls(as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """List the connections."""
    found = on_server(url, api_key, lambda api: everything(api, PATH))
    if as_json:
        say_json(found)
        return
    table(((one["name"], "yes" if one["isConnected"] else "no", one["id"]) for one in found), "NAME", "CONNECTED", "ID")


@connections.command()
def create(
    connector: Annotated[str, typer.Argument(help="Name or id of the connector.")],
    name: Annotated[str, typer.Option("--name", help="What the connection is to be called.")] = "",
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="An answer, name=value; name=- reads the value from standard input."),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Connect an account: `tieline connections create gather -p api_key=-`."""
    answers = [_answer(entry) for entry in param or []]

    async def work(api: Api) -> dict[str, Any]:
        chosen = pick(await everything(api, "automation-connectors"), connector, "connector", "slug", "guid", "name")
        body = {"name": name or chosen["slug"], "connectorId": chosen["id"], "params": answers}
        made: dict[str, Any] = await api.call("POST", PATH, body)
        return made

    made = on_server(url, api_key, work)
    if as_json:
        say_json(made)
    else:
        say(made["id"])


@connections.command()
def connect(
    connector: Annotated[str, typer.Argument(help="Name or id of the connector, or of a connection with --renew.")],
    name: Annotated[str, typer.Option("--name", help="What the connection is to be called.")] = "",
    method: Annotated[str, typer.Option("--auth-method", help="Which of the connector's ways to sign in.")] = "",
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="An answer that is known already, such as client_id=app."),
    ] = None,
    renew: Annotated[bool, typer.Option("--renew", help="Renew an existing connection.")] = False,
    open_it: Annotated[bool, typer.Option("--open/--no-open", help="Open the link in a browser.")] = False,
    wait: Annotated[
        int, typer.Option("--wait", min=0, help="Seconds to wait for the person; 0 = only the link.")
    ] = 300,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Connect an account in a browser: prints the link, waits until the person has signed in."""
    answers = {entry["name"]: entry["value"] for entry in map(_answer, param or [])}

    async def work(api: Api) -> dict[str, Any]:
        listed = PATH if renew else "automation-connectors"
        chosen = pick(await everything(api, listed), connector, "connection" if renew else "connector", *_NAMES[renew])
        body = {"connectionId" if renew else "connectorId": chosen["id"], "authMethod": method, "params": answers}
        made: dict[str, Any] = await api.call("POST", "connect-sessions", body if renew else {**body, "name": name})
        if not as_json:
            say(f"open   {made['link']}")
        if open_it:
            typer.launch(made["link"])
        found = await _waited(api, made, wait)
        return {**found, "link": made["link"]}

    found = on_server(url, api_key, work)
    if as_json:
        say_json(found)
    elif found["status"] == "connected":
        say(f"connected {found['connectionId']}")
    if wait and found["status"] != "connected":
        raise BadInput(
            f"not connected within {wait} s (the session is {found['status']}): {found['error'] or 'no answer'}"
        )


_NAMES = {False: ("slug", "guid", "name"), True: ("name",)}


async def _waited(api: Api, made: dict[str, Any], seconds: int) -> dict[str, Any]:
    """The session once it is over, or as it is when the patience is."""
    found = made
    for _ in range(seconds):
        found = await api.call("GET", f"connect-sessions/{made['id']}")
        if found["status"] in ("connected", "expired"):
            break
        await asyncio.sleep(1)
    return found


@connections.command()
def check(name: str, as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """Call the API with the connection's credentials; exit code 1 when they do not work."""

    async def work(api: Api) -> dict[str, Any]:
        one = pick(await everything(api, PATH), name, "connection", "name")
        answer: dict[str, Any] = await api.call("POST", f"{PATH}/{one['id']}/actions/check")
        return answer

    answer = on_server(url, api_key, work)
    works = bool(answer.get("isConnected", answer.get("is_connected")))
    if as_json:
        say_json(answer)
    else:
        note = f" ({answer['note']})" if answer.get("note") else ""
        say(f"connected{note}" if works else f"not connected: {answer.get('detail') or 'the API gave no reason'}")
    if not works:
        raise typer.Exit(1)


@connections.command()
def rm(
    name: str,
    force: Annotated[bool, typer.Option("--force", help="Also when automations use it.")] = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Remove a connection and its secrets."""

    async def work(api: Api) -> None:
        one = pick(await everything(api, PATH), name, "connection", "name")
        await api.call("DELETE", f"{PATH}/{one['id']}", query={"forced": "true" if force else None})

    on_server(url, api_key, work)


def _answer(entry: str) -> dict[str, str]:
    name, mark, value = entry.partition("=")
    if not mark or not name:
        raise BadInput(f"--param {name!r} must be name=value")
    if value == "-":
        import sys

        value = sys.stdin.readline().rstrip("\n")
    return {"name": name, "value": value}
