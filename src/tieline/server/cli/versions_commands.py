"""``tieline automations versions``, and what is done with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieline.core.errors import BadInput
from tieline.server.cli.automations_commands import PATH, automations
from tieline.server.cli.common import AsJson, Key, Url, everything, on_server, pick, say, say_json, table

if TYPE_CHECKING:
    from tieline.server.cli.api import Api

Number = Annotated[int, typer.Argument(min=1, max=999_999_999, help="The version's number.")]


@automations.command()
def versions(
    name: str,
    version: Annotated[
        int | None, typer.Argument(min=1, max=999_999_999, help="Show what this version changed.")
    ] = None,
    against: Annotated[
        int | None,
        typer.Option("--against", min=0, max=999_999_999, help="Compare with this one, not with the one before."),
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """List what every save of an automation has kept, or show what one version changed."""
    if against is not None and version is None:
        raise BadInput("--against compares; name the version as well: tieline automations versions NAME VERSION")

    async def work(api: Api) -> Any:
        where = await _where(api, name)
        if version is None:
            return await everything(api, f"{where}/versions")
        return await api.call("GET", f"{where}/versions/{version}/diff", query={"against": against})

    found = on_server(url, api_key, work)
    if as_json:
        say_json(found)
    elif version is not None:
        for line in found["text"] or ["no change"]:
            say(line)
    else:
        rows = (
            (
                one["version"],
                "live" if one["isLive"] else "",
                one["createdAt"],
                one.get("savedByName") or one.get("savedBy", ""),
                one["blocks"],
                " ".join(filter(None, (_origin(one), one["note"]))),
            )
            for one in found
        )
        table(rows, "VERSION", "", "SAVED", "BY", "BLOCKS", "NOTE")


@automations.command()
def restore(
    name: str,
    version: Number,
    note: Annotated[str, typer.Option("--note", help="What to remember of the version that is made.")] = "",
    as_json: AsJson = False,
    url: Url = None,
    api_key: Key = None,
) -> None:
    """Bring an earlier version back, as a new one."""

    async def work(api: Api) -> dict[str, Any]:
        where = f"{await _where(api, name)}/versions/{version}/actions/restore"
        made: dict[str, Any] = await api.call("POST", where, {"note": note})
        return made

    made = on_server(url, api_key, work)
    if as_json:
        say_json({key: value for key, value in made.items() if key != "workspace"})
    else:
        say(f"version {made['version']} is version {version} again" + ("" if made["isLive"] else ", as a draft"))


@automations.command()
def publish(name: str, version: Number, url: Url = None, api_key: Key = None) -> None:
    """Put a version live; saving makes drafts from then on."""

    async def work(api: Api) -> None:
        await api.call("POST", f"{await _where(api, name)}/versions/{version}/actions/publish")

    on_server(url, api_key, work)


@automations.command()
def unpin(name: str, url: Url = None, api_key: Key = None) -> None:
    """Let the newest version be live again, now and after each save."""

    async def work(api: Api) -> None:
        await api.call("POST", f"{await _where(api, name)}/actions/unpin")

    on_server(url, api_key, work)


def _origin(version: dict[str, Any]) -> str:
    return f"(version {version['restoredFrom']} again)" if version.get("restoredFrom") else ""


async def _where(api: Api, name: str) -> str:
    return f"{PATH}/{pick(await everything(api, PATH), name, 'automation', 'name')['id']}"
