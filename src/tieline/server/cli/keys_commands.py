"""``tieline api-keys``: on the database itself, so that the first key needs no key."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

import typer

from tieline.core.clock import iso
from tieline.core.errors import BadInput
from tieline.server.cli import app
from tieline.server.cli.common import AsJson, say, say_json, table

api_keys = typer.Typer(no_args_is_help=True, help="API keys of the default tenant's administrator.")
app.add_typer(api_keys, name="api-keys")


@api_keys.command()
def create(
    description: Annotated[str, typer.Argument(help="What the key is for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="A scope; may be repeated. Without it: admin.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key; its secret is shown this once."""

    async def work(platform: Any) -> dict[str, Any]:
        from tieline.tenancy.keys import ApiKeys

        async with platform.database.tenant(platform.first.tenant_id) as unit:
            row, secret = await ApiKeys(platform.database).create(
                unit, user_id=platform.first.user_id, scopes=scope or ["admin"], description=description
            )
        return {"id": str(row["id"]), "description": description, "scopes": row["scopes"], "secret": secret}

    made = _here(work)
    if as_json:
        say_json(made)
    else:
        say(made["secret"])


@api_keys.command()
def ls(as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""

    async def work(platform: Any) -> list[dict[str, Any]]:
        from tieline.tenancy.keys import ApiKeys

        async with platform.database.tenant(platform.first.tenant_id) as unit:
            rows = await ApiKeys(platform.database).list(unit)
        return [
            {
                "id": str(row["id"]),
                "description": row["description"],
                "scopes": row["scopes"],
                "createdAt": iso(row["created_at"]),
                "revoked": row["revoked_at"] is not None,
            }
            for row in rows
        ]

    found = _here(work)
    if as_json:
        say_json(found)
        return
    rows = (
        (one["id"], one["description"], " ".join(one["scopes"]), "revoked" if one["revoked"] else "") for one in found
    )
    table(rows, "ID", "DESCRIPTION", "SCOPES", "")


@api_keys.command()
def rm(key: str) -> None:
    """Revoke a key: it stops working within a second everywhere."""
    try:
        identity = UUID(key)
    except ValueError:
        raise BadInput(f"{key!r} is not the id of a key; `tieline api-keys ls` shows them") from None

    async def work(platform: Any) -> None:
        from tieline.tenancy.keys import ApiKeys

        async with platform.database.tenant(platform.first.tenant_id) as unit:
            await ApiKeys(platform.database).revoke(unit, identity)

    _here(work)


def _here(work: Any) -> Any:
    from tieline.server.platform import Platform
    from tieline.server.settings import Settings

    async def run() -> Any:
        async with Platform.open(Settings(), pool_size=1) as platform:
            return await work(platform)

    return asyncio.run(run())
