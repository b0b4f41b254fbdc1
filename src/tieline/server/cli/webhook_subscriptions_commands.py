"""``tieline webhook-subscriptions``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli import app
from tieline.server.cli.common import AsJson, Key, Url, everything, on_server, pick, read_document, say, say_json, table

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

webhook_subscriptions = typer.Typer(
    no_args_is_help=True, help="Webhook subscriptions: what connected APIs tell by themselves."
)
app.add_typer(webhook_subscriptions, name="webhook-subscriptions")

PATH = "webhook-subscriptions"
CONNECTIONS = "automation-connections"

Connection = Annotated[str, typer.Option("--connection", "-c", help="Name or id of the connection.")]


@webhook_subscriptions.command()
def ls(connection: Connection = "", as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """List the subscriptions."""

    async def work(api: Api) -> list[dict[str, Any]]:
        chosen = await _connection(api, connection) if connection else None
        answer: dict[str, Any] = await api.call("GET", PATH, query={"connectionId": chosen})
        data: list[dict[str, Any]] = answer["data"]
        return data

    found = on_server(url, api_key, work)
    if as_json:
        say_json(found)
        return
    rows = ((one["event"], one["status"], one["deliveredAt"], one["error"], one["id"]) for one in found)
    table(rows, "EVENT", "STATUS", "LAST DELIVERY", "ERROR", "ID")


@webhook_subscriptions.command()
def create(
    event: Annotated[str, typer.Argument(help="The connector's webhook event; of an address by hand any word.")] = "",
    connection: Connection = "",
    value: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="An input of the block that subscribes, name=value.")
    ] = None,
    dialect: Annotated[str, typer.Option("--dialect", help="How messages are signed, if not as the connector.")] = "",
    secret: Annotated[Path | None, typer.Option("--secret", help="File with the signing secret; - = input.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Subscribe; without a connection, make an address that you enter somewhere by hand."""
    inputs = dict(_pair(entry) for entry in value or [])
    key = read_document(secret).decode("utf-8", "replace").strip() if secret else ""

    async def work(api: Api) -> dict[str, Any]:
        body: dict[str, Any] = {"event": event, "inputs": inputs, "secret": key}
        if connection:
            body["connectionId"] = await _connection(api, connection)
        if dialect:
            body["settings"] = {"verification": {"dialect": dialect}}
        made: dict[str, Any] = await api.call("POST", PATH, body, timeout=180.0)
        return made

    made = on_server(url, api_key, work)
    if as_json:
        say_json(made)
        return
    say(made["id"])
    if not connection:
        say(f"address: {made['url']}")
        if made["secret"]:
            say(f"signing secret: {made['secret']}")


@webhook_subscriptions.command()
def rm(subscription: str, url: Url = None, api_key: Key = None) -> None:
    """Unsubscribe."""
    on_server(url, api_key, lambda api: api.call("DELETE", f"{PATH}/{subscription}", timeout=180.0))


@webhook_subscriptions.command()
def reconcile(
    connection: Annotated[str, typer.Argument(help="Name or id of the connection.")],
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Compare the vendor's list with ours and repair what differs; exit code 1 where something could not be."""

    async def work(api: Api) -> dict[str, Any]:
        chosen = await _connection(api, connection)
        answer: dict[str, Any] = await api.call(
            "POST", f"{CONNECTIONS}/{chosen}/actions/reconcile-webhooks", timeout=300.0
        )
        return answer

    report = on_server(url, api_key, work)
    if as_json:
        say_json(report)
    else:
        counts = [f"{name} {count}" for name, count in report.items() if isinstance(count, int) and count]
        say(", ".join(counts) or "nothing there, nothing to do")
        for problem in report["problems"]:
            say(f"  {problem}")
    if report["failed"]:
        raise typer.Exit(1)


@webhook_subscriptions.command()
def deliveries(subscription: str, as_json: AsJson = False, url: Url = None, api_key: Key = None) -> None:
    """List the newest deliveries of a subscription, newest first."""
    found = on_server(url, api_key, lambda api: api.call("GET", f"{PATH}/{subscription}/deliveries"))["data"]
    if as_json:
        say_json(found)
        return
    rows = ((one["receivedAt"], one["status"], one["attempts"], one["error"], one["id"]) for one in found)
    table(rows, "RECEIVED", "STATUS", "ATTEMPTS", "ERROR", "ID")


async def _connection(api: Api, name: str) -> str:
    return str(pick(await everything(api, CONNECTIONS), name, "connection", "name")["id"])


def _pair(entry: str) -> tuple[str, Any]:
    """``name=value``; a value that is JSON is data, anything else text."""
    import json

    name, mark, value = entry.partition("=")
    if not mark or not name:
        raise BadInput(f"--input {entry[:60]!r} must be name=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
